//! Functions that a profile knows by their addresses only.
//!
//! Profilers of native code mostly write addresses and what was mapped where, and leave it to others to find
//! the functions. They are found in two steps: a reader adds all addresses to [`Addresses`], which then looks
//! them up, an object at a time, with the code that names those of `perf.data`.

use super::lines::parse_hex;
#[cfg(feature = "perf-data")]
use super::names::frame_name;
use super::names::{basename, object_name};
#[cfg(feature = "perf-data")]
use crate::symbols::{self, Detail, FileSymbols, Files, Identity, Kind, Origin, list_lacking};
use ahash::AHashMap;
use std::path::PathBuf;

/// How functions are named that the profile knows by their addresses only.
///
/// Their symbols are those of the files that the profile names, if they are here and have the build-id that the
/// profile says, if it says one. Only regular files are opened. It takes the crate's feature `perf-data`;
/// without it, functions are called by their objects.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct SymbolOptions {
    /// Call functions without a name by their address: `[libc.so.6 <2a1f0>]`
    #[cfg_attr(feature = "cli", arg(long))]
    pub addrs: bool,

    /// Leave out the calls that the compiler inlined, which takes less time
    #[cfg_attr(feature = "cli", arg(long))]
    pub no_inline: bool,

    /// Look for programs and libraries below DIR
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIR", value_parser = crate::cli::values::existing_directory))]
    pub symfs: Option<PathBuf>,

    /// Look for debug information in DIR, besides /usr/lib/debug; can be repeated
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIR", value_parser = crate::cli::values::existing_directory))]
    pub debug_dir: Vec<PathBuf>,
}

/// What an address is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// The start of the file.
    Offset(u64),
    /// Where the file's image starts in memory.
    #[cfg_attr(
        not(feature = "json"),
        expect(dead_code, reason = "only the Firefox Profiler has them")
    )]
    InImage(u64),
    /// It is one as symbols have it.
    Symbol(u64),
    Unknown,
}

impl Place {
    /// The place of an address in a mapping of a process, which started at `start` and showed the file from
    /// `offset` on.
    pub fn in_mapping(address: u64, start: u64, offset: u64) -> Place {
        match address.checked_sub(start) {
            Some(distance) => Place::Offset(offset.wrapping_add(distance)),
            // What is before it was not an address of the process, but one of the file.
            None => Place::Symbol(address),
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
    place: Place,
    /// As frames show it.
    shown: u64,
}

/// What a profile says of a file, besides its path, that tells it from another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum FileId {
    BuildId(Vec<u8>),
    /// Its number in its file system.
    Inode(u64),
    Unknown,
}

impl FileId {
    /// That of a build-id as profiles write it, which is empty if there is none.
    #[cfg_attr(
        not(any(feature = "json", feature = "protobuf")),
        expect(dead_code, reason = "text has none")
    )]
    pub fn of_hex(text: &[u8]) -> FileId {
        const SHORTEST: usize = 8;
        let id = parse_bytes(text).filter(|id| id.len() >= SHORTEST);
        match text {
            b"" => FileId::Unknown,
            // What is no such number is another kind of id, which no file here has.
            text => FileId::BuildId(id.unwrap_or_else(|| text.to_vec())),
        }
    }

    /// That of an id of Breakpad: the start of the build-id as a GUID, and another digit.
    #[cfg_attr(
        not(feature = "json"),
        expect(dead_code, reason = "only the Firefox Profiler has them")
    )]
    pub fn of_breakpad(text: &[u8]) -> FileId {
        const GUID: usize = 16;
        let digits = text.get(..2 * GUID).unwrap_or_default();
        match parse_bytes(digits) {
            Some(mut id) if id.len() == GUID && id.iter().any(|byte| *byte != 0) => {
                // Its first three numbers are written the other way round.
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

/// The bytes of `0a1b..`.
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

/// The addresses of a profile whose functions are to be found.
#[derive(Debug)]
pub(crate) struct Addresses<'o> {
    options: &'o SymbolOptions,
    objects: Vec<Object>,
    object_ids: AHashMap<Object, usize>,
    addresses: Vec<Address>,
    ids: AHashMap<Address, AddressId>,
}

impl<'o> Addresses<'o> {
    pub fn new(options: &'o SymbolOptions) -> Addresses<'o> {
        Addresses {
            options,
            objects: Vec::new(),
            object_ids: AHashMap::new(),
            addresses: Vec::new(),
            ids: AHashMap::new(),
        }
    }

    /// Adds an address in the file that was at `path`, which is not empty if it is known. Of a call, it is
    /// within the instruction. `shown` is the address that frames show.
    pub fn add(&mut self, path: &[u8], id: &FileId, place: Place, shown: u64) -> AddressId {
        let address = Address {
            object: self.object(path, id),
            place,
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

    /// Looks them up, and logs which objects lack names.
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

    /// What a function without a name is called.
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
            log::warn!("the profile has functions without names, in {objects}");
        }
    }

    /// Names the functions at the addresses `ids`. Returns what is missing for that.
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
            lines: false,
        };
        let symbols = FileSymbols::read(files, &object, &identity, detail);
        let lookup = symbols.lookup(files);
        let mut are_named = true;
        for &id in ids {
            let address = match self.addresses[id].place {
                Place::Offset(offset) => symbols.address_of(offset),
                Place::InImage(distance) => symbols.address_in_image(distance),
                Place::Symbol(address) => Some(address),
                Place::Unknown => None,
            };
            let functions = lookup.functions(address, address);
            let found = functions.into_iter().map(|function| function.name);
            match found.collect::<Option<Vec<_>>>() {
                Some(found) => names.frames[id] = found.iter().map(|it| frame_name(it)).collect(),
                None => are_named = false,
            }
        }
        (!are_named).then(|| symbols.missing().describe(&object))
    }
}

/// What the functions at addresses are called.
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
