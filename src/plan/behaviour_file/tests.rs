use super::*;
use crate::kit::{Nanos, Rate};
use crate::plan::behaviour::*;

/// Every key of the contract's example, as it stands there.
const EXAMPLE: &str = r#"
seed = 7
accounts = [{ system_id = "test", password = "test", binds_max = 7, rate = 100, window = 10 }]
[limits]
window = 37
on_window = "queue_full"
rate = 5000
scope = "account"
burst = 0
on_rate = "delay"
queue = { size = 100000, drain = 5000 }
ghost_bind = "60s"
[response]
latency = "20ms"
stall = { every = "10s", for = "1s" }
errors = [{ status = "ESME_RSUBMITFAIL", share = 0.01 }]
lost = 0.5
id = "ticket"
[receipts]
delay = { uniform = ["5ms", "9ms"] }
rate = 0
states = { DELIVRD = 0.97, UNDELIV = 0.02, EXPIRED = 0.01 }
id = "zero_padded"
format = "data_sm"
lost = "1%"
duplicate = 0.1
before_response = 0.2
intermediate = 0.3
other_bind = true
window = 10
waiting_max = 2000
retry = { after = "5s", max = 3 }
[mo]
rate = 3
texts = ["hello"]
lengths = [20, 700]
ticket_tlv = true
[timers]
session_init = "5s"
enquire_link = "30s"
inactivity = "off"
response = "10s"
[[rules]]
destination = "*404"
status = "0x0B"
state = "UNDELIV"
err = "001"
[[faults]]
kind = "half_close"
at = "3s"
[[faults]]
kind = "accept_then_drop"
share = 0.001
sessions = "all"
[tls]
certificate = "cert.pem"
key = "key.pem"
[habits]
openmarket = true
service_type = "OMV4"
sc_interface_version = 0x34
"#;

#[test]
fn every_key_of_the_contract_is_read() {
    let b = parse(EXAMPLE).unwrap();
    assert_eq!(b.seed, 7);
    let account = &b.accounts[0];
    assert_eq!(
        (account.binds_max, account.rate, account.window),
        (Some(7), Some(Rate::per_second(100)), Some(10))
    );
    assert_eq!((b.limits.window, b.limits.on_window), (Some(37), OnWindow::QueueFull));
    assert_eq!(
        (b.limits.scope, b.limits.on_rate, b.limits.burst),
        (Scope::Account, OnRate::Delay, Some(0))
    );
    assert_eq!(b.limits.queue, Some(Queue { size: 100_000, drain: Rate::per_second(5000) }));
    assert_eq!(b.limits.ghost_bind, Some(Nanos::from_secs(60)));
    assert_eq!(b.response.latency, Latency::Constant(Nanos::from_millis(20)));
    assert_eq!(b.response.stall.unwrap().length, Nanos::from_secs(1));
    assert_eq!(b.response.errors, [(0x45, 0.01)]);
    assert_eq!((b.response.lost, b.response.id), (0.5, IdFormat::Ticket));
    let r = &b.receipts;
    assert_eq!(r.delay, Latency::Uniform(Nanos::from_millis(5), Nanos::from_millis(9)));
    assert_eq!((r.rate, r.lost, r.duplicate), (None, 0.01, 0.1));
    assert_eq!(r.states, [(2, 0.97), (3, 0.01), (5, 0.02)]);
    assert_eq!(
        (r.id, r.format, r.window),
        (ReceiptId::ZeroPadded, ReceiptFormat::DataSm, Some(10))
    );
    assert_eq!(r.retry, Some(Retry { after: Nanos::from_secs(5), max: 3 }));
    assert_eq!(r.waiting_max, 2_000);
    assert_eq!((r.before_response, r.intermediate, r.other_bind), (0.2, 0.3, true));
    assert_eq!(
        (b.mo.rate, b.mo.ticket_tlv, b.mo.texts.len()),
        (Some(Rate::per_second(3)), true, 1)
    );
    assert_eq!(b.mo.lengths, [20, 700]);
    assert_eq!(b.timers.session_init, Some(Nanos::from_secs(5)));
    assert_eq!((b.timers.inactivity, b.timers.response), (None, Some(Nanos::from_secs(10))));
    assert_eq!((b.rules[0].status, b.rules[0].state), (Some(0x0B), Some(5)));
    assert_eq!(
        (b.faults[0].kind, b.faults[0].at),
        (FaultKind::HalfClose, Some(Nanos::from_secs(3)))
    );
    assert!(b.faults[1].all_sessions && !b.faults[0].all_sessions);
    assert_eq!(b.tls.unwrap().certificate, "cert.pem");
    assert_eq!(b.habits.sc_interface_version, Some(0x34));
}

#[test]
fn nothing_said_means_nothing_done() {
    assert_eq!(parse("").unwrap(), Behaviour::default());
}

#[test]
fn a_connection_has_thirty_seconds_to_bind_unless_that_is_off() {
    let init = |text: &str| parse(text).unwrap().timers.session_init;
    assert_eq!(
        init(
            r#"[timers]
response = "1s""#
        ),
        Some(Nanos::from_secs(30))
    );
    assert_eq!(
        init(
            r#"[timers]
session_init = "off""#
        ),
        None
    );
}

#[test]
fn the_forms_of_a_latency_are_read() {
    let latency = |text: &str| {
        parse(&format!(
            r"[response]
latency = {text}"
        ))
        .unwrap()
        .response
        .latency
    };
    let ms = Nanos::from_millis;
    assert_eq!(latency("\"0s\""), Latency::Zero);
    assert_eq!(
        latency("{ lognormal = { median = \"10ms\", p99 = \"80ms\" } }"),
        Latency::Lognormal { median: ms(10), p99: ms(80) }
    );
    assert_eq!(
        latency("{ servers = 4, mean = \"8ms\" }"),
        Latency::Servers { servers: 4, mean: ms(8) }
    );
}

#[test]
fn what_is_wrong_is_told_in_one_line_with_its_place() {
    for (text, wanted) in [
        ("[limit]", "behaviour:1: limit: unknown key; did you mean \"limits\"?"),
        (
            r"[response]
lost = 2",
            "behaviour:2: response.lost: 2 is not valid; write a share",
        ),
        (
            r#"[response]
latency = { uniform = ["9ms", "5ms"] }"#,
            "the smaller one comes first",
        ),
        (
            r#"[response]
latency = { lognormal = { median = "9ms", p99 = "5ms" } }"#,
            "below the median",
        ),
        (
            r"[response]
latency = {}",
            "write \"20ms\"",
        ),
        (
            r#"[response]
stall = { every = "1s", for = "1s" }"#,
            "it would never answer",
        ),
        (
            r"[receipts]
states = { DELIVERD = 1 }",
            "\"DELIVERD\" is not a known state; did you mean \"DELIVRD\"?",
        ),
        (
            r"[receipts]
states = { DELIVRD = 0.9, UNDELIV = 0.2 }",
            "the shares add up to 1.1",
        ),
        (
            r#"[[faults]]
kind = "close""#,
            "no trigger; write one of at",
        ),
        (
            r#"[[faults]]
kind = "clos"
at = "1s""#,
            "did you mean \"close\"?",
        ),
        (
            r"[[rules]]
status = 1",
            "rules[0].destination: is missing",
        ),
    ] {
        let line = parse(text).unwrap_err().to_string();
        assert!(line.contains(wanted), "{text}\n gave {line}");
    }
    let line = load(Path::new("/nonexistent.toml")).unwrap_err().to_string();
    assert!(line.starts_with("/nonexistent.toml: cannot be read"), "{line}");
}

#[test]
fn a_password_is_read_from_a_variable_or_a_file_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pw"), "s3cret\nrest").unwrap();
    let file = folder.path().join("smsc.toml");
    let told = |account: &str| {
        std::fs::write(&file, format!("accounts = [{{ system_id = \"a\", {account} }}]")).unwrap();
        load(&file).map(|behaviour| behaviour.accounts[0].clone()).map_err(|e| e.to_string())
    };
    let of_file = told("password_file = \"pw\"").unwrap();
    assert_eq!(of_file.password, Some(Secret("s3cret".to_owned())));
    let (name, value) = std::env::vars()
        .find(|(_, value)| (8..=100).contains(&value.len()) && value.is_ascii())
        .expect("some variable is set, such as HOME or PATH");
    let of_env = told(&format!("password_env = \"{name}\"")).unwrap();
    assert_eq!(of_env.password, Some(Secret(value.clone())));
    let written = serde_json::to_string(&of_env).unwrap();
    assert!(!written.contains(&value) && written.contains("***"), "{written}");
    let unset = told("password_env = \"hunter2\"").unwrap_err();
    assert!(unset.contains("accounts[0].password_env: the environment has no"), "{unset}");
    assert!(!unset.contains("hunter2"), "{unset}");
    let both = told("password = \"x\", password_env = \"HOME\"").unwrap_err();
    assert!(both.contains("password_env: not with password; write one"), "{both}");
}

#[test]
fn a_behaviour_is_told_from_a_profile_by_its_sections() {
    let path = std::env::temp_dir().join(format!("behaviour-{}.toml", std::process::id()));
    for (text, is_behaviour) in [
        (EXAMPLE, true),
        ("response.latency = \"20ms\"\nreceipts.delay = \"1s\"", true),
        ("[receipts]\ndeadline = \"5s\"", false),
        ("name = \"a\"\n[response]\nlatency = \"20ms\"", false),
        ("response = [", false),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(is_one(&path), is_behaviour, "{text}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(!is_one(&path));
}

#[test]
#[cfg(unix)]
fn a_behaviour_that_is_a_device_without_end_is_refused_and_is_none() {
    let device = Path::new("/dev/zero");
    assert!(load(device).unwrap_err().to_string().contains("cannot be read"));
    assert!(!is_one(device));
}
