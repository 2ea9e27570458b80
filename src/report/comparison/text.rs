//! The comparison for a terminal of 100 columns.
use super::{COLUMNS, headline, method, remarks, row};
use crate::judge::compare::Comparison;
use crate::report::printable;
use crate::report::table::{fill, table};

/// The table, what it comes to above it, what is to be said below it.
pub fn text(comparison: &Comparison) -> String {
    let mut text = fill("", &headline(comparison));
    text += "\n";
    text += &side("base       ", &comparison.base);
    text += &side("candidate  ", &comparison.candidate);
    text += "\n";
    for primary in [true, false] {
        let rows: Vec<Vec<String>> =
            comparison.metrics.iter().filter(|m| m.primary == primary).map(row).collect();
        if rows.is_empty() {
            continue;
        }
        if !primary {
            text += "\nBesides, not counted for the verdict:\n";
        }
        text += &table(&COLUMNS, &rows);
    }
    text += "\n";
    for remark in remarks(comparison) {
        text += &fill("  ", &remark);
    }
    text += &fill("  ", &method(comparison));
    for difference in &comparison.differences {
        let word = |v: &Option<String>| v.clone().unwrap_or_else(|| "nothing".to_owned());
        let (base, candidate) = (word(&difference.base), word(&difference.candidate));
        text += &fill(
            "  differs: ",
            &printable(&format!("{}: {base}, and {candidate}", difference.key)),
        );
    }
    for warning in &comparison.warnings {
        text += &fill("  warning: ", &printable(warning));
    }
    text
}

fn side(title: &str, runs: &[String]) -> String {
    let s = if runs.len() == 1 { "" } else { "s" };
    fill(title, &printable(&format!("{} run{s}: {}", runs.len(), runs.join(", "))))
}
