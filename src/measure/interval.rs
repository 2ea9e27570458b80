//! What one worker hands up each second: counters, distributions and gauges. A serialisable value.
use super::cell::CellInterval;
use super::counters::Counts;
use super::down::DownCause;
use super::failed::{MissingReceipt, Rejection};
use super::latency::{Latency, LatencyRange};
use super::metric::Metric;
use crate::kit::Nanos;
use crate::smpp::without_passwords;
use serde::{Deserialize, Serialize};

/// How the kind of an anomaly begins in which a submit_sm was answered under another command; what follows is the
/// command's name.
pub const ANSWERED_AS: &str = "submit_sm_answered_as_";

/// Whole messages, where some have several parts. Empty otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Some part of it was due.
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
    /// A message ended with so many of its parts accepted and delivered.
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
    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Messages) {
        let Messages { planned, complete, partial, failed, delivered } = other;
        self.planned += planned;
        self.complete += complete;
        self.partial += partial;
        self.failed += failed;
        self.delivered += delivered;
    }
}

/// What stands at the end of an interval, or was used during it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauges {
    /// submit_sm open.
    pub in_flight: u64,
    /// Messages due and not yet sent.
    pub backlog: u64,
    /// Receipts awaited.
    pub awaited: u64,
    /// Sessions bound.
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
    /// Adds another worker's.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// `trailing_octets`, `unknown_command_id`, …
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The first PDU of the kind, at most 256 octets, in hex.
    pub example_hex: String,
}

/// A session that was down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Which session.
    pub session: u32,
    /// From the start of the load.
    pub from: Nanos,
    /// When it was bound again; None: it was not.
    pub to: Option<Nanos>,
    /// Why.
    pub cause: DownCause,
    /// submit_sm open when it went.
    pub lost: u64,
    /// Attempts to bind again.
    pub attempts: u32,
}

/// A failed submit_sm and what came back, kept for a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Number of the session within the run.
    pub session: u32,
    /// Wall clock at its write, nanoseconds since 1970.
    pub sent_wall_ns: u64,
    /// As sent.
    pub submit_sm: Vec<u8>,
    /// When the answer was read (wall clock), and its octets; None: none came.
    pub answer: Option<(u64, Vec<u8>)>,
}

/// What the kernel says of a session's connections, read as each of them ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transport {
    /// Connections it had.
    pub connections: u32,
    /// Smoothed round trip at the end of the last one.
    pub rtt: Nanos,
    /// Shortest round trip of any.
    pub rtt_min: Option<Nanos>,
    /// Segments sent again.
    pub retransmits: u64,
    /// Segments sent.
    pub segments_out: Option<u64>,
    /// Time with something to send or to be acknowledged.
    pub busy: Option<Nanos>,
    /// Of that, stopped by the peer's receive window.
    pub rwnd_limited: Option<Nanos>,
    /// Of that, stopped by our own send buffer.
    pub sndbuf_limited: Option<Nanos>,
    /// TCP_NODELAY as granted.
    pub nodelay: bool,
    /// SO_SNDBUF as granted, in octets.
    pub send_buffer: u64,
    /// SO_RCVBUF as granted, in octets.
    pub receive_buffer: u64,
}

impl Transport {
    /// Adds a later connection of the same session: counts and times add up, the rest is the later one's.
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

/// One session's share, handed up at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Number within the run.
    pub id: u32,
    /// The account's number in the plan.
    pub account: u16,
    /// `transceiver`, `transmitter` or `receiver`.
    pub role: String,
    /// `unbound`, `lost`, `refused`, `never connected`.
    pub state: String,
    /// submit_sm written.
    pub written: u64,
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// deliver_sm and data_sm received.
    pub delivered: u64,
    /// Times it bound again.
    pub reconnects: u32,
    /// Response time, 1 digit.
    pub response: Option<Latency>,
    /// congestion_state last seen (v5.0, 0 to 100).
    pub congestion_state: Option<u8>,
    /// Its connections; None where no kernel carried them, or it was never connected.
    pub transport: Option<Transport>,
}

/// What one worker saw in one second (or, at the end, in what is left of it).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// From 0; number n covers the n-th second after the start of the load.
    pub number: u64,
    /// Which worker.
    pub worker: u32,
    /// By [`super::CellId`]; None where nothing happened.
    pub cells: Vec<Option<Box<CellInterval>>>,
    /// Bind, enquire_link, deliver_ack: what is measured once for the run.
    pub whole: Vec<Latency>,
    /// Receipt time by message_state (10: any other), to two digits.
    pub receipt_by_state: Vec<Latency>,
    /// Gaps between consecutive submit_sm writes of this worker's schedule: how evenly it sends.
    pub send_gaps: Latency,
    /// Between a readable socket's wake and its read, as far as the worker can tell: its longest loop.
    pub loop_max_ns: u64,
    /// Time for which the worker's loop was held up, in spells of more than a millisecond: what it would have
    /// read or sent meanwhile was read and sent late.
    pub loop_held_ns: u64,
    /// Gauges at its end.
    pub gauges: Gauges,
    /// Responses that no open request owns, late ones apart.
    pub unknown_responses: u64,
    /// Final receipts that no message owns.
    pub receipts_unknown: u64,
    /// Receipts that an earlier run asked for, as far as that can be told.
    pub receipts_previous_run: u64,
    /// Ids given twice, by the sessions they were given on: first, then again.
    pub ids_given_twice: Counts<(u32, u32)>,
    /// Mobile-originated messages received.
    pub mo_received: u64,
    /// Of those, with the text of a receipt.
    pub mo_like_receipts: u64,
    /// Of those and of receipts, answered with a status other than 0.
    pub deliver_refused: u64,
    /// deliver_sm answered.
    pub deliver_answered: u64,
    /// deliver_sm that had come before.
    pub redelivered: u64,
    /// Whole messages of several parts that ended.
    pub messages: Messages,
    /// Anomalies by kind.
    pub anomalies: Vec<Anomaly>,
    /// Sessions that came back, or went for good, in this second.
    pub outages: Vec<Outage>,
    /// submit_sm rejected in it, while fewer than [`super::FAILED_MAX`] were.
    pub rejections: Vec<Rejection>,
    /// Receipts given up on in it, likewise.
    pub missing: Vec<MissingReceipt>,
    /// Where it is the sum of several workers': what each of them used. Else empty.
    pub uses: Vec<WorkerUse>,
}

/// What one worker used of its core during an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerUse {
    /// Which.
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
    /// Nothing counted yet.
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
            unknown_responses: 0,
            receipts_unknown: 0,
            receipts_previous_run: 0,
            ids_given_twice: Counts::default(),
            mo_received: 0,
            mo_like_receipts: 0,
            deliver_refused: 0,
            deliver_answered: 0,
            redelivered: 0,
            messages: Messages::default(),
            anomalies: Vec::new(),
            outages: Vec::new(),
            rejections: Vec::new(),
            missing: Vec::new(),
            uses: Vec::new(),
        }
    }

    /// Back to nothing, keeping the memory of the distributions.
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
            unknown_responses,
            receipts_unknown,
            receipts_previous_run,
            ids_given_twice,
            mo_received,
            mo_like_receipts,
            deliver_refused,
            deliver_answered,
            redelivered,
            messages,
            anomalies,
            outages,
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
        *unknown_responses = 0;
        *receipts_unknown = 0;
        *receipts_previous_run = 0;
        ids_given_twice.clear();
        *mo_received = 0;
        *mo_like_receipts = 0;
        *deliver_refused = 0;
        *deliver_answered = 0;
        *redelivered = 0;
        *messages = Messages::default();
        anomalies.clear();
        outages.clear();
        rejections.clear();
        missing.clear();
        uses.clear();
    }

    /// Counts an anomaly; the first of its kind keeps its octets, without passwords.
    pub fn anomaly(&mut self, kind: &str, octets: &[u8]) {
        const KINDS_MAX: usize = 64;
        const EXAMPLE_OCTETS: usize = 256;
        // an example may end within a bind, which is told by what follows
        const MASKED_OCTETS: usize = 2048;
        let is_known = |kind: &str| self.anomalies.iter().position(|a| a.kind == kind);
        let full = self.anomalies.len() >= KINDS_MAX;
        let kind = if full && is_known(kind).is_none() { "other" } else { kind };
        if let Some(known) = is_known(kind) {
            self.anomalies[known].count += 1;
        } else {
            // a peer may send our own bind back
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
