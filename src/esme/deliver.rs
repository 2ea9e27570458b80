//! The delivering side: receipts are read and MO counted, everything answered.
use super::core::Core;
use super::orders::Event;
use super::session::{Deferred, SessionStatus};
use crate::correlate::{IdRule, IdSource};
use crate::kit::Nanos;
use crate::measure::Metric;
use crate::plan::Accept;
use crate::smpp::receipt::{self, Brief, Delivered};
use crate::smpp::{CommandId, CommandStatus, Header, pdu};

/// Answers that wait for `deliver.delay` at most: beyond, the oldest is answered before its time.
const DEFERRED_MAX: usize = 1 << 20;

/// What makes two deliveries the same: the whole body (the sequence_number is another each time).
fn delivery(frame: &[u8]) -> u64 {
    let body = frame.get(Header::OCTETS..).unwrap_or_default();
    IdRule::Exact.key(body, IdSource::Receipt, 0).0.0
}

impl Core {
    /// The receipts that nearly all are, many at once: see [`ReceiptTemplate::alike`](crate::smpp::receipt::Mould::alike). Returns their octets.
    #[inline]
    pub(super) fn on_alike_receipts(&mut self, link: usize, octets: &[u8], now: Nanos) -> usize {
        let l = &mut self.links[link];
        let plainly = self.answers_plainly
            && self.refused.is_empty()
            && l.standing == SessionStatus::Up
            && l.plan.role.receives();
        if !plainly {
            return 0;
        }
        let Some(alike) = self.template.alike(octets) else { return 0 };
        l.counts.delivered += alike.count() as u64;
        l.begin(&mut self.out_spares);
        pdu::deliver_sm_resps(alike.sequence_numbers(), &mut l.out);
        self.recorder.interval().deliver_answered += alike.count() as u64;
        self.on_receipts(link, &alike.first(), alike.ids(), now);
        alike.octets()
    }

    pub(super) fn on_deliver(&mut self, link: usize, header: &Header, frame: &[u8], now: Nanos) {
        self.links[link].counts.delivered += 1;
        let again = self.recognise(frame, now);
        let status = match self.template.read(frame) {
            Some(Delivered::Receipt(brief)) => {
                self.on_read(link, &brief, frame, now);
                CommandStatus::ESME_ROK
            }
            Some(Delivered::Coded) => {
                let mut room = std::mem::take(&mut self.room);
                if let Some(brief) = receipt::read_coded(frame, &mut room) {
                    self.on_read(link, &brief, frame, now);
                }
                self.room = room;
                CommandStatus::ESME_ROK
            }
            Some(Delivered::Mo) => {
                self.on_message(link, frame, again, now);
                CommandStatus::ESME_ROK
            }
            None => self.on_odd_delivery(frame),
        };
        self.answer_delivery(link, header, status, frame, now);
    }

    /// A receipt was read, by itself.
    #[inline]
    fn on_read(&mut self, link: usize, brief: &Brief<'_>, frame: &[u8], now: Nanos) {
        if brief.odd_state {
            self.recorder.interval().anomaly("message_state_says_nothing", frame);
        }
        self.on_receipt(link, brief, frame, now);
    }

    /// By its esm_class a message from a mobile. Some SMSCs send receipts so: told from messages by their text alone,
    /// they are none unless the profile says so, but nobody's live traffic either.
    fn on_message(&mut self, link: usize, frame: &[u8], again: bool, now: Nanos) {
        let mut room = std::mem::take(&mut self.room);
        let like = receipt::read_like(frame, &mut room);
        match &like {
            Some(brief) if self.setup.plan.receipts.accept == Accept::Text => {
                self.on_read(link, brief, frame, now);
            }
            _ => {
                let interval = self.recorder.interval();
                interval.mo_received += 1;
                interval.redelivered += u64::from(again);
                interval.mo_like_receipts += u64::from(like.is_some());
                if like.is_none() {
                    self.foreign("an MO", now);
                }
            }
        }
        self.room = room;
    }

    /// Whether it is a delivery that we refused or left unanswered, come again octet by octet.
    #[inline]
    fn recognise(&mut self, frame: &[u8], now: Nanos) -> bool {
        if self.refused.is_empty() {
            return false;
        }
        let first = self.refused.remove(&delivery(frame));
        if let Some(first) = first {
            self.recorder.whole(Metric::Redelivery).record(now.since(first));
        }
        first.is_some()
    }

    /// Remembers what will come again. At the bound, later ones are not recognised.
    #[cold]
    fn expect_again(&mut self, frame: &[u8], now: Nanos) {
        const REFUSED_MAX: usize = 65_536;
        if self.refused.len() < REFUSED_MAX {
            self.refused.entry(delivery(frame)).or_insert(now);
        }
    }

    /// A body that cannot be read: answered with what is wrong with it.
    #[cold]
    fn on_odd_delivery(&mut self, frame: &[u8]) -> CommandStatus {
        match pdu::decode(frame) {
            Ok(_) => {
                self.recorder.interval().anomaly("unreadable_delivery", frame);
                CommandStatus::ESME_ROK
            }
            Err(malformed) => {
                self.recorder.interval().anomaly(malformed.kind.name(), frame);
                malformed.status
            }
        }
    }

    fn answer_delivery(
        &mut self,
        link: usize,
        header: &Header,
        status: CommandStatus,
        frame: &[u8],
        now: Nanos,
    ) {
        let deliver = &self.setup.plan.deliver;
        if self.rng.chance(deliver.no_answer) {
            self.expect_again(frame, now);
            return;
        }
        let mut status = status;
        if !deliver.answers.is_empty() {
            let mut dice = self.rng.unit();
            for (other, share) in &deliver.answers {
                if dice < *share {
                    status = CommandStatus(*other);
                    break;
                }
                dice -= share;
            }
        }
        let delay = deliver.delay;
        if status != CommandStatus::ESME_ROK {
            self.expect_again(frame, now);
        }
        if delay > Nanos::ZERO {
            let due = now + delay;
            let data_sm = header.command_id == CommandId::DATA_SM;
            let number = header.sequence_number;
            let connection = self.links[link].connection;
            let link = link as u32;
            if self.deferred.len() >= DEFERRED_MAX {
                self.recorder.interval().anomaly("deliver_delay_cut_short", &[]);
                self.answer_first_deferred();
            }
            let deferred = Deferred { due, read: now, link, connection, number, status, data_sm };
            self.deferred.push_back(deferred);
            self.wake_by(due);
        } else {
            self.write_ack(link, header.command_id, header.sequence_number, status);
        }
    }

    fn write_ack(&mut self, link: usize, command: CommandId, number: u32, status: CommandStatus) {
        let l = &mut self.links[link];
        l.begin(&mut self.out_spares);
        let out = &mut l.out;
        if command == CommandId::DATA_SM {
            pdu::data_sm_resp(status, number, &[], out);
        } else {
            pdu::deliver_sm_resp(status, number, out);
        }
        let interval = self.recorder.interval();
        interval.deliver_answered += 1;
        interval.deliver_refused += u64::from(status != CommandStatus::ESME_ROK);
    }

    /// Writes the answers whose delay is over.
    pub(super) fn answer_deferred(&mut self, now: Nanos) {
        while let Some(first) = self.deferred.front().copied() {
            if first.due > now {
                return;
            }
            self.answer_first_deferred();
        }
    }

    fn answer_first_deferred(&mut self) {
        let Some(first) = self.deferred.pop_front() else { return };
        let link = first.link as usize;
        let l = &self.links[link];
        if l.session.is_bound() && l.connection == first.connection {
            let command = if first.data_sm { CommandId::DATA_SM } else { CommandId::DELIVER_SM };
            self.write_ack(link, command, first.number, first.status);
            let end = self.links[link].end();
            self.links[link].acks.push_back((end, first.read, 1));
            self.touch(link);
        }
    }

    /// Whether somebody's live traffic would end the run, and has not yet.
    pub(super) fn may_be_foreign(&self) -> bool {
        self.setup.plan.guard.foreign_stop && !self.foreign_told
    }

    pub(super) fn foreign(&mut self, what: &str, _now: Nanos) {
        if self.may_be_foreign() {
            self.foreign_told = true;
            self.events.push(Event::Foreign { what: what.to_owned() });
        }
    }
}
