//! Finds the caller of a function with the call frame information of an object, from `.eh_frame`
//! and `.debug_frame`.
//!
//! ```text
//! row of an address = how to find the caller's frame (the *CFA*),
//!                     and from there each register as it was before the call
//! ```

use super::machine::{Machine, Registers};
use crate::symbols::Segments;
use crate::symbols::{Elf, Image, section_data};
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, DebugFrame, EhFrame, EhFrameHdr, Encoding, EndianSlice,
    Evaluation, EvaluationResult, Expression, FrameDescriptionEntry, RegisterRule, RunTimeEndian,
    UnwindContext, UnwindOffset, UnwindSection, Value, Vendor,
};
use object::{Object, ObjectSection};
use std::ops::Range;

type DwarfReader<'a> = EndianSlice<'a, RunTimeEndian>;

/// The size of an address in bytes.
const ADDRESS_SIZE: u8 = 8;

/// The encoding of expressions, which our own rows do not use.
const ENCODING: Encoding = Encoding {
    address_size: ADDRESS_SIZE,
    format: gimli::Format::Dwarf32,
    version: 1,
};

/// The call frame information of an object.
#[derive(Debug)]
pub(super) struct FrameTables {
    pub segments: Segments,
    eh_frame: Vec<u8>,
    eh_frame_hdr: Vec<u8>,
    debug_frame: Vec<u8>,
    bases: BaseAddresses,
    endian: RunTimeEndian,
    vendor: Vendor,
    /// For sections without a lookup table: the start and end of functions, and the offset of their
    /// entry in the section.
    eh_index: Vec<Entry>,
    debug_index: Vec<Entry>,
    /// The addresses of stubs that call functions of other objects.
    stubs: Vec<Range<u64>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u64,
    end: u64,
    offset: usize,
}

/// The frame of a function at an instruction.
#[derive(Debug)]
pub(super) struct Row {
    frame: AddressRule,
    registers: Vec<(u16, Rule)>,
    /// The register that holds the return address.
    return_address: u16,
    /// Whether the function is the signal trampoline, which the kernel returns to from a handler.
    pub is_signal: bool,
    encoding: Encoding,
    endian: RunTimeEndian,
}

/// A location.
#[derive(Debug, Clone)]
enum AddressRule {
    /// An offset in bytes from the value of a register.
    Register(u16, i64),
    /// An offset in bytes from the frame.
    Frame(i64),
    Expression(Vec<u8>),
}

/// How to restore a register of the caller.
#[derive(Debug, Clone)]
enum Rule {
    Unknown,
    Same,
    /// Its value is in memory.
    At(AddressRule),
    /// Its value is the location itself.
    Is(AddressRule),
}

impl FrameTables {
    /// Reads the tables of a file. They are empty if it has none.
    pub fn read(image: &Image, machine: &Machine) -> Option<FrameTables> {
        let elf = image.parse()?;
        let data = |name: &str| section_data(&elf, name).unwrap_or_default();
        let mut tables = FrameTables {
            segments: Segments::of_elf(&elf),
            eh_frame: data(".eh_frame"),
            eh_frame_hdr: data(".eh_frame_hdr"),
            debug_frame: data(".debug_frame"),
            bases: bases(&elf),
            endian: match elf.is_little_endian() {
                true => RunTimeEndian::Little,
                false => RunTimeEndian::Big,
            },
            vendor: match machine.is_aarch64() {
                true => Vendor::AArch64,
                false => Vendor::Default,
            },
            eh_index: Vec::new(),
            debug_index: Vec::new(),
            stubs: match machine.has_link_register {
                true => Vec::new(),
                false => stubs(&elf),
            },
        };
        if tables.eh_frame_hdr.is_empty() {
            tables.eh_index = index(&tables.eh_section(), &tables.bases);
        }
        tables.debug_index = index(&tables.debug_section(), &tables.bases);
        Some(tables)
    }

    /// The row for `address`.
    pub fn row(&self, address: u64) -> Option<Row> {
        self.row_of_eh_frame(address)
            .or_else(|| self.row_of_debug_frame(address))
            .or_else(|| self.row_of_stub(address))
    }

    fn eh_section(&self) -> EhFrame<DwarfReader<'_>> {
        let mut section = EhFrame::new(&self.eh_frame, self.endian);
        section.set_address_size(ADDRESS_SIZE);
        section.set_vendor(self.vendor);
        section
    }

    fn debug_section(&self) -> DebugFrame<DwarfReader<'_>> {
        let mut section = DebugFrame::new(&self.debug_frame, self.endian);
        section.set_address_size(ADDRESS_SIZE);
        section.set_vendor(self.vendor);
        section
    }

    fn row_of_eh_frame(&self, address: u64) -> Option<Row> {
        let section = self.eh_section();
        let offset = match self.eh_frame_hdr.is_empty() {
            true => find(&self.eh_index, address)?,
            false => self.find_in_header(address)?,
        };
        let entry = section
            .fde_from_offset(&self.bases, offset.into(), EhFrame::cie_from_offset)
            .ok()?;
        self.row_of_entry(&section, &entry, address)
    }

    fn row_of_debug_frame(&self, address: u64) -> Option<Row> {
        let section = self.debug_section();
        let offset = find(&self.debug_index, address)?;
        let entry = section
            .fde_from_offset(&self.bases, offset.into(), DebugFrame::cie_from_offset)
            .ok()?;
        self.row_of_entry(&section, &entry, address)
    }

    /// Stubs only jump: their return address is at the top of the stack.
    fn row_of_stub(&self, address: u64) -> Option<Row> {
        let is_stub = self.stubs.iter().any(|range| range.contains(&address));
        is_stub.then(|| Row::below_return_address(0))
    }

    /// Looks up a function in the table that the linker created.
    fn find_in_header(&self, address: u64) -> Option<usize> {
        let header = EhFrameHdr::new(&self.eh_frame_hdr, self.endian);
        let header = header.parse(&self.bases, ADDRESS_SIZE).ok()?;
        let table = header.table()?;
        let pointer = table.lookup(address, &self.bases).ok()?;
        Some(table.pointer_to_offset(pointer).ok()?.0)
    }

    fn row_of_entry<'a, S: UnwindSection<DwarfReader<'a>>>(
        &self,
        section: &S,
        entry: &FrameDescriptionEntry<DwarfReader<'a>>,
        address: u64,
    ) -> Option<Row> {
        let mut context = UnwindContext::new();
        let row = entry
            .unwind_info_for_address(section, &self.bases, &mut context, address)
            .ok()?;
        let expression = |expression: &gimli::UnwindExpression<usize>| {
            let bytes = expression.get(section).ok()?;
            Some(AddressRule::Expression(bytes.0.slice().to_vec()))
        };
        let frame = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                AddressRule::Register(register.0, *offset)
            }
            CfaRule::Expression(it) => expression(it)?,
        };
        let rules = row.registers().map(|(register, rule)| {
            let rule = match rule {
                RegisterRule::SameValue => Rule::Same,
                RegisterRule::Offset(offset) => Rule::At(AddressRule::Frame(*offset)),
                RegisterRule::ValOffset(offset) => Rule::Is(AddressRule::Frame(*offset)),
                RegisterRule::Register(other) => Rule::Is(AddressRule::Register(other.0, 0)),
                RegisterRule::Expression(it) => Rule::At(expression(it)?),
                RegisterRule::ValExpression(it) => Rule::Is(expression(it)?),
                _ => Rule::Unknown,
            };
            Some((register.0, rule))
        });
        Some(Row {
            frame,
            registers: rules.collect::<Option<_>>()?,
            return_address: entry.cie().return_address_register().0,
            is_signal: entry.is_signal_trampoline(),
            encoding: entry.cie().encoding(),
            endian: self.endian,
        })
    }
}

/// The stubs of x86-64.
fn stubs(elf: &Elf<'_>) -> Vec<Range<u64>> {
    let range = |name: &str| {
        let section = elf.section_by_name(name)?;
        Some(section.address()..section.address().saturating_add(section.size()))
    };
    let names = [".plt", ".plt.sec", ".plt.got"];
    names.into_iter().filter_map(range).collect()
}

fn bases(elf: &Elf<'_>) -> BaseAddresses {
    let address = |name: &str| {
        let section = elf.section_by_name(name);
        section.map_or(0, |section| section.address())
    };
    BaseAddresses::default()
        .set_eh_frame(address(".eh_frame"))
        .set_eh_frame_hdr(address(".eh_frame_hdr"))
        .set_text(address(".text"))
        .set_got(address(".got"))
}

/// An index of the functions in a section, sorted by address.
fn index<'a, S: UnwindSection<DwarfReader<'a>>>(section: &S, bases: &BaseAddresses) -> Vec<Entry> {
    let mut entries = section.entries(bases);
    let mut index = Vec::new();
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        if let Ok(function) = partial.parse(S::cie_from_offset) {
            index.push(Entry {
                start: function.initial_address(),
                end: function.end_address(),
                offset: UnwindOffset::into(S::Offset::from(function.offset())),
            });
        }
    }
    index.sort_by_key(|entry| entry.start);
    index
}

fn find(index: &[Entry], address: u64) -> Option<usize> {
    let after = index.partition_point(|entry| entry.start <= address);
    let entry = index.get(after.checked_sub(1)?)?;
    (address < entry.end).then_some(entry.offset)
}

/// The return address of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    To(u64),
    /// It has no caller.
    Nowhere,
    /// It is unknown.
    Unknown,
}

impl Row {
    /// The row of x86-64 code that has only `size` bytes on the stack below its return address.
    pub fn below_return_address(size: i64) -> Row {
        const STACK_POINTER: u16 = 7;
        const RETURN_ADDRESS: u16 = 16;
        Row {
            frame: AddressRule::Register(STACK_POINTER, size + 8),
            registers: vec![(RETURN_ADDRESS, Rule::At(AddressRule::Frame(-8)))],
            return_address: RETURN_ADDRESS,
            is_signal: false,
            encoding: ENCODING,
            endian: RunTimeEndian::Little,
        }
    }

    /// Updates `registers` to those of the caller.
    pub fn step(
        &self,
        machine: &Machine,
        registers: &mut Registers,
        read: &mut impl FnMut(u64) -> Option<u64>,
    ) -> Return {
        let before = *registers;
        let mut context = Context {
            row: self,
            registers: &before,
            frame: 0,
            read,
        };
        let Some(frame) = context.address(&self.frame) else {
            return Return::Unknown;
        };
        context.frame = frame;
        registers.set(machine.stack_pointer, Some(frame));
        for (number, rule) in &self.registers {
            let value = match rule {
                Rule::Unknown => None,
                Rule::Same => before.get(*number),
                Rule::Is(place) => context.address(place),
                Rule::At(place) => context.address(place).and_then(|at| (context.read)(at)),
            };
            registers.set(*number, value);
        }
        let rule = self.registers.iter().find(|it| it.0 == self.return_address);
        match (rule, registers.get(self.return_address)) {
            (Some((_, Rule::Unknown)), _) => Return::Nowhere,
            (None, _) if !machine.has_link_register => Return::Nowhere,
            (_, Some(address)) => Return::To(address),
            (_, None) => Return::Unknown,
        }
    }
}

/// The data to evaluate the rules of a row.
struct Context<'a, F> {
    row: &'a Row,
    registers: &'a Registers,
    frame: u64,
    read: &'a mut F,
}

impl<F: FnMut(u64) -> Option<u64>> Context<'_, F> {
    fn address(&mut self, place: &AddressRule) -> Option<u64> {
        match place {
            AddressRule::Register(register, offset) => {
                let value = self.registers.get(*register)?;
                Some(value.wrapping_add_signed(*offset))
            }
            AddressRule::Frame(offset) => Some(self.frame.wrapping_add_signed(*offset)),
            AddressRule::Expression(bytes) => self.evaluate(bytes),
        }
    }

    fn evaluate(&mut self, expression: &[u8]) -> Option<u64> {
        const MAX_STEPS: u32 = 1000;
        let bytes = Expression(EndianSlice::new(expression, self.row.endian));
        let mut evaluation: Evaluation<DwarfReader<'_>> = bytes.evaluation(self.row.encoding);
        evaluation.set_initial_value(self.frame);
        evaluation.set_max_iterations(MAX_STEPS);
        let mut result = evaluation.evaluate().ok()?;
        loop {
            result = match result {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let is_word = size == ADDRESS_SIZE;
                    let word = is_word.then(|| (self.read)(address))??;
                    evaluation.resume_with_memory(Value::Generic(word)).ok()?
                }
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = self.registers.get(register.0)?;
                    evaluation
                        .resume_with_register(Value::Generic(value))
                        .ok()?
                }
                _ => return None,
            }
        }
        evaluation.value_result()?.to_u64(u64::MAX).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RBX: u16 = 3;
    const RSP: u16 = 7;
    const RIP: u16 = 16;

    /// A stack of three words at 0x1000.
    fn read(address: u64) -> Option<u64> {
        let words = [0x1111, 0x2222, 0x3333];
        let offset = usize::try_from(address.checked_sub(0x1000)?).ok()?;
        words.get(offset / 8).copied()
    }

    fn row(frame: AddressRule, registers: Vec<(u16, Rule)>) -> Row {
        Row {
            frame,
            registers,
            return_address: RIP,
            is_signal: false,
            encoding: ENCODING,
            endian: RunTimeEndian::Little,
        }
    }

    fn step(row: &Row) -> (Return, Registers) {
        let machine = Machine::of_arch(b"x86_64").expect("a machine that is known");
        let mut registers = Registers::default();
        registers.set(RSP, Some(0x1000));
        registers.set(RBX, Some(0x1010));
        let to = row.step(machine, &mut registers, &mut read);
        (to, registers)
    }

    #[test]
    fn callers_are_found_from_any_register() {
        let saved = |offset| Rule::At(AddressRule::Frame(offset));
        let row = row(
            AddressRule::Register(RBX, 8),
            vec![(RIP, saved(-8)), (RBX, saved(-24))],
        );
        let (to, registers) = step(&row);
        assert_eq!(to, Return::To(0x3333));
        assert_eq!(registers.get(RSP), Some(0x1018));
        assert_eq!(registers.get(RBX), Some(0x1111));
    }

    /// As in the signal trampoline.
    #[test]
    fn expressions_read_registers_and_memory() {
        // DW_OP_breg7 8, DW_OP_deref
        let saved = vec![0x77, 8, 6];
        let at = vec![0x77, 16];
        let row = row(
            AddressRule::Expression(saved),
            vec![(RIP, Rule::At(AddressRule::Expression(at)))],
        );
        let (to, registers) = step(&row);
        assert_eq!(to, Return::To(0x3333));
        assert_eq!(registers.get(RSP), Some(0x2222));
    }

    #[test]
    fn an_undefined_return_address_ends_the_stack_and_missing_data_is_unknown() {
        let end = row(AddressRule::Register(RSP, 8), vec![(RIP, Rule::Unknown)]);
        assert_eq!(step(&end).0, Return::Nowhere);
        let beyond = Rule::At(AddressRule::Frame(0x100));
        let cut = row(AddressRule::Register(RSP, 8), vec![(RIP, beyond)]);
        assert_eq!(step(&cut).0, Return::Unknown);
        let without_frame = row(AddressRule::Register(0, 8), Vec::new());
        assert_eq!(step(&without_frame).0, Return::Unknown);
    }
}
