//! The measured part of a run, which latencies, rates, ratios, gates and the verdict cover
//! (docs/measuring.md, "What counts where"). A message belongs to it by its intended time, a second by its own time.
//! What an event disturbed is not part of it (docs/measuring.md, "Recovery").
use crate::kit::Nanos;
use crate::measure::{CellInterval, CellKey, Counters, IntervalRow, Latency, Metric, RunRecord};
use crate::plan::{Plan, Schedule, Stage};

/// The measured part of one run.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Sum of the undisturbed cells of measured stages.
    pub cell: CellInterval,
    /// Start of the measured time, from the start of the load.
    pub from: Nanos,
    /// Its end: by the plan, or when the load ended early.
    pub to: Nanos,
    /// Measured time, without unmeasured stages in between and without disturbed time.
    pub time: Nanos,
    /// Time that events disturbed in the measured stages.
    pub disturbed: Nanos,
    /// All times that events disturbed, in order.
    pub disturbed_spans: Vec<(Nanos, Nanos)>,
    /// Whether a measured stage has no schedule (`max`).
    pub closed: bool,
    /// Whether any session can send.
    pub sends: bool,
    /// Mean planned rate of the measured stages; None: a closed loop.
    pub target: Option<f64>,
    /// Indexes into the record's intervals: undisturbed seconds that lie wholly in measured stages.
    pub rows: Vec<usize>,
    /// Share of the measured time without a free window slot, averaged over the workers.
    pub window_full: Option<f64>,
}

/// Start and end of each stage, from the start of the load.
pub fn stage_spans(plan: &Plan) -> Vec<(Nanos, Nanos)> {
    let mut at = Nanos::ZERO;
    plan.stages
        .iter()
        .map(|stage| {
            let from = at;
            at += stage.length;
            (from, at)
        })
        .collect()
}

/// Messages of a stage's schedule, as a real number; None: a closed loop.
pub fn stage_messages(stage: &Stage) -> Option<f64> {
    stage.shape.messages(stage.length)
}

/// Messages of the measured stages after the operator's rate changes; None: there were none.
fn steered_messages(plan: &Plan, record: &RunRecord) -> Option<f64> {
    if record.rate_changes.is_empty() {
        return None;
    }
    let schedule = schedule(plan, record)?;
    let measured = plan.stages.iter().enumerate().filter(|(_, stage)| stage.measure);
    Some(measured.map(|(number, _)| schedule.stage_count(number as u16) as f64).sum())
}

fn schedule(plan: &Plan, record: &RunRecord) -> Option<Schedule> {
    Schedule::steered(&plan.stages, plan.load.arrival, plan.seed, &record.rate_changes).ok()
}

/// Mean planned rate of the undisturbed time. None: there is none, or no schedule.
fn undisturbed_target(
    plan: &Plan,
    record: &RunRecord,
    spans: &[(Nanos, Nanos)],
    time: Nanos,
) -> Option<f64> {
    let schedule = schedule(plan, record).filter(|_| time > Nanos::ZERO)?;
    let planned: u64 = spans
        .iter()
        .map(|(from, to)| schedule.count_before(*to) - schedule.count_before(*from))
        .sum();
    Some(planned as f64 / time.as_secs_f64())
}

/// Whether a cell is measured: undisturbed, and of a measured stage. A run without stages is measured whole.
pub fn is_measured(plan: &Plan, key: &CellKey) -> bool {
    !key.disturbed && is_of_measured_stage(plan, key)
}

/// Whether a cell's stage is measured, disturbed or not. A run without stages is measured whole.
pub fn is_of_measured_stage(plan: &Plan, key: &CellKey) -> bool {
    plan.stages.is_empty()
        || plan.stages.get(usize::from(key.stage)).is_some_and(|stage| stage.measure)
}

/// These spans without what others, in order, cover of them.
pub fn without(
    spans: impl IntoIterator<Item = (Nanos, Nanos)>,
    covered: &[(Nanos, Nanos)],
) -> Vec<(Nanos, Nanos)> {
    let mut left = Vec::new();
    for (mut from, to) in spans {
        for (begins, ends) in covered {
            if *begins >= to || *ends <= from {
                continue;
            }
            if *begins > from {
                left.push((from, *begins));
            }
            from = from.max(*ends);
        }
        if from < to {
            left.push((from, to));
        }
    }
    left
}

/// The length of spans that do not overlap.
fn length_of(spans: &[(Nanos, Nanos)]) -> Nanos {
    spans.iter().fold(Nanos::ZERO, |sum, (from, to)| sum + to.since(*from))
}

impl Measured {
    /// Selects the measured part of a record.
    pub fn of(plan: &Plan, record: &RunRecord) -> Measured {
        let staged = measured_spans(plan, record);
        let spans = without(staged.iter().copied(), &record.disturbed);
        let stages = || plan.stages.iter().filter(|s| s.measure);
        let closed = stages().any(|s| s.shape.is_closed());
        let length: f64 = stages().map(|s| s.length.as_secs_f64()).sum();
        let planned = steered_messages(plan, record).or_else(|| stages().map(stage_messages).sum());
        let time = length_of(&spans);
        let target = if closed || record.disturbed.is_empty() {
            planned.filter(|_| length > 0.0).map(|p| p / length)
        } else {
            undisturbed_target(plan, record, &spans, time)
        };
        let inside = |row: &IntervalRow| {
            spans.iter().any(|(from, to)| row.at >= *from && row.at + row.length <= *to)
        };
        let rows: Vec<usize> = record
            .intervals
            .iter()
            .enumerate()
            .filter(|(_, row)| inside(row))
            .map(|(index, _)| index)
            .collect();
        let mut measured = Measured {
            cell: record.sum(|key| is_measured(plan, key)),
            from: staged.first().map_or(Nanos::ZERO, |s| s.0),
            to: staged.last().map_or(Nanos::ZERO, |s| s.1),
            time,
            disturbed: length_of(&staged).since(time),
            disturbed_spans: record.disturbed.clone(),
            closed,
            sends: !plan.stages.is_empty(),
            target,
            rows,
            window_full: None,
        };
        measured.window_full = measured.window_full_share(record);
        measured
    }

    /// Counters of the measured stages.
    pub fn tally(&self) -> &Counters {
        &self.cell.tally
    }

    /// A distribution of the measured stages.
    pub fn latency(&self, metric: Metric) -> &Latency {
        self.cell.metric(metric)
    }

    /// Undisturbed time of a span, in seconds.
    pub fn undisturbed_seconds(&self, from: Nanos, to: Nanos) -> f64 {
        length_of(&without([(from, to)], &self.disturbed_spans)).as_secs_f64()
    }

    /// Measured time in seconds.
    pub fn seconds(&self) -> f64 {
        self.time.as_secs_f64()
    }

    /// The measured seconds of the record.
    pub fn rows<'a>(&'a self, record: &'a RunRecord) -> impl Iterator<Item = &'a IntervalRow> {
        self.rows.iter().filter_map(|&index| record.intervals.get(index))
    }

    /// MO received in the measured seconds.
    pub fn mo(&self, record: &RunRecord) -> u64 {
        self.rows(record).map(|row| row.mo).sum()
    }

    fn window_full_share(&self, record: &RunRecord) -> Option<f64> {
        let workers = record.workers.len().max(1) as f64;
        let (mut full, mut time) = (0.0, 0.0);
        for row in self.rows(record) {
            full += row.gauges.window_full_ns as f64;
            time += row.length.0 as f64 * workers;
        }
        (self.sends && time > 0.0).then(|| (full / time).min(1.0))
    }
}

/// Measured stages as spans of time up to the end of the load; adjacent ones are joined.
fn measured_spans(plan: &Plan, record: &RunRecord) -> Vec<(Nanos, Nanos)> {
    if plan.stages.is_empty() {
        return vec![(Nanos::ZERO, record.load_ended)];
    }
    let spans = stage_spans(plan)
        .into_iter()
        .zip(&plan.stages)
        .filter(|(_, stage)| stage.measure)
        .map(|((from, to), _)| (from.min(record.load_ended), to.min(record.load_ended)))
        .filter(|(from, to)| from < to);
    let mut joined: Vec<(Nanos, Nanos)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            Some(_) | None => joined.push((from, to)),
        }
    }
    joined
}
