//! What can be wrong with a body: [`Malformed`] (it cannot be read: answer, count, go on) and
//! [`Anomaly`] (it was read: count). Knows no PDU.

use std::fmt;

use crate::smpp::CommandStatus;

/// The fault. The same kinds serve both: a body that a strict receiver refuses, a soft one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyFault {
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

impl BodyFault {
    /// Every kind.
    pub const ALL: [BodyFault; 17] = [
        BodyFault::CommandLength,
        BodyFault::UnknownCommandId,
        BodyFault::TruncatedBody,
        BodyFault::UnterminatedCstring,
        BodyFault::CstringTooLong,
        BodyFault::BadTimeLength,
        BodyFault::OctetsBeyondPdu,
        BodyFault::BadDestFlag,
        BodyFault::TlvHeaderTruncated,
        BodyFault::TlvLengthBeyondPdu,
        BodyFault::TlvBadLength,
        BodyFault::TlvBadValue,
        BodyFault::TrailingOctets,
        BodyFault::BodyOnError,
        BodyFault::NoMessageId,
        BodyFault::StatusInRequest,
        BodyFault::Semantic,
    ];

    /// The name in reports and in `decode`.
    pub const fn name(self) -> &'static str {
        match self {
            BodyFault::CommandLength => "COMMAND_LENGTH",
            BodyFault::UnknownCommandId => "UNKNOWN_COMMAND_ID",
            BodyFault::TruncatedBody => "TRUNCATED_BODY",
            BodyFault::UnterminatedCstring => "UNTERMINATED_CSTRING",
            BodyFault::CstringTooLong => "CSTRING_TOO_LONG",
            BodyFault::BadTimeLength => "BAD_TIME_LENGTH",
            BodyFault::OctetsBeyondPdu => "OCTETS_BEYOND_PDU",
            BodyFault::BadDestFlag => "BAD_DEST_FLAG",
            BodyFault::TlvHeaderTruncated => "TLV_HEADER_TRUNCATED",
            BodyFault::TlvLengthBeyondPdu => "TLV_LENGTH_BEYOND_PDU",
            BodyFault::TlvBadLength => "TLV_BAD_LENGTH",
            BodyFault::TlvBadValue => "TLV_BAD_VALUE",
            BodyFault::TrailingOctets => "TRAILING_OCTETS",
            BodyFault::BodyOnError => "BODY_ON_ERROR",
            BodyFault::NoMessageId => "NO_MESSAGE_ID",
            BodyFault::StatusInRequest => "STATUS_IN_REQUEST",
            BodyFault::Semantic => "SEMANTIC",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            BodyFault::CommandLength => "the octets are not as many as command_length says",
            BodyFault::UnknownCommandId => "no PDU has this command_id",
            BodyFault::TruncatedBody => "the body ends before this field",
            BodyFault::UnterminatedCstring => "the string has no NUL",
            BodyFault::CstringTooLong => "the string is longer than its field",
            BodyFault::BadTimeLength => "a time is empty or 16 characters",
            BodyFault::OctetsBeyondPdu => "sm_length counts octets that are not there",
            BodyFault::BadDestFlag => "dest_flag is 1 or 2",
            BodyFault::TlvHeaderTruncated => "too few octets for a tag and a length",
            BodyFault::TlvLengthBeyondPdu => "the length goes beyond the PDU",
            BodyFault::TlvBadLength => "the value has a length that this tag cannot have",
            BodyFault::TlvBadValue => "the value is out of range",
            BodyFault::TrailingOctets => "octets after a header that should stand alone",
            BodyFault::BodyOnError => "the response of an error has a body; ignored",
            BodyFault::NoMessageId => "accepted without a message_id",
            BodyFault::StatusInRequest => "command_status is not 0 in a request",
            BodyFault::Semantic => "the value may not stand here",
        }
    }
}

/// A body that cannot be read: answer it with `status`, count it, go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The fault.
    pub kind: BodyFault,
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
    pub kind: BodyFault,
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
