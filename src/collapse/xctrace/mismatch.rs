//! What a document of xctrace can lack.

use crate::bytes::error::{Mismatch, ParseErrorKind};

/// A document that is not well-formed.
#[cold]
pub(super) fn invalid_xml(error: impl std::fmt::Display) -> Mismatch {
    let message = format!("Read xml event failed: {error}");
    Mismatch::new(ParseErrorKind::Malformed, message)
}

/// The document ends before its root element does.
#[cold]
pub(super) fn unexpected_end() -> Mismatch {
    Mismatch::end("Unexpected EOF", "`</trace-query-result>`")
}

/// An `id` or `ref` is not a number.
#[cold]
pub(super) fn invalid_id(tag: &str, id: &str) -> Mismatch {
    let message = format!("Invalid {tag} id, expected a number, found `{id}`");
    Mismatch::worded(message, "a number", Some(id.to_string()))
}

/// An element repeats an earlier id.
#[cold]
pub(super) fn repeated_id(tag: &str, id: u64) -> Mismatch {
    let message = format!("Repeated {tag} id in xctrace output: {id}");
    Mismatch::new(ParseErrorKind::Reference, message)
}

/// An element refers to one that was not defined before.
#[cold]
pub(super) fn unknown_id(tag: &str, id: u64) -> Mismatch {
    let message = format!("Invalid {tag} ref id: {id}, expected one that is already defined");
    Mismatch::new(ParseErrorKind::Reference, message)
}

/// A frame has neither a name nor an address.
#[cold]
pub(super) fn no_frame_name() -> Mismatch {
    let message = "Frame without a name, expected `name` or `addr`";
    Mismatch::worded(message, "`name` or `addr`", None)
}

/// A backtrace has an unknown structure.
#[cold]
pub(super) fn unknown_backtrace() -> Mismatch {
    let expected = "one `backtrace` that contains `frame` elements";
    Mismatch::worded(
        format!("Unknown kind of backtrace, expected {expected}"),
        expected,
        None,
    )
}
