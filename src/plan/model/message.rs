//! `[[messages]]`: what is sent, from where, to where.
use super::address::{Address, AddressFrom, AddressOf, NumberFiles};
use crate::kit::{MIB, read_text_at_most, without_mark};
use crate::plan::defaults;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{As, Ascii, DataCoding, FilePath, Hex, MessageTime, TlvTag, Whole};
pub use crate::smpp::segment::Long;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Longest period of the weights.
const WEIGHT_MAX: u64 = 10_000;
const INT_MAX: u64 = i64::MAX as u64;

/// One kind of message of the mix. In a plan it has a label, and either `text` or `octets`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Message {
    /// Name of this kind of message in reports, unique within the profile. By default `"default"`; with several kinds,
    /// `"message-1"`, `"message-2"` and so on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Its share of the messages relative to the weights of the other kinds, from 1 to 10000; 1 by default.
    #[serde(with = "As::<Whole<u64, 1, WEIGHT_MAX>>")]
    pub weight: u64,
    /// The service_type: at most 5 characters, empty by default.
    #[serde(with = "As::<Ascii<5>>")]
    pub service_type: String,
    /// The source_addr, or its origin; `"447700900000"` by default.
    #[serde(with = "As::<AddressOf<false>>")]
    pub source: Address,
    /// The destination_addr, or its origin. By default 447700900000 to 447700900999 in turn, which nobody owns.
    #[serde(with = "As::<AddressOf<true>>")]
    pub destination: Address,
    /// The text, with the placeholders `{seq}`, `{uuid}`, `{destination}` and `{time}`; any other name in braces is
    /// refused. By default 63 octets of GSM text. Write one of `text`, `text_file`, `octets`.
    pub text: Option<String>,
    /// File of UTF-8 that holds the text, relative to the profile.
    #[serde(with = "As::<Option<FilePath>>")]
    pub text_file: Option<String>,
    /// The short_message in hexadecimal.
    #[serde(with = "As::<Option<Hex>>")]
    pub octets: Option<Vec<u8>>,
    /// The data_coding: a number from 0 to 255, or one of gsm, ascii, latin1, binary, ucs2. By default it is chosen
    /// from the text.
    #[serde(with = "As::<Option<DataCoding>>")]
    pub data_coding: Option<u8>,
    /// Whether GSM septets are packed into octets; false by default.
    pub packed: bool,
    /// How a text that does not fit one short_message is sent; `"udh8"` by default.
    pub long: Long,
    /// The registered_delivery, from 0 to 255; 1, the default, asks for a receipt, and 0 for none.
    pub registered_delivery: u8,
    /// The esm_class, from 0 to 255; 0 by default. The UDHI bit is added where a text is cut in parts.
    pub esm_class: u8,
    /// The protocol_id, from 0 to 255; 0 by default.
    pub protocol_id: u8,
    /// The priority_flag, from 0 to 255; 0 by default.
    pub priority: u8,
    /// The validity_period: a duration from acceptance, a time in RFC 3339, or the 16 characters of the wire. Empty by
    /// default.
    #[serde(with = "As::<MessageTime>", skip_serializing_if = "String::is_empty")]
    pub validity_period: String,
    /// The schedule_delivery_time, written like `validity_period`. Empty by default.
    #[serde(with = "As::<MessageTime>", skip_serializing_if = "String::is_empty")]
    pub schedule_delivery_time: String,
    /// Optional parameters.
    pub tlvs: Vec<MessageTlv>,
}

impl Default for Message {
    fn default() -> Message {
        let (first, last) = defaults::NUMBERS;
        Message {
            label: String::new(),
            weight: 1,
            service_type: String::new(),
            source: Address::international(AddressFrom::Fixed(first.into())),
            destination: Address::international(AddressFrom::Range(first.into(), last.into())),
            text: None,
            text_file: None,
            octets: None,
            data_coding: None,
            packed: false,
            long: Long::Udh8,
            registered_delivery: 1,
            esm_class: 0,
            protocol_id: 0,
            priority: 0,
            validity_period: String::new(),
            schedule_delivery_time: String::new(),
            tlvs: Vec::new(),
        }
    }
}

/// One optional parameter: its tag, and its value as one of int, text, cstring, hex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageTlv {
    /// The tag by name (`"user_message_reference"`) or number.
    #[serde(with = "As::<TlvTag>")]
    pub tag: u16,
    /// An integer from 0 on that fits `octets`, sent big-endian.
    #[serde(default, with = "As::<Option<Whole<u64, 0, INT_MAX>>>")]
    pub int: Option<u64>,
    /// Number of octets of the integer: 1, 2, 4 or 8; 1 by default.
    #[serde(default, with = "As::<Option<Whole<u8, 1, 8>>>")]
    pub octets: Option<u8>,
    /// A text, with the placeholders of a message's text.
    #[serde(default)]
    pub text: Option<String>,
    /// A text, with the placeholders of a message's text, sent with a NUL at its end.
    #[serde(default)]
    pub cstring: Option<String>,
    /// Octets in hexadecimal.
    #[serde(default, with = "As::<Option<Hex>>")]
    pub hex: Option<Vec<u8>>,
}

/// The value of a TLV, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlvValue<'a> {
    /// Big-endian, in 1, 2, 4 or 8 octets.
    Int {
        /// The number.
        value: u64,
        /// Its octets.
        octets: u8,
    },
    /// Octets of the text.
    Text(&'a str),
    /// Octets of the text and a NUL.
    CString(&'a str),
    /// As they are.
    Octets(&'a [u8]),
}

impl Message {
    /// Completes a message of a profile, reads its files, and checks it.
    pub(in crate::plan) fn complete(&mut self, files: &mut NumberFiles) -> PlanResult<()> {
        self.source.read_file(files).map_err(|e| e.under("source"))?;
        self.destination.read_file(files).map_err(|e| e.under("destination"))?;
        self.complete_content()?;
        for (index, tlv) in self.tlvs.iter_mut().enumerate() {
            tlv.complete().map_err(|e| e.under_item(index).under("tlvs"))?;
        }
        Ok(())
    }

    fn complete_content(&mut self) -> PlanResult<()> {
        match (&self.text, &self.text_file, &self.octets) {
            (None, None, None) => self.text = Some(defaults::TEXT.to_owned()),
            (Some(_), None, None) | (None, None, Some(_)) => {}
            (None, Some(path), None) => {
                let text = read_text_at_most(Path::new(path), 16 * MIB).map_err(|e| {
                    let why = format!("{path} cannot be read ({e}); give a file of UTF-8");
                    PlanError::about("text_file", why)
                })?;
                let text = without_mark(&text).trim_end_matches(['\n', '\r']);
                (self.text, self.text_file) = (Some(text.to_owned()), None);
            }
            (text, file, _) => {
                let second = if text.is_some() && file.is_some() { "text_file" } else { "octets" };
                let why = "a second content; write text, text_file or octets";
                return Err(PlanError::about(second, why));
            }
        }
        Ok(())
    }
}

impl MessageTlv {
    /// Its value; no octets where a plan that no profile made has none.
    pub fn value(&self) -> TlvValue<'_> {
        match (self.int, &self.text, &self.cstring, &self.hex) {
            (Some(value), ..) => TlvValue::Int { value, octets: self.octets.unwrap_or(1) },
            (None, Some(text), ..) => TlvValue::Text(text),
            (None, None, Some(text), _) => TlvValue::CString(text),
            (None, None, None, octets) => TlvValue::Octets(octets.as_deref().unwrap_or_default()),
        }
    }

    fn complete(&mut self) -> PlanResult<()> {
        let given =
            [self.int.is_some(), self.text.is_some(), self.cstring.is_some(), self.hex.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            return Err(PlanError::about("", "write one of int, text, cstring, hex"));
        }
        let Some(value) = self.int else {
            return match self.octets {
                Some(_) => Err(PlanError::about("octets", "goes with `int` only; leave it out")),
                None => Ok(()),
            };
        };
        let octets = *self.octets.get_or_insert(1);
        if ![1, 2, 4, 8].contains(&octets) {
            let why = format!("{octets} is not valid; write 1, 2, 4 or 8");
            return Err(PlanError::about("octets", why));
        }
        if octets < 8 && value >> (8 * octets) != 0 {
            let why = format!("{value} does not fit {octets} octets; raise `octets`");
            return Err(PlanError::about("int", why));
        }
        Ok(())
    }
}
