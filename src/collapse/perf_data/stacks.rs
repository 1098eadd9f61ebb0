//! From samples to a tree of places, which have no names yet.
//!
//! The frames of the tree are the names of threads, and [`Location`]s by their numbers. Names come
//! last, when it is known which are needed: each once, an object at a time.

use super::files::Found;
use super::objects::ObjectId;
use super::processes::{Location, Processes, Space};
use super::sample::Sample;
use super::unwind::Unwinder;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::perf;
use ahash::AHashMap;

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

/// A frame of the tree of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// What the thread is called, with ids if they are wanted.
    Thread(&'a [u8]),
    /// The number of a location.
    Location(usize),
}

impl<'a> Place<'a> {
    const THREAD: u8 = b't';
    const LOCATION: u8 = b'l';

    /// Reads the name that a frame has in the tree of places.
    pub fn read(name: &'a [u8]) -> Place<'a> {
        match name.split_first() {
            Some((&Self::LOCATION, number)) => {
                let number = number.first_chunk().map_or(0, |it| u32::from_le_bytes(*it));
                Place::Location(number as usize)
            }
            Some((_, thread)) => Place::Thread(thread),
            None => Place::Thread(b""),
        }
    }
}

/// The tree of places.
#[derive(Default)]
pub(super) struct Stacks {
    pub tree: CallTree,
    pub locations: Vec<Location>,
    frames: AHashMap<Location, FrameId>,
    threads: AHashMap<(i32, i32, Vec<u8>), NodeId>,
    /// The frames of the sample, the innermost first.
    stack: Vec<FrameId>,
}

impl Stacks {
    /// Reads the stack of a sample; `false` if it has none.
    pub fn read(
        &mut self,
        sample: &Sample<'_>,
        misc: u16,
        processes: &Processes,
        unwinder: &mut Unwinder,
        open: &mut impl FnMut(ObjectId) -> Found,
    ) -> bool {
        self.stack.clear();
        let space = processes.space(sample.pid);
        let kernel = &processes.kernel;
        match (sample.callchain, sample.ip) {
            (Some(callchain), _) => self.read_callchain(callchain.iter(), space, kernel),
            (None, Some(ip)) => {
                let location = locate(ip, Mode::of_sample(misc), space, kernel);
                self.push(location);
            }
            (None, None) => {}
        }
        if let Some(user) = &sample.user
            && sample.callchain.is_some()
        {
            unwinder.unwind(user, space, open, &processes.objects, |it| self.push(it));
        }
        !self.stack.is_empty()
    }

    fn read_callchain(
        &mut self,
        addresses: impl Iterator<Item = u64>,
        space: &Space,
        kernel: &Space,
    ) {
        let mut mode = Mode::User;
        // All but the innermost function of the kernel's part, and of the user's, are in a call.
        let mut is_return = false;
        for address in addresses {
            if address >= FIRST_MARK {
                mode = Mode::of_mark(address);
                is_return = false;
            } else {
                let location = locate(address, mode, space, kernel);
                self.push(Location {
                    is_return,
                    ..location
                });
                is_return = true;
            }
        }
    }

    fn push(&mut self, location: Location) {
        let (tree, locations) = (&mut self.tree, &mut self.locations);
        let frame = *self.frames.entry(location).or_insert_with(|| {
            let number = u32::try_from(locations.len()).unwrap_or(u32::MAX);
            locations.push(location);
            let [a, b, c, d] = number.to_le_bytes();
            tree.intern(&[Place::LOCATION, a, b, c, d])
        });
        self.stack.push(frame);
    }

    /// Adds the stack read last to the tree.
    pub fn count(
        &mut self,
        sample: &Sample<'_>,
        comm: Vec<u8>,
        period: u64,
        options: &perf::Options,
    ) {
        let key = (sample.pid, sample.tid, comm);
        let root = match self.threads.get(&key) {
            Some(root) => *root,
            None => {
                let name = thread_name(&key, options);
                let frame = self.tree.intern(&name);
                let root = self.tree.child(CallTree::ROOT, frame);
                self.threads.insert(key, root);
                root
            }
        };
        let tree = &mut self.tree;
        let node = self.stack.iter().rev();
        let node = node.fold(root, |node, frame| tree.child(node, *frame));
        tree.add(node, period);
    }
}

/// `COMM`, `COMM-PID` or `COMM-PID/TID`, behind what tells it from a location.
fn thread_name((pid, tid, comm): &(i32, i32, Vec<u8>), options: &perf::Options) -> Vec<u8> {
    let ids = match (options.include_pid, options.include_tid) {
        (_, true) => format!("-{pid}/{tid}"),
        (true, false) => format!("-{pid}"),
        (false, false) => String::new(),
    };
    [&[Place::THREAD], comm.trim_ascii(), ids.as_bytes()].concat()
}

fn locate(address: u64, mode: Mode, space: &Space, kernel: &Space) -> Location {
    match mode {
        Mode::User => space.find(address),
        Mode::Kernel => kernel.find(address),
        Mode::Other => Location::unknown(address),
    }
}
