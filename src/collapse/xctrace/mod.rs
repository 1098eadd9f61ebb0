//! Apple Instruments: samples in the XML of `xctrace export`.
//!
//! ```text
//! input   = <trace-query-result> { <node> { row } </node> } </trace-query-result>
//! row     = <row> { other element } [ stack ] { other element } </row>
//! stack   = <backtrace id=N> { frame } </backtrace> | <backtrace ref=N/>
//!         | <tagged-backtrace id=N> { stack | other } </tagged-backtrace> | <tagged-backtrace ref=N/>
//!         | <tagged-backtrace id=N> { frame | other } </tagged-backtrace>
//! frame   = <frame id=N name=NAME> { other } </frame> | <frame ref=N/>      (the leaf first)
//! ```
//!
//! ```text
//! <?xml version="1.0"?>
//! <trace-query-result>
//! <node xpath='//trace-toc[1]/run[1]/data[1]/table[2]'>
//! <row><sample-time id="1" fmt="00:00.349">349251</sample-time><weight id="9" fmt="1.00 ms">1000000</weight>
//! <tagged-backtrace id="10"><backtrace id="11"><frame id="12" name="leaf" addr="0x104745730"><binary id="13"
//! name="prog"/></frame><frame id="14" name="main" addr="0x1047457a0"/></backtrace></tagged-backtrace></row>
//! <row><sample-time id="15" fmt="00:00.350">350251</sample-time><weight ref="9"/><tagged-backtrace ref="10"/></row>
//! </node></trace-query-result>
//! ```
//!
//! An element is defined once, with an `id`; later occurrences refer to it by `ref`. Older versions
//! of Xcode put backtraces directly into rows, newer ones wrap them in a `tagged-backtrace`, and
//! Xcode 27 puts frames directly into the `tagged-backtrace`.
//!
//! A row also has its time, thread and CPU (see `origin`), by which rows can be selected.
//!
//! Each row counts 1, regardless of its weight, for the last stack in it. A warning counts rows
//! without a stack. A stack that contains anything except frames (such as bare addresses) is an
//! error, because unknown content must not be dropped.

// This is not a `Format`, because a part of a document does not show where its elements end, and
// each row may refer to ids in any earlier row. So the engine cannot split it.

mod markup;
mod mismatch;
mod origin;
mod stacks;
mod tag;
mod threads;

use super::engine::folder::Collapse;
use super::engine::format::Listed;
use super::engine::shared::Shared;
use super::selection::{Chooser, Criterion, Selection};
use crate::bytes::error::{Mismatch, ParseError, ParseErrorKind};
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, Forest};
use crate::flags::flags;
use crate::input::Reader;
use crate::names::demangle::demangled;
use crate::warnings::warning;
use markup::{Failure, Markup};
use mismatch::unknown_backtrace;
use origin::Origins;
use stacks::{BacktraceId, Backtraces, Reference};
use std::io::{self, BufRead, Write};
use tag::{Element, Tag};
use threads::{Thread, Threads};

flags! {
    /// Options for the output of `xctrace export`.
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub struct Options {
        /// Demangle names of Rust and C++ functions (`_RNv..`, `_ZN..`), without hashes and arguments;
        /// requires the crate's feature `demangle`. Default: `true`.
        #[arg(
            long = "no-demangle", action = clap::ArgAction::SetFalse,
            help = "Keep mangled names of Rust and C++ functions as they are"
        )]
        pub demangle: bool,

        /// Start stacks with their process, as named by Instruments: `prog (7013)`. Default: `false`.
        #[arg(long = "pid", help = "Start stacks with their process")]
        pub include_process: bool,

        /// Start stacks with their thread, which Instruments names with its process: `Main Thread
        /// 0x1b5d (prog, pid: 7013)`. Default: `false`.
        #[arg(
                long = "tid",
                alias = "threads",
                help = "Start stacks with their thread; after the process, if that is asked for too"
            )]
        pub include_thread: bool,

        /// The rows to read. Default: all.
        #[arg(skip)]
        pub selection: Selection,
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            include_process: false,
            include_thread: false,
            selection: Selection::default(),
        }
    }
}

/// Folds a table of samples from `xctrace export`. See the [module](self) for the format.
///
/// The document is read as a stream. If it is truncated, the complete rows are folded, with a
/// warning; if there are none, it is an error.
///
/// ```
/// use inferno::collapse::{Collapse, xctrace::Folder};
///
/// let export = r#"<?xml version="1.0"?>
/// <trace-query-result><node>
/// <row><backtrace id="1"><frame id="2" name="leaf"/><frame id="3" name="main"/></backtrace></row>
/// <row><backtrace ref="1"/></row>
/// </node></trace-query-result>
/// "#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(export.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main;leaf 2\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

impl Collapse for Folder {
    fn collapse<R, W>(&mut self, reader: R, writer: W) -> io::Result<()>
    where
        R: BufRead,
        W: Write,
    {
        crate::folded::write(&self.collapse_to_tree(reader)?, writer)
    }

    fn is_applicable(&mut self, input: &str) -> Option<bool> {
        Options::sniff(input.as_bytes())
    }

    fn collapse_to_tree<R>(&mut self, mut reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        self.fold(Reader::Stream(&mut reader), BLOCK_SIZE)
    }
}

impl Folder {
    /// Reads the document in blocks of `block_size` bytes.
    fn fold(&self, reader: Reader<'_>, block_size: usize) -> io::Result<CallTree> {
        let mut document = Document::new(&self.options);
        let tree = if self.options.selection.needs_origin() {
            self.fold_chosen(document, reader, block_size)?
        } else {
            let read = document.read(reader, block_size)?;
            document.conclude(read)?
        };
        Ok(match self.options.demangle {
            true => demangled(tree),
            false => tree,
        })
    }

    /// Folds the selected rows. A document may have several tables, so its rows are not in time
    /// order, and it may have to be read twice.
    fn fold_chosen(
        &self,
        document: Document,
        reader: Reader<'_>,
        block_size: usize,
    ) -> io::Result<CallTree> {
        let mut chooser = Chooser::new(&self.options.selection);
        if !chooser.needs_survey(false) {
            return document.fold_chosen(chooser, reader, block_size);
        }
        let input = reader.rereadable()?;
        chooser.start_survey();
        let mut survey = Document::new(&self.options);
        survey.origins = Some(Origins::new(chooser));
        // The second reading returns the same error.
        let _ = input.read(|reader| survey.read(reader, block_size))?;
        let mut chooser = survey
            .origins
            .map(Origins::into_chooser)
            .unwrap_or_default();
        chooser.end_survey();
        input.read(|reader| document.fold_chosen(chooser, reader, block_size))
    }
}

impl Listed for Options {
    const NAME: &'static str = "xctrace";
    const DESCRIPTION: &'static str = "a table of samples from `xctrace export` (XML)";
    const EXPECTED: &'static str = "the XML of samples from `xctrace export`";
    const ORIGIN: &'static [Criterion] = &Criterion::ALL;

    /// An XML declaration and the root element must be present.
    fn sniff(head: &[u8]) -> Option<bool> {
        let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
        (has("<?xml version=\"1.0\"") && has("<trace-query-result>")).then_some(true)
    }

    fn adopt(&mut self, options: &Shared) {
        self.demangle = options.demangle;
        self.include_thread = options.threads;
        self.selection = options.selection.clone();
    }

    fn select(&mut self, selection: &Selection) {
        self.selection = selection.clone();
    }

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        reader
            .with_text(|reader| Folder::from(self).fold(reader, BLOCK_SIZE))
            .map(Forest::from)
    }
}

/// The number of bytes to read at a time.
const BLOCK_SIZE: usize = 1 << 16;

/// The state of reading a document.
struct Document {
    tree: CallTree,
    stacks: Backtraces,
    threads: Threads,
    /// The enclosing elements, the root first, limited to those in [`Kind::of`].
    open: Vec<Open>,
    /// Selects rows, unless all are folded.
    origins: Option<Origins>,
    rows_without_stack: u64,
}

/// The elements that are interpreted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Result,
    Node,
    Row,
    TaggedBacktrace,
    Backtrace,
    Frame,
    Thread,
    Process,
}

impl Kind {
    fn of(name: &str) -> Option<Kind> {
        Some(match name {
            "trace-query-result" => Kind::Result,
            "node" => Kind::Node,
            "row" => Kind::Row,
            "tagged-backtrace" => Kind::TaggedBacktrace,
            "backtrace" => Kind::Backtrace,
            "frame" => Kind::Frame,
            "thread" => Kind::Thread,
            "process" => Kind::Process,
            _ => return None,
        })
    }
}

/// An open element.
enum Open {
    Result,
    Node,
    Row(Row),
    /// An element with a stack.
    Tagged(Tagged),
    Backtrace(Backtrace),
    Frame,
    Thread(Option<u64>, Thread),
    /// An element in an irrelevant place, or one that refers to another.
    Other,
}

#[derive(Default)]
struct Row {
    /// The last stack in it.
    stack: Option<BacktraceId>,
    thread: Thread,
}

struct Tagged {
    id: Option<u64>,
    stack: Option<BacktraceId>,
    /// Whether the stack consists of its frames.
    has_frames: bool,
    has_children: bool,
}

struct Backtrace {
    id: Option<u64>,
    stack: BacktraceId,
    has_frames: bool,
    has_children: bool,
}

impl Document {
    fn new(options: &Options) -> Document {
        Document {
            tree: CallTree::new(),
            stacks: Backtraces::default(),
            threads: Threads::new(options),
            open: Vec::new(),
            origins: None,
            rows_without_stack: 0,
        }
    }

    /// Folds the rows that `chooser` selects.
    fn fold_chosen(
        mut self,
        chooser: Chooser,
        reader: Reader<'_>,
        block_size: usize,
    ) -> io::Result<CallTree> {
        self.origins = Some(Origins::new(chooser));
        let read = self.read(reader, block_size)?;
        let chooser = self
            .origins
            .take()
            .map(Origins::into_chooser)
            .unwrap_or_default();
        let tree = self.conclude(read)?;
        chooser.log_overview(Options::NAME);
        chooser.finish("").map(|()| tree)
    }

    /// Reads the rows of `reader`. Errors of the document are returned for [`Document::conclude`].
    fn read(
        &mut self,
        reader: Reader<'_>,
        block_size: usize,
    ) -> io::Result<Result<(), ParseError>> {
        let mut markup = Markup::new(reader, block_size);
        if self.origins.is_some() {
            markup.keep_content_of(Origins::VALUES);
        }
        match markup.read(|tag| self.take(tag)) {
            Err(Failure::Io(error)) => Err(error),
            read => Ok(read.map_err(|failure| failure.at(markup.line()))),
        }
    }

    /// Processes the next tag. Returns whether the document is at its end.
    fn take(&mut self, tag: Tag<'_>) -> Result<bool, Mismatch> {
        if let Some(origins) = &mut self.origins {
            origins.take(&tag)?;
        }
        match tag {
            Tag::Start(element) => {
                self.start(&element)?;
                Ok(false)
            }
            Tag::Empty(element) => {
                self.start(&element)?;
                self.end(element.name)
            }
            Tag::End(name) => self.end(name),
        }
    }

    fn conclude(self, read: Result<(), ParseError>) -> io::Result<CallTree> {
        match read {
            Err(error) if error.kind() == ParseErrorKind::Truncated && !self.tree.is_empty() => {
                warning!("{error}; the rows before it are folded");
            }
            read => read?,
        }
        if self.rows_without_stack > 0 {
            let rows = plural(self.rows_without_stack, "row has", "rows have");
            warning!("{rows} no backtrace and cannot be shown");
        }
        Ok(self.tree)
    }

    fn start(&mut self, element: &Element<'_>) -> Result<(), Mismatch> {
        match self.open.last_mut() {
            Some(Open::Tagged(tagged)) => tagged.has_children = true,
            Some(Open::Backtrace(backtrace)) => backtrace.has_children = true,
            _ => {}
        }
        let Some(kind) = Kind::of(element.name) else {
            return Ok(());
        };
        if self.open.is_empty() && kind != Kind::Result {
            return Ok(());
        }
        let open = match kind {
            Kind::Result => Open::Result,
            Kind::Node if matches!(self.open.last(), Some(Open::Result)) => Open::Node,
            Kind::Row if matches!(self.open.last(), Some(Open::Node)) => Open::Row(Row::default()),
            Kind::Node | Kind::Row => Open::Other,
            Kind::TaggedBacktrace => self.start_tagged(element)?,
            Kind::Backtrace => self.start_backtrace(element)?,
            Kind::Frame => self.start_frame(element)?,
            Kind::Thread => self.start_thread(element)?,
            Kind::Process => self.start_process(element)?,
        };
        self.open.push(open);
        Ok(())
    }

    fn start_thread(&mut self, element: &Element<'_>) -> Result<Open, Mismatch> {
        let Some(Open::Row(row)) = self.open.last_mut() else {
            return Ok(Open::Other);
        };
        if !self.threads.are_wanted() {
            return Ok(Open::Other);
        }
        Ok(match element.reference("thread")? {
            Reference::Ref(id) => {
                row.thread = self.threads.thread(id)?;
                Open::Other
            }
            Reference::Definition(id) => {
                let name = element.shown()?;
                Open::Thread(id, self.threads.name_thread(name, &mut self.tree))
            }
        })
    }

    /// A process is named in a thread, or in a row of its own.
    fn start_process(&mut self, element: &Element<'_>) -> Result<Open, Mismatch> {
        let thread = match self.open.last_mut() {
            Some(Open::Thread(_, thread)) => thread,
            Some(Open::Row(row)) => &mut row.thread,
            _ => return Ok(Open::Other),
        };
        if self.threads.are_wanted() {
            thread.process = match element.reference("process")? {
                Reference::Ref(id) => self.threads.process(id)?,
                Reference::Definition(id) => {
                    let name = element.shown()?;
                    self.threads.define_process(id, name, &mut self.tree)?
                }
            };
        }
        Ok(Open::Other)
    }

    fn end_thread(&mut self, id: Option<u64>, thread: Thread) -> Result<(), Mismatch> {
        self.threads.define_thread(id, thread)?;
        if let Some(Open::Row(row)) = self.open.last_mut() {
            row.thread = thread;
        }
        Ok(())
    }

    fn end_row(&mut self, row: Row) {
        match row.stack {
            Some(stack) if self.origins.as_mut().is_none_or(Origins::takes_row) => {
                let node = self.stacks.count(stack, row.thread, &mut self.tree);
                if let Some((thread, moment)) = self.origins.as_mut().and_then(Origins::take_moment)
                {
                    let timeline = self.tree.timeline_mut();
                    timeline.add(thread, moment, node, 1u64);
                }
            }
            Some(_) => {}
            None => self.rows_without_stack += 1,
        }
    }

    fn start_tagged(&mut self, element: &Element<'_>) -> Result<Open, Mismatch> {
        Ok(match element.reference("tagged-backtrace")? {
            Reference::Ref(id) => {
                self.attach(self.stacks.tagged(id)?)?;
                Open::Other
            }
            Reference::Definition(id) => Open::Tagged(Tagged {
                id,
                stack: None,
                has_frames: false,
                has_children: false,
            }),
        })
    }

    fn start_backtrace(&mut self, element: &Element<'_>) -> Result<Open, Mismatch> {
        Ok(match element.reference("backtrace")? {
            Reference::Ref(id) => {
                self.attach(self.stacks.backtrace(id)?)?;
                Open::Other
            }
            Reference::Definition(id) => Open::Backtrace(Backtrace {
                id,
                stack: self.stacks.begin(),
                has_frames: false,
                has_children: false,
            }),
        })
    }

    fn start_frame(&mut self, element: &Element<'_>) -> Result<Open, Mismatch> {
        let frame = match element.reference("frame")? {
            Reference::Ref(id) => self.stacks.frame(id)?,
            Reference::Definition(id) => {
                let name = element.frame_name()?;
                self.stacks.define_frame(id, &name, &mut self.tree)?
            }
        };
        match self.open.last_mut() {
            Some(Open::Backtrace(backtrace)) => {
                backtrace.has_frames = true;
                self.stacks.push(backtrace.stack, frame);
            }
            Some(Open::Tagged(tagged)) => {
                if tagged.stack.is_some() && !tagged.has_frames {
                    return Err(unknown_backtrace());
                }
                tagged.has_frames = true;
                let stack = tagged.stack.get_or_insert_with(|| self.stacks.begin());
                self.stacks.push(*stack, frame);
            }
            _ => {}
        }
        Ok(Open::Frame)
    }

    /// Ends the innermost element if it is one of those in `open`. Returns whether the document is
    /// at its end.
    fn end(&mut self, name: &str) -> Result<bool, Mismatch> {
        if Kind::of(name).is_none() {
            return Ok(false);
        }
        match self.open.pop() {
            Some(Open::Result) => return Ok(self.open.is_empty()),
            Some(Open::Row(row)) => self.end_row(row),
            Some(Open::Tagged(tagged)) => self.end_tagged(tagged)?,
            Some(Open::Backtrace(backtrace)) => self.end_backtrace(backtrace)?,
            Some(Open::Thread(id, thread)) => self.end_thread(id, thread)?,
            Some(Open::Node | Open::Frame | Open::Other) | None => {}
        }
        Ok(false)
    }

    fn end_tagged(&mut self, tagged: Tagged) -> Result<(), Mismatch> {
        let stack = match tagged.stack {
            Some(stack) => stack,
            None if tagged.has_children => return Err(unknown_backtrace()),
            None => self.stacks.begin(),
        };
        self.stacks.define_tagged(tagged.id, stack)?;
        self.attach(stack)
    }

    fn end_backtrace(&mut self, backtrace: Backtrace) -> Result<(), Mismatch> {
        if backtrace.has_children && !backtrace.has_frames {
            return Err(unknown_backtrace());
        }
        self.stacks
            .define_backtrace(backtrace.id, backtrace.stack)?;
        self.attach(backtrace.stack)
    }

    /// Passes `stack` to the enclosing element.
    fn attach(&mut self, stack: BacktraceId) -> Result<(), Mismatch> {
        match self.open.last_mut() {
            Some(Open::Row(row)) => row.stack = Some(stack),
            Some(Open::Tagged(tagged)) if tagged.stack.is_none() => tagged.stack = Some(stack),
            Some(Open::Tagged(_) | Open::Backtrace(_)) => return Err(unknown_backtrace()),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
