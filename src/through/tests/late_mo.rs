//! MO that come when their books are closed, or when their place was needed: what was no duplicate is not called one.
use super::model::settings;
use crate::kit::Nanos;
use crate::measure::through::MoBooks;
use crate::net::{Sighting, SightingKind};
use crate::smpp::CommandStatus;
use crate::smpp::marker::{Marker, MarkerKind, MessageKey};
use crate::smpp::pdu::DeliverSm;
use crate::through::Ledger;
use bytes::BytesMut;

const FRONT: u32 = 0;
const BEHIND: u32 = 1;

/// Books whose deadline is 2 s, and what both witnesses see of MO.
struct Books {
    ledger: Ledger,
    sequence: u32,
}

impl Books {
    fn keeping(outstanding_max: usize) -> Books {
        Books { ledger: Ledger::new(settings(outstanding_max)), sequence: 0 }
    }

    fn sees(&mut self, witness: u32, ms: u64, message: u64) {
        let key = MessageKey { kind: MarkerKind::Mo, message, part: 0 };
        let text = [&b"STOP "[..], &Marker::new(super::model::RUN, key).token()].concat();
        let sm = DeliverSm { short_message: &text, ..DeliverSm::default() };
        self.sequence += 1;
        let mut out = BytesMut::new();
        sm.encode(CommandStatus::ESME_ROK, self.sequence, &mut out);
        let octets = out.to_vec();
        let kind =
            if witness == FRONT { SightingKind::Read(octets) } else { SightingKind::Wrote(octets) };
        self.ledger.take(Sighting { witness, session: 0, at: Nanos::from_millis(ms), kind });
    }

    fn sent(&mut self, ms: u64, message: u64) {
        self.sees(BEHIND, ms, message);
    }

    fn came(&mut self, ms: u64, message: u64) {
        self.sees(FRONT, ms, message);
    }

    /// Closes the books of a run, and opens those of the next.
    fn turn(&mut self, ms: u64) -> MoBooks {
        let at = Nanos::from_millis(ms);
        let record = self.ledger.turn(super::model::RUN + 1, at, at);
        assert!(record.balanced, "{:?}", record.mo);
        record.mo
    }
}

#[test]
fn an_mo_that_comes_in_the_run_after_it_was_lost_is_unexpected_there_and_no_duplicate() {
    let mut books = Books::keeping(10);
    books.sent(1_000, 0);
    let first = books.turn(5_000);
    assert_eq!(first, MoBooks { sent: 1, lost: 1, ..MoBooks::default() });
    books.sent(6_000, 1);
    books.came(6_005, 1);
    books.came(6_010, 0);
    let second = books.turn(9_000);
    assert_eq!(second, MoBooks { sent: 1, once: 1, unexpected: 1, came: 2, ..MoBooks::default() });
    // nor in the one after that
    books.sent(10_000, 2);
    books.came(10_005, 2);
    books.came(10_010, 0);
    assert_eq!(books.turn(13_000), second);
}

#[test]
fn a_copy_of_an_mo_of_an_earlier_run_makes_none_of_this_run_a_duplicate() {
    let mut books = Books::keeping(10);
    books.sent(1_000, 0);
    books.came(1_005, 0);
    assert_eq!(books.turn(5_000), MoBooks { sent: 1, once: 1, came: 1, ..MoBooks::default() });
    books.sent(6_000, 1);
    books.came(6_005, 1);
    books.came(6_010, 0);
    let second = books.turn(9_000);
    assert_eq!(second, MoBooks { sent: 1, once: 1, unexpected: 1, came: 2, ..MoBooks::default() });
}

#[test]
fn an_mo_that_was_pending_at_the_end_of_a_run_is_once_in_the_next() {
    let mut books = Books::keeping(10);
    books.sent(4_000, 0);
    assert_eq!(books.turn(5_000), MoBooks { sent: 1, pending: 1, ..MoBooks::default() });
    books.came(5_500, 0);
    books.came(5_600, 0);
    let copied = MoBooks { sent: 1, duplicate: 1, copies: 1, came: 2, ..MoBooks::default() };
    assert_eq!(books.turn(9_000), copied);
}

#[test]
fn an_mo_that_comes_after_its_deadline_when_its_place_was_needed_is_late_and_no_duplicate() {
    let mut books = Books::keeping(1);
    books.sent(1_000, 0);
    books.sent(5_000, 1);
    books.came(5_005, 1);
    books.came(5_010, 0);
    let late = MoBooks { sent: 2, once: 1, lost: 1, late: 1, came: 2, ..MoBooks::default() };
    assert_eq!(books.turn(9_000), late);
}

#[test]
fn of_copies_of_a_late_mo_none_makes_another_one_a_duplicate() {
    let mut books = Books::keeping(1);
    books.sent(1_000, 0);
    books.sent(5_000, 1);
    books.came(5_005, 1);
    books.came(5_010, 0);
    books.came(5_020, 0);
    let twice =
        MoBooks { sent: 2, once: 1, lost: 1, late: 1, copies: 1, came: 3, ..MoBooks::default() };
    assert_eq!(books.turn(9_000), twice);
}

#[test]
fn a_copy_of_an_mo_that_came_in_time_is_a_duplicate_also_when_its_place_was_needed() {
    let mut books = Books::keeping(1);
    books.sent(1_000, 0);
    books.came(1_005, 0);
    books.sent(1_100, 1);
    books.came(1_105, 1);
    books.came(1_110, 0);
    let twice =
        MoBooks { sent: 2, once: 1, duplicate: 1, copies: 1, came: 3, ..MoBooks::default() };
    assert_eq!(books.turn(9_000), twice);
}

#[test]
fn two_copies_of_an_mo_whose_place_was_needed_make_one_duplicate() {
    let mut books = Books::keeping(1);
    for number in 0..2 {
        books.sent(1_000 + 100 * number, number);
        books.came(1_005 + 100 * number, number);
    }
    books.came(1_110, 0);
    books.came(1_120, 0);
    let thrice =
        MoBooks { sent: 2, once: 1, duplicate: 1, copies: 2, came: 4, ..MoBooks::default() };
    assert_eq!(books.turn(9_000), thrice);
}

#[test]
fn where_more_mo_are_lost_than_may_be_kept_the_late_ones_are_unexpected_and_no_duplicates() {
    let mut books = Books::keeping(1);
    for number in 0..4 {
        books.sent(1_000 + 3_000 * number, number);
    }
    books.came(10_005, 3);
    // the last one that was lost is known yet, those before it are not
    [0, 1, 2].into_iter().for_each(|number| books.came(10_010, number));
    let few = MoBooks {
        sent: 4,
        once: 1,
        lost: 3,
        late: 1,
        unexpected: 2,
        came: 4,
        ..MoBooks::default()
    };
    assert_eq!(books.turn(13_000), few);
}
