//! Detects the format of the input by its first lines.
//!
//! Each of the [`formats`] is tried in order on an increasing part of the input, until one of them
//! matches or all are excluded.

mod foreign;

use super::engine::folder::{Collapse, fold_file};
use super::formats::{self, FOLDED, FormatEntry, list, recognized};
use super::json::{is_started as is_json, outline};
pub use super::options::Options;
use crate::call_tree::{CallTree, Forest};
use crate::folded;
use crate::input::Reader;
use crate::input::{ReadAt, invalid};
use crate::warnings::warning;
use foreign::Foreign;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

/// The number of bytes to examine before giving up.
const MAX_EXAMINED: usize = 1 << 20;

/// The number of bytes to examine first.
pub(crate) const FIRST_EXAMINED: usize = 1 << 12;

/// Folds a profile in any format that is recognized, with the default options of most formats.
#[derive(Clone, Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

/// The names of the formats, in the order in which they are tried.
///
/// ```
/// let formats: Vec<&str> = inferno::collapse::guess::formats().collect();
/// assert_eq!((formats[0], formats[formats.len() - 1]), ("perf", "folded"));
/// ```
pub fn formats() -> impl Iterator<Item = &'static str> {
    formats::names()
}

/// The error for input in none of the [`formats`], which lists them.
pub fn unrecognized() -> io::Error {
    formats::unrecognized()
}

/// Returns an error if input that starts with `head` is in a known but unsupported format.
fn refuse_foreign(head: &[u8]) -> io::Result<()> {
    let Some(Foreign { what, advice }) = foreign::describe(head) else {
        return Ok(());
    };
    Err(invalid(match advice {
        Some(advice) => format!("unsupported format: {what}; {advice}"),
        None => format!("unsupported format: {what}; supported formats: {}", list()),
    }))
}

impl Folder {
    /// Folds `reader` if its format is recognized, including folded text; returns `None` otherwise.
    ///
    /// ```
    /// use inferno::collapse::guess::Folder;
    ///
    /// let forest = Folder::default().try_collapse("main;parse 3\nmain;parse 4\n".as_bytes())?;
    /// assert_eq!(forest.unwrap().merged().totals()[0].to_string(), "7");
    /// assert!(Folder::default().try_collapse("Dear all,\n".as_bytes())?.is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Errors of `reader`, and of the format; [`InvalidData`](io::ErrorKind::InvalidData) if the
    /// input is in a known but unsupported format.
    pub fn try_collapse<R>(&self, mut reader: R) -> io::Result<Option<Forest>>
    where
        R: BufRead,
    {
        self.fold(Reader::Stream(&mut reader))
    }

    /// Calls [`Folder::try_collapse`] for a whole file, of which other threads may read parts in
    /// parallel.
    ///
    /// # Errors
    /// The same as for [`Folder::try_collapse`].
    pub fn try_collapse_file(&self, file: &dyn ReadAt) -> io::Result<Option<Forest>> {
        self.fold(Reader::of(file))
    }

    /// Folds `reader` into a tree if it is in a profiler's format; otherwise returns `None`, with
    /// the bytes read so far in `head`.
    ///
    /// Folded text is left to the caller, which may need the order of its lines.
    ///
    /// # Errors
    /// The same as for [`Folder::try_collapse`].
    pub fn collapse_if_recognized<R>(
        &self,
        mut reader: R,
        head: &mut Vec<u8>,
    ) -> io::Result<Option<CallTree>>
    where
        R: BufRead,
    {
        self.fold_profile(Reader::Stream(&mut reader), head)
    }

    /// Calls [`Folder::collapse_if_recognized`] for a whole file, of which other threads may read
    /// parts in parallel.
    pub(crate) fn collapse_file_if_recognized(
        &self,
        file: &dyn ReadAt,
    ) -> io::Result<Option<CallTree>> {
        self.fold_profile(Reader::of(file), &mut Vec::new())
    }

    fn fold_profile(
        &self,
        mut reader: Reader<'_>,
        head: &mut Vec<u8>,
    ) -> io::Result<Option<CallTree>> {
        match recognize(&mut reader, head)? {
            Some(entry) if entry.name == FOLDED.name => {
                Forest::default().check_value(self.options.value.as_ref())?;
                self.options.selection.check(entry.name, entry.origin)?;
                self.options.refuse_off_cpu(entry.name)?;
                Ok(None)
            }
            Some(entry) => {
                let tree = self.fold_as(entry, head, reader)?.merged();
                if self.options.in_time_order && !tree.is_in_time_order() {
                    let name = entry.name;
                    warning!(
                        "the {name} profile has no times: stacks are merged and sorted by name"
                    );
                }
                Ok(Some(tree))
            }
            None => refuse_foreign(head).map(|()| None),
        }
    }

    pub(crate) fn fold(&self, reader: Reader<'_>) -> io::Result<Option<Forest>> {
        reader.with_text(|reader| self.fold_text(reader))
    }

    fn fold_text(&self, mut reader: Reader<'_>) -> io::Result<Option<Forest>> {
        let mut head = Vec::new();
        match recognize(&mut reader, &mut head)? {
            Some(entry) => self.fold_as(entry, &head, reader).map(Some),
            None => refuse_foreign(&head).map(|()| None),
        }
    }

    /// Folds `reader`; if the format is not recognized, logs an error and returns an empty result.
    fn fold_or_log(&self, reader: Reader<'_>) -> io::Result<Forest> {
        reader.with_text(|reader| self.fold_text_or_log(reader))
    }

    fn fold_text_or_log(&self, mut reader: Reader<'_>) -> io::Result<Forest> {
        let mut head = Vec::new();
        if let Some(entry) = recognize(&mut reader, &mut head)? {
            return self.fold_as(entry, &head, reader);
        }
        let what = foreign::describe(&head).map(|it| format!(": this is {}", it.what));
        let what = what.unwrap_or_default();
        log::error!("No applicable collapse implementation found for input{what}");
        Ok(Forest::default())
    }

    fn fold_as(&self, entry: FormatEntry, head: &[u8], rest: Reader<'_>) -> io::Result<Forest> {
        log::info!("Using {} collapser", entry.name);
        self.options.refuse_off_cpu(entry.name)?;
        let mut forest = rest.after(head, |reader| (entry.fold)(&self.options, reader))?;
        if self.options.in_time_order {
            forest.sort_by_time();
        }
        Ok(forest)
    }
}

impl Collapse for Folder {
    /// See [`Collapse::collapse`]. If the format is not recognized, an error is logged and nothing
    /// is written.
    fn collapse<R, W>(&mut self, mut reader: R, writer: W) -> io::Result<()>
    where
        R: BufRead,
        W: Write,
    {
        let forest = self.fold_or_log(Reader::Stream(&mut reader))?;
        folded::write_forest(&forest, writer)
    }

    fn is_applicable(&mut self, input: &str) -> Option<bool> {
        let answers: Vec<_> = recognized()
            .map(|entry| (entry.sniff)(input.as_bytes()))
            .collect();
        match answers {
            _ if answers.contains(&Some(true)) => Some(true),
            _ if answers.contains(&None) => None,
            _ => Some(false),
        }
    }

    fn collapse_file<P, W>(&mut self, infile: Option<P>, writer: W) -> io::Result<()>
    where
        P: AsRef<Path>,
        W: Write,
    {
        let forest = fold_file(infile, |reader| self.fold_or_log(reader))?;
        folded::write_forest(&forest, writer)
    }

    fn collapse_to_tree<R>(&mut self, mut reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        let forest = self.fold_or_log(Reader::Stream(&mut reader))?;
        Ok(forest.merged())
    }

    fn collapse_to_forest<R>(&mut self, mut reader: R) -> io::Result<Forest>
    where
        R: BufRead,
    {
        self.fold_or_log(Reader::Stream(&mut reader))
    }

    fn collapse_file_to_forest(&mut self, file: &dyn ReadAt) -> io::Result<Forest> {
        self.fold_or_log(Reader::of(file))
    }
}

/// The format of input that starts with `head`, of which [`FIRST_EXAMINED`] bytes are enough for
/// most.
pub(crate) fn entry_of(mut head: &[u8]) -> io::Result<FormatEntry> {
    let mut examined = Vec::new();
    match recognize(&mut head, &mut examined)? {
        Some(entry) => Ok(entry),
        None => refuse_foreign(&examined).and_then(|()| Err(unrecognized())),
    }
}

/// Reads into `head` until a format matches, all are excluded, or the input ends.
fn recognize(reader: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<Option<FormatEntry>> {
    let mut open: Vec<FormatEntry> = recognized().collect();
    let mut examined = FIRST_EXAMINED;
    // The first value of a JSON document may make up most of it.
    while !open.is_empty() && (examined <= MAX_EXAMINED || is_json(head)) {
        let missing = examined - head.len();
        let is_at_end = reader.take(missing as u64).read_to_end(head)? < missing;
        let outline = (examined > MAX_EXAMINED).then(|| outline(head));
        let entry = match &outline {
            None => ask(&mut open, head, is_at_end),
            Some(None) => break,
            Some(Some(outline)) => ask(&mut open, outline, is_at_end),
        };
        if entry.is_some() {
            return Ok(entry);
        }
        if is_at_end {
            break;
        }
        examined *= 4;
    }
    Ok(None)
}

/// Returns the first of the `open` formats that matches, and removes those that do not.
fn ask(open: &mut Vec<FormatEntry>, head: &[u8], is_at_end: bool) -> Option<FormatEntry> {
    // Formats examine whole lines only; at the end of the input, the last one is whole.
    let end: &[u8] = if is_at_end { b"\n" } else { b"" };
    let head = [head, end].concat();
    let mut yes = None;
    open.retain(|entry| {
        let answer = if yes.is_none() {
            (entry.sniff)(&head)
        } else {
            None
        };
        if answer == Some(true) {
            yes = Some(*entry);
        }
        answer != Some(false)
    });
    yes
}

#[cfg(test)]
mod tests {
    use super::super::vsprof;
    use super::*;

    fn format_of(input: &[u8]) -> Option<&'static str> {
        recognize(&mut &*input, &mut Vec::new())
            .unwrap()
            .map(|entry| entry.name)
    }

    #[test]
    fn tells_formats_apart() {
        let sample_head = "Process: x\n".repeat(1000) + "Call graph:\n    5 T\n";
        let vtune_head = "war: x\n".repeat(1000) + "Function Stack,CPU Time:Self,Module\n";
        for (input, format) in [
            ("", None),
            ("\n", None),
            ("Dear all,\n", None),
            ("prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n", Some("perf")),
            ("prog 1 1.0: 7 cycles:\n\t 12 leaf (m)", Some("perf")),
            (&sample_head, Some("sample")),
            (&vtune_head, Some("vtune")),
            (vsprof::HEADER, Some("vsprof")),
            ("main;leaf 3", Some("folded")),
            (
                "CPU     ID                    FUNCTION:NAME\n\n  node    \n              m`f+0x1\n    2\n",
                Some("dtrace"),
            ),
            (
                "\n     1234\n              m`f+0x1\n    2\n",
                Some("dtrace"),
            ),
            (
                "\n              m`f+0x1\n  node         2\n",
                Some("dtrace"),
            ),
            ("node \n              m`f+0x1\n 2\n", Some("dtrace")),
            ("^C\n  malloc\n  main\n    7\n", Some("dtrace")),
            (
                "dtrace: error on enabled probe ID 1 (ID 62: profile:::profile-99): invalid address (0x0) in \
                 action #1 at DIF offset 12\n\n              m`f+0x1\n    2\n",
                Some("dtrace"),
            ),
            ("@[\n    leaf+16\n    main+5\n]: 5\n", Some("bpftrace")),
            ("WARNING: x\nhi\n@n[\n    leaf\n, a]: 5\n", Some("bpftrace")),
            ("# comment\n\nmain;leaf 3 4\nmain 0.5\n", Some("folded")),
            ("main;leaf 3\nDear all,\n", None),
        ] {
            assert_eq!(format_of(input.as_bytes()), format, "{input:.60}");
        }
    }

    #[test]
    #[cfg(feature = "json")]
    fn json_is_recognized_by_late_keys() {
        let long = "x".repeat(MAX_EXAMINED);
        let numbers = "1, ".repeat(MAX_EXAMINED);
        for (document, format) in [
            (
                format!(r#"{{"pad": "{long}", "traceEvents": []}}"#),
                Some("chrome"),
            ),
            (
                format!(r#"{{"samples": [{numbers} 1], "nodes": []}}"#),
                Some("cpuprofile"),
            ),
            (
                format!(r#"{{"nodes": [{{"callFrame": {{"url": "{long}"#),
                Some("cpuprofile"),
            ),
            (
                format!(r#"{{"$schema": "x", "profiles": ["{long}"#),
                Some("speedscope"),
            ),
            (format!(r#"{{"pad": "{long}", "foo": 1}}"#), None),
            (format!("{{closure}};{long}"), None),
        ] {
            assert_eq!(format_of(document.as_bytes()), format, "{document:.60}");
        }
    }

    #[test]
    fn non_utf8_input_is_recognized() {
        assert_eq!(format_of(b"main;\xff\xfe 3\n"), Some("folded"));
        assert_eq!(
            format_of(b"pr\xff 1 1.0: 7 cycles:\n\t 12 leaf (m)\n"),
            Some("perf")
        );
    }

    #[test]
    fn folded_text_is_summed_unless_the_caller_needs_line_order() {
        let text: &[u8] = b"b 1\na;c 2\nb 3\n";
        let mut folded = Vec::new();
        Folder::default().collapse(text, &mut folded).unwrap();
        assert_eq!(folded, b"a;c 2\nb 4\n");
        let mut head = Vec::new();
        let tree = Folder::default()
            .collapse_if_recognized(text, &mut head)
            .unwrap();
        assert!(tree.is_none());
        assert_eq!(head, text);
    }

    #[test]
    fn unknown_input_yields_no_output() {
        for input in ["", "Dear all,\n"] {
            let mut folded = Vec::new();
            Folder::default()
                .collapse(input.as_bytes(), &mut folded)
                .unwrap();
            assert!(folded.is_empty());
        }
    }

    #[test]
    fn applicable_is_what_any_format_takes() {
        let mut folder = Folder::default();
        assert_eq!(folder.is_applicable("main;leaf 3\n"), Some(true));
        assert_eq!(folder.is_applicable("Process: x\n"), None);
    }

    /// Some fixtures are compressed.
    #[cfg(feature = "compression")]
    mod fixtures {
        use super::*;
        use crate::input::decode::decoded;
        use std::fs;
        use std::path::{Path, PathBuf};

        /// The files in `tests/data/DIRECTORY`, except for arguments and scripts.
        fn fixtures(directory: &Path) -> Vec<PathBuf> {
            let mut paths: Vec<PathBuf> = fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| {
                    path.is_file()
                        && path
                            .extension()
                            .is_none_or(|end| end != "args" && end != "py")
                })
                .collect();
            paths.sort();
            paths
        }

        /// Asserts that no format except `owner` matches the file, and returns whether `owner`
        /// does.
        fn is_claimed_by_owner(path: &Path, owner: &str) -> bool {
            let file = io::BufReader::new(fs::File::open(path).unwrap());
            let mut text = Vec::new();
            decoded(file).unwrap().read_to_end(&mut text).unwrap();
            let claim = format_of(&text);
            assert!(
                claim.is_none_or(|name| name == owner),
                "{path:?} is claimed by {claim:?}"
            );
            text.push(b'\n');
            // Folded stacks are tried last, so they may resemble Austin's output.
            let others = recognized().filter(|entry| ![owner, FOLDED.name].contains(&entry.name));
            for entry in others {
                let answer = (entry.sniff)(&text);
                assert_ne!(answer, Some(true), "{path:?} is claimed by {}", entry.name);
            }
            claim.is_some()
        }

        /// Formats that cannot be distinguished from others; the user must name them.
        const NOT_RECOGNIZED: [&str; 5] = ["java-exceptions", "ljp", "perf-sched", "stap", "wcp"];

        fn check_that_no_other_format_matches(entry: &FormatEntry, paths: Vec<PathBuf>) {
            let is_folded = |path: &PathBuf| path.extension().is_some_and(|end| end == "folded");
            let (folded, profiles): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_folded);
            let claims = profiles
                .iter()
                .filter(|path| is_claimed_by_owner(path, entry.name))
                .count();
            // Some fixtures are too broken to be recognized, but not all of them.
            assert!(claims > 0, "{}", entry.name);
            // Austin's output is folded stacks, and is still recognized as Austin's after folding.
            for path in folded.iter().filter(|_| entry.name != "austin") {
                is_claimed_by_owner(path, FOLDED.name);
            }
        }

        #[test]
        fn no_format_claims_the_fixtures_of_another() {
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
            let is_recognized_by_head = |entry: &FormatEntry| {
                entry.name != FOLDED.name && !NOT_RECOGNIZED.contains(&entry.name)
            };
            for entry in recognized().filter(is_recognized_by_head) {
                check_that_no_other_format_matches(&entry, fixtures(&data.join(entry.name)));
            }
        }
    }
}
