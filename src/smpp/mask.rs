//! Octets as they may be shown: the password of a bind or outbind is replaced, in whole PDUs, in cut and odd
//! ones, and in those that stand inside other octets.
use super::command::CommandId;
use super::header::Header;
use std::borrow::Cow;
use std::ops::Range;

/// Stands for each octet of a password.
const MASK: u8 = b'*';
/// Longest bind that is looked for inside other octets.
const BIND_OCTETS_MAX: u32 = 1024;
/// The last octets of the command_ids that carry a password; those before it are 0.
const IDS: [u8; 4] = [0x01, 0x02, 0x09, 0x0B];

/// `octets` with `*` for each octet of a password: of every bind and outbind that begins where a PDU is to
/// begin, as far as it can be told from a part of it; and of every other place that reads like one.
pub fn without_passwords(octets: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(octets);
    for range in passwords(octets) {
        if !range.is_empty() {
            out.to_mut()[range].fill(MASK);
        }
    }
    out
}

fn passwords(octets: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(length) = word(octets, at)
        && let Some(id) = word(octets, at + 4)
    {
        let end = at.saturating_add(length as usize);
        let framed = length as usize >= Header::OCTETS && end <= octets.len();
        if is_bearer(id) {
            let end = if framed { end } else { octets.len() };
            found.push(password(octets, at + Header::OCTETS, end));
        }
        if !framed {
            break;
        }
        at = end;
    }
    found.extend((0..octets.len()).filter_map(|last| inside(octets, last)));
    found
}

const fn is_bearer(id: u32) -> bool {
    CommandId(id).is_bind() || id == CommandId::OUTBIND.0
}

/// The password of a body from `from` to `end`: the second C-octet string. Where a string does not end, it
/// may be anywhere in the rest.
fn password(octets: &[u8], from: usize, end: usize) -> Range<usize> {
    let (from, end) = (from.min(octets.len()), end.min(octets.len()));
    let body = octets.get(from..end).unwrap_or_default();
    let nul = |octets: &[u8]| octets.iter().position(|octet| *octet == 0);
    match nul(body) {
        None => from..from + body.len(),
        Some(first) => {
            let start = from + first + 1;
            let length = nul(&body[first + 1..]).unwrap_or(body.len() - first - 1);
            start..start + length
        }
    }
}

/// The password of a bind whose command_id ends at `last`, if what stands around it reads like one: a
/// command_status of 0, a short length before it where there is one, and a printable system_id.
fn inside(octets: &[u8], last: usize) -> Option<Range<usize>> {
    if !IDS.contains(&octets[last]) || octets[last.saturating_sub(3)..last].iter().any(|o| *o != 0)
    {
        return None;
    }
    if last >= 7 {
        let length = word(octets, last - 7)?;
        if !(Header::OCTETS as u32..=BIND_OCTETS_MAX).contains(&length) {
            return None;
        }
    }
    if word(octets, last + 1)? != 0 {
        return None;
    }
    let body = last + 9;
    let end = octets.len().min(body + BIND_OCTETS_MAX as usize);
    let system_id = octets.get(body..end)?.split(|octet| *octet == 0).next()?;
    let readable = system_id.iter().all(|octet| matches!(octet, b' '..=b'~'));
    readable.then(|| password(octets, body, end))
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|octets| u32::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::{Bind, Body, Outbind, Pdu, SubmitSm};
    use bytes::BytesMut;

    const PASSWORD: &[u8] = b"S3cr3tPw";

    fn pdu(id: CommandId, body: Body<'_>) -> Vec<u8> {
        let header = Header { command_id: id, sequence_number: 1, ..Header::default() };
        let mut out = BytesMut::new();
        Pdu { header, body, anomalies: Vec::new() }.encode(&mut out);
        out.to_vec()
    }

    fn bind() -> Vec<u8> {
        let bind = Bind {
            system_id: b"smppbench",
            password: PASSWORD,
            system_type: b"VMA",
            interface_version: 0x34,
            ..Bind::default()
        };
        pdu(CommandId::BIND_TRANSCEIVER, Body::BindTransceiver(bind))
    }

    fn shows(octets: &[u8]) -> bool {
        let masked = without_passwords(octets);
        assert_eq!(masked.len(), octets.len());
        (0..octets.len()).any(|at| {
            let rest = &masked[at..];
            rest.len() >= 3 && PASSWORD.windows(3).any(|part| rest.starts_with(part))
        })
    }

    #[test]
    fn only_the_password_of_a_bind_is_masked() {
        let mut wanted = bind();
        let at = wanted.windows(8).position(|w| w == PASSWORD).unwrap();
        wanted[at..at + 8].fill(b'*');
        assert_eq!(without_passwords(&bind())[..], wanted[..]);
        let outbind = Outbind { system_id: b"smsc", password: PASSWORD, ..Outbind::default() };
        let outbind = pdu(CommandId::OUTBIND, Body::Outbind(outbind));
        assert!(!shows(&outbind) && without_passwords(&outbind).starts_with(&outbind[..21]));
    }

    #[test]
    fn a_bind_that_is_cut_anywhere_or_has_a_wrong_length_is_masked() {
        let whole = bind();
        for cut in 0..whole.len() {
            assert!(!shows(&whole[..cut]), "{cut}");
        }
        // cut before its command_id is over, it is still known by it
        for cut in 0..8 {
            assert!(!shows(&whole[cut..]), "{cut}");
        }
        for length in [0u32, 1, 15, 16, 20, 30, 41, 1000, u32::MAX] {
            let mut odd = bind();
            odd[..4].copy_from_slice(&length.to_be_bytes());
            assert!(!shows(&odd), "{length}");
            odd.extend(bind());
            assert!(!shows(&odd), "{length}, twice");
        }
        // neither of its strings ends
        let mut open = bind();
        open.iter_mut().skip(16).filter(|o| **o == 0).for_each(|o| *o = b'x');
        assert!(!shows(&open));
    }

    #[test]
    fn a_bind_inside_other_octets_is_masked() {
        for before in [&b"x"[..], b"garbage", &[0; 5], &[0xFF; 40], &[0, 0, 0, 9, 0, 0, 0, 0]] {
            assert!(!shows(&[before, &bind()[..]].concat()), "{before:?}");
            assert!(!shows(&[before, &bind()[..], before].concat()), "{before:?}");
        }
        let carried = bind();
        let sm = SubmitSm { short_message: &carried, ..SubmitSm::default() };
        assert!(!shows(&pdu(CommandId::SUBMIT_SM, Body::SubmitSm(sm))));
        let enquire = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1];
        assert!(!shows(&[&enquire[..], &bind()[..], &enquire[..], &bind()[..]].concat()));
    }

    #[test]
    fn what_holds_no_bind_is_shown_as_it_is() {
        let sm = SubmitSm {
            source_addr: b"447700900000",
            destination_addr: b"447700900123",
            short_message: b"S3cr3tPw",
            ..SubmitSm::default()
        };
        let submit = pdu(CommandId::SUBMIT_SM, Body::SubmitSm(sm));
        let throttled = [0, 0, 0, 17, 0x80, 0, 0, 4, 0, 0, 0, 0x58, 0, 0, 0, 1, 0];
        let stream = [&submit[..], &throttled, &submit].concat();
        for octets in [&submit[..], &throttled, &stream, &submit[20..], b"", b"\0", &[0; 64]] {
            assert!(matches!(without_passwords(octets), Cow::Borrowed(_)), "{octets:?}");
        }
    }
}
