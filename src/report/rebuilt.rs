//! A saved run as the gates take it: a plan, a record and a judgement with what gates ask of them, and nothing more. Groups of
//! a document overlap (an account and a label count the same messages), so each has a cell of its own here, under numbers
//! that no sum over another group meets.
use super::Saved;
use super::document::{Document, Table};
use super::evidence::distribution;
use super::saved::Second;
use crate::judge::{self, Judgement, Measured};
use crate::kit::{HostUse, Nanos};
use crate::measure::{
    CellInterval, CellKey, CutReason, Gauges, IntervalRow, LATENCY_METRICS, LatencyRange, Metric,
    ROW_METRICS, RunRecord, Tally,
};
use crate::plan::{self, Overrides, Plan, Shape, Source, Stage};
use serde_json::Value;

/// What gates are decided on.
#[derive(Debug)]
pub struct Rebuilt {
    /// Names of accounts, labels and stages; the gates.
    pub plan: Plan,
    /// Cells and rows.
    pub record: RunRecord,
    /// The measured part, and the words of the verdict.
    pub judgement: Judgement,
}

/// A row and its distributions name the same start within this: the log has milliseconds.
const SLACK_NS: u64 = 1_000_000;
/// In a key: of no account, or of no label.
const NONE: u16 = u16::MAX;

impl Saved {
    /// Makes it ready for `gates`. Gates that speak of spans (`for`) need the distributions of each second.
    ///
    /// # Errors
    /// One line: what is missing or does not read.
    pub fn rebuild(&self, gates: Vec<(String, Value)>) -> Result<Rebuilt, String> {
        let document = &self.document;
        let id = &document.run.id;
        if document.measured.0.is_empty() {
            return Err(format!("{id}: saved without the counters that gates need; run it again"));
        }
        if self.seconds.is_none() && gates.iter().any(|(_, gate)| gate.get("for").is_some()) {
            return Err(format!(
                "{id}: a gate with `for` needs the distributions of each second: name the run folder that holds latency.hlog"
            ));
        }
        let plan = plan_of(document, gates)?;
        let record = self.record(&plan)?;
        let whole = cell(document, &document.measured, &document.latency)?;
        let host = HostUse::default();
        let mut judgement = judge::judge(&plan, &record, &host);
        let window = &document.window;
        judgement.measured = Measured {
            cell: whole,
            from: nanos(window.from_s),
            to: nanos(window.to_s),
            time: nanos(window.measured_s.unwrap_or(window.to_s - window.from_s)),
            closed: window.closed,
            sends: window.sends,
            target: figure(&document.rate, "target"),
            window_full: figure(&document.ratio, "window_full"),
            rows: judgement.measured.rows.clone(),
        };
        judgement.health.state = document.verdict.harness.state;
        judgement.outcome = document.verdict.outcome;
        judgement.limiter = document.verdict.limiter;
        Ok(Rebuilt { plan, record, judgement })
    }

    fn record(&self, plan: &Plan) -> Result<RunRecord, String> {
        let document = &self.document;
        let mut record = RunRecord::new(LatencyRange::for_deadline(Nanos::ZERO), 0);
        record.load_ended = nanos(document.window.to_s);
        record.ended = nanos(document.run.duration_s);
        record.cut_reason = document.window.cut_reason.as_deref().map(CutReason::from);
        // measured, and no stage of the plan: where accounts and labels count
        let aside = (plan.stages.len() - 1) as u16;
        for group in &document.groups {
            let place = |names: Vec<&str>| names.iter().position(|n| *n == group.name);
            let key = match group.by.as_str() {
                "account" => place(plan.accounts.iter().map(|a| a.name.as_str()).collect())
                    .map(|n| CellKey { stage: aside, account: n as u16, label: NONE }),
                "label" => place(plan.messages.iter().map(|m| m.label.as_str()).collect())
                    .map(|n| CellKey { stage: aside, account: NONE, label: n as u16 }),
                "stage" => place(document.stages.iter().map(|s| s.name.as_str()).collect())
                    .map(|n| CellKey { stage: n as u16, account: NONE, label: NONE }),
                _ => None,
            };
            if let Some(key) = key {
                let cell = cell(document, &group.measured, &group.latency)?;
                record.cells.push((key, cell));
            }
        }
        for row in LATENCY_METRICS.iter().filter(|row| !row.per_message) {
            if let Some(latency) = distribution(&document.run.id, &document.latency, row.name)? {
                record.whole[row.metric as usize - Metric::PER_MESSAGE_COUNT].merge(&latency);
            }
        }
        record.intervals = self.rows(plan).into();
        Ok(record)
    }

    fn rows(&self, plan: &Plan) -> Vec<IntervalRow> {
        let mut seconds: Vec<&Second> = self.seconds.iter().flatten().collect();
        seconds.sort_by_key(|second| second.at);
        let kept = |at: Nanos, metric: Metric| {
            let first = seconds.partition_point(|s| s.at.0 + SLACK_NS <= at.0);
            let near = seconds[first..].iter().take_while(|s| s.at.0 < at.0 + SLACK_NS);
            near.filter_map(|s| s.latency(metric)).next()
        };
        let rows = self.document.intervals.iter().map(|r| {
            let at = nanos(r.t_s);
            let stage = r.stage.as_ref().and_then(|name| {
                plan.stages.iter().position(|s| s.name == *name).map(|n| n as u16)
            });
            let tally = Tally {
                planned: r.scheduled,
                written: r.written,
                accepted: r.accepted,
                rejected: r.rejected,
                throttled: r.throttled,
                timed_out: r.timed_out,
                lost: r.lost,
                receipts_expected: r.receipts_expected,
                receipts_final: r.receipts,
                receipts_missing: r.receipts_missing,
                receipts_untracked: r.receipts_untracked,
                receipts_ambiguous: r.receipts_ambiguous,
                ..Tally::default()
            };
            let gauges = Gauges {
                in_flight: r.in_flight,
                backlog: r.backlog,
                awaited: r.awaited,
                sessions_up: r.sessions_up,
                window_full_ns: (r.window_full_ratio * r.length_s * 1e9) as u64,
                ..Gauges::default()
            };
            let censored = |metric: Metric| match metric {
                Metric::Response | Metric::Service => r.response_censored,
                Metric::Receipt | Metric::ReceiptFromWrite | Metric::ReceiptAfterResponse => {
                    r.receipt_censored
                }
                _ => 0,
            };
            let kept = ROW_METRICS.map(|metric| (kept(at, metric), censored(metric)));
            IntervalRow::of(at, nanos(r.length_s), stage, tally, gauges, r.mo, &kept)
        });
        rows.collect()
    }
}

fn nanos(seconds: f64) -> Nanos {
    Nanos((seconds.max(0.0) * 1e9).round() as u64)
}

fn figure(table: &Table<Option<f64>>, name: &str) -> Option<f64> {
    table.get(name).copied().flatten()
}

fn cell(
    document: &Document,
    counters: &Table<u64>,
    latency: &Table<Option<super::document::LatencyRow>>,
) -> Result<CellInterval, String> {
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

/// The names that gates may speak of. One more stage, which is measured and has no length, holds what is no stage's.
fn plan_of(document: &Document, gates: Vec<(String, Value)>) -> Result<Plan, String> {
    let text = "[target]\naddress = \"embedded\"\n".to_owned();
    let source = Source::Text { name: document.run.id.clone(), text };
    let mut plan = plan::load(&source, &Overrides::default()).map_err(|e| e.to_string())?;
    let names = |by: &str| -> Vec<String> {
        document.groups.iter().filter(|g| g.by == by).map(|g| g.name.clone()).collect()
    };
    let account = plan.accounts[0].clone();
    plan.accounts = names("account")
        .into_iter()
        .map(|name| plan::Account { name, ..account.clone() })
        .collect();
    let message = plan.messages[0].clone();
    plan.messages = names("label")
        .into_iter()
        .map(|label| plan::Message { label, ..message.clone() })
        .collect();
    let stage = |name: &str, from: f64, to: f64, measure: bool| Stage {
        name: name.to_owned(),
        shape: Shape::Max,
        length: nanos(to - from),
        measure,
    };
    plan.stages =
        document.stages.iter().map(|s| stage(&s.name, s.from_s, s.to_s, s.measure)).collect();
    plan.stages.push(stage("", 0.0, 0.0, true));
    plan.gates = gates;
    plan.name.clone_from(&document.run.name);
    Ok(plan)
}
