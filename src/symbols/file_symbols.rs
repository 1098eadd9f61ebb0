//! The functions in one file.

use super::files::{Files, Found, Identity, Image};
use super::inline::{DebugInfo, InlinedCalls};
use super::lack::Lack;
use super::object::Object;
use super::table::{Segments, SymbolTable, without_version};
use super::{Detail, Function, Functions};

/// The symbols and the debug information of a program or library, as far as they are here.
pub(crate) struct FileSymbols {
    segments: Segments,
    table: SymbolTable,
    debug_info: Option<DebugInfo>,
    detail: Detail,
    lack: Lack,
}

impl FileSymbols {
    /// Reads those of `object`, whose file is one of `files`; its debug information only if any `detail` of it is to
    /// be known.
    pub fn read(
        files: &Files,
        object: &Object,
        identity: &Identity,
        detail: Detail,
    ) -> FileSymbols {
        let (program, lack) = match files.program(object, identity) {
            Found::File(image) => (Some(image), Lack::Symbols),
            Found::Nothing(lack) => (None, lack),
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
            lack: match lack {
                Lack::Symbols if table.is_whole() => Lack::SomeSymbols,
                lack => lack,
            },
            table,
        }
    }

    /// Why those of its functions have no name that have none.
    pub fn lack(&self) -> Lack {
        self.lack
    }

    /// The address, as symbols have it, of what is at `offset` in the file.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        self.segments.address_of(offset)
    }

    /// The address, as symbols have it, of what is `distance` bytes behind the start of the file's image in
    /// memory.
    pub fn address_in_image(&self, distance: u64) -> Option<u64> {
        self.segments
            .start()
            .map(|start| start.wrapping_add(distance))
    }

    /// To look up addresses; several, since preparing it takes time.
    pub fn lookup<'a>(&'a self, files: &'a Files) -> Lookup<'a> {
        Lookup {
            table: &self.table,
            inlined: InlinedCalls::new(self.debug_info.as_ref(), self.detail, files),
        }
    }
}

/// Looks up addresses in a file, as its symbols have them.
pub(crate) struct Lookup<'a> {
    table: &'a SymbolTable,
    inlined: InlinedCalls<'a>,
}

impl Lookup<'_> {
    /// The functions at `address`, the outermost first: that of the symbol, and what was inlined into it at
    /// `call`, which is the same or in the instruction before. One without a name if there is no symbol.
    pub fn functions(&self, address: Option<u64>, call: Option<u64>) -> Functions {
        let name = address.and_then(|address| self.table.find(address));
        match (call, name.map(without_version)) {
            (Some(call), Some(name)) => self.inlined.functions(call, name),
            (_, name) => vec![Function::named(name)],
        }
    }
}
