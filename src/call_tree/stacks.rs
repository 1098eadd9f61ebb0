//! The stacks of a tree, one after another.

use super::{CallTree, Count, Walk};

/// A stack with its count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stack<'a> {
    /// The names of its frames, the outermost first.
    pub frames: Vec<&'a [u8]>,
    /// How much of the profile ends in this stack, without what its leaf called.
    pub count: Count,
    /// The same in the profile compared with, if the tree is
    /// [differential](CallTree::is_differential).
    pub before: Option<Count>,
}

/// The iterator that [`CallTree::stacks`] returns.
#[derive(Debug, Clone)]
pub struct Stacks<'a> {
    tree: &'a CallTree,
    /// Whether the root, which is the empty stack, is still to come.
    is_at_root: bool,
    walk: Walk<'a>,
    frames: Vec<&'a [u8]>,
}

impl<'a> Stacks<'a> {
    pub(super) fn new(tree: &'a CallTree) -> Stacks<'a> {
        Stacks {
            tree,
            is_at_root: true,
            walk: tree.walk(),
            frames: Vec::new(),
        }
    }
}

impl<'a> Iterator for Stacks<'a> {
    type Item = Stack<'a>;

    fn next(&mut self) -> Option<Stack<'a>> {
        loop {
            let node = if std::mem::take(&mut self.is_at_root) {
                CallTree::ROOT
            } else {
                let visit = self.walk.next()?;
                self.frames.truncate(visit.depth - 1);
                self.frames.push(self.tree.name(visit.node));
                visit.node
            };
            if let Some(count) = self.tree.self_count(node) {
                return Some(Stack {
                    frames: self.frames.clone(),
                    count,
                    before: self.tree.self_before(node),
                });
            }
        }
    }
}
