//! PDUs as octets, written and read by hand: what a case sends may be wrong in every way, and what it judges is what
//! stood on the wire. The codec of this program is not used here, so that its faults do not hide those of the peer.
use crate::smpp::{CommandId, CommandStatus};

/// Octets of a header.
pub(super) const HEADER: usize = 16;

/// A PDU with a header that fits its body.
pub(super) fn pdu(command: CommandId, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend_from_slice(&((HEADER + body.len()) as u32).to_be_bytes());
    out.extend_from_slice(&command.0.to_be_bytes());
    out.extend_from_slice(&status.to_be_bytes());
    out.extend_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// A C-octet string: the text and its NUL.
pub(super) fn cstring(text: &[u8]) -> Vec<u8> {
    [text, &[0]].concat()
}

/// A TLV.
pub(super) fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat()
}

/// A PDU as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pdu(pub(super) Vec<u8>);

impl Pdu {
    fn word(&self, at: usize) -> u32 {
        let word = self.0.get(at..).and_then(|rest| rest.first_chunk::<4>());
        word.map_or(0, |word| u32::from_be_bytes(*word))
    }
    /// command_length, as it stands there.
    pub(super) fn length(&self) -> u32 {
        self.word(0)
    }
    pub(super) fn command(&self) -> CommandId {
        CommandId(self.word(4))
    }
    pub(super) fn status(&self) -> CommandStatus {
        CommandStatus(self.word(8))
    }
    pub(super) fn sequence(&self) -> u32 {
        self.word(12)
    }
    /// What follows the header.
    pub(super) fn body(&self) -> &[u8] {
        self.0.get(HEADER..).unwrap_or_default()
    }
    pub(super) fn is_ok(&self) -> bool {
        self.status().is_ok()
    }
    pub(super) fn is_nack(&self) -> bool {
        self.command() == CommandId::GENERIC_NACK
    }
    /// `submit_sm_resp with ESME_RINVDSTADR (0x0B)`.
    pub(super) fn says(&self) -> String {
        let name = self.command().name();
        let name =
            name.map_or_else(|| format!("command 0x{:08X}", self.command().0), str::to_owned);
        if self.command().is_response() {
            format!("{name} with {}", status_says(self.status()))
        } else {
            name
        }
    }
}

/// Whether octets begin with a PDU that carries a message to the network.
pub(super) fn carries_message(octets: &[u8]) -> bool {
    let command = Pdu(octets.to_vec()).command();
    [CommandId::SUBMIT_SM, CommandId::DATA_SM, CommandId::SUBMIT_MULTI].contains(&command)
}

/// A status by name and number.
pub(super) fn status_says(status: CommandStatus) -> String {
    match status.name() {
        Some(name) => format!("{name} (0x{:02X})", status.0),
        None => format!("status 0x{:08X}", status.0),
    }
}

/// Reads fields one after the other; `None` where the body ends too early.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// A C-octet string, without its NUL.
    pub(super) fn cstring(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|octet| *octet == 0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Some(text)
    }
    pub(super) fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
    pub(super) fn octets(&mut self, count: usize) -> Option<&'a [u8]> {
        let (these, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(these)
    }
    /// The TLVs that are left; `None` where one is longer than the PDU.
    pub(super) fn tlvs(mut self) -> Option<Vec<(u16, &'a [u8])>> {
        let mut all = Vec::new();
        while !self.0.is_empty() {
            let tag = u16::from_be_bytes(*self.octets(2)?.first_chunk()?);
            let length = u16::from_be_bytes(*self.octets(2)?.first_chunk()?);
            all.push((tag, self.octets(usize::from(length))?));
        }
        Some(all)
    }
}

/// A submit_sm or deliver_sm to write; every field may be wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) service_type: Vec<u8>,
    /// TON and NPI.
    pub(super) source_kind: (u8, u8),
    pub(super) source: Vec<u8>,
    /// TON and NPI.
    pub(super) destination_kind: (u8, u8),
    pub(super) destination: Vec<u8>,
    pub(super) esm_class: u8,
    pub(super) priority: u8,
    pub(super) schedule: Vec<u8>,
    pub(super) validity: Vec<u8>,
    pub(super) registered_delivery: u8,
    pub(super) replace: u8,
    pub(super) data_coding: u8,
    pub(super) default_message: u8,
    /// `None`: the length of the text.
    pub(super) sm_length: Option<u8>,
    pub(super) text: Vec<u8>,
    /// What follows short_message.
    pub(super) tlvs: Vec<u8>,
}

impl Message {
    /// The body.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut out = cstring(&self.service_type);
        out.extend([self.source_kind.0, self.source_kind.1]);
        out.extend(cstring(&self.source));
        out.extend([self.destination_kind.0, self.destination_kind.1]);
        out.extend(cstring(&self.destination));
        // protocol_id is 0
        out.extend([self.esm_class, 0, self.priority]);
        out.extend(cstring(&self.schedule));
        out.extend(cstring(&self.validity));
        out.extend([
            self.registered_delivery,
            self.replace,
            self.data_coding,
            self.default_message,
        ]);
        out.push(self.sm_length.unwrap_or(self.text.len() as u8));
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&self.tlvs);
        out
    }

    /// The fields of a deliver_sm or submit_sm that was read; `None` where the body ends too early.
    pub(super) fn read(body: &[u8]) -> Option<Message> {
        let mut fields = Fields(body);
        let mut message = Message::addressed(&mut fields)?;
        message.esm_class = fields.octet()?;
        let _protocol_id = fields.octet()?;
        message.priority = fields.octet()?;
        message.schedule = fields.cstring()?.to_vec();
        message.validity = fields.cstring()?.to_vec();
        message.registered_delivery = fields.octet()?;
        message.replace = fields.octet()?;
        message.data_coding = fields.octet()?;
        message.default_message = fields.octet()?;
        let sm_length = fields.octet()?;
        message.sm_length = Some(sm_length);
        message.text = fields.octets(usize::from(sm_length))?.to_vec();
        message.tlvs = fields.0.to_vec();
        Some(message)
    }

    /// The fields of a deliver_sm, submit_sm or data_sm; `None`: it is another PDU, or its body ends too early.
    pub(super) fn of(pdu: &Pdu) -> Option<Message> {
        match pdu.command() {
            CommandId::DELIVER_SM | CommandId::SUBMIT_SM => Message::read(pdu.body()),
            CommandId::DATA_SM => Message::read_data(pdu.body()),
            _ => None,
        }
    }

    /// The fields of a data_sm, whose text is in message_payload.
    fn read_data(body: &[u8]) -> Option<Message> {
        let mut fields = Fields(body);
        let mut message = Message::addressed(&mut fields)?;
        message.esm_class = fields.octet()?;
        message.registered_delivery = fields.octet()?;
        message.data_coding = fields.octet()?;
        message.tlvs = fields.0.to_vec();
        Some(message)
    }

    /// With what every PDU of a message begins with: service_type and both addresses.
    fn addressed(fields: &mut Fields<'_>) -> Option<Message> {
        Some(Message {
            service_type: fields.cstring()?.to_vec(),
            source_kind: (fields.octet()?, fields.octet()?),
            source: fields.cstring()?.to_vec(),
            destination_kind: (fields.octet()?, fields.octet()?),
            destination: fields.cstring()?.to_vec(),
            ..Message::default()
        })
    }

    /// The value of a TLV; `None`: it has none with this tag.
    pub(super) fn tlv(&self, tag: u16) -> Option<&[u8]> {
        let all = Fields(&self.tlvs).tlvs()?;
        all.into_iter().find(|(other, _)| *other == tag).map(|(_, value)| value)
    }

    /// The text, or what stands in message_payload instead.
    pub(super) fn content(&self) -> &[u8] {
        if self.text.is_empty() {
            self.tlv(MESSAGE_PAYLOAD).unwrap_or_default()
        } else {
            &self.text
        }
    }

    /// Whether esm_class says that it is an intermediate notification.
    pub(super) fn is_notification(&self) -> bool {
        self.esm_class & 0x3C == 0x20
    }

    /// Whether esm_class says that it is a delivery receipt.
    pub(super) fn is_receipt(&self) -> bool {
        self.esm_class & 0x3C == 0x04
    }
}

pub(super) const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
pub(super) const USER_MESSAGE_REFERENCE: u16 = 0x0204;
pub(super) const SC_INTERFACE_VERSION: u16 = 0x0210;
pub(super) const MESSAGE_PAYLOAD: u16 = 0x0424;
pub(super) const MESSAGE_STATE: u16 = 0x0427;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = Message {
            service_type: b"WAP".to_vec(),
            source_kind: (5, 0),
            source: b"SHOP".to_vec(),
            destination_kind: (1, 1),
            destination: b"447700900123".to_vec(),
            esm_class: 4,
            text: b"id:7 stat:DELIVRD".to_vec(),
            tlvs: tlv(RECEIPTED_MESSAGE_ID, b"7\0"),
            ..Message::default()
        };
        let body = message.body();
        let read = Message::read(&body).unwrap();
        assert_eq!(read.body(), body);
        assert!(read.is_receipt());
        assert_eq!(read.tlv(RECEIPTED_MESSAGE_ID), Some(&b"7\0"[..]));
        // a body that ends before the short_message is not read, and nothing panics
        assert!((0..body.len() - 6 - 17).all(|end| Message::read(&body[..end]).is_none()));
    }

    #[test]
    fn the_octets_agree_with_the_codec() {
        let message =
            Message { destination: b"1".to_vec(), text: b"x".to_vec(), ..Message::default() };
        let octets = pdu(CommandId::SUBMIT_SM, 0, 9, &message.body());
        let decoded = crate::smpp::pdu::decode(&octets).unwrap();
        assert_eq!((decoded.header.sequence_number, decoded.anomalies.len()), (9, 0));
        let read = Pdu(octets);
        assert_eq!((read.length() as usize, read.sequence()), (read.0.len(), 9));
    }
}
