//! Octets in hexadecimal: `"00 01 ff"`.
use super::{Fault, Kind, Scalar, scalar};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::Serializer;

const WANTED: &str = "pairs of hexadecimal digits like \"00 ff\"";

/// Octets in hexadecimal, blanks and colons between them as one likes.
pub(in crate::plan) struct Hex;

impl Kind for Hex {
    type Value = Vec<u8>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        scalar(from, "a string in quotes", |written| match written {
            Scalar::Text(text) => parse(text).ok_or(Fault::wanted(WANTED)),
            Scalar::Whole(_) | Scalar::Decimal(_) => Err(Fault::wanted("a string in quotes")),
        })
    }
    fn write<S: Serializer>(octets: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>())
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9A-Fa-f:\\s]*$" })
    }
}

fn parse(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(digit)
        .collect::<Option<_>>()?;
    let pairs = digits.chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(high << 4 | low) } else { None }).collect()
}

fn digit(c: char) -> Option<u8> {
    c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
