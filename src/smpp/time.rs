//! `schedule_delivery_time` and `validity_period`: `YYMMDDhhmmsstnnp` (v3.4 7.1.1). Knows no clock:
//! an absolute time is made of nanoseconds that the caller brings.

use std::fmt;

use super::receipt::Date;

/// Characters of a time on the wire, without its NUL.
pub const TIME_OCTETS: usize = 16;

/// A time as the wire has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmppTime {
    /// A moment on a local clock whose offset from UTC is given.
    Absolute {
        /// The local date and time.
        local: Date,
        /// Tenths of a second.
        tenths: u8,
        /// Quarter hours ahead of UTC (negative: behind), -48 to 48.
        quarters: i8,
    },
    /// A span from when the SMSC takes the message.
    Relative {
        /// 0 to 99.
        years: u8,
        /// 0 to 12.
        months: u8,
        /// 0 to 31.
        days: u8,
        /// 0 to 23.
        hours: u8,
        /// 0 to 59.
        minutes: u8,
        /// 0 to 59.
        seconds: u8,
    },
}

/// A text that is no SMPP time. Remedy: 16 characters such as `260131235959000+` or `000001000000000R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeError {
    /// The part that is wrong: `length`, `digits`, `sign`, `offset`, `date` or `span`.
    pub part: &'static str,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no SMPP time (its {}): YYMMDDhhmmsstnnp, such as 260131235959000+ or 000001000000000R",
            self.part
        )
    }
}

impl std::error::Error for TimeError {}

const LONGEST_SPAN_S: u64 = 32 * 86_400 - 1;

impl SmppTime {
    /// Reads the 16 characters.
    ///
    /// # Errors
    /// [`TimeError`] where they are not 16, or not a moment or span that exists.
    pub fn parse(text: &[u8]) -> Result<SmppTime, TimeError> {
        let wrong = |part| Err(TimeError { part });
        let Ok(text) = <&[u8; TIME_OCTETS]>::try_from(text) else {
            return wrong("length");
        };
        let (digits, sign) = (&text[..15], text[15]);
        if !digits.iter().all(u8::is_ascii_digit) {
            return wrong("digits");
        }
        let two = |at: usize| (digits[at] - b'0') * 10 + digits[at + 1] - b'0';
        let (tenths, quarters) = (digits[12] - b'0', two(13));
        let sign = match sign {
            b'+' => 1,
            b'-' => -1,
            b'R' => return Self::relative_of([two(0), two(2), two(4), two(6), two(8), two(10)]),
            _ => return wrong("sign"),
        };
        if quarters > 48 {
            return wrong("offset");
        }
        match Date::read(&digits[..12]) {
            Some(local) if i16::from(two(0)) == (local.year % 100) as i16 && exists(local) => {
                Ok(SmppTime::Absolute { local, tenths, quarters: sign * quarters as i8 })
            }
            Some(_) | None => wrong("date"),
        }
    }

    fn relative_of(parts: [u8; 6]) -> Result<SmppTime, TimeError> {
        let [years, months, days, hours, minutes, seconds] = parts;
        if months > 12 || days > 31 || hours > 23 || minutes > 59 || seconds > 59 {
            return Err(TimeError { part: "span" });
        }
        Ok(SmppTime::Relative { years, months, days, hours, minutes, seconds })
    }

    /// A time in nanoseconds since 1970, on a clock that is `quarters` quarter hours ahead of UTC.
    pub fn absolute(unix_ns: u64, quarters: i8) -> SmppTime {
        let quarters = quarters.clamp(-48, 48);
        let shift = i64::from(quarters) * 900 * 1_000_000_000;
        let local_ns = unix_ns.saturating_add_signed(shift);
        SmppTime::Absolute {
            local: Date::of_unix_ns(local_ns),
            tenths: (local_ns / 100_000_000 % 10) as u8,
            quarters,
        }
    }

    /// A span in seconds; `None` beyond 31 days, where months would have to be guessed.
    pub fn relative(seconds: u64) -> Option<SmppTime> {
        if seconds > LONGEST_SPAN_S {
            return None;
        }
        Some(SmppTime::Relative {
            years: 0,
            months: 0,
            days: (seconds / 86_400) as u8,
            hours: (seconds / 3_600 % 24) as u8,
            minutes: (seconds / 60 % 60) as u8,
            seconds: (seconds % 60) as u8,
        })
    }

    /// The 16 characters.
    pub fn write(self) -> [u8; TIME_OCTETS] {
        let (parts, tenths, quarters, sign) = match self {
            SmppTime::Absolute { local, tenths, quarters } => (
                [
                    (local.year % 100) as u8,
                    local.month,
                    local.day,
                    local.hour,
                    local.minute,
                    local.second,
                ],
                tenths,
                quarters.unsigned_abs(),
                if quarters < 0 { b'-' } else { b'+' },
            ),
            SmppTime::Relative { years, months, days, hours, minutes, seconds } => {
                ([years, months, days, hours, minutes, seconds], 0, 0, b'R')
            }
        };
        let mut text = [b'0'; TIME_OCTETS];
        let mut two = |at: usize, value: u8| {
            text[at] = b'0' + value / 10 % 10;
            text[at + 1] = b'0' + value % 10;
        };
        for (index, part) in parts.into_iter().enumerate() {
            two(2 * index, part);
        }
        two(13, quarters);
        text[12] = b'0' + tenths % 10;
        text[15] = sign;
        text
    }
}

fn exists(date: Date) -> bool {
    let leap = date.year.is_multiple_of(4) && !date.year.is_multiple_of(100)
        || date.year.is_multiple_of(400);
    let days = match date.month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    date.is_possible() && date.day <= days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_own_span_reads_and_writes() {
        let text = b"020610233429000R";
        let time = SmppTime::parse(text).unwrap();
        assert_eq!(
            time,
            SmppTime::Relative {
                years: 2,
                months: 6,
                days: 10,
                hours: 23,
                minutes: 34,
                seconds: 29
            }
        );
        assert_eq!(&time.write(), text);
    }

    #[test]
    fn moments_carry_their_offset_both_ways() {
        for text in [b"180105120000004+", b"260131235959120-", b"991231000000000+"] {
            assert_eq!(&SmppTime::parse(text).unwrap().write(), text);
        }
        // 2026-01-01T00:00:00.5Z seen five hours behind UTC.
        let time = SmppTime::absolute(1_767_225_600_500_000_000, -20);
        assert_eq!(&time.write(), b"251231190000520-");
    }

    #[test]
    fn spans_from_seconds_end_where_months_begin() {
        assert_eq!(&SmppTime::relative(90_061).unwrap().write(), b"000001010101000R");
        assert_eq!(&SmppTime::relative(LONGEST_SPAN_S).unwrap().write(), b"000031235959000R");
        assert_eq!(SmppTime::relative(LONGEST_SPAN_S + 1), None);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        for (text, part) in [
            (&b"26010100000000+"[..], "length"),
            (b"26010100000000x+", "digits"),
            (b"260101000000000Z", "sign"),
            (b"260101000000049+", "offset"),
            (b"261301000000000+", "date"),
            (b"260230000000000+", "date"),
            (b"000000240000000R", "span"),
        ] {
            assert_eq!(SmppTime::parse(text), Err(TimeError { part }), "{text:?}");
        }
    }
}
