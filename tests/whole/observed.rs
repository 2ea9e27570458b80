//! What a profile observes beside a run, through the program.
use serde_json::Value;
use std::process::Command;

#[test]
fn a_run_of_the_program_has_the_series_of_what_it_observes() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("observed.toml");
    let text = format!(
        "load.stages = [{{ hold = 50, for = \"3s\" }}]\n[[observe]]\nname = \"test\"\npid = {}\nevery = \"100ms\"\n",
        std::process::id()
    );
    std::fs::write(&profile, text).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_smppbench"));
    run.arg("run").arg(&profile).args(["--json", "--live", "off", "--out"]);
    let run = run.arg(folder.path().join("out")).output().unwrap();
    let result: Value = serde_json::from_slice(&run.stdout).unwrap();
    let series = result["observe"].as_array().unwrap();
    let rss = series.iter().find(|s| s["series"] == "rss").unwrap();
    assert!(rss["samples"].as_u64().unwrap() > 3 && rss["max"].as_f64().unwrap() > 1e6, "{rss}");
}
