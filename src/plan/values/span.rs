//! Spans of time: `"20ms"`, `"1m 30s"`.
use super::{Fault, Kind, Rule, Scalar, scalar};
use crate::kit::Nanos;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::Serializer;

const WANTED: &str = "a duration like \"30s\", \"250ms\" or \"1m 30s\"";

/// A span of time as a profile writes it.
pub(in crate::plan) fn span_text(span: Nanos) -> String {
    humantime::format_duration(span.into()).to_string()
}

/// Reads a span of time, also of no length.
pub(in crate::plan) fn parse(text: &str) -> Result<Nanos, Fault> {
    let read = humantime::parse_duration(text.trim()).ok().map(Nanos::from);
    read.filter(|n| n.0 < u64::MAX / 2).ok_or(Fault::wanted(WANTED))
}

fn above_zero(text: &str) -> Result<Nanos, Fault> {
    match parse(text)? {
        Nanos::ZERO => Err(Fault::wanted("a duration above 0s")),
        span => Ok(span),
    }
}

fn read<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: impl FnOnce(&str) -> Result<T, Fault>,
) -> Result<T, D::Error> {
    scalar(from, WANTED, |written| match written {
        Scalar::Text(text) => parse(text),
        Scalar::Whole(_) | Scalar::Decimal(_) => Err(Fault::wanted(WANTED)),
    })
}

/// A span of time, also of no length.
pub(in crate::plan) struct Span;

impl Kind for Span {
    type Value = Nanos;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Nanos, D::Error> {
        read(from, parse)
    }
    fn write<S: Serializer>(span: &Nanos, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&span_text(*span))
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "[0-9]" })
    }
}

/// A span of time above 0s.
pub(in crate::plan) struct AboveZero;

impl Kind for AboveZero {
    type Value = Nanos;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Nanos, D::Error> {
        read(from, above_zero)
    }
    fn write<S: Serializer>(span: &Nanos, to: S) -> Result<S::Ok, S::Error> {
        Span::write(span, to)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "[1-9]" })
    }
}

/// A span of time above 0s, or None for `"off"`.
pub(in crate::plan) struct SpanOrOff;

impl Kind for SpanOrOff {
    type Value = Option<Nanos>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Nanos>, D::Error> {
        read(from, |text| if text == "off" { Ok(None) } else { above_zero(text).map(Some) })
    }
    fn write<S: Serializer>(span: &Option<Nanos>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&span.map_or_else(|| "off".to_owned(), span_text))
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "[1-9]|^off$" })
    }
}

/// A span of time that is kept as it was written.
pub(in crate::plan) struct WrittenSpan;

impl Rule for WrittenSpan {
    const PATTERN: &'static str = "[0-9]";
    fn read(text: &str) -> Result<String, Fault> {
        parse(text).map(|_| text.to_owned())
    }
}

/// A span of time above 0s that is kept as it was written.
pub(in crate::plan) struct WrittenAboveZero;

impl Rule for WrittenAboveZero {
    const PATTERN: &'static str = "[1-9]";
    fn read(text: &str) -> Result<String, Fault> {
        above_zero(text).map(|_| text.to_owned())
    }
}
