//! A conformance run as text: a summary by section, and each deviation with its clause and its consequence.
use super::parts;
use crate::conform::{self, CaseRow, Document, Outcome};
use std::fmt::Write;

/// The text.
pub fn conform_text(document: &Document) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "Conformance of {} in the role {}: {} cases, {} messages sent, {:.1} s",
        document.target,
        document.role.word(),
        document.summary.cases,
        document.summary.submits,
        document.duration_s
    );
    let _ = writeln!(out);
    for row in parts::sections(document) {
        let _ = writeln!(out, "  {:10} {}", row.section, parts::counts(&row.counts, ", "));
    }
    let deviations = parts::deviations(document);
    if deviations.is_empty() {
        let _ = writeln!(out, "\nNo deviation was found.");
    }
    for case in deviations {
        deviation(document, case, &mut out);
    }
    let unsupported = parts::unsupported(document);
    if !unsupported.is_empty() {
        let _ = writeln!(out, "\nNot supported by the peer:");
    }
    for case in unsupported {
        let _ = writeln!(out, "  {} {}: {}", case.id, case.title, case.seen);
    }
    if let Some(further) = parts::further_sessions(document) {
        let _ = writeln!(out, "\n{further}");
    }
    let _ = writeln!(out, "\n{}", parts::counts(&parts::totals(document), " · "));
    if let Some(stopped) = &document.stopped {
        let _ = writeln!(out, "{stopped}");
    }
    expectations(document, &mut out);
    out
}

fn deviation(document: &Document, case: &CaseRow, out: &mut String) {
    let level = case.level.word();
    let _ = writeln!(out, "\n{} {level} {}: {}", case.id, case.outcome.word(), case.title);
    let _ = writeln!(out, "    expected  {}", case.expected);
    let _ = writeln!(out, "    seen      {}", case.seen);
    if let Some(consequence) = parts::consequence(case) {
        let _ = writeln!(out, "    means     {consequence}");
    }
    if let Some(why) = conform::explanation(document, case) {
        let _ = writeln!(out, "    because   {why}");
    }
}

fn expectations(document: &Document, out: &mut String) {
    let Some(unexpected) = &document.summary.unexpected else { return };
    if unexpected.is_empty() {
        let _ = writeln!(out, "Every outcome is the expected one.");
    }
    for id in unexpected {
        let Some(case) = document.cases.iter().find(|case| case.id == *id) else { continue };
        let expected = case.expectation.map_or("pass", Outcome::word);
        let _ = writeln!(out, "not as expected: {id} {}, expected {expected}", case.outcome.word());
    }
}
