//! The files of objects: where they are, and whether they are the ones that ran.
//!
//! A file whose build-id is not the recorded one is another program, and is never used.

use super::objects::{Kind, Object};
use object::read::{ReadCache, ReadRef};
use object::{Object as _, ObjectSection};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Where debug information is installed.
const SYSTEM_DEBUG_DIR: &str = "/usr/lib/debug";

/// Bytes that are read where they are looked at.
pub(super) trait Readable: Read + Seek + Send {}
impl<T: Read + Seek + Send> Readable for T {}

/// An ELF file that is read where it is looked at.
pub(super) struct Image {
    cache: ReadCache<Box<dyn Readable>>,
    pub path: PathBuf,
}

/// What an [`Image`] parses to.
pub(super) type Elf<'a> = object::File<'a, &'a ReadCache<Box<dyn Readable>>>;

impl Image {
    pub fn open(path: &Path) -> Option<Image> {
        let file = File::open(path).ok()?;
        // A pipe or a device is not opened for what is in it.
        file.metadata().ok()?.is_file().then(|| Image {
            cache: ReadCache::new(Box::new(file) as Box<dyn Readable>),
            path: path.to_path_buf(),
        })
    }

    pub fn from_bytes(bytes: Vec<u8>) -> Image {
        Image {
            cache: ReadCache::new(Box::new(Cursor::new(bytes)) as Box<dyn Readable>),
            path: PathBuf::new(),
        }
    }

    pub fn parse(&self) -> Option<Elf<'_>> {
        object::File::parse(&self.cache).ok()
    }

    pub fn build_id(&self) -> Option<Vec<u8>> {
        self.parse()?.build_id().ok()?.map(<[u8]>::to_vec)
    }

    fn checksum(&self) -> Option<u32> {
        let data = &self.cache;
        let bytes = data.read_bytes_at(0, data.len().ok()?).ok()?;
        Some(crc32(bytes))
    }
}

/// What became of the search for an object's file.
pub(super) enum Found {
    File(Image),
    /// There is one, but with another build-id.
    Different,
    Nothing,
}

/// The places to look at.
#[derive(Debug, Default)]
pub(super) struct Files {
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

    /// The file that ran: one of the build-ids is its own, if any are known.
    pub fn program(&self, object: &Object, build_ids: &[Vec<u8>]) -> Found {
        if object.kind == Kind::Vdso {
            return self.vdso(build_ids);
        }
        let cached = build_ids.iter().filter_map(|id| self.in_cache(id, "elf"));
        let paths = [self.on_system(&path_of(&object.path))]
            .into_iter()
            .chain(cached);
        let mut is_there = false;
        for image in paths.filter_map(|path| Image::open(&path)) {
            if is_right(&image, build_ids) {
                return Found::File(image);
            }
            is_there = true;
        }
        match is_there {
            true => Found::Different,
            false => Found::Nothing,
        }
    }

    /// Files with more symbols or debug information than `program`, if there are any.
    pub fn debug_files(&self, program: Option<&Image>, build_ids: &[Vec<u8>]) -> Vec<Image> {
        let own_id = program.and_then(Image::build_id);
        let ids: Vec<Vec<u8>> = match &own_id {
            Some(id) => vec![id.clone()],
            None => build_ids.to_vec(),
        };
        let by_id = ids.iter().flat_map(|id| self.debug_paths(id));
        let mut images: Vec<Image> = by_id
            .filter_map(|path| Image::open(&path))
            .filter(|image| is_right(image, &ids))
            .collect();
        images.extend(program.and_then(|program| self.linked(program, own_id.as_deref())));
        images
    }

    /// The file with a part of a program's debug information. Both paths are the program's.
    pub fn part(&self, directory: Option<&[u8]>, path: &[u8]) -> Option<Image> {
        let directory = path_of(directory.unwrap_or_default());
        Image::open(&self.on_system(&directory.join(path_of(path))))
    }

    fn debug_paths(&self, id: &[u8]) -> Vec<PathBuf> {
        let name = build_id_path(id);
        let in_dir = |dir: &PathBuf| {
            let mut path = dir.join(".build-id").join(&name).into_os_string();
            path.push(".debug");
            PathBuf::from(path)
        };
        let cached = self.in_cache(id, "debug");
        self.debug_dirs.iter().map(in_dir).chain(cached).collect()
    }

    /// What `.gnu_debuglink` of the program names.
    fn linked(&self, program: &Image, own_id: Option<&[u8]>) -> Option<Image> {
        let elf = program.parse()?;
        let (name, checksum) = elf.gnu_debuglink().ok()??;
        let (name, dir) = (path_of(name), program.path.parent()?);
        let below = |debug_dir: &PathBuf| debug_dir.join(relative(dir)).join(&name);
        let beside = [dir.join(&name), dir.join(".debug").join(&name)];
        let paths = beside.into_iter().chain(self.debug_dirs.iter().map(below));
        let is_right = |image: &Image| match (own_id, image.build_id()) {
            (Some(own), Some(other)) => own == other,
            _ => image.checksum() == Some(checksum),
        };
        let other = |path: &PathBuf| *path != program.path;
        paths
            .filter(other)
            .filter_map(|path| Image::open(&path))
            .find(is_right)
    }

    /// The code that the kernel gives to all programs. This program has it too.
    fn vdso(&self, build_ids: &[Vec<u8>]) -> Found {
        let cached = build_ids.iter().filter_map(|id| self.in_cache(id, "vdso"));
        let cached = cached.filter_map(|path| Image::open(&path));
        let own = own_vdso().map(Image::from_bytes);
        match own
            .into_iter()
            .chain(cached)
            .find(|it| is_right(it, build_ids))
        {
            Some(image) => Found::File(image),
            None => Found::Nothing,
        }
    }

    /// The file that perf has kept for a build-id.
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

    /// The table of the kernel's symbols that perf has kept for a build-id.
    pub fn cached_kallsyms(&self, id: &[u8]) -> Option<PathBuf> {
        self.in_cache(id, "kallsyms")
    }
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

/// Older files pad short build-ids with zeros.
fn trim_zeros(id: &[u8]) -> &[u8] {
    const SHORTEST: usize = 8;
    let length = id
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    &id[..length.max(SHORTEST).min(id.len())]
}

/// `ab/cdef..`, as build-ids are written in paths.
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

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec()).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from(String::from_utf8_lossy(bytes).into_owned()).into()
}

/// Reads `[vdso]` out of this process.
fn own_vdso() -> Option<Vec<u8>> {
    const MOST: u64 = 1 << 20;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let size = u64::from_str_radix(end, 16).ok()?.checked_sub(start)?;
    let mut memory = File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    memory.take(size.min(MOST)).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The checksum in `.gnu_debuglink`.
fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256u32).map(crc32_of_byte).collect();
    let step = |sum: u32, byte: &u8| table[((sum ^ u32::from(*byte)) & 0xff) as usize] ^ (sum >> 8);
    !bytes.iter().fold(!0, step)
}

fn crc32_of_byte(byte: u32) -> u32 {
    (0..8).fold(byte, |sum, _| match sum & 1 {
        1 => 0xedb8_8320 ^ (sum >> 1),
        _ => sum >> 1,
    })
}

/// The bytes of a section, decompressed; `None` if there are none.
pub(super) fn section_data(elf: &Elf<'_>, name: &str) -> Option<Vec<u8>> {
    let section = elf.section_by_name(name)?;
    let data = section.uncompressed_data().ok()?;
    (!data.is_empty()).then(|| data.into_owned())
}
