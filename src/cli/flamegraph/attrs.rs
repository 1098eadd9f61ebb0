//! The flag for attributes of frames.

use crate::cli::Input;
use crate::flamegraph::{FuncFrameAttrsMap, Options};
use clap::Args;
use std::io;
use std::path::PathBuf;

/// Attributes of frames.
#[derive(Debug, Args)]
pub struct AttrArgs {
    /// File containing attributes to use for the SVG frames of particular functions. Each line in
    /// the file should be a function name followed by a tab, then a sequence of tab separated
    /// name=value pairs
    #[arg(long = "nameattr", value_name = "PATH")]
    nameattr: Option<PathBuf>,
}

impl AttrArgs {
    /// Reads the file.
    pub fn set(&self, options: &mut Options<'_>) -> io::Result<()> {
        if let Some(path) = &self.nameattr {
            options.func_frameattrs =
                Input::new(Some(path)).read(|reader| FuncFrameAttrsMap::from_reader(reader))?;
        }
        Ok(())
    }
}
