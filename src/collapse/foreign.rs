//! What input is that no reader here takes, told by how it starts, so that an error can say it.
//!
//! Some of it looks like folded stacks to who does not know better: many lines of callgrind and
//! heaptrack end in a number. A format that gets a reader loses its row here.

use crate::folded::{lines_of, whole_lines};
use memchr::memmem;

/// A format, and whether text or bytes that start with `head` are in it.
type Row = (&'static str, fn(&[u8]) -> bool);

/// Profiles of other tools.
static PROFILES: [Row; 33] = [
    ("a JFR recording", |head| head.starts_with(b"FLR\0")),
    ("a .NET trace (nettrace)", |head| {
        head.starts_with(b"Nettrace")
    }),
    ("a simpleperf report", |head| {
        head.starts_with(b"SIMPLEPERF")
    }),
    ("an Austin recording (MOJO)", |head| {
        head.starts_with(b"MOJ") && head.get(3).is_some_and(|version| *version < b' ')
    }),
    ("a gperftools CPU profile", is_gperftools_cpu),
    ("a pprof profile", is_pprof),
    ("an OTLP profile", is_otlp),
    ("callgrind output", is_callgrind),
    ("heaptrack output", |head| {
        has_line(head, 0, |line| line.starts_with(b"v "))
            && has_line(head, 1, |line| line.starts_with(b"X "))
    }),
    ("massif output", |head| {
        head.starts_with(b"desc: ") && has(head, b"\ncmd: ") && has(head, b"\ntime_unit: ")
    }),
    ("a gperftools heap profile", |head| {
        head.starts_with(b"heap profile: ") || head.starts_with(b"heapz ")
    }),
    ("a jemalloc heap profile", |head| {
        head.starts_with(b"heap_v2/")
    }),
    ("a contention profile", |head| {
        head.starts_with(b"--- contention")
    }),
    ("output of Rprof", |head| {
        has_line(head, 0, |line| has(line, b"sample.interval="))
    }),
    ("output of `go tool pprof -raw`", |head| {
        head.starts_with(b"PeriodType: ")
    }),
    ("a dump of goroutines", |head| {
        head.starts_with(b"goroutine profile: total ")
            || (head.starts_with(b"goroutine ") && has_line(head, 0, |line| line.ends_with(b"]:")))
    }),
    ("a thread dump of the JVM", |head| {
        has(head, b"Full thread dump ")
    }),
    ("a thread dump of py-spy", |head| {
        head.starts_with(b"Process ") && has_start(head, b"Python v")
    }),
    ("a traceback of faulthandler", |head| {
        has(head, b"(most recent call first):\n")
    }),
    ("backtraces of gdb", |head| {
        has_start(head, b"Thread ") && has_start(head, b"#0  ")
    }),
    ("backtraces of eu-stack", |head| {
        head.starts_with(b"PID ") && has_start(head, b"TID ") && has_start(head, b"#0  ")
    }),
    ("an xdebug trace", |head| has_start(head, b"TRACE START [")),
    ("a method trace of Android", |head| {
        head.starts_with(b"*version\n") || head.starts_with(b"SLOW")
    }),
    ("output of Austin", |head| head.starts_with(b"# austin: ")),
    ("output of bpftrace", |head| {
        let is_key =
            |line: &[u8]| line.starts_with(b"@") && (line.ends_with(b"[") || has(line, b"]: "));
        whole_lines(head).any(is_key)
    }),
    ("a deep copy of Instruments", |head| {
        has_line(head, 0, |line| has(line, b"\tSymbol Name"))
    }),
    ("output of `perf report`", |head| {
        head.starts_with(b"#") && has(head, b"\n# Overhead ")
    }),
    ("a speedscope profile", |head| {
        is_json(head)
            && (has(head, b"speedscope.app/file-format-schema")
                || has_keys(head, &["shared", "profiles"]))
    }),
    ("a Firefox profile", |head| {
        is_json(head)
            && (has_keys(head, &["preprocessedProfileVersion"])
                || has_keys(head, &["meta", "libs"]))
    }),
    ("a V8 profile", |head| {
        is_json(head)
            && (has_keys(head, &["nodes", "callFrame"]) || has_keys(head, &["head", "callFrame"]))
    }),
    ("a Chrome trace", |head| {
        is_json(head) && (has_keys(head, &["traceEvents"]) || has_keys(head, &["ph", "ts"]))
    }),
    ("DHAT output", |head| {
        is_json(head) && has_keys(head, &["dhatFileVersion"])
    }),
    ("a profile in JSON", |head| {
        let keys: [&[&str]; 6] = [
            &["raw", "frames"],
            &["root_frame"],
            &["rts_arguments"],
            &["threadDump"],
            &["resourceProfiles"],
            &["type", "attached_probes"],
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
    profile.or_else(|| find(&OTHERS).map(str::to_string))
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// Whether a line of `head` starts so.
fn has_start(head: &[u8], start: &[u8]) -> bool {
    lines_of(head).any(|line| line.starts_with(start))
}

/// Whether the line of this number, from 0, is like that.
fn has_line(head: &[u8], number: usize, is: fn(&[u8]) -> bool) -> bool {
    lines_of(head).nth(number).is_some_and(is)
}

/// A table of costs with `events: Ir` among its first lines, and functions later.
fn is_callgrind(head: &[u8]) -> bool {
    head.starts_with(b"# callgrind format")
        || (has_start(head, b"events: ") && has_start(head, b"fn="))
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

/// Words of 4 or 8 bytes, of either byte order: 0, 3, 0, the period, 0.
fn is_gperftools_cpu(head: &[u8]) -> bool {
    let is_header = |size: usize| {
        let is_three = |word: &[u8]| {
            let digits = [word[0], word[size - 1]];
            word[1..size - 1].iter().all(|byte| *byte == 0) && [[3, 0], [0, 3]].contains(&digits)
        };
        head.len() >= 5 * size
            && head[..size].iter().all(|byte| *byte == 0)
            && is_three(&head[size..2 * size])
            && [2, 4]
                .iter()
                .all(|word| head[word * size..][..size].iter().all(|byte| *byte == 0))
    };
    is_header(8) || is_header(4)
}

/// A message of protobuf whose first field is the type of a value, and whose next field is one of a
/// profile's, too.
fn is_pprof(head: &[u8]) -> bool {
    const FIELDS: [u8; 6] = [0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32];
    match head {
        [0x0a, length @ 2..32, 0x08 | 0x10, rest @ ..] => {
            let next = rest.get(usize::from(*length) - 1);
            next.is_some_and(|next| FIELDS.contains(next))
        }
        _ => false,
    }
}

/// A message of protobuf whose first field is long, and starts with a message again.
fn is_otlp(head: &[u8]) -> bool {
    let [0x0a | 0x12, rest @ ..] = head else {
        return false;
    };
    let more = rest.iter().take_while(|byte| **byte >= 0x80).count();
    (1..5).contains(&more)
        && matches!(rest.get(more + 1), Some(0x0a | 0x12))
        && std::str::from_utf8(&rest[..more + 1]).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_other_tools_are_named() {
        for (head, name) in [
            (&b"FLR\0\0\x02\0\x01\0\0"[..], "a JFR recording"),
            (b"MOJ\x03m\0", "an Austin recording"),
            (b"\x0a\x04\x08\x01\x10\x02\x12\x07", "a pprof profile"),
            (b"\x0a\xa4\x86\x80\x80\0\x0a\x10", "an OTLP profile"),
            (
                &[&[0; 8][..], &[3], &[0; 15], &[16, 39], &[0; 14]].concat(),
                "a gperftools CPU profile",
            ),
            (b"# callgrind format\nversion: 1\n", "callgrind output"),
            (
                b"version: 1\ncreator: xdebug 3.2\nevents: Time_(10ns)\n\nfl=(1) x.php\nfn=(1) f\n",
                "callgrind output",
            ),
            (
                b"v 10500 3\nX ./server 8080\nI 1000 7a\n",
                "heaptrack output",
            ),
            (
                b"desc: (none)\ncmd: ./server\ntime_unit: i\n",
                "massif output",
            ),
            (
                b"PeriodType: cpu nanoseconds\nPeriod: 10000000\n",
                "output of `go tool pprof -raw`",
            ),
            (
                b"goroutine 7 [chan receive]:\nmain.main()\n",
                "a dump of goroutines",
            ),
            (
                b"Attaching 1 probe...\n\n@[\n    read+12\n]: 5\n",
                "output of bpftrace",
            ),
            (b"{\"nodes\":[{\"id\":1,\"callFrame\":{}}]}", "a V8 profile"),
            (b"[\n{\"ph\": \"X\", \"ts\": 1}]", "a Chrome trace"),
            (b" {\"dhatFileVersion\":2}", "DHAT output"),
            (b"{\"foo\": [1, 2]}", "JSON of no profiler"),
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
