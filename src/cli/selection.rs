//! Flags that select samples.

use super::usage;
use crate::collapse::selection::{IdRange, NamePattern, Selection, TimeRange};
use clap::{ArgMatches, Args, Command};
use std::convert::Infallible;

/// The samples to read, if the profile records what they are selected by.
#[derive(Debug, Clone, Default, Args)]
#[command(
    next_help_heading = "Selecting samples (an error if the profile does not record the criterion)"
)]
pub struct SelectionArgs {
    /// Read a part of the recorded time: seconds from the first sample `5..10`, with a unit
    /// `5ms..`, as a share `10%..20%`, or absolute times as printed by perf script `@388.8..@388.9`
    #[arg(id = "time_range", long = "time", value_name = "FROM..TO")]
    time: Option<TimeRange>,

    /// Read threads with this name, or with names that entirely match a regular expression; can be repeated
    #[arg(long, value_name = "NAME|REGEX", value_parser = pattern)]
    comm: Vec<NamePattern>,

    /// Read these processes: IDs or ranges, such as `7,20-29`
    #[arg(long, value_name = "PID", value_delimiter = ',')]
    pid_is: Vec<IdRange>,

    /// Read these threads
    #[arg(long, value_name = "TID", value_delimiter = ',')]
    tid_is: Vec<IdRange>,

    /// Read samples on these CPUs: `0,2-4`
    #[arg(long, value_name = "N", value_delimiter = ',')]
    cpu: Vec<IdRange>,
}

impl SelectionArgs {
    /// Adds the flags to those of a format, unless it has its own flag `--time` (like ghcprof, to
    /// count time), in which case it records no criteria to select samples by.
    pub fn add_to(command: Command) -> Command {
        let has_own = command
            .get_arguments()
            .any(|flag| flag.get_long() == Some("time"));
        match has_own {
            true => command,
            false => SelectionArgs::augment_args(command),
        }
    }

    /// The selection of a command that may have the flags.
    pub fn selection_in(matches: &ArgMatches) -> Selection {
        match matches.try_contains_id("time_range") {
            Ok(_) => usage::args::<SelectionArgs>(matches).selection(),
            Err(_) => Selection::default(),
        }
    }

    /// The selection of the flags.
    pub fn selection(&self) -> Selection {
        Selection {
            time: self.time.clone(),
            comms: self.comm.clone(),
            pids: self.pid_is.clone(),
            tids: self.tid_is.clone(),
            cpus: self.cpu.clone(),
            ..Selection::default()
        }
    }
}

fn pattern(text: &str) -> Result<NamePattern, Infallible> {
    Ok(text.into())
}
