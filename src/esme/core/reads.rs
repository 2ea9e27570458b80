//! What a read brings: frames are cut, answers to our requests settled, the rest passed to its part.
//!
//! [`Core::on_plain_answers`] is where nearly every response is settled, [`Core::on_submit_sm_resp`] where the others
//! are. Receipts are passed on to [`Receipts::on_receipts`](super::super::receipts::Receipts::on_receipts).
use super::super::answered::Answered;
use super::super::deliveries::Delivery;
use super::super::events::Effect;
use super::super::part_update::PartOutcome;
use super::super::received::Received;
use super::super::session::SessionStatus;
use super::Core;
use crate::kit::Nanos;
use crate::measure::{ANSWERED_AS, CongestionStates, DownCause, Metric, Outcome, Ticket};
use crate::session::{Numbered, SessionEvent};
use crate::smpp::{CommandId, CommandStatus, Header, frame, pdu};

impl Core {
    /// Takes in one read. Returns the octets of the whole PDUs in it.
    pub(super) fn on_read(&mut self, session: usize, octets: &[u8], now: Nanos) -> usize {
        let mut used = 0;
        self.sessions[session].session.heard(now);
        let delivered_before = self.sessions[session].counts.delivered;
        // slots that this read has freed: its account is told once, before it may be asked
        let mut has_freed = false;
        loop {
            let of_answers = self.on_plain_answers(session, &octets[used..], now);
            has_freed |= of_answers > 0;
            used += of_answers;
            let of_receipts = self.on_alike_receipts(session, &octets[used..], now);
            used += of_receipts;
            if of_answers + of_receipts > 0 {
                continue;
            }
            match frame::cut(&octets[used..], frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(length)) => {
                    let pdu = &octets[used..used + length];
                    used += length;
                    if self.on_odd_answer(session, pdu, now) {
                        has_freed = true;
                        continue;
                    }
                    if std::mem::take(&mut has_freed) {
                        self.follow(session, now);
                    }
                    self.on_frame(session, pdu, now);
                }
                Ok(None) => break,
                Err(desync) => {
                    self.follow(session, now);
                    self.receipts.settle_own(&mut self.context);
                    self.context.recorder.interval().anomaly(desync.name(), &octets[used..]);
                    let why = format!("desync: {}{}", desync.name(), desync.hint());
                    self.give_up_session(session, &why, now);
                    return octets.len();
                }
            }
        }
        self.follow(session, now);
        self.receipts.settle_own(&mut self.context);
        let s = &mut self.sessions[session];
        let delivered = s.counts.delivered - delivered_before;
        let answers_now = self.context.setup.plan.deliver.delay == Nanos::ZERO;
        if delivered > 0 && answers_now && !self.deliveries.withholds(session) {
            s.output.acknowledge(now, delivered as u32);
        }
        self.dispatch_due(Some(session), now);
        self.wake_for(session, now);
        used
    }

    /// After a read freed slots: what its account sends next may be due sooner than the last tick said.
    #[inline]
    fn wake_for(&mut self, session: usize, now: Nanos) {
        let account = self.sessions[session].plan.account;
        let next = self.sending.next_of_account(account, &self.context, now);
        self.next_tick.wake_by(next.min(self.sending.take_wake_by()));
    }

    /// The answers that nearly all are, many at once: see [`pdu::plain_answers`]. Returns their octets, up to the first
    /// that answers no open submit_sm. The caller tells the account of the freed slots.
    #[inline]
    fn on_plain_answers(&mut self, session: usize, octets: &[u8], now: Nanos) -> usize {
        if self.sessions[session].status != SessionStatus::Up {
            return 0;
        }
        let Some(answers) = pdu::plain_answers(octets) else { return 0 };
        let mut done = 0;
        while done < answers.count {
            let s = &mut self.sessions[session];
            let (first, left) = (answers.first + done, answers.count - done);
            let settled = s.window.settle_run_if(first, left, |t| t.written != Nanos::ZERO);
            let Some((ticket, count)) = settled else {
                // looked at by itself, so that a flood of answers to nothing is gone through once
                let frame = &octets[done as usize * answers.octets..][..answers.octets];
                self.on_lone_answer(session, frame, now);
                done += 1;
                continue;
            };
            let session_id = s.plan.id;
            self.count_accepted(session, &ticket, count, now);
            if ticket.receipt_asked != 0 {
                let these = &octets[done as usize * answers.octets..];
                let frames = these[..count as usize * answers.octets].chunks_exact(answers.octets);
                let ids = frames.map(|frame| &frame[Header::OCTETS..answers.octets - 1]);
                let answered = Answered { session: session_id, first, ticket: &ticket, at: now };
                self.receipts.await_receipts(&answered, ids, &mut self.context);
            } else if self.context.parts.is_some() {
                for n in 0..count {
                    let outcome = PartOutcome::Accepted { awaits: false };
                    self.context.part_ended(ticket.nth(n).index, outcome);
                }
            }
            done += count;
        }
        done as usize * answers.octets
    }

    /// A plain answer to a request that is not open, or not written yet.
    #[cold]
    fn on_lone_answer(&mut self, session: usize, frame: &[u8], now: Nanos) {
        if !self.on_odd_answer(session, frame, now) {
            self.on_frame(session, frame, now);
        }
    }

    /// Settles an open submit_sm. One that is not written yet was not answered: a peer may name any number. Over TLS
    /// its octets may have gone before the rest of what the stream took; then they were written.
    #[inline]
    fn settle(&mut self, session: usize, number: u32) -> Option<Ticket> {
        let s = &mut self.sessions[session];
        let mut ticket = s.window.get(number)?;
        if ticket.written == Nanos::ZERO {
            ticket.write_at(s.output.passed_on_at(number)?);
            s.counts.written += 1;
            self.context.recorder.written(&ticket);
        }
        s.window.settle(number);
        Some(ticket)
    }

    /// An answer with ESME_ROK that is odd in another way: it has TLVs, or no id. False: it is another PDU,
    /// and nothing has been done. The caller tells the account of the freed slot.
    #[inline]
    fn on_odd_answer(&mut self, session: usize, frame: &[u8], now: Nanos) -> bool {
        let Some(header) = Header::read(frame) else { return false };
        if header.command_id != CommandId::SUBMIT_SM_RESP
            || header.command_status != CommandStatus::ESME_ROK
            || self.sessions[session].status != SessionStatus::Up
        {
            return false;
        }
        let Some(ticket) = self.settle(session, header.sequence_number) else { return false };
        self.count_accepted(session, &ticket, 1, now);
        self.on_accepted(&Received { session, header, frame, at: now }, &ticket);
        true
    }

    /// `count` submit_sm that share this ticket were accepted.
    #[inline]
    fn count_accepted(&mut self, session: usize, ticket: &Ticket, count: u32, now: Nanos) {
        let s = &mut self.sessions[session];
        s.counts.accepted += u64::from(count);
        s.forget_throttles();
        s.response_times.record(now.since(ticket.intended), count);
        let recorder = &mut self.context.recorder;
        recorder.settled_run(ticket, count, Outcome::Accepted, now);
        if ticket.attempt > 0 {
            let tries = ticket.attempt.saturating_add(1);
            recorder.cell(ticket.cell).by_tries.add(&tries, u64::from(count));
        }
    }

    #[inline]
    fn on_frame(&mut self, session: usize, frame: &[u8], now: Nanos) {
        let Some(header) = Header::read(frame) else { return };
        let received = Received { session, header, frame, at: now };
        let s = &self.sessions[session];
        match header.command_id {
            CommandId::SUBMIT_SM_RESP if s.status == SessionStatus::Up => {
                self.on_submit_sm_resp(&received);
            }
            CommandId::DELIVER_SM | CommandId::DATA_SM if s.takes_deliveries() => {
                self.on_delivery(&received);
            }
            _ => self.on_control(&received),
        }
    }

    fn on_control(&mut self, received: &Received<'_>) {
        let Received { session, header, frame, at: now } = *received;
        if header.command_id.is_response() && frame.len() > Header::OCTETS {
            self.read_congestion_state(received);
        }
        if header.command_id == CommandId::ENQUIRE_LINK
            && self.events.effect(session) == Effect::NoEnquireAnswer
        {
            return;
        }
        let s = &mut self.sessions[session];
        match s.session.on_header(&header, now, s.output.octets()) {
            SessionEvent::Data if header.command_id.is_response() => {
                self.unknown_response(received);
            }
            SessionEvent::None | SessionEvent::Data => {}
            SessionEvent::Bound(after) => self.on_bound(session, after, now),
            SessionEvent::BindRefused(status) => self.on_bind_refused(session, status, now),
            SessionEvent::EnquireAnswered(after) => {
                self.context.recorder.whole(Metric::EnquireLink).record(after);
            }
            SessionEvent::PeerUnbound => {
                s.close_when_flushed(now + self.context.setup.plan.timeouts.unbind);
                s.unbound_by_smsc();
                self.go_down(session, DownCause::Unbind, now);
            }
            SessionEvent::Unbound => self.on_unbound(session, now),
            SessionEvent::Nacked(number, status) => self.on_nack(received, number, status),
            SessionEvent::UnknownResponse => self.unknown_response(received),
            SessionEvent::BindAsked(_) | SessionEvent::Illegal(_) => {
                self.context.recorder.interval().anomaly("illegal_in_state", frame);
            }
            SessionEvent::UnknownCommand => {
                self.context.recorder.interval().anomaly("unknown_command_id", frame);
            }
        }
    }

    /// generic_nack as the answer to a submit_sm: rejected with its status.
    fn on_nack(&mut self, received: &Received<'_>, number: u32, status: CommandStatus) {
        self.context.recorder.interval().anomaly("generic_nack", received.frame);
        match self.settle(received.session, number) {
            Some(ticket) => {
                let status = if status.0 == 0 { CommandStatus::ESME_RUNKNOWNERR } else { status };
                self.on_rejected(received, number, &ticket, status);
            }
            None => self.unknown_response(received),
        }
    }

    /// A response that answers no request of ours. One under another command whose number is that of an open
    /// submit_sm leaves it open, and is told apart: the peer took it for an answer.
    #[cold]
    fn unknown_response(&mut self, received: &Received<'_>) {
        let header = &received.header;
        let command = header.command_id.name().unwrap_or("unknown_resp");
        let open = self.sessions[received.session].window.get(header.sequence_number);
        let answers = open.is_some() && header.command_id != CommandId::SUBMIT_SM_RESP;
        let kind = if answers { ANSWERED_AS } else { "unsolicited_" }.to_owned() + command;
        let interval = self.context.recorder.interval();
        interval.unknown_responses += 1;
        interval.anomaly(&kind, received.frame);
    }

    /// A submit_sm_resp that is no plain answer.
    fn on_submit_sm_resp(&mut self, received: &Received<'_>) {
        let Header { sequence_number, command_status, .. } = received.header;
        let Some(ticket) = self.settle(received.session, sequence_number) else {
            self.on_late_response(received);
            return;
        };
        self.on_rejected(received, sequence_number, &ticket, command_status);
        if received.frame.len() > Header::OCTETS {
            self.look_closer(received);
        }
    }

    /// A submit_sm was accepted: what its answer says besides.
    #[inline]
    fn on_accepted(&mut self, received: &Received<'_>, ticket: &Ticket) {
        let Received { session, header, frame, at } = *received;
        let id = pdu::message_id(frame);
        let body = frame.len() - Header::OCTETS;
        if id.is_none_or(|id| id.is_empty() || body != id.len() + 1) {
            self.look_closer(received);
        }
        if ticket.receipt_asked != 0 {
            let session = self.sessions[session].plan.id;
            let answered = Answered { session, first: header.sequence_number, ticket, at };
            self.receipts.await_receipt(&answered, id.unwrap_or_default(), &mut self.context);
        } else {
            self.context.part_ended(ticket.index, PartOutcome::Accepted { awaits: false });
        }
    }

    /// A submit_sm, numbered `number`, was rejected: its slot is free, and it is counted and listed.
    #[cold]
    fn on_rejected(
        &mut self,
        received: &Received<'_>,
        number: u32,
        ticket: &Ticket,
        status: CommandStatus,
    ) {
        let Received { session, frame, at: now, .. } = *received;
        let Core { context, sessions, sending, rng, .. } = self;
        let s = &mut sessions[session];
        s.counts.rejected += 1;
        context.recorder.settled(ticket, Outcome::Rejected(status.0), now);
        if matches!(status, CommandStatus::ESME_RTHROTTLED | CommandStatus::ESME_RMSGQFUL) {
            // throttled while catching up: sent more than 10 ms after its time, and so faster than planned
            let catching_up = ticket.written.since(ticket.intended) > Nanos::from_millis(10);
            let tally = context.recorder.tally(ticket.cell);
            tally.throttled += 1;
            tally.self_inflicted_throttles += u64::from(catching_up);
        }
        if !sending.on_rejected(s, session, (ticket, status), context, rng, now) {
            context.part_ended(ticket.index, PartOutcome::Failed);
        }
        let request = (s.plan.id, number);
        context.failed.list_rejection(&mut context.recorder, request, ticket, status, now);
        context.failed.trace(request, ticket, Some((now, frame)));
    }

    /// What the fixed layout does not explain: TLVs, stray octets, a missing id. Counted by kind.
    #[cold]
    fn look_closer(&mut self, received: &Received<'_>) {
        let (frame, status) = (received.frame, received.header.command_status);
        self.read_congestion_state(received);
        if pdu::adds_only_congestion_state(status, &frame[Header::OCTETS..]) {
            return;
        }
        let interval = self.context.recorder.interval();
        match pdu::decode(frame) {
            Ok(pdu) => {
                for anomaly in &pdu.anomalies {
                    interval.anomaly(anomaly.kind.name(), frame);
                }
            }
            Err(malformed) => interval.anomaly(malformed.kind.name(), frame),
        }
    }

    /// What any response says of the load of the SMSC (v5.0 4.8.4.18); most say nothing.
    #[cold]
    fn read_congestion_state(&mut self, received: &Received<'_>) {
        let Some(state) = pdu::congestion_state(received.frame) else { return };
        let s = &mut self.sessions[received.session];
        s.set_congestion_state(state);
        let pauses = state <= CongestionStates::HIGHEST
            && self.sending.on_congestion(s, received.session, state, received.at);
        let seen = &mut self.context.recorder.interval().congestion;
        seen.add(state);
        seen.pauses += u64::from(pauses);
    }

    /// An answer that no open request owns: late where its request timed out, unknown otherwise.
    #[cold]
    fn on_late_response(&mut self, received: &Received<'_>) {
        let Received { session, header, frame, at } = *received;
        self.read_congestion_state(received);
        let Some(ticket) = self.sessions[session].late.take(header.sequence_number) else {
            self.unknown_response(received);
            return;
        };
        self.context.recorder.tally(ticket.cell).late_responses += 1;
        self.receipts.remove_unaccounted();
        let id = pdu::message_id(frame).unwrap_or_default();
        let is_accepted = header.command_status == CommandStatus::ESME_ROK;
        if is_accepted && ticket.receipt_asked != 0 && !id.is_empty() {
            let session = self.sessions[session].plan.id;
            let first = header.sequence_number;
            let answered = Answered { session, first, ticket: &ticket, at };
            self.receipts.accepted_late(&answered, id, &mut self.context);
        }
    }
}

/// Deliveries.
impl Core {
    /// The receipts that nearly all are, many at once. Returns their octets.
    #[inline]
    fn on_alike_receipts(&mut self, session: usize, octets: &[u8], now: Nanos) -> usize {
        let Core { context, sessions, receipts, deliveries, .. } = self;
        let recorder = &mut context.recorder;
        let Some(alike) = deliveries.answer_alike(session, octets, sessions, recorder) else {
            return 0;
        };
        let notice = deliveries.notice(&alike.first(), sessions[session].plan.id, now);
        receipts.on_receipts(notice, alike.ids(), context);
        alike.octets()
    }

    /// A deliver_sm or data_sm.
    fn on_delivery(&mut self, received: &Received<'_>) {
        let Core { context, sessions, receipts, deliveries, rng, next_tick, .. } = self;
        let Received { session, frame, .. } = *received;
        let s = &mut sessions[session];
        s.counts.delivered += 1;
        let status = match deliveries.read(received, s.plan.id, context) {
            Delivery::Receipt { notice, id } => {
                receipts.on_receipt(notice, id, frame, context);
                CommandStatus::ESME_ROK
            }
            Delivery::Other(status) => status,
        };
        if let Some(due) = deliveries.answer(received, status, sessions, context, rng) {
            next_tick.wake_by(due);
        }
    }
}
