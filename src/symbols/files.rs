//! Finds the files of objects, and checks whether they are the ones that ran.
//!
//! A file whose build ID differs from the recorded one is another program, and is never used.

use super::host::{Origin, Running};
use super::missing::Missing;
use super::object::{Kind, Object};
use super::system::{inode, path_of};
use super::untrusted::{self, FilePath, OpenError};
use crate::warnings::warning;
use object::read::ReadCache;
use object::{Object as _, ObjectSection};
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The directory of installed debug information.
const SYSTEM_DEBUG_DIR: &str = "/usr/lib/debug";

/// Bytes with random access.
pub(crate) trait Readable: Read + Seek + Send {}
impl<T: Read + Seek + Send> Readable for T {}

/// An ELF file that is read on demand.
pub(crate) struct Image {
    cache: ReadCache<Box<dyn Readable>>,
    pub path: FilePath,
    /// Its inode, where supported.
    inode: Option<u64>,
}

/// A parsed [`Image`].
pub(crate) type Elf<'a> = object::File<'a, &'a ReadCache<Box<dyn Readable>>>;

impl Image {
    pub fn open(path: &FilePath) -> Result<Image, OpenError> {
        let file = untrusted::open(path)?;
        Ok(Image {
            inode: inode(&file),
            cache: ReadCache::new(Box::new(file) as Box<dyn Readable>),
            path: path.clone(),
        })
    }

    pub fn from_bytes(bytes: Vec<u8>) -> Image {
        Image {
            cache: ReadCache::new(Box::new(Cursor::new(bytes)) as Box<dyn Readable>),
            path: FilePath::new(PathBuf::new()),
            inode: None,
        }
    }

    pub fn parse(&self) -> Option<Elf<'_>> {
        object::File::parse(&self.cache).ok()
    }

    pub fn build_id(&self) -> Option<Vec<u8>> {
        self.parse()?.build_id().ok()?.map(<[u8]>::to_vec)
    }

    fn checksum(&self) -> Option<u32> {
        self.parse()?;
        let mut file = untrusted::open(&self.path).ok()?;
        checksum(&mut file).ok()
    }
}

/// The result of searching for an object's file.
pub(crate) enum Found {
    File(Image),
    /// Not found, with the reason.
    Nothing(Missing),
}

/// The known properties of the file that ran.
pub(crate) struct Identity {
    /// Its possible build IDs; empty if unknown.
    pub build_ids: Vec<Vec<u8>>,
    /// Its inode, if known.
    inode: Option<u64>,
    origin: Origin,
}

impl Identity {
    pub fn new(build_ids: Vec<Vec<u8>>, origin: Origin) -> Identity {
        Identity {
            build_ids,
            inode: None,
            origin,
        }
    }

    /// The identity of a file on this machine, or of one on a file system with other inodes.
    pub fn of_inode(inode: u64) -> Identity {
        Identity {
            build_ids: Vec::new(),
            inode: Some(inode),
            origin: Origin::Unknown,
        }
    }

    /// Whether `image` is that file, as far as known.
    fn is_of(&self, image: &Image) -> bool {
        is_right(image, &self.build_ids)
    }
}

/// The locations to search.
#[derive(Debug, Default)]
pub(crate) struct Files {
    symfs: Option<PathBuf>,
    debug_dirs: Vec<PathBuf>,
    cache: Option<PathBuf>,
}

impl Files {
    pub fn new(symfs: Option<PathBuf>, debug_dirs: &[PathBuf]) -> Files {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let system = PathBuf::from(SYSTEM_DEBUG_DIR);
        Files {
            symfs,
            debug_dirs: debug_dirs.iter().cloned().chain([system]).collect(),
            cache: home.map(|home| home.join(".debug")),
        }
    }

    /// Finds the file that ran.
    pub fn program(&self, object: &Object, identity: &Identity) -> Found {
        if object.kind == Kind::Vdso {
            return self.vdso(identity);
        }
        let mut missing = None;
        for path in self.paths_of_program(object, identity) {
            match Image::open(&path) {
                Ok(image) if self.is_exchanged(&image, identity) => {
                    missing = missing.or(Some(Missing::OtherFile));
                }
                Ok(image) if identity.is_of(&image) => return Found::File(image),
                Ok(_) => missing = missing.or(Some(Missing::OtherBuildId)),
                Err(OpenError::Missing) => {}
                Err(error) => missing = missing.or(Some(Missing::File(error))),
            }
        }
        Found::Nothing(
            missing.unwrap_or(match self.may_be_named_by_path(identity) {
                true => Missing::File(OpenError::Missing),
                false => Missing::Unverified,
            }),
        )
    }

    /// Whether the inode shows that a file is not the one that ran. Copies of files, in a directory
    /// given by the user, have other inodes.
    fn is_exchanged(&self, image: &Image, identity: &Identity) -> bool {
        let differs = |known: u64| image.inode.is_some_and(|inode| inode != known);
        self.symfs.is_none() && identity.inode.is_some_and(differs)
    }

    /// Possible paths of the file that ran: the one that the process sees, the same path here, and
    /// perf's cache.
    fn paths_of_program(&self, object: &Object, identity: &Identity) -> Vec<FilePath> {
        let path = path_of(&object.path);
        let mut paths = Vec::new();
        if self.symfs.is_none() {
            let running = running(object, identity).into_iter();
            let roots = running.filter_map(|process| process.root);
            paths.extend(roots.map(|root| FilePath::below(root, path.clone())));
        }
        if self.may_be_named_by_path(identity) {
            paths.push(FilePath::new(self.on_system(&path)));
        }
        let ids = identity.build_ids.iter();
        let cached = ids.filter_map(|id| self.in_cache(id, "elf"));
        paths.extend(cached.map(FilePath::new));
        paths
    }

    /// Whether to consider the file at the recorded path. It is only used if its build ID matches,
    /// or if the profile has none.
    fn may_be_named_by_path(&self, identity: &Identity) -> bool {
        identity.origin != Origin::Elsewhere
            || !identity.build_ids.is_empty()
            || self.symfs.is_some()
    }

    /// The JIT map of a process.
    pub fn perf_map(&self, object: &Object, identity: &Identity) -> Result<Vec<u8>, Missing> {
        if identity.origin == Origin::Elsewhere {
            return Err(Missing::OtherMachine);
        }
        let of_process = |process: Running| {
            let path = PathBuf::from(format!("/tmp/perf-{}.map", process.inner_pid));
            match process.root {
                Some(root) => FilePath::below(root, path),
                None => FilePath::new(path),
            }
        };
        let own = FilePath::new(path_of(&object.path));
        let inner = running(object, identity).map(of_process);
        let mut error = OpenError::Missing;
        for path in inner.into_iter().chain([own]) {
            match untrusted::read_owned(&path) {
                Ok(map) => return Ok(map),
                Err(OpenError::Missing) => {}
                Err(other) => error = other,
            }
        }
        Err(Missing::PerfMap(error))
    }

    /// Files with more symbols or debug information than `program`, if there are any.
    pub fn debug_files(&self, program: Option<&Image>, build_ids: &[Vec<u8>]) -> Vec<Image> {
        let own_id = program.and_then(Image::build_id);
        let ids: Vec<Vec<u8>> = match &own_id {
            Some(id) => vec![id.clone()],
            None => build_ids.to_vec(),
        };
        let by_id = ids.iter().flat_map(|id| self.debug_paths(program, id));
        let mut images: Vec<Image> = by_id
            .filter_map(|path| Image::open(&path).ok())
            .filter(|image| is_right(image, &ids))
            .collect();
        images.extend(program.and_then(|program| self.linked(program, own_id.as_deref())));
        images
    }

    /// The file with a part of a program's debug information. Both paths are from the program.
    pub fn part(&self, program: &FilePath, directory: Option<&[u8]>, path: &[u8]) -> Option<Image> {
        let directory = path_of(directory.unwrap_or_default());
        let path = directory.join(path_of(path));
        let path = match program.has_own_root() {
            true => program.with_path(path),
            false => FilePath::new(self.on_system(&path)),
        };
        Image::open(&path).ok()
    }

    fn debug_paths(&self, program: Option<&Image>, id: &[u8]) -> Vec<FilePath> {
        let name = build_id_path(id);
        let in_dir = |dir: &PathBuf| {
            let mut path = dir.join(".build-id").join(&name).into_os_string();
            path.push(".debug");
            PathBuf::from(path)
        };
        let cached = self.in_cache(id, "debug");
        let here = self.debug_dirs.iter().map(in_dir).chain(cached);
        let program = program.filter(|program| program.path.has_own_root());
        let in_root = |program: &Image| {
            let path = in_dir(&PathBuf::from(SYSTEM_DEBUG_DIR));
            program.path.with_path(path)
        };
        let here = here.map(FilePath::new);
        here.chain(program.map(in_root)).collect()
    }

    /// The file that `.gnu_debuglink` of the program refers to.
    fn linked(&self, program: &Image, own_id: Option<&[u8]>) -> Option<Image> {
        let elf = program.parse()?;
        let (name, checksum) = elf.gnu_debuglink().ok()??;
        let (name, dir) = (path_of(name), program.path.path().parent()?);
        let below = |debug_dir: &PathBuf| debug_dir.join(relative(dir)).join(&name);
        let beside = [dir.join(&name), dir.join(".debug").join(&name)];
        let paths = beside.into_iter().chain(self.debug_dirs.iter().map(below));
        let paths = paths.map(|path| program.path.with_path(path));
        let is_right = |image: &Image| match (own_id, image.build_id()) {
            (Some(own), Some(other)) => own == other,
            _ => image.checksum() == Some(checksum),
        };
        let other = |path: &FilePath| *path != program.path;
        paths
            .filter(other)
            .filter_map(|path| Image::open(&path).ok())
            .find(is_right)
    }

    /// The kernel's vDSO. It is read from this process, so the kernel must be the same.
    fn vdso(&self, identity: &Identity) -> Found {
        let ids = &identity.build_ids;
        let cached = ids.iter().filter_map(|id| self.in_cache(id, "vdso"));
        let cached = cached.filter_map(|path| Image::open(&FilePath::new(path)).ok());
        let is_known = !ids.is_empty() || identity.origin == Origin::ThisKernel;
        let own = own_vdso().filter(|_| is_known).map(Image::from_bytes);
        match own.into_iter().chain(cached).find(|it| identity.is_of(it)) {
            Some(image) => Found::File(image),
            None if is_known => Found::Nothing(Missing::OtherBuildId),
            None => Found::Nothing(Missing::OtherMachine),
        }
    }

    /// The file in perf's cache for a build ID.
    fn in_cache(&self, id: &[u8], kind: &str) -> Option<PathBuf> {
        let cache = self.cache.as_ref()?;
        Some(cache.join(".build-id").join(build_id_path(id)).join(kind))
    }

    fn on_system(&self, path: &Path) -> PathBuf {
        match &self.symfs {
            Some(symfs) => symfs.join(relative(path)),
            None => path.to_path_buf(),
        }
    }

    /// The kernel's symbol table in perf's cache for a build ID.
    pub fn cached_kallsyms(&self, id: &[u8]) -> Option<PathBuf> {
        self.in_cache(id, "kallsyms")
    }
}

/// The process that mapped `object`, if it is still running here.
fn running(object: &Object, identity: &Identity) -> Option<Running> {
    if identity.origin == Origin::Elsewhere {
        return None;
    }
    let users = object.users().into_iter();
    users.rev().find_map(|user| Running::find(user, object))
}

fn is_right(image: &Image, build_ids: &[Vec<u8>]) -> bool {
    if build_ids.is_empty() {
        return image.parse().is_some();
    }
    image.build_id().is_some_and(|id| {
        let is_id = |known: &Vec<u8>| id.starts_with(trim_zeros(known)) || id == *known;
        build_ids.iter().any(is_id)
    })
}

/// Older files pad short build IDs with zeros.
fn trim_zeros(id: &[u8]) -> &[u8] {
    const SHORTEST: usize = 8;
    let length = id
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    &id[..length.max(SHORTEST).min(id.len())]
}

/// `ab/cdef..`, the form of build IDs in paths.
fn build_id_path(id: &[u8]) -> PathBuf {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    match hex.split_at_checked(2) {
        Some((start, rest)) => Path::new(start).join(rest),
        None => PathBuf::from(hex),
    }
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// Reads `[vdso]` from this process.
fn own_vdso() -> Option<Vec<u8>> {
    const MAX_SIZE: u64 = 1 << 20;
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let size = u64::from_str_radix(end, 16).ok()?.checked_sub(start)?;
    let mut memory = File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    memory
        .take(size.min(MAX_SIZE))
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// The checksum in `.gnu_debuglink`.
fn checksum(file: &mut impl Read) -> std::io::Result<u32> {
    const BLOCK: u64 = 1 << 16;
    let table: Vec<u32> = (0..256u32).map(crc32_of_byte).collect();
    let step = |sum: u32, byte: &u8| table[((sum ^ u32::from(*byte)) & 0xff) as usize] ^ (sum >> 8);
    let (mut sum, mut block) = (!0, Vec::new());
    while file.take(BLOCK).read_to_end(&mut block)? > 0 {
        sum = block.iter().fold(sum, step);
        block.clear();
    }
    Ok(!sum)
}

fn crc32_of_byte(byte: u32) -> u32 {
    (0..8).fold(byte, |sum, _| match sum & 1 {
        1 => 0xedb8_8320 ^ (sum >> 1),
        _ => sum >> 1,
    })
}

/// The bytes of a section, decompressed; `None` if it is missing or implausibly large.
pub(crate) fn section_data(elf: &Elf<'_>, name: &str) -> Option<Vec<u8>> {
    const MAX_SIZE: u64 = 1 << 30;
    /// A limit on the compression ratio, which is much higher than that of real debug information.
    const MAX_RATIO: u64 = 100;
    const ALWAYS_ALLOWED: u64 = 16 << 20;
    let section = elf.section_by_name(name)?;
    let stored = section.compressed_file_range().ok()?;
    let (packed, size) = (stored.compressed_size, stored.uncompressed_size);
    let is_expected =
        size <= MAX_SIZE && size <= ALWAYS_ALLOWED.max(packed.saturating_mul(MAX_RATIO));
    if !is_expected {
        warning!("skipped section {name} of a program, which claims to have {size} bytes");
        return None;
    }
    let data = section.uncompressed_data().ok()?;
    (!data.is_empty()).then(|| data.into_owned())
}
