//! Intel VTune: memory consumption, exported as CSV, top-down.
//!
//! ```text
//! input  = { "war:" … }, header, { row }
//! header = "Function Stack,Allocation Size:Self,Deallocation Size:Self,Allocations:Self,Module"
//! row    = { " " } FUNCTION "," [ BYTES ] "," [ BYTES ] "," [ N ] "," MODULE         (a space for each caller)
//! ```
//!
//! ```text
//! Function Stack,Allocation Size:Self,Deallocation Size:Self,Allocations:Self,Module
//! Total,0,0,0,[Unknown]
//!  main,1024,512,3,shop
//!   "std::vector<int, std::allocator<int> >::push_back",4096,0,7,libcart.so
//! ```
//!
//! Names may contain commas; the numbers determine where they end.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, Count, NodeId};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use std::io::{self, BufRead};

/// Folds VTune memory consumption. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, vtune_mc::Folder};
///
/// let table = "Function Stack,Allocation Size:Self,Deallocation Size:Self,Allocations:Self,Module\n\
///              Total,0,0,0,[Unknown]\n main,1024,512,3,shop\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(table.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"Total([Unknown]);main(shop) 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for VTune memory consumption.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `allocations`, or their `size`, in bytes [default: allocations]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Count bytes: `--value size`
        #[arg(long, conflicts_with = "value")]
        pub size: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

const HEADER: &[u8] = b"Function Stack,Allocation Size";

/// The indexes of the values.
const ALLOCATIONS: usize = 0;
const SIZE: usize = 1;

impl Document for Options {
    const NAME: &'static str = "vtune-mc";
    const DESCRIPTION: &'static str = "VTune memory consumption (CSV)";
    shared_options!(value);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).filter(|line| !is_warning(line));
        lines.next().map(is_header)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let values = vec![
            ValueType::new("allocations", "count"),
            ValueType::new("size", "bytes"),
        ];
        let wanted = match self.size {
            true => Some("size"),
            false => self.value.as_deref(),
        };
        let column = profile.choose(values, wanted, ALLOCATIONS)?;
        let mut lines = Lines::of(input);
        skip_header(&mut lines)?;
        let mut path: Vec<(usize, NodeId)> = Vec::new();
        while let Some(line) = lines.next()? {
            if line.is_empty() {
                continue;
            }
            let line = without_quotes(line);
            let Some(row) = read_row(&line) else {
                lines.skip_if_cut("a row: function, three numbers, and module")?;
                continue;
            };
            while path.pop_if(|(depth, _)| *depth >= row.depth).is_some() {}
            let caller = path.last().map_or(CallTree::ROOT, |(_, node)| *node);
            let node = profile.tree.child_called(caller, &row.name);
            path.push((row.depth, node));
            row.add(node, column, profile);
        }
        lines.warn_if_cut();
        Ok(())
    }
}

fn is_warning(line: &[u8]) -> bool {
    line.starts_with(b"war:")
}

fn is_header(line: &[u8]) -> bool {
    without_quotes(line).starts_with(HEADER)
}

fn without_quotes(line: &[u8]) -> Vec<u8> {
    line.iter().copied().filter(|byte| *byte != b'"').collect()
}

fn skip_header(lines: &mut Lines<'_>) -> io::Result<()> {
    while let Some(line) = lines.next()? {
        if is_header(line) {
            return Ok(());
        }
        if !is_warning(line) {
            return Err(lines.error("the header `Function Stack,Allocation Size…`"));
        }
    }
    Err(invalid(
        "expected VTune memory consumption, found no header `Function Stack,Allocation Size…`",
    ))
}

struct Row {
    depth: usize,
    name: Vec<u8>,
    size: Option<Decimal>,
    allocations: Option<Decimal>,
}

impl Row {
    fn add(&self, node: NodeId, column: usize, profile: &mut Profile) {
        let weights = [self.allocations, self.size].map(Option::unwrap_or_default);
        profile.add_to_sums(&weights);
        profile.add(node, weights[column]);
        if column == SIZE && self.size.is_some() {
            // A function that allocates nothing itself is listed too.
            profile.tree.add(node, Count::ZERO);
        }
    }
}

/// Parses a row. The name ends at the first comma that is followed by three numbers.
fn read_row(line: &[u8]) -> Option<Row> {
    memchr::memchr_iter(b',', line).find_map(|comma| read_row_split(line, comma))
}

fn read_row_split(line: &[u8], comma: usize) -> Option<Row> {
    let mut fields = line[comma + 1..].splitn(4, |byte| *byte == b',');
    let mut number = || {
        let field = fields.next()?;
        match field {
            b"" => Some(None),
            field => Decimal::parse(field).map(Some),
        }
    };
    let (size, _, allocations) = (number()?, number()?, number()?);
    let module = fields.next()?;
    let name = line[..comma].trim_ascii_start();
    Some(Row {
        depth: comma - name.len(),
        name: frame_name(&[name, b"(", module, b")"].concat()),
        size,
        allocations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_three_numbers_follow() {
        let row = read_row(b"  std::map<int, char>::at,4096.5,0,,libcart.so").unwrap();
        assert_eq!(row.depth, 2);
        assert_eq!(row.name, b"std::map<int, char>::at(libcart.so)");
        assert_eq!(row.size, Decimal::parse(b"4096.5"));
        assert_eq!(row.allocations, None);
        assert!(read_row(b"main,1,2,shop").is_none());
        assert!(read_row(b"garbage").is_none());
    }
}
