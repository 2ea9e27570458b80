//! Tables of what happened and where: stages, hours, groups, statuses, anomalies, outages, the operator, the
//! machine and the profile.
use super::headline::{duration, is_shown};
use super::parts::{Cell, Grid, Section};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::Document;
use serde_json::Value;

/// More rows of one kind than a person reads; the rest stand in result.json.
const ROWS_MAX: usize = 60;

fn dash(ns: Option<u64>) -> Cell {
    Cell::new(ns.map_or("–".to_owned(), duration))
}

/// `note` where rows were left out.
fn cut(grid: &mut Grid, all: usize) {
    if all > ROWS_MAX {
        grid.note = format!(
            "The first {ROWS_MAX} of {}; result.json holds them all.",
            words::count(all as u64)
        );
    }
}

pub(super) fn statuses(d: &Document) -> Option<Grid> {
    let header = ["command_status", "code", "answers", "share"];
    let mut grid = Grid::new("status-table", "Answers by command_status", &header);
    let total = d.statuses.iter().map(|s| s.count).sum::<u64>().max(1) as f64;
    let mut rows: Vec<_> = d.statuses.iter().collect();
    rows.sort_by_key(|s| std::cmp::Reverse(s.count));
    for status in rows.iter().take(ROWS_MAX) {
        let name = status.name.clone().unwrap_or_else(|| "not in the specification".to_owned());
        grid.row([
            Cell::new(name),
            Cell::classed(
                status.code.map_or(String::new(), |code| format!("0x{code:08X}")),
                "left run",
            ),
            words::count(status.count).into(),
            words::percent(status.count as f64 / total).into(),
        ]);
    }
    cut(&mut grid, rows.len());
    grid.filled()
}

pub(super) fn anomalies(d: &Document) -> Option<Grid> {
    let mut grid = Grid::new("anomalies", "Anomalies", &["kind", "count", "first of its kind"]);
    for anomaly in d.anomalies.iter().take(ROWS_MAX) {
        const HEX_SHOWN: usize = 96;
        let mut hex: String = anomaly.example_hex.chars().take(HEX_SHOWN).collect();
        if anomaly.example_hex.chars().count() > HEX_SHOWN {
            hex.push('…');
        }
        let example = Cell::classed(hex, "left code");
        grid.row([Cell::new(&anomaly.kind), words::count(anomaly.count).into(), example]);
    }
    cut(&mut grid, d.anomalies.len());
    grid.filled()
}

pub(super) fn outages(d: &Document) -> Option<Grid> {
    let header = ["session", "from", "for", "cause", "lost", "attempts to bind again"];
    let mut grid = Grid::new("outages", "Outages", &header);
    for outage in d.outages.iter().take(ROWS_MAX) {
        let length = outage.to_s.map_or("good".to_owned(), |to| {
            words::duration(((to - outage.from_s).max(0.0) * 1e9) as u64)
        });
        grid.row([
            Cell::new(outage.session.to_string()),
            Cell::new(words::seconds(outage.from_s)),
            Cell::new(length),
            Cell::words(&outage.cause),
            words::count(outage.lost).into(),
            words::count(u64::from(outage.attempts)).into(),
        ]);
    }
    cut(&mut grid, d.outages.len());
    if d.outages_more > 0 {
        let more = words::count(d.outages_more);
        grid.note = format!("{} {more} more were only counted.", grid.note);
    }
    grid.filled()
}

pub(super) fn agents(d: &Document) -> Option<Grid> {
    let header =
        ["agent", "host", "workers", "sessions", "clock known to", "state", "lost", "not sent"];
    let mut grid = Grid::new("agents", "Agents", &header);
    let agents = d.fleet.as_ref().map(|fleet| &fleet.agents[..]).unwrap_or_default();
    for agent in agents.iter().take(ROWS_MAX) {
        let state = match (&agent.lost_why, agent.lost_at_s) {
            (Some(why), Some(at)) => format!("{why} at {}", words::seconds(at)),
            (_, _) => agent.state.clone(),
        };
        let clock = agent.clock.before.as_ref().map(|fix| fix.uncertainty_ns);
        grid.row([
            Cell::words(&agent.name),
            Cell::words(agent.host.as_deref().unwrap_or("–")),
            words::count(u64::from(agent.workers)).into(),
            words::count(agent.sessions).into(),
            dash(clock),
            Cell::words(&state),
            words::count(agent.lost).into(),
            words::count(agent.unsent).into(),
        ]);
    }
    cut(&mut grid, agents.len());
    grid.filled()
}

pub(super) fn stages(d: &Document) -> Option<Grid> {
    let header = [
        "stage",
        "rate",
        "from",
        "to",
        "measured",
        "written",
        "accepted",
        "rejected",
        "service p50",
        "p99",
    ];
    let mut grid = Grid::new("stages", "Stages", &header);
    let headline = d.verdict.allows_headline();
    for stage in d.stages.iter().take(ROWS_MAX) {
        grid.row([
            Cell::new(&stage.name),
            Cell::words(&stage.rate),
            Cell::new(words::seconds(stage.from_s)),
            Cell::new(words::seconds(stage.to_s)),
            Cell::new(if stage.measure { "yes" } else { "no" }),
            words::count(stage.written).into(),
            words::count(stage.accepted).into(),
            words::count(stage.rejected).into(),
            dash(stage.service_p50_ns.filter(|_| headline)),
            dash(stage.service_p99_ns.filter(|_| headline)),
        ]);
    }
    cut(&mut grid, d.stages.len());
    grid.filled()
}

pub(super) fn operator(d: &Document) -> Option<Grid> {
    let header = ["at", "what the operator did", "of the plan's rate"];
    let mut grid = Grid::new("operator", "Changes by hand", &header);
    for change in d.operator.iter().take(ROWS_MAX) {
        grid.row([
            Cell::new(words::seconds(change.t_s)),
            Cell::words(&change.what),
            Cell::new(words::percent(change.factor)),
        ]);
    }
    cut(&mut grid, d.operator.len());
    grid.filled()
}

pub(super) fn hours(d: &Document) -> Option<Grid> {
    let header = [
        "hour",
        "written",
        "accepted",
        "rejected",
        "accepted a second",
        "receipts",
        "missing",
        "response p50",
        "p99",
        "service p50",
        "p99",
        "receipt p50",
        "p99",
    ];
    let mut grid = Grid::new("hours", "Hour by hour", &header);
    for (number, hour) in d.hours.iter().enumerate() {
        let clock = |s: f64| format!("{}:{:02}", s as u64 / 3600, s as u64 % 3600 / 60);
        grid.row([
            Cell {
                text: (number + 1).to_string(),
                small: format!("{} to {}", clock(hour.from_s), clock(hour.to_s)),
                ..Cell::default()
            },
            words::count(hour.written).into(),
            words::count(hour.accepted).into(),
            words::count(hour.rejected).into(),
            words::rate(hour.accepted_per_s).into(),
            words::count(hour.receipts).into(),
            words::count(hour.receipts_missing).into(),
            dash(hour.response_p50_ns),
            dash(hour.response_p99_ns),
            dash(hour.service_p50_ns),
            dash(hour.service_p99_ns),
            dash(hour.receipt_p50_ns),
            dash(hour.receipt_p99_ns),
        ]);
    }
    grid.note = super::time::caveat(d).to_owned();
    grid.filled()
}

pub(super) fn groups(d: &Document) -> Option<Grid> {
    if !d.verdict.allows_headline() {
        return None;
    }
    let header = [
        "by",
        "name",
        "written",
        "accepted",
        "rejected",
        "receipts",
        "missing",
        "accepted a second",
        "response p50",
        "p99",
        "service p50",
        "p99",
        "refusals p50",
        "p99",
    ];
    let title = "By account, label, stage, coding, parts and status";
    let mut grid = Grid::new("groups", title, &header);
    for group in &d.groups {
        let lines = &group.ledger.lines;
        let at = |metric: Metric, name: &str| {
            let row = group.latency.get(metric.name()).and_then(Option::as_ref);
            dash(row.filter(|_| is_shown(d, metric)).and_then(|row| row.percentile(name).0))
        };
        let rate = group.rate.get("accepted").copied().flatten();
        grid.row([
            Cell::new(&group.by),
            Cell::words(&group.name),
            words::count(lines.written).into(),
            words::count(lines.accepted).into(),
            words::count(lines.rejected).into(),
            words::count(group.ledger.receipts.final_).into(),
            words::count(group.ledger.receipts.missing).into(),
            Cell::new(rate.map_or("–".to_owned(), words::rate)),
            at(Metric::Response, "p50"),
            at(Metric::Response, "p99"),
            at(Metric::Service, "p50"),
            at(Metric::Service, "p99"),
            at(Metric::Rejected, "p50"),
            at(Metric::Rejected, "p99"),
        ]);
    }
    grid.filled()
}

/// Every leaf of a value with its path.
fn leaves(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => {}
        Value::Object(all) => all.iter().for_each(|(key, v)| leaves(&below(key), v, into)),
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(n, v)| leaves(&below(&n.to_string()), v, into));
        }
        Value::String(text) => into.push((path.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => into.push((path.to_owned(), value.to_string())),
    }
}

/// The machine, the profile, and how to run it again.
pub(super) fn run(d: &Document) -> Section {
    let mut section = Section::new("run", "The run");
    let mut grid = Grid::new("environment", "Environment", &["", "value"]);
    let commit = d.tool.commit.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut rows = vec![
        ("run".to_owned(), d.run.id.clone()),
        ("target".to_owned(), d.run.target.clone()),
        ("seed".to_owned(), d.run.seed.to_string()),
        ("smppbench".to_owned(), format!("{}, commit {commit}", d.tool.version)),
    ];
    rows.extend(d.run.folder.iter().map(|f| ("folder".to_owned(), f.clone())));
    leaves("", &d.environment, &mut rows);
    const LEAVES_MAX: usize = 120;
    for (name, value) in rows.into_iter().take(LEAVES_MAX) {
        grid.row([Cell::new(name), Cell::words(value)]);
    }
    section.grids.push(grid);
    section.folded.push(("The command that runs it again".to_owned(), d.run.repro.clone()));
    let profile = serde_json::to_string_pretty(&d.profile).unwrap_or_default();
    section.folded.push(("The profile, resolved".to_owned(), profile));
    section
}
