//! Durations, counts, rates and shares as text; and text of a peer without control characters.

/// A duration with its unit, three significant digits: `850 ns`, `12.3 µs`, `20.3 ms`, `1.24 s`, `2 min 5 s`.
pub fn duration(ns: u64) -> String {
    const MINUTE: u64 = 60_000_000_000;
    match ns {
        0 => "0".to_owned(),
        1..1_000 => format!("{ns} ns"),
        1_000..999_500 => format!("{} µs", digits(ns as f64 / 1e3)),
        999_500..999_500_000 => format!("{} ms", digits(ns as f64 / 1e6)),
        999_500_000..120_000_000_000 => format!("{} s", digits(ns as f64 / 1e9)),
        _ => {
            let seconds = (ns + 500_000_000) / 1_000_000_000;
            let (minutes, rest) = (seconds / 60, seconds % 60);
            match (minutes / 60, rest) {
                (0, 0) => format!("{} min", ns / MINUTE),
                (0, s) => format!("{minutes} min {s} s"),
                (h, _) => format!("{h} h {} min", minutes % 60),
            }
        }
    }
}

/// A duration with so many significant digits, in seconds from one on: `1.0004 ms`, `125.25 s`.
pub fn duration_to(ns: u64, figures: usize) -> String {
    match ns {
        0..1_000 => duration(ns),
        1_000..999_500 => format!("{} µs", digits_to(ns as f64 / 1e3, figures)),
        999_500..999_500_000 => format!("{} ms", digits_to(ns as f64 / 1e6, figures)),
        _ => format!("{} s", digits_to(ns as f64 / 1e9, figures)),
    }
}

/// A whole number with thousands separators: `1,234,567`.
pub fn count(n: u64) -> String {
    let plain = n.to_string();
    let mut text = String::with_capacity(plain.len() + plain.len() / 3);
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 bind`, `2 binds`, `1,000 binds`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A count with its noun and verb: `1 bind was`, `2 binds were`.
pub fn counted_was(n: u64, noun: &str) -> String {
    format!("{} {}", counted(n, noun), was(n))
}

/// `was` for one, else `were`.
pub const fn was(n: u64) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

/// A rate: `4,998/s`, `12.3/s`; below one a second by the minute: `1.5/min`.
pub fn rate(per_second: f64) -> String {
    if per_second <= 0.0 {
        "0/s".to_owned()
    } else if per_second < 1.0 {
        format!("{}/min", digits(per_second * 60.0))
    } else if per_second < 99.95 {
        format!("{}/s", digits(per_second))
    } else {
        format!("{}/s", count(per_second.round() as u64))
    }
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_string() } else { in_quotes(word) }
}

/// A word in quotes, as a shell takes it.
pub fn in_quotes(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A share as percent, rounded up to a tenth: a limit that says so much is none below it.
pub fn percent_up(share: f64) -> String {
    // what is a tenth already may be a little more in binary
    format!("{:.1} %", (share * 1e3 - 1e-9).max(0.0).ceil() / 10.0)
}

/// A share as percent. Only exactly none or all reads as `0 %` or `100 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        return "0 %".to_owned();
    }
    if percent < 0.001 {
        return "< 0.001 %".to_owned();
    }
    let to_all = 100.0 - percent;
    if to_all > 0.0 && to_all < 0.001 {
        return "> 99.999 %".to_owned();
    }
    let places = match percent.min(to_all.abs()) {
        0.0 => 0,
        p if p < 0.1 => 3,
        p if p < 1.0 => 2,
        _ => 1,
    };
    format!("{} %", trimmed(&format!("{percent:.places$}")))
}

/// A number of seconds: `8 s`, `12.5 s`.
pub fn seconds(s: f64) -> String {
    format!("{} s", trimmed(&format!("{s:.1}")))
}

/// A number of octets: `23.5 GiB`, `128 KiB`.
pub fn octets(n: f64) -> String {
    const STEP: f64 = 1024.0;
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let size = n.abs();
    let power =
        (0..units.len() - 1).take_while(|power| size >= STEP.powi(*power as i32 + 1)).count();
    let value = (n / STEP.powi(power as i32) * 10.0).round() / 10.0;
    format!("{value} {}", units[power])
}

/// A number of no special kind, to three digits, or whole from 1,000 on: `0.25`, `-12.5`, `1,234,567`.
pub fn number(n: f64) -> String {
    let sign = if n < 0.0 { "-" } else { "" };
    let size = n.abs();
    match size {
        _ if !n.is_finite() => n.to_string(),
        0.0 => "0".to_owned(),
        s if !(0.001..1e15).contains(&s) => format!("{n:.2e}"),
        s if s < 0.1 => format!("{sign}{}", trimmed(&format!("{s:.4}"))),
        s if s < 999.5 => format!("{sign}{}", digits(s)),
        s => format!("{sign}{}", count(s.round() as u64)),
    }
}

/// A text with control characters, and characters that are invisible or reorder a line, as escapes.
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if is_steering(c) {
            clean += &spelled(c);
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Whether a character is a control character, is invisible or reorders a line.
pub fn is_steering(c: char) -> bool {
    let reorders = matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    c.is_control() || reorders
}

/// The escape of a character: `\u{1b}`.
pub fn spelled(c: char) -> String {
    c.escape_unicode().to_string()
}

/// Three significant digits, without trailing zeros.
fn digits(value: f64) -> String {
    let places = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    trimmed(&format!("{value:.places$}"))
}

/// A number with so many significant digits, without trailing zeros; its whole part is never cut.
pub fn digits_to(value: f64, figures: usize) -> String {
    let whole = if value == 0.0 { 1.0 } else { value.abs().log10().floor() + 1.0 };
    let places = (figures as f64 - whole).clamp(0.0, 15.0) as usize;
    trimmed(&format!("{value:.places$}"))
}

/// Without trailing zeros of the fraction.
fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_their_unit() {
        for (ns, text) in [
            (0, "0"),
            (850, "850 ns"),
            (12_345, "12.3 µs"),
            (999_700, "1 ms"),
            (20_310_000, "20.3 ms"),
            (1_240_000_000, "1.24 s"),
            (119_000_000_000, "119 s"),
            (120_000_000_000, "2 min"),
            (125_000_000_000, "2 min 5 s"),
            (9_000_000_000_000, "2 h 30 min"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }

    #[test]
    fn a_duration_has_as_many_digits_as_are_asked_for() {
        for (ns, figures, text) in [
            (0, 4, "0"),
            (850, 4, "850 ns"),
            (12_345, 4, "12.35 µs"),
            (999_700, 4, "0.9997 ms"),
            (1_004_000, 4, "1.004 ms"),
            (1_000_400, 4, "1 ms"),
            (1_000_400, 5, "1.0004 ms"),
            (125_250_000_000, 5, "125.25 s"),
        ] {
            assert_eq!(duration_to(ns, figures), text);
        }
        assert_eq!(digits_to(123_456.7, 4), "123457");
    }

    #[test]
    fn a_share_rounded_up_is_never_less_than_it_was() {
        for (share, text) in
            [(0.0, "0.0 %"), (0.34, "34.0 %"), (0.340_04, "34.1 %"), (0.071, "7.1 %")]
        {
            assert_eq!(percent_up(share), text);
        }
    }

    #[test]
    fn a_share_just_short_of_all_does_not_read_as_all() {
        for (share, text) in [
            (0.0, "0 %"),
            (0.000_001, "< 0.001 %"),
            (0.001, "0.1 %"),
            (0.25, "25 %"),
            (0.9997, "99.97 %"),
            (0.999_999_9, "> 99.999 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn counts_and_rates_have_thousands_separators() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!([counted(0, "bind"), counted(1, "bind")], ["0 binds", "1 bind"]);
        assert_eq!(counted(2_000, "receipt"), "2,000 receipts");
        assert_eq!(rate(4_998.4), "4,998/s");
        assert_eq!(rate(12.34), "12.3/s");
        assert_eq!(rate(1.0 / 60.0), "1/min");
        assert_eq!(seconds(12.5), "12.5 s");
    }

    #[test]
    fn one_of_a_thing_is_not_several() {
        assert_eq!([counted(0, "bind"), counted(1, "bind")], ["0 binds", "1 bind"]);
        assert_eq!(counted(1_000, "receipt"), "1,000 receipts");
        assert_eq!(
            [counted_was(1, "bind"), counted_was(2, "bind")],
            ["1 bind was", "2 binds were"]
        );
    }

    #[test]
    fn control_characters_are_written_as_escapes() {
        let clean = printable("a\u{1b}[31m\r\nb\u{202e}\u{9b}é");
        assert_eq!(clean, "a\\u{1b}[31m\\u{d}\\u{a}b\\u{202e}\\u{9b}é");
    }

    #[test]
    fn octets_and_plain_numbers_are_short_and_keep_their_sign() {
        for (n, wanted) in
            [(0.0, "0 B"), (1536.0, "1.5 KiB"), (-1_048_576.0, "-1 MiB"), (2.5e10, "23.3 GiB")]
        {
            assert_eq!(octets(n), wanted);
        }
        for (n, wanted) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (0.0123, "0.0123"),
            (-12.5, "-12.5"),
            (999.9, "1,000"),
            (1_234_567.4, "1,234,567"),
            (0.00001, "1.00e-5"),
        ] {
            assert_eq!(number(n), wanted);
        }
    }
}
