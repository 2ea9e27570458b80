//! The recipe of `profiles/ci`: its script is run as a job would run it, against two simulators.
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A simulator on a free port; it goes when this is dropped.
struct Smsc(Child, String);

impl Smsc {
    fn start(latency: &str) -> Smsc {
        let folder = tempfile::tempdir().unwrap();
        let behaviour = folder.path().join("behaviour.toml");
        std::fs::write(&behaviour, format!("[response]\nlatency = \"{latency}\"\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
            .args(["smsc", "--listen", "127.0.0.1:0", "--behaviour", behaviour.to_str().unwrap()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "the simulator did not start");
        }
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Smsc(child, address)
    }
}

impl Drop for Smsc {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/ci")
}

fn gate(base: &Smsc, candidate: &Smsc, out: &Path) -> (Option<i32>, String) {
    let done = Command::new(recipes().join("base-and-candidate.sh"))
        .args([&base.1, &candidate.1])
        .arg(out)
        .env("SMPPBENCH", env!("CARGO_BIN_EXE_smppbench"))
        .env("BLOCKS", "3")
        .env("DURATION", "2s")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.code(), said)
}

/// Whether the duel's verdict names a metric that is worse.
fn is_worse(said: &str) -> bool {
    said.lines().any(|line| line.starts_with("worse: "))
}

#[test]
fn a_candidate_that_answers_a_half_slower_is_worse_and_fails_the_job() {
    let (base, slower) = (Smsc::start("20ms"), Smsc::start("30ms"));
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = gate(&base, &slower, folder.path());
    // on a machine that is too busy to measure, nothing can be said; it is never fit
    assert!(matches!(code, Some(5 | 4)), "{code:?}: {said}");
    if code == Some(5) {
        assert!(is_worse(&said), "{said}");
    }
    for file in [
        "candidate/result.json",
        "candidate/junit.xml",
        "duel/comparison.json",
        "duel/comparison.md",
    ] {
        assert!(folder.path().join(file).exists(), "{file}: {said}");
    }
}

#[test]
fn a_candidate_like_the_base_is_never_called_worse() {
    let (base, same) = (Smsc::start("20ms"), Smsc::start("20ms"));
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = gate(&base, &same, folder.path());
    assert!(matches!(code, Some(0 | 4)), "{code:?}: {said}");
    assert!(!is_worse(&said), "{said}");
}

#[test]
fn every_recipe_calls_the_script_that_is_tested() {
    for recipe in ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"] {
        let text = std::fs::read_to_string(recipes().join(recipe)).unwrap();
        let call =
            "profiles/ci/base-and-candidate.sh 127.0.0.1:20001 127.0.0.1:20002 smppbench-out";
        assert!(text.contains(call), "{recipe}");
    }
}
