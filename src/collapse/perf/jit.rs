//! Tracks whether JIT-compiled functions have names.

use super::frame::{FrameLine, UNKNOWN, is_jit_map};
use crate::bytes::text::lossy;
use crate::warnings::warning;
use ahash::AHashMap;

/// The JIT maps that runtimes write, as perf names modules after them.
#[derive(Debug, Default)]
pub(super) struct JitMaps {
    /// Whether any function in it has a name.
    has_names: AHashMap<Vec<u8>, bool>,
}

impl JitMaps {
    /// Records the function of a line, which may not be in a map.
    pub fn note(&mut self, line: &FrameLine<'_>) {
        if is_jit_map(line.module) {
            self.set(line.module, line.symbol != UNKNOWN);
        }
    }

    pub fn merge(&mut self, other: &JitMaps) {
        for (map, has_names) in &other.has_names {
            self.set(map, *has_names);
        }
    }

    /// Logs which maps were missing.
    pub fn log(&self) {
        let maps = self.has_names.iter();
        let missing = maps
            .filter(|(_, has_names)| !**has_names)
            .map(|(map, _)| map);
        let count = missing.clone().count();
        let Some(first) = missing.min() else {
            return;
        };
        let first = lossy(first);
        let maps = match count {
            1 => first.to_string(),
            _ => format!("{first} and {} more maps", count - 1),
        };
        warning!(
            "no function in {maps} has a name: `perf script` found no map there; the runtime writes \
             it if started with node's --perf-basic-prof, python's -X perf, or java's \
             -XX:+DumpPerfMapAtExit"
        );
    }

    fn set(&mut self, map: &[u8], has_names: bool) {
        match self.has_names.get_mut(map) {
            Some(any) => *any |= has_names,
            None => {
                self.has_names.insert(map.to_vec(), has_names);
            }
        }
    }
}
