//! No flag for attributes of frames.

use crate::flamegraph::Options;
use clap::Args;
use std::io;

/// No flags.
#[derive(Debug, Args)]
pub struct AttrArgs {}

impl AttrArgs {
    pub fn set(&self, _: &mut Options<'_>) -> io::Result<()> {
        Ok(())
    }
}
