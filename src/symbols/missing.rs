//! Explains why functions have no names, and what to do about it.

use super::object::Object;
use super::runtime;
use super::untrusted::OpenError;
use crate::bytes::text::lossy;
use crate::bytes::text::plural;
use std::borrow::Cow;

/// Why functions of an object have no names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The file is missing, or could not be opened.
    File(OpenError),
    /// The file here has another build ID.
    OtherBuildId,
    /// The file here is not the one that was mapped.
    OtherFile,
    /// The object is from another machine, and the file here may differ.
    Unverified,
    /// The object is specific to the recorded machine.
    OtherMachine,
    /// The file is stripped.
    Stripped,
    /// The file has symbols, but not for all of its code.
    PartlyStripped,
    Kernel,
    /// There is no usable JIT map.
    PerfMap(OpenError),
    /// The JIT map has no entry for the code.
    PerfMapEntries,
}

impl Missing {
    /// Formats `object` with advice: `libc.so.6 (file not found; see --symfs)`.
    pub fn describe(self, object: &Object) -> String {
        format!("{} ({})", name(object), self.advice(object))
    }

    /// What is missing for `object`, and what to do about it.
    fn advice(self, object: &Object) -> Cow<'static, str> {
        let advice = match self {
            Missing::File(OpenError::Missing) => "file not found; see --symfs",
            Missing::File(OpenError::PermissionDenied) => "no permission to read the file",
            Missing::File(OpenError::NotRegular) => "not a regular file",
            Missing::File(OpenError::WrongOwner) => "the file belongs to another user",
            Missing::File(OpenError::TooLarge) => "the file is too large",
            Missing::OtherBuildId => "the file has a different build ID",
            Missing::OtherFile => "the file was replaced, or is from another machine; see --symfs",
            Missing::Unverified => "recorded on another machine without a build ID; see --symfs",
            Missing::OtherMachine => "only available on the recorded machine; fold it there",
            Missing::Stripped => "no symbols; install its debug symbols",
            Missing::PartlyStripped => "some of its code has no symbols",
            Missing::Kernel => "no readable symbols for this kernel; see --kallsyms",
            Missing::PerfMap(OpenError::Missing) => return advice_for_code(object).into(),
            Missing::PerfMap(OpenError::WrongOwner) => {
                "its map is ignored because it belongs to neither you nor root; see `chown`"
            }
            Missing::PerfMap(OpenError::PermissionDenied) => "no permission to read its map",
            Missing::PerfMap(OpenError::NotRegular) => "its map is not a regular file",
            Missing::PerfMap(OpenError::TooLarge) => "its map is too large",
            Missing::PerfMapEntries => "its map has no entry for this code",
        };
        advice.into()
    }
}

/// Lists the objects with missing symbols, the largest share first, and only some of them if there
/// are many.
pub(crate) fn list_missing(mut objects: Vec<(String, f64)>) -> String {
    const MAX_NAMED: usize = 3;
    objects.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let others = objects.len().saturating_sub(MAX_NAMED);
    let named = objects.into_iter().take(MAX_NAMED);
    let mut names: Vec<String> = named.map(|(object, _)| object).collect();
    if others > 0 {
        names.push(plural(others as u64, "other", "others"));
    }
    names.join(", ")
}

/// How to get names for JIT-compiled code.
fn advice_for_code(object: &Object) -> String {
    let advice = object
        .runtime
        .get()
        .map_or(runtime::ADVICE, |it| it.advice());
    format!("no JIT map; {advice}")
}

/// The name of an object, which can contain anything if the file is damaged.
fn name(object: &Object) -> String {
    lossy(&object.name).replace(char::is_control, "\u{fffd}")
}
