//! Maps the functions of rows to nodes.

use super::Options;
use super::row::Row;
use crate::bytes::text::{lossy, trim};
use crate::call_tree::table::{Hashed, Table};
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::names::symbol::one_frame;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// Finds the nodes of functions.
#[derive(Default)]
pub(super) struct Functions {
    hasher: RandomState,
    /// The functions of plain rows, by the hash of their names and modules.
    known: Table<Hashed<FrameId>>,
    modules: Vec<Module>,
    /// The index of each module by name.
    modules_by_name: HashMap<Vec<u8>, usize, RandomState>,
    /// The module of the previous row.
    latest_module: usize,
    /// Whether there may be frames with the name of a function that is not known.
    has_others: bool,
    /// By frame: a caller, and the node below it, from the last lookup.
    latest: Vec<(NodeId, NodeId)>,
}

struct Module {
    name: Vec<u8>,
    /// The prefix of its functions' names: ``name` ``, or empty if the module is unknown or
    /// omitted.
    prefix: Vec<u8>,
    /// Whether a function of another module may have the same full name, which is impossible if the
    /// first backtick ends the module.
    is_ambiguous: bool,
    is_one_frame: bool,
    hash: u32,
}

impl Functions {
    /// The name of the module of the previous row.
    #[inline]
    pub fn latest_module(&self) -> &[u8] {
        let module = self.modules.get(self.latest_module);
        module.map_or(b"", |module| &module.name)
    }

    /// The node below `caller` for the function of a row.
    pub fn find(
        &mut self,
        caller: NodeId,
        row: &Row,
        options: &Options,
        tree: &mut CallTree,
    ) -> NodeId {
        self.enter(row.module, options);
        self.find_by_full_name(caller, row.name, tree)
    }

    /// The node of a row that was split from its end; `None` if it was split inside its name.
    #[inline]
    pub fn find_plain(
        &mut self,
        caller: NodeId,
        row: &Row,
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<NodeId> {
        self.enter(row.module, options);
        let module = &self.modules[self.latest_module];
        let hash = self.hasher.hash_one(row.name) as u32 ^ module.hash;
        let is_same = |known: &Hashed<_>| {
            let parts = tree
                .frame_name(known.id)
                .split_at_checked(module.prefix.len());
            parts.is_some_and(|(prefix, name)| *prefix == *module.prefix && name == row.name)
        };
        let Some(&known) = self.known.find(hash, is_same) else {
            return self.find_unknown(caller, row, hash, tree);
        };
        // A known name contains no quote before a comma.
        let is_whole = row.is_quoted || row.is_name_whole();
        is_whole.then(|| self.find_by_frame(caller, known.id, tree))
    }

    /// The node of a function that is not known yet. It usually is afterwards.
    fn find_unknown(
        &mut self,
        caller: NodeId,
        row: &Row,
        hash: u32,
        tree: &mut CallTree,
    ) -> Option<NodeId> {
        let is_plain = row.is_name_plain();
        if !is_plain && !row.is_name_whole() {
            return None;
        }
        let is_one_frame = is_plain || is_one_frame(row.name);
        if is_one_frame && self.modules[self.latest_module].is_one_frame {
            return Some(self.learn(caller, row, hash, tree));
        }
        Some(self.find_by_full_name(caller, row.name, tree))
    }

    /// Adds a function to the known ones, and returns its node below `caller`.
    fn learn(&mut self, caller: NodeId, row: &Row, hash: u32, tree: &mut CallTree) -> NodeId {
        let module = &self.modules[self.latest_module];
        // The root has the same name.
        let is_nothing = module.prefix.is_empty() && row.name.is_empty();
        let node = match self.has_others || module.is_ambiguous || is_nothing {
            true => self.find_by_full_name(caller, row.name, tree),
            false => tree.push_child_called(caller, [&module.prefix, row.name]),
        };
        let frame = tree.frame(node);
        self.known.insert(Hashed { hash, id: frame });
        *self.latest(frame) = (caller, node);
        node
    }

    /// The node below `caller` for the function called `name` in the module.
    fn find_by_full_name(&mut self, caller: NodeId, name: &[u8], tree: &mut CallTree) -> NodeId {
        self.has_others = true;
        let full_name = [&self.modules[self.latest_module].prefix, name].concat();
        tree.child_called(caller, one_frame(&lossy(&full_name)).as_bytes())
    }

    /// Switches to the module called `name` for the next lookups.
    #[inline]
    fn enter(&mut self, name: &[u8], options: &Options) {
        let latest = self.modules.get(self.latest_module);
        if latest.is_none_or(|module| module.name != name) {
            self.enter_other(name, options);
        }
    }

    #[cold]
    fn enter_other(&mut self, name: &[u8], options: &Options) {
        self.latest_module = match self.modules_by_name.get(name) {
            Some(&module) => module,
            None => {
                self.modules.push(match options.no_modules {
                    true => Module::without_prefix(name),
                    false => Module::new(name, self.hasher.hash_one(name) as u32),
                });
                let module = self.modules.len() - 1;
                self.modules_by_name.insert(name.to_vec(), module);
                module
            }
        };
    }

    /// The node below `caller` for `frame`.
    #[inline]
    fn find_by_frame(&mut self, caller: NodeId, frame: FrameId, tree: &mut CallTree) -> NodeId {
        let latest = self.latest(frame);
        if latest.0 != caller || latest.1 == CallTree::ROOT {
            *latest = (caller, tree.child(caller, frame));
        }
        latest.1
    }

    /// The entry of `frame` in `latest`.
    #[inline]
    fn latest(&mut self, frame: FrameId) -> &mut (NodeId, NodeId) {
        if self.latest.len() <= frame.index() {
            let unknown = (CallTree::ROOT, CallTree::ROOT);
            self.latest.resize(frame.index() + 1, unknown);
        }
        &mut self.latest[frame.index()]
    }
}

impl Module {
    fn new(name: &[u8], hash: u32) -> Module {
        let prefix = match name {
            b"" => Vec::new(),
            _ => [name, b"`"].concat(),
        };
        Module {
            name: name.to_vec(),
            is_ambiguous: memchr::memchr(b'`', &prefix) != Some(name.len()),
            is_one_frame: is_one_frame(name),
            hash,
            prefix,
        }
    }

    /// A module that is omitted from the names of its functions.
    fn without_prefix(name: &[u8]) -> Module {
        Module {
            name: name.to_vec(),
            prefix: Vec::new(),
            is_ambiguous: false,
            is_one_frame: true,
            hash: 0,
        }
    }
}

/// Whether a name is unchanged in the tree: it is UTF-8, and has no characters that are replaced.
fn is_one_frame(name: &[u8]) -> bool {
    let is_text = name.is_ascii() || std::str::from_utf8(name).is_ok();
    is_text && memchr::memchr2(b';', b'\r', name).is_none() && trim(name).len() == name.len()
}
