//! A submit_sm or deliver_sm as the books compare it: its fields by name, its text without what ties parts together,
//! and the marker it carries.
use super::collections::Few;
use super::settings::Settings;
use crate::plan::Rewrite;
use crate::smpp::Tag;
use crate::smpp::coding::Coding;
use crate::smpp::marker::{Carrier, Marker, MarkerKind, MessageKey};
use crate::smpp::pdu::{self, Body, Field};
use crate::smpp::udh::Udh;
use crate::smpp::{Header, Tlvs, find};

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
    body: Body<'a>,
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
        let body = pdu::decode(frame).ok()?.body;
        let ((source, destination), (esm_class, data_coding), text, tlvs) = match &body {
            Body::SubmitSm(sm) => (
                (sm.source_addr, sm.destination_addr),
                (sm.esm_class, sm.data_coding),
                sm.short_message,
                sm.tlvs,
            ),
            Body::DeliverSm(sm) => (
                (sm.source_addr, sm.destination_addr),
                (sm.esm_class, sm.data_coding),
                sm.short_message,
                sm.tlvs,
            ),
            _ => return None,
        };
        let mut content = Content {
            body,
            udh: &[],
            text,
            data_coding,
            tlvs,
            segment: None,
            is_payload: false,
            source,
            destination,
        };
        content.take_text_apart(esm_class);
        Some(content)
    }

    /// All fields but short_message and the TLVs.
    pub(super) fn fields(&self) -> Vec<NamedField<'a>> {
        let mut fields = Vec::with_capacity(16);
        self.body.fields(&mut |name, field| match field {
            Field::ShortMessage(_) | Field::Tlvs(_) => {}
            Field::Int(_) | Field::Text(_) | Field::Dests(_) | Field::Unsuccessful(_) => {
                fields.push((name, field, rewrite_of(name)));
            }
        });
        fields
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
        self.decoded(self.text)
    }

    /// A text in its coding as characters, where that is known.
    pub(super) fn decoded(&self, text: &[u8]) -> Option<String> {
        Coding::of_data_coding(self.data_coding).map(|coding| coding.decode(text))
    }

    /// The keys of the markers in the text, in order.
    pub(super) fn tokens(&self, run: u32) -> Few<MessageKey> {
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
    pub(super) fn keys(&self, run: u32, carriers: &[Carrier]) -> Few<MessageKey> {
        let tokens = match carriers.contains(&Carrier::Text) {
            true => self.tokens(run),
            false => Few::None,
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
                return Few::One(key);
            }
        }
        Few::None
    }
}

/// The keys of the tokens in a text of one octet or two a character.
pub(super) fn tokens_in(run: u32, data_coding: u8, text: &[u8]) -> Few<MessageKey> {
    let found = |text: &[u8]| -> Few<MessageKey> {
        Marker::tokens_in(run, text).map(|(_, marker)| marker.key).collect()
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

/// What the books need of every submit_sm, read without the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct SubmitHead<'a> {
    pub(super) destination: &'a [u8],
    registered_delivery: u8,
}

impl<'a> SubmitHead<'a> {
    /// Reads it. None: it ends too early.
    pub(super) fn read(frame: &'a [u8]) -> Option<SubmitHead<'a>> {
        let mut rest = body(frame);
        let mut text = |octets_before: usize| -> Option<&'a [u8]> {
            let from = rest.get(octets_before..)?;
            let end = find(from, 0)?;
            rest = &from[end + 1..];
            Some(&from[..end])
        };
        // service_type; source_addr and destination_addr, each behind its TON and NPI
        text(0)?;
        text(2)?;
        let destination = text(2)?;
        // schedule_delivery_time behind esm_class, protocol_id and priority_flag; validity_period
        text(3)?;
        text(0)?;
        Some(SubmitHead { destination, registered_delivery: *rest.first()? })
    }

    /// Whether a final receipt is asked for.
    pub(super) fn wants_receipt(&self) -> bool {
        self.registered_delivery & 3 == 1
    }
}

/// The key of a whole marker with which a PDU ends, as those of ours do: its last TLV, or the end of its text.
pub(super) fn marker_at_end(settings: &Settings, frame: &[u8]) -> Option<MessageKey> {
    let Settings { run, carriers, .. } = settings;
    if carriers.contains(&Carrier::Tlv) {
        let (head, value) = frame.last_chunk::<{ Marker::TLV_OCTETS + 4 }>()?.split_at(4);
        let (tag, length) = (Marker::TLV.0.to_be_bytes(), Marker::TLV_OCTETS as u16);
        let is_marker = *head == *[tag, length.to_be_bytes()].as_flattened();
        return Marker::from_tlv(*run, value).filter(|_| is_marker).map(|marker| marker.key);
    }
    if !carriers.contains(&Carrier::Text) {
        return None;
    }
    let token = frame.last_chunk::<{ Marker::TOKEN_OCTETS }>()?;
    Marker::from_token(*run, token).map(|marker| marker.key)
}

/// The body of a PDU: all but its header.
pub(super) fn body(frame: &[u8]) -> &[u8] {
    frame.get(Header::OCTETS..).unwrap_or_default()
}
