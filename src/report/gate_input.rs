//! A saved run as the gates take it: what they may speak of, and the counters and distributions of each group.
use super::Saved;
use super::document::{Document, Group, LatencyRow, Table};
use super::evidence::{HistogramError, distribution};
use super::saved::Second;
use crate::judge::{
    self, Cells, GateInput, Measured, Names, StageSpan, ThroughFigures, ThroughRatio,
};
use crate::kit::Nanos;
use crate::measure::through::TRANSITS;
use crate::measure::{
    CellInterval, CutReason, Gauges, IntervalRow, LATENCY_METRICS, Latency, LatencyRange, Metric,
    ROW_METRICS,
};
use serde_json::Value;
use std::borrow::Cow;

/// A row and its distributions name the same start within this: the log has milliseconds.
const SLACK_NS: u64 = 1_000_000;

/// Why gates cannot be decided on a saved run. One line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateInputError {
    /// An earlier version saved it.
    #[error("{id}: saved without the counters that gates need; run it again")]
    NoCounters {
        /// The run.
        id: String,
    },
    /// Gates speak of spans, and latency.hlog is not at hand.
    #[error(
        "{id}: a gate with `for` needs the distributions of each second: name the run folder that holds latency.hlog"
    )]
    NoSeconds {
        /// The run.
        id: String,
    },
    /// A histogram of it does not read.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
}

impl Saved {
    /// What `gates` are decided on. Gates that speak of spans (`for`) need the distributions of each second.
    ///
    /// # Errors
    /// [`GateInputError`]: what is missing or does not read.
    pub fn gate_input(
        &self,
        gates: &[(String, Value)],
    ) -> Result<GateInput<'static>, GateInputError> {
        let document = &self.document;
        let id = document.run.id.clone();
        if document.measured.0.is_empty() {
            return Err(GateInputError::NoCounters { id });
        }
        if self.seconds.is_none() && gates.iter().any(|(_, gate)| gate.get("for").is_some()) {
            return Err(GateInputError::NoSeconds { id });
        }
        let window = &document.window;
        let disturbed = window
            .disturbed
            .iter()
            .map(|span| (Nanos::from_secs_f64(span.from_s), Nanos::from_secs_f64(span.to_s)));
        let measured = Measured {
            cell: cell(document, &document.measured, &document.latency)?,
            from: Nanos::from_secs_f64(window.from_s),
            to: Nanos::from_secs_f64(window.to_s),
            time: Nanos::from_secs_f64(window.measured_seconds()),
            closed: window.closed,
            sends: window.sends,
            target: document.rate.get("target").copied().flatten(),
            window_full: document.ratio.get("window_full").copied().flatten(),
            rows: Vec::new(),
            disturbed: Nanos::from_secs_f64(window.disturbed_s),
            disturbed_spans: disturbed.collect(),
        };
        Ok(GateInput {
            names: names(document),
            measured: Cow::Owned(measured),
            mo: document.measured_rows().map(|row| row.mo).sum(),
            cells: Cells::Groups(groups(document)?),
            whole: Cow::Owned(whole(document)?),
            rows: Cow::Owned(self.rows()),
            workers: 1,
            load_ended: Nanos::from_secs_f64(window.to_s),
            observed: judge::in_order(&observed(document), &document.observe),
            cut_reason: window.cut_reason.as_deref().map(|why| Cow::Owned(CutReason::from(why))),
            events: Cow::Owned(document.events.clone()),
            through: through(document)?,
            outcome: document.verdict.outcome,
            limiter: document.verdict.limiter,
            harness: document.verdict.harness.state,
        })
    }

    fn rows(&self) -> Vec<IntervalRow> {
        let mut seconds: Vec<&Second> = self.seconds.iter().flatten().collect();
        seconds.sort_by_key(|second| second.at);
        let kept = |at: Nanos, metric: Metric| {
            let first = seconds.partition_point(|s| s.at.0 + SLACK_NS <= at.0);
            let near = seconds[first..].iter().take_while(|s| s.at.0 < at.0 + SLACK_NS);
            near.filter_map(|s| s.latency(metric)).next()
        };
        let rows = self.document.intervals.iter().map(|r| {
            let at = Nanos::from_secs_f64(r.t_s);
            // a share over all threads: as if of one
            let window_full_ns = (r.window_full_ratio * r.length_s * 1e9) as u64;
            let gauges = Gauges { window_full_ns, ..Gauges::default() };
            let censored = |metric: Metric| match metric {
                Metric::Response | Metric::Service => r.response_censored,
                Metric::Receipt | Metric::ReceiptFromWrite | Metric::ReceiptAfterResponse => {
                    r.receipt_censored
                }
                _ => 0,
            };
            let kept = ROW_METRICS.map(|metric| (kept(at, metric), censored(metric)));
            IntervalRow::of(
                at,
                Nanos::from_secs_f64(r.length_s),
                None,
                r.counters(),
                gauges,
                r.mo,
                &kept,
            )
        });
        rows.collect()
    }
}

fn names(document: &Document) -> Names {
    let groups = |by: &str| -> Vec<String> {
        document.groups.iter().filter(|g| g.by == by).map(|g| g.name.clone()).collect()
    };
    let stages = document.stages.iter().map(|s| StageSpan {
        name: s.name.clone(),
        from: Nanos::from_secs_f64(s.from_s),
        to: Nanos::from_secs_f64(s.to_s),
        measure: s.measure,
    });
    let mut events: Vec<String> = Vec::new();
    for row in &document.events {
        if !events.contains(&row.name) {
            events.push(row.name.clone());
        }
    }
    Names {
        accounts: groups("account"),
        labels: groups("label"),
        stages: stages.collect(),
        observed: observed(document),
        events,
    }
}

/// The observed series as (source, series).
fn observed(document: &Document) -> Vec<(String, String)> {
    document.observe.iter().map(|o| (o.name.clone(), o.series.clone())).collect()
}

/// The cells of accounts, labels and stages, in the order of their [`names`].
fn groups(document: &Document) -> Result<Vec<(judge::Group, CellInterval)>, HistogramError> {
    type Kind = (&'static str, fn(u16) -> judge::Group);
    const KINDS: [Kind; 2] = [("account", judge::Group::Account), ("label", judge::Group::Label)];
    let mut all = Vec::new();
    let mut add = |group, of: &Group| -> Result<(), HistogramError> {
        all.push((group, cell(document, &of.measured, &of.latency)?));
        Ok(())
    };
    for (by, group) in KINDS {
        let of_kind = document.groups.iter().filter(|g| g.by == by);
        (0u16..).zip(of_kind).try_for_each(|(number, of)| add(group(number), of))?;
    }
    for (number, stage) in (0u16..).zip(&document.stages) {
        let of = document.groups.iter().find(|g| g.by == "stage" && g.name == stage.name);
        of.map_or(Ok(()), |of| add(judge::Group::Stage(number), of))?;
    }
    Ok(all)
}

/// What happened inside the gateway. None: the run was through none.
fn through(document: &Document) -> Result<Option<ThroughFigures>, HistogramError> {
    let Some(through) = &document.through else { return Ok(None) };
    let mut figures = ThroughFigures { times: Default::default(), ratios: Default::default() };
    for (row, time) in TRANSITS.iter().zip(&mut figures.times) {
        *time = distribution(&document.run.id, &document.latency.through, row.name)?;
    }
    // a run of an earlier version has the counts of every share, and not every share
    for (ratio, value) in ThroughRatio::ALL.iter().zip(&mut figures.ratios) {
        *value = ratio.share(through.books());
    }
    Ok(Some(figures))
}

fn whole(document: &Document) -> Result<Vec<Latency>, HistogramError> {
    let empty = || Latency::new(LatencyRange::for_deadline(Nanos::ZERO));
    let rows = LATENCY_METRICS.iter().filter(|row| !row.per_message);
    rows.map(|row| {
        let found = distribution(&document.run.id, &document.latency, row.name)?;
        Ok(found.unwrap_or_else(empty))
    })
    .collect()
}

fn cell(
    document: &Document,
    counters: &Table<u64>,
    latency: &Table<Option<LatencyRow>>,
) -> Result<CellInterval, HistogramError> {
    let mut cell = CellInterval::new(LatencyRange::for_deadline(Nanos::ZERO));
    for (name, count) in counters.iter() {
        // a counter that this build does not know no gate can ask for
        cell.tally.set(name, *count);
    }
    for row in LATENCY_METRICS.iter().filter(|row| row.per_message) {
        if let Some(found) = distribution(&document.run.id, latency, row.name)? {
            cell.latency[row.metric as usize] = found;
        }
    }
    Ok(cell)
}
