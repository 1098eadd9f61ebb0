//! Finds where the arguments of a function start, for all formats.
//!
//! ```text
//! std::function<void (int)>::operator()(int) const        std::function<void (int)>::operator()
//! -[NSApplication(NSEventRouting) nextEvent:]             as it is: that is a category
//! main::{lambda(int)#1}::operator()(int)                  main::{lambda(int)#1}::operator()
//! pool::run(int)::$_0::operator()()                       pool::run(int)::$_0::operator()
//! main.(*T).method(0x1)                                   main.(*T).method
//! closure #1 (Int) -> () in App.run(n: Int)               closure #1 (Int) -> () in App.run
//! ```

use super::brackets::{Brackets, MAX_COMPARISONS};
use std::ops::Range;

/// Removes the argument list at the end of the name, and the text after it.
///
/// The list is in parentheses that are not inside other brackets, and not part of the name.
pub(crate) fn without_arguments(name: &str) -> &str {
    match memchr::memchr(b'(', name.as_bytes()) {
        None => name,
        Some(open) if is_usual_list(name, open) => &name[..open],
        Some(_) => without_any_arguments(name),
    }
}

/// Whether `name` is a path and one list of arguments, which starts at `open`. Most names of C++
/// are, and matching their brackets takes several times as long.
fn is_usual_list(name: &str, open: usize) -> bool {
    let (path, list) = name.as_bytes().split_at(open);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:~".contains(byte);
    let parentheses = || memchr::memchr2_iter(b'(', b')', list);
    !path.is_empty()
        && path.iter().all(is_part)
        && !path.ends_with(b"operator")
        && !path.ends_with(b"decltype")
        && parentheses().eq([0, list.len() - 1])
        && list.iter().filter(|byte| b"<[{".contains(byte)).count() <= MAX_COMPARISONS
        && !is_declarator(&name[open + 1..])
        && !list.starts_with(b"(anonymous ")
}

/// [`without_arguments`] of any name.
fn without_any_arguments(name: &str) -> &str {
    let brackets = Brackets::of(name.as_bytes());
    let end = brackets.unclosed.unwrap_or(name.len());
    let whole = brackets.spans.iter().filter(|span| span.end <= end);
    // A truncated name may end inside its arguments.
    let cut = (end < name.len()).then_some(end..name.len());
    let context = swift_context(name, &brackets);
    let mut lists = whole
        .chain(&cut)
        .filter(|span| name.as_bytes()[span.start] == b'(');
    let arguments = lists.find(|list| context < Some(list.end) && !is_part_of_name(name, list));
    arguments.map_or(name, |list| name[..list.start].trim_end())
}

/// The position of the ` in ` after which Swift names the enclosing function: `closure #1 (Int) ->
/// () in App.run(n: Int)`.
fn swift_context(name: &str, brackets: &Brackets) -> Option<usize> {
    let mut spaces = memchr::memrchr_iter(b' ', name.as_bytes());
    spaces.find(|&at| name[at..].starts_with(" in ") && !brackets.enclose(at))
}

/// Whether a parenthesized part belongs to the name.
fn is_part_of_name(name: &str, list: &Range<usize>) -> bool {
    let (before, after) = (&name[..list.start], &name[list.end..]);
    follows_part_of_name(before)
        || is_declarator(&name[list.start + 1..])
        || name[list.start..].starts_with("(anonymous ")
        || after.starts_with('(')
        || without_qualifiers(after).starts_with("::")
}

/// Whether arguments cannot start after `before`: it is empty, or ends in what Go (`pkg.(*T).m`),
/// Swift (`App.(View in _1A2B).body`), D (`map!(int)`) and C++ (`'lambda'(int)`, `decltype(x)`)
/// write before other parentheses.
fn follows_part_of_name(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty()
        || before.ends_with(['.', '\''])
        || (before.ends_with('!') && !before.ends_with("operator!"))
        || before.ends_with("decltype")
}

/// Whether the text after a parenthesis is a declarator with a pointer: `void (*get())(int)`, `int
/// (A::*get())()`.
fn is_declarator(inside: &str) -> bool {
    let is_in_scope = |c: char| c.is_alphanumeric() || "_:<>".contains(c);
    let scope = inside.trim_start_matches(is_in_scope);
    let length = inside.len() - scope.len();
    scope.starts_with(['*', '&', '^']) && (length == 0 || inside[..length].ends_with("::"))
}

/// `text` without C++ qualifiers after arguments: ` const`, ` &&`, `[abi:cxx11]`.
fn without_qualifiers(mut text: &str) -> &str {
    const QUALIFIERS: [&str; 5] = ["const", "volatile", "noexcept", "&&", "&"];
    loop {
        let trimmed = text.trim_start_matches(' ');
        let mut qualifiers = QUALIFIERS.iter();
        let rest = qualifiers.find_map(|qualifier| trimmed.strip_prefix(qualifier));
        match rest.or_else(|| without_abi_tag(trimmed)) {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

fn without_abi_tag(text: &str) -> Option<&str> {
    const LONGEST: usize = 64;
    let tag = text.strip_prefix("[abi:")?;
    let length = tag.bytes().take(LONGEST).position(|byte| byte == b']')?;
    Some(&tag[length + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn usual_names_are_cut_like_any(
            name in "([a:]{0,2}|operator|decltype|anonymous |[~!.' ])(\\(|[()<>*&^:\\[{ a]|A::)(anonymous |[()<>*&^:\\]} a]{0,6})\\)?"
        ) {
            prop_assert_eq!(without_arguments(&name), without_any_arguments(&name));
        }
    }

    #[test]
    fn arguments_are_removed_and_operators_are_kept() {
        for (name, expected) in [
            ("foo(int, char)", "foo"),
            ("foo (int)", "foo"),
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
            ("operator<(A<int>, B)", "operator<"),
            ("bool operator< <int>(A<int>)", "bool operator< <int>"),
            ("operator<=>(A, B)", "operator<=>"),
            ("operator!(A)", "operator!"),
            ("operator,(A, B)", "operator,"),
            ("a::operator-><int>(A)", "a::operator-><int>"),
            ("A::operator->*(int)", "A::operator->*"),
            ("A::operator()<int>(int&&) &&", "A::operator()<int>"),
            (
                "std::unique_ptr<Foo>::operator->() const",
                "std::unique_ptr<Foo>::operator->",
            ),
            ("operator new[](unsigned long)", "operator new[]"),
            ("operator\"\"_km(long double)", "operator\"\"_km"),
            ("T::operator bool() const", "T::operator bool"),
            (
                "T::operator void (*)(int)() const",
                "T::operator void (*)(int)",
            ),
            (
                "T::operator std::function<void ()>()",
                "T::operator std::function<void ()>",
            ),
            ("my_operator<int>(x)", "my_operator<int>"),
            (
                "(anonymous namespace)::work(int)",
                "(anonymous namespace)::work",
            ),
            (
                "ns::(anonymous namespace)::work(Foo<int>)",
                "ns::(anonymous namespace)::work",
            ),
            (
                "(anonymous class)::operator()(int)",
                "(anonymous class)::operator()",
            ),
            (
                "std::enable_if<((sizeof (int))>(2)), int>::type f<int>(int)",
                "std::enable_if<((sizeof (int))>(2)), int>::type f<int>",
            ),
            ("f(int) [clone .isra.0]", "f"),
            ("f(int) (.cold)", "f"),
            ("f[abi:cxx11](int)", "f[abi:cxx11]"),
            (".run()V", ".run"),
            ("java.util.HashMap.<init>(int)", "java.util.HashMap.<init>"),
            ("StubRoutines (1)", "StubRoutines"),
            ("héllo(wörld)", "héllo"),
            ("f(std::vector<int", "f"),
            ("std::function<void (int", "std::function<void (int"),
        ] {
            assert_eq!(without_arguments(name), expected, "{name}");
        }
    }

    #[test]
    fn parentheses_within_a_name_stay() {
        for (name, expected) in [
            (
                "-[NSApplication(NSEventRouting) nextEvent:untilDate:]",
                "-[NSApplication(NSEventRouting) nextEvent:untilDate:]",
            ),
            (
                "__85-[Shop(Cart) update:]_block_invoke(void*)",
                "__85-[Shop(Cart) update:]_block_invoke",
            ),
            (
                "pool_t::run(std::function<void ()>)::$_0::operator()() const",
                "pool_t::run(std::function<void ()>)::$_0::operator()",
            ),
            (
                "A::f(int) const::{lambda(char)#1}::operator()(char) const",
                "A::f(int) const::{lambda(char)#1}::operator()",
            ),
            (
                "A::f() volatile::{lambda()#1}::operator()()",
                "A::f() volatile::{lambda()#1}::operator()",
            ),
            (
                "A::f() noexcept::{lambda()#1}::operator()()",
                "A::f() noexcept::{lambda()#1}::operator()",
            ),
            (
                "A::f() &&::{lambda()#1}::operator()()",
                "A::f() &&::{lambda()#1}::operator()",
            ),
            (
                "A::f() const &::'lambda0'(int)::operator()(int) const",
                "A::f() const &::'lambda0'(int)::operator()",
            ),
            ("main::'lambda'(int)", "main::'lambda'(int)"),
            ("f(int)[abi:v2]::g(char)", "f(int)[abi:v2]::g"),
            ("decltype(fp.g()) f<int>(int)", "decltype(fp.g()) f<int>"),
            (
                "decltype ({parm#1}+1) f<int>(int)",
                "decltype ({parm#1}+1) f<int>",
            ),
            ("void (*get<int>(char))(int)", "void (*get<int>(char))"),
            ("int (A::*get<int>())() const", "int (A::*get<int>())"),
            ("apply(int (*)(int), int)", "apply"),
            ("main.(*T).method(0x1)", "main.(*T).method"),
            (
                "std.algorithm.map!(int).each(int)",
                "std.algorithm.map!(int).each",
            ),
            (
                "(extension in Shop):Swift.String.cut(at: Int) -> ()",
                "(extension in Shop):Swift.String.cut",
            ),
            (
                "closure #1 (Swift.Int) -> () in Shop.run(n: Swift.Int) -> ()",
                "closure #1 (Swift.Int) -> () in Shop.run",
            ),
            (
                "helper #1 (x:) in Shop.run(n:)",
                "helper #1 (x:) in Shop.run",
            ),
            (
                "Shop.(Cart in _1A2B).add(n: Int) -> ()",
                "Shop.(Cart in _1A2B).add",
            ),
            ("Shop.find(id: Int) -> Shop.(Cart in _1A2B)", "Shop.find"),
            ("static Int.< infix(Int, Int) -> Bool", "static Int.< infix"),
            ("<(A, B) as app::Key>::go", "<(A, B) as app::Key>::go"),
            (
                "<fn(A) -> B as app::Key>::go",
                "<fn(A) -> B as app::Key>::go",
            ),
            ("app::main::{{closure}}", "app::main::{{closure}}"),
            ("(main)", "(main)"),
            ("", ""),
        ] {
            assert_eq!(without_arguments(name), expected, "{name}");
        }
    }
}
