//! Events and how a run recovers from them: what is disturbed, how long it took, and what is judged without it.
use super::super::{balanced, judged, plan, reported, run};
use crate::judge::{self, EventRow, GateOutcome, Outcome, RecoverySummary};
use crate::kit::{HostUse, Nanos};
use crate::measure::{Metric, Observer, Progress, RunRecord, Steer};
use crate::plan::Plan;
use crate::trial::{Memory, Trial};

/// A close every 30 s from 26.8 s on; the places of the sessions stay taken for 3 s, and from 30 s on the simulator
/// answers nothing for 5 s.
const SLOW_STARTS: &str = r#"
[load]
stages = [{ hold = 200, for = "175s" }]
[binds]
count = 2
window = 50
rebind = { attempts_max = 0, min = "100ms", max = "100ms" }
[timeouts]
response = "20s"
[embedded]
accounts = [{ system_id = "smppbench", password = "", binds_max = 2 }]
limits.ghost_bind = "3s"
response.latency = "5ms"
response.stall = { every = "30s", for = "5s" }
[[messages]]
registered_delivery = 0
[[events]]
do = "close"
name = "restart"
at = "26.8s"
every = "30s"
repeat = 5
"#;

fn rows(plan: &Plan, record: &RunRecord) -> Vec<EventRow> {
    judge::judge(plan, record, &HostUse::default()).events
}

#[test]
fn an_outage_of_three_seconds_and_a_slow_start_of_five_come_back_as_eight_over_five_repeats() {
    for workers in [1, 2] {
        let mut memory = Memory { workers, ..Memory::default() };
        let (plan, record) = run(&mut memory, SLOW_STARTS);
        let rows = rows(&plan, &record);
        assert_eq!(rows.len(), 5);
        for row in &rows {
            let r = &row.recovery;
            let from = Nanos::from_secs_f64(row.at_s);
            let outages = record.outages.iter().filter(|o| o.from >= from);
            let next = from + Nanos::from_secs(30);
            let bound = outages.filter(|o| o.from < next).filter_map(|o| o.to).max().unwrap();
            assert_eq!(r.sessions_s, Some(bound.since(from).as_secs_f64()), "to the nanosecond");
            let sessions = r.sessions_s.unwrap();
            assert!((3.0..3.3).contains(&sessions), "{sessions}");
            for found in [r.rate_s, r.response_s, r.total_s] {
                let found = found.unwrap_or_else(|| panic!("{r:?}"));
                assert!((8.0..=8.4).contains(&found), "{r:?}");
            }
            assert!(r.unseen.is_none() && r.backlog_s.is_some_and(|s| (8.0..=10.0).contains(&s)));
            assert!(!row.points.is_empty() && row.points[0].0 <= -1.0);
        }
        let [summary] = &RecoverySummary::all(&rows)[..] else { panic!("one event") };
        assert_eq!((summary.occurrences, summary.recovered), (5, 5));
        let ci = summary.recovery.ci.unwrap();
        assert!(ci.low >= Some(8.0) && ci.high <= Some(8.4) && ci.confidence > 0.93);
        assert_eq!(summary.lost, record.ledger().lost);
    }
}

/// A close in the middle of a minute, with a bind at once.
const CLOSED: &str = r#"
[load]
stages = [{ hold = 200, for = "60s" }]
[binds]
count = 2
window = 50
rebind = { attempts_max = 0, min = "500ms", max = "500ms" }
[embedded]
response.latency = "5ms"
[[messages]]
registered_delivery = 0
[[events]]
do = "close"
at = "30.5s"
for = "2s"
"#;

#[test]
fn disturbed_messages_stand_apart_and_the_verdict_is_of_the_others() {
    let (plan, record, judgement) = judged(CLOSED);
    let [(from, to)] = record.disturbed[..] else { panic!("{:?}", record.disturbed) };
    // from a second before the event, in whole seconds, until it has recovered and held for 5 s
    assert_eq!(from, Nanos::from_secs(29));
    assert!((Nanos::from_secs(38)..=Nanos::from_secs(41)).contains(&to), "{to:?}");
    let lasted = to.since(from);
    let of = |disturbed: bool| record.sum(|k| k.disturbed == disturbed).tally;
    assert_eq!(of(true).planned, 200 * lasted.0 / 1_000_000_000, "by the intended time");
    assert_eq!(of(true).planned + of(false).planned, record.ledger().planned);
    assert_eq!((of(false).lost, of(true).lost), (0, record.ledger().lost));
    let measured = &judgement.measured;
    assert_eq!((measured.disturbed, measured.time), (lasted, Nanos::from_secs(60).since(lasted)));
    assert_eq!(measured.tally().planned, of(false).planned);
    assert!((measured.target.unwrap() - 200.0).abs() < 1e-9);
    assert!(measured.rows(&record).all(|row| row.at + row.length <= from || row.at >= to));
    assert_eq!(judgement.outcome, Some(Outcome::Sustained), "{:?}", judgement.reasons);
    // the outage lasted for 2 s, and the times of those that waited show it
    let response = |disturbed: bool| record.sum(|k| k.disturbed == disturbed);
    let p99 = |disturbed| response(disturbed).metric(Metric::Response).quantile(0.99).unwrap();
    assert!(p99(true) > Nanos::from_millis(1_500) && p99(false) < Nanos::from_millis(10));
    let says = format!("events disturbed {} s of the 60 s measured", lasted.0 / 1_000_000_000);
    let said = judgement.notes.iter().any(|note| note.starts_with(&says));
    assert!(said, "{:?}", judgement.notes);
    assert!(judge::Books::of(&plan, &record).balanced);
}

#[test]
fn the_report_has_the_occurrence_its_summary_and_the_disturbed_time() {
    let (plan, record, _) = judged(CLOSED);
    let (document, text) = reported(&plan, &record);
    let event = &document["events"][0];
    assert_eq!((event["name"].as_str(), event["do"].as_str()), (Some("close"), Some("close")));
    assert_eq!((event["binds"].as_str(), event["at_s"].as_f64()), (Some("all"), Some(30.5)));
    assert!(event["recovery"]["total_s"].as_f64().is_some_and(|s| s < 1.5), "{event}");
    assert_eq!(document["recoveries"][0]["recovery"]["unit"], "s");
    let to_s = document["window"]["disturbed"][0]["to_s"].as_f64().unwrap();
    for row in document["intervals"].as_array().unwrap() {
        let disturbed = row["t_s"].as_f64().is_some_and(|t| (29.0..to_s).contains(&t));
        assert_eq!(row["event"].is_string(), disturbed, "{row}");
    }
    let groups = document["groups"].as_array().unwrap();
    let time = |name: &str| groups.iter().find(|g| g["by"] == "time" && g["name"] == name).unwrap();
    let written = |name: &str| time(name)["ledger"]["written"].as_u64().unwrap();
    assert_eq!(written("disturbed") + written("undisturbed"), record.ledger().written);
    let rate = time("undisturbed")["rate"]["accepted"].as_f64().unwrap();
    assert!((rate - 200.0).abs() < 0.01, "{rate}");
    assert!(text.contains("recovery median") && text.contains("events disturbed"), "{text}");
}

#[test]
fn gates_on_an_event_are_decided_by_its_worst_occurrence_and_undecided_where_none_was_seen() {
    let toml = |gates: &str| format!("{CLOSED}\n[gates]\n{gates}");
    let decided = |gates: &str| {
        let (plan, record, judgement) = judged(&toml(gates));
        let results = judge::evaluate(&plan, &record, &judgement);
        results.into_iter().map(|gate| gate.outcome).collect::<Vec<_>>()
    };
    use GateOutcome::{Fail, Pass};
    let gates = r#"
"event.close.recovery" = "< 10s"
"event.close.lost" = 0
"event.close.sessions" = "< 1us"
"event.close.response" = "< 2s"
"response.p99" = "< 10ms"
"rate.accepted" = ">= 199"
"#;
    let lost = if run(&mut Memory::default(), CLOSED).1.ledger().lost > 0 { Fail } else { Pass };
    assert_eq!(decided(gates), [Pass, lost, Fail, Pass, Pass, Pass]);
    // the load ends before the rate has held for 5 s
    let late = CLOSED.replace("30.5s", "56s");
    let (plan, record, judgement) =
        judged(&format!("{late}\n[gates]\n\"event.close.recovery\" = \"< 10s\""));
    let [gate] = &judge::evaluate(&plan, &record, &judgement)[..] else { panic!("one gate") };
    assert_eq!(gate.outcome, GateOutcome::Undecided, "{gate:?}");
    assert!(gate.why.as_ref().is_some_and(|why| why.contains("the load ended")), "{gate:?}");
}

#[test]
fn a_run_that_events_disturb_throughout_has_no_verdict() {
    let toml = CLOSED.replace("at = \"30.5s\"", "at = \"0.5s\"\nevery = \"6s\"");
    let (_, record, judgement) = judged(&toml);
    assert_eq!(judgement.measured.time, Nanos::ZERO, "{:?}", record.disturbed);
    assert_eq!(judgement.outcome, Some(Outcome::InconclusiveNoise));
    let said = judgement.warnings.iter().any(|w| w.contains("disturbed the whole measured time"));
    assert!(said, "{:?}", judgement.warnings);
    let unseen = |row: &EventRow| row.recovery.unseen.clone().unwrap();
    assert!(judgement.events.iter().all(|row| unseen(row) == "nothing_before"));
}

#[test]
fn a_closed_loop_recovers_to_the_rate_that_it_had() {
    let toml = CLOSED.replace("hold = 200", "max = true");
    let (_, _, judgement) = judged(&toml);
    let recovery = &judgement.events[0].recovery;
    assert!(recovery.total_s.is_some_and(|s| s < 1.5), "{recovery:?}");
    assert!(judgement.measured.disturbed > Nanos::from_secs(5));
}

#[test]
fn a_backlog_that_stays_is_no_recovery_and_takes_at_least_as_long_as_was_seen() {
    // two sessions with a window of 4 carry 1,570/s: the backlog of 2 s is not drained before the load ends
    let toml = CLOSED.replace("hold = 200", "hold = 1500").replace("window = 50", "window = 4");
    let (_, _, judgement) = judged(&toml);
    let recovery = &judgement.events[0].recovery;
    assert_eq!((recovery.total_s, recovery.unseen.as_deref()), (None, Some("load_ended")));
    assert!(recovery.at_least_s > 20.0 && recovery.backlog_s.is_none(), "{recovery:?}");
    assert!(judgement.measured.time == Nanos::from_secs(29));
}

/// Changes the rate, then looks on.
struct Doubled(bool);

impl Observer for Doubled {
    fn progress(&mut self, _: &Progress<'_>) -> Option<crate::measure::CutReason> {
        None
    }
    fn steer(&mut self) -> Option<Steer> {
        (!std::mem::replace(&mut self.0, true)).then_some(Steer::Rate { percent: 200 })
    }
}

#[test]
fn a_run_without_events_knows_no_disturbed_time() {
    let toml = CLOSED.split("[[events]]").next().unwrap();
    let plan = plan(toml);
    let mut memory = Memory::default();
    let record = memory.run(&plan, &mut Doubled(false)).unwrap();
    balanced(&plan, &record, memory.tally().unwrap());
    assert!(record.disturbed.is_empty() && record.slots.is_empty() && record.recoveries.is_empty());
    assert!(record.cells.iter().all(|(key, _)| !key.disturbed));
}
