//! What the SMSC delivers: deliver_sm and data_sm are told apart as receipts and MO, and answered as the profile says.
//! What a receipt means is the business of [`Receipts`](super::receipts::Receipts).
use super::context::Context;
use super::received::Received;
use super::sessions::Sessions;
use crate::correlate::{IdRule, IdSource, ReceiptInfo};
use crate::kit::{Nanos, Rng};
use crate::measure::{Metric, Recorder};
use crate::plan::{Accept, Plan};
use crate::smpp::receipt::{self, Brief, Delivered, FinalStates, ReceiptRun, ReceiptTemplate};
use crate::smpp::{CommandId, CommandStatus, Header, pdu};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Answers that wait for `deliver.delay` at most: beyond, the oldest is answered before its time.
const DEFERRED_MAX: usize = 1 << 20;
/// Deliveries kept to be recognised when they come again; later ones are not.
const REFUSED_MAX: usize = 65_536;

/// An answer to a deliver_sm or data_sm that waits for `deliver.delay`.
#[derive(Clone, Copy, Debug)]
struct DeferredAnswer {
    due: Nanos,
    /// Stamp of the read that held the request.
    read: Nanos,
    session: u32,
    connection: u32,
    number: u32,
    status: CommandStatus,
    is_data_sm: bool,
}

/// What a delivery is, once it has been read.
pub(super) enum Delivery<'a> {
    /// A receipt; to be matched, and answered with ESME_ROK. Its id may be empty.
    Receipt { notice: ReceiptInfo, id: &'a [u8] },
    /// Anything else; to be answered with this status.
    Other(CommandStatus),
}

/// How deliveries are read and answered.
#[derive(Debug)]
pub(super) struct Deliveries {
    template: ReceiptTemplate,
    /// The text of the last receipt that was not in plain octets.
    text: Vec<u8>,
    /// Which states end a message.
    final_states: FinalStates,
    /// Every delivery that can be read is answered at once, and with ESME_ROK.
    answers_plainly: bool,
    /// Answers that wait for `deliver.delay`.
    deferred: VecDeque<DeferredAnswer>,
    /// Sessions whose deliveries are not answered for now, and the answers to them.
    withholding: Vec<usize>,
    withheld: Vec<DeferredAnswer>,
    /// Deliveries that were refused or left unanswered, and when they first came.
    refused: HashMap<u64, Nanos, foldhash::fast::FixedState>,
}

/// What makes two deliveries the same: the whole body (the sequence_number is another each time).
fn body_hash(frame: &[u8]) -> u64 {
    let body = frame.get(Header::OCTETS..).unwrap_or_default();
    IdRule::Exact.key(body, IdSource::Receipt, 0).0.0
}

/// `err` as written, at most four octets. Nearly all have three: those are put together at once.
#[inline]
fn err_octets(err: &[u8]) -> [u8; 4] {
    if let [a, b, c] = *err {
        return [a, b, c, 0];
    }
    let mut octets = [0; 4];
    let length = err.len().min(octets.len());
    octets[..length].copy_from_slice(&err[..length]);
    octets
}

#[inline]
fn notice(
    final_states: &FinalStates,
    brief: &Brief<'_>,
    session: u32,
    received: Nanos,
) -> ReceiptInfo {
    ReceiptInfo {
        received,
        session,
        state: brief.state.wire(),
        intermediate: brief.intermediate || !final_states.ends(brief.state, brief.word),
        err: err_octets(brief.err),
        rule: 0,
    }
}

impl Deliveries {
    pub(super) fn new(plan: &Plan) -> Deliveries {
        Deliveries {
            template: ReceiptTemplate::default(),
            text: Vec::new(),
            final_states: FinalStates::of(plan.receipts.final_states.iter().map(String::as_str)),
            answers_plainly: plan.deliver.is_plain(),
            deferred: VecDeque::new(),
            withholding: Vec::new(),
            withheld: Vec::new(),
            refused: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(2)),
        }
    }

    /// What a receipt says, as far as it is counted. The rule is not set yet.
    #[inline]
    pub(super) fn notice(&self, brief: &Brief<'_>, session_id: u32, at: Nanos) -> ReceiptInfo {
        notice(&self.final_states, brief, session_id, at)
    }

    /// The receipts that nearly all are, many at once: see [`ReceiptTemplate::alike`]. They are answered here; the
    /// caller matches them.
    #[inline]
    pub(super) fn answer_alike<'a>(
        &mut self,
        session: usize,
        octets: &'a [u8],
        sessions: &mut Sessions,
        recorder: &mut Recorder,
    ) -> Option<ReceiptRun<'a>> {
        let plainly = self.answers_plainly && self.refused.is_empty();
        if !plainly || !sessions[session].takes_deliveries() {
            return None;
        }
        let alike = self.template.alike(octets)?;
        sessions[session].counts.delivered += alike.count() as u64;
        pdu::deliver_sm_resps(alike.sequence_numbers(), sessions.out_with_buffer(session));
        recorder.interval().deliver_answered += alike.count() as u64;
        Some(alike)
    }

    /// Reads a delivery. An MO is counted here.
    pub(super) fn read<'a>(
        &'a mut self,
        received: &Received<'a>,
        session_id: u32,
        context: &mut Context,
    ) -> Delivery<'a> {
        let frame = received.frame;
        let is_redelivery = self.recognise(frame, received.at, &mut context.recorder);
        let brief = match self.template.read(frame) {
            Some(Delivered::Receipt(brief)) => Some(brief),
            Some(Delivered::Coded) => receipt::read_coded(frame, &mut self.text),
            Some(Delivered::Mo) => {
                let like = receipt::read_like(frame, &mut self.text);
                on_mo(like, is_redelivery, context)
            }
            None => return Delivery::Other(unreadable(frame, &mut context.recorder)),
        };
        let Some(brief) = brief else { return Delivery::Other(CommandStatus::ESME_ROK) };
        if brief.odd_state {
            context.recorder.interval().anomaly("message_state_says_nothing", frame);
        }
        let notice = notice(&self.final_states, &brief, session_id, received.at);
        Delivery::Receipt { notice, id: brief.id }
    }

    /// Whether it is a delivery that was refused or left unanswered, come again octet by octet.
    #[inline]
    fn recognise(&mut self, frame: &[u8], now: Nanos, recorder: &mut Recorder) -> bool {
        if self.refused.is_empty() {
            return false;
        }
        let first = self.refused.remove(&body_hash(frame));
        if let Some(first) = first {
            recorder.whole(Metric::Redelivery).record(now.since(first));
        }
        first.is_some()
    }

    /// Remembers what will come again.
    #[cold]
    fn expect_again(&mut self, frame: &[u8], now: Nanos) {
        if self.refused.len() < REFUSED_MAX {
            self.refused.entry(body_hash(frame)).or_insert(now);
        }
    }

    /// Answers a delivery as the profile says; `status` is what is right. Returns when the answer is due, where it is
    /// put off.
    pub(super) fn answer(
        &mut self,
        received: &Received<'_>,
        mut status: CommandStatus,
        sessions: &mut Sessions,
        context: &mut Context,
        rng: &mut Rng,
    ) -> Option<Nanos> {
        let Received { session, header, frame, at: now } = *received;
        let Context { setup, recorder, .. } = context;
        let deliver = &setup.plan.deliver;
        if rng.chance(deliver.no_answer) {
            self.expect_again(frame, now);
            return None;
        }
        if !deliver.answers.is_empty() {
            let mut dice = rng.unit();
            for (other, share) in &deliver.answers {
                if dice < *share {
                    status = CommandStatus(*other);
                    break;
                }
                dice -= share;
            }
        }
        if status != CommandStatus::ESME_ROK {
            self.expect_again(frame, now);
        }
        let is_data_sm = header.command_id == CommandId::DATA_SM;
        let number = header.sequence_number;
        if self.withholds(session) && self.withheld.len() < DEFERRED_MAX {
            let connection = sessions[session].connection();
            let session = session as u32;
            self.withheld.push(DeferredAnswer {
                due: now,
                read: now,
                session,
                connection,
                number,
                status,
                is_data_sm,
            });
            return None;
        }
        if deliver.delay == Nanos::ZERO {
            write_answer(session, is_data_sm, number, status, sessions, recorder);
            return None;
        }
        let due = now + deliver.delay;
        if self.deferred.len() >= DEFERRED_MAX {
            recorder.interval().anomaly("deliver_delay_cut_short", &[]);
            self.answer_first_deferred(sessions, recorder);
        }
        let connection = sessions[session].connection();
        self.deferred.push_back(DeferredAnswer {
            due,
            read: now,
            session: session as u32,
            connection,
            number,
            status,
            is_data_sm,
        });
        Some(due)
    }

    /// From now on the deliveries of this session are not answered.
    pub(super) fn withhold(&mut self, session: usize) {
        self.withholding.push(session);
        self.answers_plainly = false;
    }

    /// Whether the deliveries of this session are not answered for now.
    #[inline]
    pub(super) fn withholds(&self, session: usize) -> bool {
        self.withholding.contains(&session)
    }

    /// A session has a new connection, whose deliveries are answered.
    pub(super) fn answer_at_once(&mut self, session: usize) {
        self.withholding.retain(|withheld| *withheld != session);
    }

    /// Answers all that was withheld, and withholds nothing more. `plan`: says whether the rest is answered plainly.
    pub(super) fn answer_withheld(
        &mut self,
        plan: &Plan,
        sessions: &mut Sessions,
        recorder: &mut Recorder,
    ) {
        self.withholding.clear();
        self.answers_plainly = plan.deliver.is_plain();
        for answer in std::mem::take(&mut self.withheld) {
            write_deferred(&answer, sessions, recorder);
        }
    }

    /// Writes the answers whose delay is over.
    pub(super) fn answer_deferred(
        &mut self,
        now: Nanos,
        sessions: &mut Sessions,
        recorder: &mut Recorder,
    ) {
        while self.next_due().is_some_and(|due| due <= now) {
            self.answer_first_deferred(sessions, recorder);
        }
    }

    /// When the first answer that was put off is due.
    #[inline]
    pub(super) fn next_due(&self) -> Option<Nanos> {
        self.deferred.front().map(|first| first.due)
    }

    fn answer_first_deferred(&mut self, sessions: &mut Sessions, recorder: &mut Recorder) {
        if let Some(first) = self.deferred.pop_front() {
            write_deferred(&first, sessions, recorder);
        }
    }
}

/// A deliver_sm that is a message by its esm_class. Some SMSCs send receipts so (`like`): told from messages by their
/// text alone, they are receipts only where the profile says so, but never foreign traffic.
fn on_mo<'a>(
    like: Option<Brief<'a>>,
    is_redelivery: bool,
    context: &mut Context,
) -> Option<Brief<'a>> {
    if like.is_some() && context.setup.plan.receipts.accept == Accept::Text {
        return like;
    }
    let interval = context.recorder.interval();
    interval.mo_received += 1;
    interval.redelivered += u64::from(is_redelivery);
    interval.mo_like_receipts += u64::from(like.is_some());
    if like.is_none() {
        context.telling.foreign("an MO");
    }
    None
}

/// A body that cannot be read: counted, and answered with what is wrong with it.
#[cold]
fn unreadable(frame: &[u8], recorder: &mut Recorder) -> CommandStatus {
    match pdu::decode(frame) {
        Ok(_) => {
            recorder.interval().anomaly("unreadable_delivery", frame);
            CommandStatus::ESME_ROK
        }
        Err(malformed) => {
            recorder.interval().anomaly(malformed.kind.name(), frame);
            malformed.status
        }
    }
}

/// Writes an answer that was put off, if its connection is still bound.
fn write_deferred(answer: &DeferredAnswer, sessions: &mut Sessions, recorder: &mut Recorder) {
    let session = answer.session as usize;
    let s = &sessions[session];
    if s.session.is_bound() && s.connection() == answer.connection {
        let DeferredAnswer { is_data_sm, number, status, .. } = *answer;
        write_answer(session, is_data_sm, number, status, sessions, recorder);
        sessions[session].output.acknowledge(answer.read, 1);
        sessions.mark_dirty(session);
    }
}

fn write_answer(
    session: usize,
    is_data_sm: bool,
    number: u32,
    status: CommandStatus,
    sessions: &mut Sessions,
    recorder: &mut Recorder,
) {
    let out = sessions.out_with_buffer(session);
    if is_data_sm {
        pdu::data_sm_resp(status, number, &[], out);
    } else {
        pdu::deliver_sm_resp(status, number, out);
    }
    let interval = recorder.interval();
    interval.deliver_answered += 1;
    interval.deliver_refused += u64::from(status != CommandStatus::ESME_ROK);
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{deliver, said};
    use super::*;

    struct Parts {
        context: Context,
        sessions: Sessions,
        deliveries: Deliveries,
    }

    impl Parts {
        fn new(profile: &str) -> Parts {
            let mut context = Context::of_profile(profile);
            let mut sessions = Sessions::new(&context.setup, 0);
            sessions.connect_and_bind(0, &mut context, Nanos(1));
            let deliveries = Deliveries::new(&context.setup.plan);
            Parts { context, sessions, deliveries }
        }

        /// Reads and answers one; returns whether it is a receipt, and when the answer is due.
        fn take(&mut self, frame: &[u8], at: Nanos) -> (bool, Option<Nanos>) {
            let Parts { context, sessions, deliveries } = self;
            let header = Header::read(frame).unwrap();
            let received = Received { session: 0, header, frame, at };
            let (status, is_receipt) = match deliveries.read(&received, 0, context) {
                Delivery::Receipt { .. } => (CommandStatus::ESME_ROK, true),
                Delivery::Other(status) => (status, false),
            };
            let mut rng = Rng::new(1);
            (is_receipt, deliveries.answer(&received, status, sessions, context, &mut rng))
        }

        fn statuses(&mut self) -> Vec<u32> {
            let octets = self.sessions[0].output.octets().split();
            let answers = octets.chunks(Header::OCTETS + 1).filter_map(Header::read);
            answers.map(|header| header.command_status.0).collect()
        }
    }

    #[test]
    fn receipts_are_told_from_mo_and_what_cannot_be_read_is_refused() {
        let mut parts = Parts::new("");
        let receipt = deliver(4, 0, said("1", "DELIVRD", "000").as_bytes(), &[]);
        let mo = deliver(0, 0, b"hello", &[]);
        assert_eq!(parts.take(&receipt, Nanos(5)), (true, None));
        assert_eq!(parts.take(&mo, Nanos(5)), (false, None));
        assert_eq!(parts.take(&mo[..mo.len() - 3], Nanos(5)), (false, None));
        let interval = parts.context.recorder.interval();
        assert_eq!((interval.mo_received, interval.deliver_answered), (1, 3));
        let statuses = parts.statuses();
        assert_eq!(statuses[..2], [0, 0]);
        assert_ne!(statuses[2], 0);
    }

    #[test]
    fn a_refused_delivery_is_recognised_when_it_comes_again() {
        let mut parts =
            Parts::new("deliver.answers = [{ status = \"ESME_RSYSERR\", share = 1.0 }]");
        let mo = deliver(0, 0, b"hello", &[]);
        for at in [Nanos(1), Nanos(2)] {
            assert_eq!(parts.take(&mo, at), (false, None));
        }
        assert_eq!(parts.statuses(), [CommandStatus::ESME_RSYSERR.0; 2]);
        assert_eq!(parts.context.recorder.interval().redelivered, 1);
    }

    #[test]
    fn an_answer_that_was_put_off_is_not_written_on_a_later_connection() {
        let mut parts = Parts::new("deliver.delay = \"5ms\"");
        let mo = deliver(0, 0, b"hello", &[]);
        let due = Nanos(2) + Nanos::from_millis(5);
        for (is_reconnected, answers) in [(false, 1), (true, 0)] {
            assert_eq!(parts.take(&mo, Nanos(2)), (false, Some(due)));
            let Parts { context, sessions, deliveries } = &mut parts;
            if is_reconnected {
                sessions.connect_and_bind(0, context, Nanos(3));
            }
            deliveries.answer_deferred(due, sessions, &mut context.recorder);
            assert_eq!(parts.statuses().len(), answers);
        }
    }
}
