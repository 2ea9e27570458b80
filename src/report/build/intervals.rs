//! The run over time, by stage and by session.
use super::super::Run;
use super::super::document::{Hour, IntervalRow, SessionRow, StageRow, Table};
use super::{through, transport};
use crate::judge::{stage_spans, statistics};
use crate::kit::{Nanos, words::rate};
use crate::measure::{self, Counters, DisturbedTime, Latency, LatencyRange, Metric, RunRecord};
use crate::plan::Shape;
use crate::smpp::CommandStatus;

/// The stages of the plan with their figures.
pub(super) fn stages(run: &Run<'_>) -> Vec<StageRow> {
    let (plan, record) = (run.plan, run.record);
    let spans = stage_spans(plan);
    let rows = plan.stages.iter().zip(spans).enumerate().map(|(number, (stage, (from, to)))| {
        let cell = record.sum(|k| usize::from(k.stage) == number);
        let undisturbed = record.sum(|k| usize::from(k.stage) == number && !k.disturbed);
        let service = |q| {
            let latency = undisturbed.metric(Metric::Service);
            statistics::quantile(latency, q).value.map(|n| n.0)
        };
        StageRow {
            name: stage.name.clone(),
            rate: stage.shape.brief(&|r| rate(r.as_f64()), " to "),
            from_s: from.as_secs_f64(),
            to_s: to.as_secs_f64(),
            measure: stage.measure,
            ran_s: to.min(record.load_ended).since(from).as_secs_f64(),
            written: cell.tally.written,
            accepted: cell.tally.accepted,
            rejected: cell.tally.rejected,
            service_p50_ns: service(0.5),
            service_p99_ns: service(0.99),
        }
    });
    rows.collect()
}

/// Row by row.
pub(super) fn intervals<'r>(run: &'r Run<'_>) -> impl Iterator<Item = IntervalRow> + 'r {
    run.record.intervals.iter().map(|row| interval(run, row))
}

fn interval(run: &Run<'_>, row: &measure::IntervalRow) -> IntervalRow {
    let (plan, t) = (run.plan, &row.tally);
    let workers = run.record.workers.len().max(1) as f64;
    let full = row.gauges.window_full_ns as f64 / (row.length.0.max(1) as f64 * workers);
    let stage = row.stage.and_then(|n| plan.stages.get(usize::from(n))).map(|s| s.name.clone());
    let shape = row.stage.and_then(|n| plan.stages.get(usize::from(n))).map(|s| &s.shape);
    let is_closed = shape.is_some_and(Shape::is_closed);
    let statuses = row.statuses.iter();
    IntervalRow {
        t_s: row.at.as_secs_f64(),
        length_s: row.length.as_secs_f64(),
        stage,
        event: disturbed_by(run, row),
        // a closed loop has no schedule: the started messages count
        scheduled: if is_closed { t.planned } else { row.scheduled },
        written: t.written,
        accepted: t.accepted,
        rejected: t.rejected,
        throttled: t.throttled,
        answered: t.answered(),
        receipts: t.receipts_final,
        receipts_missing: t.receipts_missing,
        receipts_expected: t.receipts_expected,
        receipts_untracked: t.receipts_untracked,
        receipts_ambiguous: t.receipts_ambiguous,
        response_censored: row.response.censored,
        receipt_censored: row.receipt.censored,
        mo: row.mo,
        timed_out: t.timed_out,
        lost: t.lost,
        in_flight: row.gauges.in_flight,
        backlog: row.gauges.backlog,
        awaited: row.gauges.awaited,
        sessions_up: row.gauges.sessions_up,
        window_full_ratio: full.min(1.0),
        cpu_worst: row.cpu_worst,
        statuses: statuses.map(|(code, n)| (CommandStatus(*code).to_string(), n)).collect(),
        anomalies: row.anomalies.iter().cloned().collect(),
        response_p50_ns: row.response.p50(),
        response_p90_ns: row.response.p90(),
        response_p99_ns: row.response.p99(),
        response_max_ns: row.response.max(),
        service_p50_ns: row.service.p50(),
        service_p99_ns: row.service.p99(),
        receipt_p50_ns: row.receipt.p50(),
        receipt_p99_ns: row.receipt.p99(),
        receipt_max_ns: row.receipt.max(),
        harness_lag_p99_ns: row.harness_lag.p99(),
        write_wait_p99_ns: row.write_wait.p99(),
        congestion_mean: row.congestion.mean(),
        congestion_max: row.congestion.max(),
        observe: observed(run.record, row),
        through: through::between(run.record, row.at, row.at + row.length),
    }
}

/// The means of the observed series in a row; a series without a value in it is left out.
fn observed(record: &RunRecord, row: &measure::IntervalRow) -> Table<f64> {
    let all = record.observed.series.iter();
    all.filter_map(|series| {
        let mean = series.mean_between(row.at, row.at + row.length)?;
        Some((format!("{}.{}", series.source, series.series), mean))
    })
    .collect()
}

/// The name of the last event that began before the end of a row, where the row is disturbed.
fn disturbed_by(run: &Run<'_>, row: &measure::IntervalRow) -> Option<String> {
    let (record, end) = (run.record, row.at + row.length);
    let disturbed = record.disturbed.iter().any(|(from, to)| row.at < *to && end > *from);
    let begun = |o: &&measure::EventOccurrence| DisturbedTime::start_of(o.from) < end;
    let last = record.events.iter().filter(begun).max_by_key(|o| o.from).filter(|_| disturbed)?;
    run.plan.events.get(usize::from(last.event)).map(|event| event.name.clone())
}

const HOUR: Nanos = Nanos::from_secs(3_600);

/// By hour, where the run was longer than one. A row belongs to the hour in which it starts.
pub(super) fn hours(record: &RunRecord) -> Vec<Hour> {
    let rows = &record.intervals;
    let end = rows.last().map_or(Nanos::ZERO, |row| row.at + row.length);
    if end <= HOUR {
        return Vec::new();
    }
    rows.chunk_by(|a, b| a.at.0 / HOUR.0 == b.at.0 / HOUR.0)
        .map(|hour| one_hour(hour, record.range))
        .collect()
}

fn one_hour(rows: &[measure::IntervalRow], range: LatencyRange) -> Hour {
    let coarse = LatencyRange { max: range.max, digits: 2 };
    let mut tally = Counters::default();
    rows.iter().for_each(|row| tally.merge(&row.tally));
    let from = rows.first().map_or(Nanos::ZERO, |row| row.at);
    let to = rows.last().map_or(Nanos::ZERO, |row| row.at + row.length);
    let merged = |metric| {
        let mut all = Latency::new(coarse);
        rows.iter().for_each(|row| all.merge(&row.open(metric, coarse)));
        all
    };
    let (response, service) = (merged(Metric::Response), merged(Metric::Service));
    let receipt = merged(Metric::Receipt);
    let at = |latency: &Latency, q| statistics::quantile(latency, q).value.map(|n| n.0);
    let time = to.since(from).as_secs_f64();
    Hour {
        from_s: from.as_secs_f64(),
        to_s: to.as_secs_f64(),
        written: tally.written,
        accepted: tally.accepted,
        rejected: tally.rejected,
        receipts: tally.receipts_final,
        receipts_missing: tally.receipts_missing,
        accepted_per_s: if time > 0.0 { tally.accepted as f64 / time } else { 0.0 },
        response_p50_ns: at(&response, 0.5),
        response_p99_ns: at(&response, 0.99),
        service_p50_ns: at(&service, 0.5),
        service_p99_ns: at(&service, 0.99),
        receipt_p50_ns: at(&receipt, 0.5),
        receipt_p99_ns: at(&receipt, 0.99),
    }
}

/// Session by session, by number.
pub(super) fn sessions(run: &Run<'_>) -> Vec<SessionRow> {
    let accounts = &run.plan.accounts;
    let mut sessions: Vec<&measure::SessionRecord> = run.record.sessions.iter().collect();
    sessions.sort_by_key(|s| s.id);
    let rows = sessions.into_iter().map(|s| {
        let response = |q| s.response.as_ref().and_then(|l| l.quantile(q)).map(|n| n.0);
        SessionRow {
            id: s.id,
            account: accounts.get(usize::from(s.account)).map(|a| a.name.clone()),
            role: s.role.clone(),
            state: s.state.clone(),
            written: s.written,
            accepted: s.accepted,
            rejected: s.rejected,
            delivered: s.delivered,
            response_p50_ns: response(0.5),
            response_p99_ns: response(0.99),
            reconnects: s.reconnects,
            congestion_state: s.congestion_state,
            tcp: s.transport.as_ref().map(transport::session),
        }
    });
    rows.collect()
}
