//! Symbolizes the addresses of a profile that has no function names.
//!
//! Profilers of native code usually record addresses and mappings, and leave symbolization to other
//! tools. It takes two steps: a reader adds all addresses to [`Addresses`], which then resolves
//! them, one object at a time, with the same code as for `perf.data`.

use super::SymbolOptions;
use super::lines::parse_hex;
use crate::names::frame::{basename, object_name};
#[cfg(feature = "perf-data")]
use crate::names::frame::{frame_name, with_place};
#[cfg(feature = "perf-data")]
use crate::symbols::{
    self, Detail, FileSymbols, Files, Function, Identity, Kind, Origin, SourceLine, list_missing,
};
use ahash::AHashMap;

/// `name (file:line)` for a line from debug information, if it is known.
#[cfg(feature = "perf-data")]
pub(crate) fn with_line(name: &[u8], source: Option<&SourceLine>) -> Vec<u8> {
    match source {
        Some(SourceLine { file, number }) => {
            with_place(name, file, number.map(|number| u64::from(number).into()))
        }
        None => name.to_vec(),
    }
}

/// What an address is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FileAddress {
    /// An offset in the file.
    Offset(u64),
    /// An offset from the start of the file's image in memory.
    #[cfg_attr(
        not(feature = "json"),
        expect(dead_code, reason = "only the Firefox Profiler has them")
    )]
    InImage(u64),
    /// An address as used by symbols.
    Symbol(u64),
    Unknown,
}

impl FileAddress {
    /// Converts an address in a process with a mapping that starts at `start` and has the file from
    /// `offset` on.
    pub fn in_mapping(address: u64, start: u64, offset: u64) -> FileAddress {
        match address.checked_sub(start) {
            Some(distance) => FileAddress::Offset(offset.wrapping_add(distance)),
            // An address before the mapping is not one of the process, but of the file.
            None => FileAddress::Symbol(address),
        }
    }
}

/// One of the addresses in [`Addresses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AddressId(usize);

/// An address in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Address {
    object: usize,
    file_address: FileAddress,
    /// The address to display.
    shown: u64,
}

/// Identifies a file in addition to its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum FileId {
    BuildId(Vec<u8>),
    /// The inode.
    Inode(u64),
    Unknown,
}

impl FileId {
    /// Parses the build ID of a profile, which may be empty.
    #[cfg_attr(
        not(any(feature = "json", feature = "protobuf")),
        expect(dead_code, reason = "text has none")
    )]
    pub fn of_hex(text: &[u8]) -> FileId {
        const SHORTEST: usize = 8;
        let id = parse_bytes(text).filter(|id| id.len() >= SHORTEST);
        match text {
            b"" => FileId::Unknown,
            // Anything else is another kind of ID, which matches no file.
            text => FileId::BuildId(id.unwrap_or_else(|| text.to_vec())),
        }
    }

    /// Parses a Breakpad ID: the start of the build ID as a GUID, and another digit.
    #[cfg_attr(
        not(feature = "json"),
        expect(dead_code, reason = "only the Firefox Profiler has them")
    )]
    pub fn of_breakpad(text: &[u8]) -> FileId {
        const GUID: usize = 16;
        let digits = text.get(..2 * GUID).unwrap_or_default();
        match parse_bytes(digits) {
            Some(mut id) if id.len() == GUID && id.iter().any(|byte| *byte != 0) => {
                // The first three numbers of a GUID are little-endian.
                for number in [0..4, 4..6, 6..8] {
                    id[number].reverse();
                }
                FileId::BuildId(id)
            }
            _ => FileId::Unknown,
        }
    }

    #[cfg(feature = "perf-data")]
    fn identity(&self) -> Identity {
        match self {
            FileId::BuildId(id) => Identity::new(vec![id.clone()], Origin::Unknown),
            FileId::Inode(inode) => Identity::of_inode(*inode),
            FileId::Unknown => Identity::new(Vec::new(), Origin::Unknown),
        }
    }
}

/// Parses the bytes of `0a1b..`.
fn parse_bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|pair| {
        let is_hex = pair.iter().all(u8::is_ascii_hexdigit);
        parse_hex(pair).filter(|_| is_hex)?.try_into().ok()
    });
    bytes.collect::<Option<_>>().filter(|_| rest.is_empty())
}

/// A program or library.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Object {
    path: Vec<u8>,
    id: FileId,
}

/// The addresses of a profile to symbolize.
#[derive(Debug)]
pub(crate) struct Addresses<'o> {
    options: &'o SymbolOptions,
    /// Whether to append file and line to names.
    #[cfg_attr(
        not(feature = "perf-data"),
        expect(dead_code, reason = "there are no lines")
    )]
    lines: bool,
    objects: Vec<Object>,
    object_ids: AHashMap<Object, usize>,
    addresses: Vec<Address>,
    ids: AHashMap<Address, AddressId>,
}

impl<'o> Addresses<'o> {
    pub fn new(options: &'o SymbolOptions, lines: bool) -> Addresses<'o> {
        Addresses {
            options,
            lines,
            objects: Vec::new(),
            object_ids: AHashMap::new(),
            addresses: Vec::new(),
            ids: AHashMap::new(),
        }
    }

    /// Adds an address in the file at `path`, which may be empty. For a call, the address must be
    /// within the call instruction. `shown` is the address to display.
    pub fn add(
        &mut self,
        path: &[u8],
        id: &FileId,
        file_address: FileAddress,
        shown: u64,
    ) -> AddressId {
        let address = Address {
            object: self.object(path, id),
            file_address,
            shown,
        };
        let next = AddressId(self.addresses.len());
        let id = *self.ids.entry(address).or_insert(next);
        if id == next {
            self.addresses.push(address);
        }
        id
    }

    fn object(&mut self, path: &[u8], id: &FileId) -> usize {
        let object = Object {
            path: path.to_vec(),
            id: id.clone(),
        };
        let next = self.objects.len();
        *self.object_ids.entry(object).or_insert_with_key(|object| {
            self.objects.push(object.clone());
            next
        })
    }

    /// Resolves all addresses, and logs the objects without names.
    pub fn resolve(self) -> Names {
        let mut names = Names {
            frames: self
                .addresses
                .iter()
                .map(|it| vec![self.unnamed(it)])
                .collect(),
        };
        self.find_functions(&mut names);
        names
    }

    /// The name of a frame without a symbol.
    fn unnamed(&self, address: &Address) -> Vec<u8> {
        let object = basename(&self.objects[address.object].path);
        object_name(object, self.options.addrs.then_some(address.shown))
    }

    #[cfg(not(feature = "perf-data"))]
    fn find_functions(&self, _: &mut Names) {}

    #[cfg(feature = "perf-data")]
    fn find_functions(&self, names: &mut Names) {
        let options = self.options;
        let files = Files::new(options.symfs.clone(), &options.debug_dir);
        let mut in_object = vec![Vec::new(); self.objects.len()];
        for (id, address) in self.addresses.iter().enumerate() {
            in_object[address.object].push(id);
        }
        let mut lacking = Vec::new();
        for (object, ids) in self.objects.iter().zip(in_object) {
            if let Some(missing) = self.find_in_object(object, &ids, &files, names) {
                lacking.push((missing, ids.len() as f64));
            }
        }
        if !lacking.is_empty() {
            let objects = list_missing(lacking);
            crate::warnings::warning!("the profile has functions without names, in {objects}");
        }
    }

    /// Names the functions at the addresses `ids`. Returns a description of what is missing.
    #[cfg(feature = "perf-data")]
    fn find_in_object(
        &self,
        object: &Object,
        ids: &[usize],
        files: &Files,
        names: &mut Names,
    ) -> Option<String> {
        let kind = match object.path.as_slice() {
            b"[vdso]" => Kind::Vdso,
            [b'/', ..] => Kind::File,
            _ => return None,
        };
        let identity = object.id.identity();
        let name = basename(&object.path);
        let object = symbols::Object::new(kind, name, &object.path, None);
        let detail = Detail {
            inlined: !self.options.no_inline,
            lines: self.lines,
        };
        let symbols = FileSymbols::read(files, &object, &identity, detail);
        let lookup = symbols.lookup(files);
        let mut are_named = true;
        for &id in ids {
            let address = match self.addresses[id].file_address {
                FileAddress::Offset(offset) => symbols.address_of(offset),
                FileAddress::InImage(distance) => symbols.address_in_image(distance),
                FileAddress::Symbol(address) => Some(address),
                FileAddress::Unknown => None,
            };
            let functions = lookup.functions(address, address);
            match functions.iter().map(frame_of).collect() {
                Some(frames) => names.frames[id] = frames,
                None => are_named = false,
            }
        }
        (!are_named).then(|| symbols.missing().describe(&object))
    }
}

/// The frame of a function, with its line if that is known.
#[cfg(feature = "perf-data")]
fn frame_of(function: &Function) -> Option<Vec<u8>> {
    let name = frame_name(function.name.as_ref()?);
    Some(with_line(&name, function.line.as_ref()))
}

/// The names of the functions at addresses.
#[derive(Debug)]
pub(crate) struct Names {
    frames: Vec<Vec<Vec<u8>>>,
}

impl Names {
    /// The functions at an address, the outermost first: more than one if calls were inlined.
    pub fn frames(&self, address: AddressId) -> &[Vec<u8>] {
        &self.frames[address.0]
    }
}
