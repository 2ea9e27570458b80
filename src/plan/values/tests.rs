//! Each kind of value in a profile that holds a bad one: the error has the place, the path, the value, the bound and
//! the remedy.
use super::rate_json;
use crate::kit::Rate;
use crate::plan::{Overrides, Source, load};
use serde_json::json;

#[test]
fn a_bad_value_of_each_kind_is_refused_with_place_value_and_remedy() {
    for (text, wanted) in [
        (
            r#"[timeouts]
bind = "5""#,
            "timeouts.bind: \"5\" is not valid; write a duration like \"30s\"",
        ),
        (
            r#"[timeouts]
bind = "0s""#,
            "timeouts.bind: \"0s\" is not valid; write a duration above 0s",
        ),
        (
            r#"[binds]
enquire_link = "never""#,
            "binds.enquire_link: \"never\" is not valid; write a dur",
        ),
        (
            r"[guard]
rate_max = 0",
            "guard.rate_max: 0 is not valid; write a rate above 0",
        ),
        (
            r#"[binds]
rate_max = "5/week""#,
            "binds.rate_max: \"5/week\" is not a rate; write messages",
        ),
        (
            r"[binds]
connect_rate = []",
            "binds.connect_rate: a list is not valid; write messages a second",
        ),
        (
            r#"[deliver]
no_answer = "101%""#,
            "deliver.no_answer: \"101%\" is not valid; write a share from",
        ),
        (
            r"[[accounts]]
share = 0",
            "accounts[0].share: 0 is not valid; write a share above 0, up to 1",
        ),
        (
            r"[load]
workers = 1025",
            "load.workers: 1025 is not valid; write an integer from 1 to 1024",
        ),
        (
            r#"[load]
catch_up = "some""#,
            "load.catch_up: write \"all\" or a factor like 1.2",
        ),
        (
            r"[load]
pin = 1",
            "load.pin: 1 is not valid; write true or false",
        ),
        (
            r#"[[messages]]
data_coding = "gsm7""#,
            "messages[0].data_coding: \"gsm7\" is not a coding; write",
        ),
        (
            r#"[[messages]]
octets = "0""#,
            "messages[0].octets: \"0\" is not valid; write pairs of hexa",
        ),
        (
            r"[[messages]]
priority = 256",
            "messages[0].priority: 256 is not valid; write an integer from 0",
        ),
        (
            r#"[[messages]]
service_type = "123456""#,
            "messages[0].service_type: \"123456\" is not valid; write at most 5",
        ),
        (
            r#"[[messages]]
service_type = "ü""#,
            "messages[0].service_type: \"ü\" is not valid; write ASCII only",
        ),
        (
            r"[[messages]]
text_file = 5",
            "messages[0].text_file: 5 is not valid; write a string in quotes",
        ),
        (
            r"[[messages]]
validity_period = 1979-05-27",
            "validity_period: 1979-05-27 is not valid; write a string",
        ),
        (
            r#"[[messages]]
destination = { range = ["1"] }"#,
            "destination.range: 1 in the list; write two",
        ),
        (
            r"[[messages]]
tlvs = [{ tag = 65536, int = 1 }]",
            "messages[0].tlvs[0].tag: 65536 is not valid; write an",
        ),
        (
            r#"[load]
retryable = ["THROTTLE", 1]"#,
            "load.retryable[0]: \"THROTTLE\" is not a known command_status; write",
        ),
        (
            r"[deliver]
answers = [{ status = 8 }]",
            "deliver.answers[0].share: is missing; write it",
        ),
        (
            r#"[target]
addresses = ["a:1", "a:0"]"#,
            "target.addresses[1]: \"a:0\" is not valid; write host:port",
        ),
        (
            r#"[target]
source_addresses = ["here"]"#,
            "target.source_addresses[0]: \"here\" is not an IP address",
        ),
        (
            r#"[metrics]
listen = ":1""#,
            "metrics.listen: \":1\" is not valid; write host:port",
        ),
        (
            r#"target = "embedded""#,
            "target: \"embedded\" is not valid; write a table, such as target = { address = \"embedded\" }",
        ),
        ("binds = 3", "binds: 3 is not valid; write a table, such as binds = { count = 3 }"),
        ("load = 3", "load: 3 is not valid; write a table"),
        (
            r#"[gates]
"ratio.missing" = true"#,
            "gates.ratio.missing: true is not valid; write a table",
        ),
        (
            r#"[gates]
"ratio.missing" = { is = "= 0", for = "0s" }"#,
            "for: \"0s\" is not valid; write a duration above",
        ),
        (
            r#"[binds]
rebind = "on""#,
            "binds.rebind: write \"off\" or { attempts_max, min, max }",
        ),
        (
            r#"[binds]
rebind = { min = "9s", max = "1s" }"#,
            "binds.rebind.min: above `max`; make it at most",
        ),
        (
            r#"[[load.stages]]
max = false
for = "1s""#,
            "load.stages[0].max: false is not valid; write true, or",
        ),
        (
            r#"[[load.stages]]
ramp = [1, 2, 3]
for = "1s""#,
            "load.stages[0].ramp: 3 in the list; write two, [first,",
        ),
        (
            r"[embedded]
seed = -1",
            "embedded.seed: -1 is not valid; write an integer from 0 to",
        ),
        (
            r"[embedded.receipts]
states = { DELIVRD = 2 }",
            "embedded.receipts.states.DELIVRD: 2 is not valid; write a share",
        ),
        (
            r"[embedded.response]
latency = 20",
            "embedded.response.latency: 20 is not valid; write a duration or",
        ),
        (
            r#"[[embedded.accounts]]
system_id = "a"
password = 12345"#,
            "password: the value is not valid; write a string in",
        ),
        (
            r#"[[embedded.faults]]
kind = "close"
at = "1s"
sessions = "al""#,
            "unknown word \"al\"; did you mean \"all\"?",
        ),
    ] {
        let source = Source::Text { name: "x.toml".into(), text: text.into() };
        let line = load(&source, &Overrides::default()).unwrap_err().to_string();
        let last = text.lines().count();
        assert!(
            line.starts_with("x.toml:") && line.contains(wanted),
            "{text}\n gave {line}\n not {wanted}"
        );
        let placed = (1..=last).any(|n| line.starts_with(&format!("x.toml:{n}: ")));
        assert!(placed && !line.contains("12345\n"), "{line}");
    }
}

#[test]
fn rates_are_written_exactly() {
    for (written, json) in [
        ("5k", json!(5000)),
        ("90/min", json!("1.5")),
        ("7/min", json!("7/min")),
        ("11/h", json!("11/h")),
        ("0.001/min", json!("0.001/min")),
        ("0.5/h", json!("0.5/h")),
    ] {
        let parsed = Rate::parse(written).unwrap();
        assert_eq!(rate_json(parsed), json, "{written}");
    }
}
