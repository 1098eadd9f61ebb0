//! Symbolizes the addresses of a profile that has no function names.
//!
//! Profilers of native code usually record addresses and mappings, and leave symbolization to other
//! tools. It takes two steps: a reader adds all addresses to [`Addresses`], which then resolves
//! them, one object at a time, with the same code as for `perf.data`.

#[cfg_attr(not(feature = "perf-data"), path = "no_symbols.rs")]
pub(crate) mod symbols;

use super::SymbolOptions;
use super::lines::parse_hex;
use crate::names::frame::{basename, object_name};
use ahash::AHashMap;

/// What an address is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FileAddress {
    /// An offset in the file.
    Offset(u64),
    /// An offset from the start of the file's image in memory.
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
