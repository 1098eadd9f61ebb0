//! The values of a profile.

use super::{Count, Unit};
use std::io;

/// One of the values that a profile has for each stack, such as samples or bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueType {
    /// The name in the profile: `cpu`, `inuse_space`.
    pub name: String,
    /// The unit: `nanoseconds`, `bytes`, `count`.
    pub unit: String,
    /// The sum over all samples.
    pub sum: Count,
    /// Whether this value is the default.
    pub is_default: bool,
}

impl ValueType {
    pub(crate) fn new(name: impl Into<String>, unit: impl Into<String>) -> ValueType {
        ValueType {
            name: name.into(),
            unit: unit.into(),
            sum: Count::ZERO,
            is_default: false,
        }
    }

    /// The unit of its counts.
    pub(crate) fn counts(&self) -> Unit {
        match self.unit.as_str() {
            "count" => Unit::called(plural(&self.name)),
            unit => Unit::called(unit),
        }
    }

    /// The index of the value called `name`.
    pub(crate) fn find(values: &[ValueType], name: &str) -> io::Result<usize> {
        let found = values.iter().position(|value| value.name == name);
        found.ok_or_else(|| unknown(values, name))
    }

    /// Adds the sums of other profiles to `values`, by name.
    pub(crate) fn merge_all(values: &mut Vec<ValueType>, others: Vec<ValueType>) {
        for other in others {
            match values.iter_mut().find(|value| value.name == other.name) {
                Some(value) => value.sum += other.sum,
                None => values.push(other),
            }
        }
    }
}

/// The plural of what a value counts. Go names some of its profiles in the singular.
fn plural(name: &str) -> &str {
    match name {
        "goroutine" => "goroutines",
        "threadcreate" => "threads",
        plural => plural,
    }
}

#[cold]
fn unknown(values: &[ValueType], wanted: &str) -> io::Error {
    let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
    let message = format!(
        "the profile has no value `{wanted}`; it has {}",
        names.join(", ")
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}
