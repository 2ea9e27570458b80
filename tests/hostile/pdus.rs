//! PDUs as a scripted SMSC writes them: octets, right or wrong, without the program's own encoder.

pub(crate) const BIND_RECEIVER: u32 = 0x01;
pub(crate) const BIND_TRANSMITTER: u32 = 0x02;
pub(crate) const QUERY: u32 = 0x03;
pub(crate) const SUBMIT: u32 = 0x04;
pub(crate) const DELIVER: u32 = 0x05;
pub(crate) const UNBIND: u32 = 0x06;
pub(crate) const BIND_TRANSCEIVER: u32 = 0x09;
pub(crate) const OUTBIND: u32 = 0x0B;
pub(crate) const ENQUIRE: u32 = 0x15;
pub(crate) const ALERT: u32 = 0x102;
pub(crate) const DATA: u32 = 0x103;
/// Beside a request's id: its response.
pub(crate) const RESP: u32 = 0x8000_0000;
pub(crate) const NACK: u32 = RESP;

pub(crate) const OK: u32 = 0;
pub(crate) const ALREADY_BOUND: u32 = 0x05;
pub(crate) const SYSTEM_ERROR: u32 = 0x08;
pub(crate) const BIND_FAILED: u32 = 0x0D;
pub(crate) const BAD_PASSWORD: u32 = 0x0E;
pub(crate) const QUEUE_FULL: u32 = 0x14;
pub(crate) const SUBMIT_FAILED: u32 = 0x45;
pub(crate) const THROTTLED: u32 = 0x58;

/// Every command_status with a name in v3.4, ESME_ROK apart.
pub(crate) const STATUSES: [u32; 48] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x11, 0x13,
    0x14, 0x15, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x45, 0x48, 0x49, 0x50, 0x51, 0x53, 0x54, 0x55,
    0x58, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xFE, 0xFF,
    0x400,
];

/// A whole PDU with a true command_length.
pub(crate) fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    with_length(16 + body.len() as u32, command, status, sequence, body)
}

/// A PDU that says this command_length, true or not.
pub(crate) fn with_length(
    length: u32,
    command: u32,
    status: u32,
    number: u32,
    body: &[u8],
) -> Vec<u8> {
    let mut octets = Vec::with_capacity(16 + body.len());
    for word in [length, command, status, number] {
        octets.extend_from_slice(&word.to_be_bytes());
    }
    octets.extend_from_slice(body);
    octets
}

pub(crate) fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let mut octets = tag.to_be_bytes().to_vec();
    octets.extend_from_slice(&(value.len() as u16).to_be_bytes());
    octets.extend_from_slice(value);
    octets
}

/// The body of a deliver_sm whose sm_length is `length`, true or not.
pub(crate) fn delivery(text: &[u8], length: u8, esm: u8, coding: u8, tlvs: &[u8]) -> Vec<u8> {
    let mut body = b"\0\x01\x01447700900001\0\x01\x011234\0".to_vec();
    body.extend_from_slice(&[esm, 0, 0, 0, 0, 0, 0, coding, 0, length]);
    body.extend_from_slice(text);
    body.extend_from_slice(tlvs);
    body
}

/// A deliver_sm.
pub(crate) fn deliver(sequence: u32, text: &[u8], esm: u8, coding: u8, tlvs: &[u8]) -> Vec<u8> {
    pdu(DELIVER, OK, sequence, &delivery(text, text.len() as u8, esm, coding, tlvs))
}

/// A receipt's text (SMPP v3.4, appendix B).
pub(crate) fn said(id: &str, stat: &str) -> String {
    format!(
        "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:{stat} err:000 text:"
    )
}

/// A receipt that says DELIVRD.
pub(crate) fn receipt(sequence: u32, id: &str) -> Vec<u8> {
    deliver(sequence, said(id, "DELIVRD").as_bytes(), 4, 0, &[])
}

/// A message from a handset.
pub(crate) fn mo(sequence: u32) -> Vec<u8> {
    deliver(sequence, b"hello", 0, 0, &[])
}

/// The same octets `times` over, in one piece.
pub(crate) fn many(times: usize, of: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (1..=times as u32).flat_map(of).collect()
}

/// Octets that mean nothing, the same for the same seed.
pub(crate) fn noise(seed: u64, octets: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..octets).map(|_| random.u8(..)).collect()
}
