//! Receipts as a case judges them, from the octets of a deliver_sm: the fields of Appendix B, and ids spelled alike.
use crate::smpp::receipt::{IdRule, IdSource, IdSpelling};

/// The value of a key of Appendix B, such as `id:` or `submit date:`; `None`: the text lacks it. Keys are told without
/// regard to case; what follows `text:` is not looked at.
pub(super) fn field<'a>(text: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let lower = text.to_ascii_lowercase();
    let end = position(&lower, b"text:").unwrap_or(lower.len());
    let wanted = format!("{key}:");
    let starts = |at: usize| at == 0 || lower[at - 1] == b' ';
    let mut from = 0;
    let at = loop {
        let at = from + position(&lower[from..end], wanted.as_bytes())?;
        if starts(at) {
            break at + wanted.len();
        }
        from = at + 1;
    };
    let value = &text[at..];
    let length = value.iter().position(|octet| matches!(octet, b' ' | 0)).unwrap_or(value.len());
    Some(&value[..length])
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Whether a receipt's id is that of a submit_sm_resp, as the rule compares them.
pub(super) fn same_id(rule: IdRule, response: &[u8], receipt: &[u8]) -> bool {
    let receipt = receipt.strip_suffix(&[0]).unwrap_or(receipt);
    spelled(rule.spelling(IdSource::Response), response)
        == spelled(rule.spelling(IdSource::Receipt), receipt)
}

/// Whether a receipt names the id, in its TLV or in its text.
pub(super) fn mentions(rule: IdRule, response: &[u8], tlv: &[u8], text: &[u8]) -> bool {
    // a message without an id is named by no receipt
    !response.is_empty()
        && (same_id(rule, response, tlv)
            || field(text, "id").is_some_and(|id| same_id(rule, response, id)))
}

/// An id in the form in which it is compared.
fn spelled(spelling: IdSpelling, id: &[u8]) -> Vec<u8> {
    let any_case = || id.to_ascii_lowercase();
    match spelling {
        IdSpelling::Octets => id.to_vec(),
        IdSpelling::AnyCase => any_case(),
        IdSpelling::Number(base) => {
            let text = std::str::from_utf8(id).unwrap_or_default();
            let number = u128::from_str_radix(text, base);
            number.map_or_else(|_| any_case(), |number| number.to_string().into_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"id:0A7 sub:001 dlvrd:001 submit date:2611301015 done date:2611301016 stat:DELIVRD err:000 Text:id:9 x";

    #[test]
    fn fields_are_found_by_their_keys() {
        assert_eq!(field(TEXT, "id"), Some(&b"0A7"[..]));
        assert_eq!(field(TEXT, "submit date"), Some(&b"2611301015"[..]));
        assert_eq!(field(TEXT, "err"), Some(&b"000"[..]));
        assert_eq!(field(TEXT, "nothing"), None);
        assert_eq!(field(b"text:id:9", "id"), None);
        assert_eq!(field(b"mid:9 stat:x", "id"), None);
    }

    #[test]
    fn ids_are_compared_as_the_rule_says() {
        assert!(
            same_id(IdRule::Exact, b"0A7", b"0A7\0") && !same_id(IdRule::Exact, b"0A7", b"0a7")
        );
        assert!(same_id(IdRule::CaseInsensitive, b"0A7", b"0a7"));
        assert!(same_id(IdRule::Number, b"0007", b"7") && !same_id(IdRule::Number, b"0007", b"8"));
        assert!(same_id(IdRule::ResponseHex, b"0A7", b"167"));
        assert!(same_id(IdRule::ReceiptHex, b"167", b"a7"));
        assert!(mentions(IdRule::Exact, b"0A7", b"", TEXT));
        assert!(!mentions(IdRule::Exact, b"", b"", TEXT));
    }
}
