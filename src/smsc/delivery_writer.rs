//! The scribe: writes deliver_sm (and data_sm) for receipts and mobile-originated messages.
//!
//! A receipt is put together in one array and appended once; dates are rendered once a second. Knows no
//! session and no clock.
use super::id_generator::{Id, IdGenerator};
use super::pending_delivery::{Kind, PendingDelivery};
use crate::kit::{NS_PER_S, Nanos};
use crate::plan::behaviour::{Behaviour, ReceiptShape};
use crate::smpp::pdu::DeliverSm;
use crate::smpp::receipt::{Date, MessageState};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv};
use bytes::BytesMut;

/// A page of octets on the stack; a receipt is never longer.
struct PduBuf {
    octets: [u8; 512],
    len: usize,
}

impl PduBuf {
    #[inline]
    fn put<const N: usize>(&mut self, octets: &[u8; N]) {
        self.octets[self.len..self.len + N].copy_from_slice(octets);
        self.len += N;
    }
    /// Puts `octets` down whole and keeps the first `len`: a move of a fixed size.
    #[inline]
    fn put_front<const N: usize>(&mut self, (octets, len): (&[u8; N], usize)) {
        self.octets[self.len..self.len + N].copy_from_slice(octets);
        self.len += len;
    }
    fn put_slice(&mut self, octets: &[u8]) {
        self.octets[self.len..self.len + octets.len()].copy_from_slice(octets);
        self.len += octets.len();
    }
}

/// A date as last rendered.
#[derive(Clone, Copy, Debug)]
struct Rendered {
    second: u64,
    text: [u8; 12],
}

impl Rendered {
    const NONE: Rendered = Rendered { second: u64::MAX, text: *b"000000000000" };

    #[inline]
    fn at(&mut self, wall_ns: u64) -> &[u8; 12] {
        let second = wall_ns / NS_PER_S;
        if second != self.second {
            let mut out = BytesMut::with_capacity(12);
            Date::of_unix_ns(wall_ns).write(true, &mut out);
            self.text.copy_from_slice(&out);
            self.second = second;
        }
        &self.text
    }
}

/// Writes deliveries as the behaviour has them.
#[derive(Clone, Debug)]
pub(super) struct DeliveryWriter {
    shape: ReceiptShape,
    /// With its NUL.
    service_type: Vec<u8>,
    errs: Vec<Option<String>>,
    wall_ns_at_zero: u64,
    submitted: Rendered,
    done: Rendered,
    texts: Vec<Text>,
    ticket_tlv: bool,
}

/// A text of an MO, ready to be sent.
#[derive(Clone, Debug)]
struct Text {
    data_coding: u8,
    octets: Vec<u8>,
}

/// The text of an MO where none is given.
const MO_TEXT: &str = "STOP";
/// MO go to this short code (ours; docs/smpp/openmarket.md names none).
const MO_DESTINATION: &[u8] = b"60601";

impl DeliveryWriter {
    pub(super) fn new(behaviour: &Behaviour, wall_ns_at_zero: u64) -> DeliveryWriter {
        let mut service_type: Vec<u8> = behaviour.habits.service_type.bytes().take(5).collect();
        service_type.push(0);
        let written = behaviour.mo.texts.iter().map(|text| Text::new(text));
        let lengths = behaviour.mo.lengths.iter().map(|length| usize::from(*length));
        let filled = lengths.map(|length| Text { data_coding: 0, octets: vec![b'x'; length] });
        let mut texts: Vec<Text> = written.chain(filled).collect();
        if texts.is_empty() {
            texts.push(Text::new(MO_TEXT));
        }
        DeliveryWriter {
            shape: behaviour.receipts.format,
            service_type,
            errs: behaviour.rules.iter().map(|rule| rule.err.clone()).collect(),
            wall_ns_at_zero,
            submitted: Rendered::NONE,
            done: Rendered::NONE,
            texts,
            ticket_tlv: behaviour.mo.ticket_tlv,
        }
    }

    /// Appends one delivery.
    #[inline]
    pub(super) fn write(
        &mut self,
        letter: &PendingDelivery,
        sequence: u32,
        now: Nanos,
        mint: &IdGenerator,
        out: &mut BytesMut,
    ) {
        match letter.kind {
            Kind::Final | Kind::Copy => self.receipt(letter, 0x04, sequence, now, mint, out),
            Kind::Intermediate => self.receipt(letter, 0x20, sequence, now, mint, out),
            Kind::Mo => self.mo(letter, sequence, mint, out),
        }
    }

    #[inline]
    fn receipt(
        &mut self,
        letter: &PendingDelivery,
        esm_class: u8,
        sequence: u32,
        now: Nanos,
        mint: &IdGenerator,
        out: &mut BytesMut,
    ) {
        let mut page = PduBuf { octets: [0; 512], len: 4 };
        let data = self.shape == ReceiptShape::DataSm;
        let command_id = if data { CommandId::DATA_SM } else { CommandId::DELIVER_SM };
        let id = mint.in_receipt(letter.number);
        page.put(&command_id.0.to_be_bytes());
        page.len += 4;
        page.put(&sequence.to_be_bytes());
        match &self.service_type[..] {
            [0] => page.put(&[0]),
            named => page.put_slice(named),
        }
        for address in [&letter.from, &letter.to] {
            page.put(&[address.ton, address.npi]);
            page.put_front(address.raw());
            page.put(&[0]);
        }
        match self.shape {
            ReceiptShape::AppendixB | ReceiptShape::Openmarket => {
                page.put(&[esm_class, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                let start = page.len;
                self.text(letter, now, &id, &mut page);
                // an err of any length keeps a receipt's text well under 255
                page.octets[start - 1] = (page.len - start) as u8;
                if self.shape == ReceiptShape::AppendixB {
                    tlvs(letter, &id, &mut page);
                }
            }
            ReceiptShape::TlvOnly => {
                page.put(&[esm_class, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                tlvs(letter, &id, &mut page);
            }
            ReceiptShape::Payload => {
                page.put(&[esm_class, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                page.put(&Tag::MESSAGE_PAYLOAD.0.to_be_bytes());
                page.len += 2;
                let start = page.len;
                self.text(letter, now, &id, &mut page);
                let octets = (page.len - start) as u16;
                page.octets[start - 2..start].copy_from_slice(&octets.to_be_bytes());
            }
            ReceiptShape::DataSm => {
                page.put(&[esm_class, 0, 0]);
                tlvs(letter, &id, &mut page);
            }
        }
        let octets = page.len as u32;
        page.octets[..4].copy_from_slice(&octets.to_be_bytes());
        out.extend_from_slice(&page.octets[..page.len]);
    }

    #[inline]
    fn text(&mut self, letter: &PendingDelivery, now: Nanos, id: &Id, page: &mut PduBuf) {
        let zero = self.wall_ns_at_zero;
        let submitted = *self.submitted.at(zero + letter.submitted_ns);
        let done = *self.done.at(zero + now.0);
        let state = MessageState::from_wire(letter.state);
        page.put(b"id:");
        page.put_front(id.raw());
        if self.shape == ReceiptShape::Openmarket {
            page.put(b" sub:000 dlvrd:000 submitdate:");
            page.put(&submitted);
            page.put(b" donedate:");
            page.put(if never_done(state) { b"000000000000" } else { &done });
        } else {
            let delivered = state == MessageState::Delivered;
            page.put(if delivered { b" sub:001 dlvrd:001" } else { b" sub:001 dlvrd:000" });
            page.put(b" submit date:");
            page.put_front((&submitted, 10));
            page.put(b" done date:");
            page.put_front((&done, 10));
        }
        page.put(b" stat:");
        match state.stat().as_bytes().first_chunk::<7>() {
            Some(stat) => page.put(stat),
            None => page.put_slice(state.stat().as_bytes()),
        }
        page.put(b" err:");
        let ruled = usize::from(letter.rule).checked_sub(1).and_then(|at| self.errs.get(at));
        match ruled {
            Some(Some(err)) => page.put_slice(&err.as_bytes()[..err.len().min(16)]),
            Some(None) | None => page.put(err_of(state, self.shape)),
        }
        page.put(b" text:");
    }

    /// A mobile-originated message: from an unassigned number to a short code, texts in turn.
    fn mo(&self, letter: &PendingDelivery, sequence: u32, mint: &IdGenerator, out: &mut BytesMut) {
        let text = &self.texts[(letter.number % self.texts.len() as u64) as usize];
        let source = format!("447700900{:03}", letter.number % 1000);
        let mut run = BytesMut::new();
        let short = text.octets.len() <= 254;
        if !short {
            put_tlv(Tag::MESSAGE_PAYLOAD, &text.octets, &mut run);
        }
        if self.ticket_tlv {
            // numbered from far above those of MT messages
            let mut ticket = mint.in_response(letter.number | 1 << 62).as_slice().to_vec();
            ticket.push(0);
            put_tlv(Tag::RECEIPTED_MESSAGE_ID, &ticket, &mut run);
        }
        DeliverSm {
            service_type: &self.service_type[..self.service_type.len() - 1],
            source_addr_ton: 1,
            source_addr_npi: 1,
            source_addr: source.as_bytes(),
            dest_addr_ton: 3,
            destination_addr: MO_DESTINATION,
            data_coding: text.data_coding,
            short_message: if short { &text.octets } else { b"" },
            tlvs: Tlvs(&run),
            ..DeliverSm::default()
        }
        .encode(CommandStatus::ESME_ROK, sequence, out);
    }
}

#[inline]
fn tlvs(letter: &PendingDelivery, id: &Id, page: &mut PduBuf) {
    let (octets, len) = id.raw();
    page.put(&Tag::RECEIPTED_MESSAGE_ID.0.to_be_bytes());
    page.put(&(len as u16 + 1).to_be_bytes());
    page.put_front((octets, len));
    page.put(&[0]);
    page.put(&Tag::MESSAGE_STATE.0.to_be_bytes());
    page.put(&[0, 1, letter.state]);
}

/// States in which nothing was ever done (OpenMarket writes zeros for the date).
fn never_done(state: MessageState) -> bool {
    match state {
        MessageState::Scheduled
        | MessageState::Enroute
        | MessageState::Unknown
        | MessageState::Rejected
        | MessageState::Skipped
        | MessageState::Other(_) => true,
        MessageState::Delivered
        | MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Accepted => false,
    }
}

/// The `err` where no rule says one. OpenMarket's are of docs/smpp/openmarket.md, "deliver_sm" as far as it names them;
/// the rest is ours.
fn err_of(state: MessageState, shape: ReceiptShape) -> &'static [u8; 3] {
    let openmarket = shape == ReceiptShape::Openmarket;
    match state {
        MessageState::Delivered if openmarket => b"004",
        MessageState::Undeliverable if openmarket => b"345",
        MessageState::Rejected if openmarket => b"375",
        MessageState::Delivered | MessageState::Enroute | MessageState::Accepted => b"000",
        MessageState::Scheduled
        | MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Unknown
        | MessageState::Rejected
        | MessageState::Skipped
        | MessageState::Other(_) => b"001",
    }
}

impl Text {
    fn new(text: &str) -> Text {
        if text.is_ascii() {
            return Text { data_coding: 0, octets: text.as_bytes().to_vec() };
        }
        Text { data_coding: 8, octets: text.encode_utf16().flat_map(u16::to_be_bytes).collect() }
    }
}

/// Appends a submit_sm_resp that accepts.
#[inline]
pub(super) fn accepted(sequence: u32, number: u64, mint: &IdGenerator, out: &mut BytesMut) {
    let id = mint.in_response(number);
    let (octets, len) = id.raw();
    let length = Header::OCTETS + len + 1;
    let mut page = [0_u8; Header::OCTETS + super::id_generator::ID_MAX + 1];
    page[0..4].copy_from_slice(&(length as u32).to_be_bytes());
    page[4..8].copy_from_slice(&CommandId::SUBMIT_SM_RESP.0.to_be_bytes());
    page[12..16].copy_from_slice(&sequence.to_be_bytes());
    page[16..16 + super::id_generator::ID_MAX].copy_from_slice(octets);
    page[16 + len] = 0;
    out.extend_from_slice(&page[..length]);
}

#[cfg(test)]
mod tests {
    use super::super::pending_delivery::Address;
    use super::*;
    use crate::plan::behaviour::{IdFormat, ReceiptId};
    use crate::smpp::pdu::{self, Body};
    use crate::smpp::receipt;

    fn address(text: &[u8]) -> Address {
        Address::new(1, 1, text, 0, text.len())
    }

    const WALL: u64 = 1_516_662_597 * NS_PER_S; // 2018-01-22T23:09:57Z

    fn written(change: impl FnOnce(&mut Behaviour), letter: PendingDelivery) -> BytesMut {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        let mint = IdGenerator::new(1, IdFormat::Decimal, ReceiptId::Same);
        let mut out = BytesMut::new();
        let letter = PendingDelivery { from: address(b"4477"), to: address(b"1234567"), ..letter };
        let now = Nanos::from_secs(62);
        DeliveryWriter::new(&behaviour, WALL).write(&letter, 9, now, &mint, &mut out);
        out
    }

    #[test]
    fn an_appendix_b_receipt_has_its_text_and_both_tlvs() {
        let frame = written(
            |_| {},
            PendingDelivery { number: 1_234_567_890, state: 2, ..PendingDelivery::default() },
        );
        let pdu = pdu::decode(&frame).unwrap();
        assert!(pdu.anomalies.is_empty());
        let Body::DeliverSm(sm) = pdu.body else { panic!("{pdu:?}") };
        assert_eq!(
            std::str::from_utf8(sm.short_message).unwrap(),
            "id:1234567890 sub:001 dlvrd:001 submit date:1801222309 done date:1801222310 \
             stat:DELIVRD err:000 text:"
        );
        assert_eq!((sm.source_addr, sm.destination_addr), (&b"4477"[..], &b"1234567"[..]));
        let receipt = receipt::read(&sm).unwrap();
        assert_eq!((receipt.id, receipt.id_in), (&b"1234567890"[..], receipt::IdIn::Tlv));
        assert_eq!(receipt.state, MessageState::Delivered);
        assert!(!receipt.intermediate);
    }

    #[test]
    fn every_shape_reads_back_with_its_id_and_state() {
        for shape in [
            ReceiptShape::AppendixB,
            ReceiptShape::Openmarket,
            ReceiptShape::TlvOnly,
            ReceiptShape::Payload,
            ReceiptShape::DataSm,
        ] {
            for (kind, intermediate) in [(Kind::Final, false), (Kind::Intermediate, true)] {
                let letter = PendingDelivery {
                    number: 1_234_567_890,
                    state: 5,
                    kind,
                    ..PendingDelivery::default()
                };
                let frame = written(|b| b.receipts.format = shape, letter);
                assert!(pdu::decode(&frame).unwrap().anomalies.is_empty(), "{shape:?}");
                let Some(receipt::Delivered::Receipt(brief)) = receipt::read_frame(&frame) else {
                    panic!("{shape:?}")
                };
                assert_eq!(brief.id, b"1234567890", "{shape:?}");
                assert_eq!(brief.state, MessageState::Undeliverable, "{shape:?}");
                assert_eq!(brief.intermediate, intermediate);
            }
        }
    }

    #[test]
    fn openmarkets_text_has_seconds_and_zeros_where_nothing_was_done() {
        let letter =
            PendingDelivery { number: 1_000_000_007, state: 8, ..PendingDelivery::default() };
        let frame = written(
            |b| {
                b.receipts.format = ReceiptShape::Openmarket;
                b.habits.service_type = "OMV4".to_owned();
            },
            letter,
        );
        let Body::DeliverSm(sm) = pdu::decode(&frame).unwrap().body else { panic!() };
        assert_eq!(sm.service_type, b"OMV4");
        assert_eq!(
            std::str::from_utf8(sm.short_message).unwrap(),
            "id:1000000007 sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 \
             stat:REJECTD err:375 text:"
        );
        assert!(sm.tlvs.is_empty());
    }

    #[test]
    fn an_mo_is_no_receipt_even_where_it_carries_a_ticket() {
        let letter =
            |number| PendingDelivery { number, kind: Kind::Mo, ..PendingDelivery::default() };
        let told = |b: &mut Behaviour| {
            b.mo.texts = vec!["hello".to_owned(), "grüß €".to_owned()];
            b.mo.lengths = vec![300];
            b.mo.ticket_tlv = true;
        };
        for (number, data_coding) in [(0, 0), (1, 8), (2, 0)] {
            let frame = written(told, letter(number));
            let pdu = pdu::decode(&frame).unwrap();
            assert!(pdu.anomalies.is_empty());
            let Body::DeliverSm(sm) = pdu.body else { panic!() };
            assert_eq!(sm.data_coding, data_coding);
            assert!(sm.tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_some());
            assert_eq!(sm.tlvs.get(Tag::MESSAGE_PAYLOAD).is_some(), number == 2);
            assert_eq!(receipt::read(&sm), None);
        }
    }

    #[test]
    fn a_response_that_accepts_is_as_the_codec_writes_it() {
        let mint = IdGenerator::new(1, IdFormat::Ticket, ReceiptId::Same);
        let (mut quick, mut full) = (BytesMut::new(), BytesMut::new());
        accepted(7, 42, &mint, &mut quick);
        let id = mint.in_response(42);
        pdu::submit_sm_resp(CommandStatus::ESME_ROK, 7, id.as_slice(), &mut full);
        assert_eq!(quick, full);
        assert_eq!(quick.len(), 0x28, "as OpenMarket's example");
    }
}
