//! `find rate --through` and `through --overhead` through the program, against a relay of node-smpp (`relay.js`). They need
//! `node` with its module `smpp` (NODE_PATH); without it a test says SKIPPED and passes.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
use serde_json::Value;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The relay, until it is dropped.
struct Relay {
    node: Child,
    folder: tempfile::TempDir,
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Writes a profile for this front and this upstream.
fn written(folder: &Path, front: u16, upstream: &str) {
    let profile = format!(
        r#"name = "relay"
load = {{ workers = 1, stages = [{{ hold = 200, for = "2s" }}] }}
binds = {{ count = 1, window = 100 }}
receipts.deadline = "3s"
[target]
address = "127.0.0.1:{front}"
{upstream}"#
    );
    std::fs::write(folder.join("gateway.toml"), profile).unwrap();
}

/// Starts the relay, with a profile for it. None: it cannot be had, which this says.
fn relay() -> Option<Relay> {
    let has = Command::new("node").args(["-e", "require('smpp')"]).output();
    if !has.is_ok_and(|out| out.status.success()) {
        eprintln!("SKIPPED: there is no node with a module smpp; set NODE_PATH");
        return None;
    }
    let (front, behind) = (free_port(), free_port());
    let folder = tempfile::tempdir().unwrap();
    let upstream = format!("[upstream]\nlisten = [\"127.0.0.1:{behind}\"]\nwait = \"20s\"");
    written(folder.path(), front, &upstream);
    let node = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/relay.js"))
        .args([front.to_string(), behind.to_string()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Some(Relay { node, folder })
}

fn smppbench(folder: &Path, args: &[&str]) -> Output {
    let out = folder.join("out");
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(args)
        .arg(folder.join("gateway.toml"))
        .args(["--json", "--live", "off", "--out", out.to_str().unwrap()])
        .output()
        .unwrap()
}

fn result_of(out: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{stderr}");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"))
}

#[test]
fn a_search_goes_through_a_relay_that_binds_once() {
    let Some(relay) = relay() else { return };
    let lengths = ["--settle", "0s", "--measure", "500ms", "--confirm", "500ms"];
    let limits =
        ["--max-rate", "400", "--max-trials", "3", "--objective", "through.forward.p50<=5s"];
    let args = [&["find", "rate", "--through"][..], &lengths, &limits].concat();
    let out = smppbench(relay.folder.path(), &args);
    let found = result_of(&out);
    // node-smpp leaves out TLVs that it does not know
    assert_eq!(found["through"]["marker"], serde_json::json!(["text"]), "{found}");
    assert_eq!(found["trials"][0]["lost_inside"], 0, "{found}");
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_eq!(stderr.matches("waiting for the gateway to bind").count(), 1, "{stderr}");
    assert!(found["repro"].as_str().unwrap().contains(" --through"), "{}", found["repro"]);
    let page = std::fs::read_to_string(relay.folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("with our SMSC behind it on"));
}

#[test]
fn the_overhead_of_a_relay_is_compared_with_the_direct_way() {
    let Some(relay) = relay() else { return };
    let args = ["through", "--overhead", "--blocks", "2"];
    let found = result_of(&smppbench(relay.folder.path(), &args));
    let ends = |run: &Value, end: &str| run.as_str().unwrap().ends_with(end);
    assert!(ends(&found["base"][0], "-direct-01") && ends(&found["candidate"][1], "-through-02"));
    assert_eq!(found["differences"], serde_json::json!([]), "the sides differ by what they are");
    let metrics = found["metrics"].as_array().unwrap();
    for name in ["response.p50", "receipt.p50", "rate.accepted"] {
        assert!(metrics.iter().any(|m| m["name"] == name && m["base"].is_number()), "{name}");
    }
    let out = relay.folder.path().join("out");
    for file in
        ["comparison.html", "summary.txt", "direct-02/result.json", "through-02/result.json"]
    {
        assert!(out.join(file).is_file(), "{file}");
    }
    let through = std::fs::read(out.join("through-01/result.json")).unwrap();
    let through: Value = serde_json::from_slice(&through).unwrap();
    assert_eq!(through["through"]["submits"]["once"], 400, "{}", through["through"]["submits"]);
}

#[test]
fn each_block_of_an_overhead_keeps_its_failed_exchanges_where_they_are_asked_for() {
    let Some(relay) = relay() else { return };
    let errors = "upstream.response.errors=[{ status = \"ESME_RSYSERR\", share = 0.1 }]";
    let traced = ["--trace", "failed:2", "--set", errors];
    let args = [&["through", "--overhead", "--blocks", "1"][..], &traced].concat();
    let found = result_of(&smppbench(relay.folder.path(), &args));
    assert_eq!(found["differences"], serde_json::json!([]), "they have as many workers");
    let out = relay.folder.path().join("out");
    for block in ["direct-01", "through-01"] {
        assert!(out.join(block).join("failed.pcapng").is_file(), "{block}");
    }
    // of blocks that are not there any more, nothing stays
    let plain = ["through", "--overhead", "--blocks", "1"];
    result_of(&smppbench(relay.folder.path(), &plain));
    assert!(!out.join("direct-01/failed.pcapng").exists());
}

#[test]
fn a_run_through_a_relay_is_held_to_an_earlier_one() {
    let Some(relay) = relay() else { return };
    let folder = relay.folder.path();
    result_of(&smppbench(folder, &["through"]));
    std::fs::rename(folder.join("out"), folder.join("base")).unwrap();
    let base = folder.join("base");
    let base = ["--baseline", base.to_str().unwrap()];
    let gates = [
        "--gate",
        "ratio.lost_inside <= baseline",
        "--gate",
        "ratio.receipts_lost_inside <= baseline",
    ];
    // the profile follows the flags, and a baseline takes all that follow it
    let found = result_of(&smppbench(folder, &[&["through"][..], &base, &gates].concat()));
    let gates = found["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 2);
    assert!(gates.iter().all(|gate| gate["outcome"] == "pass"), "{gates:?}");
    let compared = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["compare", "base", "out", "--json"])
        .current_dir(folder)
        .output()
        .unwrap();
    let compared = result_of(&compared);
    assert_eq!(compared["through"], "both");
    let of = |name: &str| {
        let all = compared["metrics"].as_array().unwrap();
        all.iter().find(|m| m["name"] == name).unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(of("ratio.lost_inside")["candidate_counts"]["of"], 400);
    assert!(of("through.forward.p50")["low"].is_number());
}

#[test]
fn what_cannot_go_through_a_gateway_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |upstream: &str, args: &[&str]| {
        written(folder.path(), 1, upstream);
        let out = smppbench(folder.path(), args);
        let stderr = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        stderr
    };
    let upstream = "[upstream]\nlisten = [\"127.0.0.1:1\"]\n";
    for args in [&["find", "rate", "--through"][..], &["through", "--overhead"]] {
        let says = refused("", args);
        assert!(says.contains("upstream: is missing"), "{says}");
    }
    let says = refused(upstream, &["find", "window", "--through"]);
    assert!(says.contains("only `find rate` goes through a gateway"), "{says}");
    let says = refused(upstream, &["find", "rate", "--objective", "lost_inside=0"]);
    assert!(
        says.contains("--objective ratio.lost_inside") && says.contains("add --through"),
        "{says}"
    );
}
