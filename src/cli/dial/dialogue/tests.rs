//! Dialogues with a peer that says what the test writes, on a moved clock.
use super::*;
use crate::cli::args::DialArgs;
use crate::cli::dial::ask::{self, Ask};
use crate::plan::Foreign;
use crate::smpp::pdu::{Body, DeliverSm, Pdu};

fn ms(ms: u64) -> Nanos {
    Nanos::from_millis(ms)
}

fn asked(change: impl FnOnce(&mut DialArgs), plan: impl FnOnce(&mut Plan)) -> Ask {
    let mut args = DialArgs::default();
    change(&mut args);
    let mut ask = ask::read(&args).unwrap();
    plan(&mut ask.plan);
    ask
}

fn with_text(args: &mut DialArgs) {
    args.overrides.message.text = Some("hello".to_owned());
}

/// The dialogue, its clock, and what the peer has received and the user seen.
struct Stage<'p> {
    dialogue: Dialogue<'p>,
    now: Nanos,
    inbox: BytesMut,
    received: Vec<Header>,
    seen: String,
}

impl<'p> Stage<'p> {
    fn new(ask: &'p Ask) -> Stage<'p> {
        let now = Nanos::from_secs(1);
        let show = PduPrinter { json: false, hex: false, began: now, wall_at_zero: 0 };
        let dialogue = Dialogue::new(&ask.plan, ask.says.clone(), ask.wait, show, now);
        let (inbox, seen) = (BytesMut::new(), String::new());
        let mut stage = Stage { dialogue, now, inbox, received: Vec::new(), seen };
        stage.turn();
        stage
    }

    /// Bound, and whatever comes next is said.
    fn bound(ask: &'p Ask) -> Stage<'p> {
        let mut stage = Stage::new(ask);
        stage.pass(1);
        stage.say(CommandId::BIND_TRANSCEIVER_RESP, 0, 1, b"peer\0");
        stage
    }

    fn turn(&mut self) -> Nanos {
        let wake = self.dialogue.turn(self.now);
        let mut out = self.dialogue.take_out();
        while let Ok(Some(length)) = frame::cut(&out, frame::OCTETS_MAX_DEFAULT) {
            self.received.extend(Header::read(&out.split_to(length)));
        }
        self.seen += &self.dialogue.take_printed().0;
        wake
    }

    fn pass(&mut self, millis: u64) {
        self.now += ms(millis);
        self.turn();
    }

    fn octets(&mut self, octets: &[u8]) {
        self.inbox.extend_from_slice(octets);
        self.dialogue.on_octets(&mut self.inbox, self.now);
        self.turn();
    }

    fn say(&mut self, id: CommandId, status: u32, number: u32, body: &[u8]) {
        let mut octets = BytesMut::new();
        Header {
            command_length: (Header::OCTETS + body.len()) as u32,
            command_id: id,
            command_status: CommandStatus(status),
            sequence_number: number,
        }
        .write(&mut octets);
        octets.extend_from_slice(body);
        self.octets(&octets);
    }

    fn deliver(&mut self, esm_class: u8, text: &str) {
        let sm = DeliverSm { esm_class, short_message: text.as_bytes(), ..DeliverSm::default() };
        let header =
            Header { command_id: CommandId::DELIVER_SM, sequence_number: 90, ..Header::default() };
        let mut octets = BytesMut::new();
        Pdu { header, body: Body::DeliverSm(sm), anomalies: Vec::new() }.encode(&mut octets);
        self.octets(&octets);
    }

    fn receipt(&mut self, id: &str) {
        self.deliver(4, &format!("id:{id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"));
    }

    /// The last PDU that the peer received.
    fn last(&self) -> (CommandId, u32, CommandStatus) {
        let header = self.received.last().unwrap();
        (header.command_id, header.sequence_number, header.command_status)
    }

    /// Answers the unbind, which must be out, and says how it ended.
    fn unbind(mut self) -> DialOutcome {
        let (id, number, _) = self.last();
        assert_eq!(id, CommandId::UNBIND, "{}", self.seen);
        self.say(CommandId::UNBIND_RESP, 0, number, b"");
        self.dialogue.over().unwrap()
    }
}

fn done() -> DialOutcome {
    DialOutcome::of(Exit::Done, None)
}

fn ended(exit: Exit, why: &str) -> DialOutcome {
    DialOutcome::of(exit, Some(why.to_owned()))
}

#[test]
fn a_message_is_answered_receipted_and_the_session_unbound() {
    let ask = asked(with_text, |_| {});
    let mut stage = Stage::bound(&ask);
    assert_eq!(stage.last(), (CommandId::SUBMIT_SM, 2, CommandStatus::ESME_ROK));
    stage.pass(20);
    stage.say(CommandId::SUBMIT_SM_RESP, 0, 2, b"77\0");
    assert_eq!(stage.received.len(), 2, "the receipt is awaited");
    stage.pass(200);
    stage.receipt("77");
    assert_eq!(stage.received[2].command_id, CommandId::DELIVER_SM_RESP);
    for line in [
        "bound in 1.000 ms",
        "submit_sm answered in 20.000 ms: ESME_ROK",
        "receipt of seq 2 (id \"77\"): DELIVRD, 220.000 ms after the submit, 200.000 ms after its response",
    ] {
        assert!(stage.seen.contains(line), "{line} is not in {}", stage.seen);
    }
    assert_eq!(stage.unbind(), done());
}

#[test]
fn a_receipt_may_come_before_its_response() {
    let ask = asked(with_text, |plan| plan.guard.foreign = Foreign::Stop);
    let mut stage = Stage::bound(&ask);
    stage.receipt("77");
    assert_eq!(stage.last().0, CommandId::DELIVER_SM_RESP, "it is no stranger yet");
    stage.pass(5);
    stage.say(CommandId::SUBMIT_SM_RESP, 0, 2, b"77\0");
    assert!(stage.seen.contains("5.000 ms before its response"), "{}", stage.seen);
    assert_eq!(stage.unbind(), done());
}

#[test]
fn parts_are_said_one_at_a_time_and_each_is_receipted() {
    let ask = asked(|a| a.overrides.message.text = Some("x".repeat(400)), |_| {});
    let mut stage = Stage::bound(&ask);
    for (number, id) in [(2, b"a\0"), (3, b"b\0"), (4, b"c\0")] {
        assert_eq!(stage.last().1, number);
        stage.say(CommandId::SUBMIT_SM_RESP, 0, number, id);
    }
    stage.receipt("c");
    stage.receipt("a");
    assert_eq!(stage.last().0, CommandId::DELIVER_SM_RESP);
    stage.receipt("b");
    assert_eq!(stage.unbind(), done());
}

#[test]
fn a_refused_message_has_no_receipt_to_wait_for() {
    let ask = asked(with_text, |_| {});
    let mut stage = Stage::bound(&ask);
    stage.say(CommandId::SUBMIT_SM_RESP, 0x58, 2, b"");
    assert!(stage.seen.contains("ESME_RTHROTTLED"), "{}", stage.seen);
    assert_eq!(stage.unbind(), done());
}

#[test]
fn a_receipt_that_matches_by_other_rules_is_named_with_them() {
    for (response, receipt, rules) in [
        (&b"2A\0"[..], "42", "\"response_hex\""),
        (b"ab\0", "AB", "\"number\" or \"case_insensitive\""),
        (b"007\0", "7", "\"number\" or \"response_hex\" or \"receipt_hex\""),
    ] {
        let ask = asked(with_text, |_| {});
        let mut stage = Stage::bound(&ask);
        stage.say(CommandId::SUBMIT_SM_RESP, 0, 2, response);
        stage.receipt(receipt);
        let line = format!("; its id matches by receipts.id_mode = {rules} only");
        assert!(stage.seen.contains(&line), "{line} is not in {}", stage.seen);
        let why = format!("receipts match by receipts.id_mode = {rules}, not \"exact\"; set it");
        let verdict = stage.unbind();
        let modes: Vec<String> = verdict.id_modes.iter().map(|mode| format!("{mode:?}")).collect();
        assert_eq!(modes.join(" or "), rules);
        assert_eq!((verdict.exit, verdict.why), (Exit::Internal, Some(why)));
    }
}

#[test]
fn an_intermediate_notification_ends_no_wait_and_a_missing_receipt_is_told() {
    let ask = asked(with_text, |_| {});
    let mut stage = Stage::bound(&ask);
    stage.say(CommandId::SUBMIT_SM_RESP, 0, 2, b"77\0");
    stage.deliver(0x20, "id:77 stat:ENROUTE");
    assert_eq!(stage.last().0, CommandId::DELIVER_SM_RESP);
    assert!(stage.seen.contains("notification of seq 2"), "{}", stage.seen);
    stage.pass(30_000);
    assert_eq!(stage.received[3].command_id, CommandId::ENQUIRE_LINK, "the link was idle for 30 s");
    assert_eq!(stage.unbind(), ended(Exit::Internal, "1 of 1 receipt did not come"));
}

#[test]
fn what_is_not_answered_in_time_is_told_and_the_rest_is_still_said() {
    let ask = asked(
        |a| {
            with_text(a);
            a.send = vec!["00000010000000150000000000000063".to_owned()];
        },
        |plan| plan.timeouts.response = ms(500),
    );
    let mut stage = Stage::bound(&ask);
    stage.pass(499);
    assert_eq!(stage.last().1, 2);
    stage.pass(1);
    assert_eq!(stage.last(), (CommandId::ENQUIRE_LINK, 0x63, CommandStatus::ESME_ROK));
    stage.say(CommandId::ENQUIRE_LINK_RESP, 0, 0x63, b"");
    assert!(stage.seen.contains("no response to submit_sm seq 2"), "{}", stage.seen);
    assert_eq!(stage.unbind(), ended(Exit::Internal, "1 of 2 requests not answered"));
}

#[test]
fn a_bind_that_fails_is_an_exit_of_its_own() {
    let ask = asked(with_text, |_| {});
    let mut refused = Stage::new(&ask);
    refused.say(CommandId::BIND_TRANSCEIVER_RESP, 0x0E, 1, b"");
    let why = "bind refused with ESME_RINVPASWD (0x0E)";
    assert_eq!(refused.dialogue.over(), Some(ended(Exit::CannotBind, why)));

    let mut silent = Stage::new(&ask);
    silent.pass(5_000);
    let why = "bind_transceiver was not answered in time, before bind_resp";
    assert_eq!(silent.dialogue.over(), Some(ended(Exit::CannotBind, why)));

    let mut gone = Stage::new(&ask);
    gone.dialogue.on_end("the peer closed the connection");
    let why = "the peer closed the connection, before bind_resp";
    assert_eq!(gone.dialogue.over(), Some(ended(Exit::CannotBind, why)));
}

#[test]
fn the_peer_is_answered_as_an_esme_must() {
    let ask = asked(|a| a.wait = Some(std::time::Duration::from_secs(60)), |_| {});
    let mut stage = Stage::bound(&ask);
    assert_eq!(stage.received.len(), 1, "there is nothing to say, it listens");
    let ok = CommandStatus::ESME_ROK;
    stage.say(CommandId::ENQUIRE_LINK, 0, 50, b"");
    assert_eq!(stage.last(), (CommandId::ENQUIRE_LINK_RESP, 50, ok));
    stage.deliver(0, "an MO");
    assert_eq!(stage.last(), (CommandId::DELIVER_SM_RESP, 90, ok));
    // no NUL anywhere: the body cannot be read
    stage.say(CommandId::DELIVER_SM, 0, 51, b"CMT");
    let (id, number, status) = stage.last();
    assert_eq!((id, number), (CommandId::DELIVER_SM_RESP, 51));
    assert_ne!(status, ok);
    stage.say(CommandId(0x77), 0, 52, b"");
    assert_eq!(stage.last(), (CommandId::GENERIC_NACK, 52, CommandStatus::ESME_RINVCMDID));
    stage.say(CommandId::SUBMIT_SM_RESP, 0, 99, b"1\0");
    assert!(stage.seen.contains("to no request of this session"), "{}", stage.seen);
    stage.say(CommandId::UNBIND, 0, 53, b"");
    assert_eq!(stage.last(), (CommandId::UNBIND_RESP, 53, ok));
    assert_eq!(stage.dialogue.over(), Some(ended(Exit::EndedEarly, "the peer unbound")));
}

#[test]
fn with_nothing_to_say_it_binds_and_unbinds() {
    let ask = asked(|_| {}, |_| {});
    assert_eq!(Stage::bound(&ask).unbind(), done());
}

#[test]
fn a_stream_that_loses_its_framing_is_nacked_and_left() {
    let ask = asked(with_text, |_| {});
    let mut stage = Stage::bound(&ask);
    stage.octets(&[0, 0, 0, 3, 1, 2]);
    assert_eq!(stage.last(), (CommandId::GENERIC_NACK, 0, CommandStatus::ESME_RINVCMDLEN));
    let verdict = stage.dialogue.over().unwrap();
    assert_eq!(verdict.exit, Exit::EndedEarly);
    assert!(verdict.why.unwrap().contains("PDU framing lost"));
}

#[test]
fn foreign_traffic_ends_a_dialogue_that_the_guard_watches() {
    for receipt in [true, false] {
        let ask = asked(with_text, |plan| plan.guard.foreign = Foreign::Stop);
        let mut stage = Stage::bound(&ask);
        stage.say(CommandId::SUBMIT_SM_RESP, 0, 2, b"77\0");
        if receipt {
            stage.receipt("78")
        } else {
            stage.deliver(0, "an MO")
        }
        let verdict = stage.unbind();
        assert_eq!(verdict.exit, Exit::EndedEarly);
        assert!(verdict.why.unwrap().starts_with("foreign_traffic: "));
    }
    let ask = asked(with_text, |_| {});
    let mut stage = Stage::bound(&ask);
    stage.say(CommandId::SUBMIT_SM_RESP, 0, 2, b"77\0");
    stage.receipt("78");
    assert!(stage.seen.contains("a receipt that matches no message: id \"78\""), "{}", stage.seen);
    assert_eq!(stage.last().0, CommandId::DELIVER_SM_RESP, "on loopback it goes on");
}

#[test]
fn a_raw_unbind_is_the_users_own_way_to_go() {
    let ask = asked(|a| a.send = vec!["00000010000000060000000000000009".to_owned()], |_| {});
    let mut stage = Stage::bound(&ask);
    stage.say(CommandId::UNBIND_RESP, 0, 9, b"");
    stage.dialogue.on_end("the peer closed the connection");
    assert_eq!(stage.dialogue.over(), Some(done()));
}

#[test]
fn a_nack_without_a_number_answers_what_is_open() {
    let ask = asked(|a| a.send = vec!["0000001000000077 00000000 00000009".to_owned()], |_| {});
    let mut stage = Stage::bound(&ask);
    stage.say(CommandId::GENERIC_NACK, 3, 0, b"");
    assert!(
        stage.seen.contains("0x00000077 answered in 0.000 ms: ESME_RINVCMDID"),
        "{}",
        stage.seen
    );
    assert_eq!(stage.unbind(), done());
}

#[test]
fn an_interrupt_unbinds_and_a_second_one_leaves() {
    let ask = asked(with_text, |_| {});
    let mut stage = Stage::bound(&ask);
    stage.dialogue.interrupt(stage.now);
    stage.turn();
    assert_eq!(stage.last().0, CommandId::UNBIND);
    assert_eq!(stage.dialogue.over(), None);
    stage.dialogue.interrupt(stage.now);
    assert_eq!(stage.dialogue.over(), Some(DialOutcome::of(Exit::Interrupted, None)));
}
