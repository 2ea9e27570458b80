//! A profile as a tree of values, each with the place it was written at, so that a flag can overlay a file
//! and a later check can still say where a value came from. It knows no key by name.
//! `read.rs` hands it to serde.
use super::error::PlanError;
use super::location::SourceLocation;
use super::secret::faulty_setting;
use crate::kit::without_mark;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: SourceLocation,
    pub(super) value: Value,
}

/// A value of TOML.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Decimal(f64),
    Flag(bool),
    Time(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Value {
    /// Its kind, for a person.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Whole(_) => "an integer",
            Value::Decimal(_) => "a decimal",
            Value::Flag(_) => "true or false",
            Value::Time(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(super) fn text(place: &SourceLocation, text: impl Into<String>) -> Node {
        Node { place: place.clone(), value: Value::Text(text.into()) }
    }
    pub(super) fn table(place: &SourceLocation, entries: Vec<(&str, Node)>) -> Node {
        let entries = entries.into_iter().map(|(k, n)| (k.to_string(), n)).collect();
        Node { place: place.clone(), value: Value::Table(entries) }
    }

    pub(super) const fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    /// Reads TOML; `file` names it in every later message.
    pub(super) fn parse(file: &str, text: &str) -> Result<Node, PlanError> {
        let text = without_mark(text);
        let file: Arc<str> = file.into();
        let starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let line_of =
            |at: usize| SourceLocation::Line(file.clone(), starts.partition_point(|s| *s <= at));
        let table = DeTable::parse(text).map_err(|e| {
            let at = line_of(e.span().map_or(0, |span| span.start));
            PlanError::new(at, "", e.message())
        })?;
        entries(table.get_ref(), &line_of)
            .map(|value| Node { place: SourceLocation::Line(file.clone(), 1), value })
    }

    /// The node at key `key` (a table's) or index (a list's).
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, n)| n),
            Value::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The deepest place known of `path` (`load.stages[2].hold`).
    pub(super) fn place_of(&self, path: &str) -> &SourceLocation {
        let mut node = self;
        for key in path.split(['.', '[', ']']).filter(|key| !key.is_empty()) {
            match node.get(key) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        &node.place
    }

    /// The same error with the place of its key, unless it has one.
    pub(super) fn place(&self, e: PlanError) -> PlanError {
        let place = self.place_of(e.path());
        e.or_at(place)
    }

    /// Puts `node` under `key`, replacing what is there.
    pub(super) fn put(&mut self, key: &str, node: Node) {
        if !self.is_table() {
            self.value = Value::Table(Vec::new());
        }
        if let Value::Table(entries) = &mut self.value {
            match entries.iter_mut().find(|(k, _)| k == key) {
                Some((_, old)) => *old = node,
                None => entries.push((key.to_string(), node)),
            }
        }
    }

    /// Puts `node` at `path`, table by table; what is no table there becomes one.
    pub(super) fn put_at(&mut self, path: &[&str], node: Node) {
        match path {
            [] => *self = node,
            [key] => self.put(key, node),
            [key, rest @ ..] => {
                if self.get(key).is_none() {
                    self.put(key, Node::table(&node.place, Vec::new()));
                }
                if let Some(inner) = self.get_mut(key) {
                    inner.put_at(rest, node);
                }
            }
        }
    }

    /// Takes away what is under `key`, where `of` agrees.
    pub(super) fn remove(&mut self, key: &str, of: impl Fn(&Node) -> bool) {
        if let Value::Table(entries) = &mut self.value {
            entries.retain(|(k, n)| k != key || !of(n));
        }
    }

    /// Takes away the node at `keys`, a key or an index each.
    pub(super) fn take_away(&mut self, keys: &[String]) {
        let [outer @ .., last] = keys else { return };
        let mut node = self;
        for key in outer {
            match node.get_mut(key) {
                Some(inner) => node = inner,
                None => return,
            }
        }
        match &mut node.value {
            Value::Table(entries) => entries.retain(|(key, _)| key != last),
            Value::List(items) => {
                if let Some(index) = last.parse().ok().filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            Value::Text(_)
            | Value::Whole(_)
            | Value::Decimal(_)
            | Value::Flag(_)
            | Value::Time(_) => {}
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Table(entries) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, n)| n),
            Value::List(items) => items.get_mut(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Lays `over` on top: tables are merged, a number as key means an item of a list, the rest replaces.
    pub(super) fn overlay(&mut self, over: Node, path: &str) -> Result<(), PlanError> {
        let place = over.place.clone();
        let Value::Table(entries) = over.value else {
            *self = over;
            return Ok(());
        };
        for (key, node) in entries {
            let inner = format!("{path}{}{key}", if path.is_empty() { "" } else { "." });
            if let Value::List(items) = &mut self.value {
                let count = items.len();
                let index: usize = key.parse().unwrap_or(usize::MAX);
                if index == count {
                    items.push(Node::table(&place, Vec::new()));
                }
                let Some(item) = items.get_mut(index) else {
                    let why = format!("there are {count} of {path}; write {path}.0 and so on");
                    return Err(PlanError::new(place, inner, why));
                };
                item.overlay(node, &inner)?;
            } else if let Some(old) = self.get_mut(&key) {
                old.overlay(node, &inner)?;
            } else {
                self.put(&key, list_of(node));
            }
        }
        Ok(())
    }

    /// Lays `--set dotted.key=value` on top. A value that is not TOML is taken as a string.
    pub(super) fn set(&mut self, setting: &str) -> Result<(), PlanError> {
        let Some((key, value)) = setting.split_once('=') else {
            let why = "is not a setting; write --set dotted.key=value";
            let place = SourceLocation::Setting(faulty_setting(setting).into());
            return Err(PlanError::new(place, "", why));
        };
        let place = SourceLocation::Setting(key.trim().into());
        let key = key.trim().replace('[', ".").replace(']', "");
        let plain = |text: &str| {
            let parsed = DeTable::parse(text).ok()?;
            entries(parsed.get_ref(), &|_| place.clone()).ok()
        };
        let quoted = toml::Value::String(value.trim().into()).to_string();
        let table = plain(&format!("{key} = {value}"))
            .or_else(|| plain(&format!("{key} = {quoted}")))
            .ok_or_else(|| {
                PlanError::new(place.clone(), "", "is not a key; write --set dotted.key=value")
            })?;
        self.overlay(Node { place, value: table }, "")
    }
}

/// A new table whose only key is 0 is the first item of a list.
fn list_of(node: Node) -> Node {
    match node.value {
        Value::Table(entries) => {
            let place = node.place;
            let mut entries: Vec<(String, Node)> =
                entries.into_iter().map(|(k, n)| (k, list_of(n))).collect();
            if entries.len() == 1 && entries[0].0 == "0" {
                let (_, only) = entries.remove(0);
                return Node { place, value: Value::List(vec![only]) };
            }
            Node { place, value: Value::Table(entries) }
        }
        _ => node,
    }
}

fn entries(table: &DeTable<'_>, at: &dyn Fn(usize) -> SourceLocation) -> Result<Value, PlanError> {
    let mut sorted: Vec<_> = table.iter().collect();
    sorted.sort_by_key(|(key, _)| key.span().start);
    let mut entries = Vec::with_capacity(sorted.len());
    for (key, value) in sorted {
        let place = at(key.span().start);
        let value = convert(value.get_ref(), &place, at)?;
        entries.push((key.get_ref().to_string(), Node { place, value }));
    }
    Ok(Value::Table(entries))
}

fn convert(
    value: &DeValue<'_>,
    place: &SourceLocation,
    at: &dyn Fn(usize) -> SourceLocation,
) -> Result<Value, PlanError> {
    Ok(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(n) => {
            Value::Whole(i64::from_str_radix(n.as_str(), n.radix()).map_err(|_| {
                PlanError::new(place.clone(), "", "an integer beyond 64 bits; write it smaller")
            })?)
        }
        DeValue::Float(n) => Value::Decimal(n.as_str().parse().map_err(|_| {
            PlanError::new(
                place.clone(),
                "",
                format!("{} is not a decimal; write one like 1.5", n.as_str()),
            )
        })?),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(time) => Value::Time(time.to_string()),
        DeValue::Array(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items.iter() {
                let place = at(item.span().start);
                let value = convert(item.get_ref(), &place, at)?;
                list.push(Node { place, value });
            }
            Value::List(list)
        }
        DeValue::Table(table) => entries(table, at)?,
    })
}
