//! The path of a submit_sm: parse, check limits, decide, answer. The hot path: nothing here allocates per message.
use super::context::Context;
use super::delay::Delay;
use super::deliveries::Deliveries;
use super::delivery_writer;
use super::faults::FaultTrigger;
use super::id_generator::IdGenerator;
use super::inject::inject_fault;
use super::outcome_policy::{AcceptTerms, OutcomePolicy, SubmitDecision};
use super::pending_delivery::{DeliveryKind, DeliverySlab, PendingDelivery};
use super::rate_limits::{DeliveryQueue, TokenBucket};
use super::resource_limits::REPLIES_MAX;
use super::submit_fields::{self, SubmitFields, SubmitRefusal};
use super::timer_queue::TimerQueue;
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::{Behaviour, CongestionSource, FaultKind, OnRate, OnWindow, Scope};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, pdu, put_tlv};
use bytes::{BufMut, BytesMut};

/// A TLV whose length exceeds its PDU (additional_status_info_text).
const OVERSIZE_TLV: [u8; 8] = [0x00, 0x1D, 0xFF, 0xFF, b'l', b'o', b'n', b'g'];

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReplyFormat {
    /// As a submit_sm_resp.
    Plain,
    /// As a generic_nack.
    Nack,
    /// As a submit_sm_resp with a TLV whose length exceeds the PDU.
    OversizeTlv,
}

/// An answer to a submit_sm.
#[derive(Clone, Copy, Debug)]
struct SubmitReply {
    /// The session that sent the submit_sm.
    session: u32,
    /// Its sequence_number.
    sequence: u32,
    /// Its command_status. ESME_ROK: `number` is the message's.
    status: CommandStatus,
    /// Handle of the receipt that waits for this answer, or [`DeliverySlab::NONE`].
    receipt: u32,
    format: ReplyFormat,
    /// Its congestion_state. None: it has none.
    congestion: Option<u8>,
    /// Number of the message id.
    number: u64,
}

/// What `limits.rate` and the accounts' own rates do with a submit_sm.
#[derive(Debug)]
struct RateLimits {
    /// Whether any rate is limited: the hot path checks nothing else.
    any: bool,
    on_rate: OnRate,
    /// `limits.rate` with scope "all".
    of_all: Option<TokenBucket>,
}

/// Handles all submit_sm.
#[derive(Debug)]
pub(super) struct Submits {
    rates: RateLimits,
    on_window: OnWindow,
    /// `limits.queue`.
    queue: Option<DeliveryQueue>,
    latency: Delay,
    /// `response.congestion`.
    congestion: Option<CongestionSource>,
    policy: OutcomePolicy,
    /// Answers that are not due yet.
    delayed: TimerQueue<SubmitReply>,
}

impl Submits {
    pub(super) fn new(behaviour: &Behaviour) -> Submits {
        let limits = &behaviour.limits;
        let of_all = limits.rate.filter(|_| limits.scope == Scope::All);
        Submits {
            rates: RateLimits {
                any: limits.rate.is_some() || behaviour.accounts.iter().any(|a| a.rate.is_some()),
                on_rate: limits.on_rate,
                of_all: of_all.and_then(|rate| TokenBucket::new(rate, limits.burst)),
            },
            on_window: limits.on_window,
            queue: limits.queue.and_then(DeliveryQueue::new),
            latency: Delay::new(behaviour.response.latency),
            congestion: behaviour.response.congestion,
            policy: OutcomePolicy::new(behaviour),
            delayed: TimerQueue::default(),
        }
    }

    /// Whether every submit_sm within its window is accepted at once, and its receipt says DELIVRD.
    #[inline]
    pub(super) fn accepts_at_once(&self) -> bool {
        let is_limited = self.rates.any || self.queue.is_some() || self.congestion.is_some();
        !is_limited && self.latency.is_zero() && self.policy.is_certain()
    }

    /// Handles one submit_sm of a session that may send it.
    #[inline]
    pub(super) fn receive(
        &mut self,
        context: &mut Context,
        deliveries: &mut Deliveries,
        session: u32,
        frame: &[u8],
        sequence: u32,
        now: Nanos,
    ) {
        context.tally.submits.received += 1;
        let mut reply = SubmitReply {
            session,
            sequence,
            status: CommandStatus::ESME_ROK,
            receipt: DeliverySlab::NONE,
            format: ReplyFormat::Plain,
            congestion: self.congestion_state(context, session, now),
            number: 0,
        };
        let fields = match submit_fields::scan(frame) {
            Ok(fields) => fields,
            Err(refusal) => return reject_malformed(context, reply, refusal, now),
        };
        if context.openmarket
            && let Some(status) = submit_fields::openmarket(&fields)
        {
            return reject(context, reply, status);
        }
        let Some(peer) = context.connections.get_mut(session) else { return };
        if peer.window.is_full() {
            return self.exceed_window(context, reply, now);
        }
        if context.faults.any_at_submits() || peer.faults.next_response.is_some() {
            match fault_at_submit(context, session, now) {
                Some(format) => reply.format = format,
                None => return context.tally.submits.ignored += 1,
            }
        }
        let Some(start) = self.rates.pass(context, session, now) else {
            return reject(context, reply, CommandStatus::ESME_RTHROTTLED);
        };
        let full = self.queue.as_ref().is_some_and(|queue| queue.is_full(now));
        if full || context.tally.responses.pending >= REPLIES_MAX {
            return reject(context, reply, CommandStatus::ESME_RMSGQFUL);
        }
        let due = self.latency.after(start, &mut context.rng);
        let decision = match reply.format {
            ReplyFormat::Nack => SubmitDecision::Refuse(CommandStatus::ESME_RINVCMDID),
            ReplyFormat::Plain | ReplyFormat::OversizeTlv => {
                self.policy.decide(&fields, &mut context.rng)
            }
        };
        match decision {
            SubmitDecision::Refuse(status) => {
                context.tally.submits.refused.add(status);
                reply.status = status;
                self.answer(context, deliveries, reply, None, due, now);
            }
            SubmitDecision::Accept(terms) => {
                let receipt = self.accept(context, &fields, terms, &mut reply, now);
                if !terms.unanswered {
                    return self.answer(context, deliveries, reply, receipt, due, now);
                }
                context.tally.responses.withheld += 1;
                if let Some(receipt) = receipt {
                    deliveries.after_response(context, receipt, due, now);
                }
            }
        }
    }

    /// Accepts a message: gives it an id, and returns its receipt. None: no receipt is sent.
    #[inline]
    fn accept(
        &mut self,
        context: &mut Context,
        fields: &SubmitFields,
        terms: AcceptTerms,
        reply: &mut SubmitReply,
        now: Nanos,
    ) -> Option<PendingDelivery> {
        let Context { connections, ids, tally, .. } = context;
        tally.submits.accepted += 1;
        reply.number = ids.take();
        let delivered = self.queue.as_mut().map_or(Nanos::ZERO, |queue| queue.enter(now));
        if !terms.asked {
            return None;
        }
        tally.submits.asked += 1;
        if terms.unreceipted {
            tally.receipts.withheld += 1;
            return None;
        }
        tally.receipts.pending += 1;
        let account = connections.get(reply.session).and_then(|peer| peer.account);
        Some(PendingDelivery {
            number: reply.number,
            submitted_ns: now.0,
            delivered_ns: delivered.0,
            session: reply.session,
            account: account.unwrap_or(u32::MAX),
            from: fields.destination,
            to: fields.source,
            state: terms.state,
            rule: terms.rule,
            attempts: 0,
            kind: DeliveryKind::Final,
            early: terms.early && !terms.unanswered,
            duplicate: terms.duplicate,
            intermediate: terms.intermediate,
            by_command: false,
        })
    }

    /// Sends an answer if it is due, else delays it.
    #[inline]
    fn answer(
        &mut self,
        context: &mut Context,
        deliveries: &mut Deliveries,
        mut reply: SubmitReply,
        receipt: Option<PendingDelivery>,
        due: Nanos,
        now: Nanos,
    ) {
        if due <= now {
            reply.congestion = self.congestion_state(context, reply.session, now);
            return send_reply(context, deliveries, &reply, receipt, due, now);
        }
        if let Some(receipt) = receipt {
            reply.receipt = deliveries.keep(context, receipt).unwrap_or(DeliverySlab::NONE);
        }
        context.tally.responses.pending += 1;
        if let Some(peer) = context.connections.get_mut(reply.session) {
            peer.window.delay();
        }
        self.delayed.push(due, reply);
    }

    /// When the next delayed answer is due; MAX: none is delayed.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.delayed.due()
    }

    /// Sends the delayed answer that is due.
    pub(super) fn send_due(
        &mut self,
        context: &mut Context,
        deliveries: &mut Deliveries,
        now: Nanos,
    ) {
        let Some((due, mut reply)) = self.delayed.pop() else { return };
        reply.congestion = self.congestion_state(context, reply.session, now);
        context.tally.responses.pending -= 1;
        if let Some(peer) = context.connections.get_mut(reply.session) {
            peer.window.end_delay();
        }
        let receipt = (reply.receipt != DeliverySlab::NONE).then(|| deliveries.take(reply.receipt));
        send_reply(context, deliveries, &reply, receipt, due, now);
        context.connections.mark_changed(reply.session);
    }

    /// The congestion_state for a response on this session now. None: responses have none.
    #[inline]
    fn congestion_state(&self, context: &mut Context, session: u32, now: Nanos) -> Option<u8> {
        match self.congestion? {
            CongestionSource::Load => Some(self.load_percent(context, session, now)),
            CongestionSource::Fixed(state) => Some(state),
        }
    }

    /// The fullest of the limits that hold for this session, in percent.
    fn load_percent(&self, context: &mut Context, session: u32, now: Nanos) -> u8 {
        let Context { connections, accounts, .. } = context;
        let Some(peer) = connections.get_mut(session) else { return 0 };
        let of_account = peer.account.map(|account| accounts.get(account));
        let buckets = of_account.into_iter().flat_map(|account| account.buckets());
        let buckets = buckets.map(|bucket| bucket.used_share(now));
        let mut fullest = buckets.fold(peer.window.used_share(), f64::max);
        for bucket in peer.bucket.iter().chain(&self.rates.of_all) {
            fullest = fullest.max(bucket.used_share(now));
        }
        let queue = self.queue.as_ref().map_or(0.0, |queue| queue.used_share(now));
        (fullest.max(queue) * 100.0).round() as u8
    }

    /// Handles a submit_sm beyond the window, as `limits.on_window` says.
    fn exceed_window(&mut self, context: &mut Context, reply: SubmitReply, now: Nanos) {
        let session = reply.session;
        match self.on_window {
            OnWindow::Throttle => return reject(context, reply, CommandStatus::ESME_RTHROTTLED),
            OnWindow::QueueFull => return reject(context, reply, CommandStatus::ESME_RMSGQFUL),
            OnWindow::Silence => {}
            OnWindow::Disconnect => {
                context.connections.close(session, ConnAction::CloseWhenFlushed, now);
            }
            OnWindow::Unbind => context.unbind(session, now),
        }
        context.tally.submits.ignored += 1;
    }
}

impl RateLimits {
    /// When the rate limits let a message through. None: they refuse it.
    #[inline]
    fn pass(&mut self, context: &mut Context, session: u32, now: Nanos) -> Option<Nanos> {
        if !self.any {
            return Some(now);
        }
        let Context { connections, accounts, .. } = context;
        let peer = connections.get_mut(session)?;
        let of_account = peer.account.map(|account| accounts.get(account));
        let buckets = of_account
            .into_iter()
            .flat_map(|account| account.buckets())
            .chain(peer.bucket.iter_mut())
            .chain(self.of_all.iter_mut());
        let mut start = now;
        for bucket in buckets {
            match self.on_rate {
                OnRate::Throttle if !bucket.admit(now) => return None,
                OnRate::Throttle => {}
                OnRate::Delay => start = start.max(bucket.reserve(now)),
            }
        }
        Some(start)
    }
}

/// Sends an answer, and its message's receipt before or after it.
#[inline]
fn send_reply(
    context: &mut Context,
    deliveries: &mut Deliveries,
    reply: &SubmitReply,
    mut receipt: Option<PendingDelivery>,
    due: Nanos,
    now: Nanos,
) {
    if let Some(early) = receipt.take_if(|receipt| receipt.early) {
        deliveries.post(context, early, now);
    }
    send(context, reply);
    if let Some(receipt) = receipt {
        deliveries.after_response(context, receipt, due, now);
    }
}

#[inline]
fn send(context: &mut Context, reply: &SubmitReply) {
    let Context { connections, ids, tally, .. } = context;
    let unseen = connections.defers_output(reply.session);
    match connections.get_mut(reply.session) {
        Some(peer) if peer.can_write() => {
            peer.window.answer(1, unseen);
            write_reply(peer.output.buffer(), reply, ids);
            tally.responses.sent += 1;
            tally.responses.sent_ok += u64::from(reply.status.is_ok());
        }
        Some(_) | None => tally.responses.undelivered += 1,
    }
}

/// Rejects at once, without simulated latency.
fn reject(context: &mut Context, reply: SubmitReply, status: CommandStatus) {
    context.tally.submits.refused.add(status);
    send(context, &SubmitReply { status, format: ReplyFormat::Plain, ..reply });
}

fn reject_malformed(context: &mut Context, reply: SubmitReply, refusal: SubmitRefusal, now: Nanos) {
    if context.openmarket && refusal.too_long {
        // OpenMarket unbinds a session that sends a field that is too long
        // (docs/smpp/openmarket.md, "Connection and bind")
        context.tally.submits.ignored += 1;
        return context.unbind(reply.session, now);
    }
    reject(context, reply, refusal.status);
}

/// How a fault changes the answer to a submit_sm. None: a fault ends the session, and no answer is sent.
fn fault_at_submit(context: &mut Context, session: u32, now: Nanos) -> Option<ReplyFormat> {
    let peer = context.connections.get_mut(session);
    let of_peer = peer.and_then(|peer| peer.faults.next_response.take());
    let Some(kind) = of_peer.or_else(|| context.draw_fault(FaultTrigger::Submit)) else {
        return Some(ReplyFormat::Plain);
    };
    match kind {
        FaultKind::OversizeTlv => {
            context.tally.faults.add(kind);
            Some(ReplyFormat::OversizeTlv)
        }
        FaultKind::GenericNack => {
            context.tally.faults.add(kind);
            Some(ReplyFormat::Nack)
        }
        FaultKind::Close | FaultKind::Reset | FaultKind::Truncated | FaultKind::HalfClose => {
            inject_fault(context, kind, session, now);
            None
        }
        FaultKind::Unbind
        | FaultKind::Garbage
        | FaultKind::SlowReader
        | FaultKind::NoEnquireAnswer
        | FaultKind::BindRefuse
        | FaultKind::AcceptThenDrop => {
            inject_fault(context, kind, session, now);
            Some(ReplyFormat::Plain)
        }
    }
}

/// Appends an answer to `out`.
#[inline]
fn write_reply(out: &mut BytesMut, reply: &SubmitReply, ids: &IdGenerator) {
    let start = out.len();
    write_without_congestion(out, reply, ids);
    if let Some(state) = reply.congestion {
        append_congestion(out, start, reply, state);
    }
}

/// Adds congestion_state to the answer that begins at `start`. Without a body, it follows an empty message_id.
#[cold]
fn append_congestion(out: &mut BytesMut, start: usize, reply: &SubmitReply, state: u8) {
    match reply.format {
        // generic_nack has no TLVs, and nothing follows one that is too long
        ReplyFormat::Nack | ReplyFormat::OversizeTlv => return,
        ReplyFormat::Plain => {}
    }
    if out.len() == start + Header::OCTETS {
        out.put_u8(0);
    }
    put_tlv(Tag::CONGESTION_STATE, &[state], out);
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

#[inline]
fn write_without_congestion(out: &mut BytesMut, reply: &SubmitReply, ids: &IdGenerator) {
    match reply.format {
        ReplyFormat::Plain | ReplyFormat::OversizeTlv if reply.status.is_ok() => {
            let start = out.len();
            delivery_writer::accepted(reply.sequence, &ids.in_response(reply.number), out);
            if reply.format == ReplyFormat::OversizeTlv {
                out.extend_from_slice(&OVERSIZE_TLV);
                let length = (out.len() - start) as u32;
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        ReplyFormat::Plain => {
            pdu::header_only(CommandId::SUBMIT_SM_RESP, reply.status, reply.sequence, out);
        }
        ReplyFormat::OversizeTlv => {
            let length = (Header::OCTETS + OVERSIZE_TLV.len()) as u32;
            Header {
                command_length: length,
                command_id: CommandId::SUBMIT_SM_RESP,
                command_status: reply.status,
                sequence_number: reply.sequence,
            }
            .write(out);
            out.extend_from_slice(&OVERSIZE_TLV);
        }
        ReplyFormat::Nack => {
            pdu::header_only(CommandId::GENERIC_NACK, reply.status, reply.sequence, out);
        }
    }
}
