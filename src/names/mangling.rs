//! The two mangling schemes.

use cpp_demangle::error::Error;
use cpp_demangle::{DemangleOptions, ParseOptions, Symbol};
use std::fmt::{self, Write};
use std::thread;

/// The maximum length of a symbol, in bytes.
const MAX_SYMBOL_LENGTH: usize = 1 << 14;

/// The maximum length of a demangled name, in bytes.
const MAX_NAME_LENGTH: usize = 1 << 15;

/// The default limit on the nesting of C++ names. A level takes some kilobytes of stack, up to
/// 40 in debug builds; threads have 2 MB.
const USUAL_DEPTH: u32 = 48;

/// The limit for the one symbol in a thousand that is nested deeper, on a separate stack.
const MAX_DEPTH: u32 = 512;
const STACK_SIZE: usize = MAX_DEPTH as usize * 48 * 1024;

/// The demangled name; `None` if the symbol is not mangled, or too long.
pub(super) fn readable(symbol: &str) -> Option<String> {
    if symbol.len() > MAX_SYMBOL_LENGTH {
        return None;
    }
    rust(symbol).or_else(|| cpp(symbol))
}

/// `{:#}` omits hashes.
fn rust(symbol: &str) -> Option<String> {
    let is_rust = symbol.trim_start_matches('_').starts_with('R') || has_rust_hash(symbol);
    let name = rustc_demangle::try_demangle(symbol)
        .ok()
        .filter(|_| is_rust)?;
    let mut out = Bounded::default();
    write!(out, "{name:#}").ok()?;
    Some(without_suffix(out.name))
}

/// Whether the symbol ends in `17h`, sixteen hexadecimal digits and `E`, ignoring suffixes that
/// LLVM appends after a `.`. Other names with such an `E` are C++.
fn has_rust_hash(symbol: &str) -> bool {
    let Some(at) = symbol.rfind("17h") else {
        return false;
    };
    let hash = &symbol[at + 3..];
    let digits = hash.bytes().take_while(u8::is_ascii_hexdigit).count();
    // `E` is itself a hexadecimal digit.
    let digits = digits.min(16);
    let rest = &hash[digits..];
    digits == 16 && (rest == "E" || rest.starts_with("E."))
}

/// `{:#}` keeps LLVM's suffix, but without its hash.
fn without_suffix(mut name: String) -> String {
    for suffix in [
        ".llvm.",
        ".cold",
        ".warm",
        ".isra.",
        ".part.",
        ".constprop.",
    ] {
        if let Some(at) = name.rfind(suffix) {
            name.truncate(at);
        }
    }
    name
}

fn cpp(symbol: &str) -> Option<String> {
    match thunk(symbol) {
        Some((kind, target)) => Some(kind.to_string() + &cpp_function(&format!("_Z{target}"))?),
        None => cpp_function(symbol),
    }
}

fn cpp_function(symbol: &str) -> Option<String> {
    let name = match written(symbol, USUAL_DEPTH) {
        Err(Unwritten::TooDeep) => written_on_large_stack(symbol),
        Err(Unwritten::Unreadable) => written_without_types(symbol),
        name => name,
    };
    let name = with_short_literals(without_empty_packs(name.ok()?));
    let name = with_spaced_functions(name);
    let length = name.strip_suffix(" const").map_or(name.len(), str::len);
    Some(name[..length].to_string())
}

/// Why a name could not be written.
enum Unwritten {
    TooDeep,
    Unreadable,
}

fn written(symbol: &str, deepest: u32) -> Result<String, Unwritten> {
    let parsing = ParseOptions::default().recursion_limit(deepest);
    let writing = DemangleOptions::new().recursion_limit(deepest);
    let parsed = Symbol::new_with_options(symbol, &parsing);
    let symbol = parsed.map_err(|error| match error {
        Error::TooMuchRecursion => Unwritten::TooDeep,
        _ => Unwritten::Unreadable,
    })?;
    let mut out = Bounded::default();
    let writing = writing.no_params().no_return_type();
    match symbol.structured_demangle(&mut out, &writing) {
        Ok(()) => Ok(out.name),
        Err(_) if out.is_full => Err(Unwritten::Unreadable),
        Err(_) => Err(Unwritten::TooDeep),
    }
}

/// Writes the name of a template function without parsing its types, which contain conditions
/// that `cpp_demangle` does not support: `std::enable_if_t<is_x<T>::value>`. Types are not
/// written anyway.
fn written_without_types(symbol: &str) -> Result<String, Unwritten> {
    const LONGEST: usize = 1 << 11;
    const MAX_ENDS: usize = 64;
    if symbol.len() > LONGEST {
        return Err(Unwritten::Unreadable);
    }
    // The name ends with the arguments of the template; shorter prefixes are incomplete.
    let ends = symbol.match_indices('E').take(MAX_ENDS);
    ends.map(|(at, _)| written(&symbol[..=at], USUAL_DEPTH))
        .find(Result::is_ok)
        .unwrap_or(Err(Unwritten::Unreadable))
}

fn written_on_large_stack(symbol: &str) -> Result<String, Unwritten> {
    let thread = thread::Builder::new().stack_size(STACK_SIZE);
    thread::scope(|scope| {
        let worker = thread.spawn_scoped(scope, || written(symbol, MAX_DEPTH));
        let name = worker.map(thread::ScopedJoinHandle::join);
        // If no thread can be started, the name stays as it is.
        name.unwrap_or(Ok(Err(Unwritten::TooDeep)))
    })
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Removes commas without an argument: `f<int, , >` becomes `f<int>`.
fn without_empty_packs(mut name: String) -> String {
    while name.contains(", >") {
        name = name.replace(", >", ">");
    }
    name
}

/// Writes numbers as in the source, like perf: `f<(unsigned int)2>` becomes `f<2u>`.
fn with_short_literals(mut name: String) -> String {
    const TYPES: [(&str, &str); 5] = [
        ("(unsigned int)", "u"),
        ("(long)", "l"),
        ("(unsigned long)", "ul"),
        ("(long long)", "ll"),
        ("(unsigned long long)", "ull"),
    ];
    for (cast, suffix) in TYPES {
        let mut from = 0;
        while let Some(at) = name[from..].find(cast).map(|at| from + at) {
            let number = &name[at + cast.len()..];
            let is_part = |c: char| c.is_ascii_digit() || c == '-';
            let length = number.find(|c| !is_part(c)).unwrap_or(number.len());
            from = at + length;
            if length > 0 {
                name.insert_str(at + cast.len() + length, suffix);
                name.replace_range(at..at + cast.len(), "");
            } else {
                from = at + cast.len();
            }
        }
    }
    name
}

/// Writes function types like perf: `a<int>(int)` becomes `a<int> (int)`, except for the
/// arguments of a function: `f<int>(int)::{lambda()#1}`.
fn with_spaced_functions(mut name: String) -> String {
    let mut from = 0;
    while let Some(at) = name[from..].find(">(").map(|at| from + at) {
        let is_operator = name[..at].ends_with('-') || name[..at].ends_with("operator");
        if !is_operator && !after_parentheses(&name[at + 1..]).starts_with("::") {
            name.insert(at + 1, ' ');
        }
        from = at + 2;
    }
    name
}

/// The text after the parenthesis that matches the one at the start of `text`.
fn after_parentheses(text: &str) -> &str {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

/// The description of a thunk, and the mangled name of its function without `_Z`:
/// `_ZThn16_N1A1fEv`, `_ZTv0_n24_N1A1fEv`.
fn thunk(symbol: &str) -> Option<(&'static str, &str)> {
    let is_offset = |text: &str| {
        let digits = text.strip_prefix('n').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let rest = symbol.trim_start_matches('_').strip_prefix("ZT")?;
    if let Some(rest) = rest.strip_prefix('h') {
        let (offset, target) = rest.split_once('_')?;
        return is_offset(offset).then_some(("non-virtual thunk to ", target));
    }
    let (offset, rest) = rest.strip_prefix('v')?.split_once('_')?;
    let (offset_there, target) = rest.split_once('_')?;
    (is_offset(offset) && is_offset(offset_there)).then_some(("virtual thunk to ", target))
}

/// A name with limits on its length and on the number of writes.
#[derive(Default)]
struct Bounded {
    name: String,
    steps: usize,
    is_full: bool,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.steps += 1;
        if self.name.len() + text.len() > MAX_NAME_LENGTH || self.steps > MAX_NAME_LENGTH {
            self.is_full = true;
            return Err(fmt::Error);
        }
        self.name.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_of_numbers_become_suffixes() {
        for (name, expected) in [
            ("f<(unsigned int)2>", "f<2u>"),
            ("f<(long)-2, (unsigned long)3>", "f<-2l, 3ul>"),
            ("f<(long long)2, (unsigned long long)3>", "f<2ll, 3ull>"),
            ("f<(long)x>", "f<(long)x>"),
            ("f<(char)97>", "f<(char)97>"),
        ] {
            assert_eq!(with_short_literals(name.to_string()), expected);
        }
    }

    #[test]
    fn suffixes_of_clones_are_removed() {
        for suffix in [
            ".llvm.1234",
            ".cold",
            ".warm",
            ".isra.0",
            ".part.1",
            ".constprop.2",
        ] {
            assert_eq!(without_suffix(format!("a::f{suffix}")), "a::f");
        }
    }
}
