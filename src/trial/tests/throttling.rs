//! Whole runs that are held back: by the SMSC's throttle under each policy, by a bind's own cap, by backoff.
use super::{plan, profile, run};
use crate::kit::Nanos;
use crate::measure::{DownCause, Metric, NoObserver, RunRecord};
use crate::trial::{Memory, Trial};

fn throttled(policy: &str, workers: u32) -> (RunRecord, u64) {
    let toml = profile(
        &format!(
            r#"stages = [{{ hold = 300, for = "5s" }}]
{policy}"#
        ),
        r#"[binds]
count = 3
window = 1
[embedded.response]
latency = "1ms"
[embedded.limits]
rate = 200
burst = 20
"#,
    );
    let mut memory = Memory { workers, ..Memory::default() };
    let (_, record) = run(&mut memory, &toml);
    (record, memory.last_tally.unwrap().submits.refused.total())
}

#[test]
fn a_throttle_is_a_result_a_pause_or_a_further_try_and_counted_alike_on_both_sides() {
    for workers in [1, 3] {
        let (count, refused) = throttled(r#"on_throttle = "count""#, workers);
        let t = count.ledger();
        assert_eq!((t.planned, t.retries, t.rejected, t.throttled), (1_500, 0, refused, refused));
        assert!((450..=510).contains(&t.rejected), "a third is too much: {}", t.rejected);

        let (backoff, refused) = throttled(r#"on_throttle = "backoff""#, workers);
        let b = backoff.ledger();
        assert_eq!((b.retries, b.rejected, b.throttled), (0, refused, refused));
        assert!(
            b.rejected < t.rejected / 2,
            "pauses spare refusals: {} {}",
            b.rejected,
            t.rejected
        );
        let waits = |r: &RunRecord| r.sum(|_| true).metric(Metric::WindowWait).max().unwrap();
        assert!(waits(&backoff) > Nanos::from_millis(80), "a pause is a wait, not lag");
        assert!(waits(&count) < Nanos::from_millis(1));

        let (retry, refused) = throttled(
            r#"on_throttle = "retry"
attempts_max = 100"#,
            workers,
        );
        let r = retry.ledger();
        assert!(r.retries > 400, "{}", r.retries);
        assert_eq!(r.rejected, refused);
        assert_eq!(r.planned + r.retries, r.written + r.unsent + r.dropped);
        assert!(r.accepted > 1_300, "in the end they pass: {}", r.accepted);
        let response = retry.sum(|_| true).metric(Metric::Response).max().unwrap();
        assert!(response > Nanos::from_millis(500), "counted from the intended time: {response:?}");
    }
}

#[test]
fn a_message_is_sent_no_more_often_and_no_later_than_the_profile_allows() {
    let (twice, _) = throttled(
        r#"on_throttle = "retry"
attempts_max = 2"#,
        1,
    );
    let t = twice.ledger();
    assert!(t.retries > 0 && t.retries <= t.planned, "{}", t.retries);
    let (young, _) = throttled(
        r#"on_throttle = "retry"
attempts_max = 100
age_max = "300ms""#,
        1,
    );
    let all = young.sum(|_| true);
    let oldest = all.metric(Metric::Response).max().unwrap();
    assert!(young.ledger().retries > 0 && oldest < Nanos::from_millis(320), "{oldest:?}");
}

#[test]
fn three_accounts_keep_their_shares_to_the_message_and_their_caps() {
    let account = |name: &str, share: &str, cap: u32| {
        format!(
            r#"[[accounts]]
name = "{name}"
system_id = "{name}"
share = {share}
binds = {{ count = 2, window = 50, rate_max = {cap} }}
"#
        )
    };
    let accounts =
        [account("gold", "0.5", 800), account("silver", "0.3", 500), account("tin", "0.2", 250)];
    let toml = profile(
        r#"stages = [{ hold = 3000, for = "5s" }]"#,
        &format!(
            r#"{}[timeouts]
drain = "1s"
[embedded.response]
latency = "2ms"
"#,
            accounts.concat()
        ),
    );
    for workers in [1, 2] {
        let (_, record) = run(&mut Memory { workers, ..Memory::default() }, &toml);
        let of = |n: u16| record.sum(|k| k.account == n).tally;
        assert_eq!([of(0).planned, of(1).planned, of(2).planned], [7_500, 4_500, 3_000]);
        assert_eq!((of(0).accepted, of(1).accepted), (7_500, 4_500));
        // two binds at 250/s bear 500 of the 600 a second: 5 s and 1 s of drain
        let tin = of(2);
        assert!((2_980..=3_000).contains(&(tin.written + tin.unsent)), "{tin:?}");
        assert!(tin.written <= 3_004, "{}", tin.written);
        let capped = record.intervals.iter().take(5).map(|i| i.tally.written).max().unwrap();
        assert!(capped <= 1_500 + 900 + 500 + 6, "{capped}");
    }
}

#[test]
fn a_cap_holds_while_the_other_binds_are_down() {
    let toml = profile(
        r#"stages = [{ hold = 300, for = "6s" }]"#,
        r#"[binds]
count = 3
window = 50
rate_max = 120
rebind = "off"
[timeouts]
drain = "100ms"
[embedded.response]
latency = "2ms"
[[embedded.faults]]
kind = "close"
at = "2s"
[[embedded.faults]]
kind = "close"
at = "3s"
"#,
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let by_second: Vec<u64> = record.intervals.iter().take(6).map(|i| i.tally.written).collect();
    assert_eq!(record.intervals[5].gauges.sessions_up, 1);
    assert!(by_second[1].abs_diff(300) <= 2, "{by_second:?}");
    assert!(by_second[2] <= 242 && by_second[2] >= 236, "two binds bear 240: {by_second:?}");
    assert!(by_second[4].abs_diff(120) <= 2 && by_second[5].abs_diff(120) <= 2, "{by_second:?}");
    assert!(record.ledger().unsent > 0, "what the caps hold back is unsent, not lost");
}

#[test]
fn a_hundred_binds_dropped_at_once_come_back_within_their_backoff_and_none_faster() {
    let toml = profile(
        r#"stages = [{ hold = 500, for = "6s" }]"#,
        r#"[binds]
count = 100
window = 10
rebind = { attempts_max = 0, min = "400ms", max = "5s" }
[embedded.response]
latency = "5ms"
[embedded.receipts]
delay = "50ms"
[[embedded.faults]]
kind = "close"
at = "2s"
sessions = "all"
"#,
    );
    for workers in [1, 2] {
        let mut memory = Memory { workers, ..Memory::default() };
        let (_, record) = run(&mut memory, &toml);
        assert_eq!(record.outages.len(), 100);
        let mut pauses: Vec<f64> = Vec::new();
        for outage in &record.outages {
            assert_eq!((&outage.cause, outage.attempts), (&DownCause::Closed, 1));
            pauses.push(outage.to.unwrap().since(outage.from).as_secs_f64());
        }
        pauses.sort_by(f64::total_cmp);
        assert!(pauses[0] >= 0.2 && pauses[99] <= 0.402, "{} {}", pauses[0], pauses[99]);
        assert!(pauses[99] - pauses[0] > 0.15, "they do not come back as one");
        assert_eq!(memory.last_tally.unwrap().binds.accepted, 200);
        assert_eq!(record.intervals[4].gauges.sessions_up, 100);
    }
}

#[test]
fn a_receive_only_run_with_mo_and_receipts_balances() {
    let toml = profile(
        r#"receive_only_for = "10s""#,
        r#"[binds]
type = "receiver"
count = 3
[embedded.mo]
rate = 100
ticket_tlv = true
"#,
    );
    let mut memory = Memory { workers: 1, ..Memory::default() };
    let (_, record) = run(&mut memory, &toml);
    let tally = memory.last_tally.unwrap();
    assert_eq!((record.ledger().planned, record.mo_received), (0, tally.mo.sent));
    assert!(record.mo_received.abs_diff(1_000) <= 2, "{}", record.mo_received);
    assert_eq!(record.deliver_answered, record.mo_received);
    let each: Vec<u64> = record.sessions.iter().map(|s| s.delivered).collect();
    assert!(each.iter().all(|n| n.abs_diff(334) <= 2), "{each:?}");
    // receipts of what another account's transmitters sent come to receivers of theirs
    let toml = profile(
        r#"stages = [{ hold = 200, for = "3s" }]"#,
        r#"[binds]
type = "pair"
count = 2
window = 20
[embedded.receipts]
delay = "50ms"
[embedded.mo]
rate = 20
"#,
    );
    let plan = plan(&toml);
    assert_eq!(plan.sessions_count(), 4);
    let mut memory = Memory { workers: 2, ..Memory::default() };
    let record = memory.run(&plan, &mut NoObserver).unwrap();
    let t = record.ledger();
    assert_eq!((t.receipts_final, t.receipts_other_bind), (600, 600));
    assert!(record.mo_received >= 58, "{}", record.mo_received);
}

#[test]
fn a_session_at_its_own_cap_sends_no_bursts_in_a_closed_loop() {
    let (_, record) = run(
        &mut Memory::default(),
        r#"binds = { count = 1, window = 50, rate_max = 100 }
[load]
stages = [{ max = true, for = "3s" }]
[embedded]
response.latency = "1ms"
"#,
    );
    let sent = record.ledger().written;
    assert!((297..=303).contains(&sent), "{sent}");
    let gap = record.send_gaps.quantile(0.1).unwrap();
    assert!(gap > Nanos::from_millis(9), "{gap:?}");
}
