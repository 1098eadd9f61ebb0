//! Refuses OpenTelemetry in JSON.

use crate::input::invalid;
use std::io;

pub(super) fn sniff(_: &[u8]) -> Option<bool> {
    Some(false)
}

pub(super) fn to_protobuf(_: &[u8], _: &str) -> io::Result<Vec<u8>> {
    Err(invalid(
        "the profile is in JSON, which requires the feature `json`",
    ))
}
