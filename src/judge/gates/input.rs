//! The figures that gates are decided on, of a run that was just judged or of a saved one.
use crate::judge::events::EventRow;
use crate::judge::health::HealthState;
use crate::judge::judgement::Judgement;
use crate::judge::measured::{Measured, is_measured};
use crate::judge::name::{Group, Names};
use crate::judge::observed::ObservedFigures;
use crate::judge::outcome::{Limiter, Outcome};
use crate::judge::through::ThroughFigures;
use crate::kit::Nanos;
use crate::measure::{
    CellInterval, CutReason, IntervalRow, Latency, LatencyRange, Metric, RunRecord,
};
use crate::plan::Plan;
use std::borrow::Cow;

/// Counters and distributions by group.
#[derive(Clone, Debug)]
pub enum Cells<'r> {
    /// Summed from a record on demand.
    Record(&'r Plan, &'r RunRecord),
    /// Of each group, from a saved run.
    Groups(Vec<(Group, CellInterval)>),
}

impl Cells<'_> {
    /// Of measured messages; of a stage: its own undisturbed ones, measured or not. (The ledger covers the whole run only in
    /// result.json; docs/measuring.md, "Times of a message".)
    pub(super) fn of<'m>(&'m self, group: Group, measured: &'m Measured) -> Cow<'m, CellInterval> {
        match (self, group) {
            (_, Group::Whole) => Cow::Borrowed(&measured.cell),
            (Cells::Record(plan, record), group) => Cow::Owned(record.sum(|k| match group {
                Group::Whole => is_measured(plan, k),
                Group::Account(n) => k.account == n && is_measured(plan, k),
                Group::Label(n) => k.label == n && is_measured(plan, k),
                Group::Stage(n) => k.stage == n && !k.disturbed,
            })),
            (Cells::Groups(all), group) => match all.iter().find(|(known, _)| *known == group) {
                Some((_, cell)) => Cow::Borrowed(cell),
                None => Cow::Owned(CellInterval::new(LatencyRange::for_deadline(Nanos::ZERO))),
            },
        }
    }
}

/// The figures of these series; None: it was never sampled.
pub fn in_order(
    names: &[(String, String)],
    figures: &[ObservedFigures],
) -> Vec<Option<ObservedFigures>> {
    let of = |(source, series): &(String, String)| {
        figures.iter().find(|f| f.name == *source && f.series == *series).cloned()
    };
    names.iter().map(of).collect()
}

/// The figures that gates are decided on.
#[derive(Clone, Debug)]
pub struct GateInput<'r> {
    /// The groups that gates may name.
    pub names: Names,
    /// The measured part.
    pub measured: Cow<'r, Measured>,
    /// MO received in it.
    pub mo: u64,
    /// The same by group.
    pub cells: Cells<'r>,
    /// Distributions of what belongs to no message, by metric from [`Metric::PER_MESSAGE_COUNT`] on.
    pub whole: Cow<'r, [Latency]>,
    /// Second by second.
    pub rows: Cow<'r, [IntervalRow]>,
    /// Workers that the rows are sums of.
    pub workers: usize,
    /// When the load ended.
    pub load_ended: Nanos,
    /// What was observed, in the order of the names.
    pub observed: Vec<Option<ObservedFigures>>,
    /// Why the run ended before its plan did.
    pub cut_reason: Option<Cow<'r, CutReason>>,
    /// The events, occurrence by occurrence.
    pub events: Cow<'r, [EventRow]>,
    /// What happened inside the gateway. None: the run was through none, or goes on.
    pub through: Option<ThroughFigures>,
    /// The verdict.
    pub outcome: Option<Outcome>,
    /// What limited the run.
    pub limiter: Option<Limiter>,
    /// The harness.
    pub harness: HealthState,
}

impl<'r> GateInput<'r> {
    /// Of a run that was judged.
    pub fn of(plan: &'r Plan, record: &'r RunRecord, judgement: &'r Judgement) -> GateInput<'r> {
        GateInput {
            names: Names::of(plan),
            measured: Cow::Borrowed(&judgement.measured),
            mo: judgement.measured.mo(record),
            cells: Cells::Record(plan, record),
            whole: Cow::Borrowed(&record.whole),
            rows: Cow::Borrowed(&record.intervals),
            workers: record.workers.len(),
            load_ended: record.load_ended,
            observed: in_order(&plan.observed_series(), &judgement.observed),
            cut_reason: record.cut_reason.as_ref().map(Cow::Borrowed),
            events: Cow::Borrowed(&judgement.events),
            through: record.through.as_deref().map(ThroughFigures::of),
            outcome: judgement.outcome,
            limiter: judgement.limiter,
            harness: judgement.health.state,
        }
    }

    /// Whether the harness kept up.
    pub(super) fn is_trusted(&self) -> bool {
        self.harness != HealthState::Invalid
    }

    /// The time that a group's messages were intended in.
    pub(super) fn seconds(&self, group: Group) -> f64 {
        match group {
            Group::Whole | Group::Account(_) | Group::Label(_) => self.measured.seconds(),
            Group::Stage(n) => self.names.stages.get(usize::from(n)).map_or(0.0, |stage| {
                self.measured.undisturbed_seconds(stage.from, stage.to.min(self.load_ended))
            }),
        }
    }

    /// A distribution of a group, or of the whole run where the metric belongs to no message.
    pub(super) fn latency<'m>(&'m self, cell: &'m CellInterval, metric: Metric) -> &'m Latency {
        latency(&self.whole, cell, metric)
    }
}

pub(super) fn latency<'m>(
    whole: &'m [Latency],
    cell: &'m CellInterval,
    metric: Metric,
) -> &'m Latency {
    match metric.row().per_message {
        true => cell.metric(metric),
        false => &whole[metric as usize - Metric::PER_MESSAGE_COUNT],
    }
}
