//! Mistakes in a profile: each is refused with its place, its value, its bound and a remedy.
use super::*;

#[test]
fn an_unknown_key_is_refused_with_its_line_its_path_and_a_suggestion() {
    let text = r#"name = "x"
[[load.stages]]
hold = 5
for = "1s"
[[load.stages]]
hol = 5
"#;
    assert_eq!(refusal(text), "x.toml:6: load.stages[1].hol: unknown key; did you mean \"hold\"?");
    assert_eq!(
        refusal(
            r"
[bind]
count = 2"
        ),
        "x.toml:2: bind: unknown key; did you mean \"binds\"?"
    );
    let line = refusal(
        r#"[embedded.response]
latncy = "1ms""#,
    );
    assert_eq!(line, "x.toml:2: embedded.response.latncy: unknown key; did you mean \"latency\"?");
    assert!(
        refusal(
            r"[receipts]
qqq = 1"
        )
        .contains("known are id_mode, final_states")
    );
}

/// A profile, and what its refusal says.
const IMPOSSIBLE: &[(&str, &str)] = &[
    (
        r"[binds]
window = 0",
        "x.toml:2: binds.window: 0 is not valid; write an integer from 1 to",
    ),
    (
        r#"[binds]
count = "2""#,
        "x.toml:2: binds.count: \"2\" is not valid; write an integer",
    ),
    (
        "[upstream]\nlisten = [\"127.0.0.1:1\"]\nroutes = [\n{ to = \"44*\", upstream = \"127.0.0.1:2\" }]",
        "x.toml:4: upstream.routes[0].upstream: 127.0.0.1:2 is not one of upstream.listen; write one of 127.0.0.1:1",
    ),
    (
        "[[upstream.routes]]\nto = \"44*\"\nupstream = \"127.0.0.1:2776\"\n[[upstream.routes]]\nto = \"+44*\"\nupstream = \"127.0.0.1:2776\"",
        "x.toml:5: upstream.routes[1].to: 44* has a route already; leave one out",
    ),
    (
        "[[upstream.routes]]\nto = \"44\"\nupstream = \"127.0.0.1:2776\"",
        "x.toml:2: upstream.routes[0].to: \"44\" is not valid; write up to 20 digits and a * at the end, as in \"44*\"",
    ),
    (
        "[upstream]\nmarker = \"destination\"\nroutes = [{ to = \"*\", upstream = \"127.0.0.1:2776\" }]",
        "x.toml:2: upstream.marker: \"destination\" replaces the destinations that upstream.routes go by; write another marker",
    ),
    ("[[observe]]\npid = 1", "x.toml:1: observe[0].name: is missing; write a name"),
    (
        "[[observe]]\nname = \"a.b\"\npid = 1",
        "x.toml:2: observe[0].name: \"a.b\" is not valid; write 1 to 64 letters, digits, _ and -",
    ),
    (
        "[[observe]]\nname = \"gw\"",
        "x.toml:1: observe[0]: nothing to observe; write one of url, pid, pid_file, command and tally",
    ),
    (
        "[[observe]]\nname = \"gw\"\npid = 1\ncommand = \"gw\"",
        "x.toml:4: observe[0].command: beside pid; write only one of",
    ),
    (
        "[[observe]]\nname = \"gw\"\nurl = \"http://h:1/\"",
        "x.toml:1: observe[0].series: is missing; write which series to take",
    ),
    (
        "[[observe]]\nname = \"gw\"\npid = 1\nseries = { a = \"b\" }",
        "x.toml:4: observe[0].series: goes with url only; leave it out",
    ),
    (
        "[[observe]]\nname = \"gw\"\nurl = \"http://h:1/\"\nseries = { a = 'b{c=~\"d\"}' }",
        "x.toml:4: observe[0].series.a: ",
    ),
    (
        "[[observe]]\nname = \"gw\"\nurl = \"https://h:1/\"\nseries = { a = \"b\" }",
        "x.toml:3: observe[0].url: \"https://h:1/\" is not valid; write http://host:port/path",
    ),
    (
        "[[observe]]\nname = \"gw\"\npid = 1\nevery = \"50ms\"",
        "x.toml:4: observe[0].every: \"50ms\" is not valid; write a duration from 100ms to 1h",
    ),
    (
        "[[observe]]\nname = \"gw\"\npid = 0",
        "x.toml:3: observe[0].pid: 0 is not valid; write an integer from 1 to",
    ),
    (
        "[[observe]]\nname = \"gw\"\ncommand = \"/usr/bin/gw\"",
        "x.toml:3: observe[0].command: is not a name of a process",
    ),
    (
        "[[observe]]\nname = \"gw\"\npid = 1\n[[observe]]\nname = \"gw\"\npid = 2",
        "x.toml:5: observe[1].name: two sources named \"gw\"; give each a `name` of its own",
    ),
    (
        "[[observe]]\nname = \"smppbench\"\npid = 1",
        "x.toml:2: observe[0].name: \"smppbench\" is the name of this tool's own process",
    ),
    (
        r#"[[load.stages]]
hold = 0
for = "1s""#,
        "x.toml:2: load.stages[0].hold: 0 is not valid; write a rate above 0",
    ),
    (
        r#"[[load.stages]]
hold = -1
for = "1s""#,
        "x.toml:2: load.stages[0].hold: \"-1\" is not a rate",
    ),
    (
        r#"[[load.stages]]
ramp = [0, -5]
for = "1s""#,
        "x.toml:2: load.stages[0].ramp[1]: \"-5\" is not a rate",
    ),
    (
        r#"[[load.stages]]
hold = 1
for = "0s""#,
        "x.toml:3: load.stages[0].for: \"0s\" is not valid; write a duration above 0s",
    ),
    (
        r"[[load.stages]]
hold = 1",
        "x.toml:1: load.stages[0].for: is missing",
    ),
    (
        r#"[[load.stages]]
for = "1s""#,
        "x.toml:1: load.stages[0]: has no shape",
    ),
    (
        r#"[[load.stages]]
hold = 1
max = true
for = "1s""#,
        "load.stages[0].max: a second shape",
    ),
    (
        r"[load]
stages = []",
        "x.toml:2: load.stages: is empty",
    ),
    (
        r"[load]
catch_up = 0.5",
        "x.toml:2: load.catch_up: 0.5 would never catch up",
    ),
    (
        r#"[load]
arrival = "poison""#,
        "x.toml:2: load.arrival: unknown word \"poison\"; did you mean \"poisson\"?",
    ),
    (
        r#"[receipts]
id_mode = "hex""#,
        "receipts.id_mode: unknown word \"hex\"",
    ),
    (
        r#"[target]
address = "smsc""#,
        "x.toml:2: target.address: \"smsc\" is not valid; write host:port",
    ),
    (
        r"[timeouts]
response = 5",
        "x.toml:2: timeouts.response: 5 is not valid; write a duration like",
    ),
    (
        r#"[deliver]
answers = [{ status = "ESME_RTHROTLED", share = 0.1 }]"#,
        "did you mean \"ESME_RTHROTTLED\"?",
    ),
    (
        r"[deliver]
no_answer = 1.5",
        "deliver.no_answer: 1.5 is not valid; write a share from 0 to 1",
    ),
    (
        r#"[[messages]]
label = "a"
[[messages]]
label = "a""#,
        "x.toml:4: messages[1].label: two messages labelled \"a\"",
    ),
    (
        r#"[[messages]]
destination = "abc""#,
        "x.toml:2: messages[0].destination: \"abc\" is not a number",
    ),
    (
        r#"[[messages]]
destination = { range = ["12", "345"] }"#,
        "is not a range",
    ),
    (
        r#"[[messages]]
tlvs = [{ tag = "user_message_referense", int = 1 }]"#,
        "did you mean \"user_message_reference\"?",
    ),
    (
        r#"[[messages]]
validity_period = "soon""#,
        "\"soon\" is not a time",
    ),
    (
        r#"[[accounts]]
name = "a"
[[accounts]]
name = "a""#,
        "x.toml:4: accounts[1].name: two accounts named \"a\"",
    ),
    (
        r#"[[accounts]]
password = "secret""#,
        "x.toml:2: accounts[0].password: a password does not stand in a profile",
    ),
    (
        r#"[gates]
response.p99 = "< 5ms""#,
        "write the metric in quotes",
    ),
    (
        r#"[load]
stages = [{ hold = 1, for = "1s", measure = false }]"#,
        "none is measured",
    ),
    (r#"name = "a/b""#, "x.toml:1: name: names the run folder"),
    ("x = [", "x.toml:1: "),
];

#[test]
fn impossible_values_are_refused_with_place_bound_and_remedy() {
    for &(text, wanted) in IMPOSSIBLE {
        let line = refusal(text);
        assert!(line.contains(wanted), "{text}\n gave {line}\n not {wanted}");
        assert!(!line.contains("secret"));
    }
}

#[test]
fn flags_that_cannot_be_are_refused_at_the_flag() {
    let bad = Overrides { window: Some(0), ..Overrides::default() };
    assert!(refused(bad).starts_with("--window: binds.window: 0 is not valid"));
    let bad = Overrides { bind_type: Some("trx".into()), ..Overrides::default() };
    assert!(refused(bad).starts_with("--bind-type: binds.type: unknown word \"trx\""));
    let bad = Overrides { system_id: Some("x".into()), ..Overrides::default() };
    let two = source(
        r#"[[accounts]]
name = "a"
[[accounts]]
name = "b""#,
    );
    let line = load(&two, &bad).unwrap_err().to_string();
    assert!(line.starts_with("--system-id: accounts: there are 2 accounts"), "{line}");
}
