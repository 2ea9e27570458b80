//! Reads a tree of placed values into the types that declare a profile: a serde `Deserializer`. What serde finds
//! wrong leaves here with the place, the path and the value that it is about. It knows no key by name.
use super::error::{PlanError, PlanResult};
use super::suggest::{in_a_table, shown};
use super::tree::{Node, Value};
use super::values::{FILE, Kind};
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

/// Reads the whole tree.
///
/// # Errors
/// The first mistake, with its place.
pub(super) fn read<'a, T: Deserialize<'a>>(tree: &'a Node) -> Result<T, PlanError> {
    T::deserialize(NodeReader { node: tree, key: "" })
}

/// Reads the section that stands under `key`.
///
/// # Errors
/// As [`read`].
pub(super) fn read_section<'a, T: Deserialize<'a>>(
    node: &'a Node,
    key: &'a str,
) -> Result<T, PlanError> {
    T::deserialize(NodeReader { node, key }).map_err(|e| e.under(key))
}

/// Reads the value that stands under `key`.
pub(super) fn read_kind<K: Kind>(node: &Node, key: &str) -> Result<K::Value, PlanError> {
    K::read(NodeReader { node, key }).map_err(|e| e.under(key))
}

/// The tables of a list under `key`; the built-in one where none is written.
pub(super) fn tables<T>(key: &str, written: Option<Vec<T>>, built_in: T) -> PlanResult<Vec<T>> {
    match written {
        Some(list) if list.is_empty() => {
            Err(PlanError::about(key, format!("is empty; write at least one [[{key}]]")))
        }
        Some(list) => Ok(list),
        None => Ok(vec![built_in]),
    }
}

/// One value of the tree, and the key that it stands under.
#[derive(Clone, Copy)]
struct NodeReader<'a> {
    node: &'a Node,
    key: &'a str,
}

impl<'a> NodeReader<'a> {
    /// Passes the value to the visitor, by its type.
    fn give<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, PlanError> {
        let given = match &self.node.value {
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Whole(n) => visitor.visit_i64(*n),
            Value::Decimal(n) => visitor.visit_f64(*n),
            Value::Flag(flag) => visitor.visit_bool(*flag),
            Value::Time(_) => Err(Error::invalid_type(Unexpected::Other("a date"), &visitor)),
            Value::List(nodes) => visitor.visit_seq(Items { nodes: nodes.iter(), index: 0 }),
            Value::Table(entries) => {
                visitor.visit_map(Entries { entries: entries.iter(), value: None })
            }
        };
        given.map_err(|e| self.placed(e))
    }

    /// The same, of a value that must be of one kind, which `wanted` says.
    fn give_if<V: Visitor<'a>>(
        self,
        is: bool,
        wanted: &str,
        visitor: V,
    ) -> Result<V::Value, PlanError> {
        if is { self.give(visitor) } else { Err(self.wrong(wanted)) }
    }

    /// An integer from `min` to `max`.
    fn whole<V: Visitor<'a>>(self, min: i64, max: i64, visitor: V) -> Result<V::Value, PlanError> {
        let is = matches!(self.node.value, Value::Whole(n) if (min..=max).contains(&n));
        self.give_if(is, &format!("an integer from {min} to {max}"), visitor)
    }

    fn wrong(self, wanted: &str) -> PlanError {
        self.placed(Error::invalid_value(Unexpected::Other(""), &wanted))
    }

    /// Adds this value and its place to an error that has none: the innermost reader's stay.
    fn placed(self, e: PlanError) -> PlanError {
        e.with_value(|| self.shown()).or_at(&self.node.place)
    }

    /// The value as an error may show it; not under a key of a password, where one may be by mistake.
    fn shown(self) -> String {
        if self.key.starts_with("password") {
            return "the value".to_owned();
        }
        shown(&match &self.node.value {
            Value::Text(text) => format!("{text:?}"),
            Value::Whole(n) => n.to_string(),
            Value::Decimal(n) => n.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Time(time) => time.clone(),
            Value::List(_) | Value::Table(_) => self.node.value.kind().to_owned(),
        })
    }

    const fn is_text(self) -> bool {
        matches!(self.node.value, Value::Text(_))
    }
    const fn is_list(self) -> bool {
        matches!(self.node.value, Value::List(_))
    }
}

impl<'de> Deserializer<'de> for NodeReader<'de> {
    type Error = PlanError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.give(visitor)
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        let is = matches!(self.node.value, Value::Flag(_));
        self.give_if(is, "true or false", visitor)
    }
    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.whole(0, i64::from(u8::MAX), visitor)
    }
    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.whole(0, i64::from(u16::MAX), visitor)
    }
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.whole(0, i64::from(u32::MAX), visitor)
    }
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.whole(0, i64::MAX, visitor)
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.give_if(self.is_text(), "a string in quotes", visitor)
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.deserialize_str(visitor)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        self.give_if(self.is_list(), "a list in [ ]", visitor)
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        let wanted = match &self.node.value {
            Value::Text(_) | Value::Whole(_) => in_a_table(self.key, &self.shown()),
            Value::Decimal(_)
            | Value::Flag(_)
            | Value::Time(_)
            | Value::List(_)
            | Value::Table(_) => None,
        };
        let wanted = wanted.unwrap_or_else(|| "a table".to_owned());
        self.give_if(self.node.is_table(), &wanted, visitor)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PlanError> {
        self.deserialize_map(visitor)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, PlanError> {
        match &self.node.value {
            Value::Text(text) if name == FILE => {
                let path = self.node.place.file(text).display().to_string();
                visitor.visit_string(path).map_err(|e| self.placed(e))
            }
            _ => visitor.visit_newtype_struct(self).map_err(|e| self.placed(e)),
        }
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PlanError> {
        let Value::Text(word) = &self.node.value else {
            return Err(self.wrong("a word in quotes"));
        };
        let word = BorrowedStrDeserializer::new(word);
        visitor.visit_enum(word).map_err(|e| self.placed(e))
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlanError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// A list's items, one after the other.
struct Items<'a> {
    nodes: std::slice::Iter<'a, Node>,
    index: usize,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = PlanError;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, PlanError> {
        let Some(node) = self.nodes.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        let read = seed.deserialize(NodeReader { node, key: "" });
        read.map(Some).map_err(|e| e.under_item(index))
    }
}

/// A table's keys and values, in the order in which they were written.
struct Entries<'a> {
    entries: std::slice::Iter<'a, (String, Node)>,
    value: Option<(&'a str, &'a Node)>,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = PlanError;

    fn next_key_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, PlanError> {
        let Some((key, node)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key, node));
        let read = seed.deserialize(BorrowedStrDeserializer::new(key));
        read.map(Some).map_err(|e: PlanError| e.or_at(&node.place).under(key))
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, PlanError> {
        let (key, node) = self.value.take().expect("serde asks for a key before its value");
        seed.deserialize(NodeReader { node, key }).map_err(|e| e.under(key))
    }
}
