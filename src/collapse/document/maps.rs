//! What a process had mapped where: the lines of `/proc/PID/maps`, which several formats end with.

use super::lines::parse_hex;
use super::names::{basename, object_name};

/// The mappings of a process, by their addresses.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    mappings: Vec<Mapping>,
}

#[derive(Debug)]
struct Mapping {
    start: u64,
    end: u64,
    object: Vec<u8>,
}

impl Maps {
    /// Takes a line, if it is one of a mapping.
    pub fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let range = words.next()?;
        let dash = memchr::memchr(b'-', range)?;
        let (start, end) = (parse_hex(&range[..dash])?, parse_hex(&range[dash + 1..])?);
        let permissions = words.next()?;
        // The offset, the device and the inode come before the path, which may hold spaces.
        let path = words.nth(3).map_or(&b""[..], |first| {
            let start = first.as_ptr() as usize - line.as_ptr() as usize;
            line[start..].trim_ascii()
        });
        if permissions.contains(&b'x') {
            let object = basename(path).to_vec();
            self.mappings.push(Mapping { start, end, object });
        }
        Some(())
    }

    /// Makes addresses be found; to be called once, when all lines are read.
    pub fn sort(&mut self) {
        self.mappings.sort_unstable_by_key(|mapping| mapping.start);
    }

    /// What a function at `address` is called: `[libc.so.6]`, or with the address.
    pub fn frame(&self, address: u64, with_address: bool) -> Vec<u8> {
        let after = self
            .mappings
            .partition_point(|mapping| mapping.start <= address);
        let mapping = after.checked_sub(1).map(|at| &self.mappings[at]);
        let mapping = mapping.filter(|mapping| address < mapping.end);
        let object = mapping.map_or(&b""[..], |mapping| &mapping.object);
        object_name(object, with_address.then_some(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_the_object_that_was_mapped_there() {
        let mut maps = Maps::default();
        for line in [
            "00005000-00006000 r-xp 00001000 08:01 13      /srv/my app/libz.so.1",
            "00001000-00002000 r--p 00000000 08:01 12      /srv/app/prog",
            "00003000-00004000 r-xp 00000000 00:00 0",
        ] {
            maps.read_line(line.as_bytes()).unwrap();
        }
        maps.sort();
        assert_eq!(maps.frame(0x5010, true), b"[libz.so.1 <5010>]");
        assert_eq!(maps.frame(0x5010, false), b"[libz.so.1]");
        assert_eq!(maps.frame(0x3000, false), b"[unknown]");
        assert_eq!(maps.frame(0x1000, true), b"[unknown <1000>]");
        assert!(maps.read_line(b"build=x").is_none());
    }
}
