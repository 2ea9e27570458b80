//! The report of one worker for one second: counters, distributions and gauges. A serialisable value.
use super::cell::CellInterval;
use super::congestion::CongestionStates;
use super::counters::Counts;
use super::down::DownCause;
use super::event::EventOccurrence;
use super::failed::{MissingReceipt, Rejection};
use super::latency::{Latency, LatencyRange};
use super::metric::Metric;
use super::slots::Slots;
use crate::kit::Nanos;
use crate::smpp::without_passwords;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Prefix of the anomaly kinds in which a submit_sm was answered by another command; the name of that command follows.
pub const ANSWERED_AS: &str = "submit_sm_answered_as_";

/// Whole messages, where some have several parts. Empty otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// At least one part was due.
    pub planned: u64,
    /// All parts accepted.
    pub complete: u64,
    /// Some parts accepted.
    pub partial: u64,
    /// No part accepted.
    pub failed: u64,
    /// All parts receipted DELIVRD.
    pub delivered: u64,
}

impl Messages {
    /// Counts a message that ended with these numbers of parts, accepted parts and delivered parts.
    pub fn end(&mut self, parts: u8, accepted: u8, delivered: u8) {
        if accepted == parts {
            self.complete += 1;
        } else if accepted > 0 {
            self.partial += 1;
        } else {
            self.failed += 1;
        }
        self.delivered += u64::from(delivered == parts);
    }
    /// Adds `other`.
    pub fn merge(&mut self, other: &Messages) {
        let Messages { planned, complete, partial, failed, delivered } = other;
        self.planned += planned;
        self.complete += complete;
        self.partial += partial;
        self.failed += failed;
        self.delivered += delivered;
    }
}

/// Gauges at the end of an interval, and times used during it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauges {
    /// submit_sm in flight.
    pub in_flight: u64,
    /// Messages due and not sent.
    pub backlog: u64,
    /// Awaited receipts.
    pub awaited: u64,
    /// Bound sessions.
    pub sessions_up: u64,
    /// Window slots of bound sessions.
    pub slots: u64,
    /// Time during which no window slot was free.
    pub window_full_ns: u64,
    /// Processor time the worker used.
    pub cpu_ns: u64,
    /// Time the worker was ready and did not run (schedstat).
    pub run_delay_ns: u64,
}

impl Gauges {
    /// Adds those of another worker.
    pub fn merge(&mut self, other: &Gauges) {
        let Gauges {
            in_flight,
            backlog,
            awaited,
            sessions_up,
            slots,
            window_full_ns,
            cpu_ns,
            run_delay_ns,
        } = other;
        self.in_flight += in_flight;
        self.backlog += backlog;
        self.awaited += awaited;
        self.sessions_up += sessions_up;
        self.slots += slots;
        self.window_full_ns += window_full_ns;
        self.cpu_ns += cpu_ns;
        self.run_delay_ns += run_delay_ns;
    }
}

/// What a peer did that no standard foresees, counted by kind with one example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Anomaly {
    /// `trailing_octets`, `unknown_command_id`, …
    pub kind: String,
    /// How often it occurred.
    pub count: u64,
    /// The first PDU of the kind in hex, at most 256 octets of it.
    pub example_hex: String,
}

/// A time in which a session was down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Number of the session.
    pub session: u32,
    /// When it began, from the start of the load.
    pub from: Nanos,
    /// When it was bound again. None: it was not.
    pub to: Option<Nanos>,
    /// Its cause.
    pub cause: DownCause,
    /// submit_sm in flight when it began.
    pub lost: u64,
    /// Number of attempts to bind again.
    pub attempts: u32,
}

/// A failed submit_sm and its answer, kept for a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Number of the session within the run.
    pub session: u32,
    /// Wall-clock time of its write, nanoseconds since 1970.
    pub sent_wall_ns: u64,
    /// Octets of the submit_sm.
    pub submit_sm: Vec<u8>,
    /// Wall-clock time of the read of the answer, and its octets. None: there was no answer.
    pub answer: Option<(u64, Vec<u8>)>,
}

/// Kernel counters of a session's connections, read when each of them ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transport {
    /// Number of connections.
    pub connections: u32,
    /// Smoothed round trip time at the end of the last connection.
    pub rtt: Nanos,
    /// Shortest round trip time of all connections.
    pub rtt_min: Option<Nanos>,
    /// Segments sent again.
    pub retransmits: u64,
    /// Segments sent.
    pub segments_out: Option<u64>,
    /// Time with unsent or unacknowledged octets.
    pub busy: Option<Nanos>,
    /// Of `busy`: stopped by the peer's receive window.
    pub rwnd_limited: Option<Nanos>,
    /// Of `busy`: stopped by the send buffer.
    pub sndbuf_limited: Option<Nanos>,
    /// TCP_NODELAY as granted.
    pub nodelay: bool,
    /// SO_SNDBUF as granted, in octets.
    pub send_buffer: u64,
    /// SO_RCVBUF as granted, in octets.
    pub receive_buffer: u64,
}

impl Transport {
    /// Adds a later connection of the same session: counts and times are added, other values replaced.
    pub fn followed_by(&mut self, later: &Transport) {
        let Transport {
            connections,
            rtt,
            rtt_min,
            retransmits,
            segments_out,
            busy,
            rwnd_limited,
            sndbuf_limited,
            nodelay,
            send_buffer,
            receive_buffer,
        } = later;
        self.connections += connections;
        self.rtt = *rtt;
        self.rtt_min = self.rtt_min.into_iter().chain(*rtt_min).min();
        self.retransmits += retransmits;
        self.segments_out = self.segments_out.zip(*segments_out).map(|(a, b)| a + b);
        let sum = |a: Option<Nanos>, b: Option<Nanos>| a.zip(b).map(|(a, b)| a + b);
        self.busy = sum(self.busy, *busy);
        self.rwnd_limited = sum(self.rwnd_limited, *rwnd_limited);
        self.sndbuf_limited = sum(self.sndbuf_limited, *sndbuf_limited);
        self.nodelay = *nodelay;
        self.send_buffer = *send_buffer;
        self.receive_buffer = *receive_buffer;
    }
}

/// Totals of one session, reported at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Number of the session in the run.
    pub id: u32,
    /// Number of the account in the plan.
    pub account: u16,
    /// `transceiver`, `transmitter` or `receiver`.
    pub role: String,
    /// Final state: `unbound`, `lost`, `refused`, `never connected`.
    pub state: String,
    /// submit_sm written.
    pub written: u64,
    /// submit_sm accepted.
    pub accepted: u64,
    /// submit_sm rejected.
    pub rejected: u64,
    /// deliver_sm and data_sm received.
    pub delivered: u64,
    /// How often it bound again.
    pub reconnects: u32,
    /// Response times, to one digit. None: there were none.
    pub response: Option<Latency>,
    /// Last congestion_state received (v5.0, 0 to 100).
    pub congestion_state: Option<u8>,
    /// Its connections. None: it never connected, or ran in memory.
    pub transport: Option<Transport>,
}

/// Measurements of one worker in one second (in the last one, in the part before the end).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// Number n, from 0, covers the second that begins n seconds after the start of the load.
    pub number: u64,
    /// Number of the worker.
    pub worker: u32,
    /// By [`super::CellId`]. None: nothing happened.
    pub cells: Vec<Option<Box<CellInterval>>>,
    /// The metrics that are measured once for the run: bind, enquire_link, deliver_ack, ...
    pub whole: Vec<Latency>,
    /// Receipt time by message_state (10: any other), to two digits.
    pub receipt_by_state: Vec<Latency>,
    /// Times between consecutive writes of submit_sm: how evenly the worker sends.
    pub send_gaps: Latency,
    /// Longest iteration of the worker's event loop, and so the longest time that a readable socket waited.
    pub loop_max_ns: u64,
    /// Total time by which the event loop woke late, in delays of more than a millisecond: reads and writes in it were late.
    pub loop_held_ns: u64,
    /// Gauges at its end.
    pub gauges: Gauges,
    /// Its tenths. None: it is not disturbed.
    #[serde(default)]
    pub slots: Option<Box<Slots>>,
    /// Responses to no request in flight, late ones not included.
    pub unknown_responses: u64,
    /// Final receipts that match no message of the run.
    pub receipts_unknown: u64,
    /// Receipts requested by an earlier run, as far as they are recognised.
    pub receipts_previous_run: u64,
    /// Ids given twice, by the sessions of the first and the second message.
    pub ids_given_twice: Counts<(u32, u32)>,
    /// Mobile-originated messages received.
    pub mo_received: u64,
    /// Of `mo_received`: with the text of a receipt.
    pub mo_like_receipts: u64,
    /// MO and receipts answered with a status other than 0.
    pub deliver_refused: u64,
    /// deliver_sm answered.
    pub deliver_answered: u64,
    /// deliver_sm received again.
    pub redelivered: u64,
    /// What its responses said of the load of the SMSC.
    pub congestion: CongestionStates,
    /// Whole messages, where some have several parts.
    pub messages: Messages,
    /// Anomalies by kind.
    pub anomalies: Vec<Anomaly>,
    /// Outages that ended in this second, or turned out to be final.
    pub outages: Vec<Outage>,
    /// What happened in this second in occurrences of planned events, by event and repeat.
    pub events: Vec<EventOccurrence>,
    /// submit_sm rejected in this second, up to [`super::FAILED_MAX`] in the run.
    pub rejections: Vec<Rejection>,
    /// Receipts that became missing in this second, likewise.
    pub missing: Vec<MissingReceipt>,
    /// Processor use of each worker, where this is the sum of several workers; else empty.
    pub uses: Vec<WorkerUse>,
}

/// Processor use of one worker in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerUse {
    /// Number of the worker.
    pub worker: u32,
    /// [`Gauges::cpu_ns`].
    pub cpu_ns: u64,
    /// [`Gauges::run_delay_ns`].
    pub run_delay_ns: u64,
    /// [`Interval::loop_held_ns`].
    pub loop_held_ns: u64,
    /// [`Interval::loop_max_ns`].
    pub loop_max_ns: u64,
}

impl Interval {
    /// An empty interval.
    pub fn new(worker: u32, cells_count: usize, range: LatencyRange) -> Interval {
        let whole = super::LATENCY_METRICS.len() - Metric::PER_MESSAGE_COUNT;
        let coarse = LatencyRange { max: range.max, digits: 2 };
        Interval {
            number: 0,
            worker,
            cells: (0..cells_count).map(|_| None).collect(),
            whole: (0..whole).map(|_| Latency::new(range)).collect(),
            receipt_by_state: (0..11).map(|_| Latency::new(coarse)).collect(),
            send_gaps: Latency::new(range),
            loop_max_ns: 0,
            loop_held_ns: 0,
            gauges: Gauges::default(),
            slots: None,
            unknown_responses: 0,
            receipts_unknown: 0,
            receipts_previous_run: 0,
            ids_given_twice: Counts::default(),
            mo_received: 0,
            mo_like_receipts: 0,
            deliver_refused: 0,
            deliver_answered: 0,
            redelivered: 0,
            congestion: CongestionStates::default(),
            messages: Messages::default(),
            anomalies: Vec::new(),
            outages: Vec::new(),
            events: Vec::new(),
            rejections: Vec::new(),
            missing: Vec::new(),
            uses: Vec::new(),
        }
    }

    /// Empties it and keeps the memory of the distributions.
    pub fn clear(&mut self) {
        let Interval {
            number: _,
            worker: _,
            cells,
            whole,
            receipt_by_state,
            send_gaps,
            loop_max_ns,
            loop_held_ns,
            gauges,
            slots,
            unknown_responses,
            receipts_unknown,
            receipts_previous_run,
            ids_given_twice,
            mo_received,
            mo_like_receipts,
            deliver_refused,
            deliver_answered,
            redelivered,
            congestion,
            messages,
            anomalies,
            outages,
            events,
            rejections,
            missing,
            uses,
        } = self;
        cells.iter_mut().flatten().for_each(|c| c.clear());
        whole.iter_mut().for_each(Latency::clear);
        receipt_by_state.iter_mut().for_each(Latency::clear);
        send_gaps.clear();
        *loop_max_ns = 0;
        *loop_held_ns = 0;
        *gauges = Gauges::default();
        *slots = None;
        *unknown_responses = 0;
        *receipts_unknown = 0;
        *receipts_previous_run = 0;
        ids_given_twice.clear();
        *mo_received = 0;
        *mo_like_receipts = 0;
        *deliver_refused = 0;
        *deliver_answered = 0;
        *redelivered = 0;
        *congestion = CongestionStates::default();
        *messages = Messages::default();
        anomalies.clear();
        outages.clear();
        events.clear();
        rejections.clear();
        missing.clear();
        uses.clear();
    }

    /// What it says of an occurrence of a planned event that begins at this offset.
    pub fn event(&mut self, event: u16, repeat: u32, from: Nanos) -> &mut EventOccurrence {
        let found = self.events.binary_search_by_key(&(event, repeat), |o| (o.event, o.repeat));
        let index = found.unwrap_or_else(|index| {
            self.events.insert(index, EventOccurrence::begin(event, repeat, from));
            index
        });
        &mut self.events[index]
    }

    /// Counts an anomaly. The first of its kind is kept as the example, without passwords.
    pub fn anomaly(&mut self, kind: &str, octets: &[u8]) {
        const KINDS_MAX: usize = 64;
        const EXAMPLE_OCTETS: usize = 256;
        // more than the example, so that a bind is recognised by the octets after it
        const MASKED_OCTETS: usize = 2048;
        let is_known = |kind: &str| self.anomalies.iter().position(|a| a.kind == kind);
        let full = self.anomalies.len() >= KINDS_MAX;
        let kind = if full && is_known(kind).is_none() { "other" } else { kind };
        if let Some(known) = is_known(kind) {
            self.anomalies[known].count += 1;
        } else {
            // a peer may echo our bind
            let octets = without_passwords(&octets[..octets.len().min(MASKED_OCTETS)]);
            let example_hex = hex(&octets[..octets.len().min(EXAMPLE_OCTETS)]);
            self.anomalies.push(Anomaly { kind: kind.to_owned(), count: 1, example_hex });
        }
    }
}

/// Adds one list of anomalies to another, by kind.
pub(super) fn merge_anomalies(into: &mut Vec<Anomaly>, from: &[Anomaly]) {
    for a in from {
        match into.iter_mut().find(|known| known.kind == a.kind) {
            Some(known) => known.count += a.count,
            None => into.push(a.clone()),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, o| {
        write!(text, "{o:02x}").expect("writing into a String cannot fail");
        text
    })
}
