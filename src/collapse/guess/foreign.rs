//! Recognizes unsupported formats by their first bytes, for error messages.
//!
//! If a format becomes supported, remove its entry here.

use crate::collapse::json::list_keys;
use memchr::memmem;

/// Whether text or bytes that start with `head` are in a format.
type Test = fn(&[u8]) -> bool;

/// A format, advice on how to convert it, and how it is recognized.
type Entry = (&'static str, &'static str, Test);

/// Profiles of other tools.
static PROFILES: [Entry; 17] = [
    (
        "an Android method trace",
        "open it in Android Studio or the Firefox Profiler, or record with simpleperf",
        |head| head.starts_with(b"*version\n") || head.starts_with(b"SLOW"),
    ),
    (
        "output of `perf report`",
        "use perf.data or the output of `perf script`",
        |head| head.starts_with(b"#") && has(head, b"\n# Overhead "),
    ),
    (
        "a memray recording",
        "convert it with `memray transform speedscope`",
        |head| has(&head[..head.len().min(64)], b"memray\0"),
    ),
    ("a Tracy trace", "open it in Tracy's profiler", |head| {
        has(&head[..head.len().min(64)], b"tracy\0") || head.starts_with(b"tlZ\x04")
    }),
    (
        "a .NET Core 2 trace (netperf)",
        "record with a newer version of `dotnet-trace collect`",
        |head| {
            head.get(4..)
                .is_some_and(|head| head.starts_with(b"!FastSerialization.1"))
        },
    ),
    (
        "a Java heap dump",
        "record allocations with `jcmd PID JFR.start`",
        |head| head.starts_with(b"JAVA PROFILE 1."),
    ),
    (
        "a trace in the Common Trace Format (LTTng)",
        "print it with `babeltrace2`, or record with perf",
        |head| head.starts_with(b"\xc1\x1f\xfc\xc1") || head.starts_with(b"\xc1\xfc\x1f\xc1"),
    ),
    (
        "a gprof profile",
        "draw its call graph with `gprof2dot`",
        |head| head.starts_with(b"gmon\x01"),
    ),
    (
        "a profile of Perl's NYTProf",
        "convert it to callgrind with `nytprofcg`",
        |head| head.starts_with(b"NYTProf "),
    ),
    (
        "a dump of Ruby objects, as written by stackprof",
        "convert it with `stackprof --json`",
        |head| head.starts_with(b"\x04\x08{"),
    ),
    (
        "stackprof's output for its own viewer",
        "write the profile with `stackprof --json`",
        |head| head.starts_with(b"flamegraph([") && has(head, b"\"frame_id\""),
    ),
    (
        "a raw heaptrack recording",
        "convert it with `heaptrack_interpret`, which is installed with heaptrack",
        is_raw_heaptrack,
    ),
    (
        "a log of V8",
        "convert it with `node --prof-process --preprocess`",
        |head| head.starts_with(b"v8-version,"),
    ),
    (
        "the summary of a log of V8",
        "convert the log with `node --prof-process --preprocess`",
        |head| head.starts_with(b"Statistical profiling result from "),
    ),
    (
        "allocations in memray's CSV",
        "convert the recording with `memray transform speedscope`",
        |head| head.starts_with(b"allocator,num_allocations,"),
    ),
    (
        "an xdebug trace as a web page",
        "record with `xdebug.trace_format=1`",
        |head| head.starts_with(b"<table ") && has(head, b"class='xdebug-trace'"),
    ),
    (
        "a pyinstrument session",
        "convert it with `pyinstrument -r json`",
        |head| is_json(head) && (has(head, b"\"frame_records\"") || has(head, b"\"frame_tree\"")),
    ),
];

/// Files that users pass by mistake, and how they are recognized.
static OTHERS: [(&str, Test); 5] = [
    ("unrecognized JSON", is_json),
    ("an SVG, possibly a flame graph", |head| {
        has(&head[..head.len().min(1024)], b"<svg")
    }),
    ("a web page", |head| {
        let start = head[..head.len().min(1024)].to_ascii_lowercase();
        has(&start, b"<!doctype html") || has(&start, b"<html")
    }),
    ("XML, but not from xctrace", |head| {
        head.trim_ascii_start().starts_with(b"<?xml")
    }),
    ("an executable, not a profile", |head| {
        let starts: [&[u8]; 3] = [b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe"];
        starts.iter().any(|start| head.starts_with(start))
    }),
];

/// An unsupported kind of input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub what: String,
    /// How to convert it.
    pub advice: Option<&'static str>,
}

/// Describes input that starts with `head`; `None` if it is not recognized.
pub(crate) fn describe(head: &[u8]) -> Option<Foreign> {
    let profile = PROFILES.iter().find(|(.., is)| is(head));
    if let Some((name, advice, _)) = profile {
        return Some(Foreign {
            what: (*name).to_string(),
            advice: Some(advice),
        });
    }
    let (name, _) = OTHERS.iter().find(|(_, is)| is(head))?;
    Some(Foreign {
        what: format!("{name}{}", list_keys(head)),
        advice: None,
    })
}

/// Whether a recording of heaptrack has the paths of its program and libraries, instead of names of
/// functions.
fn is_raw_heaptrack(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut starts = |start: &[u8]| lines.next().is_some_and(|line| line.starts_with(start));
    starts(b"v ") && starts(b"x ")
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// Whether text starts like JSON: as an object with keys, or as an array.
fn is_json(head: &[u8]) -> bool {
    match head.trim_ascii_start() {
        [b'{', rest @ ..] => matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]),
        [b'[', rest @ ..] => is_in_list(rest.trim_ascii_start()),
        _ => false,
    }
}

/// Whether an array in JSON may continue like this. A time in brackets, as in logs, does not.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_other_tools_are_named() {
        for (head, name) in [
            (&b"*version\n3\n"[..], "an Android method trace"),
            (b"SLOW\x02\0", "an Android method trace"),
            (
                b"# To display the header info\n#\n# Overhead  Command\n",
                "output of `perf report`",
            ),
            (
                b"\x04\x22\x4d\x18\x40\x40\xc0\0\0\0\0\xfa\x04memray\0",
                "a memray recording",
            ),
            (b"tracy\0\x0b\0", "a Tracy trace"),
            (b"tlZ\x04\0", "a Tracy trace"),
            (
                b"\x14\0\0\0!FastSerialization.1",
                "a .NET Core 2 trace (netperf)",
            ),
            (b"JAVA PROFILE 1.0.2\0", "a Java heap dump"),
            (
                b"\xc1\x1f\xfc\xc1\0",
                "a trace in the Common Trace Format (LTTng)",
            ),
            (
                b"\xc1\xfc\x1f\xc1\0",
                "a trace in the Common Trace Format (LTTng)",
            ),
            (b"gmon\x01\0\0\0", "a gprof profile"),
            (b"NYTProf 5 0\n", "a profile of Perl's NYTProf"),
            (
                b"\x04\x08{\x07:",
                "a dump of Ruby objects, as written by stackprof",
            ),
            (
                b"flamegraph([\n{\"x\":0,\"frame_id\":7}",
                "stackprof's output for its own viewer",
            ),
            (
                b"v 10400 3\nx 5 /shop\nX ./shop\n",
                "a raw heaptrack recording",
            ),
            (b"v8-version,11,3,244,8,-node.38,0\n", "a log of V8"),
            (
                b"Statistical profiling result from v8.log, (1229 ticks)\n",
                "the summary of a log of V8",
            ),
            (
                b"allocator,num_allocations,size,tid,thread_name,stack_trace\n",
                "allocations in memray's CSV",
            ),
            (
                b"<table dir='ltr' class='xdebug-trace'>\n",
                "an xdebug trace as a web page",
            ),
            (
                b"{\"session\": {}, \"frame_tree\": {}}",
                "a pyinstrument session",
            ),
            (
                b"{\"session\": {}, \"frame_records\": []}",
                "a pyinstrument session",
            ),
            (b"{\"foo\": [1, 2]}", "unrecognized JSON"),
            (b"[\"foo\", 1]", "unrecognized JSON"),
            (b"[[1, 2]]", "unrecognized JSON"),
            (b"[ {}]", "unrecognized JSON"),
            (b"[]", "unrecognized JSON"),
            (b"[-1.5, 2]", "unrecognized JSON"),
            (b"<?xml version=\"1.0\"?>\n<svg>", "an SVG"),
            (
                b"<?xml version=\"1.0\"?>\n<list>",
                "XML, but not from xctrace",
            ),
            (b"<!DOCTYPE HTML>\n<p>404", "a web page"),
            (b"<html>\n<p>404", "a web page"),
            (b"\x7fELF\x02\x01", "an executable"),
        ] {
            let found = describe(head).map_or(String::new(), |found| found.what);
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
            b"v 3\nX ./shop\n",
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
