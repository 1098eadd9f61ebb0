//! Profiles of Haskell programs: the `.prof` files that GHC's runtime writes (`+RTS -p`, `-P`,
//! `-pa`).
//!
//! ```text
//! input  = { line }, header, line, { row }, blank line or end, { line }
//! header = "COST CENTRE MODULE SRC no. entries %time %alloc %time %alloc" [ "ticks bytes" ]
//! row    = { SP } cost centre, module, source, numbers      (in columns, a space a level)
//! ```
//!
//! ```text
//!                                                            individual      inherited
//! COST CENTRE  MODULE  SRC              no.     entries  %time %alloc   %time %alloc  ticks     bytes
//!
//! MAIN         MAIN    <built-in>       168           0    2.6    0.0   100.0  100.0    510    456096
//!  CAF         Lib     <entire-module>  296           0    0.0    0.0    97.4  100.0      0        16
//!   work       Lib     src/Lib.hs:8:1   337           1   97.4  100.0    97.4  100.0  19317   9048635
//! ```
//!
//! A frame is a module and a cost centre: `Lib.work`. Counts are of the cost centre itself,
//! without those it calls. Columns are counted in characters, and each number is looked for where
//! the header has its column.

use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, impl_collapse};
use crate::call_tree::{CallTree, Count, Forest, NodeId};
use crate::folded::{lines_of, whole_lines};
use crate::text::{excerpt, lossy, trim, trim_end};

/// What the counts are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The share of the time, in thousandths of the whole: GHC prints one decimal of a percent.
    #[default]
    PercentTime,
    /// Ticks of the profiler's clock. Profiles have them if run with `+RTS -P` or `-pa`.
    Ticks,
    /// Allocated bytes. Profiles have them if run with `+RTS -P` or `-pa`.
    Bytes,
}

/// What to make of a GHC profile.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// The column to take the counts from. Default: [`Source::PercentTime`].
    pub source: Source,
}

/// Folds GHC's profiles. See the [module](self) for what is read.
///
/// A profile that ends before the table is folded to nothing, with a warning; a last row that is
/// cut off is left out, with a warning.
///
/// ```
/// use inferno::collapse::{Collapse, ghcprof::Folder};
///
/// let profile = "\
/// COST CENTRE MODULE SRC     no. entries  %time %alloc   %time %alloc
///
/// MAIN        MAIN   <b>     168       0    2.6    0.0   100.0  100.0
///  work       Lib    a.hs:8  337       1   97.4  100.0    97.4  100.0
/// ";
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"MAIN.MAIN 26\nMAIN.MAIN;Lib.work 974\n");
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

/// How far the profile is read.
#[derive(Default)]
pub(crate) struct Worker {
    place: Place,
    /// The nodes from the root to the row read last.
    path: Vec<NodeId>,
    /// The number of a last line that is no whole row.
    cut_row: Option<u64>,
}

#[derive(Default, Clone, Copy)]
enum Place {
    #[default]
    BeforeTable,
    BelowHeader(Columns),
    InRows(Columns),
    AfterTable,
}

/// Where the columns that are read start, in characters.
#[derive(Clone, Copy)]
struct Columns {
    module: usize,
    cost: usize,
}

impl Format for Options {
    type Prelude = ();
    type Worker = Worker;
    const IS_PARALLEL: bool = false;

    /// Cost centres are no names of the linker.
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
            let Err(kind) = self.fold_line(line, worker, tree) else {
                continue;
            };
            let number = block.line_of(line);
            let is_row = matches!(worker.place, Place::InRows(_));
            if !(is_row && block.is_unended(line)) {
                return Err(ParseError::new(kind, number));
            }
            worker.cut_row = Some(number);
        }
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, _: &mut Forest) -> Result<(), ParseError> {
        for worker in workers {
            if let Place::BeforeTable = worker.place {
                log::warn!("File ended before start of call graph, expected a line `{HEADER}`");
            }
            if let Some(line) = worker.cut_row {
                log::warn!("line {line}: the profile ends in the middle of a row; it is left out");
            }
        }
        Ok(())
    }

    /// There must be the header of the table.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        whole_lines(head).any(is_header).then_some(true)
    }
}

impl Options {
    fn fold_line(
        &self,
        line: &[u8],
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ErrorKind> {
        match worker.place {
            Place::BeforeTable if is_header(line) => {
                worker.place = Place::BelowHeader(self.columns(&lossy(line))?);
            }
            Place::BelowHeader(columns) => worker.place = Place::InRows(columns),
            Place::InRows(_) if trim(line).is_empty() => worker.place = Place::AfterTable,
            Place::InRows(columns) => self.fold_row(line, columns, &mut worker.path, tree)?,
            Place::BeforeTable | Place::AfterTable => {}
        }
        Ok(())
    }

    fn columns(&self, header: &str) -> Result<Columns, ErrorKind> {
        let before = |word| end_before(header, word);
        let (cost, title) = match self.source {
            Source::PercentTime => (header.find("%time"), "%time"),
            // Its numbers are wider than the title, to the left.
            Source::Ticks => (before("ticks"), "ticks"),
            Source::Bytes => (before("bytes"), "bytes"),
        };
        Ok(Columns {
            module: header.find("MODULE").ok_or(ErrorKind::NoColumn("MODULE"))?,
            cost: cost.ok_or(ErrorKind::NoColumn(title))?,
        })
    }

    fn fold_row(
        &self,
        line: &[u8],
        columns: Columns,
        path: &mut Vec<NodeId>,
        tree: &mut CallTree,
    ) -> Result<(), ErrorKind> {
        let depth = line.iter().take_while(|&&byte| byte == b' ').count();
        if depth > path.len() {
            return Err(ErrorKind::SkippedIndentation(excerpt(line)));
        }
        let row = lossy(trim_end(line));
        let cost = field(&row, columns.cost);
        let count = self
            .count(cost)
            .ok_or_else(|| ErrorKind::InvalidCost(excerpt(cost.as_bytes())))?;
        path.truncate(depth);
        let caller = path.last().copied().unwrap_or(CallTree::ROOT);
        let name = format!("{}.{}", field(&row, columns.module), field(&row, 0));
        let node = tree.descend(caller, name.as_bytes());
        tree.add(node, count);
        path.push(node);
        Ok(())
    }

    fn count(&self, cost: &str) -> Option<u64> {
        let cost = Count::parse(cost.as_bytes())?;
        Some(match self.source {
            Source::PercentTime => {
                let tenths = u64::from(cost.nanos() / 100_000_000);
                cost.whole().saturating_mul(10).saturating_add(tenths)
            }
            Source::Ticks | Source::Bytes => cost.whole(),
        })
    }
}

/// The titles of the table of calls. The table before it, without calls, lacks `no.`.
const HEADER: &str = "COST CENTRE MODULE SRC no. entries %time %alloc %time %alloc";

fn is_header(line: &[u8]) -> bool {
    let line = trim(line);
    line.starts_with(b"COST") && {
        let line = lossy(line);
        let mut words = line.split_whitespace();
        HEADER.split(' ').all(|title| words.next() == Some(title))
    }
}

/// Where the word before `word` ends in `text`.
fn end_before(text: &str, word: &str) -> Option<usize> {
    let at = text.match_indices(word).map(|(at, _)| at).find(|&at| {
        let is_blank = |char: Option<char>| char.is_none_or(char::is_whitespace);
        is_blank(text[..at].chars().next_back()) && is_blank(text[at + word.len()..].chars().next())
    })?;
    Some(text[..at].trim_end().len())
}

/// The word at or behind the `column`th character.
fn field(row: &str, column: usize) -> &str {
    let start = row.char_indices().nth(column);
    let rest = start.map_or("", |(at, _)| &row[at..]);
    rest.split_whitespace().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::Engine;
    use crate::collapse::testing;
    use proptest::prelude::*;

    const HEAD: &str = "\tTime and Allocation Profiling Report\n\n\
        COST CENTRE MODULE SRC %time %alloc\n\nMAIN MAIN <b> 2.6 0.0\n\n\n\
        COST CENTRE MODULE SRC    no. entries  %time %alloc   %time %alloc  ticks     bytes\n\n";

    fn options(source: Source) -> Options {
        Options { source }
    }

    fn row(depth: usize, name: &str, time: &str, ticks: u64, bytes: u64) -> String {
        let name = " ".repeat(depth) + name;
        format!(
            "{name:<11} M      <b>      1       0  {time:>5}    0.0   100.0  100.0 {ticks:>6} {bytes:>9}\n"
        )
    }

    fn fold(source: Source, rows: &str) -> Result<String, String> {
        testing::fold(&options(source), format!("{HEAD}{rows}").as_bytes())
    }

    fn assert_all_paths_agree(text: &[u8]) {
        for source in [Source::PercentTime, Source::Ticks, Source::Bytes] {
            // An error is an answer too.
            let _ = testing::fold(&options(source), text);
        }
    }

    fn sample_rows() -> String {
        [
            row(0, "MAIN", "2.6", 510, 456096),
            row(1, "λ", "97.4", 19317, 904863573),
            row(2, "b'", "0.0", 0, 16),
            row(1, "λ", "0.1", 3, 4),
        ]
        .concat()
    }

    #[test]
    fn each_source_of_counts() {
        let fold = |source| fold(source, &sample_rows()).unwrap();
        assert_eq!(
            fold(Source::PercentTime),
            "M.MAIN 26\nM.MAIN;M.λ 975\nM.MAIN;M.λ;M.b' 0\n"
        );
        assert_eq!(
            fold(Source::Ticks),
            "M.MAIN 510\nM.MAIN;M.λ 19320\nM.MAIN;M.λ;M.b' 0\n"
        );
        assert_eq!(
            fold(Source::Bytes),
            "M.MAIN 456096\nM.MAIN;M.λ 904863577\nM.MAIN;M.λ;M.b' 16\n"
        );
    }

    #[test]
    fn a_blank_line_ends_the_table() {
        let rows = format!("{}\n   not a row\n", row(0, "a", "1.0", 1, 1));
        assert_eq!(fold(Source::Ticks, &rows).unwrap(), "M.a 1\n");
    }

    #[test]
    fn a_row_that_is_cut_off_is_left_out() {
        let rows = sample_rows();
        let cut = &rows[..rows.len() - 40];
        assert_eq!(
            fold(Source::Ticks, cut).unwrap(),
            "M.MAIN 510\nM.MAIN;M.λ 19317\nM.MAIN;M.λ;M.b' 0\n"
        );
    }

    #[test]
    fn errors_name_the_line() {
        let skipped = row(0, "a", "1.0", 1, 1) + &row(2, "b", "1.0", 1, 1);
        let message = fold(Source::Ticks, &skipped).unwrap_err();
        assert!(
            message.starts_with("line 11: Skipped indentation level at line, expected at most one level more than the line before, found `b "),
            "{message}"
        );
        assert_eq!(
            fold(Source::PercentTime, &row(0, "a", "1x0", 1, 1)).unwrap_err(),
            "line 10: Invalid cost field, expected a number, found `1x0`"
        );
        let message = testing::fold(&options(Source::Ticks), format!("\n{HEADER}\n").as_bytes());
        assert_eq!(
            message.unwrap_err(),
            "line 2: Expected 'ticks' column but it was not present: run the program with +RTS -P or -pa"
        );
    }

    #[test]
    fn without_a_table_there_is_nothing() {
        let folded = testing::fold(&Options::default(), b"MAIN MAIN\n");
        assert_eq!(folded, Ok(String::new()));
    }

    #[test]
    fn sniffing() {
        let sniff = |text: &str| Options::default().sniff(text.as_bytes());
        assert_eq!(sniff(HEAD), Some(true));
        assert_eq!(sniff(HEADER), None);
        assert_eq!(sniff("COST CENTRE MODULE SRC %time %alloc\n"), None);
        assert_eq!(sniff(""), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

        #[test]
        fn no_count_is_lost(
            rows in prop::collection::vec((0..4usize, 0..5u8, 0..1000u64, any::<u32>()), 0..30)
        ) {
            let (mut text, mut depth) = (HEAD.to_string(), 0);
            for (index, (want, name, ticks, bytes)) in rows.iter().enumerate() {
                depth = if index == 0 { 0 } else { (*want).min(depth + 1) };
                text += &row(depth, &format!("f{name}"), "1.5", *ticks, u64::from(*bytes));
            }
            let sum: u64 = rows.iter().map(|(_, _, _, bytes)| u64::from(*bytes)).sum();
            let tree = Engine::new(1).fold_slice(&options(Source::Bytes), text.as_bytes()).unwrap().merged();
            prop_assert_eq!(tree.totals()[0].whole(), sum);
            assert_all_paths_agree(text.as_bytes());
        }

        #[test]
        fn any_bytes_are_folded_without_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
            assert_all_paths_agree(&text);
            assert_all_paths_agree(&[HEAD.as_bytes(), &text].concat());
        }
    }
}
