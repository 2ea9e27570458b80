//! A conformance run as JUnit: a test case for each case. With a file of expectations a case that is as expected
//! succeeds; without one a failure is a failure. Cases of level OBSERVED never fail.
use crate::conform::{CaseRow, Document, Level, Outcome};
use crate::kit::words::printable;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The file.
pub fn render(document: &Document) -> Vec<u8> {
    let name = format!("conform {} {}", document.role.word(), document.target);
    let mut suite = TestSuite::new(printable(&name));
    let time = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    suite.set_time(time(document.duration_s));
    let facts = [
        ("target", document.target.as_str()),
        ("started_at", document.started_at.as_str()),
        ("version", document.tool.version.as_str()),
        ("stopped", document.stopped.as_deref().unwrap_or_default()),
    ];
    for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
        suite.add_property(Property::new(name, printable(value)));
    }
    for case in &document.cases {
        let mut test =
            TestCase::new(printable(&format!("{} {}", case.id, case.title)), status(case));
        test.set_classname(format!("smppbench.conform.{}", printable(&case.section)));
        test.set_time(time(case.took_s));
        if matches!(test.status, TestCaseStatus::Success { .. }) && case.outcome != Outcome::Pass {
            test.set_system_out(printable(&format!("{}: {}", case.outcome.word(), case.seen)));
        }
        suite.add_test_case(test);
    }
    let mut report = Report::new("smppbench");
    report.add_test_suite(suite);
    let text = report.to_string().expect("writing into a String cannot fail");
    without_total_of_skipped(&text).into_bytes()
}

/// The schema that CI servers check against has this count for suites only.
fn without_total_of_skipped(text: &str) -> String {
    const COUNT: &str = " skipped=\"";
    let Some(at) = text.find(COUNT) else { return text.to_owned() };
    let rest = &text[at + COUNT.len()..];
    let end = rest.find('"').map_or(rest.len(), |end| end + 1);
    format!("{}{}", &text[..at], &rest[end..])
}

fn status(case: &CaseRow) -> TestCaseStatus {
    let not = |kind: NonSuccessKind| {
        let mut status = TestCaseStatus::non_success(kind);
        let text = format!("expected: {}\nmeans: {}", case.expected, case.consequence);
        status
            .set_message(printable(&case.seen))
            .set_type(case.outcome.word())
            .set_description(text.lines().map(printable).collect::<Vec<_>>().join("\n"));
        status
    };
    let is_expected = case.expectation == Some(case.outcome);
    match case.outcome {
        Outcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(printable(&case.seen));
            status
        }
        _ if is_expected => TestCaseStatus::success(),
        // an unexpected pass too
        _ if case.expectation.is_some() => not(NonSuccessKind::Failure),
        _ if case.level == Level::Observed => TestCaseStatus::success(),
        Outcome::Pass | Outcome::Lenient | Outcome::Unsupported => TestCaseStatus::success(),
        Outcome::Fail => not(NonSuccessKind::Failure),
        Outcome::Inconclusive | Outcome::PreconditionFailed => not(NonSuccessKind::Error),
    }
}
