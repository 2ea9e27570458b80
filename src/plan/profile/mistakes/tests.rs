use super::*;
use crate::plan::{Source, load, preview};

fn told(text: &str, overrides: &Overrides) -> Vec<String> {
    let source = Source::Text { name: "p.toml".into(), text: text.into() };
    match preview(&source, overrides) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.errors.iter().map(PlanError::to_string).collect(),
    }
}

fn lines(text: &str) -> Vec<String> {
    told(text, &Overrides::default())
}

/// Each line begins as it should, and there are no others.
fn assert_begin(told: &[String], wanted: &[&str]) {
    let alike = told.len() == wanted.len()
        && told.iter().zip(wanted).all(|(line, start)| line.starts_with(start));
    assert!(alike, "{told:#?}");
}

#[test]
fn five_different_mistakes_are_told_at_once_by_line() {
    let text = r#"
seed = "one"
[binds]
windw = 20
count = 0
[deliver]
delay = "5 parsecs"
[target]
tls_cert = "x.pem"
[gates]
"response.p99" = "< 50ms"
"#;
    assert_begin(
        &lines(text),
        &[
            "p.toml:2: seed: ",
            "p.toml:4: binds.windw: unknown key; did you mean \"window\"?",
            "p.toml:5: binds.count: 0 ",
            "p.toml:7: deliver.delay: ",
            "p.toml:9: target.tls_cert: is not enough",
        ],
    );
}

#[test]
fn what_only_follows_from_a_mistake_is_not_told() {
    // the only stage is not one without its length; then there is no stage
    assert_begin(
        &lines("[[load.stages]]\nhold = 5\nfor = \"5x\"\n"),
        &["p.toml:3: load.stages[0].for: "],
    );
    assert_begin(
        &lines("[[load.stages]]\nhodl = 5\nfor = \"5s\"\n"),
        &["p.toml:2: load.stages[0].hodl: "],
    );
    assert_begin(
        &lines("[[load.stages]]\nhold = 5\nfro = \"5s\"\n"),
        &["p.toml:3: load.stages[0].fro: "],
    );
    // without its window the rebind's bounds would be those of the default
    let text = "[binds]\nrebind = { min = \"no\", max = \"1ms\" }\n";
    assert_begin(&lines(text), &["p.toml:2: binds.rebind.min: "]);
    // of a target that does not read nothing else is judged
    let text = "[target]\naddress = \"smsc.example\"\n[guard]\nmessages_max = \"many\"\n";
    assert_begin(&lines(text), &["p.toml:2: target.address: ", "p.toml:4: guard.messages_max: "]);
    let text =
        "[target]\naddress = \"smsc.example:2775\"\n[guard]\nallow_target = 5\nmessages_max = 5\n";
    assert_begin(&lines(text), &["p.toml:4: guard.allow_target: "]);
}

#[test]
fn items_keep_the_numbers_that_they_were_written_with() {
    let text = r#"
[[load.stages]]
hold = 5
for = "x"
[[load.stages]]
hold = 5
for = "1s"
[[load.stages]]
hold = 5
for = "y"
[[messages]]
text = 1
[[messages]]
txt = "a"
[[messages]]
weight = 0
"#;
    assert_begin(
        &lines(text),
        &[
            "p.toml:4: load.stages[0].for: ",
            "p.toml:10: load.stages[2].for: ",
            "p.toml:12: messages[0].text: ",
            "p.toml:14: messages[1].txt: ",
            "p.toml:16: messages[2].weight: ",
        ],
    );
}

#[test]
fn mistakes_of_flags_come_last_and_do_not_hide_others() {
    let overrides = Overrides {
        rate: Some("fast".into()),
        window: Some(0),
        set: vec!["nonsense".into(), "seed=x".into()],
        gates: vec!["response.p99".into()],
        ..Overrides::default()
    };
    let told = told("[timeouts]\nbind = 5\nbnid = 6\n", &overrides);
    assert_begin(&told[..2], &["p.toml:2: timeouts.bind: ", "p.toml:3: timeouts.bnid: "]);
    for start in ["--rate: ", "--window: ", "--set nonsense", "--set seed: ", "--gate: "] {
        assert!(told.iter().any(|line| line.starts_with(start)), "{start}: {told:#?}");
    }
    assert_eq!(told.len(), 7, "{told:#?}");
}

#[test]
fn two_limits_of_one_metric_among_the_flags_are_refused_and_neither_is_dropped() {
    let gates = ["response.p99 < 50ms", "ratio.missing = 0", "response.p99<9ms"];
    let overrides = Overrides { gates: gates.map(str::to_owned).to_vec(), ..Overrides::default() };
    assert_eq!(
        told("", &overrides),
        ["--gate: response.p99 has two limits, \"< 50ms\" and \"<9ms\"; write the one that counts"]
    );
}

#[test]
fn a_gate_is_taken_out_alone_although_its_name_has_dots() {
    let text =
        "[gates]\n\"response.p99\" = true\n\"response.p50\" = [1]\n\"ratio.missing\" = \"= 0\"\n";
    assert_begin(
        &lines(text),
        &["p.toml:2: gates.response.p99: ", "p.toml:3: gates.response.p50: "],
    );
}

#[test]
fn toml_that_does_not_parse_is_one_mistake_and_a_good_profile_none() {
    assert_eq!(lines("[binds\nwindow = 5\n[load]\nx = 1").len(), 1);
    assert_eq!(lines("binds.window = 5"), Vec::<String>::new());
    let source = Source::File("/no/such/profile.toml".into());
    let mistakes = preview(&source, &Overrides::default()).unwrap_err();
    assert!(
        mistakes.rest.is_none() && mistakes.into_first().to_string().contains("cannot be read")
    );
}

#[test]
fn no_more_mistakes_are_told_than_a_person_reads() {
    let many: String = (0..200).map(|n| format!("unknown{n} = 1\n")).collect();
    assert_eq!(lines(&many).len(), MISTAKES_MAX);
}

#[test]
fn a_profile_of_very_many_mistakes_is_refused_without_reading_it_for_each() {
    let text: String = (0..150_000).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(lines(&text).len(), 1);
}

#[test]
fn the_first_of_all_mistakes_is_the_one_that_a_run_tells() {
    for text in ["[binds]\nwindow = 0\ncount = 0\n", "seed = \"x\"\nsede = 1\n", "messages = []\n"]
    {
        let source = Source::Text { name: "p.toml".into(), text: text.into() };
        let first = load(&source, &Overrides::default()).unwrap_err().to_string();
        assert_eq!(lines(text)[0], first);
    }
}
