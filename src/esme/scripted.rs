//! One worker against an SMSC that a test scripts, on a virtual clock: every submit_sm is put to a closure, which
//! answers whenever and whatever it likes.
use super::Core;
use super::orders::{Event, Order, WorkerAssignment};
use super::setup::Setup;
use crate::kit::{NS_PER_S, Nanos};
use crate::measure::{CutReason, RunRecord};
use crate::net::{End, Endpoint};
use crate::plan::{Overrides, Plan, Source, load};
use crate::smpp::{CommandId, CommandStatus, Header, frame, pdu};
use bytes::BytesMut;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the SMSC sends, and when.
#[derive(Default)]
pub(super) struct Smsc {
    now: Nanos,
    coming: BTreeMap<(Nanos, u64), (u32, Vec<u8>)>,
    sent: u64,
}

impl Smsc {
    /// Sends these octets on a session after so many milliseconds.
    pub(super) fn send(&mut self, session: u32, after_ms: u64, octets: Vec<u8>) {
        self.sent += 1;
        let at = self.now + Nanos::from_millis(after_ms);
        self.coming.insert((at, self.sent), (session, octets));
    }
    /// Answers a submit_sm at once.
    pub(super) fn accept(&mut self, session: u32, number: u32, id: &str) {
        let mut out = BytesMut::new();
        pdu::submit_sm_resp(CommandStatus::ESME_ROK, number, id.as_bytes(), &mut out);
        self.send(session, 0, out.to_vec());
    }
    /// A receipt DELIVRD after so many milliseconds.
    pub(super) fn receipt(&mut self, session: u32, after_ms: u64, id: &str) {
        let text = said(id, "DELIVRD", "000");
        self.send(session, after_ms, deliver(4, 0, text.as_bytes(), &[]));
    }
}

/// The text of a receipt.
pub(super) fn said(id: &str, stat: &str, err: &str) -> String {
    format!(
        "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:{stat} err:{err} text:"
    )
}

/// A deliver_sm.
pub(super) fn deliver(esm_class: u8, data_coding: u8, text: &[u8], tlvs: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let sm = pdu::DeliverSm {
        source_addr: b"447700900001",
        destination_addr: b"1234",
        esm_class,
        data_coding,
        short_message: text,
        tlvs: crate::smpp::Tlvs(tlvs),
        ..pdu::DeliverSm::default()
    };
    sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
    out.to_vec()
}

/// Plays a profile. `submit`: (the SMSC, session, sequence_number, the PDU).
pub(super) fn play(
    profile: &str,
    mut submit: impl FnMut(&mut Smsc, u32, u32, &[u8]),
) -> (Arc<Plan>, RunRecord) {
    const STEP: Nanos = Nanos::from_millis(1);
    let source = Source::Text { name: "t.toml".into(), text: profile.into() };
    let plan = Arc::new(load(&source, &Overrides::default()).expect("the test's profile"));
    let share = WorkerAssignment { plan: plan.clone(), worker: 0, workers: 1, near: 0..1 };
    let mut core = Core::new(&share, 0).expect("a plan that can be carried out");
    let keys = Setup::cell_keys(&plan);
    let mut record = RunRecord::new(Setup::range(&plan), 0);
    let mut smsc = Smsc { now: Nanos(NS_PER_S), ..Smsc::default() };
    let sessions = core.sessions_count() as u32;
    (0..sessions).for_each(|s| core.connected(s, smsc.now));
    let start = smsc.now + Nanos::from_millis(10);
    let load_ends = Setup::new(plan.clone(), 1).expect("it was made above").load_ends();
    let (mut started, mut drained, mut stopped) = (false, false, false);
    let mut events = Vec::new();
    while !core.finished() {
        let now = smsc.now;
        if !started && now >= start {
            started = true;
            core.order(&Order::Start { at: start }, now);
        }
        if !drained && now >= start + load_ends {
            drained = true;
            core.order(&Order::Drain { until: load_ends + plan.timeouts.drain }, now);
        }
        core.tick(now);
        while let Some((&(at, number), _)) =
            smsc.coming.first_key_value().filter(|(k, _)| k.0 <= now)
        {
            let (session, octets) = smsc.coming.remove(&(at, number)).expect("just seen");
            assert_eq!(core.on_octets(session, &octets, now), octets.len(), "whole PDUs");
        }
        for session in 0..sessions {
            let octets = core.out(session).split().to_vec();
            core.wrote(session, octets.len(), now);
            let mut rest = &octets[..];
            while let Ok(Some(length)) = frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
                let (pdu, others) = rest.split_at(length);
                rest = others;
                answer(&mut core, &mut smsc, session, pdu, &mut submit);
            }
        }
        core.take_events(&mut events);
        for event in events.drain(..) {
            match event {
                Event::Interval(interval) => record.absorb(&interval, &keys, &|_| Some(0)),
                Event::Final(last) => record.absorb(&last.interval, &keys, &|_| Some(0)),
                Event::Quiet { quiet: true, .. } if drained && !stopped => {
                    stopped = true;
                    core.order(&Order::Stop, now);
                }
                Event::Foreign { what } => {
                    record.cut_reason = Some(CutReason::ForeignTraffic(what))
                }
                _ => {}
            }
        }
        if now > start + load_ends + plan.receipts.deadline + plan.receipts.deadline && !stopped {
            stopped = true;
            core.order(&Order::Stop, now);
        }
        smsc.now += STEP;
        assert!(smsc.now.0 < 3_600 * NS_PER_S, "it does not end");
    }
    record.load_ended = load_ends;
    record.ended = smsc.now.since(start);
    record.settle_rows();
    (plan, record)
}

fn answer(
    core: &mut Core,
    smsc: &mut Smsc,
    session: u32,
    pdu: &[u8],
    submit: &mut impl FnMut(&mut Smsc, u32, u32, &[u8]),
) {
    let header = Header::read(pdu).expect("a whole PDU");
    let mut resp = pdu[..Header::OCTETS].to_vec();
    resp[3] = Header::OCTETS as u8;
    resp[4] |= 0x80;
    match header.command_id {
        CommandId::SUBMIT_SM => submit(smsc, session, header.sequence_number, pdu),
        CommandId::BIND_TRANSCEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_RECEIVER => {
            resp[3] += 5;
            resp.extend(b"smsc\0");
            smsc.send(session, 0, resp);
        }
        CommandId::ENQUIRE_LINK => smsc.send(session, 0, resp),
        CommandId::UNBIND => {
            let now = smsc.now;
            core.on_octets(session, &resp, now);
            core.disconnected(session, &End::PeerClosed, now);
        }
        _ => {}
    }
}
