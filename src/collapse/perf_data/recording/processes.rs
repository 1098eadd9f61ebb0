//! The state of processes at a time: the names of their threads, and their mappings.

use super::objects::{ObjectId, Objects};
use super::sample::{Comm, Fork, KernelSymbol, Mapping};
use super::space::{Map, Space};
use crate::symbols::Runtime;
use crate::symbols::{Kind, Object};
use ahash::AHashMap;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// A location in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Location {
    pub object: ObjectId,
    /// The offset in a file in bytes; for other objects, the address itself.
    pub address: u64,
    /// Whether it is a return address, so that the call is before it.
    pub is_return: bool,
}

impl Location {
    pub fn unknown(address: u64) -> Location {
        Location {
            object: ObjectId::UNKNOWN,
            address,
            is_return: false,
        }
    }

    /// An address within the call instruction, or the instruction itself.
    pub fn address_of_call(&self) -> u64 {
        self.address.saturating_sub(u64::from(self.is_return))
    }
}

/// The number of exited threads to remember, because the kernel can run in a thread for a moment
/// after recording its exit.
const MAX_ENDED: usize = 256;

#[derive(Debug)]
struct Thread {
    comm: Option<Arc<[u8]>>,
    pid: i32,
    /// The number of its own exit among all exits.
    end: Option<u64>,
}

#[derive(Debug, Default)]
struct Process {
    space: Space,
    /// The number of its known threads.
    threads: usize,
    /// Whether it has called `exec`, but nothing is mapped since.
    has_started_another: bool,
    runtime: Option<Runtime>,
    /// Its JIT-compiled code.
    code: Option<Arc<Object>>,
}

impl Process {
    /// Records the runtime of this process, if `object` identifies it.
    fn note(&mut self, object: &Arc<Object>) {
        match object.kind {
            Kind::File if self.runtime.is_none() => self.runtime = Runtime::of_file(&object.path),
            Kind::PerfMap => self.code = Some(object.clone()),
            _ => return,
        }
        if let (Some(runtime), Some(code)) = (self.runtime, &self.code) {
            code.runtime.get_or_init(|| runtime);
        }
    }
}

/// All processes, and the kernel.
#[derive(Default)]
pub(super) struct Processes {
    pub objects: Objects,
    pub kernel: Space,
    threads: AHashMap<i32, Thread>,
    processes: AHashMap<i32, Process>,
    nothing: Space,
    /// The threads that exited most recently, the latest at the end, each with the number of its
    /// exit.
    ended: VecDeque<(i32, u64)>,
    ends: u64,
}

impl Processes {
    /// The name of the thread: as in perf, its ID if it has no name.
    pub fn comm(&self, tid: i32) -> Arc<[u8]> {
        let comm = self
            .threads
            .get(&tid)
            .and_then(|thread| thread.comm.clone());
        comm.unwrap_or_else(|| match tid {
            0 => Arc::from(*b"swapper"),
            _ => Arc::from(format!(":{tid}").into_bytes()),
        })
    }

    /// The current mappings of the process.
    pub fn space(&self, pid: i32) -> &Space {
        let process = self.processes.get(&pid);
        process.map_or(&self.nothing, |process| &process.space)
    }

    /// Sets a new name. Mappings from before an `exec` stay until there is a new one, because the
    /// kernel's part of `exec` runs in between.
    pub fn rename(&mut self, comm: &Comm<'_>) {
        self.start_thread(comm.tid, comm.pid, Some(Arc::from(comm.name)));
        if comm.is_exec
            && let Some(process) = self.processes.get_mut(&comm.pid)
        {
            process.has_started_another = true;
        }
    }

    pub fn fork(&mut self, fork: &Fork) {
        let parent = self.threads.get(&fork.parent_tid);
        let comm = parent.and_then(|parent| parent.comm.clone());
        self.start_thread(fork.tid, fork.pid, comm);
        if fork.pid != fork.parent_pid && !fork.is_synthesized {
            let parent = self.processes.get(&fork.parent_pid);
            let (space, runtime) = parent
                .map(|parent| (parent.space.clone(), parent.runtime))
                .unwrap_or_default();
            if let Some(process) = self.processes.get_mut(&fork.pid) {
                let threads = process.threads;
                *process = Process {
                    space,
                    runtime,
                    threads,
                    ..Process::default()
                };
            }
        }
    }

    /// Handles the exit of a thread. It is forgotten after a number of other exits, and its process
    /// with the last of its threads.
    pub fn exit(&mut self, exit: &Fork) {
        let Some(thread) = self.threads.get_mut(&exit.tid) else {
            return;
        };
        self.ends += 1;
        thread.end = Some(self.ends);
        self.ended.push_back((exit.tid, self.ends));
        if self.ended.len() > MAX_ENDED
            && let Some((tid, end)) = self.ended.pop_front()
            && let Entry::Occupied(thread) = self.threads.entry(tid)
            && thread.get().end == Some(end)
        {
            let pid = thread.remove().pid;
            self.leave(pid);
        }
    }

    fn start_thread(&mut self, tid: i32, pid: i32, comm: Option<Arc<[u8]>>) {
        self.processes.entry(pid).or_default().threads += 1;
        let end = None;
        if let Some(before) = self.threads.insert(tid, Thread { comm, pid, end }) {
            self.leave(before.pid);
        }
    }

    /// Removes one thread of a process.
    fn leave(&mut self, pid: i32) {
        if let Entry::Occupied(mut process) = self.processes.entry(pid) {
            process.get_mut().threads -= 1;
            if process.get().threads == 0 {
                process.remove();
            }
        }
    }

    pub fn map(&mut self, mapping: &Mapping<'_>) {
        let (id, object) = self.objects.of_process(mapping);
        let offset = match object.kind {
            Kind::File => mapping.offset,
            Kind::Vdso => 0,
            _ => mapping.start,
        };
        let end = mapping.start.saturating_add(mapping.length);
        let process = self.processes.entry(mapping.pid).or_default();
        if std::mem::take(&mut process.has_started_another) {
            process.space = Space::default();
            (process.runtime, process.code) = (None, None);
        }
        process.note(&object);
        process.space.map(Map {
            start: mapping.start,
            end,
            object: id,
            offset,
            is_executable: mapping.is_executable,
        });
    }

    /// Maps the kernel, or one of its modules. The recorded end of the kernel is only that of its
    /// main part; the rest extends to the next module.
    pub fn map_kernel(&mut self, mapping: &Mapping<'_>) {
        let object = self.objects.of_kernel(mapping);
        let end = match self.objects.list.get(object).kind {
            Kind::Kernel => u64::MAX,
            _ => mapping.start.saturating_add(mapping.length),
        };
        self.kernel.map_code(mapping.start, end, object);
    }

    pub fn change_kernel(&mut self, symbol: &KernelSymbol<'_>) {
        let end = symbol.start.saturating_add(u64::from(symbol.length));
        if symbol.is_gone {
            return self.kernel.unmap(symbol.start, end);
        }
        let object = self.objects.kernel_function(symbol.name);
        self.kernel.map_code(symbol.start, end, object);
    }
}
