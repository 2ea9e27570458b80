//! A gateway for tests: an SMPP server in front and a client behind, on a virtual clock. It passes on what it gets with
//! fixed delays, and does wrong what it is told to, one message in a hundred for each plant.
use super::plants::{Field, Plant};
use crate::kit::Nanos;
use crate::smpp::pdu::{self, Body, DeliverSm, SubmitSm};
use crate::smpp::segment::Concatenation;
use crate::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv, receipt};
use bytes::BytesMut;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// A session of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Peer {
    /// In front: its number.
    Client(u32),
    /// Behind: the upstream, and its session.
    Upstream(u32, u32),
}

/// What the relay does, and how long it takes.
#[derive(Clone, Debug, Default)]
pub(in crate::through) struct Habits {
    pub(in crate::through) forward: Nanos,
    pub(in crate::through) response: Nanos,
    pub(in crate::through) receipt: Nanos,
    pub(in crate::through) mo: Nanos,
    /// What goes wrong: plant k with the messages whose number is k modulo 100.
    pub(in crate::through) plants: Vec<Plant>,
    /// Answers every submit_sm by itself, and passes it on then.
    pub(in crate::through) answers_itself: bool,
    /// Messages a second that it passes on, one after the other. 0: any number.
    pub(in crate::through) rate: u64,
    /// What it does with those that come faster.
    pub(in crate::through) beyond: Beyond,
    /// Every so many MO, from above: one is lost, the next doubled, the next altered. 0: none.
    pub(in crate::through) mo_wrong_every: u64,
}

/// What a gateway does with messages that come faster than it passes them on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::through) enum Beyond {
    /// Passes them on later.
    #[default]
    Queues,
    /// Rejects them with ESME_RTHROTTLED.
    Throttles,
    /// Accepts them, and loses those for which this many already wait.
    Loses(u64),
}

/// A message of ours that was passed on and is not answered.
#[derive(Clone, Debug)]
struct Passed {
    client: u32,
    sequence: u32,
    number: u64,
    plant: Option<Plant>,
    /// Whether the answer goes to the client.
    answers: bool,
}

/// When, in which order, to whom, and the octets.
type DueWrite = (Nanos, u64, Peer, Vec<u8>);

/// A gateway.
#[derive(Debug, Default)]
pub(super) struct Relay {
    habits: Habits,
    /// PDUs to write, by time.
    due: BinaryHeap<Reverse<DueWrite>>,
    order: u64,
    sequence: u32,
    /// Messages and MO so far.
    number: u64,
    mo_number: u64,
    passed: HashMap<(Peer, u32), Passed>,
    /// By upstream and id there: what it was.
    ids: HashMap<(u32, Vec<u8>), Passed>,
    /// Messages that wait for the next one of their session.
    held: HashMap<u32, Vec<(Peer, Vec<u8>)>>,
    /// Responses that wait for their receipt.
    late_responses: HashMap<u64, (Peer, Vec<u8>)>,
    /// deliver_sm that were passed on: to whom their answer goes.
    deliveries: HashMap<(Peer, u32), (Peer, u32)>,
    clients: Vec<(u32, Vec<u8>)>,
    /// When the next message may be passed on.
    free_at: Nanos,
    /// Sessions of each upstream.
    pub(super) upstreams: [Vec<u32>; 2],
    /// How often each plant was done.
    pub(super) planted: BTreeMap<Plant, u64>,
    /// MO that were lost, doubled and altered.
    pub(super) mo_planted: [u64; 3],
}

fn with_sequence(frame: &[u8], sequence: u32) -> Vec<u8> {
    let mut out = frame.to_vec();
    out[12..16].copy_from_slice(&sequence.to_be_bytes());
    out
}

impl Relay {
    pub(super) fn new(habits: Habits) -> Relay {
        Relay { habits, ..Relay::default() }
    }

    fn send(&mut self, at: Nanos, to: Peer, octets: Vec<u8>) {
        self.order += 1;
        self.due.push(Reverse((at, self.order, to, octets)));
    }

    /// When [`Relay::take_due`] has something; MAX: never.
    pub(super) fn next_due(&self) -> Nanos {
        self.due.peek().map_or(Nanos::MAX, |Reverse((at, ..))| *at)
    }

    /// Takes the next PDU that is to be written at `now`.
    pub(super) fn take_due(&mut self, now: Nanos) -> Option<(Peer, Vec<u8>)> {
        if self.next_due() > now {
            return None;
        }
        self.due.pop().map(|Reverse((_, _, to, octets))| (to, octets))
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    /// A session behind is connected: it binds.
    pub(super) fn connected(&mut self, upstream: u32, session: u32, now: Nanos) {
        self.upstreams[upstream as usize].push(session);
        let bind =
            pdu::Bind { system_id: b"relay", interface_version: 0x34, ..pdu::Bind::default() };
        let mut out = BytesMut::new();
        let sequence = self.next_sequence();
        bind.encode(CommandId::BIND_TRANSCEIVER, CommandStatus::ESME_ROK, sequence, &mut out);
        self.send(now, Peer::Upstream(upstream, session), out.to_vec());
    }

    /// Every session in front is gone, with what was to be written there.
    pub(super) fn clients_are_gone(&mut self) {
        self.clients.clear();
        self.held.clear();
        self.late_responses.clear();
        self.deliveries.clear();
        self.ids.clear();
        self.passed.values_mut().for_each(|passed| passed.answers = false);
        self.due.retain(|Reverse((_, _, to, _))| matches!(to, Peer::Upstream(..)));
    }

    /// When a message that comes at `now` is passed on. None: it is not, as too many come.
    fn turn(&mut self, now: Nanos) -> Option<Nanos> {
        let Some(gap) = Nanos::from_secs(1).0.checked_div(self.habits.rate) else {
            return Some(now);
        };
        let waits = self.free_at.since(now).0;
        let is_too_much = match self.habits.beyond {
            Beyond::Queues => false,
            Beyond::Throttles => waits > 0,
            Beyond::Loses(most) => waits > most * gap,
        };
        if is_too_much {
            return None;
        }
        let at = self.free_at.max(now);
        self.free_at = at + Nanos(gap);
        Some(at)
    }

    /// A PDU came from the client in front.
    pub(super) fn on_client_pdu(&mut self, client: u32, frame: &[u8], now: Nanos) {
        let Some(header) = Header::read(frame) else { return };
        let peer = Peer::Client(client);
        let answer = |id: CommandId, body: &[u8]| {
            let mut out = BytesMut::new();
            pdu::header_only(id, CommandStatus::ESME_ROK, header.sequence_number, &mut out);
            out.extend_from_slice(body);
            let length = out.len() as u32;
            out[..4].copy_from_slice(&length.to_be_bytes());
            out.to_vec()
        };
        match header.command_id {
            CommandId::BIND_TRANSCEIVER => {
                let Ok(pdu::Pdu { body: Body::BindTransceiver(bind), .. }) = pdu::decode(frame)
                else {
                    return;
                };
                self.clients.push((client, bind.system_id.to_vec()));
                self.send(now, peer, answer(CommandId::BIND_TRANSCEIVER_RESP, b"relay\0"));
            }
            CommandId::ENQUIRE_LINK => {
                self.send(now, peer, answer(CommandId::ENQUIRE_LINK_RESP, b""));
            }
            CommandId::UNBIND => self.send(now, peer, answer(CommandId::UNBIND_RESP, b"")),
            CommandId::SUBMIT_SM => self.submit(client, &header, frame, now),
            CommandId::DELIVER_SM_RESP => {
                let to = self.deliveries.remove(&(peer, header.sequence_number));
                if let Some((to, sequence)) = to {
                    let at = now + self.habits.response;
                    self.send(at, to, with_sequence(frame, sequence));
                }
            }
            _ => {}
        }
    }

    /// What goes wrong with a message.
    fn plant(&mut self, number: u64, sm: &SubmitSm<'_>) -> Option<Plant> {
        let plant = *self.habits.plants.get((number % 100) as usize)?;
        let is_payload = sm.tlvs.get(Tag::MESSAGE_PAYLOAD).is_some();
        let fits = match plant {
            Plant::Resegment => is_payload,
            // only where nothing is in message_payload
            Plant::Alter(_) => !is_payload,
            _ => true,
        };
        if fits {
            *self.planted.entry(plant).or_default() += 1;
        }
        fits.then_some(plant)
    }

    fn submit(&mut self, client: u32, header: &Header, frame: &[u8], now: Nanos) {
        let Ok(pdu::Pdu { body: Body::SubmitSm(sm), .. }) = pdu::decode(frame) else { return };
        let number = self.number;
        self.number += 1;
        let sequence = header.sequence_number;
        let Some(turn) = self.turn(now) else {
            let status = match self.habits.beyond {
                Beyond::Throttles => CommandStatus::ESME_RTHROTTLED,
                Beyond::Queues | Beyond::Loses(_) => CommandStatus::ESME_ROK,
            };
            return self.answer(client, sequence, number, status, now);
        };
        let plant = self.plant(number, &sm);
        let is_second = sm.destination_addr.get(9).is_some_and(|digit| *digit >= b'5');
        let upstream = u32::from(is_second ^ (plant == Some(Plant::Misroute)));
        let to = Peer::Upstream(upstream, self.upstreams[upstream as usize][(number % 2) as usize]);
        let by_itself = self.habits.answers_itself || plant == Some(Plant::AnswerFirst);
        let (mut answers, at) = (!by_itself, turn + self.habits.forward);
        if by_itself || plant == Some(Plant::Lose) {
            self.answer(client, sequence, number, CommandStatus::ESME_ROK, now);
        }
        match plant {
            Some(Plant::Lose) => return,
            Some(Plant::Ghost) => {
                self.answer(client, sequence, number, CommandStatus::ESME_RSUBMITFAIL, now);
                answers = false;
            }
            Some(Plant::NoAnswer) => answers = false,
            _ => {}
        }
        let passed = Passed { client, sequence, number, plant, answers };
        for (n, octets) in self.outgoing(&sm, plant, number).into_iter().enumerate() {
            let sequence = self.next_sequence();
            // the first of several PDUs answers for all
            let passed = Passed { answers: passed.answers && n == 0, ..passed.clone() };
            self.passed.insert((to, sequence), passed);
            let octets = with_sequence(&octets, sequence);
            if plant == Some(Plant::Reorder) {
                self.held.entry(client).or_default().push((to, octets));
                continue;
            }
            self.send(at, to, octets);
            if plant != Some(Plant::Misroute) {
                for (to, held) in self.held.remove(&client).unwrap_or_default() {
                    self.send(at + Nanos::from_micros(1), to, held);
                }
            }
        }
    }

    /// The PDUs that a message comes out in.
    fn outgoing(&mut self, sm: &SubmitSm<'_>, plant: Option<Plant>, number: u64) -> Vec<Vec<u8>> {
        let encoded = |sm: &SubmitSm<'_>| {
            let mut out = BytesMut::new();
            sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
            out.to_vec()
        };
        let one = encoded(sm);
        match plant {
            Some(Plant::Double) => vec![one.clone(), one],
            Some(Plant::Invent) => {
                let text = b"who sent this?";
                vec![one, encoded(&SubmitSm { short_message: text, tlvs: Tlvs(&[]), ..*sm })]
            }
            Some(Plant::Alter(Field::Text)) => {
                let mut text = sm.short_message.to_vec();
                text[0] = if text[0] == b'X' { b'Y' } else { b'X' };
                vec![encoded(&SubmitSm { short_message: &text, ..*sm })]
            }
            Some(Plant::Alter(Field::Tlv)) => {
                let mut run = BytesMut::new();
                put_tlv(Tag::SOURCE_PORT, &[9, 9], &mut run);
                let others = sm.tlvs.iter().filter_map(Result::ok);
                for (tag, value) in others.filter(|(tag, _)| *tag != Tag::SOURCE_PORT) {
                    put_tlv(tag, value, &mut run);
                }
                vec![encoded(&SubmitSm { tlvs: Tlvs(&run), ..*sm })]
            }
            Some(Plant::Alter(field)) => {
                let mut sm = *sm;
                field.change(&mut sm);
                vec![encoded(&sm)]
            }
            Some(Plant::Resegment) => {
                let payload = sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
                let total = payload.len().div_ceil(100) as u8;
                let parts = (1..=total).zip(payload.chunks(100));
                let cut = parts.map(|(seqnum, chunk)| {
                    let tie = Concatenation::Udh16 { total, seqnum };
                    let text = [&tie.udh(number as u16)[..], chunk].concat();
                    let esm_class = sm.esm_class | tie.esm_class();
                    let mut run = BytesMut::new();
                    let others = sm.tlvs.iter().filter_map(Result::ok);
                    for (tag, value) in others.filter(|(tag, _)| *tag != Tag::MESSAGE_PAYLOAD) {
                        put_tlv(tag, value, &mut run);
                    }
                    encoded(&SubmitSm { short_message: &text, esm_class, tlvs: Tlvs(&run), ..*sm })
                });
                cut.collect()
            }
            _ => vec![one],
        }
    }

    fn answer(
        &mut self,
        client: u32,
        sequence: u32,
        number: u64,
        status: CommandStatus,
        now: Nanos,
    ) {
        let mut out = BytesMut::new();
        let id = if status.is_ok() { format!("F{number}") } else { String::new() };
        pdu::submit_sm_resp(status, sequence, id.as_bytes(), &mut out);
        self.send(now + self.habits.response, Peer::Client(client), out.to_vec());
    }

    /// A PDU came from an upstream.
    pub(super) fn on_upstream_pdu(
        &mut self,
        upstream: u32,
        session: u32,
        frame: &[u8],
        now: Nanos,
    ) {
        let Some(header) = Header::read(frame) else { return };
        let peer = Peer::Upstream(upstream, session);
        match header.command_id {
            CommandId::SUBMIT_SM_RESP => {
                let Some(passed) = self.passed.remove(&(peer, header.sequence_number)) else {
                    return;
                };
                let Passed { client, sequence, number, plant, answers } = passed.clone();
                let id = pdu::message_id(frame).unwrap_or_default().to_vec();
                self.ids.insert((upstream, id), passed);
                if answers && plant == Some(Plant::ReceiptFirst) {
                    let mut out = BytesMut::new();
                    let id = format!("F{number}");
                    let status = header.command_status;
                    pdu::submit_sm_resp(status, sequence, id.as_bytes(), &mut out);
                    self.late_responses.insert(number, (Peer::Client(client), out.to_vec()));
                } else if answers {
                    self.answer(client, sequence, number, header.command_status, now);
                }
            }
            CommandId::DELIVER_SM => self.deliver(peer, upstream, &header, frame, now),
            _ => {}
        }
    }

    fn deliver(&mut self, from: Peer, upstream: u32, header: &Header, frame: &[u8], now: Nanos) {
        let Ok(pdu::Pdu { body: Body::DeliverSm(sm), .. }) = pdu::decode(frame) else { return };
        let back = (from, header.sequence_number);
        match receipt::read(&sm).map(|receipt| receipt.id.to_vec()) {
            None => self.mo(&sm, back, now),
            Some(id) => {
                let mut out = BytesMut::new();
                let sequence = header.sequence_number;
                pdu::deliver_sm_resp(CommandStatus::ESME_ROK, sequence, &mut out);
                self.send(now, from, out.to_vec());
                let Some(passed) = self.ids.remove(&(upstream, id.clone())) else { return };
                // one receipt for a message, whatever it came out in
                let has_further = matches!(passed.plant, Some(Plant::Invent | Plant::Resegment));
                let is_further = has_further && !passed.answers && !self.habits.answers_itself;
                let no_id = matches!(passed.plant, Some(Plant::Ghost));
                if !is_further && !no_id {
                    self.receipt(&sm, &id, &passed, now);
                }
            }
        }
    }

    fn receipt(&mut self, sm: &DeliverSm<'_>, id: &[u8], passed: &Passed, now: Nanos) {
        let Passed { client, number, plant, .. } = *passed;
        let mut text = String::from_utf8_lossy(sm.short_message).into_owned();
        text = text.replace(&String::from_utf8_lossy(id).into_owned(), &format!("F{number}"));
        let mut tlvs = vec![(Tag::RECEIPTED_MESSAGE_ID, format!("F{number}\0").into_bytes())];
        let mut state = 2_u8;
        let mut to = client;
        match plant {
            Some(Plant::SwallowReceipt) => return,
            Some(Plant::ReceiptState) => {
                text = text.replace("stat:DELIVRD", "stat:EXPIRED");
                state = 3;
            }
            Some(Plant::ReceiptErr) => text = text.replace("err:000", "err:077"),
            Some(Plant::ReceiptDate) => {
                let at = text.find("done date:").expect("there is a date") + "done date:".len();
                text.replace_range(at..at + 6, "250203");
            }
            Some(Plant::ReceiptText) => text.push_str("changed"),
            Some(Plant::ReceiptOtherAccount) => to = self.other(client, false),
            Some(Plant::ReceiptOtherBind) => to = self.other(client, true),
            _ => {}
        }
        tlvs.push((Tag::MESSAGE_STATE, vec![state]));
        let at = now + self.habits.receipt;
        let copies = if plant == Some(Plant::DoubleReceipt) { 2 } else { 1 };
        for _ in 0..copies {
            self.send_receipt(sm, &text, &tlvs, to, at);
        }
        if plant == Some(Plant::ReceiptInvent) {
            let text = text.replace(&format!("F{number}"), &format!("N{number}"));
            tlvs[0].1 = format!("N{number}\0").into_bytes();
            self.send_receipt(sm, &text, &tlvs, to, at);
        }
        if let Some((peer, response)) = self.late_responses.remove(&number) {
            self.send(at + Nanos::from_millis(1), peer, response);
        }
    }

    fn send_receipt(
        &mut self,
        sm: &DeliverSm<'_>,
        text: &str,
        tlvs: &[(Tag, Vec<u8>)],
        to: u32,
        at: Nanos,
    ) {
        let mut run = BytesMut::new();
        tlvs.iter().for_each(|(tag, value)| put_tlv(*tag, value, &mut run));
        let changed = DeliverSm { short_message: text.as_bytes(), tlvs: Tlvs(&run), ..*sm };
        let mut out = BytesMut::new();
        let sequence = self.next_sequence();
        changed.encode(CommandStatus::ESME_ROK, sequence, &mut out);
        self.send(at, Peer::Client(to), out.to_vec());
    }

    /// Another session: of the same account, or of another one.
    fn other(&self, client: u32, same_account: bool) -> u32 {
        let account = |client: u32| {
            self.clients.iter().find(|(known, _)| *known == client).map(|(_, account)| account)
        };
        let fits = |(other, of): &&(u32, Vec<u8>)| {
            *other != client && (account(client) == Some(of)) == same_account
        };
        self.clients.iter().find(fits).map_or(client, |(other, _)| *other)
    }

    fn mo(&mut self, sm: &DeliverSm<'_>, back: (Peer, u32), now: Nanos) {
        let number = self.mo_number;
        self.mo_number += 1;
        let wrong = number.checked_rem(self.habits.mo_wrong_every).filter(|wrong| *wrong < 3);
        if let Some(wrong) = wrong {
            self.mo_planted[wrong as usize] += 1;
        }
        let client = self.clients[(number % self.clients.len() as u64) as usize].0;
        let copies = match wrong {
            Some(0) => 0,
            Some(1) => 2,
            _ => 1,
        };
        let mut sm = *sm;
        if wrong == Some(2) {
            sm.protocol_id = 7;
        }
        for _ in 0..copies {
            let mut out = BytesMut::new();
            let sequence = self.next_sequence();
            sm.encode(CommandStatus::ESME_ROK, sequence, &mut out);
            self.deliveries.insert((Peer::Client(client), sequence), back);
            self.send(now + self.habits.mo, Peer::Client(client), out.to_vec());
        }
        if copies == 0 {
            let mut out = BytesMut::new();
            pdu::deliver_sm_resp(CommandStatus::ESME_ROK, back.1, &mut out);
            self.send(now, back.0, out.to_vec());
        }
    }
}
