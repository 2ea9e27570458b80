//! Two sides beside one another, on paper: `smppbench.comparison/1` as text, JSON and Markdown. Pure: the
//! comparison in, octets out.
mod markdown;
mod text;

pub use markdown::markdown;
pub use text::text;

use super::Saved;
use crate::judge::Unit;
use crate::judge::compare::{Comparison, MetricComparison, Scale, Verdict};
use crate::kit::words;

/// `comparison.html`: the verdict, the ratios with their intervals, and the distributions of both sides one upon the
/// other, in one file. `base` and `candidate` are the runs that were compared.
pub fn html(comparison: &Comparison, base: &[Saved], candidate: &[Saved]) -> String {
    super::html::comparison(comparison, base, candidate)
}

/// The document.
pub fn json(comparison: &Comparison) -> Vec<u8> {
    let mut octets = serde_json::to_vec_pretty(comparison).expect("a document serialises");
    octets.push(b'\n');
    octets
}

pub(super) const COLUMNS: [&str; 7] =
    ["", "base", "candidate", "change", "95 % interval", "p", "verdict"];

/// One metric as a row of [`COLUMNS`].
pub(super) fn row(m: &MetricComparison) -> Vec<String> {
    let value = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| m.unit.show(v));
    let interval = match (m.low, m.high) {
        (Some(low), Some(high)) => format!("{} to {}", change(m, low), change(m, high)),
        (Some(low), None) => format!("at least {}", change(m, low)),
        (None, Some(high)) => format!("at most {}", change(m, high)),
        (None, None) => "unknown".to_owned(),
    };
    vec![
        m.name.clone(),
        value(m.base),
        value(m.candidate),
        m.change.map_or_else(|| "–".to_owned(), |v| change(m, v)),
        interval,
        m.p_holm.map_or_else(|| "–".to_owned(), p),
        m.verdict.name().to_owned(),
    ]
}

fn p(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// A change on its metric's scale: `+5.1 %`, `×12.3`, `-0.2 points`.
pub(super) fn change(m: &MetricComparison, value: f64) -> String {
    const MANIFOLD: f64 = 3.0;
    match m.scale {
        Scale::Ratio if value >= MANIFOLD => format!("×{value:.1}"),
        Scale::Ratio => {
            let percent = ((value - 1.0) * 1000.0).round() / 10.0;
            // no minus before a zero
            let percent = if percent == 0.0 { 0.0 } else { percent };
            format!("{percent:+.1} %")
        }
        Scale::Difference => {
            let sign = if value < 0.0 { "-" } else { "+" };
            let size = value.abs();
            match m.unit {
                Unit::Ratio => {
                    format!("{sign}{} points", words::percent(size).trim_end_matches(" %"))
                }
                Unit::Nanoseconds | Unit::PerSecond | Unit::Count | Unit::Word => {
                    format!("{sign}{}", m.unit.show(size))
                }
            }
        }
    }
}

/// What the whole comes to, in one line.
pub(super) fn headline(comparison: &Comparison) -> String {
    let of = |verdict: Verdict| -> Vec<String> {
        let rows = comparison.metrics.iter().filter(|m| m.primary && m.verdict == verdict);
        rows.map(|m| match m.change {
            Some(v) if verdict != Verdict::Equivalent => format!("{} ({})", m.name, change(m, v)),
            Some(_) | None => m.name.clone(),
        })
        .collect()
    };
    // in the order in which they make the verdict: the first there is, is the verdict
    let named: Vec<String> = [Verdict::Worse, Verdict::Inconclusive, Verdict::Better]
        .into_iter()
        .filter_map(|verdict| {
            let names = of(verdict);
            (!names.is_empty()).then(|| format!("{}: {}", verdict.name(), names.join(", ")))
        })
        .collect();
    if !named.is_empty() {
        return named.join("; ");
    }
    match comparison.verdict {
        Verdict::Equivalent => format!(
            "equivalent: nothing changed by more than {}",
            words::percent(comparison.settings.effect_min)
        ),
        Verdict::Better | Verdict::Worse | Verdict::Inconclusive => {
            comparison.verdict.name().to_owned()
        }
    }
}

/// What is to be said below the table: of single metrics, then of the whole.
pub(super) fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks = Vec::new();
    let open = |m: &&MetricComparison| m.primary && m.verdict == Verdict::Inconclusive;
    for m in comparison.metrics.iter().filter(open) {
        match m.runs_needed {
            Some(n) => {
                let s = if n == 1 { "" } else { "s" };
                remarks.push(format!("{}: about {n} more run{s} a side would settle it", m.name));
            }
            None if m.note.is_none() && m.low.is_some() && m.high.is_some() => {
                remarks.push(format!("{}: more runs than are practical would be needed", m.name));
            }
            None => {}
        }
    }
    for m in &comparison.metrics {
        if let Some(note) = m.note.as_ref().filter(|_| m.primary) {
            remarks.push(format!("{}: {note}", m.name));
        }
    }
    remarks
}

/// How the change was judged, for who reads the table.
pub(super) fn method(comparison: &Comparison) -> String {
    let units = match (comparison.paired, comparison.base.len().min(comparison.candidate.len())) {
        (true, 1) => "seconds of both sides paired",
        (true, _) => "runs paired",
        (false, 1) => "blocks of seconds resampled",
        (false, _) => "the run is the unit",
    };
    let p = comparison.metrics.iter().filter(|m| m.primary).count();
    format!(
        "smallest change that matters: {}; {units}; p corrected (Holm) for {p} metrics",
        words::percent(comparison.settings.effect_min)
    )
}

#[cfg(test)]
pub(in crate::report) mod tests {
    use super::*;
    use crate::judge::compare::{Difference, Direction, SCHEMA, Settings, Test};

    fn metric(name: &str, unit: Unit, primary: bool) -> MetricComparison {
        MetricComparison {
            name: name.to_owned(),
            unit,
            better: Direction::Lower,
            primary,
            base: Some(20e6),
            candidate: Some(21.02e6),
            base_runs: vec![Some(20e6)],
            candidate_runs: vec![Some(21.02e6)],
            scale: Scale::Ratio,
            change: Some(1.051),
            low: Some(1.022),
            high: Some(1.081),
            effect_min: 0.05,
            p: Some(0.0004),
            p_holm: Some(0.0008),
            test: Test::Interval,
            verdict: Verdict::Worse,
            runs_needed: None,
            note: None,
        }
    }

    pub(in crate::report) fn sample() -> Comparison {
        let open = MetricComparison {
            verdict: Verdict::Inconclusive,
            runs_needed: Some(4),
            p_holm: Some(0.31),
            low: Some(0.96),
            ..metric("receipt.p99", Unit::Nanoseconds, true)
        };
        let missing = MetricComparison {
            base: Some(0.0),
            candidate: Some(0.002),
            scale: Scale::Difference,
            change: Some(0.002),
            low: Some(0.001),
            high: Some(0.003),
            ..metric("ratio.missing", Unit::Ratio, true)
        };
        Comparison {
            schema: SCHEMA.to_owned(),
            base: vec!["quick-1".to_owned()],
            candidate: vec!["quick|2".to_owned()],
            paired: false,
            settings: Settings::default(),
            trusted: true,
            verdict: Verdict::Worse,
            differences: vec![Difference {
                key: "environment.kernel".to_owned(),
                base: Some("6.1".to_owned()),
                candidate: None,
            }],
            warnings: vec!["one run a side".to_owned()],
            metrics: vec![
                metric("response.p50", Unit::Nanoseconds, true),
                open,
                missing,
                metric("service.p50", Unit::Nanoseconds, false),
            ],
        }
    }

    #[test]
    fn the_text_says_the_verdict_the_change_and_what_would_settle_the_rest_in_100_columns() {
        let text = text(&sample());
        for wanted in [
            "worse: response.p50 (+5.1 %), ratio.missing (+0.2 points); inconclusive: receipt.p99 (+5.1 %)",
            "20 ms",
            "+2.2 % to +8.1 %",
            "+0.1 points to +0.3 points",
            "< 0.001",
            "receipt.p99: about 4 more runs a side would settle it",
            "environment.kernel: 6.1, and nothing",
            "one run a side",
        ] {
            let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(one_line.contains(wanted), "{wanted:?} is not in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn the_document_comes_back_from_json_as_it_was() {
        let back: Comparison = serde_json::from_slice(&json(&sample())).unwrap();
        assert_eq!(back, sample());
    }

    #[test]
    fn markdown_is_a_table_in_which_no_text_of_a_run_marks_up() {
        let page = markdown(&sample());
        assert!(page.contains("| response.p50 | 20 ms | 21 ms | +5.1 % |"), "{page}");
        assert!(page.contains("quick\\|2"), "{page}");
        let row = page.lines().find(|l| l.starts_with("| ---")).unwrap();
        assert_eq!(row.matches('|').count(), COLUMNS.len() + 1);
    }
}
