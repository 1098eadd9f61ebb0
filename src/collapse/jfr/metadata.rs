//! The types of a chunk: the fields of each class, which determine how values are read.

use super::input::{Input, Text};
use ahash::{AHashMap, AHashSet};

/// A class, by its number in the chunk.
pub(super) type ClassId = i64;

/// The classes of a chunk.
#[derive(Default)]
pub(super) struct Metadata {
    pub classes: AHashMap<ClassId, Class>,
}

#[derive(Default)]
pub(super) struct Class {
    pub name: String,
    pub fields: Vec<Field>,
    /// The encoding of its values.
    pub kind: Kind,
    /// The number of integers in a value, if it consists only of these, as most do. Such values can
    /// be skipped quickly.
    pub integers: Option<usize>,
}

pub(super) struct Field {
    pub name: String,
    pub class: ClassId,
    pub is_array: bool,
    /// Whether the field has a key instead of a value.
    pub is_pooled: bool,
    /// Whether it is a single integer: a key, or a number.
    pub is_integer: bool,
}

impl Class {
    /// The last field called `name`.
    pub fn find(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rfind(|field| field.name == name)
    }
}

/// The encoding of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// One byte.
    Byte,
    /// An integer.
    Number,
    Float,
    Double,
    Text,
    /// Its fields in order.
    #[default]
    Object,
}

impl Kind {
    fn of(class: &str) -> Kind {
        match class {
            "boolean" | "byte" => Kind::Byte,
            "char" | "short" | "int" | "long" => Kind::Number,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "java.lang.String" => Kind::Text,
            _ => Kind::Object,
        }
    }
}

/// An element of the tree that describes the classes.
struct Element {
    name: usize,
    attributes: Vec<(usize, usize)>,
    children: Vec<Element>,
}

/// Elements written by JVMs are not nested deeper.
const MAX_DEPTH: usize = 64;

impl Element {
    fn read(input: &mut Input<'_>, depth: usize) -> Option<Element> {
        let index = |number: i64| usize::try_from(number).ok();
        let name = index(input.number()?)?;
        let attributes = (0..input.count()?)
            .map(|_| Some((index(input.number()?)?, index(input.number()?)?)))
            .collect::<Option<_>>()?;
        let count = input.count()?;
        let children = match depth < MAX_DEPTH {
            true => (0..count)
                .map(|_| Element::read(input, depth + 1))
                .collect::<Option<_>>()?,
            false => return None,
        };
        Some(Element {
            name,
            attributes,
            children,
        })
    }

    fn attribute<'s>(&self, key: &str, strings: &'s [String]) -> Option<&'s str> {
        let is_key = |at: &usize| strings.get(*at).is_some_and(|text| text == key);
        let (_, value) = self.attributes.iter().find(|(at, _)| is_key(at))?;
        strings.get(*value).map(String::as_str)
    }
}

impl Metadata {
    /// Reads the event at `at`; `None` if it is damaged.
    pub fn read(chunk: &[u8], at: usize) -> Option<Metadata> {
        let mut input = Input::at(chunk, at);
        // Its size, type, start, duration and id.
        for _ in 0..5 {
            input.number()?;
        }
        let strings = (0..input.count()?).map(|_| {
            Some(match input.text()? {
                Text::Utf8(text) => String::from_utf8_lossy(text).into_owned(),
                Text::Owned(text) => String::from_utf8_lossy(&text).into_owned(),
                Text::Null | Text::Pooled(_) => String::new(),
            })
        });
        let strings = strings.collect::<Option<Vec<String>>>()?;
        let root = Element::read(&mut input, 0)?;
        let mut metadata = Metadata::default();
        metadata.add_classes(&root, &strings);
        metadata.find_integers();
        Some(metadata)
    }

    /// Determines which fields and values are integers, after all classes are known.
    fn find_integers(&mut self) {
        let numbers = self.classes.iter();
        let numbers = numbers.filter(|(_, class)| class.kind == Kind::Number);
        let numbers: AHashSet<ClassId> = numbers.map(|(id, _)| *id).collect();
        for class in self.classes.values_mut() {
            for field in &mut class.fields {
                let is_number = field.is_pooled || numbers.contains(&field.class);
                field.is_integer = is_number && !field.is_array;
            }
            let are_integers = class.fields.iter().all(|field| field.is_integer);
            class.integers = match class.kind {
                Kind::Number => Some(1),
                Kind::Object if are_integers => Some(class.fields.len()).filter(|count| *count > 0),
                _ => None,
            };
        }
    }

    fn add_classes(&mut self, element: &Element, strings: &[String]) {
        if strings
            .get(element.name)
            .is_some_and(|name| name == "class")
            && let Some(id) = element
                .attribute("id", strings)
                .and_then(|id| id.parse().ok())
        {
            let name = element.attribute("name", strings).unwrap_or_default();
            let fields = element
                .children
                .iter()
                .filter_map(|child| field(child, strings));
            let class = Class {
                name: name.to_string(),
                fields: fields.collect(),
                kind: Kind::of(name),
                integers: None,
            };
            self.classes.insert(id, class);
        }
        for child in &element.children {
            self.add_classes(child, strings);
        }
    }

    /// The number of the class called `name`.
    pub fn find(&self, name: &str) -> Option<ClassId> {
        let found = self.classes.iter().find(|(_, class)| class.name == name);
        found.map(|(id, _)| *id)
    }
}

fn field(element: &Element, strings: &[String]) -> Option<Field> {
    if strings.get(element.name)? != "field" {
        return None;
    }
    Some(Field {
        name: element.attribute("name", strings)?.to_string(),
        class: element.attribute("class", strings)?.parse().ok()?,
        is_array: element.attribute("dimension", strings) == Some("1"),
        is_pooled: element.attribute("constantPool", strings) == Some("true"),
        is_integer: false,
    })
}
