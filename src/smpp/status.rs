//! `command_status` as an open number with names (v3.4 5.1.3; v5.0 4.7.6). Knows no PDU.

use std::fmt;
use std::str::FromStr;

/// A `command_status`: any `u32` (vendors use 0x400 to 0x4FF and beyond), some of which have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CommandStatus(pub u32);

macro_rules! command_statuses {
    ($($value:literal $name:ident;)*) => {
        impl CommandStatus {
            $(#[doc = concat!("`", stringify!($name), "` (", stringify!($value), ").")]
            pub const $name: CommandStatus = CommandStatus($value);)*

            /// Every `command_status` with a name, in order of number.
            pub const NAMED: &'static [(CommandStatus, &'static str)] =
                &[$((CommandStatus::$name, stringify!($name)),)*];
        }
    };
}

command_statuses! {
    0x00 ESME_ROK;
    0x01 ESME_RINVMSGLEN;
    0x02 ESME_RINVCMDLEN;
    0x03 ESME_RINVCMDID;
    0x04 ESME_RINVBNDSTS;
    0x05 ESME_RALYBND;
    0x06 ESME_RINVPRTFLG;
    0x07 ESME_RINVREGDLVFLG;
    0x08 ESME_RSYSERR;
    0x0A ESME_RINVSRCADR;
    0x0B ESME_RINVDSTADR;
    0x0C ESME_RINVMSGID;
    0x0D ESME_RBINDFAIL;
    0x0E ESME_RINVPASWD;
    0x0F ESME_RINVSYSID;
    0x11 ESME_RCANCELFAIL;
    0x13 ESME_RREPLACEFAIL;
    0x14 ESME_RMSGQFUL;
    0x15 ESME_RINVSERTYP;
    0x33 ESME_RINVNUMDESTS;
    0x34 ESME_RINVDLNAME;
    0x40 ESME_RINVDESTFLAG;
    0x42 ESME_RINVSUBREP;
    0x43 ESME_RINVESMCLASS;
    0x44 ESME_RCNTSUBDL;
    0x45 ESME_RSUBMITFAIL;
    0x48 ESME_RINVSRCTON;
    0x49 ESME_RINVSRCNPI;
    0x50 ESME_RINVDSTTON;
    0x51 ESME_RINVDSTNPI;
    0x53 ESME_RINVSYSTYP;
    0x54 ESME_RINVREPFLAG;
    0x55 ESME_RINVNUMMSGS;
    0x58 ESME_RTHROTTLED;
    0x61 ESME_RINVSCHED;
    0x62 ESME_RINVEXPIRY;
    0x63 ESME_RINVDFTMSGID;
    0x64 ESME_RX_T_APPN;
    0x65 ESME_RX_P_APPN;
    0x66 ESME_RX_R_APPN;
    0x67 ESME_RQUERYFAIL;
    0xC0 ESME_RINVOPTPARSTREAM;
    0xC1 ESME_ROPTPARNOTALLWD;
    0xC2 ESME_RINVPARLEN;
    0xC3 ESME_RMISSINGOPTPARAM;
    0xC4 ESME_RINVOPTPARAMVAL;
    0xFE ESME_RDELIVERYFAILURE;
    0xFF ESME_RUNKNOWNERR;
    0x100 ESME_RSERTYPUNAUTH;
    0x101 ESME_RPROHIBITED;
    0x102 ESME_RSERTYPUNAVAIL;
    0x103 ESME_RSERTYPDENIED;
    0x104 ESME_RINVDCS;
    0x105 ESME_RINVSRCADDRSUBUNIT;
    0x106 ESME_RINVDSTADDRSUBUNIT;
    0x107 ESME_RINVBCASTFREQINT;
    0x108 ESME_RINVBCASTALIAS_NAME;
    0x109 ESME_RINVBCASTAREAFMT;
    0x10A ESME_RINVNUMBCAST_AREAS;
    0x10B ESME_RINVBCASTCNTTYPE;
    0x10C ESME_RINVBCASTMSGCLASS;
    0x10D ESME_RBCASTFAIL;
    0x10E ESME_RBCASTQUERYFAIL;
    0x10F ESME_RBCASTCANCELFAIL;
    0x110 ESME_RINVBCAST_REP;
    0x111 ESME_RINVBCASTSRVGRP;
    0x112 ESME_RINVBCASTCHANIND;
}

/// Names that v5.0 gave to statuses of v3.4 (read, never written).
const RENAMED: &[(CommandStatus, &str)] = &[
    (CommandStatus::ESME_RINVOPTPARSTREAM, "ESME_RINVTLVSTREAM"),
    (CommandStatus::ESME_ROPTPARNOTALLWD, "ESME_RTLVNOTALLWD"),
    (CommandStatus::ESME_RINVPARLEN, "ESME_RINVTLVLEN"),
    (CommandStatus::ESME_RMISSINGOPTPARAM, "ESME_RMISSINGTLV"),
    (CommandStatus::ESME_RINVOPTPARAMVAL, "ESME_RINVTLVVAL"),
];

impl CommandStatus {
    /// The name as v3.4 spells it (v5.0 for what only it has), if there is one.
    pub fn name(self) -> Option<&'static str> {
        let found = Self::NAMED.binary_search_by_key(&self, |(status, _)| *status).ok()?;
        Some(Self::NAMED[found].1)
    }

    /// Whether this is `ESME_ROK`.
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }
}

/// The name, or `0x%08X`.
impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

/// The text names no `command_status`. Remedy: a name (with or without `ESME_`), `0x58`, or `88`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownStatus(pub String);

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a command_status; give a name such as ESME_RTHROTTLED, 0x58, or 88",
            self.0
        )
    }
}

impl std::error::Error for UnknownStatus {}

/// A name with or without `ESME_` in any case, `0x..` hexadecimal, or a decimal number.
impl FromStr for CommandStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let unknown = || UnknownStatus(text.to_owned());
        if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            return u32::from_str_radix(hex, 16).map(Self).map_err(|_| unknown());
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return text.parse().map(Self).map_err(|_| unknown());
        }
        Self::NAMED
            .iter()
            .chain(RENAMED)
            .find(|(_, name)| {
                name.eq_ignore_ascii_case(text)
                    || name.strip_prefix("ESME_").is_some_and(|n| n.eq_ignore_ascii_case(text))
            })
            .map(|(status, _)| *status)
            .ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_row_reads_back() {
        assert!(CommandStatus::NAMED.is_sorted_by_key(|(status, _)| *status));
        for (status, name) in CommandStatus::NAMED {
            assert_eq!(status.name(), Some(*name));
            assert_eq!(name.parse(), Ok(*status));
            assert_eq!(name["ESME_".len()..].parse(), Ok(*status));
        }
        for (status, name) in RENAMED {
            assert_eq!(name.parse(), Ok(*status));
        }
    }

    #[test]
    fn numbers_and_vendor_statuses_read_as_they_show() {
        assert_eq!("0x58".parse(), Ok(CommandStatus::ESME_RTHROTTLED));
        assert_eq!("88".parse(), Ok(CommandStatus::ESME_RTHROTTLED));
        assert_eq!("rthrottled".parse(), Ok(CommandStatus::ESME_RTHROTTLED));
        assert_eq!(CommandStatus(0x407).to_string(), "0x00000407");
        assert_eq!("0x00000407".parse(), Ok(CommandStatus(0x407)));
        for wrong in ["", "0x", "ESME_", "88x", "4294967296", "throttle"] {
            assert!(wrong.parse::<CommandStatus>().is_err(), "{wrong:?}");
        }
    }
}
