//! The books of both sides: takes what the witnesses tell, in the order of time, and says at the end what became of
//! every message.
use super::deliveries::ReceiptsUp;
use super::findings::Findings;
use super::ids::Ids;
use super::mo::MosUp;
use super::scene::Scene;
use super::settings::Settings;
use super::streams::{Direction, Sessions, frames, is_bind};
use super::submits::Submits;
use crate::kit::Nanos;
use crate::measure::through::{CarrierTrial, MarkerUse, ThroughRecord, Transit, TransitTimes};
use crate::net::{Sighting, SightingKind};
use crate::smpp::marker::Carrier;
use crate::smpp::{CommandId, Header};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// The books of a run through a gateway.
///
/// The order of sightings of one time is that of [`Ledger::take`]. Sightings of different witnesses may be taken up to
/// the time that [`Ledger::advance`] is behind.
#[derive(Debug)]
pub struct Ledger {
    settings: Settings,
    sessions: Sessions,
    submits: Submits,
    receipts: ReceiptsUp,
    mos: MosUp,
    findings: Findings,
    ids: Ids,
    /// Sightings that are not looked at yet, by time and by the order in which they were taken.
    waiting: BinaryHeap<Waiting>,
    taken: u64,
    /// When a submit_sm last came out.
    last_out: Nanos,
}

/// A gateway out of which nothing has come for this time holds nothing more.
const SILENCE: Nanos = Nanos::from_secs(1);

/// A sighting that is not looked at yet; the greatest is the next.
#[derive(Debug)]
struct Waiting {
    /// Its number, in the order in which they were taken.
    number: u64,
    sighting: Sighting,
}

impl Waiting {
    fn order(&self) -> Reverse<(Nanos, u64)> {
        Reverse((self.sighting.at, self.number))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.order() == other.order()
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl Ledger {
    /// Empty books.
    pub fn new(settings: Settings) -> Ledger {
        let times = TransitTimes::new(settings.range, Nanos::MAX);
        Ledger {
            submits: Submits::new(&settings),
            sessions: Sessions::default(),
            receipts: ReceiptsUp::default(),
            mos: MosUp::default(),
            findings: Findings::new(times),
            ids: Ids::default(),
            waiting: BinaryHeap::new(),
            taken: 0,
            last_out: Nanos::ZERO,
            settings,
        }
    }

    /// Closes the books as [`Ledger::finish_since`] does, and opens those of the next run, whose messages carry `run`. Sessions
    /// stay, and so does what probes have shown. MO that are pending stand in the next books too.
    pub fn turn(&mut self, run: u32, front_ended: Nanos, now: Nanos) -> ThroughRecord {
        self.advance(Nanos::MAX);
        let mut next = Ledger::new(Settings { run, ..self.settings.clone() });
        next.sessions = self.sessions.renewed();
        next.mos = self.mos.pending(front_ended, self.settings.deadline);
        next.submits.trials = self.submits.trials.clone();
        next.last_out = self.last_out;
        std::mem::replace(self, next).finish_since(front_ended, now)
    }

    /// Takes a sighting; it is looked at once [`Ledger::advance`] has passed its time.
    pub fn take(&mut self, sighting: Sighting) {
        self.taken += 1;
        self.waiting.push(Waiting { number: self.taken, sighting });
    }

    /// Looks at all that was seen up to `upto`, in the order of time. The caller stays behind the present by as much as
    /// a witness may be late, a second over sockets.
    pub fn advance(&mut self, upto: Nanos) {
        while self.waiting.peek().is_some_and(|next| next.sighting.at <= upto) {
            let Some(next) = self.waiting.pop() else { return };
            self.look_at(next.sighting);
        }
    }

    /// The load begins at `at`: transit times are recorded from then on, and connections are reconnects.
    pub fn begin(&mut self, at: Nanos) {
        self.advance(at);
        self.findings.times.begin(at);
        self.sessions.begin();
    }

    /// The seconds of the load begin at `at`: transit times are recorded from then on.
    pub fn load_starts(&mut self, at: Nanos) {
        self.findings.times.begin(at);
    }

    /// What became of each carrier of the probes, so far.
    pub fn carrier_trials(&self) -> Vec<CarrierTrial> {
        self.submits.trials.rows()
    }

    /// The carriers that survived on every probe so far, as many as the load needs. Empty: none did.
    pub fn survivors(&self) -> Vec<Carrier> {
        self.submits.trials.survivors()
    }

    /// The load has these carriers.
    pub fn use_carriers(&mut self, carriers: Vec<Carrier>) {
        self.submits.table.by_reference.of_carriers(&carriers);
        self.settings.carriers = carriers;
    }

    /// Whether nothing more is awaited at `now` of all that was looked at: every message is through, or its deadlines are
    /// over. It looks at every message that is kept: for the drain, not for each second of the load.
    pub fn is_quiet(&self, now: Nanos) -> bool {
        let deadline = self.settings.deadline;
        self.waiting.is_empty()
            && self.submits.table.is_quiet(now, deadline)
            && self.mos.is_quiet(now, deadline)
    }

    /// Whether the gateway holds nothing more at `now`, as far as can be told: nothing is awaited, and nothing has come out for
    /// a second. What comes out after its deadline is awaited no more, and takes the time of the next run.
    pub fn is_empty(&self, now: Nanos) -> bool {
        now.since(self.last_out) > SILENCE && self.is_quiet(now)
    }

    /// How many sessions of upstreams are bound: (system_id, sessions) of each account seen behind.
    pub fn bound_behind(&self) -> Vec<(String, u64)> {
        self.sessions.bound_from(self.settings.fronts_count)
    }

    /// Closes the books at `now`.
    pub fn finish(self, now: Nanos) -> ThroughRecord {
        self.finish_since(now, now)
    }

    /// Closes the books at `now`. Our ESME was gone at `front_ended`: of what was sent upwards and had not come by then, only
    /// that whose deadline was over is lost; of receipts, all but those that were sent too late to come by then.
    pub fn finish_since(mut self, front_ended: Nanos, now: Nanos) -> ThroughRecord {
        self.advance(Nanos::MAX);
        let Ledger { settings, sessions, submits, receipts, mos, findings, ids, .. } = &mut self;
        let mut scene = Scene { settings, sessions, findings, ids, session: 0, at: now };
        receipts.resolve(&mut scene, &mut submits.table);
        scene.findings.times.close();
        // what our SMSC sent later than this may have found our ESME gone
        let longest = scene.findings.times.of(Transit::ReceiptReturn).max();
        let on_its_way = longest.unwrap_or_default().max(SILENCE).min(scene.settings.deadline);
        submits.table.settle_all(&mut scene, front_ended.since(on_its_way));
        scene.at = front_ended;
        let (mo, is_mo_balanced) = mos.finish(&mut scene);
        let untracked = submits.table.untracked;
        let settled = &mut submits.table.settled;
        let [up, of_probes] = receipts.finish(&mut scene, &settled.receipts, untracked);
        let (mut load, probes) = settled.take_books();
        load.incomplete_parts = submits.incomplete_count();
        let missed_octets = self.sessions.missed_octets;
        let is_balanced = self.submits.table.settled.is_balanced()
            && ReceiptsUp::is_balanced(&up)
            && ReceiptsUp::is_balanced(&of_probes)
            && is_mo_balanced
            && missed_octets == 0;
        self.findings.examples.rename_sessions(|place| self.sessions.number(place));
        let used = self.settings.carriers.clone();
        ThroughRecord {
            marker: MarkerUse { used, tried: self.submits.trials.rows() },
            answers: self.submits.answers,
            submits: load,
            receipts: up,
            mo,
            probes,
            probe_receipts: of_probes,
            fields: self.findings.fields(),
            order: self.submits.order.figures(),
            statuses: self.submits.table.settled.statuses(),
            examples: self.findings.examples,
            times: self.findings.times,
            wall_at_zero_ns: 0,
            missed_octets,
            balanced: is_balanced,
        }
    }

    fn look_at(&mut self, sighting: Sighting) {
        let (at, is_front) = (sighting.at, sighting.witness < self.settings.fronts_count);
        let is_gone = matches!(sighting.kind, SightingKind::Ended | SightingKind::Connected);
        let (session, direction, octets) = self.sessions.take(sighting);
        if is_gone {
            let open = self.sessions.close(session);
            if is_front {
                self.submits.gone_in_front(&open);
            }
        }
        for (header, frame) in frames(&octets) {
            let Ledger { settings, sessions, findings, ids, .. } = self;
            if is_bind(header.command_id) {
                sessions.on_bind(session, frame);
                continue;
            }
            if (is_front, direction, header.command_id)
                == (false, Direction::Read, CommandId::SUBMIT_SM)
            {
                self.last_out = at;
            }
            let mut scene = Scene { settings, sessions, findings, ids, session, at };
            let (submits, receipts, mos) = (&mut self.submits, &mut self.receipts, &mut self.mos);
            let mut parts = Parts { submits, receipts, mos };
            match (is_front, direction) {
                (true, Direction::Wrote) => parts.wrote_in_front(&mut scene, &header, frame),
                (true, Direction::Read) => parts.read_in_front(&mut scene, &header, frame),
                (false, Direction::Wrote) => parts.wrote_behind(&mut scene, &header, frame),
                (false, Direction::Read) => parts.read_behind(&mut scene, &header, frame),
            }
        }
    }
}

/// The parts of the books that PDUs go to.
struct Parts<'a> {
    submits: &'a mut Submits,
    receipts: &'a mut ReceiptsUp,
    mos: &'a mut MosUp,
}

impl Parts<'_> {
    fn wrote_in_front(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        match header.command_id {
            CommandId::SUBMIT_SM => self.submits.sent(scene, header, frame),
            CommandId::DELIVER_SM_RESP => self.mos.answered_in_front(scene, header),
            _ => {}
        }
    }

    fn read_in_front(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        match header.command_id {
            CommandId::SUBMIT_SM_RESP | CommandId::GENERIC_NACK => {
                if let Some(handle) = self.submits.answered_in_front(scene, header, frame) {
                    self.receipts.named(scene, handle, &mut self.submits.table);
                    self.submits.table.close(handle, scene);
                }
            }
            CommandId::DELIVER_SM | CommandId::DATA_SM => {
                let is_receipt = self.receipts.came(scene, frame, &mut self.submits.table);
                if !is_receipt {
                    self.mos.came(scene, header, frame);
                }
            }
            _ => {}
        }
    }

    fn wrote_behind(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        match header.command_id {
            CommandId::SUBMIT_SM_RESP | CommandId::GENERIC_NACK => {
                self.submits.answered_behind(scene, header, frame);
                self.receipts.named_behind(scene, frame, &mut self.submits.table);
            }
            CommandId::DELIVER_SM | CommandId::DATA_SM => {
                let is_receipt = self.receipts.sent(scene, frame, &mut self.submits.table);
                if !is_receipt {
                    self.mos.sent(scene, header, frame);
                }
            }
            _ => {}
        }
    }

    fn read_behind(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        match header.command_id {
            CommandId::SUBMIT_SM => self.submits.came_out(scene, header, frame),
            CommandId::DELIVER_SM_RESP => self.mos.answered_behind(scene, header),
            _ => {}
        }
    }
}
