//! Names of metrics: the same path in result.json, gates, tables and comparison, with an optional group before it
//! (`account.gold.response.p99`). It knows names and their meaning, no limits.
use super::check::Unit;
use super::event_figure::EventFigure;
use super::figures::{FIGURES, FigureRow, LEDGER};
use super::measured::stage_spans;
use super::through::ThroughRatio;
use crate::kit::{Nanos, nearest};
use crate::measure::through::{TRANSITS, Transit};
use crate::measure::{Counters, LATENCY_METRICS, Metric};
use crate::plan::Plan;

/// A stage with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageSpan {
    /// Its name.
    pub name: String,
    /// Its start, from the start of the load.
    pub from: Nanos,
    /// Its end, by the plan.
    pub to: Nanos,
    /// Whether it is measured.
    pub measure: bool,
}

/// The groups of a run, with which a metric's name may begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Accounts, by number.
    pub accounts: Vec<String>,
    /// Labels of messages, by number.
    pub labels: Vec<String>,
    /// Stages, by number.
    pub stages: Vec<StageSpan>,
    /// Observed series as (source, series), by number.
    pub observed: Vec<(String, String)>,
    /// Events, by number.
    pub events: Vec<String>,
}

impl Names {
    /// The groups of a plan.
    pub fn of(plan: &Plan) -> Names {
        let stages = plan.stages.iter().zip(stage_spans(plan));
        Names {
            accounts: plan.accounts.iter().map(|a| a.name.clone()).collect(),
            labels: plan.messages.iter().map(|m| m.label.clone()).collect(),
            events: plan.events.iter().map(|event| event.name.clone()).collect(),
            stages: stages
                .map(|(stage, (from, to))| StageSpan {
                    name: stage.name.clone(),
                    from,
                    to,
                    measure: stage.measure,
                })
                .collect(),
            observed: plan.observed_series(),
        }
    }
}

/// Why a name is unknown. One line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No account, label or stage of that name.
    #[error("unknown metric {name:?}: the profile's {kind}s are {}", known.join(", "))]
    Group {
        /// As it was written.
        name: String,
        /// `account`, `label`, `stage` or `event`.
        kind: &'static str,
        /// The known names.
        known: Vec<String>,
    },
    /// No observed series of that name, or no such figure of it.
    #[error("unknown metric {name:?}: {}", observed_metrics(known))]
    Observed {
        /// As it was written.
        name: String,
        /// The observed series.
        known: Vec<(String, String)>,
    },
    /// No metric of that name.
    #[error("unknown metric {name:?}; near: {}", near.join(", "))]
    Metric {
        /// As it was written.
        name: String,
        /// Similar names.
        near: Vec<String>,
    },
}

fn observed_metrics(known: &[(String, String)]) -> String {
    const SHOWN_MAX: usize = 12;
    if known.is_empty() {
        return "the profile has no [[observe]]".to_owned();
    }
    let series = known.iter().map(|(source, series)| format!("observe.{source}.{series}"));
    let shown: Vec<String> = series.take(SHOWN_MAX).collect();
    let more = if known.len() > SHOWN_MAX { ", …" } else { "" };
    format!("expected max, mean or growth of {}{more}", shown.join(", "))
}

/// The reported percentiles with their names.
pub const PERCENTILES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99_9", 0.999),
    ("p99_99", 0.9999),
];

/// A statistic of a latency distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Observed values.
    Count,
    /// Censored values.
    Censored,
    /// Smallest observed value.
    Min,
    /// Mean of the observed values.
    Mean,
    /// Standard deviation of the observed values.
    Stddev,
    /// A quantile of all values, with the censored ones.
    Quantile(f64),
    /// Largest observed value.
    Max,
}

impl Statistic {
    /// Whether it is how many there were: no time that a late harness read changes it.
    pub const fn is_count(self) -> bool {
        matches!(self, Statistic::Count | Statistic::Censored)
    }

    /// Its name; None: a quantile that no name asks for.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Statistic::Count => Some("count"),
            Statistic::Censored => Some("censored"),
            Statistic::Min => Some("min"),
            Statistic::Mean => Some("mean"),
            Statistic::Stddev => Some("stddev"),
            Statistic::Max => Some("max"),
            Statistic::Quantile(q) => PERCENTILES.iter().find(|p| p.1 == q).map(|p| p.0),
        }
    }
}

/// The part of the measured run that a name covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The whole measured run.
    Whole,
    /// One account, by its number in the plan.
    Account(u16),
    /// One label.
    Label(u16),
    /// One stage, measured or not.
    Stage(u16),
}

/// A word of the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictWord {
    /// `verdict.outcome`.
    Outcome,
    /// `verdict.limiter`.
    Limiter,
    /// `verdict.harness.state`.
    Harness,
}

impl VerdictWord {
    /// Its possible words.
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            VerdictWord::Outcome => {
                &["sustained", "not_sustained", "inconclusive_harness", "inconclusive_noise"]
            }
            VerdictWord::Limiter => &[
                "harness",
                "smsc_throttle",
                "connection",
                "backpressure",
                "window",
                "smsc_latency",
                "receipts",
                "none",
            ],
            VerdictWord::Harness => &["valid", "degraded", "invalid"],
        }
    }
}

/// A figure of an observed series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedStatistic {
    /// Largest value.
    Max,
    /// Mean of the values.
    Mean,
    /// Growth an hour, as a share of the median.
    Growth,
}

/// The meaning of a name.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// A statistic of a latency.
    Latency(Metric, Statistic),
    /// A rate or a ratio.
    Figure(&'static FigureRow),
    /// A line of the ledger.
    Ledger(fn(&Counters) -> u64),
    /// A word of the verdict.
    Verdict(VerdictWord),
    /// A figure of an observed series, by its number.
    Observed(u16, ObservedStatistic),
    /// A figure of an event, by its number: the worst of its occurrences.
    Event(u16, EventFigure),
    /// A statistic of a transit time of a gateway.
    Transit(Transit, Statistic),
    /// A share of what went wrong inside a gateway.
    Inside(ThroughRatio),
}

impl Meaning {
    /// Its unit.
    pub const fn unit(&self) -> Unit {
        match self {
            Meaning::Latency(_, Statistic::Count | Statistic::Censored)
            | Meaning::Transit(_, Statistic::Count | Statistic::Censored) => Unit::Count,
            Meaning::Inside(_) => Unit::Ratio,
            Meaning::Latency(
                _,
                Statistic::Min
                | Statistic::Mean
                | Statistic::Stddev
                | Statistic::Quantile(_)
                | Statistic::Max,
            )
            | Meaning::Transit(
                _,
                Statistic::Min
                | Statistic::Mean
                | Statistic::Stddev
                | Statistic::Quantile(_)
                | Statistic::Max,
            ) => Unit::Nanoseconds,
            Meaning::Figure(row) => row.unit,
            Meaning::Ledger(_) => Unit::Count,
            Meaning::Verdict(_) => Unit::Word,
            // a page of metrics says only in the run what its series are measured in
            Meaning::Observed(_, ObservedStatistic::Max | ObservedStatistic::Mean) => Unit::Number,
            Meaning::Observed(_, ObservedStatistic::Growth) => Unit::PerHour,
            Meaning::Event(_, figure) => figure.unit(),
        }
    }
    /// The possible words of a word metric.
    pub const fn words(&self) -> &'static [&'static str] {
        match self {
            Meaning::Verdict(word) => word.words(),
            Meaning::Latency(..)
            | Meaning::Figure(_)
            | Meaning::Ledger(_)
            | Meaning::Observed(..)
            | Meaning::Event(..)
            | Meaning::Transit(..)
            | Meaning::Inside(_) => &[],
        }
    }
}

/// A name of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The part of the run that it covers.
    pub group: Group,
    /// Its meaning.
    pub meaning: Meaning,
}

impl Named {
    /// Looks a name up among these groups.
    ///
    /// # Errors
    /// [`NameError`], which lists similar names.
    pub fn find(name: &str, names: &Names) -> Result<Named, NameError> {
        if let Some(path) = name.strip_prefix("observe.") {
            return observed(path, &names.observed).ok_or_else(|| NameError::Observed {
                name: name.to_owned(),
                known: names.observed.clone(),
            });
        }
        if let Some(rest) = name.strip_prefix("event.") {
            return event(name, rest, names);
        }
        let (group, path) = split_group(name, names)?;
        let meaning = meaning(path)
            .filter(|m| group == Group::Whole || in_groups(m))
            .ok_or_else(|| unknown(name, path, group))?;
        Ok(Named { group, meaning })
    }
}

/// The figure that `gw.rss.max` names.
fn observed(path: &str, known: &[(String, String)]) -> Option<Named> {
    let (series, statistic) = path.rsplit_once('.')?;
    let statistic = match statistic {
        "max" => ObservedStatistic::Max,
        "mean" => ObservedStatistic::Mean,
        "growth" => ObservedStatistic::Growth,
        _ => return None,
    };
    let (source, series) = series.split_once('.')?;
    let number = known.iter().position(|k| k.0 == source && k.1 == series)?;
    let meaning = Meaning::Observed(u16::try_from(number).ok()?, statistic);
    Some(Named { group: Group::Whole, meaning })
}

/// Whether a metric exists in groups: only metrics that are counted per cell do.
fn in_groups(meaning: &Meaning) -> bool {
    match meaning {
        Meaning::Latency(metric, _) => metric.row().per_message,
        Meaning::Figure(row) => !matches!(row.name, "target" | "mo" | "window_full"),
        Meaning::Ledger(_) => true,
        Meaning::Verdict(_)
        | Meaning::Observed(..)
        | Meaning::Event(..)
        | Meaning::Transit(..)
        | Meaning::Inside(_) => false,
    }
}

/// `event.restart.recovery`.
fn event(name: &str, rest: &str, names: &Names) -> Result<Named, NameError> {
    let (event, figure) = rest.split_once('.').unwrap_or((rest, ""));
    let Some(number) = names.events.iter().position(|known| known == event) else {
        let (name, known) = (name.to_owned(), names.events.clone());
        return Err(NameError::Group { name, kind: "event", known });
    };
    let Some(figure) = EventFigure::named(figure) else {
        let near = EventFigure::ALL.iter().map(|figure| format!("event.{event}.{}", figure.name()));
        return Err(NameError::Metric { name: name.to_owned(), near: near.collect() });
    };
    Ok(Named { group: Group::Whole, meaning: Meaning::Event(number as u16, figure) })
}

/// The longest known group name at the start, and the rest.
fn split_group<'n>(name: &'n str, names: &Names) -> Result<(Group, &'n str), NameError> {
    type Kind<'p> = (&'static str, Vec<&'p str>, fn(u16) -> Group);
    let kinds: [Kind<'_>; 3] = [
        ("account", names.accounts.iter().map(String::as_str).collect(), Group::Account),
        ("label", names.labels.iter().map(String::as_str).collect(), Group::Label),
        ("stage", names.stages.iter().map(|s| s.name.as_str()).collect(), Group::Stage),
    ];
    for (kind, known, group) in kinds {
        let Some(rest) = name.strip_prefix(kind).and_then(|r| r.strip_prefix('.')) else {
            continue;
        };
        let found = (0u16..)
            .zip(&known)
            .filter_map(|(number, known)| {
                let path = rest.strip_prefix(known)?.strip_prefix('.')?;
                Some((known.len(), number, path))
            })
            .max_by_key(|f| f.0);
        return match found {
            Some((_, number, path)) => Ok((group(number), path)),
            None => Err(NameError::Group {
                name: name.to_owned(),
                kind,
                known: known.into_iter().map(str::to_owned).collect(),
            }),
        };
    }
    Ok((Group::Whole, name))
}

fn meaning(path: &str) -> Option<Meaning> {
    let (block, name) = path.split_once('.')?;
    match (block, name) {
        ("rate" | "ratio", name) => {
            let inside = ThroughRatio::named(name).filter(|_| block == "ratio");
            let figure = super::figures::figure(block, name).map(Meaning::Figure);
            figure.or(inside.map(Meaning::Inside))
        }
        ("through", name) => {
            let (transit, statistic) = name.split_once('.')?;
            Some(Meaning::Transit(Transit::named(transit)?, self::statistic(statistic)?))
        }
        ("ledger", name) => LEDGER.iter().find(|l| l.0 == name).map(|l| Meaning::Ledger(l.1)),
        ("verdict", "outcome") => Some(Meaning::Verdict(VerdictWord::Outcome)),
        ("verdict", "limiter") => Some(Meaning::Verdict(VerdictWord::Limiter)),
        ("verdict", "harness.state") => Some(Meaning::Verdict(VerdictWord::Harness)),
        (metric, statistic) => {
            Some(Meaning::Latency(Metric::named(metric)?, self::statistic(statistic)?))
        }
    }
}

fn statistic(name: &str) -> Option<Statistic> {
    match name {
        "count" => Some(Statistic::Count),
        "censored" => Some(Statistic::Censored),
        "min" => Some(Statistic::Min),
        "mean" => Some(Statistic::Mean),
        "stddev" => Some(Statistic::Stddev),
        "max" => Some(Statistic::Max),
        name => PERCENTILES.iter().find(|p| p.0 == name).map(|p| Statistic::Quantile(p.1)),
    }
}

/// Every name of the catalogue, without groups.
pub fn all_names() -> Vec<String> {
    const OTHERS: [&str; 6] = ["count", "censored", "min", "mean", "stddev", "max"];
    let statistics = || PERCENTILES.iter().map(|p| p.0).chain(OTHERS);
    let latencies = LATENCY_METRICS
        .iter()
        .flat_map(|row| statistics().map(move |s| format!("{}.{s}", row.name)));
    let transits = TRANSITS
        .iter()
        .flat_map(|row| statistics().map(move |s| format!("through.{}.{s}", row.name)));
    latencies
        .chain(FIGURES.iter().map(|row| format!("{}.{}", row.block, row.name)))
        .chain(LEDGER.iter().map(|line| format!("ledger.{}", line.0)))
        .chain(["outcome", "limiter", "harness.state"].map(|w| format!("verdict.{w}")))
        .chain(transits)
        .chain(ThroughRatio::ALL.map(ThroughRatio::metric))
        .collect()
}

fn unknown(name: &str, path: &str, group: Group) -> NameError {
    const NEAR_COUNT: usize = 3;
    let prefix = &name[..name.len() - path.len()];
    let mut known = all_names();
    known.retain(|known| group == Group::Whole || meaning(known).is_some_and(|m| in_groups(&m)));
    let near = nearest(path, known)
        .into_iter()
        .take(NEAR_COUNT)
        .map(|(_, known)| format!("{prefix}{known}"));
    NameError::Metric { name: name.to_owned(), near: near.collect() }
}
