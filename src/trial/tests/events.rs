//! What a plan breaks on purpose, in whole runs: the books balance and agree with the tally, each event flips just the
//! counters it should, and the sessions come back when the plan says.
mod loopback;
mod recovery;

use super::{plan, profile, run};
use crate::judge::{self, Outcome};
use crate::kit::{HostUse, Nanos};
use crate::measure::{EventOccurrence, Metric, NoObserver, RunRecord};
use crate::plan::{EventAction, Overrides, Source};
use crate::trial::{Memory, Trial};

/// A profile of a load of 6 s at 100/s that an event disturbs from 2 s on.
fn disturbed(action: EventAction, load: &str, rest: &str) -> String {
    let event = match action {
        EventAction::Close | EventAction::Reset | EventAction::Unbind | EventAction::HalfClose => {
            ""
        }
        EventAction::StopReading
        | EventAction::StopAcknowledging
        | EventAction::NoEnquireAnswer
        | EventAction::Blackhole => "for = \"1s\"",
        EventAction::Slice => "for = \"1s\"\noctets = 7",
        EventAction::Churn => "for = \"1s\"\nrate = 20",
        EventAction::BindFlood => "for = \"1s\"\nrate = 50",
        EventAction::Exec => "exec = [\"true\"]",
    };
    let word = action.word();
    profile(
        &format!("stages = [{{ hold = 100, for = \"6s\" }}]\n{load}"),
        &format!(
            r#"{rest}
[binds]
count = 3
window = 5
enquire_link = "500ms"
rebind = {{ attempts_max = 0, min = "50ms", max = "100ms" }}
[timeouts]
response = "2s"
unbind = "1s"
[receipts]
deadline = "4s"
[embedded]
seed = 5
[embedded.response]
latency = "5ms"
[embedded.receipts]
delay = "100ms"
[[events]]
do = "{word}"
at = "2s"
{event}"#
        ),
    )
}

fn allowed(toml: &str) -> crate::plan::Plan {
    let flags = Overrides { allow_exec: true, ..Overrides::default() };
    let source = Source::Text { name: "test.toml".into(), text: toml.into() };
    crate::plan::load(&source, &flags).unwrap_or_else(|e| panic!("{e}\n{toml}"))
}

fn run_allowed(memory: &mut Memory, toml: &str) -> RunRecord {
    let plan = allowed(toml);
    let record = memory.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
    super::balanced(&plan, &record, memory.tally().unwrap());
    record
}

#[test]
fn books_balance_for_every_event_bind_type_and_policy() {
    for action in EventAction::ALL {
        for bind_type in ["transceiver", "transmitter", "pair"] {
            for policy in ["count", "backoff", "retry"] {
                let load = format!("on_throttle = \"{policy}\"");
                // transmitters have receivers of another account beside them
                let more = match bind_type {
                    "transmitter" => {
                        "[[accounts]]\nsystem_id = \"a\"\n[[accounts]]\nsystem_id = \"b\"\nbinds.type = \"receiver\""
                    }
                    _ => "",
                };
                let toml = disturbed(action, &load, more)
                    .replace("count = 3", &format!("count = 3\ntype = \"{bind_type}\""))
                    .replace(
                        "[embedded.response]",
                        "[embedded.limits]\nrate = 90\nburst = 5\n[embedded.response]",
                    );
                for workers in [1, 2] {
                    let mut memory = Memory { workers, ..Memory::default() };
                    let record = run_allowed(&mut memory, &toml);
                    let name = format!("{} {bind_type} {policy} {workers}", action.word());
                    assert_eq!(record.events.len(), 1, "{name}");
                    assert_eq!(record.cut_reason, None, "{name}");
                    let t = record.ledger();
                    assert_eq!((t.planned, t.open_at_end), (600, 0), "{name}");
                    let last = record.intervals.iter().find(|r| r.at == Nanos::from_secs(5));
                    let up = last.unwrap().gauges.sessions_up;
                    let all = if bind_type == "transceiver" { 3 } else { 6 };
                    assert_eq!(up, all, "{name}: every session is back");
                }
            }
        }
    }
}

#[test]
fn binds_that_only_receive_balance_and_are_back_after_every_event() {
    for action in EventAction::ALL {
        let toml = disturbed(action, "", "")
            .replace("count = 3", "count = 3\ntype = \"receiver\"")
            .replace("stages = [{ hold = 100, for = \"6s\" }]", "receive_only_for = \"6s\"")
            .replace("[embedded.receipts]", "[embedded.mo]\nrate = 100\n[embedded.receipts]");
        for workers in [1, 2] {
            let mut memory = Memory { workers, ..Memory::default() };
            let record = run_allowed(&mut memory, &toml);
            let name = format!("{} {workers}", action.word());
            assert_eq!(record.events.len(), 1, "{name}");
            assert_eq!((record.cut_reason.clone(), record.ledger().planned), (None, 0), "{name}");
            assert!(record.mo_received > 300, "{name}: {}", record.mo_received);
            let last = record.intervals.iter().find(|r| r.at == Nanos::from_secs(5));
            assert_eq!(last.unwrap().gauges.sessions_up, 3, "{name}: every session is back");
        }
    }
}

/// What an event leaves behind in a run without other troubles: (sessions struck, ended, bound again), whether
/// messages were lost, and whether some timed out.
type Left = (EventAction, (u32, u32, u32), bool, bool);

const LEFT: [Left; 12] = [
    (EventAction::Close, (3, 3, 3), true, false),
    (EventAction::Reset, (3, 3, 3), true, false),
    (EventAction::Unbind, (3, 3, 3), false, false),
    (EventAction::HalfClose, (3, 3, 3), true, false),
    (EventAction::StopReading, (3, 0, 0), false, false),
    (EventAction::StopAcknowledging, (3, 0, 0), false, false),
    (EventAction::NoEnquireAnswer, (3, 0, 0), false, false),
    (EventAction::Blackhole, (3, 0, 0), false, true),
    (EventAction::Slice, (3, 0, 0), false, false),
    (EventAction::Churn, (20, 20, 20), false, false),
    (EventAction::BindFlood, (50, 0, 0), false, false),
    (EventAction::Exec, (0, 0, 0), false, false),
];

#[test]
fn each_event_flips_just_the_counters_that_it_should() {
    for (action, sessions, loses, times_out) in LEFT {
        for workers in [1, 3] {
            let mut memory = Memory { workers, ..Memory::default() };
            // all 3 sessions have a message in flight at any time
            let toml = disturbed(action, "", "").replace("hold = 100", "hold = 1000");
            let toml = toml.replace("enquire_link = \"500ms\"", "enquire_link = \"off\"");
            let record = run_allowed(&mut memory, &toml);
            let name = format!("{} on {workers}: {:?}", action.word(), record.events);
            let [o] = record.events.as_slice() else { panic!("{name}") };
            let t = record.ledger();
            assert_eq!((o.sessions, o.ended, o.rebound), sessions, "{name}");
            assert_eq!(o.lost, t.lost, "{name}");
            assert_eq!(t.lost > 0, loses, "{name}");
            assert_eq!((o.timed_out, t.timed_out > 0), (t.timed_out, times_out), "{name}");
            assert_eq!(
                (o.missing, o.duplicated),
                (t.receipts_missing, t.receipts_duplicate),
                "{name}"
            );
            assert_eq!(t.receipts_duplicate, 0, "{name}");
            assert_eq!(t.rejected, 0, "{name}");
            assert_eq!(record.outages_count(), u64::from(o.ended), "{name}");
            assert_eq!(o.from, Nanos::from_secs(2), "{name}");
            let cause = format!("event {}", action.word());
            assert!(record.outages.iter().all(|o| o.cause.to_string() == cause), "{name}");
            assert_eq!(o.vanished > 0, action == EventAction::Blackhole, "{name}");
            assert_eq!(o.note.is_some(), action == EventAction::Exec, "{name}");
            let granted = o.answers.get(&0);
            let wanted = if action == EventAction::BindFlood { 50 } else { 0 };
            assert_eq!(granted, wanted, "{name}");
        }
    }
}

/// One session, closed five times; the time from each event to its bind.
fn times_away(event: &str, rest: &str) -> Vec<Nanos> {
    let toml = profile(
        r#"stages = [{ hold = 20, for = "45s" }]"#,
        &format!(
            r#"[binds]
count = 1
window = 5
{rest}
[[events]]
do = "close"
at = "2s"
every = "8s"
repeat = 5
{event}"#
        ),
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    assert_eq!(record.events.len(), 5);
    assert!(record.cut_reason.is_none());
    let back = |o: &EventOccurrence| o.all_bound_again().unwrap().since(o.from);
    record.events.iter().map(back).collect()
}

#[test]
fn a_closed_session_comes_back_when_the_simulator_lets_it_and_the_rebind_delay_is_over() {
    let ghost = "[embedded.limits]\nghost_bind = \"3s\"";
    for (delay_ms, least_ms) in [(1, 0), (400, 200)] {
        let rebind = format!(
            "rebind = {{ attempts_max = 0, min = \"{delay_ms}ms\", max = \"{delay_ms}ms\" }}\n{ghost}"
        );
        for away in times_away("", &rebind) {
            let over = away.since(Nanos::from_secs(3));
            assert!(over > Nanos::ZERO, "{away:?}");
            assert!(over < Nanos::from_millis(delay_ms + 1), "{delay_ms} ms: {away:?}");
        }
        // without the simulator's refusal, the delay is all there is
        let rebind = rebind.replace(ghost, "[embedded]");
        for away in times_away("", &rebind) {
            assert!(away >= Nanos::from_millis(least_ms), "{away:?}");
            assert!(away < Nanos::from_millis(delay_ms + 1), "{away:?}");
        }
    }
}

#[test]
fn a_session_that_an_event_keeps_away_is_bound_to_the_millisecond_when_it_ends() {
    let rebind = "rebind = { attempts_max = 1, min = \"100ms\", max = \"100ms\" }\n[embedded]";
    for away in times_away("for = \"3s\"", rebind) {
        assert!(away >= Nanos::from_secs(3) && away < Nanos::from_millis(3_001), "{away:?}");
    }
}

#[test]
fn an_outage_that_was_planned_does_not_end_the_run_and_the_tool_is_not_called_late() {
    for action in EventAction::ALL {
        let toml = disturbed(action, "", "").replace("hold = 100", "hold = 1000");
        let plan = allowed(&toml);
        let record = Memory::default().run(&plan, &mut NoObserver).unwrap();
        let judgement = judge::judge(&plan, &record, &HostUse::default());
        let name = action.word();
        assert!(record.cut_reason.is_none(), "{name}");
        assert_ne!(judgement.outcome, Some(Outcome::InconclusiveHarness), "{name}");
        let failed: Vec<_> = judgement.health.failures().collect();
        assert!(failed.is_empty(), "{name}: {failed:?}");
    }
}

#[test]
fn deliveries_that_were_not_acknowledged_are_so_when_the_event_is_over() {
    let toml = disturbed(EventAction::StopAcknowledging, "", "");
    let (_, record) = run(&mut Memory::default(), &toml);
    let longest = record.whole[Metric::DeliverAck as usize - Metric::PER_MESSAGE_COUNT].max();
    let longest = longest.unwrap();
    assert!(
        longest > Nanos::from_millis(900) && longest < Nanos::from_millis(1_100),
        "{longest:?}"
    );
    assert_eq!(record.deliver_answered, 600);
}

#[test]
fn a_black_hole_drops_a_session_when_its_enquire_link_goes_unanswered() {
    let toml = disturbed(EventAction::Blackhole, "", "").replace("for = \"1s\"", "for = \"4s\"");
    let toml = toml.replace("response = \"2s\"", "response = \"1s\"");
    let (_, record) = run(&mut Memory::default(), &toml);
    let [o] = record.events.as_slice() else { panic!("{:?}", record.events) };
    // heard from up to 30 ms before, idle for 500 ms, then an enquire_link that nobody answers for 1 s; the load side looks every 10 ms
    assert_eq!((o.ended, o.rebound), (3, 3));
    for outage in &record.outages {
        let after = outage.from.since(o.from);
        assert!(
            after > Nanos::from_millis(1_465) && after < Nanos::from_millis(1_530),
            "{after:?}"
        );
        assert_eq!(outage.cause.to_string(), "enquire_link unanswered");
    }
    assert!(o.timed_out > 0 && o.lost > 0, "{o:?}");
}

#[test]
fn a_session_that_does_not_read_fills_its_window_and_no_more() {
    let toml = disturbed(EventAction::StopReading, "", "").replace("hold = 100", "hold = 1000");
    let toml = toml.replace("enquire_link = \"500ms\"", "enquire_link = \"off\"");
    let (_, record) = run(&mut Memory::default(), &toml);
    let row = record.intervals.iter().find(|r| r.at == Nanos::from_secs(2)).unwrap();
    assert_eq!(row.gauges.in_flight, 15, "three windows of five");
    let t = record.ledger();
    assert_eq!((t.accepted, t.timed_out, t.lost), (6_000, 0, 0));
}

#[test]
fn events_of_one_run_are_told_apart_by_event_and_repeat() {
    let toml = profile(
        r#"stages = [{ hold = 200, for = "10s" }]"#,
        r#"[binds]
count = 4
window = 5
rebind = { attempts_max = 0, min = "10ms", max = "10ms" }
[embedded.response]
latency = "20ms"
[[events]]
do = "reset"
binds = "half"
at = "1s"
every = "2s"
repeat = 3
[[events]]
name = "second"
do = "blackhole"
binds = 1
at = "8s"
for = "500ms""#,
    );
    for workers in [1, 2, 4] {
        let mut memory = Memory { workers, ..Memory::default() };
        let (plan, record) = run(&mut memory, &toml);
        let keys: Vec<(u16, u32, u32)> =
            record.events.iter().map(|o| (o.event, o.repeat, o.sessions)).collect();
        assert_eq!(keys, [(0, 0, 2), (0, 1, 2), (0, 2, 2), (1, 0, 1)]);
        assert_eq!(plan.events[1].name, "second");
        assert_eq!(record.events[3].until.since(record.events[3].from), Nanos::from_millis(500));
        let ended: u32 = record.events.iter().map(|o| o.ended).sum();
        assert_eq!((ended, record.outages_count()), (6, 6));
    }
}

#[test]
fn a_run_that_is_cut_during_an_event_ends_it() {
    use crate::measure::{CutReason, Observer, Progress};
    struct Cut;
    impl Observer for Cut {
        fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
            (progress.at >= Nanos::from_secs(3)).then_some(CutReason::Operator)
        }
    }
    for action in [EventAction::Blackhole, EventAction::StopReading, EventAction::StopAcknowledging]
    {
        let toml = disturbed(action, "", "").replace("for = \"1s\"", "for = \"4s\"");
        let plan = plan(&toml);
        let mut memory = Memory::default();
        let record = memory.run(&plan, &mut Cut).unwrap();
        super::balanced(&plan, &record, memory.tally().unwrap());
        let o = &record.events[0];
        assert_eq!(o.until, record.load_ended, "{}: {o:?}", action.word());
        assert!(o.until < Nanos::from_secs(6));
    }
}
