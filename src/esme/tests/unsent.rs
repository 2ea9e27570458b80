//! Messages that are never sent, against a count one by one.
use super::*;
use crate::measure::{Latency, LatencyRange};

fn unsent(rate: &str, seconds: u64) -> (Peer, u64) {
    let mut peer = Peer::loaded(&format!(
        r#"binds = {{ count = 1, window = 1, enquire_link = "off" }}
           messages = [{{ text = "x", registered_delivery = 0 }}]
           load.stages = [{{ hold = "{rate}", for = "{seconds}s" }}]
           timeouts = {{ drain = "1s", response = "60s" }}"#,
    ));
    peer.take_out(0);
    let until = peer.start + Nanos::from_secs(seconds);
    peer.pass(until, |_| {});
    peer.core.order(&Order::Drain { until: Nanos::from_secs(seconds + 1) }, peer.now);
    peer.pass(until + Nanos::from_secs(3), |_| {});
    let unsent = peer.intervals.iter().flat_map(|i| i.cells.iter().flatten());
    let unsent = unsent.map(|cell| cell.tally.unsent).sum();
    (peer, unsent)
}

#[test]
fn what_is_unsent_is_as_old_as_a_count_one_by_one_says() {
    let (peer, unsent) = unsent("5000", 2);
    assert_eq!(unsent, 9_999);
    let given_up = peer.start + Nanos::from_secs(3);
    let range = LatencyRange { max: Nanos::from_secs(3_600), digits: 3 };
    let mut naive = Latency::new(range);
    for n in 1..10_000 {
        naive.censor(given_up.since(peer.start + Nanos(n * 200_000)));
    }
    let mut found = Latency::new(range);
    for interval in &peer.intervals {
        interval.cells.iter().flatten().for_each(|cell| found.merge(cell.metric(Metric::Response)));
    }
    assert_eq!(found.censored_count(), naive.censored_count());
    for part in 1..1_000 {
        let quantile = f64::from(part) / 1_000.0;
        assert_eq!(found.quantile_at_least(quantile), naive.quantile_at_least(quantile), "{part}");
    }
}

#[test]
fn a_hundred_million_unsent_messages_and_their_backlog_are_counted_without_a_walk() {
    let (peer, unsent) = unsent("100M", 1);
    assert_eq!(unsent, 99_999_999);
    assert_eq!(peer.intervals[0].gauges.backlog, 99_999_999);
}

#[test]
fn what_is_dropped_for_want_of_a_slot_is_counted_without_a_walk() {
    let mut peer = Peer::loaded(
        r#"binds = { count = 1, window = 1, enquire_link = "off" }
           messages = [{ text = "x", registered_delivery = 0 }]
           load.stages = [{ hold = "50M", for = "1s" }]
           load.window_full = "drop""#,
    );
    let until = peer.start + Nanos::from_millis(2_100);
    peer.pass(until, |_| {});
    let cells = || peer.intervals.iter().flat_map(|i| i.cells.iter().flatten());
    let dropped: u64 = cells().map(|cell| cell.tally.dropped).sum();
    let planned: u64 = cells().map(|cell| cell.tally.planned).sum();
    assert_eq!((planned, dropped), (50_000_000, 49_999_999));
}
