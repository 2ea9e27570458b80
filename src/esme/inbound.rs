//! What a read brings: frames are cut, submit_sm_resp settled, the rest handed to its room.
use super::core::Core;
use super::mailbox::WorkerMessage;
use super::parts::PartOutcome;
use super::session::SessionStatus;
use super::state::State;
use crate::correlate::IdSource;
use crate::kit::Nanos;
use crate::measure::{ANSWERED_AS, DownCause, Outcome, Ticket};
use crate::net::ConnAction;
use crate::session::{Numbered, SessionEvent};
use crate::smpp::{CommandId, CommandStatus, Header, frame, pdu};

impl Core {
    /// Takes in one read. Returns the octets of the whole PDUs in it.
    pub(super) fn inbound(&mut self, link: usize, octets: &[u8], now: Nanos) -> usize {
        let mut used = 0;
        self.links[link].session.heard(now);
        let acks_before = self.links[link].counts.delivered;
        // slots that this read has freed: its lane is told once, before anybody may ask it
        let mut freed = 0;
        loop {
            let (octets_of, count) = self.on_plain_answers(link, &octets[used..], now);
            used += octets_of;
            freed += count;
            let of_receipts = self.on_alike_receipts(link, &octets[used..], now);
            used += of_receipts;
            if octets_of + of_receipts > 0 {
                continue;
            }
            match frame::cut(&octets[used..], frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(length)) => {
                    let pdu = &octets[used..used + length];
                    used += length;
                    if self.on_odd_answer(link, pdu, now) {
                        freed += 1;
                        continue;
                    }
                    if freed > 0 {
                        self.slots_freed(link, std::mem::take(&mut freed), now);
                    }
                    self.on_frame(link, pdu, now);
                }
                Ok(None) => break,
                Err(desync) => {
                    let rest = &octets[used..];
                    self.slots_freed(link, freed, now);
                    self.settle_own();
                    self.recorder.interval().anomaly(desync.name(), rest);
                    self.give_up_link(
                        link,
                        &format!("desync: {}{}", desync.name(), desync.hint()),
                        now,
                    );
                    return octets.len();
                }
            }
        }
        self.slots_freed(link, freed, now);
        self.settle_own();
        let acks = self.links[link].counts.delivered - acks_before;
        if acks > 0 && self.setup.plan.deliver.delay == Nanos::ZERO {
            let end = self.links[link].end();
            self.links[link].acks.push_back((end, now, acks as u32));
        }
        self.pump(Some(link), now);
        self.arm_for(link, now);
        used
    }

    /// After a read freed slots: what its account sends next may be due before the pacer was told to look again.
    #[inline]
    fn arm_for(&mut self, link: usize, now: Nanos) {
        if self.closed.is_some() || self.stopping {
            return;
        }
        let lane = self.lane_of[usize::from(self.links[link].plan.account)];
        if let Some((lane, offset)) = lane.zip(self.offset(now)) {
            self.wake_by(self.next_send(&self.lanes[lane], offset));
        }
    }

    /// The answers that nearly all are, many at once: see [`pdu::plain_answers`]. Returns their octets and how
    /// many there are, up to the first that answers no open submit_sm. Whoever calls tells the lane of the
    /// freed slots.
    #[inline]
    fn on_plain_answers(&mut self, link: usize, octets: &[u8], now: Nanos) -> (usize, u32) {
        if self.links[link].standing != SessionStatus::Up {
            return (0, 0);
        }
        let Some(answers) = pdu::plain_answers(octets) else { return (0, 0) };
        let (mut done, mut freed) = (0, 0);
        while done < answers.count {
            let l = &mut self.links[link];
            let (first, left) = (answers.first + done, answers.count - done);
            let settled = l.window.settle_run_if(first, left, |t| t.written != Nanos::ZERO);
            let Some((ticket, count)) = settled else {
                // looked at by itself, so that a flood of answers to nothing is gone through once
                let frame = &octets[done as usize * answers.octets..][..answers.octets];
                freed += self.on_lone_answer(link, frame, now);
                done += 1;
                continue;
            };
            self.count_accepted(link, &ticket, count, now);
            if ticket.receipt_asked != 0 {
                let these = &octets[done as usize * answers.octets..];
                let frames = these[..count as usize * answers.octets].chunks_exact(answers.octets);
                let ids = frames.map(|frame| &frame[Header::OCTETS..answers.octets - 1]);
                self.await_receipts(link, first, &ticket, ids, now);
            } else if self.parts.is_some() {
                for n in 0..count {
                    self.part_ended(ticket.nth(n).index, PartOutcome::Accepted { awaits: false });
                }
            }
            done += count;
            freed += count;
        }
        (done as usize * answers.octets, freed)
    }

    /// A plain answer to a request that is not open, or not written yet. Returns how many slots it freed.
    #[cold]
    fn on_lone_answer(&mut self, link: usize, frame: &[u8], now: Nanos) -> u32 {
        if self.on_odd_answer(link, frame, now) {
            return 1;
        }
        self.on_frame(link, frame, now);
        0
    }

    /// Settles an open submit_sm. One that is not written yet was not answered: a peer may name any number. Over TLS
    /// its octets may have gone before the rest of what the stream took; then they were written.
    #[inline]
    fn settle(&mut self, link: usize, number: u32) -> Option<Ticket> {
        let l = &mut self.links[link];
        let mut ticket = l.window.get(number)?;
        if ticket.written == Nanos::ZERO {
            ticket.write_at(l.passed_on_at(number)?);
            l.counts.written += 1;
            self.recorder.written(&ticket);
        }
        self.links[link].window.settle(number);
        Some(ticket)
    }

    /// An answer with ESME_ROK that is odd in another way: it has TLVs, or no id. False: it is another PDU,
    /// and nothing has been done.
    #[inline]
    fn on_odd_answer(&mut self, link: usize, frame: &[u8], now: Nanos) -> bool {
        let Some(header) = Header::read(frame) else { return false };
        let l = &self.links[link];
        if header.command_id != CommandId::SUBMIT_SM_RESP
            || header.command_status != CommandStatus::ESME_ROK
            || l.standing != SessionStatus::Up
        {
            return false;
        }
        let Some(ticket) = self.settle(link, header.sequence_number) else { return false };
        self.count_accepted(link, &ticket, 1, now);
        self.on_accepted(link, &header, &ticket, frame, now);
        true
    }

    /// So many submit_sm that share this ticket were accepted.
    #[inline]
    fn count_accepted(&mut self, link: usize, ticket: &Ticket, count: u32, now: Nanos) {
        let l = &mut self.links[link];
        l.counts.accepted += u64::from(count);
        l.throttles = 0;
        l.answered(now.since(ticket.intended), count, self.range);
        self.recorder.settled_run(ticket, count, Outcome::Accepted, now);
        if ticket.attempt > 0 {
            let tries = ticket.attempt.saturating_add(1);
            self.recorder.cell(ticket.cell).by_tries.add(&tries, u64::from(count));
        }
    }

    #[inline]
    fn on_frame(&mut self, link: usize, frame: &[u8], now: Nanos) {
        let Some(header) = Header::read(frame) else { return };
        let bound = self.links[link].standing == SessionStatus::Up;
        match header.command_id {
            CommandId::SUBMIT_SM_RESP if bound => self.on_submit_sm_resp(link, &header, frame, now),
            CommandId::DELIVER_SM | CommandId::DATA_SM
                if bound && self.links[link].plan.role.receives() =>
            {
                self.on_deliver(link, &header, frame, now);
            }
            _ => self.on_control(link, &header, frame, now),
        }
    }

    fn on_control(&mut self, link: usize, header: &Header, frame: &[u8], now: Nanos) {
        let l = &mut self.links[link];
        let event = l.session.on_header(header, now, &mut l.out);
        match event {
            SessionEvent::Data if header.command_id.is_response() => {
                self.unknown_response(link, header, frame);
            }
            SessionEvent::None | SessionEvent::Data => {}
            SessionEvent::Bound(after) => self.on_bound(link, after, now),
            SessionEvent::BindRefused(status) => self.on_bind_refused(link, status, now),
            SessionEvent::EnquireAnswered(after) => {
                self.recorder.whole(crate::measure::Metric::EnquireLink).record(after);
            }
            SessionEvent::PeerUnbound => {
                self.close_when_flushed(link, now);
                self.links[link].state = State::UnboundBySmsc;
                self.go_down(link, DownCause::Unbind, now);
            }
            SessionEvent::Unbound => {
                self.close_when_flushed(link, now);
                self.links[link].state = State::Unbound;
            }
            SessionEvent::Nacked(number, status) => {
                self.on_nack(link, header, number, status, frame, now);
            }
            SessionEvent::UnknownResponse => self.unknown_response(link, header, frame),
            SessionEvent::BindAsked(_) | SessionEvent::Illegal(_) => {
                self.recorder.interval().anomaly("illegal_in_state", frame);
            }
            SessionEvent::UnknownCommand => {
                self.recorder.interval().anomaly("unknown_command_id", frame);
            }
        }
    }

    /// Writes what is left, then closes; a peer that takes nothing is given `timeouts.unbind`.
    fn close_when_flushed(&mut self, link: usize, now: Nanos) {
        self.links[link].wish = ConnAction::CloseWhenFlushed;
        self.links[link].close_by = now + self.setup.plan.timeouts.unbind;
    }

    /// generic_nack as the answer to a submit_sm: rejected with its status.
    fn on_nack(
        &mut self,
        link: usize,
        header: &Header,
        number: u32,
        status: CommandStatus,
        frame: &[u8],
        now: Nanos,
    ) {
        self.recorder.interval().anomaly("generic_nack", frame);
        match self.settle(link, number) {
            Some(ticket) => {
                let status = if status.0 == 0 { CommandStatus::ESME_RUNKNOWNERR } else { status };
                self.rejected(link, &ticket, status, now);
                self.list_rejection(link, number, &ticket, status, now);
                self.trace_failed(link, number, &ticket, Some((now, frame)));
            }
            None => self.unknown_response(link, header, frame),
        }
    }

    /// A response that answers no request of ours. One under another command whose number is that of an open
    /// submit_sm leaves it open, and is told apart: the peer took it for an answer.
    #[cold]
    fn unknown_response(&mut self, link: usize, header: &Header, frame: &[u8]) {
        let command = header.command_id.name().unwrap_or("unknown_resp");
        let open = self.links[link].window.get(header.sequence_number);
        let answers = open.is_some() && header.command_id != CommandId::SUBMIT_SM_RESP;
        let kind = if answers { ANSWERED_AS } else { "unsolicited_" }.to_owned() + command;
        let interval = self.recorder.interval();
        interval.unknown_responses += 1;
        interval.anomaly(&kind, frame);
    }

    /// A submit_sm_resp that is no plain answer.
    fn on_submit_sm_resp(&mut self, link: usize, header: &Header, frame: &[u8], now: Nanos) {
        let Some(ticket) = self.settle(link, header.sequence_number) else {
            self.on_late_response(link, header, frame, now);
            return;
        };
        let (number, status) = (header.sequence_number, header.command_status);
        self.rejected(link, &ticket, status, now);
        self.list_rejection(link, number, &ticket, status, now);
        self.trace_failed(link, number, &ticket, Some((now, frame)));
        if frame.len() > Header::OCTETS {
            self.look_closer(link, frame);
        }
    }

    /// A submit_sm was accepted: what its answer says besides.
    #[inline]
    fn on_accepted(
        &mut self,
        link: usize,
        header: &Header,
        ticket: &Ticket,
        frame: &[u8],
        now: Nanos,
    ) {
        let id = pdu::message_id(frame);
        let body = frame.len() - Header::OCTETS;
        if id.is_none_or(|id| id.is_empty() || body != id.len() + 1) {
            self.look_closer(link, frame);
        }
        if ticket.receipt_asked != 0 {
            let number = header.sequence_number;
            self.await_receipt(link, number, ticket, id.unwrap_or_default(), now);
        } else {
            self.part_ended(ticket.index, PartOutcome::Accepted { awaits: false });
        }
    }

    /// An open submit_sm was rejected: its slot is free, and it is counted.
    #[cold]
    fn rejected(&mut self, link: usize, ticket: &Ticket, status: CommandStatus, now: Nanos) {
        let l = &mut self.links[link];
        l.counts.rejected += 1;
        self.slots_freed(link, 1, now);
        self.recorder.settled(ticket, Outcome::Rejected(status.0), now);
        if matches!(status, CommandStatus::ESME_RTHROTTLED | CommandStatus::ESME_RMSGQFUL) {
            // throttled while catching up: sent more than 10 ms after its time, and so faster than planned
            let catching_up = ticket.written.since(ticket.intended) > Nanos::from_millis(10);
            let tally = self.recorder.tally(ticket.cell);
            tally.throttled += 1;
            tally.self_inflicted_throttles += u64::from(catching_up);
        }
        let again = self.is_retryable(status) && self.throttled(link, ticket, now);
        if !again {
            self.part_ended(ticket.index, PartOutcome::Failed);
        }
    }

    /// What the fixed layout does not explain: TLVs, stray octets, a missing id. Counted by kind.
    #[cold]
    fn look_closer(&mut self, link: usize, frame: &[u8]) {
        if let Some(state) = pdu::congestion_state(frame) {
            self.links[link].congestion_state = Some(state);
        }
        match pdu::decode(frame) {
            Ok(pdu) => {
                for anomaly in &pdu.anomalies {
                    self.recorder.interval().anomaly(anomaly.kind.name(), frame);
                }
            }
            Err(malformed) => self.recorder.interval().anomaly(malformed.kind.name(), frame),
        }
    }

    /// An answer that no open request owns: late where its request timed out, unknown otherwise.
    #[cold]
    fn on_late_response(&mut self, link: usize, header: &Header, frame: &[u8], now: Nanos) {
        let Some(ticket) = self.links[link].late.take(header.sequence_number) else {
            self.unknown_response(link, header, frame);
            return;
        };
        self.recorder.tally(ticket.cell).late_responses += 1;
        self.unaccounted = self.unaccounted.saturating_sub(1);
        let id = pdu::message_id(frame).unwrap_or_default();
        if header.command_status == CommandStatus::ESME_ROK
            && ticket.receipt_asked != 0
            && !id.is_empty()
        {
            let (key, _) = self.rule.key(id, IdSource::Response, self.key_seed);
            let awaited = self.awaited(link, &ticket, now);
            match self.exchange.other(key) {
                Some(owner) => self.exchange.hand(owner, WorkerMessage::AcceptedLate(key, awaited)),
                None => self.exchange.own.push(WorkerMessage::AcceptedLate(key, awaited)),
            }
        }
    }
}
