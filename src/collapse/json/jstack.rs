//! Java: thread dumps of `jstack`, `jcmd PID Thread.print` and SIGQUIT (JDK 8 to 25), and of `jcmd
//! PID Thread.dump_to_file`, as text and as JSON.
//!
//! ```text
//! print  = "Full thread dump" …, { thread }
//! thread = '"' NAME '"' …, [ "java.lang.Thread.State: " STATE … ], { "at " call | other }, blank line
//! call   = METHOD "(" PLACE ")"                                               (the leaf first)
//!
//! file   = PID, TIME, VERSION, blank line, { "#" ID ' "' NAME '"' [ " virtual" ] [ " " STATE … ], { [ "at " ] call }, blank line }
//! json   = { "threadDump": { "threadContainers": [ { "threads": [ { "name", "state", "stack": [ call … ] … } … ] … } … ] } }
//! ```
//!
//! ```text
//! 2026-01-01 12:00:00
//! Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):
//!
//! "till-3" #21 prio=5 os_prio=0 cpu=61.66ms elapsed=5.00s tid=0x00007f0bbc1653a0 nid=0x2993 runnable  [0x00007f0ba0cfe000]
//!    java.lang.Thread.State: RUNNABLE
//!     at java.util.HashMap.get(java.base@17.0.15/HashMap.java:1376)
//!     - locked <0x0000000690800000> (a shop.Cart)
//!     at shop.Cart.total(Cart.java:31)
//! ```
//!
//! A mounted virtual thread is printed as part of its carrier thread, below a line `Mounted virtual
//! thread #N`.
//!
//! Each running thread counts 1. Internal threads of the JVM are skipped, and so are RUNNABLE
//! threads that wait in the kernel, for input or for a connection.

use crate::bytes::text::plural;
use crate::collapse::document::lines::{Lines, whole_lines};
use crate::collapse::document::{Document, Profile, ValueType, read_to_end, shared_options};
use crate::collapse::json::{self, Keys, Text};
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::names::java::{ThreadNames, method_of_call, method_of_line};
use crate::warnings::warning;
use memchr::memmem;
use serde::Deserialize;
use std::io::{self, BufRead};
use std::marker::PhantomData;

/// Folds thread dumps of the JVM. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, jstack::Folder};
///
/// let dump = "Full thread dump OpenJDK\n\n\"till-3\" #21 runnable\n   java.lang.Thread.State: RUNNABLE\n\
///             \tat shop.Cart.total(Cart.java:31)\n\tat shop.Main.main(Main.java:5)\n\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(dump.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"till;shop.Main.main;shop.Cart.total 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a JVM thread dump.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// How to write stacks.
        #[command(flatten)]
        pub names: ThreadNames,
    }
}

const DUMP: &[u8] = b"Full thread dump";

impl Document for Options {
    const NAME: &'static str = "jstack";
    const DESCRIPTION: &'static str = "a JVM thread dump (jstack, jcmd)";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        /// The maximum number of lines before the first thread.
        const LINES: usize = 20;
        let keys = Keys::of(head);
        if keys.has("threadDump") {
            return Some(true);
        }
        let lines: Vec<&[u8]> = whole_lines(head).take(LINES).collect();
        let is_of_file = lines.first().is_some_and(|pid| is_number(pid))
            && lines.iter().any(|line| header_in_file(line).is_some());
        if is_of_file || lines.iter().any(|line| line.starts_with(DUMP)) {
            return Some(true);
        }
        match lines.len() == LINES {
            true => keys.answer(false),
            false => None,
        }
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("threads", "count")], None, 0)?;
        let is_json = input.fill_buf()?.trim_ascii_start().starts_with(b"{");
        match is_json {
            true => self.read_json(input, profile),
            false => self.read_text(input, profile),
        }
    }
}

fn is_number(line: &[u8]) -> bool {
    !line.is_empty() && line.iter().all(u8::is_ascii_digit)
}

/// The relevant part of a thread's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The dump does not say.
    Unknown,
    Runs,
    /// Waiting, or an internal thread of the JVM.
    Idle,
}

impl State {
    fn of(word: &[u8]) -> State {
        match word {
            b"RUNNABLE" => State::Runs,
            _ => State::Idle,
        }
    }
}

/// A thread under construction.
struct Thread {
    name: Vec<u8>,
    state: State,
    /// Whether the state may be missing, and is inferred from the stack.
    may_lack_state: bool,
    /// Whether it is from a dump to a file.
    is_in_file: bool,
    /// The leaf first.
    methods: Vec<Vec<u8>>,
}

impl Thread {
    fn called(name: &[u8]) -> Thread {
        let state = match is_background(name) {
            true => State::Idle,
            false => State::Unknown,
        };
        Thread {
            name: name.to_vec(),
            state,
            may_lack_state: false,
            is_in_file: false,
            methods: Vec::new(),
        }
    }

    /// Sets the state, unless it follows from the name or an earlier line.
    fn set_state(&mut self, word: &[u8]) {
        if self.state == State::Unknown {
            self.state = State::of(word);
        }
    }

    fn push(&mut self, method: &[u8]) {
        if waits_without_saying(method) {
            self.state = State::Idle;
        }
        self.methods.push(method.to_vec());
    }

    fn runs(&self) -> bool {
        match self.state {
            State::Runs => true,
            State::Idle => false,
            State::Unknown => {
                let leaf = self.methods.first();
                self.may_lack_state && leaf.is_some_and(|leaf| !is_wait(leaf))
            }
        }
    }
}

/// Whether a thread with this name belongs to the JVM, and is RUNNABLE while idle.
fn is_background(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 3] = [b"Signal Dispatcher", b"Service Thread", b"Attach Listener"];
    const NAMES: [&[u8]; 4] = [
        b"JFR Recorder Thread",
        b"Notification Thread",
        b"Monitor Deflation Thread",
        b"Sweeper thread",
    ];
    let is_compiler =
        memmem::find_iter(name, b" CompilerThread").any(|at| at >= 2 && name[at - 2] == b'C');
    let has = |part: &&[u8]| memmem::find(name, part).is_some();
    is_compiler || PARTS.iter().any(has) || NAMES.contains(&name)
}

/// Whether a thread in this method is waiting, even if it is RUNNABLE.
fn waits_without_saying(method: &[u8]) -> bool {
    const PARTS: [&[u8]; 7] = [
        b"epollWait",
        b"EPoll.wait",
        b"KQueue.poll",
        b"WEPoll.wait",
        b"WindowsSelectorImpl$SubSelector.poll0",
        b"Reference.waitForReferencePendingList",
        b"VirtualThread.takeVirtualThreadListToUnblock",
    ];
    const ENDS: [&[u8]; 5] = [
        b"socketAccept",
        b"socketRead0",
        b"sun.nio.ch.Net.poll",
        b"sun.nio.ch.Net.accept",
        b"NioSocketImpl.park",
    ];
    let is_accept = method.ends_with(b"accept0") && memmem::find(method, b"Socket").is_some();
    is_accept
        || PARTS
            .iter()
            .any(|part| memmem::find(method, part).is_some())
        || ENDS.iter().any(|end| method.ends_with(end))
}

/// Whether a thread with this leaf method is waiting; for dumps without states.
fn is_wait(leaf: &[u8]) -> bool {
    const STARTS: [&[u8]; 5] = [
        b"java.lang.Object.wait",
        b"java.lang.Thread.sleep",
        b"java.lang.VirtualThread.park",
        b"jdk.internal.misc.Unsafe.park",
        b"sun.misc.Unsafe.park",
    ];
    STARTS.iter().any(|start| leaf.starts_with(start))
}

impl Options {
    fn read_text(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut reader = DumpReader {
            options: self,
            profile,
            thread: None,
            is_in_list: false,
            found: false,
            unknown_lines: 0,
        };
        let mut lines = Lines::of(input);
        while let Some(line) = lines.next()? {
            reader.read_line(line);
        }
        reader.end();
        lines.finish(reader.found, "a JVM thread dump, found no thread")?;
        if reader.unknown_lines > 0 {
            let lines = plural(reader.unknown_lines, "line", "lines");
            warning!("skipped {lines}: unknown in thread dumps");
        }
        Ok(())
    }

    /// Counts a thread if it is running.
    fn add(&self, thread: &Thread, profile: &mut Profile) {
        if !thread.runs() {
            return;
        }
        let name = self.thread_name(&thread.name);
        let packages = self.names.packages();
        let frames = thread.methods.iter().rev();
        let frames = frames.map(|method| packages.frame(method));
        let stack: Vec<Vec<u8>> = name.into_iter().chain(frames).collect();
        if !stack.is_empty() {
            profile.add_stack(stack, 1);
        }
    }

    fn thread_name(&self, name: &[u8]) -> Option<Vec<u8>> {
        let name = match self.names.include_tid {
            true => name,
            false => without_number(name),
        };
        let is_wanted = !self.names.no_include_tname && !name.is_empty();
        is_wanted.then(|| frame_name(name))
    }
}

/// `till` for `till-3`.
fn without_number(name: &[u8]) -> &[u8] {
    match memchr::memrchr(b'-', name) {
        Some(dash) if is_number(&name[dash + 1..]) => &name[..dash],
        _ => name,
    }
}

struct DumpReader<'r> {
    options: &'r Options,
    profile: &'r mut Profile,
    thread: Option<Thread>,
    /// Whether the line is in an irrelevant list: of addresses, or of deadlocks.
    is_in_list: bool,
    found: bool,
    unknown_lines: u64,
}

impl DumpReader<'_> {
    fn read_line(&mut self, line: &[u8]) {
        let text = line.trim_ascii();
        if line.starts_with(DUMP) {
            self.end();
            self.is_in_list = false;
            self.found = true;
        } else if self.is_in_list {
            self.is_in_list = !ends_list(text);
        } else if text.is_empty() {
            self.end();
        } else if let Some(rest) = line.strip_prefix(b"\"") {
            let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
            self.begin(Thread::called(&rest[..end]));
        } else if let Some(thread) = header_in_file(line) {
            self.found = true;
            self.begin(thread);
        } else if text.starts_with(b"Mounted virtual thread #") {
            // The preceding frames belong to the carrier thread.
            let mut thread = Thread::called(b"");
            thread.may_lack_state = true;
            self.begin(thread);
        } else if !self.read_in_thread(line) && !is_known(text) {
            self.is_in_list = starts_list(text);
            self.unknown_lines += u64::from(!self.is_in_list);
        }
    }

    fn begin(&mut self, thread: Thread) {
        self.end();
        self.thread = Some(thread);
    }

    /// Reads a line of the current thread; returns false if it is not one.
    fn read_in_thread(&mut self, line: &[u8]) -> bool {
        const STATE: &[u8] = b"java.lang.Thread.State: ";
        let Some(thread) = &mut self.thread else {
            return false;
        };
        let text = line.trim_ascii();
        if let Some(state) = text.strip_prefix(STATE) {
            let word = state.split(u8::is_ascii_whitespace).next();
            thread.set_state(word.unwrap_or_default());
        } else if !thread.is_in_file {
            match method_of_line(line) {
                Some(method) if text.contains(&b'(') => thread.push(method),
                _ => return false,
            }
        } else if line.starts_with(b" ") && text.ends_with(b")") {
            let call = text.strip_prefix(b"at ").unwrap_or(text);
            thread.push(without_module(method_of_call(call)));
        } else {
            return false;
        }
        self.found = true;
        true
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.options.add(&thread, self.profile);
        }
    }
}

/// Parses `#ID "NAME" [virtual] [STATE TIME]`, which starts a thread in a dump to a file.
fn header_in_file(line: &[u8]) -> Option<Thread> {
    let rest = line.strip_prefix(b"#")?;
    let quote = memmem::find(rest, b" \"")?;
    if !is_number(&rest[..quote]) {
        return None;
    }
    let name = &rest[quote + 2..];
    let end = memchr::memrchr(b'"', name)?;
    let mut thread = Thread::called(&name[..end]);
    thread.may_lack_state = true;
    thread.is_in_file = true;
    let words = name[end + 1..].split(|byte| *byte == b' ');
    let mut words = words.filter(|word| !word.is_empty() && *word != b"virtual");
    if let Some(state) = words.next() {
        thread.set_state(state);
    }
    Some(thread)
}

/// Removes the class loader and module from a method: `java.base/java.lang.Thread.run`,
/// `app//shop.Cart.total`. In the name of a hidden class, a number follows the `/`.
fn without_module(method: &[u8]) -> &[u8] {
    let mut rest = method;
    while let Some(slash) = memchr::memchr(b'/', rest) {
        let after = &rest[slash + 1..];
        if after.first().is_some_and(u8::is_ascii_digit) {
            break;
        }
        rest = after;
    }
    rest
}

/// Whether a line is one that occurs in dumps between threads.
fn is_known(text: &[u8]) -> bool {
    const STARTS: [&[u8]; 14] = [
        // Thread names may end with a line end.
        b"os_prio=",
        b"#",
        b"- ",
        b"JNI global ref",
        b"No compile task",
        b"Compiling: ",
        b"JavaThread state: ",
        b"Thread: 0x",
        b"Locked ownable synchronizers:",
        b"Carrying virtual thread #",
        b"Threads class SMR info:",
        b"0x",
        b"}",
        b"<no ",
    ];
    STARTS.iter().any(|start| text.starts_with(start)) || is_prelude(text)
}

/// Whether a line is one that precedes the threads: the process, the time, the version.
fn is_prelude(text: &[u8]) -> bool {
    let text = text.strip_suffix(b":").unwrap_or(text);
    let is_time = text.len() > 5 && text.starts_with(b"2") && text[4] == b'-';
    let is_version = text.iter().all(|byte| !byte.is_ascii_whitespace())
        && text.first().is_some_and(u8::is_ascii_digit);
    is_number(text) || is_time || is_version
}

fn starts_list(text: &[u8]) -> bool {
    text.starts_with(b"_java_thread_list=")
        || (text.starts_with(b"Found ") && text.ends_with(b"deadlock:"))
}

fn ends_list(text: &[u8]) -> bool {
    let is_last_of_deadlocks = text.starts_with(b"Found ") && !text.ends_with(b":");
    text == b"}" || is_last_of_deadlocks
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow, rename = "threadDump")]
    dump: JsonDump<'a>,
}

#[derive(Deserialize)]
struct JsonDump<'a> {
    #[serde(borrow, rename = "threadContainers")]
    containers: Vec<JsonContainer<'a>>,
}

#[derive(Deserialize)]
struct JsonContainer<'a> {
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    threads: Vec<JsonThread<'a>>,
}

#[derive(Deserialize)]
struct JsonThread<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    state: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    stack: Vec<Text<'a>>,
}

impl Options {
    fn read_json(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        json::with_room(&document, || {
            let file = PhantomData::<File<'_>>;
            let file = json::parse(&document, file, Self::DESCRIPTION)?;
            let containers = file.dump.containers.iter();
            for thread in containers.flat_map(|container| &container.threads) {
                self.add(&thread_of_json(thread), profile);
            }
            Ok(())
        })
    }
}

fn thread_of_json(json: &JsonThread<'_>) -> Thread {
    let mut thread = Thread::called(json.name.as_deref().unwrap_or_default());
    thread.may_lack_state = true;
    if let Some(state) = &json.state {
        thread.set_state(state);
    }
    for call in &json.stack {
        thread.push(without_module(method_of_call(call)));
    }
    thread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_removed_and_hidden_classes_are_kept() {
        for (call, method) in [
            ("java.base/java.lang.Thread.run", "java.lang.Thread.run"),
            ("java.base@25/java.lang.Thread.run", "java.lang.Thread.run"),
            ("app//shop.Cart.total", "shop.Cart.total"),
            ("Shop$$Lambda/0x00007.run", "Shop$$Lambda/0x00007.run"),
            ("java.base/a.B$$Lambda/0x7.run", "a.B$$Lambda/0x7.run"),
            ("Shop.main", "Shop.main"),
        ] {
            assert_eq!(without_module(call.as_bytes()), method.as_bytes());
        }
    }

    #[test]
    fn threads_that_wait_for_the_network_do_not_run() {
        for (method, waits) in [
            ("sun.nio.ch.EPollArrayWrapper.epollWait", true),
            ("sun.nio.ch.EPoll.wait", true),
            ("sun.nio.ch.KQueue.poll", true),
            ("sun.nio.ch.WEPoll.wait", true),
            ("sun.nio.ch.WindowsSelectorImpl$SubSelector.poll0", true),
            ("java.lang.ref.Reference.waitForReferencePendingList", true),
            (
                "java.lang.VirtualThread.takeVirtualThreadListToUnblock",
                true,
            ),
            ("java.net.PlainSocketImpl.socketAccept", true),
            ("java.net.SocketInputStream.socketRead0", true),
            ("sun.nio.ch.Net.poll", true),
            ("sun.nio.ch.NioSocketImpl.park", true),
            ("java.net.ServerSocketX.accept0", true),
            ("sun.nio.ch.Net.accept", true),
            ("shop.Order.accept0", false),
            ("shop.Net.poll", false),
        ] {
            assert_eq!(waits_without_saying(method.as_bytes()), waits, "{method}");
        }
    }

    #[test]
    fn threads_of_the_jvm_are_in_the_background() {
        for (name, is_of_jvm) in [
            ("Signal Dispatcher", true),
            ("Service Thread", true),
            ("Attach Listener", true),
            ("JFR Recorder Thread", true),
            ("Notification Thread", true),
            ("Monitor Deflation Thread", true),
            ("Sweeper thread", true),
            ("C2 CompilerThread0", true),
            ("My CompilerThread0", false),
            ("main", false),
        ] {
            assert_eq!(is_background(name.as_bytes()), is_of_jvm, "{name}");
        }
    }

    #[test]
    fn leaves_that_wait() {
        for (leaf, waits) in [
            ("java.lang.Object.wait0", true),
            ("java.lang.Thread.sleep0", true),
            ("java.lang.VirtualThread.park", true),
            ("jdk.internal.misc.Unsafe.park", true),
            ("sun.misc.Unsafe.park", true),
            ("shop.Unsafe.park", false),
        ] {
            assert_eq!(is_wait(leaf.as_bytes()), waits, "{leaf}");
        }
    }

    #[test]
    fn lines_between_threads_are_known() {
        for line in [
            "os_prio=0 cpu=1.0ms",
            "#3 daemon",
            "- locked <0x1>",
            "JNI global refs: 7",
            "No compile task",
            "Compiling: 7",
            "JavaThread state: _thread_blocked",
            "Thread: 0x00007f01",
            "Locked ownable synchronizers:",
            "Carrying virtual thread #7",
            "Threads class SMR info:",
            "0x00007f01, 0x00007f02",
            "}",
            "<no locals>",
        ] {
            assert!(is_known(line.as_bytes()), "{line}");
        }
        assert!(!is_known(b"Dear all,"));
    }

    #[test]
    fn a_thread_without_a_state_runs_if_its_leaf_does_not_wait() {
        let thread = |header: &str, leaf: &str| {
            let mut thread = header_in_file(header.as_bytes()).unwrap();
            thread.push(leaf.as_bytes());
            thread
        };
        assert!(thread("#3 \"main\"", "shop.Cart.total").runs());
        assert!(!thread("#3 \"main\"", "java.lang.Object.wait0").runs());
        assert!(!thread("#3 \"main\" virtual WAITING 2026", "shop.Cart.total").runs());
        assert!(thread("#31 \"\" virtual RUNNABLE 2026", "java.lang.Object.wait0").runs());
        assert!(header_in_file(b"#3 main").is_none());
    }
}
