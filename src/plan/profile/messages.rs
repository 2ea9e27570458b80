//! `[[messages]]`: what is sent, from where, to where.
use super::addresses::WrittenAddress;
use crate::kit::{MIB, read_text_at_most, without_mark};
use crate::plan::defaults;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::{self, AddressFrom, Content, Long, PlannedTlv, TlvValue};
use crate::plan::read::tables;
use crate::plan::values::{As, Ascii, DataCoding, FilePath, Hex, MessageTime, TlvTag, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;

/// Longest period of the weights.
const WEIGHT_MAX: u64 = 10_000;
const INT_MAX: u64 = i64::MAX as u64;

/// One kind of message of the mix.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct WrittenMessage {
    /// Name of this kind of message in reports, unique within the profile. By default `"default"`; with several kinds,
    /// `"message-1"`, `"message-2"` and so on.
    label: Option<String>,
    /// Its share of the messages relative to the weights of the other kinds, from 1 to 10000; 1 by default.
    #[serde(with = "As::<Whole<u64, 1, WEIGHT_MAX>>")]
    weight: u64,
    /// The service_type: at most 5 characters, empty by default.
    #[serde(with = "As::<Ascii<5>>")]
    service_type: String,
    /// The source_addr, or its origin; `"447700900000"` by default.
    #[serde(with = "As::<Option<WrittenAddress>>")]
    source: Option<WrittenAddress>,
    /// The destination_addr, or its origin. By default 447700900000 to 447700900999 in turn, which nobody owns.
    #[serde(with = "As::<Option<WrittenAddress>>")]
    destination: Option<WrittenAddress>,
    /// The text, with the placeholders `{seq}`, `{uuid}`, `{destination}` and `{time}`; any other name in braces is
    /// refused. By default 63 octets of GSM text. Write one of `text`, `text_file`, `octets`.
    text: Option<String>,
    /// File of UTF-8 that holds the text, relative to the profile.
    #[serde(with = "As::<Option<FilePath>>")]
    text_file: Option<String>,
    /// The short_message in hexadecimal.
    #[serde(with = "As::<Option<Hex>>")]
    octets: Option<Vec<u8>>,
    /// The data_coding: a number from 0 to 255, or one of gsm, ascii, latin1, binary, ucs2. By default it is chosen
    /// from the text.
    #[serde(with = "As::<Option<DataCoding>>")]
    data_coding: Option<u8>,
    /// Whether GSM septets are packed into octets; false by default.
    packed: bool,
    /// How a text that does not fit one short_message is sent; `"udh8"` by default.
    long: Long,
    /// The registered_delivery, from 0 to 255; 1, the default, asks for a receipt, and 0 for none.
    registered_delivery: u8,
    /// The esm_class, from 0 to 255; 0 by default. The UDHI bit is added where a text is cut in parts.
    esm_class: u8,
    /// The protocol_id, from 0 to 255; 0 by default.
    protocol_id: u8,
    /// The priority_flag, from 0 to 255; 0 by default.
    priority: u8,
    /// The validity_period: a duration from acceptance, a time in RFC 3339, or the 16 characters of the wire. Empty by
    /// default.
    #[serde(with = "As::<Option<MessageTime>>")]
    validity_period: Option<String>,
    /// The schedule_delivery_time, written like `validity_period`. Empty by default.
    #[serde(with = "As::<Option<MessageTime>>")]
    schedule_delivery_time: Option<String>,
    /// Optional parameters.
    tlvs: Vec<WrittenTlv>,
}

impl Default for WrittenMessage {
    fn default() -> WrittenMessage {
        WrittenMessage {
            label: None,
            weight: 1,
            service_type: String::new(),
            source: None,
            destination: None,
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
            validity_period: None,
            schedule_delivery_time: None,
            tlvs: Vec::new(),
        }
    }
}

/// One optional parameter: its tag, and its value as one of int, text, cstring, hex.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenTlv {
    /// The tag by name (`"user_message_reference"`) or number.
    #[serde(with = "As::<TlvTag>")]
    tag: u16,
    /// An integer from 0 on that fits `octets`, sent big-endian.
    #[serde(default, with = "As::<Option<Whole<u64, 0, INT_MAX>>>")]
    int: Option<u64>,
    /// Number of octets of the integer: 1, 2, 4 or 8; 1 by default.
    #[serde(default, with = "As::<Option<Whole<u8, 1, 8>>>")]
    octets: Option<u8>,
    /// A text, with the placeholders of a message's text.
    #[serde(default)]
    text: Option<String>,
    /// A text, with the placeholders of a message's text, sent with a NUL at its end.
    #[serde(default)]
    cstring: Option<String>,
    /// Octets in hexadecimal.
    #[serde(default, with = "As::<Option<Hex>>")]
    hex: Option<Vec<u8>>,
}

impl WrittenMessage {
    pub(super) fn of(message: &model::Message) -> WrittenMessage {
        let (text, octets) = match &message.content {
            Content::Text(text) => (Some(text.clone()), None),
            Content::Octets(octets) => (None, Some(octets.clone())),
        };
        let written = |time: &String| (!time.is_empty()).then(|| time.clone());
        WrittenMessage {
            label: Some(message.label.clone()),
            weight: message.weight,
            service_type: message.service_type.clone(),
            source: Some(WrittenAddress::of(&message.source)),
            destination: Some(WrittenAddress::of(&message.destination)),
            text,
            text_file: None,
            octets,
            data_coding: message.data_coding,
            packed: message.packed,
            long: message.long,
            registered_delivery: message.registered_delivery,
            esm_class: message.esm_class,
            protocol_id: message.protocol_id,
            priority: message.priority,
            validity_period: written(&message.validity_period),
            schedule_delivery_time: written(&message.schedule_delivery_time),
            tlvs: message.tlvs.iter().map(WrittenTlv::of).collect(),
        }
    }

    fn resolve(&self, label: String) -> PlanResult<model::Message> {
        let (first, last) = defaults::NUMBERS;
        let built_in = |from| model::Address { ton: 1, npi: 1, from };
        let source = match &self.source {
            Some(source) => source.resolve(false).map_err(|e| e.under("source"))?,
            None => built_in(AddressFrom::Fixed(first.into())),
        };
        let destination = match &self.destination {
            Some(destination) => destination.resolve(true).map_err(|e| e.under("destination"))?,
            None => built_in(AddressFrom::Range(first.into(), last.into())),
        };
        let mut tlvs = Vec::with_capacity(self.tlvs.len());
        for (index, tlv) in self.tlvs.iter().enumerate() {
            tlvs.push(tlv.resolve().map_err(|e| e.under_item(index).under("tlvs"))?);
        }
        Ok(model::Message {
            label,
            weight: self.weight,
            service_type: self.service_type.clone(),
            source,
            destination,
            content: self.content()?,
            data_coding: self.data_coding,
            packed: self.packed,
            long: self.long,
            registered_delivery: self.registered_delivery,
            esm_class: self.esm_class,
            protocol_id: self.protocol_id,
            priority: self.priority,
            validity_period: self.validity_period.clone().unwrap_or_default(),
            schedule_delivery_time: self.schedule_delivery_time.clone().unwrap_or_default(),
            tlvs,
        })
    }

    fn content(&self) -> PlanResult<Content> {
        match (&self.text, &self.text_file, &self.octets) {
            (None, None, None) => Ok(Content::Text(defaults::TEXT.into())),
            (Some(text), None, None) => Ok(Content::Text(text.clone())),
            (None, None, Some(octets)) => Ok(Content::Octets(octets.clone())),
            (None, Some(path), None) => {
                let text = read_text_at_most(Path::new(path), 16 * MIB).map_err(|e| {
                    let why = format!("{path} cannot be read ({e}); give a file of UTF-8");
                    PlanError::about("text_file", why)
                })?;
                let text = without_mark(&text).trim_end_matches(['\n', '\r']);
                Ok(Content::Text(text.to_string()))
            }
            (text, file, _) => {
                let second = if text.is_some() && file.is_some() { "text_file" } else { "octets" };
                let why = "a second content; write text, text_file or octets";
                Err(PlanError::about(second, why))
            }
        }
    }
}

/// All messages; the built-in one where none is written.
pub(super) fn resolve(written: Option<Vec<WrittenMessage>>) -> PlanResult<Vec<model::Message>> {
    let written = tables("messages", written, WrittenMessage::default())?;
    let mut labels = HashSet::new();
    let mut list: Vec<model::Message> = Vec::with_capacity(written.len());
    for (index, message) in written.iter().enumerate() {
        let about = |e: PlanError| e.under_item(index).under("messages");
        let label = message.label.clone().unwrap_or_else(|| match written.len() {
            1 => "default".to_owned(),
            _ => format!("message-{}", index + 1),
        });
        if !labels.insert(label.clone()) {
            let why = format!("two messages labelled {label:?}; give each a `label` of its own");
            return Err(about(PlanError::about("label", why)));
        }
        list.push(message.resolve(label).map_err(about)?);
    }
    Ok(list)
}

impl WrittenTlv {
    fn of(tlv: &PlannedTlv) -> WrittenTlv {
        let mut written = WrittenTlv {
            tag: tlv.tag,
            int: None,
            octets: None,
            text: None,
            cstring: None,
            hex: None,
        };
        match &tlv.value {
            TlvValue::Int { value, octets } => {
                (written.int, written.octets) = (Some(*value), Some(*octets));
            }
            TlvValue::Text(text) => written.text = Some(text.clone()),
            TlvValue::CString(text) => written.cstring = Some(text.clone()),
            TlvValue::Octets(octets) => written.hex = Some(octets.clone()),
        }
        written
    }

    fn resolve(&self) -> PlanResult<PlannedTlv> {
        let value = match (self.int, &self.text, &self.cstring, &self.hex) {
            (Some(value), None, None, None) => self.int(value)?,
            (None, Some(text), None, None) => TlvValue::Text(text.clone()),
            (None, None, Some(text), None) => TlvValue::CString(text.clone()),
            (None, None, None, Some(octets)) => TlvValue::Octets(octets.clone()),
            _ => return Err(PlanError::about("", "write one of int, text, cstring, hex")),
        };
        if self.octets.is_some() && !matches!(value, TlvValue::Int { .. }) {
            return Err(PlanError::about("octets", "goes with `int` only; leave it out"));
        }
        Ok(PlannedTlv { tag: self.tag, value })
    }

    fn int(&self, value: u64) -> PlanResult<TlvValue> {
        let octets = self.octets.unwrap_or(1);
        if ![1, 2, 4, 8].contains(&octets) {
            let why = format!("{octets} is not valid; write 1, 2, 4 or 8");
            return Err(PlanError::about("octets", why));
        }
        if octets < 8 && value >> (8 * octets) != 0 {
            let why = format!("{value} does not fit {octets} octets; raise `octets`");
            return Err(PlanError::about("int", why));
        }
        Ok(TlvValue::Int { value, octets })
    }
}
