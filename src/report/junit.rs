//! junit.xml: a test case per gate, as CI servers read it, and of a run through a gateway one for each demand on its books.
//! An undecided gate is an error and not a failure. What the gateway did wrong is skipped, with what was found, where no
//! gate judges it: it does not fail the run either. Text of a peer or a profile goes in through the library's own strings
//! only, which leave out what XML cannot hold.
use super::document::Document;
use super::escape::printable;
use super::model::{Demand, RunModel, demands};
use super::unavailable::Unavailable;
use crate::judge::{GateOutcome, GateResult, ThroughRatio};
use crate::kit::words;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The file.
pub(super) fn render(document: &Document) -> Result<Vec<u8>, Unavailable> {
    if document.gates.is_empty() && document.through.is_none() {
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
    let is_judged = |demand: &Demand| {
        let metric = demand.gate.map(ThroughRatio::metric);
        metric.is_some_and(|metric| document.gates.iter().any(|gate| gate.name == metric))
    };
    let demands = demands(document);
    let open = demands.iter().filter(|demand| !is_judged(demand));
    suite.add_test_cases(open.map(|demand| demand_case(&m, demand)));
    let skipped = format!(" skipped=\"{}\"", suite.skipped);
    let mut report = Report::new("smppbench");
    report.add_test_suite(suite);
    let text = report.to_string().expect("writing into a String cannot fail");
    // the schema that CI servers check against has this count for suites only; no quote stands unescaped before it
    Ok(text.replacen(&skipped, "", 1).into_bytes())
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

/// A demand on the books of a gateway that no gate judges.
fn demand_case(m: &RunModel<'_>, demand: &Demand) -> TestCase {
    let found = format!("found {}", words::count(demand.found));
    let status = match (demand.found, demand.is_ours) {
        (0, _) => TestCaseStatus::success(),
        (_, true) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(&found).set_type("unbalanced").set_description(circumstances(m));
            status
        }
        (_, false) => {
            let mut status = TestCaseStatus::skipped();
            let gate =
                demand.gate.map(|gate| format!("; a gate on {} would judge it", gate.metric()));
            status.set_message(found + gate.as_deref().unwrap_or_default());
            status
        }
    };
    let mut case = TestCase::new(demand.says, status);
    case.set_classname("smppbench.through");
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
