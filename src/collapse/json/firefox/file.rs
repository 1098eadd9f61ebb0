//! The contents of a Firefox Profiler profile: threads and their tables, as columns or as rows.

use crate::bytes::decimal::Decimal;
use crate::collapse::document::addresses::{AddressId, Addresses, FileAddress, FileId};
use crate::collapse::json::amounts::Amounts;
use crate::collapse::json::packed::PackedIntegers;
use crate::collapse::json::{self, ForEach, Id, OwnedText, Text};
use ahash::RandomState;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;

/// A file of which `T` is read for each thread: [`Thread`] or [`ThreadTimes`].
#[derive(Deserialize, Default)]
#[serde(default, bound = "T: Deserialize<'de> + Default")]
pub(super) struct File<T> {
    pub meta: Meta,
    #[serde(deserialize_with = "json::or_default")]
    pub libs: Vec<Lib>,
    pub threads: Option<Vec<T>>,
    /// Boxed, because files nest, and their size is the stack use of each level.
    pub shared: Box<T>,
    pub processes: Vec<File<T>>,
    /// The wrapper that old developer tools add.
    pub profile: Option<Box<File<T>>>,
}

impl<T> File<T> {
    /// The file and the nested files of other processes.
    pub fn with_processes(self) -> Vec<File<T>> {
        let mut files = Vec::new();
        let mut pending = vec![self];
        while let Some(mut file) = pending.pop() {
            if let Some(profile) = file.profile.take() {
                pending.push(*profile);
            }
            pending.append(&mut file.processes);
            files.push(file);
        }
        files
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    /// In milliseconds.
    pub interval: Decimal,
    /// When the process started, in milliseconds. Times in rows are relative to it.
    pub start_time: Option<Decimal>,
    pub symbolicated: Option<bool>,
    pub sample_units: Option<SampleUnits>,
}

#[derive(Deserialize)]
pub(super) struct SampleUnits {
    #[serde(rename = "threadCPUDelta")]
    pub cpu: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lib {
    #[serde(default)]
    pub name: OwnedText,
    pub path: Option<OwnedText>,
    pub code_id: Option<OwnedText>,
    pub breakpad_id: Option<OwnedText>,
}

impl Lib {
    /// Adds an address in it to those to symbolize.
    pub fn add(&self, address: u64, addresses: &mut Addresses<'_>) -> AddressId {
        let path = self.path.as_ref().filter(|path| path.ends_with(&self.name));
        let id = match (&self.code_id, &self.breakpad_id) {
            (Some(id), _) => FileId::of_hex(id),
            (None, Some(id)) => FileId::of_breakpad(id),
            (None, None) => FileId::Unknown,
        };
        let path = path.unwrap_or(&self.name);
        addresses.add(path, &id, FileAddress::InImage(address), address)
    }
}

/// A thread with its tables; `shared` has only tables.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Thread {
    pub name: Option<OwnedText>,
    pub process_name: Option<OwnedText>,
    #[serde(deserialize_with = "id")]
    pub pid: Option<String>,
    #[serde(deserialize_with = "id")]
    pub tid: Option<String>,
    pub samples: Samples,
    pub native_allocations: Option<Samples>,
    pub js_allocations: Option<Samples>,
    pub stack_table: Table,
    pub frame_table: Table,
    pub func_table: Table,
    pub resource_table: Table,
    pub string_array: Strings,
    pub string_table: Strings,
}

/// An id as text.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = Option::<Id<'_>>::deserialize(deserializer)?;
    Ok(id.map(|id| id.to_string()))
}

/// Samples or allocations.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Samples {
    pub stack: Indexes,
    pub weight: Option<Amounts>,
    pub weight_type: Option<String>,
    #[serde(rename = "threadCPUDelta")]
    pub cpu_deltas: Option<Amounts>,
    pub schema: Schema,
    pub data: Vec<Row>,
}

impl Samples {
    /// The stack of each sample.
    pub fn stacks(&self) -> Column<'_> {
        Column::new(&self.stack, "stack", &self.schema, &self.data)
    }

    pub fn has_cpu_deltas(&self) -> bool {
        self.cpu_deltas.is_some() || self.schema.contains_key(CPU_DELTA)
    }

    /// The CPU time in a row-based table of Firefox.
    pub fn cpu_delta_in_row(&self, index: usize) -> Option<Decimal> {
        let column = *self.schema.get(CPU_DELTA)?;
        let delta = self.data.get(index)?.get(column)?.get()?;
        Some(Decimal::from(delta as u64))
    }
}

/// The times of a thread's samples. They take more memory than all other columns together, so they
/// are read only if samples are selected by time.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ThreadTimes {
    pub samples: Times,
    pub native_allocations: Option<Times>,
    pub js_allocations: Option<Times>,
}

/// The times of samples or allocations, in milliseconds.
#[derive(Default)]
pub(super) struct Times {
    time: Option<Amounts>,
    time_deltas: Option<Amounts>,
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase", default)]
        struct Columns<'a> {
            time: Option<Amounts>,
            time_deltas: Option<Amounts>,
            schema: Schema,
            /// The rows, which may precede the schema.
            #[serde(borrow)]
            data: Option<&'a RawValue>,
        }
        let columns = Columns::deserialize(deserializer)?;
        let position = columns.schema.get("time".as_bytes());
        let in_rows = position.zip(columns.data);
        let in_rows = in_rows.map(|(position, rows)| column_of_rows(*position, rows.get()));
        Ok(Times {
            time: in_rows
                .transpose()
                .map_err(D::Error::custom)?
                .or(columns.time),
            time_deltas: columns.time_deltas,
        })
    }
}

/// The numbers at a position in each of the rows.
fn column_of_rows(position: usize, rows: &str) -> serde_json::Result<Amounts> {
    let mut amounts = Amounts::default();
    let each = ForEach::new(|row: Vec<&RawValue>| {
        let cell = row.get(position).map_or("null", |cell| cell.get());
        let number: Option<Decimal> = serde_json::from_str(cell)?;
        amounts.push(number.unwrap_or_default());
        Ok(())
    });
    each.deserialize(&mut serde_json::Deserializer::from_str(rows))?;
    Ok(amounts)
}

impl Times {
    /// The time of each sample, as far as recorded, for times that are relative to `start`.
    pub fn iter(&self, start: Decimal) -> impl Iterator<Item = Option<Decimal>> + '_ {
        let mut sum = Decimal::ZERO;
        let of = |amounts: &Option<Amounts>, index| amounts.as_ref()?.get(index);
        (0..).map(move |index| {
            let delta = of(&self.time_deltas, index);
            sum += delta.unwrap_or_default();
            let time = of(&self.time, index).or(delta.map(|_| sum));
            time.map(|time| start + time)
        })
    }
}

/// The column with the CPU time since the previous sample.
const CPU_DELTA: &[u8] = b"threadCPUDelta";

/// A table of any kind; each kind has some of the columns.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Table {
    pub prefix: Indexes,
    pub prefix_offset: Indexes,
    pub frame: Indexes,
    pub func: Indexes,
    pub name: Indexes,
    pub resource: Indexes,
    pub lib: Indexes,
    pub file_name: Indexes,
    pub line: Indexes,
    pub address: Vec<Option<i64>>,
    pub schema: Schema,
    pub data: Vec<Row>,
}

/// The position of each column in a row.
pub(super) type Schema = HashMap<OwnedText, usize, RandomState>;

/// A row of a table of Firefox. Values that are not indexes are irrelevant.
pub(super) type Row = Vec<Index>;

impl Table {
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
            && self.frame.is_empty()
            && self.func.is_empty()
            && self.name.is_empty()
    }
}

/// A column of indexes.
pub(super) enum Column<'t> {
    Packed(&'t Indexes),
    InRows { rows: &'t [Row], position: usize },
}

impl<'t> Column<'t> {
    /// The column called `name`: `column` itself, or the one in rows.
    pub fn new(column: &'t Indexes, name: &str, schema: &Schema, rows: &'t [Row]) -> Column<'t> {
        match schema.get(name.as_bytes()) {
            Some(&position) => Column::InRows { rows, position },
            None => Column::Packed(column),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Column::Packed(indexes) => indexes.len(),
            Column::InRows { rows, .. } => rows.len(),
        }
    }

    /// The index in a row, if there is such a row.
    pub fn get(&self, row: usize) -> Option<Index> {
        match self {
            Column::Packed(indexes) => indexes.get(row),
            Column::InRows { rows, position } => {
                let row = rows.get(row)?;
                Some(row.get(*position).copied().unwrap_or(Index::NONE))
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Index> + '_ {
        (0..self.len()).map_while(|row| self.get(row))
    }
}

/// Indexes, as a column of a table.
#[derive(Default)]
pub(super) struct Indexes(PackedIntegers);

impl Indexes {
    pub const EMPTY: &'static Indexes = &Indexes(PackedIntegers::EMPTY);

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index in a row, if there is such a row.
    pub fn get(&self, row: usize) -> Option<Index> {
        // No index is stored as zero, which takes one byte instead of four.
        self.0.get(row).map(|index| Index(index.wrapping_sub(1)))
    }

    /// The index in a row, if it has one.
    pub fn at(&self, row: usize) -> Option<usize> {
        self.get(row)?.get()
    }
}

impl<'de> Deserialize<'de> for Indexes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut integers = PackedIntegers::EMPTY;
        let each = ForEach::new(|index: Index| {
            integers.push(index.0.wrapping_add(1));
            Ok(())
        });
        each.deserialize(deserializer)?;
        integers.shrink_to_fit();
        Ok(Indexes(integers))
    }
}

/// An index into a table, or no index, which is `null` or negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Index(u32);

impl Index {
    pub const NONE: Index = Index(u32::MAX);

    pub fn get(self) -> Option<usize> {
        (self != Index::NONE).then_some(self.0 as usize)
    }
}

impl<'de> Deserialize<'de> for Index {
    /// Other values count as no index, because rows of Firefox also contain other data.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IndexVisitor;
        impl<'de> Visitor<'de> for IndexVisitor {
            type Value = Index;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an index or null")
            }

            fn visit_u64<E>(self, index: u64) -> Result<Index, E> {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                Ok(Index(index.min(u32::MAX - 1)))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Index, E> {
                Ok(Index::NONE)
            }

            fn visit_f64<E>(self, index: f64) -> Result<Index, E> {
                let is_index = (0.0..f64::from(u32::MAX)).contains(&index) && index.fract() == 0.0;
                Ok(if is_index {
                    Index(index as u32)
                } else {
                    Index::NONE
                })
            }

            fn visit_bool<E>(self, _: bool) -> Result<Index, E> {
                Ok(Index::NONE)
            }

            fn visit_unit<E>(self) -> Result<Index, E> {
                Ok(Index::NONE)
            }

            fn visit_str<E>(self, _: &str) -> Result<Index, E> {
                Ok(Index::NONE)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Index, A::Error> {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Index::NONE)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Index, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Index::NONE)
            }
        }
        deserializer.deserialize_any(IndexVisitor)
    }
}

/// A table of strings; very old profiles use its name for something else.
#[derive(Default)]
pub(super) struct Strings {
    text: Vec<u8>,
    /// The end of each string.
    ends: Vec<usize>,
}

impl Strings {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |last| self.ends[last]);
        Some(&self.text[start..end])
    }

    fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
    }
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringsVisitor;
        impl<'de> Visitor<'de> for StringsVisitor {
            type Value = Strings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Strings, A::Error> {
                let mut strings = Strings::default();
                while let Some(text) = array.next_element::<Text<'de>>()? {
                    strings.push(&text);
                }
                Ok(strings)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strings, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Strings::default())
            }
        }
        deserializer.deserialize_any(StringsVisitor)
    }
}
