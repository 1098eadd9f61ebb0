//! Computes the position of a name in its palette: by one of two hashes of the name, or at random.

use super::Vector;

/// A hash by which names with the same prefix have similar colors.
pub(in crate::flamegraph) fn by_prefix(name: &str) -> Vector {
    let (first, second) = (prefix_hash(name.bytes()), prefix_hash(name.bytes().rev()));
    [first, second, second]
}

/// A hash from 0 to 1, in which the first of three characters has the largest weight.
///
/// A module before the first `` ` `` is ignored.
fn prefix_hash(name: impl Iterator<Item = u8> + Clone) -> f32 {
    let module = name.clone().skip(1).position(|byte| byte == b'`');
    let function = name.skip(module.map_or(0, |at| at + 2));
    let (mut sum, mut max) = (0.0, 1.0);
    let (mut weight, mut modulus) = (1.0, 10);
    for byte in function.take(3) {
        sum += f32::from(byte % modulus) / f32::from(modulus - 1) * weight;
        modulus += 1;
        max += weight;
        weight *= 0.70;
    }
    1.0 - sum / max
}

/// Three numbers from the FNV-1a hash of the name, which are unrelated for different names.
pub(in crate::flamegraph) fn by_hash(name: &str) -> Vector {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let first = name.bytes().fold(OFFSET_BASIS, step);
    let second = first.wrapping_mul(PRIME);
    [first, second, second.wrapping_mul(PRIME)].map(|hash| (hash as f64 / u64::MAX as f64) as f32)
}

/// A pseudorandom number generator with the same numbers in every run: Marsaglia's xorshift.
#[derive(Debug)]
pub(in crate::flamegraph) struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(1234)
    }

    pub fn vector(&mut self) -> Vector {
        [self.next(), self.next(), self.next()]
    }

    /// A number from 0 to 1.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper 53 bits fit into an f64.
        ((self.0 >> 11) as f64 / (1u64 << 53) as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes_of_the_prefix() {
        for (name, hash) in [
            (
                "org/mozilla/javascript/NativeFunction:.initScriptFunction_[j]",
                0.779646,
            ),
            ("genunix`kmem_cache_free", 0.466926),
            ("unix`0xfffffffffb8001d6", 0.418131),
            ("eerf_ehcac_memk`xinuneg", 0.840410),
            ("", 1.0),
        ] {
            let found = prefix_hash(name.bytes());
            assert!((found - hash).abs() < 1e-6, "{name}: {found}");
        }
    }

    #[test]
    fn a_leading_backtick_is_part_of_the_name() {
        assert_ne!(prefix_hash("`abc".bytes()), prefix_hash("abc".bytes()));
    }

    #[test]
    fn fnv_of_known_names() {
        // FNV-1a of "a" is af63dc4c8601ec8c.
        let [first, ..] = by_hash("a");
        assert_eq!(
            first,
            (0xaf63_dc4c_8601_ec8c_u64 as f64 / u64::MAX as f64) as f32
        );
        assert_ne!(by_hash("a"), by_hash("b"));
    }

    #[test]
    fn random_numbers_repeat_and_stay_in_range() {
        let (mut one, mut two) = (Random::new(), Random::new());
        for _ in 0..1000 {
            let vector = one.vector();
            assert_eq!(vector, two.vector());
            assert!(vector.iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}
