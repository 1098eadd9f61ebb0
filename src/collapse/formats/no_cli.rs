//! Formats without flags.

use crate::collapse::document::Document;
use crate::collapse::engine::format::Listed;

/// Nothing: there is no command-line interface.
#[derive(Clone, Copy)]
pub(crate) struct Cli;

#[allow(
    clippy::extra_unused_type_parameters,
    reason = "the functions are those of the command-line interface"
)]
impl Cli {
    pub const fn of<F: Listed>() -> Cli {
        Cli
    }

    pub const fn of_document<F: Document>() -> Cli {
        Cli
    }
}
