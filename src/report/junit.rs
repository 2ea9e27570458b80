//! junit.xml: a test case a gate, as CI servers read it. A gate that could not be decided is an error and not a
//! failure: nobody knows whether it is kept. Text of a peer or a profile goes in through the library's own strings
//! only, which leave out what XML cannot hold.
use super::document::{Document, GateRow};
use super::text::{harness_says, headline, limiter, rates};
use super::{Unavailable, printable};
use crate::judge::GateOutcome;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The file.
pub(super) fn render(document: &Document) -> Result<Vec<u8>, Unavailable> {
    if document.gates.is_empty() {
        return Err(Unavailable::NoGates);
    }
    let run = &document.run;
    let mut suite = TestSuite::new(printable(&run.name));
    suite.set_time(Duration::try_from_secs_f64(run.duration_s).unwrap_or_default());
    let facts = [
        ("run", &run.id),
        ("started_at", &run.started_at),
        ("target", &run.target),
        ("repro", &run.repro),
    ];
    for (name, value) in facts {
        suite.add_property(Property::new(name, printable(value)));
    }
    suite.add_property(Property::new("verdict", headline(document).1));
    suite.add_test_cases(document.gates.iter().map(|gate| test_case(document, gate)));
    let mut report = Report::new("smppbench");
    report.add_test_suite(suite);
    let text = report.to_string().expect("writing into a String cannot fail");
    // the schema that CI servers check against has this count for suites only; no quote stands unescaped before it
    Ok(text.replacen(" skipped=\"0\"", "", 1).into_bytes())
}

fn test_case(document: &Document, gate: &GateRow) -> TestCase {
    let found = match &gate.why {
        Some(why) => printable(&format!("{} ({why})", gate.shows())),
        None => printable(&gate.shows()),
    };
    let not = |kind: NonSuccessKind, name: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status
            .set_message(format!("found {found}"))
            .set_type(name)
            .set_description(circumstances(document));
        status
    };
    let status = match gate.outcome {
        GateOutcome::Pass => TestCaseStatus::success(),
        GateOutcome::Fail => not(NonSuccessKind::Failure, "fail"),
        GateOutcome::Undecided => not(NonSuccessKind::Error, "undecided"),
    };
    let mut case = TestCase::new(printable(&format!("{} {}", gate.name, gate.expression)), status);
    case.set_classname("smppbench.gates");
    if gate.outcome == GateOutcome::Pass {
        case.set_system_out(format!("found {found}"));
    }
    case
}

/// What a reader of a failed gate asks next.
fn circumstances(document: &Document) -> String {
    let mut lines = vec![headline(document).1];
    if document.verdict.allows_headline() {
        lines.push(rates(document));
    }
    lines.extend(limiter(document).map(|limiter| format!("limiter: {limiter}")));
    lines.push(format!("harness: {}", harness_says(document)));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
