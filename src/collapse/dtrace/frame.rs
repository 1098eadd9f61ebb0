//! One line of a stack: where its offset is, and which frames it stands for.

use crate::collapse::symbol::{fix_partially_demangled_rust, split_inlined, without_separators};
use std::borrow::Cow;

/// What is before the last `+`.
pub(super) fn without_offset(line: &[u8]) -> &[u8] {
    memchr::memrchr(b'+', line).map_or(line, |at| &line[..at])
}

/// What there is of a line's offset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// The line is without it.
    LeftOut,
    Kept,
    /// The name is to be without it.
    Lost,
}

/// Calls `add` with the name of each frame a line stands for, the outermost first.
#[cold]
pub(super) fn name_frames(line: &str, offset: Offset, mut add: impl FnMut(&[u8])) {
    let function = match without_arguments(line) {
        "" => "-",
        function => function,
    };
    let has_offset = offset != Offset::LeftOut;
    let function = repair(function, has_offset);
    let parts = split_inlined(&function);
    let is_java = parts.len() > 1 || (has_offset && function.contains('/'));
    for (index, part) in parts.iter().enumerate() {
        let part = match is_java {
            true => part.trim_start_matches('L'),
            false => part,
        };
        let mut name = without_separators(part);
        if index > 0 {
            name.to_mut().push_str("_[i]");
        }
        let name = name.as_bytes();
        match offset {
            Offset::Lost if index + 1 == parts.len() => add(without_offset(name)),
            _ => add(name),
        }
    }
}

/// A C++ or Rust function without its arguments: what follows the last opening parenthesis or
/// angle bracket behind the first `::`.
fn without_arguments(function: &str) -> &str {
    let bytes = function.as_bytes();
    // Faster than a search for the two characters, which most names have none of.
    let scope = memchr::memchr_iter(b':', bytes).find(|at| bytes.get(at + 1) == Some(&b':'));
    let end = scope.and_then(|scope| {
        let bracket = memchr::memrchr2(b'(', b'<', &bytes[scope + 2..])?;
        Some(scope + 2 + bracket)
    });
    end.map_or(function, |end| &function[..end])
}

/// The function with its Rust name repaired, which stands behind the module and before the offset.
fn repair(function: &str, has_offset: bool) -> Cow<'_, str> {
    let module_end = memchr::memchr(b'`', function.as_bytes());
    let Some(module_end) = module_end.map(|at| at + 1) else {
        return Cow::Borrowed(function);
    };
    let name_end = match has_offset {
        true => function[module_end..].rfind('+').map(|at| module_end + at),
        false => None,
    };
    let (head, offset) = function.split_at(name_end.unwrap_or(function.len()));
    let (module, name) = head.split_at(module_end);
    match fix_partially_demangled_rust(name.trim_end()) {
        Cow::Borrowed(fixed) if fixed.len() == name.trim_end().len() => Cow::Borrowed(function),
        fixed => Cow::Owned([module, &fixed, offset].concat()),
    }
}
