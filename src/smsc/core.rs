//! The core: hands PDUs and due work to the parts of the simulator, and what one part leaves to another on to that one.
//! No I/O, no clock.
use super::command::{Command, CommandKind, CommandOutcome};
use super::context::Context;
use super::control::{Control, Followup};
use super::deliveries::commanded::Content;
use super::deliveries::{Deliveries, DueDelivery};
use super::events::{SessionEnd, SmscEvent};
use super::inject;
use super::runs::{self, Rest};
use super::submits::Submits;
use super::tally::Tally;
use crate::kit::Nanos;
use crate::net::{ConnAction, Endpoint, Witness};
use crate::plan::behaviour::{Behaviour, FaultKind};
use crate::session::SessionState;
use crate::smpp::{CommandId, CommandStatus, Header, frame, pdu};
use bytes::BytesMut;

/// The simulator without its sockets: the twin of the load side's core.
#[derive(Debug)]
pub struct Core {
    pub(super) context: Context,
    control: Control,
    submits: Submits,
    pub(super) deliveries: Deliveries,
    /// Who is told all octets. None: nobody.
    witness: Option<Box<Witness>>,
}

/// Work that is due at a time.
enum DueWork {
    Reply,
    Delivery(DueDelivery),
    Timer,
    Deadline,
    Fault,
    Mo,
    Stall,
}

impl Core {
    /// A simulator with this behaviour. `wall_ns_at_zero`: what the wall clock shows (nanoseconds since
    /// 1970, UTC) when the monotonic clock shows 0; for the dates in receipts only.
    pub fn new(behaviour: &Behaviour, wall_ns_at_zero: u64) -> Core {
        Core {
            context: Context::new(behaviour),
            control: Control::new(behaviour),
            submits: Submits::new(behaviour),
            deliveries: Deliveries::new(behaviour, wall_ns_at_zero),
            witness: None,
        }
    }

    /// Tells all octets from now on to `witness`; MO carry the marker of `run`.
    pub fn witnessed(&mut self, witness: Witness, run: u32) {
        self.deliveries.mark_mo(run, witness.number() as u8);
        self.witness = Some(Box::new(witness));
    }

    /// Adds an accepted connection and returns its session number. Numbers are never reused. A fault may end the
    /// connection at once: see [`Endpoint::wish`].
    pub fn connected(&mut self, now: Nanos) -> u32 {
        let (session, too_many_unbound) = self.context.connections.add(now);
        self.context.tally.sessions.connections += 1;
        if let Some(witness) = &self.witness {
            witness.connected(session, now);
        }
        if too_many_unbound {
            self.drop_oldest_unbound(now);
        }
        let Context { connections, faults, rng, tally, .. } = &mut self.context;
        connections.divide_limits();
        if faults.drops_connection(rng) {
            tally.faults.add(FaultKind::AcceptThenDrop);
            connections.close(session, ConnAction::Close, now);
        }
        connections.arm(session);
        session
    }

    /// Closes the connection that has been unbound for longest, to free its memory and descriptor. False: all are
    /// bound.
    pub fn drop_oldest_unbound(&mut self, now: Nanos) -> bool {
        let is_dropped = self.context.connections.close_oldest_unbound(now);
        self.context.tally.sessions.dropped_unbound += u64::from(is_dropped);
        is_dropped
    }

    /// Counts a connection that was closed before it became a session, for want of descriptors.
    pub fn turned_away(&mut self) {
        self.context.tally.sessions.dropped_unbound += 1;
    }

    /// Removes a connection that is closed.
    pub fn closed(&mut self, session: u32, now: Nanos) {
        if let Some(witness) = &self.witness {
            witness.ended(session, now);
        }
        let Context { connections, tally, .. } = &mut self.context;
        let Some(peer) = connections.get(session) else { return };
        let (state, is_open) = (peer.session.state(), peer.handles_input());
        // an ESME that closes instead of answering an unbind has done what was asked (docs/smpp/in-the-wild.md, row 26)
        let dropped = match state {
            SessionState::Bound(_) => true,
            SessionState::Open | SessionState::Unbinding(_) | SessionState::Unbound => false,
        };
        tally.sessions.dropped += u64::from(dropped);
        let end = match state {
            SessionState::Unbinding(_) => SessionEnd::UnboundBySmsc,
            _ if is_open => SessionEnd::Dropped,
            _ => SessionEnd::ClosedBySmsc,
        };
        self.context.leave(session, dropped, end, now);
        if let Some(mut peer) = self.context.connections.remove(session) {
            self.deliveries.take_back(&mut self.context, &mut peer, now);
        }
        self.context.connections.divide_limits();
    }

    /// Does a command.
    pub fn command(&mut self, command: &Command, now: Nanos) -> CommandOutcome {
        let Core { context, deliveries, .. } = self;
        let content = match &command.0 {
            CommandKind::Mo { from, to, text } => Content::Mo { from: *from, to: *to, text },
            CommandKind::Receipt { id, state } => Content::Receipt { id, state: *state },
            CommandKind::Fault { kind, all } => {
                return CommandOutcome::Fault(inject::fault(context, *kind, *all, now));
            }
        };
        deliveries.send_commanded(context, &content, now)
    }

    /// Keeps rare events from now on, for [`Core::take_event`].
    pub fn log_events(&mut self) {
        self.context.events.turn_on();
    }

    /// Takes the oldest event that is kept.
    pub fn take_event(&mut self) -> Option<SmscEvent> {
        self.context.events.take()
    }

    /// Everything counted so far.
    pub fn tally(&self) -> &Tally {
        &self.context.tally
    }

    /// Number of connections.
    pub fn connections_count(&self) -> usize {
        self.context.connections.count()
    }

    /// Ends gracefully: unbinds the bound sessions and closes the others.
    pub fn stop(&mut self, now: Nanos) {
        for session in self.context.connections.numbers() {
            let peer = self.context.connections.get(session);
            if peer.is_some_and(|p| p.session.is_bound() && p.can_write()) {
                self.context.unbind(session, now);
            } else {
                self.context.connections.close(session, ConnAction::CloseWhenFlushed, now);
            }
        }
    }

    /// When [`Endpoint::tick`] has something to do; MAX: never.
    pub fn next_due(&self) -> Nanos {
        self.next_work().0
    }

    fn next_work(&self) -> (Nanos, DueWork) {
        let Context { connections, faults, .. } = &self.context;
        let mut first = (self.submits.due(), DueWork::Reply);
        let mut consider = |due: Nanos, work: DueWork| {
            if due < first.0 {
                first = (due, work);
            }
        };
        let (due, delivery) = self.deliveries.next();
        consider(due, DueWork::Delivery(delivery));
        consider(connections.timer_due(), DueWork::Timer);
        consider(connections.deadline_due(), DueWork::Deadline);
        consider(faults.due(), DueWork::Fault);
        consider(self.deliveries.mo_due(), DueWork::Mo);
        consider(connections.stall_due(), DueWork::Stall);
        first
    }

    fn do_work(&mut self, work: &DueWork, now: Nanos) {
        let Core { context, submits, deliveries, .. } = self;
        match work {
            DueWork::Reply => submits.send_due(context, deliveries, now),
            DueWork::Delivery(delivery) => deliveries.send_due(context, *delivery, now),
            DueWork::Timer => context.connections.run_timer(now, &mut context.tally.sessions),
            DueWork::Deadline => {
                context.connections.pass_deadline(now, &mut context.tally.sessions);
            }
            DueWork::Fault => inject::timed_fault(context, now),
            DueWork::Mo => deliveries.send_mo(context, now),
            DueWork::Stall => context.connections.update_stall(now),
        }
    }

    fn on_frame(&mut self, session: u32, frame: &[u8], now: Nanos) {
        let Some(header) = Header::read(frame) else { return };
        let Core { context, submits, deliveries, .. } = self;
        let Header { command_id, command_status, sequence_number, command_length: _ } = header;
        let is_submit = command_id == CommandId::SUBMIT_SM
            && context.connections.get(session).is_some_and(|peer| peer.may_submit());
        if is_submit {
            submits.receive(context, deliveries, session, frame, sequence_number, now);
        } else if matches!(command_id, CommandId::DELIVER_SM_RESP | CommandId::DATA_SM_RESP) {
            deliveries.acknowledged(context, session, sequence_number, command_status, now);
        } else {
            self.on_control(session, frame, &header, now);
        }
    }

    fn on_control(&mut self, session: u32, frame: &[u8], header: &Header, now: Nanos) {
        let Core { context, control, submits, deliveries, witness: _ } = self;
        match control.receive(context, session, frame, header, now) {
            Followup::Ignored => return,
            Followup::None => {}
            Followup::Submit => {
                submits.receive(context, deliveries, session, frame, header.sequence_number, now);
            }
            Followup::Acknowledged(sequence, status) => {
                deliveries.acknowledged(context, session, sequence, status, now);
            }
            Followup::BindAnswered { receives } => {
                deliveries.lose_evicted(context);
                if receives {
                    deliveries.on_receiver(context, session, now);
                }
            }
        }
        context.connections.arm(session);
    }

    fn on_desync(&mut self, session: u32, now: Nanos) {
        let Context { connections, tally, openmarket, .. } = &mut self.context;
        tally.sessions.desyncs += 1;
        let Some(peer) = connections.get_mut(session) else { return };
        // OpenMarket closes on a bind of a wrong length without an answer
        // (docs/smpp/openmarket.md, "Connection and bind")
        if !(*openmarket && peer.session.state() == SessionState::Open) {
            let status = CommandStatus::ESME_RINVCMDLEN;
            pdu::header_only(CommandId::GENERIC_NACK, status, 0, peer.output.buffer());
        }
        connections.close(session, ConnAction::CloseWhenFlushed, now);
    }
}

impl Endpoint for Core {
    fn on_octets(&mut self, session: u32, octets: &[u8], now: Nanos) -> usize {
        self.context.connections.update_stall(now);
        if !self.context.connections.begin_read(session, now) {
            return octets.len();
        }
        let mut used = 0;
        loop {
            let Context { connections, tally, .. } = &mut self.context;
            let Some(peer) = connections.get(session).filter(|peer| peer.handles_input()) else {
                used = octets.len();
                break;
            };
            let Some(octets_max) = connections.pdu_octets_max(peer) else {
                tally.sessions.dropped_unbound += 1;
                connections.close_unbound(session, now);
                continue;
            };
            let Core { context, submits, deliveries, .. } = &mut *self;
            let rest = Rest { session, octets: &octets[used..], octets_max, now };
            let taken = runs::take(context, submits, deliveries, rest);
            if taken > 0 {
                used += taken;
                continue;
            }
            match frame::cut(&octets[used..], octets_max) {
                Ok(Some(length)) => {
                    self.on_frame(session, &octets[used..used + length], now);
                    used += length;
                }
                Ok(None) => break,
                Err(_) => self.on_desync(session, now),
            }
        }
        self.context.connections.end_read(session, now);
        if let Some(witness) = &self.witness {
            witness.read(session, &octets[..used], now);
        }
        used
    }

    fn out(&mut self, session: u32) -> &mut BytesMut {
        self.context.connections.out(session)
    }

    fn wrote(&mut self, _session: u32, _octets: usize, _stamp: Nanos) {}

    fn witness_write(&mut self, session: u32, octets: usize, stamp: Nanos) {
        if let Some(witness) = &self.witness {
            witness.wrote(session, &self.context.connections.out(session)[..octets], stamp);
        }
    }

    fn wish(&self, session: u32) -> ConnAction {
        self.context.connections.action(session)
    }

    fn tick(&mut self, now: Nanos) -> Nanos {
        loop {
            let (due, work) = self.next_work();
            if due > now || due == Nanos::MAX {
                return due;
            }
            self.do_work(&work, now);
        }
    }

    fn take_dirty(&mut self, into: &mut Vec<u32>) {
        self.context.connections.take_changed(into);
    }
}
