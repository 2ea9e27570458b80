//! What changed between two runs, as text.
use super::parts;
use crate::conform::{Change, Comparison, Sight, Turn};
use crate::kit::words::{counted, printable};
use std::fmt::Write;

/// The text.
pub fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    for (name, side) in [("before", &comparison.before), ("after", &comparison.after)] {
        let _ = writeln!(
            out,
            "{name:7} {} at {}, smppbench {}",
            printable(&side.target),
            printable(&side.started_at),
            printable(&side.version)
        );
    }
    for (direction, heading) in [
        (Turn::Worse, "Worse"),
        (Turn::Better, "Better"),
        (Turn::Other, "Neither: undecided in one of them, or not run"),
    ] {
        let of: Vec<&Change> =
            comparison.changes.iter().filter(|change| change.direction == direction).collect();
        if !of.is_empty() {
            let _ = writeln!(out, "\n{heading}");
        }
        for change in of {
            let level = change.level.word();
            let _ = writeln!(out, "  {:12} {level:8} {}", change.id, printable(&change.title));
            let _ = writeln!(out, "      before  {}", sight(change.before.as_ref()));
            let _ = writeln!(out, "      after   {}", sight(change.after.as_ref()));
        }
    }
    if !comparison.features.is_empty() {
        let _ = writeln!(out, "\nFeatures");
    }
    for change in &comparison.features {
        let before = change.before.map_or("not listed", parts::support);
        let (feature, after) = (printable(&change.feature), parts::support(change.after));
        let _ = writeln!(out, "  {feature}: {before}, now {after}");
    }
    let _ = writeln!(
        out,
        "\n{} worse · {} better · {} other · {} unchanged",
        comparison.count(Turn::Worse),
        comparison.count(Turn::Better),
        comparison.count(Turn::Other),
        counted(comparison.unchanged_count, "case")
    );
    out
}

fn sight(of: Option<&Sight>) -> String {
    of.map_or_else(
        || "not run".to_owned(),
        |sight| format!("{}: {}", sight.outcome.word(), printable(&sight.seen)),
    )
}
