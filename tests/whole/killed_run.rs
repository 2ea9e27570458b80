//! A run that is killed leaves what it had: a result that says `partial`, and the distributions of its seconds.
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn smppbench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
}

#[test]
fn a_hangup_ends_a_run_as_a_termination_does() {
    if smppbench::kit::hangup_is_ignored() {
        println!("skipped: SIGHUP is ignored here, as nohup has it");
        return;
    }
    let end = |signal: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let mut run = smppbench()
            .args(["run", "--rate", "100", "--duration", "5m", "--warmup", "0s", "--live", "line"])
            .args(["--receipts", "off", "--out", path])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // a line of progress: the load is on
        let mut told = std::io::BufReader::new(run.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("/s") && std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0
        {
        }
        let pid = run.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let drain = std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        let code = run.wait().unwrap().code();
        drain.join().unwrap().unwrap();
        let result: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("result.json")).unwrap())
                .unwrap();
        (code, result["state"].clone(), result["window"]["cut_reason"].clone())
    };
    let hangup = end("-HUP");
    assert_eq!(hangup, end("-TERM"));
    assert_eq!(hangup, (Some(130), "partial".into(), "interrupted".into()));
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
    // the rate is what the rows hold by the seconds that they hold, not by the time until the run was killed
    let measured: Vec<&Value> = document["intervals"].as_array().unwrap().iter().skip(1).collect();
    let sum = |key: &str| measured.iter().map(|row| row[key].as_f64().unwrap()).sum::<f64>();
    let (rate, held) =
        (document["rate"]["written"].as_f64().unwrap(), sum("written") / sum("length_s"));
    assert!((rate / held - 1.0).abs() < 0.005, "{rate}/s of {held}/s in the rows");
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

#[test]
fn a_second_signal_ends_a_run_at_once_and_what_was_measured_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = smppbench()
        .args(["run", "--rate", "100", "--duration", "60s", "--warmup", "0s", "--live", "off"])
        .args(["--receipts", "on", "--receipt-deadline", "50s"])
        // the drain would wait for receipts that come after half a minute
        .args(["--set", "embedded.receipts.delay=30s", "--out", folder.path().to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = run.id();
    let interrupt = || {
        let line = format!("kill -INT {pid}");
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    };
    std::thread::sleep(Duration::from_secs(4));
    interrupt();
    std::thread::sleep(Duration::from_secs(1));
    assert!(run.try_wait().unwrap().is_none(), "the first signal drains");
    interrupt();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = run.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the second signal ends it");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    let document: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("result.json")).unwrap()).unwrap();
    assert_eq!(document["state"], "partial");
    assert_eq!(document["window"]["cut_reason"], "interrupted");
    assert!(document["ledger"]["accepted"].as_u64().unwrap() > 50);
}
