//! Run folders in the hands of other people's readers (`tests/oracles/*.py`). They need a Python with `hdrhistogram`,
//! `jsonschema`, `check-jsonschema` and `lxml` (`SMPPBENCH_PYTHON`, else `python3`); and `tshark`; without it a test says SKIPPED and passes, unless
//! `SMPPBENCH_ORACLES=1` makes that a failure.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
use std::path::Path;
use std::process::Command;

fn python() -> String {
    std::env::var("SMPPBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether the module can be had; where it cannot, this says so.
fn has(module: &str) -> bool {
    let import = Command::new(python()).args(["-c", &format!("import {module}")]).output();
    if import.is_ok_and(|out| out.status.success()) {
        return true;
    }
    let wanted = std::env::var("SMPPBENCH_ORACLES").is_ok_and(|v| v == "1");
    assert!(!wanted, "{} has no module {module}", python());
    eprintln!("SKIPPED: {} has no module {module}; set SMPPBENCH_PYTHON", python());
    false
}

/// A short run over loopback without a warm-up, with a gate that is kept, one that is not, and one that nobody
/// can decide.
fn run_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "embedded.response.latency={ lognormal = { median = \"5ms\", p99 = \"40ms\" } }",
        "embedded.receipts.delay=\"100ms\"",
        "gates.\"ledger.planned\"=\"= 900\"",
        "gates.\"ledger.accepted\"=\"= 0\"",
        "gates.\"response.p99_99\"=\"< 1s\"",
    ];
    let out = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["run", "--rate", "300", "--duration", "3s", "--warmup", "0s", "--live", "off"])
        .args(settings.iter().flat_map(|s| ["--set", *s]))
        .args(["--out", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(5), "{}", String::from_utf8_lossy(&out.stderr));
    folder
}

fn agrees(script: &str, folder: &Path) {
    let script = format!("{}/tests/oracles/{script}", env!("CARGO_MANIFEST_DIR"));
    let out = Command::new(python()).arg(script).arg(folder).output().unwrap();
    let said = [out.stdout, out.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
    assert!(out.status.success(), "{}", said.concat());
    eprintln!("{}", said.concat());
}

#[test]
fn hdrhistograms_own_reader_finds_the_counts_and_percentiles_of_the_result() {
    if has("hdrh") {
        agrees("hdr.py", run_folder().path());
    }
}

#[test]
fn the_junit_file_is_valid_and_tells_every_gate() {
    if has("lxml") {
        agrees("junit.py", run_folder().path());
    }
}

#[test]
fn the_recipes_for_ci_are_what_their_services_read() {
    if !has("check_jsonschema") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (schema, files) in [
        ("vendor.github-workflows", &["deploy/release.yml", "profiles/ci/github-actions.yml"][..]),
        ("vendor.gitlab-ci", &["profiles/ci/gitlab-ci.yml"][..]),
    ] {
        let mut check = Command::new(python());
        check.args(["-m", "check_jsonschema", "--builtin-schema", schema]).args(files);
        let out = check.current_dir(root).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
}

#[test]
fn tshark_reads_every_capture_of_a_conformance_run_as_it_was_sent() {
    if Command::new("tshark").arg("--version").output().is_err() {
        let wanted = std::env::var("SMPPBENCH_ORACLES").is_ok_and(|v| v == "1");
        assert!(!wanted, "there is no tshark");
        eprintln!("SKIPPED: there is no tshark");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["conform", "smsc", "--out", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    agrees("capture.py", folder.path());
}

/// Profiles that hold one bad value each.
const BAD: [&str; 26] = [
    "[timeouts]\nresponse = 5",
    "[timeouts]\nbind = \"soon\"",
    "[timeouts]\nbind = \"0s\"",
    "[timeouts]\nbinds = \"1s\"",
    "[binds]\nwindow = 0",
    "[binds]\ntype = \"trx\"",
    "[binds]\nrebind = \"on\"",
    "[binds]\nenquire_link = \"never\"",
    "[guard]\nrate_max = 0",
    "[guard]\nforeign = \"pass\"",
    "[deliver]\nno_answer = 1.5",
    "[deliver]\nno_answer = \"half\"",
    "[deliver]\nanswers = [{ status = \"ESME_RSYSERR\" }]",
    "[load]\ncatch_up = 0.5",
    "[load]\nstages = []",
    "[[load.stages]]\nramp = [1, 2, 3]",
    "[[load.stages]]\nmax = false",
    "[[messages]]\npriority = 256",
    "[[messages]]\noctets = \"xyz\"",
    "[[messages]]\nservice_type = \"123456\"",
    "[[messages]]\ntlvs = [{ int = 1 }]",
    "[[accounts]]\npassword = \"secret\"",
    "[target]\naddress = \"smsc\"",
    "[gates]\n\"ratio.missing\" = true",
    "[embedded.receipts]\nstates = { DELIVRD = 2 }",
    "[duel.b]\ntarget = { adress = \"127.0.0.1:1\" }",
];

#[test]
fn an_independent_validator_takes_every_shipped_profile_and_no_bad_one() {
    if !has("jsonschema") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, toml: &str| {
        let value: serde_json::Value = toml::from_str(toml).unwrap();
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    };
    for name in ["good", "bad"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let profiles = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
    for entry in std::fs::read_dir(profiles).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            write(&format!("good/{name}.json"), &std::fs::read_to_string(&path).unwrap());
        }
    }
    for (number, toml) in BAD.iter().enumerate() {
        write(&format!("bad/{number}.json"), toml);
    }
    let out = Command::new(env!("CARGO_BIN_EXE_smppbench")).args(["schema", "profile"]).output();
    std::fs::write(folder.path().join("schema.json"), out.unwrap().stdout).unwrap();
    agrees("profile.py", folder.path());
}
