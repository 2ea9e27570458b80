//! Standard output that takes nothing (a full disk): every verb that prints a result says so and exits 1; the
//! folder of a run is written all the same.
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

fn full(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
}

#[test]
fn every_verb_says_that_standard_output_is_full_and_exits_1() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample");
    let sample = sample.to_str().unwrap();
    std::fs::write(folder.path().join("g.toml"), "\"response.p50\" = \"< 10s\"\n").unwrap();
    for arguments in [
        &["check"][..],
        &["--help"],
        &["run", "--help"],
        &["--version"],
        &["schema", "profile"],
        &["schema", "result"],
        &["completions", "bash"],
        &["man"],
        &["decode", "00000010000000150000000000000007"],
        &["find", "rate", "--dry-run"],
        &["gate", sample, "--gates", "g.toml"],
        &["gate", sample, "--gates", "g.toml", "--json"],
        &["compare", sample, "--with", sample],
        &["compare", sample, "--with", sample, "--json"],
        &["render", sample, "--format", "text"],
        &["render", sample, "--format", "csv"],
        &["dial"],
        &["dial", "--json"],
    ] {
        let (code, said) = full(folder.path(), arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        let line = "smppbench: cannot write to standard output: ";
        assert_eq!(said.matches(line).count(), 1, "{arguments:?}: {said}");
    }
    for json in [&["--json"][..], &[]] {
        let mut arguments = vec!["run", "--rate", "20", "--duration", "500ms", "--warmup", "0s"];
        arguments.extend(["--receipts", "off", "--live", "off", "--out", "run"]);
        arguments.extend(json);
        let (code, said) = full(folder.path(), &arguments);
        assert!(code == Some(1) && said.contains("cannot write to standard output"), "{said}");
        assert!(folder.path().join("run/result.json").exists());
    }
}

#[test]
fn standard_error_that_takes_nothing_changes_no_exit_code() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (code, arguments) in [(2, &["run", "no-such-profile.toml"][..]), (2, &["no-such-verb"])] {
        let status = Command::new(env!("CARGO_BIN_EXE_smppbench"))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(full())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}
