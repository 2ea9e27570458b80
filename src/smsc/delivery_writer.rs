//! Writes deliver_sm (and data_sm) for receipts and mobile-originated messages.
//!
//! What a receipt looks like is in its format (`smpp/receipt/formats`); its fields are here. Dates are rendered once a
//! second. Knows no session and no clock.
use super::id_generator::{IdGenerator, SpelledId};
use super::mo_content::{MO_TEXT, MoText, mo_addresses};
use super::pending_delivery::{Address, DeliveryKind, PendingDelivery, ReceiptContent};
use super::stamped_receipt::{ReceiptKey, StampedReceipt};
use crate::kit::{NS_PER_S, Nanos};
use crate::plan::behaviour::Behaviour;
use crate::smpp::pdu::DeliverSm;
use crate::smpp::receipt::{Date, MessageState, ReceiptAddress, ReceiptFormat, ReceiptPdu};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv};
use bytes::{BufMut, BytesMut};

/// A date as last rendered.
#[derive(Clone, Copy, Debug)]
struct DateCache {
    second: u64,
    text: [u8; 12],
}

impl DateCache {
    const NONE: DateCache = DateCache { second: u64::MAX, text: *b"000000000000" };

    /// The date of a wall time, as YYMMDDhhmmss.
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

/// Writes deliveries in the configured format.
#[derive(Clone, Debug)]
pub(super) struct DeliveryWriter {
    format: ReceiptFormat,
    /// With its NUL.
    service_type: Vec<u8>,
    /// The `err` of each rule.
    errs: Vec<Option<String>>,
    wall_ns_at_zero: u64,
    /// Of the submit date and the done date.
    dates: [DateCache; 2],
    stamped: StampedReceipt,
    /// The texts of MO, used in turn.
    texts: Vec<MoText>,
    /// Whether MO carry a receipted_message_id.
    ticket_tlv: bool,
    /// The run whose marker MO carry, and the part of all these. None: they carry none.
    marked_for: Option<(u32, u8)>,
}

impl DeliveryWriter {
    pub(super) fn new(behaviour: &Behaviour, wall_ns_at_zero: u64) -> DeliveryWriter {
        let mut service_type: Vec<u8> = behaviour.habits.service_type.bytes().take(5).collect();
        service_type.push(0);
        let written = behaviour.mo.texts.iter().map(|text| MoText::new(text));
        let lengths = behaviour.mo.lengths.iter().map(|length| usize::from(*length));
        let filled = lengths.map(|length| MoText { data_coding: 0, octets: vec![b'x'; length] });
        let mut texts: Vec<MoText> = written.chain(filled).collect();
        if texts.is_empty() {
            texts.push(MoText::new(MO_TEXT));
        }
        DeliveryWriter {
            format: behaviour.receipts.format,
            service_type,
            errs: behaviour.rules.iter().map(|rule| rule.err.clone()).collect(),
            wall_ns_at_zero,
            dates: [DateCache::NONE; 2],
            stamped: StampedReceipt::default(),
            texts,
            ticket_tlv: behaviour.mo.ticket_tlv,
            marked_for: None,
        }
    }

    /// The texts of MO end with the marker of this run from now on. `of`: tells the simulators of a run apart.
    pub(super) fn mark_mo(&mut self, run: u32, of: u8) {
        self.marked_for = Some((run, of));
    }

    /// Appends a delivery to `out`.
    #[inline]
    pub(super) fn write(
        &mut self,
        delivery: &PendingDelivery,
        sequence: u32,
        now: Nanos,
        ids: &IdGenerator,
        out: &mut BytesMut,
    ) {
        match delivery.kind {
            DeliveryKind::Final | DeliveryKind::Duplicate => {
                let id = ids.in_receipt(delivery.number);
                self.receipt(&delivery.receipt(0x04), sequence, now, &id, out);
            }
            DeliveryKind::Intermediate => {
                let id = ids.in_receipt(delivery.number);
                self.receipt(&delivery.receipt(0x20), sequence, now, &id, out);
            }
            DeliveryKind::Mo => self.configured_mo(delivery, sequence, ids, out),
        }
    }

    /// Appends a receipt for the message with this id.
    #[inline]
    pub(super) fn receipt(
        &mut self,
        content: &ReceiptContent<'_>,
        sequence: u32,
        now: Nanos,
        id: &SpelledId,
        out: &mut BytesMut,
    ) {
        let DeliveryWriter { format, service_type, errs, wall_ns_at_zero, dates, stamped, .. } =
            self;
        let walls = [content.submitted_ns, now.0].map(|at| *wall_ns_at_zero + at);
        let mut write = |id: &SpelledId, out: &mut BytesMut| {
            let ruled = usize::from(content.rule).checked_sub(1).and_then(|at| errs.get(at));
            let [submitted, done] = dates;
            let (from, to) = (content.from.kept(), content.to.kept());
            let receipt = ReceiptPdu {
                sequence_number: sequence,
                service_type,
                source: address(&from),
                destination: address(&to),
                esm_class: content.esm_class,
                id: id.raw(),
                submitted: submitted.at(walls[0]),
                done: done.at(walls[1]),
                state: MessageState::from_wire(content.state),
                err: ruled.and_then(Option::as_deref),
            };
            receipt.write(*format, out);
        };
        let key = ReceiptKey::new(content, id, walls.map(|wall| wall / NS_PER_S));
        if stamped.fits(key, service_type.len(), &mut write) {
            stamped.stamp(content, sequence, id, out);
        } else {
            write(id, out);
        }
    }

    /// Appends a mobile-originated message as `mo` configures it, from an unassigned number.
    fn configured_mo(
        &self,
        delivery: &PendingDelivery,
        sequence: u32,
        ids: &IdGenerator,
        out: &mut BytesMut,
    ) {
        let text = &self.texts[(delivery.number % self.texts.len() as u64) as usize];
        let (source, destination) = mo_addresses(delivery.number);
        let mut ticket = Vec::new();
        if self.ticket_tlv {
            // the number is far above those of MT messages
            ticket.extend_from_slice(ids.in_response(delivery.number | 1 << 62).as_slice());
            ticket.push(0);
        }
        let marked = self.marked_for.map(|(run, of)| text.marked(run, of, delivery.number));
        let text = marked.as_ref().unwrap_or(text);
        self.mo(&source, &destination, text, &ticket, sequence, out);
    }

    /// Appends a mobile-originated message. `ticket`: its receipted_message_id; empty: it has none.
    pub(super) fn mo(
        &self,
        source: &Address,
        destination: &Address,
        text: &MoText,
        ticket: &[u8],
        sequence: u32,
        out: &mut BytesMut,
    ) {
        let mut run = BytesMut::new();
        let short = text.octets.len() <= 254;
        if !short {
            put_tlv(Tag::MESSAGE_PAYLOAD, &text.octets, &mut run);
        }
        if !ticket.is_empty() {
            put_tlv(Tag::RECEIPTED_MESSAGE_ID, ticket, &mut run);
        }
        DeliverSm {
            service_type: &self.service_type[..self.service_type.len() - 1],
            source_addr_ton: source.ton,
            source_addr_npi: source.npi,
            source_addr: source.as_slice(),
            dest_addr_ton: destination.ton,
            dest_addr_npi: destination.npi,
            destination_addr: destination.as_slice(),
            data_coding: text.data_coding,
            short_message: if short { &text.octets } else { b"" },
            tlvs: Tlvs(&run),
            ..DeliverSm::default()
        }
        .encode(CommandStatus::ESME_ROK, sequence, out);
    }
}

fn address(address: &Address) -> ReceiptAddress<'_> {
    ReceiptAddress { ton: address.ton, npi: address.npi, digits: address.raw() }
}

/// Appends a submit_sm_resp that accepts.
#[inline]
pub(super) fn accepted(sequence: u32, id: &SpelledId, out: &mut BytesMut) {
    let (octets, len) = id.raw();
    let start = out.len();
    let length = Header::OCTETS + len + 1;
    // two words at a time: put together elsewhere and copied, they would be read before they are written
    out.put_u64((length as u64) << 32 | u64::from(CommandId::SUBMIT_SM_RESP.0));
    out.put_u64(u64::from(sequence));
    match octets.split_first_chunk::<8>() {
        Some((first, rest)) if len == 10 => {
            out.extend_from_slice(first);
            out.extend_from_slice(rest.first_chunk::<8>().unwrap_or(&[0; 8]));
        }
        Some(_) | None => out.extend_from_slice(octets),
    }
    out.truncate(start + length - 1);
    out.put_u8(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::behaviour::{IdFormat, ReceiptId};
    use crate::smpp::pdu::{self, Body};
    use crate::smpp::receipt;

    fn address(text: &[u8]) -> Address {
        Address::new(1, 1, text, 0, text.len())
    }

    const WALL: u64 = 1_516_662_597 * NS_PER_S; // 2018-01-22T23:09:57Z

    fn written(change: impl FnOnce(&mut Behaviour), delivery: PendingDelivery) -> BytesMut {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        let ids = IdGenerator::new(1, IdFormat::Decimal, ReceiptId::Same);
        let mut out = BytesMut::new();
        let delivery =
            PendingDelivery { from: address(b"4477"), to: address(b"1234567"), ..delivery };
        let now = Nanos::from_secs(62);
        DeliveryWriter::new(&behaviour, WALL).write(&delivery, 9, now, &ids, &mut out);
        out
    }

    #[test]
    fn a_receipt_has_the_fields_of_its_message_in_the_format_and_service_type_of_the_behaviour() {
        let delivery =
            PendingDelivery { number: 1_000_000_007, state: 8, ..PendingDelivery::default() };
        let frame = written(
            |b| {
                b.receipts.format = ReceiptFormat::Openmarket;
                b.habits.service_type = "OMV4".to_owned();
            },
            delivery,
        );
        let pdu = pdu::decode(&frame).unwrap();
        assert!(pdu.anomalies.is_empty() && pdu.header.sequence_number == 9);
        let Body::DeliverSm(sm) = pdu.body else { panic!("{pdu:?}") };
        assert_eq!(sm.service_type, b"OMV4");
        assert_eq!((sm.source_addr, sm.destination_addr), (&b"4477"[..], &b"1234567"[..]));
        assert_eq!(
            std::str::from_utf8(sm.short_message).unwrap(),
            "id:1000000007 sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 \
             stat:REJECTD err:375 text:"
        );
        let delivery =
            PendingDelivery { number: 1_000_000_007, state: 2, ..PendingDelivery::default() };
        let frame = written(|_| {}, delivery);
        let Body::DeliverSm(sm) = pdu::decode(&frame).unwrap().body else { panic!() };
        let receipt = receipt::read(&sm).unwrap();
        assert_eq!((receipt.id, receipt.id_in), (&b"1000000007"[..], receipt::IdIn::Tlv));
        assert_eq!(receipt.state, MessageState::Delivered);
    }

    #[test]
    fn a_receipt_that_is_stamped_equals_the_one_that_is_written() {
        use crate::kit::Rng;
        let formats = [
            ReceiptFormat::AppendixB,
            ReceiptFormat::Openmarket,
            ReceiptFormat::TlvOnly,
            ReceiptFormat::Payload,
            ReceiptFormat::DataSm,
        ];
        for (format, id) in formats.into_iter().flat_map(|format| {
            [IdFormat::Decimal, IdFormat::Uuid, IdFormat::Ticket].map(|id| (format, id))
        }) {
            let mut behaviour = Behaviour::default();
            behaviour.receipts.format = format;
            behaviour.habits.service_type = "OM".to_owned();
            let ids = IdGenerator::new(1, id, ReceiptId::Same);
            let mut rng = Rng::new(9);
            let mut kept = DeliveryWriter::new(&behaviour, WALL);
            let mut stamps = 0;
            for step in 0..2_000_u64 {
                let digits = 10_000_000 + rng.below(80_000_000);
                let long = if rng.chance(0.1) { "447700900123" } else { "4477" };
                let delivery = PendingDelivery {
                    from: address(digits.to_string().as_bytes()),
                    to: address(long.as_bytes()),
                    number: 1_000_000_000 + step,
                    state: if rng.chance(0.1) { 5 } else { 2 },
                    submitted_ns: 1_000_000 * step,
                    kind: if rng.chance(0.1) {
                        DeliveryKind::Intermediate
                    } else {
                        DeliveryKind::Final
                    },
                    ..PendingDelivery::default()
                };
                let now = Nanos(1_500_000 * step + 7);
                let (mut stamped, mut written) = (BytesMut::new(), BytesMut::new());
                kept.write(&delivery, step as u32, now, &ids, &mut stamped);
                stamps += u64::from(!kept.stamped.is_unused());
                DeliveryWriter::new(&behaviour, WALL).write(
                    &delivery,
                    step as u32,
                    now,
                    &ids,
                    &mut written,
                );
                assert_eq!(stamped, written, "{format:?} {id:?} {step}");
            }
            assert!(stamps > 500, "{stamps} were stamped");
        }
    }

    #[test]
    fn an_mo_is_not_a_receipt_even_with_a_message_id() {
        let delivery = |number| PendingDelivery {
            number,
            kind: DeliveryKind::Mo,
            ..PendingDelivery::default()
        };
        let change = |b: &mut Behaviour| {
            b.mo.texts = vec!["hello".to_owned(), "grüß €".to_owned()];
            b.mo.lengths = vec![300];
            b.mo.ticket_tlv = true;
        };
        for (number, data_coding) in [(0, 0), (1, 8), (2, 0)] {
            let frame = written(change, delivery(number));
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
    fn a_response_that_accepts_equals_that_of_the_codec() {
        let ids = IdGenerator::new(1, IdFormat::Ticket, ReceiptId::Same);
        let (mut quick, mut full) = (BytesMut::new(), BytesMut::new());
        let id = ids.in_response(42);
        accepted(7, &id, &mut quick);
        pdu::submit_sm_resp(CommandStatus::ESME_ROK, 7, id.as_slice(), &mut full);
        assert_eq!(quick, full);
        assert_eq!(quick.len(), 0x28, "as in OpenMarket's example");
    }
}
