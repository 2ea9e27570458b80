//! Input that a person writes: profiles, flags, stages and behaviours that are not what they should be.
use crate::pdus::noise;
use crate::row::{Row, call, embedded};

pub(crate) fn rows() -> Vec<Row> {
    [profiles(), numbers(), shapes(), behaviours()].concat()
}

/// `check` of a profile that is refused.
fn refused(name: &str, content: &[u8]) -> Row {
    call(name, "check {dir}/p.toml")
        .file("p.toml", content)
        .exit(&[2])
        .within(10)
        .that("process.lines <= 3")
}

fn taken(name: &str, content: &[u8]) -> Row {
    refused(name, content).exit(&[0]).that("process.lines <= 3")
}

fn profiles() -> Vec<Row> {
    let sound = "name = \"sound\"\n[[load.stages]]\nhold = 5\nfor = \"1s\"\n";
    let utf16: Vec<u8> =
        format!("\u{feff}{sound}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{sound}");
    let windows = sound.replace('\n', "\r\n");
    let keys: String = (0..300_000).map(|n| format!("key{n} = {n}\n")).collect();
    let tables: String = (0..100_000).map(|n| format!("[table{n}]\n")).collect();
    let deep = format!("name = \"deep\"\nx = {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let dotted = format!("{}x = 1\n", "a.".repeat(100_000));
    let long = format!("name = \"{}\"\n", "x".repeat(5_000_000));
    let comment = format!("#{}\n{sound}", "x".repeat(10_000_000));
    let unclosed = format!("name = \"\"\"{}", "y".repeat(1_000_000));
    let mut folder = call("a profile is a folder", "check {dir}").exit(&[2]);
    folder.name = "a profile is a folder".to_owned();
    vec![
        refused("a profile of noise", &noise(31, 100_000)),
        refused("a profile of zeroes", &[0; 10_000]),
        refused("a profile in UTF-16", &utf16),
        taken("a profile with a byte order mark", marked.as_bytes()),
        taken("a profile with the line ends of Windows", windows.as_bytes()),
        refused("a profile of 300,000 unknown keys", keys.as_bytes()).memory(400),
        refused("a profile of 100,000 unknown tables", tables.as_bytes()).memory(400),
        refused("a profile that nests 100,000 deep", deep.as_bytes()).memory(400),
        refused("a profile with a key of 100,000 parts", dotted.as_bytes()).memory(400),
        refused("a profile with a name of 5 MB", long.as_bytes()).memory(300).exit(&[0, 2]),
        taken("a profile with a comment of 10 MB", comment.as_bytes()).memory(300),
        refused("a profile whose text never closes", unclosed.as_bytes()),
        refused("a profile with a key twice", b"name = \"once\"\nname = \"again\"\n"),
        refused("a profile whose numbers are words", b"name = 5\n[binds]\ncount = \"two\"\n"),
        refused(
            "a text with a placeholder that nobody knows",
            b"name = \"p\"\n[[messages]]\ntext = \"{nosuch}\"\n",
        ),
        refused(
            "a text file that is not there",
            b"name = \"p\"\n[[messages]]\ntext_file = \"nowhere.txt\"\n",
        ),
        refused("a text file that is a folder", b"name = \"p\"\n[[messages]]\ntext_file = \".\"\n"),
        folder,
        call("a profile is a device without end", "check /dev/zero")
            .exit(&[2])
            .within(10)
            .memory(300),
        call("a profile is not there", "check {dir}/nowhere.toml").exit(&[2]).says("nowhere.toml"),
        call("a run of a profile that is not there", "run {dir}/nowhere.toml --out {dir}/out")
            .exit(&[2]),
        call("a profile on standard input that is empty", "check /dev/stdin").exit(&[0, 2]),
    ]
}

/// Flags that are no sensible number: refused with the bound, each in one line.
fn numbers() -> Vec<Row> {
    let huge = "1".to_owned() + &"0".repeat(30);
    let mut rows = Vec::new();
    let values = ["0", "-1", "nan", "inf", "1e400", "0x10", "--", "1,000", "\u{662}", &huge];
    for (flag, allowed) in [
        ("--rate", &[][..]),
        ("--window", &[]),
        ("--binds", &[]),
        ("--workers", &[]),
        ("--duration", &[]),
        ("--receipt-deadline", &[]),
        ("--seed", &["0"][..]),
    ] {
        for value in values {
            if allowed.contains(&value) {
                continue;
            }
            let shown = if value == huge { "10^30" } else { value };
            let row =
                call(&format!("check {flag} {shown}"), "check").word(format!("{flag}={value}"));
            rows.push(row.exit(&[2]).within(5));
        }
    }
    for (key, value) in [
        ("timeouts.response", "\"0s\""),
        ("timeouts.response", "-5"),
        ("timeouts.connect", "\"99999999999y\""),
        ("binds.enquire_link", "\"-1s\""),
        ("receipts.outstanding_max", "-1"),
        ("receipts.outstanding_max", "99999999999999999999999"),
        ("messages.0.weight", "-1"),
        ("load.catch_up", "nan"),
        ("target.send_buffer", "-1"),
        ("deliver.no_answer", "2.0"),
        ("no.such.key", "1"),
        ("load.stages", "[]"),
    ] {
        let row = call(&format!("check --set {key}={value}"), "check --set")
            .word(format!("{key}={value}"));
        rows.push(row.exit(&[2]).within(5));
    }
    // far more than any machine can do, and no more than a second (fault 11)
    for rate in ["10000M", "999999999999999"] {
        rows.push(
            embedded(&format!("a run at {rate} a second"), &format!("--rate {rate}"))
                .exit(&[0, 2])
                .either_result()
                .within(15),
        );
    }
    rows.push(
        embedded("a run at 100M a second", "--rate 100M --window 100")
            .exit(&[0, 2])
            .either_result()
            .within(20)
            .memory(300),
    );
    rows
}

/// Stages whose arithmetic could go wrong.
fn shapes() -> Vec<Row> {
    let stage = |name: &str, stage: &str| {
        let profile = format!("name = \"s\"\n[[load.stages]]\n{stage}\n");
        call(&format!("a stage: {name}"), "check {dir}/p.toml")
            .file("p.toml", profile.as_bytes())
            .exit(&[2])
            .within(6)
    };
    vec![
        stage("stairs of step 0", "stairs = { from = 10, to = 100, step = 0, each = \"1s\" }"),
        stage(
            "stairs of a negative step",
            "stairs = { from = 10, to = 100, step = -10, each = \"1s\" }",
        ),
        stage(
            "a billion stairs",
            "stairs = { from = 1, to = 1000000000, step = 1, each = \"1s\" }",
        ),
        stage("stairs of no length", "stairs = { from = 10, to = 100, step = 10, each = \"0s\" }"),
        stage(
            "a sine below 0",
            "sine = { mean = 10, amplitude = 100, period = \"1s\" }\nfor = \"5s\"",
        ),
        stage(
            "a sine without a period",
            "sine = { mean = 10, amplitude = 1, period = \"0s\" }\nfor = \"5s\"",
        ),
        stage(
            "a sine of a nanosecond",
            "sine = { mean = 10, amplitude = 1, period = \"1ns\" }\nfor = \"5s\"",
        )
        .exit(&[0, 2]),
        stage("a ramp from NaN", "ramp = [nan, 100]\nfor = \"5s\""),
        stage("a ramp from nothing to nothing", "ramp = [0, 0]\nfor = \"5s\""),
        stage(
            "a spike after its end",
            "spike = { base = 1, peak = 100, at = \"10s\", for = \"10s\" }\nfor = \"5s\"",
        ),
        stage("a hold without a length", "hold = 5"),
        stage("a hold of a million years", "hold = 5\nfor = \"1000000y\""),
        stage("two shapes at once", "hold = 5\nmax = true\nfor = \"1s\""),
        stage("no shape", "for = \"1s\""),
    ]
}

/// The simulator's own file.
fn behaviours() -> Vec<Row> {
    let wrong = |name: &str, toml: &str| {
        call(&format!("a behaviour: {name}"), "smsc --listen 127.0.0.1:0 --behaviour {dir}/b.toml")
            .file("b.toml", toml.as_bytes())
            .exit(&[2])
            .within(5)
    };
    vec![
        wrong("a share of 2", "[response]\nlost = 2.0\n"),
        wrong("a share below 0", "[receipts]\nlost = -0.5\n"),
        wrong("a share that is NaN", "[receipts]\nduplicate = nan\n"),
        wrong("shares above 1 in all", "[receipts]\nstates = { DELIVRD = 0.9, UNDELIV = 0.9 }\n"),
        wrong(
            "a latency of 10^30 s",
            "[response]\nlatency = \"1000000000000000000000000000000s\"\n",
        ),
        wrong(
            "a p99 below its median",
            "[response]\nlatency = { lognormal = { median = \"10ms\", p99 = \"1ms\" } }\n",
        ),
        wrong("no servers", "[response]\nlatency = { servers = 0, mean = \"1ms\" }\n"),
        wrong("an unknown key", "[response]\nlatnecy = \"1ms\"\n"),
        wrong("noise", &String::from_utf8_lossy(&noise(33, 9_000))),
        wrong("a fault every 0 s", "[[faults]]\nkind = \"close\"\nevery = \"0s\"\n"),
        wrong("an unknown fault", "[[faults]]\nkind = \"implode\"\nat = \"1s\"\n"),
    ]
}
