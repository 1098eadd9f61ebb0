//! Parses a frame line, and names its frames.
//!
//! ```text
//! frame line = white-space address [SP symbol ["+0x" offset]] [SP "(" module ")"]
//! ```
//!
//! ```text
//!         7f722d142778 Ljava/io/PrintStream;::print+0x48 (/tmp/perf-19982.map)
//!     ffffffff8103ce3b native_safe_halt+0xb ([kernel.kallsyms])
//!         55d0c0de1139 std::vector<int, std::allocator<int> >::push_back(int&&)+0x19 (/opt/my app/x)
//! ```

use super::Options;
use crate::bytes::text::{
    is_ascii_white, lossy, strip_hex_offset, trim, trim_end, trim_start, without_leading_spaces,
};
use crate::names::symbol::{
    fix_partially_demangled_rust, function_frame, is_in_parentheses, is_plain, one_frame,
    split_inlined,
};
use memchr::memmem::{self, Finder};
use std::borrow::Cow;
use std::sync::LazyLock;

/// The name of a function for which perf printed an empty name.
const BLANK: &str = " ";

/// The text that perf prints for an unknown function.
pub(super) const UNKNOWN: &[u8] = b"[unknown]";

/// The width of the address column.
const ADDRESS_WIDTH: usize = 16;

/// A parsed frame line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collapse) struct FrameLine<'a> {
    pub address: &'a [u8],
    /// The symbol, with its offset.
    pub symbol: &'a [u8],
    /// The module, without its parentheses.
    pub module: &'a [u8],
    /// Whether the line has both. If not, it is a frame only with the address that it has.
    pub has_symbol_and_module: bool,
}

impl<'a> FrameLine<'a> {
    pub fn parse(line: &'a [u8]) -> Option<FrameLine<'a>> {
        let line = without_instruction(line);
        let word = trim_start(line.strip_prefix(b"\t").unwrap_or(line));
        let (indentation, _) = line.split_at(line.len() - word.len());
        let end = memchr::memchr2(b' ', b'\t', word);
        let (address, rest) = word.split_at(end.unwrap_or(word.len()));
        let module_start = module_start(rest);
        let (symbol, module) = match module_start {
            Some(1) if is_in_column(indentation, address) => (UNKNOWN, &rest[2..rest.len() - 1]),
            Some(1) => return None,
            Some(open) => (trim(&rest[..open]), &rest[open + 1..rest.len() - 1]),
            None => (symbol_without_module(indentation, address, rest)?, &b""[..]),
        };
        Some(FrameLine {
            address,
            symbol: if symbol.is_empty() {
                BLANK.as_bytes()
            } else {
                symbol
            },
            module,
            has_symbol_and_module: module_start.is_some_and(|open| open > 1),
        })
    }

    /// Whether the line must be a frame, because its address contains hex digits.
    pub fn has_hex_address(&self) -> bool {
        self.address.iter().all(u8::is_ascii_hexdigit)
    }
}

/// The line without the instruction that `-F +insn,+insnlen` appends to the module.
fn without_instruction(line: &[u8]) -> &[u8] {
    let line = trim_end(line);
    if line.ends_with(b")") {
        return line;
    }
    let ends = [&b") ilen: "[..], b") insn: "].map(|field| memmem::find(line, field));
    let end = ends.into_iter().flatten().min();
    end.map_or(line, |end| &line[..=end])
}

/// The symbol that `perf script -F` prints after an address if modules are omitted. Other text can
/// look like that, so the address must be in perf's column, or not look like a word.
fn symbol_without_module<'a>(
    indentation: &[u8],
    address: &[u8],
    rest: &'a [u8],
) -> Option<&'a [u8]> {
    let is_number = address.len() >= 4 && address.iter().any(u8::is_ascii_digit);
    let is_in_column = is_in_column(indentation, address);
    if !address.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    match rest {
        // Only a number: valid below another line.
        [] => (is_in_column && indentation.starts_with(b"\t")).then_some(UNKNOWN),
        [_, symbol @ ..] => {
            let is_indented = !indentation.is_empty() && !symbol.ends_with(b":");
            let is_address = is_in_column || (is_number && is_indented);
            (is_address && starts_symbol(symbol)).then_some(symbol)
        }
    }
}

/// Whether the address ends in perf's column, with or without a tab before it.
fn is_in_column(indentation: &[u8], address: &[u8]) -> bool {
    let spaces = indentation.strip_prefix(b"\t").unwrap_or(indentation);
    spaces.len() + address.len() == ADDRESS_WIDTH
}

/// Kinds of memory access, `|OP LOAD|`, follow numbers that look like addresses.
fn starts_symbol(text: &[u8]) -> bool {
    matches!(text, [b'!'..=b'{' | b'}'.., ..])
}

/// The start of the frame at the end of a line with other fields before it, which may include
/// addresses: `ADDRESS SYMBOL [(MODULE)]`, at the last possible address.
pub(super) fn one_line_frame(line: &[u8]) -> Option<usize> {
    let is_address_end = |at: &usize| {
        let (before, after) = line.split_at(*at);
        let field = before.last_chunk::<ADDRESS_WIDTH>();
        field.is_some_and(is_padded_hex)
            && before[..at - ADDRESS_WIDTH].ends_with(b" ")
            && starts_symbol(&after[1..])
    };
    if line.last() == Some(&b':') {
        return None;
    }
    let end = memchr::memrchr_iter(b' ', line).find(is_address_end)?;
    Some(end - ADDRESS_WIDTH)
}

fn is_padded_hex(field: &[u8; ADDRESS_WIDTH]) -> bool {
    let digits = without_leading_spaces(field);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
}

/// The start of the module in `SYMBOL (MODULE)`: the parenthesis that matches the last one, because
/// a module may contain spaces and parentheses: `(/memfd:x (deleted))`.
fn module_start(text: &[u8]) -> Option<usize> {
    let is_start = |at: &usize| *at > 0 && is_ascii_white(text[at - 1]);
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
    // Unbalanced: the module is the last word.
    let last_word = memchr::memrchr(b' ', text)? + 1;
    (text[last_word] == b'(').then_some(last_word)
}

/// The name of a symbol for `--skip-after`: without the offset, repaired. `None` for a process name
/// in parentheses, which is not a frame.
pub(in crate::collapse) fn function_name(symbol: &str) -> Option<Cow<'_, str>> {
    let name = without_offset(symbol);
    if is_in_parentheses(name) {
        return None;
    }
    Some(fix_partially_demangled_rust(name))
}

fn without_offset(symbol: &str) -> &str {
    strip_hex_offset(symbol.as_bytes()).map_or(symbol, |name| &symbol[..name.len()])
}

/// Calls `add` with the name of each frame of `function`, the outermost first: more than one if
/// perf-map-agent wrote inlined functions as `outer->inner`.
pub(in crate::collapse) fn name_frames(
    function: &str,
    line: &FrameLine<'_>,
    options: &Options,
    is_java: bool,
    mut add: impl FnMut(&str),
) {
    let may_be_jit = || line.module.is_empty() || is_jit(line.module);
    let is_whole = is_tagged_by_jit(function) && may_be_jit();
    let is_plain = is_plain(function);
    let (inlined, whole);
    let parts: &[&str] = if is_whole || is_plain {
        whole = [function];
        &whole
    } else {
        inlined = split_inlined(function);
        &inlined
    };
    for (index, &part) in parts.iter().enumerate() {
        let mut name = match part {
            "[unknown]" => Cow::Owned(name_unknown(line, options)),
            BLANK => Cow::Borrowed(BLANK),
            _ if is_plain => Cow::Borrowed(part),
            _ if is_whole => one_frame(part),
            _ => function_frame(part),
        };
        if is_java && !is_whole && name.starts_with('L') && name.contains('/') {
            name.to_mut().remove(0);
        }
        if let Some(mark) = annotation(&name, index, line.module, options) {
            name.to_mut().push_str(mark);
        }
        add(&name);
    }
}

/// Whether a line with this tail, or one of several, may be named after its address.
pub(super) fn may_name_address(tail: &[u8], options: &Options) -> bool {
    // The brackets vary.
    static UNKNOWN: LazyLock<Finder> = LazyLock::new(|| Finder::new("unknown"));
    // Without a symbol, the module directly follows the address.
    options.include_addrs && (UNKNOWN.find(tail).is_some() || tail.starts_with(b" ("))
}

/// Names a function without a symbol after its module.
fn name_unknown(line: &FrameLine<'_>, options: &Options) -> String {
    let module = lossy(line.module);
    let file = match &*module {
        "[unknown]" | "" => "unknown",
        path => path.rsplit('/').next().unwrap_or(path),
    };
    let name = match options.include_addrs {
        true => format!("[{file} <{}>]", lossy(line.address)),
        false => format!("[{file}]"),
    };
    one_frame(&name).into_owned()
}

/// The annotation of the `index`th frame of a line: inlined, kernel, or JIT-compiled.
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

/// Whether a module is named after a runtime's JIT map.
pub(super) fn is_jit_map(module: &[u8]) -> bool {
    module.starts_with(b"/tmp/perf-") && module.ends_with(b".map")
}

fn is_jit(module: &[u8]) -> bool {
    is_jit_map(module) || (module.ends_with(b".so") && memmem::find(module, b"/jitted-").is_some())
}

/// Whether a JIT compiler put a type before the name: a regular expression, a script's function
/// with its path, and so on. Parentheses and arrows in such a name have no meaning.
fn is_tagged_by_jit(name: &str) -> bool {
    const TAGS: [&str; 17] = [
        "Builtin:",
        "BytecodeHandler:",
        "Callback:",
        "Eval:",
        "Function:",
        "Handler:",
        "InterpretedFunction:",
        "JS:",
        "LazyCompile:",
        "NativeFunction:",
        "NativeLazyCompile:",
        "NativeScript:",
        "RegExp:",
        "Script:",
        "Stub:",
        "Wasm:",
        "py::",
    ];
    // A quick check, because most names start differently.
    name.starts_with(|first: char| first.is_ascii_uppercase() || first == 'p')
        && TAGS.iter().any(|tag| name.starts_with(tag))
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
            ("12 foo (m) ilen: 3 insn: 48 01 c2", "foo", "m"),
            (
                "            1246 fib(unsigned int)",
                "fib(unsigned int)",
                "",
            ),
            (
                "\t            1246 (anonymous namespace)::f(int)",
                "(anonymous namespace)::f(int)",
                "",
            ),
            ("\t            1246 [unknown]", "[unknown]", ""),
            ("\t            1246 (/bin/x)", "[unknown]", "/bin/x"),
            ("\t            1246", "[unknown]", ""),
            ("\t 1246 spin+0x1", "spin+0x1", ""),
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
    fn names_from_jit_compilers_are_kept_whole() {
        let frames = |symbol: &str, module: &str| {
            let line = FrameLine {
                address: b"10",
                symbol: symbol.as_bytes(),
                module: module.as_bytes(),
                has_symbol_and_module: true,
            };
            let mut frames = Vec::new();
            name_frames(symbol, &line, &Options::default(), true, |name| {
                frames.push(name.to_string());
            });
            frames
        };
        for name in [
            "RegExp:^(?:x|y)+$",
            "RegExp:a->b",
            "JS:*walk /opt/shop (old)/tree.js:7:9",
            "LazyCompile:~add /opt/shop/a->b.js:1",
            "Function:(anonymous)",
            "Script:/opt/shop (old)/main.js",
            "Eval:(x)",
            "Handler:LdaGlobal(1)",
            "Builtin:Add(1)",
            "BytecodeHandler:Add(1)",
            "Callback:get(1)",
            "InterpretedFunction:add(1)",
            "NativeFunction:add(1)",
            "NativeLazyCompile:add(1)",
            "NativeScript:/opt/shop (old)/main.js",
            "Stub:CEntry(1)",
            "Wasm:add(1)",
            "py::total:/opt/shop (old)/cart.py",
        ] {
            assert_eq!(frames(name, "/tmp/perf-31.map"), [name]);
            assert_eq!(frames(name, "/tmp/jit/jitted-31-4.so"), [name]);
        }
        assert_eq!(frames("RegExp:a;b ", "/tmp/perf-31.map"), ["RegExp:a:b"]);
        assert_eq!(frames("JS:run(int)", "/opt/shop"), ["JS:run"]);
        assert_eq!(
            frames("StubRoutines (2)", "/tmp/perf-31.map"),
            ["StubRoutines"]
        );
        let inlined = frames("La/B;::f->La/C;::g", "/tmp/perf-31.map");
        assert_eq!(inlined, ["a/B:::f", "a/C:::g_[i]"]);
    }

    #[test]
    fn only_text_entirely_in_parentheses_is_not_a_function() {
        for (symbol, is_function) in [
            ("(shop)", false),
            ("(shop (old))", false),
            ("(shop", false),
            ("(anonymous namespace)::f(int)", true),
            ("(extension in Shop):Swift.String.cut(at: Int)", true),
            ("main", true),
        ] {
            assert_eq!(function_name(symbol).is_some(), is_function, "{symbol}");
        }
    }
}
