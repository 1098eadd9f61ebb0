//! Reads values of a chunk according to their classes in the metadata.

use super::input::{Input, Text};
use super::metadata::{ClassId, Field, Kind, Metadata};
use ahash::AHashMap;

/// Values written by JVMs are not nested deeper.
const MAX_DEPTH: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(i64),
    /// Floating-point numbers, which are not used.
    Other,
    Text(Vec<u8>),
    /// A string in the string pool.
    PooledText(i64),
    /// The key of a value of this class.
    Key(ClassId, i64),
    Object(ClassId, Vec<Value>),
    Array(Vec<Value>),
}

/// The location of a value.
#[derive(Clone, Copy)]
pub(super) enum Location<'a> {
    /// A constant, by its class and key.
    Key(ClassId, i64),
    /// In an event itself, with its class.
    Inline(ClassId, Input<'a>),
}

/// A chunk with its types, and the positions of its constants.
pub(super) struct Constants<'a> {
    pub chunk: &'a [u8],
    pub metadata: Metadata,
    /// The position of the value for a key. The first definition counts.
    offsets: AHashMap<(ClassId, i64), usize>,
    string_class: Option<ClassId>,
}

impl<'a> Constants<'a> {
    pub fn new(chunk: &'a [u8], metadata: Metadata) -> Constants<'a> {
        Constants {
            chunk,
            string_class: metadata.find("java.lang.String"),
            metadata,
            offsets: AHashMap::new(),
        }
    }

    /// The class of the event at `at`, its contents, and its end; `None` if it is damaged.
    pub fn event(&self, at: usize) -> Option<(ClassId, Input<'a>, usize)> {
        let mut input = Input::at(self.chunk, at);
        let size = usize::try_from(input.number()?).ok()?;
        let class = input.number()?;
        let end = at.checked_add(size).filter(|end| *end >= input.at)?;
        Some((class, input, end))
    }

    /// Finds the constants of the checkpoint at `at`, and those of earlier ones.
    pub fn read_checkpoints(&mut self, at: usize) -> Option<()> {
        let mut at = at;
        loop {
            let delta = self.read_checkpoint(at)?;
            match delta {
                0 => return Some(()),
                // Each one must precede the one that refers to it, so that there are no cycles.
                ..0 => at = at.checked_sub(usize::try_from(delta.unsigned_abs()).ok()?)?,
                1.. => return None,
            }
        }
    }

    /// Returns the distance to the previous checkpoint; 0 if there is none.
    fn read_checkpoint(&mut self, at: usize) -> Option<i64> {
        let mut input = Input::at(self.chunk, at);
        // Its size, type, start and duration.
        for _ in 0..4 {
            input.number()?;
        }
        let delta = input.number()?;
        input.byte()?;
        for _ in 0..input.count()? {
            let class = input.number()?;
            for _ in 0..input.count()? {
                let key = input.number()?;
                self.offsets.entry((class, key)).or_insert(input.at);
                self.skip(&mut input, class, 0)?;
            }
        }
        Some(delta)
    }

    /// The bytes at a location.
    pub fn input(&self, location: Location<'a>) -> Option<Input<'a>> {
        match location {
            Location::Key(class, key) => {
                let at = *self.offsets.get(&(class, key))?;
                Some(Input::at(self.chunk, at))
            }
            Location::Inline(_, input) => Some(input),
        }
    }

    /// The value at a location.
    pub fn read_at(&self, location: Location<'a>) -> Option<Value> {
        let (Location::Key(class, _) | Location::Inline(class, _)) = location;
        self.read(&mut self.input(location)?, class, 0)
    }

    /// Returns the constant for a key, and any other value unchanged.
    pub fn resolve(&self, value: Value) -> Option<Value> {
        let (class, key) = match value {
            Value::Key(class, key) => (class, key),
            Value::PooledText(key) => (self.string_class?, key),
            value => return Some(value),
        };
        self.read_at(Location::Key(class, key))
    }

    /// Reads a value of `class`.
    pub fn read(&self, input: &mut Input<'_>, class: ClassId, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        let definition = self.metadata.classes.get(&class)?;
        Some(match definition.kind {
            Kind::Byte => Value::Number(i64::from(input.byte()?.cast_signed())),
            Kind::Number => Value::Number(input.number()?),
            Kind::Float => input.array::<4>().map(|_| Value::Other)?,
            Kind::Double => input.array::<8>().map(|_| Value::Other)?,
            Kind::Text => match input.text()? {
                Text::Null => Value::Text(Vec::new()),
                Text::Pooled(key) => Value::PooledText(key),
                Text::Utf8(text) => Value::Text(text.to_vec()),
                Text::Owned(text) => Value::Text(text),
            },
            Kind::Object => {
                let fields = definition.fields.iter();
                let fields = fields.map(|field| self.read_field(input, field, depth + 1));
                Value::Object(class, fields.collect::<Option<_>>()?)
            }
        })
    }

    pub fn read_field(&self, input: &mut Input<'_>, field: &Field, depth: usize) -> Option<Value> {
        let read = |input: &mut Input<'_>| match field.is_pooled {
            true => Some(Value::Key(field.class, input.number()?)),
            false => self.read(input, field.class, depth),
        };
        match field.is_array {
            true => {
                let count = input.count()?;
                let elements = (0..count).map(|_| taking_bytes(input, read));
                Some(Value::Array(elements.collect::<Option<_>>()?))
            }
            false => read(input),
        }
    }

    fn skip(&self, input: &mut Input<'_>, class: ClassId, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let definition = self.metadata.classes.get(&class)?;
        if let Some(integers) = definition.integers {
            return input.skip_numbers(integers);
        }
        match definition.kind {
            Kind::Byte => drop(input.byte()?),
            Kind::Number => drop(input.number()?),
            Kind::Float => drop(input.array::<4>()?),
            Kind::Double => drop(input.array::<8>()?),
            Kind::Text => drop(input.text()?),
            Kind::Object => {
                for field in &definition.fields {
                    self.skip_field(input, field, depth + 1)?;
                }
            }
        }
        Some(())
    }

    pub fn skip_field(&self, input: &mut Input<'_>, field: &Field, depth: usize) -> Option<()> {
        let count = match field.is_array {
            true => input.count()?,
            false => 1,
        };
        let class = self.metadata.classes.get(&field.class);
        let integers = match field.is_pooled {
            true => Some(1),
            false => class.and_then(|class| class.integers),
        };
        if let Some(integers) = integers {
            return input.skip_numbers(count.checked_mul(integers)?);
        }
        let skip = |input: &mut Input<'_>| self.skip(input, field.class, depth);
        match field.is_array {
            true => (0..count).try_for_each(|_| taking_bytes(input, skip)),
            false => skip(input),
        }
    }

    /// The field called `name` of an object, or of the object with the key `value`.
    pub fn field(&self, value: Value, name: &str) -> Option<Value> {
        let Value::Object(class, mut fields) = self.resolve(value)? else {
            return None;
        };
        let definition = self.metadata.classes.get(&class)?;
        let index = definition
            .fields
            .iter()
            .position(|field| field.name == name)?;
        (index < fields.len()).then(|| fields.swap_remove(index))
    }

    /// The text of a value, or of an object that wraps it, such as a symbol.
    pub fn text(&self, value: Value) -> Option<Vec<u8>> {
        match self.resolve(value)? {
            Value::Text(text) => Some(text),
            Value::Object(_, fields) => self.text(fields.into_iter().next()?),
            value @ Value::PooledText(_) => self.text(self.resolve(value)?),
            _ => None,
        }
    }
}

/// The result of `read`; `None` if it took no bytes, because a chunk could claim to have any number
/// of such values.
fn taking_bytes<T>(
    input: &mut Input<'_>,
    read: impl FnOnce(&mut Input<'_>) -> Option<T>,
) -> Option<T> {
    let start = input.at;
    read(input).filter(|_| input.at > start)
}
