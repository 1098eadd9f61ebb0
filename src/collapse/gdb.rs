//! gdb: backtraces of `thread apply all bt`, from one or more runs.
//!
//! ```text
//! input  = { thread | other line }
//! thread = "Thread " …, { frame }, blank or other line
//! frame  = "#" N " " [ "0x" ADDRESS " in " ] FUNCTION " (" arguments ")" …, { " " continuation }     (the leaf first)
//! ```
//!
//! ```text
//! Thread 2 (Thread 0x7f7d069d76c0 (LWP 5865) "till"):
//! #0  0x00007f7d06bcfbe1 in shop::Cart::total (this=0x1) at cart.cpp:42
//! #1  std::sort<int*, bool (*)(int, int)> (first=0x1) at
//!     /usr/include/c++/12/algorithm:9
//! #2  0x00007f7d06a641f5 in start_thread () from /usr/lib/libc.so.6
//!
//! ```
//!
//! The variables that `bt full` prints below each frame are skipped.
//!
//! A function ends at the first ` (` outside of brackets. Each stack counts 1.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::text::plural;
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds gdb backtraces. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, gdb::Folder};
///
/// let backtrace = "Thread 1 (LWP 7):\n#0  0x1 in shop::total (x=1) at a.cpp:3\n#1  main () at a.cpp:9\n\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(backtrace.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main;shop::total 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for gdb backtraces.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "gdb";
    const DESCRIPTION: &'static str = "gdb backtraces (`thread apply all bt`)";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        /// gdb prints many lines before the first thread, such as one for each thread that it
        /// attaches to.
        const LINES: usize = 1000;
        let lines: Vec<&[u8]> = whole_lines(head).take(LINES).collect();
        let is_start = |pair: &[&[u8]]| is_thread(pair[0]) && pair[1].starts_with(b"#0  ");
        if lines.windows(2).any(is_start) {
            return Some(true);
        }
        (lines.len() == LINES).then_some(false)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("stacks", "count")], None, 0)?;
        let mut reader = BacktraceReader {
            profile,
            frames: Vec::new(),
            found: false,
            lost: 0,
        };
        let mut lines = Lines::of(input);
        while let Some(line) = lines.next()? {
            reader.read_line(line);
        }
        reader.add();
        lines.finish(reader.found, "gdb backtraces, found no frame")?;
        if reader.lost > 0 {
            let stacks = plural(reader.lost, "stack", "stacks");
            warning!("skipped {stacks} interrupted by the next thread");
        }
        Ok(())
    }
}

/// Whether a line starts a thread: `Thread 2 (…):`.
fn is_thread(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"Thread ") else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest[digits..].starts_with(b" (") && rest.ends_with(b":")
}

struct BacktraceReader<'r> {
    profile: &'r mut Profile,
    /// The text after the numbers of the frames, starting with the leaf.
    frames: Vec<Vec<u8>>,
    found: bool,
    lost: u64,
}

impl BacktraceReader<'_> {
    fn read_line(&mut self, line: &[u8]) {
        if line.starts_with(b"Thread") {
            self.found |= is_thread(line);
            self.lost += u64::from(!self.frames.is_empty());
            self.frames.clear();
        } else if let Some(frame) = frame(line) {
            self.found = true;
            self.frames.push(frame.to_vec());
        } else if let (Some(frame), true) = (self.frames.last_mut(), is_continuation(line)) {
            frame.push(b' ');
            frame.extend_from_slice(line.trim_ascii());
        } else if !WITHOUT_VARIABLES.contains(&line) {
            self.add();
        }
    }

    fn add(&mut self) {
        if !self.frames.is_empty() {
            let frames = self.frames.drain(..).rev();
            self.profile
                .add_stack(frames.map(|frame| frame_name(function(&frame))), 1);
        }
    }
}

/// What `bt full` prints below frames that have no variables.
const WITHOUT_VARIABLES: [&[u8]; 2] = [b"No locals.", b"No symbol table info available."];

/// The text after `#N`.
fn frame(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"#")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let frame = rest[digits..].strip_prefix(b" ")?.trim_ascii();
    (digits > 0 && !frame.is_empty()).then_some(frame)
}

/// Whether a line continues the previous frame, which gdb wrapped at the width of the terminal.
fn is_continuation(line: &[u8]) -> bool {
    line.starts_with(b"  ") && !line.trim_ascii().is_empty()
}

/// The function in `[0xADDRESS in ]FUNCTION (…`.
fn function(frame: &[u8]) -> &[u8] {
    let after_address = || {
        let rest = frame.strip_prefix(b"0x")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit());
        rest[digits.count()..].strip_prefix(b" in ")
    };
    let text = after_address().unwrap_or(frame).trim_ascii_start();
    &text[..end_of_function(text)]
}

/// The start of the arguments: ` (` outside of brackets.
fn end_of_function(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0usize);
    while at < text.len() {
        let rest = &text[at..];
        match rest {
            [b' ', b'(', ..] if depth == 0 && at > 0 => return at,
            [b'-', b'>', ..] => at += 1,
            [b'(' | b'<' | b'[' | b'{', ..] => depth += 1,
            [b')' | b'>' | b']' | b'}', ..] => depth = depth.saturating_sub(1),
            _ => at += symbol_of_operator(rest),
        }
        at += 1;
    }
    text.len()
}

/// The length of the name of an operator at the start of `text`, minus its last character: for
/// `operator<<int>`, the last one is `<`.
fn symbol_of_operator(text: &[u8]) -> usize {
    const SYMBOLS: [&[u8]; 14] = [
        b"<<=", b">>=", b"<=>", b"->*", b"()", b"[]", b"<<", b">>", b"<=", b">=", b"->", b"<",
        b">", b"",
    ];
    const WORD: &[u8] = b"operator";
    let Some(rest) = text.strip_prefix(WORD) else {
        return 0;
    };
    let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(symbol));
    WORD.len() + symbol.map_or(0, |symbol| symbol.len()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::folder::Collapse;

    #[test]
    fn threads_may_have_no_frames() {
        let read = |text: &str| Folder::default().collapse_to_tree(text.as_bytes());
        let tree = read("Thread 1 (Thread 0x7 (LWP 7) \"oven\"):\n").unwrap();
        assert!(tree.is_empty());
        assert!(read("Thread 1:\n").is_err());
    }

    #[test]
    fn functions_end_where_the_arguments_start() {
        for (frame, name) in [
            ("0x01 in poll () from /lib/libc.so.6", "poll"),
            ("main (argc=1, argv=0x7ff) at main.c:10", "main"),
            ("0x02 in operator< (a=..., b=...) at a.cpp:5", "operator<"),
            (
                "a::operator<< <int> (s=1) at a.cpp:5",
                "a::operator<< <int>",
            ),
            ("a::operator() (this=0x1) at a.cpp:5", "a::operator()"),
            ("a::operator-> (this=0x1) at a.cpp:5", "a::operator->"),
            ("a::operator bool (this=0x1)", "a::operator bool"),
            (
                "(anonymous namespace)::run (x=2) from /lib/x.so",
                "(anonymous namespace)::run",
            ),
            (
                "0x3 in std::sort<int*, bool (*)(int, int)> (a=1)",
                "std::sort<int*, bool (*)(int, int)>",
            ),
            (
                "core::ops::call_once<fn(&str) -> alloc::Rc<u8>, ()> (f=1)",
                "core::ops::call_once<fn(&str) -> alloc::Rc<u8>, ()>",
            ),
            (
                "<shop::Cart as core::ops::Drop>::drop (self=0x1)",
                "<shop::Cart as core::ops::Drop>::drop",
            ),
            ("0x4 in shop::total(int, char) ()", "shop::total(int, char)"),
            ("<signal handler called>", "<signal handler called>"),
            ("0x5 in ?? ()", "??"),
        ] {
            let found = String::from_utf8_lossy(function(frame.as_bytes()));
            assert_eq!(found, name);
        }
    }
}
