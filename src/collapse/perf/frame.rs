//! A frame line, and the frames it stands for.
//!
//! ```text
//! frame line = white-space address SP symbol ["+0x" offset] SP "(" module ")"
//! ```
//!
//! ```text
//!         7f722d142778 Ljava/io/PrintStream;::print+0x48 (/tmp/perf-19982.map)
//!     ffffffff8103ce3b native_safe_halt+0xb ([kernel.kallsyms])
//!         55d0c0de1139 std::vector<int, std::allocator<int> >::push_back(int&&)+0x19 (/opt/my app/x)
//! ```

use super::Options;
use crate::collapse::symbol::{fix_partially_demangled_rust, split_inlined, without_separators};
use crate::text::{lossy, strip_hex_offset, trim, trim_end, trim_start};
use memchr::memmem::{self, Finder};
use std::borrow::Cow;
use std::sync::LazyLock;

const ANONYMOUS_NAMESPACE: &str = "(anonymous namespace)";

/// A frame line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collapse) struct FrameLine<'a> {
    pub address: &'a [u8],
    /// The symbol, with its offset.
    pub symbol: &'a [u8],
    /// The module, without the parentheses around it.
    pub module: &'a [u8],
}

impl<'a> FrameLine<'a> {
    pub fn parse(line: &'a [u8]) -> Option<FrameLine<'a>> {
        let line = trim_start(trim_end(line));
        let space = memchr::memchr(b' ', line)?;
        let (address, rest) = (&line[..space], &line[space + 1..]);
        let open = module_start(rest)?;
        let symbol = trim(&rest[..open - 1]);
        Some(FrameLine {
            address,
            symbol: if symbol.is_empty() { b" " } else { symbol },
            module: &rest[open + 1..rest.len() - 1],
        })
    }

    /// Whether the line can be nothing but a frame: its address is one.
    pub fn has_hex_address(&self) -> bool {
        self.address.iter().all(u8::is_ascii_hexdigit)
    }
}

/// Where the module of `SYMBOL (MODULE)` opens: at the parenthesis that belongs to the last one,
/// for a module may hold spaces and parentheses: `(/memfd:x (deleted))`.
fn module_start(text: &[u8]) -> Option<usize> {
    let is_start = |at: &usize| *at > 0 && text[at - 1] == b' ';
    if text.last() != Some(&b')') {
        return None;
    }
    let mut depth = 0usize;
    for at in memchr::memrchr2_iter(b'(', b')', text) {
        match text[at] {
            b')' => depth += 1,
            _ => depth -= 1,
        }
        if depth == 0 {
            return Some(at).filter(is_start);
        }
    }
    // Not balanced: the module is the last word.
    let last_word = memchr::memrchr(b' ', text)? + 1;
    (text[last_word] == b'(').then_some(last_word)
}

/// The name of a symbol as `--skip-after` knows it: without the offset, repaired. `None` for a
/// process name in parentheses, which is no frame.
pub(in crate::collapse) fn function_name(symbol: &str) -> Option<Cow<'_, str>> {
    let name = without_offset(symbol);
    if name.starts_with('(') && !name.starts_with(ANONYMOUS_NAMESPACE) {
        return None;
    }
    Some(fix_partially_demangled_rust(name))
}

fn without_offset(symbol: &str) -> &str {
    strip_hex_offset(symbol.as_bytes()).map_or(symbol, |name| &symbol[..name.len()])
}

/// Calls `add` with the name of each frame that `function` stands for, the outermost first: more
/// than one where perf-map-agent wrote inlined functions as `outer->inner`.
pub(in crate::collapse) fn name_frames(
    function: &str,
    line: &FrameLine<'_>,
    options: &Options,
    is_java: bool,
    mut add: impl FnMut(&str),
) {
    for (index, part) in split_inlined(function).into_iter().enumerate() {
        let mut name = match part {
            "[unknown]" => Cow::Owned(name_unknown(line, options)),
            _ => without_separators(without_arguments(part)),
        };
        if is_java && name.starts_with('L') && name.contains('/') {
            name.to_mut().remove(0);
        }
        if let Some(mark) = annotation(&name, index, line.module, options) {
            name.to_mut().push_str(mark);
        }
        add(&name);
    }
}

/// Whether a frame of those that `told` tells may be named after its address too.
pub(super) fn may_name_address(told: &[u8], options: &Options) -> bool {
    // The brackets may be written in other ways.
    static UNKNOWN: LazyLock<Finder> = LazyLock::new(|| Finder::new("unknown"));
    options.include_addrs && UNKNOWN.find(told).is_some()
}

/// A function without a symbol is named after its module.
fn name_unknown(line: &FrameLine<'_>, options: &Options) -> String {
    let module = lossy(line.module);
    let file = match &*module {
        "[unknown]" => "unknown",
        path => path.rsplit('/').next().unwrap_or(path),
    };
    let name = match options.include_addrs {
        true => format!("[{file} <{}>]", lossy(line.address)),
        false => format!("[{file}]"),
    };
    name.replace(';', ":")
}

/// What to put behind the name of the `index`th frame of a line: whether it is inlined, the
/// kernel's, or compiled at run time.
fn annotation(name: &str, index: usize, module: &[u8], options: &Options) -> Option<&'static str> {
    if index > 0 {
        (!name.contains("_[i]")).then_some("_[i]")
    } else if options.annotate_kernel && is_kernel(module) {
        Some("_[k]")
    } else if options.annotate_jit && is_jit(module) {
        (!name.contains("_[j]")).then_some("_[j]")
    } else {
        None
    }
}

fn is_kernel(module: &[u8]) -> bool {
    let is_image_name = |name: &[u8]| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
        name.iter().all(is_part)
    };
    let is_image = memmem::rfind(module, b"vmlinux").is_some_and(|at| is_image_name(&module[at..]));
    (module.starts_with(b"[") || module.ends_with(b".ko") || is_image) && module != b"[unknown]"
}

fn is_jit(module: &[u8]) -> bool {
    (module.starts_with(b"/tmp/perf-") && module.ends_with(b".map"))
        || (memmem::find(module, b"/jitted-").is_some() && module.ends_with(b".so"))
}

/// The name without its parameter list and what follows it.
///
/// The list is the first parenthesis that is in no other bracket. It is none after a dot (methods
/// in Go: `pkg.(*T).m`) nor in `(anonymous namespace)`. An arrow is no bracket, nor are those that
/// are part of an operator's name.
fn without_arguments(name: &str) -> &str {
    let bytes = name.as_bytes();
    if memchr::memchr(b'(', bytes).is_none() {
        return name;
    }
    let mut depth = 0i64;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'o' => at += operator_length(&bytes[at..]),
            b'(' if depth == 0 && opens_arguments(bytes, at) => return &name[..at],
            b'<' | b'{' | b'[' | b'(' => depth += 1,
            b'>' if bytes[..at].ends_with(b"-") => {}
            b'>' | b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    name
}

fn opens_arguments(name: &[u8], at: usize) -> bool {
    !name[..at].ends_with(b".") && !name[at..].starts_with(ANONYMOUS_NAMESPACE.as_bytes())
}

/// The length of the C++ operator (`operator<<`, `operator()`) that `text` starts with, less one;
/// 0 if it is none, or one without brackets.
fn operator_length(text: &[u8]) -> usize {
    const OPERATORS: [&str; 15] = [
        "()",
        "[]",
        "<=>",
        "<<=",
        ">>=",
        "->*",
        "<<",
        ">>",
        "<=",
        ">=",
        "->",
        "<",
        ">",
        " new[]",
        " delete[]",
    ];
    let Some(rest) = text.strip_prefix(b"operator") else {
        return 0;
    };
    let operator = OPERATORS
        .iter()
        .find(|operator| rest.starts_with(operator.as_bytes()));
    operator.map_or(0, |operator| "operator".len() + operator.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<(String, String)> {
        let frame = FrameLine::parse(line.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Some((text(frame.symbol), text(frame.module)))
    }

    #[test]
    fn symbols_and_modules() {
        for (line, symbol, module) in [
            ("\t 12 foo+0x1 (/bin/x)", "foo+0x1", "/bin/x"),
            ("12 foo ([JIT app cache])", "foo", "[JIT app cache]"),
            ("12 bar (/opt/my app/x.so)", "bar", "/opt/my app/x.so"),
            ("12 bar (/memfd:x (deleted))", "bar", "/memfd:x (deleted)"),
            (
                "12 f(int (*)(int)) const (/bin/x)",
                "f(int (*)(int)) const",
                "/bin/x",
            ),
            ("12 operator()(int) (m)", "operator()(int)", "m"),
            ("12 a) b (m)", "a) b", "m"),
            ("12 a (m))", "a", "m)"),
            ("12  (m)", " ", "m"),
        ] {
            let expected = Some((symbol.to_string(), module.to_string()));
            assert_eq!(parse(line), expected, "{line}");
        }
        for line in [
            "",
            "12",
            "12 (m)",
            "12 foo",
            "12 foo m)",
            "12 foo (m",
            "12 foo(m)",
            "12 foo)",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn arguments_go_and_operators_stay() {
        for (name, expected) in [
            ("foo(int, char)", "foo"),
            ("foo<Vec::<usize>>(Vec<usize>)", "foo<Vec::<usize>>"),
            (
                "std::function<void (int, int)>::operator()(int) const",
                "std::function<void (int, int)>::operator()",
            ),
            (
                "{lambda(int)#2}::operator()(int)",
                "{lambda(int)#2}::operator()",
            ),
            ("call_once<fn() -> i32, ()>", "call_once<fn() -> i32, ()>"),
            ("operator<<(A, B)", "operator<<"),
            ("operator>(A, B)", "operator>"),
            ("a::operator-><int>(A)", "a::operator-><int>"),
            (
                "std::unique_ptr<Foo>::operator->() const",
                "std::unique_ptr<Foo>::operator->",
            ),
            ("operator new[](unsigned long)", "operator new[]"),
            ("T::operator bool() const", "T::operator bool"),
            (
                "(anonymous namespace)::work(int)",
                "(anonymous namespace)::work",
            ),
            ("main.(*T).method(0x1)", "main.(*T).method"),
            (".run()V", ".run"),
            ("héllo(wörld)", "héllo"),
        ] {
            assert_eq!(without_arguments(name), expected);
        }
    }
}
