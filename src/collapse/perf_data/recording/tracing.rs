//! The fields of the scheduler's tracepoints.
//!
//! Their positions are in the tracing data, the formats of events as the kernel prints them:
//!
//! ```text
//! data    = magic, version "\0", byte order, size of a word, size of a page (32 bits), pages, formats, { system }
//! pages   = "header_page\0", text, "header_event\0", text
//! formats = count (32), { text }
//! system  = name "\0", formats                                    (preceded by their count, 32)
//! text    = size (64), bytes
//! ```
//!
//! A file without them has the positions that every 64-bit kernel uses.

use super::event::Event;
use super::sample::Sample;
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::collapse::perf::EventName;
use crate::collapse::perf::absences::{Change, IDLE, SWITCH, Thread};
use ahash::AHashMap;

/// The position of a number in the raw data of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    offset: usize,
    size: usize,
}

/// The fields of an event, by name.
type Fields = AHashMap<Vec<u8>, Field>;

/// The fields of the scheduler's events, by the ID of the event.
#[derive(Debug, Default)]
pub(super) struct Tracepoints {
    of_id: AHashMap<u64, Fields>,
}

impl Tracepoints {
    /// Reads the tracing data, as far as it is intact.
    pub fn read(&mut self, data: &[u8], order: ByteOrder) {
        self.read_all(Bytes::new(data, order));
    }

    fn read_all(&mut self, mut data: Bytes<'_>) -> Option<()> {
        const MAGIC: &[u8] = b"\x17\x08\x44tracing";
        (data.take(MAGIC.len() as u64)? == MAGIC).then_some(())?;
        text_to_zero(&mut data)?;
        const SIZES: u64 = 6;
        data.skip(SIZES)?;
        for _page in 0..2 {
            text_to_zero(&mut data)?;
            counted(&mut data)?;
        }
        self.read_formats(b"ftrace", &mut data)?;
        for _ in 0..data.u32()? {
            let system = text_to_zero(&mut data)?;
            self.read_formats(system, &mut data)?;
        }
        Some(())
    }

    fn read_formats(&mut self, system: &[u8], data: &mut Bytes<'_>) -> Option<()> {
        for _ in 0..data.u32()? {
            let text = counted(data)?;
            if system == b"sched"
                && let Some((id, fields)) = read_format(text)
            {
                self.of_id.insert(id, fields);
            }
        }
        Some(())
    }

    /// What a sample of `event` with this role changes; `None` if fields are missing.
    pub fn change(
        &self,
        role: Role,
        event: &Event,
        sample: &Sample<'_>,
        order: ByteOrder,
    ) -> Option<Change> {
        const DEAD: i64 = 0x10;
        const ZOMBIE: i64 = 0x20;
        let number = |name| self.number(event, name, sample.raw?, order);
        Some(match role {
            Role::Switch => Change::Switch {
                previous: number("prev_pid")?,
                next: number("next_pid")?,
                is_exit: number("prev_state")? & (DEAD | ZOMBIE) != 0,
            },
            Role::SoftwareSwitch => Change::Switch {
                previous: Thread::from(sample.tid),
                next: IDLE,
                is_exit: false,
            },
            Role::Wakeup => Change::Wakeup(number("pid")?),
        })
    }

    fn number(&self, event: &Event, name: &str, raw: &[u8], order: ByteOrder) -> Option<Thread> {
        let field = match event.tracepoint().and_then(|id| self.of_id.get(&id)) {
            Some(fields) => *fields.get(name.as_bytes())?,
            None => usual_field(name)?,
        };
        let bytes = raw.get(field.offset..)?;
        let mut bytes = Bytes::new(bytes, order);
        match field.size {
            4 => bytes.i32().map(i64::from),
            8 => bytes.u64().map(u64::cast_signed),
            _ => None,
        }
    }
}

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Switch,
    /// A thread leaves a CPU, and another record says when it returns.
    SoftwareSwitch,
    Wakeup,
}

/// The name of the software event.
pub(super) const SOFTWARE_SWITCH: &str = "context-switches";

impl Role {
    /// The role of an event; `None` if it is not one of the scheduler's.
    pub fn of(event: &Event) -> Option<Role> {
        match EventName::new(&event.name).name {
            name if name == SWITCH.as_bytes() => Some(Role::Switch),
            name if name == SOFTWARE_SWITCH.as_bytes() => Some(Role::SoftwareSwitch),
            b"sched:sched_waking" | b"sched:sched_wakeup" | b"sched:sched_wakeup_new" => {
                Some(Role::Wakeup)
            }
            _ => None,
        }
    }
}

fn usual_field(name: &str) -> Option<Field> {
    let (offset, size) = match name {
        "pid" | "prev_pid" => (24, 4),
        "prev_state" => (32, 8),
        "next_pid" => (56, 4),
        _ => return None,
    };
    Some(Field { offset, size })
}

/// Reads the ID of an event and its fields, each of which is in a line such as
/// `field:pid_t prev_pid; offset:24; size:4; signed:1;`.
fn read_format(text: &[u8]) -> Option<(u64, Fields)> {
    let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let id = lines().find_map(|line| number(line.strip_prefix(b"ID:")?))?;
    let fields = lines().filter_map(|line| {
        let mut parts = line.strip_prefix(b"field:")?.split(|byte| *byte == b';');
        let name = parts.next()?.rsplit(|byte| *byte == b' ').next()?;
        let mut value = |key: &[u8]| number(parts.next()?.trim_ascii().strip_prefix(key)?);
        let (offset, size) = (value(b"offset:")?, value(b"size:")?);
        let field = Field {
            offset: usize::try_from(offset).ok()?,
            size: usize::try_from(size).ok()?,
        };
        Some((name.to_vec(), field))
    });
    Some((id, fields.collect()))
}

fn number(text: &[u8]) -> Option<u64> {
    crate::bytes::count::parse_digits(text.trim_ascii())
}

fn text_to_zero<'a>(data: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = memchr::memchr(0, data.rest())? as u64;
    let text = data.take(length)?;
    data.skip(1)?;
    Some(text)
}

/// Bytes preceded by their number.
fn counted<'a>(data: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let size = data.u64()?;
    data.take(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_scheduler_are_known_by_name() {
        for (name, role) in [
            ("sched:sched_switch", Some(Role::Switch)),
            ("context-switches", Some(Role::SoftwareSwitch)),
            ("sched:sched_waking", Some(Role::Wakeup)),
            ("sched:sched_wakeup", Some(Role::Wakeup)),
            ("sched:sched_wakeup_new", Some(Role::Wakeup)),
            ("sched:sched_stat_wait", None),
            ("cycles", None),
        ] {
            let mut event = Event::default();
            event.name = name.into();
            assert_eq!(Role::of(&event), role, "{name}");
        }
    }

    #[test]
    fn fields_are_read_at_the_offsets_of_the_format() {
        let text = b"name: sched_waking\nID: 375\nformat:\n\
            \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
            \tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n\
            \tfield:pid_t pid;\toffset:28;\tsize:4;\tsigned:1;\n\nprint fmt: \"\"\n";
        let (id, fields) = read_format(text).unwrap();
        assert_eq!(id, 375);
        let expected = Field {
            offset: 28,
            size: 4,
        };
        assert_eq!(fields.get(b"pid".as_slice()), Some(&expected));
    }
}
