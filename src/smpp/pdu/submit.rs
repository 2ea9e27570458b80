//! PDUs of an ESME: `submit_sm`, `submit_multi`, `replace_sm`, and their responses (v3.4 4.4, 4.5, 4.10).

use crate::smpp::CommandStatus as Status;

wire! {
    /// `submit_sm` (v3.4 4.4.1). `sm_length` is the length of `short_message`: at most 254 by v3.4,
    /// 255 by v5.0.
    SubmitSm = SUBMIT_SM {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        dest_addr_ton: int1;
        dest_addr_npi: int1;
        destination_addr: cstr(21, Status::ESME_RINVDSTADR);
        esm_class: int1;
        protocol_id: int1;
        priority_flag: int1;
        schedule_delivery_time: time(false, Status::ESME_RINVSCHED);
        validity_period: time(false, Status::ESME_RINVEXPIRY);
        registered_delivery: int1;
        replace_if_present_flag: int1;
        data_coding: int1;
        sm_default_msg_id: int1;
        short_message: short_message;
        tlvs: tlvs;
    }
}

wire! {
    /// `submit_sm_resp` (v3.4 4.4.2).
    SubmitSmResp = SUBMIT_SM_RESP {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        tlvs: tlvs;
    }
}

wire! {
    /// `submit_multi` (v3.4 4.5.1).
    SubmitMulti = SUBMIT_MULTI {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        dest_addresses: dests;
        esm_class: int1;
        protocol_id: int1;
        priority_flag: int1;
        schedule_delivery_time: time(false, Status::ESME_RINVSCHED);
        validity_period: time(false, Status::ESME_RINVEXPIRY);
        registered_delivery: int1;
        replace_if_present_flag: int1;
        data_coding: int1;
        sm_default_msg_id: int1;
        short_message: short_message;
        tlvs: tlvs;
    }
}

wire! {
    /// `submit_multi_resp` (v3.4 4.5.2).
    SubmitMultiResp = SUBMIT_MULTI_RESP {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        unsuccess_smes: unsuccessful;
        tlvs: tlvs;
    }
}

wire! {
    /// `replace_sm` (v3.4 4.10.1).
    ReplaceSm = REPLACE_SM {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        schedule_delivery_time: time(false, Status::ESME_RINVSCHED);
        validity_period: time(false, Status::ESME_RINVEXPIRY);
        registered_delivery: int1;
        sm_default_msg_id: int1;
        short_message: short_message;
        tlvs: tlvs;
    }
}

/// The destinations of a `submit_multi`, as they stood on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dests<'a> {
    /// `number_of_dests`.
    pub count: u8,
    /// The entries, flag and all.
    pub octets: &'a [u8],
}

/// One destination of a `submit_multi` (v3.4 4.5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dest<'a> {
    /// `dest_flag` 1: an address.
    Sme {
        /// `dest_addr_ton`.
        dest_addr_ton: u8,
        /// `dest_addr_npi`.
        dest_addr_npi: u8,
        /// `destination_addr`, without its NUL.
        destination_addr: &'a [u8],
    },
    /// `dest_flag` 2: a distribution list.
    List {
        /// `dl_name`, without its NUL.
        dl_name: &'a [u8],
    },
}

impl<'a> Dests<'a> {
    /// `dest_flag` of an address.
    pub const SME_ADDRESS: u8 = 1;
    /// `dest_flag` of a distribution list.
    pub const DISTRIBUTION_LIST: u8 = 2;

    /// The entries in order; ends early where the octets do.
    pub fn iter(&self) -> impl Iterator<Item = Dest<'a>> + use<'a> {
        let mut rest = self.octets;
        std::iter::from_fn(move || match *rest {
            [Self::SME_ADDRESS, dest_addr_ton, dest_addr_npi, ref after @ ..] => {
                let destination_addr = cstr_off(after, &mut rest)?;
                Some(Dest::Sme { dest_addr_ton, dest_addr_npi, destination_addr })
            }
            [Self::DISTRIBUTION_LIST, ref after @ ..] => {
                Some(Dest::List { dl_name: cstr_off(after, &mut rest)? })
            }
            _ => None,
        })
    }
}

/// The addresses that a `submit_multi` did not reach, as they stood on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsuccessful<'a> {
    /// `no_unsuccess`.
    pub count: u8,
    /// The entries.
    pub octets: &'a [u8],
}

/// One address that a `submit_multi` did not reach (v3.4 4.5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsuccessfulSme<'a> {
    /// `dest_addr_ton`.
    pub dest_addr_ton: u8,
    /// `dest_addr_npi`.
    pub dest_addr_npi: u8,
    /// `destination_addr`, without its NUL.
    pub destination_addr: &'a [u8],
    /// `error_status_code`.
    pub error_status_code: Status,
}

impl<'a> Unsuccessful<'a> {
    /// The entries in order; ends early where the octets do.
    pub fn iter(&self) -> impl Iterator<Item = UnsuccessfulSme<'a>> + use<'a> {
        let mut rest = self.octets;
        std::iter::from_fn(move || {
            let [dest_addr_ton, dest_addr_npi, ref after @ ..] = *rest else {
                return None;
            };
            let destination_addr = cstr_off(after, &mut rest)?;
            let (code, after) = rest.split_first_chunk::<4>()?;
            rest = after;
            let error_status_code = Status(u32::from_be_bytes(*code));
            Some(UnsuccessfulSme {
                dest_addr_ton,
                dest_addr_npi,
                destination_addr,
                error_status_code,
            })
        })
    }
}

/// Takes a C-string off `from`, leaving in `rest` what follows its NUL.
fn cstr_off<'a>(from: &'a [u8], rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = from.iter().position(|octet| *octet == 0)?;
    *rest = &from[end + 1..];
    Some(&from[..end])
}
