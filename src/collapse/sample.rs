//! The call graph that macOS's `sample` writes, and Activity Monitor's "Sample Process".
//!
//! ```text
//! input = { line }, "Call graph:", { node | blank line }, "Total number in stack", { line }
//! node  = 4 spaces, { 2 × indent }, count, " ", name, [ "(" arguments ")" ],
//!         [ "  (in ", module, ")" ], { any character }
//! indent = " " | "+" | "!" | ":" | "|"
//! ```
//!
//! ```text
//! Call graph:
//!     825 Thread_15758523   DispatchQueue_1: com.apple.main-thread  (serial)
//!     + 825 start  (in libdyld.dylib) + 1  [0x7fff737cf3d5]
//!     +   825 main  (in rg) + 41  [0x10384b549]
//!     +     800 ignore::walk::WalkParallel::run::h9c94d86e305a5f70  (in rg) + 3616  [0x1037cb520]
//!     +     ! 800 __ulock_wait  (in libsystem_kernel.dylib) + 10  [0x7fff73904c0e]
//!     +     25 std::io::stdio::stdout::h55ff56ea9ff6b4c7  (in rg) + 21  [0x103a117d5]
//!
//! Total number in stack (recursive counted multiple, when >=5):
//! ```
//!
//! A node counts the samples in it and in all it called; what is folded is the part that is its
//! own. A frame is called ``module`name``, without arguments and without the `.dylib` of a module.
//!
//! Threads that wait are left out: stacks whose innermost function is one of those of the system
//! that a thread sleeps in, `__psynch_cvwait` say. They would be most of the samples of most
//! programs.

mod idle;

use super::demangle::demangled_frame;
use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, impl_collapse};
use super::formats::Listed;
use super::guess;
use super::lines::{LineCache, LineId};
use super::notes::plural;
use super::reader::Reader;
use super::symbol::{function_frame, one_frame};
use crate::call_tree::{CallTree, Forest, NodeId};
use crate::count::{parse_digits, split_number};
use crate::folded::{after_last_line, whole_lines};
use crate::text::{excerpt, lossy, trim_end};
use idle::is_idle;
use std::io;

const START: &[u8] = b"Call graph:";
const END: &[u8] = b"Total number in stack";

/// What to make of the output of `sample`.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct Options {
    /// Write mangled names of Rust and C++ functions (`_RNv..`, `_ZN..`) as in their source,
    /// without hashes and arguments; the crate's feature `demangle` does it. Default: `true`.
    #[cfg_attr(feature = "cli", arg(
        long = "no-demangle", action = clap::ArgAction::SetFalse,
        help = "Keep mangled names of Rust and C++ functions as they are"
    ))]
    pub demangle: bool,

    /// Leave out the modules: `main`, not ``prog`main``. Default: `false`.
    #[cfg_attr(
        feature = "cli",
        arg(long, help = "Don't include modules with function names")
    )]
    pub no_modules: bool,

    /// More functions, by their whole names, of which the samples are left out if they are innermost:
    /// threads wait there. Default: none.
    #[cfg_attr(
        feature = "cli",
        arg(
            long,
            value_name = "NAME",
            help = "Leave out the samples of threads that wait in this function, too; may be given several times"
        )
    )]
    pub idle: Vec<String>,

    /// Keep the samples in the system's functions in which threads wait, such as `mach_msg2_trap`:
    /// only those in [`idle`](Options::idle) are left out. Default: `false`.
    #[cfg_attr(
        feature = "cli",
        arg(
            long,
            help = "Keep the samples of threads that wait in the system's functions (`mach_msg2_trap`, `kevent`, \
                      ...); with --idle, only those in the functions named are left out"
        )
    )]
    pub no_default_idle: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            no_modules: false,
            idle: Vec::new(),
            no_default_idle: false,
        }
    }
}

/// Folds the output of macOS's `sample`. See the [module](self) for what is read.
///
/// ```
/// use inferno::collapse::{Collapse, sample::Folder};
///
/// let report = "\
/// Call graph:
///     5 Thread_1
///     + 5 main  (in prog) + 12  [0x10d1]
///     +   3 parse(char const*)  (in libparse.dylib) + 7  [0x20e4]
///
/// Total number in stack (recursive counted multiple, when >=5):
/// ";
/// let mut folded = Vec::new();
/// Folder::default().collapse(report.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"Thread_1;prog`main 2\nThread_1;prog`main;libparse`parse 3\n");
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

/// Where in the report a worker is, and the nodes that may get children yet.
#[derive(Default)]
pub(crate) struct Worker {
    place: Place,
    /// The number of the line read last.
    line: u64,
    /// From the thread to the node of the line before.
    open: Vec<OpenNode>,
    /// What the nodes are called, and whether a thread waits there.
    labels: LineCache<bool>,
    /// Samples in functions that wait.
    waiting: u64,
}

#[derive(Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    Graph,
    Tail,
}

struct OpenNode {
    node: NodeId,
    line: LineId,
    /// The samples that no child has had.
    own: u64,
}

impl Listed for Options {
    const NAME: &'static str = "sample";
    const DESCRIPTION: &'static str = "the call graph that macOS's `sample` writes";
    const EXPECTED: &'static str = "the call graph of macOS's `sample`";
    const HELP: &'static str = "\
This processes the result of the sample command on macOS:
        sample 1234 -file out.sample_stacks";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Options::default(), head)
    }

    fn adopt(&mut self, options: &guess::Options) {
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
        for line in whole_lines(block.bytes).map(trim_end) {
            worker.line += 1;
            worker
                .read(line, self, tree)
                .map_err(|kind| ParseError::new(kind, worker.line))?;
        }
        let cut = &block.bytes[after_last_line(block.bytes).unwrap_or(0)..];
        if !cut.is_empty() {
            worker.line += 1;
            worker.read_cut(cut, tree);
        }
        Ok(())
    }

    fn conclude(
        &self,
        _: &(),
        workers: Vec<Worker>,
        forest: &mut Forest,
    ) -> Result<(), ParseError> {
        for mut worker in workers {
            worker.conclude(forest.first_mut());
        }
        Ok(())
    }

    /// The line that starts the call graph must be there, and the graph.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let mut is_in_graph = false;
        for line in whole_lines(head).map(trim_end) {
            if line.starts_with(START) {
                is_in_graph = true;
            } else if line.starts_with(END) {
                return Some(is_in_graph);
            } else if is_in_graph && Node::parse(line).is_ok() {
                return Some(true);
            }
        }
        None
    }
}

impl Worker {
    fn read(
        &mut self,
        line: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Result<(), ErrorKind> {
        match self.place {
            Place::Head if line.starts_with(START) => self.place = Place::Graph,
            Place::Graph if line.starts_with(END) => self.end_graph(tree),
            Place::Graph if !line.is_empty() => self.open(line, options, tree)?,
            _ => {}
        }
        Ok(())
    }

    /// Reads the last line of an input that does not end in a line end. A node may have lost a
    /// digit or half of its name; its samples stay with what called it.
    fn read_cut(&mut self, line: &[u8], tree: &mut CallTree) {
        if self.place == Place::Graph && line.starts_with(END) {
            self.end_graph(tree);
        }
    }

    fn open(
        &mut self,
        line: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Result<(), ErrorKind> {
        let read = Node::parse(line)?;
        if read.depth > self.open.len() {
            return Err(ErrorKind::SkippedIndentation(excerpt(line)));
        }
        self.close_down_to(read.depth, tree);
        let caller = match self.open.last_mut() {
            Some(caller) => {
                caller.own = caller.own.saturating_sub(read.count);
                caller.node
            }
            None => CallTree::ROOT,
        };
        let label = match read.depth {
            // The names of threads may hold anything.
            0 => read.label,
            _ => read.label.without_address(),
        };
        let line = self.labels.look_up(0, label.0, |frames| {
            frames.push(tree.intern(label.name(options).as_bytes()));
            label.is_waiting(options)
        });
        self.open.push(OpenNode {
            node: self.labels.walk(line, caller, tree),
            line,
            own: read.count,
        });
        Ok(())
    }

    /// Adds what is their own to the nodes that have all their children, the innermost first.
    fn close_down_to(&mut self, depth: usize, tree: &mut CallTree) {
        for closed in self.open.drain(depth.min(self.open.len())..).rev() {
            if closed.own == 0 {
                continue;
            }
            if *self.labels.facts(closed.line) {
                self.waiting = self.waiting.saturating_add(closed.own);
            } else {
                tree.add(closed.node, closed.own);
            }
        }
    }

    fn end_graph(&mut self, tree: &mut CallTree) {
        self.close_down_to(0, tree);
        self.place = Place::Tail;
    }

    fn conclude(&mut self, tree: &mut CallTree) {
        self.close_down_to(0, tree);
        match self.place {
            Place::Head => {
                log::warn!("File ended before start of call graph, expected a line `Call graph:`")
            }
            Place::Graph => log::warn!(
                "File ended before end of call graph; what was read is kept [line {}]",
                self.line
            ),
            Place::Tail => {}
        }
        if self.waiting > 0 {
            let level = match tree.is_empty() {
                true => log::Level::Warn,
                false => log::Level::Info,
            };
            let samples = plural(self.waiting, "sample", "samples");
            log::log!(level, "left out {samples} of threads that wait");
        }
    }
}

/// A node of the call graph, as it is printed.
struct Node<'a> {
    /// 0 for a thread.
    depth: usize,
    count: u64,
    label: Label<'a>,
}

impl<'a> Node<'a> {
    // A call for each of the lines would be 5 % of all instructions; so below.
    #[inline(always)]
    fn parse(line: &'a [u8]) -> Result<Node<'a>, ErrorKind> {
        let Some(text) = line.strip_prefix(b"    ") else {
            return Err(ErrorKind::NotIndented(excerpt(line)));
        };
        let Some(indent) = indentation(text) else {
            return Err(ErrorKind::OnlyIndentation(excerpt(line)));
        };
        if indent % 2 == 1 {
            return Err(ErrorKind::OddIndentation(excerpt(line)));
        }
        let (count, label) = split_count(&text[indent..], line)?;
        Ok(Node {
            depth: indent / 2,
            count,
            label: Label(label),
        })
    }
}

/// What stands behind the count of a node.
#[derive(Clone, Copy)]
struct Label<'a>(&'a [u8]);

impl<'a> Label<'a> {
    /// The label without the offset and the address, which do not matter to its meaning.
    fn without_address(self) -> Label<'a> {
        match memchr::memrchr2(b'(', b')', self.0).map(|last| self.0.split_at(last + 1)) {
            Some((whole, _)) if whole.ends_with(b")") && memchr::memrchr(b'(', whole).is_some() => {
                Label(whole)
            }
            _ => self,
        }
    }

    /// ``module`name``, or what there is of it.
    fn name(self, options: &Options) -> String {
        if let Some(thread) = self.thread() {
            return one_frame(&lossy(thread)).into_owned();
        }
        let (function, module) = self.split();
        let function = lossy(function);
        let function = function_frame(&function);
        match module.filter(|_| !options.no_modules) {
            Some(module) => {
                let module = module.strip_suffix(b".dylib").unwrap_or(module);
                [&one_frame(&lossy(module)), "`", &function].concat()
            }
            None => function.into_owned(),
        }
    }

    /// The name of a thread, which may hold parentheses, without the kind of its queue: `  (serial)`.
    fn thread(self) -> Option<&'a [u8]> {
        let id = self.0.strip_prefix(b"Thread_")?;
        let is_function = memchr::memmem::find(id, b"  (in ").is_some();
        if is_function || !id.first()?.is_ascii_digit() {
            return None;
        }
        let queue = memchr::memmem::rfind(self.0, b"  (").filter(|_| self.0.ends_with(b")"));
        Some(&self.0[..queue.unwrap_or(self.0.len())])
    }

    /// Whether a thread waits there.
    fn is_waiting(self, options: &Options) -> bool {
        let (function, module) = self.split();
        let is_default = !options.no_default_idle && is_idle(function, module);
        is_default || (!options.idle.is_empty() && is_one_of(&options.idle, function, options))
    }

    /// The function, with its arguments, and the module, which is the last in parentheses.
    fn split(self) -> (&'a [u8], Option<&'a [u8]>) {
        let mut brackets = memchr::memrchr_iter(b'(', self.0);
        let start = brackets.find(|&at| self.0[at..].starts_with(b"(in "));
        let Some((function, rest)) = start.map(|at| self.0.split_at(at)) else {
            return (self.0, None);
        };
        let module = &rest["(in ".len()..];
        let module = &module[..memchr::memchr(b')', module).unwrap_or(0)];
        (trim_end(function), (!module.is_empty()).then_some(module))
    }
}

/// Whether a function is called by one of `names` in what is written.
fn is_one_of(names: &[String], function: &[u8], options: &Options) -> bool {
    let function = lossy(function);
    let frame = function_frame(&function);
    let frame = match options.demangle {
        true => demangled_frame(frame.as_bytes()),
        false => frame.as_bytes().into(),
    };
    names.iter().any(|name| name.as_bytes() == &*frame)
}

/// How many bytes of indentation `text` starts with; `None` if it is nothing else.
#[inline(always)]
fn indentation(text: &[u8]) -> Option<usize> {
    let (steps, rest) = text.as_chunks();
    for (step, bytes) in steps.iter().enumerate() {
        let indent = indentation_of_step(bytes);
        if indent < bytes.len() {
            return Some(step * bytes.len() + indent);
        }
    }
    let rest = rest.iter().position(|byte| unlike_indent(*byte) != 0)?;
    Some(steps.as_flattened().len() + rest)
}

/// The same for 16 bytes, which are looked at all at once: 16 if they are nothing else.
#[inline]
fn indentation_of_step(bytes: &[u8; 16]) -> usize {
    let mut unlike = *bytes;
    for byte in &mut unlike {
        *byte = unlike_indent(*byte);
    }
    (u128::from_le_bytes(unlike).trailing_zeros() / 8) as usize
}

/// 0 if the byte is one of those that indentation is made of.
#[inline]
fn unlike_indent(byte: u8) -> u8 {
    // No branch, or bytes would be looked at one by one.
    let unlike = [b' ', b'+', b'!', b':', b'|'].map(|indent| byte ^ indent);
    unlike.into_iter().fold(u8::MAX, u8::min)
}

/// Splits `COUNT LABEL`, which stands in `line`.
#[inline(always)]
fn split_count<'a>(text: &'a [u8], line: &[u8]) -> Result<(u64, &'a [u8]), ErrorKind> {
    if let Some((count, _, rest)) = split_number(text)
        && let Some(label) = rest.strip_prefix(b" ")
    {
        return Ok((count, label));
    }
    split_long_count(text, line)
}

/// The same for a count of any length, or what is none.
#[cold]
fn split_long_count<'a>(text: &'a [u8], line: &[u8]) -> Result<(u64, &'a [u8]), ErrorKind> {
    let Some(space) = memchr::memchr(b' ', text) else {
        return Err(ErrorKind::UnreadableStackLine {
            line: excerpt(line),
            expected: "a number of samples and a function",
        });
    };
    let (count, label) = (&text[..space], &text[space + 1..]);
    match parse_digits(count) {
        Some(count) => Ok((count, label)),
        None => Err(ErrorKind::InvalidSamples(excerpt(count))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::testing;
    use proptest::prelude::*;

    fn fold(graph: &str) -> Result<String, String> {
        fold_with(&Options::default(), graph)
    }

    fn fold_with(options: &Options, graph: &str) -> Result<String, String> {
        let report = format!("Process: x\n\nCall graph:\n{graph}\nTotal number in stack\n 5 x\n");
        testing::fold(options, report.as_bytes())
    }

    #[test]
    fn own_samples_of_all_nodes_are_added_up() {
        let graph = "    10 T
    + 3 a  (in m) + 1  [0x1]
    + ! 1 b  (in m) + 1  [0x1]
    + 2 a  (in m) + 9  [0x2]
    4 T
";
        assert_eq!(fold(graph).unwrap(), "T 9\nT;m`a 4\nT;m`a;m`b 1\n");
    }

    #[test]
    fn names_and_modules() {
        for (label, expected) in [
            ("start  (in libdyld.dylib) + 1  [0x7f]", "libdyld`start"),
            ("f(int (in x))  (in libq.dylib) + 5  [0x1]", "libq`f"),
            ("g  (in My Framework) + 5", "My Framework`g"),
            ("h  (in a.dylib.dylib)", "a.dylib`h"),
            ("k  (in )", "k"),
            (
                "???  (in <unknown binary>)  [0x7fff]",
                "<unknown binary>`???",
            ),
            (
                "-[NSView drawRect:]  (in AppKit) + 3  [0x3]",
                "AppKit`-[NSView drawRect:]",
            ),
            (
                "(anonymous namespace)::run(int)  (in m) + 3",
                "m`(anonymous namespace)::run",
            ),
            (
                "a::(anonymous namespace)::run(int)  (in m)",
                "m`a::(anonymous namespace)::run",
            ),
            ("rg::main::h6909bd3a32e27a08  (in rg) + 34", "rg`rg::main"),
            ("éabcdefghijklmnop  (in m)", "m`éabcdefghijklmnop"),
            ("Thread_7: Socket Thread", "Thread_7: Socket Thread"),
            (
                "Thread_1   DispatchQueue_1: com.apple.main-thread  (serial)",
                "Thread_1   DispatchQueue_1: com.apple.main-thread",
            ),
            (
                "Thread_9   DispatchQueue_4: work queue 0x6 (QOS: UTILITY)  (concurrent)",
                "Thread_9   DispatchQueue_4: work queue 0x6 (QOS: UTILITY)",
            ),
            (
                "Thread_3: copy (in progress) 2",
                "Thread_3: copy (in progress) 2",
            ),
            ("Thread_4: a;b ", "Thread_4: a:b"),
            ("Thread_2(int)  (in m) + 8", "m`Thread_2"),
            ("one;two  (in m)", "m`one:two"),
            ("f  (in a;b)", "a:b`f"),
            (
                "-[Cart(Totals) sum:of:]  (in Shop) + 9  [0x1]",
                "Shop`-[Cart(Totals) sum:of:]",
            ),
            (
                "std::function<int (char)>::operator()(char) const  (in Shop) + 9  [0x1]",
                "Shop`std::function<int (char)>::operator()",
            ),
            (
                "<[u8; 8] as shop::Key>::hash  (in Shop) + 9  [0x1]",
                "Shop`<[u8: 8] as shop::Key>::hash",
            ),
            (
                "a::_$LT$impl$u20$b..C$u20$for$u20$$u5b$T$u3b$$u20$N$u5d$$GT$::f::h0123456789abcdef  (in m)",
                "m`a::_<impl b::C for [T: N]>::f",
            ),
        ] {
            let folded = fold(&format!("    5 {label}\r\n")).unwrap();
            assert_eq!(folded, format!("{expected} 5\n"), "{label}");
        }
        let options = Options {
            no_modules: true,
            ..Options::default()
        };
        let folded = fold_with(&options, "    5 f(int)  (in m) + 34\n");
        assert_eq!(folded.unwrap(), "f 5\n");
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        let report = b"Call graph:\n    5 T\xff\n\nTotal number in stack\n";
        let folded = testing::fold(&Options::default(), report).unwrap();
        assert_eq!(folded, "T\u{fffd} 5\n");
    }

    fn fold_leaf(options: &Options, leaf: &str) -> String {
        let graph = format!("    5 T\n      5 {leaf} + 8  [0x1]\n");
        fold_with(options, &graph).unwrap()
    }

    #[test]
    fn only_threads_that_wait_are_left_out() {
        let options = Options::default();
        for function in [
            "__accept",
            "__accept_nocancel",
            "__aio_suspend",
            "__aio_suspend_nocancel",
            "__connect",
            "__connect_nocancel",
            "__msgrcv_nocancel",
            "__poll",
            "__poll_nocancel",
            "__pselect",
            "__pselect_nocancel",
            "__psynch_cvwait",
            "__read",
            "__read_nocancel",
            "__readv_nocancel",
            "__recvfrom",
            "__recvfrom_nocancel",
            "__recvmsg",
            "__recvmsg_nocancel",
            "__select",
            "__select_nocancel",
            "__sem_wait_nocancel",
            "__semwait_signal",
            "__semwait_signal_nocancel",
            "__sigsuspend",
            "__sigsuspend_nocancel",
            "__sigwait",
            "__sigwait_nocancel",
            "__ulock_wait",
            "__ulock_wait2",
            "__wait4",
            "__wait4_nocancel",
            "__waitid",
            "__waitid_nocancel",
            "__workq_kernreturn",
            "accept",
            "accept$NOCANCEL",
            "aio_suspend",
            "aio_suspend$NOCANCEL",
            "clock_sleep_trap",
            "connect",
            "connect$NOCANCEL",
            "kevent",
            "kevent64",
            "kevent_id",
            "kevent_qos",
            "mach_msg2_trap",
            "mach_msg_overwrite_trap",
            "mach_msg_trap",
            "mach_wait_until",
            "msgrcv",
            "msgrcv$NOCANCEL",
            "poll",
            "poll$NOCANCEL",
            "pselect",
            "pselect$DARWIN_EXTSN",
            "pselect$DARWIN_EXTSN$NOCANCEL",
            "read",
            "read$NOCANCEL",
            "readv",
            "readv$NOCANCEL",
            "recvfrom",
            "recvfrom$NOCANCEL",
            "recvmsg",
            "recvmsg$NOCANCEL",
            "recvmsg_x",
            "select",
            "select$DARWIN_EXTSN",
            "select$DARWIN_EXTSN$NOCANCEL",
            "select$NOCANCEL",
            "sem_wait",
            "sem_wait$NOCANCEL",
            "semaphore_timedwait_signal_trap",
            "semaphore_timedwait_trap",
            "semaphore_wait_signal_trap",
            "semaphore_wait_trap",
            "sigsuspend",
            "sigsuspend$NOCANCEL",
            "waitid",
            "waitid$NOCANCEL",
        ] {
            let leaf = format!("{function}  (in libsystem_kernel.dylib)");
            assert_eq!(fold_leaf(&options, &leaf), "", "{function}");
        }
        for (function, module) in [
            ("start_wqthread", "libsystem_pthread.dylib"),
            ("pread", "libsystem_kernel.dylib"),
            ("__psynch_mutexwait", "libsystem_kernel.dylib"),
            ("poll", "Shop"),
            ("read", "libshop.dylib"),
        ] {
            let leaf = format!("{function}  (in {module})");
            let module = module.trim_end_matches(".dylib");
            assert_eq!(
                fold_leaf(&options, &leaf),
                format!("T;{module}`{function} 5\n")
            );
        }
        assert_eq!(fold("    5 T\n      5 kevent\n").unwrap(), "");
        assert_eq!(fold_leaf(&options, "read  (in libSystem.B.dylib)"), "");
    }

    #[test]
    fn which_functions_wait_can_be_chosen() {
        let more = Options {
            idle: vec!["shop::wait".to_string(), "__psynch_mutexwait".to_string()],
            ..Options::default()
        };
        let only = Options {
            no_default_idle: true,
            ..more.clone()
        };
        for leaf in [
            "shop::wait(int)  (in Shop)",
            "shop::wait  (in Cart)",
            "_ZN4shop4waitEi  (in Shop)",
            "__psynch_mutexwait  (in libsystem_kernel.dylib)",
        ] {
            assert_eq!(fold_leaf(&more, leaf), "", "{leaf}");
            assert_eq!(fold_leaf(&only, leaf), "", "{leaf}");
        }
        let kevent = "kevent  (in libsystem_kernel.dylib)";
        assert_eq!(fold_leaf(&more, kevent), "");
        assert_eq!(fold_leaf(&only, kevent), "T;libsystem_kernel`kevent 5\n");
        assert_eq!(fold_leaf(&more, "wait  (in Shop)"), "T;Shop`wait 5\n");
    }

    #[test]
    fn errors_name_the_line() {
        for (graph, expected) in [
            (
                "    5 T\n\t5 a\n",
                "line 5: Stack line doesn't start with 4 spaces, expected a call graph up to the \
                 line `Total number in stack`, found `5 a`",
            ),
            (
                "    5 T\n    + |:!\n",
                "line 5: Found stack line with only indent characters, expected a function \
                 behind them, found `+ |:!`",
            ),
            (
                "    5 T\n    +  5 a\n",
                "line 5: Odd number of indentation characters for line, expected two a level, \
                 found `+  5 a`",
            ),
            (
                "    5 T\n    +   5 a  (in m)\n",
                "line 5: Skipped indentation level at line, expected at most one level more than \
                 the line before, found `+   5 a  (in m)`",
            ),
            (
                "    5 T\n    + BAD\n",
                "line 5: Unable to parse stack line, expected a number of samples and a \
                 function, found `+ BAD`",
            ),
            (
                "    5 T\n    + start  (in m)\n",
                "line 5: Invalid samples field, expected a number of samples, found `start`",
            ),
        ] {
            assert_eq!(fold(graph).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_was_whole_is_kept_of_a_cut_report() {
        let report = "Call graph:\n    9 T\n    + 7 a\n    + ! 3 b\n    + 2 lo";
        let folded = testing::fold(&Options::default(), report.as_bytes());
        assert_eq!(folded.unwrap(), "T 2\nT;a 4\nT;a;b 3\n");
        let folded = testing::fold(&Options::default(), b"Process: x\n\n----\n");
        assert_eq!(folded.unwrap(), "");
    }

    #[test]
    fn sniffing() {
        let sniff = |text: &str| Options::default().sniff(text.as_bytes());
        assert_eq!(sniff("Process: x\n\n"), None);
        assert_eq!(sniff("Process: x\n\nCall graph:\n    5 T\n"), Some(true));
        assert_eq!(sniff("Process: x\n\nCall graph:\n    5 T"), None);
        assert_eq!(
            sniff("Call graph:\n\nTotal number in stack (x)\n"),
            Some(true)
        );
        assert_eq!(sniff("Total number in stack (x)\n"), Some(false));
    }

    /// Prints stacks as `sample` does, each as a thread of its own, in parts that share callers.
    fn print_graph(stacks: &[(Vec<&str>, u64)]) -> String {
        let mut graph = String::new();
        for (stack, own) in stacks {
            for (depth, name) in stack.iter().enumerate() {
                let indent = [" ", "+ ", "! ", ": ", "| "].iter().cycle().skip(1);
                let indent: String = indent.take(depth).copied().collect();
                // The caller has a sample of its own at every level.
                let count = own + (stack.len() - depth) as u64 - 1;
                graph += &format!("    {indent}{count} {name}  (in lib{depth}.dylib) + 1  [0x1]\n");
            }
        }
        graph
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn no_sample_is_lost(
            stacks in prop::collection::vec(
                (
                    prop::collection::vec(prop::sample::select(vec!["a", "b", "c(int)"]), 1..6),
                    1u64..100,
                ),
                0..20,
            )
        ) {
            let folded = fold(&print_graph(&stacks)).unwrap();
            let sum: u64 = folded
                .lines()
                .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
                .sum();
            let samples: u64 = stacks
                .iter()
                .map(|(stack, own)| own + stack.len() as u64 - 1)
                .sum();
            prop_assert_eq!(sum, samples);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = testing::fold(&Options::default(), &bytes);
            for start in ["Call graph:\n", "Call graph:\n    5 T\n    + ", "Call graph:\n    5 "] {
                let report = [start.as_bytes(), &bytes].concat();
                let _ = testing::fold(&Options::default(), &report);
            }
        }
    }
}
