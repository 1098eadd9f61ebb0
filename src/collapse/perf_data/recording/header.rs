//! Reads the header of a `perf.data` file, and the features after its records.
//!
//! ```text
//! file   = header, event ids, events, records, feature table, features
//! pipe   = magic, 16, records     (events and features are records too)
//! header = magic, size, size of an event, events, records, unused, feature bits
//! ```
//!
//! Sections of the file have an offset and a size. The feature table, after the records, has a
//! section for each feature whose bit is set. Any of these may be wrong: no section is trusted, and
//! no memory is allocated for bytes that the file does not have.

use super::event::Event;
use super::tracing::Tracepoints;
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::bytes::blocks::{MAX_RECORD_SIZE, record_too_long};
use crate::symbols::Origin;
use ahash::AHashMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

const PIPE_HEADER_SIZE: u64 = 16;
pub(super) const TRACING_DATA: u32 = 1;
const BUILD_ID: u32 = 2;
const HOST_NAME: u32 = 3;
const OS_RELEASE: u32 = 4;
const ARCH: u32 = 6;
const EVENT_DESC: u32 = 12;

/// The start of a file, which identifies its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub order: ByteOrder,
    pub is_pipe: bool,
    /// The bytes read to identify it.
    pub bytes: [u8; Start::LENGTH],
}

impl Start {
    /// The number of bytes needed.
    pub const LENGTH: usize = 16;

    /// Identifies the file; `None` if it is not a `perf.data` file.
    pub fn read(head: &[u8]) -> Option<Start> {
        let order = match head.get(..8)? {
            b"PERFILE2" => ByteOrder::Little,
            b"2ELIFREP" => ByteOrder::Big,
            _ => return None,
        };
        let size = Bytes::new(head.get(8..)?, order).u64()?;
        let is_pipe = size == PIPE_HEADER_SIZE;
        let bytes = *head.first_chunk()?;
        Some(Start {
            order,
            is_pipe,
            bytes,
        })
    }
}

/// The build IDs of mapped files, by the name of the mapping.
pub(super) type BuildIds = AHashMap<Vec<u8>, Vec<Vec<u8>>>;

/// The information available before reading records.
#[derive(Debug)]
pub(super) struct Header {
    pub order: ByteOrder,
    pub events: Vec<Arc<Event>>,
    pub event_of_id: AHashMap<u64, usize>,
    pub build_ids: BuildIds,
    pub tracepoints: Tracepoints,
    /// The name of the machine; empty if unknown.
    pub host_name: Vec<u8>,
    /// The architecture as in `uname -m`; empty if unknown.
    pub arch: Vec<u8>,
    /// The kernel version as in `uname -r`; empty if unknown.
    pub os_release: Vec<u8>,
    /// A description of unreadable parts, for the report.
    pub damage: Option<&'static str>,
}

impl Header {
    /// The machine that made the recording.
    pub fn origin(&self) -> Origin {
        Origin::of([&self.host_name, &self.arch, &self.os_release])
    }

    pub fn new(order: ByteOrder) -> Header {
        Header {
            order,
            events: Vec::new(),
            event_of_id: AHashMap::new(),
            build_ids: AHashMap::new(),
            tracepoints: Tracepoints::default(),
            host_name: Vec::new(),
            arch: Vec::new(),
            os_release: Vec::new(),
            damage: None,
        }
    }

    /// Reads the header of a file, and leaves `file` at the start of the records. Also returns
    /// their size in bytes.
    ///
    /// # Errors
    /// Errors of `file`, and a file without events.
    pub fn read_file<R: Read + Seek>(file: &mut R, order: ByteOrder) -> io::Result<(Header, u64)> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut file = SectionReader {
            file,
            length,
            left: length,
        };
        let bytes = file.read(Section {
            offset: 0,
            size: 104,
        })?;
        let positions = FileHeader::read(&mut Bytes::new(&bytes, order))
            .ok_or_else(|| invalid("the file ends in its header"))?;
        let mut header = Header::new(order);
        header.read_events(&mut file, &positions)?;
        // The size is 0 if recording was killed; then all of the rest are records.
        let available = length.saturating_sub(positions.records.offset);
        let (records, is_whole) = match positions.records.size {
            0 => (available, false),
            size => (size.min(available), size < available),
        };
        if is_whole {
            header.read_features(&mut file, &positions)?;
        } else {
            header.damage = Some("it ends early");
        }
        file.file.seek(SeekFrom::Start(positions.records.offset))?;
        Ok((header, records))
    }

    /// The event with this id; the first one if there is none.
    pub fn event_index(&self, id: Option<u64>) -> usize {
        id.and_then(|id| self.event_of_id.get(&id).copied())
            .unwrap_or(0)
    }

    pub fn add_event(&mut self, event: Event) {
        for id in &event.ids {
            self.event_of_id.insert(*id, self.events.len());
        }
        self.events.push(Arc::new(event));
    }

    /// Adds a feature, from any part of the file.
    pub fn add_feature(&mut self, feature: u32, bytes: &[u8]) {
        let data = bytes;
        let mut bytes = Bytes::new(bytes, self.order);
        match feature {
            TRACING_DATA => self.tracepoints.read(data, self.order),
            BUILD_ID => while self.add_build_id(&mut bytes).is_some() {},
            HOST_NAME => self.host_name = bytes.counted_text().unwrap_or_default().to_vec(),
            ARCH => self.arch = bytes.counted_text().unwrap_or_default().to_vec(),
            OS_RELEASE => self.os_release = bytes.counted_text().unwrap_or_default().to_vec(),
            EVENT_DESC => {
                self.name_events(&mut bytes);
            }
            _ => {}
        }
    }

    /// Reads the build ID of a file: a record in a feature, or between others.
    pub fn add_build_id(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        let mut start = *bytes;
        start.skip(4)?;
        let (misc, size) = (start.u16()?, start.u16()?);
        let record = bytes.take(u64::from(size))?;
        self.add_build_id_record(misc, record.get(8..)?)
    }

    /// Reads the body of such a record.
    pub fn add_build_id_record(&mut self, misc: u16, body: &[u8]) -> Option<()> {
        const HAS_SIZE: u16 = 1 << 15;
        let mut body = Bytes::new(body, self.order);
        body.skip(4)?;
        let id = body.take(20)?;
        let size = match *body.take(4)?.first()? {
            size if misc & HAS_SIZE != 0 => usize::from(size).min(20),
            _ => 20,
        };
        let ids = self.build_ids.entry(body.text().to_vec()).or_default();
        ids.push(id[..size].to_vec());
        Some(())
    }

    /// Reads the events and the ids of their counters.
    fn read_events<R: Read + Seek>(
        &mut self,
        file: &mut SectionReader<'_, R>,
        positions: &FileHeader,
    ) -> io::Result<()> {
        let bytes = file.read(positions.events)?;
        let size = usize::try_from(positions.event_size).unwrap_or(usize::MAX);
        for entry in bytes.chunks_exact(size.max(1)) {
            let Some((attribute, ids)) = entry.split_last_chunk::<16>() else {
                break;
            };
            let mut attribute = Bytes::new(attribute, self.order);
            let Some(mut event) = Event::read(&mut attribute, self.order) else {
                continue;
            };
            if let Some(section) = Section::read(&mut Bytes::new(ids, self.order)) {
                let ids = file.read(section)?;
                let mut bytes = Bytes::new(&ids, self.order);
                event.ids = std::iter::from_fn(|| bytes.u64()).collect();
            }
            self.add_event(event);
        }
        match self.events.is_empty() {
            true => Err(invalid("the file names no events")),
            false => Ok(()),
        }
    }

    fn read_features<R: Read + Seek>(
        &mut self,
        file: &mut SectionReader<'_, R>,
        positions: &FileHeader,
    ) -> io::Result<()> {
        let wanted = [
            TRACING_DATA,
            BUILD_ID,
            HOST_NAME,
            OS_RELEASE,
            ARCH,
            EVENT_DESC,
        ];
        let table = positions
            .records
            .offset
            .saturating_add(positions.records.size);
        let count = positions
            .features
            .iter()
            .map(|word| word.count_ones())
            .sum::<u32>();
        let table = file.read(Section {
            offset: table,
            size: 16 * u64::from(count),
        })?;
        let mut table = Bytes::new(&table, self.order);
        let has = |bit: &u32| positions.features[*bit as usize / 64] >> (bit % 64) & 1 != 0;
        for feature in (0..256).filter(has) {
            let Some(section) = Section::read(&mut table) else {
                self.damage = Some("its table of features is cut");
                break;
            };
            if wanted.contains(&feature) {
                let bytes = file.read(section)?;
                self.add_feature(feature, &bytes);
            }
        }
        Ok(())
    }

    /// Sets the names of events to those that perf recorded.
    fn name_events(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        let count = bytes.u32()?;
        let attribute_size = bytes.u32()?;
        for index in 0..count as usize {
            bytes.skip(u64::from(attribute_size))?;
            let id_count = bytes.u32()?;
            let name = bytes.counted_text()?;
            let ids = bytes.words(u64::from(id_count))?;
            let of_id = ids.get(0).and_then(|id| self.event_of_id.get(&id).copied());
            if let Some(event) = self.events.get_mut(of_id.unwrap_or(index)) {
                Arc::make_mut(event).name = name.to_vec();
            }
        }
        Some(())
    }
}

/// A section of the file.
#[derive(Debug, Clone, Copy)]
struct Section {
    offset: u64,
    size: u64,
}

impl Section {
    fn read(bytes: &mut Bytes<'_>) -> Option<Section> {
        Some(Section {
            offset: bytes.u64()?,
            size: bytes.u64()?,
        })
    }
}

/// The fixed part at the start of a file.
struct FileHeader {
    event_size: u64,
    events: Section,
    records: Section,
    features: [u64; 4],
}

impl FileHeader {
    fn read(bytes: &mut Bytes<'_>) -> Option<FileHeader> {
        bytes.skip(16)?;
        let (event_size, events, records) =
            (bytes.u64()?, Section::read(bytes)?, Section::read(bytes)?);
        bytes.skip(16)?;
        let features = [bytes.u64()?, bytes.u64()?, bytes.u64()?, bytes.u64()?];
        Some(FileHeader {
            event_size,
            events,
            records,
            features,
        })
    }
}

/// A file with random access.
struct SectionReader<'a, R> {
    file: &'a mut R,
    length: u64,
    /// The number of bytes not read yet, provided that sections do not overlap.
    left: u64,
}

impl<R: Read + Seek> SectionReader<'_, R> {
    /// Reads a section, as far as the file has it.
    ///
    /// # Errors
    /// Errors of the file, and a section that is too large, or that must overlap others, given how
    /// much was already read.
    fn read(&mut self, section: Section) -> io::Result<Vec<u8>> {
        let available = self.length.saturating_sub(section.offset);
        let size = section.size.min(available);
        if size > MAX_RECORD_SIZE {
            return Err(record_too_long(section.offset));
        }
        let overlap = || invalid("the parts of its header overlap");
        self.left = self.left.checked_sub(size).ok_or_else(overlap)?;
        let mut bytes = Vec::new();
        if size > 0 {
            self.file.seek(SeekFrom::Start(section.offset))?;
            self.file.by_ref().take(size).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }
}

pub(super) fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
