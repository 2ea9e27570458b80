//! Runs of PDUs in one read that leave nothing to decide: submit_sm of a simulator that accepts all at once, and answers to
//! receipts that nobody tracks. What a run needs is looked up once and counted once. The parts do the same one by one
//! (`tests/runs.rs` compares).
use super::context::Context;
use super::deliveries::Deliveries;
use super::delivery_writer;
use super::id_generator::SpelledId;
use super::outcome_policy::asks;
use super::pending_delivery::ReceiptContent;
use super::resource_limits::REPLIES_MAX;
use super::submit_fields;
use super::submits::Submits;
use crate::kit::Nanos;
use crate::smpp::receipt::MessageState;
use crate::smpp::{CommandId, CommandStatus, Header, frame};

const DELIVERED: u8 = MessageState::Delivered.wire();

/// What is left of a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a> {
    pub(super) session: u32,
    pub(super) octets: &'a [u8],
    /// Maximum octets of a PDU.
    pub(super) octets_max: usize,
    pub(super) now: Nanos,
}

impl<'a> Rest<'a> {
    /// The PDU behind the first `used` octets. None: it is not whole, or cannot be one.
    #[inline]
    fn pdu_behind(&self, used: usize) -> Option<(Header, &'a [u8])> {
        let octets = &self.octets[used..];
        let length = frame::cut(octets, self.octets_max).ok()??;
        Some((Header::read(octets)?, &octets[..length]))
    }
}

/// Handles the run at the front of `rest`. Returns how many octets it took; 0: the first PDU needs more than this.
#[inline]
pub(super) fn take(
    context: &mut Context,
    submits: &Submits,
    deliveries: &mut Deliveries,
    rest: Rest<'_>,
) -> usize {
    match Header::read(rest.octets).map(|header| header.command_id) {
        Some(CommandId::SUBMIT_SM) if submits.accepts_at_once() => {
            accept(context, deliveries, rest)
        }
        Some(CommandId::DELIVER_SM_RESP | CommandId::DATA_SM_RESP)
            if deliveries.sends_at_once() =>
        {
            acknowledge(context, deliveries, rest)
        }
        Some(_) | None => 0,
    }
}

/// Accepts the submit_sm at the front of `octets`, as far as they are plain and their receipts can be sent.
fn accept(context: &mut Context, deliveries: &mut Deliveries, rest: Rest<'_>) -> usize {
    let Context { connections, accounts, faults, ids, tally, openmarket, .. } = context;
    if *openmarket || faults.any_at_submits() || tally.responses.pending >= REPLIES_MAX {
        return 0;
    }
    let deliveries_max = connections.limits().deliveries_max;
    let Some(peer) = connections.get_mut(rest.session) else { return 0 };
    if !(peer.may_submit() && peer.can_write() && peer.faults.next_response.is_none()) {
        return 0;
    }
    let account = peer.account.and_then(|account| accounts.live(account));
    let takes_receipts = deliveries.sends_at_once()
        && account.is_some_and(|account| account.waiting_count() == 0)
        && peer.can_receive(deliveries_max);
    let room = deliveries_max.saturating_sub(peer.unacknowledged.count());
    let room = if takes_receipts { room } else { 0 };
    let free = peer.window.free_count();
    let writer = deliveries.writer();
    let (mut used, mut accepted, mut asked) = (0, 0, 0);
    let mut respelled = SpelledId::EMPTY;
    while accepted < free {
        let Some((header, frame)) = rest.pdu_behind(used) else { break };
        if header.command_id != CommandId::SUBMIT_SM {
            break;
        }
        let Some(submit) = submit_fields::plain(frame) else { break };
        let asks = asks(submit.registered_delivery, DELIVERED);
        if asks && asked == room {
            break;
        }
        let id = ids.take_spelled();
        delivery_writer::accepted(header.sequence_number, id, peer.output.buffer());
        if asks {
            let sequence = peer.session.sequence.take();
            let content = ReceiptContent {
                from: submit.destination,
                to: submit.source,
                submitted_ns: rest.now.0,
                state: DELIVERED,
                rule: 0,
                esm_class: 0x04,
            };
            let id = ids.last_in_receipt(&mut respelled);
            writer.receipt(&content, sequence, rest.now, id, peer.output.buffer());
            asked += 1;
        }
        accepted += 1;
        used += frame.len();
    }
    // the ESME can know of them only after the present read
    peer.window.answer(accepted, true);
    peer.unacknowledged.add(asked);
    tally.count_run(accepted as u64, asked as u64);
    used
}

/// Counts the answers to receipts at the front of `octets`, and sends what waited for them.
fn acknowledge(context: &mut Context, deliveries: &mut Deliveries, rest: Rest<'_>) -> usize {
    let Context { connections, tally, .. } = &mut *context;
    let Some(peer) = connections.get_mut(rest.session) else { return 0 };
    // a commanded delivery is tracked also where no other is
    if peer.unacknowledged.tracks_any() {
        return 0;
    }
    let (mut used, mut ok) = (0, 0);
    while let Some((header, frame)) = rest.pdu_behind(used) {
        if !matches!(header.command_id, CommandId::DELIVER_SM_RESP | CommandId::DATA_SM_RESP) {
            break;
        }
        if !peer.unacknowledged.answer_any() {
            tally.sessions.unknown_responses += 1;
        } else if header.command_status.is_ok() {
            ok += 1;
        } else {
            tally.receipts.acknowledged.add(header.command_status);
        }
        used += frame.len();
    }
    if ok > 0 {
        tally.receipts.acknowledged.add_many(CommandStatus::ESME_ROK, ok);
    }
    deliveries.refill(context, rest.session, rest.now);
    used
}
