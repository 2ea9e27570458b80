//! What is sent: the messages of a plan as data.
pub use crate::smpp::segment::Long;
use serde::{Deserialize, Serialize};

/// One kind of message of the mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Names a group in the result.
    pub label: String,
    /// Whole-number weight in the mix.
    pub weight: u64,
    /// submit_sm service_type.
    pub service_type: String,
    /// Where it comes from.
    pub source: Address,
    /// Where it goes.
    pub destination: Address,
    /// What it says.
    pub content: Content,
    /// None: chosen from the text.
    pub data_coding: Option<u8>,
    /// Pack GSM septets.
    pub packed: bool,
    /// How a text that does not fit is carried.
    pub long: Long,
    /// submit_sm registered_delivery.
    pub registered_delivery: u8,
    /// submit_sm esm_class (UDHI is added where a UDH is).
    pub esm_class: u8,
    /// submit_sm protocol_id.
    pub protocol_id: u8,
    /// submit_sm priority_flag.
    pub priority: u8,
    /// submit_sm validity_period, as on the wire (empty or 16 characters).
    pub validity_period: String,
    /// submit_sm schedule_delivery_time, as on the wire.
    pub schedule_delivery_time: String,
    /// Optional parameters.
    pub tlvs: Vec<PlannedTlv>,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Text with placeholders `{seq} {uuid} {destination} {time}`.
    Text(String),
    /// Octets as they are.
    Octets(Vec<u8>),
}

/// An address, or where it is taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The digits.
    pub from: AddressFrom,
}

/// Where an address is taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressFrom {
    /// Always this one.
    Fixed(String),
    /// `first..=last`, in turn, keeping leading zeros.
    Range(String, String),
    /// In turn out of this list (read from `file`).
    List {
        /// Where it came from.
        file: String,
        /// At least one.
        addresses: Vec<String>,
    },
    /// `#` is a random digit, reproducible from the seed and the message's number.
    Random(String),
}

/// One optional parameter of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTlv {
    /// Its tag.
    pub tag: u16,
    /// Its value; placeholders apply where it is text.
    pub value: TlvValue,
}

/// A TLV's value as a person writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlvValue {
    /// Big-endian, in so many octets.
    Int {
        /// The number.
        value: u64,
        /// 1, 2, 4 or 8.
        octets: u8,
    },
    /// Octets of the text.
    Text(String),
    /// Octets of the text and a NUL.
    CString(String),
    /// As they are.
    Octets(Vec<u8>),
}
