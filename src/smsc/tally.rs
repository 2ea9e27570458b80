//! What the simulator did, counted, so that a run against it can be balanced to the PDU (docs/ledger.md).
//!
//! Plain counters, one writer. It judges nothing and knows no session.
use crate::plan::behaviour::FaultKind;
use crate::smpp::CommandStatus;
use crate::smpp::receipt::MessageState;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Counts by `command_status`; in JSON an object from its name to the count, with `OTHER` beyond 512 different ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByStatus(BTreeMap<u32, u64>, u64);

/// Different statuses that are told apart: ESMEs choose those of their answers, and may choose any.
const STATUSES_MAX: usize = 512;

impl ByStatus {
    /// One more.
    pub fn add(&mut self, status: CommandStatus) {
        let full = self.0.len() >= STATUSES_MAX;
        match self.0.entry(status.0) {
            Entry::Vacant(_) if full => self.1 += 1,
            entry @ (Entry::Vacant(_) | Entry::Occupied(_)) => *entry.or_default() += 1,
        }
    }
    /// How many had this status.
    pub fn get(&self, status: CommandStatus) -> u64 {
        self.0.get(&status.0).copied().unwrap_or(0)
    }
    /// All together.
    pub fn total(&self) -> u64 {
        self.0.values().sum::<u64>() + self.1
    }
    /// How many had a status that came after 512 different ones.
    pub fn other(&self) -> u64 {
        self.1
    }
    /// Each status with its count, in order of number.
    pub fn iter(&self) -> impl Iterator<Item = (CommandStatus, u64)> + '_ {
        self.0.iter().map(|(status, count)| (CommandStatus(*status), *count))
    }
}

impl Serialize for ByStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = self.iter().map(|(status, count)| (status.to_string(), count));
        let other = (self.1 > 0).then(|| ("OTHER".to_owned(), self.1));
        serializer.collect_map(named.chain(other))
    }
}

/// Counts by `message_state`; in JSON an object from its `stat` to the count, zeros left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByState([u64; MessageState::ALL.len()], u64);

impl ByState {
    /// One more.
    #[inline]
    pub fn add(&mut self, state: u8) {
        match self.0.get_mut(usize::from(state)) {
            Some(count) => *count += 1,
            None => self.1 += 1,
        }
    }
    /// How many had this state.
    pub fn get(&self, state: MessageState) -> u64 {
        self.0.get(usize::from(state.wire())).copied().unwrap_or(self.1)
    }
    /// All together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum::<u64>() + self.1
    }
}

impl Serialize for ByState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = MessageState::ALL.iter().map(|state| (state.stat(), self.get(*state)));
        let all = named.chain(std::iter::once(("OTHER", self.1)));
        serializer.collect_map(all.filter(|(_, count)| *count > 0))
    }
}

/// Counts by kind of fault; in JSON an object from its name to the count, zeros left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByFault([u64; FAULTS.len()]);

/// Every kind, in the order of its declaration.
pub(super) const FAULTS: [FaultKind; 12] = [
    FaultKind::Unbind,
    FaultKind::Close,
    FaultKind::Reset,
    FaultKind::HalfClose,
    FaultKind::Garbage,
    FaultKind::Truncated,
    FaultKind::OversizeTlv,
    FaultKind::GenericNack,
    FaultKind::NoEnquireAnswer,
    FaultKind::SlowReader,
    FaultKind::BindRefuse,
    FaultKind::AcceptThenDrop,
];

impl ByFault {
    /// One more.
    pub fn add(&mut self, kind: FaultKind) {
        self.0[kind as usize] += 1;
    }
    /// How many of this kind were done.
    pub fn get(&self, kind: FaultKind) -> u64 {
        self.0[kind as usize]
    }
    /// All together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for ByFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = FAULTS.iter().map(|kind| (*kind, self.get(*kind)));
        serializer.collect_map(all.filter(|(_, count)| *count > 0))
    }
}

/// Connections and what was said about the sessions on them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SessionTally {
    /// Connections taken.
    pub connections: u64,
    /// Unbinds that ESMEs asked for and got.
    pub unbound_by_esme: u64,
    /// Unbinds of ours that ESMEs answered.
    pub unbound_by_smsc: u64,
    /// Bound sessions whose connection went without an unbind.
    pub dropped: u64,
    /// Closed because no bind came in time (`timers.session_init`).
    pub init_timeouts: u64,
    /// Closed before their bind because too many were not bound, or file descriptors ran short.
    pub dropped_unbound: u64,
    /// Reset because the peer did not take the last octets before the close in time.
    pub flush_timeouts: u64,
    /// Closed because nothing came (`timers.inactivity`).
    pub inactivity_timeouts: u64,
    /// Closed because a request of ours stayed unanswered (`timers.response`; an unbind: 30 s without it).
    pub response_timeouts: u64,
    /// enquire_link of ESMEs answered.
    pub enquire_links_answered: u64,
    /// enquire_link of ours that were answered.
    pub enquire_links_confirmed: u64,
    /// Streams that could not be cut (and were closed).
    pub desyncs: u64,
    /// PDUs that are illegal in their session's state.
    pub illegal: u64,
    /// `command_id`s that nobody knows, or that this SMSC does not support.
    pub unknown_commands: u64,
    /// Responses that no request of ours asked for.
    pub unknown_responses: u64,
    /// Lawful requests other than submit_sm (data_sm, submit_multi, query_sm, ...), answered.
    pub other_requests: u64,
}

/// Binds answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BindTally {
    /// With ESME_ROK.
    pub accepted: u64,
    /// With another status.
    pub refused: ByStatus,
}

/// submit_sm read. `received = accepted + refused + ignored`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubmitTally {
    /// Whole submit_sm read on connections that were not being closed.
    pub received: u64,
    /// Decided to be answered with ESME_ROK (whether the answer is sent or withheld).
    pub accepted: u64,
    /// Decided to be answered with another status, by it; a generic_nack counts here too.
    pub refused: ByStatus,
    /// Beyond the window of an SMSC that stays silent, disconnects or unbinds then, or met by a fault
    /// that ends the session: never answered and forgotten.
    pub ignored: u64,
    /// Of the accepted ones: those whose registered_delivery asks for a receipt of their outcome.
    /// `asked = receipts.by_state + receipts.withheld + receipts.pending + receipts.undeliverable`.
    pub asked: u64,
}

/// Answers to submit_sm. `accepted + refused = sent + withheld + undelivered + pending`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResponseTally {
    /// Handed to the connection, generic_nacks in their place among them.
    pub sent: u64,
    /// Of those: with ESME_ROK.
    pub sent_ok: u64,
    /// Accepted, never answered (`response.lost`).
    pub withheld: u64,
    /// Due after their session had ended or could not be written to any more.
    pub undelivered: u64,
    /// Not yet due.
    pub pending: u64,
}

/// Receipts. A message's final receipt is counted once in `by_state`, `withheld`, `pending` or
/// `undeliverable`; every further deliver_sm for it is `duplicated` or `retried`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReceiptTally {
    /// Final receipts sent for the first time.
    pub by_state: ByState,
    /// Final receipts sent a second time on purpose (`receipts.duplicate`).
    pub duplicated: u64,
    /// Never sent (`receipts.lost`).
    pub withheld: u64,
    /// deliver_sm sent again after a refusal, no answer, or the loss of their session: receipts,
    /// copies and intermediate notifications.
    pub retried: u64,
    /// Intermediate notifications sent for the first time.
    pub intermediate: u64,
    /// Of `by_state`: sent before the response of their message.
    pub before_response: u64,
    /// Of `by_state`: sent on another session than their message came by.
    pub other_bind: u64,
    /// deliver_sm_resp (or data_sm_resp) to receipts of all kinds, by status.
    pub acknowledged: ByStatus,
    /// Given up: refused or unanswered beyond `receipts.retry`.
    pub given_up: u64,
    /// Final receipts not yet sent: not yet due, or nobody is there to receive them.
    pub pending: u64,
    /// Final receipts dropped because too many were waiting, or nobody can receive them any more.
    pub undeliverable: u64,
    /// deliver_sm of receipts dropped because `receipts.waiting_max` was reached, or their account was
    /// forgotten: final receipts (also `undeliverable`), copies, notifications and repeats.
    pub dropped_full: u64,
}

/// Mobile-originated messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoTally {
    /// Sent for the first time.
    pub sent: u64,
    /// deliver_sm_resp to them, by status.
    pub acknowledged: ByStatus,
    /// Sent again.
    pub retried: u64,
    /// Given up.
    pub given_up: u64,
    /// Dropped because `receipts.waiting_max` was reached.
    pub dropped_full: u64,
}

/// Everything that the simulator counts. In JSON as it stands here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Connections and sessions.
    pub sessions: SessionTally,
    /// Binds.
    pub binds: BindTally,
    /// submit_sm.
    pub submits: SubmitTally,
    /// Their answers.
    pub responses: ResponseTally,
    /// Receipts.
    pub receipts: ReceiptTally,
    /// Mobile-originated messages.
    pub mo: MoTally,
    /// Faults done, by kind.
    pub faults: ByFault,
}

impl Tally {
    /// The sums that must hold at any time, each with its two sides; all equal where nothing is amiss.
    pub fn sums(&self) -> [(&'static str, u64, u64); 3] {
        let s = &self.submits;
        let (r, d) = (&self.responses, &self.receipts);
        let refused = s.refused.total();
        [
            ("submits received", s.received, s.accepted + refused + s.ignored),
            (
                "submits answered",
                s.accepted + refused,
                r.sent + r.withheld + r.undelivered + r.pending,
            ),
            (
                "receipts asked",
                s.asked,
                d.by_state.total() + d.withheld + d.pending + d.undeliverable,
            ),
        ]
    }

    /// Whether all of [`Tally::sums`] hold.
    pub fn balanced(&self) -> bool {
        self.sums().iter().all(|(_, left, right)| left == right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_the_place_that_its_number_names() {
        for (index, kind) in FAULTS.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
    }

    #[test]
    fn answers_with_any_number_of_statuses_do_not_make_the_tally_grow() {
        let mut statuses = ByStatus::default();
        for status in 0..100_000 {
            statuses.add(CommandStatus(status));
        }
        statuses.add(CommandStatus(7));
        assert_eq!((statuses.iter().count(), statuses.total()), (512, 100_001));
        assert_eq!((statuses.get(CommandStatus(7)), statuses.other()), (2, 100_000 - 512));
        assert_eq!(serde_json::to_value(&statuses).unwrap()["OTHER"], 99_488);
    }

    #[test]
    fn the_tally_reads_well_as_json() {
        let mut tally = Tally::default();
        tally.submits.refused.add(CommandStatus::ESME_RTHROTTLED);
        tally.submits.refused.add(CommandStatus(0x407));
        tally.receipts.by_state.add(2);
        tally.faults.add(FaultKind::HalfClose);
        let json = serde_json::to_value(&tally).unwrap();
        assert_eq!(json["submits"]["refused"]["ESME_RTHROTTLED"], 1);
        assert_eq!(json["submits"]["refused"]["0x00000407"], 1);
        assert_eq!(json["receipts"]["by_state"], serde_json::json!({ "DELIVRD": 1 }));
        assert_eq!(json["faults"], serde_json::json!({ "half_close": 1 }));
    }
}
