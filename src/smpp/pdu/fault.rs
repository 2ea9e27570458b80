//! What can be wrong with a body: [`Malformed`] (it cannot be read: answer, count, go on) and
//! [`Anomaly`] (it was read: count). Knows no PDU.

use std::fmt;

use crate::smpp::CommandStatus;

/// The fault. The same kinds serve both: a body that a strict receiver refuses, a soft one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The octets given are not the `command_length` that they announce.
    CommandLength,
    /// `command_id` has no name.
    UnknownCommandId,
    /// The body ends before a mandatory field.
    TruncatedBody,
    /// A C-octet string has no NUL.
    UnterminatedCstring,
    /// A C-octet string is longer than its field.
    CstringTooLong,
    /// A time is neither empty nor 16 characters.
    BadTimeLength,
    /// `sm_length` counts octets that are not there.
    OctetsBeyondPdu,
    /// A `dest_flag` that is neither 1 nor 2.
    BadDestFlag,
    /// One to three octets where a TLV should begin.
    TlvHeaderTruncated,
    /// A TLV's length goes beyond the PDU.
    TlvLengthBeyondPdu,
    /// A known TLV has a length that it cannot have.
    TlvBadLength,
    /// A known TLV has a value that it cannot have.
    TlvBadValue,
    /// Octets after a header that should stand alone.
    TrailingOctets,
    /// A response of an error has a body all the same; it is ignored (v5.0 3.2.1.3).
    BodyOnError,
    /// Accepted (status 0), but no or an empty `message_id`.
    NoMessageId,
    /// `command_status` is not 0 in a request.
    StatusInRequest,
    /// Every field can be read, but one has a value that may not stand there.
    Semantic,
}

/// An [`Anomaly`]'s kind.
pub use FaultKind as AnomalyKind;

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 17] = [
        FaultKind::CommandLength,
        FaultKind::UnknownCommandId,
        FaultKind::TruncatedBody,
        FaultKind::UnterminatedCstring,
        FaultKind::CstringTooLong,
        FaultKind::BadTimeLength,
        FaultKind::OctetsBeyondPdu,
        FaultKind::BadDestFlag,
        FaultKind::TlvHeaderTruncated,
        FaultKind::TlvLengthBeyondPdu,
        FaultKind::TlvBadLength,
        FaultKind::TlvBadValue,
        FaultKind::TrailingOctets,
        FaultKind::BodyOnError,
        FaultKind::NoMessageId,
        FaultKind::StatusInRequest,
        FaultKind::Semantic,
    ];

    /// The name in reports and in `decode`.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::CommandLength => "COMMAND_LENGTH",
            FaultKind::UnknownCommandId => "UNKNOWN_COMMAND_ID",
            FaultKind::TruncatedBody => "TRUNCATED_BODY",
            FaultKind::UnterminatedCstring => "UNTERMINATED_CSTRING",
            FaultKind::CstringTooLong => "CSTRING_TOO_LONG",
            FaultKind::BadTimeLength => "BAD_TIME_LENGTH",
            FaultKind::OctetsBeyondPdu => "OCTETS_BEYOND_PDU",
            FaultKind::BadDestFlag => "BAD_DEST_FLAG",
            FaultKind::TlvHeaderTruncated => "TLV_HEADER_TRUNCATED",
            FaultKind::TlvLengthBeyondPdu => "TLV_LENGTH_BEYOND_PDU",
            FaultKind::TlvBadLength => "TLV_BAD_LENGTH",
            FaultKind::TlvBadValue => "TLV_BAD_VALUE",
            FaultKind::TrailingOctets => "TRAILING_OCTETS",
            FaultKind::BodyOnError => "BODY_ON_ERROR",
            FaultKind::NoMessageId => "NO_MESSAGE_ID",
            FaultKind::StatusInRequest => "STATUS_IN_REQUEST",
            FaultKind::Semantic => "SEMANTIC",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            FaultKind::CommandLength => "the octets are not as many as command_length says",
            FaultKind::UnknownCommandId => "no PDU has this command_id",
            FaultKind::TruncatedBody => "the body ends before this field",
            FaultKind::UnterminatedCstring => "the string has no NUL",
            FaultKind::CstringTooLong => "the string is longer than its field",
            FaultKind::BadTimeLength => "a time is empty or 16 characters",
            FaultKind::OctetsBeyondPdu => "sm_length counts octets that are not there",
            FaultKind::BadDestFlag => "dest_flag is 1 or 2",
            FaultKind::TlvHeaderTruncated => "too few octets for a tag and a length",
            FaultKind::TlvLengthBeyondPdu => "the length goes beyond the PDU",
            FaultKind::TlvBadLength => "the value has a length that this tag cannot have",
            FaultKind::TlvBadValue => "the value is out of range",
            FaultKind::TrailingOctets => "octets after a header that should stand alone",
            FaultKind::BodyOnError => "the response of an error has a body; ignored",
            FaultKind::NoMessageId => "accepted without a message_id",
            FaultKind::StatusInRequest => "command_status is not 0 in a request",
            FaultKind::Semantic => "the value may not stand here",
        }
    }
}

/// A body that cannot be read: answer it with `status`, count it, go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The fault.
    pub kind: FaultKind,
    /// Offset of the place in the PDU.
    pub at: usize,
    /// The field, as the specification spells it.
    pub field: &'static str,
    /// Status of the response.
    pub status: CommandStatus,
}

/// Something odd in a body that was read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anomaly {
    /// The anomaly.
    pub kind: FaultKind,
    /// Offset of the place in the PDU.
    pub at: usize,
    /// The field, as the specification spells it.
    pub field: &'static str,
    /// Status that a strict receiver answers. `None`: it accepts the PDU.
    pub status: Option<CommandStatus>,
}

impl Malformed {
    /// The fault in words, with its field.
    pub fn why(&self) -> String {
        format!("{}: {}", self.field, self.kind.text())
    }
}

impl Anomaly {
    /// The oddity in words, with its field.
    pub fn why(&self) -> String {
        format!("{}: {}", self.field, self.kind.text())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {} ({})", self.kind.name(), self.at, self.why(), self.status)
    }
}

impl std::error::Error for Malformed {}
