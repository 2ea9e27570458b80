//! Every fault and quirk of the simulator flips exactly the cases that it should: a table over all of them.
use super::examined::{Found, Waiting, examine, examine_changed, examine_plan, only, plan_of};
use crate::conform::Outcome::{
    self, Fail, Inconclusive, Lenient, Pass, PreconditionFailed, Skipped, Unsupported,
};
use crate::conform::{Choice, Role, Settings, Stopped, cases};
use crate::kit::Nanos;
use crate::plan::{self, Overrides, Source};
use std::collections::BTreeMap;

/// A behaviour of the simulator, and what it flips.
struct Row {
    behaviour: &'static str,
    /// The cases that are run; none: all.
    only: &'static [&'static str],
    /// Cases (by pattern) whose outcome is another than that of the plain simulator.
    flips: &'static [(&'static str, Outcome)],
}

const fn row(
    behaviour: &'static str,
    only: &'static [&'static str],
    flips: &'static [(&'static str, Outcome)],
) -> Row {
    Row { behaviour, only, flips }
}

/// The cases that a receipt is needed for.
const NO_RECEIPT: &[(&str, Outcome)] = &[
    ("4.6.1-01", Fail),
    ("4.6.1-0[2-6]", PreconditionFailed),
    ("4.6.2-0[12]", PreconditionFailed),
    ("5.2.17-0[45]", PreconditionFailed),
    ("B-0[123]", PreconditionFailed),
    ("5.3.2.12-01", PreconditionFailed),
    ("5.3.2.35-01", PreconditionFailed),
];

/// What a message must be accepted for first.
const RECEIPTS: &[&str] =
    &["4.6*", "5.2.17-02", "5.2.17-04", "5.2.17-05", "B-*", "5.3.2.12-01", "5.3.2.35-01"];

const ROWS: &[Row] = &[
    // limits
    row(
        "limits = { window = 5 }\nresponse.latency = \"60ms\"",
        &["2.5*", "4.4.1-01", "4.2.1-04"],
        &[("2.5.2-01", Inconclusive), ("4.2.1-04", Fail)],
    ),
    row(
        "limits = { window = 5, on_window = \"queue_full\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Inconclusive)],
    ),
    row(
        "limits = { window = 5, on_window = \"silence\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Fail)],
    ),
    row(
        "limits = { window = 5, on_window = \"disconnect\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Fail)],
    ),
    row(
        "limits = { rate = 1, scope = \"session\" }",
        &["4.4*", "5.2.12-02", "5.3.2.22-01", "2.5.2-01"],
        &[
            ("4.4.2-02", PreconditionFailed),
            ("5.2.12-02", Inconclusive),
            ("5.3.2.22-01", Inconclusive),
            ("2.5.2-01", Inconclusive),
        ],
    ),
    row("limits.queue = { size = 1000, drain = 5000 }", &["4.4*", "2.5*"], &[]),
    // a rule for the destination of the profile
    row(
        "rules = [{ destination = \"4477*\", status = \"ESME_RSUBMITFAIL\" }]",
        &["4.4.1-0[12]", "4.11*", "2.5.2-01"],
        &[("4.4.1-0[12]", Fail), ("2.5.2-01", Fail)],
    ),
    row("rules = [{ destination = \"4477*\", state = \"UNDELIV\" }]", RECEIPTS, &[]),
    // responses
    row("response.latency = \"30ms\"", &["4.4*", "2.5*", "4.2*", "4.6.1*"], &[("4.2.1-04", Fail)]),
    row(
        "response.errors = [{ status = \"ESME_RSYSERR\", share = 1.0 }]",
        &["4.4.1-0[12]", "4.4.2*", "3.3-0[1234]", "4.8.1-01", "5.2.14*"],
        &[
            ("4.4.1-0[12]", Fail),
            ("4.4.2-0[124]", PreconditionFailed),
            ("3.3-0[1234]", Fail),
            ("4.8.1-01", PreconditionFailed),
            ("5.2.14-02", Fail),
        ],
    ),
    row(
        "response.lost = 1.0",
        &["4.4.1-0[12]", "4.4.2*", "2.5.2*", "4.2*", "2.4-03", "4.11*"],
        &[
            ("4.4.1-0[12]", Fail),
            ("4.4.2-0[124]", PreconditionFailed),
            ("2.5.2-0[13]", Fail),
            ("2.5.2-04", PreconditionFailed),
            ("4.2.1-04", Fail),
            ("2.4-03", Fail),
        ],
    ),
    row("response.id = \"hex\"", &["4.4*", "4.6*", "5.3.2.12-01"], &[]),
    row("response.id = \"uuid\"", &["4.4*", "4.6*", "5.3.2.12-01"], &[]),
    row("response.id = \"ticket\"", &["4.4*", "4.6*", "5.3.2.12-01"], &[]),
    // receipts
    row("receipts.lost = 1.0", RECEIPTS, NO_RECEIPT),
    row("receipts.delay = \"20s\"", RECEIPTS, NO_RECEIPT),
    row(
        "response.id = \"hex\"\nreceipts.id = \"decimal\"",
        RECEIPTS,
        &[
            ("4.6.1-02", Fail),
            ("4.6.1-0[46]", PreconditionFailed),
            ("4.6.2-0[12]", PreconditionFailed),
            ("5.3.2.12-01", Fail),
        ],
    ),
    row(
        "receipts.id = \"zero_padded\"",
        RECEIPTS,
        &[
            ("4.6.1-02", Fail),
            ("4.6.1-0[46]", PreconditionFailed),
            ("4.6.2-0[12]", PreconditionFailed),
            ("5.3.2.12-01", Fail),
        ],
    ),
    row(
        "receipts.format = \"openmarket\"",
        RECEIPTS,
        &[("B-01", Fail), ("B-03", Fail), ("5.3.2.*", Unsupported)],
    ),
    row("receipts.format = \"tlv_only\"", RECEIPTS, &[("B-0[123]", Fail)]),
    row("receipts.format = \"payload\"", RECEIPTS, &[("5.3.2.*", Unsupported)]),
    row("receipts.format = \"data_sm\"", RECEIPTS, &[("B-0[123]", Fail)]),
    row("receipts.duplicate = 1.0", RECEIPTS, &[("4.6.1-04", Fail), ("4.6.2-01", Pass)]),
    row("receipts.before_response = 1.0", RECEIPTS, &[]),
    row("receipts.intermediate = 1.0", RECEIPTS, &[("5.2.17-05", Fail)]),
    row("receipts.other_bind = true", RECEIPTS, &[]),
    row("receipts.window = 1", RECEIPTS, &[]),
    row("receipts.rate = 20", RECEIPTS, &[]),
    row("receipts.states = { UNDELIV = 1.0 }", RECEIPTS, &[]),
    row("receipts.states = { UNKNOWN = 1.0 }", RECEIPTS, &[("B-02", Fail)]),
    row("receipts.retry = { after = \"100ms\", max = 2 }", RECEIPTS, &[("4.6.2-0[12]", Pass)]),
    // other traffic does not disturb
    row("mo = { rate = 100 }", &["4.*", "B-*", "2.4*", "2.5*"], &[]),
    // timers
    row("timers.session_init = \"200ms\"", &["2.9*", "4.4.1-01"], &[("2.9-01", Pass)]),
    row("timers.enquire_link = \"150ms\"", &["2.9*", "4.*"], &[("2.9-02", Pass)]),
    row("timers.inactivity = \"300ms\"", &["2.9*"], &[("2.9-03", Pass)]),
    // habits
    row("habits.sc_interface_version = 0x34", &["4.1*"], &[("4.1.2-02", Pass)]),
    row("habits.sc_interface_version = 0x33", &["4.1*"], &[("4.1.2-02", Fail)]),
    row("habits.service_type = \"OMV4\"", RECEIPTS, &[]),
    row(
        "habits.openmarket = true",
        &[
            "4.5*", "4.7*", "4.8*", "4.9*", "4.10*", "5.2.5*", "5.2.6*", "4.4.1*", "5.2.12*",
            "2.2-06",
        ],
        &[
            ("4.5.1-0[12]", Unsupported),
            ("4.7.1-01", Unsupported),
            ("4.8.1-0[12]", Unsupported),
            ("4.9.1-01", Unsupported),
            ("4.10.1-01", Unsupported),
            ("5.2.5-0[12]", Pass),
            ("5.2.6-0[12]", Pass),
            ("5.2.12-04", Fail),
            ("4.4.1-0[567]", Fail),
        ],
    ),
    // accounts
    row(
        "accounts = [{ system_id = \"smppbench\", binds_max = 1 }]\nlimits.ghost_bind = \"20s\"",
        &["4.2.1-05", "2.2-08"],
        &[("2.2-08", Fail)],
    ),
    // faults
    row(
        "faults = [{ kind = \"close\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"reset\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"unbind\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-04", "4.11*"],
        &[("2.5.2-04", Fail)],
    ),
    row(
        "faults = [{ kind = \"half_close\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"garbage\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"truncated\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"oversize_tlv\", share = 1.0 }]",
        &["4.4.*", "4.11*"],
        &[("4.4.2-04", Fail)],
    ),
    row(
        "faults = [{ kind = \"generic_nack\", share = 1.0 }]",
        &["4.4.1-01", "4.4.2-0[124]", "4.11*"],
        &[("4.4.1-01", Fail), ("4.4.2-0[124]", PreconditionFailed)],
    ),
    row(
        "faults = [{ kind = \"no_enquire_answer\", share = 1.0 }]",
        &["4.11*", "4.4.1-01", "5.1.2-0[123]", "4.3.1*"],
        &[("4.11*", Fail), ("5.1.2-0[23]", Fail), ("4.3.1-0[12]", Fail)],
    ),
    row("faults = [{ kind = \"slow_reader\", at = \"0s\" }]", &["4.1.5-01", "2.2-08"], &[]),
];

/// Whether an id fits a pattern of `*` and `[...]`.
fn fits(pattern: &str, id: &str) -> bool {
    match pattern.split_once('[') {
        None => crate::plan::matches(pattern, id),
        Some((front, rest)) => {
            let (any, behind) = rest.split_once(']').unwrap();
            let any: Vec<char> = match any.split_once('-') {
                Some((first, last)) => {
                    (first.chars().next().unwrap()..=last.chars().next().unwrap()).collect()
                }
                None => any.chars().collect(),
            };
            any.iter().any(|one| crate::plan::matches(&format!("{front}{one}{behind}"), id))
        }
    }
}

fn chosen(row: &Row) -> Choice {
    let ids = cases(Role::Smsc).into_iter().map(|case| case.id);
    let wanted: Vec<&str> =
        ids.filter(|id| row.only.iter().any(|pattern| fits(pattern, id))).collect();
    assert!(!wanted.is_empty() || row.only.is_empty(), "{}", row.behaviour);
    only(&wanted)
}

/// What is not as the row says.
fn faults(row: &Row, plain: &BTreeMap<&str, Outcome>, found: &Found) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, outcome) in found.outcomes() {
        let flipped = row.flips.iter().find(|(pattern, _)| fits(pattern, id));
        let wanted = flipped.map_or(plain[id], |(_, outcome)| *outcome);
        if outcome != wanted {
            let seen = found.seen(id);
            faults.push(format!("{}: {id} wanted {}, {seen}", row.behaviour, wanted.word()));
        }
    }
    faults
}

/// A fault that occurs when the simulator chooses needs no time of its own: what is compared is the plain simulator.
fn plain() -> BTreeMap<&'static str, Outcome> {
    examine("", &Choice::default(), Waiting::Usual).outcomes()
}

#[test]
fn every_fault_and_quirk_of_the_simulator_flips_exactly_the_cases_that_it_should() {
    let plain = &plain();
    let all: Vec<String> = std::thread::scope(|scope| {
        let rows: Vec<_> = ROWS
            .chunks(ROWS.len().div_ceil(18))
            .map(|rows| {
                scope.spawn(move || {
                    rows.iter().flat_map(|row| judged(row, plain)).collect::<Vec<_>>()
                })
            })
            .collect();
        rows.into_iter().flat_map(|row| row.join().unwrap()).collect()
    });
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

fn judged(row: &Row, plain: &BTreeMap<&'static str, Outcome>) -> Vec<String> {
    let choice = chosen(row);
    let first = faults(row, plain, &examine(row.behaviour, &choice, Waiting::Usual));
    if first.is_empty() {
        return first;
    }
    // a busy machine may have been too slow for the usual waits
    faults(row, plain, &examine(row.behaviour, &choice, Waiting::Long))
}

#[test]
fn a_simulator_that_lets_everyone_in_fails_the_cases_of_credentials() {
    let found = examine_plan(
        {
            let mut plan = plan_of("");
            plan.accounts[0].password = crate::plan::Secret("conform".to_owned());
            plan
        },
        &only(&["4.1.1*", "4.1.2*"]),
        Waiting::Usual,
    );
    let outcomes = found.outcomes();
    assert_eq!((outcomes["4.1.1-01"], outcomes["4.1.2-01"]), (Pass, Pass));
    assert_eq!((outcomes["4.1.1-02"], outcomes["4.1.1-03"]), (Fail, Fail));
    assert_eq!(outcomes["4.1.2-03"], PreconditionFailed);
}

#[test]
fn a_simulator_that_refuses_every_bind_stops_the_run_at_its_first_case() {
    let found = examine(
        "faults = [{ kind = \"bind_refuse\", share = 1.0 }]",
        &Choice::default(),
        Waiting::Usual,
    );
    assert!(matches!(found.run.stopped, Some(Stopped::Credentials(_))), "{:?}", found.run.stopped);
    assert_eq!(found.run.results[0].verdict.outcome, Unsupported);
    let skipped = found.outcomes().values().filter(|outcome| **outcome == Skipped).count();
    assert!(skipped + 5 > found.run.results.len(), "{skipped}");
}

#[test]
fn a_simulator_that_drops_every_connection_stops_the_run_after_three() {
    let found = examine(
        "faults = [{ kind = \"accept_then_drop\", share = 1.0 }]",
        &Choice::default(),
        Waiting::Usual,
    );
    assert!(matches!(found.run.stopped, Some(Stopped::Lost(_))), "{:?}", found.run.stopped);
    let ran = found.outcomes().values().filter(|outcome| **outcome != Skipped).count();
    assert_eq!(ran, 3);
    assert!(!found.outcomes().values().any(|outcome| [Pass, Lenient].contains(outcome)));
}

#[test]
fn other_traffic_stops_the_run_where_it_should_and_early_receipts_are_not_taken_for_it() {
    let examined = |behaviour: &str| {
        let choice = only(&["4.6.1-0*", "4.11*"]);
        examine_changed(plan_of(behaviour), &choice, Waiting::Usual, |settings| {
            settings.stops_on_foreign = true;
        })
    };
    let quiet = examined("receipts.before_response = 1.0");
    assert_eq!(quiet.run.stopped, None);
    let foreign = examined("mo.rate = 200");
    assert_eq!(foreign.run.stopped, Some(Stopped::Foreign));
    assert!(foreign.outcomes().values().any(|outcome| *outcome == Skipped));
}

#[test]
fn off_loopback_messages_are_spaced_by_a_fifth_of_a_second_or_more() {
    let settings = |rate_max: Option<&str>| {
        let text = "[target]\naddress = \"192.0.2.1:2775\"\n[guard]\nallow_target = [\"192.0.2.1:2775\"]\n\
                    messages_max = 200\n";
        let rate_max = rate_max.map_or(String::new(), |rate| format!("rate_max = {rate}\n"));
        let source = Source::Text { name: "x.toml".into(), text: format!("{text}{rate_max}") };
        let flags = Overrides {
            rate: Some("1".into()),
            duration: Some("1s".into()),
            warmup: Some("0s".into()),
            ..Overrides::default()
        };
        Settings::of(&plan::load(&source, &flags).unwrap()).unwrap()
    };
    assert_eq!(settings(None).pace, Nanos::from_millis(200));
    assert_eq!(settings(Some("2")).pace, Nanos::from_millis(500));
    assert_eq!(settings(Some("50")).pace, Nanos::from_millis(200));
    assert!(settings(None).stops_on_foreign);
    assert_eq!(Settings::of(&plan_of("")).unwrap().pace, Nanos::ZERO);
}
