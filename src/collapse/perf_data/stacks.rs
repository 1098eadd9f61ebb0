//! From samples to a tree of places, which have no names yet.
//!
//! The frames of the tree are the names of threads, and [`Location`]s. Names come last, when it is
//! known which are needed: each once, an object at a time.

use super::deferred;
use super::objects::ObjectId;
use super::processes::Location;
use super::sample::Sample;
use super::space::Space;
use super::unwind::{Open, Unwinder};
use crate::bytes::Words;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::perf;
use ahash::AHashMap;
use std::sync::Arc;

/// Addresses from here on are marks that say whose the addresses behind them are.
const FIRST_MARK: u64 = (-4095i64).cast_unsigned();

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Kernel,
    User,
    /// The hypervisor's, or a guest's.
    Other,
}

impl Mode {
    fn of_sample(misc: u16) -> Mode {
        match misc & 7 {
            1 => Mode::Kernel,
            2 => Mode::User,
            _ => Mode::Other,
        }
    }

    fn of_mark(mark: u64) -> Mode {
        const KERNEL: i64 = -128;
        const USER: i64 = -512;
        match mark.cast_signed() {
            KERNEL => Mode::Kernel,
            USER => Mode::User,
            _ => Mode::Other,
        }
    }
}

/// Where the thread was in the program: at the sample, or where it had entered the kernel.
fn user_leaf(sample: &Sample<'_>, callchain: Words<'_>, mode: Mode) -> Option<u64> {
    match mode {
        Mode::User => sample.ip,
        _ => {
            let first = callchain.iter().nth(kernel_length(callchain) + 1);
            first.filter(|address| *address < FIRST_MARK)
        }
    }
}

/// How much of a call chain is before the user's part.
fn kernel_length(callchain: Words<'_>) -> usize {
    let is_kernel = |address: &u64| *address < FIRST_MARK || Mode::of_mark(*address) != Mode::User;
    callchain.iter().take_while(is_kernel).count()
}

/// A frame of the tree of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// What the thread is called, with ids if they are wanted.
    Thread(&'a [u8]),
    Location(Location),
}

impl<'a> Place<'a> {
    const THREAD: u8 = b't';
    const LOCATION: u8 = b'l';

    /// Reads the name that a frame has in the tree of places.
    pub fn read(name: &'a [u8]) -> Place<'a> {
        match name.split_first() {
            Some((&Self::LOCATION, place)) => Place::Location(read_location(place)),
            Some((_, thread)) => Place::Thread(thread),
            None => Place::Thread(b""),
        }
    }

    fn name_of_location(location: Location) -> [u8; 14] {
        let mut name = [Self::LOCATION; 14];
        name[1] = u8::from(location.is_return);
        name[2..6].copy_from_slice(&location.object.number().to_le_bytes());
        name[6..].copy_from_slice(&location.address.to_le_bytes());
        name
    }
}

fn read_location(name: &[u8]) -> Location {
    let object = name.get(1..).and_then(<[u8]>::first_chunk);
    let address = name.get(5..).and_then(<[u8]>::first_chunk);
    Location {
        object: ObjectId::from_number(object.map_or(0, |it| u32::from_le_bytes(*it))),
        address: address.map_or(0, |it| u64::from_le_bytes(*it)),
        is_return: name.first() == Some(&1),
    }
}

/// What a process and the kernel had mapped.
#[derive(Debug, Clone, Default)]
pub(super) struct Spaces {
    pub user: Space,
    pub kernel: Space,
}

/// The tree of places.
#[derive(Default)]
pub(super) struct Stacks {
    pub tree: CallTree,
    frames: AHashMap<Location, FrameId>,
    threads: AHashMap<(i32, i32, Arc<[u8]>), NodeId>,
    /// The frames of the sample, the innermost first.
    stack: Vec<FrameId>,
}

impl Stacks {
    /// Reads the stack of a sample; `false` if it has none.
    pub fn read(
        &mut self,
        sample: &Sample<'_>,
        misc: u16,
        spaces: &Spaces,
        unwinder: &mut Unwinder,
        files: &impl Open,
    ) -> bool {
        self.stack.clear();
        let mode = Mode::of_sample(misc);
        let is_whole = match sample.callchain {
            Some(callchain) => self.read_parts(sample, callchain, mode, spaces),
            None => false,
        };
        if let Some(ip) = sample.ip.filter(|_| self.stack.is_empty() && !is_whole) {
            self.push(locate(ip, mode, spaces));
        }
        if let Some(user) = &sample.user
            && sample.callchain.is_some()
        {
            unwinder.unwind(user, &spaces.user, files, |it| self.push(it));
        }
        !self.stack.is_empty()
    }

    /// Reads a call chain, and what other fields and records have of it. Returns whether it is all
    /// there.
    fn read_parts(
        &mut self,
        sample: &Sample<'_>,
        callchain: Words<'_>,
        mode: Mode,
        spaces: &Spaces,
    ) -> bool {
        if let Some(calls) = sample.calls.filter(|calls| calls.len() > 0) {
            let kernel = callchain.iter().take(kernel_length(callchain));
            self.read_callchain(kernel, spaces);
            self.read_calls(user_leaf(sample, callchain, mode), calls, spaces);
            return true;
        }
        if deferred::cookie(callchain).is_none() {
            self.read_callchain(callchain.iter(), spaces);
            return true;
        }
        let kernel = callchain.iter().take(callchain.len() - deferred::MARK);
        self.read_callchain(kernel, spaces);
        if let Some(rest) = sample.rest {
            self.read_callchain(rest.callchain.iter(), spaces);
        }
        sample.rest.is_some()
    }

    fn read_callchain(&mut self, addresses: impl Iterator<Item = u64>, spaces: &Spaces) {
        let mut mode = Mode::User;
        // All but the innermost function of the kernel's part, and of the user's, are in a call.
        let mut is_return = false;
        for address in addresses {
            if address >= FIRST_MARK {
                mode = Mode::of_mark(address);
                is_return = false;
            } else {
                let location = locate(address, mode, spaces);
                self.push(Location {
                    is_return,
                    ..location
                });
                is_return = true;
            }
        }
    }

    /// Reads the calls that the processor recorded, the latest first. Jumps are not recorded, so the
    /// latest call may be to a function that jumped on, such as a stub: its target is taken for the
    /// leaf only if nothing says where the thread was.
    fn read_calls(&mut self, leaf: Option<u64>, calls: Words<'_>, spaces: &Spaces) {
        const WORDS: usize = 3;
        let leaf = leaf.or_else(|| calls.get(1));
        let callers = calls.iter().step_by(WORDS);
        for address in leaf.into_iter().chain(callers) {
            self.push(spaces.user.find(address));
        }
    }

    fn push(&mut self, location: Location) {
        let tree = &mut self.tree;
        let frame = *self
            .frames
            .entry(location)
            .or_insert_with(|| tree.intern_as_is(&Place::name_of_location(location)));
        self.stack.push(frame);
    }

    /// Adds the stack read last to the tree, and returns its node.
    pub fn count(
        &mut self,
        sample: &Sample<'_>,
        comm: Arc<[u8]>,
        period: u64,
        options: &perf::Options,
    ) -> NodeId {
        // Of threads that are called the same, ids tell apart only what shows them.
        let pid = if options.include_pid || options.include_tid {
            sample.pid
        } else {
            0
        };
        let tid = if options.include_tid { sample.tid } else { 0 };
        let key = (pid, tid, comm);
        let root = match self.threads.get(&key) {
            Some(root) => *root,
            None => {
                let name = thread_name(&key, options);
                let frame = self.tree.intern_as_is(&name);
                let root = self.tree.child(CallTree::ROOT, frame);
                self.threads.insert(key, root);
                root
            }
        };
        let tree = &mut self.tree;
        let node = self.stack.iter().rev();
        let node = node.fold(root, |node, frame| tree.child(node, *frame));
        tree.add(node, period);
        node
    }
}

/// `COMM`, `COMM-PID` or `COMM-PID/TID`, behind what tells it from a location.
fn thread_name((pid, tid, comm): &(i32, i32, Arc<[u8]>), options: &perf::Options) -> Vec<u8> {
    let ids = match (options.include_pid, options.include_tid) {
        (_, true) => format!("-{pid}/{tid}"),
        (true, false) => format!("-{pid}"),
        (false, false) => String::new(),
    };
    [&[Place::THREAD], comm.trim_ascii(), ids.as_bytes()].concat()
}

fn locate(address: u64, mode: Mode, spaces: &Spaces) -> Location {
    match mode {
        Mode::User => spaces.user.find(address),
        Mode::Kernel => spaces.kernel.find(address),
        Mode::Other => Location::unknown(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_come_back_from_their_names() {
        for (address, is_return) in [(0, false), (u64::MAX, true), (0x1234, true)] {
            let location = Location {
                object: ObjectId::from_number(0x0102_0304),
                address,
                is_return,
            };
            let name = Place::name_of_location(location);
            assert_eq!(Place::read(&name), Place::Location(location));
        }
    }
}
