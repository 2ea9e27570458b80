//! Counts everything that the simulator does, so that a run against it can be balanced to the PDU (docs/ledger.md).
//!
//! Plain counters with one writer.
use super::pending_delivery::{DeliveryKind, PendingDelivery};
use crate::plan::behaviour::FaultKind;
use crate::smpp::CommandStatus;
use crate::smpp::receipt::MessageState;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Counts by `command_status`. In JSON an object of name and count, with `OTHER` beyond 512 different statuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByStatus(BTreeMap<u32, u64>, u64);

/// Maximum number of different statuses counted one by one: ESMEs may answer with any.
const STATUSES_MAX: usize = 512;

impl ByStatus {
    /// Counts one.
    pub fn add(&mut self, status: CommandStatus) {
        self.add_many(status, 1);
    }
    /// Counts as many.
    pub(super) fn add_many(&mut self, status: CommandStatus, count: u64) {
        let full = self.0.len() >= STATUSES_MAX;
        match self.0.entry(status.0) {
            Entry::Vacant(_) if full => self.1 += count,
            entry @ (Entry::Vacant(_) | Entry::Occupied(_)) => *entry.or_default() += count,
        }
    }
    /// The count of a status.
    pub fn get(&self, status: CommandStatus) -> u64 {
        self.0.get(&status.0).copied().unwrap_or(0)
    }
    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        self.0.values().sum::<u64>() + self.1
    }
    /// The count of all statuses that came after 512 different ones.
    pub fn other(&self) -> u64 {
        self.1
    }
    /// Each status with its count, by ascending number.
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

/// Counts by `message_state`. In JSON an object of `stat` and count, without zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByState([u64; MessageState::ALL.len()], u64);

impl ByState {
    /// Counts one.
    #[inline]
    pub fn add(&mut self, state: u8) {
        self.add_many(state, 1);
    }
    /// Counts as many.
    #[inline]
    pub(super) fn add_many(&mut self, state: u8, count: u64) {
        match self.0.get_mut(usize::from(state)) {
            Some(counted) => *counted += count,
            None => self.1 += count,
        }
    }
    /// The count of a state.
    pub fn get(&self, state: MessageState) -> u64 {
        self.0.get(usize::from(state.wire())).copied().unwrap_or(self.1)
    }
    /// The sum of all counts.
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

/// Counts by kind of fault. In JSON an object of name and count, without zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByFault([u64; FaultKind::ALL.len()]);

impl ByFault {
    /// Counts one.
    pub fn add(&mut self, kind: FaultKind) {
        self.0[kind as usize] += 1;
    }
    /// The count of a kind.
    pub fn get(&self, kind: FaultKind) -> u64 {
        self.0[kind as usize]
    }
    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for ByFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = FaultKind::ALL.iter().map(|kind| (kind.word(), self.get(*kind)));
        serializer.collect_map(all.filter(|(_, count)| *count > 0))
    }
}

/// Counts of connections and of session control.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SessionTally {
    /// Connections accepted.
    pub connections: u64,
    /// Unbinds sent by ESMEs and answered.
    pub unbound_by_esme: u64,
    /// Unbinds sent by the simulator and answered.
    pub unbound_by_smsc: u64,
    /// Bound sessions whose connection ended without an unbind.
    pub dropped: u64,
    /// Closed because no bind came in time (`timers.session_init`).
    pub init_timeouts: u64,
    /// Closed before their bind because too many were unbound or file descriptors ran short.
    pub dropped_unbound: u64,
    /// Reset because the ESME did not read the last octets before the close in time.
    pub flush_timeouts: u64,
    /// Closed because nothing was received (`timers.inactivity`).
    pub inactivity_timeouts: u64,
    /// Closed because a request of the simulator was not answered (`timers.response`; for an unbind 30 s without it).
    pub response_timeouts: u64,
    /// enquire_link sent by ESMEs and answered.
    pub enquire_links_answered: u64,
    /// enquire_link sent by the simulator and answered.
    pub enquire_links_confirmed: u64,
    /// Connections closed because PDU framing was lost.
    pub desyncs: u64,
    /// PDUs that are illegal in their session's state.
    pub illegal: u64,
    /// PDUs with a `command_id` that is unknown or not supported.
    pub unknown_commands: u64,
    /// Responses to no request of the simulator.
    pub unknown_responses: u64,
    /// Legal requests other than submit_sm (data_sm, submit_multi, query_sm, ...), answered.
    pub other_requests: u64,
}

/// Counts of answered binds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BindTally {
    /// Answered with ESME_ROK.
    pub accepted: u64,
    /// Answered with another status.
    pub refused: ByStatus,
}

impl BindTally {
    /// Counts a bind that was answered with this status.
    pub(super) fn add(&mut self, status: CommandStatus) {
        if status.is_ok() {
            self.accepted += 1;
        } else {
            self.refused.add(status);
        }
    }
}

/// Counts of submit_sm. `received = accepted + refused + ignored`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubmitTally {
    /// submit_sm read on connections that were not closing.
    pub received: u64,
    /// Accepted with ESME_ROK, whether the answer is sent or withheld.
    pub accepted: u64,
    /// Refused, by status; a generic_nack counts here too.
    pub refused: ByStatus,
    /// Never answered: beyond a window that is enforced by silence, disconnect or unbind, or hit by a fault that ends
    /// the session.
    pub ignored: u64,
    /// Accepted ones whose registered_delivery asks for a receipt of their outcome.
    /// `asked = receipts.by_state + receipts.withheld + receipts.pending + receipts.undeliverable`.
    pub asked: u64,
}

/// Counts of answers to submit_sm. `accepted + refused = sent + withheld + undelivered + pending`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResponseTally {
    /// Passed to the connection, generic_nacks included.
    pub sent: u64,
    /// Of `sent`: with ESME_ROK.
    pub sent_ok: u64,
    /// Accepted, never answered (`response.lost`).
    pub withheld: u64,
    /// Due after their session ended or could not be written to any more.
    pub undelivered: u64,
    /// Not yet due.
    pub pending: u64,
}

/// Counts of receipts. A message's final receipt is counted once in `by_state`, `withheld`, `pending` or
/// `undeliverable`; every further deliver_sm for it is `duplicated`, `retried` or `by_command`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReceiptTally {
    /// Final receipts sent for the first time.
    pub by_state: ByState,
    /// Final receipts sent a second time on purpose (`receipts.duplicate`).
    pub duplicated: u64,
    /// Sent because a command asked for them.
    pub by_command: u64,
    /// Never sent (`receipts.lost`).
    pub withheld: u64,
    /// deliver_sm sent again after a refusal, no answer, or the loss of their session: receipts,
    /// copies and intermediate notifications.
    pub retried: u64,
    /// Intermediate notifications sent for the first time.
    pub intermediate: u64,
    /// Of `by_state`: sent before the response of their message.
    pub before_response: u64,
    /// Of `by_state`: sent on another session than that of their message.
    pub other_bind: u64,
    /// deliver_sm_resp (or data_sm_resp) to receipts of all kinds, by status.
    pub acknowledged: ByStatus,
    /// Abandoned: refused or unanswered in the last attempt of `receipts.retry`, or in the one attempt of a command.
    pub given_up: u64,
    /// Final receipts not yet sent: not due, or without a session to receive them.
    pub pending: u64,
    /// Final receipts dropped because too many were kept, or their account was forgotten.
    pub undeliverable: u64,
    /// deliver_sm of receipts dropped because `receipts.waiting_max` was reached, or their account was
    /// forgotten: final receipts (also `undeliverable`), copies, notifications and repeats.
    pub dropped_full: u64,
}

/// Counts of mobile-originated messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoTally {
    /// Sent for the first time.
    pub sent: u64,
    /// deliver_sm_resp to them, by status.
    pub acknowledged: ByStatus,
    /// Sent again.
    pub retried: u64,
    /// Abandoned, as receipts are.
    pub given_up: u64,
    /// Dropped because `receipts.waiting_max` was reached.
    pub dropped_full: u64,
}

/// All counts of the simulator. Its JSON has the same structure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Connections and sessions.
    pub sessions: SessionTally,
    /// Binds.
    pub binds: BindTally,
    /// submit_sm.
    pub submits: SubmitTally,
    /// Answers to submit_sm.
    pub responses: ResponseTally,
    /// Receipts.
    pub receipts: ReceiptTally,
    /// Counts of mobile-originated messages.
    pub mo: MoTally,
    /// Faults done, by kind.
    pub faults: ByFault,
    /// Faults, timed or by a command, that found no session to be done to.
    pub faults_without_target: ByFault,
}

impl Tally {
    /// Counts a submit_sm that its session refused with this status.
    pub(super) fn count_refused_by_session(&mut self, status: CommandStatus) {
        self.submits.received += 1;
        self.submits.refused.add(status);
        self.responses.sent += 1;
    }

    /// Counts submit_sm that were accepted and answered at once, and the receipts of those that asked for one.
    pub(super) fn count_run(&mut self, accepted: u64, asked: u64) {
        self.submits.received += accepted;
        self.submits.accepted += accepted;
        self.submits.asked += asked;
        self.responses.sent += accepted;
        self.responses.sent_ok += accepted;
        self.receipts.by_state.add_many(MessageState::Delivered.wire(), asked);
    }

    /// Counts a delivery that is sent on this session.
    #[inline]
    pub(super) fn count_sent(&mut self, delivery: &PendingDelivery, session: u32) {
        let is_retry = delivery.attempts > 0;
        let (receipts, mo) = (&mut self.receipts, &mut self.mo);
        match delivery.kind {
            DeliveryKind::Mo if is_retry => mo.retried += 1,
            DeliveryKind::Mo => mo.sent += 1,
            DeliveryKind::Final | DeliveryKind::Duplicate | DeliveryKind::Intermediate
                if is_retry =>
            {
                receipts.retried += 1;
            }
            DeliveryKind::Final if delivery.by_command => receipts.by_command += 1,
            DeliveryKind::Duplicate => receipts.duplicated += 1,
            DeliveryKind::Intermediate => receipts.intermediate += 1,
            DeliveryKind::Final => {
                receipts.pending -= 1;
                receipts.by_state.add(delivery.state);
                receipts.before_response += u64::from(delivery.early);
                receipts.other_bind += u64::from(session != delivery.session);
            }
        }
    }

    /// Counts a delivery that is dropped. `full`: because too many are kept; else because its account is forgotten.
    #[cold]
    pub(super) fn count_lost(&mut self, delivery: &PendingDelivery, full: bool) {
        let full = u64::from(full);
        match delivery.kind {
            DeliveryKind::Mo => self.mo.dropped_full += full,
            DeliveryKind::Final | DeliveryKind::Duplicate | DeliveryKind::Intermediate => {
                self.receipts.dropped_full += full;
                if delivery.kind == DeliveryKind::Final && delivery.attempts == 0 {
                    self.receipts.pending -= 1;
                    self.receipts.undeliverable += 1;
                }
            }
        }
    }

    /// Counts a delivery that was refused or unanswered in its last attempt.
    pub(super) fn count_given_up(&mut self, delivery: &PendingDelivery) {
        match delivery.kind {
            DeliveryKind::Mo => self.mo.given_up += 1,
            DeliveryKind::Final | DeliveryKind::Duplicate | DeliveryKind::Intermediate => {
                self.receipts.given_up += 1;
            }
        }
    }

    /// The sums that must hold at any time: name, left side, right side.
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

    /// Whether both sides of all [`Tally::sums`] are equal.
    pub fn balanced(&self) -> bool {
        self.sums().iter().all(|(_, left, right)| left == right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_at_the_index_of_its_number() {
        for (index, kind) in FaultKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
    }

    #[test]
    fn any_number_of_statuses_does_not_make_the_tally_grow() {
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
    fn the_tally_in_json_has_names_and_no_zeros() {
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
