//! The sessions of a worker alone, on a moved clock.
use super::*;
use crate::measure::{Gauges, Ticket};
use crate::plan::Rebind;

const PROFILE: &str = "binds = { count = 2, window = 4 }\ntimeouts.response = \"1s\"";

fn parts(profile: &str) -> (Context, Sessions) {
    let context = Context::of_profile(profile);
    let sessions = Sessions::new(&context.setup, 0);
    (context, sessions)
}

#[test]
fn ready_is_told_when_every_session_was_tried_once() {
    let (mut context, mut sessions) = parts(PROFILE);
    sessions.connect_and_bind(0, &mut context, Nanos(5));
    for failure in [None, Some((BindFault::Silent, "again"))] {
        assert_eq!(sessions.on_bind_result(0, failure, &mut context.telling), None);
    }
    assert!(context.events().is_empty(), "one was not tried yet");
    let refused = (BindFault::Refused(5), "bind refused");
    sessions.on_bind_result(1, Some(refused), &mut context.telling);
    let events = context.events();
    let [Event::Ready { sessions_up: 1, failures, dropped: None, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((failures.len(), failures[0].session, failures[0].fault), (1, 1, refused.0));
}

#[test]
fn what_is_in_flight_times_out_after_its_write_and_is_lost_with_its_session() {
    let (mut context, mut sessions) = parts(PROFILE);
    sessions.connect_and_bind(0, &mut context, Nanos(5));
    let s = &mut sessions[0];
    for written in [Nanos(10), Nanos(20), Nanos::ZERO] {
        let ticket = Ticket { written, offered: written, ..Ticket::default() };
        s.window.open(&mut s.session.sequence, ticket).unwrap();
    }
    let second = Nanos::from_secs(1);
    assert_eq!(sessions.time_out(0, Nanos(9) + second, &mut context), 0);
    assert_eq!(sessions.time_out(0, Nanos(10) + second, &mut context), 1);
    assert_eq!(sessions.go_down(0, DownCause::Closed, Nanos(11) + second, &mut context), 2);
    let interval = context.take_interval(Gauges::default());
    let tally = &interval.cells[0].as_ref().unwrap().tally;
    assert_eq!((tally.timed_out, tally.lost, tally.written), (1, 2, 1));
    assert!(sessions.is_quiet() && sessions[0].status == SessionStatus::Down);
    assert!(sessions[0].late.take(2).is_some(), "an answer to the first would be late");
}

#[test]
fn a_session_is_tried_again_as_often_as_the_profile_says_and_then_all_are_lost() {
    let rebind = "binds.rebind = { attempts_max = 2, min = \"100ms\", max = \"150ms\" }";
    let (mut context, mut sessions) = parts(&format!("binds.count = 1\n{rebind}"));
    let Rebind { min, max, .. } = context.setup.plan.accounts[0].binds.rebind.unwrap();
    let (mut rng, now) = (Rng::new(3), Nanos(5));
    assert_eq!(sessions.next_attempt(0, now, &mut context, &mut rng), None, "it never was bound");
    assert!(context.events().is_empty(), "nor has the load begun");
    context.phase.begin(Nanos(1));
    for at_most in [min, max] {
        let at = sessions.next_attempt(0, now, &mut context, &mut rng).unwrap();
        assert!((now + Nanos(at_most.0 / 2)..=now + at_most).contains(&at), "{at:?}");
    }
    assert_eq!(sessions.next_attempt(0, now, &mut context, &mut rng), None);
    assert!(matches!(context.events()[..], [Event::AllLost { .. }]) && sessions.all_gone());
}

#[test]
fn a_session_is_dirty_once_until_it_is_taken() {
    let (_, mut sessions) = parts(PROFILE);
    for _ in 0..2 {
        let mut dirty = Vec::new();
        [1, 0, 1].into_iter().for_each(|session| sessions.mark_dirty(session));
        sessions.take_dirty(&mut dirty);
        assert_eq!(dirty, [1, 0]);
    }
}
