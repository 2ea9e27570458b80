//! What a gateway may change on the way: the words of `upstream.rewrites`.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that may come out of a gateway other than it went in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Rewrite {
    /// service_type.
    ServiceType,
    /// source_addr, its ton and npi.
    Source,
    /// destination_addr, its ton and npi.
    Destination,
    /// esm_class.
    EsmClass,
    /// protocol_id.
    ProtocolId,
    /// priority_flag.
    Priority,
    /// schedule_delivery_time.
    Schedule,
    /// validity_period.
    Validity,
    /// registered_delivery.
    RegisteredDelivery,
    /// replace_if_present_flag.
    ReplaceIfPresent,
    /// data_coding; the text is then compared as characters.
    DataCoding,
    /// sm_default_msg_id.
    DefaultMessage,
    /// The text.
    Text,
    /// The user data header.
    Udh,
    /// How a message is cut in parts, or put in message_payload.
    Segmentation,
    /// Optional parameters.
    Tlvs,
    /// Message ids. They may always differ; the word is allowed so that a profile can say so.
    Ids,
    /// The state of a receipt.
    ReceiptState,
    /// The err of a receipt.
    ReceiptErr,
    /// The dates of a receipt.
    ReceiptDates,
    /// The text of a receipt.
    ReceiptText,
}
