//! What a report says of a comparison.
use super::sides;
use super::summary::{Remark, Summary};
use super::table::{Cell, Table, Tone, Value, text};
use crate::judge::compare::{
    Comparison, MetricComparison, Proportion, Scale, ThroughSides, Verdict,
};
use crate::judge::statistics::SHORTEST_NS;
use crate::judge::{ThroughRatio, Unit};
use crate::kit::words;

/// A comparison, as every format draws it.
pub(crate) struct ComparisonModel {
    pub(crate) top: Summary,
    /// The clearest change in one sentence; empty: there is none.
    pub(crate) sentence: String,
    /// The result in one line.
    pub(crate) headline: String,
    /// (`base`, its runs).
    pub(crate) sides: [(&'static str, String); 2],
    /// Metrics that count for the verdict, and others.
    pub(crate) metrics: [Table; 2],
    /// What went wrong inside the gateway, in counts; empty: not both sides went through one.
    pub(crate) books: Table,
    /// Recoveries of events and observed series, without a verdict.
    pub(crate) beside: Table,
    /// How the change was judged.
    pub(crate) method: String,
    /// The keys in which the sides differ.
    pub(crate) differences: Vec<String>,
    pub(crate) differing: Table,
}

/// The tone of a verdict.
pub(crate) const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Better | Verdict::Equivalent => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::Inconclusive => Tone::Warn,
    }
}

/// The share of what went wrong inside a gateway that a metric is; None: it is none.
fn inside(metric: &MetricComparison) -> Option<ThroughRatio> {
    ThroughRatio::of_metric(&metric.name)
}

/// The metrics of one kind: what a gateway did wrong first, and its times; then receipts, as sides are most often compared for
/// them. What no gateway did wrong is in the table of counts only.
pub(crate) fn of_side(comparison: &Comparison, primary: bool) -> Vec<&MetricComparison> {
    const FIRST: [&str; 4] = ["through", "receipt", "response", "service"];
    let is_shown = |m: &&MetricComparison| inside(m).is_none() || !m.is_zero_on_both_sides();
    let rows = comparison.metrics.iter().filter(|m| m.primary == primary).filter(is_shown);
    let mut all: Vec<&MetricComparison> = rows.collect();
    let place = |m: &MetricComparison| match inside(m) {
        Some(_) => 0,
        None => 1 + FIRST.iter().position(|p| m.name.starts_with(p)).unwrap_or(FIRST.len()),
    };
    all.sort_by_key(|m| place(m));
    all
}

impl ComparisonModel {
    pub(crate) fn of(comparison: &Comparison) -> ComparisonModel {
        let names = sides::names(comparison);
        let counted = [(names[0], &comparison.base), (names[1], &comparison.candidate)];
        let runs = |runs: &[String]| words::counted(runs.len() as u64, "run");
        let headline = headline(comparison);
        let method = method(comparison);
        let mut facts: Vec<String> =
            counted.iter().map(|(side, all)| format!("{side} of {}", runs(all))).collect();
        facts.push(method.clone());
        let what = headline.strip_prefix(comparison.verdict.name()).unwrap_or(&headline);
        let says = |(side, runs): (&str, &Vec<String>)| format!("{side}: {}", runs.join(", "));
        let sentence = sides::sentence(comparison, &of_side(comparison, true)).unwrap_or_default();
        let first = Some(sentence.clone()).filter(|says| !says.is_empty());
        let first = first.map(|says| Remark { tone: tone(comparison.verdict), says });
        let checks = first.into_iter();
        let top = Summary {
            facts,
            tone: tone(comparison.verdict),
            word: match comparison.verdict {
                Verdict::Better => "BETTER",
                Verdict::Equivalent => "EQUIVALENT",
                Verdict::Worse => "WORSE",
                Verdict::Inconclusive => "INCONCLUSIVE",
            },
            what: what.trim_start_matches(": ").to_owned(),
            checks: checks
                .chain(counted.map(|side| Remark { tone: Tone::Plain, says: says(side) }))
                .collect(),
            warnings: comparison.warnings.iter().cloned().chain(one_through(comparison)).collect(),
            notes: remarks(comparison),
            ..Summary::default()
        };
        ComparisonModel {
            top,
            sentence,
            headline,
            sides: [0, 1].map(|place| {
                let (side, all) = counted[place];
                let own = sides::settings(comparison, place);
                let own = if own.is_empty() { own } else { format!("; {own}") };
                (side, format!("{}: {}{own}", runs(all), all.join(", ")))
            }),
            metrics: [true, false].map(|primary| metrics(comparison, primary)),
            books: books(comparison),
            beside: beside(comparison),
            method,
            differences: differences(comparison),
            differing: differing(comparison),
        }
    }
}

fn metrics(comparison: &Comparison, primary: bool) -> Table {
    let (id, title) = if primary {
        ("counted", "Counted for the verdict")
    } else {
        ("besides", "Other metrics, not counted for the verdict")
    };
    let [base, candidate] = sides::names(comparison);
    let header = format!(" | {base} | {candidate} | change | 95 % interval | p | verdict");
    let mut table = Table::new(id, title, &header);
    let row = |m: &&MetricComparison| row(m);
    table.rows = of_side(comparison, primary).iter().map(row).collect();
    table
}

/// That only one side went through a gateway. None: both did, or neither, or the sides are compared for that.
fn one_through(comparison: &Comparison) -> Option<String> {
    let names = sides::names(comparison);
    let side = match comparison.through {
        ThroughSides::Neither | ThroughSides::Both => return None,
        ThroughSides::Base => names[0],
        ThroughSides::Candidate => names[1],
    };
    (side != sides::THROUGH).then(|| {
        format!(
            "only the {side} went through a gateway: its transit times and the books of both sides are not compared"
        )
    })
}

/// What went wrong inside the gateway, in counts.
fn books(comparison: &Comparison) -> Table {
    let [base, candidate] = sides::names(comparison);
    let header = format!(" | {base} | {candidate} | verdict");
    let mut table = Table::new("through-counts", "Inside the gateway, in counts", &header);
    for (ratio, metric) in comparison.metrics.iter().filter_map(|m| Some((inside(m)?, m))) {
        let cell = |counts: Option<Proportion>| {
            let bad = counts.is_some_and(|counts| counts.part > 0);
            let shown =
                counts.map_or_else(|| Value::Unknown.into(), |counts| text(counts.to_string()));
            shown.in_tone(if bad { Tone::Bad } else { Tone::Plain })
        };
        let (base, candidate) = (cell(metric.base_counts), cell(metric.candidate_counts));
        let name = text(ratio.name().replace('_', " ")).with_small(ratio.says());
        table.row([name, base, candidate, verdict(metric)]);
    }
    if !table.is_empty() {
        table.note = "Of all runs of a side together, each over its whole time.".to_owned();
    }
    table
}

/// Figures of whole runs, and how much they differ.
fn beside(comparison: &Comparison) -> Table {
    let [base, candidate] = sides::names(comparison);
    let header = format!(" | {base} | {candidate} | change");
    let mut table = Table::new("not-judged", "Events and observed series, not judged", &header);
    for row in &comparison.beside {
        let value =
            |v: Option<f64>| Cell::from(v.map_or(Value::Unknown, |v| Value::Figure(v, row.unit)));
        let change = match (row.base, row.candidate) {
            (Some(base), Some(candidate)) if base == candidate => text("equal"),
            (Some(base), Some(candidate)) if base > 0.0 => {
                text(format!("{:+.1} %", (candidate / base - 1.0) * 100.0))
            }
            _ => Value::Unknown.into(),
        };
        table.row([text(&row.name), value(row.base), value(row.candidate), change]);
    }
    if !table.is_empty() {
        table.note =
            "Means over the runs of a side; recovery: the median over its repeats.".to_owned();
    }
    table
}

fn row(m: &MetricComparison) -> Vec<Cell> {
    let value = |v: Option<f64>| match v {
        // the ratio needs a figure, and 0 is none
        Some(ns) if m.unit == Unit::Nanoseconds && ns <= SHORTEST_NS => {
            text(format!("≤ {}", words::duration(SHORTEST_NS as u64)))
        }
        v => Cell::from(v.map_or(Value::Unknown, |v| Value::Figure(v, m.unit))),
    };
    let interval = match (m.low, m.high) {
        (Some(low), Some(high)) => format!("{} to {}", m.says(low), m.says(high)),
        // a bound beyond all figures says "more than" itself
        (Some(low), None) if m.says(low).starts_with("more than") => m.says(low),
        // a fall by all of it or less: that is anything
        (Some(low), None) if m.scale == Scale::Ratio && low < 0.001 => "unknown".to_owned(),
        (Some(low), None) => format!("at least {}", m.says(low)),
        (None, Some(high)) => format!("at most {}", m.says(high)),
        (None, None) => "unknown".to_owned(),
    };
    let p = |p: f64| if p < 0.001 { text("< 0.001") } else { text(format!("{p:.3}")) };
    let unknown = || Cell::from(Value::Unknown);
    vec![
        text(&m.name).with_small(m.note.clone().unwrap_or_default()),
        value(m.base),
        value(m.candidate),
        if m.is_zero_on_both_sides() {
            text("equal")
        } else {
            m.change.map_or_else(unknown, |v| text(m.says(v)))
        },
        text(interval),
        m.p_holm.map_or_else(unknown, p),
        verdict(m),
    ]
}

fn verdict(m: &MetricComparison) -> Cell {
    match m.verdict {
        _ if m.is_zero_on_both_sides() => text("equal"),
        verdict @ Verdict::Equivalent => text(verdict.name()),
        verdict @ (Verdict::Better | Verdict::Worse | Verdict::Inconclusive) => {
            text(verdict.name()).in_tone(tone(verdict))
        }
    }
}

/// The result in one line.
fn headline(comparison: &Comparison) -> String {
    let of = |verdict: Verdict| -> Vec<String> {
        let counts = |m: &&MetricComparison| m.verdict == verdict && !m.is_zero_on_both_sides();
        let rows = of_side(comparison, true).into_iter().filter(counts);
        rows.map(|m| match m.change {
            Some(v) => format!("{} ({})", m.name, m.says(v)),
            None => m.name.clone(),
        })
        .collect()
    };
    // the first of these that any metric has is the verdict
    let named: Vec<String> = [Verdict::Worse, Verdict::Inconclusive, Verdict::Better]
        .into_iter()
        .map(|verdict| (verdict, of(verdict)))
        .filter(|(_, names)| !names.is_empty())
        .map(|(verdict, names)| format!("{}: {}", verdict.name(), names.join(", ")))
        .collect();
    match comparison.verdict {
        _ if !named.is_empty() => named.join("; "),
        Verdict::Equivalent => format!(
            "equivalent: no metric changed by more than {}",
            words::percent(comparison.settings.effect_min)
        ),
        Verdict::Better | Verdict::Worse | Verdict::Inconclusive => {
            comparison.verdict.name().to_owned()
        }
    }
}

/// Remarks on the primary metrics: the runs that an inconclusive one needs, and its note. Metrics of the same remark share
/// a line.
fn remarks(comparison: &Comparison) -> Vec<String> {
    let primary = || comparison.metrics.iter().filter(|m| m.primary && !m.is_zero_on_both_sides());
    let needed = |m: &MetricComparison| {
        let is_bounded = m.low.is_some() && m.high.is_some();
        let says = match m.runs_needed {
            _ if m.verdict != Verdict::Inconclusive => return None,
            Some(n) => format!("about {} a side would settle it", words::counted(n, "more run")),
            None if m.note.is_some() => return None,
            None if is_bounded => "it would need more runs than are practical".to_owned(),
            None => "its seconds differ too much to bound the change: give more or longer runs"
                .to_owned(),
        };
        Some(says)
    };
    let needed = primary().filter_map(|m| Some((&m.name, needed(m)?)));
    let noted = primary().filter_map(|m| Some((&m.name, m.note.clone()?)));
    let mut grouped: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, says) in needed.chain(noted) {
        match grouped.iter_mut().find(|(_, other)| *other == says) {
            Some((names, _)) => names.push(name),
            None => grouped.push((vec![name], says)),
        }
    }
    grouped.into_iter().map(|(names, says)| format!("{}: {says}", names.join(", "))).collect()
}

/// How the change was judged, for readers of the table.
fn method(comparison: &Comparison) -> String {
    let units = match (comparison.paired, comparison.base.len().min(comparison.candidate.len())) {
        (true, 1) => "seconds of both sides are paired",
        (true, _) => "runs are paired",
        (false, 1) => "blocks of seconds are resampled",
        (false, _) => "the run is the unit",
    };
    let is_corrected = |m: &&MetricComparison| m.primary && !m.is_zero_on_both_sides();
    let p = comparison.metrics.iter().filter(is_corrected).count() as u64;
    format!(
        "smallest change that matters: {}; {units}; p corrected (Holm) for {}",
        words::percent(comparison.settings.effect_min),
        words::counted(p, "metric")
    )
}

fn word(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "nothing".to_owned())
}

fn differences(comparison: &Comparison) -> Vec<String> {
    let differs = comparison.differences.iter();
    differs.map(|d| format!("{}: {}, and {}", d.key, word(&d.base), word(&d.candidate))).collect()
}

fn differing(comparison: &Comparison) -> Table {
    let [base, candidate] = sides::names(comparison);
    let mut table = Table::new(
        "differing",
        "Differences between the sides",
        &format!(" | <{base} | <{candidate}"),
    );
    for d in &comparison.differences {
        table.row([text(&d.key), text(word(&d.base)), text(word(&d.candidate))]);
    }
    table
}
