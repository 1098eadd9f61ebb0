//! The frames too narrow to be drawn, for the viewer: its search counts their samples too.
//!
//! They are the text of a `<metadata id="pruned">`:
//!
//! ```text
//! parse
//! read
//!
//! 3;1 5 0;2 2 1 0
//! 17;1 4 1
//! ```
//!
//! First the distinct names, then an empty line, then a line for each drawn frame that has such
//! children: its place among the drawn ones, and runs of frames below it. A run is a level (1 for
//! a child of the drawn frame), a number of samples, and the numbers of one or more names, each
//! called by the one before it and by nothing else. Runs come in depth-first order.

use super::frames::without_annotation;
use super::layout::Layout;
use super::number::{push_count, push_uint};
use super::svg::Xml;
use crate::call_tree::{CallTree, Children, Count, NodeId};
use crate::text::lossy;

/// Writes what of `tree` is not in `layout`; nothing if all of it is.
pub(super) fn write(tree: &CallTree, layout: &Layout, xml: &mut Xml) {
    let mut pruned = Pruned::new(tree, layout);
    for (place, frame) in layout.frames.iter().enumerate() {
        pruned.push_below(place, frame.node);
    }
    if !pruned.runs.is_empty() {
        xml.start("metadata");
        xml.attr("id", "pruned");
        pruned.write_names(xml);
        xml.text_with(|out| out.extend_from_slice(&pruned.runs));
        xml.end();
    }
}

struct Pruned<'p> {
    tree: &'p CallTree,
    totals: &'p [Count],
    children: Children,
    /// By node.
    is_drawn: Vec<bool>,
    /// By frame name: its number, if it has one.
    numbers: Vec<Option<u32>>,
    /// By number: a node of that name.
    named: Vec<NodeId>,
    /// The lines of runs, each with a line break before it.
    runs: Vec<u8>,
    /// Nodes to come and their level, the next one last.
    pending: Vec<(NodeId, u64)>,
}

impl<'p> Pruned<'p> {
    fn new(tree: &'p CallTree, layout: &'p Layout) -> Pruned<'p> {
        let totals = layout.totals();
        let mut is_drawn = vec![false; totals.len()];
        for frame in &layout.frames {
            is_drawn[frame.node.index()] = true;
        }
        Pruned {
            tree,
            totals,
            children: Children::new(tree),
            is_drawn,
            numbers: Vec::new(),
            named: Vec::new(),
            runs: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Adds the line of the drawn frame at `place`, which draws `node`, if there is one to add.
    fn push_below(&mut self, place: usize, node: NodeId) {
        self.push_pending(node, 1);
        if self.pending.is_empty() {
            return;
        }
        self.runs.push(b'\n');
        push_uint(&mut self.runs, place as u64);
        // The node and samples that the last run ends with.
        let mut last = None;
        while let Some((node, level)) = self.pending.pop() {
            let total = self.totals[node.index()];
            let is_only_callee = last == Some((self.tree.parent(node), total));
            if !is_only_callee {
                self.start_run(level, total);
            }
            let number = self.number(node);
            self.runs.push(b' ');
            push_uint(&mut self.runs, u64::from(number));
            last = Some((Some(node), total));
            self.push_pending(node, level + 1);
        }
    }

    fn push_pending(&mut self, parent: NodeId, level: u64) {
        let (is_drawn, totals) = (&self.is_drawn, self.totals);
        let callees = self.children.of(parent).iter().copied();
        let is_pruned = |node: &NodeId| !is_drawn[node.index()] && !totals[node.index()].is_zero();
        self.pending
            .extend(callees.filter(is_pruned).map(|node| (node, level)));
    }

    fn start_run(&mut self, level: u64, total: Count) {
        self.runs.push(b';');
        push_uint(&mut self.runs, level);
        self.runs.push(b' ');
        push_count(&mut self.runs, total);
    }

    /// The number of the node's name.
    fn number(&mut self, node: NodeId) -> u32 {
        let index = self.tree.frame(node).index();
        if index >= self.numbers.len() {
            self.numbers.resize(index + 1, None);
        }
        let named = &mut self.named;
        *self.numbers[index].get_or_insert_with(|| {
            named.push(node);
            named.len() as u32 - 1
        })
    }

    fn write_names(&self, xml: &mut Xml) {
        for &node in &self.named {
            let name = lossy(self.tree.name(node)).replace('\n', " ");
            // An empty line would end the names.
            let name = match without_annotation(&name) {
                "" => " ",
                name => name,
            };
            xml.text(name);
            xml.text("\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flamegraph::DiffWidth;
    use crate::folded::LineFolder;

    fn written(lines: &str, min_width: f64) -> String {
        let mut folder = LineFolder::new(CallTree::new());
        lines
            .lines()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let mut xml = Xml::new(false);
        write(
            &tree,
            &Layout::new(&tree, min_width, DiffWidth::After),
            &mut xml,
        );
        String::from_utf8(std::mem::take(xml.out())).unwrap()
    }

    #[test]
    fn a_complete_graph_has_none() {
        assert_eq!(written("a;b 1\na;c 2\n", 0.0), "");
        assert_eq!(written("a;b 1\na;c 2\na;d 0\n", 5.0), "");
    }

    #[test]
    fn chains_are_one_run_and_names_are_written_once() {
        let lines = "a 80\na;b;c;d 5\na;b;c;e 2\nf;b 8\nf;b_[k] 5\n";
        let expected = "<metadata id=\"pruned\">\
            b\nc\ne\nd\nb\n\n\
            1;1 7 0 1;3 2 2;3 5 3\n\
            2;1 5 4;1 8 0\
            </metadata>";
        assert_eq!(written(lines, 10.0), expected);
    }

    #[test]
    fn names_are_text_of_one_line() {
        let lines = "a 99.5\n;<x> 0.25\n;;& 0.25\n";
        let expected = "<metadata id=\"pruned\"> \n&amp;\n&lt;x&gt;\n\n0;1 0.5 0;2 0.25 0 1;2 0.25 2</metadata>";
        assert_eq!(written(lines, 1.0), expected);
    }
}
