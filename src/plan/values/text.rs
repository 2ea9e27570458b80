//! Strings: ASCII of a bounded length, names of files, passwords.
use super::{Invalid, Kind, STRING, Scalar, ScalarKind};
use crate::plan::secret::{REDACTED, Secret};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;

/// Name of a newtype struct whose string names a file: relative to the profile that it stands in.
pub(in crate::plan) const FILE: &str = "$file";

/// Whether `text` is ASCII of at most `max` characters; else what to write instead.
pub(in crate::plan) fn is_ascii(text: &str, max: usize) -> Result<(), Invalid> {
    if !text.is_ascii() || text.contains('\0') {
        return Err(Invalid::wanted("ASCII only"));
    }
    if text.len() > max {
        return Err(Invalid::Wanted(Cow::Owned(format!("at most {max} characters"))));
    }
    Ok(())
}

/// ASCII of at most `MAX` characters.
pub(in crate::plan) struct Ascii<const MAX: usize>;

impl<const MAX: usize> ScalarKind for Ascii<MAX> {
    type Value = String;
    const WANTED: &'static str = STRING;

    fn parse(written: Scalar<'_>) -> Result<String, Invalid> {
        let text = written.text(STRING)?;
        is_ascii(text, MAX).map(|()| text.to_owned())
    }
    fn json(text: &String) -> Json {
        text.as_str().into()
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string", "maxLength": MAX })
    }
}

/// A password that the simulator asks for; never written.
pub(in crate::plan) struct Password;

impl ScalarKind for Password {
    type Value = Secret;
    const WANTED: &'static str = STRING;

    fn parse(written: Scalar<'_>) -> Result<Secret, Invalid> {
        Ascii::<100>::parse(written).map(Secret)
    }
    fn json(_: &Secret) -> Json {
        REDACTED.into()
    }
    fn schema() -> Schema {
        <Ascii<100> as ScalarKind>::schema()
    }
}

/// A password that stands elsewhere: nothing but `"***"` is read and written.
pub(in crate::plan) struct Redacted;

impl ScalarKind for Redacted {
    type Value = Secret;
    const WANTED: &'static str = STRING;

    fn parse(written: Scalar<'_>) -> Result<Secret, Invalid> {
        if written.text(STRING)? == REDACTED {
            return Ok(Secret::default());
        }
        let why = "a password does not stand in a profile; use password_env or password_file";
        Err(Invalid::Says(why.to_owned()))
    }
    fn json(_: &Secret) -> Json {
        REDACTED.into()
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string", "const": REDACTED })
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
