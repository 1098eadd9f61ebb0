//! Finds matching brackets in names of functions.

use std::ops::Range;

/// The outermost brackets of a name.
pub(crate) struct Brackets {
    /// The range of each pair, including both brackets.
    pub spans: Vec<Range<usize>>,
    /// The first bracket without a match.
    pub unclosed: Option<usize>,
}

impl Brackets {
    /// Matches brackets. Parts of operators and arrows are not brackets.
    pub fn of(name: &[u8]) -> Brackets {
        let mut open: Vec<usize> = Vec::new();
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut next = 0;
        while let Some(offset) = name[next..]
            .iter()
            .position(|byte| IS_BRACKET[usize::from(*byte)])
        {
            let at = next + offset;
            let symbol = symbol_length(name, at);
            next = at + symbol.max(1);
            if symbol > 0 {
                continue;
            }
            if matches!(name[at], b'(' | b'[' | b'{' | b'<') {
                open.push(at);
            } else if let Some(depth) = opener(name, &open, name[at]) {
                let start = open[depth];
                open.truncate(depth);
                let outside = spans.partition_point(|span| span.start < start);
                spans.truncate(outside);
                spans.push(start..next);
            }
        }
        Brackets {
            spans,
            unclosed: open.first().copied(),
        }
    }

    /// Whether `at` is inside brackets.
    pub fn enclose(&self, at: usize) -> bool {
        let next = self.spans.partition_point(|span| span.end <= at);
        self.spans.get(next).is_some_and(|span| span.contains(&at))
    }
}

/// How many brackets may be comparisons within one pair.
pub(crate) const MAX_COMPARISONS: usize = 64;

/// Which of the `open` brackets is the one that `close` closes. Within parentheses, `<` and `>` may be
/// comparisons, which close nothing and are not closed.
fn opener(name: &[u8], open: &[usize], close: u8) -> Option<usize> {
    let (opening, most_between) = match close {
        b'>' => (b'<', 0),
        b')' => (b'(', MAX_COMPARISONS),
        b']' => (b'[', MAX_COMPARISONS),
        _ => (b'{', MAX_COMPARISONS),
    };
    let mut innermost = open.iter().enumerate().rev().take(1 + most_between);
    let opener = innermost.find(|(_, at)| name[**at] == opening);
    opener.map(|(depth, _)| depth)
}

/// By byte: whether it may be a bracket.
const IS_BRACKET: [bool; 256] = {
    let mut is_bracket = [false; 256];
    let mut brackets: &[u8] = b"()<>[]{}";
    while let [bracket, rest @ ..] = brackets {
        is_bracket[*bracket as usize] = true;
        brackets = rest;
    }
    is_bracket
};

/// The length of the operator or arrow that the character at `at` is part of: C++'s `operator<<`,
/// an arrow, or Swift's `Int.< infix(Int, Int)`; 0 if it is a bracket.
fn symbol_length(name: &[u8], at: usize) -> usize {
    let (before, text) = name.split_at(at);
    let is_arrow = text[0] == b'>' && before.ends_with(b"-");
    let is_comparison = matches!(text, [b'<', b' ' | b'=', ..]);
    match operator_length(before, text) {
        0 => usize::from(is_arrow || is_comparison),
        length => length,
    }
}

/// The length of the operator that `text` starts with, if `before` ends in the keyword `operator`;
/// 0 otherwise.
fn operator_length(before: &[u8], text: &[u8]) -> usize {
    const SYMBOLS: [&str; 11] = [
        "()", "[]", "<=>", "<<=", ">>=", "<<", ">>", "<=", ">=", "<", ">",
    ];
    let array = before
        .strip_suffix(b" new")
        .or(before.strip_suffix(b" delete"));
    let symbols = if array.is_some() {
        &["[]"][..]
    } else {
        &SYMBOLS
    };
    let scope = array.unwrap_or(before).strip_suffix(b"operator");
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if scope.is_none_or(|scope| scope.last().is_some_and(is_part)) {
        return 0;
    }
    let symbol = symbols
        .iter()
        .find(|symbol| text.starts_with(symbol.as_bytes()));
    symbol.map_or(0, |symbol| symbol.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outermost_brackets_are_found() {
        for (name, expected) in [
            ("f<a<b>>(c)", &["<a<b>>", "(c)"][..]),
            ("f<(1<2)>(x)", &["<(1<2)>", "(x)"]),
            ("f<(3>2)>(x)", &["<(3>2)>", "(x)"]),
            ("call<fn() -> i32>", &["<fn() -> i32>"]),
            ("operator<<(A)", &["(A)"]),
            ("A::operator()<int>(B)", &["<int>", "(B)"]),
            ("my_operator<int>(x)", &["<int>", "(x)"]),
            ("operator< <int>(x)", &["<int>", "(x)"]),
            ("Int.< infix(Int, Int)", &["(Int, Int)"]),
            ("a) b]", &[]),
            ("operator new[](unsigned long)", &["(unsigned long)"]),
            ("A::operator delete[](void*)", &["(void*)"]),
            ("A::operator[](int)", &["(int)"]),
            ("A::operator<=>(B)", &["(B)"]),
            ("A::operator<<=(B)", &["(B)"]),
            ("A::operator>>=(B)", &["(B)"]),
            ("A::operator>>(B)", &["(B)"]),
            ("A::operator<=(B)", &["(B)"]),
            ("A::operator>=(B)", &["(B)"]),
            ("A::operator<(B)", &["(B)"]),
            ("A::operator>(B)", &["(B)"]),
        ] {
            let spans = Brackets::of(name.as_bytes()).spans;
            let found: Vec<&str> = spans.into_iter().map(|span| &name[span]).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn unclosed_brackets_are_reported() {
        assert_eq!(Brackets::of(b"f(int").unclosed, Some(1));
        assert_eq!(Brackets::of(b"f<g(int)").unclosed, Some(1));
        assert_eq!(Brackets::of(b"f<int>(a)").unclosed, None);
    }
}
