//! The way of a submit_sm: read, bounded, judged, answered. The hot path: nothing here allocates per message.
use super::bounds::REPLIES_MAX;
use super::core::Core;
use super::delivery_writer;
use super::faults::Occasion;
use super::outcome_policy::{AcceptTerms, SubmitDecision};
use super::peer::Peer;
use super::pending_delivery::{DeliverySlab, Kind, PendingDelivery};
use super::submit_fields::{self, Refusal, SubmitFields};
use super::timed_work::{Manner, Reply};
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::{FaultKind, OnRate, OnWindow};
use crate::smpp::{CommandId, CommandStatus, Header, pdu};

/// A TLV that says it is longer than its PDU (additional_status_info_text).
const OVERSIZE_TLV: [u8; 8] = [0x00, 0x1D, 0xFF, 0xFF, b'l', b'o', b'n', b'g'];

impl Core {
    /// Takes in one submit_sm on a session that may send it.
    #[inline]
    pub(super) fn submit(&mut self, session: u32, frame: &[u8], sequence: u32, now: Nanos) {
        self.tally.submits.received += 1;
        let slip = match submit_fields::scan(frame) {
            Ok(slip) => slip,
            Err(refusal) => return self.malformed(session, sequence, refusal, now),
        };
        if self.settings.openmarket
            && let Some(status) = submit_fields::openmarket(&slip)
        {
            return self.refuse(session, sequence, status, now);
        }
        let Some(peer) = self.peers.get_mut(session) else { return };
        if peer.open.saturating_add(peer.settling) >= peer.window {
            return self.beyond_window(session, sequence, now);
        }
        let mut manner = Manner::Plain;
        if self.faults.at_submits || peer.mangle.is_some() {
            match self.fault_at(session, now) {
                Some(struck) => manner = struck,
                None => return self.tally.submits.ignored += 1,
            }
        }
        let Some(start) = self.passes_rates(session, now) else {
            return self.refuse(session, sequence, CommandStatus::ESME_RTHROTTLED, now);
        };
        let full = self.queue.as_ref().is_some_and(|queue| queue.is_full(now));
        if full || self.tally.responses.pending >= REPLIES_MAX {
            return self.refuse(session, sequence, CommandStatus::ESME_RMSGQFUL, now);
        }
        let due = self.latency.after(start, &mut self.rng);
        let verdict = match manner {
            Manner::Nack => SubmitDecision::Refuse(CommandStatus::ESME_RINVCMDID),
            Manner::Plain | Manner::OversizeTlv => self.desk.answer(&slip, &mut self.rng),
        };
        let mut reply = Reply {
            session,
            sequence,
            status: CommandStatus::ESME_ROK,
            letter: DeliverySlab::NONE,
            manner,
            number: 0,
        };
        match verdict {
            SubmitDecision::Refuse(status) => {
                self.tally.submits.refused.add(status);
                reply.status = status;
                self.enter_reply(reply, None, due, now);
            }
            SubmitDecision::Accept(terms) => self.accept(&slip, terms, reply, due, now),
        }
    }

    #[inline]
    fn accept(
        &mut self,
        slip: &SubmitFields,
        terms: AcceptTerms,
        mut reply: Reply,
        due: Nanos,
        now: Nanos,
    ) {
        self.tally.submits.accepted += 1;
        reply.number = self.mint.take();
        let delivered = self.queue.as_mut().map_or(Nanos::ZERO, |queue| queue.enter(now));
        let mut letter = None;
        if terms.asked {
            self.tally.submits.asked += 1;
            if terms.unreceipted {
                self.tally.receipts.withheld += 1;
            } else {
                self.tally.receipts.pending += 1;
                letter = Some(PendingDelivery {
                    number: reply.number,
                    submitted_ns: now.0,
                    delivered_ns: delivered.0,
                    session: reply.session,
                    account: self.account_of(reply.session),
                    from: slip.destination,
                    to: slip.source,
                    state: terms.state,
                    rule: terms.rule,
                    attempts: 0,
                    kind: Kind::Final,
                    early: terms.early && !terms.unanswered,
                    twice: terms.twice,
                    notified: terms.notified,
                });
            }
        }
        if terms.unanswered {
            self.tally.responses.withheld += 1;
            if let Some(letter) = letter {
                self.after_response(letter, due, now);
            }
            return;
        }
        self.enter_reply(reply, letter, due, now);
    }

    #[inline]
    fn account_of(&self, session: u32) -> u32 {
        self.peers.get(session).and_then(|peer| peer.account).unwrap_or(u32::MAX)
    }

    /// Answers now where that is due, else when it is.
    #[inline]
    fn enter_reply(
        &mut self,
        mut reply: Reply,
        letter: Option<PendingDelivery>,
        due: Nanos,
        now: Nanos,
    ) {
        if due <= now {
            return self.send_reply(&reply, letter, due, now);
        }
        match letter {
            Some(letter) if self.outbox.letters.is_full() => self.lose(&letter, true),
            Some(letter) => reply.letter = self.outbox.letters.keep(letter),
            None => {}
        }
        self.tally.responses.pending += 1;
        if let Some(peer) = self.peers.get_mut(reply.session) {
            peer.open += 1;
        }
        self.outbox.replies.push(due, reply);
    }

    /// An answer that had to wait is due.
    pub(super) fn reply(&mut self, reply: Reply, due: Nanos, now: Nanos) {
        self.tally.responses.pending -= 1;
        if let Some(peer) = self.peers.get_mut(reply.session) {
            peer.open = peer.open.saturating_sub(1);
        }
        let letter =
            (reply.letter != DeliverySlab::NONE).then(|| self.outbox.letters.take(reply.letter));
        self.send_reply(&reply, letter, due, now);
        self.mark(reply.session);
    }

    #[inline]
    fn send_reply(
        &mut self,
        reply: &Reply,
        letter: Option<PendingDelivery>,
        due: Nanos,
        now: Nanos,
    ) {
        let mut letter = letter;
        if let Some(early) = letter.take_if(|letter| letter.early) {
            self.post(early, now);
        }
        // the ESME cannot know of it before this read, or this silence, is over
        let unseen = self.current == Some(reply.session) || self.stalls.is_on();
        match self.peers.get_mut(reply.session) {
            Some(peer) if peer.speaks() => {
                peer.settling += usize::from(unseen);
                write_reply(peer, reply, &self.mint);
                self.tally.responses.sent += 1;
                self.tally.responses.sent_ok += u64::from(reply.status.is_ok());
            }
            Some(_) | None => self.tally.responses.undelivered += 1,
        }
        if let Some(letter) = letter {
            self.after_response(letter, due, now);
        }
    }

    /// Refused at the door, without latency.
    fn refuse(&mut self, session: u32, sequence: u32, status: CommandStatus, now: Nanos) {
        self.tally.submits.refused.add(status);
        let reply = Reply {
            session,
            sequence,
            status,
            letter: DeliverySlab::NONE,
            manner: Manner::Plain,
            number: 0,
        };
        self.send_reply(&reply, None, now, now);
    }

    /// A submit_sm that the session has already refused.
    pub(super) fn count_refused(&mut self, status: CommandStatus) {
        self.tally.submits.received += 1;
        self.tally.submits.refused.add(status);
        self.tally.responses.sent += 1;
    }

    fn malformed(&mut self, session: u32, sequence: u32, refusal: Refusal, now: Nanos) {
        if self.settings.openmarket && refusal.too_long {
            // OpenMarket unbinds whoever sends a field that is too long
            // (docs/smpp/openmarket.md, "Connection and bind")
            self.tally.submits.ignored += 1;
            return self.unbind(session, now);
        }
        self.refuse(session, sequence, refusal.status, now);
    }

    fn beyond_window(&mut self, session: u32, sequence: u32, now: Nanos) {
        match self.settings.on_window {
            OnWindow::Throttle => {
                return self.refuse(session, sequence, CommandStatus::ESME_RTHROTTLED, now);
            }
            OnWindow::QueueFull => {
                return self.refuse(session, sequence, CommandStatus::ESME_RMSGQFUL, now);
            }
            OnWindow::Silence => {}
            OnWindow::Disconnect => self.close(session, ConnAction::CloseWhenFlushed, now),
            OnWindow::Unbind => self.unbind(session, now),
        }
        self.tally.submits.ignored += 1;
    }

    /// What befalls this submit_sm; None: it ends here, unanswered.
    fn fault_at(&mut self, session: u32, now: Nanos) -> Option<Manner> {
        let mangle = self.peers.get_mut(session).and_then(|peer| peer.mangle.take());
        let Some(kind) = mangle.or_else(|| self.faults.draw(Occasion::Submit, &mut self.rng))
        else {
            return Some(Manner::Plain);
        };
        match kind {
            FaultKind::OversizeTlv => {
                self.tally.faults.add(kind);
                Some(Manner::OversizeTlv)
            }
            FaultKind::GenericNack => {
                self.tally.faults.add(kind);
                Some(Manner::Nack)
            }
            FaultKind::Close | FaultKind::Reset | FaultKind::Truncated | FaultKind::HalfClose => {
                self.strike(kind, session, now);
                None
            }
            FaultKind::Unbind
            | FaultKind::Garbage
            | FaultKind::SlowReader
            | FaultKind::NoEnquireAnswer
            | FaultKind::BindRefuse
            | FaultKind::AcceptThenDrop => {
                self.strike(kind, session, now);
                Some(Manner::Plain)
            }
        }
    }

    /// When the rates let this message through; None: they refuse it.
    #[inline]
    fn passes_rates(&mut self, session: u32, now: Nanos) -> Option<Nanos> {
        if !self.settings.rated {
            return Some(now);
        }
        let Core { peers, accounts, rate_of_all, settings, .. } = self;
        let peer = peers.get_mut(session)?;
        let of_account = peer.account.map(|account| accounts.get(account));
        let buckets = of_account
            .into_iter()
            .flat_map(|account| account.buckets())
            .chain(peer.bucket.iter_mut())
            .chain(rate_of_all.iter_mut());
        let mut start = now;
        for bucket in buckets {
            match settings.on_rate {
                OnRate::Throttle if !bucket.admit(now) => return None,
                OnRate::Throttle => {}
                OnRate::Delay => start = start.max(bucket.reserve(now)),
            }
        }
        Some(start)
    }
}

#[inline]
fn write_reply(peer: &mut Peer, reply: &Reply, mint: &super::id_generator::IdGenerator) {
    let out = &mut peer.out;
    match reply.manner {
        Manner::Plain | Manner::OversizeTlv if reply.status.is_ok() => {
            let start = out.len();
            delivery_writer::accepted(reply.sequence, reply.number, mint, out);
            if reply.manner == Manner::OversizeTlv {
                out.extend_from_slice(&OVERSIZE_TLV);
                let length = (out.len() - start) as u32;
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Manner::Plain => {
            pdu::header_only(CommandId::SUBMIT_SM_RESP, reply.status, reply.sequence, out);
        }
        Manner::OversizeTlv => {
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
        Manner::Nack => {
            pdu::header_only(CommandId::GENERIC_NACK, reply.status, reply.sequence, out);
        }
    }
}
