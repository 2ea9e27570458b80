//! A run with events in every format, and its gates once it is saved.
use smppbench::judge::{self, GateOutcome};
use smppbench::kit::{Environment, HostUse};
use smppbench::measure::{NoObserver, RunRecord};
use smppbench::plan::{self, Overrides, Plan, Source};
use smppbench::report::{self, Run, Saved};
use smppbench::trial::{Memory, Trial};

const PROFILE: &str = r#"
name = "broken"
load.stages = [{ hold = 200, for = "95s" }]
binds = { count = 2, window = 50, rebind = { attempts_max = 0, min = "100ms", max = "100ms" } }
[embedded]
response.latency = { lognormal = { median = "5ms", p99 = "15ms" } }
[[events]]
do = "close"
name = "restart"
every = "15s"
for = "3s"
repeat = 5
[gates]
"event.restart.recovery" = "< 9s"
"event.restart.timed_out" = 0
"response.p99" = "< 50ms"
"#;

fn ran() -> (Plan, RunRecord) {
    let source = Source::Text { name: "broken.toml".into(), text: PROFILE.into() };
    let plan = plan::load(&source, &Overrides::default()).unwrap();
    let record = Memory::default().run(&plan, &mut NoObserver).unwrap();
    (plan, record)
}

#[test]
fn every_format_has_the_recovery_and_a_saved_run_decides_its_gates_alike() {
    let (plan, record) = ran();
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    let live = judge::evaluate(&plan, &record, &judgement);
    assert!(live.iter().all(|gate| gate.outcome == GateOutcome::Pass), "{live:?}");
    let run = Run {
        plan: &plan,
        profile: &plan::resolved_json(&plan),
        record: &record,
        judgement: &judgement,
        gates: &live,
        environment: &Environment::default(),
        id: "broken-20260101T000000Z",
        version: "0.1.0",
        commit: None,
        target: "embedded",
        repro: "smppbench run broken.toml",
        tally: None,
        warnings: &[],
        labels: &[],
        folder: None,
        show_content: false,
    };
    let saved = Saved::of(&run);
    let render = |format: &str| {
        let octets = report::render(std::slice::from_ref(&saved), format).unwrap();
        String::from_utf8(octets).unwrap()
    };
    let html = render("html");
    for words in ["event-1-rate", "event-1-response", "outage-lengths", "Occurrences"] {
        assert!(html.contains(words), "{words}");
    }
    assert!(html.len() < 3_000_000, "{} octets", html.len());
    for format in ["text", "markdown"] {
        assert!(render(format).contains("recovery median"), "{format}");
    }
    assert!(render("junit").contains("event.restart.recovery"));
    let csv = render("csv");
    let disturbed = csv.lines().filter(|line| line.ends_with(",restart")).count() as u64;
    let seconds: u64 = record.disturbed.iter().map(|(from, to)| to.0 - from.0).sum();
    assert_eq!(disturbed, seconds / 1_000_000_000);
    if let Ok(path) = std::env::var("RECOVERY_HTML") {
        std::fs::write(path, &html).unwrap();
    }
    let octets = saved.document.to_json();
    let document = report::Document::from_json(&octets).unwrap();
    let read = Saved { document, seconds: saved.seconds.clone() };
    let kept = read.gate_input(&plan.gates).unwrap().evaluate(&plan.gates);
    assert_eq!(live, kept);
}
