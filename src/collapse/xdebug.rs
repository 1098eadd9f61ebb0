//! xdebug: traces of PHP programs in the computer-readable format (`xdebug.trace_format=1`).
//!
//! ```text
//! input = { "TRACE START [" …, { entry | exit | other record }, [ TAB … ], "TRACE END" … }
//! entry = LEVEL TAB CALL TAB "0" TAB SECONDS TAB BYTES TAB FUNCTION …
//! exit  = LEVEL TAB CALL TAB "1" TAB SECONDS TAB BYTES
//! ```
//!
//! ```text
//! Version: 3.2.0
//! File format: 4
//! TRACE START [2026-01-01 12:00:00.000000]
//! 1   0   0   0.010870    114112  {main}  1       /srv/shop.php   0
//! 2   1   0   0.032009    114272  total   1       /srv/cart.php   8
//! 2   1   1   0.032073    116632
//! 1   0   1   0.034102    114112
//! TRACE END   [2026-01-01 12:00:00.040000]
//! ```
//!
//! The time between two records belongs to the innermost open function.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, NodeId};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds xdebug traces. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for an xdebug trace.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `time`, in microseconds, or `calls` of functions without callees
        /// [default: time]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Count calls: `--value calls`
        #[arg(short = 'c', conflicts_with = "value", overrides_with = "time")]
        pub calls: bool,

        /// Count time, which is the default
        #[arg(short = 't', conflicts_with = "value", overrides_with = "calls")]
        pub time: bool,
    }
}

const START: &[u8] = b"TRACE START";
const END: &[u8] = b"TRACE END";

/// The indexes of the values.
const TIME: usize = 0;
const CALLS: usize = 1;

impl Document for Options {
    const NAME: &'static str = "xdebug";
    const DESCRIPTION: &'static str = "an xdebug trace (`xdebug.trace_format=1`)";
    shared_options!(value);

    fn sniff(head: &[u8]) -> Option<bool> {
        /// The maximum number of lines before the trace.
        const LINES: usize = 3;
        let mut lines = whole_lines(head).take(LINES);
        let mut count = 0;
        let is_start = lines.any(|line| {
            count += 1;
            line.starts_with(START)
        });
        match is_start || count == LINES {
            true => Some(is_start),
            false => None,
        }
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let values = vec![
            ValueType::new("time", "microseconds"),
            ValueType::new("calls", "count"),
        ];
        let wanted = match self.calls {
            true => Some("calls"),
            false => self.value.as_deref(),
        };
        let column = profile.choose(values, wanted, TIME)?;
        let mut reader = TraceReader {
            profile,
            column,
            trace: None,
            found: false,
            unknown_lines: 0,
            records: 0,
        };
        let mut lines = Lines::of(input);
        while let Some(line) = lines.next()? {
            reader.read_line(line);
        }
        lines.finish(
            reader.found,
            "an xdebug trace, which has a line `TRACE START`",
        )?;
        reader.end()
    }
}

/// A trace that is being read.
#[derive(Default)]
struct Trace {
    /// The open functions.
    stack: Vec<NodeId>,
    /// The time of the previous record.
    last: Option<Decimal>,
    is_after_entry: bool,
}

struct TraceReader<'r> {
    profile: &'r mut Profile,
    column: usize,
    trace: Option<Trace>,
    found: bool,
    unknown_lines: u64,
    records: u64,
}

/// A record of an entry, with the name of the function, or of an exit.
struct Record<'l> {
    time: Decimal,
    entered: Option<&'l [u8]>,
}

impl TraceReader<'_> {
    fn read_line(&mut self, line: &[u8]) {
        if line.starts_with(START) {
            self.found = true;
            self.trace = Some(Trace::default());
        } else if line.starts_with(END) || line.starts_with(b"\t") {
            self.trace = None;
        } else if let Some(mut trace) = self.trace.take() {
            match read_record(line) {
                Some(record) => self.add(&record, &mut trace),
                None => self.unknown_lines += u64::from(!is_other_record(line)),
            }
            self.trace = Some(trace);
        }
    }

    fn add(&mut self, record: &Record<'_>, trace: &mut Trace) {
        self.records += 1;
        let top = trace.stack.last().copied();
        if let (Some(top), Some(last)) = (top, trace.last) {
            self.count(TIME, top, (record.time - last).times(1_000_000));
        }
        trace.last = Some(record.time);
        match record.entered {
            Some(name) => {
                let parent = top.unwrap_or(CallTree::ROOT);
                let node = self.profile.tree.child_called(parent, &frame_name(name));
                trace.stack.push(node);
            }
            None => {
                if let (Some(node), true) = (trace.stack.pop(), trace.is_after_entry) {
                    self.count(CALLS, node, Decimal::from(1u64));
                }
            }
        }
        trace.is_after_entry = record.entered.is_some();
    }

    fn count(&mut self, value: usize, node: NodeId, weight: Decimal) {
        self.profile.add_to_sum(value, weight);
        if value == self.column {
            self.profile.add(node, weight);
        }
    }

    fn end(self) -> io::Result<()> {
        if self.records == 0 && self.unknown_lines > 0 {
            return Err(invalid(
                "expected an xdebug trace written with `xdebug.trace_format=1`, found another format",
            ));
        }
        if self.trace.is_some() {
            warning!("the trace is truncated; its complete part is used");
        }
        if self.unknown_lines > 0 {
            let lines = plural(self.unknown_lines, "line", "lines");
            warning!("skipped {lines}: expected records, with tabs between their fields");
        }
        Ok(())
    }
}

fn read_record(line: &[u8]) -> Option<Record<'_>> {
    let mut fields = line
        .split(|byte| *byte == b'\t')
        .filter(|field| !field.is_empty());
    let is_exit = match fields.nth(2)? {
        b"0" => false,
        b"1" => true,
        _ => return None,
    };
    let time = Decimal::parse(fields.next()?)?;
    let entered = match is_exit {
        true => None,
        false => Some(fields.nth(1)?),
    };
    Some(Record { time, entered })
}

/// Whether a line is another kind of record: a return value or an assignment.
fn is_other_record(line: &[u8]) -> bool {
    let mut fields = line.split(|byte| *byte == b'\t');
    line.is_empty() || matches!(fields.nth(2), Some(b"R" | b"A"))
}
