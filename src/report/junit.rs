//! junit.xml: a test case per gate, as CI servers read it. An undecided gate is an error and not a failure. Text of a peer or a profile goes in through the library's own strings
//! only, which leave out what XML cannot hold.
use super::document::Document;
use super::escape::printable;
use super::model::RunModel;
use super::unavailable::Unavailable;
use crate::judge::{GateOutcome, GateResult};
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
    let m = RunModel::of(document);
    suite.add_property(Property::new("verdict", printable(&m.top.headline())));
    suite.add_test_cases(document.gates.iter().map(|gate| test_case(&m, gate)));
    let mut report = Report::new("smppbench");
    report.add_test_suite(suite);
    let text = report.to_string().expect("writing into a String cannot fail");
    // the schema that CI servers check against has this count for suites only; no quote stands unescaped before it
    Ok(text.replacen(" skipped=\"0\"", "", 1).into_bytes())
}

fn test_case(m: &RunModel<'_>, gate: &GateResult) -> TestCase {
    let found = printable(&gate.found());
    let not = |kind: NonSuccessKind, name: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status
            .set_message(format!("found {found}"))
            .set_type(name)
            .set_description(circumstances(m));
        status
    };
    let status = match gate.outcome {
        GateOutcome::Pass => TestCaseStatus::success(),
        GateOutcome::Fail => not(NonSuccessKind::Failure, "fail"),
        GateOutcome::Undecided => not(NonSuccessKind::Error, "undecided"),
    };
    let mut case = TestCase::new(printable(&gate.demands()), status);
    case.set_classname("smppbench.gates");
    if gate.outcome == GateOutcome::Pass {
        case.set_system_out(format!("found {found}"));
    }
    case
}

/// What a reader of a failed gate asks next.
fn circumstances(m: &RunModel<'_>) -> String {
    let top = &m.top;
    let mut lines = vec![top.headline()];
    if !top.rates.is_empty() {
        lines.push(top.rates());
    }
    lines.extend(top.lines.iter().map(|line| format!("{}: {}", line.label, line.says)));
    printable_lines(&lines)
}

fn printable_lines(lines: &[String]) -> String {
    lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}
