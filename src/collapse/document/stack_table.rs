//! Tables of stacks in which each row has a frame and the row of its caller.

use super::out_of_range;
use crate::call_tree::NodeId;
use crate::input::invalid;
use std::io;

/// The nodes of a table's rows, which are looked up once.
pub(crate) struct StackTable {
    /// The name of the table in messages.
    name: &'static str,
    root: NodeId,
    nodes: Vec<Option<NodeId>>,
    path: Vec<usize>,
}

impl StackTable {
    /// Creates a table with `rows` rows, the outermost of which are below `root`.
    pub fn new(name: &'static str, rows: usize, root: NodeId) -> StackTable {
        StackTable {
            name,
            root,
            nodes: vec![None; rows],
            path: Vec::new(),
        }
    }

    /// The node of `row`.
    ///
    /// `caller` returns the caller of a row, which may come later in the table. `child` returns the
    /// node of a row below that of its caller.
    ///
    /// # Errors
    /// Rows that form a cycle, and a row outside the table.
    pub fn node(
        &mut self,
        row: usize,
        mut caller: impl FnMut(usize) -> io::Result<Option<usize>>,
        mut child: impl FnMut(usize, NodeId) -> io::Result<NodeId>,
    ) -> io::Result<NodeId> {
        let rows = self.nodes.len();
        self.path.clear();
        let mut parent = self.root;
        let mut next = Some(row);
        while let Some(at) = next {
            match self.nodes.get(at) {
                Some(Some(node)) => {
                    parent = *node;
                    break;
                }
                Some(None) if self.path.len() < rows => self.path.push(at),
                Some(None) => return Err(circle(self.name, row)),
                None => return Err(out_of_range(self.name, at, rows)),
            }
            next = caller(at)?;
        }
        for &at in self.path.iter().rev() {
            parent = child(at, parent)?;
            self.nodes[at] = Some(parent);
        }
        Ok(parent)
    }
}

#[cold]
fn circle(table: &str, row: usize) -> io::Error {
    invalid(format!(
        "the callers of entry {row} of the table `{table}` form a cycle"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_tree::CallTree;

    fn depths(callers: &[Option<usize>]) -> io::Result<Vec<usize>> {
        let mut tree = CallTree::new();
        let mut table = StackTable::new("t", callers.len(), CallTree::ROOT);
        let mut depths = Vec::new();
        for row in 0..callers.len() {
            let child = |row: usize, parent| Ok(tree.descend(parent, row.to_string().as_bytes()));
            let node = table.node(row, |row| Ok(callers[row]), child)?;
            depths.push(std::iter::successors(Some(node), |node| tree.parent(*node)).count() - 1);
        }
        Ok(depths)
    }

    #[test]
    fn callers_may_come_before_or_after() {
        assert_eq!(
            depths(&[None, Some(0), Some(1), Some(0)]).unwrap(),
            [1, 2, 3, 2]
        );
        assert_eq!(depths(&[Some(1), Some(2), None]).unwrap(), [3, 2, 1]);
    }

    #[test]
    fn cycles_of_callers_are_an_error() {
        let error = depths(&[None, Some(2), Some(1)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the callers of entry 1 of the table `t` form a cycle"
        );
        assert!(depths(&[Some(0)]).is_err());
    }

    #[test]
    fn a_caller_outside_of_the_table_is_an_error() {
        let error = depths(&[Some(7)]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("index 7 is outside of the table `t`")
        );
    }
}
