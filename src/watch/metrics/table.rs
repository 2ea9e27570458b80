//! The catalogue of what is exposed: one row each, and its reading. A new metric is a new row here and in
//! `reports/metrics.md`; a test compares the two.
use super::latest::LatestSnapshot;
use super::snapshot::{EXPOSED, Snapshot};
use crate::measure::{Counts, Phase};
use crate::smpp::{CommandStatus, receipt::MessageState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The kinds of OpenMetrics that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
    /// Always 1: its labels are what it says.
    Info,
}

impl MetricKind {
    /// As OpenMetrics spells it.
    pub const fn name(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
            MetricKind::Info => "info",
        }
    }
    const fn openmetrics(self) -> MetricType {
        match self {
            MetricKind::Counter => MetricType::Counter,
            MetricKind::Gauge => MetricType::Gauge,
            MetricKind::Histogram => MetricType::Histogram,
            MetricKind::Info => MetricType::Info,
        }
    }
}

/// The values of a label with their figures.
type Labelled<T> = Vec<(String, T)>;

/// The reading of a metric from a snapshot.
#[derive(Clone, Copy)]
enum Read {
    Count(fn(&Snapshot) -> u64),
    Counts(&'static str, fn(&Snapshot) -> Labelled<u64>),
    /// None: no sample.
    Value(fn(&Snapshot) -> Option<f64>),
    Values(&'static str, fn(&Snapshot) -> Labelled<f64>),
    /// Place in [`EXPOSED`].
    Distribution(usize),
    Labels(fn(&Snapshot) -> [(&'static str, String); 2]),
}

/// One metric family.
#[derive(Clone, Copy)]
pub struct MetricLine {
    /// Without unit and suffix: `smppbench_response`.
    name: &'static str,
    /// What its values count: `seconds` is part of the name, other units are only said.
    pub unit: &'static str,
    /// What it means, a sentence.
    pub help: &'static str,
    read: Read,
}

impl fmt::Debug for MetricLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricLine").field("name", &self.sample_name()).finish_non_exhaustive()
    }
}

impl MetricLine {
    /// Its kind.
    pub const fn kind(&self) -> MetricKind {
        match self.read {
            Read::Count(_) | Read::Counts(..) => MetricKind::Counter,
            Read::Value(_) | Read::Values(..) => MetricKind::Gauge,
            Read::Distribution(_) => MetricKind::Histogram,
            Read::Labels(_) => MetricKind::Info,
        }
    }

    /// The name of its samples (of a histogram: before `_bucket`, `_sum` and `_count`).
    pub fn sample_name(&self) -> String {
        let suffix = match self.kind() {
            MetricKind::Counter => "_total",
            MetricKind::Info => "_info",
            MetricKind::Gauge | MetricKind::Histogram => "",
        };
        let unit = if self.unit == "seconds" { "_seconds" } else { "" };
        format!("{}{unit}{suffix}", self.name)
    }

    /// Its labels.
    pub fn labels(&self) -> Vec<&'static str> {
        match self.read {
            Read::Counts(label, _) | Read::Values(label, _) => vec![label],
            Read::Labels(_) => vec!["version", "name"],
            Read::Count(_) | Read::Value(_) | Read::Distribution(_) => Vec::new(),
        }
    }
}

const fn line(
    name: &'static str,
    unit: &'static str,
    read: Read,
    help: &'static str,
) -> MetricLine {
    MetricLine { name, unit, help, read }
}

/// Everything that is exposed. Counters speak of the whole run, warm-up and drain among it.
pub const METRICS: [MetricLine; 40] = [
    line("smppbench", "", Read::Labels(info), "Version of the tool and name of the run."),
    line(
        "smppbench_phase",
        "",
        Read::Values("phase", phases),
        "1 at the phase the run is in: connect, load, drain, unbind.",
    ),
    line(
        "smppbench_stage",
        "",
        Read::Values("stage", stage),
        "1 at the stage of the plan that is on; no sample outside the load.",
    ),
    line(
        "smppbench_load",
        "seconds",
        Read::Value(|s| Some(s.at.as_secs_f64())),
        "Time since the start of the load.",
    ),
    line(
        "smppbench_target_rate",
        "submit_sm per second",
        Read::Value(|s| s.target_rate),
        "Rate that the plan wants now; no sample in a closed loop and outside the load.",
    ),
    line(
        "smppbench_submit_sm_planned",
        "submit_sm",
        Read::Count(|s| s.tally.planned),
        "Messages that are due.",
    ),
    line(
        "smppbench_submit_sm_retried",
        "submit_sm",
        Read::Count(|s| s.tally.retries),
        "Retries; not part of the plan.",
    ),
    line(
        "smppbench_submit_sm_written",
        "submit_sm",
        Read::Count(|s| s.tally.written),
        "Messages handed to the socket whole.",
    ),
    line(
        "smppbench_submit_sm_on_time",
        "submit_sm",
        Read::Count(|s| s.tally.on_time),
        "Of the written, those at most 1 ms late.",
    ),
    line(
        "smppbench_submit_sm_dropped",
        "submit_sm",
        Read::Count(|s| s.tally.dropped),
        "Messages given up because the window was full.",
    ),
    line(
        "smppbench_submit_sm_answered",
        "submit_sm",
        Read::Counts("command_status", statuses),
        "Responses by command_status.",
    ),
    line(
        "smppbench_submit_sm_accepted",
        "submit_sm",
        Read::Count(|s| s.tally.accepted),
        "Responses with command_status 0.",
    ),
    line(
        "smppbench_submit_sm_rejected",
        "submit_sm",
        Read::Count(|s| s.tally.rejected),
        "Responses with any other command_status.",
    ),
    line(
        "smppbench_submit_sm_throttled",
        "submit_sm",
        Read::Count(|s| s.tally.throttled),
        "Of the rejected, ESME_RTHROTTLED and ESME_RMSGQFUL.",
    ),
    line(
        "smppbench_submit_sm_unanswered",
        "submit_sm",
        Read::Counts("reason", unanswered),
        "Messages without a response: timed_out, or lost with their session.",
    ),
    line(
        "smppbench_receipts",
        "receipts",
        Read::Counts("state", states),
        "First final receipts of this run's messages by message_state.",
    ),
    line(
        "smppbench_receipts_by_err",
        "receipts",
        Read::Counts("err", errs),
        "Final receipts by the err of their text, as the SMSC spells it; bounded, the rest is other.",
    ),
    line(
        "smppbench_receipts_expected",
        "receipts",
        Read::Count(|s| s.tally.receipts_expected),
        "Accepted messages that asked for a receipt.",
    ),
    line(
        "smppbench_receipts_missing",
        "receipts",
        Read::Count(|s| s.tally.receipts_missing),
        "Receipts that did not arrive by their deadline.",
    ),
    line(
        "smppbench_receipts_intermediate",
        "receipts",
        Read::Count(|s| s.tally.receipts_intermediate),
        "Receipts whose state is not final.",
    ),
    line(
        "smppbench_receipts_duplicate",
        "receipts",
        Read::Count(|s| s.tally.receipts_duplicate),
        "Final receipts beyond the first of a message.",
    ),
    line(
        "smppbench_receipts_unknown",
        "receipts",
        Read::Count(|s| s.receipts_unknown),
        "Final receipts that match no message of this run.",
    ),
    line(
        "smppbench_mo_received",
        "deliver_sm",
        Read::Count(|s| s.mo_received),
        "Mobile-originated messages.",
    ),
    line(
        "smppbench_deliver_sm_answered",
        "deliver_sm",
        Read::Count(|s| s.deliver_answered),
        "deliver_sm that were answered, whatever the answer.",
    ),
    line(
        "smppbench_deliver_sm_refused",
        "deliver_sm",
        Read::Count(|s| s.deliver_refused),
        "Of those, answered with a command_status other than 0.",
    ),
    line(
        "smppbench_sessions_up",
        "sessions",
        Read::Value(|s| Some(s.sessions_up as f64)),
        "Sessions that are bound.",
    ),
    line(
        "smppbench_sessions_planned",
        "sessions",
        Read::Value(|s| Some(s.sessions_planned as f64)),
        "Sessions that the plan wants.",
    ),
    line(
        "smppbench_session_outages",
        "outages",
        Read::Count(|s| s.outages),
        "Outages of sessions, counted when the session is bound again or given up.",
    ),
    line(
        "smppbench_in_flight",
        "submit_sm",
        Read::Value(|s| Some(s.gauges.in_flight as f64)),
        "Messages written and not yet answered.",
    ),
    line(
        "smppbench_window_slots",
        "submit_sm",
        Read::Value(|s| Some(s.gauges.slots as f64)),
        "Window slots of the bound sessions.",
    ),
    line(
        "smppbench_backlog",
        "submit_sm",
        Read::Value(|s| Some(s.gauges.backlog as f64)),
        "Messages due and not yet written.",
    ),
    line(
        "smppbench_awaited_receipts",
        "receipts",
        Read::Value(|s| Some(s.gauges.awaited as f64)),
        "Accepted, and the final receipt is awaited.",
    ),
    line(
        "smppbench_worker_cpu_ratio",
        "share of a core",
        Read::Value(|s| Some(s.cpu_worst)),
        "Processor use of the busiest worker.",
    ),
    line(
        "smppbench_anomalies",
        "anomalies",
        Read::Count(|s| s.anomalies),
        "Deviations of the SMSC from the specification.",
    ),
    line(
        "smppbench_observed",
        "",
        Read::Values("series", |s| s.observed.clone()),
        "Latest value of each observed series, by source and series, in the unit of the series; no sample after a gap of 10 s.",
    ),
    line(
        "smppbench_response",
        "seconds",
        Read::Distribution(0),
        "From the intended send to the response.",
    ),
    line(
        "smppbench_service",
        "seconds",
        Read::Distribution(1),
        "From the actual send to the response.",
    ),
    line(
        "smppbench_receipt",
        "seconds",
        Read::Distribution(2),
        "From the intended send to the first final receipt.",
    ),
    line(
        "smppbench_harness_lag",
        "seconds",
        Read::Distribution(3),
        "Delay that the harness itself added.",
    ),
    line(
        "smppbench_write_wait",
        "seconds",
        Read::Distribution(4),
        "Time in which the socket took no octets, because the SMSC read too slowly.",
    ),
];

fn info(s: &Snapshot) -> [(&'static str, String); 2] {
    [("version", env!("CARGO_PKG_VERSION").to_owned()), ("name", s.name.clone())]
}

fn phases(s: &Snapshot) -> Labelled<f64> {
    let at = |name: &str, phase: Phase| (name.to_owned(), f64::from(u8::from(s.phase == phase)));
    vec![
        at("connect", Phase::Connect),
        at("load", Phase::Load),
        at("drain", Phase::Drain),
        at("unbind", Phase::Unbind),
    ]
}

fn stage(s: &Snapshot) -> Labelled<f64> {
    s.stage.iter().map(|name| (name.clone(), 1.0)).collect()
}

fn statuses(s: &Snapshot) -> Labelled<u64> {
    let ok = CommandStatus(0);
    let name = |status: &u32| CommandStatus(*status).to_string();
    let mut all = labelled(&s.statuses, name);
    if !all.iter().any(|(status, _)| *status == ok.to_string()) {
        // a rate over it starts from 0 and not from nothing
        all.insert(0, (ok.to_string(), 0));
    }
    all
}

fn labelled<K: PartialEq + Clone>(
    counts: &Counts<K>,
    name: impl Fn(&K) -> String,
) -> Labelled<u64> {
    let mut all: Labelled<u64> = counts.iter().map(|(key, n)| (name(key), n)).collect();
    if counts.other > 0 {
        all.push(("other".to_owned(), counts.other));
    }
    all
}

fn unanswered(s: &Snapshot) -> Labelled<u64> {
    vec![("timed_out".to_owned(), s.tally.timed_out), ("lost".to_owned(), s.tally.lost)]
}

fn states(s: &Snapshot) -> Labelled<u64> {
    let name = |wire: usize| MessageState::from_wire(wire as u8).stat().to_owned();
    s.tally.by_state.iter().enumerate().map(|(wire, n)| (name(wire), *n)).collect()
}

/// The octets of `err` as text; what is not printable ASCII is spelled out, so that two never look the same.
fn errs(s: &Snapshot) -> Labelled<u64> {
    labelled(&s.by_err, |err| {
        err.iter().filter(|o| **o != 0).map(|o| o.escape_ascii().to_string()).collect()
    })
}

/// Reads the slot at each scrape.
#[derive(Debug)]
pub(super) struct Scrape(pub(super) Arc<LatestSnapshot>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let snapshot = self.0.get();
        for line in &METRICS {
            let seconds = (line.unit == "seconds").then_some(&Unit::Seconds);
            let kind = line.kind().openmetrics();
            let family = encoder.encode_descriptor(line.name, line.help, seconds, kind)?;
            encode(family, line, &snapshot)?;
        }
        Ok(())
    }
}

fn encode(mut family: MetricEncoder<'_>, line: &MetricLine, snapshot: &Snapshot) -> fmt::Result {
    const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, f64>> = None;
    const NO_EXEMPLARS: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;
    match line.read {
        Read::Count(read) => family.encode_counter(&read(snapshot), NO_EXEMPLAR),
        Read::Counts(label, read) => read(snapshot).into_iter().try_for_each(|(value, n)| {
            family.encode_family(&[(label, value)])?.encode_counter(&n, NO_EXEMPLAR)
        }),
        Read::Value(read) => match read(snapshot) {
            Some(value) => family.encode_gauge(&value),
            None => Ok(()),
        },
        Read::Values(label, read) => read(snapshot)
            .into_iter()
            .try_for_each(|(value, n)| family.encode_family(&[(label, value)])?.encode_gauge(&n)),
        Read::Distribution(place) => {
            debug_assert!(place < EXPOSED.len());
            let d = &snapshot.distributions[place];
            family.encode_histogram(d.sum_s, d.count, &d.counts, NO_EXEMPLARS)
        }
        Read::Labels(read) => family.encode_info(&read(snapshot)),
    }
}
