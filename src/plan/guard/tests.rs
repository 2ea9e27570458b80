use super::*;
use crate::plan::{Overrides, Source, load};

fn live(overrides: Overrides) -> Result<Plan, PlanError> {
    let target = Some("smsc.example:2775".to_string());
    load(&Source::quick(), &Overrides { target, ..overrides })
}

fn allowed() -> Overrides {
    Overrides {
        allow_target: vec!["SMSC.example:2775".into()],
        max_messages: Some(1000),
        ..Overrides::default()
    }
}

#[allow(clippy::needless_pass_by_value)]
fn refused(overrides: Overrides) -> String {
    live(overrides).unwrap_err().to_string()
}

fn profile(text: &str) -> Result<Plan, PlanError> {
    let source = Source::Text { name: "x.toml".into(), text: text.into() };
    load(&source, &Overrides::default())
}

#[test]
fn loopback_is_told_by_its_address() {
    for good in [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "localhost:1",
        "LocalHost:2775",
        "[::ffff:127.0.0.1]:1",
    ] {
        assert!(is_loopback(good), "{good}");
    }
    for bad in ["10.0.0.1:1", "[::2]:1", "localhost.example:1", "128.0.0.1:1", "127.0.0.1.nip.io:1"]
    {
        assert!(!is_loopback(bad), "{bad}");
    }
}

#[test]
fn a_target_that_is_not_loopback_must_be_repeated_and_bounded() {
    let line = refused(Overrides::default());
    assert!(
        line.starts_with("--target: target.address: smsc.example:2775 is not loopback"),
        "{line}"
    );
    assert!(line.contains("--allow-target smsc.example:2775"));
    let line = refused(Overrides { max_messages: None, ..allowed() });
    assert!(line.contains("guard.messages_max: is needed"), "{line}");
    let other = vec!["smsc.example:2776".to_string()];
    assert!(refused(Overrides { allow_target: other, ..allowed() }).contains("not loopback"));
    assert!(!live(allowed()).unwrap().target.is_loopback());
}

#[test]
fn one_address_among_several_that_is_not_allowed_is_enough() {
    let line = profile(
        r#"[target]
addresses = ["127.0.0.1:2775", "10.0.0.1:2775"]
[guard]
messages_max = 10"#,
    );
    let line = line.unwrap_err().to_string();
    assert!(
        line.starts_with("x.toml:") && line.contains("10.0.0.1:2775 is not loopback"),
        "{line}"
    );
}

#[test]
fn off_loopback_the_defaults_are_careful() {
    let plan = live(allowed()).unwrap();
    let binds = &plan.accounts[0].binds;
    assert_eq!((binds.count, binds.window), (1, 10));
    assert_eq!(plan.load.catch_up, Some(1.2));
    assert_eq!(plan.guard.foreign, crate::plan::Foreign::Stop);
    assert_eq!(plan.stages[1].shape.peak(), Some(crate::kit::Rate::per_second(10)));
    let plan = live(Overrides { binds: Some(3), rate: Some("20".into()), ..allowed() }).unwrap();
    assert_eq!(plan.accounts[0].binds.count, 3);
}

#[test]
fn a_closed_loop_off_loopback_needs_to_be_asked_for() {
    let max = || Overrides { rate: Some("max".into()), ..allowed() };
    assert!(refused(max()).contains("a closed loop (max) is for loopback only"));
    let set = vec!["guard.closed_loop=true".to_string()];
    assert!(live(Overrides { set, ..max() }).is_ok());
    assert!(
        load(&Source::quick(), &Overrides { rate: Some("max".into()), ..Overrides::default() })
            .is_ok()
    );
}

#[test]
fn a_plan_beyond_its_bounds_is_refused_before_anything_is_sent() {
    for (text, wanted) in [
        (
            r"[guard]
messages_max = 9999",
            "load.stages: 10000 submit_sm, more than guard.messages_max = 9999",
        ),
        (
            r"[guard]
rate_max = 999",
            "load.stages[0]: reaches 1000/s, more than guard.rate_max = 999/s",
        ),
        (
            r"[guard]
binds_max = 1",
            "binds.count: 2 sessions, more than guard.binds_max = 1",
        ),
        (
            r#"[guard]
rate_max = 5
[[load.stages]]
max = true
for = "1s""#,
            "x.toml:3: load.stages[0]: a closed loop has no rate",
        ),
        (
            r#"[guard]
destinations = ["4477009009*"]"#,
            "447700900000 is outside guard.destinations (4477009009*)",
        ),
    ] {
        let line = profile(text).unwrap_err().to_string();
        assert!(line.contains(wanted), "{line}");
    }
}

#[test]
fn destinations_within_the_patterns_pass() {
    let to = |destination: &str, patterns: &str| {
        profile(&format!(
            r"[guard]
destinations = {patterns}
[[messages]]
destination = {destination}"
        ))
    };
    assert!(to("\"447700900123\"", "[\"4477009*\"]").is_ok());
    assert!(to("{ range = [\"447700900000\", \"447700900999\"] }", "[\"4477009*\"]").is_ok());
    assert!(to("{ range = [\"1199\", \"1201\"] }", "[\"119*\", \"120*\"]").is_ok());
    assert!(to("{ range = [\"1199\", \"1201\"] }", "[\"119*\"]").is_err());
    assert!(to("{ random = \"44770090####\" }", "[\"4477009*\"]").is_ok());
    assert!(to("{ random = \"4477########\" }", "[\"4477009*\"]").is_err());
}

#[test]
fn more_binds_than_descriptors_are_refused() {
    let plan =
        load(&Source::quick(), &Overrides { binds: Some(500), ..Overrides::default() }).unwrap();
    let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed).unwrap();
    let line = check(&plan, &schedule, 1024).unwrap_err().to_string();
    assert!(line.contains("500 sessions need 1064 open files, but 1024 are allowed"), "{line}");
    assert!(check(&plan, &schedule, 1064).is_ok());
}

#[test]
fn patterns_match_runs_of_anything() {
    for (pattern, text, expected) in [
        ("4477*", "447700", true),
        ("*404", "1404", true),
        ("*404", "4041", false),
        ("1*2*3", "10203", true),
        ("1*2*3", "1023", true),
        ("1*2*3", "1323", true),
        ("1*1", "1", false),
        ("123", "123", true),
        ("123", "1234", false),
        ("*", "", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn a_rate_with_a_mistyped_unit_is_refused_at_its_flag_with_the_bound() {
    let run = |rate: &str| {
        let rate = Some(rate.to_string());
        load(&Source::quick(), &Overrides { rate, ..Overrides::default() })
    };
    for rate in ["10000M", "999999999999999", "100000001"] {
        let line = run(rate).unwrap_err().to_string();
        assert!(line.starts_with("--rate: load.stages[0].hold: reaches "), "{line}");
        assert!(line.ends_with("more than the 100000000/s that can be scheduled; lower it"));
    }
    assert!(run("100M").is_ok());
    for shape in [
        r#"ramp = [1, "101M"]"#,
        r#"stairs = { from = "101M", to = 1, step = "50M", each = "1s" }"#,
        r#"spike = { base = 1, peak = "101M", at = "0s", for = "1s" }"#,
        r#"sine = { mean = "51M", amplitude = "50M", period = "1s" }"#,
    ] {
        let line = profile(&format!(
            r#"[[load.stages]]
{shape}
for = "3s"
"#
        ));
        let line = line.unwrap_err().to_string();
        assert!(line.starts_with("x.toml:2: load.stages[0].") && line.contains("can be scheduled"));
    }
}

#[test]
fn more_submit_sm_than_can_be_counted_are_refused() {
    let hold = |rate: &str, length: &str| {
        format!(
            r#"[[load.stages]]
hold = "{rate}"
for = "{length}"
"#
        )
    };
    assert!(profile(&hold("10M", "1day")).is_ok());
    let line = profile(&hold("100M", "1day")).unwrap_err().to_string();
    assert!(line.contains("8640000000000 submit_sm, more than the 1099511627776"), "{line}");
    // a mix whose order does not repeat: what stays unsent of it has to be walked
    let accounts = r#"[[accounts]]
name = "a"
weight = 1021
[[accounts]]
name = "b"
weight = 1030
"#;
    let messages = r"[[messages]]
weight = 1009
[[messages]]
weight = 1013
";
    let mixed = |rate| format!("{}{accounts}{messages}", hold(rate, "1day"));
    assert!(profile(&mixed("10k")).is_ok());
    let line = profile(&mixed("12k")).unwrap_err().to_string();
    assert!(line.contains("repeat together only after") && line.contains("round"), "{line}");
}

#[test]
fn more_combinations_than_can_be_counted_apart_are_refused() {
    let accounts: String = (0..257)
        .map(|n| {
            format!(
                r#"[[accounts]]
name = "a{n}"
"#
            )
        })
        .collect();
    let messages = |count: usize| {
        r"[[messages]]
"
        .repeat(count)
    };
    assert!(profile(&format!("{accounts}{}", messages(63))).is_ok());
    assert!(profile(&format!("{accounts}{}", messages(64))).is_err());
    let line = profile(&format!("{accounts}{}", messages(256))).unwrap_err().to_string();
    assert!(line.contains("257 accounts × 256 messages") && line.contains("32768"), "{line}");
}

#[test]
fn a_long_profile_is_read_in_a_moment() {
    // each of these took minutes when every name was held against every other
    let line = profile(
        &r#"[[load.stages]]
hold = 1
for = "1s"
"#
        .repeat(70_000),
    );
    assert!(line.unwrap_err().to_string().contains("70000 stages"));
    let line = profile(
        &r"[[accounts]]
"
        .repeat(2),
    )
    .unwrap_err()
    .to_string();
    assert!(line.contains("two accounts named"), "{line}");
    let plan = profile(
        &r#"[[load.stages]]
hold = 1
for = "1s"
"#
        .repeat(3),
    )
    .unwrap();
    let names: Vec<&str> = plan.stages.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["hold", "hold-2", "hold-3"]);
    let text = "{seq}".repeat(100_000);
    let line = profile(&format!(
        r#"[[messages]]
text = "{text}"
"#
    ))
    .unwrap_err()
    .to_string();
    assert!(line.contains("messages[0].text"), "{line}");
}
