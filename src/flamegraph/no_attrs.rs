//! No attributes of frames.

use super::Options;

/// Attributes by function name, of which there are none without the crate's feature `nameattr`.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FuncFrameAttrsMap;

/// Attributes that no frame has.
pub(super) struct FrameAttrs {
    pub title: Option<String>,
    pub attrs: [(String, String); 0],
}

impl FrameAttrs {
    pub fn is_link(&self) -> bool {
        false
    }
}

/// Whether any frame may have attributes.
pub(super) fn exist(_: &Options<'_>) -> bool {
    false
}

pub(super) fn of<'o>(_: &'o Options<'_>, _: &str) -> Option<&'o FrameAttrs> {
    None
}
