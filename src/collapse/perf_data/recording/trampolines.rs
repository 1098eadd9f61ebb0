//! The trampolines of `python -X perf` on x86-64. Each Python function has one, through which the
//! interpreter calls itself, and which `/tmp/perf-PID.map` names. They have no unwind tables, but
//! all have the same code, shown here with its offsets in Python 3.12 and 3.13:
//!
//! ```text
//!  0  sub  $8, %rsp        (after endbr64 if Python was built with control-flow protection)
//!  4  call *%rcx
//!  6  add  $8, %rsp
//! 10  ret
//! ```
//!
//! A trampoline of another size is assumed to have frame pointers, like any code without tables.

use super::frame_tables::Row;
use crate::symbols::kernel::perf_map_entries;
use std::ops::Range;

/// The size of a trampoline.
const SIZE: u64 = 11;

/// The size of `endbr64`.
const MARK: u64 = 4;

/// The code range in which the return address is 8 bytes further from the stack pointer.
const MOVED: Range<u64> = 4..10;

/// The addresses of a process's trampolines, sorted.
#[derive(Debug)]
pub(super) struct Trampolines {
    starts: Vec<u64>,
}

impl Trampolines {
    /// Finds them in a map; `None` if there are none.
    pub fn read(map: &[u8]) -> Option<Trampolines> {
        let starts = perf_map_entries(map).filter_map(|(start, size, name)| match size {
            SIZE if name.starts_with(b"py::") => Some(start),
            size if size == SIZE + MARK && name.starts_with(b"py::") => start.checked_add(MARK),
            _ => None,
        });
        let mut starts: Vec<u64> = starts.collect();
        starts.sort_unstable();
        (!starts.is_empty()).then_some(Trampolines { starts })
    }

    /// The row for an instruction.
    pub fn row(&self, address: u64) -> Option<Row> {
        let end = self.starts.partition_point(|start| *start <= address);
        let start = self.starts.get(end.checked_sub(1)?)?;
        let offset = address - start;
        match offset {
            _ if MOVED.contains(&offset) => Some(Row::below_return_address(8)),
            _ if offset < SIZE => Some(Row::below_return_address(0)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_is_known_at_every_instruction() {
        let map = b"1000 b py::f:/a.py\n1010 f py::g:/a.py\n1020 b Other\n1030 8 py::h:/a.py\n";
        let trampolines = Trampolines::read(map).expect("trampolines");
        let row = |address| format!("{:?}", trampolines.row(address));
        let above = format!("{:?}", Some(Row::below_return_address(0)));
        let moved = format!("{:?}", Some(Row::below_return_address(8)));
        for (address, expected) in [
            (0x1000, &above),
            (0x1004, &moved),
            (0x1006, &moved),
            (0x100a, &above),
            (0x1014, &above),
            (0x1018, &moved),
            (0x101e, &above),
        ] {
            assert_eq!(row(address), *expected, "{address:#x}");
        }
        for address in [0, 0xfff, 0x100b, 0x1020, 0x1025, 0x1035, u64::MAX] {
            assert_eq!(row(address), "None", "{address:#x}");
        }
        assert!(Trampolines::read(b"1000 b LazyCompile:f\n").is_none());
    }
}
