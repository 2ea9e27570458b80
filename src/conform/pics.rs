//! What a peer supports, as its cases showed it (a protocol implementation conformance statement).
use super::case::Role;
use super::runner::CaseResult;
use super::verdict::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a feature is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// A case that uses it passed.
    Yes,
    /// The peer said that it lacks it.
    No,
    /// Its cases failed, or could not be decided.
    Unclear,
    /// No case that uses it was run.
    NotTried,
}

/// A feature, and whether the peer supports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PicsRow {
    /// The feature, as the specification spells it.
    pub feature: String,
    /// Whether it is supported.
    pub support: Support,
    /// The case that showed it.
    pub case: String,
}

/// Features of an SMSC, and the case that shows each.
const SMSC: [(&str, &str); 22] = [
    ("bind_transmitter", "4.1.1-01"),
    ("bind_receiver", "4.1.3-01"),
    ("bind_transceiver", "4.1.5-01"),
    ("sc_interface_version in bind_resp", "4.1.2-02"),
    ("submit_sm", "4.4.1-01"),
    ("submit_sm of 254 octets", "4.4.1-02"),
    ("alphanumeric source_addr", "5.2.5-03"),
    ("user data header", "5.2.12-02"),
    ("relative validity_period", "5.2.16-03"),
    ("absolute validity_period", "5.2.16-02"),
    ("message_payload", "5.3.2.32-01"),
    ("sar_msg_ref_num, sar_total_segments, sar_segment_seqnum", "5.3.2.22-01"),
    ("data_sm", "4.7.1-01"),
    ("submit_multi", "4.5.1-01"),
    ("query_sm", "4.8.1-01"),
    ("cancel_sm", "4.9.1-02"),
    ("replace_sm", "4.10.1-02"),
    ("enquire_link", "4.11.1-01"),
    ("delivery receipts", "4.6.1-01"),
    ("receipted_message_id", "5.3.2.12-01"),
    ("message_state", "5.3.2.35-01"),
    ("TLS", "TLS-01"),
];

/// Features of an ESME.
const ESME: [(&str, &str); 14] = [
    ("interface_version 0x34", "5.2.4-51"),
    ("enquire_link, answered", "4.11.1-51"),
    ("enquire_link, sent when idle", "4.11.1-52"),
    ("submit_sm", "4.4.1-51"),
    ("more than one submit_sm without an answer", "2.9-52"),
    ("generic_nack", "5.1.2-51"),
    ("deliver_sm", "4.6.2-51"),
    ("deliver_sm with message_payload", "5.3.2.32-51"),
    ("user data header in deliver_sm", "5.2.12-53"),
    ("data_sm, delivered", "4.7.1-51"),
    ("delivery receipts", "4.6.2-52"),
    ("intermediate notifications", "5.2.12-54"),
    ("alert_notification", "4.12.1-51"),
    ("unbind, answered", "4.2.1-51"),
];

/// The features of a role.
pub(super) fn features(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Smsc => &SMSC,
        Role::Esme => &ESME,
    }
}

/// What the results say of the features.
pub(super) fn rows(results: &[CaseResult], role: Role) -> Vec<PicsRow> {
    let row = |(feature, case): &(&str, &str)| {
        let result = results.iter().find(|result| result.case.id == *case);
        let support = result.map_or(Support::NotTried, |result| support(result.verdict.outcome));
        PicsRow { feature: (*feature).to_owned(), support, case: (*case).to_owned() }
    };
    features(role).iter().map(row).collect()
}

const fn support(outcome: Outcome) -> Support {
    match outcome {
        Outcome::Pass => Support::Yes,
        Outcome::Unsupported => Support::No,
        Outcome::Fail | Outcome::Lenient | Outcome::Inconclusive | Outcome::PreconditionFailed => {
            Support::Unclear
        }
        Outcome::Skipped => Support::NotTried,
    }
}
