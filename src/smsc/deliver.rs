//! What goes to ESMEs unasked: receipts and mobile-originated messages. To whom, within which window, how
//! often.
use super::core::Core;
use super::peer::{Delivery, Peer};
use super::pending_delivery::{DeliverySlab, Kind, PendingDelivery};
use crate::kit::Nanos;
use crate::smpp::CommandStatus;
use crate::smpp::receipt::MessageState;

/// Deliveries of a session that are remembered until they are answered; beyond, the oldest is forgotten
/// (its answer is then an unknown response).
const DELIVERIES_MAX: usize = 1 << 18;

impl Core {
    /// A response went out at `at` (or would have): what comes after it.
    #[inline]
    pub(super) fn after_response(&mut self, letter: PendingDelivery, at: Nanos, now: Nanos) {
        if letter.notified {
            let state = MessageState::Enroute.wire();
            let kind = Kind::Intermediate;
            self.post(
                PendingDelivery { kind, state, twice: false, notified: false, ..letter },
                now,
            );
        }
        let start = at.max(Nanos(letter.delivered_ns));
        let due = self.receipt_delay.after(start, &mut self.rng);
        if due <= now {
            self.send_receipt(letter, due, now);
        } else {
            if self.outbox.letters.is_full() {
                return self.lose(&letter, true);
            }
            let place = self.outbox.letters.keep(letter);
            self.outbox.receipts.push(due, place);
        }
    }

    /// A receipt is due: it goes as `receipts.rate` lets it.
    #[inline]
    pub(super) fn send_receipt(&mut self, letter: PendingDelivery, due: Nanos, now: Nanos) {
        if let Some(pace) = &mut self.receipt_pace {
            let at = pace.reserve(due);
            if at > now {
                if self.outbox.letters.is_full() {
                    return self.lose(&letter, true);
                }
                let place = self.outbox.letters.keep(letter);
                return self.outbox.paced.push(at, place);
            }
        }
        self.post(letter, now);
    }

    /// Sends a delivery, or keeps it until somebody can receive it.
    #[inline]
    pub(super) fn post(&mut self, letter: PendingDelivery, now: Nanos) {
        match self.receiver_of(&letter) {
            Some(session) => self.deliver(session, letter, now),
            None => self.wait(letter, false),
        }
        if letter.twice && letter.kind == Kind::Final && letter.attempts == 0 {
            self.post(PendingDelivery { kind: Kind::Copy, early: false, ..letter }, now);
        }
    }

    #[inline]
    fn has_room(&self, peer: &Peer) -> bool {
        peer.has_room(self.bounds.deliveries_max)
    }

    /// The session that a delivery goes to: its own, or another one of the account in turn.
    #[inline]
    fn receiver_of(&mut self, letter: &PendingDelivery) -> Option<u32> {
        let account = self.accounts.live(letter.account)?;
        // what has been waiting goes first
        if letter.attempts == 0 && !account.waiting.is_empty() {
            return None;
        }
        let own = self.peers.get(letter.session).is_some_and(|peer| self.has_room(peer));
        if own && !self.settings.other_bind {
            return Some(letter.session);
        }
        let Core { accounts, peers, bounds, .. } = self;
        let window = bounds.deliveries_max;
        let room = |session: u32| peers.get(session).is_some_and(|peer| peer.has_room(window));
        let account = accounts.get(letter.account);
        account.next_receiver(Some(letter.session), room).or_else(|| own.then_some(letter.session))
    }

    /// Writes a delivery into a session's out-buffer.
    #[inline]
    fn deliver(&mut self, session: u32, mut letter: PendingDelivery, now: Nanos) {
        self.count_sent(session, &letter);
        letter.attempts += 1;
        let place = if self.settings.tracked {
            self.outbox.letters.keep(letter)
        } else {
            DeliverySlab::NONE
        };
        let Core { peers, scribe, mint, outbox, settings, .. } = self;
        let Some(peer) = peers.get_mut(session) else { return };
        let sequence = peer.session.sequence.take();
        scribe.write(&letter, sequence, now, mint, &mut peer.out);
        peer.unacknowledged += 1;
        if settings.tracked {
            if peer.deliveries.len() >= DELIVERIES_MAX
                && let Some((_, oldest)) = peer.deliveries.pop_first()
                && oldest.place != DeliverySlab::NONE
            {
                outbox.letters.take(oldest.place);
                peer.unacknowledged = peer.unacknowledged.saturating_sub(1);
            }
            peer.deliveries.insert(sequence, Delivery { place, kind: letter.kind });
            if let Some(patience) = settings.patience {
                outbox.checks.push(now.after(patience), (session, sequence));
            }
            if outbox.has_spent_checks() {
                self.drop_spent_checks();
            }
        }
        self.mark(session);
    }

    #[cold]
    fn drop_spent_checks(&mut self) {
        let Core { peers, outbox, .. } = self;
        outbox.checks.retain(|(session, sequence)| {
            let delivery = peers.get(*session).and_then(|peer| peer.deliveries.get(sequence));
            delivery.is_some_and(|delivery| delivery.place != DeliverySlab::NONE)
        });
    }

    #[inline]
    fn count_sent(&mut self, session: u32, letter: &PendingDelivery) {
        let again = letter.attempts > 0;
        let receipts = &mut self.tally.receipts;
        match letter.kind {
            Kind::Mo if again => self.tally.mo.retried += 1,
            Kind::Mo => self.tally.mo.sent += 1,
            Kind::Final | Kind::Copy | Kind::Intermediate if again => receipts.retried += 1,
            Kind::Copy => receipts.duplicated += 1,
            Kind::Intermediate => receipts.intermediate += 1,
            Kind::Final => {
                receipts.pending -= 1;
                receipts.by_state.add(letter.state);
                receipts.before_response += u64::from(letter.early);
                receipts.other_bind += u64::from(session != letter.session);
            }
        }
    }

    /// Keeps a delivery until somebody can receive it; `again`: before all others.
    fn wait(&mut self, letter: PendingDelivery, again: bool) {
        let Some(account) = self.accounts.live(letter.account) else {
            return self.lose(&letter, false);
        };
        if !self.outbox.letters.may_wait(account.waiting.len()) {
            return self.lose(&letter, true);
        }
        // one that had to wait does not come before its response any more
        let place = self.outbox.letters.keep_waiting(PendingDelivery { early: false, ..letter });
        account.wait(place, again);
    }

    /// Drops a delivery: too many wait (`full`), or there is nobody that it could go to.
    #[cold]
    pub(super) fn lose(&mut self, letter: &PendingDelivery, full: bool) {
        let full = u64::from(full);
        match letter.kind {
            Kind::Mo => self.tally.mo.dropped_full += full,
            Kind::Final | Kind::Copy | Kind::Intermediate => {
                let receipts = &mut self.tally.receipts;
                receipts.dropped_full += full;
                if letter.kind == Kind::Final && letter.attempts == 0 {
                    receipts.pending -= 1;
                    receipts.undeliverable += 1;
                }
            }
        }
    }

    /// An account was forgotten to make room for another: what waited for it is dropped.
    pub(super) fn lose_evicted(&mut self) {
        for place in self.accounts.take_evicted() {
            let letter = self.outbox.letters.take_waiting(place);
            self.lose(&letter, true);
        }
    }

    /// Sends what waits to a session that has room again.
    #[inline]
    pub(super) fn refill(&mut self, session: u32, now: Nanos) {
        loop {
            let room = self.peers.get(session).filter(|peer| self.has_room(peer));
            let Some(account) = room.and_then(|peer| peer.account) else { return };
            let Some(place) = self.accounts.get(account).waiting.pop_front() else { return };
            let letter = self.outbox.letters.take_waiting(place);
            self.deliver(session, letter, now);
        }
    }

    /// Sends what waits, as far as there is room.
    fn deliver_waiting(&mut self, account: u32, now: Nanos) {
        while let Some(place) = self.accounts.get(account).waiting.front().copied() {
            let Core { accounts, peers, bounds, .. } = self;
            let window = bounds.deliveries_max;
            let room = |session: u32| peers.get(session).is_some_and(|peer| peer.has_room(window));
            let Some(session) = accounts.get(account).next_receiver(None, room) else { return };
            accounts.get(account).waiting.pop_front();
            let letter = self.outbox.letters.take_waiting(place);
            self.deliver(session, letter, now);
        }
    }

    /// An ESME answered a delivery (or sent generic_nack for it).
    pub(super) fn acknowledged(
        &mut self,
        session: u32,
        sequence: u32,
        status: CommandStatus,
        now: Nanos,
    ) {
        let Some(peer) = self.peers.get_mut(session) else { return };
        if !self.settings.tracked {
            if peer.unacknowledged == 0 {
                return self.tally.sessions.unknown_responses += 1;
            }
            peer.unacknowledged -= 1;
            self.tally.receipts.acknowledged.add(status);
            return self.refill(session, now);
        }
        let Some(Delivery { place, kind }) = peer.deliveries.remove(&sequence) else {
            return self.tally.sessions.unknown_responses += 1;
        };
        match kind {
            Kind::Mo => self.tally.mo.acknowledged.add(status),
            Kind::Final | Kind::Copy | Kind::Intermediate => {
                self.tally.receipts.acknowledged.add(status);
            }
        }
        if place == DeliverySlab::NONE {
            return;
        }
        peer.unacknowledged = peer.unacknowledged.saturating_sub(1);
        let letter = self.outbox.letters.take(place);
        if !status.is_ok() {
            self.retry(letter, false, now);
        }
        self.refill(session, now);
    }

    /// Whether a delivery has been answered by now; if not, it is sent again.
    pub(super) fn check(&mut self, session: u32, sequence: u32, now: Nanos) {
        let Some(peer) = self.peers.get_mut(session) else { return };
        let unwritten = peer.out.len();
        let Some(delivery) = peer.deliveries.get_mut(&sequence) else { return };
        if delivery.place == DeliverySlab::NONE {
            return;
        }
        // what the peer has not taken yet it cannot answer; to send it again would only add to that
        if unwritten >= self.bounds.out_octets_max
            && let Some(patience) = self.settings.patience
        {
            return self.outbox.checks.push(now.after(patience), (session, sequence));
        }
        let place = std::mem::replace(&mut delivery.place, DeliverySlab::NONE);
        // its entry stays: an answer that comes late is still one
        peer.unacknowledged = peer.unacknowledged.saturating_sub(1);
        let letter = self.outbox.letters.take(place);
        // where there is no timer of its own, `retry.after` was the patience already
        self.retry(letter, self.settings.timers.response.is_none(), now);
        self.refill(session, now);
    }

    fn retry(&mut self, letter: PendingDelivery, at_once: bool, now: Nanos) {
        match self.settings.retry {
            Some(retry) if letter.attempts <= retry.max => {
                if at_once {
                    self.post(letter, now);
                } else if self.outbox.letters.is_full() {
                    self.lose(&letter, true);
                } else {
                    let place = self.outbox.letters.keep(letter);
                    self.outbox.retries.push(now.after(retry.after), place);
                }
            }
            Some(_) => self.give_up(&letter),
            None => {}
        }
    }

    fn give_up(&mut self, letter: &PendingDelivery) {
        match letter.kind {
            Kind::Mo => self.tally.mo.given_up += 1,
            Kind::Final | Kind::Copy | Kind::Intermediate => self.tally.receipts.given_up += 1,
        }
    }

    /// A session is gone: what it had not acknowledged goes to the account's others, where retries are on.
    pub(super) fn take_back(&mut self, peer: &mut Peer, now: Nanos) {
        let mut accounts = Vec::new();
        for (_, delivery) in std::mem::take(&mut peer.deliveries).into_iter().rev() {
            if delivery.place == DeliverySlab::NONE {
                continue;
            }
            let letter = self.outbox.letters.take(delivery.place);
            match self.settings.retry {
                Some(retry) if letter.attempts <= retry.max => {
                    accounts.push(letter.account);
                    self.wait(letter, true);
                }
                Some(_) => self.give_up(&letter),
                None => {}
            }
        }
        accounts.dedup();
        for account in accounts {
            self.deliver_waiting(account, now);
        }
    }

    /// The next mobile-originated message. With nobody to receive it, it is not sent at all.
    pub(super) fn next_mo(&mut self, now: Nanos) {
        let Some(mo) = &mut self.mo else { return };
        let number = mo.count;
        mo.count += 1;
        if self.receivers.is_empty() {
            return;
        }
        let session = self.receivers[mo.turn % self.receivers.len()];
        mo.turn = (mo.turn + 1) % self.receivers.len();
        let account = self.peers.get(session).and_then(|peer| peer.account);
        let letter = PendingDelivery {
            number,
            submitted_ns: now.0,
            session,
            account: account.unwrap_or(u32::MAX),
            kind: Kind::Mo,
            ..PendingDelivery::default()
        };
        self.post(letter, now);
    }
}
