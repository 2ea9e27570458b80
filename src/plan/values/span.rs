//! Durations: `"20ms"`, `"1m 30s"`.
use super::{Invalid, Scalar, ScalarKind, StringKind, string};
use crate::kit::Nanos;
use schemars::Schema;
use serde_json::Value as Json;

const DURATION: &str = "a duration like \"30s\", \"250ms\" or \"1m 30s\"";

/// A duration as a profile writes it.
pub(in crate::plan) fn span_text(span: Nanos) -> String {
    humantime::format_duration(span.into()).to_string()
}

/// Reads a duration, also 0s.
pub(in crate::plan) fn parse(text: &str) -> Result<Nanos, Invalid> {
    let read = humantime::parse_duration(text.trim()).ok().map(Nanos::from);
    read.filter(|n| n.0 < u64::MAX / 2).ok_or(Invalid::wanted(DURATION))
}

fn above_zero(text: &str) -> Result<Nanos, Invalid> {
    match parse(text)? {
        Nanos::ZERO => Err(Invalid::wanted("a duration above 0s")),
        span => Ok(span),
    }
}

/// A duration, also 0s.
pub(in crate::plan) struct Span;

impl ScalarKind for Span {
    type Value = Nanos;
    const WANTED: &'static str = DURATION;

    fn parse(written: Scalar<'_>) -> Result<Nanos, Invalid> {
        parse(written.text(DURATION)?)
    }
    fn json(span: &Nanos) -> Json {
        span_text(*span).into()
    }
    fn schema() -> Schema {
        string("[0-9]")
    }
}

/// A duration above 0s.
pub(in crate::plan) struct AboveZero;

impl ScalarKind for AboveZero {
    type Value = Nanos;
    const WANTED: &'static str = DURATION;

    fn parse(written: Scalar<'_>) -> Result<Nanos, Invalid> {
        above_zero(written.text(DURATION)?)
    }
    fn json(span: &Nanos) -> Json {
        span_text(*span).into()
    }
    fn schema() -> Schema {
        string("[1-9]")
    }
}

/// A duration above 0s, or None for `"off"`.
pub(in crate::plan) struct SpanOrOff;

impl ScalarKind for SpanOrOff {
    type Value = Option<Nanos>;
    const WANTED: &'static str = DURATION;

    fn parse(written: Scalar<'_>) -> Result<Option<Nanos>, Invalid> {
        match written.text(DURATION)? {
            "off" => Ok(None),
            text => above_zero(text).map(Some),
        }
    }
    fn json(span: &Option<Nanos>) -> Json {
        span.map_or_else(|| "off".to_owned(), span_text).into()
    }
    fn schema() -> Schema {
        string("[1-9]|^off$")
    }
}

/// A duration that is kept as it was written.
pub(in crate::plan) struct WrittenSpan;

impl StringKind for WrittenSpan {
    const PATTERN: &'static str = "[0-9]";
    fn check(text: &str) -> Result<String, Invalid> {
        parse(text).map(|_| text.to_owned())
    }
}

/// A duration above 0s that is kept as it was written.
pub(in crate::plan) struct WrittenAboveZero;

impl StringKind for WrittenAboveZero {
    const PATTERN: &'static str = "[1-9]";
    fn check(text: &str) -> Result<String, Invalid> {
        above_zero(text).map(|_| text.to_owned())
    }
}
