//! Where results stand: each run has a folder of its own, nothing of an earlier run is in it, and it is known to
//! be writable before anything is sent.
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const SHORT: [&str; 8] =
    ["--duration", "500ms", "--warmup", "0s", "--receipts", "off", "--live", "off"];

fn start(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    start(folder, arguments).wait_with_output().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn runs_that_begin_at_once_in_one_directory_keep_all_their_results() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<Child> = (1..=4)
        .map(|n| {
            let rate = format!("{}", n * 20);
            start(folder.path(), &[&["run", "--rate", &rate][..], &SHORT].concat())
        })
        .collect();
    for child in children {
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    let reports = folder.path().join("reports");
    let mut rates: Vec<f64> = names(&reports)
        .iter()
        .map(|name| {
            let result = std::fs::read(reports.join(name).join("result.json")).unwrap();
            let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
            assert!(result["run"]["id"].as_str().is_some());
            result["rate"]["target"].as_f64().unwrap()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    assert_eq!(rates, [20.0, 40.0, 60.0, 80.0]);
}

#[test]
fn a_folder_that_cannot_be_made_is_noticed_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reports"), "a file").unwrap();
    for verb in [&["run"][..], &["find", "rate"], &["duel", "--blocks", "1"], &["calibrate", "2"]] {
        let out = run(folder.path(), &[verb, &["--rate", "20"], &SHORT].concat());
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{verb:?}: {said}");
        assert!(said.contains("reports") && said.contains("cannot make"), "{verb:?}: {said}");
        assert!(out.stdout.is_empty(), "{verb:?}");
    }
    let file = folder.path().join("reports/below");
    let out = run(folder.path(), &[&["run", "--out", file.to_str().unwrap()][..], &SHORT].concat());
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn a_folder_used_again_holds_only_the_new_run_also_where_that_cannot_begin() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let path = out.to_str().unwrap();
    let gated = ["--set", "gates.\"ledger.rejected\"=\"= 0\"", "--trace", "failed:3"];
    let faulty = ["--set", "embedded.response.errors=[{ status = \"ESME_RSYSERR\", share = 0.5 }]"];
    let first = run(
        folder.path(),
        &[&["run", "--rate", "40", "--out", path], &SHORT[..], &gated, &faulty].concat(),
    );
    assert_eq!(first.status.code(), Some(5), "{}", String::from_utf8_lossy(&first.stderr));
    let had = names(&out);
    for name in ["failed.pcapng", "junit.xml", "rejected.csv", "summary.md"] {
        assert!(had.iter().any(|had| had == name), "{had:?}");
    }
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    let second =
        run(folder.path(), &[&["run", "--rate", "40", "--out", path], &SHORT[..]].concat());
    assert_eq!(second.status.code(), Some(0));
    assert_eq!(
        names(&out),
        [
            "intervals.csv",
            "latency.hlog",
            "notes.txt",
            "report.html",
            "response.hgrm",
            "result.json"
        ]
    );
    // neither a target that is down nor a profile that does not read leaves the result of the run before
    for cannot in [
        &["run", "--target", "127.0.0.1:1", "--out", path][..],
        &["run", "none.toml", "--out", path],
    ] {
        run(folder.path(), &[&["run", "--rate", "40", "--out", path], &SHORT[..]].concat());
        assert!(out.join("result.json").exists());
        let failed = run(folder.path(), &[cannot, &SHORT[..]].concat());
        assert!(matches!(failed.status.code(), Some(2 | 3)), "{:?}", failed.status);
        assert_eq!(names(&out), ["notes.txt"]);
    }
    // a default folder of a run that never began does not stay
    let none = run(folder.path(), &[&["run", "--target", "127.0.0.1:1"], &SHORT[..]].concat());
    assert_eq!(none.status.code(), Some(3));
    assert!(names(&folder.path().join("reports")).is_empty());
}

#[test]
fn flags_that_mean_nothing_to_a_verb_are_taken_and_said_to_be_without_effect() {
    let folder = tempfile::tempdir().unwrap();
    let idle = ["--show-content", "--trace", "failed:3", "--live", "off", "--strict", "--json"];
    let find = ["find", "rate", "--rate", "20", "--max-trials", "1", "--metrics", "127.0.0.1:0"];
    let out = run(folder.path(), &[&find[..], &idle].concat());
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(matches!(out.status.code(), Some(0 | 4)), "{said}");
    for flag in ["--show-content", "--trace"] {
        assert!(said.contains(&format!("{flag} is without effect in `find`")), "{said}");
    }
    assert!(said.contains("metrics on http://127.0.0.1:"), "{said}");
    assert!(serde_json::from_slice::<serde_json::Value>(&out.stdout).is_ok());
    for verb in [&["duel"][..], &["calibrate", "2"], &["run"]] {
        let out = run(folder.path(), &[verb, &["--help"]].concat());
        let help = String::from_utf8_lossy(&out.stdout);
        for flag in
            ["--metrics", "--trace", "--show-content", "--out", "--json", "--strict", "--live"]
        {
            assert!(help.contains(flag), "{verb:?} {flag}");
        }
    }
}

#[test]
fn help_lists_the_options_of_a_verb_as_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for (verb, own) in [("find", "--max-trials"), ("duel", "--blocks"), ("calibrate", "--replace")]
    {
        let out = run(folder.path(), &[verb, "--help"]);
        let help = String::from_utf8_lossy(&out.stdout).into_owned();
        let place = |text: &str| help.find(text).unwrap_or_else(|| panic!("{verb}: no {text}"));
        let (options, flag, overrides) = (place("Options:"), place(own), place("Overrides ("));
        assert!(options < flag && flag < overrides, "{verb}: {own}");
    }
}
