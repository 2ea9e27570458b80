//! Receipts alone, on a moved clock: the test accepts messages and brings receipts.
use super::super::orders::Event;
use super::super::unmatched_receipts::UnmatchedReceipt;
use super::*;
use crate::measure::Counters;

const PROFILE: &str = "receipts.deadline = \"10s\"\ntimeouts.response = \"2s\"\n\
    target.address = \"127.0.0.1:2775\"\nguard.foreign = \"stop\"";

struct Parts {
    context: Context,
    receipts: Receipts,
}

impl Parts {
    fn new(is_of_a_fleet: bool) -> Parts {
        let mut context = Context::of_profile(PROFILE);
        let receipts = Receipts::new(&context.setup, 1, is_of_a_fleet);
        context.phase.begin(Nanos(1));
        Parts { context, receipts }
    }

    fn accept(&mut self, id: &str, at: Nanos) {
        let ticket = Ticket {
            intended: Nanos(2),
            offered: Nanos(2),
            written: Nanos(2),
            receipt_asked: 1,
            ..Ticket::default()
        };
        let answered = Answered { session: 0, first: 1, ticket: &ticket, at };
        self.receipts.await_receipt(&answered, id.as_bytes(), &mut self.context);
    }

    fn receipt(&mut self, id: &str, at: Nanos) {
        let notice = notice(at);
        self.receipts.on_receipt(notice, id.as_bytes(), &[], &mut self.context);
    }

    fn tally(&mut self) -> Counters {
        self.receipts.record_alike(&mut self.context.recorder);
        self.context.recorder.tally(0).clone()
    }

    fn unknown(&mut self) -> u64 {
        self.context.recorder.interval().receipts_unknown
    }
}

fn notice(received: Nanos) -> ReceiptInfo {
    let state = 2;
    ReceiptInfo { received, session: 0, state, intermediate: false, err: *b"000\0", rule: 0 }
}

#[test]
fn a_receipt_is_matched_in_either_order_and_a_second_one_is_a_duplicate() {
    let mut parts = Parts::new(false);
    parts.accept("a", Nanos(10));
    parts.receipt("a", Nanos(20));
    parts.receipt("b", Nanos(30));
    assert!(!parts.receipts.is_quiet(), "one came early");
    parts.accept("b", Nanos(40));
    parts.receipt("b", Nanos(50));
    let tally = parts.tally();
    assert_eq!((tally.receipts_expected, tally.receipts_final), (2, 2));
    assert_eq!((tally.receipts_before_response, tally.receipts_duplicate), (1, 1));
    assert_eq!((parts.receipts.awaited_count(), parts.receipts.is_quiet()), (0, true));
}

#[test]
fn a_receipt_that_does_not_come_is_missing_and_one_without_an_id_cannot_be_matched() {
    let mut parts = Parts::new(false);
    parts.accept("a", Nanos(10));
    parts.accept("", Nanos(10));
    parts.receipt("", Nanos(11));
    let end = Nanos::from_secs(11);
    parts.receipts.expire(Nanos::from_secs(10), &mut parts.context);
    assert_eq!(parts.tally().receipts_missing, 0);
    parts.receipts.expire(end, &mut parts.context);
    let tally = parts.tally();
    assert_eq!((tally.receipts_missing, tally.receipts_untracked), (1, 1));
    assert_eq!((tally.receipts_without_id, parts.unknown()), (1, 1));
    parts.receipt("a", end + Nanos(1));
    assert_eq!(parts.tally().receipts_late, 1);
}

#[test]
fn an_unknown_receipt_is_foreign_unless_a_message_is_unaccounted_for() {
    let mut parts = Parts::new(false);
    parts.receipts.add_unaccounted(1);
    for (count, events) in [(1, 0), (2, 1), (3, 0)] {
        parts.receipt(&format!("x{count}"), Nanos(count));
        let now = Nanos(count) + Nanos::from_secs(2);
        parts.receipts.expire(now, &mut parts.context);
        assert_eq!((parts.unknown(), parts.context.events().len()), (count, events), "{count}");
    }
}

#[test]
fn in_a_fleet_an_unmatched_receipt_is_offered_and_counted_by_the_worker_that_awaits_it() {
    let mut parts = Parts::new(true);
    let (came, second) = (Nanos(7), Nanos::from_secs(1));
    parts.receipt("a", came);
    parts.receipts.expire(came + second, &mut parts.context);
    let events = parts.context.events();
    let [Event::Unmatched { receipts, .. }] = &events[..] else { panic!("{events:?}") };
    let offered: [UnmatchedReceipt; 1] = receipts[..].try_into().unwrap();
    assert_eq!(offered[0].notice.received, Nanos(6), "an offset");

    let mut owner = Parts::new(true);
    owner.accept("a", Nanos(5));
    owner.receipts.claim(3, &offered, &mut owner.context);
    let events = owner.context.events();
    let [Event::Claimed { batch: 3, positions, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&positions[..], owner.tally().receipts_final), (&[0][..], 1));

    parts.receipts.on_settled(&[offered[0].number], &[], false, came + second, &mut parts.context);
    assert!(parts.receipts.is_quiet());
    assert_eq!(parts.unknown(), 0);
}

#[test]
fn at_stop_what_nobody_claimed_is_unknown_and_what_is_awaited_is_missing() {
    let mut parts = Parts::new(true);
    parts.accept("a", Nanos(5));
    parts.receipt("x", Nanos(7));
    parts.receipts.expire(Nanos(7) + Nanos::from_secs(1), &mut parts.context);
    assert!(parts.context.phase.unbind(Nanos(9)));
    parts.receipts.stop(&mut parts.context);
    assert_eq!((parts.unknown(), parts.tally().receipts_missing), (1, 1));
}
