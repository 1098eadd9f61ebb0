//! Intel VTune: hotspots, as the CSV of its top-down report.
//!
//! ```text
//! input = { line }, header, { row | blank line }
//! row   = { " " }, name, ",", self time, [ ",", module ]        (a space for each caller)
//! name  = '"', { any character }, '",'  |  { any character but "," }
//! ```
//!
//! ```text
//! Function Stack,CPU Time:Self,Module
//! Total,0.0,[Unknown]
//!  RtlUserThreadStart,0.0,ntdll.dll
//!   main,0.015,prog.exe
//!    "std::rt::lang_start<core::result::Result<(), std::io::error::Error>>",0.25,prog.exe
//! ```
//!
//! To create it, run
//!
//! ```text
//! vtune -collect hotspots -r DIR -- PROGRAM
//! vtune -R top-down -call-stack-mode all -column="CPU Time:Self","Module" -report-out result.csv \
//!       -filter "Function Stack" -format csv -csv-delimiter comma -r DIR
//! ```
//!
//! A frame is named ``module`name``. Its count is its self time, rounded to milliseconds.

mod functions;
mod row;

use super::engine::format::Listed;
use super::engine::format::{Block, Format, impl_collapse};
use super::engine::notes::warn_of_cut;
use super::engine::shared::Shared;
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::lines::{split_line, whole_lines};
use crate::bytes::text::{lossy, trim_end};
use crate::call_tree::{CallTree, Forest, NodeId, Unit};
use crate::collapse::engine::error::skipped_level;
use crate::flags::flags;
use crate::input::Reader;
use crate::warnings::warning;
use functions::Functions;
use row::Row;
use std::io;

const HEADER: &[u8] = b"Function Stack,CPU Time:Self,Module";

flags! {
    /// Options for VTune's CSV.
    #[derive(Clone, Debug)]
    #[non_exhaustive]
    pub struct Options {
        /// Demangle names of Rust and C++ functions (`_RNv..`, `_ZN..`), without hashes and arguments;
        /// requires the crate's feature `demangle`. Default: `true`.
        #[arg(
            long = "no-demangle", action = clap::ArgAction::SetFalse,
            help = "Keep mangled names of Rust and C++ functions as they are"
        )]
        pub demangle: bool,

        /// Omit modules: `main` instead of ``prog`main``. Default: `false`.
        #[arg(long, help = "Don't include modules with function names")]
        pub no_modules: bool,
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            no_modules: false,
        }
    }
}

/// Folds VTune's CSV. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, vtune::Folder};
///
/// let csv = "\
/// Function Stack,CPU Time:Self,Module
/// Total,0.0,
///  main,0.5,prog
///   \"parse(int, char)\",1.25,libparse.so
/// ";
/// let mut folded = Vec::new();
/// Folder::default().collapse(csv.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"Total;prog`main 500\nTotal;prog`main;libparse.so`parse(int, char) 1250\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

impl_collapse!(Folder);

/// The path to the previous row.
#[derive(Default)]
pub(crate) struct Worker {
    is_after_header: bool,
    /// The number of the current line.
    line: u64,
    /// The path from the outermost function to that of the previous row.
    stack: Vec<NodeId>,
    functions: Functions,
}

impl Listed for Options {
    const NAME: &'static str = "vtune";
    const DESCRIPTION: &'static str = "Intel VTune hotspots (CSV), in milliseconds";
    const EXPECTED: &'static str = "the CSV of a VTune hotspots report";
    const HELP: &'static str = "\
This processes the CSV output of Intel VTune, created as follows:
        vtune -collect hotspots -r <result-dir> -- <program-to-profile>
        vtune -R top-down -call-stack-mode all -column=\"CPU Time:Self\",\"Module\" \\
            -report-out result.csv -filter \"Function Stack\" -format csv \\
            -csv-delimiter comma -r <result-dir>
    Older versions are called amplxe-cl.";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Options::default(), head)
    }

    fn adopt(&mut self, options: &Shared) {
        self.demangle = options.demangle;
    }

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        Folder::from(self).fold(reader)
    }
}

impl Format for Options {
    type Prelude = ();
    type Worker = Worker;
    const IS_PARALLEL: bool = false;
    const NUMBERS_LINES: bool = false;

    fn demangles(&self) -> bool {
        self.demangle
    }

    fn fold(
        &self,
        _: &(),
        block: Block<'_>,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        let mut rest = block.bytes;
        while !rest.is_empty() {
            worker.line += 1;
            if let Some(after) = worker.read_plain_row(rest, self, tree) {
                rest = after;
                continue;
            }
            let (line, after) = split_line(rest);
            if let Err(mismatch) = worker.read(trim_end(line), self, tree) {
                let error = mismatch.at_line(worker.line);
                if !block.is_unterminated(line) {
                    return Err(error);
                }
                warn_of_cut(&error);
            }
            rest = after;
        }
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, forest: &mut Forest) -> io::Result<()> {
        forest.set_unit(&Unit::Milliseconds);
        if workers.iter().all(|worker| !worker.is_after_header) {
            let header = lossy(HEADER);
            warning!("File ended before header, expected a line `{header}`");
        }
        Ok(())
    }

    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let has_header = whole_lines(head).any(|line| line.starts_with(HEADER));
        has_header.then_some(true)
    }
}

impl Worker {
    fn read(
        &mut self,
        line: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Result<(), Mismatch> {
        if !self.is_after_header {
            self.is_after_header = line.starts_with(HEADER);
            return Ok(());
        }
        if line.is_empty() {
            return Ok(());
        }
        let row = Row::parse(line, options)?;
        let Some(caller) = self.caller(&row) else {
            return Err(skipped_level(line));
        };
        let node = self.functions.find(caller, &row, options, tree);
        self.add(node, &row, tree);
        Ok(())
    }

    /// Reads the row that `text` starts with if it has VTune's usual form, and returns the text
    /// after it. This is a faster version of [`Worker::read`].
    fn read_plain_row<'a>(
        &mut self,
        text: &'a [u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<&'a [u8]> {
        if !self.is_after_header {
            return None;
        }
        let (row, after) = Row::split_plain(text, self.functions.latest_module())?;
        let caller = self.caller(&row)?;
        let node = self.functions.find_plain(caller, &row, options, tree)?;
        self.add(node, &row, tree);
        Some(after)
    }

    /// The parent node of a row; `None` if its row is missing.
    #[inline]
    fn caller(&self, row: &Row) -> Option<NodeId> {
        match row.depth {
            0 => Some(CallTree::ROOT),
            depth => self.stack.get(depth - 1).copied(),
        }
    }

    /// Adds a row with the node `node` to the tree.
    #[inline]
    fn add(&mut self, node: NodeId, row: &Row, tree: &mut CallTree) {
        self.stack.truncate(row.depth);
        self.stack.push(node);
        if row.milliseconds > 0 {
            tree.add(node, row.milliseconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::testing;
    use proptest::prelude::*;

    fn fold(rows: &str) -> Result<String, String> {
        fold_with(&Options::default(), rows)
    }

    fn fold_with(options: &Options, rows: &str) -> Result<String, String> {
        let csv = format!("war:Column filter is ON.\nFunction Stack,CPU Time:Self,Module\n{rows}");
        testing::fold(options, csv.as_bytes())
    }

    #[test]
    fn self_times_of_equal_stacks_are_added_up() {
        let rows = "T,0.0,\n a,1,m\n  b,0.5,m\n a,2,m\n\n  \"b\",0.25,m\nT,4,\n";
        assert_eq!(fold(rows).unwrap(), "T 4000\nT;m`a 3000\nT;m`a;m`b 750\n");
    }

    #[test]
    fn names_and_modules() {
        for (row, expected) in [
            ("f,1,m", "m`f"),
            ("f,1,", "f"),
            ("f,1,\"a,b\"", "\"a,b\"`f"),
            ("\"f(int, char)\",1,m", "m`f(int, char)"),
            ("\"f \"\"q\"\" x\",1,m\r", "m`f \"\"q\"\" x"),
            ("\"f\",1.000,\"x\",2.000,m", "\"x\",2.000,m`f"),
            ("a;b,1,m", "m`a:b"),
            ("f,1,m;n", "m:n`f"),
            ("\" f \",1,m", "m`f"),
            ("f ,1, m", "m`f"),
            ("\"<[u8; 4] as b::C>::f\",1,m", "m`<[u8: 4] as b::C>::f"),
            ("é,1,m", "m`é"),
        ] {
            let folded = fold(&format!("{row}\n")).unwrap();
            assert_eq!(folded, format!("{expected} 1000\n"), "{row}");
        }
        let options = Options {
            no_modules: true,
            ..Options::default()
        };
        for row in ["f,1,m", "f,1,", "f,1"] {
            assert_eq!(fold_with(&options, row).unwrap(), "f 1000\n", "{row}");
        }
    }

    #[test]
    fn times_are_rounded_to_milliseconds() {
        for (time, expected) in [
            ("0.0005", "f 1\n"),
            ("1.2345", "f 1235\n"),
            ("0.520", "f 520\n"),
            ("9.999", "f 9999\n"),
            ("12.05", "f 12050\n"),
            ("12.5", "f 12500\n"),
            ("12.", "f 12000\n"),
            (".5", "f 500\n"),
            ("999999999999.001", "f 999999999999001\n"),
            ("1e2", "f 100000\n"),
            ("inf", "f 18446744073709551615\n"),
            ("1e30", "f 18446744073709551615\n"),
            ("0.0004", ""),
            ("-1", ""),
            ("nan", ""),
        ] {
            assert_eq!(fold(&format!("f,{time},")).unwrap(), expected, "{time}");
        }
    }

    #[test]
    fn sums_saturate() {
        let folded = fold("f,1e30,\nf,1,\n").unwrap();
        assert_eq!(folded, "f 18446744073709551615\n");
    }

    #[test]
    fn errors_name_the_line() {
        for (rows, expected) in [
            (
                "T,1,m\n   f,1,m\n",
                "line 4: Skipped indentation level at line, expected at most one level more than \
                 the line before, found `f,1,m`",
            ),
            (
                " f,1,m\n",
                "line 3: Skipped indentation level at line, expected at most one level more than \
                 the line before, found `f,1,m`",
            ),
            (
                "T,1\n",
                "line 3: Unable to parse stack line, expected `FUNCTION,SECONDS,MODULE`, found \
                 `T,1`",
            ),
            (
                "\"T,1,m\n",
                "line 3: Unable to parse stack line, expected `FUNCTION,SECONDS,MODULE`, found \
                 `\\\"T,1,m`",
            ),
            (
                "T, 1,m\n",
                "line 3: Invalid `CPU Time:Self` field, expected a number of seconds, found `1`",
            ),
        ] {
            assert_eq!(fold(rows).unwrap_err(), expected);
        }
    }

    #[test]
    fn whole_lines_of_a_truncated_report_are_kept() {
        for cut in [" f", " \"f(int", " f,0.", " f,-"] {
            let folded = fold(&format!("T,1,m\n{cut}"));
            assert_eq!(folded.unwrap(), "m`T 1000\n", "{cut}");
        }
        assert_eq!(fold("T,1,m\n f,2,m").unwrap(), "m`T 1000\nm`T;m`f 2000\n");
    }

    #[test]
    fn without_a_header_there_is_nothing() {
        let options = Options::default();
        assert_eq!(testing::fold(&options, b"T,1,m\n f,1,m\n").unwrap(), "");
        assert_eq!(testing::fold(&options, b"").unwrap(), "");
    }

    #[test]
    fn sniffing() {
        let sniff = |text: &str| Options::default().sniff(text.as_bytes());
        let header = "Function Stack,CPU Time:Self,Module";
        assert_eq!(sniff(&format!("war: x\n{header},x\r\n")), Some(true));
        assert_eq!(sniff(header), None);
        assert_eq!(sniff("main;leaf 3\n"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn no_time_is_lost(
            stacks in prop::collection::vec(
                prop::collection::vec((prop::sample::select(vec!["a", "b"]), 0u64..100), 1..6),
                0..20,
            )
        ) {
            let rows: Vec<String> = stacks
                .iter()
                .flat_map(|stack| stack.iter().enumerate())
                .map(|(depth, (name, ms))| format!("{}{name},0.{ms:03},m\n", " ".repeat(depth)))
                .collect();
            let folded = fold(&rows.concat()).unwrap();
            let sum: u64 = folded
                .lines()
                .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
                .sum();
            prop_assert_eq!(sum, stacks.iter().flatten().map(|(_, ms)| ms).sum::<u64>());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for start in ["", "T,1,m\n ", "\""] {
                let csv = [HEADER, b"\n", start.as_bytes(), &bytes].concat();
                let _ = testing::fold(&Options::default(), &csv);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        /// A space at the end of a row selects the slow path.
        #[test]
        fn plain_rows_fold_like_others(
            rows in prop::collection::vec(
                (
                    0usize..3,
                    prop::sample::select(vec![
                        "f", "\"f\"", "\"f\",1,m\"", "g,0.100", "\"g,0.100\"", "a`f", "\"a`f\"", "f;g", "é",
                        "o\"\"_s", "\"o\"\"_s\"", "", "\" f \"", "f:g", "f\rg",
                    ]),
                    prop::sample::select(vec!["0.520", "12.05", "1.2345"]),
                    prop::sample::select(vec!["m", "", "a", "libc.so.6", "x;y", "x:y", " m", "m,n"]),
                    prop::bool::weighted(0.1),
                ),
                0..20,
            ),
            no_modules: bool,
        ) {
            let options = Options { no_modules, ..Options::default() };
            let text = |is_slow: &dyn Fn(bool) -> bool| -> String {
                let mut deepest = 0;
                let row = |&(depth, name, seconds, module, is_odd): &(usize, &str, &str, &str, bool)| {
                    let depth = depth.min(deepest);
                    deepest = depth + 1;
                    let end = if is_slow(is_odd) { " " } else { "" };
                    format!("{}{name},{seconds},{module}{end}\n", " ".repeat(depth))
                };
                rows.iter().map(row).collect()
            };
            let slow = fold_with(&options, &text(&|_| true));
            prop_assert_eq!(fold_with(&options, &text(&|_| false)), slow.clone());
            prop_assert_eq!(fold_with(&options, &text(&|is_odd| is_odd)), slow);
        }
    }
}
