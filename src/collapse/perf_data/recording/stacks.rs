//! Builds a tree of locations, without names, from samples.
//!
//! The frames of the tree are thread names and [`Location`]s. Names are resolved at the end, when
//! it is known which ones are needed: each once, one object at a time.

use super::deferred;
use super::objects::ObjectId;
use super::processes::Location;
use super::sample::Sample;
use super::space::Space;
use super::unwind::{Open, Unwinder};
use crate::bytes::binary::Words;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::perf;
use ahash::AHashMap;
use std::sync::Arc;

/// Addresses from here on are context markers for the addresses that follow.
const FIRST_MARK: u64 = (-4095i64).cast_unsigned();

/// The context of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Kernel,
    User,
    /// The hypervisor, or a guest.
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

/// The user-space leaf: the address of the sample, or the one at which the thread entered the
/// kernel.
fn user_leaf(sample: &Sample<'_>, callchain: Words<'_>, mode: Mode) -> Option<u64> {
    match mode {
        Mode::User => sample.ip,
        _ => {
            let first = callchain.iter().nth(kernel_length(callchain) + 1);
            first.filter(|address| *address < FIRST_MARK)
        }
    }
}

/// The length of the kernel part of a call chain.
fn kernel_length(callchain: Words<'_>) -> usize {
    let is_kernel = |address: &u64| *address < FIRST_MARK || Mode::of_mark(*address) != Mode::User;
    callchain.iter().take_while(is_kernel).count()
}

/// A frame of the tree of locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKey<'a> {
    /// The name of the thread, with IDs if requested.
    Thread(&'a [u8]),
    Location(Location),
    /// The name of a waking thread, below its stack.
    Waker(&'a [u8]),
    /// A location in the stack of a waking thread, which starts with its leaf.
    OfWaker {
        location: Location,
        is_java: bool,
    },
}

impl<'a> FrameKey<'a> {
    const THREAD: u8 = b't';
    const LOCATION: u8 = b'l';
    const WAKER: u8 = b'W';
    const OF_WAKER: u8 = b'w';
    const OF_JAVA_WAKER: u8 = b'j';

    /// Parses the name of a frame in the tree of locations.
    pub fn read(name: &'a [u8]) -> FrameKey<'a> {
        match name.split_first() {
            Some((&Self::LOCATION, place)) => FrameKey::Location(read_location(place)),
            Some((&kind @ (Self::OF_WAKER | Self::OF_JAVA_WAKER), place)) => FrameKey::OfWaker {
                location: read_location(place),
                is_java: kind == Self::OF_JAVA_WAKER,
            },
            Some((&Self::WAKER, thread)) => FrameKey::Waker(thread),
            Some((_, thread)) => FrameKey::Thread(thread),
            None => FrameKey::Thread(b""),
        }
    }

    /// The location of the frame, if it has one.
    pub fn location(self) -> Option<Location> {
        match self {
            FrameKey::Location(location) | FrameKey::OfWaker { location, .. } => Some(location),
            FrameKey::Thread(_) | FrameKey::Waker(_) => None,
        }
    }

    fn name_of_location(kind: u8, location: Location) -> [u8; 14] {
        let mut name = [kind; 14];
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

/// The kind of a stack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    #[default]
    Own,
    /// The stack of a thread that woke another.
    OfWaker,
    OfJavaWaker,
}

impl Kind {
    /// The kind of a waker's stack, which is called `comm`.
    pub fn of_waker(comm: &[u8]) -> Kind {
        match comm.starts_with(b"java") {
            true => Kind::OfJavaWaker,
            false => Kind::OfWaker,
        }
    }

    fn first_byte(self) -> u8 {
        match self {
            Kind::Own => FrameKey::LOCATION,
            Kind::OfWaker => FrameKey::OF_WAKER,
            Kind::OfJavaWaker => FrameKey::OF_JAVA_WAKER,
        }
    }
}

/// The mappings of a process and of the kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct Spaces {
    pub user: Space,
    pub kernel: Space,
}

/// The tree of locations.
#[derive(Default)]
pub(super) struct LocationTree {
    pub tree: CallTree,
    frames: AHashMap<(Kind, Location), FrameId>,
    threads: AHashMap<ThreadKey, NodeId>,
    /// The kind of the frames that are read.
    kind: Kind,
    /// The frames of the sample, the innermost first.
    stack: Vec<FrameId>,
}

impl LocationTree {
    /// Reads the stack of a sample; `false` if it has none.
    pub fn read(
        &mut self,
        kind: Kind,
        sample: &Sample<'_>,
        misc: u16,
        spaces: &Spaces,
        unwinder: &mut Unwinder,
        files: &impl Open,
    ) -> bool {
        self.kind = kind;
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

    /// Reads a call chain, and the parts of it in other fields and records. Returns whether it is
    /// complete.
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
        // All frames except the innermost ones of the kernel and user parts are in a call.
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

    /// Reads the calls recorded by the processor, the latest first. Jumps are not recorded, so the
    /// target of the latest call may have jumped elsewhere, like a stub: it is the leaf only if the
    /// sample has no address.
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
        let kind = self.kind.first_byte();
        let frame = *self
            .frames
            .entry((self.kind, location))
            .or_insert_with(|| tree.intern_as_is(&FrameKey::name_of_location(kind, location)));
        self.stack.push(frame);
    }

    /// The node of the current stack and the name of its thread, below the stack at `node` of the
    /// thread that it woke.
    pub fn waker_node(
        &mut self,
        node: NodeId,
        sample: &Sample<'_>,
        comm: &Arc<[u8]>,
        options: &perf::Options,
    ) -> NodeId {
        let tree = &mut self.tree;
        let stack = self.stack.iter();
        let node = stack.fold(node, |node, frame| tree.child(node, *frame));
        let key = key_of_thread(sample, comm, options);
        let name = thread_name(FrameKey::WAKER, &key, options);
        let frame = tree.intern_as_is(&name);
        tree.child(node, frame)
    }

    /// The node of the current stack.
    pub fn node(
        &mut self,
        sample: &Sample<'_>,
        comm: &Arc<[u8]>,
        options: &perf::Options,
    ) -> NodeId {
        let key = key_of_thread(sample, comm, options);
        let root = match self.threads.get(&key) {
            Some(root) => *root,
            None => {
                let name = thread_name(FrameKey::THREAD, &key, options);
                let frame = self.tree.intern_as_is(&name);
                let root = self.tree.child(CallTree::ROOT, frame);
                self.threads.insert(key, root);
                root
            }
        };
        let tree = &mut self.tree;
        let node = self.stack.iter().rev();
        node.fold(root, |node, frame| tree.child(node, *frame))
    }
}

/// The IDs and the name of a thread.
type ThreadKey = (i32, i32, Arc<[u8]>);

/// The thread of a sample. If threads have the same name, IDs only matter if they are shown.
fn key_of_thread(sample: &Sample<'_>, comm: &Arc<[u8]>, options: &perf::Options) -> ThreadKey {
    let pid = if options.include_pid || options.include_tid {
        sample.pid
    } else {
        0
    };
    let tid = if options.include_tid { sample.tid } else { 0 };
    (pid, tid, comm.clone())
}

/// `COMM`, `COMM-PID` or `COMM-PID/TID`, after the prefix of the `kind` of frame.
fn thread_name(kind: u8, (pid, tid, comm): &ThreadKey, options: &perf::Options) -> Vec<u8> {
    let ids = match (options.include_pid, options.include_tid) {
        (_, true) => format!("-{pid}/{tid}"),
        (true, false) => format!("-{pid}"),
        (false, false) => String::new(),
    };
    [&[kind], comm.trim_ascii(), ids.as_bytes()].concat()
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
            let name = FrameKey::name_of_location(FrameKey::LOCATION, location);
            assert_eq!(FrameKey::read(&name), FrameKey::Location(location));
            let name = FrameKey::name_of_location(FrameKey::OF_WAKER, location);
            assert_eq!(FrameKey::read(&name).location(), Some(location));
        }
    }
}
