//! Processes as they were at a time: their threads' names, and what they had mapped.

use super::objects::{Kind, ObjectId, Objects};
use super::sample::{Comm, Fork, KernelSymbol, Mapping};
use ahash::AHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A place in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Location {
    pub object: ObjectId,
    /// In a file: the offset in bytes. Else the address itself.
    pub address: u64,
    /// Whether it is what a function returns to, so that the call is before it.
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

    /// An address within the call, or the instruction.
    pub fn address_of_call(&self) -> u64 {
        self.address.saturating_sub(u64::from(self.is_return))
    }
}

/// What is mapped where. Copies are cheap until they are changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    maps: Arc<BTreeMap<u64, Map>>,
}

#[derive(Debug, Clone, Copy)]
struct Map {
    end: u64,
    object: ObjectId,
    /// Where in the object the map starts.
    offset: u64,
    is_executable: bool,
}

impl Space {
    pub fn find(&self, address: u64) -> Location {
        let before = self.maps.range(..=address).next_back();
        match before.filter(|(_, map)| address < map.end) {
            Some((start, map)) => Location {
                object: map.object,
                address: map.offset.wrapping_add(address - start),
                is_return: false,
            },
            None => Location::unknown(address),
        }
    }

    /// Whether code can run at this address.
    pub fn is_executable(&self, address: u64) -> bool {
        let before = self.maps.range(..=address).next_back();
        before.is_some_and(|(_, map)| address < map.end && map.is_executable)
    }

    /// Maps what `map` says from `start` on, over what was there.
    fn map(&mut self, start: u64, map: Map) {
        if start >= map.end {
            return;
        }
        self.unmap(start, map.end);
        Arc::make_mut(&mut self.maps).insert(start, map);
    }

    /// Maps code of the kernel, whose addresses stay as they are.
    fn map_code(&mut self, start: u64, end: u64, object: ObjectId) {
        let map = Map {
            end,
            object,
            offset: start,
            is_executable: true,
        };
        self.map(start, map);
    }

    fn unmap(&mut self, start: u64, end: u64) {
        let maps = Arc::make_mut(&mut self.maps);
        let overlapping: Vec<(u64, Map)> = maps
            .range(..end)
            .rev()
            .take_while(|(_, map)| map.end > start)
            .map(|(at, map)| (*at, *map))
            .collect();
        for (at, map) in overlapping {
            maps.remove(&at);
            if at < start {
                maps.insert(at, Map { end: start, ..map });
            }
            if map.end > end {
                let offset = map.offset.wrapping_add(end - at);
                maps.insert(end, Map { offset, ..map });
            }
        }
    }
}

#[derive(Debug, Default)]
struct Thread {
    comm: Option<Arc<[u8]>>,
}

/// All processes, and the kernel.
#[derive(Default)]
pub(super) struct Processes {
    pub objects: Objects,
    pub kernel: Space,
    threads: AHashMap<i32, Thread>,
    spaces: AHashMap<i32, Space>,
    nothing: Space,
}

impl Processes {
    /// What the thread is called: as perf does, by its id if it has no name.
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

    /// What the process has mapped now.
    pub fn space(&self, pid: i32) -> &Space {
        self.spaces.get(&pid).unwrap_or(&self.nothing)
    }

    /// Takes in a new name. What was mapped before an exec stays until something else is there: the
    /// kernel's own part of exec runs between the two.
    pub fn rename(&mut self, comm: &Comm<'_>) {
        self.threads.entry(comm.tid).or_default().comm = Some(Arc::from(comm.name));
    }

    pub fn fork(&mut self, fork: &Fork) {
        let parent = self.threads.get(&fork.parent_tid);
        let comm = parent.and_then(|parent| parent.comm.clone());
        self.threads.insert(fork.tid, Thread { comm });
        if fork.pid != fork.parent_pid && !fork.is_made_up {
            let space = self.space(fork.parent_pid).clone();
            self.spaces.insert(fork.pid, space);
        }
    }

    pub fn map(&mut self, mapping: &Mapping<'_>) {
        let object = self.objects.of_process(mapping);
        let offset = match self.objects.list.get(object).kind {
            Kind::File => mapping.offset,
            Kind::Vdso => 0,
            _ => mapping.start,
        };
        let space = self.spaces.entry(mapping.pid).or_default();
        let map = Map {
            end: mapping.start.saturating_add(mapping.length),
            object,
            offset,
            is_executable: mapping.is_executable,
        };
        space.map(mapping.start, map);
    }

    /// Maps the kernel, or a module of it. The recorded end of the kernel is that of its main part
    /// only; what it has behind that reaches to the next module.
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
