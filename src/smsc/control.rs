//! The life of a session: binds, unbinds, probes, timers, faults; and every request that is no submit_sm.
use super::accounts::count_bind;
use super::bounds::{CLOSE_WITHIN, UNBIND_WITHIN};
use super::core::Core;
use super::faults::Occasion;
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::FaultKind;
use crate::session::{Event, Role, State};
use crate::smpp::answer::strict_fault;
use crate::smpp::pdu::{self, BindResp, Body, FaultKind as BodyFault};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv};
use bytes::BytesMut;

/// What OpenMarket supports (docs/smpp/openmarket.md, "Connection and bind"); everything else earns generic_nack 0x03.
fn openmarket_supports(id: CommandId) -> bool {
    id.is_response()
        || id.is_bind()
        || matches!(id, CommandId::UNBIND | CommandId::SUBMIT_SM | CommandId::ENQUIRE_LINK)
}

impl Core {
    /// Any frame but a submit_sm on a session that may send one, and but the answer to a delivery.
    pub(super) fn control(&mut self, session: u32, frame: &[u8], header: &Header, now: Nanos) {
        let id = header.command_id;
        if self.settings.openmarket && !openmarket_supports(id) {
            return self.nack(session, header.sequence_number);
        }
        if id == CommandId::ENQUIRE_LINK && self.ignores_enquiry(session) {
            return;
        }
        let Some(peer) = self.peers.get_mut(session) else { return };
        let event = peer.session.on_header(header, now, &mut peer.out);
        match event {
            Event::None => {
                self.tally.sessions.enquire_links_answered +=
                    u64::from(id == CommandId::ENQUIRE_LINK);
            }
            Event::BindAsked(role) => self.bind(session, role, frame, header, now),
            Event::PeerUnbound => {
                self.tally.sessions.unbound_by_esme += 1;
                self.end(session, now);
            }
            Event::Unbound => {
                self.tally.sessions.unbound_by_smsc += 1;
                self.end(session, now);
            }
            Event::EnquireAnswered(_) => self.tally.sessions.enquire_links_confirmed += 1,
            Event::Nacked(sequence, status) => self.acknowledged(session, sequence, status, now),
            Event::UnknownResponse | Event::Bound(_) | Event::BindRefused(_) => {
                self.tally.sessions.unknown_responses += 1;
            }
            Event::Data => self.data(session, frame, header, now),
            Event::Illegal(status) => {
                self.tally.sessions.illegal += 1;
                if id == CommandId::SUBMIT_SM {
                    self.count_refused(status);
                }
            }
            Event::UnknownCommand => self.tally.sessions.unknown_commands += 1,
        }
        self.arm(session);
    }

    fn nack(&mut self, session: u32, sequence: u32) {
        self.tally.sessions.unknown_commands += 1;
        if let Some(peer) = self.peers.get_mut(session) {
            let status = CommandStatus::ESME_RINVCMDID;
            pdu::header_only(CommandId::GENERIC_NACK, status, sequence, &mut peer.out);
        }
    }

    fn ignores_enquiry(&mut self, session: u32) -> bool {
        let Some(peer) = self.peers.get(session) else { return true };
        let ignored =
            peer.ignores_enquiries || self.faults.draw(Occasion::Enquiry, &mut self.rng).is_some();
        if ignored {
            self.tally.faults.add(FaultKind::NoEnquireAnswer);
        }
        ignored
    }

    /// A lawful request or response of the data plane.
    fn data(&mut self, session: u32, frame: &[u8], header: &Header, now: Nanos) {
        match header.command_id {
            CommandId::SUBMIT_SM => self.submit(session, frame, header.sequence_number, now),
            id if id.is_response() => self.tally.sessions.unknown_responses += 1,
            _ => self.other(session, frame, header),
        }
    }

    /// What is no submit_sm is answered as a message centre does that keeps no messages.
    fn other(&mut self, session: u32, frame: &[u8], header: &Header) {
        self.tally.sessions.other_requests += 1;
        let Some(peer) = self.peers.get_mut(session) else { return };
        let (sequence, out) = (header.sequence_number, &mut peer.out);
        let response = header.command_id.response();
        let decoded = pdu::decode(frame);
        let fault = match &decoded {
            Ok(pdu) => strict_fault(pdu).map(|fault| fault.status),
            Err(fault) => Some(fault.status),
        };
        if let Some(status) = fault {
            return pdu::header_only(response, status, sequence, out);
        }
        let ok = CommandStatus::ESME_ROK;
        let status = match header.command_id {
            CommandId::DATA_SM => {
                let id = self.mint.take();
                let id = self.mint.in_response(id);
                return pdu::data_sm_resp(ok, sequence, id.as_slice(), out);
            }
            CommandId::SUBMIT_MULTI => {
                let id = self.mint.take();
                let id = self.mint.in_response(id);
                let body = pdu::SubmitMultiResp { message_id: id.as_slice(), ..Default::default() };
                return body.encode(ok, sequence, out);
            }
            CommandId::QUERY_SM => CommandStatus::ESME_RQUERYFAIL,
            CommandId::CANCEL_SM => CommandStatus::ESME_RCANCELFAIL,
            CommandId::REPLACE_SM => CommandStatus::ESME_RREPLACEFAIL,
            CommandId::BROADCAST_SM => CommandStatus::ESME_RBCASTFAIL,
            CommandId::QUERY_BROADCAST_SM => CommandStatus::ESME_RBCASTQUERYFAIL,
            CommandId::CANCEL_BROADCAST_SM => CommandStatus::ESME_RBCASTCANCELFAIL,
            _ => CommandStatus::ESME_RINVCMDID,
        };
        pdu::header_only(response, status, sequence, out);
    }

    fn bind(&mut self, session: u32, role: Role, frame: &[u8], header: &Header, now: Nanos) {
        let decoded = pdu::decode(frame);
        let bind = match decoded.as_ref().map(|pdu| pdu.body) {
            Ok(
                Body::BindReceiver(bind)
                | Body::BindTransmitter(bind)
                | Body::BindTransceiver(bind),
            ) => Ok(bind),
            Ok(_) => Err(CommandStatus::ESME_RBINDFAIL),
            Err(fault) => Err(fault.status),
        };
        let fault = decoded.as_ref().ok().and_then(|pdu| {
            let long_password = bind.is_ok_and(|b| self.accounts.takes_long_passwords(b.system_id));
            pdu.anomalies.iter().find_map(|odd| {
                let lenient = odd.kind == BodyFault::CstringTooLong
                    && odd.field == "password"
                    && long_password;
                odd.status.filter(|_| !lenient)
            })
        });
        let admitted = match (bind, fault) {
            (Err(status), _) | (Ok(_), Some(status)) => Err(status),
            (Ok(_), None) if self.refuses_bind() => Err(CommandStatus::ESME_RBINDFAIL),
            (Ok(bind), None) => self.accounts.admit(bind.system_id, bind.password, now),
        };
        self.lose_evicted();
        let status = admitted.err().unwrap_or(CommandStatus::ESME_ROK);
        count_bind(&mut self.tally, status);
        let Some(peer) = self.peers.get_mut(session) else { return };
        let response = header.command_id.response();
        let sequence = header.sequence_number;
        let (Ok(account), Ok(bind)) = (admitted, bind) else {
            return pdu::header_only(response, status, sequence, &mut peer.out);
        };
        let mut run = BytesMut::new();
        if let Some(version) = self.settings.sc_interface_version {
            put_tlv(Tag::SC_INTERFACE_VERSION, &[version], &mut run);
        }
        let body = BindResp { system_id: bind.system_id, tlvs: Tlvs(&run) };
        body.encode(response, status, sequence, &mut peer.out);
        peer.session.accept(role);
        self.enter(session, account, role, now);
    }

    fn refuses_bind(&mut self) -> bool {
        let drawn = self.faults.draw(Occasion::Bind, &mut self.rng).is_some();
        let refused = drawn || self.binds_to_refuse > 0;
        if refused {
            if !drawn && self.binds_to_refuse != u64::MAX {
                self.binds_to_refuse -= 1;
            }
            self.tally.faults.add(FaultKind::BindRefuse);
        }
        refused
    }

    /// A session is bound.
    fn enter(&mut self, session: u32, account: u32, role: Role, now: Nanos) {
        if !self.begun {
            self.begun = true;
            self.faults.start(now);
            self.stalls.start(now);
        }
        let Some(peer) = self.peers.get_mut(session) else { return };
        peer.account = Some(account);
        peer.receives = role.receives();
        if let Some(window) = self.accounts.window(account) {
            peer.window = window;
        }
        self.unbound.remove(session);
        self.give_up_at(session, Nanos::MAX);
        self.bound.push(session);
        if role.receives() {
            self.receivers.push(session);
            self.share();
            self.accounts.get(account).receivers.push(session);
            if let Some(mo) = &mut self.mo {
                mo.start(now);
            }
            self.refill(session, now);
        }
    }

    /// A session sends and receives no more; its place is free unless it was `dropped`.
    pub(super) fn leave(&mut self, session: u32, dropped: bool, now: Nanos) {
        let Some(peer) = self.peers.get_mut(session) else { return };
        let Some(account) = peer.account.take() else { return };
        self.accounts.leave(account, dropped, now);
        self.bound.retain(|other| *other != session);
        self.stop_receiving(session, account);
    }

    fn stop_receiving(&mut self, session: u32, account: u32) {
        let Some(peer) = self.peers.get_mut(session) else { return };
        if std::mem::take(&mut peer.receives) {
            self.receivers.retain(|other| *other != session);
            self.accounts.get(account).receivers.retain(|other| *other != session);
            self.share();
        }
    }

    fn end(&mut self, session: u32, now: Nanos) {
        self.leave(session, false, now);
        self.close(session, ConnAction::CloseWhenFlushed, now);
    }

    /// Asks the ESME to unbind.
    pub(super) fn unbind(&mut self, session: u32, now: Nanos) {
        let Some(peer) = self.peers.get_mut(session) else { return };
        peer.session.unbind(now, &mut peer.out);
        if let Some(account) = peer.account {
            self.stop_receiving(session, account);
        }
        if self.settings.timers.response.is_none() {
            self.give_up_at(session, now.after(UNBIND_WITHIN));
        }
        self.mark(session);
        self.arm(session);
    }

    /// A connection's deadline has passed: no bind came, our unbind was not answered, or the peer does not take
    /// our last octets.
    pub(super) fn pass_deadline(&mut self, now: Nanos) {
        let Some(session) = self.deadlines.first() else { return };
        self.give_up_at(session, Nanos::MAX);
        let silent = self.stalls.is_on();
        let Some(peer) = self.peers.get_mut(session) else { return };
        let count = &mut self.tally.sessions;
        if !peer.listens() {
            if silent {
                // nothing is written meanwhile: the peer cannot be blamed
                return self.give_up_at(session, now.after(CLOSE_WITHIN));
            }
            count.flush_timeouts += u64::from(peer.wish == ConnAction::CloseWhenFlushed);
            peer.wish = ConnAction::Reset;
            return self.mark(session);
        }
        match peer.session.state() {
            State::Open => count.init_timeouts += 1,
            State::Unbinding(_) => count.response_timeouts += 1,
            State::Bound(_) | State::Unbound => return,
        }
        self.close(session, ConnAction::CloseWhenFlushed, now);
    }

    fn timer_due(&self, session: u32) -> Nanos {
        let Some(peer) = self.peers.get(session) else { return Nanos::MAX };
        let timers = &self.settings.timers;
        let own = peer.session.next_tick();
        let idle = match peer.session.state() {
            State::Bound(_) => timers.inactivity.map(|span| peer.session.last_heard().after(span)),
            State::Open | State::Unbinding(_) | State::Unbound => None,
        };
        let held = if peer.held_until > Nanos::ZERO { peer.held_until } else { Nanos::MAX };
        own.min(idle.unwrap_or(Nanos::MAX)).min(held)
    }

    /// Enters the session's next timer, unless an earlier look at it is entered already.
    pub(super) fn arm(&mut self, session: u32) {
        let due = self.timer_due(session);
        let Some(peer) = self.peers.get_mut(session) else { return };
        if due < peer.timer_at {
            peer.timer_at = due;
            self.outbox.timers.push(due, session);
        }
    }

    /// Looks at a session's timers.
    pub(super) fn timer(&mut self, session: u32, due: Nanos, now: Nanos) {
        let timers = self.settings.timers;
        let Some(peer) = self.peers.get_mut(session) else { return };
        if peer.timer_at != due {
            return;
        }
        peer.timer_at = Nanos::MAX;
        if peer.held_until > Nanos::ZERO && now >= peer.held_until {
            peer.held_until = Nanos::ZERO;
            self.mark(session);
        }
        let Some(peer) = self.peers.get_mut(session) else { return };
        if !peer.listens() {
            return;
        }
        let is_past = |span: Option<Nanos>, from: Nanos| span.is_some_and(|s| now >= from.after(s));
        let heard = peer.session.last_heard();
        let count = &mut self.tally.sessions;
        let late = if peer.session.is_bound() && is_past(timers.inactivity, heard) {
            Some(&mut count.inactivity_timeouts)
        } else {
            let given_up = peer.session.tick(now, &mut peer.out).is_some();
            given_up.then_some(&mut count.response_timeouts)
        };
        if let Some(count) = late {
            *count += 1;
            self.close(session, ConnAction::CloseWhenFlushed, now);
        } else {
            self.mark(session);
            self.arm(session);
        }
    }

    /// A fault whose time has come.
    pub(super) fn timed_fault(&mut self, kind: FaultKind, all: bool, now: Nanos) {
        let more = |count: u64| if all { u64::MAX } else { count.saturating_add(1) };
        match kind {
            FaultKind::BindRefuse => self.binds_to_refuse = more(self.binds_to_refuse),
            FaultKind::AcceptThenDrop => self.connections_to_drop = more(self.connections_to_drop),
            FaultKind::Unbind
            | FaultKind::Close
            | FaultKind::Reset
            | FaultKind::HalfClose
            | FaultKind::Garbage
            | FaultKind::Truncated
            | FaultKind::OversizeTlv
            | FaultKind::GenericNack
            | FaultKind::NoEnquireAnswer
            | FaultKind::SlowReader => {
                let mut struck = self.bound.clone();
                if !all && !struck.is_empty() {
                    let one = self.rng.below(struck.len() as u64) as usize;
                    struck = vec![struck[one]];
                }
                for session in struck {
                    self.strike(kind, session, now);
                }
            }
        }
    }

    /// Does a fault to a bound session.
    pub(super) fn strike(&mut self, kind: FaultKind, session: u32, now: Nanos) {
        let Some(peer) = self.peers.get_mut(session).filter(|peer| peer.speaks()) else { return };
        let again = match kind {
            FaultKind::Unbind => !peer.session.is_bound(),
            FaultKind::SlowReader => peer.slow,
            FaultKind::Close
            | FaultKind::Reset
            | FaultKind::HalfClose
            | FaultKind::Garbage
            | FaultKind::Truncated
            | FaultKind::OversizeTlv
            | FaultKind::GenericNack
            | FaultKind::NoEnquireAnswer
            | FaultKind::BindRefuse
            | FaultKind::AcceptThenDrop => false,
        };
        if again {
            return;
        }
        match kind {
            // counted where they are done
            FaultKind::OversizeTlv | FaultKind::GenericNack => return peer.mangle = Some(kind),
            FaultKind::NoEnquireAnswer => return peer.ignores_enquiries = true,
            FaultKind::BindRefuse | FaultKind::AcceptThenDrop => return,
            FaultKind::Unbind => self.unbind(session, now),
            FaultKind::Close => self.close(session, ConnAction::CloseWhenFlushed, now),
            FaultKind::Reset => self.close(session, ConnAction::Reset, now),
            FaultKind::HalfClose => {
                peer.mute();
                peer.wish = ConnAction::HalfClose;
                if let Some(account) = peer.account {
                    self.stop_receiving(session, account);
                }
                self.mark(session);
            }
            FaultKind::Garbage => {
                peer.out.extend_from_slice(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                self.mark(session);
            }
            FaultKind::Truncated => {
                let whole = peer.out.len();
                let id = CommandId::SUBMIT_SM_RESP;
                pdu::header_only(id, CommandStatus::ESME_ROK, 1, &mut peer.out);
                peer.out.truncate(whole + Header::OCTETS / 2);
                self.close(session, ConnAction::CloseWhenFlushed, now);
            }
            FaultKind::SlowReader => {
                peer.slow = true;
                peer.held_until = now.after(Nanos(1));
                self.mark(session);
                self.arm(session);
            }
        }
        self.tally.faults.add(kind);
    }
}
