use super::*;
use crate::plan::{Overrides, Source, load};

fn rendered(text: &str) -> String {
    let source = Source::Text { name: "x.toml".into(), text: text.into() };
    render(&load(&source, &Overrides::default()).unwrap(), &[])
}

#[test]
fn quick_is_rendered_with_its_counts_and_its_picture() {
    let text = render(&load(&Source::quick(), &Overrides::default()).unwrap(), &[]);
    for part in [
        "plan      quick (seed 1)",
        "target    the simulator in this process (loopback)",
        "account   smppbench: 2 × transceiver, window 20",
        "63 characters in 1 part",
        "stage     warm-up: ramp 0/s to 1,000/s for 2s, not measured, 1,000 submit_sm",
        "in all    9,000 submit_sm in 10s, 1,000/s at the peak",
        "window    40 in flight at most; full at the peak when responses take 40 ms",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let measured: String = "█".repeat(COLUMNS * 8 / 10 - 1);
    assert_eq!(text.lines().filter(|l| l.ends_with(&measured)).count(), ROWS);
}

#[test]
fn what_a_run_through_a_gateway_waits_for_is_rendered() {
    let text = rendered(
        "target = { address = \"127.0.0.1:2775\" }\n[upstream]\nsessions = 2\ndeadline = \"20s\"\n",
    );
    let says = "upstream  127.0.0.1:2776 (for through): waits at most 1m for 2 binds of the gateway; \
                10 probes before the load find the marker; what has not come out 20s after its accept is lost";
    assert!(text.contains(says), "{text}");
    let text = rendered("[upstream]\nmarker = \"tlv\"");
    assert!(text.contains("; marker in tlv; what has not come out 30s after"), "{text}");
}

#[test]
fn a_ramp_climbs_in_the_picture_and_a_closed_loop_is_shaded() {
    let text = rendered(
        "[[load.stages]]\nramp = [0, 100]\nfor = \"30s\"\n[[load.stages]]\nmax = true\nfor = \"30s\"",
    );
    let bars: Vec<Vec<char>> = text
        .lines()
        .filter_map(|l| l.split_once('│'))
        .map(|(_, bar)| bar.chars().collect())
        .collect();
    assert_eq!(bars.len(), ROWS);
    assert!(bars.iter().all(|bar| bar.len() == COLUMNS && bar[COLUMNS - 1] == CLOSED));
    let heights: Vec<usize> =
        (0..30).map(|c| bars.iter().filter(|bar| bar[c] != ' ').count()).collect();
    assert!(heights.is_sorted() && heights[0] == 1 && heights[29] == ROWS, "{heights:?}");
    assert!(text.contains("1,500 submit_sm and those of the closed loop"), "{text}");
}

#[test]
fn a_spike_narrower_than_a_column_still_shows() {
    let text = rendered(
        "[[load.stages]]\nspike = { base = 10, peak = 100, at = \"31s\", for = \"1s\" }\nfor = \"10m\"",
    );
    let top = text.lines().find(|l| l.contains('│')).unwrap();
    assert!(top.contains('█'), "{text}");
    assert!(top.trim_start().starts_with("100/s"), "{text}");
}

#[test]
fn receivers_alone_have_no_picture_but_a_duration() {
    let text = rendered("[binds]\ntype = \"receiver\"\n[load]\nreceive_only_for = \"5m\"");
    assert!(text.contains("stages    none: receives only, for 5m"), "{text}");
    assert!(!text.contains('│'));
}

#[test]
fn the_window_is_judged_for_the_account_that_fills_first() {
    let text = rendered(
        "[[accounts]]\nname = \"a\"\nshare = 0.9\nbinds = { count = 1, window = 9 }\n\
         [[accounts]]\nname = \"b\"\nshare = 0.1\nbinds = { count = 1, window = 100 }\n",
    );
    // a: 9 open for 900/s
    assert!(text.contains("responses take 10 ms"), "{text}");
    assert!(
        text.contains("a (system_id smppbench): 1 × transceiver, window 9, 90.0 % of the load")
    );
}

#[test]
fn what_flags_replaced_is_shown_with_where_each_part_is_from() {
    let text = "[[load.stages]]\nhold = 200\nfor = \"5s\"\n";
    let source = Source::Text { name: "p.toml".into(), text: text.into() };
    let overrides = Overrides { duration: Some("6s".into()), ..Overrides::default() };
    let origins = crate::plan::preview(&source, &overrides).unwrap().origins;
    let text = render(&load(&source, &overrides).unwrap(), &origins);
    assert!(text.contains("stage     measured: hold 200/s for 6s"), "{text}");
    let says = "rate from p.toml:2, measured time from --duration, warm-up from p.toml:3\n";
    assert!(text.contains(says), "{text}");
}

#[test]
fn gates_are_judged_beside_other_mistakes_but_not_by_groups_that_may_be_incomplete() {
    use crate::cli::args::CheckArgs;
    use crate::cli::exit::{Exit, Failure};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    let told = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let args = CheckArgs { profile: Some(path.clone()), ..CheckArgs::default() };
        let failure = crate::cli::checked(&args).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        let Failure::Mistakes(lines) = failure else { panic!("{failure}") };
        lines
    };
    let gates =
        "[gates]\n\"label.nobody.response.p99\" = \"< 5ms\"\n\"response.p98\" = \"< 5ms\"\n";
    let lines = told(gates);
    assert!(lines.len() == 2 && lines[0].contains("label.nobody"), "{lines:#?}");
    let lines = told(&format!("{gates}[[messages]]\nlabel = \"otp\"\ntext = 1\n"));
    assert!(lines.len() == 2 && lines[0].contains("messages[0].text"), "{lines:#?}");
    assert!(lines[1].contains("response.p98"), "{lines:#?}");
    let event = "[gates]\n\"event.cut.lost\" = 0\n[[events]]\nname = \"cut\"\ndo = \"close\"\nat = \"9h\"\n";
    let lines = told(event);
    assert!(lines.len() == 1 && lines[0].contains("events[0].at"), "{lines:#?}");
}

#[test]
fn the_sides_of_a_duel_are_judged_with_the_rest_and_each_mistake_is_told_once() {
    let told = |text: &str| {
        let source = Source::Text { name: "d.toml".into(), text: text.into() };
        crate::plan::preview(&source, &Overrides::default()).map(|_| ()).map_err(|e| e.to_string())
    };
    let good = "[duel.a]\nreceipts = { id_mode = \"exact\" }\n[duel.b]\naccount = { system_id = \"two\" }\n";
    assert_eq!(told(good), Ok(()));
    let wrong = "[binds]\nwindw = 3\n[duel.a]\nreceipts = { id_mod = \"exact\" }\n\
                 [duel.b]\ntarget = { address = \"198.51.100.1:2775\" }\nmessage = { text = 1 }\n";
    let says = told(wrong).unwrap_err();
    let lines: Vec<&str> = says.lines().collect();
    for (line, part) in lines.iter().zip([
        "d.toml:2: binds.windw",
        "d.toml:4: receipts.id_mod",
        "d.toml:6",
        "d.toml:7",
    ]) {
        assert!(line.starts_with(part), "{part}: {says}");
    }
    assert_eq!(lines.len(), 4, "{says}");
    let off_loopback = "[duel.b]\ntarget = { address = \"198.51.100.1:2775\" }\n";
    assert!(told(off_loopback).unwrap_err().contains("is not loopback"));
    // a password that is not read is no mistake of a side either
    assert_eq!(told("[duel.b]\naccount = { password_env = \"NOT_SET_ANYWHERE\" }\n"), Ok(()));
}

#[test]
fn each_event_is_said_with_whom_it_strikes_and_when() {
    let text = rendered(
        "load.stages = [{ hold = 10, for = \"5m\" }]\nbinds.count = 4\n\
         [[events]]\nname = \"cut\"\ndo = \"reset\"\nbinds = \"half\"\nat = \"30s\"\nevery = \"1m\"\nrepeat = 3\nfor = \"3s\"\n",
    );
    let says = "event     cut: reset, 2 of 4 sessions, for 3s, at 30s, then every 1m, 3 times\n";
    assert!(text.contains(says), "{text}");
}
