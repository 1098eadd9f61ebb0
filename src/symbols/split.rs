//! Split debug information (`-gsplit-dwarf`): in one `.dwo` file per source file, whose path is in
//! the program, or in a single `.dwp` file next to the program.
//!
//! A part is read when one of its functions is looked up.

use super::files::{Elf, Files, Image, section_data};
use super::inline::DwarfReader;
use super::untrusted::FilePath;
use addr2line::SplitDwarfLoad;
use gimli::{Dwarf, DwarfPackageSections, DwarfSections, EndianSlice, RunTimeEndian, SectionId};
use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::sync::Arc;

/// The split parts of a program's debug information.
pub(crate) struct SplitInfo {
    /// The path of the program.
    program: FilePath,
    /// The path of the `.dwp` file.
    package_path: FilePath,
    package: OnceCell<Option<DwarfPackageSections<Vec<u8>>>>,
    /// One entry for each possible part, filled in order of use.
    parts: Vec<OnceCell<DwarfSections<Vec<u8>>>>,
    filled: Cell<usize>,
    endian: RunTimeEndian,
}

impl SplitInfo {
    /// `parts` is the maximum number of parts.
    pub fn new(image: &Image, parts: usize, endian: RunTimeEndian) -> SplitInfo {
        let mut package_path = image.path.path().as_os_str().to_owned();
        package_path.push(".dwp");
        SplitInfo {
            program: image.path.clone(),
            package_path: image.path.with_path(PathBuf::from(package_path)),
            package: OnceCell::new(),
            parts: (0..parts).map(|_| OnceCell::new()).collect(),
            filled: Cell::new(0),
            endian,
        }
    }

    /// Loads the requested part, if available.
    pub fn load<'a>(
        &'a self,
        wanted: &SplitDwarfLoad<DwarfReader<'a>>,
        files: &Files,
    ) -> Option<Arc<Dwarf<DwarfReader<'a>>>> {
        let part = self
            .in_package(wanted)
            .or_else(|| self.in_file(wanted, files));
        part.map(Arc::new)
    }

    fn in_package<'a>(
        &'a self,
        wanted: &SplitDwarfLoad<DwarfReader<'a>>,
    ) -> Option<Dwarf<DwarfReader<'a>>> {
        let sections = self.package.get_or_init(|| {
            let image = Image::open(&self.package_path).ok()?;
            let elf = image.parse()?;
            DwarfPackageSections::load(|id| Ok::<_, gimli::Error>(load(&elf, id))).ok()
        });
        let borrow = |data: &'a Vec<u8>| EndianSlice::new(data, self.endian);
        let empty = EndianSlice::new(&[], self.endian);
        let package = sections.as_ref()?.borrow(borrow, empty).ok()?;
        package.find_cu(wanted.dwo_id, &wanted.parent).ok()?
    }

    fn in_file<'a>(
        &'a self,
        wanted: &SplitDwarfLoad<DwarfReader<'a>>,
        files: &Files,
    ) -> Option<Dwarf<DwarfReader<'a>>> {
        let directory = wanted.comp_dir.map(|dir| dir.slice());
        let image = files.part(&self.program, directory, wanted.path?.slice())?;
        let elf = image.parse()?;
        let sections = DwarfSections::load(|id| Ok::<_, gimli::Error>(load(&elf, id))).ok()?;
        let place = self.parts.get(self.filled.replace(self.filled.get() + 1))?;
        let sections = place.get_or_init(|| sections);
        let mut part = sections.borrow(|data| EndianSlice::new(data, self.endian));
        has_id(&part, wanted).then(|| part.make_dwo(&wanted.parent))?;
        Some(part)
    }
}

/// The bytes of a section of a part; empty if it is missing.
fn load(elf: &Elf<'_>, id: SectionId) -> Vec<u8> {
    let data = id.dwo_name().and_then(|name| section_data(elf, name));
    data.unwrap_or_default()
}

/// Whether a file is the one that existed when the program was linked.
fn has_id<'a>(part: &Dwarf<DwarfReader<'a>>, wanted: &SplitDwarfLoad<DwarfReader<'a>>) -> bool {
    let mut units = part.units();
    while let Ok(Some(header)) = units.next() {
        let id = part.unit(header).ok().and_then(|unit| unit.dwo_id);
        if id == Some(wanted.dwo_id) {
            return true;
        }
    }
    false
}
