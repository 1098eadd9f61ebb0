//! Large profiles in the formats that are read as documents, made up the same way each time.
//!
//! All of them are of the same program, made up too (see [`program`]): thousands of functions, stacks of up to 64
//! frames, and most samples with a stack of their own. Times, numbers and tables are as the profilers write them, so
//! that a reader has to do what it does for a real profile.

#![allow(dead_code, reason = "nothing uses all of it")]

mod bpftrace;
mod callgrind;
mod chrome;
mod cpuprofile;
mod firefox;
mod jfr;
mod pprof;
mod program;
mod speedscope;

/// A profile.
pub struct Made {
    pub bytes: Vec<u8>,
    /// What its values add up to, in the unit of the folded stacks.
    pub total: f64,
}

/// A kind of profile: what it is called, the format it is in, and a function that makes one of at least, and not
/// much more than, so many bytes.
pub struct Kind {
    pub name: &'static str,
    pub format: &'static str,
    pub make: fn(usize) -> Made,
}

/// The kinds of profiles that can be made.
pub const KINDS: [Kind; 9] = [
    kind("bpftrace", "bpftrace", bpftrace::make),
    kind("callgrind", "callgrind", callgrind::make),
    kind("chrome-array", "chrome", chrome::make_array),
    kind("chrome-object", "chrome", chrome::make_object),
    kind("cpuprofile", "cpuprofile", cpuprofile::make),
    kind("firefox", "firefox", firefox::make),
    kind("jfr", "jfr", jfr::make),
    kind("pprof", "pprof", pprof::make),
    kind("speedscope", "speedscope", speedscope::make),
];

const fn kind(name: &'static str, format: &'static str, make: fn(usize) -> Made) -> Kind {
    Kind { name, format, make }
}

/// `items` as they stand in a JSON array.
fn join<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for item in items {
        write!(text, "{item},").expect("a string takes all");
    }
    text.pop();
    text
}
