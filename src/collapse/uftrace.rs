//! uftrace: the output of `uftrace replay`, and the kernel's `function_graph` tracer (ftrace). The output of
//! `uftrace dump --chrome` is read by `chrome`.
//!
//! ```text
//! line  = "#" comment | [ duration ] "[" TID "]" [ " " ] "|" call         (uftrace)
//!       | CPU ")" [ TASK "|" ] [ mark ] [ duration ] "|" call              (function_graph)
//!       | CPU ")" TASK "=>" TASK
//! call  = NAME "(" … ")" … "{"                                          (it is entered)
//!       | NAME "(" … ")" … ";"                                          (it calls no other)
//!       | "}" [ "/*" NAME "*/" ]                                        (it is left)
//! duration = NUMBER ( "ns" | "us" | "ms" | "s" | "m" | "h" )
//! ```
//!
//! ```text
//! # DURATION     TID     FUNCTION
//!             [  4321] | main() {
//!   10.762 us [  4321] |   parse();
//!   43.987 us [  4321] | } /* main */
//! ```
//!
//! ```text
//!  0)               |  sys_open() {
//!  0)   1.382 us    |    getname();
//!  0) + 12.345 us   |  }
//! ```
//!
//! A function counts the time of its calls, minus that of nested calls.

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options, thread_roots};
use super::selection::{Criterion, SampleOrigin};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, NodeId};
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds calls printed by uftrace and ftrace. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, uftrace::Folder};
///
/// let calls = "         [ 4321] | main() {\n 1.5 us [ 4321] |   parse();\n 4 us [ 4321] | } /* main */\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(calls.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main 2.5\nmain;parse 1.5\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for calls printed by uftrace and ftrace.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `time`, in microseconds, or `calls` [default: time]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with the ID of its thread (uftrace), or its task or CPU (ftrace)
        #[arg(long)]
        pub threads: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "uftrace";
    const ALIASES: &'static [&'static str] = &["function-graph"];
    const DESCRIPTION: &'static str = "calls printed by uftrace replay or ftrace";

    const ORIGIN: &'static [Criterion] = &[Criterion::Comm, Criterion::Tid, Criterion::Cpu];

    shared_options!(value, threads);
    thread_roots!(Threads);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).filter(|line| !is_comment(line));
        lines.next().map(|line| Line::read(line).is_some())
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let values = vec![
            ValueType::new("time", "microseconds"),
            ValueType::new("calls", "count"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let mut calls = Calls {
            options: self,
            profile,
            column,
            threads: AHashMap::new(),
            tasks: AHashMap::new(),
            never_entered: 0,
        };
        let mut lines = Lines::of(input);
        while let Some(line) = lines.next()? {
            match Line::read(line) {
                Some(line) => calls.add(&line),
                None => calls.switch(line),
            }
        }
        lines.finish(calls.has_any(), "calls printed by uftrace or ftrace")?;
        calls.log();
        Ok(())
    }
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.trim_ascii().is_empty()
}

/// A line about a call.
struct Line<'a> {
    /// The ID of the thread or the CPU, or the name of the task.
    thread: &'a [u8],
    is_cpu: bool,
    cpu: Option<u64>,
    /// In microseconds.
    duration: Option<Decimal>,
    event: Event<'a>,
}

enum Event<'a> {
    Enter(&'a [u8]),
    Call(&'a [u8]),
    Leave,
}

impl<'a> Line<'a> {
    fn read(line: &'a [u8]) -> Option<Line<'a>> {
        let bar = memchr::memchr(b'|', line)?;
        let (mut before, mut call) = (line[..bar].trim_ascii(), line[bar + 1..].trim_ascii());
        let (mut thread, mut is_cpu) = match before.strip_suffix(b"]") {
            Some(rest) => {
                let open = memchr::memrchr(b'[', rest)?;
                before = &rest[..open];
                (rest[open + 1..].trim_ascii(), false)
            }
            None => {
                let close = memchr::memchr(b')', before)?;
                let number = before[..close].trim_ascii();
                before = &before[close + 1..];
                (number, true)
            }
        };
        if thread.is_empty() || !thread.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let cpu = parse(thread).filter(|_| is_cpu);
        // The task of a thread has a separate column if requested.
        let second = memchr::memchr(b'|', call).filter(|_| is_cpu);
        if let Some(bar) = second.filter(|bar| !call[..*bar].contains(&b'(')) {
            (thread, is_cpu) = (before.trim_ascii(), false);
            (before, call) = (&call[..bar], call[bar + 1..].trim_ascii());
        }
        Some(Line {
            thread,
            is_cpu,
            cpu,
            duration: duration(before),
            event: Event::read(call)?,
        })
    }
}

impl<'a> Event<'a> {
    fn read(call: &'a [u8]) -> Option<Event<'a>> {
        if call.starts_with(b"}") {
            return Some(Event::Leave);
        }
        if let Some(call) = call.strip_suffix(b"{") {
            return Some(Event::Enter(name(call)?));
        }
        // The return value may follow.
        let end = memchr::memrchr(b';', call)?;
        Some(Event::Call(name(&call[..end])?))
    }
}

/// The name of the function in `NAME(ARGUMENTS) = RESULT`.
fn name(call: &[u8]) -> Option<&[u8]> {
    const IN_NAMES: [&[u8]; 2] = [b"(anonymous namespace)", b"()("];
    let is_in_name = |at: usize| IN_NAMES.iter().any(|part| call[at..].starts_with(part));
    let open = memchr::memchr_iter(b'(', call).find(|at| !is_in_name(*at))?;
    let name = call[..open].trim_ascii();
    // The kernel appends the module of a function.
    let module = name
        .strip_suffix(b"]")
        .and_then(|_| memchr::memmem::rfind(name, b" ["));
    let name = &name[..module.unwrap_or(name.len())];
    (!name.is_empty()).then_some(name)
}

/// Parses the time of `12.3 us`, in microseconds, which may be preceded by a mark.
fn duration(text: &[u8]) -> Option<Decimal> {
    let start = text.iter().position(u8::is_ascii_digit)?;
    let text = text[start..].trim_ascii();
    let space = memchr::memchr(b' ', text)?;
    let number = Decimal::parse(&text[..space])?;
    Some(match text[space..].trim_ascii() {
        b"ns" => number.divided_by(1000),
        b"us" => number,
        b"ms" => number.times(1000),
        b"s" => number.times(1_000_000),
        b"m" => number.times(60_000_000),
        b"h" => number.times(3_600_000_000),
        _ => return None,
    })
}

/// The open calls of a thread.
struct Thread {
    base: NodeId,
    /// The nodes of open calls, with the time of their nested calls.
    open: Vec<(NodeId, Decimal)>,
}

struct Calls<'r> {
    options: &'r Options,
    profile: &'r mut Profile,
    column: usize,
    /// Threads by name.
    threads: AHashMap<Vec<u8>, Thread>,
    /// The current task of each CPU, if known.
    tasks: AHashMap<Vec<u8>, Vec<u8>>,
    /// The number of returns from calls that were never entered.
    never_entered: u64,
}

impl Calls<'_> {
    fn has_any(&self) -> bool {
        !self.threads.is_empty()
    }

    fn add(&mut self, line: &Line<'_>) {
        let profile = &mut *self.profile;
        let key = thread_name(line, &self.tasks);
        let thread = self.threads.entry(key).or_insert_with_key(|name| Thread {
            base: match self.options.threads {
                true => profile.tree.child_called(CallTree::ROOT, &frame_name(name)),
                false => CallTree::ROOT,
            },
            open: Vec::new(),
        });
        let parent = thread.open.last().map_or(thread.base, |(node, _)| *node);
        let (node, inner) = match line.event {
            Event::Enter(name) => {
                let node = profile.tree.child_called(parent, &frame_name(name));
                thread.open.push((node, Decimal::ZERO));
                return;
            }
            Event::Call(name) => {
                let node = profile.tree.child_called(parent, &frame_name(name));
                (node, Decimal::ZERO)
            }
            Event::Leave => match thread.open.pop() {
                Some(call) => call,
                None => {
                    self.never_entered += 1;
                    return;
                }
            },
        };
        let duration = line.duration.unwrap_or(inner);
        let is_taken = profile.takes(&origin(line, &self.tasks));
        if let Some((_, inner)) = thread.open.last_mut() {
            *inner += duration;
        }
        // Measuring takes time too.
        let own = (duration - inner).max(Decimal::ZERO);
        let values = [own, Decimal::from(1u64)];
        if is_taken {
            profile.add_to_sums(&values);
            profile.add(node, values[self.column]);
        }
    }

    /// Records that a CPU switches to another task, if `line` says so.
    fn switch(&mut self, line: &[u8]) {
        let task = || {
            let close = memchr::memchr(b')', line)?;
            let arrow = memchr::memmem::find(line, b"=> ")?;
            let cpu = line[..close].trim_ascii();
            parse::<u32>(cpu)?;
            Some((cpu.to_vec(), line[arrow + 3..].trim_ascii().to_vec()))
        };
        self.tasks.extend(task());
    }

    fn log(&self) {
        if self.never_entered > 0 {
            let calls = plural(self.never_entered, "call", "calls");
            warning!("skipped the time of {calls} that began before the trace");
        }
        let open: usize = self.threads.values().map(|thread| thread.open.len()).sum();
        if open > 0 {
            let calls = plural(open as u64, "call", "calls");
            warning!("skipped the time of {calls} that did not end before the trace");
        }
    }
}

/// `4321` for uftrace; `bash-4321`, `CPU 0 bash-4321` or `CPU 0` for ftrace, depending on its
/// columns.
fn thread_name(line: &Line<'_>, tasks: &AHashMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    match (line.is_cpu, tasks.get(line.thread)) {
        (false, _) => line.thread.to_vec(),
        (true, None) => [b"CPU ", line.thread].concat(),
        (true, Some(task)) => [b"CPU ", line.thread, b" ", task].concat(),
    }
}

/// The thread and the CPU of a line. uftrace prints only the ID of a thread.
fn origin<'a>(line: &Line<'a>, tasks: &'a AHashMap<Vec<u8>, Vec<u8>>) -> SampleOrigin<'a> {
    let task = match line.is_cpu {
        true => tasks.get(line.thread).map(Vec::as_slice),
        false => Some(line.thread),
    };
    let dash = task.and_then(|task| memchr::memrchr(b'-', task));
    let (comm, tid) = match (task, dash) {
        (Some(task), Some(dash)) => (Some(&task[..dash]), parse(&task[dash + 1..])),
        (Some(task), None) => (None, parse(task)),
        (None, _) => (None, None),
    };
    SampleOrigin {
        comm,
        tid,
        cpu: line.cpu,
        ..SampleOrigin::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::folder::Collapse;

    fn fold(options: Options, text: &str) -> String {
        let mut folded = Vec::new();
        let mut folder = Folder::from(options);
        folder.collapse(text.as_bytes(), &mut folded).unwrap();
        String::from_utf8(folded).unwrap()
    }

    const GRAPH: &str = "\
# tracer: function_graph
#
# CPU  DURATION                  FUNCTION CALLS
 1)   9.000 us    |        }
 0)               |  sys_open() {
 0)   1.500 us    |    getname [fs]();
 ------------------------------------------
 0)    cat-27      =>   bash-28
 ------------------------------------------

 0) + 10.000 us   |  sys_read();
 ------------------------------------------
 0)   bash-28      =>    cat-27
 ------------------------------------------

 0)   ==========> |
 0)   2.500 us    |  }
";

    #[test]
    fn calls_of_the_kernel_are_read() {
        let folded = fold(Options::default(), GRAPH);
        assert_eq!(folded, "sys_open;getname 1.5\nsys_read 10\n");
        let threads = Options {
            threads: true,
            ..Options::default()
        };
        let folded = fold(threads, "0) cat-27 | 2 ms | a() {\n0) cat-27 | 3 ms | }\n");
        assert_eq!(folded, "cat-27;a 3000\n");
    }

    #[test]
    fn names_end_where_arguments_start() {
        for (call, expected) in [
            ("main(1, \"a;b\") = 0", Some("main")),
            ("std::operator<<(x)", Some("std::operator<<")),
            (
                "(anonymous namespace)::run()",
                Some("(anonymous namespace)::run"),
            ),
            ("Job::operator()(3)", Some("Job::operator()")),
            ("/* a comment */", None),
            ("()", None),
        ] {
            let expected = expected.map(str::as_bytes);
            assert_eq!(name(call.as_bytes()), expected, "{call}");
        }
    }

    #[test]
    fn sniffing() {
        assert_eq!(Options::sniff(GRAPH.as_bytes()), Some(true));
        assert_eq!(Options::sniff(b" 1.5 us [ 42] | main();\n"), Some(true));
        assert_eq!(Options::sniff(b"main;[unknown] | x 3\n"), Some(false));
        assert_eq!(Options::sniff(b"# tracer: function_graph\n"), None);
    }
}
