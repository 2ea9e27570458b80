//! Sending alone, on a moved clock: the test binds, answers and drops sessions.
use super::*;
use crate::kit::Rng;
use crate::measure::DownCause;
use proptest::prelude::*;

/// The parts that meet when something is sent.
struct Parts {
    context: Context,
    sessions: Sessions,
    sending: Sending,
    now: Nanos,
}

impl Parts {
    fn new(profile: &str) -> Parts {
        let mut context = Context::of_profile(profile);
        let sessions = Sessions::new(&context.setup, 0);
        let sending = Sending::new(&context.setup, &sessions, 0, 1, 0);
        let now = Nanos::from_secs(1);
        context.phase.begin(now);
        Parts { context, sessions, sending, now }
    }

    fn bound(profile: &str) -> Parts {
        let mut parts = Parts::new(profile);
        (0..parts.sessions.len()).for_each(|session| parts.bind(session));
        parts
    }

    fn bind(&mut self, session: usize) {
        self.sessions.connect_and_bind(session, &mut self.context, self.now);
        self.sending.follow(&mut self.sessions[session], self.now);
    }

    fn go_down(&mut self, session: usize) {
        self.sessions.go_down(session, DownCause::Closed, self.now, &mut self.context);
        self.sending.follow(&mut self.sessions[session], self.now);
    }

    fn dispatch(&mut self) {
        self.sending.resume_sessions(&mut self.sessions, self.now);
        self.sending.dispatch_due(None, &mut self.sessions, &mut self.context, self.now);
    }

    /// Settles the oldest message of a session, as rejected with this status, or as accepted.
    fn settle(&mut self, session: usize, status: Option<CommandStatus>) -> bool {
        let s = &mut self.sessions[session];
        let Some((number, ticket)) = s.window.oldest() else { return false };
        s.window.settle(number);
        let Some(status) = status else {
            self.sending.follow(s, self.now);
            return false;
        };
        let (rejected, mut rng) = ((&ticket, status), Rng::new(7));
        self.sending.on_rejected(s, session, rejected, &self.context, &mut rng, self.now)
    }

    fn in_flight(&self) -> usize {
        self.sessions.iter().map(|s| s.window.open_count()).sum()
    }

    /// Free slots as the account counts them, and as the windows have them.
    fn free(&self) -> (usize, usize) {
        let usable = self.sessions.up().filter(|s| s.paused_until().is_none());
        (self.sending.accounts[0].free_count(), usable.map(|s| s.window.free_count()).sum())
    }
}

use crate::smpp::CommandStatus;

const THROTTLED: Option<CommandStatus> = Some(CommandStatus::ESME_RTHROTTLED);

fn profile(binds: &str, load: &str, rate: &str) -> String {
    format!("[binds]\n{binds}\n[load]\n{load}\nstages = [{{ {rate}, for = \"10s\" }}]")
}

#[test]
fn what_is_due_goes_out_in_free_slots_and_the_rest_waits_for_one() {
    let mut parts = Parts::bound(&profile("count = 2\nwindow = 3", "", "hold = 1000"));
    parts.now += Nanos::from_millis(4);
    parts.dispatch();
    assert_eq!((parts.in_flight(), parts.free()), (5, (1, 1)));
    parts.now += Nanos::from_millis(4);
    parts.dispatch();
    assert_eq!((parts.in_flight(), parts.free()), (6, (0, 0)));
    let offset = Nanos::from_millis(8);
    assert!(parts.sending.has_backlog(offset, &parts.context));
    assert_eq!(parts.sending.backlog(offset, &parts.context), 2);
    let at = parts.sending.next_due(&parts.sessions, &parts.context, parts.now);
    assert_eq!(at, Nanos::MAX, "the clock frees no slot");
    parts.settle(1, None);
    parts.dispatch();
    assert_eq!(parts.in_flight(), 6);
}

#[test]
fn a_throttled_session_pauses_and_says_when_it_goes_on() {
    let binds = "count = 2\nwindow = 3";
    let mut parts = Parts::bound(&profile(binds, "on_throttle = \"backoff\"", "hold = 1000"));
    parts.dispatch();
    let session = usize::from(parts.sessions[1].window.open_count() > 0);
    assert_eq!(parts.sending.take_wake_by(), Nanos::MAX);
    assert!(!parts.settle(session, THROTTLED), "it is not sent again");
    let until = parts.now + Nanos::from_millis(100);
    assert_eq!((parts.sending.take_wake_by(), parts.free()), (until, (3, 3)));
    parts.now += Nanos::from_millis(50);
    parts.dispatch();
    assert_eq!(parts.sessions[session].window.open_count(), 0);
    parts.now = until;
    parts.dispatch();
    assert_eq!((parts.in_flight(), parts.free()), (6, (0, 0)));
}

#[test]
fn a_session_that_was_bound_again_during_its_pause_has_its_slots_once() {
    let binds = "count = 1\nwindow = 3";
    let mut parts = Parts::bound(&profile(binds, "on_throttle = \"backoff\"", "hold = 1000"));
    parts.dispatch();
    parts.settle(0, THROTTLED);
    parts.go_down(0);
    assert_eq!(parts.free(), (0, 0));
    parts.bind(0);
    assert_eq!(parts.free(), (3, 3));
    parts.sending.resume_sessions(&mut parts.sessions, parts.now);
    assert_eq!(parts.free(), (3, 3));
}

#[test]
fn a_closed_loop_fills_every_free_slot_until_its_stage_ends() {
    let mut parts = Parts::bound(&profile("count = 2\nwindow = 3", "", "max = true"));
    let Parts { context, sessions, sending, now } = &mut parts;
    sending.turn_stages(Nanos::ZERO, sessions, context, *now);
    assert!(sending.is_closed_loop());
    assert_eq!((parts.in_flight(), parts.free()), (6, (0, 0)));
    parts.settle(0, None);
    parts.dispatch();
    assert_eq!(parts.in_flight(), 6);
    let Parts { context, sessions, sending, now } = &mut parts;
    sending.turn_stages(Nanos::from_secs(10), sessions, context, *now);
    assert!(!sending.is_closed_loop());
}

#[test]
fn a_retry_goes_out_when_its_pause_is_over_and_is_abandoned_at_the_end() {
    let load = "on_throttle = \"retry\"";
    let mut parts = Parts::bound(&profile("count = 1\nwindow = 3", load, "hold = 1"));
    parts.dispatch();
    assert!(parts.settle(0, THROTTLED), "it is sent again");
    let at = parts.sending.take_wake_by();
    assert_eq!(parts.sending.next_due(&parts.sessions, &parts.context, parts.now), at);
    parts.now = at;
    parts.dispatch();
    assert_eq!((parts.in_flight(), parts.context.recorder.tally(0).retries), (1, 1));
    assert!(parts.settle(0, THROTTLED));
    assert!(parts.sending.has_backlog(Nanos(1), &parts.context));
    parts.sending.abandon_retries(&mut parts.context);
    assert!(!parts.sending.has_backlog(Nanos(1), &parts.context));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn an_account_counts_the_free_slots_that_the_windows_of_its_sessions_have(seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let binds = format!("count = 3\nwindow = 4\nrate_max = {}", 1 + rng.below(5_000));
        let policy = ["backoff", "retry", "count"][rng.below(3) as usize];
        let rate = ["hold = 2000", "max = true"][rng.below(2) as usize];
        let mut parts = Parts::new(&profile(&binds, &format!("on_throttle = \"{policy}\""), rate));
        let start = parts.now;
        for _ in 0..200 {
            let session = rng.below(3) as usize;
            let is_up = parts.sessions[session].status == crate::esme::session::SessionStatus::Up;
            match rng.below(6) {
                0 if is_up => parts.go_down(session),
                1 if !is_up => parts.bind(session),
                2 => drop(parts.settle(session, THROTTLED)),
                3 | 4 => drop(parts.settle(session, None)),
                _ => {
                    parts.now += Nanos(rng.below(40_000_000));
                    let offset = parts.now.since(start);
                    let Parts { context, sessions, sending, now } = &mut parts;
                    sending.turn_stages(offset, sessions, context, *now);
                    parts.dispatch();
                }
            }
            let (counted, free) = parts.free();
            prop_assert_eq!(counted, free);
        }
    }
}
