//! The command-line tools, and their common parts: flags for logging and output, input, errors,
//! exit codes.

mod browser;
pub mod collapse;
pub mod convert;
mod descriptor;
pub mod diff;
mod every;
#[cfg_attr(not(feature = "filter"), path = "no_filter.rs")]
mod filter;
pub mod flamegraph;
mod generate;
pub mod guess;
pub mod inferno;
mod input;
mod many;
mod message;
mod output;
mod pattern;
mod per;
mod perf;
mod progress;
mod replace;
pub mod report;
mod selection;
mod system;
mod usage;
pub(crate) mod values;

use filter::FilterArgs;
use input::{Input, Opened};
use output::Output;

use crate::call_tree::Forest;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Flags of every tool.
#[derive(Debug, Args, Default)]
pub struct CommonArgs {
    /// Silence all log output
    #[arg(short, long)]
    pub quiet: bool,

    /// Verbose logging mode (-v, -vv, -vvv)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Write to this file instead of standard output, atomically
    ///
    /// A new file replaces the old one when it is complete, and keeps its permissions. The old one
    /// is overwritten instead if it has other names (hard links), if its owner or other attributes
    /// would be lost, if it is a mount point, or if no file can be created in its directory.
    /// Symbolic links are followed; pipes and devices are written to.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl CommonArgs {
    fn log_level(&self) -> log::LevelFilter {
        match self.verbose {
            _ if self.quiet => log::LevelFilter::Off,
            0 => log::LevelFilter::Warn,
            1 => log::LevelFilter::Info,
            2 => log::LevelFilter::Debug,
            _ => log::LevelFilter::Trace,
        }
    }

    fn start_logging(&self, tool: &str) {
        let level = self.log_level().as_str().to_lowercase();
        // These crates warn of each broken font of the system, each missing character, each empty shape.
        let filter = format!("{level},fontdb=off,tiny_skia=off,usvg=off");
        let environment = env_logger::Env::default().default_filter_or(filter);
        let tool = tool.to_string();
        env_logger::Builder::from_env(environment)
            .format(move |out, record| {
                let text = record.args().to_string();
                out.write_all(message::line(&tool, record.level(), &text).as_bytes())
            })
            .init();
    }
}

/// Runs a tool: sets up logging, and converts the result to one line and an exit code.
pub fn run(
    tool: &str,
    args: &CommonArgs,
    work: impl FnOnce(&Output) -> io::Result<()>,
) -> ExitCode {
    run_to_code(tool, args, |output| {
        work(output).map(|()| ExitCode::SUCCESS)
    })
}

/// Runs a tool with its own exit codes.
pub fn run_to_code(
    tool: &str,
    args: &CommonArgs,
    work: impl FnOnce(&Output) -> io::Result<ExitCode>,
) -> ExitCode {
    args.start_logging(tool);
    let output = Output::new(args.output.clone());
    match work(&output) {
        Ok(code) => code,
        // The reader of our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // If even that fails, the exit code has to do.
            let line = message::line(tool, log::Level::Error, &error.to_string());
            let _ = io::stderr().write_all(line.as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// Returns the stacks that were read, or an error if there are none.
pub fn expect_stacks(forest: Forest, expected: &str) -> io::Result<Forest> {
    match forest.is_empty() {
        true => Err(no_stacks(expected)),
        false => Ok(forest),
    }
}

/// The error for input without stacks.
pub fn no_stacks(expected: &str) -> io::Error {
    let message = format!("found no stacks, expected {expected}");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The input of tools that compare or draw.
pub const ANY_PROFILE: &str = "folded stacks or a profile in a supported format";

/// Adds the subject to an error.
pub fn about(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
