use super::*;
use crate::plan::load;

fn text(text: &str) -> Source {
    Source::Text { name: "x.toml".into(), text: text.into() }
}

/// Resolved, written as TOML and read again.
fn again(plan: &Plan) -> Plan {
    let toml = toml::to_string(&resolved_json(plan)).unwrap();
    load(&text(&toml), &Overrides::default()).unwrap_or_else(|e| panic!("{e}\n{toml}"))
}

const FULL: &str = r##"
name = "full"
seed = 99
[target]
addresses = ["127.0.0.1:2775", "[::1]:2775"]
policy = "failover"
source_addresses = ["127.0.0.2"]
send_buffer = 65536
keepalive = true
tls_server_name = "smsc"
[[observe]]
name = "gw"
url = "http://127.0.0.1:9100/metrics"
series = { rss = 'process_resident_memory_bytes{job="gw",instance!="\"b\""}', up = "up" }
every = "500ms"
[[observe]]
name = "kannel"
command = "bearerbox"
[guard]
messages_max = 1000000
binds_max = 100
foreign = "stop"
destinations = ["44*"]
[[accounts]]
name = "gold"
share = 0.75
system_type = "VMA"
binds = { type = "pair", count = 3, rebind = "off", rate_max = "0.5" }
[[accounts]]
name = "iron"
share = "25%"
interface_version = 0x50
binds = { enquire_link = "off", connect_rate = "90/min" }
[load]
arrival = "poisson"
catch_up = 1.5
on_throttle = "retry"
retryable = ["ESME_RSYSERR", 0x0401]
workers = 3
[[load.stages]]
hold = "7/min"
for = "1h 1ms"
measure = false
[[load.stages]]
ramp = [0, "1.25"]
for = "1500us"
[[load.stages]]
stairs = { from = 1, to = 9, step = "0.001/min", each = "1ms" }
for = "2s"
[[load.stages]]
spike = { base = 1, peak = "11/h", at = "1s", for = "1s" }
for = "2s"
[[load.stages]]
sine = { mean = 10, amplitude = 5, period = "1s" }
for = "2s"
[[load.stages]]
max = true
for = "250ms"
[[messages]]
label = "otp"
weight = 3
source = { fixed = "Bank", ton = 5, npi = 0 }
destination = { random = "4477009#####" }
text = "say \"hi\" {seq}"
validity_period = "1h"
tlvs = [{ tag = 0x1400, text = "a{seq}" }, { tag = "user_message_reference", int = 7, octets = 2 },
        { tag = 0x1401, cstring = "b" }, { tag = 0x1402, hex = "00ff" }]
[[messages]]
label = "bin"
octets = "00 01 ff"
destination = "447700900001"
data_coding = 4
long = "sar"
registered_delivery = 0
[receipts]
id_mode = "response_hex"
deadline = "1m"
[deliver]
delay = "5ms"
answers = [{ status = "ESME_RX_T_APPN", share = 0.01 }]
[timeouts]
drain = "0s"
[gates]
"ratio.missing" = "= 0"
"response.p99" = { is = "< 50ms", for = "10s", abort_after = "5s" }
[metrics]
listen = "127.0.0.1:9464"
"##;

const SIMULATED: &str = r#"
[binds]
type = "receiver"
[load]
receive_only_for = "31s"
[embedded]
seed = 3
accounts = [{ system_id = "smppbench", binds_max = 7, rate = "90/min", window = 10 }]
[embedded.limits]
window = 37
on_window = "silence"
rate = 5000
queue = { size = 100, drain = "0.5" }
ghost_bind = "60s"
[embedded.response]
latency = { lognormal = { median = "10ms", p99 = "80ms" } }
stall = { every = "10s", for = "1s" }
errors = [{ status = 0x0401, share = 0.01 }]
[embedded.receipts]
delay = { servers = 4, mean = "8ms" }
states = { UNDELIV = 0.02, DELIVRD = 0.97 }
retry = { after = "5s", max = 3 }
format = "openmarket"
[embedded.mo]
rate = 3
[embedded.timers]
response = "3s"
[[embedded.rules]]
destination = "*404"
status = "ESME_RINVDSTADR"
state = "UNDELIV"
[[embedded.faults]]
kind = "slow_reader"
every = "3s"
sessions = "all"
[embedded.habits]
sc_interface_version = 0x34
"#;

#[test]
fn a_resolved_profile_reads_back_as_the_same_plan() {
    for source in [Source::quick(), text(FULL), text(SIMULATED)] {
        let plan = load(&source, &Overrides::default()).unwrap();
        assert_eq!(again(&plan), plan);
        assert_eq!(resolved_json(&again(&plan)), resolved_json(&plan));
    }
}

#[test]
fn no_password_shows_in_a_resolved_profile() {
    let path = std::env::temp_dir().join(format!("smppbench-resolved-{}", std::process::id()));
    std::fs::write(&path, "sesame").unwrap();
    let file = Some(path.display().to_string());
    let overrides = Overrides { password_file: file, ..Overrides::default() };
    let source = text(
        r#"[embedded]
accounts = [{ system_id = "a", password = "sesame" }]"#,
    );
    let plan = load(&source, &overrides).unwrap();
    let json = resolved_json(&plan);
    assert!(!json.to_string().contains("sesame"));
    assert_eq!(json["accounts"][0]["password"], "***");
    assert_eq!(json["accounts"][0]["password_file"], path.display().to_string());
    assert_eq!(again(&plan).accounts, plan.accounts);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn the_repro_command_line_names_profile_flags_and_seed() {
    let overrides = Overrides {
        rate: Some("5k".into()),
        receipts: Some(false),
        set: vec!["messages.0.text=it's me".into()],
        ..Overrides::default()
    };
    let plan = load(&Source::quick(), &overrides).unwrap();
    assert_eq!(
        repro("run", &Source::File("my profiles/x.toml".into()), &overrides, &plan),
        r"smppbench run 'my profiles/x.toml' --rate 5k --receipts off --seed 1 --set 'messages.0.text=it'\''s me'"
    );
    assert_eq!(
        repro("run", &Source::quick(), &Overrides::default(), &plan),
        "smppbench run --seed 1"
    );
}
