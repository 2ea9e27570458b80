//! The table of a comparison, for a terminal and for a page on GitHub.
use super::super::escape::printable;
use super::super::table::{fill, table};
use super::super::text::{Ink, Style};
use super::{change, interval, p, value, verdict};
use crate::judge::compare::{Comparison, MetricComparison, Verdict};
use crate::judge::words;

/// Differences shown one by one.
const DIFFERENCES_SHOWN: usize = 8;

/// For a terminal; at most 100 columns.
pub fn text(comparison: &Comparison, style: Style) -> String {
    let ink = match comparison.verdict {
        Verdict::Better | Verdict::Equivalent => Ink::Green,
        Verdict::Worse => Ink::Red,
        Verdict::Inconclusive => Ink::Yellow,
    };
    let mut text = fill("smppbench compare  ", &heading(comparison));
    text += &format!("\n  {}\n", style.paint(ink, &said(comparison)));
    text += &fill("  ", &by(comparison));
    for warning in &comparison.warnings {
        text += &fill("  warning   ", &printable(warning));
    }
    for line in differences(comparison) {
        text += &fill("  differs   ", &line);
    }
    text.push('\n');
    let (primary, others): (Vec<_>, Vec<_>) = comparison.metrics.iter().partition(|m| m.primary);
    for (title, metrics) in [("primary", primary), ("besides", others)] {
        if !metrics.is_empty() {
            let rows: Vec<Vec<String>> = metrics.into_iter().map(row).collect();
            let header = [title, "base", "candidate", "change", "95 % interval", "p", "verdict"];
            text += &table(&header, &rows);
            text.push('\n');
        }
    }
    for metric in &comparison.metrics {
        if let Some(note) = &metric.note {
            text += &fill("  note      ", &format!("{}: {}", metric.name, printable(note)));
        }
    }
    text
}

/// The same as a table on GitHub.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = format!("## {}\n\n{}\n\n", said(comparison), escaped(&heading(comparison)));
    text += &format!("{}\n\n", by(comparison));
    text += "| metric | base | candidate | change | 95 % interval | p | verdict |\n";
    text += "|---|---:|---:|---:|---:|---:|---|\n";
    for metric in &comparison.metrics {
        let mut cells = row(metric);
        if metric.primary {
            cells[0] = format!("**{}**", cells[0]);
        }
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text.push('\n');
    let lines = comparison.warnings.iter().cloned().chain(differences(comparison));
    for line in lines {
        text += &format!("- {}\n", escaped(&line));
    }
    text
}

/// What Markdown would take for its own.
fn escaped(text: &str) -> String {
    let clean = printable(text);
    clean.replace('|', "\\|").replace('<', "&lt;").replace('`', "'")
}

fn heading(comparison: &Comparison) -> String {
    let side = |runs: &[String]| match runs {
        [one] => printable(one),
        [first, ..] => format!("{} and {} more", printable(first), runs.len() - 1),
        [] => "nothing".to_owned(),
    };
    format!("{} → {}", side(&comparison.base), side(&comparison.candidate))
}

fn said(comparison: &Comparison) -> String {
    let word = match comparison.verdict {
        Verdict::Better => "BETTER  the candidate is better",
        Verdict::Worse => "WORSE  the candidate is worse",
        Verdict::Equivalent => "EQUIVALENT  no difference that matters",
        Verdict::Inconclusive => "INCONCLUSIVE  nothing can be said",
    };
    let about: Vec<&str> = comparison
        .metrics
        .iter()
        .filter(|m| m.primary && m.verdict == comparison.verdict)
        .map(|m| m.name.as_str())
        .collect();
    match comparison.verdict {
        Verdict::Equivalent => word.to_owned(),
        Verdict::Better | Verdict::Worse | Verdict::Inconclusive => {
            format!("{word}: {}", about.join(", "))
        }
    }
}

/// By what it was decided.
fn by(comparison: &Comparison) -> String {
    let (base, candidate) = (comparison.base.len(), comparison.candidate.len());
    let how = if comparison.paired {
        format!("{} of either side, in pairs", runs(base))
    } else {
        format!("{} against {}", runs(base), runs(candidate))
    };
    format!(
        "{how}; a change below {} does not matter, and a difference is called in {} of a hundred comparisons of equals at most",
        words::percent(comparison.settings.effect_min),
        (comparison.settings.alpha * 100.0).round()
    )
}

fn runs(count: usize) -> String {
    if count == 1 { "one run".to_owned() } else { format!("{count} runs") }
}

fn differences(comparison: &Comparison) -> Vec<String> {
    let word = |v: &Option<String>| v.as_deref().map_or("nothing".to_owned(), printable);
    let all = comparison.differences.iter();
    let mut lines: Vec<String> = all
        .take(DIFFERENCES_SHOWN)
        .map(|d| format!("{}: {} and {}", printable(&d.key), word(&d.base), word(&d.candidate)))
        .collect();
    let more = comparison.differences.len().saturating_sub(DIFFERENCES_SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more, in the JSON"));
    }
    lines
}

fn row(metric: &MetricComparison) -> Vec<String> {
    vec![
        metric.name.clone(),
        value(metric.unit, metric.base),
        value(metric.unit, metric.candidate),
        change(metric),
        interval(metric),
        p(metric),
        verdict(metric),
    ]
}
