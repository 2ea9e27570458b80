//! An address of a message, or its origin: `"447700900123"`, or a table.
use crate::kit::{MIB, read_text_at_most};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{
    As, Ascii, FilePath, Invalid, Kind, StringKind, any_of, is_ascii, text_or_table,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// An address has at most 20 characters and a NUL (v3.4, 5.2.8 and 5.2.9).
const ADDRESS_MAX: usize = 20;
/// The same with the `+` that a person may write before it.
const WRITTEN_MAX: usize = ADDRESS_MAX + 1;

/// The numbers of the files that addresses name, by the file's name.
pub type NumberFiles = BTreeMap<String, Vec<String>>;

/// An address, or its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The digits.
    pub from: AddressFrom,
}

/// The origin of an address.
#[derive(Clone, Debug, PartialEq)]
pub enum AddressFrom {
    /// Always this one.
    Fixed(String),
    /// `first..=last`, in turn, with leading zeros.
    Range(String, String),
    /// The numbers of this file, in turn: see [`NumberFiles`].
    File(String),
    /// `#` is a random digit, reproducible from the seed and the message's number.
    Random(String),
}

/// The origin of an address: one of fixed, range, file, random.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct WrittenAddress {
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
    #[serde(with = "As::<Option<RandomDigits>>")]
    random: Option<String>,
    /// The type of number, from 0 to 255. By default 1 (international), or 5 (alphanumeric) for an address with
    /// letters.
    ton: Option<u8>,
    /// The numbering plan indicator, from 0 to 255. By default 1 (ISDN), or 0 for an address with letters.
    npi: Option<u8>,
}

/// An address of a message; a destination must be a number.
pub(super) struct AddressOf<const DESTINATION: bool>;

impl<const DESTINATION: bool> Kind for AddressOf<DESTINATION> {
    type Value = Address;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        let fixed = |text: &str| {
            is_ascii(text, WRITTEN_MAX)?;
            plain(text, DESTINATION)
        };
        text_or_table(from, "a table", fixed, |written: WrittenAddress| {
            let WrittenAddress { fixed, range, file, random, ton, npi } = written;
            let numbers = Address::international;
            let address = match (fixed, range, file, random) {
                (Some(fixed), None, None, None) => plain(&fixed, DESTINATION)?,
                (None, Some((first, last)), None, None) => numbers(range_of(&first, &last)?),
                (None, None, Some(path), None) => numbers(AddressFrom::File(path)),
                (None, None, None, Some(pattern)) => numbers(AddressFrom::Random(pattern)),
                _ => {
                    return Err(Invalid::Says(
                        "write one of fixed, range, file, random".to_owned(),
                    ));
                }
            };
            let (ton, npi) = (ton.unwrap_or(address.ton), npi.unwrap_or(address.npi));
            Ok(Address { ton, npi, ..address })
        })
    }
    fn write<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        let Address { ton, npi, from } = address.clone();
        let written =
            WrittenAddress { ton: Some(ton), npi: Some(npi), ..WrittenAddress::default() };
        match from {
            AddressFrom::Fixed(one) => WrittenAddress { fixed: Some(one), ..written },
            AddressFrom::Range(first, last) => {
                WrittenAddress { range: Some((first, last)), ..written }
            }
            AddressFrom::File(file) => WrittenAddress { file: Some(file), ..written },
            AddressFrom::Random(pattern) => WrittenAddress { random: Some(pattern), ..written },
        }
        .serialize(to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let one = Ascii::<WRITTEN_MAX>::schema(generator);
        any_of([one, generator.subschema_for::<WrittenAddress>()])
    }
}

impl Address {
    /// A number, or numbers, in international form.
    pub(super) const fn international(from: AddressFrom) -> Address {
        Address { ton: 1, npi: 1, from }
    }

    /// Reads the file that it names, unless `files` has it.
    pub(super) fn read_file(&self, files: &mut NumberFiles) -> PlanResult<()> {
        if let AddressFrom::File(name) = &self.from
            && !files.contains_key(name)
        {
            files.insert(name.clone(), read_numbers(name)?);
        }
        Ok(())
    }
}

/// One address with the TON and NPI it seems to have: digits are international, letters alphanumeric.
fn plain(text: &str, is_destination: bool) -> Result<Address, Invalid> {
    match number(text) {
        Ok(digits) => Ok(Address::international(AddressFrom::Fixed(digits))),
        Err(why) if is_destination => Err(why),
        Err(_) if text.len() > ADDRESS_MAX => {
            let why = format!("{text:?} is too long; write up to {ADDRESS_MAX} characters");
            Err(Invalid::Says(why))
        }
        Err(_) => Ok(Address { ton: 5, npi: 0, from: AddressFrom::Fixed(text.to_owned()) }),
    }
}

/// The digits of a number, without its `+`.
fn number(text: &str) -> Result<String, Invalid> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && is_digits(digits) && digits.len() <= ADDRESS_MAX {
        return Ok(digits.to_owned());
    }
    Err(Invalid::Says(format!("{text:?} is not a number; write up to {ADDRESS_MAX} digits")))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn range_of(first: &str, last: &str) -> Result<AddressFrom, Invalid> {
    let (first, last) = (number(first)?, number(last)?);
    // 19 digits are what 64 bits can count
    if first.len() != last.len() || first > last || first.len() > 19 {
        return Err(Invalid::Says(format!(
            "{first} to {last} is not a range; write as many digits (at most 19), the smaller first"
        )));
    }
    Ok(AddressFrom::Range(first, last))
}

/// Digits, and at least one `#` in the place of a random one.
struct RandomDigits;

impl StringKind for RandomDigits {
    const PATTERN: &'static str = "^[0-9#]{1,20}$";
    fn check(pattern: &str) -> Result<String, Invalid> {
        is_ascii(pattern, ADDRESS_MAX)?;
        let known = pattern.bytes().all(|b| b.is_ascii_digit() || b == b'#');
        if known && pattern.contains('#') {
            return Ok(pattern.to_owned());
        }
        let why = format!("{pattern:?} is not valid; write digits and # for random ones");
        Err(Invalid::Says(why))
    }
}

/// One address a line, in the first column; blank lines, `#` comments and a heading are passed over.
fn read_numbers(name: &str) -> PlanResult<Vec<String>> {
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
    Ok(addresses)
}
