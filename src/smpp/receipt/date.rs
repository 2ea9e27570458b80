//! The dates of a receipt's text: 10, 12 or 14 digits, without an offset. Also nanoseconds since
//! 1970 to a date, for the receipts that we write.

use bytes::{BufMut, BytesMut};

/// A date as a receipt has it: the SMSC's own clock, offset unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59; 0 where the text has none.
    pub second: u8,
}

impl Date {
    /// Reads `YYMMDDhhmm`, `YYMMDDhhmmss`, `YYYYMMDDhhmm` or `YYYYMMDDhhmmss`. Twelve digits are the
    /// second form unless that is no date. `None` for zeros (never done) and for what is no date.
    pub fn read(text: &[u8]) -> Option<Date> {
        if !text.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let two = |at: usize| (text[at] - b'0') * 10 + text[at + 1] - b'0';
        let short_year = || match two(0) {
            // v3.4 Appendix C.
            year @ 38.. => 1900 + u16::from(year),
            year => 2000 + u16::from(year),
        };
        let long_year = || u16::from(two(0)) * 100 + u16::from(two(2));
        let build = |year: u16, at: usize, seconds: bool| {
            let date = Date {
                year,
                month: two(at),
                day: two(at + 2),
                hour: two(at + 4),
                minute: two(at + 6),
                second: if seconds { two(at + 8) } else { 0 },
            };
            date.is_possible().then_some(date)
        };
        match text.len() {
            10 => build(short_year(), 2, false),
            12 => build(short_year(), 2, true).or_else(|| build(long_year(), 4, false)),
            14 => build(long_year(), 4, true),
            _ => None,
        }
    }

    pub(crate) fn is_possible(self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }

    /// The date in UTC of nanoseconds since 1970.
    pub fn of_unix_ns(ns: u64) -> Date {
        let seconds = ns / 1_000_000_000;
        let (days, of_day) = (seconds / 86_400, seconds % 86_400);
        // Howard Hinnant's civil_from_days, for dates after 1970.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Date {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: month as u8,
            day: day as u8,
            hour: (of_day / 3_600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
        }
    }

    /// Appends `YYMMDDhhmm`, and `ss` where `seconds`.
    pub fn write(self, seconds: bool, out: &mut BytesMut) {
        let mut two = |value: u8| out.put_slice(&[b'0' + value / 10 % 10, b'0' + value % 10]);
        two((self.year % 100) as u8);
        two(self.month);
        two(self.day);
        two(self.hour);
        two(self.minute);
        if seconds {
            two(self.second);
        }
    }
}
