//! Gateways that are odd rather than wrong, and what the books must not say of them: parts of long messages.
use super::by_hand::ByHand;
use super::model::{BEHIND, FRONT, Form, RUN, formed, response, settings};
use crate::measure::through::{SubmitBooks, ThroughRecord};
use crate::net::SightingKind;
use crate::smpp::marker::{Carrier, Marker, MarkerKind, MessageKey};
use crate::through::Settings;

fn key(message: u64, part: u8) -> MessageKey {
    MessageKey { kind: MarkerKind::Load, message, part }
}

/// The text of a message, with its token at the end.
fn text(message: u64) -> Vec<u8> {
    let token = Marker::new(RUN, key(message, 0)).token();
    [format!("the text of message {message}, and some more: ").as_bytes(), &token].concat()
}

/// A gateway between, whose messages are marked by `carrier`.
struct Gateway {
    hand: ByHand,
    carrier: Carrier,
    sequence: u32,
}

impl Gateway {
    fn keeping(outstanding_max: usize, carrier: Carrier) -> Gateway {
        let settings = Settings { carriers: vec![carrier], ..settings(outstanding_max) };
        Gateway { hand: ByHand::with(settings), carrier, sequence: 0 }
    }

    fn marker(&self, key: MessageKey) -> Option<MessageKey> {
        (self.carrier == Carrier::Tlv).then_some(key)
    }

    /// Goes in, and is accepted.
    fn goes_in(&mut self, ms: u64, key: MessageKey, form: Form, text: &[u8]) {
        self.sequence += 1;
        let pdu = formed(self.marker(key), form, text, self.sequence);
        self.hand.sees(FRONT, ms, SightingKind::Wrote(pdu));
        let id = format!("F{}", self.sequence);
        self.hand.sees(FRONT, ms, SightingKind::Read(response(0, self.sequence, &id)));
    }

    /// Comes out, and is answered.
    fn comes_out(&mut self, ms: u64, key: MessageKey, form: Form, text: &[u8]) {
        self.sequence += 1;
        let pdu = formed(self.marker(key), form, text, self.sequence);
        self.hand.sees(BEHIND, ms, SightingKind::Read(pdu));
        let id = format!("U{}", self.sequence);
        self.hand.sees(BEHIND, ms, SightingKind::Wrote(response(0, self.sequence, &id)));
    }

    /// A message goes in uncut.
    fn uncut(&mut self, ms: u64, message: u64) {
        self.goes_in(ms, key(message, 0), Form::Payload, &text(message));
    }

    /// One of its two parts comes out.
    fn part(&mut self, ms: u64, message: u64, part: u8) {
        let text = text(message);
        let halves = text.split_at(20);
        let half = if part == 0 { halves.0 } else { halves.1 };
        self.comes_out(ms, key(message, 0), Form::Part(part), half);
    }
}

fn changed(record: &ThroughRecord) -> Vec<&str> {
    record.fields.iter().map(|row| row.name.as_str()).collect()
}

#[test]
fn parts_that_come_out_as_one_with_the_marker_of_the_first_are_all_once() {
    let mut gateway = Gateway::keeping(10, Carrier::Tlv);
    for part in 0..2 {
        gateway.goes_in(1, key(0, part), Form::Part(part), b"the same text ");
    }
    gateway.comes_out(5, key(0, 0), Form::Payload, b"the same text the same text ");
    let record = gateway.hand.closed(9_000);
    let SubmitBooks { once, lost, resegmented, came_out, .. } = record.submits;
    assert_eq!((once, lost, resegmented, came_out), (2, 0, 2, 2));
    assert_eq!(changed(&record), ["submit.segmentation"]);
}

#[test]
fn parts_that_come_out_without_their_headers_are_not_taken_for_the_whole() {
    let mut gateway = Gateway::keeping(10, Carrier::Tlv);
    for part in 0..2 {
        gateway.goes_in(1, key(0, part), Form::Part(part), b"the same text ");
        gateway.comes_out(5, key(0, part), Form::Plain, b"the same text ");
    }
    let SubmitBooks { once, duplicate, altered, .. } = gateway.hand.closed(9_000).submits;
    assert_eq!((once, duplicate, altered), (2, 0, 2));
}

#[test]
fn parts_of_two_messages_under_one_reference_are_told_apart() {
    for carrier in [Carrier::Tlv, Carrier::Text] {
        for order in [[(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (1, 0), (0, 1), (1, 1)]] {
            let mut gateway = Gateway::keeping(10, carrier);
            gateway.uncut(1, 0);
            gateway.uncut(1, 1);
            order.into_iter().for_each(|(message, part)| gateway.part(5, message, part));
            let record = gateway.hand.closed(9_000);
            let SubmitBooks { once, incomplete_parts, .. } = record.submits;
            assert_eq!((once, incomplete_parts), (2, 0), "{carrier:?} {order:?}");
            assert_eq!(changed(&record), ["submit.segmentation"], "{carrier:?} {order:?}");
        }
    }
}

#[test]
fn a_part_that_is_lost_or_doubled_alters_no_later_message_under_its_reference() {
    for first in [&[0][..], &[0, 0, 1], &[1, 0]] {
        let mut gateway = Gateway::keeping(10, Carrier::Text);
        gateway.uncut(1, 0);
        first.iter().for_each(|part| gateway.part(5, 0, *part));
        for message in 1..4 {
            gateway.uncut(10 * message, message);
            gateway.part(10 * message + 1, message, 0);
            gateway.part(10 * message + 2, message, 1);
        }
        let record = gateway.hand.closed(9_000);
        let SubmitBooks { once, lost, incomplete_parts, .. } = record.submits;
        let is_lost = u64::from(first.len() == 1);
        assert_eq!((once, lost), (4 - is_lost, is_lost), "{first:?}");
        assert_eq!(incomplete_parts, u64::from(first != [1, 0]), "{first:?}");
        assert_eq!(changed(&record), ["submit.segmentation"], "{first:?}");
    }
}

#[test]
fn a_copy_of_a_part_whose_place_was_needed_is_a_duplicate() {
    let mut gateway = Gateway::keeping(1, Carrier::Tlv);
    for part in 0..2 {
        let at = 10 * u64::from(part);
        gateway.goes_in(at, key(0, part), Form::Part(part), b"part");
        gateway.comes_out(at + 1, key(0, part), Form::Part(part), b"part");
    }
    gateway.goes_in(30, key(1, 0), Form::Plain, b"another");
    gateway.comes_out(31, key(1, 0), Form::Plain, b"another");
    for part in 0..2 {
        gateway.comes_out(35, key(0, part), Form::Part(part), b"part");
    }
    let SubmitBooks { once, duplicate, incomplete_parts, came_out, .. } =
        gateway.hand.closed(9_000).submits;
    assert_eq!((once, duplicate, incomplete_parts, came_out), (1, 2, 0, 5));
}
