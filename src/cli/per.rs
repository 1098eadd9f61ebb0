//! `--per`: an output for each thread, process, CPU or event of a profile.

use super::many::{LeftOut, ManyArgs};
use super::{Input, Opened, Output, about, expect_stacks, no_stacks};
use crate::bytes::text::lossy;
use crate::call_tree::{Count, Forest};
use crate::collapse::selection::{Division, Listing, Part, PartBy, PartKey, Selection};
use crate::input::Reader;
use clap::Args;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What the name of the output must have, to be replaced by the name of each part.
const PLACEHOLDER: &str = "{}";

/// The flag that divides a profile.
#[derive(Debug, Clone, Args)]
pub struct PerArgs {
    /// Write one file per thread, process, CPU or event; its name replaces {} in the output path, as in
    /// -o 'NAME-{}'. The profile is read again for each file
    #[arg(long, value_name = "PART", value_enum, conflicts_with = "list_values")]
    pub per: Option<PartBy>,
}

/// Reads the chosen samples of a profile.
pub(super) type Fold<'a> = dyn Fn(&Selection, Reader<'_>) -> io::Result<Forest> + 'a;

/// What is written to one file.
pub struct PartOutput {
    pub name: String,
    pub output: Output,
    pub forest: Forest,
}

/// Divides the profiles in `inputs`. Parts of several inputs that are alike are added up.
pub(super) fn divide(
    by: PartBy,
    inputs: &[Input],
    many: ManyArgs,
    output: &Output,
    selection: &Selection,
    fold: &Fold<'_>,
) -> io::Result<(Vec<PartOutput>, LeftOut)> {
    let pattern = pattern(output)?;
    let mut divider = Divider {
        by,
        selection,
        parts: BTreeMap::new(),
    };
    let mut left_out = LeftOut::of(inputs);
    for input in inputs {
        match input.open(|opened| divider.add_opened(opened, fold)) {
            Err(error) if many.keep_going => left_out.add(&error),
            added => added?,
        }
    }
    let mut names = HashSet::new();
    let named = divider.parts.into_values().map(|(name, forest)| {
        let file_name = distinct(&file_name(&name), &mut names);
        let path = PathBuf::from(pattern.replace(PLACEHOLDER, &file_name));
        let output = Output::new(Some(path));
        PartOutput {
            name,
            output,
            forest,
        }
    });
    Ok((named.collect(), left_out))
}

/// The path of the output, which must have a placeholder.
fn pattern(output: &Output) -> io::Result<&str> {
    let path = output.path().and_then(|path| path.to_str());
    path.filter(|path| path.contains(PLACEHOLDER))
        .ok_or_else(|| {
            io::Error::other(
                "--per requires the name of an output with `{}` where the names of the parts go: -o 'NAME-{}'",
            )
        })
}

/// Collects the parts of profiles.
struct Divider<'a> {
    by: PartBy,
    selection: &'a Selection,
    /// With their names.
    parts: BTreeMap<Option<PartKey>, (String, Forest)>,
}

impl Divider<'_> {
    /// Adds a profile, of which a stream is buffered because it is read several times.
    fn add_opened(&mut self, opened: Opened<'_>, fold: &Fold<'_>) -> io::Result<()> {
        match opened {
            Opened::File(file) => self.add(&|selection| fold(selection, Reader::of(file))),
            Opened::Stream(reader) => {
                let mut profile = Vec::new();
                reader.read_to_end(&mut profile)?;
                self.add(&|selection| fold(selection, Reader::Stream(&mut profile.as_slice())))
            }
        }
    }

    fn add(&mut self, fold: &dyn Fn(&Selection) -> io::Result<Forest>) -> io::Result<()> {
        let (whole, Listing { parts, event }) = self.list(fold)?;
        let mut sum = Count::default();
        for (key, comm) in parts {
            let part = Part::new(self.by, key.clone(), event.as_deref());
            let forest = quietly(|| fold(&self.selecting(Division::One(part))))?;
            sum += forest.total();
            if forest.is_empty() {
                continue;
            }
            match self.parts.get_mut(&key) {
                Some((_, parts)) => parts.append(forest),
                None => {
                    let name = name(key.as_ref(), &comm);
                    self.parts.insert(key, (name, forest));
                }
            }
        }
        // Other events are no part of what is folded by default.
        if self.by != PartBy::Event && sum != whole {
            log::warn!("the parts add up to {sum} of {whole}");
        }
        Ok(())
    }

    /// The sum of a profile, and its parts.
    fn list(
        &self,
        fold: &dyn Fn(&Selection) -> io::Result<Forest>,
    ) -> io::Result<(Count, Listing)> {
        let listing = Arc::new(Mutex::new(Listing::default()));
        let selection = self.selecting(Division::List(self.by, Arc::clone(&listing)));
        let read = || fold(&selection);
        let whole = match self.by {
            // Its warnings are about what is left out, which is folded later.
            PartBy::Event => quietly(read),
            _ => read(),
        }?;
        let whole = expect_stacks(whole, "a profile with samples")?.total();
        let listing = listing
            .lock()
            .map(|mut listing| std::mem::take(&mut *listing));
        let listing = listing.unwrap_or_default();
        match listing.parts.keys().all(Option::is_none) {
            true => {
                let message = format!("the samples do not record their {}", self.by.property());
                let error = io::Error::new(io::ErrorKind::InvalidData, message);
                Err(about("--per", error))
            }
            false => Ok((whole, listing)),
        }
    }

    fn selecting(&self, division: Division) -> Selection {
        Selection {
            division,
            ..self.selection.clone()
        }
    }
}

/// An error if no part has stacks.
pub fn expect_written(is_written: bool) -> io::Result<()> {
    match is_written {
        true => Ok(()),
        false => Err(no_stacks("stacks that pass the filters")),
    }
}

/// Calls `work` without messages, which were shown when the whole profile was read.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let level = log::max_level();
    log::set_max_level(log::LevelFilter::Off);
    let result = work();
    log::set_max_level(level);
    result
}

/// What a part is called.
fn name(key: Option<&PartKey>, comm: &[u8]) -> String {
    let or = |name: &[u8], other: &str| match name.trim_ascii() {
        [] => other.to_string(),
        name => lossy(name).into_owned(),
    };
    match key {
        None => "unknown".to_string(),
        Some(PartKey::Thread(tid, _)) => format!("{}-{tid}", or(comm, "thread")),
        Some(PartKey::Process(pid)) => format!("{}-{pid}", or(comm, "process")),
        Some(PartKey::Cpu(cpu)) => format!("cpu-{cpu}"),
        Some(PartKey::Comm(name)) => or(name, "unnamed"),
        Some(PartKey::Event(name)) => or(name, "unnamed"),
    }
}

/// A name in which all that means something to shells or file systems is replaced.
fn file_name(name: &str) -> String {
    const LONGEST: usize = 50;
    let safe = |(at, char): (usize, char)| match char {
        '_' | '+' | '=' | '@' | ',' => char,
        '.' | '-' if at > 0 => char,
        char if char.is_alphanumeric() => char,
        _ => '_',
    };
    name.chars().enumerate().map(safe).take(LONGEST).collect()
}

/// `name`, with a number appended if it is taken, ignoring case.
fn distinct(name: &str, names: &mut HashSet<String>) -> String {
    let numbered = (2u64..).map(|number| format!("{name}-{number}"));
    let mut candidates = std::iter::once(name.to_string()).chain(numbered);
    let is_new = |candidate: &String| names.insert(candidate.to_lowercase());
    candidates.find(is_new).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_distinct() {
        for (name, expected) in [
            ("a b/c", "a_b_c"),
            ("../x", "_._x"),
            ("-", "_"),
            ("sched:sched_switch", "sched_sched_switch"),
            ("C2 Compiler\u{e9}\n", "C2_Compiler\u{e9}_"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        let mut names = HashSet::new();
        let distinct = ["a", "a-2", "A", "a", "b"].map(|name| distinct(name, &mut names));
        assert_eq!(distinct, ["a", "a-2", "A-3", "a-4", "b"]);
    }

    #[test]
    fn parts_without_a_name_are_named() {
        assert_eq!(name(Some(&PartKey::Thread(7, None)), b""), "thread-7");
        assert_eq!(name(Some(&PartKey::Process(7)), b" "), "process-7");
        assert_eq!(name(Some(&PartKey::Comm(Vec::new())), b""), "unnamed");
        assert_eq!(name(None, b"x"), "unknown");
    }
}
