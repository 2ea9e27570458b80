//! Deliveries to ESMEs: receipts and mobile-originated messages. Decides on which session, within which window and how
//! often each is sent.
mod at_once;
pub(super) mod commanded;

use super::context::Context;
use super::delay::Delay;
use super::delivery_writer::DeliveryWriter;
use super::mo::MoSource;
use super::peer::{Peer, SentDelivery};
use super::pending_delivery::{DeliveryKind, DeliverySlab, PendingDelivery};
use super::rate_limits::TokenBucket;
use super::timer_queue::TimerQueue;
use crate::kit::Nanos;
use crate::plan::behaviour::{Behaviour, Retry};
use crate::smpp::CommandStatus;
use crate::smpp::receipt::MessageState;

/// Checks of answered deliveries are dropped once they exceed twice the pending deliveries by this number.
const SPENT_CHECKS_MAX: usize = 65_536;

/// When unanswered deliveries are sent again.
#[derive(Clone, Copy, Debug)]
struct RetrySettings {
    /// `receipts.retry`. None: deliveries are sent once.
    retry: Option<Retry>,
    /// How long the answer to a delivery is awaited. None: without limit.
    timeout: Option<Nanos>,
    /// Whether `timers.response` gives that time; else `retry.after` does.
    has_response_timer: bool,
    /// Whether deliveries are kept until they are answered.
    tracked: bool,
}

/// A queue of [`Deliveries`] whose first item is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DueDelivery {
    /// A receipt whose delay is over.
    Receipt,
    /// A receipt for which `receipts.rate` has a token.
    Paced,
    /// A delivery to send again.
    Retry,
    /// A delivery whose answer is overdue, unless it has come.
    Check,
}

/// The queues hold handles of [`DeliverySlab`].
#[derive(Debug)]
pub(super) struct Deliveries {
    retry_settings: RetrySettings,
    /// `receipts.other_bind`: whether receipts prefer another session than that of their message.
    other_bind: bool,
    delay: Delay,
    /// `receipts.rate`.
    rate: Option<TokenBucket>,
    writer: DeliveryWriter,
    mo: Option<MoSource>,
    /// All deliveries that are pending or sent and not answered.
    slab: DeliverySlab,
    /// Receipts whose delay is not over.
    delayed: TimerQueue<u32>,
    /// Receipts that wait for a token of `rate`.
    paced: TimerQueue<u32>,
    /// Deliveries to send again.
    retry_queue: TimerQueue<u32>,
    /// (session, sequence_number) of the deliveries whose answer is overdue at a time.
    checks: TimerQueue<(u32, u32)>,
    /// Index of the next receiver for a commanded delivery, among all of them.
    next_commanded: usize,
}

impl Deliveries {
    /// `wall_ns_at_zero`: wall time (nanoseconds since 1970, UTC) at which the monotonic clock shows 0.
    pub(super) fn new(behaviour: &Behaviour, wall_ns_at_zero: u64) -> Deliveries {
        let Behaviour { receipts, timers, mo, .. } = behaviour;
        Deliveries {
            retry_settings: RetrySettings {
                retry: receipts.retry,
                timeout: timers.response.or(receipts.retry.map(|retry| retry.after)),
                has_response_timer: timers.response.is_some(),
                tracked: receipts.retry.is_some()
                    || receipts.window.is_some()
                    || timers.response.is_some()
                    || mo.rate.is_some(),
            },
            other_bind: receipts.other_bind,
            delay: Delay::new(receipts.delay),
            rate: receipts.rate.and_then(|rate| TokenBucket::new(rate, Some(0))),
            writer: DeliveryWriter::new(behaviour, wall_ns_at_zero),
            mo: MoSource::new(mo),
            slab: DeliverySlab::new(receipts.waiting_max),
            delayed: TimerQueue::default(),
            paced: TimerQueue::default(),
            retry_queue: TimerQueue::default(),
            checks: TimerQueue::default(),
            next_commanded: 0,
        }
    }

    /// MO carry a marker of this run from now on.
    pub(super) fn mark_mo(&mut self, run: u32, of: u8) {
        self.writer.mark_mo(run, of);
    }

    /// The queue whose first item is due next, and when; MAX: all queues are empty.
    #[inline]
    pub(super) fn next(&self) -> (Nanos, DueDelivery) {
        let mut first = (self.delayed.due(), DueDelivery::Receipt);
        let others = [
            (self.paced.due(), DueDelivery::Paced),
            (self.retry_queue.due(), DueDelivery::Retry),
            (self.checks.due(), DueDelivery::Check),
        ];
        for other in others {
            if other.0 < first.0 {
                first = other;
            }
        }
        first
    }

    /// Does the first item of a queue.
    pub(super) fn send_due(&mut self, context: &mut Context, queue: DueDelivery, now: Nanos) {
        match queue {
            DueDelivery::Receipt => {
                if let Some((due, handle)) = self.delayed.pop() {
                    let receipt = self.slab.take(handle);
                    self.send_receipt(context, receipt, due, now);
                }
            }
            DueDelivery::Paced => {
                if let Some((_, handle)) = self.paced.pop() {
                    let receipt = self.slab.take(handle);
                    self.post(context, receipt, now);
                }
            }
            DueDelivery::Retry => {
                if let Some((_, handle)) = self.retry_queue.pop() {
                    let delivery = self.slab.take(handle);
                    self.post(context, delivery, now);
                }
            }
            DueDelivery::Check => {
                if let Some((_, (session, sequence))) = self.checks.pop() {
                    self.check(context, session, sequence, now);
                }
            }
        }
    }

    /// Keeps a receipt until its response is sent. None: too many are kept, and it is dropped.
    #[inline]
    pub(super) fn keep(&mut self, context: &mut Context, receipt: PendingDelivery) -> Option<u32> {
        if self.slab.is_full() {
            context.tally.count_lost(&receipt, true);
            return None;
        }
        Some(self.slab.keep(receipt))
    }

    /// Gives back a receipt that was kept.
    #[inline]
    pub(super) fn take(&mut self, handle: u32) -> PendingDelivery {
        self.slab.take(handle)
    }

    /// Schedules the receipt of a message whose response was sent, or withheld, at `at`.
    #[inline]
    pub(super) fn after_response(
        &mut self,
        context: &mut Context,
        receipt: PendingDelivery,
        at: Nanos,
        now: Nanos,
    ) {
        if receipt.intermediate {
            let notification = PendingDelivery {
                kind: DeliveryKind::Intermediate,
                state: MessageState::Enroute.wire(),
                duplicate: false,
                intermediate: false,
                ..receipt
            };
            self.post(context, notification, now);
        }
        let start = at.max(Nanos(receipt.delivered_ns));
        let due = self.delay.after(start, &mut context.rng);
        if due <= now {
            self.send_receipt(context, receipt, due, now);
        } else if let Some(handle) = self.keep(context, receipt) {
            self.delayed.push(due, handle);
        }
    }

    /// Sends a receipt that is due as soon as `receipts.rate` allows.
    #[inline]
    fn send_receipt(
        &mut self,
        context: &mut Context,
        receipt: PendingDelivery,
        due: Nanos,
        now: Nanos,
    ) {
        if let Some(rate) = &mut self.rate {
            let at = rate.reserve(due);
            if at > now {
                if let Some(handle) = self.keep(context, receipt) {
                    self.paced.push(at, handle);
                }
                return;
            }
        }
        self.post(context, receipt, now);
    }

    /// Sends a delivery, or keeps it until a session of its account can receive it.
    #[inline]
    pub(super) fn post(&mut self, context: &mut Context, delivery: PendingDelivery, now: Nanos) {
        match self.receiver_of(context, &delivery) {
            Some(session) => self.send(context, session, delivery, now),
            None => self.wait(context, delivery, false),
        }
        if delivery.duplicate && delivery.kind == DeliveryKind::Final && delivery.attempts == 0 {
            let kind = DeliveryKind::Duplicate;
            self.post(context, PendingDelivery { kind, early: false, ..delivery }, now);
        }
    }

    /// The session that a delivery is sent to: its own, or another one of the account in turn. None: it must wait.
    #[inline]
    fn receiver_of(&self, context: &mut Context, delivery: &PendingDelivery) -> Option<u32> {
        let Context { connections, accounts, .. } = context;
        let account = accounts.live(delivery.account)?;
        // deliveries that wait are sent first
        if delivery.attempts == 0 && account.waiting_count() > 0 {
            return None;
        }
        let own = connections.can_receive(delivery.session);
        if own && !self.other_bind {
            return Some(delivery.session);
        }
        let other = account
            .next_receiver(Some(delivery.session), |session| connections.can_receive(session));
        other.or_else(|| own.then_some(delivery.session))
    }

    /// Appends a delivery to a session's output.
    #[inline]
    fn send(
        &mut self,
        context: &mut Context,
        session: u32,
        mut delivery: PendingDelivery,
        now: Nanos,
    ) {
        context.tally.count_sent(&delivery, session);
        delivery.attempts += 1;
        let Context { connections, ids, .. } = &mut *context;
        let Some(peer) = connections.get_mut(session) else { return };
        let sequence = peer.session.sequence.take();
        self.writer.write(&delivery, sequence, now, ids, peer.output.buffer());
        peer.unacknowledged.add(1);
        if self.retry_settings.tracked {
            self.track(context, session, sequence, delivery, now);
        }
        context.connections.mark_changed(session);
    }

    /// Remembers a delivery that was written and counted until it is answered.
    fn track(
        &mut self,
        context: &mut Context,
        session: u32,
        sequence: u32,
        delivery: PendingDelivery,
        now: Nanos,
    ) {
        let Some(peer) = context.connections.get_mut(session) else { return };
        let sent = SentDelivery { handle: self.slab.keep(delivery), kind: delivery.kind };
        if let Some(forgotten) = peer.unacknowledged.track(sequence, sent) {
            self.slab.take(forgotten);
        }
        if let Some(timeout) = self.retry_settings.timeout {
            self.checks.push(now.after(timeout), (session, sequence));
        }
        if self.checks.len() > SPENT_CHECKS_MAX + 2 * self.slab.len() {
            self.drop_spent_checks(context);
        }
    }

    #[cold]
    fn drop_spent_checks(&mut self, context: &Context) {
        self.checks.retain(|(session, sequence)| {
            let peer = context.connections.get(*session);
            peer.is_some_and(|peer| peer.unacknowledged.awaits(*sequence))
        });
    }

    /// Keeps a delivery until its account has a receiver. `first`: it is sent before all others that wait.
    fn wait(&mut self, context: &mut Context, delivery: PendingDelivery, first: bool) {
        let Some(account) = context.accounts.live(delivery.account) else {
            return context.tally.count_lost(&delivery, false);
        };
        if !self.slab.may_wait(account.waiting_count()) {
            return context.tally.count_lost(&delivery, true);
        }
        // a receipt that waits is not sent before its response any more
        let handle = self.slab.keep_waiting(PendingDelivery { early: false, ..delivery });
        account.wait(handle, first);
    }

    /// Drops the deliveries that waited for accounts which were forgotten to make room for others.
    pub(super) fn lose_evicted(&mut self, context: &mut Context) {
        for handle in context.accounts.take_evicted() {
            let delivery = self.slab.take_waiting(handle);
            context.tally.count_lost(&delivery, true);
        }
    }

    /// A session that receives deliveries has bound: sends what waits for its account.
    pub(super) fn on_receiver(&mut self, context: &mut Context, session: u32, now: Nanos) {
        if let Some(mo) = &mut self.mo {
            mo.start(now);
        }
        self.refill(context, session, now);
    }

    /// Sends to a session the deliveries that wait for its account, until its window is full.
    #[inline]
    pub(super) fn refill(&mut self, context: &mut Context, session: u32, now: Nanos) {
        while context.connections.can_receive(session) {
            let account = context.connections.get(session).and_then(|peer| peer.account);
            let Some(account) = account else { return };
            let Some(handle) = context.accounts.get(account).pop_waiting() else { return };
            let delivery = self.slab.take_waiting(handle);
            self.send(context, session, delivery, now);
        }
    }

    /// Sends the deliveries that wait for an account, until none of its sessions can receive more.
    fn send_waiting(&mut self, context: &mut Context, account: u32, now: Nanos) {
        loop {
            let Context { connections, accounts, .. } = &mut *context;
            let account = accounts.get(account);
            if account.waiting_count() == 0 {
                return;
            }
            let receiver = account.next_receiver(None, |session| connections.can_receive(session));
            let Some(session) = receiver else { return };
            let Some(handle) = account.pop_waiting() else { return };
            let delivery = self.slab.take_waiting(handle);
            self.send(context, session, delivery, now);
        }
    }

    /// Handles the answer to a delivery (or a generic_nack for it).
    pub(super) fn acknowledged(
        &mut self,
        context: &mut Context,
        session: u32,
        sequence: u32,
        status: CommandStatus,
        now: Nanos,
    ) {
        let Context { connections, tally, .. } = &mut *context;
        let Some(peer) = connections.get_mut(session) else { return };
        let Some(SentDelivery { handle, kind }) = peer.unacknowledged.answer(sequence) else {
            // where deliveries are not tracked, any answer stands for any receipt
            if self.retry_settings.tracked || !peer.unacknowledged.answer_any() {
                return tally.sessions.unknown_responses += 1;
            }
            tally.receipts.acknowledged.add(status);
            return self.refill(context, session, now);
        };
        match kind {
            DeliveryKind::Mo => tally.mo.acknowledged.add(status),
            DeliveryKind::Final | DeliveryKind::Duplicate | DeliveryKind::Intermediate => {
                tally.receipts.acknowledged.add(status);
            }
        }
        if handle == DeliverySlab::NONE {
            return;
        }
        let delivery = self.slab.take(handle);
        if !status.is_ok() {
            self.retry(context, delivery, false, now);
        }
        self.refill(context, session, now);
    }

    /// Sends a delivery again whose answer is overdue, unless it has come.
    fn check(&mut self, context: &mut Context, session: u32, sequence: u32, now: Nanos) {
        let octets_max = context.connections.limits().out_octets_max;
        let Some(peer) = context.connections.get_mut(session) else { return };
        if !peer.unacknowledged.awaits(sequence) {
            return;
        }
        // an ESME that does not read cannot answer; sending again would only add to what it has not read
        if peer.output.len() >= octets_max
            && let Some(timeout) = self.retry_settings.timeout
        {
            return self.checks.push(now.after(timeout), (session, sequence));
        }
        let Some(handle) = peer.unacknowledged.stop_awaiting(sequence) else { return };
        let delivery = self.slab.take(handle);
        // without a response timer the time that has passed was `retry.after`
        self.retry(context, delivery, !self.retry_settings.has_response_timer, now);
        self.refill(context, session, now);
    }

    /// Schedules a delivery to be sent again, or abandons it after its last attempt.
    fn retry(
        &mut self,
        context: &mut Context,
        delivery: PendingDelivery,
        at_once: bool,
        now: Nanos,
    ) {
        match self.retry_settings.retry {
            _ if delivery.by_command => context.tally.count_given_up(&delivery),
            Some(retry) if delivery.attempts <= retry.max => {
                if at_once {
                    self.post(context, delivery, now);
                } else if let Some(handle) = self.keep(context, delivery) {
                    self.retry_queue.push(now.after(retry.after), handle);
                }
            }
            Some(_) => context.tally.count_given_up(&delivery),
            None => {}
        }
    }

    /// Moves the unanswered deliveries of a closed connection to other sessions of their account, where retries are on.
    pub(super) fn take_back(&mut self, context: &mut Context, peer: &mut Peer, now: Nanos) {
        let mut accounts = Vec::new();
        for handle in peer.unacknowledged.take_all() {
            let delivery = self.slab.take(handle);
            match self.retry_settings.retry {
                _ if delivery.by_command => context.tally.count_given_up(&delivery),
                Some(retry) if delivery.attempts <= retry.max => {
                    accounts.push(delivery.account);
                    self.wait(context, delivery, true);
                }
                Some(_) => context.tally.count_given_up(&delivery),
                None => {}
            }
        }
        accounts.dedup();
        for account in accounts {
            self.send_waiting(context, account, now);
        }
    }

    /// When the next mobile-originated message is due; MAX: never.
    #[inline]
    pub(super) fn mo_due(&self) -> Nanos {
        self.mo.as_ref().map_or(Nanos::MAX, MoSource::due)
    }

    /// Sends the mobile-originated message that is due; skips it where no session receives.
    pub(super) fn send_mo(&mut self, context: &mut Context, now: Nanos) {
        let Some(mo) = &mut self.mo else { return };
        let Some((number, session)) = mo.next(context.connections.receivers()) else { return };
        let account = context.connections.get(session).and_then(|peer| peer.account);
        let delivery = PendingDelivery {
            number,
            submitted_ns: now.0,
            session,
            account: account.unwrap_or(u32::MAX),
            kind: DeliveryKind::Mo,
            ..PendingDelivery::default()
        };
        self.post(context, delivery, now);
    }

    /// Sends no more mobile-originated messages.
    #[cfg(test)]
    pub(super) fn stop_mo(&mut self) {
        self.mo = None;
    }
    /// Number of scheduled checks of answers.
    #[cfg(test)]
    pub(super) fn checks_count(&self) -> usize {
        self.checks.len()
    }
    /// Number of deliveries kept.
    #[cfg(test)]
    pub(super) fn kept_count(&self) -> usize {
        self.slab.len()
    }
}
