//! Reads the kernel's symbols from `/proc/kallsyms` or a similar file.
//!
//! ```text
//! line = address SP type SP name [ "\t[" module "]" ]
//! ```

use super::table::{Linkage, SymbolTable};
use crate::bytes::lines::lines_of;

/// Reads a symbol table. If the symbol `reference` has another address here than in the recording,
/// the kernel was restarted at another base address, and its symbols are relocated.
pub(crate) fn read_kallsyms(text: &[u8], reference: Option<(&[u8], u64)>) -> SymbolTable {
    let moved = reference.map_or(0, |(name, address)| {
        let here = symbols(text).find(|symbol| symbol.name == name);
        here.map_or(0, |here| address.wrapping_sub(here.address))
    });
    let mut table = SymbolTable::default();
    for symbol in symbols(text).filter(|symbol| symbol.address != 0) {
        // Only the kernel itself is relocated; modules are not.
        let moved = if symbol.is_in_module { 0 } else { moved };
        let address = symbol.address.wrapping_add(moved);
        table.add(address, 0, symbol.name, symbol.linkage);
    }
    table.finish()
}

struct KernelSymbol<'a> {
    address: u64,
    linkage: Linkage,
    name: &'a [u8],
    is_in_module: bool,
}

fn symbols(text: &[u8]) -> impl Iterator<Item = KernelSymbol<'_>> {
    lines_of(text).filter_map(read_line)
}

/// Parses a line; `None` if it is invalid, or about an absolute symbol.
fn read_line(line: &[u8]) -> Option<KernelSymbol<'_>> {
    let mut words = line.split(|byte| byte.is_ascii_whitespace());
    let address = std::str::from_utf8(words.next()?).ok()?;
    let (kind, name) = (*words.next()?.first()?, words.next()?);
    let is_wanted = matches!(kind.to_ascii_uppercase(), b'T' | b'W' | b'D' | b'B');
    let linkage = match kind {
        b'w' | b'W' => Linkage::Weak,
        kind if kind.is_ascii_uppercase() => Linkage::Global,
        _ => Linkage::Local,
    };
    is_wanted.then_some(KernelSymbol {
        address: u64::from_str_radix(address, 16).ok()?,
        linkage,
        name,
        is_in_module: words.next().is_some_and(|word| !word.is_empty()),
    })
}

/// The version of the running kernel, as printed by `uname -r`.
pub(crate) fn running_release() -> Vec<u8> {
    let release = std::fs::read("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim_ascii_end().to_vec()
}

/// The build ID of the running kernel.
pub(crate) fn running_build_id() -> Option<Vec<u8>> {
    let notes = std::fs::read("/sys/kernel/notes").ok()?;
    build_id_in_notes(&notes)
}

/// Finds the GNU note with the build ID.
fn build_id_in_notes(notes: &[u8]) -> Option<Vec<u8>> {
    const BUILD_ID: u32 = 3;
    let mut rest = notes;
    loop {
        let word = |at: usize| Some(u32::from_ne_bytes(*rest.get(at..)?.first_chunk()?));
        let (name_size, size, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let data = 12 + name_size.next_multiple_of(4);
        if kind == BUILD_ID && rest.get(12..16) == Some(b"GNU\0") {
            return rest.get(data..data + size).map(<[u8]>::to_vec);
        }
        rest = rest.get(data + size.next_multiple_of(4)..)?;
    }
}

/// Reads `/tmp/perf-PID.map`: `start size name`, in hexadecimal. Later entries were compiled later,
/// and replace earlier ones at the same address.
pub(crate) fn read_perf_map(text: &[u8]) -> SymbolTable {
    let mut table = SymbolTable::default();
    let entries: Vec<_> = perf_map_entries(text).collect();
    for (start, size, name) in entries.into_iter().rev() {
        table.add(start, size, name, Linkage::Local);
    }
    table.finish_newest_first()
}

/// The entries of `/tmp/perf-PID.map`: start, size and name of each function.
pub(crate) fn perf_map_entries(text: &[u8]) -> impl Iterator<Item = (u64, u64, &[u8])> {
    lines_of(text).filter_map(read_perf_map_line)
}

fn read_perf_map_line(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let mut words = line.trim_ascii().splitn(3, |byte| *byte == b' ');
    let mut number = || {
        let word = std::str::from_utf8(words.next()?).ok()?;
        u64::from_str_radix(word.trim_start_matches("0x"), 16).ok()
    };
    let (start, size) = (number()?, number()?);
    Some((start, size, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &[u8] = b"\
ffffffff81000000 T _text
ffffffff81000100 t local
ffffffff81000200 A absolute
ffffffff81000300 W weak
ffffffffc0000000 t of_module\t[nf_tables]
not a line
";

    #[test]
    fn kernel_symbols_are_read() {
        let table = read_kallsyms(KALLSYMS, None);
        assert_eq!(table.find(0xffff_ffff_8100_0150), Some(&b"local"[..]));
        assert_eq!(table.find(0xffff_ffff_8100_0250), Some(&b"local"[..]));
        assert_eq!(table.find(0xffff_ffff_8100_0300), Some(&b"weak"[..]));
        assert_eq!(table.find(0xffff_ffff_c000_0001), Some(&b"of_module"[..]));
    }

    #[test]
    fn a_kernel_that_started_elsewhere_is_moved() {
        let table = read_kallsyms(KALLSYMS, Some((b"_text", 0xffff_ffff_9100_0000)));
        assert_eq!(table.find(0xffff_ffff_9100_0150), Some(&b"local"[..]));
        assert_eq!(table.find(0xffff_ffff_c000_0001), Some(&b"of_module"[..]));
    }

    #[test]
    fn hidden_addresses_are_not_symbols() {
        let table = read_kallsyms(b"0000000000000000 T _text\n", Some((b"_text", 0)));
        assert!(table.is_empty());
    }

    #[test]
    fn the_last_function_at_an_address_counts() {
        let map = b"10 8 old name\n20 8 other\n10 4 new name\n0x30 0x8 prefixed\nnonsense\n";
        let table = read_perf_map(map);
        assert_eq!(table.find(0x11), Some(&b"new name"[..]));
        assert_eq!(table.find(0x15), None);
        assert_eq!(table.find(0x27), Some(&b"other"[..]));
        assert_eq!(table.find(0x30), Some(&b"prefixed"[..]));
    }

    #[test]
    fn build_ids_are_found_in_notes() {
        let note = |kind: u32, name: &[u8; 4], data: &[u8]| {
            let sizes = [4, data.len() as u32, kind].map(u32::to_ne_bytes).concat();
            [&sizes[..], name, data].concat()
        };
        let notes = [note(1, b"Xen\0", b"abcd"), note(3, b"GNU\0", b"12345678")].concat();
        assert_eq!(build_id_in_notes(&notes), Some(b"12345678".to_vec()));
        assert_eq!(build_id_in_notes(&notes[..30]), None);
        assert_eq!(build_id_in_notes(b""), None);
    }
}
