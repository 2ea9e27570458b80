//! What a plan breaks on purpose, over real sockets and the real clock. No time is asserted from above: machines are
//! shared.
use super::super::{plan, profile};
use crate::judge::{self, Books};
use crate::kit::Nanos;
use crate::measure::{NoObserver, RunRecord};
use crate::plan::{EventAction, Overrides, Source};
use crate::trial::{Tcp, Trial, tally_view};

fn over_tcp(toml: &str) -> RunRecord {
    let flags = Overrides { allow_exec: true, ..Overrides::default() };
    let source = Source::Text { name: "test.toml".into(), text: toml.into() };
    let plan = crate::plan::load(&source, &flags).unwrap_or_else(|e| panic!("{e}"));
    let mut tcp = Tcp::default();
    let record = tcp.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
    let books = Books::of(&plan, &record);
    assert!(books.balanced, "{:#?}\n{:#?}", books.failures, record.ledger());
    let check = judge::against_tally(&record, &tally_view(tcp.tally().unwrap()));
    assert!(check.agrees, "{:#?}\n{:#?}", check.lines, record.ledger());
    record
}

#[test]
fn one_event_after_the_other_leaves_every_session_bound_and_the_books_balanced() {
    let events = [
        ("close", ""),
        ("reset", ""),
        ("unbind", "for = \"100ms\""),
        ("half_close", ""),
        ("stop_reading", "for = \"200ms\""),
        ("stop_acknowledging", "for = \"200ms\""),
        ("no_enquire_answer", "for = \"200ms\""),
        ("blackhole", "for = \"200ms\""),
        ("slice", "for = \"200ms\"\noctets = 50"),
        ("churn", "for = \"200ms\"\nrate = 40"),
        ("bind_flood", "for = \"200ms\"\nrate = 100"),
        ("exec", "exec = [\"true\"]"),
    ];
    let rows = events.iter().enumerate().map(|(number, (word, more))| {
        let at = 500 + number * 500;
        format!("[[events]]\ndo = \"{word}\"\nat = \"{at}ms\"\nrecover.hold = \"100ms\"\n{more}\n")
    });
    let toml = profile(
        "workers = 2\nstages = [{ hold = 400, for = \"8s\" }]",
        &format!(
            r#"[binds]
count = 4
window = 10
rebind = {{ attempts_max = 0, min = "10ms", max = "20ms" }}
[timeouts]
response = "500ms"
[receipts]
deadline = "1s"
[embedded.response]
latency = "5ms"
[embedded.receipts]
delay = "20ms"
{}"#,
            rows.collect::<String>()
        ),
    );
    let record = over_tcp(&toml);
    assert_eq!(record.cut_reason, None);
    let seen: Vec<u16> = record.events.iter().map(|o| o.event).collect();
    assert_eq!(seen, (0..12).collect::<Vec<u16>>());
    for (o, action) in record.events.iter().zip(EventAction::ALL) {
        let name = format!("{}: {o:?}", action.word());
        assert_eq!(o.ended, o.rebound, "{name}");
        let ends = matches!(
            action,
            EventAction::Close
                | EventAction::Reset
                | EventAction::Unbind
                | EventAction::HalfClose
                | EventAction::Churn
        );
        assert_eq!(o.ended > 0, ends, "{name}");
        assert_eq!(o.vanished > 0, action == EventAction::Blackhole, "{name}");
        assert_eq!(o.answers.get(&0) > 0, action == EventAction::BindFlood, "{name}");
    }
    assert_eq!(record.events[11].note, None);
}

#[test]
fn a_black_hole_leads_to_time_outs_and_with_enquire_link_to_a_dropped_session() {
    let toml = profile(
        "stages = [{ hold = 100, for = \"4s\" }]",
        r#"[binds]
count = 1
window = 5
enquire_link = "500ms"
rebind = { attempts_max = 0, min = "10ms", max = "20ms" }
[timeouts]
response = "700ms"
[receipts]
deadline = "1s"
[embedded]
[[events]]
do = "blackhole"
at = "1s"
for = "3s""#,
    );
    let record = over_tcp(&toml);
    let o = &record.events[0];
    assert_eq!((o.sessions, o.ended, o.rebound), (1, 1, 1), "{o:?}");
    assert!(o.timed_out >= 5 && o.vanished <= o.timed_out + o.lost, "a window at a time: {o:?}");
    let outage = &record.outages[0];
    assert_eq!(outage.cause.to_string(), "enquire_link unanswered");
    // idle for 500 ms, then no answer for 700 ms
    assert!(outage.from.since(o.from) > Nanos::from_millis(1_100), "{outage:?}");
}

#[test]
fn writes_of_one_octet_lose_nothing() {
    let toml = profile(
        "stages = [{ hold = 8, for = \"3s\" }]",
        r#"[binds]
count = 2
window = 50
[embedded]
[[events]]
do = "slice"
octets = 1
at = "500ms"
for = "2s""#,
    );
    let record = over_tcp(&toml);
    let t = record.ledger();
    assert_eq!((t.planned, t.accepted, t.lost, t.timed_out), (24, 24, 0, 0));
    assert_eq!((t.receipts_final, record.outages_count()), (24, 0));
}

#[test]
fn a_session_that_does_not_read_has_its_window_open_and_is_answered_afterwards() {
    let toml = profile(
        "stages = [{ hold = 500, for = \"4s\" }]",
        r#"[binds]
count = 2
window = 7
enquire_link = "off"
[embedded]
[[events]]
do = "stop_reading"
at = "500ms"
for = "2s""#,
    );
    let record = over_tcp(&toml);
    let row = record.intervals.iter().find(|r| r.at == Nanos::from_secs(1)).unwrap();
    assert_eq!(row.gauges.in_flight, 14);
    let t = record.ledger();
    assert_eq!((t.accepted, t.lost, t.timed_out), (2_000, 0, 0));
}

#[test]
fn a_command_that_fails_hangs_or_is_not_there_is_told_and_the_run_goes_on() {
    let toml = profile(
        "stages = [{ hold = 50, for = \"2s\" }]",
        r#"[binds]
count = 1
[embedded]
[[events]]
do = "exec"
at = "100ms"
exec = ["sh", "-c", "exit 3"]
[[events]]
do = "exec"
at = "200ms"
for = "300ms"
exec = ["sh", "-c", "sleep 60 & sleep 60"]
[[events]]
do = "exec"
at = "300ms"
exec = ["/nonexistent/command"]
[[events]]
do = "exec"
at = "1900ms"
exec = ["sleep", "60"]"#,
    );
    let record = over_tcp(&toml);
    let notes: Vec<&str> = record.events.iter().map(|o| o.note.as_deref().unwrap()).collect();
    assert_eq!(notes[0], "exit status: 3");
    assert_eq!(notes[1], "killed at its time limit of 0.3 s");
    assert!(notes[2].starts_with("not run: No such file"), "{}", notes[2]);
    assert_eq!(notes[3], "killed when the run ended");
    let hung = &record.events[1];
    assert!(hung.until.since(hung.from) >= Nanos::from_millis(300), "{hung:?}");
    assert_eq!(record.ledger().accepted, 100);
    assert_eq!(record.cut_reason, None);
}

#[test]
fn the_occurrences_of_a_plan_are_those_of_its_record() {
    let toml = profile(
        "workers = 3\nstages = [{ hold = 200, for = \"3s\" }]",
        r#"[binds]
count = 3
rebind = { attempts_max = 0, min = "10ms", max = "20ms" }
[embedded]
[[events]]
do = "reset"
binds = "half"
every = "600ms""#,
    );
    let record = over_tcp(&toml);
    let planned = crate::plan::occurrences(&plan(&toml));
    assert_eq!(planned.len(), 4);
    for (planned, seen) in planned.iter().zip(&record.events) {
        assert_eq!((planned.repeat, planned.from, 2), (seen.repeat, seen.from, seen.sessions));
        assert!(seen.all_bound_again().is_some_and(|at| at > seen.from), "{seen:?}");
    }
}
