//! heaptrack: recordings of KDE's heap profiler, usually compressed.
//!
//! ```text
//! input = { line }                                     (numbers are hexadecimal)
//! line  = "v " VERSION " " FILE_VERSION
//!       | "s " [ LENGTH " " ] TEXT                     (a string; they are numbered from 1)
//!       | "i " ADDRESS " " MODULE { " " FUNCTION " " FILE " " LINE }   (an instruction; inlined calls first)
//!       | "t " INSTRUCTION " " PARENT                  (a stack: its leaf, and that of its callers)
//!       | "a " SIZE " " STACK                          (a kind of allocation; they are numbered from 0)
//!       | "+ " ALLOCATION | "- " ALLOCATION            (allocated, freed)
//! ```
//!
//! ```text
//! v 10400 3
//! s 4 /a.so
//! s 4 load
//! i 1100 1 2
//! t 1 0
//! a 40 1
//! + 0
//! ```
//!
//! The values are the bytes in use at the peak (`peak`), the bytes never freed (`leaked`), the
//! number of allocations (`allocations`), and the number of allocations that were freed immediately
//! (`temporary`).

use super::document::lines::{Lines, parse_hex, whole_lines};
use super::document::stack_table::StackTable;
use super::document::{Document, Profile, ValueType, out_of_range, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, NodeId};
use crate::flags::flags;
use crate::names::frame::{basename, frame_name, object_name, with_source};
use std::io::{self, BufRead};

/// Folds heaptrack recordings. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a heaptrack recording.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `peak` or `leaked` bytes, `allocations` or `temporary` ones [default:
        /// peak]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names: `load (load.c:7)`
        #[arg(long)]
        pub lines: bool,

        /// Include the address of functions without a name: `[libc.so.6 <2a1f0>]`
        #[arg(long)]
        pub addrs: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "heaptrack";
    const DESCRIPTION: &'static str = "a heaptrack recording";
    shared_options!(value, lines, addrs);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head);
        if !is_version(lines.next()?) {
            return Some(false);
        }
        Some(lines.next()?.starts_with(b"X "))
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut recording = Recording::default();
        let mut lines = Lines::of(input);
        let mut line = Vec::new();
        while let Some(next) = lines.next()? {
            line.extend_from_slice(next);
            if recording.is_within_string(&line) {
                line.push(b'\n');
                continue;
            }
            if recording.read_line(&std::mem::take(&mut line)).is_none() {
                lines.skip_if_cut("a line of heaptrack")?;
            }
        }
        lines.finish(
            recording.has_version,
            "a heaptrack recording, which starts with its version",
        )?;
        self.add(&recording, profile)
    }
}

fn is_version(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let is_hex = |word: Option<&[u8]>| word.and_then(parse_hex).is_some();
    words.next() == Some(b"v") && is_hex(words.next()) && is_hex(words.next())
}

#[derive(Default)]
struct Recording {
    has_version: bool,
    /// Whether strings are preceded by their length.
    has_lengths: bool,
    strings: Vec<Vec<u8>>,
    instructions: Vec<Instruction>,
    traces: Vec<Trace>,
    allocations: Vec<Allocation>,
    /// The bytes in use, and their maximum.
    in_use: u64,
    peak: u64,
    /// The allocations whose number in use has changed since the peak.
    changed: Vec<usize>,
    /// The latest allocation, if nothing was freed since. Lines with times and sizes may come in between.
    latest: Option<usize>,
}

struct Instruction {
    address: u64,
    module: usize,
    /// The function, file and line of each frame, the innermost first.
    functions: Vec<[usize; 3]>,
}

/// A stack: its leaf, and the number of its remaining frames.
struct Trace {
    instruction: usize,
    parent: usize,
}

#[derive(Default)]
struct Allocation {
    size: u64,
    trace: usize,
    allocated: u64,
    freed: u64,
    temporary: u64,
    /// The number in use at the peak.
    at_peak: u64,
    /// Whether it is in [`Recording::changed`].
    is_changed: bool,
}

impl Recording {
    /// Whether `line` starts a string that continues in the next line.
    fn is_within_string(&self, line: &[u8]) -> bool {
        let Some(rest) = line.strip_prefix(b"s ").filter(|_| self.has_lengths) else {
            return false;
        };
        let space = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let length = parse_hex(&rest[..space]).and_then(index).unwrap_or(0);
        rest.len().saturating_sub(space + 1) < length
    }

    /// Reads a line; `None` if it is not a line of heaptrack.
    fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let Some((kind, rest)) = line.split_first() else {
            return Some(());
        };
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let mut numbers = rest.split(|byte| *byte == b' ').map(parse_hex);
        match kind {
            b'v' => {
                numbers.next()??;
                self.has_lengths = numbers.next()?? >= 3;
                self.has_version = true;
            }
            b's' => self.strings.push(match self.has_lengths {
                true => rest[memchr::memchr(b' ', rest)? + 1..].to_vec(),
                false => rest.to_vec(),
            }),
            b'i' => {
                let numbers = numbers.collect::<Option<Vec<u64>>>()?;
                self.instructions.push(instruction(&numbers)?);
            }
            b't' => self.traces.push(Trace {
                instruction: index(numbers.next()??)?,
                parent: index(numbers.next()??)?,
            }),
            b'a' => self.allocations.push(Allocation {
                size: numbers.next()??,
                trace: index(numbers.next()??)?,
                ..Allocation::default()
            }),
            b'+' => self.allocate(index(numbers.next()??)?)?,
            b'-' => self.free(index(numbers.next()??)?)?,
            _ => {}
        }
        Some(())
    }

    fn allocate(&mut self, number: usize) -> Option<()> {
        let allocation = self.allocations.get_mut(number)?;
        allocation.allocated += 1;
        self.in_use = self.in_use.saturating_add(allocation.size);
        self.latest = Some(number);
        self.note_change(number);
        if self.in_use > self.peak {
            self.peak = self.in_use;
            for number in self.changed.drain(..) {
                let allocation = &mut self.allocations[number];
                allocation.at_peak = allocation.live();
                allocation.is_changed = false;
            }
        }
        Some(())
    }

    fn free(&mut self, number: usize) -> Option<()> {
        let is_latest = self.latest.take() == Some(number);
        let allocation = self.allocations.get_mut(number)?;
        allocation.freed += 1;
        allocation.temporary += u64::from(is_latest);
        self.in_use = self.in_use.saturating_sub(allocation.size);
        self.note_change(number);
        Some(())
    }

    fn note_change(&mut self, number: usize) {
        let allocation = &mut self.allocations[number];
        if !std::mem::replace(&mut allocation.is_changed, true) {
            self.changed.push(number);
        }
    }

    fn string(&self, number: usize) -> io::Result<&[u8]> {
        entry(&self.strings, number, "strings").map(Vec::as_slice)
    }
}

impl Allocation {
    /// The number allocated and not freed yet.
    fn live(&self) -> u64 {
        self.allocated.saturating_sub(self.freed)
    }

    /// In the order of [`value_types`].
    fn values(&self) -> [Decimal; 4] {
        let bytes = |count: u64| Decimal::from(self.size).times(count);
        [
            bytes(self.at_peak),
            bytes(self.live()),
            Decimal::from(self.allocated),
            Decimal::from(self.temporary),
        ]
    }
}

fn value_types() -> Vec<ValueType> {
    vec![
        ValueType::new("peak", "bytes"),
        ValueType::new("leaked", "bytes"),
        ValueType::new("allocations", "count"),
        ValueType::new("temporary", "count"),
    ]
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

/// The instruction of `ADDRESS MODULE {FUNCTION FILE LINE}`, where the file may be missing.
fn instruction(numbers: &[u64]) -> Option<Instruction> {
    let (&[address, module], functions) = numbers.split_first_chunk()?;
    let functions = functions.chunks(3).map(|chunk| {
        let number = |at: usize| index(chunk.get(at).copied().unwrap_or(0));
        Some([number(0)?, number(1)?, number(2)?])
    });
    Some(Instruction {
        address,
        module: index(module)?,
        functions: functions.collect::<Option<_>>()?,
    })
}

/// The entry of a table whose numbers start at 1; 0 is an empty string.
fn entry<'t, T>(table: &'t [T], number: usize, name: &str) -> io::Result<&'t T> {
    let entry = number.checked_sub(1).and_then(|index| table.get(index));
    entry.ok_or_else(|| out_of_range(name, number, table.len()))
}

impl Options {
    fn add(&self, recording: &Recording, profile: &mut Profile) -> io::Result<()> {
        let column = profile.choose(value_types(), self.value.as_deref(), 0)?;
        let mut table = StackTable::new("traces", recording.traces.len(), CallTree::ROOT);
        for allocation in &recording.allocations {
            let values = allocation.values();
            profile.add_to_sums(&values);
            let caller = |row: usize| Ok(recording.traces[row].parent.checked_sub(1));
            let node = match allocation.trace.checked_sub(1) {
                None => CallTree::ROOT,
                Some(trace) => table.node(trace, caller, |row, parent| {
                    self.add_frames(&recording.traces[row], parent, recording, profile)
                })?,
            };
            profile.add(node, values[column]);
        }
        Ok(())
    }

    /// Adds the frames of a trace's leaf: the functions inlined there, the outermost first.
    fn add_frames(
        &self,
        trace: &Trace,
        parent: NodeId,
        recording: &Recording,
        profile: &mut Profile,
    ) -> io::Result<NodeId> {
        let instruction = entry(&recording.instructions, trace.instruction, "instructions")?;
        let mut node = parent;
        for name in self.frames(instruction, recording)? {
            let frame = profile.tree.intern(&name);
            node = profile.tree.child(node, frame);
        }
        Ok(node)
    }

    /// The names of an instruction's frames, the outermost first.
    fn frames(&self, instruction: &Instruction, recording: &Recording) -> io::Result<Vec<Vec<u8>>> {
        match instruction.functions.is_empty() {
            true => Ok(vec![self.name_without_symbol(instruction, recording)?]),
            false => {
                let functions = instruction.functions.iter().rev();
                functions
                    .map(|function| self.name(function, instruction, recording))
                    .collect()
            }
        }
    }

    fn name(
        &self,
        &[function, file, line]: &[usize; 3],
        instruction: &Instruction,
        recording: &Recording,
    ) -> io::Result<Vec<u8>> {
        let name = match function {
            0 => return self.name_without_symbol(instruction, recording),
            function => frame_name(recording.string(function)?),
        };
        Ok(match file {
            0 => name,
            file if self.lines => {
                let line = Decimal::from(line as u64);
                with_source(&name, recording.string(file)?, Some(line))
            }
            _ => name,
        })
    }

    fn name_without_symbol(
        &self,
        instruction: &Instruction,
        recording: &Recording,
    ) -> io::Result<Vec<u8>> {
        let module = match instruction.module {
            0 => b"",
            module => basename(recording.string(module)?),
        };
        Ok(object_name(
            module,
            self.addrs.then_some(instruction.address),
        ))
    }
}
