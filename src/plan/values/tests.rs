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
            "[timeouts]\nbind = \"5\"",
            "timeouts.bind: \"5\" is not valid; write a duration like \"30s\"",
        ),
        (
            "[timeouts]\nbind = \"0s\"",
            "timeouts.bind: \"0s\" is not valid; write a duration above 0s",
        ),
        (
            "[binds]\nenquire_link = \"never\"",
            "binds.enquire_link: \"never\" is not valid; write a dur",
        ),
        ("[guard]\nrate_max = 0", "guard.rate_max: 0 is not valid; write a rate above 0"),
        (
            "[binds]\nrate_max = \"5/week\"",
            "binds.rate_max: \"5/week\" is not a rate; write messages",
        ),
        (
            "[binds]\nconnect_rate = []",
            "binds.connect_rate: a list is not valid; write messages a second",
        ),
        (
            "[deliver]\nno_answer = \"101%\"",
            "deliver.no_answer: \"101%\" is not valid; write a share from",
        ),
        (
            "[[accounts]]\nshare = 0",
            "accounts[0].share: 0 is not valid; write a share above 0, up to 1",
        ),
        (
            "[load]\nworkers = 1025",
            "load.workers: 1025 is not valid; write an integer from 1 to 1024",
        ),
        ("[load]\ncatch_up = \"some\"", "load.catch_up: write \"all\" or a factor like 1.2"),
        ("[load]\npin = 1", "load.pin: 1 is not valid; write true or false"),
        (
            "[[messages]]\ndata_coding = \"gsm7\"",
            "messages[0].data_coding: \"gsm7\" is not a coding; write",
        ),
        (
            "[[messages]]\noctets = \"0\"",
            "messages[0].octets: \"0\" is not valid; write pairs of hexa",
        ),
        (
            "[[messages]]\npriority = 256",
            "messages[0].priority: 256 is not valid; write an integer from 0",
        ),
        (
            "[[messages]]\nservice_type = \"123456\"",
            "messages[0].service_type: \"123456\" is not valid; write at most 5",
        ),
        (
            "[[messages]]\nservice_type = \"ü\"",
            "messages[0].service_type: \"ü\" is not valid; write ASCII only",
        ),
        (
            "[[messages]]\ntext_file = 5",
            "messages[0].text_file: 5 is not valid; write a string in quotes",
        ),
        (
            "[[messages]]\nvalidity_period = 1979-05-27",
            "validity_period: 1979-05-27 is not valid; write a string",
        ),
        (
            "[[messages]]\ndestination = { range = [\"1\"] }",
            "destination.range: 1 in the list; write two",
        ),
        (
            "[[messages]]\ntlvs = [{ tag = 65536, int = 1 }]",
            "messages[0].tlvs[0].tag: 65536 is not valid; write an",
        ),
        (
            "[load]\nretryable = [\"THROTTLE\", 1]",
            "load.retryable[0]: \"THROTTLE\" is not a known command_status; write",
        ),
        ("[deliver]\nanswers = [{ status = 8 }]", "deliver.answers[0].share: is missing; write it"),
        (
            "[target]\naddresses = [\"a:1\", \"a:0\"]",
            "target.addresses[1]: \"a:0\" is not valid; write host:port",
        ),
        (
            "[target]\nsource_addresses = [\"here\"]",
            "target.source_addresses[0]: \"here\" is not an IP address",
        ),
        ("[metrics]\nlisten = \":1\"", "metrics.listen: \":1\" is not valid; write host:port"),
        ("[gates]\n\"ratio.missing\" = 0", "gates.ratio.missing: 0 is not valid; write a table"),
        (
            "[gates]\n\"ratio.missing\" = { is = \"= 0\", for = \"0s\" }",
            "for: \"0s\" is not valid; write a duration above",
        ),
        ("[binds]\nrebind = \"on\"", "binds.rebind: write \"off\" or { attempts_max, min, max }"),
        (
            "[binds]\nrebind = { min = \"9s\", max = \"1s\" }",
            "binds.rebind.min: above `max`; make it at most",
        ),
        (
            "[[load.stages]]\nmax = false\nfor = \"1s\"",
            "load.stages[0].max: false is not valid; write true, or",
        ),
        (
            "[[load.stages]]\nramp = [1, 2, 3]\nfor = \"1s\"",
            "load.stages[0].ramp: 3 in the list; write two, [first,",
        ),
        ("[embedded]\nseed = -1", "embedded.seed: -1 is not valid; write an integer from 0 to"),
        (
            "[embedded.receipts]\nstates = { DELIVRD = 2 }",
            "embedded.receipts.states.DELIVRD: 2 is not valid; write a share",
        ),
        (
            "[embedded.response]\nlatency = 20",
            "embedded.response.latency: 20 is not valid; write a duration or",
        ),
        (
            "[[embedded.accounts]]\nsystem_id = \"a\"\npassword = 12345",
            "password: the value is not valid; write a string in",
        ),
        (
            "[[embedded.faults]]\nkind = \"close\"\nat = \"1s\"\nsessions = \"al\"",
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
