//! Tests that memory grows with the distinct content of a recording, regardless of repetition and
//! compression.

use super::*;

const EXIT: u32 = 4;
const COMPRESSED: u32 = 81;

/// Mappings have such long names that the folded text exceeds the size of a pipe.
const LIBRARIES: u64 = 400;

fn start_of(library: u64) -> u64 {
    0x10000 * (library + 1)
}

/// A shell with its libraries, and a sample in each.
fn shell() -> File {
    let mut file = File::new(false).comm(5, 5, "sh", 1);
    for library in 0..LIBRARIES {
        let name = format!("/nowhere/{library}{}", "long".repeat(700));
        file = file.map(5, start_of(library), 0x1000, &name, 2);
        file = file.sample(5, 3, &[USER, start_of(library)]);
    }
    file
}

fn ids(pid: u32, parent: u32) -> Vec<u8> {
    [pid, parent, pid, parent]
        .iter()
        .flat_map(|id| id.to_le_bytes())
        .collect()
}

fn peak(records: &[u8]) -> u64 {
    let file = File {
        records: records.to_vec(),
        ..File::new(false)
    };
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("perf.data");
    fs::write(&path, file.bytes()).expect("a file");
    memory::peak(PERF, &path)
}

/// Each child of the shell maps a program over a library, and then exits, calls `exec`, or both.
fn children(count: u32, starts_another: bool, ends: bool) -> Vec<u8> {
    const IS_EXEC: u16 = 1 << 13;
    let mut file = File::new(false);
    for (pid, time) in (100..).zip(10..).take(count as usize) {
        file = file.fork(pid, 5, time);
        if starts_another {
            let body = [file.ids(pid, pid), File::text("true")].concat();
            file = file.event(COMM, IS_EXEC, &body, time);
        }
        file = file
            .map(pid, start_of(7), 0x1000, "/nowhere/true", time)
            .sample(pid, time, &[USER, start_of(7)]);
        if ends {
            file = file.event(EXIT, 0, &[ids(pid, 5), vec![0; 8]].concat(), time);
        }
        if pid % 100 == 0 {
            file = file.round();
        }
    }
    file.round().round().records
}

/// Only the samples on their way to a worker are in memory, each with the mappings of its process.
#[test]
fn processes_that_ended_are_forgotten() {
    let shell = shell().round().records;
    for starts_another in [false, true] {
        let measure = |count| peak(&[&shell[..], &children(count, starts_another, true)].concat());
        let (few, many) = (measure(1000), measure(20_000));
        assert!(many < few + (16 << 20), "{few} and {many} bytes");
    }
}

/// Mappings that running processes share are stored once.
#[test]
fn maps_are_shared_between_parents_and_children() {
    let shell = shell().round().records;
    let measure = |count| peak(&[&shell[..], &children(count, false, false)].concat());
    let (few, many) = (measure(1000), measure(11_000));
    let for_each = (many.saturating_sub(few)) / 10_000;
    assert!(for_each < 2048, "{for_each} bytes for each process");
}

/// A zstd frame with blocks that repeat one byte.
fn bomb(byte: u8, blocks: usize) -> Vec<u8> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    // No checksum, and a window of one megabyte.
    const HEADER: [u8; 2] = [0, 10 << 3];
    const BLOCK: u32 = (1 << 17) << 3 | 1 << 1;
    let [a, b, c, _] = BLOCK.to_le_bytes();
    [&MAGIC[..], &HEADER, &[a, b, c, byte].repeat(blocks)].concat()
}

/// Four bytes expand to 128 kilobytes, and a record to a quarter of a gigabyte. The contents are
/// records of perf itself, which are skipped, or no records at all.
#[test]
fn compressed_records_take_no_more_memory_than_a_block() {
    let shell = shell().round().records;
    let few = peak(&shell);
    for byte in [0x10, 0] {
        let compressed = File::new(false).record(COMPRESSED, 0, bomb(byte, 2048));
        let many = peak(&[&shell[..], &compressed.records].concat());
        assert!(many < few + (16 << 20), "{few} and {many} bytes");
    }
}
