//! Processes, threads and modules, where a profile has them.

use super::tally::tally;
use super::{Row, sort_by_self};
use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, Count, NodeId, Roots};
use ahash::AHashMap;
use std::cmp::Reverse;

/// The processes with their totals.
pub(super) fn processes(tree: &CallTree, totals: &[Count]) -> Option<Vec<Row>> {
    match tree.roots() {
        Roots::Processes | Roots::ProcessesAndThreads => Some(Groups::at_depth(tree, totals, 1)),
        Roots::NumberedThreads => Some(numbered_processes(tree, totals)),
        Roots::Unknown | Roots::Threads | Roots::Parts => None,
    }
}

/// The threads with their totals.
pub(super) fn threads(tree: &CallTree, totals: &[Count]) -> Option<Vec<Row>> {
    match tree.roots() {
        Roots::Threads | Roots::NumberedThreads => Some(Groups::at_depth(tree, totals, 1)),
        Roots::ProcessesAndThreads => Some(Groups::at_depth(tree, totals, 2)),
        Roots::Unknown | Roots::Processes | Roots::Parts => None,
    }
}

/// Counts by a key.
#[derive(Default)]
struct Groups(AHashMap<Vec<u8>, Group>);

#[derive(Default)]
struct Group {
    name: Vec<u8>,
    own: Count,
    total: Count,
}

impl Groups {
    /// The nodes at a depth, named by the path to them.
    fn at_depth(tree: &CallTree, totals: &[Count], depth: usize) -> Vec<Row> {
        let mut groups = Groups::default();
        let mut path: Vec<&[u8]> = Vec::new();
        let mut walk = tree.walk();
        while let Some(visit) = walk.next() {
            path.truncate(visit.depth - 1);
            path.push(tree.name(visit.node));
            if visit.depth == depth {
                walk.skip_callees();
                let name = path.join(&b';');
                let group = groups.add(name.clone(), tree, totals, visit.node);
                group.name = name;
            }
        }
        groups.into_rows()
    }

    fn add(&mut self, key: Vec<u8>, tree: &CallTree, totals: &[Count], node: NodeId) -> &mut Group {
        let group = self.0.entry(key).or_default();
        group.own += tree.self_count(node).unwrap_or_default();
        group.total += totals[node.index()];
        group
    }

    fn into_rows(self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.0.into_values().map(Row::from).collect();
        rows.sort_by(|a, b| (Reverse(a.total), &a.name).cmp(&(Reverse(b.total), &b.name)));
        rows
    }
}

impl From<Group> for Row {
    fn from(group: Group) -> Row {
        Row {
            name: lossy(&group.name).into_owned(),
            own: group.own,
            total: group.total,
        }
    }
}

/// The processes of threads called `COMM-PID/TID`, each named after its main thread if that has samples.
fn numbered_processes(tree: &CallTree, totals: &[Count]) -> Vec<Row> {
    let mut groups = Groups::default();
    let mut walk = tree.walk();
    while let Some(visit) = walk.next() {
        walk.skip_callees();
        let name = tree.name(visit.node);
        let (process, pid, tid) = split_numbers(name).unwrap_or((name, name, b""));
        let group = groups.add(pid.to_vec(), tree, totals, visit.node);
        if group.name.is_empty() || pid == tid {
            group.name = process.to_vec();
        }
    }
    groups.into_rows()
}

/// `COMM-PID`, `PID` and `TID` of `COMM-PID/TID`.
fn split_numbers(name: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let slash = memchr::memrchr(b'/', name)?;
    let (process, tid) = (&name[..slash], &name[slash + 1..]);
    let dash = memchr::memrchr(b'-', process)?;
    Some((process, &process[dash + 1..], tid))
}

/// The row of functions whose name does not include a module.
const NO_MODULE: &[u8] = b"(unknown)";

/// The modules that are part of names, if they account for at least half of the counts.
pub(super) fn modules(tree: &CallTree, own: impl Fn(NodeId) -> Count) -> Option<Vec<Row>> {
    let mut names: Vec<&[u8]> = vec![NO_MODULE];
    let mut keys: AHashMap<&[u8], usize> = AHashMap::new();
    let key_of_frame: Vec<usize> = tree
        .frame_names()
        .map(|name| match module_of(name) {
            None => 0,
            Some(module) => *keys.entry(module).or_insert_with(|| {
                names.push(module);
                names.len() - 1
            }),
        })
        .collect();
    if names.len() == 1 {
        return None;
    }
    let tally = tally(tree, own, names.len(), |frame| {
        Some(key_of_frame[frame.index()])
    });
    let known: Count = tally.own[1..].iter().copied().sum();
    if known < tally.own[0] {
        return None;
    }
    let there = names
        .iter()
        .enumerate()
        .filter(|(key, _)| tally.occurs[*key]);
    let mut rows: Vec<Row> = there
        .map(|(key, name)| Row {
            name: lossy(name).into_owned(),
            own: tally.own[key],
            total: tally.total[key],
        })
        .collect();
    sort_by_self(&mut rows);
    Some(rows)
}

/// The module in the name of a frame.
fn module_of(name: &[u8]) -> Option<&[u8]> {
    if let Some(inner) = name
        .strip_prefix(b"[")
        .and_then(|name| name.strip_suffix(b"]"))
    {
        let end = memchr::memmem::find(inner, b" <").unwrap_or(inner.len());
        return Some(&inner[..end]).filter(|file| is_object(file));
    }
    let end = memchr::memchr(b'`', name)?;
    let module = &name[..end];
    // Some names in C++ have backticks, too: A::`vftable'.
    let is_code = |byte: &u8| b":<>()'\"".contains(byte);
    (!module.is_empty() && !module.iter().any(is_code)).then_some(module)
}

/// Whether it is the name of an object file, unlike `[idle]` or `[unknown]`.
fn is_object(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 6] = [b".so", b".dll", b".exe", b".dylib", b".ko", b".node"];
    ENDS.iter().any(|end| name.ends_with(end))
        || memchr::memmem::find(name, b".so.").is_some()
        || [&b"vdso"[..], b"kernel.kallsyms", b"guest.kernel.kallsyms"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_names() {
        for (name, module) in [
            ("libc.so.1`malloc", Some("libc.so.1")),
            ("genunix`read", Some("genunix")),
            ("[libc.so.6]", Some("libc.so.6")),
            ("[libc.so.6 <5301>]", Some("libc.so.6")),
            ("[vdso]", Some("vdso")),
            ("[kernel.kallsyms]", Some("kernel.kallsyms")),
            ("[guest.kernel.kallsyms]", Some("guest.kernel.kallsyms")),
            ("[shop.so]", Some("shop.so")),
            ("[shop.dll]", Some("shop.dll")),
            ("[shop.exe]", Some("shop.exe")),
            ("[shop.dylib]", Some("shop.dylib")),
            ("[shop.ko]", Some("shop.ko")),
            ("[shop.node]", Some("shop.node")),
            ("[unknown]", None),
            ("[idle]", None),
            ("A::`vftable'", None),
            ("`anonymous namespace'::f", None),
            ("main", None),
            ("", None),
        ] {
            assert_eq!(
                module_of(name.as_bytes()),
                module.map(str::as_bytes),
                "{name}"
            );
        }
    }

    #[test]
    fn threads_of_perf_have_two_numbers() {
        let name = b"a-b/c-12/34";
        assert_eq!(
            split_numbers(name),
            Some((&b"a-b/c-12"[..], &b"12"[..], &b"34"[..]))
        );
        assert_eq!(split_numbers(b"no-numbers"), None);
    }
}
