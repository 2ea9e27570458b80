//! Reads and writes the field types of v3.4 3.1: integers, C-octet strings, octet strings. Reads
//! softly: what is odd is noted, what cannot be read is [`Malformed`]. Knows no PDU.

use bytes::{BufMut, BytesMut};

use super::pdu::{Anomaly, BodyFault, Dests, Malformed, Unsuccessful};
use super::status::CommandStatus;
use super::tlv::{Tag, TlvFault, TlvType, Tlvs};

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The highest bit of the first octet of a word that is zero is the lowest bit of this; 0 where none is.
#[inline]
pub(crate) const fn nuls(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// Octets before the first `wanted`; `None` where there is none. Eight at a time: strings are short,
/// and most of what is read is strings.
#[inline]
pub(crate) fn find(octets: &[u8], wanted: u8) -> Option<usize> {
    // Most strings of a PDU are empty.
    if octets.first() == Some(&wanted) {
        return Some(0);
    }
    let (words, tail) = octets.as_chunks::<8>();
    let mut before = 0;
    for word in words {
        let found = nuls(u64::from_le_bytes(*word) ^ (LOW * u64::from(wanted)));
        if found != 0 {
            return Some(before + found.trailing_zeros() as usize / 8);
        }
        before += 8;
    }
    tail.iter().position(|octet| *octet == wanted).map(|at| before + at)
}

/// Anomalies kept of one PDU: thousands of broken TLVs are not worth more memory than the PDU itself.
const ANOMALIES_MAX: usize = 16;

/// A place in a body.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Offset of `rest` in the PDU.
    at: usize,
    /// Offset of the body in the PDU.
    body_at: usize,
    /// A response is read as far as it goes: it is not answered.
    lenient: bool,
    /// Anomalies so far. Empty (and then without allocation) in the normal case.
    pub(crate) anomalies: Vec<Anomaly>,
}

impl<'a> Reader<'a> {
    /// Starts at a body that stands `at` octets into its PDU.
    pub(crate) fn new(body: &'a [u8], at: usize, lenient: bool) -> Self {
        Reader { rest: body, at, body_at: at, lenient, anomalies: Vec::new() }
    }

    /// Notes something odd, here.
    pub(crate) fn note(
        &mut self,
        kind: BodyFault,
        at: usize,
        field: &'static str,
        status: Option<CommandStatus>,
    ) {
        if self.anomalies.len() < ANOMALIES_MAX {
            self.anomalies.push(Anomaly { kind, at, field, status });
        }
    }

    fn fail<T>(
        &self,
        kind: BodyFault,
        field: &'static str,
        status: CommandStatus,
    ) -> Result<T, Malformed> {
        Err(Malformed { kind, at: self.at, field, status })
    }

    fn take(&mut self, octets: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(octets);
        self.rest = rest;
        self.at += octets;
        taken
    }

    /// One octet.
    pub(crate) fn int1(&mut self, field: &'static str) -> Result<u8, Malformed> {
        match self.rest.first() {
            Some(value) => {
                let value = *value;
                self.take(1);
                Ok(value)
            }
            None => self.fail(BodyFault::TruncatedBody, field, CommandStatus::ESME_RINVCMDLEN),
        }
    }

    /// Four octets, big-endian.
    pub(crate) fn int4(&mut self, field: &'static str) -> Result<u32, Malformed> {
        match self.rest.first_chunk::<4>() {
            Some(value) => {
                let value = u32::from_be_bytes(*value);
                self.take(4);
                Ok(value)
            }
            None => self.fail(BodyFault::TruncatedBody, field, CommandStatus::ESME_RINVCMDLEN),
        }
    }

    /// A C-octet string without its NUL; one beyond `octets_max` (NUL included) is noted and kept.
    pub(crate) fn cstr(
        &mut self,
        field: &'static str,
        octets_max: usize,
        status: CommandStatus,
    ) -> Result<&'a [u8], Malformed> {
        let at = self.at;
        let value = self.until_nul(field, status)?;
        if value.len() >= octets_max {
            self.note(BodyFault::CstringTooLong, at, field, Some(status));
        }
        Ok(value)
    }

    /// A time: empty, 16 characters, or (where `short` is granted) 12.
    pub(crate) fn time(
        &mut self,
        field: &'static str,
        short: bool,
        status: CommandStatus,
    ) -> Result<&'a [u8], Malformed> {
        let at = self.at;
        let value = self.until_nul(field, status)?;
        match value.len() {
            0 | 16 => {}
            12 if short => {}
            _ => self.note(BodyFault::BadTimeLength, at, field, Some(status)),
        }
        Ok(value)
    }

    fn until_nul(
        &mut self,
        field: &'static str,
        status: CommandStatus,
    ) -> Result<&'a [u8], Malformed> {
        if let Some(octets) = find(self.rest, 0) {
            let value = self.take(octets);
            self.take(1);
            return Ok(value);
        }
        if self.rest.is_empty() {
            return self.fail(BodyFault::TruncatedBody, field, CommandStatus::ESME_RINVCMDLEN);
        }
        if self.lenient {
            self.note(BodyFault::UnterminatedCstring, self.at, field, None);
            return Ok(self.take(self.rest.len()));
        }
        self.fail(BodyFault::UnterminatedCstring, field, status)
    }

    /// `sm_length` and the octets that it counts.
    pub(crate) fn short_message(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let sm_length = usize::from(self.int1("sm_length")?);
        if sm_length > self.rest.len() {
            return self.fail(BodyFault::OctetsBeyondPdu, field, CommandStatus::ESME_RINVMSGLEN);
        }
        Ok(self.take(sm_length))
    }

    /// `number_of_dests` and the addresses that it counts (v3.4 4.5.1.1).
    pub(crate) fn dests(&mut self, field: &'static str) -> Result<Dests<'a>, Malformed> {
        let count = self.int1("number_of_dests")?;
        let start = self.rest;
        for _ in 0..count {
            self.dest(field)?;
        }
        let octets = &start[..start.len() - self.rest.len()];
        Ok(Dests { count, octets })
    }

    fn dest(&mut self, field: &'static str) -> Result<(), Malformed> {
        const SHORT: CommandStatus = CommandStatus::ESME_RINVNUMDESTS;
        let short = |fault: Malformed| Malformed { status: SHORT, ..fault };
        let at = self.at;
        match self.int1(field).map_err(short)? {
            Dests::SME_ADDRESS => {
                self.int1("dest_addr_ton").map_err(short)?;
                self.int1("dest_addr_npi").map_err(short)?;
                let address = self.cstr("destination_addr", 21, CommandStatus::ESME_RINVDSTADR);
                address.map_err(|fault| {
                    if fault.kind == BodyFault::TruncatedBody { short(fault) } else { fault }
                })?;
                Ok(())
            }
            Dests::DISTRIBUTION_LIST => {
                self.cstr("dl_name", 21, CommandStatus::ESME_RINVDLNAME).map(|_| ())
            }
            _ => Err(Malformed {
                kind: BodyFault::BadDestFlag,
                at,
                field: "dest_flag",
                status: CommandStatus::ESME_RINVDESTFLAG,
            }),
        }
    }

    /// `no_unsuccess` and the addresses that it counts (v3.4 4.5.2).
    pub(crate) fn unsuccessful(
        &mut self,
        field: &'static str,
    ) -> Result<Unsuccessful<'a>, Malformed> {
        let count = self.int1("no_unsuccess")?;
        let start = self.rest;
        for _ in 0..count {
            self.int1(field)?;
            self.int1(field)?;
            self.cstr("destination_addr", 21, CommandStatus::ESME_RINVDSTADR)?;
            self.int4("error_status_code")?;
        }
        let octets = &start[..start.len() - self.rest.len()];
        Ok(Unsuccessful { count, octets })
    }

    /// All that is left: the TLVs, each looked at once for what is odd.
    pub(crate) fn tlvs(&mut self, _field: &'static str) -> Result<Tlvs<'a>, Malformed> {
        let base = self.at;
        let header_only = base == self.body_at && self.rest.len() < 4;
        let run = self.rest;
        self.take(run.len());
        let tlvs = Tlvs(run);
        if header_only && !run.is_empty() {
            self.note(BodyFault::TrailingOctets, base, "tlvs", None);
            return Ok(tlvs);
        }
        let mut walk = tlvs.iter();
        loop {
            let at = base + walk.at();
            match walk.next() {
                None => return Ok(tlvs),
                Some(Ok((tag, value))) => {
                    if let Some((kind, name, status)) = tlv_oddity(tag, value) {
                        self.note(kind, at, name, Some(status));
                    }
                }
                Some(Err(fault)) => self.note_tlv_fault(fault, base, run),
            }
        }
    }

    fn note_tlv_fault(&mut self, fault: TlvFault, base: usize, run: &[u8]) {
        const STREAM: CommandStatus = CommandStatus::ESME_RINVOPTPARSTREAM;
        match fault {
            TlvFault::HeaderTruncated { at } => {
                // One to three NULs after the last field come from live providers (docs/smpp/in-the-wild.md, row 21).
                let harmless = run[at..].iter().all(|octet| *octet == 0);
                let status = (!harmless).then_some(STREAM);
                self.note(BodyFault::TlvHeaderTruncated, base + at, "tlvs", status);
            }
            TlvFault::LengthBeyond { at, tag, length: _ } => {
                let name = tag.name().unwrap_or("tlvs");
                self.note(BodyFault::TlvLengthBeyondPdu, base + at, name, Some(STREAM));
            }
        }
    }
}

fn tlv_oddity(tag: Tag, value: &[u8]) -> Option<(BodyFault, &'static str, CommandStatus)> {
    let info = tag.info()?;
    if value.len() < usize::from(info.octets_min) && info.tlv_type != TlvType::Cstr
        || value.len() > usize::from(info.octets_max)
    {
        return Some((BodyFault::TlvBadLength, info.name, CommandStatus::ESME_RINVPARLEN));
    }
    match value {
        [value] if u32::from(*value) > info.value_max => {
            Some((BodyFault::TlvBadValue, info.name, CommandStatus::ESME_RINVOPTPARAMVAL))
        }
        _ => None,
    }
}

/// The writers, one for each field type, named as the readers are.
pub(crate) mod put {
    use super::{BufMut, BytesMut, Dests, Tlvs, Unsuccessful};

    pub(crate) fn int1(out: &mut BytesMut, value: u8) {
        out.put_u8(value);
    }

    /// The octets up to their first NUL, and a NUL.
    pub(crate) fn cstr(out: &mut BytesMut, value: &[u8]) {
        let end = super::find(value, 0).unwrap_or(value.len());
        out.put_slice(&value[..end]);
        out.put_u8(0);
    }

    pub(crate) fn time(out: &mut BytesMut, value: &[u8]) {
        cstr(out, value);
    }

    /// At most 255 octets: `sm_length` has no room for more.
    pub(crate) fn short_message(out: &mut BytesMut, value: &[u8]) {
        let sm_length = u8::try_from(value.len()).unwrap_or(u8::MAX);
        out.put_u8(sm_length);
        out.put_slice(&value[..usize::from(sm_length)]);
    }

    pub(crate) fn dests(out: &mut BytesMut, value: Dests<'_>) {
        out.put_u8(value.count);
        out.put_slice(value.octets);
    }

    pub(crate) fn unsuccessful(out: &mut BytesMut, value: Unsuccessful<'_>) {
        out.put_u8(value.count);
        out.put_slice(value.octets);
    }

    pub(crate) fn tlvs(out: &mut BytesMut, value: Tlvs<'_>) {
        out.put_slice(value.0);
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn an_octet_is_found_at_every_place_and_only_where_it_is() {
        for octets in 0..40 {
            for wanted in [0, b' ', 0x80, 0xFF] {
                // Neighbours that differ by one bit or by a borrow are not taken for it.
                for filler in [wanted.wrapping_add(1), wanted ^ 0x80, wanted.wrapping_sub(1)] {
                    let mut haystack = vec![filler; octets];
                    assert_eq!(find(&haystack, wanted), None);
                    for place in (0..octets).rev() {
                        haystack[place] = wanted;
                        assert_eq!(find(&haystack, wanted), Some(place), "{octets} {wanted}");
                    }
                }
            }
        }
    }
}
