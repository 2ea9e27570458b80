//! An address of a message, or where it is taken from: `"447700900123"`, or a table.
use crate::kit::{MIB, read_text_at_most};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::{self, AddressFrom};
use crate::plan::values::{As, Ascii, FilePath, Kind, any_of, is_ascii, text_or_table};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// An address has at most 20 characters and a NUL (v3.4, 5.2.8 and 5.2.9).
const ADDRESS_MAX: usize = 20;
/// The same with the `+` that a person may write before it.
const WRITTEN_MAX: usize = ADDRESS_MAX + 1;

/// The origin of an address: one of fixed, range, file, random.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct WrittenAddress {
    /// One address: up to 20 digits, or for a source also letters.
    #[serde(with = "As::<Option<Ascii<WRITTEN_MAX>>>")]
    fixed: Option<String>,
    /// The first and the last of a range of numbers, taken in turn: of equal length, at most 19 digits.
    #[serde(with = "As::<Option<(Ascii<WRITTEN_MAX>, Ascii<WRITTEN_MAX>)>>")]
    range: Option<(String, String)>,
    /// File of numbers, one a line, taken in turn, relative to the profile; only the first column counts.
    #[serde(with = "As::<Option<FilePath>>")]
    file: Option<String>,
    /// Digits, with `#` for random ones: at most 20 characters.
    #[serde(with = "As::<Option<Ascii<ADDRESS_MAX>>>")]
    random: Option<String>,
    /// The type of number, from 0 to 255. By default 1 (international), or 5 (alphanumeric) for an address with
    /// letters.
    ton: Option<u8>,
    /// The numbering plan indicator, from 0 to 255. By default 1 (ISDN), or 0 for an address with letters.
    npi: Option<u8>,
}

impl Kind for WrittenAddress {
    type Value = WrittenAddress;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<WrittenAddress, D::Error> {
        let fixed = |text: &str| {
            is_ascii(text, WRITTEN_MAX)?;
            Ok(WrittenAddress { fixed: Some(text.to_owned()), ..WrittenAddress::default() })
        };
        text_or_table(from, "a table", fixed, Ok)
    }
    fn write<S: Serializer>(address: &WrittenAddress, to: S) -> Result<S::Ok, S::Error> {
        address.serialize(to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let one = Ascii::<WRITTEN_MAX>::schema(generator);
        any_of([one, generator.subschema_for::<WrittenAddress>()])
    }
}

impl WrittenAddress {
    pub(super) fn of(address: &model::Address) -> WrittenAddress {
        let mut written = WrittenAddress {
            ton: Some(address.ton),
            npi: Some(address.npi),
            ..WrittenAddress::default()
        };
        match &address.from {
            AddressFrom::Fixed(one) => written.fixed = Some(one.clone()),
            AddressFrom::Range(first, last) => written.range = Some((first.clone(), last.clone())),
            AddressFrom::List { file, .. } => written.file = Some(file.clone()),
            AddressFrom::Random(pattern) => written.random = Some(pattern.clone()),
        }
        written
    }

    /// A destination must be a number.
    pub(super) fn resolve(&self, destination: bool) -> PlanResult<model::Address> {
        let (from, ton, npi) = match (&self.fixed, &self.range, &self.file, &self.random) {
            (Some(fixed), None, None, None) => {
                let (digits, ton, npi) = plain(fixed, destination)?;
                (AddressFrom::Fixed(digits), ton, npi)
            }
            (None, Some((first, last)), None, None) => (range(first, last)?, 1, 1),
            (None, None, Some(path), None) => (file(path)?, 1, 1),
            (None, None, None, Some(pattern)) => (random(pattern)?, 1, 1),
            _ => return Err(PlanError::about("", "write one of fixed, range, file, random")),
        };
        Ok(model::Address { ton: self.ton.unwrap_or(ton), npi: self.npi.unwrap_or(npi), from })
    }
}

/// One address with the TON and NPI it seems to have: digits are international, letters alphanumeric.
fn plain(text: &str, destination: bool) -> PlanResult<(String, u8, u8)> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && is_digits(digits) && digits.len() <= ADDRESS_MAX {
        return Ok((digits.to_string(), 1, 1));
    }
    let why = if destination {
        format!("{text:?} is not a number; write up to {ADDRESS_MAX} digits")
    } else if text.len() > ADDRESS_MAX {
        format!("{text:?} is too long; write up to {ADDRESS_MAX} characters")
    } else {
        return Ok((text.to_owned(), 5, 0));
    };
    Err(PlanError::about("", why))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn range(first: &str, last: &str) -> PlanResult<AddressFrom> {
    let (first, last) = (plain(first, true)?.0, plain(last, true)?.0);
    // 19 digits are what 64 bits can count
    if first.len() != last.len() || first > last || first.len() > 19 {
        let why = format!(
            "{first} to {last} is not a range; write as many digits (at most 19), the smaller first"
        );
        return Err(PlanError::about("", why));
    }
    Ok(AddressFrom::Range(first, last))
}

fn random(pattern: &str) -> PlanResult<AddressFrom> {
    let known = pattern.bytes().all(|b| b.is_ascii_digit() || b == b'#');
    if known && pattern.contains('#') {
        Ok(AddressFrom::Random(pattern.to_owned()))
    } else {
        let why = format!("{pattern:?} is not valid; write digits and # for random ones");
        Err(PlanError::about("random", why))
    }
}

/// One address a line, in the first column; blank lines, `#` comments and a heading are passed over.
fn file(name: &str) -> PlanResult<AddressFrom> {
    let about = |why: String| PlanError::about("file", why);
    let text = read_text_at_most(Path::new(name), 1024 * MIB)
        .map_err(|e| about(format!("{name} cannot be read ({e}); give a list of numbers")))?;
    let mut addresses = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        let column = line.split([',', ';', '\t']).next().unwrap_or_default();
        let cell = column.trim().trim_matches('"').trim();
        let heading = number == 0 && !cell.bytes().any(|b| b.is_ascii_digit());
        if cell.is_empty() || cell.starts_with('#') || heading {
            continue;
        }
        let digits = cell.strip_prefix('+').unwrap_or(cell);
        if digits.is_empty() || digits.len() > ADDRESS_MAX || !is_digits(digits) {
            let place = format!("{name}:{}", number + 1);
            let why =
                format!("{place}: {cell:?} is not a number; write up to {ADDRESS_MAX} digits");
            return Err(about(why));
        }
        addresses.push(digits.to_string());
    }
    if addresses.is_empty() {
        return Err(about(format!("{name} has no number; write one a line")));
    }
    Ok(AddressFrom::List { file: name.to_owned(), addresses })
}
