//! Finds the functions at locations: symbols, and inlined calls.

use super::header::BuildIds;
use super::objects::{ObjectId, ObjectList, identity};
use super::processes::Location;
use super::stacks::FrameKey;
use super::workers;
use crate::call_tree::CallTree;
use crate::symbols::kernel::{read_kallsyms, read_perf_map, running_build_id, running_release};
use crate::symbols::untrusted::{self, FilePath};
use crate::symbols::{
    Detail, FileSymbols, Files, Function, Functions, Identity, Kind, Missing, Object, Origin,
    SymbolTable,
};
use ahash::AHashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The sources of symbols.
pub(super) struct Resolver<'a> {
    pub files: &'a Files,
    pub build_ids: &'a BuildIds,
    pub origin: Origin,
    pub os_release: &'a [u8],
    pub kallsyms: Option<&'a Path>,
    pub detail: Detail,
}

/// The results.
pub(super) struct Resolved {
    /// For each frame of the tree of locations.
    pub functions: Vec<Functions>,
    /// What is missing, for each object.
    pub missing: Vec<Option<Missing>>,
}

/// The functions at all locations of one object.
struct OfObject {
    id: ObjectId,
    frames: Vec<usize>,
    functions: Vec<Functions>,
    missing: Option<Missing>,
}

/// Objects whose symbols are read together, and the frames in each.
type Job = Vec<(ObjectId, Vec<usize>)>;

impl Resolver<'_> {
    /// Finds the functions of all frames in a tree of locations, on `nthreads` threads.
    pub fn resolve(&self, tree: &CallTree, objects: &ObjectList, nthreads: usize) -> Resolved {
        let locations: Vec<Option<Location>> = tree
            .frame_names()
            .map(|name| FrameKey::read(name).location())
            .collect();
        let mut resolved = Resolved {
            functions: vec![Functions::new(); locations.len()],
            missing: vec![None; objects.iter().count()],
        };
        let jobs = jobs(&locations, objects);
        let ((), found) = workers::work(
            nthreads.min(jobs.len()),
            |found: &mut Vec<OfObject>, job: Job| {
                found.extend(self.do_job(job, &locations, objects));
            },
            |give| jobs.into_iter().for_each(give),
        );
        for object in found.into_iter().flatten() {
            resolved.missing[object.id.index()] = object.missing;
            for (frame, functions) in object.frames.into_iter().zip(object.functions) {
                resolved.functions[frame] = functions;
            }
        }
        resolved
    }

    fn do_job(
        &self,
        job: Job,
        locations: &[Option<Location>],
        objects: &ObjectList,
    ) -> Vec<OfObject> {
        let mut kernel = None;
        let found = job.into_iter().map(|(id, frames)| {
            let in_object: Vec<Location> = frames.iter().filter_map(|at| locations[*at]).collect();
            let (functions, missing) =
                self.of_object(&objects.get(id), objects, &in_object, &mut kernel);
            OfObject {
                id,
                frames,
                functions,
                missing,
            }
        });
        found.collect()
    }

    fn of_object(
        &self,
        object: &Object,
        objects: &ObjectList,
        locations: &[Location],
        kernel: &mut Option<SymbolTable>,
    ) -> (Vec<Functions>, Option<Missing>) {
        let in_table = |table: &SymbolTable| {
            let find = |location: &Location| vec![Function::named(table.find(location.address))];
            locations.iter().map(find).collect()
        };
        match object.kind {
            Kind::Nothing => (in_table(&SymbolTable::default()), None),
            Kind::KernelFunction => {
                let functions = vec![Function::named(Some(&object.name))];
                (vec![functions; locations.len()], None)
            }
            Kind::Kernel | Kind::KernelModule => {
                let table = kernel.get_or_insert_with(|| self.kernel(objects));
                (in_table(table), table.is_empty().then_some(Missing::Kernel))
            }
            Kind::PerfMap => {
                let map = self.files.perf_map(object, &self.identity(object));
                let table = read_perf_map(map.as_deref().unwrap_or_default());
                (
                    in_table(&table),
                    Some(map.err().unwrap_or(Missing::PerfMapEntries)),
                )
            }
            Kind::File | Kind::Vdso => self.of_file(object, locations),
        }
    }

    fn of_file(
        &self,
        object: &Object,
        locations: &[Location],
    ) -> (Vec<Functions>, Option<Missing>) {
        let symbols = FileSymbols::read(self.files, object, &self.identity(object), self.detail);
        let lookup = symbols.lookup(self.files);
        // Like perf, this looks up the symbol at the return address; but inlined calls at the call
        // itself.
        let functions = locations.iter().map(|location| {
            let address = symbols.address_of(location.address);
            lookup.functions(address, symbols.address_of(location.address_of_call()))
        });
        (functions.collect(), Some(symbols.missing()))
    }

    fn identity(&self, object: &Object) -> Identity {
        identity(object, self.build_ids, self.origin)
    }

    /// The symbols of the kernel and its modules.
    fn kernel(&self, objects: &ObjectList) -> SymbolTable {
        let objects = objects.iter().map(|(_, object)| object);
        let kernel = { objects }.find(|object| object.kind == Kind::Kernel);
        let kernel = kernel.as_deref();
        let reference = kernel.map(|kernel| (kernel.path.as_slice(), kernel.reference));
        let text = match self.kallsyms {
            // This path is from the user, and may be a pipe.
            Some(path) => fs::read(path).ok(),
            None => kernel.and_then(|kernel| self.kallsyms_of(kernel)),
        };
        read_kallsyms(&text.unwrap_or_default(), reference)
    }

    /// The symbols of the recorded kernel, if it is still running, or in perf's cache.
    fn kallsyms_of(&self, kernel: &Object) -> Option<Vec<u8>> {
        let build_ids = self.identity(kernel).build_ids;
        let is_running = match running_build_id() {
            Some(running) if !build_ids.is_empty() => build_ids.contains(&running),
            _ => self.origin != Origin::Elsewhere && running_release() == self.os_release,
        };
        if is_running {
            return untrusted::read(&FilePath::new(PathBuf::from("/proc/kallsyms"))).ok();
        }
        let cached = build_ids.iter();
        let mut cached = cached.filter_map(|id| self.files.cached_kallsyms(id));
        cached.find_map(|path| untrusted::read(&FilePath::new(path)).ok())
    }
}

/// The jobs, the largest first: one for each object, except that the kernel and its modules, whose
/// symbols are in one table, form one job.
fn jobs(locations: &[Option<Location>], objects: &ObjectList) -> Vec<Job> {
    let mut of_object: AHashMap<_, Vec<usize>> = AHashMap::new();
    for (frame, location) in locations.iter().enumerate() {
        if let Some(location) = location {
            of_object.entry(location.object).or_default().push(frame);
        }
    }
    let is_kernel = |id| matches!(objects.get(id).kind, Kind::Kernel | Kind::KernelModule);
    let (kernel, others): (Job, Job) = of_object.into_iter().partition(|it| is_kernel(it.0));
    let mut jobs: Vec<Job> = others.into_iter().map(|other| vec![other]).collect();
    jobs.push(kernel);
    let size = |job: &Job| job.iter().map(|(_, frames)| frames.len()).sum::<usize>();
    jobs.sort_by_key(|job| std::cmp::Reverse(size(job)));
    jobs
}
