//! Times of a message: `"1h"`, `"2026-11-23T10:00:00Z"`, or the wire's 16 characters (v3.4, 7.1.1).
use super::{Invalid, StringKind};

/// As on the wire (16 characters), a span of time from acceptance, or a time in RFC 3339. Kept as on the wire.
pub(in crate::plan) struct MessageTime;

impl StringKind for MessageTime {
    const PATTERN: &'static str = "[0-9]";
    fn check(text: &str) -> Result<String, Invalid> {
        on_the_wire(text)
    }
}

fn on_the_wire(text: &str) -> Result<String, Invalid> {
    let (digits, sign) = text.split_at_checked(15).unwrap_or(("", ""));
    if digits.bytes().all(|b| b.is_ascii_digit()) && matches!(sign, "+" | "-" | "R") {
        return Ok(text.to_owned());
    }
    if let Ok(span) = humantime::parse_duration(text) {
        let beyond = || Invalid::Says(format!("{text:?} is beyond 99 years; shorten it"));
        return relative(span.as_secs()).ok_or_else(beyond);
    }
    let absolute = humantime::parse_rfc3339(text).ok().map(|t| {
        // 2026-11-23T10:00:00Z -> 261123100000
        let utc = humantime::format_rfc3339_seconds(t).to_string();
        let digits: String = utc.chars().filter(char::is_ascii_digit).skip(2).collect();
        format!("{digits}000+")
    });
    absolute.ok_or_else(|| {
        let forms = "\"1h\", \"2026-11-23T10:00:00Z\" or the wire's 16 characters";
        Invalid::Says(format!("{text:?} is not a time; write {forms}"))
    })
}

/// YYMMDDhhmmss000R; a month counts 30 days, a year 12 of them.
fn relative(seconds: u64) -> Option<String> {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (months, days) = (days / 30, days % 30);
    let (years, months) = (months / 12, months % 12);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    (years <= 99)
        .then(|| format!("{years:02}{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R"))
}
