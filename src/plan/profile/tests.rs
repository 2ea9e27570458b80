mod events;
mod refused;

use super::*;
use crate::kit::Rate;
use crate::plan::behaviour::Latency;
use crate::plan::model::*;
use crate::plan::{Ramp, Shape};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

fn source(text: &str) -> Source {
    Source::Text { name: "x.toml".into(), text: text.into() }
}

fn plan(text: &str) -> Plan {
    load(&source(text), &Overrides::default()).unwrap()
}

#[allow(clippy::needless_pass_by_value)]
fn with(text: &str, overrides: Overrides) -> Plan {
    load(&source(text), &overrides).unwrap()
}

fn refusal(text: &str) -> String {
    let line = load(&source(text), &Overrides::default()).unwrap_err().to_string();
    assert!(!line.contains('\n'));
    line
}

#[allow(clippy::needless_pass_by_value)]
fn refused(overrides: Overrides) -> String {
    load(&Source::quick(), &overrides).unwrap_err().to_string()
}

fn hold(n: u64) -> Shape {
    Shape::Hold(Rate::per_second(n))
}

#[test]
fn quick_is_what_the_contract_says() {
    let p = load(&Source::quick(), &Overrides::default()).unwrap();
    assert_eq!(p.name, "quick");
    assert!(p.target.embedded && p.target.is_loopback());
    assert_eq!((p.sessions_count(), p.senders_count()), (2, 2));
    let binds = &p.accounts[0].binds;
    assert_eq!((binds.bind_type, binds.window), (BindType::Transceiver, 20));
    assert_eq!(
        (p.accounts[0].system_id.as_str(), p.accounts[0].password.0.as_str()),
        ("smppbench", "")
    );
    let climb = Shape::Ramp(Ramp(Rate::ZERO, Rate::per_second(1000)));
    let stages: Vec<_> = p.stages.iter().map(|s| (s.shape.clone(), s.length, s.measure)).collect();
    assert_eq!(
        stages,
        [(climb, Nanos::from_secs(2), false), (hold(1000), Nanos::from_secs(8), true)]
    );
    let (median, p99) = (Nanos::from_millis(12), Nanos::from_millis(60));
    assert_eq!(p.embedded.response.latency, Latency::Lognormal { median, p99 });
    assert_eq!(p.embedded.receipts.states, [(2, 0.99), (5, 0.01)]);
    assert_eq!(p.messages.len(), 1);
    assert_eq!(p.messages[0].registered_delivery, 1);
    assert_eq!(p.messages[0].text.as_ref().map(String::len), Some(63));
    assert!(p.gates.is_empty() && p.warnings.is_empty());
    assert_eq!(p.load.catch_up, None);
}

#[test]
fn an_empty_profile_means_the_same_as_bare() {
    let bare = load(&Source::bare(), &Overrides::default()).unwrap();
    assert_eq!(Plan { name: "bare".into(), ..plan("") }, bare);
}

#[test]
fn every_built_in_profile_loads_under_its_name_and_says_what_it_is_for() {
    for built_in in BUILT_IN {
        let plan = load(&Source::of(Some(built_in.name.into())), &Overrides::default()).unwrap();
        assert_eq!(plan.name, built_in.name);
        assert!(built_in.says().len() > 20, "{}: {}", built_in.name, built_in.says());
    }
}

#[test]
fn a_preview_reads_no_password() {
    let text = "[[accounts]]\npassword_env = \"SMPPBENCH_NO_SUCH_VARIABLE\"\n";
    let source = Source::Text { name: "x.toml".into(), text: text.into() };
    assert!(load(&source, &Overrides::default()).is_err());
    assert!(preview(&source, &Overrides::default()).is_ok());
}

#[test]
fn every_shape_of_a_stage_is_read() {
    let p = plan(
        r#"[[load.stages]]
hold = "5k"
for = "1m"
measure = false
[[load.stages]]
ramp = ["0", "5k"]
for = "10s"
name = "up"
[[load.stages]]
stairs = { from = 100, to = 500, step = 100, each = "2s" }
[[load.stages]]
spike = { base = 10, peak = "90/min", at = "1s", for = "2s" }
for = "5s"
[[load.stages]]
sine = { mean = 0.5, amplitude = 0.25, period = "10s" }
for = "20s"
[[load.stages]]
max = true
for = "1s"
[[load.stages]]
hold = 7
for = "1s"
"#,
    );
    let names: Vec<&str> = p.stages.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["hold", "up", "stairs", "spike", "sine", "max", "hold-2"]);
    assert_eq!(p.stages[2].length, Nanos::from_secs(10));
    assert_eq!(p.stages[1].shape, Shape::Ramp(Ramp(Rate::ZERO, Rate::per_second(5000))));
    assert_eq!(p.stages[5].shape, Shape::Max);
    assert!(!p.stages[0].measure && p.stages[6].measure);
}

#[test]
fn a_flag_is_above_set_above_the_profile_above_the_default() {
    let text = r#"[binds]
window = 5
count = 3
[timeouts]
bind = "1s""#;
    let set = vec!["binds.window=6".into(), "binds.count=4".into(), "load.arrival=poisson".into()];
    let p = with(text, Overrides { set, window: Some(7), ..Overrides::default() });
    let binds = &p.accounts[0].binds;
    assert_eq!((binds.window, binds.count), (7, 4));
    assert_eq!(p.timeouts.bind, Nanos::from_secs(1));
    assert_eq!(p.timeouts.connect, Nanos::from_secs(5));
    assert_eq!(p.load.arrival, Arrival::Poisson);
}

#[test]
fn a_flag_is_above_what_an_account_says_of_its_binds() {
    let text = r#"[[accounts]]
name = "a"
binds = { count = 3, window = 4 }
[[accounts]]
name = "b""#;
    let p = with(text, Overrides { window: Some(9), ..Overrides::default() });
    let windows: Vec<_> = p.accounts.iter().map(|a| (a.binds.count, a.binds.window)).collect();
    assert_eq!(windows, [(3, 9), (2, 9)]);
}

#[test]
fn settings_reach_lists_quoted_keys_and_new_tables() {
    let text = r#"[[messages]]
text = "a"
[[messages]]
text = "b""#;
    let set = [
        "messages.1.text=hello = world",
        "messages[0].label=first",
        "gates.\"response.p99\"=< 50ms",
        "accounts.0.system_id=me",
        "load.stages=[{ hold = 5, for = \"1s\" }]",
    ];
    let set = set.map(String::from).to_vec();
    let p = with(text, Overrides { set, ..Overrides::default() });
    assert_eq!(p.messages[1].text.as_deref(), Some("hello = world"));
    assert_eq!(p.messages[0].label, "first");
    assert_eq!(p.gates[0].0, "response.p99");
    assert_eq!(p.accounts[0].system_id, "me");
    assert_eq!(p.stages.len(), 1);
    let bad = Overrides { set: vec!["binds.windw=6".into()], ..Overrides::default() };
    assert_eq!(
        refused(bad),
        "--set binds.windw: binds.windw: unknown key; did you mean \"window\"?"
    );
    let bad = Overrides { set: vec!["binds".into()], ..Overrides::default() };
    assert!(refused(bad).contains("is not a setting"));
    let bad = Overrides { set: vec!["accounts.3.name=x".into()], ..Overrides::default() };
    let line = load(&source("[[accounts]]"), &bad).unwrap_err().to_string();
    assert!(line.contains("there are 1 of accounts"), "{line}");
}

#[test]
fn rate_duration_or_warmup_replace_the_stages_by_a_warm_up_and_a_hold() {
    let text = "";
    let rate = |r: &str| Overrides { rate: Some(r.into()), ..Overrides::default() };
    let p = with(text, rate("90/min"));
    assert_eq!(p.stages.len(), 2);
    assert_eq!(p.stages[1].shape, Shape::Hold(Rate { num: 3, den: 2 }));
    assert_eq!(p.stages[1].length, Nanos::from_secs(8));
    assert!(!p.stages[0].measure);
    let none = Overrides { warmup: Some("0s".into()), ..rate("max") };
    let p = with(text, none);
    assert_eq!(p.stages.len(), 1);
    assert_eq!((p.stages[0].shape.clone(), p.stages[0].measure), (Shape::Max, true));
    let p = with(text, Overrides { duration: Some("3s".into()), ..Overrides::default() });
    assert_eq!((p.stages[1].shape.clone(), p.stages[1].length), (hold(1000), Nanos::from_secs(3)));
    assert!(refused(rate("fast")).starts_with("--rate: \"fast\" is not a rate"));
    assert!(refused(rate("0")).starts_with("--rate: 0 is not valid"));
    let bad = Overrides { duration: Some("0s".into()), ..Overrides::default() };
    assert!(refused(bad).starts_with("--duration: load.stages[1].for: \"0s\" is not valid"));
    let bad = Overrides { warmup: Some("5".into()), ..Overrides::default() };
    assert!(refused(bad).starts_with("--warmup: for: \"5\" is not valid; write a duration"));
}

#[test]
fn receipts_off_asks_for_none_of_any_message() {
    let off = || Overrides { receipts: Some(false), ..Overrides::default() };
    let p = with(
        r#"[[messages]]
label = "a"
[[messages]]
registered_delivery = 17"#,
        off(),
    );
    assert!(p.messages.iter().all(|m| m.registered_delivery == 0));
    assert_eq!(with("", off()).messages[0].registered_delivery, 0);
}

#[test]
fn a_receive_only_plan_has_no_stages_and_is_bounded_by_the_duration() {
    let o = Overrides {
        bind_type: Some("receiver".into()),
        duration: Some("30s".into()),
        ..Overrides::default()
    };
    let p = with("", o);
    assert!(p.stages.is_empty());
    assert_eq!(p.receive_only_for, Nanos::from_secs(30));
    assert_eq!((p.sessions_count(), p.senders_count()), (2, 0));
}

fn weights(text: &str) -> Vec<u64> {
    plan(text).accounts.iter().map(|a| a.weight).collect()
}

#[test]
fn shares_rates_and_bind_counts_become_whole_number_weights() {
    let three = |a: &str, b: &str, c: &str| {
        let one = |name: &str, what: &str| {
            format!(
                r#"[[accounts]]
name = "{name}"
{what}
"#
            )
        };
        format!("{}{}{}", one("a", a), one("b", b), one("c", c))
    };
    assert_eq!(weights(&three("share = 0.5", "share = 0.3", r#"share = "20%""#)), [5, 3, 2]);
    assert_eq!(
        weights(&three(
            "binds = { count = 1 }",
            "binds = { count = 3 }",
            r#"binds.type = "receiver""#
        )),
        [1, 3, 0]
    );
    let rates = three(r#"rate = "90/min""#, "rate = 1", "rate = 0.5");
    let p = plan(&rates);
    assert_eq!(p.accounts.iter().map(|a| a.weight).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(p.stages[1].shape, hold(3));
    for (text, wanted) in [
        (three("share = 0.5", "share = 0.3", "share = 0.1"), "the shares add up to 0.9; make them"),
        (three("share = 0.5", "share = 0.5", ""), "has no share but others do"),
        (three("share = 0.5", "rate = 5", ""), "not with that of another account; use share"),
        (three("share = 0.5", "share = 0.4999999", "share = 0.0000001"), "finer than"),
        (three("share = 0", "share = 0.5", "share = 0.5"), "write a share above 0"),
        (
            rates
                + r#"[[load.stages]]
hold = 5
for = "1s""#,
            "reach 5/s but the accounts' rates add up to 3/s",
        ),
    ] {
        let line = refusal(&text);
        assert!(line.contains(wanted), "{line}");
    }
}

fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

#[test]
fn a_password_file_is_read_and_warned_of_when_the_world_can_read_it() {
    let secret = file("sesame\n", 0o600);
    let path = secret.path().display().to_string();
    let o = Overrides { password_file: Some(path.clone()), ..Overrides::default() };
    let p = with("", o.clone());
    assert_eq!(p.accounts[0].password.0, "sesame");
    assert_eq!(p.accounts[0].password_file, Some(path));
    assert!(p.warnings.is_empty());
    assert!(!format!("{p:?}").contains("sesame"));
    secret.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(with("", o).warnings[0].contains("world-readable"));
    let o = Overrides { password_file: Some("/nonexistent".into()), ..Overrides::default() };
    let line = refused(o);
    assert!(
        line.starts_with("--password-file: accounts[0].password_file: the file that"),
        "{line}"
    );
    assert!(line.contains("cannot be read") && !line.contains("nonexistent"), "{line}");
    let o = Overrides { password_env: Some("SMPPBENCH_NO_SUCH".into()), ..Overrides::default() };
    let line = refused(o);
    assert!(line.starts_with("--password-env: accounts[0].password_env: the environment has no"));
    assert!(line.contains("export it") && !line.contains("NO_SUCH"), "{line}");
}

#[test]
fn destinations_come_from_a_file_whose_bad_line_is_named() {
    let good = file("msisdn,name\n+447700900001,a\n\n# no\n\"447700900002\";b\n", 0o600);
    let text = |f: &tempfile::NamedTempFile| {
        format!(
            r#"[[messages]]
destination = {{ file = "{}" }}"#,
            f.path().display()
        )
    };
    let p = plan(&text(&good));
    let AddressFrom::File(name) = &p.messages[0].destination.from else { panic!() };
    let addresses = &p.number_files[name];
    assert_eq!(addresses, &["447700900001", "447700900002"]);
    let bad = file("447700900001\n44770x\n", 0o600);
    let line = refusal(&text(&bad));
    assert!(line.contains(":2: \"44770x\" is not a number"), "{line}");
    assert!(refusal(&text(&file("\n", 0o600))).contains("has no number"));
}

#[test]
fn addresses_know_their_ton_and_npi() {
    let p = plan(
        r#"[[messages]]
source = "MyBank"
destination = "+447700900123"
[[messages]]
source = { fixed = "12345", ton = 3, npi = 0 }
destination = { random = "4477009000##" }"#,
    );
    let address = |a: &Address| (a.ton, a.npi, a.from.clone());
    let fixed = |text: &str| AddressFrom::Fixed(text.into());
    assert_eq!(address(&p.messages[0].source), (5, 0, fixed("MyBank")));
    assert_eq!(address(&p.messages[0].destination), (1, 1, fixed("447700900123")));
    assert_eq!(address(&p.messages[1].source), (3, 0, fixed("12345")));
    let random = AddressFrom::Random("4477009000##".into());
    assert_eq!(address(&p.messages[1].destination), (1, 1, random));
}

#[test]
fn times_are_written_as_the_wire_has_them() {
    for (text, wire) in [
        ("1h", "000000010000000R"),
        ("2days 3h 4m 5s", "000002030405000R"),
        ("2026-11-23T10:00:00Z", "261123100000000+"),
        ("020610233429000R", "020610233429000R"),
    ] {
        let p = plan(&format!(
            r#"[[messages]]
validity_period = "{text}""#
        ));
        assert_eq!(p.messages[0].validity_period, wire);
    }
}

#[test]
fn tls_follows_from_its_keys_and_its_opt_out_is_loud() {
    let p = plan(
        r#"[target]
address = "127.0.0.1:2776"
tls_verify = false"#,
    );
    assert!(!p.target.tls.unwrap().verify);
    assert!(p.warnings[0].contains("NOT verified"));
    assert_eq!(
        plan(
            r#"[target]
tls_server_name = "x"
tls = false"#
        )
        .target
        .tls,
        None
    );
    assert!(
        refusal(
            r#"[target]
tls_ca = "nowhere.pem""#
        )
        .contains("nowhere.pem is not a file")
    );
    assert!(
        refusal(
            r#"[target]
tls_cert = "a""#
        )
        .contains("both tls_cert and tls_key")
    );
}

#[test]
fn a_byte_order_mark_at_the_head_of_a_text_file_is_not_sent() {
    let text = file("\u{feff}hello\r\n", 0o600);
    let p = plan(&format!(
        r"[[messages]]
text_file = {:?}
",
        text.path()
    ));
    assert_eq!(p.messages[0].text.as_deref(), Some("hello"));
}
