//! Transforms the profile for drawing: cuts stacks at a base, and reverses them.

use super::Options;
use crate::call_tree::{CallTree, Roots, rebuild};
use std::borrow::Cow;

/// Returns `tree` itself unless the options transform it.
///
/// The base is applied to stacks as recorded, before they are reversed.
pub(super) fn for_drawing<'t>(tree: &'t CallTree, opt: &Options<'_>) -> Cow<'t, CallTree> {
    if opt.base.is_empty() && !opt.reverse_stack_order {
        return Cow::Borrowed(tree);
    }
    let bases: Vec<&[u8]> = opt.base.iter().map(String::as_bytes).collect();
    let mut tree = rebuild::with_stacks(tree, |stack| {
        if !bases.is_empty() {
            let is_base = |node| bases.contains(&tree.name(node));
            let Some(base) = stack.iter().rposition(|&node| is_base(node)) else {
                return false;
            };
            stack.drain(..base);
        }
        if opt.reverse_stack_order {
            stack.reverse();
        }
        true
    });
    tree.set_roots(Roots::Unknown);
    Cow::Owned(tree)
}

/// The bases that occur in no stack. (Empty if there are no stacks, which is a different error.)
pub(super) fn missing_bases<'o>(tree: &CallTree, opt: &'o Options<'_>) -> Vec<&'o str> {
    let bases = opt.base.iter().map(String::as_str);
    let is_there = |base: &str| {
        let mut nodes = tree.ids().skip(1);
        nodes.any(|node| tree.name(node) == base.as_bytes())
    };
    bases
        .filter(|base| !tree.is_empty() && !is_there(base))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_tree::rebuild::parts_in_order;
    use crate::folded::{self, LineFolder};

    fn transformed(tree: CallTree, lines: &[&str], opt: &Options<'_>) -> Vec<String> {
        let mut folder = LineFolder::new(tree);
        lines
            .iter()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let mut out = Vec::new();
        folded::write(&for_drawing(&tree, opt), &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(str::to_string)
            .collect()
    }

    fn options(base: &[&str], reverse: bool) -> Options<'static> {
        Options {
            base: base.iter().map(|name| name.to_string()).collect(),
            reverse_stack_order: reverse,
            ..Options::default()
        }
    }

    const LINES: [&str; 4] = ["b 1", "a;b;c;b;d 2", "b;c 4", "x;y 8"];

    #[test]
    fn the_innermost_base_becomes_the_root() {
        let lines = transformed(CallTree::new(), &LINES, &options(&["b"], false));
        assert_eq!(lines, ["b 1", "b;c 4", "b;d 2"]);
        let lines = transformed(CallTree::new(), &LINES, &options(&["b", "y"], false));
        assert_eq!(lines, ["b 1", "b;c 4", "b;d 2", "y 8"]);
    }

    #[test]
    fn missing_bases_are_reported() {
        let tree = crate::folded::read(&b"a;b 1\n"[..]).unwrap().tree;
        assert_eq!(
            missing_bases(&tree, &options(&["b", "x", "a", ""], false)),
            ["x", ""]
        );
        assert!(missing_bases(&CallTree::new(), &options(&["x"], false)).is_empty());
    }

    #[test]
    fn reversed_stacks_merge_from_their_leaves() {
        let lines = ["a;b;c 1", "x;c 2", "x 4"];
        let lines = transformed(CallTree::new(), &lines, &options(&[], true));
        assert_eq!(lines, ["c;b;a 1", "c;x 2", "x 4"]);
        let lines = transformed(CallTree::new(), &LINES, &options(&["b"], true));
        assert_eq!(lines, ["b 1", "c;b 4", "d;b 2"]);
    }

    #[test]
    fn both_counts_move_with_their_stack() {
        let lines = ["m;a 1 2", "n;a 10 20"];
        let lines = transformed(CallTree::new(), &lines, &options(&[], true));
        assert_eq!(lines, ["a;m 1 2", "a;n 10 20"]);
    }

    #[test]
    fn time_order_is_kept() {
        let lines = ["m;b 1", "m;b;c 1", "m;b 2", "n;b;a 1", "m;b;c 1"];
        let opt = options(&["b"], false);
        let mut folder = LineFolder::new(CallTree::in_time_order());
        lines
            .iter()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let made = for_drawing(&tree, &opt);
        let parts: Vec<(String, String)> = parts_in_order(&made)
            .iter()
            .map(|part| {
                (
                    crate::bytes::text::lossy(made.name(part.node)).into_owned(),
                    part.count.to_string(),
                )
            })
            .collect();
        let expected = [("b", "1"), ("c", "1"), ("b", "2"), ("a", "1"), ("c", "1")];
        assert_eq!(
            parts,
            expected.map(|(name, count)| (name.to_string(), count.to_string()))
        );
    }
}
