//! The functions of a file.

use super::files::{Files, Found, Identity, Image};
use super::inline::{DebugInfo, InlinedCalls};
use super::missing::Missing;
use super::object::Object;
use super::table::{Segments, SymbolTable, without_version};
use super::{Detail, Function, Functions};

/// The symbols and debug information of a program or library, as far as available.
pub(crate) struct FileSymbols {
    segments: Segments,
    table: SymbolTable,
    debug_info: Option<DebugInfo>,
    detail: Detail,
    missing: Missing,
}

impl FileSymbols {
    /// Reads the symbols of `object`, whose file is one of `files`; debug information is read only
    /// if `detail` requires it.
    pub fn read(
        files: &Files,
        object: &Object,
        identity: &Identity,
        detail: Detail,
    ) -> FileSymbols {
        let (program, missing) = match files.program(object, identity) {
            Found::File(image) => (Some(image), Missing::Stripped),
            Found::Nothing(missing) => (None, missing),
        };
        let debug_files = files.debug_files(program.as_ref(), &identity.build_ids);
        let mut images = program.iter().chain(&debug_files);
        let segments = images.next().and_then(Image::parse);
        let segments = segments.map(|elf| Segments::of_elf(&elf));
        let table = SymbolTable::of_elf(program.as_ref(), &debug_files);
        let images = program.iter().chain(&debug_files);
        FileSymbols {
            segments: segments.unwrap_or_default(),
            debug_info: DebugInfo::read(images.filter(|_| detail.inlined || detail.lines)),
            detail,
            missing: match missing {
                Missing::Stripped if table.is_whole() => Missing::PartlyStripped,
                missing => missing,
            },
            table,
        }
    }

    /// Why functions in this file may have no name.
    pub fn missing(&self) -> Missing {
        self.missing
    }

    /// The address, as used by symbols, for an `offset` in the file.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        self.segments.address_of(offset)
    }

    /// The address, as used by symbols, that is `distance` bytes after the start of the file's
    /// image in memory.
    pub fn address_in_image(&self, distance: u64) -> Option<u64> {
        self.segments
            .start()
            .map(|start| start.wrapping_add(distance))
    }

    /// Creates a lookup, which takes some time to prepare, so it should be reused.
    pub fn lookup<'a>(&'a self, files: &'a Files) -> Lookup<'a> {
        Lookup {
            table: &self.table,
            inlined: InlinedCalls::new(self.debug_info.as_ref(), self.detail, files),
        }
    }
}

/// Looks up addresses of a file, as used by symbols.
pub(crate) struct Lookup<'a> {
    table: &'a SymbolTable,
    inlined: InlinedCalls<'a>,
}

impl Lookup<'_> {
    /// The functions at `address`, the outermost first: the function of the symbol, and those
    /// inlined into it at `call`, which is either the same address or in the preceding instruction.
    /// Without a symbol, the result is one function without a name.
    pub fn functions(&self, address: Option<u64>, call: Option<u64>) -> Functions {
        let name = address.and_then(|address| self.table.find(address));
        match (call, name.map(without_version)) {
            (Some(call), Some(name)) => self.inlined.functions(call, name),
            (_, name) => vec![Function::named(name)],
        }
    }
}
