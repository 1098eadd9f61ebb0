//! The hotspots of Intel VTune, as the CSV of its top-down report.
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
//! It comes from
//!
//! ```text
//! vtune -collect hotspots -r DIR -- PROGRAM
//! vtune -R top-down -call-stack-mode all -column="CPU Time:Self","Module" -report-out result.csv \
//!       -filter "Function Stack" -format csv -csv-delimiter comma -r DIR
//! ```
//!
//! A frame is called ``module`name``. Its count is its own time in milliseconds, rounded.

use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, impl_collapse};
use super::notes::warn_of_cut;
use crate::call_tree::{CallTree, Forest, FrameId, NameHash, NodeId};
use crate::count::split_number;
use crate::folded::{split_line, whole_lines};
use crate::text::{excerpt, lossy, trim_end, without_leading_spaces};

const HEADER: &[u8] = b"Function Stack,CPU Time:Self,Module";

/// What to make of VTune's CSV.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Write mangled names of Rust and C++ functions (`_RNv..`, `_ZN..`) as in their source,
    /// without hashes and arguments; the crate's feature `demangle` does it. Default: `true`.
    pub demangle: bool,

    /// Leave out the modules: `main`, not ``prog`main``. Default: `false`.
    pub no_modules: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            no_modules: false,
        }
    }
}

/// Folds VTune's CSV. See the [module](self) for what is read.
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

/// The rows that the next one may be below.
#[derive(Default)]
pub(crate) struct Worker {
    is_after_header: bool,
    /// The number of the line read last.
    line: u64,
    /// From the outermost function to that of the row before.
    stack: Vec<NodeId>,
    /// The full name of a function, in memory that is used again.
    name: Vec<u8>,
    callees: Callees,
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
            if let Some(behind) = worker.read_plain_row(rest, self, tree) {
                rest = behind;
                continue;
            }
            let (line, behind) = split_line(rest);
            if let Err(kind) = worker.read(trim_end(line), self, tree) {
                let error = ParseError::new(kind, worker.line);
                if !block.is_unended(line) {
                    return Err(error);
                }
                warn_of_cut(&error);
            }
            rest = behind;
        }
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, _: &mut Forest) -> Result<(), ParseError> {
        if workers.iter().all(|worker| !worker.is_after_header) {
            let header = lossy(HEADER);
            log::warn!("File ended before header, expected a line `{header}`");
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
    ) -> Result<(), ErrorKind> {
        if !self.is_after_header {
            self.is_after_header = line.starts_with(HEADER);
            return Ok(());
        }
        if line.is_empty() {
            return Ok(());
        }
        let row = Row::parse(line, options)?;
        let skipped = || ErrorKind::SkippedIndentation(excerpt(line));
        self.add(&row, tree).ok_or_else(skipped)
    }

    /// Reads the row that `text` starts with if it is one as VTune mostly writes them, and returns
    /// what is behind it. It does what [`Worker::read`] does, in fewer steps.
    fn read_plain_row<'a>(
        &mut self,
        text: &'a [u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<&'a [u8]> {
        if !self.is_after_header {
            return None;
        }
        let (row, behind) = Row::split_plain(text, options)?;
        self.add(&row, tree)?;
        Some(behind)
    }

    /// Adds a row to the tree; `None` if the row that it would be below is missing.
    #[inline]
    fn add(&mut self, row: &Row, tree: &mut CallTree) -> Option<()> {
        if row.depth > self.stack.len() {
            return None;
        }
        self.stack.truncate(row.depth);
        let caller = self.stack.last().copied().unwrap_or(CallTree::ROOT);
        row.write_full_name(&mut self.name);
        let node = self.callees.find(caller, &self.name, tree);
        self.stack.push(node);
        if row.milliseconds > 0 {
            tree.add(node, row.milliseconds);
        }
        Some(())
    }
}

/// Finds nodes by names.
#[derive(Default)]
struct Callees {
    /// By frame: a caller, and the node below it. They are those that were asked for last.
    latest: Vec<(NodeId, NodeId)>,
}

impl Callees {
    /// The node below `caller` for the function called `name`.
    #[inline]
    fn find(&mut self, caller: NodeId, name: &[u8], tree: &mut CallTree) -> NodeId {
        // What is a frame already needs no look at what it says.
        let hash = tree.hash_of(name);
        let Some(frame) = tree.find_frame(name, hash) else {
            return self.make(caller, name, hash, tree);
        };
        let latest = self.latest(frame);
        if latest.0 != caller || latest.1 == CallTree::ROOT {
            *latest = (caller, tree.child(caller, frame));
        }
        latest.1
    }

    /// The same for a name that is no frame as it stands.
    fn make(&mut self, caller: NodeId, name: &[u8], hash: NameHash, tree: &mut CallTree) -> NodeId {
        // A `;` in the name makes two frames of it.
        if !name.is_ascii() || memchr::memchr(b';', name).is_some() {
            return tree.descend(caller, lossy(name).as_bytes());
        }
        let node = tree.push_child_called(caller, name, hash);
        *self.latest(tree.frame(node)) = (caller, node);
        node
    }

    /// What is in `latest` for `frame`.
    #[inline]
    fn latest(&mut self, frame: FrameId) -> &mut (NodeId, NodeId) {
        if self.latest.len() <= frame.index() {
            let unknown = (CallTree::ROOT, CallTree::ROOT);
            self.latest.resize(frame.index() + 1, unknown);
        }
        &mut self.latest[frame.index()]
    }
}

#[derive(Debug, PartialEq)]
struct Row<'a> {
    /// 0 for a function without callers.
    depth: usize,
    name: &'a [u8],
    milliseconds: u64,
    /// Empty if it is unknown, or not asked for.
    module: &'a [u8],
}

impl<'a> Row<'a> {
    fn parse(line: &'a [u8], options: &Options) -> Result<Row<'a>, ErrorKind> {
        let text = without_leading_spaces(line);
        let depth = line.len() - text.len();
        let Some((name, rest)) = split_name(text) else {
            return Err(unreadable(line));
        };
        let (milliseconds, module) = match split_plain_seconds(rest) {
            Some((milliseconds, module)) => (milliseconds, Some(module)),
            None => split_seconds(rest)?,
        };
        let module = match options.no_modules {
            true => b"",
            false => module.ok_or_else(|| unreadable(line))?,
        };
        Ok(Row {
            depth,
            name,
            milliseconds,
            module,
        })
    }

    /// The row that `text` starts with, and what is behind it. `None` unless the row ends, and is as
    /// VTune mostly writes them.
    #[inline]
    fn split_plain(text: &'a [u8], options: &Options) -> Option<(Row<'a>, &'a [u8])> {
        let unindented = without_leading_spaces(text);
        let (name, rest) = split_plain_name(unindented)?;
        let (milliseconds, rest) = split_plain_seconds(rest)?;
        let end = memchr::memchr(b'\n', rest)?;
        let module = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        let is_trimmed = module.last().is_none_or(u8::is_ascii_graphic);
        let row = Row {
            depth: text.len() - unindented.len(),
            name,
            milliseconds,
            module: if options.no_modules { b"" } else { module },
        };
        is_trimmed.then_some((row, &rest[end + 1..]))
    }

    /// Makes `full_name`, which is that of another row, ``module`name``, or the name alone.
    #[inline]
    fn write_full_name(&self, full_name: &mut Vec<u8>) {
        let behind_module = full_name.strip_prefix(self.module);
        if self.module.is_empty() {
            full_name.clear();
        } else if behind_module.is_some_and(|rest| rest.starts_with(b"`")) {
            full_name.truncate(self.module.len() + 1);
        } else {
            full_name.clear();
            full_name.extend_from_slice(self.module);
            full_name.push(b'`');
        }
        full_name.extend_from_slice(self.name);
    }
}

#[cold]
fn unreadable(line: &[u8]) -> ErrorKind {
    ErrorKind::UnreadableStackLine {
        line: excerpt(line),
        expected: "`FUNCTION,SECONDS,MODULE`",
    }
}

/// Splits a row behind the name of its function, which may be quoted.
fn split_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let comma = memchr::memchr(b',', text)?;
        return Some((&text[..comma], &text[comma + 1..]));
    };
    let end = memchr::memchr_iter(b'"', quoted).find(|&at| quoted.get(at + 1) == Some(&b','))?;
    Some((&quoted[..end], &quoted[end + 2..]))
}

/// The same for a name without quotes within, in a text of many rows.
#[inline]
fn split_plain_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    match text {
        [b'"', quoted @ ..] => {
            let (name, rest) = quoted.split_at(memchr::memchr2(b'"', b'\n', quoted)?);
            Some((name, rest.strip_prefix(b"\",")?))
        }
        _ => {
            let (name, rest) = text.split_at(memchr::memchr2(b',', b'\n', text)?);
            Some((name, rest.strip_prefix(b",")?))
        }
    }
}

/// Splits `SECONDS[,MODULE]`, and reads the seconds as milliseconds: rounded, and not below zero nor
/// above what fits.
#[cold]
fn split_seconds(text: &[u8]) -> Result<(u64, Option<&[u8]>), ErrorKind> {
    let mut parts = text.splitn(2, |byte| *byte == b',');
    let (time, module) = (parts.next().unwrap_or_default(), parts.next());
    let seconds = std::str::from_utf8(time).ok();
    match seconds.and_then(|text| text.parse::<f64>().ok()) {
        // The conversion saturates, and takes what is not a number as zero.
        Some(seconds) => Ok(((seconds * 1000.0).round() as u64, module)),
        None => Err(ErrorKind::InvalidTime(excerpt(time))),
    }
}

/// The same for `DIGITS.DIGITS,MODULE` with at most three digits of a fraction, as VTune mostly
/// prints it. There is nothing to round then.
#[inline]
fn split_plain_seconds(text: &[u8]) -> Option<(u64, &[u8])> {
    const MOST_SECONDS: u64 = 1_000_000_000;
    let few = split_few_seconds(text);
    if few.is_some() {
        return few;
    }
    let (seconds, _, rest) = split_number(text)?;
    let (fraction, digits, rest) = split_number(rest.strip_prefix(b".")?)?;
    let unit = match digits {
        1 => 100,
        2 => 10,
        3 => 1,
        _ => return None,
    };
    let module = rest.strip_prefix(b",")?;
    (seconds < MOST_SECONDS).then_some((seconds * 1000 + fraction * unit, module))
}

/// The same for `DIGIT.DIGITS,` with three digits of a fraction, all of them at once.
#[inline]
fn split_few_seconds(text: &[u8]) -> Option<(u64, &[u8])> {
    let (&[seconds, b'.', tenths, hundredths, thousandths, b','], rest) =
        text.split_first_chunk()?
    else {
        return None;
    };
    let digits = [seconds, tenths, hundredths, thousandths];
    let number = digits.map(|digit| u64::from(digit.wrapping_sub(b'0')));
    let is_number = number.into_iter().fold(0, u64::max) <= 9;
    let milliseconds = number
        .into_iter()
        .fold(0, |value, digit| 10 * value + digit);
    is_number.then_some((milliseconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::testing;
    use proptest::prelude::*;

    fn fold(rows: &str) -> Result<String, String> {
        fold_with(&Options::default(), rows)
    }

    fn fold_with(options: &Options, rows: &str) -> Result<String, String> {
        let csv = format!("war:Column filter is ON.\nFunction Stack,CPU Time:Self,Module\n{rows}");
        testing::fold(options, csv.as_bytes())
    }

    #[test]
    fn own_times_of_equal_stacks_are_added_up() {
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
            ("a;b,1,m", "m`a;b"),
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
    fn sums_beyond_what_fits_stay_there() {
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
    fn what_was_whole_is_kept_of_a_cut_report() {
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

        /// The slow way reads a row as the fast one does, if that reads it at all.
        #[test]
        fn plain_rows_are_rows(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    " ", "  ", "\"", "\",", ",", "f", "g(int, char)", "`", "0.520,", "12.05,", "9.9999,",
                    "1,", "0", ".5", "m", "\r", "\n", "\u{2003}", "é",
                ]),
                1..9,
            ),
            ends_badly: bool,
            no_modules: bool,
        ) {
            let options = Options { no_modules, ..Options::default() };
            let end: &[u8] = if ends_badly { b"\xff\xe2\x80\x83\n" } else { b"\n" };
            let text = [parts.concat().as_bytes(), end, b"f,1,m\n"].concat();
            if let Some((row, behind)) = Row::split_plain(&text, &options) {
                let (line, rest) = split_line(&text);
                prop_assert_eq!(behind, rest);
                prop_assert_eq!(Row::parse(trim_end(line), &options).ok(), Some(row));
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for start in ["", "T,1,m\n ", "\""] {
                let csv = [HEADER, b"\n", start.as_bytes(), &bytes].concat();
                let _ = testing::fold(&Options::default(), &csv);
            }
        }
    }
}
