//! `smppbench render`: what it makes of a folder is what the run itself wrote, to the byte; bad input is one
//! line and a code.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

fn smppbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample")
}

/// One short run over loopback with gates, shared by the tests: its folder, and what it said.
fn run() -> &'static (tempfile::TempDir, String) {
    static RUN: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let out = smppbench(&[
            "run",
            "--rate",
            "200",
            "--duration",
            "2s",
            "--warmup",
            "0s",
            "--live",
            "off",
            "--set",
            "embedded.response.errors=[{ status = \"RSYSERR\", share = 0.05 }]",
            "--set",
            "gates.\"ledger.planned\"=\"= 400\"",
            "--set",
            "gates.\"ledger.rejected\"=\"= 0\"",
            "--out",
            folder.path().to_str().unwrap(),
        ]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(5), "a gate fails: {said}");
        (folder, String::from_utf8(out.stdout).unwrap())
    })
}

#[test]
fn every_format_is_what_the_run_itself_wrote_to_the_byte() {
    let (folder, printed) = run();
    let path = folder.path().to_str().unwrap();
    for (format, file) in [
        ("json", "result.json"),
        ("html", "report.html"),
        ("csv", "intervals.csv"),
        ("hlog", "latency.hlog"),
        ("hgrm", "response.hgrm"),
        ("junit", "junit.xml"),
        ("markdown", "summary.md"),
    ] {
        let out = smppbench(&["render", path, "--format", format]);
        assert_eq!(out.status.code(), Some(0), "{format}");
        assert!(out.stdout == std::fs::read(folder.path().join(file)).unwrap(), "{format}");
        let copy = folder.path().join(format!("copy.{format}"));
        let arguments = ["render", path, "--format", format, "--output", copy.to_str().unwrap()];
        assert_eq!(smppbench(&arguments).status.code(), Some(0), "{format}");
        assert!(std::fs::read(&copy).unwrap() == out.stdout, "{format}");
    }
    let text = |more: &[&str]| {
        let out = smppbench(&[&["render", path], more].concat());
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(text(&[]), *printed);
    let whole = text(&["--format", "text"]);
    assert_eq!(text(&["--verbose"]), whole);
    assert!(whole.contains("deliver_sm acknowledgement") && whole.contains("  again"));
    assert!(!printed.contains("  again") && !printed.contains('…'), "{printed}");
}

/// Code and one line of stderr.
fn refusal(arguments: &[&str]) -> (Option<i32>, String) {
    let out = smppbench(arguments);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.stdout.is_empty() && said.lines().count() == 1, "{said}");
    (out.status.code(), said)
}

#[test]
fn what_cannot_be_rendered_is_told_in_one_line_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_str().unwrap().to_owned();
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let whole = std::fs::read(sample().join("result.json")).unwrap();
    let cut = file("cut.json", &whole[..whole.len() / 2]);
    let newer = file("newer.json", b"{\"schema\": \"smppbench.result/2\"}");
    let other = file("other.json", b"{\"schema\": \"smppbench.search/1\"}");
    let alone = file("alone.json", &whole);
    for (results, format, wanted) in [
        (
            vec![empty.as_str()],
            "json",
            "no result.json in it; give a run folder or its result.json",
        ),
        (vec!["/nowhere/x"], "json", "no such file"),
        (vec![&cut], "csv", "not a result of smppbench: EOF"),
        (vec![&newer], "csv", "render it with a newer smppbench"),
        (vec![&other], "csv", "smppbench.search/1"),
        (vec![&alone], "hlog", "name the run folder that holds latency.hlog"),
        (vec![&alone], "junit", "the run had no gates"),
        (vec![&alone, &alone], "text", "text holds one run; 2 were given"),
    ] {
        let arguments = [&["render"], &results[..], &["--format", format]].concat();
        let (code, said) = refusal(&arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
    let (code, _) = (smppbench(&["render", &alone, "--format", "pdf"]).status.code(), ());
    assert_eq!(code, Some(2));
}

#[test]
fn an_output_that_cannot_be_written_ends_with_1_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let result = sample().join("result.json");
    let result = result.to_str().unwrap();
    let nowhere = folder.path().join("no/such/folder/x.csv");
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    for output in [nowhere.to_str().unwrap(), taken.to_str().unwrap(), "/dev/full"] {
        let arguments = ["render", result, "--format", "csv", "--output", output];
        let (code, said) = refusal(&arguments);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("cannot write") && said.contains(output), "{said}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only the folder that was there");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["render", result, "--format", "json"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8(out.stderr).unwrap().contains("cannot write to standard output"));
}

#[test]
fn schemas_completions_and_man_pages_are_printed() {
    for (arguments, wanted) in [
        (vec!["schema", "result"], "\"title\": \"smppbench.result/1\""),
        (vec!["schema", "profile"], "\"title\": \"smppbench profile\""),
        (vec!["completions", "bash"], "_smppbench()"),
        (vec!["man"], ".TH smppbench"),
        (vec!["man", "run"], ".TH smppbench-run"),
    ] {
        let out = smppbench(&arguments);
        assert_eq!(out.status.code(), Some(0), "{arguments:?}");
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(text.contains(wanted), "{arguments:?}: {text:.300}");
    }
}

#[test]
fn the_folders_of_a_duel_and_of_a_search_render_to_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (duel, search) = (path("duel"), path("search"));
    let load = ["--rate", "40", "--receipts", "off", "--live", "off", "--seed", "1"];
    let times = ["--duration", "1s", "--warmup", "0s", "--simultaneous"];
    let sides = ["--a", "embedded.response.latency=5ms", "--b", "embedded.response.latency=9ms"];
    let out = smppbench(&[&["duel", "--out", &duel][..], &load, &times, &sides].concat());
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let sides = std::fs::read_dir(&duel).unwrap().map(|entry| entry.unwrap().path());
    let sides: Vec<PathBuf> = sides.filter(|path| path.join("result.json").exists()).collect();
    assert_eq!(sides.len(), 2, "{sides:?}");
    sides.iter().for_each(|side| commands_parse(side));
    let limits = ["--max-rate", "60", "--max-trials", "3", "--settle", "100ms"];
    let spans = ["--measure", "300ms", "--confirm", "300ms"];
    smppbench(&[&["find", "rate", "--out", &search][..], &load, &limits, &spans].concat());
    for (kept, format, file) in [
        (&duel, "text", "summary.txt"),
        (&duel, "html", "comparison.html"),
        (&duel, "markdown", "comparison.md"),
        (&duel, "json", "comparison.json"),
        (&search, "text", "summary.txt"),
        (&search, "html", "report.html"),
    ] {
        let out = smppbench(&["render", kept, "--format", format]);
        let why = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(0), "{format}: {why}");
        assert!(out.stdout == std::fs::read(format!("{kept}/{file}")).unwrap(), "{kept} {format}");
    }
    let (code, said) = refusal(&["render", &search, "--format", "csv"]);
    assert!(code == Some(2) && said.contains("csv cannot be made of a search"), "{said}");
}

/// Every command that the brief summary of a run names is one that the program takes.
fn commands_parse(run: &Path) {
    let brief = String::from_utf8(smppbench(&["render", run.to_str().unwrap()]).stdout).unwrap();
    let unbroken = brief.replace("\\\n", " ");
    let named = unbroken.lines().filter_map(|line| {
        let start = line.strip_prefix("  next").or(line.strip_prefix("      "))?.trim_start();
        start.strip_prefix("smppbench ")
    });
    let named: Vec<&str> = named.collect();
    assert!(!named.is_empty(), "{brief}");
    for command in named {
        // help ends the parsing, after whatever stands before it
        let words = command.split("  #").next().unwrap().split_whitespace();
        let words: Vec<&str> =
            words.map(|word| word.trim_matches('\'')).chain(["--help"]).collect();
        let out = smppbench(&words);
        assert_eq!(
            out.status.code(),
            Some(0),
            "{command}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
}
