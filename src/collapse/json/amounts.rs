//! [`Amounts`]: a column of numbers.

use super::ForEach;
use super::packed::PackedIntegers;
use crate::bytes::decimal::Decimal;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer};

/// A column of numbers, most of which are small integers and take few bytes. Equal numbers at its
/// start take no memory, because many columns have nothing else.
#[derive(Debug, Default)]
pub(crate) struct Amounts {
    first: Decimal,
    /// The length of the initial run of equal numbers.
    equal: usize,
    /// Values from [`LARGE`] on are indexes of large numbers.
    small: PackedIntegers,
    large: Vec<Decimal>,
}

const LARGE: u32 = 1 << 31;

impl Amounts {
    /// The number at `index`; zero if the column has `null`.
    pub fn get(&self, index: usize) -> Option<Decimal> {
        if index < self.equal {
            return Some(self.first);
        }
        match self.small.get(index - self.equal)? {
            small @ ..LARGE => Some(Decimal::from(u64::from(small))),
            place => self.large.get((place - LARGE) as usize).copied(),
        }
    }

    pub fn push(&mut self, number: Decimal) {
        if self.small.len() == 0 && (self.equal == 0 || number == self.first) {
            self.first = number;
            self.equal += 1;
            return;
        }
        let count = number.to_count().filter(|count| count.nanos() == 0);
        let small = count.and_then(|count| u32::try_from(count.whole()).ok());
        self.small.push(match small {
            Some(small @ ..LARGE) => small,
            _ => {
                self.large.push(number);
                LARGE + (self.large.len() - 1) as u32
            }
        });
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut amounts = Amounts::default();
        let each = ForEach::new(|number: Option<Decimal>| {
            amounts.push(number.unwrap_or_default());
            Ok(())
        });
        each.deserialize(deserializer)?;
        amounts.small.shrink_to_fit();
        amounts.large.shrink_to_fit();
        Ok(amounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_were() {
        let column = "[0, 7, null, -1, 0.5, 2147483647, 2147483648, 18446744073709551615]";
        let amounts: Amounts = serde_json::from_str(column).unwrap();
        let numbers = (0..8).map(|index| amounts.get(index).unwrap().to_string());
        let expected = [
            "0",
            "7",
            "0",
            "-1",
            "0.5",
            "2147483647",
            "2147483648",
            "18446744073709551615",
        ];
        assert_eq!(numbers.collect::<Vec<_>>(), expected);
        assert_eq!(amounts.get(8), None);
        assert_eq!((amounts.equal, amounts.large.len()), (1, 4));
        let ones: Amounts = serde_json::from_str("[1, 1, 1]").unwrap();
        assert_eq!((ones.equal, ones.small.len()), (3, 0));
        assert_eq!(ones.get(2), Some(Decimal::from(1u64)));
        assert_eq!(ones.get(3), None);
    }
}
