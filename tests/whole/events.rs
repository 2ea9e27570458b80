//! What a profile breaks on purpose, through the program: commands are run only where the user allows it, their output
//! stays off standard output, and replaced sessions leave no descriptor behind.
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn smppbench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
}

fn written(folder: &Path, events: &str) -> String {
    let text = format!(
        r#"name = "broken"
load.stages = [{{ hold = 200, for = "4s" }}]
binds = {{ count = 4, window = 10, rebind = {{ attempts_max = 0, min = "10ms", max = "20ms" }} }}
[target]
address = "embedded"
{events}"#
    );
    let path = folder.join("broken.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_command_runs_only_where_it_is_allowed_and_its_output_is_not_the_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let profile = written(
        folder.path(),
        &format!(
            r#"[[events]]
do = "exec"
at = "500ms"
exec = ["sh", "-c", "echo noise; echo noise >&2; touch {}"]"#,
            mark.display()
        ),
    );
    let out = folder.path().join("out");
    let run = |more: &[&str]| {
        let mut run = smppbench();
        run.args(["run", &profile, "--json", "--live", "off", "--out"]).arg(&out).args(more);
        run.output().unwrap()
    };
    let refused = run(&[]);
    assert_eq!(refused.status.code(), Some(2));
    let line = String::from_utf8(refused.stderr).unwrap();
    assert!(
        line.contains("broken.toml:9: events[0].exec: runs a command on this machine"),
        "{line}"
    );
    assert!(line.contains("--allow-exec"), "{line}");
    assert!(refused.stdout.is_empty() && !mark.exists());
    let allowed = run(&["--allow-exec"]);
    assert!(mark.exists());
    let result: Value = serde_json::from_slice(&allowed.stdout).unwrap();
    assert_eq!(result["ledger"]["balanced"], true);
    // it ended long before its time limit, and before the load
    let length = result["events"][0]["for_s"].as_f64().unwrap();
    assert!(length > 0.0 && length < 3.0, "the command took {length} s");
    let told = [allowed.stdout, allowed.stderr].concat();
    let told = String::from_utf8(told).unwrap();
    assert!(!told.contains("noise\n"), "{told}");
    assert!(
        result["run"]["repro"].as_str().unwrap().contains("--allow-exec"),
        "{}",
        result["run"]["repro"]
    );
}

/// Open descriptors of a process; None: it has ended.
fn descriptors(pid: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

#[test]
fn sessions_that_are_replaced_and_binds_beyond_the_plan_leave_no_descriptor_behind() {
    let folder = tempfile::tempdir().unwrap();
    let events = r#"[[events]]
do = "churn"
rate = 50
at = "500ms"
for = "3s"
[[events]]
do = "bind_flood"
rate = 50
at = "500ms"
for = "3s""#;
    let profile = written(folder.path(), events);
    let mut run = smppbench()
        .args(["run", &profile, "--live", "off", "--out"])
        .arg(folder.path().join("out"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut counts = Vec::new();
    while run.try_wait().unwrap().is_none() {
        counts.extend(descriptors(run.id()));
        std::thread::sleep(Duration::from_millis(50));
    }
    // 150 of each went through: left behind at either end, they would add up to 300 or more
    let most = counts.iter().max().unwrap();
    assert!(*most < 150, "{counts:?}");
    let result = std::fs::read(folder.path().join("out/result.json")).unwrap();
    let result: Value = serde_json::from_slice(&result).unwrap();
    let reconnects: u64 = result["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["reconnects"].as_u64().unwrap())
        .sum();
    assert!(reconnects > 50, "{reconnects}");
    assert_eq!(result["ledger"]["balanced"], true);
}
