//! Generates large profiles in the formats that are read as documents, reproducibly.
//!
//! All of them are from the same synthetic program (see [`program`]): thousands of functions, stacks of
//! up to 64 frames, and mostly distinct stacks. Times, numbers and tables are written as by the profilers, so
//! that a reader has to do the same work as for a real profile.

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

/// A generated profile.
pub struct Made {
    pub bytes: Vec<u8>,
    /// The sum of its values, in the unit of the folded stacks.
    pub total: f64,
}

/// A kind of profile: its name, its format, and a function that generates a profile with at least,
/// and not much more than, the given number of bytes.
pub struct Kind {
    pub name: &'static str,
    pub format: &'static str,
    pub make: fn(usize) -> Made,
}

/// All kinds of profiles.
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

/// Joins `items` for a JSON array.
fn join<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for item in items {
        write!(text, "{item},").expect("a string takes all");
    }
    text.pop();
    text
}
