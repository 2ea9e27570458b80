//! `smppbench gate`, and gates that end a run: outcomes, exit codes, JUnit; and that what cannot be decided is never a pass.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn sample() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample").to_str().unwrap().to_owned()
}

fn smppbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap()
}

struct Gates(tempfile::TempDir);

impl Gates {
    fn of(text: &str) -> Gates {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gates.toml"), text).unwrap();
        Gates(folder)
    }
    fn path(&self) -> PathBuf {
        self.0.path().join("gates.toml")
    }
    fn hold(&self, more: &[&str]) -> (Option<i32>, String) {
        let (sample, path) = (sample(), self.path());
        let mut arguments = vec!["gate", &sample, "--gates", path.to_str().unwrap()];
        arguments.extend(more);
        let out = smppbench(&arguments);
        let said = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
        (out.status.code(), said)
    }
}

#[test]
fn a_gate_on_the_command_line_stands_beside_those_of_the_file_or_replaces_its_own() {
    let gates = Gates::of("\"ledger.accepted\" = \"= 8000\"\n");
    let (code, said) = gates.hold(&["--gate", "response.p99 < 1us"]);
    assert!(code == Some(5) && said.contains("pass") && said.contains("FAIL"), "{said}");
    let (code, said) = gates.hold(&["--gate", "ledger.accepted >= 1"]);
    assert!(code == Some(0) && !said.contains("= 8000"), "{said}");
    let (code, said) = gates.hold(&["--gate", "response.p99"]);
    assert!(code == Some(2) && said.contains("--gate: \"response.p99\" is not a gate"), "{said}");
    let alone = smppbench(&["gate", &sample(), "--gate", "response.p99 < 1s"]);
    assert_eq!(alone.status.code(), Some(0));
}

#[test]
fn kept_broken_and_undecided_gates_end_with_0_5_and_4() {
    let kept = r#"
        "response.p99" = "< 1s"
        "ledger.accepted" = "= 8000"
        "label.default.receipt.p95" = "< 2s"
        "verdict.outcome" = "= sustained"
        "response.p90" = { is = "< 1s", for = "2s", stage = "measured" }
    "#;
    // the label of the built-in profile, whatever it is called
    let document = std::fs::read_to_string(Path::new(&sample()).join("result.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let groups = document["groups"].as_array().unwrap();
    let label = groups.iter().find(|g| g["by"] == "label").unwrap()["name"].as_str().unwrap();
    let kept = kept.replace("label.default", &format!("label.{label}"));
    let (code, said) = Gates::of(&kept).hold(&[]);
    assert_eq!((code, said.matches("  pass  ").count()), (Some(0), 5), "{said}");
    let (code, said) = Gates::of("\"response.p99\" = \"< 1us\"\n").hold(&[]);
    assert!(code == Some(5) && said.contains("FAIL"), "{said}");
    let (code, said) = Gates::of("\"response.p99_99\" = \"< 1s\"\n").hold(&[]);
    assert!(code == Some(4) && said.contains("too few samples"), "{said}");
}

#[test]
fn a_gate_against_a_baseline_is_undecided_without_one_and_decided_by_the_interval_with_one() {
    let gates = Gates::of("\"response.p50\" = \"<= baseline + 50%\"\n");
    let (code, said) = gates.hold(&[]);
    assert!(code == Some(4) && said.contains("there is no baseline"), "{said}");
    // a run against itself: no change, within half as much again
    let (code, said) = gates.hold(&["--baseline", &sample()]);
    assert!(matches!(code, Some(0 | 4)) && !said.contains("FAIL"), "{code:?} {said}");
    let (code, said) = gates.hold(&["--baseline", "nowhere"]);
    assert!(code == Some(2) && said.contains("nowhere"), "{said}");
}

#[test]
fn a_gates_file_is_taken_with_its_heading_and_with_a_byte_order_mark() {
    for text in
        ["[gates]\n\"response.p50\" = \"< 10s\"\n", "\u{feff}\"response.p50\" = \"< 10s\"\n"]
    {
        let (code, said) = Gates::of(text).hold(&[]);
        assert!(code == Some(0) && said.ends_with("1 of 1 gate passed\n"), "{said}");
    }
    let (code, said) = Gates::of(
        r#"
        name = "x"
        [gates]
        "response.p50" = "< 10s"
    "#,
    )
    .hold(&[]);
    assert!(code == Some(2) && said.contains("gates.toml:2: name: unknown key"), "{said}");
}

#[test]
fn the_last_line_counts_the_gates_and_a_relative_one_shows_its_baseline() {
    let text = r#"
        "response.p99" = "< 1us"
        "response.p50" = "<= baseline + 50%"
        "response.p90" = "< 1us"
    "#;
    let (code, said) = Gates::of(text).hold(&["--baseline", &sample()]);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.trim_end().lines().last().unwrap().starts_with("  2 of 3 gates failed"), "{said}");
    let relative = said.lines().find(|line| line.contains("baseline + 50%")).unwrap();
    assert!(relative.contains("(baseline "), "{relative}");
}

#[test]
fn a_page_does_not_begin_with_a_green_verdict_above_gates_that_failed() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().to_str().unwrap();
    let page = || std::fs::read_to_string(out.path().join("summary.md")).unwrap();
    let (code, _) = Gates::of("\"response.p99\" = \"< 1us\"\n").hold(&["--out", path]);
    assert_eq!(code, Some(5));
    assert!(page().starts_with("## ❌ 1 of 1 gate failed · SUSTAINED"), "{}", page());
    Gates::of("\"response.p99\" = \"< 10s\"\n").hold(&["--out", path]);
    assert!(page().starts_with("## ✅ SUSTAINED"), "{}", page());
    // gates that cannot be read leave no page of the ones before
    let (code, _) = Gates::of("nonsense\n").hold(&["--out", path]);
    assert_eq!(code, Some(2));
    assert!(!out.path().join("summary.md").exists() && !out.path().join("junit.xml").exists());
}

#[test]
fn the_outcomes_stand_in_junit_xml() {
    let out = tempfile::tempdir().unwrap();
    let gates = Gates::of(
        r#"
            "response.p50" = "< 1s"
            "response.p99" = "< 1us"
            "response.p99_99" = "< 1s"
        "#,
    );
    let (code, said) = gates.hold(&["--out", out.path().to_str().unwrap()]);
    assert_eq!(code, Some(5), "{said}");
    let junit = std::fs::read_to_string(out.path().join("junit.xml")).unwrap();
    assert!(
        junit.contains("tests=\"3\"")
            && junit.contains("failures=\"1\"")
            && junit.contains("errors=\"1\""),
        "{junit}"
    );
    assert!(out.path().join("summary.md").exists());
}

#[test]
fn what_cannot_be_read_is_one_line_and_2() {
    for (text, says) in [
        ("\"response.p9\" = \"< 1s\"\n", "near: response.p90"),
        ("\"response.p99\" = \"<< 1s\"\n", "column 2"),
        ("\"response.p99\" = \"< baseline + 5\"\n", "column"),
        ("\"response.p99\" = 5\n", "expected a duration"),
        ("\"response.p99\" = true\n", "true is not valid"),
        ("", "no gates"),
    ] {
        let (code, said) = Gates::of(text).hold(&[]);
        assert!(
            code == Some(2) && said.lines().count() == 1 && said.contains(says),
            "{text}: {code:?} {said}"
        );
    }
    let alone = Path::new(&sample()).join("result.json").to_str().unwrap().to_owned();
    let gates = Gates::of("\"response.p50\" = { is = \"< 1s\", for = \"2s\" }\n");
    let path = gates.path();
    let out = smppbench(&["gate", &alone, "--gates", path.to_str().unwrap()]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.code() == Some(2) && said.contains("latency.hlog"), "{said}");
}

#[test]
fn a_hopeless_run_is_ended_early_with_5_and_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let out = smppbench(&[
        "run",
        "--rate",
        "100",
        "--warmup",
        "0s",
        "--duration",
        "60s",
        "--live",
        "off",
        "--set",
        "embedded.response.errors=[{ status = \"ESME_RSYSERR\", share = 1.0 }]",
        "--set",
        "gates.\"ratio.rejected\"={ is = \"<= 1%\", abort_after = \"3s\" }",
        "--out",
        folder.path().to_str().unwrap(),
    ]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(5), "{said}");
    assert!(began.elapsed() < Duration::from_secs(45), "it was to end early");
    let result = std::fs::read_to_string(folder.path().join("result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    let reason = result["window"]["cut_reason"].as_str().unwrap();
    assert!(reason.starts_with("abort_on_fail: ratio.rejected"), "{reason}");
    assert_eq!(
        (&result["state"], &result["gates"][0]["outcome"]),
        (&"partial".into(), &"fail".into())
    );
}
