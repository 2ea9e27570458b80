//! The provider profiles that come with the tool: each runs against its simulator, balances and agrees with
//! its tally; and OpenMarket's, operation by operation.
use super::balanced;
use crate::kit::Nanos;
use crate::measure::{NoObserver, RunRecord};
use crate::net::{ConnAction, Endpoint};
use crate::plan::behaviour::{Behaviour, Rule};
use crate::plan::{self, Overrides, Plan, Source, behaviour_file};
use crate::smpp::pdu::{self, Bind, Body, DeliverSm, SubmitSm};
use crate::smpp::receipt::{self, Delivered};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, frame};
use crate::smsc;
use crate::trial::{Memory, Trial};
use bytes::{Buf, BytesMut};
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles").join(name)
}

fn profile_of(name: &str) -> Plan {
    let source = Source::File(file(&format!("{name}.toml")));
    plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn behaviour_of(name: &str) -> Behaviour {
    behaviour_file::load(&file(&format!("smsc/{name}.toml"))).unwrap_or_else(|e| panic!("{e}"))
}

fn run(name: &str) -> (RunRecord, smsc::Tally) {
    let plan = profile_of(name);
    let mut memory = Memory { workers: 2, ..Memory::default() };
    let record = memory.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{name}: {e}"));
    let tally = memory.last_tally.unwrap();
    balanced(&plan, &record, &tally);
    let t = record.ledger();
    assert_eq!((t.receipts_missing, t.timed_out, t.lost, t.unsent), (0, 0, 0, 0), "{name}");
    assert_eq!((record.receipts_unknown, record.outages.len()), (0, 0), "{name}");
    (record, tally)
}

#[test]
fn a_profile_brings_the_simulator_that_stands_in_its_own_file() {
    for name in ["openmarket", "vonage", "infobip", "sinch"] {
        let plan = profile_of(name);
        assert_eq!(plan.embedded, behaviour_of(name), "{name}");
        assert!(plan.target.embedded && plan.warnings.is_empty(), "{name}: {:?}", plan.warnings);
    }
}

#[test]
fn vonage_spells_an_id_in_hex_and_its_receipt_in_decimal() {
    let (record, tally) = run("vonage");
    let t = record.ledger();
    assert_eq!(t.receipts_final, t.accepted);
    assert_eq!((tally.binds.accepted, tally.binds.refused.total()), (2, 0));
    // under the exact rule the same receipts are nobody's
    let mut exact = profile_of("vonage");
    exact.receipts.id_mode = crate::smpp::receipt::IdRule::Exact;
    let record = Memory::default().run(&exact, &mut NoObserver).unwrap();
    assert_eq!(record.ledger().receipts_final, 0);
}

#[test]
fn infobip_spreads_receipts_over_the_other_binds() {
    let (record, _) = run("infobip");
    let t = record.ledger();
    assert_eq!((t.accepted, t.receipts_final), (2_400, 2_400));
    assert_eq!(t.receipts_other_bind, 2_400);
    let each: Vec<u64> = record.sessions.iter().map(|s| s.delivered).collect();
    assert!(each.iter().all(|n| n.abs_diff(600) < 90), "evenly: {each:?}");
}

#[test]
fn sinch_bears_ten_a_second_on_each_of_two_binds() {
    let (record, tally) = run("sinch");
    assert_eq!(record.ledger().rejected, 0, "{:?}", tally.submits.refused);
    assert_eq!(record.sessions.len(), 2);
    // without the bind's own cap, what is beyond is throttled
    let mut uncapped = profile_of("sinch");
    uncapped.accounts[0].binds.rate_max = None;
    for stage in &mut uncapped.stages {
        stage.shape = plan::Shape::Hold(crate::kit::Rate::per_second(30));
    }
    let record = Memory::default().run(&uncapped, &mut NoObserver).unwrap();
    let t = record.ledger();
    assert!(t.throttled.abs_diff(t.planned / 3) < 30, "{} of {}", t.throttled, t.planned);
}

#[test]
fn openmarkets_profile_meets_its_throttle_its_receipts_and_its_mo() {
    let (record, tally) = run("openmarket");
    let t = record.ledger();
    assert!(t.throttled > 50 && t.retries > 50, "{} {}", t.throttled, t.retries);
    assert_eq!(t.receipts_final, t.accepted);
    // err 000 and 004 are both success, and the state says so
    let all = record.sum(|_| true);
    let of = |err: &[u8; 4]| all.by_err.get(err);
    assert!(of(b"000\0") > 50 && of(b"004\0") > 500);
    assert!(t.by_state[2] >= of(b"004\0") && t.by_state[2] <= of(b"004\0") + of(b"000\0"));
    assert!(of(b"345\0") > 10 && t.by_state[5] > 10 && t.by_state[8] > 5);
    assert_eq!((record.mo_received, tally.sessions.enquire_links_confirmed), (tally.mo.sent, 0));
    assert!(record.mo_received > 100, "an MO with 0x001E is no receipt: {}", record.mo_received);
    assert_eq!((tally.sessions.unbound_by_esme, tally.sessions.dropped), (2, 0));
}

/// OpenMarket's simulator and hands to speak to it with.
struct Line {
    core: smsc::Core,
    now: Nanos,
    sequence: u32,
}

type Head = (CommandId, u32, u32);
const PASSWORD: &str = "twelve-chars";
const ID: &str = "12345678912345";

impl Line {
    fn new(change: impl FnOnce(&mut Behaviour)) -> Line {
        let mut behaviour = behaviour_of("openmarket");
        behaviour.accounts[0].password = Some(crate::plan::Secret(PASSWORD.to_owned()));
        behaviour.response.latency = plan::behaviour::Latency::Zero;
        behaviour.mo.rate = None;
        change(&mut behaviour);
        let core = smsc::Core::new(&behaviour, 1_767_225_600_000_000_000);
        Line { core, now: Nanos::from_secs(1), sequence: 0 }
    }

    fn bound() -> (Line, u32) {
        let mut line = Line::new(|_| {});
        let session = line.core.connected(line.now);
        assert_eq!(line.bind(session, CommandId::BIND_TRANSCEIVER, ID, PASSWORD).1, 0);
        (line, session)
    }

    fn feed(&mut self, session: u32, octets: &[u8]) -> Vec<Vec<u8>> {
        self.core.on_octets(session, octets, self.now);
        self.frames(session)
    }

    fn wait(&mut self, session: u32, seconds: u64) -> Vec<Vec<u8>> {
        let until = self.now + Nanos::from_secs(seconds);
        while self.core.next_due() <= until {
            self.now = self.now.max(self.core.next_due());
            self.core.tick(self.now);
        }
        self.now = until;
        self.frames(session)
    }

    fn frames(&mut self, session: u32) -> Vec<Vec<u8>> {
        let out = self.core.out(session);
        let mut frames = Vec::new();
        while let Ok(Some(length)) = frame::cut(out, frame::OCTETS_MAX_DEFAULT) {
            frames.push(out[..length].to_vec());
            out.advance(length);
        }
        frames
    }

    fn bind(
        &mut self,
        session: u32,
        id: CommandId,
        system_id: &str,
        password: &str,
    ) -> (usize, u32) {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            system_type: b"SMPP",
            interface_version: 0x34,
            ..Bind::default()
        };
        let mut out = BytesMut::new();
        bind.encode(id, CommandStatus::ESME_ROK, 7, &mut out);
        let frames = self.feed(session, &out);
        let (command, status, sequence) = head(&frames[0]);
        assert_eq!((command, sequence, frames.len()), (id.response(), 7, 1));
        (frames[0].len(), status)
    }

    fn say(&mut self, session: u32, id: CommandId) -> Vec<Head> {
        self.sequence += 1;
        let mut out = BytesMut::new();
        pdu::header_only(id, CommandStatus::ESME_ROK, self.sequence, &mut out);
        self.feed(session, &out).iter().map(|f| head(f)).collect()
    }

    fn submit<'a>(&mut self, session: u32, change: impl FnOnce(&mut SubmitSm<'a>)) -> Vec<Vec<u8>> {
        let mut sm = SubmitSm {
            service_type: b"OMV4",
            source_addr_ton: 3,
            source_addr: b"34567",
            dest_addr_ton: 1,
            dest_addr_npi: 1,
            destination_addr: b"447700900001",
            registered_delivery: 1,
            short_message: b"hello",
            ..SubmitSm::default()
        };
        change(&mut sm);
        self.sequence += 1;
        let mut out = BytesMut::new();
        sm.encode(CommandStatus::ESME_ROK, self.sequence, &mut out);
        self.feed(session, &out)
    }
}

fn head(frame: &[u8]) -> Head {
    let header = Header::read(frame).unwrap();
    (header.command_id, header.command_status.0, header.sequence_number)
}

const BINDS: [CommandId; 3] =
    [CommandId::BIND_TRANSMITTER, CommandId::BIND_RECEIVER, CommandId::BIND_TRANSCEIVER];

#[test]
fn openmarket_binds_three_ways_and_says_05_0d_0e_and_0f() {
    let long = "x".repeat(101);
    for id in BINDS {
        let mut line = Line::new(|_| {});
        for _ in 0..4 {
            let session = line.core.connected(line.now);
            assert_eq!(line.bind(session, id, ID, PASSWORD), (31, 0), "no sc_interface_version");
        }
        for (system_id, password, status) in [
            (ID, PASSWORD, 0x05),
            (ID, "wrong", 0x0D),
            ("99999999999999", PASSWORD, 0x0D),
            (ID, "", 0x0E),
            (ID, &long[..], 0x0E),
            ("", PASSWORD, 0x0F),
            ("1234567890123456", PASSWORD, 0x0F),
        ] {
            let session = line.core.connected(line.now);
            assert_eq!(
                line.bind(session, id, system_id, password).1,
                status,
                "{system_id} {password}"
            );
        }
    }
    let mut line =
        Line::new(|b| b.accounts[0].password = Some(crate::plan::Secret("p".repeat(100))));
    let session = line.core.connected(line.now);
    assert_eq!(line.bind(session, BINDS[2], ID, &"p".repeat(100)).1, 0, "up to 100 characters");
    let mut line = Line::new(|_| {});
    let session = line.core.connected(line.now);
    assert!(line.feed(session, &[0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1]).is_empty());
    assert_eq!(
        line.core.wish(session),
        ConnAction::CloseWhenFlushed,
        "a bad length drops, without 0x02"
    );
}

#[test]
fn openmarket_answers_enquire_link_never_asks_and_nacks_what_it_does_not_support() {
    let (mut line, session) = Line::bound();
    for _ in 0..9 {
        let heads: Vec<Head> = line.wait(session, 20).iter().map(|f| head(f)).collect();
        assert_eq!(heads, [], "only the customer may ask");
        let heads = line.say(session, CommandId::ENQUIRE_LINK);
        assert_eq!(heads, [(CommandId::ENQUIRE_LINK_RESP, 0, line.sequence)]);
    }
    for id in [
        CommandId::DATA_SM,
        CommandId::SUBMIT_MULTI,
        CommandId::QUERY_SM,
        CommandId::CANCEL_SM,
        CommandId::REPLACE_SM,
        CommandId::OUTBIND,
        CommandId::ALERT_NOTIFICATION,
        CommandId(0x0000_0BAD),
    ] {
        let heads = line.say(session, id);
        assert_eq!(heads, [(CommandId::GENERIC_NACK, 0x03, line.sequence)], "{id:?}");
    }
    assert_eq!(line.say(session, CommandId::GENERIC_NACK), [], "nothing answers a generic_nack");
}

#[test]
fn openmarket_unbinds_both_ways_and_whoever_sends_a_field_too_long() {
    let (mut line, session) = Line::bound();
    let heads = line.say(session, CommandId::UNBIND);
    assert_eq!(heads, [(CommandId::UNBIND_RESP, 0, line.sequence)]);
    assert_eq!(line.core.wish(session), ConnAction::CloseWhenFlushed);

    let (mut line, session) = Line::bound();
    let answer = line.submit(session, |sm| sm.source_addr = b"123456789012345678901");
    let (command, status, number) = head(&answer[0]);
    assert_eq!((command, status, answer.len()), (CommandId::UNBIND, 0, 1), "and no submit_sm_resp");
    let mut out = BytesMut::new();
    pdu::header_only(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, number, &mut out);
    line.feed(session, &out);
    assert_eq!(line.core.wish(session), ConnAction::CloseWhenFlushed);

    let (mut line, session) = Line::bound();
    line.core.stop(line.now);
    assert_eq!(head(&line.frames(session)[0]).0, CommandId::UNBIND);
}

/// The submit_sm_resp statuses of v4 (docs/smpp/openmarket.md, "submit_sm").
const STATUSES: [u32; 18] = [
    0x01, 0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x14, 0x15, 0x43, 0x45, 0x48, 0x49, 0x50, 0x51, 0x61,
    0x62, 0x63,
];

#[test]
fn openmarket_answers_submit_sm_with_a_ticket_or_with_any_of_its_statuses() {
    let mut line = Line::new(|b| {
        let rule = |status: &u32| Rule {
            destination: format!("4477009010{status:02}"),
            status: Some(*status),
            state: None,
            err: None,
        };
        b.rules = STATUSES.iter().map(rule).collect();
    });
    let session = line.core.connected(line.now);
    line.bind(session, CommandId::BIND_TRANSCEIVER, ID, PASSWORD);
    for status in STATUSES {
        let destination = format!("4477009010{status:02}");
        let answer = line.submit(session, |sm| sm.destination_addr = destination.as_bytes());
        let number = line.sequence;
        assert_eq!(head(&answer[0]), (CommandId::SUBMIT_SM_RESP, status, number));
        line.wait(session, 1);
    }
    type Change = fn(&mut SubmitSm<'_>);
    let own: [(Change, u32); 6] = [
        (|sm| sm.source_addr_ton = 2, 0x48),
        (|sm| sm.source_addr_npi = 2, 0x49),
        (|sm| sm.dest_addr_ton = 0, 0x50),
        (|sm| sm.dest_addr_npi = 0, 0x51),
        (|sm| sm.esm_class = 0x02, 0x43),
        (|sm| sm.sm_default_msg_id = 1, 0x63),
    ];
    for (change, status) in own {
        assert_eq!(head(&line.submit(session, change)[0]).1, status);
    }
    let accepted = line.submit(session, |_| {});
    assert_eq!(accepted[0].len(), 0x28);
    let ticket = String::from_utf8(pdu::message_id(&accepted[0]).unwrap().to_vec()).unwrap();
    let parts: Vec<&str> = ticket.split('-').collect();
    assert!(parts.len() == 4 && parts.iter().all(|p| p.len() == 5), "{ticket}");
    // a hundred a second and 100 ms of them at once: then 0x58
    line.wait(session, 1);
    let burst: Vec<u32> = (0..30).map(|_| head(&line.submit(session, |_| {})[0]).1).collect();
    assert_eq!(burst.iter().filter(|s| **s == 0).count(), 11);
    assert!(burst[11..].iter().all(|s| *s == 0x58), "{burst:?}");
}

#[test]
fn openmarkets_receipts_come_in_its_words_within_its_window_and_err_0_and_4_are_success() {
    let (mut line, session) = Line::bound();
    let (mut tickets, mut frames) = (Vec::new(), Vec::new());
    for number in 0..20u32 {
        let destination = if number % 2 == 0 { b"447700900001" } else { b"447700900007" };
        let answer = line.submit(session, |sm| sm.destination_addr = destination);
        tickets.push(pdu::message_id(&answer[0]).unwrap().to_vec());
        frames.extend(answer.into_iter().skip(1));
        frames.extend(line.wait(session, 0));
        line.now += Nanos::from_millis(20);
    }
    frames.extend(line.wait(session, 9));
    assert_eq!(frames.len(), 10, "no more than ten unacknowledged");
    let mut told = Vec::new();
    while let Some(frame) = frames.pop() {
        let sm = deliver(&frame);
        assert_eq!((sm.esm_class, sm.service_type), (0x04, &b"OMV4"[..]));
        assert_eq!((sm.destination_addr, sm.data_coding), (&b"34567"[..], 0));
        let text = std::str::from_utf8(sm.short_message).unwrap();
        let words: Vec<&str> = text.split(' ').map(|w| w.split(':').next().unwrap()).collect();
        assert_eq!(words, ["id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text"]);
        assert_eq!(text.len(), 117);
        let Some(Delivered::Receipt(brief)) = receipt::read_frame(&frame) else { panic!("{text}") };
        assert!(tickets.iter().any(|t| t == brief.id));
        told.push((brief.err.to_vec(), brief.state.stat()));
        let mut out = BytesMut::new();
        pdu::header_only(
            CommandId::DELIVER_SM_RESP,
            CommandStatus::ESME_ROK,
            head(&frame).2,
            &mut out,
        );
        frames.extend(line.feed(session, &out));
    }
    assert_eq!(told.len(), 20);
    let count =
        |err: &[u8], stat: &str| told.iter().filter(|t| (&t.0[..], t.1) == (err, stat)).count();
    assert!(count(b"004", "DELIVRD") >= 8 && count(b"000", "DELIVRD") >= 8, "{told:?}");
}

#[test]
fn openmarkets_mo_carries_its_ticket_and_is_no_receipt() {
    let mut line = Line::new(|b| b.mo.rate = Some(crate::kit::Rate::per_second(5)));
    let session = line.core.connected(line.now);
    line.bind(session, CommandId::BIND_RECEIVER, ID, PASSWORD);
    let frames = line.wait(session, 1);
    assert!(frames.len() >= 4, "{}", frames.len());
    for frame in &frames {
        let sm = deliver(frame);
        assert_eq!((sm.esm_class, sm.service_type, sm.source_addr_ton), (0, &b"OMV4"[..], 1));
        let ticket = sm.tlvs.get(Tag::RECEIPTED_MESSAGE_ID).unwrap();
        assert_eq!((ticket.len(), ticket[23]), (24, 0));
        assert!(matches!(receipt::read_frame(frame), Some(Delivered::Mo)));
    }
}

fn deliver(frame: &[u8]) -> DeliverSm<'_> {
    match pdu::decode(frame).unwrap().body {
        Body::DeliverSm(sm) => sm,
        other => panic!("{other:?}"),
    }
}
