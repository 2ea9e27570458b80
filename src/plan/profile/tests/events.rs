//! `[[events]]`: what is filled in, when they occur, and what is refused.
use super::*;
use crate::plan::{EventBinds, Occurrence, occurrences};

const LOAD: &str = "load.stages = [{ hold = 100, for = \"60s\" }]\nbinds.count = 3\n";

fn events(text: &str) -> Plan {
    let flags = Overrides { allow_exec: true, ..Overrides::default() };
    with(&format!("{LOAD}{text}"), flags)
}

fn refused(text: &str) -> String {
    refusal(&format!("{LOAD}{text}"))
}

#[test]
fn an_event_is_named_by_its_action_and_strikes_all_sessions_once() {
    let p = events(
        r#"[[events]]
do = "close"
at = "20s"
[[events]]
do = "close"
at = "30s"
binds = "half"
[[events]]
do = "exec"
exec = ["true"]
every = "25s""#,
    );
    let names: Vec<&str> = p.events.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["close", "close-2", "exec"]);
    assert_eq!(p.events.iter().map(|e| e.repeat).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(p.events[0].binds.count(p.sessions_count()), 3);
    assert_eq!(p.events[1].binds.count(p.sessions_count()), 2);
    assert_eq!(p.events[2].length, Nanos::from_secs(30));
    assert_eq!(p.events[0].recover.hold, Nanos::from_secs(5));
}

#[test]
fn occurrences_are_offsets_from_the_start_of_the_load_in_order() {
    let p = events(
        r#"[[events]]
do = "bind_flood"
rate = "5"
every = "20s"
for = "20s"
[[events]]
do = "reset"
binds = 1
at = "1s"
every = "19s"
for = "500ms"
repeat = 3
recover = { rate = "10 %", response = "3x", hold = "2s" }"#,
    );
    let seen: Vec<(u16, u32, u64, u64)> = occurrences(&p)
        .iter()
        .map(|Occurrence { event, repeat, from, until }| {
            (*event, *repeat, from.0 / 1_000_000, until.0 / 1_000_000)
        })
        .collect();
    let wanted = [
        (1, 0, 1_000, 1_500),
        (0, 0, 20_000, 40_000),
        (1, 1, 20_000, 20_500),
        (1, 2, 39_000, 39_500),
        (0, 1, 40_000, 60_000),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(p.events[1].binds, EventBinds::Count(1));
    assert!((p.events[1].recover.response - 3.0).abs() < f64::EPSILON);
    // a shorter plan made of it has those that begin in it
    let mut shorter = p;
    shorter.stages[0].length = Nanos::from_secs(20);
    assert_eq!(occurrences(&shorter).len(), 1);
}

#[test]
fn a_plan_with_events_reads_back_as_itself() {
    let p = events(
        r#"[[events]]
do = "churn"
rate = 2
every = "30s"
for = "3s"
binds = 2
[[events]]
do = "exec"
exec = ["systemctl", "restart", "smsc"]
at = "59s""#,
    );
    let json = crate::plan::resolved_json(&p);
    let text = toml::to_string(&json).unwrap();
    let flags = Overrides { allow_exec: true, ..Overrides::default() };
    assert_eq!(with(&text, flags).events, p.events);
    let sent: Plan = serde_json::from_value(serde_json::to_value(&p).unwrap()).unwrap();
    assert_eq!(sent, p);
}

/// Events that cannot be, and what their refusal says.
const IMPOSSIBLE: &[(&str, &str)] = &[
    ("do = \"close\"\nat = \"60s\"", "5: events[0].at: goes beyond the end of the load at 1m; 0"),
    ("do = \"close\"\nat = \"58s\"\nfor = \"3s\"", "5: events[0].at: goes beyond the end"),
    ("do = \"close\"\nevery = \"15s\"\nrepeat = 4", "6: events[0].repeat: goes beyond the end of"),
    ("do = \"close\"", "3: events[0].at: is missing; write at = \"20s\" or every"),
    ("do = \"close\"\nat = \"1s\"\nrepeat = 2", "6: events[0].repeat: needs `every`"),
    ("do = \"close\"\nat = \"1s\"\nrepeat = 0", "6: events[0].repeat: 0 is not valid; write an"),
    ("do = \"close\"\nat = \"1s\"\nbinds = 4", "6: events[0].binds: 4 sessions, but the run has 3"),
    ("do = \"close\"\nat = \"1s\"\nbinds = 0", "6: events[0].binds: 0 is not valid; write a num"),
    ("do = \"close\"\nat = \"1s\"\nbinds = \"most\"", "6: events[0].binds: \"most\" is not valid"),
    (
        "do = \"clsoe\"\nat = \"1s\"",
        "4: events[0].do: unknown word \"clsoe\"; did you mean \"close\"",
    ),
    ("at = \"1s\"", "3: events[0].do: is missing"),
    ("do = \"slice\"\nat = \"1s\"\nfor = \"1s\"", "3: events[0].octets: is missing; write octets"),
    ("do = \"close\"\nat = \"1s\"\noctets = 1", "6: events[0].octets: means nothing with do = \"c"),
    (
        "do = \"churn\"\nat = \"1s\"\nfor = \"1s\"",
        "3: events[0].rate: is missing; do = \"churn\" n",
    ),
    ("do = \"close\"\nat = \"1s\"\nrate = 1", "6: events[0].rate: means nothing with do = \"clos"),
    ("do = \"blackhole\"\nat = \"1s\"", "3: events[0].for: is missing; write how long \"blackhole"),
    (
        "do = \"half_close\"\nat = \"1s\"\nfor = \"1s\"",
        "6: events[0].for: means nothing with do = ",
    ),
    ("do = \"exec\"\nat = \"1s\"", "3: events[0].exec: is missing; write exec = ["),
    ("do = \"exec\"\nat = \"1s\"\nexec = []", "6: events[0].exec: is missing"),
    ("do = \"exec\"\nat = \"1s\"\nexec = [\"\"]", "6: events[0].exec: starts with an empty word"),
    ("do = \"exec\"\nat = \"1s\"\nexec = [\"true\"]", "6: events[0].exec: runs a command on this"),
    (
        "do = \"close\"\nat = \"1s\"\nexec = [\"true\"]",
        "6: events[0].exec: is run by do = \"exec\"",
    ),
    (
        "do = \"bind_flood\"\nrate = 1\nat = \"1s\"\nfor = \"1s\"\nbinds = 1",
        "8: events[0].binds: means nothing with do = \"bind_flood\"",
    ),
    (
        "do = \"close\"\nat = \"1s\"\nname = \"a b\"",
        "6: events[0].name: \"a b\" names gates and ro",
    ),
    (
        "do = \"close\"\nat = \"1s\"\nname = \"x\"\n[[events]]\ndo = \"reset\"\nat = \"2s\"\nname = \"x\"",
        "10: events[1].name: two events named \"x\"; give each",
    ),
    (
        "do = \"close\"\nat = \"1s\"\nfor = \"3s\"\n[[events]]\ndo = \"reset\"\nat = \"2s\"",
        "9: events[1].at: \"reset\" at 2s needs sessions that \"close\" has from 1s to 4s; let one",
    ),
    (
        "do = \"blackhole\"\nevery = \"5s\"\nfor = \"6s\"",
        "5: events[0].every: \"blackhole\" at 10s needs sessions that \"blackhole\" has from 5s to",
    ),
    (
        "do = \"churn\"\nat = \"1s\"\nfor = \"1s\"\nrate = 20000",
        "7: events[0].rate: 20000/s is more than 10000/s; lower it",
    ),
    (
        "do = \"bind_flood\"\nat = \"1s\"\nfor = \"1s\"\nrate = 2\n[guard]\nbinds_max = 3",
        "4: events[0].do: \"bind_flood\" may bind beyond guard.binds_max = 3",
    ),
    (
        "do = \"close\"\nat = \"1s\"\nrecover = { response = \"0.5x\" }",
        "6: events[0].recover.response: \"0.5x\" is not valid; write a factor from 1 on",
    ),
    (
        "do = \"unbind\"\nat = \"1s\"\n[[accounts]]\nbinds.rebind = \"off\"",
        "4: events[0].do: \"unbind\" ends sessions of account",
    ),
];

#[test]
fn an_event_that_cannot_be_is_refused_with_its_place() {
    for (event, says) in IMPOSSIBLE {
        let line = refused(&format!("[[events]]\n{event}"));
        assert!(line.starts_with(&format!("x.toml:{says}")), "{event}\n{line}");
    }
}

#[test]
fn an_event_on_sessions_that_bind_again_may_leave_the_others_out() {
    let text = r#"[[accounts]]
binds.count = 1
[[accounts]]
system_id = "b"
binds = { count = 1, rebind = "off" }
[[events]]
do = "reset"
at = "1s"
binds = 1"#;
    assert_eq!(events(text).events.len(), 1);
    assert!(refused(&text.replace("binds = 1", "binds = 2")).contains("\"off\""));
}
