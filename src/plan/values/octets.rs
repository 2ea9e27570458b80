//! Octets in hexadecimal: `"00 01 ff"`.
use super::{Invalid, STRING, Scalar, ScalarKind, string};
use schemars::Schema;
use serde_json::Value as Json;

/// Octets in hexadecimal; blanks and colons between the digits are skipped.
pub(in crate::plan) struct Hex;

impl ScalarKind for Hex {
    type Value = Vec<u8>;
    const WANTED: &'static str = STRING;

    fn parse(written: Scalar<'_>) -> Result<Vec<u8>, Invalid> {
        let wanted = "pairs of hexadecimal digits like \"00 ff\"";
        octets(written.text(STRING)?).ok_or(Invalid::wanted(wanted))
    }
    fn json(octets: &Vec<u8>) -> Json {
        octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>().into()
    }
    fn schema() -> Schema {
        string("^[0-9A-Fa-f:\\s]*$")
    }
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().filter(|c| !c.is_whitespace() && *c != ':');
    let digits: Vec<u8> = digits.map(|c| Some(c.to_digit(16)? as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(high << 4 | low) } else { None }).collect()
}
