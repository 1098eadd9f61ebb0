//! Fits the name of a frame into its width.
//!
//! Space is measured in columns of a monospaced font. East Asian characters and emoji take two,
//! combining characters none.

use std::borrow::Cow;

/// The end of a truncated name.
const ELLIPSIS: &str = "..";

/// What stands for the omitted part of a name in the modern theme.
const DOTS: &str = "\u{2026}";

/// Narrower frames have no label: fewer than two letters of most names would remain.
const MIN_COLUMNS: usize = 3;

/// Narrower frames have no name without its middle: less says nothing.
const MIN_CUT_COLUMNS: usize = 5;

/// The start of `name` that fits into `columns`, and the ellipsis if it was truncated.
pub(super) fn fit(name: &str, columns: usize) -> (&str, &'static str) {
    if columns < MIN_COLUMNS {
        return ("", "");
    }
    if name.is_ascii() {
        return match name.len() <= columns {
            true => (name, ""),
            false => (&name[..columns - ELLIPSIS.len()], ELLIPSIS),
        };
    }
    match end_of_columns(name, columns) {
        end if end == name.len() => (name, ""),
        _ => (
            &name[..end_of_columns(name, columns - ELLIPSIS.len())],
            ELLIPSIS,
        ),
    }
}

/// As much of `name` as fits into `columns`, for the modern theme: the function is kept, and what
/// is around it is left out first. The viewer shortens names in the same way.
pub(super) fn fit_function(name: &str, columns: usize) -> Cow<'_, str> {
    if columns < MIN_COLUMNS {
        return Cow::Borrowed("");
    }
    if end_of_columns(name, columns) == name.len() {
        return Cow::Borrowed(name);
    }
    let mut shortest = Cow::Borrowed(name);
    for shorter in shorter_names(name) {
        if end_of_columns(&shorter, columns) == shorter.len() {
            return Cow::Owned(shorter);
        }
        shortest = Cow::Owned(shorter);
    }
    let function = shortest.trim_start_matches(DOTS).trim_start_matches("::");
    match end_of_columns(function, columns) == function.len() {
        true => Cow::Owned(function.to_string()),
        false if columns < MIN_CUT_COLUMNS => Cow::Borrowed(""),
        false => Cow::Owned(without_middle(function, columns)),
    }
}

/// Shorter forms of a name: without what is in brackets, then without the parts of its path, from
/// the first one on.
fn shorter_names(name: &str) -> Vec<String> {
    if let Some((function, place)) = name.split_once(" (")
        && place.contains(['/', '.'])
        && !function.contains('/')
    {
        // A function and its file.
        let parts = starts_of_parts(place).into_iter();
        let shorter = parts.map(|at| format!("{function} ({DOTS}{}", &place[at..]));
        return shorter.chain([function.to_string()]).collect();
    }
    let plain = without_brackets(name);
    let parts = starts_of_parts(&plain).into_iter();
    let shorter: Vec<String> = parts.map(|at| format!("{DOTS}{}", &plain[at..])).collect();
    std::iter::once(plain).chain(shorter).collect()
}

/// Where the parts of a path begin, after its first one; `::` is part of what follows it.
fn starts_of_parts(path: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let has_paths = path.contains(['/', ':']);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            // What is in braces, as closures are, stays with its function.
            b':' if path[at..].starts_with("::") && !path[at..].starts_with("::{") => {
                starts.push(at)
            }
            b'/' | b'`' => starts.push(at + 1),
            b'.' if !has_paths => starts.push(at + 1),
            _ => {}
        }
    }
    starts
}

/// `a<b<c>>::f` becomes `a<…>::f`, and `f::<b>` becomes `f`. Brackets that are not in pairs are
/// operators or arrows.
fn without_brackets(name: &str) -> String {
    let (mut kept, mut depth, mut previous) = (String::new(), 0_usize, ' ');
    for character in name.chars() {
        match character {
            '<' => {
                if depth == 0 {
                    kept.push('<');
                    kept.push_str(DOTS);
                }
                depth += 1;
            }
            '>' if previous != '-' && previous != '=' => match depth {
                0 => return name.to_string(),
                _ => {
                    depth -= 1;
                    kept.extend((depth == 0).then_some('>'));
                }
            },
            other => kept.extend((depth == 0).then_some(other)),
        }
        previous = character;
    }
    match depth {
        0 => kept.replace("::<\u{2026}>", ""),
        _ => name.to_string(),
    }
}

fn without_middle(name: &str, columns: usize) -> String {
    let start = end_of_columns(name, columns / 2);
    let rest = &name[start..];
    let room = columns - columns / 2 - 1;
    let boundaries = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    let end = boundaries
        .map(|at| &rest[at..])
        .find(|end| end_of_columns(end, room) == end.len());
    format!("{}{DOTS}{}", &name[..start], end.unwrap_or_default())
}

/// The length of the longest prefix of `text` that fits into `columns` and does not separate a
/// character from its modifiers.
fn end_of_columns(text: &str, columns: usize) -> usize {
    const ZERO_WIDTH_JOINER: char = '\u{200d}';
    let (mut used, mut is_joined) = (0, false);
    for (at, character) in text.char_indices() {
        // A joined character is part of the emoji before it.
        let width = if is_joined { 0 } else { columns_of(character) };
        if used + width > columns {
            return at;
        }
        used += width;
        is_joined = character == ZERO_WIDTH_JOINER;
    }
    text.len()
}

/// The width of a character: 0 for combining characters, 2 for what Unicode calls wide.
fn columns_of(character: char) -> usize {
    match u32::from(character) {
        0..0x300 => 1,
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f => 0,
        0x900..=0x902 | 0x93c | 0x941..=0x948 | 0x94d | 0xe31 | 0xe34..=0xe3a | 0xe47..=0xe4e => 0,
        0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x200b..=0x200f | 0x20d0..=0x20ff => 0,
        0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xfeff | 0x1f3fb..=0x1f3ff | 0xe0000..=0xe0fff => 0,
        0x1100..=0x115f | 0x231a..=0x231b | 0x23e9..=0x23ec | 0x2e80..=0x303e => 2,
        0x3041..=0x33ff | 0x3400..=0x4dbf | 0x4e00..=0xa4cf | 0xa960..=0xa97f => 2,
        0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 => 2,
        0xffe0..=0xffe6 | 0x1f1e6..=0x1f1ff | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff => 2,
        0x1f900..=0x1faff | 0x20000..=0x3fffd => 2,
        // Symbols that fonts render as emoji, even if Unicode calls some of them narrow.
        0x2600..=0x27bf => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(name: &str, columns: usize) -> String {
        let (start, mark) = fit(name, columns);
        format!("{start}{mark}")
    }

    #[test]
    fn cuts_to_the_columns_there_are() {
        assert_eq!(fitted("function", 8), "function");
        assert_eq!(fitted("function", 7), "funct..");
        assert_eq!(fitted("function", 3), "f..");
        assert_eq!(fitted("fn", 3), "fn");
        assert_eq!(fitted("fn", 2), "");
        assert_eq!(fitted("", 100), "");
    }

    #[test]
    fn counts_characters_and_not_bytes() {
        assert_eq!(fitted("éééééééé", 8), "éééééééé");
        assert_eq!(fitted("éééééééé", 7), "ééééé..");
    }

    #[test]
    fn the_function_is_kept() {
        for (name, columns, expected) in [
            ("std::sort<int, less<int>>", 20, "std::sort<…>"),
            ("<Vec<T> as Drop>::drop", 12, "<…>::drop"),
            ("a::b::function", 12, "…::function"),
            ("a::b::function", 8, "function"),
            ("a::b::function", 6, "fun…on"),
            ("a::f::<b::c>", 6, "a::f"),
            ("serve (/srv/app/lib.js:10)", 20, "serve (…lib.js:10)"),
            ("serve (/srv/app/lib.js:10)", 8, "serve"),
            ("java.util.HashMap.put", 12, "…HashMap.put"),
            ("b::a::main::{closure#0}", 21, "…::main::{closure#0}"),
            ("operator<", 5, "op…r<"),
            ("operator<", 4, ""),
            ("f", 2, ""),
            ("function", 8, "function"),
        ] {
            assert_eq!(fit_function(name, columns), expected, "{name}");
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(fitted("関数名", 6), "関数名");
        assert_eq!(fitted("関数名", 5), "関..");
        assert_eq!(fitted("関数名", 4), "関..");
        assert_eq!(fitted("관수명칭", 7), "관수..");
        // The first symbol that is drawn as an emoji: U+2600.
        assert_eq!(fitted("☀☀☀☀", 7), "☀☀..");
    }

    #[test]
    fn widths_are_those_of_the_script() {
        for (characters, width) in [
            ("a\u{2ff}\u{370}é→─", 1),
            // Combining characters: Latin, Cyrillic, Hebrew, Arabic, Devanagari, Thai.
            ("\u{300}\u{36f}\u{483}\u{5b0}\u{610}\u{64b}", 0),
            ("\u{900}\u{93c}\u{941}\u{94d}\u{e31}\u{e34}\u{e47}", 0),
            ("\u{1ab0}\u{1dc0}\u{200b}\u{20d0}\u{fe0f}\u{fe20}", 0),
            ("\u{feff}\u{1f3fb}\u{e0100}", 0),
            // Hangul, Kana, Han, full-width forms.
            ("\u{1100}\u{2e80}あカ\u{3400}関\u{a960}관\u{f900}", 2),
            ("\u{fe30}Ａ\u{ffe0}\u{20000}", 2),
            // Emoji, and symbols that are drawn as such.
            ("\u{231a}\u{23e9}☀✂🇦😀🚀🦀", 2),
        ] {
            for character in characters.chars() {
                assert_eq!(columns_of(character), width, "{character:?}");
            }
        }
    }

    #[test]
    fn combining_characters_are_not_cut_off() {
        // A family of three, joined by U+200D.
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(fitted(&format!("{family}abc"), 4), format!("{family}.."));
        // e and U+0301, a combining accent.
        assert_eq!(fitted("e\u{301}abcdef", 3), "e\u{301}..");
    }
}
