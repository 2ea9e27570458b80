use super::*;

const BANDS: RecoveryBands = RecoveryBands { rate: 0.05, response: 2.0, hold: Nanos::from_secs(2) };

fn reference() -> Reference {
    Reference { share: 1.0, spread: 0.0, response_p99: Nanos::from_millis(10), backlog: 0 }
}

/// Follows an occurrence that ended at 10 s of a load of 1,000/s. `of`: (accepted, slow) of the slot that begins this
/// number of milliseconds after it.
fn followed(slots: u64, of: impl Fn(u64) -> (u64, u64)) -> RecoveryTracker {
    let until = Nanos::from_secs(10);
    let mut tracker = RecoveryTracker::new((0, 0), until, BANDS, Some(reference()), true);
    for ms in (0..slots).map(|n| n * 100) {
        let (accepted, slow) = of(ms);
        let at = until + Nanos::from_millis(ms);
        tracker.slot(SlotCounts { at, weight: 100.0, accepted, sample: accepted.max(slow), slow });
    }
    tracker.sessions_bound(None);
    tracker
}

#[test]
fn rate_and_response_are_back_once_each_stays_within_its_band() {
    let tracker = followed(100, |ms| match ms {
        0..3000 => (0, 0),
        3000..5000 => (100, 50),
        _ => (100, 0),
    });
    let recovery = tracker.finish(Unseen::LoadEnded);
    let ms = |found: Option<Nanos>| found.map(|n| n.0 / 1_000_000);
    // a window that begins in the slot before holds one tenth of silence: more than the band of the rate
    assert_eq!((ms(recovery.rate), ms(recovery.response)), (Some(3000), Some(5000)));
    assert_eq!((ms(recovery.whole()), recovery.unseen), (Some(5000), None));
}

#[test]
fn a_rate_that_makes_up_for_what_it_missed_is_not_back_yet() {
    let tracker = followed(100, |ms| match ms {
        0..1000 => (0, 0),
        1000..2500 => (160, 0),
        _ => (100, 0),
    });
    let rate = tracker.finish(Unseen::LoadEnded).rate.map(|n| n.0 / 1_000_000);
    assert_eq!(rate, Some(2500));
}

#[test]
fn what_is_back_for_a_shorter_time_than_it_must_hold_is_not_back() {
    let tracker = followed(60, |ms| if ms % 2000 < 100 { (0, 50) } else { (100, 0) });
    assert!(!tracker.has_recovered());
    let recovery = tracker.finish(Unseen::NextEvent);
    assert_eq!((recovery.rate, recovery.response, recovery.whole()), (None, None, None));
    // the last window out of its band began at 4 s; the next one is within it, and may go on to hold
    let least = Nanos::from_millis(4_100);
    assert_eq!((recovery.unseen, recovery.at_least), (Some(Unseen::NextEvent), least));
}

#[test]
fn a_run_that_an_occurrence_did_not_disturb_has_recovered_at_its_end() {
    let recovery = followed(20, |_| (100, 0)).finish(Unseen::LoadEnded);
    assert_eq!((recovery.whole(), recovery.unseen), (Some(Nanos::ZERO), None));
}

#[test]
fn a_recovery_waits_for_the_last_session() {
    let mut tracker = followed(40, |_| (100, 0));
    tracker.sessions_bound(Some(Nanos::from_millis(13_007)));
    assert_eq!(tracker.finish(Unseen::LoadEnded).whole(), Some(Nanos::from_millis(3_007)));
}

#[test]
fn with_too_few_seconds_before_it_an_occurrence_is_not_judged() {
    let range = LatencyRange::for_deadline(Nanos::from_secs(1));
    let mut before = UndisturbedSeconds::new(range);
    let mut response = Latency::new(range);
    (0..1000).for_each(|n| response.record(Nanos::from_micros(n)));
    for second in 0..3 {
        assert_eq!(before.reference(), None);
        before.add(&UndisturbedSecond {
            weight: 1000.0,
            accepted: 900 + second * 100,
            response: &response,
            backlog: second,
        });
    }
    let reference = before.reference().unwrap();
    assert!((reference.share - 1.0).abs() < 1e-9 && (reference.spread - 0.0816).abs() < 1e-3);
    assert!(reference.response_p99.0.abs_diff(990_000) < 20_000);
    assert_eq!(reference.backlog, 2);
    let mut tracker = RecoveryTracker::new((0, 0), Nanos::ZERO, BANDS, None, true);
    tracker.sessions_bound(None);
    let recovery = tracker.finish(Unseen::LoadEnded);
    assert_eq!((recovery.whole(), recovery.unseen), (None, Some(Unseen::NothingBefore)));
}

#[test]
fn a_run_that_only_receives_has_recovered_when_its_sessions_are_bound() {
    let until = Nanos::from_secs(1);
    let mut tracker = RecoveryTracker::new((0, 0), until, BANDS, None, false);
    assert!(!tracker.has_recovered());
    tracker.sessions_bound(Some(Nanos::from_secs(4)));
    assert_eq!(tracker.finish(Unseen::LoadEnded).whole(), Some(Nanos::from_secs(3)));
}

#[test]
fn the_backlog_is_drained_once_seconds_end_with_no_more_than_before() {
    let mut tracker = followed(0, |_| (0, 0));
    for (s, backlog) in [(10, 0), (11, 0), (12, 3), (13, 0), (14, 0)] {
        tracker.backlog(Nanos::from_secs(s), backlog);
    }
    assert_eq!(tracker.finish(Unseen::LoadEnded).backlog, Some(Nanos::from_secs(3)));
}
