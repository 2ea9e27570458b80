//! The dialogue: what is sent next, what a PDU from the peer means, what is still awaited. All decisions and
//! no I/O: octets come and go in buffers, and time is an argument.
use super::ask::Say;
use super::awaited::{Awaited, Received};
use super::show::{Direction, PduPrinter, millis};
use crate::cli::exit::Exit;
use crate::kit::Nanos;
use crate::plan::{Accept, BindType, Foreign, Plan};
use crate::session::{Role, Session, SessionEvent, Timers};
use crate::smpp::pdu;
use crate::smpp::{CommandId, CommandStatus, Header, frame, receipt};
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;

/// How the dialogue ended: the exit code, and a line where something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DialOutcome {
    /// The exit code.
    pub(super) exit: Exit,
    /// What went wrong; None: nothing.
    pub(super) why: Option<String>,
    /// Other values of `receipts.id_mode` by which receipts match that do not match as declared.
    pub(super) id_modes: Vec<&'static str>,
}

impl DialOutcome {
    /// One that says nothing of ids.
    pub(super) fn of(exit: Exit, why: Option<String>) -> DialOutcome {
        DialOutcome { exit, why, id_modes: Vec::new() }
    }
}

/// Phase of the dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// The bind is in flight, until this deadline.
    Binding(Nanos),
    /// Sending the requests, one at a time.
    Sending,
    /// All requests are sent; listening for receipts and other traffic until this time.
    Listening(Nanos),
    /// Our unbind is in flight, or the peer's is answered; the connection is closed at this time at the latest.
    Unbinding(Nanos),
    /// The dialogue has ended.
    Over,
}

/// One session, from bind to unbind.
#[derive(Debug)]
pub(super) struct Dialogue<'p> {
    plan: &'p Plan,
    session: Session,
    phase: Phase,
    says: VecDeque<Say>,
    wait: Option<Nanos>,
    awaited: Awaited,
    show: PduPrinter,
    /// Octets to write; those before `shown` have been printed.
    out: BytesMut,
    shown: usize,
    /// PDUs to print, and remarks on them.
    printed: String,
    remarks: Vec<String>,
    /// The outcome, where it is not the one counted at the end.
    outcome: Option<DialOutcome>,
}

impl<'p> Dialogue<'p> {
    /// Binds on a fresh connection.
    pub(super) fn new(
        plan: &'p Plan,
        says: Vec<Say>,
        wait: Option<Nanos>,
        show: PduPrinter,
        now: Nanos,
    ) -> Dialogue<'p> {
        let account = &plan.accounts[0];
        let role = match account.binds.bind_type {
            BindType::Transceiver | BindType::Pair => Role::Transceiver,
            BindType::Transmitter => Role::Transmitter,
            BindType::Receiver => Role::Receiver,
        };
        let timers = Timers {
            enquire_link: account.binds.enquire_link.unwrap_or(Nanos::MAX),
            // one timer of a session is for its bind and for the rest
            response: plan.timeouts.response.max(plan.timeouts.bind),
        };
        let mut dialogue = Dialogue {
            plan,
            session: Session::esme(role, timers, now),
            phase: Phase::Binding(now + plan.timeouts.bind),
            says: says.into(),
            wait,
            awaited: Awaited::new(&plan.receipts, role.receives()),
            show,
            out: BytesMut::new(),
            shown: 0,
            printed: String::new(),
            remarks: Vec::new(),
            outcome: None,
        };
        dialogue.session.bind(&account.bind(), now, &mut dialogue.out);
        dialogue.show_sent(now);
        dialogue
    }

    /// Takes the octets to write.
    pub(super) fn take_out(&mut self) -> BytesMut {
        self.shown = 0;
        self.out.split()
    }

    /// Takes what to print: PDUs, then remarks.
    pub(super) fn take_printed(&mut self) -> (String, Vec<String>) {
        (std::mem::take(&mut self.printed), std::mem::take(&mut self.remarks))
    }

    /// How the dialogue ended; None: it goes on, or octets are still to be written.
    pub(super) fn over(&self) -> Option<DialOutcome> {
        if self.phase != Phase::Over || !self.out.is_empty() {
            return None;
        }
        let counted = || {
            let why = self.awaited.unanswered();
            let exit = if why.is_some() { Exit::Internal } else { Exit::Done };
            DialOutcome { exit, why, id_modes: self.awaited.other_modes() }
        };
        Some(self.outcome.clone().unwrap_or_else(counted))
    }

    /// Takes whole PDUs out of what was read.
    pub(super) fn on_octets(&mut self, inbox: &mut BytesMut, now: Nanos) {
        self.session.heard(now);
        while self.phase != Phase::Over {
            match frame::cut(inbox, frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(length)) => {
                    let octets = inbox.split_to(length);
                    self.printed += &self.show.pdu(Direction::Received, &octets, now);
                    self.on_pdu(&octets, now);
                    self.show_sent(now);
                }
                Ok(None) => return,
                Err(desync) => {
                    let status = CommandStatus::ESME_RINVCMDLEN;
                    pdu::header_only(CommandId::GENERIC_NACK, status, 0, &mut self.out);
                    self.show_sent(now);
                    inbox.advance(inbox.len());
                    self.lost(format!("PDU framing lost: {desync}"));
                }
            }
        }
    }

    /// The connection has ended.
    pub(super) fn on_end(&mut self, why: &str) {
        self.out.clear();
        match self.phase {
            Phase::Unbinding(_) | Phase::Over => self.phase = Phase::Over,
            // a raw unbind of the user was answered, so the end was expected
            _ if self.awaited.unbound() => self.phase = Phase::Over,
            Phase::Binding(_) | Phase::Sending | Phase::Listening(_) => self.lost(why.to_owned()),
        }
    }

    /// The user interrupts: unbinds; the second time, ends at once.
    pub(super) fn interrupt(&mut self, now: Nanos) {
        self.outcome = Some(DialOutcome::of(Exit::Interrupted, None));
        match self.phase {
            Phase::Sending | Phase::Listening(_) => self.unbind(now),
            Phase::Binding(_) | Phase::Unbinding(_) | Phase::Over => {
                self.phase = Phase::Over;
                self.out.clear();
            }
        }
    }

    /// Does what is due, and returns when to call again.
    pub(super) fn turn(&mut self, now: Nanos) -> Nanos {
        if let Some(late) = self.session.tick(now, &mut self.out) {
            self.unanswered(late);
        }
        let wake = loop {
            match self.phase {
                Phase::Binding(by) if now >= by => {
                    self.unanswered(self.session.role().command_id())
                }
                Phase::Unbinding(by) if now >= by => self.unanswered(CommandId::UNBIND),
                Phase::Binding(by) | Phase::Unbinding(by) => break by,
                Phase::Sending => match self.send_next(now) {
                    Some(wake) => break wake,
                    None => self.phase = Phase::Listening(now + self.patience()),
                },
                Phase::Listening(until) => {
                    if now >= until || !self.has_reason_to_listen() {
                        self.unbind(now);
                    } else {
                        break until;
                    }
                }
                Phase::Over => break Nanos::MAX,
            }
        };
        self.show_sent(now);
        wake.min(self.session.next_tick())
    }

    /// Sends the next request, unless a response is awaited. None: all are sent and answered.
    fn send_next(&mut self, now: Nanos) -> Option<Nanos> {
        if let Some(asked) = self.awaited.in_flight_since() {
            let by = asked + self.plan.timeouts.response;
            if now < by {
                return Some(by);
            }
            let line = self.awaited.give_up();
            self.remark(line);
            self.check_foreign_receipts(now);
        }
        let mut say = self.says.pop_front()?;
        if say.numbered {
            let number = self.session.sequence.take();
            say.octets[12..16].copy_from_slice(&number.to_be_bytes());
        }
        self.awaited.sent(&say.octets, now);
        self.out.extend_from_slice(&say.octets);
        // where no response is expected, the next request is sent at once
        Some(if self.awaited.in_flight_since().is_some() {
            now + self.plan.timeouts.response
        } else {
            now
        })
    }

    /// How long to listen when all requests are sent.
    fn patience(&self) -> Nanos {
        match self.wait {
            Some(wait) => wait,
            None if self.awaited.receipts_due() > 0 => self.plan.receipts.deadline,
            None => Nanos::ZERO,
        }
    }

    fn has_reason_to_listen(&self) -> bool {
        self.awaited.receipts_due() > 0 || (self.wait.is_some() && !self.awaited.asks_receipts())
    }

    fn on_pdu(&mut self, octets: &[u8], now: Nanos) {
        let Some(header) = Header::read(octets) else { return };
        let answer = header.command_id.is_response().then(|| self.awaited.answered(octets, now));
        if let Some(Some(line)) = answer {
            self.remark(line);
            self.match_receipts(now);
            return;
        }
        match self.session.on_header(&header, now, &mut self.out) {
            SessionEvent::None | SessionEvent::Illegal(_) | SessionEvent::UnknownCommand => {}
            SessionEvent::Bound(after) => {
                self.remark(format!("bound in {}", millis(after)));
                self.phase = Phase::Sending;
            }
            SessionEvent::BindRefused(status) => {
                let why = format!("bind refused with {status} (0x{:02X})", status.0);
                self.end(Exit::CannotBind, why);
            }
            SessionEvent::BindAsked(_) => {}
            SessionEvent::EnquireAnswered(after) => {
                self.remark(format!("enquire_link answered in {}", millis(after)));
            }
            SessionEvent::PeerUnbound => match self.phase {
                Phase::Unbinding(_) => self.phase = Phase::Over,
                _ => self.lost("the peer unbound".to_owned()),
            },
            SessionEvent::Unbound => self.phase = Phase::Over,
            SessionEvent::Data if !header.command_id.is_response() => {
                self.on_delivery(&header, octets, now);
            }
            SessionEvent::Nacked(..) | SessionEvent::UnknownResponse | SessionEvent::Data => {
                self.remark("a response to no request of this session".to_owned());
            }
        }
    }

    /// Answers a deliver_sm or data_sm, then reads it.
    fn on_delivery(&mut self, header: &Header, octets: &[u8], now: Nanos) {
        let decoded = pdu::decode(octets);
        let status =
            decoded.as_ref().map_or_else(|fault| fault.status, |_| CommandStatus::ESME_ROK);
        match header.command_id {
            CommandId::DELIVER_SM => {
                pdu::deliver_sm_resp(status, header.sequence_number, &mut self.out);
            }
            CommandId::DATA_SM => {
                pdu::data_sm_resp(status, header.sequence_number, b"", &mut self.out);
            }
            // outbind and alert_notification have no response
            _ => return,
        }
        self.show_sent(now);
        let Ok(pdu) = decoded else { return };
        let text = receipt::text_of(&pdu.body);
        let mut room = Vec::new();
        let like = receipt::read_like(octets, &mut room);
        match (receipt::read_body(&pdu.body, &text), like) {
            (Some(read), _) => self.on_receipt(Received::receipt(&read, now)),
            (None, Some(like)) if self.plan.receipts.accept == Accept::Text => {
                self.on_receipt(Received::text_like_receipt(&like, now));
            }
            (None, Some(_)) => {
                let advice = "receipts.accept = \"text\" counts it as one";
                self.remark(format!("a message that reads like a receipt: {advice}"));
            }
            (None, None) => {
                self.remark("a mobile-originated message".to_owned());
                self.on_foreign("a mobile-originated message", now);
            }
        }
    }

    fn on_receipt(&mut self, received: Received) {
        let now = received.at;
        self.awaited.on_receipt(received);
        self.match_receipts(now);
    }

    /// Matches receipts with responses.
    fn match_receipts(&mut self, now: Nanos) {
        for line in self.awaited.match_receipts() {
            self.remark(line);
        }
        self.check_foreign_receipts(now);
    }

    /// Treats final receipts that match no message as foreign, once the ids of all messages are known.
    fn check_foreign_receipts(&mut self, now: Nanos) {
        if !self.says.is_empty() || self.awaited.in_flight_since().is_some() {
            return;
        }
        for line in self.awaited.take_unknown() {
            self.remark(line);
            self.on_foreign("a receipt for a message of another sender", now);
        }
    }

    /// Traffic of others came on this session: ends it, unless the guard allows that.
    fn on_foreign(&mut self, what: &str, now: Nanos) {
        let leaving = matches!(self.phase, Phase::Unbinding(_) | Phase::Over);
        if self.plan.guard.foreign == Foreign::Ack || leaving {
            return;
        }
        let why = format!("foreign_traffic: {what}; set guard.foreign=ack to allow it");
        self.outcome = Some(DialOutcome::of(Exit::EndedEarly, Some(why)));
        self.says.clear();
        self.unbind(now);
    }

    fn unbind(&mut self, now: Nanos) {
        self.phase = Phase::Unbinding(now + self.plan.timeouts.unbind);
        self.session.unbind(now, &mut self.out);
        self.show_sent(now);
    }

    /// A request of the session itself (bind, enquire_link, unbind) got no response.
    fn unanswered(&mut self, request: CommandId) {
        match self.phase {
            Phase::Unbinding(_) => {
                self.remark("no unbind_resp in time".to_owned());
                self.phase = Phase::Over;
            }
            Phase::Binding(_) | Phase::Sending | Phase::Listening(_) => {
                self.lost(format!("{request} was not answered in time"));
            }
            Phase::Over => {}
        }
    }

    /// The session ended early.
    fn lost(&mut self, why: String) {
        match self.phase {
            Phase::Binding(_) => self.end(Exit::CannotBind, format!("{why}, before bind_resp")),
            Phase::Sending | Phase::Listening(_) => self.end(Exit::EndedEarly, why),
            Phase::Unbinding(_) | Phase::Over => self.phase = Phase::Over,
        }
    }

    fn end(&mut self, exit: Exit, why: String) {
        self.outcome.get_or_insert(DialOutcome::of(exit, Some(why)));
        self.phase = Phase::Over;
    }

    fn remark(&mut self, line: String) {
        if self.show.json {
            self.remarks.push(line);
        } else {
            self.printed += &format!("  {line}\n");
        }
    }

    /// Prints the PDUs put into `out` since the last call.
    fn show_sent(&mut self, now: Nanos) {
        while self.shown < self.out.len() {
            let rest = &self.out[self.shown..];
            let length = match frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(length)) => length,
                Ok(None) | Err(_) => rest.len(),
            };
            self.printed += &self.show.pdu(Direction::Sent, &rest[..length], now);
            self.shown += length;
        }
    }
}

#[cfg(test)]
mod tests;
