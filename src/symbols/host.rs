//! Checks whether a recording is from this machine, and which recorded processes are still running.

use super::object::{Kind, Object, User};
use super::system;
use std::fs;
use std::path::PathBuf;

/// The machine that made a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This machine, with the running kernel.
    ThisKernel,
    /// This machine.
    Here,
    /// Unknown.
    Unknown,
    /// Another machine.
    Elsewhere,
}

impl Origin {
    /// The origin of a recording from a machine name, an architecture and a kernel version; these
    /// are empty if unknown.
    pub fn of(recorded: [&[u8]; 3]) -> Origin {
        let Some(here) = system::host_names() else {
            return Origin::Elsewhere;
        };
        let is_known = |name: &[u8]| !name.is_empty();
        let is_same = [0, 1, 2].map(|at| *recorded[at] == here[at]);
        let differs = |at: usize| is_known(recorded[at]) && !is_same[at];
        match is_same {
            _ if differs(0) || differs(1) => Origin::Elsewhere,
            [true, true, true] => Origin::ThisKernel,
            [true, ..] => Origin::Here,
            _ => Origin::Unknown,
        }
    }
}

/// A recorded process that is still running.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Running {
    /// Its root directory, if different from ours.
    pub root: Option<PathBuf>,
    /// Its ID in its own PID namespace.
    pub inner_pid: i32,
}

impl Running {
    /// Finds the process that mapped `object`. Since its ID may have been reused, the object must
    /// still be mapped at the same address.
    pub fn find(user: User, object: &Object) -> Option<Running> {
        let process = PathBuf::from(format!("/proc/{}", user.pid));
        let maps = fs::read(process.join("maps")).ok()?;
        let is_mapped = |line: &[u8]| is_map_of(line, user.start, object);
        maps.split(|byte| *byte == b'\n').find(|it| is_mapped(it))?;
        let status = fs::read_to_string(process.join("status")).ok()?;
        let sees = |process: &str| fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
        let root = process.join("root");
        let is_at_our_root = fs::read_link(&root).ok()?.as_os_str() == "/";
        let sees_the_same = is_at_our_root && sees(&user.pid.to_string()) == sees("self");
        Some(Running {
            root: (!sees_the_same).then_some(root),
            inner_pid: inner_pid(&status).unwrap_or(user.pid),
        })
    }
}

/// Whether a line of `/proc/PID/maps` says that `object` is mapped around `address`: `start-end
/// access offset device inode path`.
fn is_map_of(line: &[u8], address: u64, object: &Object) -> bool {
    let mut words = line.splitn(6, |byte| *byte == b' ');
    let mut word = || std::str::from_utf8(words.next()?).ok();
    let number = |text| u64::from_str_radix(text, 16).ok();
    let range = word().and_then(|range| range.split_once('-'));
    let Some((Some(start), Some(end))) = range.map(|(start, end)| (number(start), number(end)))
    else {
        return false;
    };
    let (access, inode) = (word().unwrap_or_default(), word().and(word()).and(word()));
    let path = words.next().unwrap_or_default().trim_ascii_start();
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    let is_object = match object.kind {
        Kind::PerfMap => inode == Some("0") && access.contains('x'),
        // With another root, the path in the process is the end of the path that we see.
        _ => path.ends_with(&object.path),
    };
    is_object && (start..end).contains(&address)
}

/// The last number after `NSpid:`, which is the innermost.
fn inner_pid(status: &str) -> Option<i32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_number_is_the_last() {
        assert_eq!(inner_pid("Name:\tjava\nNSpid:\t7641\t12\t1\n"), Some(1));
        assert_eq!(inner_pid("NSpid:\t7641\n"), Some(7641));
        assert_eq!(inner_pid("Name:\told\n"), None);
    }

    #[test]
    fn a_process_is_the_same_if_the_object_is_where_it_was() {
        let line = b"7f10-7f30 r-xp 00002000 08:01 42      /opt/a b/lib.so (deleted)";
        let file = Object::new(Kind::File, b"lib.so", b"/opt/a b/lib.so", None);
        for (address, is_mapped) in [(0x7f0f, false), (0x7f10, true), (0x7f30, false)] {
            assert_eq!(is_map_of(line, address, &file), is_mapped, "{address:x}");
        }
        let other = Object::new(Kind::File, b"lib.so", b"/opt/lib.so", None);
        assert!(!is_map_of(line, 0x7f10, &other));
        let code = Object::new(Kind::PerfMap, b"/tmp/perf-5.map", b"/tmp/perf-5.map", None);
        assert!(is_map_of(b"10-20 rwxp 00000000 00:00 0 ", 0x18, &code));
        assert!(is_map_of(
            b"10-20 rwxp 00000000 00:00 0 [anon:code]",
            0x18,
            &code
        ));
        assert!(!is_map_of(b"10-20 rw-p 00000000 00:00 0 ", 0x18, &code));
        assert!(!is_map_of(line, 0x7f10, &code));
        assert!(!is_map_of(b"nonsense", 0, &code));
    }

    #[test]
    fn a_recording_says_where_it_was_made() {
        let Some(here) = system::host_names() else {
            return;
        };
        let origin = Origin::of;
        let [host, arch, release] = here.each_ref().map(Vec::as_slice);
        assert_eq!(origin([host, arch, release]), Origin::ThisKernel);
        assert_eq!(origin([host, arch, b"2.6.0"]), Origin::Here);
        assert_eq!(origin([host, b"", release]), Origin::Here);
        assert_eq!(origin([b"", b"", b""]), Origin::Unknown);
        assert_eq!(origin([b"", arch, release]), Origin::Unknown);
        assert_eq!(origin([b"elsewhere", arch, release]), Origin::Elsewhere);
        assert_eq!(origin([host, b"pdp11", release]), Origin::Elsewhere);
        assert_eq!(origin([b"", b"pdp11", b""]), Origin::Elsewhere);
    }
}
