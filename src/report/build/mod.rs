//! A run that has just ended becomes a [`Document`]: the one place that reads plan, record and judgement for a
//! report. Addresses and texts are masked here, so that nothing that is made of a document can show them.
mod figures;
mod fleet;
mod groups;
mod intervals;
mod ledger;
mod through;
mod transport;

use super::Run;
use super::document::{
    Congestion, Document, FirstThrottle, IntervalRow, Latencies, ManualRateChange, Outage,
    RunFacts, SCHEMA, State, Table, TimeSpan, Tool, Verdict, Window,
};
use super::escape::{mask_pdu, mask_profile};
use crate::judge::{RecoverySummary, Scope};
use crate::kit::{Nanos, utc_rfc3339, words};
use crate::measure::{Anomaly, CongestionStates, Messages, RunRecord};
use crate::plan::Account;

impl Document {
    /// The document of a run.
    pub fn of(run: &Run<'_>) -> Document {
        Document { intervals: Document::rows(run).collect(), ..Document::without_rows(run) }
    }

    /// The rows of a run's document, each made as it is asked for.
    pub fn rows<'r>(run: &'r Run<'_>) -> impl Iterator<Item = IntervalRow> + 'r {
        intervals::intervals(run)
    }

    /// The document of a run without its rows.
    pub fn without_rows(run: &Run<'_>) -> Document {
        let (record, judgement) = (run.record, run.judgement);
        let measured = &judgement.measured;
        let whole = record.sum(|_| true);
        let scope = Scope::whole(measured, measured.mo(record));
        Document {
            schema: SCHEMA.to_owned(),
            state: if record.cut_reason.is_some() { State::Partial } else { State::Complete },
            tool: Tool {
                name: "smppbench".to_owned(),
                version: run.version.to_owned(),
                commit: run.commit.map(str::to_owned),
            },
            run: facts(run),
            profile: if run.show_content { run.profile.clone() } else { mask_profile(run.profile) },
            environment: transport::environment(run),
            window: window(run),
            verdict: Verdict::from(judgement),
            ledger: ledger::whole(record, &whole, judgement.books.balanced),
            measured: figures::counters(measured.tally()),
            messages: messages(run),
            rate: figures::figures("rate", &scope),
            ratio: ratios(record, &scope),
            statuses: figures::statuses(&whole.statuses),
            anomalies: anomalies(run),
            outages: outages(record),
            events: judgement.events.clone(),
            recoveries: RecoverySummary::all(&judgement.events),
            through: through::through(record, run.show_content),
            latency: Latencies {
                metrics: figures::latencies(judgement, record),
                through: through::times(record),
            },
            groups: groups::all(run),
            stages: intervals::stages(run),
            intervals: Vec::new(),
            hours: intervals::hours(record),
            sessions: intervals::sessions(run),
            gates: run.gates.to_vec(),
            operator: operator(record),
            first_throttle: first_throttle(record),
            congestion: congestion(record),
            outages_more: record.outages_more,
            tally: run.tally.cloned(),
            books: judgement.books.failures.clone(),
            notes: judgement.notes.clone(),
            warnings: run.warnings.iter().chain(&judgement.warnings).cloned().collect(),
            observe: judgement.observed.clone(),
            drift: judgement.drift.clone(),
            fleet: record.fleet.as_ref().map(fleet::fleet),
        }
    }
}

/// Shares of one; also of what went wrong inside a gateway, where the run was through one.
fn ratios(record: &RunRecord, scope: &Scope<'_>) -> Table<Option<f64>> {
    let mut ratios = figures::figures("ratio", scope);
    ratios.0.extend(through::ratios(record));
    ratios
}

fn facts(run: &Run<'_>) -> RunFacts {
    RunFacts {
        id: run.id.to_owned(),
        name: run.plan.name.clone(),
        started_at: utc_rfc3339(run.record.started_wall_ns),
        duration_s: run.record.ended.as_secs_f64(),
        target: run.target.to_owned(),
        seed: run.plan.seed,
        repro: run.repro.to_owned(),
        binds: run.plan.accounts.iter().map(binds).collect(),
        folder: run.folder.map(str::to_owned),
    }
}

/// `2 transceivers, window 20`.
fn binds(account: &Account) -> String {
    let binds = &account.binds;
    format!(
        "{}, window {}",
        words::counted(binds.count as u64, binds.bind_type.says()),
        binds.window
    )
}

fn window(run: &Run<'_>) -> Window {
    let measured = &run.judgement.measured;
    Window {
        from_s: measured.from.as_secs_f64(),
        to_s: measured.to.as_secs_f64(),
        cut_reason: run.record.cut_reason.as_ref().map(ToString::to_string),
        measured_s: Some(measured.time.as_secs_f64()),
        disturbed_s: measured.disturbed.as_secs_f64(),
        disturbed: measured.disturbed_spans.iter().map(|(from, to)| span(*from, *to)).collect(),
        closed: measured.closed,
        sends: measured.sends,
    }
}

fn span(from: Nanos, to: Nanos) -> TimeSpan {
    TimeSpan { from_s: from.as_secs_f64(), to_s: to.as_secs_f64() }
}

/// Whole messages: as counted if some have several parts, else from the ledger (a retried message ended as its last
/// submit_sm did).
fn messages(run: &Run<'_>) -> Messages {
    if run.labels.iter().any(|l| l.parts > 1) {
        return run.record.messages;
    }
    let t = run.record.ledger();
    Messages {
        planned: t.planned,
        complete: t.accepted,
        partial: 0,
        failed: t.planned.saturating_sub(t.accepted),
        delivered: t.by_state[2],
    }
}

/// When the SMSC first throttled, and how much was sent in that second; None: it never did.
fn first_throttle(record: &RunRecord) -> Option<FirstThrottle> {
    let row = record.intervals.iter().find(|row| row.tally.throttled > 0)?;
    let rate = row.tally.written as f64 / row.length.as_secs_f64();
    Some(FirstThrottle { at_s: row.at.as_secs_f64(), rate })
}

/// What responses said of the load of the SMSC; None: nothing.
fn congestion(record: &RunRecord) -> Option<Congestion> {
    let mut all = CongestionStates::default();
    record.intervals.iter().for_each(|row| all.merge(&row.congestion));
    Some(Congestion {
        responses: all.count,
        mean: all.mean()?,
        max: all.max()?,
        pauses: all.pauses,
    })
}

/// Rate changes by the operator.
fn operator(record: &RunRecord) -> Vec<ManualRateChange> {
    let changes = record.rate_changes.iter();
    changes
        .map(|change| ManualRateChange {
            t_s: change.at.as_secs_f64(),
            what: format!("rate {} % of the plan", change.percent),
            factor: f64::from(change.percent) / 100.0,
        })
        .collect()
}

fn anomalies(run: &Run<'_>) -> Vec<Anomaly> {
    let shown = |hex: &str| {
        let hex = without_known_passwords(run, hex);
        if run.show_content { hex } else { mask_pdu(&hex) }
    };
    let all = run.record.anomalies.iter();
    all.map(|a| Anomaly {
        kind: a.kind.clone(),
        count: a.count,
        example_hex: shown(&a.example_hex),
    })
    .collect()
}

/// The example without the passwords of this run. Binds are masked already, but a peer may echo a password in other
/// octets. Passwords of fewer than 4 octets are left: they may occur by chance.
fn without_known_passwords(run: &Run<'_>, hex: &str) -> String {
    let mut hex = hex.to_owned();
    for account in run.plan.accounts.iter().filter(|a| a.password.0.len() >= 4) {
        let password: String = account.password.0.bytes().map(|o| format!("{o:02x}")).collect();
        let mut from = 0;
        while let Some(found) = hex.get(from..).and_then(|rest| rest.find(&password)) {
            let at = from + found;
            if at % 2 == 0 {
                hex.replace_range(at..at + password.len(), &"2a".repeat(password.len() / 2));
            }
            from = at + 1;
        }
    }
    hex
}

fn outages(record: &RunRecord) -> Vec<Outage> {
    let all = record.outages.iter();
    all.map(|o| Outage {
        session: o.session,
        from_s: o.from.as_secs_f64(),
        to_s: o.to.map(Nanos::as_secs_f64),
        cause: o.cause.to_string(),
        lost: o.lost,
        attempts: o.attempts,
    })
    .collect()
}
