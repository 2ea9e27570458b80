//! The wire language of SMPP v3.4 (and what of v5.0 is met in the wild): bytes in, values out.
//!
//! Knows no clock, socket, session or profile. Two layers: framing is hard ([`frame`]: the stream is
//! cut by `command_length` alone, and a length that cannot be is a [`frame::Desync`]); bodies are
//! soft ([`pdu`]: what can be read is read, what is odd is an [`pdu::Anomaly`], and only a body that
//! cannot be read at all is [`pdu::Malformed`]).
//!
//! ```
//! use bytes::BytesMut;
//! use smppbench::smpp::pdu::{self, Body, SubmitSm};
//! use smppbench::smpp::{CommandStatus, frame};
//!
//! let mut stream = BytesMut::new();
//! let message = SubmitSm {
//!     destination_addr: b"447700900123",
//!     short_message: b"hello",
//!     ..SubmitSm::default()
//! };
//! message.encode(CommandStatus::ESME_ROK, 7, &mut stream);
//!
//! let length = frame::cut(&stream, 70_000)?.expect("the whole PDU is here");
//! let decoded = pdu::decode(&stream[..length])?;
//! assert_eq!(decoded.header.sequence_number, 7);
//! let Body::SubmitSm(read) = decoded.body else { panic!("it is a submit_sm") };
//! assert_eq!((read.short_message, decoded.anomalies.len()), (&b"hello"[..], 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod answer;
pub mod coding;
mod command;
pub mod frame;
mod header;
pub mod marker;
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
pub(crate) use octets::find;
pub use status::{CommandStatus, UnknownStatus};
pub use template::{Template, TemplateBuilder, TemplateError, TemplatePart};
pub use tlv::{Tag, TagInfo, TlvFault, TlvIter, TlvType, Tlvs, put_tlv};
