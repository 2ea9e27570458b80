//! A run that is killed leaves what it had: a result that says `partial`, and the distributions of its seconds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn smppbench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
}

#[test]
fn a_run_that_is_killed_can_still_be_rendered_and_says_that_it_is_partial() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let mut run = smppbench()
        .args(["run", "--rate", "100", "--duration", "5m", "--warmup", "1s", "--live", "off"])
        .args(["--out", path])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // saved for the first time ten seconds after the start of the load
    let result = folder.path().join("result.json");
    let began = Instant::now();
    while !result.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was saved in a minute");
        std::thread::sleep(Duration::from_millis(100));
    }
    run.kill().unwrap();
    run.wait().unwrap();

    let document: Value = serde_json::from_slice(&std::fs::read(&result).unwrap()).unwrap();
    assert_eq!(document["state"], "partial");
    assert!(document["window"]["cut_reason"].as_str().unwrap().starts_with("not over"));
    assert!(document["ledger"]["accepted"].as_u64().unwrap() > 500);
    assert_eq!(document["ledger"]["balanced"], Value::Null);
    for format in ["text", "csv", "hlog", "hgrm", "html", "markdown"] {
        let out = smppbench().args(["render", path, "--format", format]).output().unwrap();
        assert!(out.status.success(), "{format}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(!out.stdout.is_empty(), "{format}");
        if format == "hlog" {
            let text = String::from_utf8(out.stdout).unwrap();
            assert!(text.lines().filter(|l| l.starts_with("Tag=response,")).count() >= 3, "{text}");
        }
    }
}
