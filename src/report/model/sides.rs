//! The sides of a comparison: what they are called, what they are, and in one sentence how they differ.
use super::table::{Table, text};
use crate::judge::ThroughRatio;
use crate::judge::compare::{Comparison, MetricComparison, Scale, Verdict};
use crate::report::Saved;

/// How runs of a side are named, and what the sides are then called: a duel and an overhead name their runs so.
const NAMED: [([&str; 2], [&str; 2]); 2] =
    [(["-a", "-b"], ["A", "B"]), (["-direct", "-through"], ["direct", THROUGH])];

/// What the side of an overhead is called that went through the gateway.
pub(super) const THROUGH: &str = "through";

/// What the sides are called, by the names of their runs; else base and candidate.
pub(crate) fn names(comparison: &Comparison) -> [&'static str; 2] {
    let all = |runs: &[String], side: &str| {
        !runs.is_empty()
            && runs.iter().all(|run| {
                let number = run.rsplit_once('-').filter(|(start, _)| start.ends_with(side));
                number.is_some_and(|(_, n)| n.chars().all(|c| c.is_ascii_digit()))
            })
    };
    let are =
        |runs: &[&str; 2]| all(&comparison.base, runs[0]) && all(&comparison.candidate, runs[1]);
    let named = NAMED.iter().find(|(runs, _)| are(runs));
    named.map_or(["base", "candidate"], |(_, sides)| *sides)
}

/// The first settings in which a side differs from the other: `embedded.response.latency = 20ms`; empty: in none.
pub(super) fn settings(comparison: &Comparison, side: usize) -> String {
    const SHOWN: usize = 3;
    let own = comparison.differences.iter().filter_map(|d| {
        let key = d.key.strip_prefix("profile.")?;
        let value = [&d.base, &d.candidate][side].as_deref().unwrap_or("not set");
        Some(format!("{key} = {value}"))
    });
    let own: Vec<String> = own.collect();
    let more = if own.len() > SHOWN { ", …" } else { "" };
    let shown: Vec<&str> = own.iter().take(SHOWN).map(String::as_str).collect();
    shown.join(", ") + more
}

/// `B's receipts take 60 ms longer at p50 (+30 %; 95 % interval +29 % to +31 %).` The clearest change of a metric that
/// counts; None: no metric is better or worse by a known amount.
pub(super) fn sentence(comparison: &Comparison, metrics: &[&MetricComparison]) -> Option<String> {
    let [_, candidate] = names(comparison);
    let owner = match candidate {
        "B" => "B's",
        THROUGH => "Through the gateway,",
        _ => "The candidate's",
    };
    let decided = [Verdict::Worse, Verdict::Better];
    let found = decided.iter().find_map(|verdict| {
        let known = |m: &&&MetricComparison| {
            m.base.is_some() && m.candidate.is_some() && m.change.is_some()
        };
        metrics.iter().filter(|m| m.verdict == *verdict).find(known)
    })?;
    let (base, own) = (found.base?, found.candidate?);
    let by = found.unit.show((own - base).abs());
    let (metric, percentile) = found.name.rsplit_once('.').unwrap_or((&found.name, ""));
    let at = format!(" at {percentile}");
    let counts = ThroughRatio::of_metric(&found.name)
        .and_then(|_| found.base_counts.zip(found.candidate_counts));
    let says = match (metric, own > base, counts) {
        (_, _, Some((base, own))) => {
            format!("{owner} {} is {own}, and was {base}", found.name)
        }
        (_, _, None)
            if found.scale == Scale::Difference || metric == "ratio" || metric == "rate" =>
        {
            let more = if own > base { "higher" } else { "lower" };
            format!("{owner} {} is {by} {more}", found.name)
        }
        (m, longer, None) => {
            let what = match m {
                "response" => "responses take",
                "service" => "responses, from the send, take",
                m if m.starts_with("receipt") => "receipts take",
                m => &format!("{m} takes"),
            };
            format!("{owner} {what} {by} {}{at}", if longer { "longer" } else { "less" })
        }
    };
    let interval = match (found.low, found.high) {
        (Some(low), Some(high)) => {
            format!("; 95 % interval {} to {}", found.says(low), found.says(high))
        }
        _ => String::new(),
    };
    let change = found.says(found.change?);
    Some(format!("{says} ({change}{interval}): {}.", found.verdict.name()))
}

/// Says one thing of a run.
type Fact = fn(&Saved) -> String;

/// What each side is: its target, binds, folder and command, run by run where they differ.
pub(crate) fn sides(comparison: &Comparison, runs: [&[Saved]; 2]) -> Table {
    let [base, candidate] = names(comparison);
    let mut table =
        Table::new("sides-table", "What was compared", &format!(" | <{base} | <{candidate}"));
    let each = |of: Fact| {
        runs.map(|side| {
            let mut all: Vec<String> = side.iter().map(of).filter(|one| !one.is_empty()).collect();
            all.dedup();
            text(all.join("; "))
        })
    };
    let rows: [(&str, Fact); 4] = [
        ("target", |run| run.document.run.target.clone()),
        ("binds", |run| run.document.run.binds.join(" · ")),
        ("folder", |run| run.document.run.folder.clone().unwrap_or_default()),
        ("command", |run| run.document.run.repro.clone()),
    ];
    if runs.iter().any(|side| side.is_empty()) {
        return table;
    }
    for (name, of) in rows {
        let cells = each(of);
        if cells.iter().any(|cell| !cell.to_string().is_empty()) {
            table.row([text(name)].into_iter().chain(cells));
        }
    }
    let own = [0, 1].map(|side| settings(comparison, side));
    if own.iter().any(|settings| !settings.is_empty()) {
        table.row([text("differs in")].into_iter().chain(own.map(text)));
    }
    table
}
