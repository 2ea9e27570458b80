//! A conformance run as text: a summary by section, and each deviation with its clause and its consequence.
use crate::conform::{CaseRow, Document, Level, Outcome};
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
    sections(document, &mut out);
    let deviations: Vec<&CaseRow> =
        document.cases.iter().filter(|case| is_deviation(case.outcome)).collect();
    if deviations.is_empty() {
        let _ = writeln!(out, "\nNo deviation was found.");
    }
    for case in deviations {
        deviation(case, &mut out);
    }
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| document.count(*outcome) > 0)
        .map(|outcome| format!("{} {}", document.count(outcome), outcome.word()))
        .collect();
    let _ = writeln!(out, "\n{}", counts.join(" · "));
    if let Some(stopped) = &document.stopped {
        let _ = writeln!(out, "{stopped}");
    }
    expectations(document, &mut out);
    out
}

/// Whether a case is told one by one.
const fn is_deviation(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Fail | Outcome::Lenient | Outcome::Inconclusive | Outcome::PreconditionFailed => {
            true
        }
        Outcome::Pass | Outcome::Unsupported | Outcome::Skipped => false,
    }
}

/// A line for each section: what was found in it.
fn sections(document: &Document, out: &mut String) {
    let mut sections: Vec<&str> = Vec::new();
    for case in &document.cases {
        if !sections.contains(&case.section.as_str()) {
            sections.push(&case.section);
        }
    }
    for section in sections {
        let of = |outcome: Outcome| {
            let same = |case: &&CaseRow| case.section == section && case.outcome == outcome;
            document.cases.iter().filter(same).count()
        };
        let counts: Vec<String> = Outcome::ALL
            .into_iter()
            .filter(|outcome| of(*outcome) > 0)
            .map(|outcome| format!("{} {}", of(outcome), outcome.word()))
            .collect();
        let _ = writeln!(out, "  {section:10} {}", counts.join(", "));
    }
}

fn deviation(case: &CaseRow, out: &mut String) {
    let level = case.level.word();
    let _ = writeln!(out, "\n{} {level} {}: {}", case.id, case.outcome.word(), case.title);
    let _ = writeln!(out, "    expected  {}", case.expected);
    let _ = writeln!(out, "    seen      {}", case.seen);
    let fault = matches!(case.outcome, Outcome::Fail | Outcome::Lenient);
    if fault && case.level != Level::Observed {
        let _ = writeln!(out, "    means     {}", case.consequence);
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
