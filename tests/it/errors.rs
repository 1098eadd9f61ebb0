//! Errors of the library: they carry the position in the input, and what was expected and found.

use inferno::collapse::{
    Collapse, ParseError, ParseErrorKind, cprofile, jemalloc, recursive, sample, xctrace,
};
use std::io;

fn parse_error<C: Collapse>(mut folder: C, profile: &[u8]) -> ParseError {
    let error = folder.collapse_to_tree(profile).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    let parse_error: &ParseError = inner.unwrap_or_else(|| panic!("no position: {error}"));
    assert_eq!(parse_error.to_string(), error.to_string());
    parse_error.clone()
}

#[test]
fn a_text_record_has_its_line() {
    let report = b"Call graph:\n    5 Thread_1\n    + x main  (in prog)\nTotal number in stack\n";
    let error = parse_error(sample::Folder::default(), report);
    assert_eq!((error.line(), error.offset()), (Some(3), None));
    assert_eq!(error.kind(), ParseErrorKind::Malformed);
    assert_eq!(error.expected(), Some("a number of samples"));
    assert_eq!(error.found(), Some("x"));
}

#[test]
fn a_text_document_has_its_line() {
    let error = parse_error(jemalloc::Folder::default(), b"heap\x1b 7\n");
    assert_eq!(error.line(), Some(1));
    assert_eq!(
        error.expected(),
        Some("a jemalloc heap profile, `heap_v2/RATE`")
    );
    assert_eq!(error.found(), Some("heap\\u{1b} 7"));
}

#[test]
fn a_reference_to_nothing_is_told_from_an_early_end() {
    let start = b"<trace-query-result>\n<node><row><backtrace ref=\"7\"/></row>".as_slice();
    let error = parse_error(xctrace::Folder::default(), start);
    assert_eq!(
        (error.kind(), error.line()),
        (ParseErrorKind::Reference, Some(2))
    );
    let error = parse_error(xctrace::Folder::default(), &start[..22]);
    assert_eq!(error.kind(), ParseErrorKind::Truncated);
    assert_eq!(error.expected(), Some("`</trace-query-result>`"));
    assert_eq!(error.found(), None);
}

#[test]
#[cfg(feature = "json")]
fn json_has_its_line() {
    let cut = br#"{"nodes": [{"id": 1, "callFrame": {"functionName": "f"}}],
"samples": [1"#;
    let error = parse_error(inferno::collapse::cpuprofile::Folder::default(), cut);
    assert_eq!(
        (error.line(), error.kind()),
        (Some(2), ParseErrorKind::Truncated)
    );
}

#[test]
fn a_binary_format_has_an_offset() {
    let error = parse_error(cprofile::Folder::default(), b"{(");
    assert_eq!((error.line(), error.offset()), (None, Some(2)));
    assert_eq!(error.found(), None);
}

#[test]
#[cfg(feature = "protobuf")]
fn protocol_buffers_have_the_offset_of_the_message() {
    use inferno::collapse::{otlp, pprof, simpleperf};

    // sample_type { type: 0 }, sample { location_id: 99 value: 1 }, string_table: ""
    let pprof = b"\x0a\x02\x08\0\x12\x04\x08\x63\x10\x01\x32\0";
    let error = parse_error(pprof::Folder::default(), pprof);
    assert_eq!(
        (error.kind(), error.offset(), error.line()),
        (ParseErrorKind::Reference, Some(6), None)
    );
    assert_eq!(error.expected(), Some("the id of a location"));
    assert_eq!(error.found(), Some("99"));

    let error = parse_error(pprof::Folder::default(), &pprof[..8]);
    assert_eq!(
        (error.kind(), error.offset()),
        (ParseErrorKind::Truncated, Some(4))
    );
    assert_eq!(error.expected(), Some("a field of a protobuf message"));
    assert_eq!(error.found(), None);

    // sample_type { type: 0 }, sample: 7
    let error = parse_error(pprof::Folder::default(), b"\x0a\x02\x08\0\x10\x07");
    assert_eq!(
        (error.kind(), error.offset()),
        (ParseErrorKind::Malformed, Some(4))
    );
    assert_eq!(error.expected(), Some("a message in the profile"));
    assert_eq!(error.found(), Some("a number"));

    // sample_type { type: 0 }, two functions { id: 1 }
    let twice = b"\x0a\x02\x08\0\x2a\x02\x08\x01\x2a\x02\x08\x01";
    let error = parse_error(pprof::Folder::default(), twice);
    assert_eq!((error.offset(), error.found()), (Some(10), Some("1")));
    assert_eq!(error.expected(), Some("a unique id"));

    // sample_type { type: 0 }, sample { value: 1 value: 2 }, string_table: ""
    let values = b"\x0a\x02\x08\0\x12\x04\x10\x01\x10\x02\x32\0";
    let error = parse_error(pprof::Folder::default(), values);
    assert_eq!(
        (error.offset(), error.expected(), error.found()),
        (Some(6), Some("1 values"), Some("2 values"))
    );

    // sample_type { type: 99 }, string_table: ""
    let error = parse_error(pprof::Folder::default(), b"\x0a\x02\x08\x63\x32\0");
    assert_eq!(
        (error.kind(), error.offset()),
        (ParseErrorKind::Reference, Some(2))
    );
    assert_eq!(error.expected(), Some("an index below 1"));
    assert_eq!(error.found(), Some("99"));

    // resource_profiles { scope_profiles { profiles { sample { stack_index: 5 values: 1 } } } },
    // dictionary { string_table: "" }
    let otlp = b"\x0a\x0a\x12\x08\x12\x06\x12\x04\x08\x05\x20\x01\x12\x02\x2a\0";
    let error = parse_error(otlp::Folder::default(), otlp);
    assert_eq!(
        (error.kind(), error.offset(), error.found()),
        (ParseErrorKind::Reference, Some(8), Some("5"))
    );

    let error = parse_error(simpleperf::Folder::default(), b"SIMPLEPERF\x02\0");
    assert_eq!(
        (error.offset(), error.expected(), error.found()),
        (Some(10), Some("version 1 of a report"), Some("2"))
    );

    // sample: a callchain entry that is longer than the sample
    let report = b"SIMPLEPERF\x01\0\x04\0\0\0\x0a\x02\x1a\x09\0\0\0\0";
    let error = parse_error(simpleperf::Folder::default(), report);
    assert_eq!(error.offset(), Some(18));
    assert_eq!(error.expected(), Some("a sample"));
}

/// Offsets in the protobuf that JSON is converted to are not offsets in the input.
#[test]
#[cfg(all(feature = "json", feature = "protobuf"))]
fn opentelemetry_in_json_has_no_offset() {
    let json = br#"{"resourceProfiles": [{"scopeProfiles": [{"profiles": [
        {"samples": [{"stackIndex": 5, "values": ["1"]}]}]}]}], "dictionary": {"stringTable": [""]}}"#;
    let mut folder = inferno::collapse::otlp::Folder::default();
    let error = folder.collapse_to_tree(&json[..]).unwrap_err();
    assert!(error.to_string().contains("index 5"), "{error}");
    assert!(!error.to_string().contains("offset"), "{error}");
}

#[test]
fn a_record_that_is_too_long_has_its_offset() {
    let line = io::Read::take(io::repeat(b'x'), 300 << 20);
    let input = io::BufReader::new(io::Read::chain(&b"main 1\n"[..], line));
    let error = recursive::Folder::default().collapse_to_tree(input);
    let error = error.unwrap_err();
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    let error: &ParseError = inner.unwrap_or_else(|| panic!("no position: {error}"));
    assert_eq!(
        (error.kind(), error.offset()),
        (ParseErrorKind::Malformed, Some(7))
    );
    assert_eq!(error.expected(), Some("a record of at most 256 MiB"));
    assert_eq!(error.found(), None);
}
