//! What stands in the ESME's bind.
use super::steps::Deviation;
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::octets::{Fields, Pdu};

/// Type of number and numbering plan, as sections 5.2.5 and 5.2.6 list them.
const TONS_MAX: u8 = 6;
const NPIS: [u8; 10] = [0, 1, 3, 4, 6, 8, 9, 10, 14, 18];
/// interface_version of SMPP v3.4.
const VERSION: u8 = 0x34;

pub(super) const CASES: &[Case] = &[
    Case::esme("4.1.1-51", Must, &["bind"], |x| Box::pin(x.judge_bind(whole))).says(
        "The ESME's first PDU is a bind with every field: system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range",
        "a bind whose fields end where its command_length says",
        "an SMSC refuses the bind",
    ),
    Case::esme("4.1.1-52", Must, &["bind"], |x| Box::pin(x.judge_bind(lengths))).says(
        "In the ESME's bind system_id has at most 15 characters, password 8, system_type 12 and address_range 40",
        "no string longer than that",
        "an SMSC that keeps to the lengths refuses the bind, or cuts the string",
    ),
    Case::esme("5.2.4-51", Should, &["bind"], |x| Box::pin(x.judge_bind(version))).says(
        "interface_version in the ESME's bind is 0x34",
        "interface_version 0x34",
        "an SMSC takes the ESME for one of an earlier version, and sends it no TLVs",
    ),
    Case::esme("5.2.5-51", Must, &["bind", "addresses"], |x| Box::pin(x.judge_bind(kinds))).says(
        "addr_ton and addr_npi in the ESME's bind are among the values of sections 5.2.5 and 5.2.6",
        "values that are listed there",
        "an SMSC refuses the bind with ESME_RINVSRCTON or ESME_RBINDFAIL",
    ),
    Case::esme("5.1.3-51", Must, &["bind", "header"], |x| Box::pin(x.judge_bind(status))).says(
        "command_status in the ESME's bind is 0: it is not used in requests",
        "command_status 0",
        "an SMSC may take the bind for an error",
    ),
    Case::esme("5.1.4-52", Observed, &["bind", "header"], |x| Box::pin(x.judge_bind(first))).says(
        "The first sequence_number of a session is 1",
        "sequence_number 1",
        "the specification lets an ESME begin with any number, and most SMSCs do not look",
    ),
];

/// Whether a type of number is listed.
pub(super) const fn is_ton(ton: u8) -> bool {
    ton <= TONS_MAX
}

/// Whether a numbering plan is listed.
pub(super) fn is_npi(npi: u8) -> bool {
    NPIS.contains(&npi)
}

fn whole(bind: &Pdu) -> Result<String, Deviation> {
    let mut fields = Fields(bind.body());
    for name in ["system_id", "password", "system_type"] {
        fields.cstring().ok_or_else(|| format!("{name} has no NUL"))?;
    }
    fields.octets(3).ok_or("the body ends before addr_npi")?;
    fields.cstring().ok_or("address_range has no NUL")?;
    match fields.0.len() {
        0 => Ok(bind.says()),
        more => Err(Deviation(format!("{more} octets follow address_range"))),
    }
}

/// The octets of a bind's strings, and the three numbers before the last.
fn parts(bind: &Pdu) -> Option<([usize; 4], [u8; 3])> {
    let mut fields = Fields(bind.body());
    let length = |fields: &mut Fields<'_>| fields.cstring().map(<[u8]>::len);
    let strings = [length(&mut fields)?, length(&mut fields)?, length(&mut fields)?];
    let numbers = *fields.octets(3)?.first_chunk::<3>()?;
    let [system_id, password, system_type] = strings;
    Some(([system_id, password, system_type, length(&mut fields)?], numbers))
}

const CUT: &str = "the body ends before address_range does";

fn lengths(bind: &Pdu) -> Result<String, Deviation> {
    let (found, _) = parts(bind).ok_or(CUT)?;
    let most = [("system_id", 15), ("password", 8), ("system_type", 12), ("address_range", 40)];
    let long = most.iter().zip(found).find(|((_, most), found)| found > most);
    match long {
        Some(((name, most), found)) => {
            Err(Deviation(format!("{name} of {found} characters, not {most}")))
        }
        None => Ok("no string is too long".to_owned()),
    }
}

fn version(bind: &Pdu) -> Result<String, Deviation> {
    let (_, [version, ..]) = parts(bind).ok_or(CUT)?;
    let seen = format!("interface_version 0x{version:02X}");
    if version == VERSION { Ok(seen) } else { Err(Deviation(seen)) }
}

fn kinds(bind: &Pdu) -> Result<String, Deviation> {
    let (_, [_, ton, npi]) = parts(bind).ok_or(CUT)?;
    let seen = format!("addr_ton {ton} and addr_npi {npi}");
    if is_ton(ton) && is_npi(npi) { Ok(seen) } else { Err(Deviation(seen)) }
}

fn status(bind: &Pdu) -> Result<String, Deviation> {
    let seen = format!("command_status 0x{:08X}", bind.status().0);
    if bind.is_ok() { Ok(seen) } else { Err(Deviation(seen)) }
}

fn first(bind: &Pdu) -> Result<String, Deviation> {
    let seen = format!("sequence_number {}", bind.sequence());
    if bind.sequence() == 1 { Ok(seen) } else { Err(Deviation(seen)) }
}
