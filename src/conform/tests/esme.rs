//! The cases of an ESME against one that behaves, and against ones that are broken in ways of their own.
use crate::conform::examiner::Examiner;
use crate::conform::octets::{Message, Pdu, cstring, pdu, tlv};
use crate::conform::tests::examined::{Waiting, at_once, only, parts, plan_of, with_waits};
use crate::conform::{
    CaseResult, Choice, Exchanged, Level, Limits, Outcome, Role, Run, Settings, cases, run,
};
use crate::kit::{Clock, Nanos};
use crate::smpp::{CommandId, CommandStatus};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How an ESME behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// As it should.
    Good,
    /// Binds and sends, and answers nothing.
    Mute,
    /// Its bind has a string without NUL, a number of 0 and a status.
    BadBind,
    /// Each field of its bind is whole and wrong.
    WrongBind,
    /// Each field of its submit_sm is wrong, all have one number and a status.
    BadFields,
    /// Its submit_sm end within their fields.
    CutBody,
    /// Its sequence_numbers have gaps, and it answers generic_nack to responses of unknown commands.
    Gaps,
    /// Its sequence_numbers go down.
    CountsDown,
    /// Sends all the time, and answers no request.
    Busy,
    /// Waits for the rest of a PDU however long it says that it is.
    Waits,
    /// Reads and sends nothing any more once a deliver_sm was cut short.
    Hangs,
    /// Closes the connection at everything but a bind_resp with ESME_ROK.
    HangsUp,
    /// Answers everything twice, responses too.
    Talkative,
    /// Sends before its bind is answered, after it was refused, and after its unbind_resp.
    Hasty,
    /// Comes once, and never again.
    Once,
    /// Sends without end.
    NoWindow,
    /// Sends nothing any more once an answer came out of order.
    LosesCount,
    /// Refuses every delivery.
    Refuses,
    /// Its deliver_sm_resp have a message_id.
    GivesIds,
    /// Ends its session after a while, with an unbind.
    Leaves,
    /// Ends its session after a while, without one.
    DropsOut,
    /// Waits for every answer without end.
    Patient,
}

/// Every broken manner, with the cases that are run; none: all.
const BROKEN: [(Manner, &[&str]); 19] = [
    (Manner::Mute, &[]),
    (Manner::BadBind, &["4.1.1*", "5.1*"]),
    (Manner::WrongBind, &["4.1.1*", "5.2*"]),
    (Manner::BadFields, FIELDS),
    (Manner::CutBody, &["4.4.1-51"]),
    (Manner::CountsDown, &["4.4.1-51", "5.1.4*"]),
    (Manner::Busy, &["4.2.1-51", "5.1.2-51"]),
    (Manner::Waits, &["5.1.1-5*", "2.4-54"]),
    (Manner::Hangs, &["4.6.1-51", "4.7.1-51"]),
    (Manner::HangsUp, &["2.4*", "4*", "5.1.4*"]),
    (Manner::Talkative, &[]),
    (Manner::Hasty, &["2.2*", "4.1.2*", "4.2.1-52"]),
    (Manner::Once, &["4.11.1-51", "2.2-51"]),
    (Manner::NoWindow, &["2.9-51"]),
    (Manner::LosesCount, &["2.9-52"]),
    (Manner::Refuses, &["4.6*", "3.3*", "5*", "B-*"]),
    (Manner::GivesIds, &["4.6.2-54"]),
    (Manner::DropsOut, &["4.2.1-53"]),
    (Manner::Patient, &["2.9-54", "4.11.1-53"]),
];

/// Cases of the fields of a submit_sm.
const FIELDS: &[&str] = &[
    "3.3-52",
    "4.4.1*",
    "5.1.3-52",
    "5.1.4-53",
    "5.1.4-54",
    "5.2.5-52",
    "5.2.12-51",
    "5.2.12-52",
    "5.2.14-51",
    "5.2.15-51",
    "5.2.17-51",
    "5.2.18-51",
    "5.2.19-51",
    "5.3.2.22-51",
    "5.3.2.32-52",
];
/// Parts of the cases that are run beside each other where all are.
const PARTS: usize = 4;

/// How often an ESME sends, and looks whether it should end.
const TICK: Duration = Duration::from_millis(10);
/// How long one that leaves stays.
const STAY: Nanos = Nanos::from_millis(200);
const WINDOW: usize = 5;
/// How long it waits for an answer.
const RESPONSE: Nanos = Nanos::from_millis(400);

/// One session of an ESME.
struct Esme {
    manner: Manner,
    stream: TcpStream,
    inbox: Vec<u8>,
    sequence: u32,
    open: Vec<u32>,
    is_bound: bool,
    is_stopped: bool,
    is_stuck: bool,
    enquired: Nanos,
    /// When a submit_sm was sent or answered last.
    moved: Nanos,
    /// When the first of its unanswered enquire_link was sent.
    enquiry_open: Option<Nanos>,
}

/// Lets an ESME connect until nobody listens any more.
fn connects(manner: Manner, address: SocketAddr) {
    while let Ok(stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(TICK)).unwrap();
        let (inbox, open) = (Vec::new(), Vec::new());
        let esme = Esme {
            manner,
            stream,
            inbox,
            sequence: 0,
            open,
            is_bound: false,
            is_stopped: false,
            is_stuck: false,
            enquired: Clock::now(),
            moved: Clock::now(),
            enquiry_open: None,
        };
        // an end of the connection ends the session
        let _ = esme.lives();
        if manner == Manner::Once {
            return;
        }
    }
}

impl Esme {
    fn lives(mut self) -> std::io::Result<()> {
        let began = Clock::now();
        self.binds()?;
        loop {
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => self.inbox.extend_from_slice(&chunk[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) => return Err(e),
            }
            while let Some(one) = self.cut()? {
                self.takes(&one)?;
            }
            self.sends()?;
            if self.is_overdue(self.enquiry_open) {
                return Ok(());
            }
            if Clock::now().since(began) > STAY && self.manner == Manner::Leaves {
                let unbind = pdu(CommandId::UNBIND, 0, 9_999, &[]);
                self.stream.write_all(&unbind)?;
                self.manner = Manner::Good;
            }
            if Clock::now().since(began) > STAY && self.manner == Manner::DropsOut {
                return Ok(());
            }
        }
    }

    /// Whether what was sent then should have been answered.
    fn is_overdue(&self, sent: Option<Nanos>) -> bool {
        !matches!(self.manner, Manner::Patient | Manner::Waits)
            && sent.is_some_and(|sent| Clock::now().since(sent) > RESPONSE)
    }

    fn binds(&mut self) -> std::io::Result<()> {
        let strings = |version: u8, ton: u8| {
            [
                cstring(b"esme"),
                cstring(b"secret"),
                cstring(b""),
                vec![version, ton, 0],
                cstring(b""),
            ]
        };
        let (status, sequence, body) = match self.manner {
            Manner::BadBind => (1, 0, b"esme".to_vec()),
            Manner::WrongBind => {
                let [_, rest @ ..] = strings(0x50, 9);
                (0, 1, [cstring(&[b'x'; 30]), rest.concat()].concat())
            }
            _ => (0, 1, strings(0x34, 0).concat()),
        };
        self.sequence = sequence;
        let bind = pdu(CommandId::BIND_TRANSCEIVER, status, sequence, &body);
        self.stream.write_all(&bind)
    }

    fn cut(&mut self) -> std::io::Result<Option<Pdu>> {
        let length = Pdu(self.inbox.clone()).length() as usize;
        if self.inbox.len() < 4 || self.is_stuck {
            return Ok(None);
        }
        if !(16..70_000).contains(&length) {
            if matches!(self.manner, Manner::Mute | Manner::Waits) {
                self.is_stuck = self.manner == Manner::Waits;
                self.inbox.clear();
                return Ok(None);
            }
            return Err(ErrorKind::InvalidData.into());
        }
        let is_whole = self.inbox.len() >= length;
        Ok(is_whole.then(|| Pdu(self.inbox.drain(..length).collect())))
    }

    fn sends(&mut self) -> std::io::Result<()> {
        let is_early = self.manner == Manner::Hasty;
        if !(self.is_bound || is_early) || self.is_stopped {
            return Ok(());
        }
        if self.manner == Manner::Mute {
            // slowly: it would keep the examiner busy
            if Clock::now().since(self.enquired) < Nanos::from_millis(20) {
                return Ok(());
            }
            self.enquired = Clock::now();
            self.open.clear();
        }
        let most = match self.manner {
            Manner::NoWindow => 3_000,
            Manner::Mute => 1,
            _ => WINDOW,
        };
        let is_quiet = matches!(self.manner, Manner::Mute | Manner::BadFields | Manner::Hasty);
        if !is_quiet && Clock::now().since(self.enquired) > Nanos::from_millis(40) {
            self.enquired = Clock::now();
            self.enquiry_open.get_or_insert(self.enquired);
            let number = self.next();
            self.stream.write_all(&pdu(CommandId::ENQUIRE_LINK, 0, number, &[]))?;
        }
        if self.is_overdue(Some(self.moved)) {
            self.open.clear();
        }
        while self.open.len() < most {
            let number = self.next();
            self.open.push(number);
            self.moved = Clock::now();
            let octets = self.submit(number);
            self.stream.write_all(&octets)?;
        }
        Ok(())
    }

    fn next(&mut self) -> u32 {
        self.sequence = match self.manner {
            Manner::Gaps => self.sequence + 3,
            Manner::CountsDown if self.sequence > 1 => self.sequence - 1,
            Manner::CountsDown => 1_000_000,
            _ => self.sequence + 1,
        };
        self.sequence
    }

    fn submit(&self, number: u32) -> Vec<u8> {
        let good = Message {
            destination_kind: (1, 1),
            destination: b"447700900123".to_vec(),
            text: b"hello".to_vec(),
            ..Message::default()
        };
        match self.manner {
            Manner::CutBody => pdu(CommandId::SUBMIT_SM, 0, number, &good.body()[..20]),
            Manner::BadFields => {
                let message = Message {
                    service_type: b"TOOLONG".to_vec(),
                    source_kind: (9, 5),
                    esm_class: 0x7C,
                    priority: 9,
                    schedule: b"soon".to_vec(),
                    registered_delivery: 0xFF,
                    replace: 7,
                    data_coding: 0x0B,
                    text: vec![200, 1],
                    tlvs: [tlv(0x020E, &[2]), tlv(0x0424, b"x"), tlv(0x0204, &[1])].concat(),
                    ..good
                };
                pdu(CommandId::SUBMIT_SM, 1, 7, &message.body())
            }
            _ => pdu(CommandId::SUBMIT_SM, 0, number, &good.body()),
        }
    }

    fn takes(&mut self, one: &Pdu) -> std::io::Result<()> {
        if one.command() == CommandId::BIND_TRANSCEIVER_RESP {
            self.is_bound = one.is_ok();
            return if self.is_bound || self.manner == Manner::Hasty {
                Ok(())
            } else {
                Err(ErrorKind::ConnectionRefused.into())
            };
        }
        if self.manner == Manner::HangsUp {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if one.command() == CommandId::ENQUIRE_LINK_RESP {
            self.enquiry_open = None;
        }
        if one.command() == CommandId::SUBMIT_SM_RESP {
            self.moved = Clock::now();
        }
        if one.command().is_response() {
            if self.manner == Manner::LosesCount && self.open.first() != Some(&one.sequence()) {
                self.is_stopped = true;
            }
            self.open.retain(|number| *number != one.sequence());
            if self.manner == Manner::BadFields {
                self.open.clear();
            }
        }
        if self.manner == Manner::Hangs
            && one.command() == CommandId::DELIVER_SM
            && Message::read(one.body()).is_none()
        {
            (self.is_stuck, self.is_stopped) = (true, true);
            return Ok(());
        }
        let answer = self.answer(one);
        let times = if self.manner == Manner::Talkative { 2 } else { 1 };
        for _ in 0..times {
            self.stream.write_all(&answer)?;
        }
        if one.command() == CommandId::UNBIND && !matches!(self.manner, Manner::Mute | Manner::Busy)
        {
            if self.manner != Manner::Hasty {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            self.open.clear();
        }
        Ok(())
    }

    fn answer(&self, one: &Pdu) -> Vec<u8> {
        let (command, sequence) = (one.command(), one.sequence());
        let nack = || pdu(CommandId::GENERIC_NACK, 3, sequence, &[]);
        if matches!(self.manner, Manner::Mute | Manner::Busy) {
            return Vec::new();
        }
        if command.is_response() {
            let is_unknown = command == CommandId(0x8000_00FE);
            let nacks = match self.manner {
                Manner::Talkative => true,
                Manner::Gaps => is_unknown,
                _ => false,
            };
            return if nacks { nack() } else { Vec::new() };
        }
        let resp =
            |status: CommandStatus, body: &[u8]| pdu(command.response(), status.0, sequence, body);
        let ok = CommandStatus::ESME_ROK;
        let is_whole = Message::read(one.body())
            .is_some_and(|m| crate::conform::octets::Fields(&m.tlvs).tlvs().is_some());
        match command {
            CommandId::ENQUIRE_LINK | CommandId::UNBIND => resp(ok, &[]),
            CommandId::ALERT_NOTIFICATION if self.manner != Manner::Talkative => Vec::new(),
            CommandId::DELIVER_SM if self.manner == Manner::GivesIds => resp(ok, b"abc\0"),
            CommandId::DELIVER_SM if self.manner == Manner::Refuses || !is_whole => {
                resp(CommandStatus::ESME_RX_P_APPN, &[0])
            }
            CommandId::DELIVER_SM | CommandId::DATA_SM => resp(ok, &[0]),
            _ => nack(),
        }
    }
}

fn examine(manner: Manner, choice: &Choice) -> Run {
    examine_some(manner, 1, choice)
}

/// Examines an ESME with so many sessions.
fn examine_some(manner: Manner, sessions_count: usize, choice: &Choice) -> Run {
    let plan = plan_of("");
    let mut settings = with_waits(Settings::of(&plan).unwrap(), Waiting::Usual);
    settings.waits.answer = Nanos::from_millis(if manner == Manner::Mute { 60 } else { 500 });
    settings.waits.silence = Nanos::from_millis(60);
    settings.waits.peer = Nanos::from_millis(400);
    settings.waits.late = Nanos::from_millis(500);
    settings.waits.case = Nanos::from_secs(3);
    settings.timers.enquire_link = Some(Nanos::from_millis(50));
    settings.timers.response = Some(RESPONSE);
    let chosen = choice.of(&cases(Role::Esme)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..sessions_count {
            std::thread::spawn(move || connects(manner, address));
        }
        let mut examiner = Examiner::of_esme(settings, listener);
        run(&mut examiner, &chosen, Limits { disturb: true }, &|| false, &mut |_| {}).await
    })
}

#[test]
fn an_esme_that_behaves_passes_every_case() {
    let run = examine(Manner::Good, &Choice { skip: vec!["4.2.1-53".into()], ..Choice::default() });
    assert_eq!(run.stopped, None);
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
        assert!(!result.exchange.is_empty() || id.starts_with("5.1"), "{id} shows no octets");
    }
    let leaves = examine(Manner::Leaves, &only(&["4.2.1-53"]));
    assert_eq!(
        leaves.results[0].verdict.outcome,
        Outcome::Pass,
        "{}",
        leaves.results[0].verdict.seen
    );
}

#[test]
fn further_sessions_of_an_esme_are_served_beside_the_examined_one_and_change_no_outcome() {
    let all = Choice { skip: vec!["4.2.1-53".into()], ..Choice::default() };
    let run = examine_some(Manner::Good, 3, &all);
    assert_eq!((run.stopped, run.further_sessions_count), (None, 2));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
    }
}

#[test]
fn every_case_of_an_esme_has_a_broken_one_that_it_does_not_pass() {
    let of_manner = |(manner, patterns): (Manner, &[&str])| {
        let count = if patterns.is_empty() { PARTS } else { 1 };
        parts(Role::Esme, patterns, count).into_iter().map(move |choice| (manner, choice))
    };
    let all: Vec<(Manner, Choice)> = BROKEN.into_iter().flat_map(of_manner).collect();
    let mut found = BTreeSet::new();
    for run in at_once(&all, |(manner, choice)| examine(*manner, choice)) {
        let failed = run
            .results
            .iter()
            .filter(|result| matches!(result.verdict.outcome, Outcome::Fail | Outcome::Lenient));
        found.extend(failed.map(|result| result.case.id));
    }
    let blind: Vec<&str> =
        cases(Role::Esme).iter().map(|case| case.id).filter(|id| !found.contains(id)).collect();
    assert!(blind.is_empty(), "no broken ESME fails {blind:?}");
}

#[test]
fn each_broken_esme_fails_the_cases_of_its_fault_and_no_others() {
    let failed = |manner: Manner, patterns: &[&str]| -> Vec<&'static str> {
        let run = examine(manner, &only(patterns));
        let failed = run.results.iter().filter(|r| r.verdict.outcome == Outcome::Fail);
        failed.map(|r| r.case.id).collect()
    };
    assert_eq!(failed(Manner::GivesIds, &["4.6*"]), ["4.6.2-54"]);
    assert_eq!(failed(Manner::CountsDown, &["4.4.1*", "5.1*"]), ["5.1.4-54"]);
    assert_eq!(
        failed(Manner::WrongBind, &["4.1.1*", "5.2.4*", "5.2.5-51"]),
        ["4.1.1-52", "5.2.4-51", "5.2.5-51"]
    );
}

#[test]
fn gaps_between_sequence_numbers_and_a_generic_nack_of_an_unknown_response_are_allowed() {
    let run = examine(Manner::Gaps, &only(&["4.4.1*", "5.1.4*", "4.3.1-53"]));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
    }
}

#[test]
fn an_esme_that_sends_all_the_time_does_not_put_off_the_end_of_a_case() {
    let run = examine(Manner::Busy, &only(&["5.1.2-51", "4.2.1-51"]));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Fail, "{id}: {}", verdict.seen);
        assert!(verdict.seen.starts_with("the peer did not answer in time"), "{}", verdict.seen);
    }
}

/// The outcome of each case, and whether the ESME bound for it.
fn outcomes(run: &Run) -> Vec<(&'static str, Outcome, bool)> {
    let binds = |one: &Exchanged| !one.is_sent && Pdu(one.octets.clone()).command().is_bind();
    let of = |r: &CaseResult| (r.case.id, r.verdict.outcome, r.exchange.iter().any(binds));
    run.results.iter().map(of).collect()
}

#[test]
fn an_esme_that_waits_for_ever_behind_a_bad_length_gets_a_new_session_for_the_next_case() {
    let run = examine(Manner::Waits, &only(&["4.11.1-51", "5.1.1-53", "2.4-54"]));
    let wanted = [("4.11.1-51", Outcome::Pass, true), ("5.1.1-53", Outcome::Fail, false)];
    assert_eq!(outcomes(&run), [&wanted[..], &[("2.4-54", Outcome::Fail, true)]].concat());
}

#[test]
fn a_session_that_died_of_one_case_is_not_held_against_the_next() {
    let run = examine(Manner::Hangs, &only(&["4.6.1-51", "5.3.2-51", "4.7.1-51", "4.2.1-51"]));
    let wanted = [("4.6.1-51", Outcome::Fail, true), ("5.3.2-51", Outcome::Pass, true)];
    let rest = [("4.7.1-51", Outcome::Pass, false), ("4.2.1-51", Outcome::Pass, false)];
    assert_eq!(outcomes(&run), [wanted, rest].concat());
    let seen = &run.results[0].verdict.seen;
    assert!(seen.ends_with("; nor is an enquire_link after it answered"), "{seen}");
}

#[test]
fn every_case_of_an_esme_says_how_much_it_matters() {
    let levels = cases(Role::Esme);
    assert!(levels.iter().filter(|case| case.level == Level::Must).count() >= 20);
    assert!(levels.iter().all(|case| case.cost == 0), "the ESME sends, not we");
}
