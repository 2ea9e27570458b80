//! A submit_sm or deliver_sm as the books compare it: its fields by name, its text without what ties parts together,
//! and the marker it carries.
use crate::plan::Rewrite;
use crate::smpp::Tag;
use crate::smpp::coding::Coding;
use crate::smpp::marker::{Carrier, Marker, MarkerKind, MessageKey};
use crate::smpp::pdu::{self, Body, Field};
use crate::smpp::udh::Udh;
use crate::smpp::{Header, Tlvs};

const UDHI: u8 = 0x40;

/// Which part of a long message a PDU is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentOf {
    pub(super) reference: u16,
    pub(super) total: u8,
    /// From 1.
    pub(super) part: u8,
}

/// A field with its name and the rewrite that would declare its change.
pub(super) type NamedField<'a> = (&'static str, Field<'a>, Rewrite);

/// The content of a submit_sm or deliver_sm.
#[derive(Clone, Debug)]
pub(super) struct Content<'a> {
    /// All fields but short_message and the TLVs.
    pub(super) fields: Vec<NamedField<'a>>,
    /// The user data header; empty: none.
    pub(super) udh: &'a [u8],
    /// The text's octets, without the user data header.
    pub(super) text: &'a [u8],
    pub(super) data_coding: u8,
    pub(super) tlvs: Tlvs<'a>,
    pub(super) segment: Option<SegmentOf>,
    /// Whether the text is in message_payload.
    pub(super) is_payload: bool,
    pub(super) source: &'a [u8],
    pub(super) destination: &'a [u8],
}

/// Which rewrite declares a change of a field.
fn rewrite_of(name: &str) -> Rewrite {
    match name {
        "service_type" => Rewrite::ServiceType,
        "source_addr" | "source_addr_ton" | "source_addr_npi" => Rewrite::Source,
        "destination_addr" | "dest_addr_ton" | "dest_addr_npi" => Rewrite::Destination,
        "protocol_id" => Rewrite::ProtocolId,
        "priority_flag" => Rewrite::Priority,
        "schedule_delivery_time" => Rewrite::Schedule,
        "validity_period" => Rewrite::Validity,
        "registered_delivery" => Rewrite::RegisteredDelivery,
        "replace_if_present_flag" => Rewrite::ReplaceIfPresent,
        "data_coding" => Rewrite::DataCoding,
        "sm_default_msg_id" => Rewrite::DefaultMessage,
        _ => Rewrite::EsmClass,
    }
}

impl<'a> Content<'a> {
    /// Reads a submit_sm or deliver_sm. None: it is neither, or cannot be read.
    pub(super) fn read(frame: &'a [u8]) -> Option<Content<'a>> {
        let pdu = pdu::decode(frame).ok()?;
        if !matches!(pdu.body, Body::SubmitSm(_) | Body::DeliverSm(_)) {
            return None;
        }
        let mut content = Content {
            fields: Vec::with_capacity(16),
            udh: &[],
            text: &[],
            data_coding: 0,
            tlvs: Tlvs(&[]),
            segment: None,
            is_payload: false,
            source: &[],
            destination: &[],
        };
        let mut esm_class = 0;
        pdu.body.fields(&mut |name, field| match (name, field) {
            (_, Field::ShortMessage(octets)) => content.text = octets,
            (_, Field::Tlvs(tlvs)) => content.tlvs = tlvs,
            (name, field) => {
                match (name, field) {
                    ("source_addr", Field::Text(address)) => content.source = address,
                    ("destination_addr", Field::Text(address)) => content.destination = address,
                    ("data_coding", Field::Int(value)) => content.data_coding = value,
                    ("esm_class", Field::Int(value)) => esm_class = value,
                    _ => {}
                }
                content.fields.push((name, field, rewrite_of(name)));
            }
        });
        content.take_text_apart(esm_class);
        Some(content)
    }

    fn take_text_apart(&mut self, esm_class: u8) {
        if self.text.is_empty()
            && let Some(payload) = self.tlvs.get(Tag::MESSAGE_PAYLOAD)
        {
            self.text = payload;
            self.is_payload = true;
        }
        if esm_class & UDHI != 0 && !self.text.is_empty() {
            let length = (usize::from(self.text[0]) + 1).min(self.text.len());
            let (udh, text) = self.text.split_at(length);
            self.segment = Udh::read(self.text)
                .elements
                .iter()
                .find_map(|e| e.part())
                .map(|of| SegmentOf { reference: of.reference, total: of.total, part: of.part });
            (self.udh, self.text) = (udh, text);
        }
        if let Some([high, low]) = self.tlvs.get(Tag::SAR_MSG_REF_NUM)
            && let Some(total) = self.tlvs.get_int1(Tag::SAR_TOTAL_SEGMENTS)
            && let Some(part) = self.tlvs.get_int1(Tag::SAR_SEGMENT_SEQNUM)
        {
            let reference = u16::from_be_bytes([*high, *low]);
            self.segment = self.segment.or(Some(SegmentOf { reference, total, part }));
        }
        // one part is no long message
        self.segment = self.segment.filter(|segment| segment.total > 1);
    }

    /// The part of a long message, from 0.
    pub(super) fn part(&self) -> u8 {
        self.segment.map_or(0, |segment| segment.part.saturating_sub(1))
    }

    /// The text as characters, where its coding is known.
    pub(super) fn characters(&self) -> Option<String> {
        Coding::of_data_coding(self.data_coding).map(|coding| coding.decode(self.text))
    }

    /// The keys of the markers in the text, in order.
    pub(super) fn tokens(&self, run: u32) -> Vec<MessageKey> {
        tokens_in(run, self.data_coding, self.text)
    }

    /// The key in the TLV.
    pub(super) fn of_tlv(&self, run: u32) -> Option<MessageKey> {
        let value = self.tlvs.get(Marker::TLV)?;
        Marker::from_tlv(run, value).map(|marker| marker.key)
    }

    /// Value of user_message_reference.
    pub(super) fn reference(&self) -> Option<u16> {
        let value = self.tlvs.get(Tag::USER_MESSAGE_REFERENCE)?;
        value.try_into().ok().map(u16::from_be_bytes)
    }

    /// Kind and number of the message that an address names.
    pub(super) fn of_address(&self, run: u32, carrier: Carrier) -> Option<(MarkerKind, u64)> {
        let address = if carrier == Carrier::Source { self.source } else { self.destination };
        Marker::from_address(run, address)
    }

    /// The keys of the whole markers that this PDU carries: several where parts were put together.
    pub(super) fn keys(&self, run: u32, carriers: &[Carrier]) -> Vec<MessageKey> {
        let tokens = match carriers.contains(&Carrier::Text) {
            true => self.tokens(run),
            false => Vec::new(),
        };
        if tokens.len() > 1 {
            return tokens;
        }
        for carrier in Carrier::ALL.into_iter().filter(|carrier| carriers.contains(carrier)) {
            let key = match carrier {
                Carrier::Tlv => self.of_tlv(run),
                Carrier::Text => tokens.first().copied(),
                Carrier::Source | Carrier::Destination => {
                    let of = self.of_address(run, carrier);
                    of.map(|(kind, message)| MessageKey { kind, message, part: self.part() })
                }
                Carrier::UserMessageReference => None,
            };
            if let Some(key) = key {
                return vec![key];
            }
        }
        Vec::new()
    }
}

/// The keys of the tokens in a text of one octet or two a character.
pub(super) fn tokens_in(run: u32, data_coding: u8, text: &[u8]) -> Vec<MessageKey> {
    let found = |text: &[u8]| -> Vec<MessageKey> {
        Marker::tokens_in(run, text).into_iter().map(|(_, marker)| marker.key).collect()
    };
    if Coding::of_data_coding(data_coding) != Some(Coding::Ucs2) {
        let narrow = found(text);
        if !narrow.is_empty() {
            return narrow;
        }
    }
    // a zero before each letter of the token
    let low: Vec<u8> = text.chunks_exact(2).map(|pair| pair[1]).collect();
    found(&low)
}

/// The body of a PDU: all but its header.
pub(super) fn body(frame: &[u8]) -> &[u8] {
    frame.get(Header::OCTETS..).unwrap_or_default()
}
