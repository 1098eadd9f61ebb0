//! Symbol tables, which map addresses to functions.

use super::files::{Elf, Image, section_data};
use super::xz::unpack;
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::names::demangle::demangled_frame;
use ahash::AHashMap;
use object::{
    Object, ObjectSection, ObjectSegment, ObjectSymbol, ObjectSymbolTable, Relocation,
    RelocationFlags, RelocationTarget, elf,
};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::ops::Range;

/// Functions by address.
#[derive(Debug, Default)]
pub(crate) struct SymbolTable {
    /// Sorted by start; several can start at the same address.
    symbols: Vec<Symbol>,
    names: Vec<u8>,
    /// Whether it has all symbols that a file was linked with.
    is_whole: bool,
    /// Caches the index of the preferred symbol by start address.
    preferred: RefCell<AHashMap<u64, usize>>,
}

#[derive(Debug, Clone)]
struct Symbol {
    range: Range<u64>,
    /// The start of the name, which ends with a NUL.
    name: usize,
    linkage: Linkage,
    /// Whether the symbol has an explicit size.
    has_size: bool,
}

/// Determines which of several symbols at an address is preferred: the later variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Linkage {
    Weak,
    Local,
    Global,
}

const PAGE: u64 = 4096;

impl SymbolTable {
    /// Adds a symbol. A symbol without a size extends to the next one.
    pub fn add(&mut self, start: u64, size: u64, name: &[u8], linkage: Linkage) {
        self.symbols.push(Symbol {
            range: start..start.saturating_add(size),
            name: self.names.len(),
            linkage,
            has_size: size > 0,
        });
        self.names.extend_from_slice(name);
        self.names.push(0);
    }

    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// Whether all symbols that a file was linked with were read: a stripped file only has those
    /// that other files need.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Prepares the table for [`SymbolTable::find`].
    pub fn finish(mut self) -> SymbolTable {
        self.symbols.sort_by_key(|symbol| symbol.range.start);
        // As in perf, the last of several aliases without a size gets one, and is preferred.
        let starts: Vec<u64> = self.symbols.iter().map(|it| it.range.start).collect();
        let next_starts = starts.iter().skip(1).copied().map(Some).chain([None]);
        for (symbol, next) in self.symbols.iter_mut().zip(next_starts) {
            if symbol.range.is_empty() {
                let page_after = symbol.range.start.saturating_add(2 * PAGE - 1) & !(PAGE - 1);
                symbol.range.end = next.unwrap_or(page_after);
            }
        }
        self
    }

    /// Like [`SymbolTable::finish`], but keeps only the first of several symbols with the same
    /// start.
    pub fn finish_newest_first(mut self) -> SymbolTable {
        self.symbols.sort_by_key(|symbol| symbol.range.start);
        self.symbols.dedup_by_key(|symbol| symbol.range.start);
        self
    }

    /// The linkage name of the function at `address`.
    pub fn find(&self, address: u64) -> Option<&[u8]> {
        let found = self.find_symbol(address)?;
        let start = found.range.start;
        let mut preferred = self.preferred.borrow_mut();
        let name = preferred.entry(start).or_insert_with(|| {
            let symbol = self.preferred_at(start);
            symbol.map_or(found.name, |symbol| symbol.name)
        });
        Some(name_at(&self.names, *name))
    }

    /// The innermost symbol that contains `address`. A symbol without a size is a function only if
    /// no other symbol contains it, and a label otherwise.
    fn find_symbol(&self, address: u64) -> Option<&Symbol> {
        const MAX_NESTED: usize = 32;
        let end = self
            .symbols
            .partition_point(|symbol| symbol.range.start <= address);
        let before = self.symbols[..end].iter().rev().take(MAX_NESTED);
        let mut around = before.filter(|it| address < it.range.end);
        let innermost = around.next()?;
        let function = match innermost.has_size {
            true => None,
            false => around.find(|it| it.has_size),
        };
        Some(function.unwrap_or(innermost))
    }

    /// The symbol at a start address that perf prefers. This requires demangling, so it is not done
    /// for all symbols in advance.
    fn preferred_at(&self, start: u64) -> Option<&Symbol> {
        let first = self.symbols.partition_point(|it| it.range.start < start);
        let aliases = self.symbols[first..].iter();
        let aliases = aliases.take_while(|it| it.range.start == start);
        aliases.reduce(|kept, next| match preference(kept, next, &self.names) {
            Ordering::Less => next,
            _ => kept,
        })
    }

    /// Reads the symbols of a file and of its debug files. Addresses are those in the file.
    pub fn of_elf(program: Option<&Image>, debug_files: &[Image]) -> SymbolTable {
        let mut table = SymbolTable::default();
        for image in program.into_iter().chain(debug_files) {
            let Some(elf) = image.parse() else { continue };
            table.add_symbols(&elf, ".symtab", ".strtab");
            if !table.is_empty() {
                break;
            }
        }
        let program = program.and_then(Image::parse);
        if let Some(elf) = &program
            && table.is_empty()
        {
            table.add_mini_debug_info(elf);
        }
        table.is_whole = !table.is_empty();
        if let Some(elf) = &program {
            table.add_symbols(elf, ".dynsym", ".dynstr");
            table.add_stubs(elf);
        }
        table.finish()
    }

    /// Adds the symbols of a section, whose names are in another: `.symtab` and `.strtab`. Both are
    /// read whole, and names are located on lookup, because most are never needed.
    fn add_symbols(&mut self, elf: &Elf<'_>, symbols: &str, names: &str) {
        let (Some(symbols), Some(names)) = (section_data(elf, symbols), section_data(elf, names))
        else {
            return;
        };
        let first_name = self.names.len();
        self.names.extend_from_slice(&names);
        self.names.push(0);
        let order = match elf.is_little_endian() {
            true => ByteOrder::Little,
            false => ByteOrder::Big,
        };
        let mut bytes = Bytes::new(&symbols, order);
        while let Some(entry) = Entry::read(&mut bytes, elf.is_64()) {
            if (entry.name as usize) < names.len() && entry.is_wanted() {
                let start = entry.address;
                self.symbols.push(Symbol {
                    range: start..start.saturating_add(entry.size),
                    name: first_name + entry.name as usize,
                    linkage: entry.linkage(),
                    has_size: entry.size > 0,
                });
            }
        }
    }

    /// Adds the symbols that Fedora leaves in stripped files, in a compressed section.
    fn add_mini_debug_info(&mut self, elf: &Elf<'_>) {
        let Some(packed) = section_data(elf, ".gnu_debugdata") else {
            return;
        };
        let Some(bytes) = unpack(&packed) else { return };
        if let Some(elf) = Image::from_bytes(bytes).parse() {
            self.add_symbols(&elf, ".symtab", ".strtab");
        }
    }

    /// Adds `function@plt` for the stubs that call functions in other objects or indirect
    /// functions.
    fn add_stubs(&mut self, elf: &Elf<'_>) {
        let slots = self.slots(elf);
        for (section, step) in [(".plt", 16), (".plt.sec", 16), (".plt.got", 8)] {
            let Some(section) = elf.section_by_name(section) else {
                continue;
            };
            let Ok(code) = section.data() else { continue };
            for (stub, address) in code.chunks(step).zip((section.address()..).step_by(step)) {
                let slot = slot_of_stub(stub, address);
                if let Some(name) = slot.and_then(|slot| slots.get(&slot)) {
                    let name = [name.as_slice(), b"@plt"].concat();
                    self.add(address, step as u64, &name, Linkage::Local);
                }
            }
        }
    }

    /// The names of the functions whose addresses the loader writes, by the address of the slot.
    fn slots(&mut self, elf: &Elf<'_>) -> AHashMap<u64, Vec<u8>> {
        self.symbols.sort_by_key(|symbol| symbol.range.start);
        let table = elf.dynamic_symbol_table();
        let of_other = |relocation: &Relocation| {
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return None;
            };
            let symbol = table.as_ref()?.symbol_by_index(index).ok()?;
            Some(without_version(symbol.name_bytes().ok()?).to_vec())
        };
        // The resolver of an indirect function has its name.
        let of_own = |relocation: &Relocation| {
            let chooser = chooser_of(relocation)?;
            let symbol = self.preferred_at(chooser)?;
            Some(without_version(name_at(&self.names, symbol.name)).to_vec())
        };
        let relocations = elf.dynamic_relocations().into_iter().flatten();
        let slots = relocations.filter_map(|(address, relocation)| {
            let name = of_other(&relocation).or_else(|| of_own(&relocation))?;
            Some((address, name))
        });
        slots.collect()
    }
}

/// The address of the resolver of an indirect function.
fn chooser_of(relocation: &Relocation) -> Option<u64> {
    match relocation.flags() {
        RelocationFlags::Elf {
            r_type: elf::R_X86_64_IRELATIVE,
        } => Some(relocation.addend().cast_unsigned()),
        _ => None,
    }
}

/// Compares two symbols at the same address; perf prefers the `Greater`, and the first one if they
/// are equal.
fn preference(a: &Symbol, b: &Symbol, names: &[u8]) -> Ordering {
    let by_kind = |symbol: &Symbol| (!symbol.range.is_empty(), symbol.linkage);
    let by_name = |symbol: &Symbol| {
        let name = demangled_frame(name_at(names, symbol.name));
        let underscores = name.iter().take_while(|byte| **byte == b'_').count();
        (usize::MAX - underscores, name.len())
    };
    by_kind(a)
        .cmp(&by_kind(b))
        .then_with(|| by_name(a).cmp(&by_name(b)))
        .then(Ordering::Greater)
}

/// `memcpy` for `memcpy@@GLIBC_2.14`: linkers append the version of a function to its name. A stub
/// keeps its suffix: `memcpy@plt`.
pub(crate) fn without_version(name: &[u8]) -> &[u8] {
    match memchr::memchr(b'@', name) {
        Some(at @ 1..) if !name.ends_with(b"@plt") => &name[..at],
        _ => name,
    }
}

fn name_at(names: &[u8], start: usize) -> &[u8] {
    let names = names.get(start..).unwrap_or_default();
    &names[..memchr::memchr(0, names).unwrap_or(names.len())]
}

/// A symbol entry in a file.
struct Entry {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
    address: u64,
    size: u64,
}

impl Entry {
    fn read(bytes: &mut Bytes<'_>, is_64: bool) -> Option<Entry> {
        let name = bytes.u32()?;
        let (mut address, mut size) = (0, 0);
        if !is_64 {
            (address, size) = (u64::from(bytes.u32()?), u64::from(bytes.u32()?));
        }
        let &[info, other] = bytes.take(2)?.first_chunk()?;
        let section = bytes.u16()?;
        if is_64 {
            (address, size) = (bytes.u64()?, bytes.u64()?);
        }
        Some(Entry {
            name,
            info,
            other,
            section,
            address,
            size,
        })
    }

    /// Whether perf treats it as a symbol: functions and data that are defined here, and visible
    /// labels.
    fn is_wanted(&self) -> bool {
        let is_hidden = matches!(self.other & 3, elf::STV_HIDDEN | elf::STV_INTERNAL);
        let is_wanted = match self.info & 0xf {
            elf::STT_FUNC | elf::STT_GNU_IFUNC | elf::STT_OBJECT => true,
            elf::STT_NOTYPE => !is_hidden,
            _ => false,
        };
        is_wanted && self.name != 0 && !matches!(self.section, elf::SHN_UNDEF | elf::SHN_ABS)
    }

    fn linkage(&self) -> Linkage {
        match self.info >> 4 {
            elf::STB_WEAK => Linkage::Weak,
            elf::STB_GLOBAL => Linkage::Global,
            _ => Linkage::Local,
        }
    }
}

/// The slot that the jump in a stub (`jmp *slot(%rip)`) reads its target from.
fn slot_of_stub(stub: &[u8], address: u64) -> Option<u64> {
    let at = memchr::memmem::find(stub, &[0xff, 0x25])?;
    let distance = stub.get(at + 2..)?.first_chunk()?;
    let next = address.wrapping_add(at as u64 + 6);
    Some(next.wrapping_add_signed(i64::from(i32::from_le_bytes(*distance))))
}

/// Maps the parts of a file to memory.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// Offset in the file, size in the file, address.
    parts: Vec<(u64, u64, u64)>,
}

impl Segments {
    pub fn of_elf(elf: &Elf<'_>) -> Segments {
        let part = |segment: object::Segment<'_, '_, _>| {
            let (offset, size) = segment.file_range();
            (offset, size, segment.address())
        };
        Segments {
            parts: elf.segments().map(part).collect(),
        }
    }

    /// The start address of the first segment.
    pub fn start(&self) -> Option<u64> {
        let starts = self.parts.iter().map(|(_, _, address)| *address);
        starts.min()
    }

    /// The address, as used by symbols, for an `offset` in the file.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        let is_in =
            |part: &&(u64, u64, u64)| offset.checked_sub(part.0).is_some_and(|at| at < part.1);
        // Segments overlap at page boundaries, where the later one counts.
        let (start, _, address) = self.parts.iter().rev().find(is_in)?;
        Some(address.wrapping_add(offset - start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(symbols: &[(u64, u64, &str, Linkage)]) -> SymbolTable {
        let mut table = SymbolTable::default();
        for (start, size, name, linkage) in symbols {
            table.add(*start, *size, name.as_bytes(), *linkage);
        }
        table.finish()
    }

    #[test]
    fn addresses_are_in_the_symbol_that_covers_them() {
        let table = table(&[
            (0x20, 0x8, "b", Linkage::Local),
            (0x10, 0x8, "a", Linkage::Local),
            (0x30, 0, "to_the_next", Linkage::Local),
            (0x40, 0x20, "outer", Linkage::Local),
            (0x48, 0x4, "inner", Linkage::Local),
            (0x50, 0, "label_in_outer", Linkage::Global),
            (0x60, 0, "last", Linkage::Local),
        ]);
        for (address, name) in [
            (0xf, None),
            (0x10, Some("a")),
            (0x17, Some("a")),
            (0x18, None),
            (0x20, Some("b")),
            (0x3f, Some("to_the_next")),
            (0x4b, Some("inner")),
            (0x4c, Some("outer")),
            (0x50, Some("outer")),
            (0x5f, Some("outer")),
            (0x1fff, Some("last")),
            (0x3000, None),
        ] {
            let found = table.find(address).map(|name| name.to_vec());
            let expected = name.map(|name| name.as_bytes().to_vec());
            assert_eq!(found, expected, "{address:#x}");
        }
    }

    #[test]
    fn aliases_are_chosen_like_in_perf() {
        for (a, b, expected) in [
            (("weak", Linkage::Weak), ("local", Linkage::Local), "local"),
            (
                ("local", Linkage::Local),
                ("global", Linkage::Global),
                "global",
            ),
            (
                ("__write", Linkage::Global),
                ("write", Linkage::Global),
                "write",
            ),
            (
                ("longest", Linkage::Global),
                ("long", Linkage::Global),
                "longest",
            ),
            (("same", Linkage::Global), ("size", Linkage::Global), "same"),
        ] {
            let aliases = [(0x10, 8, a.0, a.1), (0x10, 8, b.0, b.1)];
            assert_eq!(table(&aliases).find(0x10), Some(expected.as_bytes()));
        }
        let without_sizes = [
            (0x10, 0, "first", Linkage::Global),
            (0x10, 0, "last", Linkage::Local),
        ];
        assert_eq!(table(&without_sizes).find(0x10), Some(&b"last"[..]));
    }

    #[test]
    fn versions_are_not_part_of_names() {
        for (name, expected) in [
            ("memcpy@@GLIBC_2.14", "memcpy"),
            ("cfree@GLIBC_2.2.5", "cfree"),
            ("_ZN4shop4cartEv@@SHOP_1", "_ZN4shop4cartEv"),
            ("memcpy@plt", "memcpy@plt"),
            ("main", "main"),
            ("@x", "@x"),
            ("", ""),
        ] {
            assert_eq!(without_version(name.as_bytes()), expected.as_bytes());
        }
    }

    #[test]
    fn stubs_are_named_after_what_they_jump_to() {
        // endbr64; bnd jmp *0x2fe5(%rip); nop
        let stub = [
            0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xe5, 0x2f, 0, 0, 0x0f, 0x1f, 0x44, 0, 0,
        ];
        assert_eq!(slot_of_stub(&stub, 0x1000), Some(0x1000 + 11 + 0x2fe5));
        assert_eq!(slot_of_stub(&stub[..8], 0x1000), None);
        assert_eq!(slot_of_stub(b"", 0x1000), None);
    }
}
