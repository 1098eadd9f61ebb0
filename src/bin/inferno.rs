//! All tools in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::inferno::main()
}
