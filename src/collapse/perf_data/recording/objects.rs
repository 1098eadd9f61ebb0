//! Mapped objects: programs, libraries, the kernel and its modules, JIT-compiled code.

use super::header::BuildIds;
use super::sample::Mapping;
use crate::symbols::{Identity, Kind, Object, Origin, User};
use ahash::AHashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Identifies an object of [`Objects`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectId(u32);

impl ObjectId {
    /// The object of unmapped addresses.
    pub const UNKNOWN: ObjectId = ObjectId(0);

    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn number(self) -> u32 {
        self.0
    }

    pub fn from_number(number: u32) -> ObjectId {
        ObjectId(number)
    }
}

/// The kind of an object, its name and path, and its build ID.
type Key = (Kind, Vec<u8>, Option<Vec<u8>>);

/// Objects by id. Clones share the objects, including later ones.
#[derive(Debug, Clone, Default)]
pub(super) struct ObjectList {
    list: Arc<RwLock<Vec<Arc<Object>>>>,
}

impl ObjectList {
    pub fn get(&self, id: ObjectId) -> Arc<Object> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list[id.index()].clone()
    }

    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, Arc<Object>)> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        (0..).map(ObjectId).zip(list.clone())
    }

    fn push(&self, object: Object) -> ObjectId {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let id = ObjectId(u32::try_from(list.len()).unwrap_or(0));
        list.push(Arc::new(object));
        id
    }
}

/// All objects, each once.
pub(super) struct Objects {
    pub list: ObjectList,
    known: AHashMap<Key, ObjectId>,
}

impl Default for Objects {
    fn default() -> Objects {
        let mut objects = Objects {
            list: ObjectList::default(),
            known: AHashMap::new(),
        };
        objects.add(Kind::Nothing, b"[unknown]", b"", None);
        objects
    }
}

impl Objects {
    pub fn add(
        &mut self,
        kind: Kind,
        name: &[u8],
        path: &[u8],
        build_id: Option<&[u8]>,
    ) -> ObjectId {
        self.add_object(Object::new(kind, name, path, build_id))
    }

    fn add_object(&mut self, object: Object) -> ObjectId {
        let name = [&object.name, &b"\0"[..], &object.path].concat();
        let key = (object.kind, name, object.build_id.clone());
        let list = &self.list;
        *self.known.entry(key).or_insert_with(|| list.push(object))
    }

    /// The object that a process maps.
    pub fn of_process(&mut self, mapping: &Mapping<'_>) -> (ObjectId, Arc<Object>) {
        let id = self.add_of_process(mapping);
        let object = self.list.get(id);
        if object.kind != Kind::Nothing {
            let (pid, start) = (mapping.pid, mapping.start);
            object.add_user(User { pid, start });
        }
        (id, object)
    }

    fn add_of_process(&mut self, mapping: &Mapping<'_>) -> ObjectId {
        let name = mapping.name;
        let is_anonymous = name == b"//anon"
            || name.starts_with(b"/dev/zero")
            || name.starts_with(b"/anon_hugepage");
        let is_memory =
            name.starts_with(b"[stack") || name.starts_with(b"/SYSV") || name == b"[heap]";
        if (is_anonymous || is_memory) && mapping.is_executable {
            let name = format!("/tmp/perf-{}.map", mapping.pid).into_bytes();
            return self.add(Kind::PerfMap, &name, &name, None);
        }
        match name {
            b"[vdso]" => self.add(Kind::Vdso, name, name, mapping.build_id),
            _ if is_anonymous || is_memory || !name.starts_with(b"/") => {
                self.add(Kind::Nothing, name, b"", None)
            }
            _ => self.add(Kind::File, name, name, mapping.build_id),
        }
    }

    /// The object that is mapped in the kernel.
    pub fn of_kernel(&mut self, mapping: &Mapping<'_>) -> ObjectId {
        let name = mapping.name;
        let is_image = name.starts_with(b"[kernel.kallsyms]") || name.starts_with(b"[guest.kernel");
        if is_image {
            let end = memchr::memchr(b']', name).map_or(name.len(), |at| at + 1);
            // The rest is the symbol that shows the position of the kernel, if it was relocated.
            let (name, symbol) = name.split_at(end);
            let mut kernel = Object::new(Kind::Kernel, name, symbol, mapping.build_id);
            kernel.reference = mapping.offset;
            return self.add_object(kernel);
        }
        let module = module_name(name);
        self.add(Kind::KernelModule, &module, name, mapping.build_id)
    }

    pub fn kernel_function(&mut self, name: &[u8]) -> ObjectId {
        self.add(Kind::KernelFunction, name, b"", None)
    }
}

/// The identity of the file that ran as `object`, whose build ID may be `recorded` separately.
pub(super) fn identity(object: &Object, recorded: &BuildIds, origin: Origin) -> Identity {
    let build_ids = match &object.build_id {
        Some(id) => vec![id.clone()],
        None => recorded.get(&object.name).cloned().unwrap_or_default(),
    };
    Identity::new(build_ids, origin)
}

/// `[nf_tables]` for `/lib/modules/6.1.0/kernel/net/netfilter/nf-tables.ko.xz`.
fn module_name(path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"[") {
        return path.to_vec();
    }
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let end = memchr::memmem::find(file, b".ko").unwrap_or(file.len());
    let dashed = |byte: &u8| if *byte == b'-' { b'_' } else { *byte };
    let name: Vec<u8> = file[..end].iter().map(dashed).collect();
    [b"[", &name[..], b"]"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_determine_where_symbols_come_from() {
        for (name, code, data) in [
            ("/usr/lib/libc.so.6", Kind::File, Kind::File),
            ("[vdso]", Kind::Vdso, Kind::Vdso),
            ("//anon", Kind::PerfMap, Kind::Nothing),
            ("/dev/zero (deleted)", Kind::PerfMap, Kind::Nothing),
            ("/anon_hugepage (deleted)", Kind::PerfMap, Kind::Nothing),
            ("/SYSV00000000 (deleted)", Kind::PerfMap, Kind::Nothing),
            ("[stack]", Kind::PerfMap, Kind::Nothing),
            ("[heap]", Kind::PerfMap, Kind::Nothing),
            ("[vsyscall]", Kind::Nothing, Kind::Nothing),
        ] {
            for (is_executable, expected) in [(true, code), (false, data)] {
                let mapping = Mapping {
                    pid: 7,
                    start: 0x1000,
                    length: 0x1000,
                    offset: 0,
                    build_id: None,
                    is_executable,
                    name: name.as_bytes(),
                };
                let (_, object) = Objects::default().of_process(&mapping);
                assert_eq!(object.kind, expected, "{name}, executable: {is_executable}");
            }
        }
    }
}
