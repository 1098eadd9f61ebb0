//! Finds functions in the files that the profile names.

use super::{Addresses, FileAddress, FileId, Names, Object};
use crate::names::frame::{basename, frame_name, with_source};
use crate::symbols::{
    self, Detail, FileSymbols, Files, Function, Identity, Kind, Origin, SourceLine, list_missing,
};
use crate::warnings::warning;

/// `name (file:line)` for a line from debug information, if it is known.
pub(crate) fn with_line(name: &[u8], source: Option<&SourceLine>) -> Vec<u8> {
    match source {
        Some(SourceLine { file, number }) => {
            with_source(name, file, number.map(|number| u64::from(number).into()))
        }
        None => name.to_vec(),
    }
}

impl FileId {
    fn identity(&self) -> Identity {
        match self {
            FileId::BuildId(id) => Identity::new(vec![id.clone()], Origin::Unknown),
            FileId::Inode(inode) => Identity::of_inode(*inode),
            FileId::Unknown => Identity::new(Vec::new(), Origin::Unknown),
        }
    }
}

impl Addresses<'_> {
    pub(super) fn find_functions(&self, names: &mut Names) {
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
            warning!("the profile has functions without names, in {objects}");
        }
    }

    /// Names the functions at the addresses `ids`. Returns a description of what is missing.
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
fn frame_of(function: &Function) -> Option<Vec<u8>> {
    let name = frame_name(function.name.as_ref()?);
    Some(with_line(&name, function.line.as_ref()))
}
