//! The receipt's text (v3.4 Appendix B: "vendor specific, typical example"), read as the world
//! writes it (docs/smpp/in-the-wild.md, rows 11 to 14): every field optional, keys in any case and order, the first of
//! each counts, everything after `text:` is opaque.

use super::fields::Fields;
use super::formats::read_appendix_b;
use super::state::MessageState;
use crate::smpp::octets::find;

/// How much is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All fields.
    All,
    /// Until id, stat and err are there.
    Brief,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
}

/// The key at the front of `rest` and its octets. The first two letters leave at most one word.
#[inline]
fn key_at(rest: &[u8]) -> Option<(Key, usize)> {
    let [first, second, ..] = rest else { return None };
    let (name, key): (&[u8], Key) = match (first | 0x20, second | 0x20) {
        (b'i', b'd') => (b"id:", Key::Id),
        (b's', b't') => (b"stat:", Key::Stat),
        (b's', b'u') => match rest.get(3)? | 0x20 {
            b'm' => return dated(rest, b"submit", Key::SubmitDate),
            _ => (b"sub:", Key::Sub),
        },
        (b'd', b'l') => (b"dlvrd:", Key::Dlvrd),
        (b'd', b'o') => return dated(rest, b"done", Key::DoneDate),
        (b'e', b'r') => (b"err:", Key::Err),
        (b't', b'e') => (b"text:", Key::Text),
        _ => return None,
    };
    starts_with(rest, name).then_some((key, name.len()))
}

/// `submit date:`, `submitdate:`, `submit_date:`, and so for `done`.
#[inline]
fn dated(rest: &[u8], name: &[u8], key: Key) -> Option<(Key, usize)> {
    const DATE: &[u8] = b"date:";
    if !starts_with(rest, name) {
        return None;
    }
    let joint = usize::from(matches!(rest.get(name.len()), Some(b' ' | b'_')));
    let at = name.len() + joint;
    starts_with(&rest[at..], DATE).then_some((key, at + DATE.len()))
}

#[inline]
fn starts_with(rest: &[u8], name: &[u8]) -> bool {
    rest.len() >= name.len() && rest[..name.len()].eq_ignore_ascii_case(name)
}

#[inline]
fn word_end(rest: &[u8]) -> usize {
    find(rest, b' ').unwrap_or(rest.len())
}

/// Reads the text once, front to back.
#[inline]
pub(super) fn scan(body: &[u8], depth: Depth) -> Fields<'_> {
    if depth == Depth::Brief
        && let Some(fields) = read_appendix_b(body)
    {
        return fields;
    }
    scan_any(body, depth)
}

fn scan_any(body: &[u8], depth: Depth) -> Fields<'_> {
    let mut fields = Fields::default();
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        let Some((key, octets)) = key_at(rest) else {
            let end = word_end(rest);
            if end >= 5
                && fields.bare_stat.is_none()
                && MessageState::known_stat(&rest[..end]).is_some()
            {
                fields.bare_stat = Some(&rest[..end]);
            }
            at += end + 1;
            continue;
        };
        at += octets;
        if key == Key::Text {
            fields.text = Some(without_nuls(&body[at..]));
            break;
        }
        let value = value_at(body, &mut at);
        fields.set(key, value);
        let briefly = depth == Depth::Brief && fields.id.is_some() && fields.stat.is_some();
        if briefly && fields.err.is_some() {
            break;
        }
    }
    fields.stat = fields.stat.or(fields.bare_stat).or_else(|| misplaced_stat(fields.text?));
    fields
}

/// Some put `stat:` after `text:`: looked for only where it stood nowhere else.
#[cold]
fn misplaced_stat(text: &[u8]) -> Option<&[u8]> {
    let at = text.windows(5).position(|window| window.eq_ignore_ascii_case(b"stat:"))?;
    let value = &text[at + 5..];
    let value = &value[..word_end(value)];
    MessageState::known_stat(value).is_some().then_some(value)
}

/// The value at `at`, up to the next blank; blanks before it are passed over (`err: 0`), unless a key
/// follows them (`id: sub:001`: an empty id).
#[inline]
fn value_at<'a>(body: &'a [u8], at: &mut usize) -> &'a [u8] {
    let blanks = body[*at..].iter().take_while(|octet| **octet == b' ').count();
    if blanks > 0 {
        *at += blanks;
        if key_at(&body[*at..]).is_some() {
            return &[];
        }
    }
    let rest = &body[*at..];
    let end = word_end(rest);
    *at += end + 1;
    without_nuls(&rest[..end])
}

#[inline]
fn without_nuls(mut text: &[u8]) -> &[u8] {
    while let Some(shorter) = text.strip_suffix(&[0]) {
        text = shorter;
    }
    text
}

impl<'a> Fields<'a> {
    #[inline]
    fn set(&mut self, key: Key, value: &'a [u8]) {
        let field = match key {
            Key::Id => &mut self.id,
            Key::Sub => &mut self.sub,
            Key::Dlvrd => &mut self.dlvrd,
            Key::SubmitDate => &mut self.submit_date,
            Key::DoneDate => &mut self.done_date,
            Key::Stat => &mut self.stat,
            Key::Err => &mut self.err,
            Key::Text => &mut self.text,
        };
        field.get_or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = b"id:0123456789 sub:001 dlvrd:001 submit date:2611280421 \
        done date:2611280422 stat:DELIVRD err:000 text:hello there stat:UNDELIV";

    #[test]
    fn a_text_to_the_letter_is_read_at_its_known_places() {
        let fields = read_appendix_b(LETTER).unwrap();
        assert_eq!(fields.id, Some(&b"0123456789"[..]));
        assert_eq!((fields.stat, fields.err), (Some(&b"DELIVRD"[..]), Some(&b"000"[..])));
        assert!(
            read_appendix_b(&LETTER[..96]).is_some() && read_appendix_b(&LETTER[..95]).is_none()
        );
    }

    #[test]
    fn whatever_octet_is_another_both_ways_of_reading_agree() {
        let brief = |f: Fields<'_>| {
            (f.id.map(<[u8]>::to_vec), f.stat.map(<[u8]>::to_vec), f.err.map(<[u8]>::to_vec))
        };
        for at in 0..LETTER.len() {
            for octet in [0, b' ', b':', b'x', b'S', b'9', 0xFF] {
                let mut text = LETTER.to_vec();
                text[at] = octet;
                for end in [at + 1, 96, 97, 98, text.len()] {
                    let text = &text[..end.min(text.len())];
                    let slow = brief(scan_any(text, Depth::Brief));
                    let fast = brief(scan(text, Depth::Brief));
                    assert_eq!(fast, slow, "{}", String::from_utf8_lossy(text));
                }
            }
        }
    }
}
