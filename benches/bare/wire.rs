//! Octets for the bare loops: sheets of PDUs that are encoded once by the harness's own writers and only
//! stamped from then on, and a walk over the PDUs of a read.
use bytes::BytesMut;
use smppbench::plan::{Plan, PlanError, Recipe, Scratch};
use smppbench::smpp::pdu::{self, DeliverSm, SubmitSm};
use smppbench::smpp::receipt::MessageState;
use smppbench::smpp::{CommandId, CommandStatus, Tag, Tlvs, put_tlv};

/// What follows the id in a receipt's text.
const RECEIPT_FIELDS: &[u8] =
    b" sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
const OK: CommandStatus = CommandStatus::ESME_ROK;
/// Octets of a header.
pub const HEADER: usize = 16;
/// Digits of a message id.
pub const ID_OCTETS: usize = 10;
/// Where a header's sequence_number stands.
const SEQUENCE_AT: usize = 12;
/// The id that templates are encoded with; it is found again by it.
const ID: [u8; ID_OCTETS] = *b"1000000000";

/// `submit_sm` as the harness sends it: the plan's recipe stamps it.
pub fn submit_sm(plan: &Plan) -> Result<Vec<u8>, PlanError> {
    let mut out = BytesMut::new();
    Recipe::new(plan)?.stamp(0, 0, 0, &mut Scratch::default(), &mut out);
    Ok(out.to_vec())
}

/// `bind_transceiver` as the harness sends it, with sequence_number 1.
pub fn bind(plan: &Plan) -> Vec<u8> {
    let mut out = BytesMut::new();
    plan.accounts[0].bind().encode(CommandId::BIND_TRANSCEIVER, OK, 1, &mut out);
    out.to_vec()
}

/// A PDU without a body.
pub fn header_only(id: CommandId, sequence_number: u32) -> [u8; HEADER] {
    let mut out = BytesMut::new();
    pdu::header_only(id, OK, sequence_number, &mut out);
    out[..].try_into().expect("a header has sixteen octets")
}

/// `bind_transceiver_resp`.
pub fn bind_resp(sequence_number: u32) -> Vec<u8> {
    let mut out = BytesMut::new();
    let body = pdu::BindResp { system_id: b"bare", ..pdu::BindResp::default() };
    body.encode(CommandId::BIND_TRANSCEIVER_RESP, OK, sequence_number, &mut out);
    out.to_vec()
}

/// `submit_sm_resp` with a message id of ten digits.
pub fn submit_sm_resp() -> Vec<u8> {
    let mut out = BytesMut::new();
    pdu::submit_sm_resp(OK, 0, &ID, &mut out);
    out.to_vec()
}

/// `deliver_sm_resp`.
pub fn deliver_sm_resp() -> Vec<u8> {
    let mut out = BytesMut::new();
    pdu::deliver_sm_resp(OK, 0, &mut out);
    out.to_vec()
}

/// The receipt of `submit_sm`, as the embedded simulator spells it: Appendix B and two TLVs.
pub fn receipt(submit_sm: &[u8]) -> Vec<u8> {
    let sm = SubmitSm::decode(&submit_sm[HEADER..]).expect("the recipe wrote it");
    let start = &sm.short_message[..sm.short_message.len().min(20)];
    let text = [&b"id:"[..], &ID, RECEIPT_FIELDS, start].concat();
    let (mut run, mut out) = (BytesMut::new(), BytesMut::new());
    put_tlv(Tag::RECEIPTED_MESSAGE_ID, &[&ID[..], b"\0"].concat(), &mut run);
    put_tlv(Tag::MESSAGE_STATE, &[MessageState::Delivered.wire()], &mut run);
    DeliverSm {
        source_addr_ton: sm.dest_addr_ton,
        source_addr_npi: sm.dest_addr_npi,
        source_addr: sm.destination_addr,
        dest_addr_ton: sm.source_addr_ton,
        dest_addr_npi: sm.source_addr_npi,
        destination_addr: sm.source_addr,
        esm_class: 4,
        short_message: &text,
        tlvs: Tlvs(&run),
        ..DeliverSm::default()
    }
    .encode(OK, 0, &mut out);
    out.to_vec()
}

/// Many copies of one PDU in a row. Stamping one is all that a message costs; a write takes as many as
/// there are to go.
#[derive(Debug)]
pub struct Sheet {
    image: Vec<u8>,
    octets: usize,
    /// Where the message id stands in a copy.
    ids: Vec<usize>,
    used: usize,
}

impl Sheet {
    /// Room for `count` copies at first.
    pub fn new(pdu: &[u8], count: usize) -> Sheet {
        let ids = pdu.windows(ID_OCTETS).enumerate().filter(|(_, w)| *w == ID).map(|(at, _)| at);
        Sheet { image: pdu.repeat(count), octets: pdu.len(), ids: ids.collect(), used: 0 }
    }

    /// Stamps the next copy with a sequence_number.
    #[inline]
    pub fn stamp(&mut self, sequence_number: u32) {
        let at = self.used + SEQUENCE_AT;
        if let Some(place) = self.image.get_mut(at..at + 4) {
            place.copy_from_slice(&sequence_number.to_be_bytes());
            self.used += self.octets;
            return;
        }
        self.grow();
        self.stamp(sequence_number);
    }

    /// The same with a message id.
    #[inline]
    pub fn stamp_id(&mut self, sequence_number: u32, id: &[u8; ID_OCTETS]) {
        let start = self.used;
        self.stamp(sequence_number);
        let copy = &mut self.image[start..start + self.octets];
        for at in &self.ids {
            copy[*at..*at + ID_OCTETS].copy_from_slice(id);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let copy = self.image[..self.octets].to_vec();
        let count = self.image.len() / self.octets;
        self.image.extend_from_slice(&copy.repeat(count.max(1)));
    }

    /// What has been stamped since the last [`Sheet::clear`].
    pub fn stamped(&self) -> &[u8] {
        &self.image[..self.used]
    }

    /// Begins again at the first copy.
    pub fn clear(&mut self) {
        self.used = 0;
    }
}

/// Message ids in order, ten digits each.
#[derive(Clone, Copy, Debug)]
pub struct Ids([u8; ID_OCTETS]);

impl Default for Ids {
    fn default() -> Ids {
        Ids(ID)
    }
}

impl Ids {
    /// The next one.
    #[inline]
    pub fn advance(&mut self) -> &[u8; ID_OCTETS] {
        for digit in self.0.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
        &self.0
    }
}

/// Calls `each` with (command_id, sequence_number) of every whole PDU; gives the octets they take.
#[inline]
pub fn walk(octets: &[u8], mut each: impl FnMut(u32, u32)) -> usize {
    let mut used = 0;
    while let Some(header) = octets[used..].first_chunk::<HEADER>() {
        let word = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let length = (word(0) as usize).max(HEADER);
        if octets.len() - used < length {
            break;
        }
        each(word(4), word(SEQUENCE_AT));
        used += length;
    }
    used
}
