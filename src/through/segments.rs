//! Parts that came out of a message that went in uncut, until all of them are here.
use super::content::{Content, SegmentOf};
use crate::kit::Nanos;
use crate::smpp::marker::MessageKey;
use crate::smpp::{CommandStatus, Header};
use std::collections::HashMap;

/// Messages whose parts are kept; the oldest are given up beyond it.
const WHOLES_MAX: usize = 65_536;

/// What the parts of one message have in common.
type Tie = (u32, Vec<u8>, Vec<u8>, u16, u8);

/// Parts of one message.
#[derive(Debug, Default)]
struct Parts {
    /// By part, from 0: the place of its session, its sequence_number, and its octets.
    parts: Vec<Option<(u32, u32, Vec<u8>)>>,
    keys: Vec<MessageKey>,
}

impl Parts {
    /// Whether a part with these keys and this text may be of this message, as far as keys and what was sent say.
    fn fits(
        &self,
        keys: &[MessageKey],
        text: &[u8],
        holds: impl Fn(MessageKey, &[u8]) -> bool,
    ) -> bool {
        match (keys.first(), self.keys.first()) {
            (Some(key), Some(_)) => self.keys.contains(key),
            (Some(key), None) => {
                let mut all = self.parts.iter().flatten();
                all.all(|(_, _, frame)| Content::read(frame).is_some_and(|c| holds(*key, c.text)))
            }
            (None, Some(key)) => holds(*key, text),
            (None, None) => true,
        }
    }
}

/// Which of the messages under one reference a part is of: the last that it fits, else the last that may be. None: a new one.
fn place_among(
    all: &[Parts],
    place: usize,
    keys: &[MessageKey],
    text: &[u8],
    holds: impl Fn(MessageKey, &[u8]) -> bool,
) -> Option<usize> {
    let is_other = |parts: &Parts| matches!((keys.first(), parts.keys.first()), (Some(key), Some(_)) if !parts.keys.contains(key));
    let may = |parts: &Parts| parts.parts[place].is_none() && !is_other(parts);
    let fits = |parts: &Parts| may(parts) && parts.fits(keys, text, &holds);
    match all {
        // a text that the gateway changed fits nowhere
        [one] => may(one).then_some(0),
        _ => all.iter().rposition(fits).or_else(|| all.iter().rposition(may)),
    }
}

/// A part that came out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) session: u32,
    pub(super) content: &'a Content<'a>,
    pub(super) segment: SegmentOf,
    pub(super) header: &'a Header,
    pub(super) frame: &'a [u8],
    /// Keys that it carries.
    pub(super) keys: &'a [MessageKey],
}

/// A message whose parts have all come out.
#[derive(Debug)]
pub(super) struct Whole {
    /// Keys that its parts carry.
    pub(super) keys: Vec<MessageKey>,
    /// Place of the session and sequence_number of each part.
    pub(super) sequences: Vec<(u32, u32)>,
    /// Its PDUs, in the order of the parts.
    pub(super) frames: Vec<Vec<u8>>,
    /// The text of all parts.
    pub(super) text: Vec<u8>,
    pub(super) data_coding: u8,
}

/// An answer of our SMSC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: CommandStatus,
    pub(super) id: &'a [u8],
    pub(super) at: Nanos,
}

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(super) struct KeptAnswer {
    status: CommandStatus,
    id: Box<[u8]>,
    at: Nanos,
}

impl KeptAnswer {
    pub(super) fn as_answer(&self) -> Answer<'_> {
        Answer { status: self.status, id: &self.id, at: self.at }
    }
}

/// Messages of which some parts have come out.
#[derive(Debug, Default)]
pub(super) struct Segments {
    open: HashMap<Tie, Vec<Parts>>,
    count: usize,
    /// Parts that were given up.
    given_up: u64,
    /// Answers to parts whose whole is not complete: by session and sequence_number.
    answered: HashMap<(u32, u32), KeptAnswer>,
}

impl Segments {
    /// Takes a part. Returns the whole message where it was the last one to come. `holds`: whether the message of a key was
    /// sent with a text that holds this one.
    pub(super) fn take(
        &mut self,
        part: Part<'_>,
        holds: impl Fn(MessageKey, &[u8]) -> bool,
    ) -> Option<Whole> {
        let Part { session, content, segment, header, frame, keys } = part;
        let SegmentOf { reference, total, part } = segment;
        let place = usize::from(part.checked_sub(1).filter(|part| *part < total)?);
        let (source, destination) = (content.source.to_vec(), content.destination.to_vec());
        // parts of one message may come over several sessions
        let tie = (u32::from(content.data_coding), source, destination, reference, total);
        let all = self.open.entry(tie.clone()).or_default();
        let at = place_among(all, place, keys, content.text, holds).unwrap_or_else(|| {
            self.count += 1;
            all.push(Parts { parts: vec![None; usize::from(total)], keys: Vec::new() });
            all.len() - 1
        });
        let parts = &mut all[at];
        parts.parts[place] = Some((session, header.sequence_number, frame.to_vec()));
        parts.keys.extend(keys);
        if parts.parts.iter().any(Option::is_none) {
            if self.count > WHOLES_MAX {
                self.give_up(&tie);
            }
            return None;
        }
        let parts = all.remove(at);
        self.count -= 1;
        if all.is_empty() {
            self.open.remove(&tie);
        }
        Some(whole(parts, content.data_coding))
    }

    /// Gives up the parts under one tie: too many are kept.
    fn give_up(&mut self, tie: &Tie) {
        for parts in self.open.remove(tie).unwrap_or_default() {
            self.count -= 1;
            self.given_up += parts.parts.iter().flatten().count() as u64;
        }
    }

    /// Our SMSC answered a part whose whole is not complete.
    pub(super) fn answered(&mut self, session: u32, sequence: u32, answer: &Answer<'_>) {
        if self.count > 0 && self.answered.len() < WHOLES_MAX {
            let Answer { status, id, at } = *answer;
            self.answered.insert((session, sequence), KeptAnswer { status, id: id.into(), at });
        }
    }

    /// The answer to a part, where it was given before the whole was complete.
    pub(super) fn take_answer(&mut self, session: u32, sequence: u32) -> Option<KeptAnswer> {
        self.answered.remove(&(session, sequence))
    }

    /// Parts whose whole is not complete.
    pub(super) fn count(&self) -> u64 {
        let open = self.open.values().flatten().flat_map(|parts| parts.parts.iter().flatten());
        self.given_up + open.count() as u64
    }
}

fn whole(parts: Parts, data_coding: u8) -> Whole {
    let mut whole = Whole {
        keys: parts.keys,
        sequences: Vec::new(),
        frames: Vec::new(),
        text: Vec::new(),
        data_coding,
    };
    for (session, sequence, frame) in parts.parts.into_iter().flatten() {
        if let Some(content) = Content::read(&frame) {
            whole.text.extend_from_slice(content.text);
        }
        whole.sequences.push((session, sequence));
        whole.frames.push(frame);
    }
    whole
}
