//! The times, threads and CPUs of rows, by which they are selected.

use super::mismatch::unknown_id;
use super::stacks::{Reference, define, find};
use super::tag::{Element, Tag};
use crate::bytes::count::parse_digits;
use crate::bytes::decimal::Decimal;
use crate::bytes::error::Mismatch;
use crate::call_tree::Moment;
use crate::collapse::selection::{Chooser, SampleOrigin};
use ahash::AHashMap;
use std::rc::Rc;

/// Collects the origin of each row from its elements, and selects rows by it.
///
/// ```text
/// origin  = sample-time | core | thread | process
/// thread  = <thread id=N fmt="NAME 0xTID (PROCESS, pid: PID)"> { tid | process } </thread> | <thread ref=N/>
/// process = <process id=N> { pid | other } </process> | <process ref=N/>
/// ```
///
/// The other elements have a number as their content: nanoseconds, or an ID.
pub(super) struct Origins {
    chooser: Chooser,
    row: RowOrigin,
    is_in_row: bool,
    /// The thread being defined, with its id in the document.
    thread: Option<(Option<u64>, ThreadOrigin)>,
    /// The process being defined, with its id in the document and its PID.
    process: Option<(Option<u64>, Option<u64>)>,
    /// The number of open elements in the row that do not matter, or are within one that does not.
    ignored: usize,
    times: Numbers,
    cpus: Numbers,
    tids: Numbers,
    pids: Numbers,
    processes: Numbers,
    threads: AHashMap<u64, ThreadOrigin>,
}

/// The numbers of elements, by id. Some elements have none.
type Numbers = AHashMap<u64, Option<u64>>;

#[derive(Default)]
struct RowOrigin {
    /// In nanoseconds.
    time: Option<u64>,
    cpu: Option<u64>,
    thread: ThreadOrigin,
}

/// A copy shares its name.
#[derive(Clone, Default)]
struct ThreadOrigin {
    comm: Option<Rc<str>>,
    pid: Option<u64>,
    tid: Option<u64>,
}

impl Origins {
    /// The elements whose content is needed.
    pub const VALUES: &'static [&'static str] = &[
        "core",
        "event-time",
        "pid",
        "sample-time",
        "start-time",
        "tid",
    ];

    pub fn new(chooser: Chooser) -> Origins {
        Origins {
            chooser,
            row: RowOrigin::default(),
            is_in_row: false,
            thread: None,
            process: None,
            ignored: 0,
            times: Numbers::new(),
            cpus: Numbers::new(),
            tids: Numbers::new(),
            pids: Numbers::new(),
            processes: Numbers::new(),
            threads: AHashMap::new(),
        }
    }

    pub fn into_chooser(self) -> Chooser {
        self.chooser
    }

    /// Whether the current row is selected.
    pub fn takes_row(&mut self) -> bool {
        let RowOrigin { time, cpu, thread } = &self.row;
        self.chooser.takes(&SampleOrigin {
            time: time.map(Decimal::from_nanos),
            comm: thread.comm.as_deref().map(str::as_bytes),
            pid: thread.pid,
            tid: thread.tid,
            cpu: *cpu,
        })
    }

    /// The thread and the time of the row that was selected, if times are kept.
    pub fn take_moment(&mut self) -> Option<(&[u8], Moment)> {
        self.chooser.take_moment()
    }

    /// Processes the next tag.
    pub fn take(&mut self, tag: &Tag<'_>) -> Result<(), Mismatch> {
        match tag {
            Tag::Start(element) => self.start(element, element.content().unwrap_or_default()),
            Tag::Empty(element) => {
                self.start(element, "")?;
                self.end()
            }
            Tag::End(_) => self.end(),
        }
    }

    fn start(&mut self, element: &Element<'_>, content: &str) -> Result<(), Mismatch> {
        if !self.is_in_row {
            self.is_in_row = element.name == "row";
            self.row = RowOrigin::default();
            return Ok(());
        }
        let is_ignored = self.ignored > 0 || self.start_relevant(element, content)?;
        self.ignored += usize::from(is_ignored);
        Ok(())
    }

    /// Starts an element whose parent matters. Returns whether its own elements do not.
    fn start_relevant(&mut self, element: &Element<'_>, content: &str) -> Result<bool, Mismatch> {
        match element.name {
            "thread" if self.thread.is_none() && self.process.is_none() => {
                return self.start_thread(element);
            }
            "process" if self.process.is_none() => return self.start_process(element),
            "sample-time" | "start-time" | "event-time" => {
                let time = number(&mut self.times, "sample-time", element, content)?;
                self.row.time = self.row.time.or(time);
            }
            "core" => self.row.cpu = number(&mut self.cpus, "core", element, content)?,
            "tid" => {
                let tid = number(&mut self.tids, "tid", element, content)?;
                self.current_thread().tid = tid;
            }
            "pid" => {
                let pid = number(&mut self.pids, "pid", element, content)?;
                match &mut self.process {
                    Some((_, of_process)) => *of_process = pid,
                    None => self.current_thread().pid = pid,
                }
            }
            _ => {}
        }
        Ok(true)
    }

    fn start_thread(&mut self, element: &Element<'_>) -> Result<bool, Mismatch> {
        match element.reference("thread")? {
            Reference::Ref(id) => {
                let thread = self.threads.get(&id).cloned();
                self.row.thread = thread.ok_or_else(|| unknown_id("thread", id))?;
                Ok(true)
            }
            Reference::Definition(id) => {
                let shown = element.shown()?;
                let name = shown.as_deref().map(thread_name);
                let thread = ThreadOrigin {
                    comm: name.filter(|name| !name.is_empty()).map(Rc::from),
                    ..ThreadOrigin::default()
                };
                self.thread = Some((id, thread));
                Ok(false)
            }
        }
    }

    fn start_process(&mut self, element: &Element<'_>) -> Result<bool, Mismatch> {
        match element.reference("process")? {
            Reference::Ref(id) => {
                self.current_thread().pid = find(&self.processes, "process", id)?;
                Ok(true)
            }
            Reference::Definition(id) => {
                self.process = Some((id, None));
                Ok(false)
            }
        }
    }

    /// The thread being defined, or that of the row.
    fn current_thread(&mut self) -> &mut ThreadOrigin {
        match &mut self.thread {
            Some((_, thread)) => thread,
            None => &mut self.row.thread,
        }
    }

    fn end(&mut self) -> Result<(), Mismatch> {
        if self.ignored > 0 {
            self.ignored -= 1;
        } else if let Some((id, pid)) = self.process.take() {
            self.current_thread().pid = pid;
            define(&mut self.processes, "process", id, pid)?;
        } else if let Some((id, thread)) = self.thread.take() {
            self.row.thread = thread.clone();
            define(&mut self.threads, "thread", id, thread)?;
        } else {
            self.is_in_row = false;
        }
        Ok(())
    }
}

/// The number of an element, which is defined by its `content` or refers to an earlier one.
fn number(
    known: &mut Numbers,
    name: &'static str,
    element: &Element<'_>,
    content: &str,
) -> Result<Option<u64>, Mismatch> {
    match element.reference(name)? {
        Reference::Ref(id) => find(known, name, id),
        Reference::Definition(id) => {
            let number = parse_digits(content.trim().as_bytes());
            define(known, name, id, number)?;
            Ok(number)
        }
    }
}

/// The name in `NAME 0xTID (PROCESS, pid: PID)`, or the whole text if it has no thread ID.
fn thread_name(shown: &str) -> &str {
    let is_id = |word: &str| {
        let digits = word.strip_prefix("0x").unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut start = 0;
    for word in shown.split(' ') {
        let rest = &shown[start + word.len()..];
        if is_id(word) && (rest.is_empty() || rest.starts_with(" (")) {
            return shown[..start].trim_end();
        }
        start += word.len() + " ".len();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_called_as_in_instruments() {
        for (shown, name) in [
            ("Main Thread 0x1b5d (prog, pid: 7013)", "Main Thread"),
            ("pool 0x2 0x1b5d (A (B), pid: 7)", "pool 0x2"),
            ("0x2b (prog, pid: 7)", ""),
            ("0x2b", ""),
            ("main (prog)", "main (prog)"),
            ("worker 0xyz", "worker 0xyz"),
        ] {
            assert_eq!(thread_name(shown), name);
        }
    }
}
