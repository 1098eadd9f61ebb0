//! SystemTap: stacks printed with `print_stack()`, each followed by its count.
//!
//! ```text
//! input = { { frame }, count }
//! frame = [ "0x" ADDRESS " : " ] FUNCTION [ "+0x" OFFSET "/0x" SIZE ] [ " [" MODULE "]" ]        (the leaf first)
//! count = whitespace, N
//! ```
//!
//! ```text
//!  0xffffffff8103ce3b : native_safe_halt+0xb/0x10 [kernel]
//!  0xffffffff8101c6a3 : default_idle+0x53/0x1d0 [kernel]
//!     2404
//! ```

use super::document::lines::{Lines, parse};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::text::plural;
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds stacks of SystemTap. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, stap::Folder};
///
/// let stacks = " 0x1 : halt+0xb/0x10 [kernel]\n 0x2 : idle+0x53/0x1d0 [kernel]\n\t24\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(stacks.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"idle;halt 24\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for stacks of SystemTap.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "stap";
    const DESCRIPTION: &'static str = "stacks printed by SystemTap";
    shared_options!();

    /// Stacks of DTrace look the same.
    fn sniff(_: &[u8]) -> Option<bool> {
        Some(false)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("samples", "count")], None, 0)?;
        let mut lines = Lines::of(input);
        let mut frames: Vec<Vec<u8>> = Vec::new();
        let mut found = false;
        while let Some(line) = lines.next()? {
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match count(text) {
                Some(count) => {
                    found = true;
                    profile.add_stack(frames.drain(..).rev(), count);
                }
                None => {
                    found |=
                        text.starts_with(b"0x") && memchr::memmem::find(text, b" : ").is_some();
                    frames.push(frame(text));
                }
            }
        }
        lines.finish(found, "stacks of SystemTap, found none")?;
        if !frames.is_empty() {
            let frames = plural(frames.len() as u64, "frame", "frames");
            warning!("skipped the last stack, of {frames}: it has no count");
        }
        Ok(())
    }
}

fn count(text: &[u8]) -> Option<u64> {
    let is_number = text.iter().all(u8::is_ascii_digit);
    is_number.then(|| parse(text).unwrap_or(u64::MAX))
}

/// The function; the module is kept if there is no offset to separate it from the name.
fn frame(text: &[u8]) -> Vec<u8> {
    let before_module = match memchr::memmem::rfind(text, b" [") {
        Some(at) if text.ends_with(b"]") => &text[..at],
        _ => text,
    };
    let name = match memchr::memrchr(b'+', before_module) {
        Some(plus) => &before_module[..plus],
        None => text,
    };
    let start = memchr::memmem::rfind(name, b" : ").map_or(0, |at| at + 3);
    match name[start..].trim_ascii() {
        b"" => b"-".to_vec(),
        name => frame_name(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_offsets_and_modules_are_removed() {
        for (text, name) in [
            ("0xff : halt+0xb/0x10 [kernel]", "halt"),
            ("0xff : f+0x1/0x2 [/usr/lib/libstdc++.so.6]", "f"),
            ("0xff : operator++0x1/0x2 [k]", "operator+"),
            ("0xff : a : b+0x1/0x2 [k]", "b"),
            ("0xff : foo [kernel]", "foo [kernel]"),
            ("+0x5", "-"),
            ("0x0", "0x0"),
        ] {
            assert_eq!(String::from_utf8_lossy(&frame(text.as_bytes())), name);
        }
    }
}
