//! The state of the live view: facts of the plan, the snapshot shown, and whether it is paused.
use super::keys::OperatorRequest;
use super::snapshot::Snapshot;
use crate::judge::stage_spans;
use crate::kit::{
    Nanos,
    words::{self, printable},
};
use crate::measure::{Latency, LatencyRange, Metric, Phase};
use crate::plan::{Plan, Shape};
use crate::watch::planned_events::PlannedEvents;
use std::sync::Arc;

/// Columns and rows below which there is only a message.
pub const SMALLEST: (u16, u16) = (60, 15);

/// A stage of the plan with its times.
#[derive(Clone, Debug)]
pub(super) struct StageFact {
    pub(super) name: String,
    pub(super) rate: String,
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

/// Facts that do not change during a run.
#[derive(Clone, Debug)]
pub(super) struct PlanFacts {
    pub(super) title: String,
    pub(super) stages: Vec<StageFact>,
    pub(super) events: PlannedEvents,
    /// Whether there is no schedule, so that the rate cannot be changed.
    pub(super) closed: bool,
    pub(super) colour: bool,
}

impl PlanFacts {
    fn new(plan: &Plan, colour: bool) -> PlanFacts {
        let target = if plan.target.embedded {
            "embedded".to_owned()
        } else {
            plan.target.addresses.join(", ")
        };
        let spans = stage_spans(plan);
        let stages = plan.stages.iter().zip(spans).map(|(stage, (from, to))| StageFact {
            name: printable(&stage.name),
            rate: shape_words(&stage.shape),
            from,
            to,
        });
        PlanFacts {
            title: printable(&format!("{} → {target}", plan.name)),
            stages: stages.collect(),
            events: PlannedEvents::of(plan),
            closed: plan.stages.iter().any(|s| s.shape.is_closed()) || plan.stages.is_empty(),
            colour,
        }
    }
}

/// `200/s → 5,000/s`.
fn shape_words(shape: &Shape) -> String {
    if shape.is_closed() {
        return "max".to_owned();
    }
    shape.brief(&|rate| words::rate(rate.as_f64()), " → ")
}

/// A row of percentiles of the last seconds.
#[derive(Clone, Debug)]
pub(super) struct PercentileRow {
    pub(super) name: &'static str,
    /// p50, p90, p99 and the largest.
    pub(super) values: [String; 4],
}

fn lines(snapshot: &Snapshot) -> Vec<PercentileRow> {
    let picks = [
        ("response", Metric::Response),
        ("service", Metric::Service),
        ("receipt", Metric::Receipt),
        ("harness lag", Metric::HarnessLag),
    ];
    // rows are kept to two digits
    let range = LatencyRange { digits: 2, ..snapshot.range };
    let sum = |metric: Metric| {
        let mut sum = Latency::new(range);
        snapshot.recent.iter().for_each(|second| sum.merge(&second.open(metric, range)));
        sum
    };
    picks
        .into_iter()
        .map(|(name, pick)| PercentileRow { name, values: values(&sum(pick)) })
        .collect()
}

/// The percentiles of a row; `never`: the percentile lies among messages that were never answered.
fn values(latency: &Latency) -> [String; 4] {
    let all_came = latency.censored_count() == 0;
    let quantiles = [0.5, 0.9, 0.99].map(|q| latency.quantile(q));
    let [p50, p90, p99] = quantiles;
    [p50, p90, p99, latency.max().filter(|_| all_came)].map(|value| match value {
        Some(value) => words::duration(value.0),
        None if latency.is_empty() => "–".to_owned(),
        None => "never".to_owned(),
    })
}

/// What a frame depends on: if it is equal, the frame is equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameKey {
    taken: Option<Nanos>,
    second: u64,
    asked: Option<OperatorRequest>,
    paused: bool,
    help: bool,
}

/// The view.
#[derive(Debug)]
pub(super) struct View {
    pub(super) facts: PlanFacts,
    pub(super) shown: Option<Arc<Snapshot>>,
    pub(super) lines: Vec<PercentileRow>,
    pub(super) asked: Option<OperatorRequest>,
    pub(super) paused: bool,
    /// Whether it explains itself instead of showing the run.
    pub(super) help: bool,
    /// When the view was paused.
    held: Option<Nanos>,
    last: Option<FrameKey>,
    last_now: Nanos,
}

impl View {
    pub(super) fn new(plan: &Plan, colour: bool) -> View {
        View {
            facts: PlanFacts::new(plan, colour),
            shown: None,
            lines: Vec::new(),
            asked: None,
            paused: false,
            help: false,
            held: None,
            last: None,
            last_now: Nanos::ZERO,
        }
    }

    /// Takes the latest snapshot and requests.
    pub(super) fn look(&mut self, latest: Option<Arc<Snapshot>>, asked: OperatorRequest) {
        self.asked = Some(asked);
        let Some(latest) = latest.filter(|_| !self.paused) else { return };
        if self.shown.as_ref().is_none_or(|shown| !Arc::ptr_eq(shown, &latest)) {
            self.lines = lines(&latest);
            self.shown = Some(latest);
        }
    }

    /// Pauses or resumes the view.
    pub(super) fn pause(&mut self) {
        self.paused = !self.paused;
        self.held = self.paused.then_some(self.last_now);
    }

    /// Forces a new frame.
    pub(super) fn touch(&mut self) {
        self.last = None;
    }

    /// Whether the rate can be changed now.
    pub(super) fn may_steer(&self) -> bool {
        !self.facts.closed && self.shown.as_ref().is_some_and(|s| s.phase == Phase::Load)
    }

    /// Whether the frame at `now` differs from the one at the last call.
    pub(super) fn changed(&mut self, now: Nanos) -> bool {
        let stamp = FrameKey {
            taken: self.shown.as_ref().map(|s| s.taken),
            second: self.at(now).0 / crate::kit::NS_PER_S,
            asked: self.asked,
            paused: self.paused,
            help: self.help,
        };
        let changed = self.last != Some(stamp);
        self.last = Some(stamp);
        self.last_now = now;
        changed
    }

    /// Time since the start of the load, estimated at `now`.
    pub(super) fn at(&self, now: Nanos) -> Nanos {
        let Some(shown) = &self.shown else { return Nanos::ZERO };
        let now = self.held.unwrap_or(now);
        match shown.phase {
            Phase::Connect => Nanos::ZERO,
            Phase::Load => (shown.at + now.since(shown.taken)).min(shown.load_ends),
            Phase::Drain | Phase::Unbind => shown.at + now.since(shown.taken),
        }
    }
}
