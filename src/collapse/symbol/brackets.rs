//! The brackets in names of functions.

use std::ops::Range;

/// The brackets of a name that are not within others.
pub(super) struct Brackets {
    /// From each opening bracket to behind the one that closes it.
    pub spans: Vec<Range<usize>>,
    /// The first bracket that is never closed.
    pub unclosed: Option<usize>,
}

impl Brackets {
    /// Finds brackets that match. What is part of an operator or an arrow is no bracket.
    pub fn of(name: &[u8]) -> Brackets {
        let mut open: Vec<usize> = Vec::new();
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        while at < name.len() {
            match name[at] {
                b'(' | b'[' | b'{' => open.push(at),
                b'<' if opens_template(&name[at..]) => open.push(at),
                b'>' if name[..at].ends_with(b"-") => {}
                close @ (b'>' | b')' | b']' | b'}') => {
                    if let Some(depth) = opener(name, &open, close) {
                        let start = open[depth];
                        open.truncate(depth);
                        let outside = spans.partition_point(|span| span.start < start);
                        spans.truncate(outside);
                        spans.push(start..at + 1);
                    }
                }
                b'o' => at += operator_length(name, at).saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        Brackets {
            spans,
            unclosed: open.first().copied(),
        }
    }

    /// Whether there is a bracket around `at`.
    pub fn enclose(&self, at: usize) -> bool {
        let next = self.spans.partition_point(|span| span.end <= at);
        self.spans.get(next).is_some_and(|span| span.contains(&at))
    }
}

/// Which of the `open` brackets is the one that `close` closes. Within parentheses, `<` and `>` may be
/// comparisons, which close nothing and are not closed.
fn opener(name: &[u8], open: &[usize], close: u8) -> Option<usize> {
    const MOST_COMPARISONS: usize = 64;
    let (opening, most_between) = match close {
        b'>' => (b'<', 0),
        b')' => (b'(', MOST_COMPARISONS),
        b']' => (b'[', MOST_COMPARISONS),
        _ => (b'{', MOST_COMPARISONS),
    };
    let mut innermost = open.iter().enumerate().rev().take(1 + most_between);
    let opener = innermost.find(|(_, at)| name[**at] == opening);
    opener.map(|(depth, _)| depth)
}

/// Whether the `<` that `text` starts with is no operator between spaces, as in Swift's
/// `Int.< infix(Int, Int)`.
fn opens_template(text: &[u8]) -> bool {
    !matches!(text.get(1), Some(b' ' | b'='))
}

/// The length of the C++ operator at `at`, such as `operator<<`; 0 if there is none.
fn operator_length(name: &[u8], at: usize) -> usize {
    const OPERATOR: &[u8] = b"operator";
    const SYMBOLS: [&str; 15] = [
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
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if name[..at].last().is_some_and(is_part) {
        return 0;
    }
    let Some(rest) = name[at..].strip_prefix(OPERATOR) else {
        return 0;
    };
    let mut symbols = SYMBOLS.iter();
    let symbol = symbols.find(|symbol| rest.starts_with(symbol.as_bytes()));
    symbol.map_or(0, |symbol| OPERATOR.len() + symbol.len())
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
        ] {
            let spans = Brackets::of(name.as_bytes()).spans;
            let found: Vec<&str> = spans.into_iter().map(|span| &name[span]).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn what_is_never_closed_is_told() {
        assert_eq!(Brackets::of(b"f(int").unclosed, Some(1));
        assert_eq!(Brackets::of(b"f<g(int)").unclosed, Some(1));
        assert_eq!(Brackets::of(b"f<int>(a)").unclosed, None);
    }
}
