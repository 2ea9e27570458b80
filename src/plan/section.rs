//! Typed reading of the tree: each reader knows its bound and says what would do. It knows the kinds of
//! values that profiles are made of, and none of their keys.
use super::error::PlanError;
use super::secret::shown_value;
use super::tree::{Node, Place, Value};
use crate::kit::{Nanos, Rate};
use serde::Deserialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Characters of a value that an error repeats.
const SHOWN_MAX: usize = 100;

/// The outcome of reading one value.
pub(super) type Read<T> = Result<T, PlanError>;

/// A value and its key path.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    node: &'a Node,
    path: String,
}

/// A table, perhaps absent (then every key is), and its key path.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    node: Option<&'a Node>,
    place: Place,
    path: String,
}

impl<'a> Section<'a> {
    /// The whole tree, whose keys are all among `keys`.
    pub(super) fn root(node: &'a Node, keys: &[&str]) -> Read<Section<'a>> {
        Item { node, path: String::new() }.section(keys)
    }

    /// The value under `key`.
    pub(super) fn item(&self, key: &str) -> Option<Item<'a>> {
        let node = self.node?.get(key)?;
        Some(Item { node, path: self.path_to(key) })
    }

    /// The value under `key`, which must be there.
    pub(super) fn need(&self, key: &str) -> Read<Item<'a>> {
        self.item(key).ok_or_else(|| self.error_at(key, "is missing; write it"))
    }

    /// The value under `key`, read by `read`; None where there is none.
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Item<'a>) -> Read<T>,
    ) -> Read<Option<T>> {
        self.item(key).map(|item| read(&item)).transpose()
    }

    /// The table under `key`, empty where there is none.
    pub(super) fn section(&self, key: &str, keys: &[&str]) -> Read<Section<'a>> {
        match self.item(key) {
            Some(item) => item.section(keys),
            None => Ok(Section { node: None, place: self.place.clone(), path: self.path_to(key) }),
        }
    }

    /// The list under `key`, read item by item; None where there is none.
    pub(super) fn each<T>(
        &self,
        key: &str,
        read: impl FnMut(&Item<'a>) -> Read<T>,
    ) -> Read<Option<Vec<T>>> {
        self.read(key, |item| item.list()?.iter().map(read).collect())
    }

    /// Whether `key` is given.
    pub(super) fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// Those of `keys` that are given.
    pub(super) fn given<'k>(&self, keys: &[&'k str]) -> Vec<&'k str> {
        keys.iter().copied().filter(|key| self.has(key)).collect()
    }

    /// An error about the section.
    pub(super) fn error(&self, message: impl Into<String>) -> PlanError {
        PlanError::new(&self.place, &self.path, message)
    }

    /// An error about `key` of the section.
    pub(super) fn error_at(&self, key: &str, message: impl Into<String>) -> PlanError {
        match self.item(key) {
            Some(item) => item.error(message),
            None => PlanError::new(&self.place, self.path_to(key), message),
        }
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    /// Every key and value, for tables whose keys are names.
    pub(super) fn pairs(&self) -> Vec<(&'a str, Item<'a>)> {
        match self.node.map(|node| &node.value) {
            Some(Value::Table(entries)) => entries
                .iter()
                .map(|(key, node)| (key.as_str(), Item { node, path: self.path_to(key) }))
                .collect(),
            Some(_) | None => Vec::new(),
        }
    }
}

/// `; did you mean "rate"?`, or the whole choice where nothing is near.
pub(super) fn suggestion<S: AsRef<str>>(word: &str, known: &[S]) -> String {
    near(word, known).unwrap_or_else(|| {
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        format!("; known are {}", known.join(", "))
    })
}

fn near<S: AsRef<str>>(word: &str, known: &[S]) -> Option<String> {
    known
        .iter()
        .map(|k| (strsim::jaro_winkler(word, k.as_ref()), k.as_ref()))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .map(|(_, k)| format!("; did you mean {k:?}?"))
}

impl<'a> Item<'a> {
    /// An error about this value.
    pub(super) fn error(&self, message: impl Into<String>) -> PlanError {
        PlanError::new(&self.node.place, &self.path, message)
    }

    pub(super) fn place(&self) -> &'a Place {
        &self.node.place
    }

    fn wrong(&self, wanted: &str) -> PlanError {
        let shown = match &self.node.value {
            Value::Text(text) => format!("{text:?}"),
            Value::Whole(n) => n.to_string(),
            Value::Decimal(n) => n.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Time(time) => time.clone(),
            Value::List(_) | Value::Table(_) => self.node.value.kind().to_string(),
        };
        self.error(format!("{} will not do; write {wanted}", self.shown(&shown)))
    }

    /// What was written, as it may be shown: nothing where a password stands, or may stand by mistake.
    fn shown(&self, written: &str) -> String {
        let leaf = self.path.rsplit('.').next().unwrap_or_default();
        if leaf.starts_with("password") {
            return "the value".to_owned();
        }
        let shown = shown_value(written);
        match shown.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("{}...", &shown[..end]),
            None => shown,
        }
    }

    /// An error about a word that is not among those that are known, of which there are many.
    pub(super) fn unknown(&self, word: &str, known: &[&str], what: &str) -> PlanError {
        let hint = near(word, known).unwrap_or_default();
        self.error(format!("{} is no {what}{hint}", self.shown(&format!("{word:?}"))))
    }

    /// A table whose keys are all among `keys`.
    pub(super) fn section(&self, keys: &[&str]) -> Read<Section<'a>> {
        let section = self.any_section()?;
        for (key, item) in section.pairs() {
            if !keys.contains(&key) {
                return Err(item.error(format!("unknown key{}", suggestion(key, keys))));
            }
        }
        Ok(section)
    }

    /// A table with any keys.
    pub(super) fn any_section(&self) -> Read<Section<'a>> {
        match &self.node.value {
            Value::Table(_) => Ok(Section {
                node: Some(self.node),
                place: self.node.place.clone(),
                path: self.path.clone(),
            }),
            _ => Err(self.wrong("a table")),
        }
    }

    /// Whether it is a table.
    pub(super) const fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// The string, where it is one.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list's items.
    pub(super) fn list(&self) -> Read<Vec<Item<'a>>> {
        match &self.node.value {
            Value::List(nodes) => Ok(nodes
                .iter()
                .enumerate()
                .map(|(i, node)| Item { node, path: format!("{}[{i}]", self.path) })
                .collect()),
            _ => Err(self.wrong("a list in [ ]")),
        }
    }

    /// A string.
    pub(super) fn text(&self) -> Read<String> {
        self.as_text().map(str::to_string).ok_or_else(|| self.wrong("a string in quotes"))
    }

    /// A string of at most `max` octets of ASCII.
    pub(super) fn ascii(&self, max: usize) -> Read<String> {
        let text = self.text()?;
        if !text.is_ascii() || text.contains('\0') {
            return Err(self.wrong("ASCII only"));
        }
        if text.len() > max {
            return Err(self.wrong(&format!("at most {max} characters")));
        }
        Ok(text)
    }

    /// A list of strings.
    pub(super) fn texts(&self) -> Read<Vec<String>> {
        self.list()?.iter().map(Item::text).collect()
    }

    /// true or false.
    pub(super) fn flag(&self) -> Read<bool> {
        match self.node.value {
            Value::Flag(flag) => Ok(flag),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// An integer within `bounds`.
    pub(super) fn whole<T>(&self, bounds: RangeInclusive<T>) -> Read<T>
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let fits = match self.node.value {
            Value::Whole(n) => T::try_from(n).ok().filter(|n| bounds.contains(n)),
            _ => None,
        };
        let wanted = || format!("an integer from {} to {}", bounds.start(), bounds.end());
        fits.ok_or_else(|| self.wrong(&wanted()))
    }

    /// A number, whole or decimal, as written.
    pub(super) fn decimal(&self) -> Read<f64> {
        match self.node.value {
            Value::Whole(n) => Ok(n as f64),
            Value::Decimal(n) if n.is_finite() => Ok(n),
            _ => Err(self.wrong("a number")),
        }
    }

    /// A share of 1: `0.01` or `"1%"`.
    pub(super) fn share(&self) -> Read<f64> {
        let percent =
            self.as_text().and_then(|t| t.trim().strip_suffix('%')?.trim().parse::<f64>().ok());
        let share = percent.map(|p| p / 100.0).or_else(|| self.decimal().ok());
        share
            .filter(|s| (0.0..=1.0).contains(s))
            .ok_or_else(|| self.wrong("a share from 0 to 1, or a percentage like \"1%\""))
    }

    /// Messages a second: `5000`, `0.5`, `"5k"`, `"90/min"`.
    pub(super) fn rate(&self) -> Read<Rate> {
        let written = match &self.node.value {
            Value::Text(text) => text.clone(),
            Value::Whole(n) => n.to_string(),
            Value::Decimal(n) => n.to_string(),
            _ => return Err(self.wrong("messages a second like 5000, \"5k\" or \"90/min\"")),
        };
        Rate::parse(&written).map_err(|e| self.error(e.to_string()))
    }

    /// A rate above 0.
    pub(super) fn rate_above_zero(&self) -> Read<Rate> {
        let rate = self.rate()?;
        if rate.num == 0 { Err(self.wrong("a rate above 0")) } else { Ok(rate) }
    }

    /// A rate above 0, or None for 0: "no limit".
    pub(super) fn rate_or_none(&self) -> Read<Option<Rate>> {
        self.rate().map(|rate| (rate.num > 0).then_some(rate))
    }

    /// A span of time: `"20ms"`.
    pub(super) fn span(&self) -> Read<Nanos> {
        let read = self.as_text().and_then(|t| humantime::parse_duration(t.trim()).ok());
        read.map(Nanos::from)
            .filter(|n| n.0 < u64::MAX / 2)
            .ok_or_else(|| self.wrong("a duration like \"30s\", \"250ms\" or \"1m 30s\""))
    }

    /// A span of time above 0.
    pub(super) fn span_above_zero(&self) -> Read<Nanos> {
        let span = self.span()?;
        if span == Nanos::ZERO { Err(self.wrong("a duration above 0s")) } else { Ok(span) }
    }

    /// A span of time, or None for `"off"`.
    pub(super) fn span_or_off(&self) -> Read<Option<Nanos>> {
        if self.as_text() == Some("off") { Ok(None) } else { self.span_above_zero().map(Some) }
    }

    /// One of the words of an enum, as serde spells them.
    pub(super) fn choice<T: Deserialize<'a>>(&self) -> Read<T> {
        let Some(word) = self.as_text() else {
            return Err(self.wrong("a word in quotes"));
        };
        T::deserialize(StrDeserializer::<WordError>::new(word)).map_err(|e| {
            // "unknown variant `x`, expected one of `a`, `b`"
            let message = e.to_string();
            let words: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
            let shown = self.shown(&format!("{word:?}"));
            self.error(format!("unknown word {shown}{}", suggestion(word, &words)))
        })
    }

    /// `host:port`, the port not 0 unless `any_port`.
    pub(super) fn address(&self, any_port: bool) -> Read<String> {
        let text = self.text()?;
        let good = split_address(&text).is_some_and(|(_, port)| any_port || port > 0);
        if good { Ok(text) } else { Err(self.wrong("host:port, with [ ] around an IPv6 address")) }
    }

    /// Octets in hexadecimal.
    pub(super) fn hex(&self) -> Read<Vec<u8>> {
        let digits: String =
            self.text()?.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
        let octets = digits.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?;
            u8::from_str_radix(pair, 16).ok().filter(|_| !pair.contains('+'))
        });
        octets
            .collect::<Option<_>>()
            .ok_or_else(|| self.wrong("pairs of hexadecimal digits like \"00 ff\""))
    }

    /// The value as JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        json(self.node)
    }
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Text(text) | Value::Time(text) => text.clone().into(),
        Value::Whole(n) => (*n).into(),
        Value::Decimal(n) => (*n).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::List(nodes) => nodes.iter().map(json).collect(),
        Value::Table(entries) => {
            entries.iter().map(|(key, node)| (key.clone(), json(node))).collect()
        }
    }
}

/// Host (without brackets) and port of `host:port`.
pub(super) fn split_address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let good = !host.is_empty() && !host.chars().any(char::is_whitespace);
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    if good && digits { Some((host, port.parse().ok()?)) } else { None }
}
