//! `--per`: the parts of a profile, such as its threads, each in a file of its own, or all in one.

use super::many::{LeftOut, ManyArgs};
use super::{ANY_PROFILE, Input, Opened, Output, about, expect_stacks, no_stacks};
use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, Count, Forest, Roots};
use crate::collapse::selection::{Division, Listing, Part, PartBy, PartKey, Selection};
use crate::input::Reader;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What the name of the output must have, to be replaced by the name of each part.
const PLACEHOLDER: &str = "{}";

/// The flag that divides a profile.
#[derive(Debug, Clone, Args)]
pub struct PerArgs {
    /// Divide the profile by thread, process, CPU, event or file. If the output path contains {},
    /// as in -o 'NAME-{}', each part has a file, whose name replaces it; otherwise the names of the
    /// parts become the first frames of stacks. The profile is read again for each part
    #[arg(long, value_name = "PART", value_enum, conflicts_with = "list_values")]
    pub per: Option<PartBy>,
}

impl ValueEnum for PartBy {
    fn value_variants<'a>() -> &'a [PartBy] {
        &[
            PartBy::Thread,
            PartBy::Process,
            PartBy::Cpu,
            PartBy::Event,
            PartBy::File,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.property().to_ascii_lowercase()))
    }
}

/// Reads the chosen samples of a profile.
pub(super) type Fold<'a> = dyn Fn(&Selection, Reader<'_>) -> io::Result<Forest> + 'a;

/// What is written to one file: a part of the profile, or all of them.
pub struct PartOutput {
    /// The name of the part.
    pub name: Option<String>,
    pub output: Output,
    pub forest: Forest,
}

/// A part, which several inputs may have.
struct NamedForest {
    name: String,
    forest: Forest,
}

/// How to divide profiles.
pub(super) struct Divide<'a> {
    pub by: PartBy,
    pub inputs: &'a [Input],
    pub many: ManyArgs,
    pub selection: &'a Selection,
    /// Filters the stacks of each part, to which its name does not belong.
    pub filter: &'a dyn Fn(Forest) -> Forest,
    pub output: &'a Output,
}

impl Divide<'_> {
    /// Divides the profiles. Parts of several inputs that are alike are added up.
    pub fn fold(&self, fold: &Fold<'_>) -> io::Result<(Vec<PartOutput>, LeftOut)> {
        let mut divider = Divider {
            by: self.by,
            selection: self.selection,
            parts: BTreeMap::new(),
        };
        let mut left_out = LeftOut::of(self.inputs);
        for input in self.inputs {
            match input.open(|opened| divider.add_opened(&input.name(), opened, fold)) {
                Err(error) if self.many.keep_going => left_out.add(&error),
                added => added?,
            }
        }
        let parts = divider.parts.into_values().map(|part| NamedForest {
            forest: (self.filter)(part.forest),
            ..part
        });
        let outputs = match self.pattern() {
            Some(pattern) => apart(parts, pattern),
            None => vec![self.together(parts)?],
        };
        Ok((outputs, left_out))
    }

    /// The path of the output, if the names of parts go into it.
    fn pattern(&self) -> Option<&str> {
        let path = self.output.path().and_then(|path| path.to_str());
        path.filter(|path| path.contains(PLACEHOLDER))
    }

    /// All parts, whose names become the first frames of stacks.
    fn together(&self, parts: impl Iterator<Item = NamedForest>) -> io::Result<PartOutput> {
        let mut all = CallTree::new();
        for NamedForest { name, forest } in parts.filter(|part| !part.forest.is_empty()) {
            if forest.is_in_time_order() {
                return Err(io::Error::other(
                    "--per divides a flame chart only into files: -o 'NAME-{}'",
                ));
            }
            all.merge_part(name.as_bytes(), &forest.merged());
        }
        all.set_roots(match self.by {
            PartBy::Process => Roots::Processes,
            PartBy::Thread => Roots::Threads,
            PartBy::Cpu | PartBy::Event | PartBy::File => Roots::Parts,
        });
        Ok(PartOutput {
            name: None,
            output: self.output.clone(),
            forest: all.into(),
        })
    }
}

/// A file for each part.
fn apart(parts: impl Iterator<Item = NamedForest>, pattern: &str) -> Vec<PartOutput> {
    let mut names = HashSet::new();
    let with_output = |NamedForest { name, forest }| {
        let file_name = distinct(&file_name(&name), &mut names);
        let path = PathBuf::from(pattern.replace(PLACEHOLDER, &file_name));
        PartOutput {
            name: Some(name),
            output: Output::new(Some(path)),
            forest,
        }
    };
    parts.map(with_output).collect()
}

/// Collects the parts of profiles.
struct Divider<'a> {
    by: PartBy,
    selection: &'a Selection,
    parts: BTreeMap<Option<PartKey>, NamedForest>,
}

impl Divider<'_> {
    /// Adds a profile, of which a stream is buffered because it is read several times.
    fn add_opened(&mut self, name: &str, opened: Opened<'_>, fold: &Fold<'_>) -> io::Result<()> {
        if self.by == PartBy::File {
            let forest = fold(self.selection, opened.into_reader())?;
            let forest = expect_stacks(forest, ANY_PROFILE)?;
            self.add_part(
                Some(PartKey::File(name.to_string())),
                name.to_string(),
                forest,
            );
            return Ok(());
        }
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
            let name = name(key.as_ref(), &comm);
            self.add_part(key, name, forest);
        }
        // Other events are no part of what is folded by default.
        if self.by != PartBy::Event && sum != whole {
            log::warn!("the parts add up to {sum} of {whole}");
        }
        Ok(())
    }

    fn add_part(&mut self, key: Option<PartKey>, name: String, forest: Forest) {
        match self.parts.get_mut(&key) {
            Some(part) => part.forest.append(forest),
            None => {
                self.parts.insert(key, NamedForest { name, forest });
            }
        }
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
        Some(PartKey::File(name)) => name.clone(),
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
