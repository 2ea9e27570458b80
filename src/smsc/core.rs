//! The core: all of the simulator's sessions, and the order in which things happen to them. What a PDU means
//! is in `control` and `submit`, what goes back to ESMEs unasked in `deliver`. No I/O, no clock.
use super::accounts::Accounts;
use super::bounds::{Bounds, CLOSE_WITHIN, Deadlines, UNBOUND_PDU_OCTETS_MAX, Unbound};
use super::delay::Delay;
use super::delivery_writer::DeliveryWriter;
use super::faults::{Faults, Occasion, Stalls};
use super::id_generator::IdGenerator;
use super::limits::{Bucket, DeliveryQueue};
use super::mo::MoSource;
use super::outcome_policy::OutcomePolicy;
use super::peer::{Peer, Peers};
use super::settings::Settings;
use super::tally::Tally;
use super::timed_work::TimedWork;
use crate::kit::{Nanos, Rng, stream_seed};
use crate::net::{ConnAction, Endpoint};
use crate::plan::behaviour::{Behaviour, FaultKind, Scope};
use crate::session::{Session, State, Timers};
use crate::smpp::{CommandId, CommandStatus, Header, frame, pdu};
use bytes::BytesMut;

/// The simulator without its sockets: the twin of the load side's core.
#[derive(Debug)]
pub struct Core {
    pub(super) settings: Settings,
    pub(super) accounts: Accounts,
    pub(super) peers: Peers,
    pub(super) bounds: Bounds,
    pub(super) unbound: Unbound,
    pub(super) deadlines: Deadlines,
    /// Bound sessions in order of their binds.
    pub(super) bound: Vec<u32>,
    /// Those of them that receive.
    pub(super) receivers: Vec<u32>,
    pub(super) outbox: TimedWork,
    pub(super) desk: OutcomePolicy,
    pub(super) mint: IdGenerator,
    pub(super) scribe: DeliveryWriter,
    pub(super) latency: Delay,
    pub(super) receipt_delay: Delay,
    pub(super) receipt_pace: Option<Bucket>,
    pub(super) rate_of_all: Option<Bucket>,
    pub(super) queue: Option<DeliveryQueue>,
    pub(super) mo: Option<MoSource>,
    pub(super) faults: Faults,
    pub(super) stalls: Stalls,
    /// Binds (or connections) that timed faults refuse; MAX: all from now on.
    pub(super) binds_to_refuse: u64,
    pub(super) connections_to_drop: u64,
    /// Whether anybody has been bound yet: times of faults count from the first.
    pub(super) begun: bool,
    pub(super) rng: Rng,
    pub(super) tally: Tally,
    dirty: Vec<u32>,
    /// The session whose octets are being read: its pump writes without being woken.
    pub(super) current: Option<u32>,
    void: BytesMut,
}

/// What is due next.
enum Turn {
    Reply,
    Receipt,
    Paced,
    Retry,
    Check,
    Timer,
    Deadline,
    Fault,
    Mo,
    Stall,
}

impl Core {
    /// A simulator that behaves as told. `wall_ns_at_zero`: what the wall clock shows (nanoseconds since
    /// 1970, UTC) when the monotonic clock shows 0; for the dates in receipts only.
    pub fn new(behaviour: &Behaviour, wall_ns_at_zero: u64) -> Core {
        let limits = &behaviour.limits;
        let of_all = limits.rate.filter(|_| limits.scope == Scope::All);
        let seed = behaviour.seed;
        Core {
            settings: Settings::new(behaviour),
            accounts: Accounts::new(behaviour),
            peers: Peers::default(),
            bounds: Bounds::new(behaviour.receipts.window),
            unbound: Unbound::default(),
            deadlines: Deadlines::default(),
            bound: Vec::new(),
            receivers: Vec::new(),
            outbox: TimedWork::new(behaviour.receipts.waiting_max),
            desk: OutcomePolicy::new(behaviour),
            mint: IdGenerator::new(seed, behaviour.response.id, behaviour.receipts.id),
            scribe: DeliveryWriter::new(behaviour, wall_ns_at_zero),
            latency: Delay::new(behaviour.response.latency),
            receipt_delay: Delay::new(behaviour.receipts.delay),
            receipt_pace: behaviour.receipts.rate.and_then(|rate| Bucket::new(rate, Some(0))),
            rate_of_all: of_all.and_then(|rate| Bucket::new(rate, limits.burst)),
            queue: limits.queue.and_then(DeliveryQueue::new),
            mo: MoSource::new(&behaviour.mo),
            faults: Faults::new(&behaviour.faults),
            stalls: Stalls::new(behaviour.response.stall),
            binds_to_refuse: 0,
            connections_to_drop: 0,
            begun: false,
            rng: Rng::new(stream_seed(seed, 0x0053_4D53_4321, 0)),
            tally: Tally::default(),
            dirty: Vec::new(),
            current: None,
            void: BytesMut::new(),
        }
    }

    /// A connection was taken; its session's number. Numbers are never used again. What is to become of it
    /// may show at once in [`Endpoint::wish`].
    pub fn connected(&mut self, now: Nanos) -> u32 {
        let init = self.settings.timers.session_init;
        let timers = self.settings.timers;
        let timers = Timers {
            enquire_link: timers.enquire_link.unwrap_or(Nanos::MAX),
            response: timers.response.unwrap_or(Nanos::MAX),
        };
        let bucket = self.settings.session_bucket.clone();
        let peer = Peer::new(Session::smsc(timers, now), self.settings.window, bucket);
        let session = self.peers.add(peer);
        self.tally.sessions.connections += 1;
        self.give_up_at(session, init.map_or(Nanos::MAX, |span| now.after(span)));
        if self.unbound.add(session) {
            self.drop_oldest_unbound(now);
        }
        self.share();
        let drawn = self.faults.draw(Occasion::Connection, &mut self.rng);
        if drawn.is_some() || self.connections_to_drop > 0 {
            if drawn.is_none() && self.connections_to_drop != u64::MAX {
                self.connections_to_drop -= 1;
            }
            self.tally.faults.add(FaultKind::AcceptThenDrop);
            self.close(session, ConnAction::Close, now);
        }
        self.arm(session);
        session
    }

    /// Closes the connection that has been unbound for longest, to make room. False: all are bound.
    pub fn drop_oldest_unbound(&mut self, now: Nanos) -> bool {
        let Some(session) = self.unbound.take_oldest() else { return false };
        self.tally.sessions.dropped_unbound += 1;
        self.close(session, ConnAction::Close, now);
        // one that was being closed already is closed at once
        if let Some(peer) = self.peers.get_mut(session) {
            peer.wish = ConnAction::Close;
        }
        self.mark(session);
        true
    }

    /// A connection was closed before it became a session: there was no room for it.
    pub fn turned_away(&mut self) {
        self.tally.sessions.dropped_unbound += 1;
    }

    /// Connections or receivers have become more or fewer.
    pub(super) fn share(&mut self) {
        self.bounds.share(self.peers.count(), self.receivers.len());
    }

    /// Sets when a connection is given up; MAX: never.
    pub(super) fn give_up_at(&mut self, session: u32, at: Nanos) {
        if let Some(peer) = self.peers.get_mut(session) {
            let before = std::mem::replace(&mut peer.give_up_at, at);
            self.deadlines.set(session, before, at);
        }
    }

    /// A connection is gone.
    pub fn closed(&mut self, session: u32, now: Nanos) {
        let Some(state) = self.peers.get(session).map(|peer| peer.session.state()) else { return };
        // whoever closes instead of answering our unbind has done what was asked (docs/smpp/in-the-wild.md, row 26)
        let dropped = match state {
            State::Bound(_) => true,
            State::Open | State::Unbinding(_) | State::Unbound => false,
        };
        self.tally.sessions.dropped += u64::from(dropped);
        self.leave(session, dropped, now);
        self.give_up_at(session, Nanos::MAX);
        self.unbound.remove(session);
        if let Some(mut peer) = self.peers.remove(session) {
            self.take_back(&mut peer, now);
        }
        self.share();
    }

    /// Everything counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Connections that are there.
    pub fn connections_count(&self) -> usize {
        self.peers.count()
    }

    /// Ends gracefully: bound sessions are unbound, the rest is closed.
    pub fn stop(&mut self, now: Nanos) {
        for session in self.peers.numbers() {
            let bound = self.peers.get(session).is_some_and(|p| p.session.is_bound() && p.speaks());
            if bound {
                self.unbind(session, now);
            } else {
                self.close(session, ConnAction::CloseWhenFlushed, now);
            }
        }
    }

    /// When [`Endpoint::tick`] has something to do; MAX: never.
    pub fn next_due(&self) -> Nanos {
        self.next_turn().0
    }

    /// Lists a session whose out-buffer or wish changed outside its own read.
    #[inline]
    pub(super) fn mark(&mut self, session: u32) {
        if self.current == Some(session) {
            return;
        }
        if let Some(peer) = self.peers.get_mut(session) {
            if peer.muted {
                peer.out.clear();
            }
            if !peer.dirty {
                peer.dirty = true;
                self.dirty.push(session);
            }
        }
    }

    /// Ends a connection from our side.
    pub(super) fn close(&mut self, session: u32, wish: ConnAction, now: Nanos) {
        if let Some(peer) = self.peers.get_mut(session)
            && peer.listens()
        {
            peer.wish = wish;
            self.give_up_at(session, now.after(CLOSE_WITHIN));
            self.mark(session);
        }
    }

    fn next_turn(&self) -> (Nanos, Turn) {
        let outbox = &self.outbox;
        let mut first = (outbox.replies.due(), Turn::Reply);
        let mut ask = |due: Nanos, turn: Turn| {
            if due < first.0 {
                first = (due, turn);
            }
        };
        ask(outbox.receipts.due(), Turn::Receipt);
        ask(outbox.paced.due(), Turn::Paced);
        ask(outbox.retries.due(), Turn::Retry);
        ask(outbox.checks.due(), Turn::Check);
        ask(outbox.timers.due(), Turn::Timer);
        ask(self.deadlines.due(), Turn::Deadline);
        ask(self.faults.due(), Turn::Fault);
        ask(self.mo.as_ref().map_or(Nanos::MAX, MoSource::due), Turn::Mo);
        ask(self.stalls.due(), Turn::Stall);
        first
    }

    fn take_turn(&mut self, turn: &Turn, now: Nanos) {
        match turn {
            Turn::Reply => {
                if let Some((due, reply)) = self.outbox.replies.pop() {
                    self.reply(reply, due, now);
                }
            }
            Turn::Receipt => {
                if let Some((due, place)) = self.outbox.receipts.pop() {
                    let letter = self.outbox.letters.take(place);
                    self.send_receipt(letter, due, now);
                }
            }
            Turn::Paced => {
                if let Some((_, place)) = self.outbox.paced.pop() {
                    let letter = self.outbox.letters.take(place);
                    self.post(letter, now);
                }
            }
            Turn::Retry => {
                if let Some((_, place)) = self.outbox.retries.pop() {
                    let letter = self.outbox.letters.take(place);
                    self.post(letter, now);
                }
            }
            Turn::Check => {
                if let Some((_, (session, sequence))) = self.outbox.checks.pop() {
                    self.check(session, sequence, now);
                }
            }
            Turn::Timer => {
                if let Some((due, session)) = self.outbox.timers.pop() {
                    self.timer(session, due, now);
                }
            }
            Turn::Deadline => self.pass_deadline(now),
            Turn::Fault => {
                if let Some((kind, all)) = self.faults.pop(now) {
                    self.timed_fault(kind, all, now);
                }
            }
            Turn::Mo => self.next_mo(now),
            Turn::Stall => self.update_stall(now),
        }
    }

    /// What was held back through a silence goes out all at once.
    fn update_stall(&mut self, now: Nanos) {
        if self.stalls.update(now) {
            for session in self.peers.numbers() {
                if let Some(peer) = self.peers.get_mut(session) {
                    peer.settling = 0;
                }
                self.mark(session);
            }
        }
    }

    fn on_frame(&mut self, session: u32, frame: &[u8], now: Nanos) {
        let Some(header) = Header::read(frame) else { return };
        let plain = header.command_id == CommandId::SUBMIT_SM
            && self.peers.get(session).is_some_and(|peer| match peer.session.state() {
                State::Bound(role) => role.transmits(),
                State::Open | State::Unbinding(_) | State::Unbound => false,
            });
        let Header { command_id, command_status, sequence_number, command_length: _ } = header;
        if plain {
            self.submit(session, frame, sequence_number, now);
        } else if matches!(command_id, CommandId::DELIVER_SM_RESP | CommandId::DATA_SM_RESP) {
            self.acknowledged(session, sequence_number, command_status, now);
        } else {
            self.control(session, frame, &header, now);
        }
    }

    fn desync(&mut self, session: u32, now: Nanos) {
        self.tally.sessions.desyncs += 1;
        let Some(peer) = self.peers.get_mut(session) else { return };
        // OpenMarket drops a bind whose length is wrong without a word (docs/smpp/openmarket.md, "Connection and bind")
        if !(self.settings.openmarket && peer.session.state() == State::Open) {
            let status = CommandStatus::ESME_RINVCMDLEN;
            pdu::header_only(CommandId::GENERIC_NACK, status, 0, &mut peer.out);
        }
        self.close(session, ConnAction::CloseWhenFlushed, now);
    }

    /// Whether the peer has so many answers to take, or to wait for, that it may not ask for more.
    fn owes_much(&self, peer: &Peer) -> bool {
        let octets_max = match peer.session.state() {
            State::Open => self.bounds.unbound_out_octets_max,
            State::Bound(_) | State::Unbinding(_) | State::Unbound => self.bounds.out_octets_max,
        };
        peer.out.len() >= octets_max || peer.open >= self.bounds.replies_max
    }

    /// After a read: what was answered in it counts as settled, and a slow reader rests.
    fn end_read(&mut self, session: u32, now: Nanos) {
        let silent = self.stalls.is_on();
        let Some(peer) = self.peers.get_mut(session) else { return };
        if !silent {
            peer.settling = 0;
        }
        if peer.muted {
            peer.out.clear();
        }
        if peer.slow && peer.wish == ConnAction::Stay {
            peer.held_until = now.after(SLOW_READ_EVERY);
            self.arm(session);
        }
    }
}

/// A slow reader reads once in so long.
const SLOW_READ_EVERY: Nanos = Nanos::from_secs(1);

impl Endpoint for Core {
    fn on_octets(&mut self, session: u32, octets: &[u8], now: Nanos) -> usize {
        self.update_stall(now);
        match self.peers.get_mut(session) {
            Some(peer) => peer.session.heard(now),
            None => return octets.len(),
        }
        self.current = Some(session);
        let mut used = 0;
        loop {
            let Some(peer) = self.peers.get(session).filter(|peer| peer.listens()) else {
                used = octets.len();
                break;
            };
            let octets_max = match peer.session.state() {
                State::Open if peer.out.len() > self.bounds.unbound_out_octets_max => {
                    self.unbound.remove(session);
                    self.tally.sessions.dropped_unbound += 1;
                    self.close(session, ConnAction::Close, now);
                    continue;
                }
                State::Open => UNBOUND_PDU_OCTETS_MAX,
                State::Bound(_) | State::Unbinding(_) | State::Unbound => frame::OCTETS_MAX_DEFAULT,
            };
            match frame::cut(&octets[used..], octets_max) {
                Ok(Some(length)) => {
                    self.on_frame(session, &octets[used..used + length], now);
                    used += length;
                }
                Ok(None) => break,
                Err(_) => self.desync(session, now),
            }
        }
        self.end_read(session, now);
        self.current = None;
        used
    }

    fn out(&mut self, session: u32) -> &mut BytesMut {
        let silent = self.stalls.is_on();
        match self.peers.get_mut(session) {
            Some(peer) if !silent => {
                if peer.muted {
                    &mut peer.last_words
                } else {
                    &mut peer.out
                }
            }
            Some(_) | None => {
                self.void.clear();
                &mut self.void
            }
        }
    }

    fn wrote(&mut self, _session: u32, _octets: usize, _stamp: Nanos) {}

    fn wish(&self, session: u32) -> ConnAction {
        let Some(peer) = self.peers.get(session) else { return ConnAction::Close };
        match peer.wish {
            ConnAction::Stay if peer.held_until > Nanos::ZERO || self.owes_much(peer) => {
                ConnAction::HoldReads
            }
            // what must be written first cannot be now
            ConnAction::CloseWhenFlushed | ConnAction::HalfClose if self.stalls.is_on() => {
                ConnAction::Stay
            }
            wish => wish,
        }
    }

    fn tick(&mut self, now: Nanos) -> Nanos {
        loop {
            let (due, turn) = self.next_turn();
            if due > now || due == Nanos::MAX {
                return due;
            }
            self.take_turn(&turn, now);
        }
    }

    fn take_dirty(&mut self, into: &mut Vec<u32>) {
        for session in &self.dirty {
            if let Some(peer) = self.peers.get_mut(*session) {
                peer.dirty = false;
            }
        }
        into.append(&mut self.dirty);
    }
}
