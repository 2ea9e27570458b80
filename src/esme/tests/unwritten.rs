//! Answers to messages that are still in the out-buffer.
use super::*;

const FULL: &str = r#"
    binds = { count = 1, window = 10, enquire_link = "off" }
    messages = [{ text = "x", registered_delivery = 0 }]
    load.stages = [{ max = true, for = "1s" }]
"#;

fn sums(peer: &Peer) -> (u64, u64, u64) {
    let cells = || peer.intervals.iter().flat_map(|i| i.cells.iter().flatten());
    let unknown = peer.intervals.iter().map(|i| i.unknown_responses).sum();
    let written = cells().map(|c| c.tally.written).sum();
    (written, cells().map(|c| c.tally.accepted + c.tally.rejected).sum(), unknown)
}

#[test]
fn an_answer_to_a_message_that_was_not_written_settles_nothing_and_is_unknown() {
    let mut peer = Peer::loaded(FULL);
    // the first of bind and ten submit_sm is number 2
    for number in 2..=11 {
        let mut octets = BytesMut::new();
        pdu::submit_sm_resp(CommandStatus::ESME_ROK, number, b"0123456789", &mut octets);
        peer.read(0, &octets);
        peer.read_header(0, CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RSYSERR, number);
        peer.read_header(0, CommandId::GENERIC_NACK, CommandStatus::ESME_RSYSERR, number);
    }
    peer.take_out(0);
    assert_eq!(peer.open.len(), 10, "they are sent all the same");
    let until = peer.start + Nanos::from_millis(1_100);
    peer.pass(until, |_| {});
    assert_eq!(sums(&peer), (10, 0, 30));
}

#[test]
fn over_tls_an_answer_may_come_before_the_rest_of_what_the_stream_took_has_gone() {
    let mut peer = Peer::loaded(FULL);
    let size = frame::cut(peer.core.out(0), 1000).unwrap().unwrap();
    // the stream takes four messages and a half, and passes on what it can
    peer.core.blocked(0, size * 9 / 2, peer.now);
    let mut octets = BytesMut::new();
    for number in [2, 5, 6] {
        pdu::submit_sm_resp(CommandStatus::ESME_ROK, number, b"0123456789", &mut octets);
    }
    peer.read(0, &octets);
    let until = peer.start + Nanos::from_millis(1_100);
    peer.pass(until, |_| {});
    // the fifth had not gone, so that nobody can have answered it
    assert_eq!(sums(&peer), (2, 2, 1));
}

#[test]
fn forty_thousand_plain_answers_to_nothing_are_each_looked_at_once() {
    let mut peer = Peer::loaded(FULL);
    peer.take_out(0);
    let mut octets = BytesMut::new();
    for number in 0..40_000 {
        pdu::submit_sm_resp(
            CommandStatus::ESME_ROK,
            0x4000_0000 + number,
            b"0123456789",
            &mut octets,
        );
    }
    peer.read(0, &octets);
    let until = peer.start + Nanos::from_millis(1_100);
    peer.pass(until, |_| {});
    assert_eq!(sums(&peer), (10, 0, 40_000));
}
