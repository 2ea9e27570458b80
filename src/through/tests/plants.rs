//! What a relay can do wrong on purpose.
use crate::smpp::pdu::SubmitSm;

/// One thing that goes wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::through) enum Plant {
    /// Answered, and not passed on.
    Lose,
    /// Passed on twice.
    Double,
    /// This field comes out otherwise.
    Alter(Field),
    /// Passed on behind the next message of its session.
    Reorder,
    /// Passed on to another upstream.
    Misroute,
    /// Passed on, and never answered.
    NoAnswer,
    /// Rejected, and passed on all the same.
    Ghost,
    /// Answered before it is passed on.
    AnswerFirst,
    /// A message_payload comes out in parts.
    Resegment,
    /// A submit_sm of the relay's own comes out besides.
    Invent,
    /// Its receipt is swallowed.
    SwallowReceipt,
    /// Its receipt comes twice.
    DoubleReceipt,
    /// Its receipt has another state.
    ReceiptState,
    /// Its receipt has another err.
    ReceiptErr,
    /// Its receipt has another date.
    ReceiptDate,
    /// Its receipt has another text.
    ReceiptText,
    /// Its receipt comes on another account's session.
    ReceiptOtherAccount,
    /// Its receipt comes on another session of its account.
    ReceiptOtherBind,
    /// Its receipt comes before its response.
    ReceiptFirst,
    /// A receipt comes for an id that nobody was given.
    ReceiptInvent,
}

/// A field that a relay changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::through) enum Field {
    ServiceType,
    SourceTon,
    SourceNpi,
    Source,
    DestinationTon,
    DestinationNpi,
    Destination,
    EsmClass,
    ProtocolId,
    Priority,
    Schedule,
    Validity,
    RegisteredDelivery,
    Replace,
    DataCoding,
    DefaultMessage,
    Text,
    Tlv,
}

impl Field {
    pub(super) const ALL: [Field; 18] = [
        Field::ServiceType,
        Field::SourceTon,
        Field::SourceNpi,
        Field::Source,
        Field::DestinationTon,
        Field::DestinationNpi,
        Field::Destination,
        Field::EsmClass,
        Field::ProtocolId,
        Field::Priority,
        Field::Schedule,
        Field::Validity,
        Field::RegisteredDelivery,
        Field::Replace,
        Field::DataCoding,
        Field::DefaultMessage,
        Field::Text,
        Field::Tlv,
    ];

    /// Its name in the field table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Field::ServiceType => "submit.service_type",
            Field::SourceTon => "submit.source_addr_ton",
            Field::SourceNpi => "submit.source_addr_npi",
            Field::Source => "submit.source_addr",
            Field::DestinationTon => "submit.dest_addr_ton",
            Field::DestinationNpi => "submit.dest_addr_npi",
            Field::Destination => "submit.destination_addr",
            Field::EsmClass => "submit.esm_class",
            Field::ProtocolId => "submit.protocol_id",
            Field::Priority => "submit.priority_flag",
            Field::Schedule => "submit.schedule_delivery_time",
            Field::Validity => "submit.validity_period",
            Field::RegisteredDelivery => "submit.registered_delivery",
            Field::Replace => "submit.replace_if_present_flag",
            Field::DataCoding => "submit.data_coding",
            Field::DefaultMessage => "submit.sm_default_msg_id",
            Field::Text => "submit.text",
            Field::Tlv => "submit.tlv.source_port",
        }
    }

    /// Changes it; what the simulator accepts stays acceptable.
    pub(super) fn change(self, sm: &mut SubmitSm<'_>) {
        match self {
            Field::ServiceType => sm.service_type = b"XX",
            Field::SourceTon => sm.source_addr_ton ^= 1,
            Field::SourceNpi => sm.source_addr_npi ^= 1,
            Field::Source => sm.source_addr = b"4412345",
            Field::DestinationTon => sm.dest_addr_ton ^= 3,
            Field::DestinationNpi => sm.dest_addr_npi ^= 1,
            Field::Destination => sm.destination_addr = b"4477009000",
            Field::EsmClass => sm.esm_class |= 3,
            Field::ProtocolId => sm.protocol_id = 64,
            Field::Priority => sm.priority_flag = 2,
            Field::Schedule => sm.schedule_delivery_time = b"000000000100000R",
            Field::Validity => sm.validity_period = b"000001000000000R",
            Field::RegisteredDelivery => sm.registered_delivery |= 0x08,
            Field::Replace => sm.replace_if_present_flag = 1,
            Field::DataCoding => sm.data_coding = 1,
            Field::DefaultMessage => sm.sm_default_msg_id = 1,
            // the text and the TLV are changed where the octets are
            Field::Text | Field::Tlv => {}
        }
    }
}

/// Every plant of submits and receipts.
pub(super) fn all() -> Vec<Plant> {
    let fields = Field::ALL.into_iter().map(Plant::Alter);
    let others = [
        Plant::Lose,
        Plant::Double,
        Plant::Reorder,
        Plant::Misroute,
        Plant::NoAnswer,
        Plant::Ghost,
        Plant::AnswerFirst,
        Plant::Resegment,
        Plant::Invent,
        Plant::SwallowReceipt,
        Plant::DoubleReceipt,
        Plant::ReceiptState,
        Plant::ReceiptErr,
        Plant::ReceiptDate,
        Plant::ReceiptText,
        Plant::ReceiptOtherAccount,
        Plant::ReceiptOtherBind,
        Plant::ReceiptFirst,
        Plant::ReceiptInvent,
    ];
    others.into_iter().chain(fields).collect()
}
