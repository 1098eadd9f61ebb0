//! The memory mappings of a process: lines of `/proc/PID/maps`, which several formats end with.

use super::addresses::{AddressId, Addresses, FileAddress, FileId};
use super::lines::{parse, parse_hex};

/// The mappings of a process, by address.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    mappings: Vec<Mapping>,
}

#[derive(Debug)]
struct Mapping {
    start: u64,
    end: u64,
    /// Its start in the file.
    offset: u64,
    path: Vec<u8>,
    id: FileId,
}

impl Maps {
    /// Adds a mapping, if the line has one.
    pub fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let range = words.next()?;
        let dash = memchr::memchr(b'-', range)?;
        let (start, end) = (parse_hex(&range[..dash])?, parse_hex(&range[dash + 1..])?);
        let permissions = words.next()?;
        let offset = words.next().and_then(parse_hex).unwrap_or(0);
        // The device comes before the inode.
        let inode = words.nth(1).and_then(parse).filter(|inode| *inode > 0);
        // The path may hold spaces.
        let path = words.next().map_or(&b""[..], |first| {
            let start = first.as_ptr() as usize - line.as_ptr() as usize;
            line[start..].trim_ascii()
        });
        if permissions.contains(&b'x') {
            self.mappings.push(Mapping {
                start,
                end,
                offset,
                path: path.to_vec(),
                id: inode.map_or(FileId::Unknown, FileId::Inode),
            });
        }
        Some(())
    }

    /// Prepares for lookups, after all lines were read.
    pub fn sort(&mut self) {
        self.mappings.sort_unstable_by_key(|mapping| mapping.start);
    }

    /// Adds an address of the process to those to symbolize.
    pub fn add(&self, address: u64, addresses: &mut Addresses<'_>) -> AddressId {
        match self.mapping_at(address) {
            Some(mapping) => {
                let file_address = FileAddress::in_mapping(address, mapping.start, mapping.offset);
                addresses.add(&mapping.path, &mapping.id, file_address, address)
            }
            None => addresses.add(b"", &FileId::Unknown, FileAddress::Unknown, address),
        }
    }

    fn mapping_at(&self, address: u64) -> Option<&Mapping> {
        let after = self
            .mappings
            .partition_point(|mapping| mapping.start <= address);
        let mapping = self.mappings.get(after.checked_sub(1)?)?;
        (address < mapping.end).then_some(mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::shared::SymbolOptions;

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
        let name = |address: u64, addrs: bool| {
            let options = SymbolOptions {
                addrs,
                ..SymbolOptions::default()
            };
            let mut addresses = Addresses::new(&options, false);
            let id = maps.add(address, &mut addresses);
            addresses.resolve().frames(id).concat()
        };
        assert_eq!(name(0x5010, true), b"[libz.so.1 <5010>]");
        assert_eq!(name(0x5010, false), b"[libz.so.1]");
        assert_eq!(name(0x3000, false), b"[unknown]");
        assert_eq!(name(0x1000, true), b"[unknown <1000>]");
        assert!(maps.read_line(b"build=x").is_none());
    }
}
