//! What input is that no reader here takes, told by how it starts, so that an error can say it.
//!
//! A format that gets a reader loses its row here.

use memchr::memmem;

/// A format, and whether text or bytes that start with `head` are in it.
type Row = (&'static str, fn(&[u8]) -> bool);

/// Profiles of other tools.
static PROFILES: [Row; 4] = [
    ("a .NET trace (nettrace)", |head| {
        head.starts_with(b"Nettrace")
    }),
    ("a method trace of Android", |head| {
        head.starts_with(b"*version\n") || head.starts_with(b"SLOW")
    }),
    ("output of `perf report`", |head| {
        head.starts_with(b"#") && has(head, b"\n# Overhead ")
    }),
    ("a profile in JSON", |head| {
        let keys: [&[&str]; 3] = [
            &["code", "functions", "ticks"],
            &["recording"],
            &["rts_arguments"],
        ];
        is_json(head) && keys.iter().any(|keys| has_keys(head, keys))
    }),
];

/// What is given to the tools by mistake.
static OTHERS: [Row; 5] = [
    ("JSON of no profiler that is known", is_json),
    ("an SVG, perhaps a flame graph already", |head| {
        has(&head[..head.len().min(1024)], b"<svg")
    }),
    ("a web page", |head| {
        let start = head[..head.len().min(1024)].to_ascii_lowercase();
        has(&start, b"<!doctype html") || has(&start, b"<html")
    }),
    ("XML, and not of xctrace", |head| {
        head.trim_ascii_start().starts_with(b"<?xml")
    }),
    ("a program, and not its profile", |head| {
        let starts: [&[u8]; 3] = [b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe"];
        starts.iter().any(|start| head.starts_with(start))
    }),
];

/// What input is that starts with `head`; `None` if that cannot be told.
pub(super) fn describe(head: &[u8]) -> Option<String> {
    let find = |rows: &'static [Row]| rows.iter().find(|(_, is)| is(head)).map(|(name, _)| *name);
    let profile = find(&PROFILES).map(|name| format!("{name}, which is not read yet"));
    let other = || find(&OTHERS).map(|name| format!("{name}{}", keys(head)));
    profile.or_else(other)
}

/// The outermost keys of a JSON document, in parentheses.
#[cfg(feature = "json")]
fn keys(head: &[u8]) -> String {
    /// More of them say no more.
    const COUNT: usize = 10;
    let keys = super::json::Keys::of(head);
    let keys: Vec<&str> = keys.outermost().take(COUNT).collect();
    match keys.is_empty() {
        true => String::new(),
        false => format!(" (its keys: {})", keys.join(", ")),
    }
}

#[cfg(not(feature = "json"))]
fn keys(_: &[u8]) -> String {
    String::new()
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// Whether text is JSON by how it starts: as an object with keys, or a list.
fn is_json(head: &[u8]) -> bool {
    match head.trim_ascii_start() {
        [b'{', rest @ ..] => matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]),
        [b'[', rest @ ..] => is_in_list(rest.trim_ascii_start()),
        _ => false,
    }
}

/// Whether a list of JSON may go on so. A time in brackets, as in logs, is none.
fn is_in_list(rest: &[u8]) -> bool {
    let is_in_number = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    match rest {
        [b'"' | b'{' | b'[' | b']', ..] => true,
        [b'-' | b'0'..=b'9', ..] => {
            let number = rest.iter().take_while(is_in_number).count();
            rest[number..].trim_ascii_start().starts_with(b",")
        }
        _ => false,
    }
}

/// Whether all of the keys are in JSON.
fn has_keys(head: &[u8], keys: &[&str]) -> bool {
    keys.iter().all(|key| {
        let quoted = format!("\"{key}\"");
        memmem::find_iter(head, quoted.as_bytes()).any(|at| {
            head[at + quoted.len()..]
                .trim_ascii_start()
                .starts_with(b":")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_other_tools_are_named() {
        for (head, name) in [
            (
                &b"Nettrace\x14\0\0\0!FastSerialization.1"[..],
                "a .NET trace",
            ),
            (b"*version\n3\n", "a method trace of Android"),
            (
                b"# To display the header info\n#\n# Overhead  Command\n",
                "output of `perf report`",
            ),
            (
                b"{\"code\": [], \"functions\": [], \"ticks\": []}",
                "a profile in JSON",
            ),
            (b"{\"foo\": [1, 2]}", "JSON of no profiler"),
            #[cfg(feature = "json")]
            (
                b"{\"foo\": {\"x\": 1}, \"bar\": 2",
                "JSON of no profiler that is known (its keys: foo, bar)",
            ),
            (b"<?xml version=\"1.0\"?>\n<svg>", "an SVG"),
            (b"<!DOCTYPE HTML>\n<p>404", "a web page"),
            (b"\x7fELF\x02\x01", "a program"),
        ] {
            let found = describe(head).unwrap_or_default();
            assert!(found.starts_with(name), "{name}: {found}");
        }
    }

    #[test]
    fn text_is_not_taken_for_something_else() {
        for head in [
            &b""[..],
            b"\n",
            b"\n\n",
            b"\nA\nB\n",
            b"\n\x08",
            b"[unknown];main 3\nx\n",
            b"{closure} 4\nx\n",
            b"v 3\n",
            b"MOJO;run 3\n",
            b"P1;T2;main 3\n",
            b"\n\xc3\xa9\n\n",
            b"Dear all,\n",
            b"[    0.000000] Linux version 6\n",
            b"[12] started\n",
        ] {
            assert_eq!(describe(head), None, "{head:?}");
        }
    }
}
