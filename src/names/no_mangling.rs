//! Leaves names mangled.

pub(super) fn readable(_: &str) -> Option<String> {
    None
}
