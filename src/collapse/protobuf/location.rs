//! Frames of locations, for the similar tables of pprof and OpenTelemetry.

use crate::bytes::decimal::Decimal;
use crate::bytes::error::Mismatch;
use crate::names::frame::{frame_name, with_source};

/// The function and line of a location. `file` is empty if unknown.
pub(super) struct Function<'a> {
    pub name: &'a [u8],
    pub file: &'a [u8],
    pub line: i64,
}

impl Function<'_> {
    /// The name of its frame, with file and line if `with_lines`.
    fn frame(&self, with_lines: bool) -> Vec<u8> {
        let name = frame_name(self.name);
        if self.file.is_empty() || !with_lines {
            return name;
        }
        let line = (self.line > 0).then(|| Decimal::from(self.line));
        with_source(&name, self.file, line)
    }
}

/// The frames of a location, the outermost first. Its `lines` start with the innermost one; those
/// whose `function` is `None`, and a location without lines, are named `unnamed`.
pub(super) fn location_frames<'a, L>(
    lines: &[L],
    unnamed: &[Vec<u8>],
    with_lines: bool,
    function: impl Fn(&L) -> Result<Option<Function<'a>>, Mismatch>,
) -> Result<Vec<Vec<u8>>, Mismatch> {
    if lines.is_empty() {
        return Ok(unnamed.to_vec());
    }
    let mut frames = Vec::new();
    for line in lines.iter().rev() {
        match function(line)? {
            None => frames.extend_from_slice(unnamed),
            Some(function) => frames.push(function.frame(with_lines)),
        }
    }
    Ok(frames)
}
