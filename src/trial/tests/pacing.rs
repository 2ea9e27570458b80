//! Whether each message leaves at its own time, whatever the rate and whoever sends it.
use super::*;

/// A hold of so much for so long, with so many binds; the SMSC takes 5 ms.
fn hold(rate: &str, length: &str, binds: u32) -> String {
    profile(
        &format!(r#"stages = [{{ hold = "{rate}", for = "{length}" }}]"#),
        &format!(
            r#"[binds]
count = {binds}
window = 1000
{PLAIN}[embedded.response]
latency = "5ms"
"#
        ),
    )
}

/// Written by each session, in their order.
fn written(record: &RunRecord) -> Vec<u64> {
    record.sessions.iter().map(|s| s.written).collect()
}

#[test]
fn gaps_between_sends_are_the_schedules_own_at_ten_a_thousand_and_fifty_thousand_a_second() {
    for (rate, length, count) in [("10", "20s", 200), ("1k", "5s", 5_000), ("50k", "1s", 50_000)] {
        let (_, record) = run(&mut Memory::default(), &hold(rate, length, 2));
        // t(i) = i / rate: where the longest gap is 1 / rate, and all of them add up to n − 1 times that, each is it
        let gap = [("10", 100_000_000), ("1k", 1_000_000), ("50k", 20_000)]
            .into_iter()
            .find_map(|(r, gap)| (r == rate).then_some(gap))
            .unwrap();
        assert_eq!(record.ledger().on_time, count, "{rate}");
        assert_eq!(record.send_gaps.count(), count - 1, "{rate}");
        assert_eq!(record.send_gaps.max(), Some(Nanos(gap)), "{rate}");
        assert_eq!(record.send_gaps.sum_ns(), u128::from(count - 1) * u128::from(gap), "{rate}");
    }
}

#[test]
fn one_message_a_minute_leaves_once_a_minute() {
    let (_, record) = run(&mut Memory::default(), &hold("1/min", "5m", 1));
    // at 0, 60, 120, 180 and 240 s
    assert_eq!(record.ledger().written, 5);
    assert_eq!(record.send_gaps.count(), 4);
    assert_eq!(record.send_gaps.max(), Some(Nanos::from_secs(60)));
    assert_eq!(record.send_gaps.sum_ns(), 240_000_000_000);
}

#[test]
fn seven_a_second_on_three_workers_is_seven_a_second() {
    let (_, record) = run(&mut Memory { workers: 3, ..Memory::default() }, &hold("7", "3s", 3));
    assert_eq!(record.ledger().written, 21);
    assert_eq!(written(&record), [7, 7, 7]);
    // Message i leaves at floor(i · 10⁹ / 7) from worker i mod 3: worker w sees the gaps between w, w + 3, …, w + 18
    let at = |i: u64| i * 1_000_000_000 / 7;
    let gaps: u64 = (0..3).map(|w| at(w + 18) - at(w)).sum();
    assert_eq!(record.send_gaps.sum_ns(), u128::from(gaps));
    assert_eq!(record.ledger().on_time, 21);
    let all = record.sum(|_| true);
    assert_eq!(all.metric(Metric::Response).sum_ns(), 21 * 5_100_000);
}

#[test]
fn fewer_messages_than_workers_are_sent_by_the_first_of_them() {
    let (_, record) = run(&mut Memory { workers: 4, ..Memory::default() }, &hold("1", "2s", 4));
    assert_eq!(written(&record), [1, 1, 0, 0]);
    assert_eq!(record.ledger().accepted, 2);
}

#[test]
fn a_rate_that_neither_seconds_nor_workers_divide_loses_no_message() {
    // 1,001 / 3 s: floor(10 s · 1001 / 3 s) = 3,336.67 -> 3,337 messages (0 to 3,336) over 5 binds on 2 workers
    let toml = hold("20020/min", "10s", 5);
    let (_, record) = run(&mut Memory { workers: 2, ..Memory::default() }, &toml);
    assert_eq!(record.ledger().written, 3_337);
    assert_eq!(record.ledger().on_time, 3_337);
    assert_eq!(written(&record), [668, 668, 667, 667, 667]);
}

#[test]
fn poisson_arrivals_leave_at_their_drawn_times_whoever_sends_them() {
    let toml = hold("500", "20s", 4).replace(
        r"[load]
",
        r#"[load]
arrival = "poisson"
"#,
    );
    let of = |workers| {
        let (_, record) = run(&mut Memory { workers, ..Memory::default() }, &toml);
        let counts: Vec<u64> = record.intervals.iter().map(|r| r.tally.written).collect();
        (record.ledger().written, record.ledger().on_time, counts)
    };
    let one = of(1);
    // the count has a standard deviation of √10,000
    assert!(one.0.abs_diff(10_000) < 300, "{}", one.0);
    assert_eq!(one.0, one.1);
    assert_eq!(one, of(3));
}

#[test]
fn the_first_and_the_last_second_hold_what_was_scheduled_in_them() {
    for workers in [1, 3] {
        let toml = hold("100", "2500ms", 4);
        let (_, record) = run(&mut Memory { workers, ..Memory::default() }, &toml);
        let scheduled: Vec<u64> = record.intervals.iter().map(|row| row.scheduled).collect();
        assert_eq!(scheduled[..3], [100, 100, 50], "{workers}");
        assert_eq!(scheduled.iter().sum::<u64>(), 250, "{workers}");
    }
}
