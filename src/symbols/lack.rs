//! Why functions have no names, and what can be done about it.

use super::door::Shut;
use super::object::Object;
use super::runtime;
use crate::collapse::notes::plural;
use crate::text::lossy;
use std::borrow::Cow;

/// Why functions of an object have no names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The file is not here, or not to be opened.
    File(Shut),
    /// The file here has another build-id.
    RightFile,
    /// The file here is not the one that was mapped.
    SameFile,
    /// It is another machine's, and nothing tells whether the file here is the same.
    Identity,
    /// It is of no use here, as it is the recorded machine's.
    Machine,
    /// The file is stripped.
    Symbols,
    /// The file has symbols, but not for all of its code.
    SomeSymbols,
    Kernel,
    /// The map of code made at run time.
    PerfMap(Shut),
    /// That map is here, and says nothing of the code.
    PerfMapEntries,
}

impl Lack {
    /// The name of `object`, and its advice: `libc.so.6 (the file is not here; see --symfs)`.
    pub fn describe(self, object: &Object) -> String {
        format!("{} ({})", name(object), self.advice(object))
    }

    /// What `object` lacks, and what can be done about it.
    fn advice(self, object: &Object) -> Cow<'static, str> {
        let advice = match self {
            Lack::File(Shut::Missing) => "the file is not here; see --symfs",
            Lack::File(Shut::Forbidden) => "the file is here, but you may not read it",
            Lack::File(Shut::Odd | Shut::Foreign) => "what is at its path here is no regular file",
            Lack::File(Shut::TooLarge) => "the file here is too large to be its program",
            Lack::RightFile => "the file here has another build-id",
            Lack::SameFile => "another file is there now, or it ran elsewhere; see --symfs",
            Lack::Identity => "recorded on another machine, and without a build-id; see --symfs",
            Lack::Machine => "that is known on the recorded machine only; fold there",
            Lack::Symbols => "it has no symbols; install its debug symbols",
            Lack::SomeSymbols => "some of its code has no symbols",
            Lack::Kernel => "no symbols of that kernel are readable here; see --kallsyms",
            Lack::PerfMap(Shut::Missing) => return advice_for_code(object).into(),
            Lack::PerfMap(Shut::Foreign) => {
                "its map is not used, as neither you nor root own it; see `chown`"
            }
            Lack::PerfMap(Shut::Forbidden) => "its map is here, but you may not read it",
            Lack::PerfMap(Shut::Odd) => "its map is no regular file",
            Lack::PerfMap(Shut::TooLarge) => "its map is too large to be one",
            Lack::PerfMapEntries => "its map does not say what is there",
        };
        advice.into()
    }
}

/// Names the objects that lack something, those with the largest share first and not all if there are many.
pub(crate) fn list_lacking(mut objects: Vec<(String, f64)>) -> String {
    const MOST_NAMED: usize = 3;
    objects.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let others = objects.len().saturating_sub(MOST_NAMED);
    let named = objects.into_iter().take(MOST_NAMED);
    let mut names: Vec<String> = named.map(|(object, _)| object).collect();
    if others > 0 {
        names.push(plural(others as u64, "other", "others"));
    }
    names.join(", ")
}

/// How code that was made at run time gets names.
fn advice_for_code(object: &Object) -> String {
    let advice = object
        .runtime
        .get()
        .map_or(runtime::ADVICE, |it| it.advice());
    format!("there is no such map; {advice}")
}

/// The name of an object, which a damaged file may have filled with anything.
fn name(object: &Object) -> String {
    lossy(&object.name).replace(char::is_control, "\u{fffd}")
}
