use super::*;
use crate::kit::{Nanos, Rng};
use crate::smpp::{CommandId, CommandStatus, Header, pdu};
use bytes::BytesMut;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TIMERS: Timers =
    Timers { enquire_link: Nanos::from_secs(30), response: Nanos::from_secs(10) };

fn header(command_id: CommandId, status: u32, sequence_number: u32) -> Header {
    Header {
        command_length: 16,
        command_id,
        command_status: CommandStatus(status),
        sequence_number,
    }
}

fn bound(role: Role) -> (Session, BytesMut) {
    let mut out = BytesMut::new();
    let mut s = Session::esme(role, TIMERS, Nanos(1));
    s.bind(&pdu::Bind::default(), Nanos(1), &mut out);
    let resp = header(role.command_id().response(), 0, 1);
    assert_eq!(s.on_header(&resp, Nanos(5), &mut out), SessionEvent::Bound(Nanos(4)));
    out.clear();
    (s, out)
}

#[test]
fn a_refused_bind_names_its_status_and_leaves_the_session_open() {
    let mut out = BytesMut::new();
    let mut s = Session::esme(Role::Transceiver, TIMERS, Nanos(1));
    s.bind(&pdu::Bind::default(), Nanos(1), &mut out);
    let resp = header(CommandId::BIND_TRANSCEIVER_RESP, 0x0E, 1);
    assert_eq!(
        s.on_header(&resp, Nanos(2), &mut out),
        SessionEvent::BindRefused(CommandStatus::ESME_RINVPASWD)
    );
    assert_eq!(s.state(), SessionState::Open);
}

#[test]
fn an_idle_session_is_probed_once_and_closed_when_the_probe_stays_unanswered() {
    let (mut s, mut out) = bound(Role::Transceiver);
    s.heard(Nanos::from_secs(1));
    assert_eq!(s.tick(Nanos::from_secs(30), &mut out), None);
    assert!(out.is_empty());
    assert_eq!(s.tick(Nanos::from_secs(31), &mut out), None);
    assert_eq!(out.len(), 16);
    assert_eq!(s.tick(Nanos::from_secs(32), &mut out), None);
    assert_eq!(out.len(), 16, "one probe at a time");
    assert_eq!(s.tick(Nanos::from_secs(41), &mut out), Some(CommandId::ENQUIRE_LINK));
}

#[test]
fn an_enquire_link_resp_with_another_number_still_proves_the_connection() {
    let (mut s, mut out) = bound(Role::Transceiver);
    s.enquire(Nanos::from_secs(5), &mut out);
    let resp = header(CommandId::ENQUIRE_LINK_RESP, 0, 77);
    assert_eq!(
        s.on_header(&resp, Nanos::from_secs(6), &mut out),
        SessionEvent::EnquireAnswered(Nanos::from_secs(1))
    );
}

#[test]
fn an_enquire_link_of_the_peer_is_answered_with_its_number_also_before_the_bind() {
    let mut out = BytesMut::new();
    let mut s = Session::esme(Role::Transceiver, TIMERS, Nanos(1));
    let ask = header(CommandId::ENQUIRE_LINK, 0, 0xA285_9F22);
    assert_eq!(s.on_header(&ask, Nanos(2), &mut out), SessionEvent::None);
    let got = Header::read(&out).unwrap();
    assert_eq!(got.command_id, CommandId::ENQUIRE_LINK_RESP);
    assert_eq!(got.sequence_number, 0xA285_9F22);
}

#[test]
fn a_second_bind_is_answered_already_bound_and_a_receiver_may_not_submit() {
    let mut out = BytesMut::new();
    let mut s = Session::smsc(TIMERS, Nanos(1));
    let ask = header(CommandId::BIND_RECEIVER, 0, 1);
    assert_eq!(s.on_header(&ask, Nanos(2), &mut out), SessionEvent::BindAsked(Role::Receiver));
    s.accept(Role::Receiver);
    let again = header(CommandId::BIND_TRANSCEIVER, 0, 2);
    assert_eq!(
        s.on_header(&again, Nanos(3), &mut out),
        SessionEvent::Illegal(CommandStatus::ESME_RALYBND)
    );
    let submit = header(CommandId::SUBMIT_SM, 0, 3);
    assert_eq!(
        s.on_header(&submit, Nanos(4), &mut out),
        SessionEvent::Illegal(CommandStatus::ESME_RINVBNDSTS)
    );
    let got = Header::read(&out[16..]).unwrap();
    assert_eq!(got.command_id, CommandId::SUBMIT_SM_RESP);
}

#[test]
fn an_unknown_command_gets_generic_nack_and_the_session_stays() {
    let (mut s, mut out) = bound(Role::Transceiver);
    let odd = header(CommandId(0x0A), 0, 9);
    assert_eq!(s.on_header(&odd, Nanos(9), &mut out), SessionEvent::UnknownCommand);
    let got = Header::read(&out).unwrap();
    assert_eq!((got.command_id, got.command_status.0), (CommandId::GENERIC_NACK, 3));
    assert!(s.is_bound());
}

#[test]
fn a_generic_nack_for_a_submit_sm_is_reported_to_the_caller() {
    let (mut s, mut out) = bound(Role::Transceiver);
    let nack = header(CommandId::GENERIC_NACK, 2, 55);
    assert_eq!(
        s.on_header(&nack, Nanos(9), &mut out),
        SessionEvent::Nacked(55, CommandStatus::ESME_RINVCMDLEN)
    );
    assert!(out.is_empty(), "a generic_nack is never answered");
}

#[test]
fn unbind_is_answered_from_either_side_and_data_responses_still_count_meanwhile() {
    let (mut s, mut out) = bound(Role::Transceiver);
    s.unbind(Nanos(10), &mut out);
    let late = header(CommandId::SUBMIT_SM_RESP, 0, 4);
    assert_eq!(s.on_header(&late, Nanos(11), &mut out), SessionEvent::Data);
    let resp = header(CommandId::UNBIND_RESP, 0, 2);
    assert_eq!(s.on_header(&resp, Nanos(12), &mut out), SessionEvent::Unbound);
    let (mut s, mut out) = bound(Role::Receiver);
    let ask = header(CommandId::UNBIND, 0, 8);
    assert_eq!(s.on_header(&ask, Nanos(12), &mut out), SessionEvent::PeerUnbound);
    assert_eq!(Header::read(&out).unwrap().command_id, CommandId::UNBIND_RESP);
    assert_eq!(s.state(), SessionState::Unbound);
}

#[test]
fn numbers_wrap_from_the_last_to_1_and_never_to_0() {
    let mut s = Sequence::starting_at(Sequence::MAX);
    assert_eq!((s.take(), s.take(), s.take()), (Sequence::MAX, 1, 2));
}

#[test]
fn a_slot_that_is_still_in_use_is_skipped_and_its_late_answer_gets_its_own_ticket() {
    let mut sequence = Sequence::default();
    let mut w: Window<Value> = Window::new(2);
    let stuck = w.open(&mut sequence, Value(7, false)).unwrap();
    for i in 0..100 {
        let n = w.open(&mut sequence, Value(i, true)).unwrap();
        assert_ne!(n & 3, stuck & 3);
        assert_eq!(w.settle(n), Some(Value(i, true)));
    }
    assert_eq!(w.oldest(), Some((stuck, Value(7, false))));
    assert_eq!(w.settle(stuck), Some(Value(7, false)));
    assert_eq!(w.settle(stuck), None);
}

/// A value and whether it has been stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value(u64, bool);

impl Numbered for Value {
    fn nth(self, n: u32) -> Value {
        Value(self.0 + u64::from(n), self.1)
    }
}

proptest! {
    #[test]
    fn a_window_behaves_like_a_map_of_requests_in_flight(
        limit in 1usize..40, start in any::<u32>(), seed in any::<u64>()
    ) {
        let mut rng = Rng::new(seed);
        let mut sequence = Sequence::starting_at(start);
        let mut window: Window<Value> = Window::new(limit);
        let mut model: BTreeMap<u32, Value> = BTreeMap::new();
        let mut order: Vec<u32> = Vec::new();
        for step in 0..600u64 {
            let count = 1 + rng.below(6) as u32;
            if rng.chance(0.4) {
                let value = Value(step * 100, false);
                match window.open_run(&mut sequence, value, count as usize) {
                    Some((first, opened)) => {
                        prop_assert!(opened >= 1 && opened <= count);
                        prop_assert!(model.len() + opened as usize <= limit);
                        prop_assert!((1..=Sequence::MAX).contains(&(first + opened - 1)));
                        for n in 0..opened {
                            prop_assert!(model.insert(first + n, value.nth(n)).is_none());
                            order.push(first + n);
                        }
                    }
                    None => prop_assert_eq!(model.len(), limit),
                }
            } else if order.is_empty() {
                continue;
            } else if rng.chance(0.5) {
                let mut stamped = 0;
                let first = order[rng.below(order.len() as u64) as usize].saturating_sub(1).max(1);
                window.stamp_run(first, count, |value, count| {
                    value.1 = true;
                    stamped += count;
                });
                let of_model = model.range_mut(first..first + count);
                prop_assert_eq!(stamped as usize, of_model.map(|(_, value)| value.1 = true).count());
            } else {
                let n = order[rng.below(order.len() as u64) as usize];
                let (value, settled) = window.settle_run(n, count).unwrap();
                prop_assert!(settled >= 1 && settled <= count);
                for step in 0..settled {
                    prop_assert_eq!(Some(value.nth(step)), model.remove(&(n + step)));
                    prop_assert_eq!(window.settle(n + step), None);
                }
                order.retain(|open| !(n..n + settled).contains(open));
            }
            prop_assert_eq!(window.open_count(), model.len());
            let oldest = order.first().map(|n| (*n, model[n]));
            prop_assert_eq!(window.oldest(), oldest);
        }
        let drained: Vec<u32> = window.drain().into_iter().map(|d| d.0).collect();
        prop_assert_eq!(drained, order);
    }
}
