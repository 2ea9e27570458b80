//! Reads the fields of a submit_sm that the simulator needs: by a quick scan where the PDU is plain, as nearly all are,
//! else by a full decode.
use super::pending_delivery::{Address, AddressRef};
use crate::smpp::answer::strict_fault;
use crate::smpp::pdu::{self, Body, BodyFault, SubmitSm};
use crate::smpp::{CommandStatus, Header};

/// The fields of a submit_sm that the simulator needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct SubmitFields {
    /// source_addr.
    pub(super) source: Address,
    /// destination_addr.
    pub(super) destination: Address,
    /// esm_class.
    pub(super) esm_class: u8,
    /// registered_delivery.
    pub(super) registered_delivery: u8,
    /// sm_default_msg_id.
    pub(super) sm_default_msg_id: u8,
}

/// Why a strict SMSC refuses a submit_sm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SubmitRefusal {
    /// command_status of the response.
    pub(super) status: CommandStatus,
    /// Whether a field was too long.
    pub(super) too_long: bool,
}

/// Reads a whole submit_sm.
///
/// # Errors
/// A strict SMSC refuses it (docs/smpp/protocol.md, "Errors").
#[inline]
pub(super) fn scan(frame: &[u8]) -> Result<SubmitFields, SubmitRefusal> {
    match plain(frame) {
        Some(submit) => Ok(submit.fields()),
        None => full_decode(frame),
    }
}

/// The index of the first NUL in `octets[at..]`. None: it is not within `max` octets.
#[inline]
fn nul(octets: &[u8], at: usize, max: usize) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut from = at;
    while from < at + max {
        let Some(word) = octets.get(from..).and_then(|rest| rest.first_chunk::<8>()) else {
            let end = octets.len().min(at + max);
            return (from..end).find(|index| octets[*index] == 0);
        };
        let word = u64::from_le_bytes(*word);
        let zeros = word.wrapping_sub(LOW) & !word & HIGH;
        if zeros != 0 {
            let index = from + (zeros.trailing_zeros() / 8) as usize;
            return (index < at + max).then_some(index);
        }
        from += 8;
    }
    None
}

/// A plain submit_sm, read in place: no times, no TLVs but a vendor's own, every value in range.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainSubmit<'a> {
    /// source_addr.
    pub(super) source: AddressRef<'a>,
    /// destination_addr.
    pub(super) destination: AddressRef<'a>,
    /// esm_class.
    pub(super) esm_class: u8,
    /// registered_delivery.
    pub(super) registered_delivery: u8,
}

impl PlainSubmit<'_> {
    /// Its fields, copied.
    #[inline]
    fn fields(&self) -> SubmitFields {
        SubmitFields {
            source: self.source.kept(),
            destination: self.destination.kept(),
            esm_class: self.esm_class,
            registered_delivery: self.registered_delivery,
            sm_default_msg_id: 0,
        }
    }
}

/// Scans a plain submit_sm. None: it needs a full decode.
#[inline]
pub(super) fn plain(frame: &[u8]) -> Option<PlainSubmit<'_>> {
    let service_end = nul(frame, Header::OCTETS, 6)?;
    let source = service_end + 3;
    let source_end = nul(frame, source, Address::OCTETS_MAX + 1)?;
    let destination = source_end + 3;
    let destination_end = nul(frame, destination, Address::OCTETS_MAX + 1)?;
    let fixed: &[u8; 10] = frame.get(destination_end + 1..)?.first_chunk()?;
    let [esm_class, _, priority, schedule, validity, delivery, replace, _, default_id, length] =
        *fixed;
    let end = destination_end + 11 + usize::from(length);
    let is_plain = matches!(esm_class & 0x3C, 0x00 | 0x08 | 0x10)
        && priority <= 3
        && schedule == 0
        && validity == 0
        && delivery & 0xE0 == 0
        && replace <= 1
        && default_id == 0
        && (end == frame.len() || has_only_vendor_tlvs(frame.get(end..)?));
    if !is_plain {
        return None;
    }
    let [source, destination] = [source..source_end, destination..destination_end].map(|at| {
        AddressRef { ton: frame[at.start - 2], npi: frame[at.start - 1], digits: &frame[at] }
    });
    Some(PlainSubmit { source, destination, esm_class, registered_delivery: delivery })
}

/// Whether octets are whole TLVs of the vendor range (v3.4 5.3.2), which the simulator does not know.
#[inline(never)]
fn has_only_vendor_tlvs(mut rest: &[u8]) -> bool {
    while let Some((head, behind)) = rest.split_first_chunk::<4>() {
        let (tag, length) = ([head[0], head[1]], [head[2], head[3]].map(usize::from));
        let is_vendor = matches!(u16::from_be_bytes(tag), 0x1400..=0x3FFF);
        let Some(behind) = behind.get(length[0] << 8 | length[1]..) else { return false };
        if !is_vendor {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

fn full_decode(frame: &[u8]) -> Result<SubmitFields, SubmitRefusal> {
    let pdu = pdu::decode(frame).map_err(|fault| refusal(fault.kind, fault.status))?;
    if let Some(fault) = strict_fault(&pdu) {
        return Err(refusal(fault.kind, fault.status));
    }
    match pdu.body {
        Body::SubmitSm(sm) => Ok(fields_of(&sm)),
        _ => Err(refusal(BodyFault::UnknownCommandId, CommandStatus::ESME_RINVCMDID)),
    }
}

fn refusal(kind: BodyFault, status: CommandStatus) -> SubmitRefusal {
    let too_long = matches!(kind, BodyFault::CstringTooLong | BodyFault::UnterminatedCstring);
    SubmitRefusal { status, too_long }
}

fn fields_of(sm: &SubmitSm<'_>) -> SubmitFields {
    let address = |ton, npi, octets: &[u8]| Address::new(ton, npi, octets, 0, octets.len());
    SubmitFields {
        source: address(sm.source_addr_ton, sm.source_addr_npi, sm.source_addr),
        destination: address(sm.dest_addr_ton, sm.dest_addr_npi, sm.destination_addr),
        esm_class: sm.esm_class,
        registered_delivery: sm.registered_delivery,
        sm_default_msg_id: sm.sm_default_msg_id,
    }
}

/// The status with which OpenMarket's v4 service refuses a submit_sm beyond the specification
/// (docs/smpp/openmarket.md, "submit_sm"). None: it is accepted.
pub(super) fn openmarket(fields: &SubmitFields) -> Option<CommandStatus> {
    let SubmitFields { source, destination, esm_class, registered_delivery: _, sm_default_msg_id } =
        fields;
    let table = [
        (!matches!(source.ton, 0 | 1 | 3 | 5), CommandStatus::ESME_RINVSRCTON),
        (source.npi > 1, CommandStatus::ESME_RINVSRCNPI),
        (destination.ton != 1, CommandStatus::ESME_RINVDSTTON),
        (destination.npi != 1, CommandStatus::ESME_RINVDSTNPI),
        (!matches!(esm_class, 0x00 | 0x40), CommandStatus::ESME_RINVESMCLASS),
        (*sm_default_msg_id != 0, CommandStatus::ESME_RINVDFTMSGID),
    ];
    table.into_iter().find(|(wrong, _)| *wrong).map(|(_, status)| status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::{Tag, Tlvs};
    use bytes::BytesMut;

    fn frame(change: impl FnOnce(&mut SubmitSm<'_>)) -> BytesMut {
        let mut sm = SubmitSm {
            source_addr_ton: 5,
            source_addr: b"SENDER",
            dest_addr_ton: 1,
            dest_addr_npi: 1,
            destination_addr: b"447700900123",
            registered_delivery: 1,
            short_message: b"hello",
            ..SubmitSm::default()
        };
        change(&mut sm);
        let mut out = BytesMut::new();
        sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
        out
    }

    fn comparable(fields: SubmitFields) -> (Vec<u8>, Vec<u8>, u8, u8, u8) {
        let text = |address: &Address| {
            let (octets, len) = address.raw();
            octets[..len].to_vec()
        };
        let (source, destination) = (text(&fields.source), text(&fields.destination));
        (source, destination, fields.source.ton, fields.destination.npi, fields.registered_delivery)
    }

    #[test]
    fn the_quick_scan_and_the_full_decode_agree() {
        let addresses: [&[u8]; 5] = [b"", b"1", b"4477009", b"447700900", b"12345678901234567890"];
        for source in addresses {
            for destination in addresses {
                for text in [&b""[..], b"x", &[7; 254]] {
                    let frame = frame(|sm| {
                        sm.source_addr = source;
                        sm.destination_addr = destination;
                        sm.short_message = text;
                    });
                    let quick = plain(&frame).expect("it is plain").fields();
                    assert_eq!(comparable(quick), comparable(full_decode(&frame).unwrap()));
                }
            }
        }
    }

    #[test]
    fn tlvs_of_a_vendor_leave_a_submit_sm_plain_and_others_do_not() {
        let with = |octets: &[u8]| {
            let (sm, mut out) =
                (SubmitSm { tlvs: Tlvs(octets), ..SubmitSm::default() }, BytesMut::new());
            sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
            out
        };
        let (vendor, other) = (b"\x1A\x5B\0\x02ab\x14\0\0\0", b"\x02\x04\0\x02\0\x01");
        let plain_one = with(vendor);
        let quick = plain(&plain_one).expect("they are unknown here").fields();
        assert_eq!(comparable(quick), comparable(full_decode(&plain_one).unwrap()));
        for octets in [&other[..], b"\x1A\x5B\0\x03ab", b"\x1A\x5B", &[&vendor[..], other].concat()]
        {
            assert!(plain(&with(octets)).is_none(), "{octets:?}");
        }
        assert!(Tag::KNOWN.iter().all(|row| !matches!(row.tag.0, 0x1400..=0x3FFF)));
    }

    #[test]
    fn a_submit_sm_that_is_not_plain_is_fully_decoded() {
        let long = frame(|sm| sm.destination_addr = b"123456789012345678901");
        assert_eq!(
            scan(&long).unwrap_err(),
            SubmitRefusal { status: CommandStatus::ESME_RINVDSTADR, too_long: true }
        );
        let time = frame(|sm| sm.validity_period = b"0101010000000");
        assert_eq!(scan(&time).unwrap_err().status, CommandStatus::ESME_RINVEXPIRY);
        let lawful = frame(|sm| sm.validity_period = b"020610233429000R");
        assert!(plain(&lawful).is_none() && scan(&lawful).is_ok());
        let month = frame(|sm| sm.validity_period = b"021310233429000+");
        assert_eq!(scan(&month).unwrap_err().status, CommandStatus::ESME_RINVEXPIRY);
        let urgent = frame(|sm| sm.priority_flag = 9);
        assert_eq!(scan(&urgent).unwrap_err().status, CommandStatus::ESME_RINVPRTFLG);
        for end in 16..lawful.len() {
            let _ = scan(&lawful[..end]);
        }
    }

    #[test]
    fn openmarket_refuses_as_its_documentation_says() {
        let refused = |change: fn(&mut SubmitSm<'_>)| openmarket(&scan(&frame(change)).unwrap());
        assert_eq!(refused(|_| {}), None);
        assert_eq!(refused(|sm| sm.source_addr_ton = 2), Some(CommandStatus::ESME_RINVSRCTON));
        assert_eq!(refused(|sm| sm.source_addr_npi = 8), Some(CommandStatus::ESME_RINVSRCNPI));
        assert_eq!(refused(|sm| sm.dest_addr_ton = 0), Some(CommandStatus::ESME_RINVDSTTON));
        assert_eq!(refused(|sm| sm.dest_addr_npi = 0), Some(CommandStatus::ESME_RINVDSTNPI));
        assert_eq!(refused(|sm| sm.esm_class = 3), Some(CommandStatus::ESME_RINVESMCLASS));
    }
}
