//! The least that a gateway does: it decodes each PDU, gives it a sequence_number and a message_id of its own, and encodes
//! it again. It queues nothing, stores nothing but what it must translate back, and waits for nothing.
use bytes::BytesMut;
use smppbench::smpp::pdu::{self, Body, DeliverSm, SubmitSm};
use smppbench::smpp::{CommandStatus, Header, Tag, Tlvs, put_tlv, receipt};
use smppbench::trial::{Gateway, Way};
use std::collections::HashMap;

/// A relay for any number of sessions.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    /// Requests that are not answered, by the way they went and by session and sequence_number on the other side: their own
    /// sequence_number.
    submits: HashMap<(u32, u32), u32>,
    deliveries: HashMap<(u32, u32), u32>,
    /// Numbers of messages by the id that the simulator gave them.
    ids: HashMap<Vec<u8>, u64>,
    sequence: u32,
    messages: u64,
    text: Vec<u8>,
    tlvs: BytesMut,
    out: BytesMut,
}

const OK: CommandStatus = CommandStatus::ESME_ROK;

impl Relay {
    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence % 0x7FFF_FFFF + 1;
        self.sequence
    }

    fn submit(&mut self, session: u32, sequence: u32, submit: &SubmitSm<'_>) {
        let own = self.next_sequence();
        self.submits.insert((session, own), sequence);
        submit.encode(OK, own, &mut self.out);
    }

    fn submit_answered(&mut self, session: u32, header: &Header, id: &[u8]) {
        let Some(sequence) = self.submits.remove(&(session, header.sequence_number)) else {
            return;
        };
        self.messages += 1;
        self.ids.insert(id.to_vec(), self.messages);
        let own = format!("G{}", self.messages);
        pdu::submit_sm_resp(header.command_status, sequence, own.as_bytes(), &mut self.out);
    }

    fn deliver(&mut self, session: u32, sequence: u32, deliver: &DeliverSm<'_>) {
        let own = self.next_sequence();
        self.deliveries.insert((session, own), sequence);
        let receipt = receipt::read(deliver);
        let number = receipt.and_then(|receipt| self.ids.remove(receipt.id));
        let (Some(receipt), Some(number)) = (receipt, number) else {
            return deliver.encode(OK, own, &mut self.out);
        };
        let id = format!("G{number}\0");
        self.text.clear();
        self.text.extend_from_slice(b"id:");
        self.text.extend_from_slice(&id.as_bytes()[..id.len() - 1]);
        self.text.extend_from_slice(&deliver.short_message[b"id:".len() + receipt.id.len()..]);
        self.tlvs.clear();
        put_tlv(Tag::RECEIPTED_MESSAGE_ID, id.as_bytes(), &mut self.tlvs);
        put_tlv(Tag::MESSAGE_STATE, &[receipt.state.wire()], &mut self.tlvs);
        let (short_message, tlvs) = (self.text.as_slice(), Tlvs(&self.tlvs));
        DeliverSm { short_message, tlvs, ..*deliver }.encode(OK, own, &mut self.out);
    }

    fn delivery_answered(&mut self, session: u32, header: &Header) {
        let Some(sequence) = self.deliveries.remove(&(session, header.sequence_number)) else {
            return;
        };
        pdu::deliver_sm_resp(header.command_status, sequence, &mut self.out);
    }
}

impl Gateway for Relay {
    fn pass(&mut self, session: u32, octets: &[u8], way: Way, out: &mut Vec<u8>) {
        let mut rest = octets;
        // the pipes of a run in memory carry whole PDUs
        while let Some(header) = Header::read(rest) {
            let (frame, after) = rest.split_at(header.command_length as usize);
            rest = after;
            let decoded = pdu::decode(frame).expect("both sides write sound PDUs");
            match (way, &decoded.body) {
                (Way::Down, Body::SubmitSm(submit)) => {
                    self.submit(session, header.sequence_number, submit);
                }
                (Way::Up, Body::SubmitSmResp(resp)) => {
                    let id = resp.as_ref().map_or(&[][..], |resp| resp.message_id);
                    self.submit_answered(session, &header, id);
                }
                (Way::Up, Body::DeliverSm(deliver)) => {
                    self.deliver(session, header.sequence_number, deliver);
                }
                (Way::Down, Body::DeliverSmResp(_)) => self.delivery_answered(session, &header),
                _ => self.out.extend_from_slice(frame),
            }
        }
        out.extend_from_slice(&self.out);
        self.out.clear();
    }
}
