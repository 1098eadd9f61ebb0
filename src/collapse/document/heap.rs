//! Heap profiles in the style of tcmalloc: objects and bytes, in use and allocated in total.

use super::ValueType;
use super::lines::parse;
use crate::bytes::decimal::Decimal;

/// The values of each stack, in the order of [`value_types`].
pub(crate) fn value_types() -> Vec<ValueType> {
    vec![
        ValueType::new("inuse_space", "bytes"),
        ValueType::new("inuse_objects", "count"),
        ValueType::new("alloc_space", "bytes"),
        ValueType::new("alloc_objects", "count"),
    ]
}

/// The counts of a stack in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    in_use: Allocations,
    allocated: Allocations,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Allocations {
    objects: u64,
    bytes: u64,
}

/// Parses `OBJECTS: BYTES [OBJECTS: BYTES]`.
pub(crate) fn counts(text: &[u8]) -> Option<Counts> {
    let text = text.trim_ascii();
    let (in_use, allocated) = match memchr::memchr(b'[', text) {
        Some(open) => (&text[..open], Some(text[open + 1..].strip_suffix(b"]")?)),
        None => (text, None),
    };
    Some(Counts {
        in_use: allocations(in_use)?,
        allocated: allocated.map_or(Some(Allocations::default()), allocations)?,
    })
}

fn allocations(text: &[u8]) -> Option<Allocations> {
    let colon = memchr::memchr(b':', text)?;
    Some(Allocations {
        objects: parse(text[..colon].trim_ascii())?,
        bytes: parse(text[colon + 1..].trim_ascii())?,
    })
}

/// The sampling of allocations: one per `rate` bytes, on average.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampling {
    rate: u64,
}

impl Sampling {
    /// All allocations are recorded.
    pub const NONE: Sampling = Sampling { rate: 1 };

    pub fn with_rate(rate: u64) -> Sampling {
        Sampling { rate }
    }

    /// Estimates the allocations that the sampled ones represent: an allocation is sampled with the
    /// probability `1 - exp(-size / rate)`.
    fn scale(self, sampled: Allocations) -> [Decimal; 2] {
        let Allocations { objects, bytes } = sampled;
        if self.rate <= 1 || objects == 0 || bytes == 0 {
            return [Decimal::from(bytes), Decimal::from(objects)];
        }
        let size = bytes as f64 / objects as f64;
        let scale = 1.0 / (1.0 - (-size / self.rate as f64).exp());
        // Truncated to whole bytes and objects, as in other tools.
        [bytes, objects].map(|count| Decimal::from((count as f64 * scale) as u64))
    }
}

impl Counts {
    /// Estimates the values for all allocations, not only the sampled ones.
    pub fn unsampled(self, sampling: Sampling) -> [Decimal; 4] {
        let [in_use_bytes, in_use_objects] = sampling.scale(self.in_use);
        let [bytes, objects] = sampling.scale(self.allocated);
        [in_use_bytes, in_use_objects, bytes, objects]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_with_and_without_those_ever_allocated() {
        let read = |text: &str| counts(text.as_bytes()).map(|it| it.unsampled(Sampling::NONE));
        let values = |values: [u64; 4]| Some(values.map(Decimal::from));
        assert_eq!(read("  2:  200 [ 4: 400] "), values([200, 2, 400, 4]));
        assert_eq!(read("2: 200"), values([200, 2, 0, 0]));
        assert_eq!(read("2: x"), None);
    }

    /// One in 1.58 allocations of the sampling rate's size is not sampled.
    #[test]
    fn sampled_allocations_represent_others() {
        let sampled = counts(b"4: 2097152 [0: 0]").unwrap();
        let values = sampled.unsampled(Sampling::with_rate(524_288));
        assert_eq!(values, [3_317_645_u64, 6, 0, 0].map(Decimal::from));
    }
}
