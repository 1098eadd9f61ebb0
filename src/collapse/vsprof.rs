//! Visual Studio: the call tree summary of its profiler, as CSV.
//!
//! ```text
//! input  = [ byte order mark ], header, { row | blank line }
//! row    = level, ",", '"', name, '"', ",", calls, { any character }
//! level, calls = number | '"', number, '"'
//! number = 1 to 3 digits, { separator, 3 digits }            (separator = "," | "." | " ")
//! ```
//!
//! ```text
//! Level,Function Name,Number of Calls,Elapsed Inclusive Time %,Elapsed Exclusive Time %,Avg ...
//! 0,"Raytracer.exe",0,100.00,0.00,0.00,0.00,"",
//! 1,"Raytracer.Tracer.<TraceImage>b__5_0(int32)",471,91.25,18.39,401.92,81.02,"Raytracer.exe",
//! 2,"Raytracer.Primitives.Sphere.Intersect(class Ray&)","2,893,824",54.37,4.21,0.04,0.00,"Raytracer.exe",
//! ```
//!
//! To create it, run `vsperfreport /summary:CallTree FILE.vsp`, or use the export in Performance
//! Explorer.
//!
//! The count of a stack is the number of calls of its innermost function, minus the calls of its
//! last callee when the tree returns to a lower level, because these are counted there. The
//! process, at level 0, has no calls and is not a frame.

use super::engine::format::Listed;
use super::engine::format::{Block, Format, impl_collapse};
use super::engine::notes::warn_of_cut;
use super::engine::shared::Shared;
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::lines::{lines_of, whole_lines};
use crate::bytes::text::{excerpt, lossy, trim, trim_end};
use crate::call_tree::{CallTree, Forest, NodeId, Unit};
use crate::collapse::engine::error::skipped_level;
use crate::flags::flags;
use crate::input::Reader;
use crate::names::symbol::one_frame;
use crate::warnings::warning;
use std::io;

/// The start of the first line.
pub(super) const HEADER: &str = "Level,Function Name,Number of Calls,Elapsed Inclusive Time %,\
     Elapsed Exclusive Time %,Avg Elapsed Inclusive Time,Avg Elapsed Exclusive Time,Module Name,";

/// Folds Visual Studio's call tree summary. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, vsprof::Folder};
///
/// let csv = "\
/// Level,Function Name,Number of Calls,Elapsed Inclusive Time %,Elapsed Exclusive Time %,\
/// Avg Elapsed Inclusive Time,Avg Elapsed Exclusive Time,Module Name,
/// 0,\"prog.exe\",0,100.00,0.00,0.00,0.00,\"\",
/// 1,\"Main()\",1,100.00,60.00,5.00,3.00,\"prog.exe\",
/// 2,\"Parse(string)\",\"1,200\",40.00,40.00,2.00,2.00,\"prog.exe\",
/// ";
/// let mut folded = Vec::new();
/// Folder::default().collapse(csv.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"Main() 1\nMain();Parse(string) 1200\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Default)]
pub struct Folder {
    options: Summary,
}

impl_collapse!(Folder);

flags! {
    /// The format, which has no options.
    #[derive(Default)]
    pub(super) struct Summary {}
}

/// The path to the previous row.
#[derive(Default)]
pub(crate) struct Worker {
    /// The number of the current line.
    line: u64,
    /// The path from the outermost function to that of the previous row.
    stack: Vec<Called>,
}

struct Called {
    node: NodeId,
    /// The calls that are not attributed to a callee.
    calls: u64,
}

impl Listed for Summary {
    const NAME: &'static str = "vsprof";
    const DESCRIPTION: &'static str =
        "the call tree summary of Visual Studio's profiler (CSV), in calls";
    const EXPECTED: &'static str =
        "the call tree summary of Visual Studio's profiler, with calls in it";
    const HELP: &'static str = "\
This processes the call tree summary of the built in Visual Studio profiler";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Summary::default(), head)
    }

    fn adopt(&mut self, _: &Shared) {}

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        Folder { options: self }.fold(reader)
    }
}

impl Format for Summary {
    type Prelude = ();
    type Worker = Worker;
    const IS_PARALLEL: bool = false;

    /// Names by Microsoft's linker are readable, or mangled in a scheme of its own.
    fn demangles(&self) -> bool {
        false
    }

    fn fold(
        &self,
        _: &(),
        block: Block<'_>,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        for line in lines_of(block.bytes) {
            worker.line += 1;
            if let Err(mismatch) = worker.read(line, tree) {
                let error = mismatch.at_line(worker.line);
                if worker.line == 1 || !block.is_unterminated(line) {
                    return Err(error);
                }
                warn_of_cut(&error);
            }
        }
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, forest: &mut Forest) -> io::Result<()> {
        forest.set_unit(&Unit::Other("calls".into()));
        for mut worker in workers {
            if worker.line == 0 {
                warning!("File ended before start of call graph, expected a line `{HEADER}`");
            }
            worker.unwind(worker.stack.len(), forest.first_mut());
        }
        Ok(())
    }

    /// The first line is sufficient.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        whole_lines(head).next().map(is_header)
    }
}

fn is_header(line: &[u8]) -> bool {
    let line = trim(line);
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    line.starts_with(HEADER.as_bytes())
}

impl Worker {
    fn read(&mut self, line: &[u8], tree: &mut CallTree) -> Result<(), Mismatch> {
        if self.line == 1 {
            return match is_header(line) {
                true => Ok(()),
                false => Err(not_header(line)),
            };
        }
        let line = trim_end(line);
        if line.is_empty() {
            return Ok(());
        }
        let row = Row::parse(line)?;
        self.go_to(row.level, line, tree)?;
        let parent = self.stack.last().map_or(CallTree::ROOT, |last| last.node);
        self.stack.push(Called {
            node: tree.child_called(parent, one_frame(&lossy(row.name)).as_bytes()),
            calls: row.calls,
        });
        Ok(())
    }

    /// Removes the functions from the stack that do not call a function at `level`.
    ///
    /// A level is the number of callers, but the first function replaces the process, which calls
    /// it: so a function whose level equals the depth of the stack has the same caller as the last
    /// one.
    fn go_to(&mut self, level: u64, line: &[u8], tree: &mut CallTree) -> Result<(), Mismatch> {
        let depth = self.stack.len();
        match usize::try_from(level).unwrap_or(usize::MAX) {
            level if level > depth + 1 => {
                return Err(skipped_level(line));
            }
            level if level < depth => self.unwind(depth - level + 1, tree),
            level if level == depth => {
                if let Some(function) = self.stack.pop() {
                    function.count(tree);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Removes functions from the stack and counts them, except those whose calls all led to calls
    /// of the function removed before.
    fn unwind(&mut self, functions: usize, tree: &mut CallTree) {
        let mut is_counted = false;
        for _ in 0..functions {
            let Some(function) = self.stack.pop() else {
                return;
            };
            if !is_counted {
                function.count(tree);
            }
            let Some(caller) = self.stack.last_mut() else {
                return;
            };
            is_counted = caller.calls == function.calls;
            if function.calls < caller.calls {
                caller.calls -= function.calls;
            }
        }
    }
}

impl Called {
    fn count(&self, tree: &mut CallTree) {
        if self.calls > 0 {
            tree.add(self.node, self.calls);
        }
    }
}

struct Row<'a> {
    level: u64,
    name: &'a [u8],
    calls: u64,
}

impl<'a> Row<'a> {
    fn parse(line: &'a [u8]) -> Result<Row<'a>, Mismatch> {
        let (level, rest) = split_number_column(line)?;
        if rest.is_empty() {
            return Err(Mismatch::unlike(
                "Missing function name in line",
                "`LEVEL,\"NAME\",CALLS`",
                line,
            ));
        }
        let Some((name, rest)) = split_quoted(rest) else {
            return Err(Mismatch::unlike(
                "Unable to parse function name from line",
                "it in quotes",
                line,
            ));
        };
        let (calls, _) = split_number_column(rest)?;
        Ok(Row { level, name, calls })
    }
}

#[cold]
fn not_header(line: &[u8]) -> Mismatch {
    let found = excerpt(line);
    let message = format!("Expected first line to be header line `{HEADER}`, found `{found}`");
    Mismatch::worded(message, HEADER, Some(found))
}

#[cold]
fn not_number(found: &[u8]) -> Mismatch {
    let found = excerpt(found);
    let message = format!("Unable to parse integer from '{found}', expected {GROUPS}");
    Mismatch::worded(message, GROUPS, Some(found))
}

#[cold]
fn ungrouped_number(found: &[u8]) -> Mismatch {
    let found = excerpt(found);
    let message = format!("Missing thousands separator in number '{found}', expected {GROUPS}");
    Mismatch::worded(message, GROUPS, Some(found))
}

const GROUPS: &str = "digits in groups of three";

/// Splits `"TEXT"REST`.
fn split_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', text)?;
    Some((&text[..end], &text[end + 1..]))
}

/// Parses the number in the first column of `text`, which may be quoted; an empty one is zero.
fn split_number_column(text: &[u8]) -> Result<(u64, &[u8]), Mismatch> {
    let text = text.strip_prefix(b",").unwrap_or(text);
    let (number, rest) = match split_quoted(text) {
        Some(split) => split,
        None if text.starts_with(b"\"") => return Err(not_number(text)),
        None => text.split_at(memchr::memchr(b',', text).unwrap_or(text.len())),
    };
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    Ok((parse_grouped(trim(number))?, rest))
}

/// Parses digits in groups of three, separated by commas, points or spaces.
fn parse_grouped(number: &[u8]) -> Result<u64, Mismatch> {
    let invalid = || not_number(number);
    let ungrouped = || ungrouped_number(number);
    let mut value = 0u64;
    let mut separator = None;
    let mut group_len = 0;
    for &byte in number {
        if byte.is_ascii_digit() {
            group_len += 1;
            if group_len > 3 {
                return Err(ungrouped());
            }
            let digit = u64::from(byte - b'0');
            let next = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(digit));
            value = next.ok_or_else(invalid)?;
        } else if !b",. ".contains(&byte) || separator.is_some_and(|other| other != byte) {
            return Err(invalid());
        } else {
            let is_first = separator.is_none();
            if group_len == 0 || (group_len < 3 && !is_first) {
                return Err(ungrouped());
            }
            separator = Some(byte);
            group_len = 0;
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::testing;
    use proptest::prelude::*;

    fn fold(rows: &str) -> Result<String, String> {
        let csv = format!("\u{feff}{HEADER}\r\n{rows}");
        testing::fold(&Summary::default(), csv.as_bytes())
    }

    #[test]
    fn calls_of_equal_stacks_are_added_up() {
        let rows = "0,\"x.exe\",0,1.00\n1,\"a\",5,1.00\n2,\"b\",2,1.00\n1,\"c\",1,1.00\n\
                    1,\"a\",4,1.00\n2,\"b\",3,1.00\n";
        assert_eq!(fold(rows).unwrap(), "a 4\na;b 5\nc 1\n");
    }

    #[test]
    fn calls_that_led_to_a_call_are_not_counted_again() {
        let calls = |outer, inner| format!("1,\"a\",{outer}\n2,\"b\",{inner}\n1,\"c\",1\n");
        for (outer, inner, expected) in [
            (5, 5, "a;b 5\nc 1\n"),
            (2, 10, "a 2\na;b 10\nc 1\n"),
            (7, 2, "a 5\na;b 2\nc 1\n"),
            // The remaining calls equal those of the callee.
            (4, 2, "a 2\na;b 2\nc 1\n"),
        ] {
            assert_eq!(fold(&calls(outer, inner)).unwrap(), expected);
        }
    }

    #[test]
    fn the_end_of_the_input_ends_all_functions() {
        assert_eq!(fold("1,\"a\",3\n2,\"b\",10\n").unwrap(), "a 3\na;b 10\n");
        assert_eq!(fold("0,\"a\",3\n0,\"b\",4").unwrap(), "a 3\nb 4\n");
    }

    #[test]
    fn numbers() {
        for (number, calls) in [
            ("7", 7),
            ("007", 7),
            (" 5", 5),
            ("1.5", 15),
            ("\"2,893,824\"", 2_893_824),
            ("\"2.893.824\"", 2_893_824),
            ("\"2 893 824\"", 2_893_824),
            ("\"18,446,744,073,709,551,615\"", u64::MAX),
        ] {
            let folded = fold(&format!("1,\"f(a,b)\",{number},1.00,\"m\",\n"));
            assert_eq!(folded.unwrap(), format!("f(a,b) {calls}\n"), "{number}");
        }
        for row in ["1,\"f\"", "1,\"f\",", "1,\"f\",\"\",1.00", "1,\"f\",0,1.00"] {
            assert_eq!(fold(&format!("{row}\n")).unwrap(), "", "{row}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        for (row, expected) in [
            (
                "0",
                "line 3: Missing function name in line, expected `LEVEL,\"NAME\",CALLS`, found `0`",
            ),
            (
                "1,\"f()",
                "line 3: Unable to parse function name from line, expected it in quotes, found \
                 `1,\\\"f()`",
            ),
            (
                "x,\"f\",1",
                "line 3: Unable to parse integer from 'x', expected digits in groups of three",
            ),
            (
                "1,\"f\",\"4,718.25\",1.00",
                "line 3: Unable to parse integer from '4,718.25', expected digits in groups of \
                 three",
            ),
            (
                "1,\"f\",\"18,446,744,073,709,551,616\",1.00",
                "line 3: Unable to parse integer from '18,446,744,073,709,551,616', expected \
                 digits in groups of three",
            ),
            (
                "1,\"f\",1234",
                "line 3: Missing thousands separator in number '1234', expected digits in groups \
                 of three",
            ),
            (
                "3,\"f\",1",
                "line 3: Skipped indentation level at line, expected at most one level more than \
                 the line before, found `3,\\\"f\\\",1`",
            ),
        ] {
            let folded = fold(&format!("1,\"a\",1\r\n{row}\r\n"));
            assert_eq!(folded.unwrap_err(), expected);
        }
        let error = testing::fold(&Summary::default(), b"Level,Function\n").unwrap_err();
        assert_eq!(
            error,
            format!(
                "line 1: Expected first line to be header line `{HEADER}`, found `Level,Function`"
            )
        );
    }

    #[test]
    fn whole_rows_of_a_truncated_summary_are_kept() {
        for cut in ["2", "2,\"b", "2,\"b\",\"1,2"] {
            let folded = fold(&format!("1,\"a\",3\n{cut}"));
            assert_eq!(folded.unwrap(), "a 3\n", "{cut}");
        }
        assert_eq!(testing::fold(&Summary::default(), b"").unwrap(), "");
        assert!(testing::fold(&Summary::default(), b"Level,Function").is_err());
    }

    #[test]
    fn sniffing() {
        let sniff = |text: &str| Summary::default().sniff(text.as_bytes());
        assert_eq!(sniff(""), None);
        assert_eq!(sniff(HEADER), None);
        assert_eq!(sniff(&format!("{HEADER}\n")), Some(true));
        assert_eq!(sniff(&format!("\u{feff}{HEADER}\r\n")), Some(true));
        assert_eq!(sniff("\n"), Some(false));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for start in ["", "1,\"a\",1\n", "1,\"a\",1\n2,\"b\","] {
                let csv = [HEADER.as_bytes(), b"\n", start.as_bytes(), &bytes].concat();
                let _ = testing::fold(&Summary::default(), &csv);
            }
        }
    }
}
