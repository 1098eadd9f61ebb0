//! Parses a line of the call graph: depth, count and name.

use super::Options;
use super::idle::is_idle;
use crate::bytes::count::{parse_digits, split_number};
use crate::bytes::error::Mismatch;
use crate::bytes::text::{lossy, trim_end};
use crate::collapse::engine::error::unreadable_line;
use crate::names::demangle::demangled_frame;
use crate::names::symbol::{function_frame, one_frame};

/// A node of the call graph, as printed.
pub(super) struct Node<'a> {
    /// 0 for a thread.
    pub depth: usize,
    pub count: u64,
    pub label: Label<'a>,
}

impl<'a> Node<'a> {
    // Always inlined, with the functions it calls: calls cost 5% of all instructions.
    #[inline(always)]
    pub fn parse(line: &'a [u8]) -> Result<Node<'a>, Mismatch> {
        let Some(text) = line.strip_prefix(b"    ") else {
            return Err(not_indented(line));
        };
        let Some(indent) = indentation(text) else {
            return Err(only_indentation(line));
        };
        if indent % 2 == 1 {
            return Err(odd_indentation(line));
        }
        let (count, label) = split_count(&text[indent..], line)?;
        Ok(Node {
            depth: indent / 2,
            count,
            label: Label(label),
        })
    }
}

/// The text after the count of a node.
#[derive(Clone, Copy)]
pub(super) struct Label<'a>(pub &'a [u8]);

impl<'a> Label<'a> {
    /// The label without the offset and the address, which do not affect its name.
    pub fn without_address(self) -> Label<'a> {
        match memchr::memrchr2(b'(', b')', self.0).map(|last| self.0.split_at(last + 1)) {
            Some((whole, _)) if whole.ends_with(b")") && memchr::memrchr(b'(', whole).is_some() => {
                Label(whole)
            }
            _ => self,
        }
    }

    /// ``module`name``, or as much of it as exists.
    pub fn name(self, options: &Options) -> String {
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

    /// The name of a thread, which may contain parentheses, without the kind of its queue: `
    /// (serial)`.
    fn thread(self) -> Option<&'a [u8]> {
        let id = self.0.strip_prefix(b"Thread_")?;
        let is_function = memchr::memmem::find(id, b"  (in ").is_some();
        if is_function || !id.first()?.is_ascii_digit() {
            return None;
        }
        let queue = memchr::memmem::rfind(self.0, b"  (").filter(|_| self.0.ends_with(b")"));
        Some(&self.0[..queue.unwrap_or(self.0.len())])
    }

    /// Whether a thread is idle there.
    pub fn is_waiting(self, options: &Options) -> bool {
        let (function, module) = self.split();
        let is_default = !options.no_default_idle && is_idle(function, module);
        is_default || (!options.idle.is_empty() && is_one_of(&options.idle, function, options))
    }

    /// The function, with its arguments, and the module, which is the last part in parentheses.
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

/// Whether one of `names` is the name of the function in the output.
fn is_one_of(names: &[String], function: &[u8], options: &Options) -> bool {
    let function = lossy(function);
    let frame = function_frame(&function);
    let frame = match options.demangle {
        true => demangled_frame(frame.as_bytes()),
        false => frame.as_bytes().into(),
    };
    names.iter().any(|name| name.as_bytes() == &*frame)
}

/// The length of the indentation at the start of `text`; `None` if there is nothing else.
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

/// The same for 16 bytes, which are checked at once: 16 if there is nothing else.
#[inline]
fn indentation_of_step(bytes: &[u8; 16]) -> usize {
    let mut unlike = *bytes;
    for byte in &mut unlike {
        *byte = unlike_indent(*byte);
    }
    (u128::from_le_bytes(unlike).trailing_zeros() / 8) as usize
}

/// 0 if the byte is an indentation character.
#[inline]
fn unlike_indent(byte: u8) -> u8 {
    // Branchless, so that the loop is vectorized.
    let unlike = [b' ', b'+', b'!', b':', b'|'].map(|indent| byte ^ indent);
    unlike.into_iter().fold(u8::MAX, u8::min)
}

/// Splits `COUNT LABEL`, a part of `line`.
#[inline(always)]
fn split_count<'a>(text: &'a [u8], line: &[u8]) -> Result<(u64, &'a [u8]), Mismatch> {
    if let Some((count, _, rest)) = split_number(text)
        && let Some(label) = rest.strip_prefix(b" ")
    {
        return Ok((count, label));
    }
    split_long_count(text, line)
}

/// A line outside the call graph before its end.
#[cold]
fn not_indented(line: &[u8]) -> Mismatch {
    Mismatch::unlike(
        "Stack line doesn't start with 4 spaces",
        "a call graph up to the line `Total number in stack`",
        line,
    )
}

/// A line with the lines of the tree but no function.
#[cold]
fn only_indentation(line: &[u8]) -> Mismatch {
    Mismatch::unlike(
        "Found stack line with only indent characters",
        "a function after them",
        line,
    )
}

/// A line that ends between two levels.
#[cold]
fn odd_indentation(line: &[u8]) -> Mismatch {
    Mismatch::unlike(
        "Odd number of indentation characters for line",
        "two per level",
        line,
    )
}

/// Splits off a count of any length, or reports an invalid one.
#[cold]
fn split_long_count<'a>(text: &'a [u8], line: &[u8]) -> Result<(u64, &'a [u8]), Mismatch> {
    let Some(space) = memchr::memchr(b' ', text) else {
        return Err(unreadable_line("a number of samples and a function", line));
    };
    let (count, label) = (&text[..space], &text[space + 1..]);
    match parse_digits(count) {
        Some(count) => Ok((count, label)),
        None => Err(Mismatch::unlike(
            "Invalid samples field",
            "a number of samples",
            count,
        )),
    }
}
