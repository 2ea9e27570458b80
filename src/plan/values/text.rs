//! Strings: ASCII of a bounded length, names of files, passwords.
use super::{Fault, Kind, Scalar, scalar};
use crate::plan::secret::{REDACTED, Secret};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Name of a newtype struct whose string names a file: relative to the profile that it stands in.
pub(in crate::plan) const FILE: &str = "$file";

const STRING: &str = "a string in quotes";

/// Whether `text` is ASCII of at most `max` characters; else what would do.
pub(in crate::plan) fn is_ascii(text: &str, max: usize) -> Result<(), Fault> {
    if !text.is_ascii() || text.contains('\0') {
        return Err(Fault::wanted("ASCII only"));
    }
    if text.len() > max {
        return Err(Fault::Wanted(Cow::Owned(format!("at most {max} characters"))));
    }
    Ok(())
}

/// A kind of string.
pub(in crate::plan) trait Rule {
    /// A regular expression that every good one matches.
    const PATTERN: &'static str;
    /// Reads one; what is kept may be spelled otherwise.
    ///
    /// # Errors
    /// What would do instead.
    fn read(text: &str) -> Result<String, Fault>;
}

/// A string of one kind.
pub(in crate::plan) struct Text<R>(PhantomData<R>);

impl<R: Rule> Kind for Text<R> {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        scalar(from, STRING, |written| match written {
            Scalar::Text(text) => R::read(text),
            Scalar::Whole(_) | Scalar::Decimal(_) => Err(Fault::wanted(STRING)),
        })
    }
    fn write<S: Serializer>(text: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": R::PATTERN })
    }
}

/// ASCII of at most `MAX` characters.
pub(in crate::plan) struct Ascii<const MAX: usize>;

impl<const MAX: usize> Kind for Ascii<MAX> {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        scalar(from, STRING, |written| match written {
            Scalar::Text(text) => is_ascii(text, MAX).map(|()| text.to_owned()),
            Scalar::Whole(_) | Scalar::Decimal(_) => Err(Fault::wanted(STRING)),
        })
    }
    fn write<S: Serializer>(text: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": MAX })
    }
}

/// A password that the simulator asks for; never written.
pub(in crate::plan) struct Password;

impl Kind for Password {
    type Value = Secret;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        Ascii::<100>::read(from).map(Secret)
    }
    fn write<S: Serializer>(_: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(REDACTED)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Ascii::<100>::schema(generator)
    }
}

/// A file's name: in a profile, relative to it; in a flag, to the working directory.
pub(in crate::plan) struct FilePath;

impl Kind for FilePath {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        from.deserialize_newtype_struct(FILE, FilePath)
    }
    fn write<S: Serializer>(path: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(path)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<'de> Visitor<'de> for FilePath {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STRING)
    }
    fn visit_str<E: Error>(self, path: &str) -> Result<String, E> {
        Ok(path.to_owned())
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_string(self)
    }
}
