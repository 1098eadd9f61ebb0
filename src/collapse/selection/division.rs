//! Divides the samples of a profile by thread, process, CPU or event: a first pass lists the parts,
//! then one pass for each selects its samples.

use super::chooser::SampleOrigin;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a profile is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartBy {
    Thread,
    Process,
    Cpu,
    Event,
    File,
}

impl PartBy {
    /// The property of samples that they are divided by.
    pub fn property(self) -> &'static str {
        match self {
            PartBy::Thread => "thread",
            PartBy::Process => "process",
            PartBy::Cpu => "CPU",
            PartBy::Event => "event",
            PartBy::File => "file",
        }
    }

    /// The part that a sample belongs to; `None` if it does not say.
    fn key(self, origin: &SampleOrigin<'_>) -> Option<PartKey> {
        match self {
            PartBy::Thread => match origin.tid {
                Some(tid) => Some(PartKey::Thread(tid, origin.pid)),
                None => origin.comm.map(|comm| PartKey::Comm(comm.to_vec())),
            },
            PartBy::Process => origin.pid.map(PartKey::Process),
            PartBy::Cpu => origin.cpu.map(PartKey::Cpu),
            PartBy::Event | PartBy::File => None,
        }
    }
}

/// What the samples of a part have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKey {
    /// The ids of a thread and of its process.
    Thread(u64, Option<u64>),
    /// The name of a thread without an id.
    Comm(Vec<u8>),
    Process(u64),
    Cpu(u64),
    Event(Vec<u8>),
    /// The path of a profile.
    File(String),
}

/// The parts of a profile.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Each with the name of its thread. `None` has the samples that do not say where they belong.
    pub parts: BTreeMap<Option<PartKey>, Vec<u8>>,
    /// The event that is folded by default.
    pub event: Option<Vec<u8>>,
}

impl Listing {
    fn note(&mut self, by: PartBy, origin: &SampleOrigin<'_>) {
        let comm = origin.comm.unwrap_or_default();
        let name = self.parts.entry(by.key(origin)).or_default();
        // Threads are renamed when they run another program; a process is called like its main thread.
        let is_main = by == PartBy::Thread || origin.tid == origin.pid;
        if (is_main || name.is_empty()) && name != comm {
            *name = comm.to_vec();
        }
    }
}

/// Which parts are read.
#[derive(Debug, Clone, Default)]
pub(crate) enum Division {
    #[default]
    Whole,
    /// All, which are listed.
    List(PartBy, Arc<Mutex<Listing>>),
    One(Part),
    /// All that was recorded in a part of the time, whose first sample may be of another event than
    /// that of the whole profile.
    Window {
        event: Option<String>,
    },
}

/// One part of a profile.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    by: PartBy,
    key: Option<PartKey>,
    /// The event of the whole profile: that of the first sample of the part may be another.
    event: Option<String>,
}

impl Part {
    pub fn new(by: PartBy, key: Option<PartKey>, default_event: Option<&[u8]>) -> Part {
        let event = match &key {
            Some(PartKey::Event(name)) => Some(name.as_slice()),
            _ => default_event,
        };
        let event = event.map(|name| String::from_utf8_lossy(name).into_owned());
        Part { by, key, event }
    }
}

impl Division {
    /// Notes a sample that is selected otherwise, and returns whether it is in the part.
    pub fn takes(&self, origin: &SampleOrigin<'_>) -> bool {
        match self {
            Division::Whole | Division::Window { .. } => true,
            Division::List(PartBy::Event, _) => true,
            Division::List(by, listing) => {
                let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
                listing.note(*by, origin);
                true
            }
            Division::One(part) => part.by == PartBy::Event || part.by.key(origin) == part.key,
        }
    }

    /// Notes an event that a selected sample is of.
    pub fn note_event(&self, name: &[u8]) {
        let Division::List(by, listing) = self else {
            return;
        };
        let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
        if listing.event.is_none() {
            listing.event = Some(name.to_vec());
        }
        if *by == PartBy::Event {
            let key = Some(PartKey::Event(name.to_vec()));
            listing.parts.entry(key).or_default();
        }
    }

    /// Notes the event that is folded by default, where it need not be the first.
    pub fn set_default_event(&self, name: &[u8]) {
        if let Division::List(_, listing) = self {
            let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
            listing.event = Some(name.to_vec());
        }
    }

    /// The event to fold, if it is not left to the profile.
    pub fn event(&self) -> Option<&String> {
        match self {
            Division::One(part) => part.event.as_ref(),
            Division::Window { event } => event.as_ref(),
            _ => None,
        }
    }

    /// Whether all samples are read, so that those of other events are missing.
    pub fn is_window(&self) -> bool {
        matches!(self, Division::Window { .. })
    }
}
