//! GHC: the `.prof` files of Haskell programs (`+RTS -p`, `-P`, `-pa`).
//!
//! ```text
//! input  = { line }, header, line, { row }, blank line or end, { line }
//! header = "COST CENTRE MODULE SRC no. entries %time %alloc %time %alloc" [ "ticks bytes" ]
//! row    = { SP } cost centre, module, source, no., numbers (in columns, a space a level)
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
//! A frame is a module and a cost centre: `Lib.work`. Counts are those of the cost centre itself,
//! without its callees. Columns are measured in characters. A cost centre, which may contain
//! spaces, ends where the module column starts; numbers may be wider than their columns, so they
//! are located by their order after `no.`.
//!
//! The runtime sometimes writes broken rows, for programs with threads and on Windows. These are
//! skipped with a warning.

use super::engine::format::Listed;
use super::engine::format::{Block, Format, impl_collapse};
use super::engine::notes::Notes;
use super::engine::shared::Shared;
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::lines::{lines_of, whole_lines};
use crate::bytes::text::{lossy, trim, trim_end};
use crate::call_tree::{CallTree, Count, Forest, NodeId, Unit, ValueType};
use crate::flags::flags;
use crate::input::Reader;
use crate::names::symbol::one_frame;
use crate::warnings::warning;
use std::io;

/// The cost to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The share of the time, in thousandths: GHC prints percentages with one decimal place.
    #[default]
    PercentTime,
    /// Ticks of the profiler's clock. Available in profiles of `+RTS -P` or `-pa`.
    Ticks,
    /// Allocated bytes. Available in profiles of `+RTS -P` or `-pa`.
    Bytes,
}

impl Source {
    const ALL: [Source; 3] = [Source::PercentTime, Source::Ticks, Source::Bytes];

    fn named(name: &str) -> Option<Source> {
        let mut all = Source::ALL.into_iter();
        all.find(|source| source.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Source::PercentTime => "time",
            Source::Ticks => "ticks",
            Source::Bytes => "bytes",
        }
    }

    fn unit(self) -> Unit {
        match self {
            Source::PercentTime => Unit::Other("thousandths".into()),
            Source::Ticks => Unit::Other("ticks".into()),
            Source::Bytes => Unit::Bytes,
        }
    }

    /// The title of its column.
    fn title(self) -> &'static str {
        match self {
            Source::PercentTime => "%time",
            Source::Ticks => "ticks",
            Source::Bytes => "bytes",
        }
    }

    fn count(self, cost: &str) -> Option<u64> {
        let cost = Count::parse(cost.as_bytes())?;
        Some(match self {
            Source::PercentTime => {
                let tenths = u64::from(cost.nanos() / 100_000_000);
                cost.whole().saturating_mul(10).saturating_add(tenths)
            }
            Source::Ticks | Source::Bytes => cost.whole(),
        })
    }
}

flags! {
    /// The flags that select a column.
    struct Flags {
        /// The value to count: `time`, in thousandths of the whole, `bytes` or `ticks` [default: time]
        #[arg(long, alias = "sample-type", value_name = "NAME", group = "source", value_parser = ["time", "bytes", "ticks"])]
        value: Option<String>,

        /// Count time, in thousandths, from the %time column (the default)
        #[arg(long, group = "source")]
        time: bool,

        /// Count bytes, from the bytes column (profiles of +RTS -P or -pa)
        #[arg(long, group = "source")]
        bytes: bool,

        /// Count ticks, from the ticks column (profiles of +RTS -P or -pa)
        #[arg(long, group = "source")]
        ticks: bool,
    }
}

impl From<Flags> for Source {
    fn from(flags: Flags) -> Source {
        match flags {
            Flags { bytes: true, .. } => Source::Bytes,
            Flags { ticks: true, .. } => Source::Ticks,
            Flags { value, .. } => {
                let named = value.as_deref().and_then(Source::named);
                named.unwrap_or_default()
            }
        }
    }
}

crate::flags::flags_of!(Source: Flags);

flags! {
    /// Options for a GHC profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The column with the counts. Default: [`Source::PercentTime`].
        #[command(flatten)]
        pub source: Source,
    }
}

/// Folds GHC profiles. See the [module](self) for the format.
///
/// A profile that ends before the table produces no stacks and a warning; a truncated last row is
/// skipped with a warning.
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

/// The progress of reading a profile.
#[derive(Default)]
pub(crate) struct Worker {
    stage: Stage,
    /// The sums of the available costs.
    sums: [Option<Count>; 3],
    /// The nodes from the root to the previous row.
    path: Vec<NodeId>,
    /// Lines that are not rows of the table.
    broken_rows: Notes,
    /// Rows that are more than one level deeper than the previous row.
    deep_rows: Notes,
    /// The number of an incomplete last line.
    cut_row: Option<u64>,
}

#[derive(Default, Clone, Copy)]
enum Stage {
    #[default]
    BeforeTable,
    BelowHeader(Columns),
    InRows(Columns),
    AfterTable,
}

/// The positions of columns.
#[derive(Clone, Copy)]
struct Columns {
    /// The start of the modules, in characters.
    module: usize,
    /// The start of the first number, titled `no.`, in characters.
    number: usize,
    /// The number of numeric columns.
    numbers: usize,
    /// The indexes of costs among them, in the order of [`Source::ALL`].
    costs: [Option<usize>; 3],
}

/// The data of a row.
struct Row<'a> {
    depth: usize,
    name: &'a str,
    module: &'a str,
    costs: [Option<&'a str>; 3],
}

impl Listed for Options {
    const NAME: &'static str = "ghcprof";
    const DESCRIPTION: &'static str = "a GHC .prof file";
    const EXPECTED: &'static str = "the call table of a GHC .prof file";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Options::default(), head)
    }

    fn adopt(&mut self, options: &Shared) {
        self.source = options
            .value
            .as_deref()
            .and_then(Source::named)
            .unwrap_or_default();
    }

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        Folder::from(self).fold(reader)
    }
}

impl Format for Options {
    type Prelude = ();
    type Worker = Worker;
    const IS_PARALLEL: bool = false;

    /// Cost centres are not linker symbols.
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
            match worker.stage {
                Stage::BeforeTable if is_header(line) => {
                    let columns = self.columns(&lossy(line));
                    let columns =
                        columns.map_err(|mismatch| mismatch.at_line(block.line_of(line)))?;
                    worker.stage = Stage::BelowHeader(columns);
                }
                Stage::BelowHeader(columns) => worker.stage = Stage::InRows(columns),
                Stage::InRows(_) if trim(line).is_empty() => worker.stage = Stage::AfterTable,
                Stage::InRows(columns) => self.fold_row(block, line, columns, worker, tree),
                Stage::BeforeTable | Stage::AfterTable => {}
            }
        }
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, forest: &mut Forest) -> io::Result<()> {
        forest.set_unit(&self.source.unit());
        for worker in workers {
            forest.set_values(self.values(worker.sums));
            if let Stage::BeforeTable = worker.stage {
                warning!("File ended before start of call graph, expected a line `{HEADER}`");
            }
            worker.broken_rows.log("a row in the columns of the table");
            let expected = "at most one level deeper than the previous row";
            worker
                .deep_rows
                .log_as("attached to the previous row", ["row", "rows"], expected);
            if let Some(line) = worker.cut_row {
                warning!("line {line}: the profile ends in the middle of a row, which is skipped");
            }
        }
        Ok(())
    }

    /// The header of the table must be present.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        whole_lines(head).any(is_header).then_some(true)
    }
}

/// The table has no column with this title.
#[cold]
fn no_column(title: &'static str) -> Mismatch {
    let message = format!(
        "Expected '{title}' column but it was not present: run the program with +RTS -P or -pa"
    );
    Mismatch::worded(message, title, None)
}

impl Options {
    fn columns(&self, header: &str) -> Result<Columns, Mismatch> {
        let start = |title| header.find(title).ok_or_else(|| no_column(title));
        let (module, number) = (start("MODULE")?, start("no.")?);
        let mut numbers = header[number..].split_whitespace();
        let costs = Source::ALL.map(|source| {
            let mut titles = numbers.clone();
            titles.position(|title| title == source.title())
        });
        if costs[self.source as usize].is_none() {
            return Err(no_column(self.source.title()));
        }
        Ok(Columns {
            module: header[..module].chars().count(),
            number: header[..number].chars().count(),
            numbers: numbers.by_ref().count(),
            costs,
        })
    }

    fn fold_row(
        &self,
        block: Block<'_>,
        line: &[u8],
        columns: Columns,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) {
        let text = lossy(trim_end(line));
        let row = columns.row(&text);
        let Some((count, row)) = row.and_then(|row| Some((self.count(&row)?, row))) else {
            match block.is_unterminated(line) {
                true => worker.cut_row = Some(block.line_of(line)),
                false => worker.broken_rows.add(line, || block.line_of(line)),
            }
            return;
        };
        if row.depth > worker.path.len() {
            worker.deep_rows.add(line, || block.line_of(line));
        }
        worker.add_to_sums(&row);
        worker.add(&row, count, tree);
    }

    fn count(&self, row: &Row<'_>) -> Option<u64> {
        self.source.count(row.costs[self.source as usize]?)
    }

    /// The values of the profile, with their sums.
    fn values(&self, sums: [Option<Count>; 3]) -> Vec<ValueType> {
        let all = Source::ALL.into_iter().zip(sums);
        let values = all.filter_map(|(source, sum)| {
            let unit = source.unit();
            Some(ValueType {
                sum: sum?,
                is_default: source == Source::default(),
                ..ValueType::new(source.name(), unit.name().unwrap_or_default())
            })
        });
        values.collect()
    }
}

/// The titles of the call table. The table before it, without calls, has no `no.` column.
const HEADER: &str = "COST CENTRE MODULE SRC no. entries %time %alloc %time %alloc";

fn is_header(line: &[u8]) -> bool {
    let line = trim(line);
    line.starts_with(b"COST") && {
        let line = lossy(line);
        let mut words = line.split_whitespace();
        HEADER.split(' ').all(|title| words.next() == Some(title))
    }
}

impl Columns {
    /// Parses a line as a row; `None` if it does not have the columns of the table.
    fn row<'a>(&self, line: &'a str) -> Option<Row<'a>> {
        let (name, rest) = line.split_at(char_offset(line, self.module)?);
        let (text, numbers) = rest.split_at(char_offset(rest, self.number - self.module)?);
        // A number is narrower than its title, and may be anywhere below it.
        let is_below = numbers.chars().take("no.".len()).any(|char| char != ' ');
        let mut numbers = numbers.split_whitespace();
        let costs = self
            .costs
            .map(|column| column.and_then(|column| numbers.clone().nth(column)));
        let is_whole = name.ends_with(' ')
            && text.starts_with(|char: char| !char.is_whitespace())
            && text.ends_with(' ')
            && is_below
            && numbers.clone().count() == self.numbers
            && numbers.next()?.bytes().all(|byte| byte.is_ascii_digit());
        let (indented, name) = (name.len(), name.trim_start_matches(' '));
        let row = Row {
            depth: indented - name.len(),
            name: name.trim_end(),
            module: text.split_whitespace().next()?,
            costs,
        };
        (is_whole && !row.name.is_empty()).then_some(row)
    }
}

/// The byte offset of the character at `index` in `text`.
fn char_offset(text: &str, index: usize) -> Option<usize> {
    text.char_indices().nth(index).map(|(at, _)| at)
}

impl Worker {
    fn add_to_sums(&mut self, row: &Row<'_>) {
        for ((source, cost), sum) in Source::ALL.into_iter().zip(row.costs).zip(&mut self.sums) {
            if let Some(count) = cost.and_then(|cost| source.count(cost)) {
                *sum.get_or_insert_default() += Count::from(count);
            }
        }
    }

    fn add(&mut self, row: &Row, count: u64, tree: &mut CallTree) {
        let caller = match row.depth.checked_sub(1) {
            None => CallTree::ROOT,
            Some(above) => {
                let nearest = self.path.last().copied().unwrap_or(CallTree::ROOT);
                self.path.get(above).copied().unwrap_or(nearest)
            }
        };
        let name = format!("{}.{}", row.module, row.name);
        let node = tree.child_called(caller, one_frame(&name).as_bytes());
        tree.add(node, count);
        self.path.truncate(row.depth);
        self.path.resize(row.depth, caller);
        self.path.push(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::Engine;
    use crate::collapse::engine::testing;
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
            // The result may be an error, but not a panic.
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
    fn a_truncated_row_is_left_out() {
        let rows = sample_rows();
        let cut = &rows[..rows.len() - 40];
        assert_eq!(
            fold(Source::Ticks, cut).unwrap(),
            "M.MAIN 510\nM.MAIN;M.λ 19317\nM.MAIN;M.λ;M.b' 0\n"
        );
    }

    #[test]
    fn a_missing_column_is_an_error() {
        let message = testing::fold(&options(Source::Ticks), format!("\n{HEADER}\n").as_bytes());
        assert_eq!(
            message.unwrap_err(),
            "line 2: Expected 'ticks' column but it was not present: run the program with +RTS -P or -pa"
        );
    }

    #[test]
    fn numbers_may_be_wider_than_their_columns() {
        let rows =
            row(0, "a", "1.0", 1_234_567_890, 98_765_432_109_876) + &row(0, "b", "12345.6", 7, 8);
        assert_eq!(
            fold(Source::Bytes, &rows).unwrap(),
            "M.a 98765432109876\nM.b 8\n"
        );
        assert_eq!(
            fold(Source::Ticks, &rows).unwrap(),
            "M.a 1234567890\nM.b 7\n"
        );
        assert_eq!(
            fold(Source::PercentTime, &rows).unwrap(),
            "M.a 10\nM.b 123456\n"
        );
    }

    #[test]
    fn cost_centres_may_hold_spaces() {
        let rows = row(0, "read file", "1.0", 1, 1)
            + &row(1, "read  μs", "2.0", 2, 2)
            + &row(1, "a;b", "3.0", 3, 3);
        assert_eq!(
            fold(Source::Ticks, &rows).unwrap(),
            "M.read file 1\nM.read file;M.a:b 3\nM.read file;M.read  μs 2\n"
        );
    }

    #[test]
    fn broken_rows_are_skipped() {
        let whole = row(1, "b", "1.0", 2, 2);
        let stage = whole.find('M').unwrap();
        for broken in [
            whole.trim_start().to_string(),
            whole[..stage].to_string() + "\n",
            whole[stage..].to_string(),
            whole.replace("1.0", "   "),
            whole.replace("1.0", "1.0 1"),
            whole.replace("      1  ", "      x  "),
            whole.replace(" M ", "\u{0}M "),
            whole.replacen("b", " ", 1),
            "Type.hs:82:6-19  5991   3    0.0    0.0     0.0    0.0  1  1\n".to_string(),
            "\u{fffd}\n".to_string(),
        ] {
            let rows = [
                row(0, "a", "1.0", 1, 1),
                broken.clone(),
                row(1, "c", "1.0", 3, 3),
            ]
            .concat();
            let folded = fold(Source::Ticks, &rows).unwrap();
            assert_eq!(folded, "M.a 1\nM.a;M.c 3\n", "{broken:?}");
        }
        let bad_cost = row(0, "a", "1x0", 1, 1) + &row(0, "b", "1.0", 2, 2);
        assert_eq!(fold(Source::PercentTime, &bad_cost).unwrap(), "M.b 10\n");
        assert_eq!(fold(Source::Ticks, &bad_cost).unwrap(), "M.a 1\nM.b 2\n");
    }

    #[test]
    fn rows_below_a_broken_one_keep_their_levels() {
        let rows = [(0, "a"), (3, "b"), (4, "c"), (3, "d"), (1, "e"), (2, "f")];
        let rows = rows
            .map(|(depth, name)| row(depth, name, "1.0", 1, 1))
            .concat();
        assert_eq!(
            fold(Source::Ticks, &rows).unwrap(),
            "M.a 1\nM.a;M.b 1\nM.a;M.b;M.c 1\nM.a;M.d 1\nM.a;M.e 1\nM.a;M.e;M.f 1\n"
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
