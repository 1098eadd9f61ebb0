//! Errors of the library: they carry the position in the input, and what was expected and found.

use inferno::collapse::{
    Collapse, ParseError, ParseErrorKind, cprofile, jemalloc, sample, xctrace,
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
