//! The records of a `perf.data` file, in time order.
//!
//! ```text
//! record = kind (32 bits), misc (16), size with these 8 bytes (16), body
//! ```
//!
//! perf writes the contents of one CPU's buffer after the other, in rounds, and marks the end of
//! each round. So all records up to the latest time of the round before last are complete, and can
//! be sorted and returned: at most two rounds are in memory, and if that is too much, the earlier
//! half is returned as it is. For compressed records, the decoder returns the last ones late, so
//! the end of their round is remembered until it is reached.

use super::compressed::Inflater;
use super::event::{Event, field};
use super::header::{Header, TRACING_DATA};
use crate::bytes::binary::Bytes;
use crate::bytes::blocks::MAX_RECORD_SIZE;
use std::collections::VecDeque;
use std::io::{self, Read};

/// The relevant record types.
pub(super) mod kind {
    pub const MMAP: u32 = 1;
    pub const LOST: u32 = 2;
    pub const COMM: u32 = 3;
    pub const EXIT: u32 = 4;
    pub const FORK: u32 = 7;
    pub const SAMPLE: u32 = 9;
    pub const MMAP2: u32 = 10;
    pub const LOST_SAMPLES: u32 = 13;
    pub const SWITCH: u32 = 14;
    pub const SWITCH_CPU_WIDE: u32 = 15;
    pub const KSYMBOL: u32 = 17;
    pub const CALLCHAIN_DEFERRED: u32 = 22;
    /// The first type that belongs to perf itself instead of the kernel.
    pub const FIRST_OF_PERF: u32 = 64;
    pub const HEADER_ATTR: u32 = 64;
    pub const TRACING_DATA: u32 = 66;
    pub const BUILD_ID: u32 = 67;
    pub const FINISHED_ROUND: u32 = 68;
    pub const AUXTRACE: u32 = 71;
    pub const FEATURE: u32 = 80;
    pub const COMPRESSED: u32 = 81;
    pub const COMPRESSED2: u32 = 83;
}

/// A kernel record.
#[derive(Debug)]
pub(super) struct Record {
    pub kind: u32,
    pub misc: u16,
    pub body: Vec<u8>,
    /// The index of its event in [`Header::events`].
    pub event: usize,
    time: u64,
}

impl Record {
    /// Whether it comes after all records written before it.
    pub fn is_in_order(&self) -> bool {
        !matches!(self.time, 0 | u64::MAX)
    }

    /// Its time in nanoseconds, if it has one.
    pub fn time(&self) -> Option<u64> {
        self.is_in_order().then_some(self.time)
    }

    /// Its memory use in bytes.
    fn size(&self) -> usize {
        size_of::<Record>() + self.body.len()
    }
}

/// Reads records, sorts them by time, and handles perf's own records itself.
pub(super) struct Records<'a> {
    pub header: Header,
    source: Box<dyn Read + 'a>,
    sorter: Sorter,
    inflater: Inflater,
    /// The ends of rounds in the decompressed records.
    round_ends: VecDeque<u64>,
    stage: Stage,
}

/// The progress of reading.
#[derive(Clone, Copy)]
enum Stage {
    Reading,
    /// Only decompressed data remains.
    Inflating,
    Done,
}

impl<'a> Records<'a> {
    /// `source` starts with the first record, and ends with the last.
    pub fn new(header: Header, source: Box<dyn Read + 'a>) -> Records<'a> {
        Records {
            header,
            source,
            sorter: Sorter::default(),
            inflater: Inflater::default(),
            round_ends: VecDeque::new(),
            stage: Stage::Reading,
        }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// Errors of the source. Damaged data is not an error: it ends the records.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            if let Some(record) = self.sorter.next() {
                return Ok(Some(record));
            }
            if self.inflate_block() {
                continue;
            }
            if matches!(self.stage, Stage::Reading) && self.read_one()? {
                continue;
            }
            match self.stage {
                Stage::Reading => {
                    self.stage = Stage::Inflating;
                    self.inflater.finish();
                }
                Stage::Inflating => {
                    self.stage = Stage::Done;
                    self.sorter.finish();
                }
                Stage::Done => return Ok(None),
            }
        }
    }

    fn read_one(&mut self) -> io::Result<bool> {
        let mut head = [0; 8];
        let length = read_up_to(&mut self.source, &mut head)?;
        if length == 0 {
            return Ok(false);
        }
        let Some((kind, misc, size)) = self.read_head(&head[..length]) else {
            self.damage("a record is damaged");
            return Ok(false);
        };
        let mut body = vec![0; size];
        if read_up_to(&mut self.source, &mut body)? < size {
            self.damage("it ends in the middle of a record");
            return Ok(false);
        }
        self.read_data_after(kind, &body)?;
        self.take(kind, misc, body);
        Ok(true)
    }

    /// The type of a record, its misc field, and the size of its body.
    fn read_head(&self, head: &[u8]) -> Option<(u32, u16, usize)> {
        let mut head = Bytes::new(head, self.header.order);
        let (kind, misc, size) = (head.u32()?, head.u16()?, head.u16()?);
        Some((kind, misc, usize::from(size).checked_sub(8)?))
    }

    /// Reads data after a record that is not included in its size.
    fn read_data_after(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let mut body = Bytes::new(body, self.header.order);
        let size = match kind {
            kind::AUXTRACE => body.u64(),
            kind::TRACING_DATA => body.u32().map(|size| u64::from(size).next_multiple_of(8)),
            _ => None,
        };
        let Some(size) = size else {
            return Ok(());
        };
        let mut data = self.source.by_ref().take(size);
        if kind == kind::TRACING_DATA {
            let mut tracing = Vec::new();
            data.by_ref()
                .take(MAX_RECORD_SIZE)
                .read_to_end(&mut tracing)?;
            self.header.add_feature(TRACING_DATA, &tracing);
        }
        io::copy(&mut data, &mut io::sink()).map(|_| ())
    }

    fn take(&mut self, kind: u32, misc: u16, body: Vec<u8>) {
        let order = self.header.order;
        match kind {
            kind::FINISHED_ROUND if self.inflater.is_used() => self.take_round_end(),
            kind::FINISHED_ROUND => self.sorter.finish_round(),
            kind::HEADER_ATTR => self.take_event(&body),
            kind::FEATURE => {
                let mut bytes = Bytes::new(&body, order);
                if let Some(feature) = bytes.u64().and_then(|it| u32::try_from(it).ok()) {
                    self.header.add_feature(feature, bytes.rest());
                }
            }
            kind::BUILD_ID => {
                self.header.add_build_id_record(misc, &body);
            }
            kind::COMPRESSED => self.inflater.add(&body),
            kind::COMPRESSED2 => {
                let mut bytes = Bytes::new(&body, order);
                let data = bytes.u64().and_then(|size| bytes.take(size));
                self.inflater.add(data.unwrap_or_default());
            }
            kind if kind >= kind::FIRST_OF_PERF => {}
            _ => self.take_kernel_record(kind, misc, body),
        }
    }

    /// In a pipe, events are records.
    fn take_event(&mut self, body: &[u8]) {
        let order = self.header.order;
        let mut bytes = Bytes::new(body, order);
        if let Some(mut event) = Event::read(&mut bytes, order) {
            event.ids = std::iter::from_fn(|| bytes.u64()).collect();
            self.header.add_event(event);
        }
    }

    /// Decompresses a block, and takes the records that end in it; `false` if more must be read
    /// first.
    fn inflate_block(&mut self) -> bool {
        match self.inflater.decode_block() {
            Some(true) => self.take_decompressed(),
            Some(false) => return false,
            None => self.give_up_inflating(),
        }
        true
    }

    fn give_up_inflating(&mut self) {
        self.damage("compressed records cannot be read");
        self.inflater.give_up();
    }

    fn take_round_end(&mut self) {
        // Ends with the same upper bound are one.
        if let Some(end) = self.inflater.end()
            && self.round_ends.back() != Some(&end)
        {
            self.round_ends.push_back(end);
        }
    }

    fn take_decompressed(&mut self) {
        const HEAD: usize = 8;
        while self.inflater.ready().len() >= HEAD {
            let Some((kind, misc, size)) = self.read_head(self.inflater.ready()) else {
                return self.give_up_inflating();
            };
            let Some(body) = self.inflater.ready().get(HEAD..HEAD + size) else {
                break;
            };
            let body = body.to_vec();
            self.inflater.consume(HEAD + size);
            let position = self.inflater.position();
            while self.round_ends.front().is_some_and(|end| *end < position) {
                self.round_ends.pop_front();
                self.sorter.finish_round();
            }
            let is_nested = matches!(kind, kind::COMPRESSED | kind::COMPRESSED2);
            if !is_nested {
                self.take(kind, misc, body);
            }
        }
    }

    fn take_kernel_record(&mut self, kind: u32, misc: u16, body: Vec<u8>) {
        let find = |event: &Event, field| {
            let offset = match kind {
                kind::SAMPLE => event.offset_in_sample(field)?,
                _ => body.len().checked_sub(event.offset_from_end(field)?)?,
            };
            Bytes::new(body.get(offset..)?, self.header.order).u64()
        };
        let Some(first) = self.header.events.first() else {
            return self.damage("a record comes before any event");
        };
        let index = match self.header.events.len() {
            1 => 0,
            _ => {
                let id = find(first, field::IDENTIFIER).or_else(|| find(first, field::ID));
                self.header.event_index(id)
            }
        };
        let time = self.header.events.get(index);
        let time = time.and_then(|event| find(event, field::TIME));
        // A record that belongs to a sample comes after it, even without a time.
        let default_time = match kind {
            kind::CALLCHAIN_DEFERRED => self.sorter.latest,
            _ => 0,
        };
        self.sorter.add(Record {
            kind,
            misc,
            event: index,
            time: time.unwrap_or(default_time),
            body,
        });
    }

    fn damage(&mut self, what: &'static str) {
        self.header.damage.get_or_insert(what);
    }
}

/// The maximum memory use of waiting records, in bytes.
const MAX_WAITING: usize = 256 << 20;

/// Records that wait for others that may be earlier.
#[derive(Default)]
struct Sorter {
    waiting: Vec<Record>,
    /// Their memory use in bytes.
    size: usize,
    ready: VecDeque<Record>,
    /// The latest time of all records, and of those before the current round.
    latest: u64,
    latest_before: u64,
}

impl Sorter {
    /// Adds a record. A record without a time needs no sorting: perf synthesized it when it
    /// started.
    fn add(&mut self, record: Record) {
        if record.is_in_order() {
            self.latest = self.latest.max(record.time);
            self.size += record.size();
            self.waiting.push(record);
            if self.size > MAX_WAITING {
                self.release_half();
            }
        } else {
            self.ready.push_back(record);
        }
    }

    fn finish_round(&mut self) {
        self.release(self.latest_before);
        self.latest_before = self.latest;
    }

    fn finish(&mut self) {
        self.release(u64::MAX);
    }

    fn release(&mut self, latest: u64) {
        self.waiting.sort_by_key(|record| record.time);
        let count = self.waiting.partition_point(|record| record.time <= latest);
        self.size -= self.waiting[..count]
            .iter()
            .map(Record::size)
            .sum::<usize>();
        self.ready.extend(self.waiting.drain(..count));
    }

    #[cold]
    fn release_half(&mut self) {
        self.waiting.sort_by_key(|record| record.time);
        let middle = self.waiting.get(self.waiting.len() / 2);
        self.release(middle.map_or(u64::MAX, |record| record.time));
    }

    fn next(&mut self) -> Option<Record> {
        self.ready.pop_front()
    }
}

/// Fills `buffer` unless the source ends, and returns the number of bytes.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..)
        && !rest.is_empty()
    {
        match source.read(rest) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
