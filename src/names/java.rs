//! Names of Java threads and methods, shared by several formats.

use super::frame::frame_name;
use crate::flags::flags;

flags! {
    /// How to write the stacks of Java threads.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct ThreadNames {
        /// Do not start stacks with the name of their thread
        #[arg(long, overrides_with = "include_tname")]
        pub no_include_tname: bool,

        /// Overrides `no_include_tname` on the command line.
        #[doc(hidden)]
        #[arg(long, hide = true, overrides_with = "no_include_tname")]
        pub include_tname: bool,

        /// Append the number of the thread to its name
        #[arg(long, overrides_with = "no_include_tid")]
        pub include_tid: bool,

        /// Overrides `include_tid` on the command line.
        #[doc(hidden)]
        #[arg(long, hide = true, overrides_with = "include_tid")]
        pub no_include_tid: bool,

        /// Abbreviate the names of packages: `j.l.Thread.run`
        #[arg(long, overrides_with = "no_shorten_pkgs")]
        pub shorten_pkgs: bool,

        /// Overrides `shorten_pkgs` on the command line.
        #[doc(hidden)]
        #[arg(long, hide = true, overrides_with = "shorten_pkgs")]
        pub no_shorten_pkgs: bool,
    }
}

impl ThreadNames {
    pub(crate) fn packages(&self) -> Packages {
        match self.shorten_pkgs {
            true => Packages::Shorten,
            false => Packages::Keep,
        }
    }
}

/// How to write the package in the name of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packages {
    Keep,
    /// Each component is abbreviated to its first letter.
    Shorten,
    Drop,
}

impl Packages {
    /// The frame of a method: `java.lang.Thread.run`.
    pub fn frame(self, method: &[u8]) -> Vec<u8> {
        let (package, rest) = split_package(method);
        match self {
            Packages::Keep => frame_name(method),
            Packages::Shorten => frame_name(&[&initials(package), rest].concat()),
            Packages::Drop => frame_name(rest),
        }
    }
}

/// The method in a line `at METHOD(LOCATION)`; the line may start with whitespace.
pub(crate) fn method_of_line(line: &[u8]) -> Option<&[u8]> {
    let call = line.trim_ascii_start().strip_prefix(b"at ")?;
    Some(method_of_call(call))
}

/// The method in `METHOD(LOCATION)`.
pub(crate) fn method_of_call(call: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'(', call).unwrap_or(call.len());
    call[..end].trim_ascii()
}

/// Splits before the class, which is the second to last component. A name with fewer components has
/// no package.
fn split_package(method: &[u8]) -> (&[u8], &[u8]) {
    let dots = memchr::memrchr_iter(b'.', method);
    method.split_at(dots.take(2).nth(1).map_or(0, |dot| dot + 1))
}

/// Abbreviates each component to its first letter.
fn initials(package: &[u8]) -> Vec<u8> {
    let mut short = Vec::new();
    let (mut is_inside, mut is_initial) = (false, false);
    for byte in package {
        let is_word = byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
        let continues_letter = byte & 0xc0 == 0x80;
        is_initial = !is_inside || (is_initial && continues_letter);
        if !is_word || is_initial {
            short.push(*byte);
        }
        is_inside = is_word;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_cut_to_initials() {
        for (method, short, dropped) in [
            ("java.lang.Thread.run", "j.l.Thread.run", "Thread.run"),
            ("java.base@17/java.util.A.b", "j.b@1/j.u.A.b", "A.b"),
            ("app//x.Y.z", "a//x.Y.z", "Y.z"),
            ("Shop.<init>", "Shop.<init>", "Shop.<init>"),
            ("main", "main", "main"),
            ("été.über_all.A.b", "é.ü.A.b", "A.b"),
            (
                "a.B$$Lambda$1/0x7f.run",
                "a.B$$Lambda$1/0x7f.run",
                "B$$Lambda$1/0x7f.run",
            ),
        ] {
            let frame = |packages: Packages| String::from_utf8(packages.frame(method.as_bytes()));
            assert_eq!(frame(Packages::Shorten).unwrap(), short);
            assert_eq!(frame(Packages::Drop).unwrap(), dropped);
            assert_eq!(frame(Packages::Keep).unwrap(), method);
        }
    }
}
