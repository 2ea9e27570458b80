//! Whole-house tests: `esme::Core` against `smsc::Core` on the virtual clock. Exact, seeded, no sleeping.
use super::{Memory, Network, Trial, tally_view};
use crate::judge::{self, Books};
use crate::kit::{Environment, HostUse, Nanos};
use crate::measure::{Metric, NoObserver, RunRecord};
use crate::plan::{self, Overrides, Plan, Source};

mod congestion;
mod events;
mod failed;
mod faults;
mod limits;
mod loopback;
mod missing;
mod pacing;
mod per_message;
mod providers;
mod quirks;
mod settling;
mod shares;
mod steering;
mod theory;
mod throttling;
mod through;

fn plan(toml: &str) -> Plan {
    let source = Source::Text { name: "test.toml".into(), text: toml.into() };
    plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs it, and holds it to its books and to the simulator's tally.
fn run(memory: &mut Memory, toml: &str) -> (Plan, RunRecord) {
    let plan = plan(toml);
    let record = memory.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
    balanced(&plan, &record, memory.tally().unwrap());
    (plan, record)
}

/// Runs it in memory with one worker, and judges it.
fn judged(toml: &str) -> (Plan, RunRecord, judge::Judgement) {
    let (plan, record) = run(&mut Memory::default(), toml);
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    (plan, record, judgement)
}

/// result.json and the summary of a run.
fn reported(plan: &Plan, record: &RunRecord) -> (serde_json::Value, String) {
    reported_on(&Environment::default(), plan, record)
}

/// The same of a run on that machine.
fn reported_on(
    environment: &Environment,
    plan: &Plan,
    record: &RunRecord,
) -> (serde_json::Value, String) {
    let judgement = judge::judge(plan, record, &HostUse::default());
    let profile = plan::resolved_json(plan);
    let run = crate::report::Run {
        plan,
        profile: &profile,
        record,
        judgement: &judgement,
        gates: &[],
        environment,
        id: "test-20260101T000000Z",
        version: "0.1.0",
        commit: None,
        target: "embedded",
        repro: "smppbench run test.toml",
        tally: None,
        warnings: &[],
        labels: &[],
        folder: None,
        show_content: false,
    };
    let saved = crate::report::Saved::of(&run);
    let document = serde_json::from_slice(&saved.document.to_json()).unwrap();
    (document, crate::report::text(&saved, crate::report::Style::default()))
}

/// Messages that ask for no receipt.
const PLAIN: &str = "[[messages]]\nregistered_delivery = 0\n";

fn balanced(plan: &Plan, record: &RunRecord, tally: &crate::smsc::Tally) {
    let books = Books::of(plan, record);
    assert!(books.balanced, "{:#?}\n{:#?}", books.failures, record.ledger());
    let check = judge::against_tally(record, &tally_view(tally));
    assert!(check.agrees, "{:#?}\n{:#?}", check.lines, record.ledger());
}

const EMBEDDED: &str = r#"[target]
address = "embedded"
"#;

fn profile(load: &str, rest: &str) -> String {
    format!("{EMBEDDED}[load]\n{load}\n{rest}")
}

#[test]
fn every_message_is_sent_at_its_time_answered_and_receipted_once() {
    let toml = profile(
        r#"stages = [{ hold = "1000", for = "1s", measure = false }, { hold = "1000", for = "4s" }]"#,
        r#"[binds]
count = 3
window = 20
[embedded.response]
latency = "5ms"
[embedded.receipts]
delay = "200ms"
"#,
    );
    for workers in [1, 2] {
        let (_, record) = run(&mut Memory { workers, ..Memory::default() }, &toml);
        let t = record.ledger();
        assert_eq!((t.planned, t.written, t.accepted), (5_000, 5_000, 5_000));
        assert_eq!((t.receipts_expected, t.receipts_final), (5_000, 5_000));
        let measured = record.sum(|k| k.stage == 1);
        let response = measured.metric(Metric::Response);
        assert_eq!(response.count(), 4_000);
        // 5 ms in the SMSC and twice 50 µs on the way; no clock but the virtual one, so nothing else
        let expected = 5_100_000f64;
        assert!((response.mean().unwrap() - expected).abs() < 1_000.0, "{:?}", response.mean());
        let after = measured.metric(Metric::ReceiptAfterResponse);
        assert!((after.mean().unwrap() - 200e6).abs() < 1e6, "{:?}", after.mean());
    }
}

#[test]
fn three_binds_on_two_workers_carry_a_third_each() {
    let toml = profile(
        r#"stages = [{ hold = "3000", for = "2s" }]"#,
        r#"[binds]
count = 3
window = 50
[embedded.response]
latency = "2ms"
"#,
    );
    let (_, record) = run(&mut Memory { workers: 2, ..Memory::default() }, &toml);
    let written: Vec<u64> = record.sessions.iter().map(|s| s.written).collect();
    assert_eq!(written, [2_000, 2_000, 2_000]);
}

#[test]
fn a_million_messages_with_losses_reorderings_early_and_foreign_receipts_balance() {
    for seed in 1..=2u64 {
        let toml = format!(
            "seed = {seed}\n{}",
            profile(
                r#"stages = [{ hold = "50k", for = "10s" }]"#,
                r#"[binds]
count = 8
window = 4000
[receipts]
deadline = "3s"
[timeouts]
response = "1s"
[embedded]
seed = 3
[embedded.response]
latency = { uniform = ["1ms", "90ms"] }
errors = [{ status = "ESME_RSUBMITFAIL", share = 0.01 }]
lost = 0.001
[embedded.receipts]
delay = { lognormal = { median = "50ms", p99 = "900ms" } }
states = { DELIVRD = 0.97, UNDELIV = 0.03 }
lost = 0.01
duplicate = 0.01
before_response = 0.1
intermediate = 0.05
other_bind = true
"#,
            )
        );
        let foreign = b"id:neverheardof sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
        let injected = (0..50u64)
            .map(|n| {
                (
                    Nanos::from_millis(100 + n * 40),
                    (n % 8) as u32,
                    receipt(n as u32 + 9_000_000, foreign),
                )
            })
            .collect();
        let mut memory = Memory { workers: 3, injected, ..Memory::default() };
        let plan = plan(&toml);
        let record = memory.run(&plan, &mut NoObserver).unwrap();
        let books = Books::of(&plan, &record);
        assert!(books.balanced, "{:#?}", books.failures);
        let t = record.ledger();
        assert_eq!(t.planned, 500_000);
        assert!(t.timed_out > 300 && t.rejected > 4_000 && t.receipts_missing > 4_000);
        // a tenth come early; those that come on another session with the very stamp of their response do not show
        assert!(t.receipts_before_response > 30_000, "{}", t.receipts_before_response);
        assert!(t.receipts_other_bind > 400_000, "{}", t.receipts_other_bind);
        assert_eq!(record.receipts_unknown, 50 + unanswered_but_receipted(&memory, &record));
    }
}

/// Receipts of messages whose response was withheld: no id was ever told, so nobody can know them.
fn unanswered_but_receipted(memory: &Memory, record: &RunRecord) -> u64 {
    let tally = tally_view(memory.tally().unwrap());
    let t = record.ledger();
    let known = t.receipts_final + t.receipts_duplicate + t.receipts_late;
    tally.receipts() + tally.receipts_duplicated - known
}

fn receipt(number: u32, text: &[u8]) -> Vec<u8> {
    use crate::smpp::{CommandStatus, pdu};
    let mut out = bytes::BytesMut::new();
    let sm = pdu::DeliverSm { esm_class: 4, short_message: text, ..pdu::DeliverSm::default() };
    sm.encode(CommandStatus::ESME_ROK, number, &mut out);
    out.to_vec()
}

#[test]
fn pdus_cut_in_pieces_of_seven_octets_change_nothing() {
    let toml = profile(
        r#"stages = [{ hold = "500", for = "1s" }]"#,
        r#"[binds]
count = 2
[embedded.receipts]
delay = "10ms"
"#,
    );
    let network = Network { segment_octets: 7, ..Network::default() };
    let (_, record) = run(&mut Memory { network, ..Memory::default() }, &toml);
    assert_eq!(record.ledger().receipts_final, 500);
}

#[test]
fn a_closed_loop_keeps_every_slot_in_use_and_its_rate_is_littles_law() {
    let toml = profile(
        r#"stages = [{ max = true, for = "2s" }]"#,
        r#"[binds]
count = 2
window = 10
[embedded.response]
latency = "10ms"
"#,
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let t = record.ledger();
    // 20 slots, 10.1 ms a round: 1980 a second
    let expected = 20.0 / 0.010_1 * 2.0;
    assert!((t.accepted as f64 - expected).abs() / expected < 0.01, "{} {expected}", t.accepted);
    let all = record.sum(|_| true);
    assert_eq!(all.metric(Metric::WindowWait).max(), Some(Nanos::ZERO));
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_nanosecond() {
    let toml = profile(
        r#"stages = [{ hold = "2000", for = "2s" }]
arrival = "poisson""#,
        r#"[binds]
count = 3
window = 7
[embedded.response]
latency = { lognormal = { median = "4ms", p99 = "30ms" } }
[embedded.receipts]
delay = "30ms"
"#,
    );
    let sums = |workers| {
        let (_, r) = run(&mut Memory { workers, ..Memory::default() }, &toml);
        let all = r.sum(|_| true);
        (all.metric(Metric::Response).sum_ns(), all.metric(Metric::Receipt).sum_ns(), r.ledger())
    };
    assert_eq!(sums(1), sums(1));
    assert_eq!(sums(2), sums(2));
}

#[test]
fn response_is_the_sum_of_its_parts_in_every_stage_and_group() {
    let toml = profile(
        r#"stages = [{ hold = "3000", for = "1s" }, { ramp = ["100", "4000"], for = "2s" }]"#,
        r#"[binds]
count = 2
window = 5
[embedded.response]
latency = { uniform = ["1ms", "9ms"] }
"#,
    );
    let (_, record) = run(&mut Memory { workers: 2, ..Memory::default() }, &toml);
    for (key, cell) in &record.cells {
        let sum = |m: Metric| cell.metric(m).sum_ns();
        let parts = sum(Metric::WindowWait)
            + sum(Metric::HarnessLag)
            + sum(Metric::WriteWait)
            + sum(Metric::Service);
        assert_eq!(sum(Metric::Response), parts, "{key:?}");
        assert!(sum(Metric::WindowWait) > 0, "a window of 5 at 5 ms carries 1,000 a second a bind");
    }
}

#[test]
fn a_verdict_is_reached_on_the_virtual_clock_too() {
    let toml = profile(
        r#"stages = [{ hold = "200", for = "5s", measure = false }, { hold = "200", for = "40s" }]"#,
        r#"[binds]
count = 1
window = 20
[embedded.response]
latency = "5ms"
"#,
    );
    let (plan, record) = run(&mut Memory::default(), &toml);
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    assert_eq!(judgement.outcome, Some(judge::Outcome::Sustained), "{:#?}", judgement.reasons);
}

const LONG: &str = r#"[[messages]]
label = "long"
long = "udh8"
text = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
[[messages]]
label = "short"
text = "hello"
"#;

#[test]
fn a_message_of_three_parts_is_complete_when_all_its_parts_are_whoever_carried_them() {
    let toml = profile(
        r#"stages = [{ hold = "400", for = "2s" }]"#,
        &format!(
            r#"{LONG}[binds]
count = 3
window = 50
[receipts]
deadline = "2s"
[embedded.response]
latency = {{ uniform = ["1ms", "9ms"] }}
errors = [{{ status = "ESME_RSUBMITFAIL", share = 0.1 }}]
[embedded.receipts]
delay = "30ms"
lost = 0.05
other_bind = true
"#
        ),
    );
    for workers in [1, 3] {
        let (_, record) = run(&mut Memory { workers, ..Memory::default() }, &toml);
        let (m, t) = (record.messages, record.ledger());
        // 800 submit_sm in periods of 3 + 1: 200 long messages and 200 short ones
        assert_eq!((t.planned, m.planned), (800, 400));
        assert_eq!(m.complete + m.partial + m.failed, 400);
        assert!(m.complete > 280 && m.partial > 30 && m.failed > 5, "{m:?}");
        assert!(m.delivered < m.complete && m.delivered > 240, "{m:?}");
    }
}

#[test]
fn a_retried_message_keeps_its_intended_time_and_is_in_the_ledger_as_a_retry() {
    let toml = profile(
        r#"stages = [{ hold = "200", for = "2s" }]
on_throttle = "retry"
attempts_max = 20
age_max = "60s""#,
        r"[binds]
count = 1
window = 100
[embedded.limits]
rate = 100
burst = 1
",
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let t = record.ledger();
    assert_eq!(t.planned, 400);
    assert!(t.retries > 0 && t.rejected == t.throttled, "{t:#?}");
    assert_eq!(t.written, t.planned + t.retries);
    // 400 messages at 100/s take 4 s: the last ones were accepted some 2 s after their time
    let response = record.sum(|_| true);
    assert!(response.metric(Metric::Response).max().unwrap() > Nanos::from_secs(1));
}

#[test]
fn a_session_that_is_throttled_backs_off_and_what_waits_for_it_is_window_wait() {
    let toml = profile(
        r#"stages = [{ hold = "200", for = "3s" }]
on_throttle = "backoff""#,
        r#"[binds]
count = 1
window = 100
[timeouts]
drain = "20s"
[embedded.limits]
rate = 150
burst = 10
"#,
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let t = record.ledger();
    let counted = profile(
        r#"stages = [{ hold = "200", for = "3s" }]"#,
        r"[binds]
count = 1
window = 100
[embedded.limits]
rate = 150
burst = 10
",
    );
    let (_, plain) = run(&mut Memory::default(), &counted);
    assert!(t.throttled > 0);
    let all = record.sum(|_| true);
    assert!(all.metric(Metric::WindowWait).max().unwrap() >= Nanos::from_millis(90));
    assert!(all.metric(Metric::HarnessLag).max().unwrap() <= Nanos::from_micros(2));
    assert!(plain.sum(|_| true).metric(Metric::WindowWait).max() == Some(Nanos::ZERO));
}

#[test]
fn a_binds_own_cap_holds_to_the_message() {
    let toml = profile(
        r#"stages = [{ hold = "1000", for = "4s" }]"#,
        r#"[binds]
count = 2
window = 10
rate_max = "100"
[timeouts]
drain = "1s"
"#,
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let seconds = record.intervals.iter().take(4);
    for row in seconds {
        assert!((199..=202).contains(&row.tally.written), "{}", row.tally.written);
    }
    assert!(record.ledger().unsent > 2_900);
}

#[test]
fn accounts_keep_their_shares_to_the_message_and_do_not_wait_for_each_other() {
    let toml = r#"[target]
address = "embedded"
[load]
stages = [{ hold = "3000", for = "2s" }]
[[accounts]]
name = "gold"
system_id = "gold"
share = 0.5
[[accounts]]
name = "silver"
system_id = "silver"
share = 0.3
[[accounts]]
name = "stuck"
system_id = "stuck"
share = 0.2
[binds]
count = 2
window = 20
[timeouts]
drain = "1s"
response = "30s"
[embedded.response]
latency = "2ms"
[[embedded.accounts]]
system_id = "stuck"
rate = 100
[[embedded.accounts]]
system_id = "gold"
[[embedded.accounts]]
system_id = "silver"
[embedded.limits]
on_rate = "delay"
"#;
    let (_, record) = run(&mut Memory { workers: 2, ..Memory::default() }, toml);
    let planned = |account| record.sum(|k| k.account == account).tally.planned;
    assert_eq!((planned(0), planned(1), planned(2)), (3_000, 1_800, 1_200));
    let response = |account| record.sum(|k| k.account == account);
    let gold = response(0);
    assert_eq!(gold.tally.accepted, 3_000);
    assert!(gold.metric(Metric::WindowWait).max().unwrap() < Nanos::from_millis(1));
    assert!(response(2).tally.unsent > 800);
}
