//! Field by field: what came out against what went in. Segments are put together where they were cut otherwise.
use super::content::Content;
use crate::plan::Rewrite;
use crate::smpp::Tag;
use crate::smpp::pdu::Field;
use std::borrow::Cow;

/// A field that came out other than it went in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: Cow<'static, str>,
    /// What would declare it.
    pub(super) rewrite: Rewrite,
    pub(super) sent: String,
    pub(super) came: String,
}

/// Octets of a value that an example shows.
const SHOWN_MAX: usize = 200;

/// What changed from the PDUs of a message on one side to those on the other, each in the order of its parts.
pub(super) fn changes(sent: &[Content<'_>], came: &[Content<'_>]) -> Vec<Change> {
    let (Some(first), Some(out)) = (sent.first(), came.first()) else { return Vec::new() };
    let is_cut_otherwise = is_resegmented(sent, came);
    let mut changes = Vec::new();
    for ((name, before, rewrite), (_, after, _)) in first.fields().iter().zip(&out.fields()) {
        let same = match (*name, before, after) {
            // whether there is a user data header follows from how the message is cut
            ("esm_class", Field::Int(a), Field::Int(b)) if is_cut_otherwise => {
                a & !0x40 == b & !0x40
            }
            _ => before == after,
        };
        if !same {
            changes.push(Change {
                name: Cow::Borrowed(name),
                rewrite: *rewrite,
                sent: shown_field(before),
                came: shown_field(after),
            });
        }
    }
    if is_cut_otherwise {
        let shown = |all: &[Content<'_>]| match all {
            [one] if one.is_payload => "message_payload".to_owned(),
            [_] => "one short_message".to_owned(),
            parts => format!("{} parts", parts.len()),
        };
        changes.push(Change {
            name: Cow::Borrowed("segmentation"),
            rewrite: Rewrite::Segmentation,
            sent: shown(sent),
            came: shown(came),
        });
    } else if first.udh != out.udh {
        changes.push(octets("udh", Rewrite::Udh, first.udh, out.udh));
    }
    changes.extend(text(sent, came));
    tlvs(first, out, is_cut_otherwise, &mut changes);
    changes
}

/// Whether a message came out in other parts, or in another place of its PDU, than it went in.
pub(super) fn is_resegmented(sent: &[Content<'_>], came: &[Content<'_>]) -> bool {
    sent.len() != came.len()
        || sent.iter().zip(came).any(|(a, b)| {
            a.is_payload != b.is_payload && !(a.text.is_empty() && b.text.is_empty())
                || a.segment.map(|s| (s.total, s.part)) != b.segment.map(|s| (s.total, s.part))
        })
}

fn text(sent: &[Content<'_>], came: &[Content<'_>]) -> Option<Change> {
    let joined =
        |all: &[Content<'_>]| all.iter().flat_map(|c| c.text).copied().collect::<Vec<u8>>();
    let (Some(first), Some(out)) = (sent.first(), came.first()) else { return None };
    if first.data_coding != out.data_coding {
        let characters =
            |all: &[Content<'_>]| all.iter().map(Content::characters).collect::<Option<String>>();
        if let (Some(before), Some(after)) = (characters(sent), characters(came)) {
            let text = |sent, came| Change {
                name: Cow::Borrowed("text"),
                rewrite: Rewrite::Text,
                sent,
                came,
            };
            return (before != after).then(|| text(cut(&before), cut(&after)));
        }
    }
    let (before, after) = (joined(sent), joined(came));
    (before != after).then(|| {
        let shown = |octets: &[u8], of: &Content<'_>| {
            of.decoded(octets).map_or_else(|| hex(octets), |text| cut(&text))
        };
        Change {
            name: Cow::Borrowed("text"),
            rewrite: Rewrite::Text,
            sent: shown(&before, first),
            came: shown(&after, out),
        }
    })
}

fn tlvs(sent: &Content<'_>, came: &Content<'_>, is_cut_otherwise: bool, into: &mut Vec<Change>) {
    let ties = [Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM];
    let all = |content: &Content<'_>| -> Vec<(Tag, Vec<u8>)> {
        let read = content.tlvs.iter().map_while(Result::ok);
        let kept = read.filter(|(tag, _)| {
            *tag != Tag::MESSAGE_PAYLOAD && !(is_cut_otherwise && ties.contains(tag))
        });
        kept.map(|(tag, value)| (tag, value.to_vec())).collect()
    };
    let (before, mut after) = (all(sent), all(came));
    if before == after {
        return;
    }
    let name = |tag: Tag| -> Cow<'static, str> {
        match tag.name() {
            Some(name) => format!("tlv.{name}").into(),
            None => format!("tlv.0x{:04X}", tag.0).into(),
        }
    };
    let change = |tag, sent: &str, came: &str| Change {
        name: name(tag),
        rewrite: Rewrite::Tlvs,
        sent: sent.to_owned(),
        came: came.to_owned(),
    };
    for (tag, value) in before {
        let place = after.iter().position(|(found, _)| *found == tag);
        match place.map(|place| after.remove(place)) {
            Some((_, found)) if found == value => {}
            Some((_, found)) => into.push(change(tag, &hex(&value), &hex(&found))),
            None => into.push(change(tag, &hex(&value), "absent")),
        }
    }
    into.extend(after.into_iter().map(|(tag, value)| change(tag, "absent", &hex(&value))));
}

fn octets(name: &'static str, rewrite: Rewrite, sent: &[u8], came: &[u8]) -> Change {
    Change { name: Cow::Borrowed(name), rewrite, sent: hex(sent), came: hex(came) }
}

fn shown_field(field: &Field<'_>) -> String {
    match field {
        Field::Int(value) => value.to_string(),
        Field::Text(octets) | Field::ShortMessage(octets) => cut(&String::from_utf8_lossy(octets)),
        Field::Dests(dests) => hex(dests.octets),
        Field::Unsuccessful(unsuccessful) => hex(unsuccessful.octets),
        Field::Tlvs(tlvs) => hex(tlvs.0),
    }
}

/// Octets in hexadecimal, as many as an example shows.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().take(SHOWN_MAX / 2).map(|octet| format!("{octet:02x}")).collect()
}

/// A text, as much of it as an example shows.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}
