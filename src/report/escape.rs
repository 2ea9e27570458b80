//! Text from a peer, made fit for a terminal; and addresses, masked. It knows no report.

/// The text with every control character, and what could steer a terminal or reorder a line, spelled out.
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        let reorders = matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
        if c.is_control() || reorders {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// An address of which only the beginning is left: `447700******`.
pub fn mask_address(address: &str) -> String {
    const SHOWN: usize = 6;
    let count = address.chars().count();
    let shown = SHOWN.min(count / 2);
    let mut masked: String = address.chars().take(shown).collect();
    masked.extend(std::iter::repeat_n('*', count - shown));
    printable(&masked)
}

/// A PDU in hex of which only the header is left: what follows may hold addresses and texts.
pub(super) fn mask_pdu(hex: &str) -> String {
    const HEADER_DIGITS: usize = 32;
    hex.chars().enumerate().map(|(at, c)| if at < HEADER_DIGITS { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_spelled_out() {
        let clean = printable("a\u{1b}[31m\r\nb\u{202e}\u{9b}é");
        assert_eq!(clean, "a\\u{1b}[31m\\u{d}\\u{a}b\\u{202e}\\u{9b}é");
    }

    #[test]
    fn an_address_keeps_at_most_half_of_its_digits() {
        assert_eq!(mask_address("447700900123"), "447700******");
        assert_eq!(mask_address("1234"), "12**");
        assert_eq!(mask_address(""), "");
    }

    #[test]
    fn a_pdu_keeps_its_header() {
        assert_eq!(mask_pdu(&"ab".repeat(18)), format!("{}****", "ab".repeat(16)));
    }
}
