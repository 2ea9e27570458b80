//! Windows, rates, the queue.
use super::*;
use crate::kit::Rate;
use crate::plan::behaviour::{OnRate, OnWindow, Queue, Scope};

fn statuses(bench: &mut Bench, session: u32) -> Vec<u32> {
    bench.heads(session).iter().map(|head| head.1).collect()
}

#[test]
fn beyond_its_window_a_session_is_refused_by_status() {
    for (on_window, status) in [
        (OnWindow::Throttle, CommandStatus::ESME_RTHROTTLED),
        (OnWindow::QueueFull, CommandStatus::ESME_RMSGQFUL),
    ] {
        let (mut bench, session) = Bench::bound(|b| {
            b.limits.window = Some(37);
            b.limits.on_window = on_window;
            b.response.latency = Latency::Constant(ms(20));
        });
        bench.submit_batch(session, 40, 0);
        assert_eq!(statuses(&mut bench, session), [status.0; 3], "at once");
        bench.run_until(ms(1_020));
        assert_eq!(statuses(&mut bench, session), [0; 37]);
        bench.submit_batch(session, 37, 0);
        assert_eq!(bench.tally().submits.refused.get(status), 3);
    }
}

#[test]
fn even_without_latency_one_read_cannot_hold_more_than_the_window() {
    let (mut bench, session) = Bench::bound(|b| b.limits.window = Some(5));
    bench.submit_batch(session, 5, 0);
    bench.submit_batch(session, 7, 0);
    assert_eq!(statuses(&mut bench, session).iter().filter(|s| **s != 0).count(), 2);
}

#[test]
fn beyond_its_window_a_session_may_get_no_answer_or_be_closed() {
    let over = |on_window| {
        let (mut bench, session) = Bench::bound(|b| {
            b.limits.window = Some(2);
            b.limits.on_window = on_window;
        });
        bench.submit_batch(session, 3, 0);
        let heads = bench.heads(session);
        assert_eq!(bench.tally().submits.ignored, 1);
        (heads, bench.core.wish(session))
    };
    let (heads, wish) = over(OnWindow::Silence);
    assert_eq!((heads.len(), wish), (2, ConnAction::Stay));
    let (heads, wish) = over(OnWindow::Disconnect);
    assert_eq!((heads.len(), wish), (2, ConnAction::CloseWhenFlushed));
    let (heads, wish) = over(OnWindow::Unbind);
    assert_eq!((heads[2].0, wish), (CommandId::UNBIND, ConnAction::Stay));
}

#[test]
fn the_window_of_an_account_overrides_the_general_one() {
    let mut bench = Bench::new(|b| {
        b.limits.window = Some(100);
        b.accounts = vec![SmscAccount { window: Some(3), ..account("test") }];
    });
    let session = bench.bind(TRX);
    bench.submit_batch(session, 5, 0);
    assert_eq!(statuses(&mut bench, session), [0, 0, 0, 0x58, 0x58]);
}

/// How many submit_sm are accepted in a second from two sessions of account "a" and one of "b", which send at every
/// millisecond.
fn accepted_by(change: impl FnOnce(&mut Behaviour)) -> [usize; 3] {
    let mut bench = Bench::new(change);
    let sessions = ["a", "a", "b"].map(|id| bench.try_bind_as(TRX, id, "test").0);
    let mut passed = [0; 3];
    for _ in 0..1_000 {
        for (count, session) in passed.iter_mut().zip(sessions) {
            bench.submit_batch(session, 1, 0);
            *count += statuses(&mut bench, session).iter().filter(|s| **s == 0).count();
        }
        bench.now += ms(1);
    }
    bench.tally();
    passed
}

#[test]
fn a_rate_holds_for_all_for_an_account_or_for_a_session() {
    let limit = |scope| {
        move |b: &mut Behaviour| {
            b.limits.rate = Some(Rate::per_second(100));
            b.limits.burst = Some(0);
            b.limits.scope = scope;
        }
    };
    assert_eq!(accepted_by(limit(Scope::All)).iter().sum::<usize>(), 100);
    let [a, a2, b] = accepted_by(limit(Scope::Account));
    assert_eq!((a + a2, b), (100, 100));
    assert_eq!(accepted_by(limit(Scope::Session)), [100; 3]);
}

#[test]
fn an_account_may_have_a_rate_of_its_own() {
    let [a, a2, b] = accepted_by(|behaviour| {
        let slow = SmscAccount { rate: Some(Rate::per_second(50)), ..account("a") };
        behaviour.accounts = vec![slow, account("b")];
        behaviour.limits.burst = Some(0);
    });
    assert_eq!((a + a2, b), (50, 1_000));
}

#[test]
fn beyond_the_rate_a_message_may_be_delayed_instead() {
    let (mut bench, session) = Bench::bound(|b| {
        b.limits.rate = Some(Rate::per_second(100));
        b.limits.burst = Some(1);
        b.limits.on_rate = OnRate::Delay;
        b.response.latency = Latency::Constant(ms(3));
    });
    bench.submit_batch(session, 5, 0);
    let times = bench.run_until(ms(2_000));
    assert_eq!(times, [ms(1_003), ms(1_013), ms(1_023), ms(1_033)], "two at once, then spaced");
    assert_eq!(statuses(&mut bench, session), [0; 5]);
}

#[test]
fn the_queue_accepts_fast_delivers_slowly_and_overflows_with_rmsgqful() {
    let (mut bench, session) = Bench::bound(|b| {
        b.limits.queue = Some(Queue { size: 100, drain: Rate::per_second(10) });
        b.receipts.delay = Latency::Constant(ms(50));
    });
    bench.submit_batch(session, 110, 1);
    let answers = statuses(&mut bench, session);
    assert_eq!(answers.iter().filter(|s| **s == 0).count(), 100);
    assert_eq!(answers[100..], [CommandStatus::ESME_RMSGQFUL.0; 10]);
    let times = bench.run_until(ms(20_000));
    assert_eq!(times.len(), 100);
    assert_eq!((times[0], times[99]), (ms(1_150), ms(11_050)));
    assert_eq!(deliveries(&bench.frames(session)).len(), 100);
}
