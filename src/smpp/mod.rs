//! The wire language of SMPP v3.4 (and what of v5.0 is met in the wild): bytes in, values out.
//!
//! Knows no clock, socket, session or profile. Two layers: framing is hard ([`frame`]: the stream is
//! cut by `command_length` alone, and a length that cannot be is a [`frame::Desync`]); bodies are
//! soft ([`pdu`]: what can be read is read, what is odd is an [`pdu::Anomaly`], and only a body that
//! cannot be read at all is [`pdu::Malformed`]).

pub mod answer;
pub mod coding;
mod command;
pub mod frame;
mod header;
mod mask;
mod octets;
pub mod pdu;
pub mod receipt;
pub mod segment;
mod status;
mod template;
pub mod time;
mod tlv;
pub mod udh;

pub use command::CommandId;
pub use header::Header;
pub use mask::without_passwords;
pub use status::{CommandStatus, UnknownStatus};
pub use template::{Template, TemplateBuilder, TemplateError, TemplatePart};
pub use tlv::{Tag, TagInfo, TlvFault, TlvIter, TlvType, Tlvs, put_tlv};
