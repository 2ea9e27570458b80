//! Which carriers of the marker survive the gateway, as probes that carry all of them show; and messages that are told
//! apart by user_message_reference alone.
use super::compare::{cut, hex};
use super::content::Content;
use crate::measure::through::CarrierTrial;
use crate::smpp::Tag;
use crate::smpp::marker::{Carrier, Marker, MarkerKind, MessageKey};
use std::collections::{HashMap, VecDeque};

/// What the probes showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Trials {
    /// Of probes that came out with a whole marker.
    whole: Rows,
    /// Of probes that are told by user_message_reference alone: they count where none came out with a whole marker.
    hinted: Rows,
    /// The first submit_sm that came out without any marker.
    first_unmatched: Option<Vec<u8>>,
    /// The last probe as it was sent.
    last_probe: Option<Vec<u8>>,
}

/// What became of each carrier on some probes.
#[derive(Clone, Debug, Default)]
struct Rows(Vec<CarrierTrial>);

impl Rows {
    fn add(&mut self, carrier: Carrier, survives: bool, became: impl FnOnce() -> (String, String)) {
        let place = self.0.iter().position(|row| row.carrier == carrier).unwrap_or_else(|| {
            self.0.push(CarrierTrial { carrier, survived: 0, probes: 0, became: None });
            self.0.len() - 1
        });
        let row = &mut self.0[place];
        row.survived += u64::from(survives);
        row.probes += 1;
        if !survives && row.became.is_none() {
            row.became = Some(became());
        }
    }
}

/// What a carrier holds in a PDU, for a person.
fn shown(carrier: Carrier, content: &Content<'_>) -> String {
    let text = |octets: &[u8]| cut(&String::from_utf8_lossy(octets));
    match carrier {
        Carrier::Text => content.characters().map_or_else(|| hex(content.text), |text| cut(&text)),
        Carrier::Tlv => content.tlvs.get(Marker::TLV).map_or_else(|| "absent".to_owned(), hex),
        Carrier::UserMessageReference => {
            content.tlvs.get(Tag::USER_MESSAGE_REFERENCE).map_or_else(|| "absent".to_owned(), hex)
        }
        Carrier::Source => text(content.source),
        Carrier::Destination => text(content.destination),
    }
}

fn survives(run: u32, carrier: Carrier, key: MessageKey, out: &Content<'_>) -> bool {
    match carrier {
        Carrier::Text => out.tokens(run).contains(&key),
        Carrier::Tlv => out.of_tlv(run) == Some(key),
        Carrier::UserMessageReference => out.reference() == Some(Marker::new(run, key).reference()),
        Carrier::Source | Carrier::Destination => {
            out.of_address(run, carrier) == Some((key.kind, key.message))
        }
    }
}

impl Trials {
    /// A probe was sent.
    pub(super) fn sent(&mut self, frame: &[u8]) {
        self.last_probe = Some(frame.to_vec());
    }

    /// A submit_sm came out that carries no marker.
    pub(super) fn unmatched(&mut self, frame: &[u8]) {
        self.first_unmatched.get_or_insert_with(|| frame.to_vec());
    }

    /// A probe came out.
    pub(super) fn came_out(
        &mut self,
        run: u32,
        key: MessageKey,
        sent: &Content<'_>,
        frames: &[&[u8]],
    ) {
        let Some(out) = frames.first().and_then(|frame| Content::read(frame)) else { return };
        let whole = |carrier: &Carrier| *carrier != Carrier::UserMessageReference;
        let is_whole =
            Carrier::ALL.into_iter().filter(whole).any(|carrier| survives(run, carrier, key, &out));
        let rows = if is_whole { &mut self.whole } else { &mut self.hinted };
        for carrier in Carrier::ALL {
            let became = || (shown(carrier, sent), shown(carrier, &out));
            rows.add(carrier, survives(run, carrier, key, &out), became);
        }
    }

    /// What became of each carrier. What came out without any marker counts where no probe came out with a whole one: it
    /// is shown against the last probe.
    pub(super) fn rows(&self) -> Vec<CarrierTrial> {
        if !self.whole.0.is_empty() {
            return self.whole.0.clone();
        }
        let mut rows = self.hinted.clone();
        let read = |frame: &Option<Vec<u8>>| frame.clone().unwrap_or_default();
        let (sent, out) = (read(&self.last_probe), read(&self.first_unmatched));
        if let (Some(sent), Some(out)) = (Content::read(&sent), Content::read(&out)) {
            for carrier in Carrier::ALL {
                rows.add(carrier, false, || (shown(carrier, &sent), shown(carrier, &out)));
            }
        }
        rows.0
    }

    /// The carriers to use: the whole markers that survived on every probe, and an address only where none of these
    /// did. Empty: no carrier survived.
    pub(super) fn survivors(&self) -> Vec<Carrier> {
        let rows = self.rows().into_iter();
        let survived: Vec<Carrier> =
            rows.filter(|row| row.survived == row.probes).map(|row| row.carrier).collect();
        let among = |some: &[Carrier]| -> Vec<Carrier> {
            survived.iter().copied().filter(|carrier| some.contains(carrier)).collect()
        };
        let choices: [&[Carrier]; 3] = [
            &[Carrier::Tlv, Carrier::Text],
            &[Carrier::Source, Carrier::Destination],
            &[Carrier::UserMessageReference],
        ];
        choices.into_iter().map(among).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

/// Messages by user_message_reference, where it is the only carrier: a hint that message numbers share modulo 65,536.
#[derive(Debug, Default)]
pub(super) struct ByReference {
    /// Whether it is the only carrier.
    pub(super) is_used: bool,
    /// Whether probes carry it beside others.
    pub(super) is_tried: bool,
    sent: HashMap<(u16, u8), VecDeque<MessageKey>>,
    /// Messages numbered so far, by the reference that each number has.
    rounds: HashMap<(u16, u8), u64>,
}

/// Messages that share a reference and are kept.
const SHARED_MAX: usize = 64;

impl ByReference {
    /// Of messages with these carriers.
    pub(super) fn of_carriers(&mut self, carriers: &[Carrier]) {
        let has_it = carriers.contains(&Carrier::UserMessageReference);
        self.is_used = has_it && carriers.len() == 1;
        self.is_tried = has_it && carriers.len() > 1;
    }

    /// The key of the next message that is sent with this reference.
    pub(super) fn next(&mut self, reference: u16, part: u8) -> MessageKey {
        let round = self.rounds.entry((reference, part)).or_default();
        let message = *round << 16 | u64::from(reference);
        *round += 1;
        MessageKey { kind: MarkerKind::Load, message, part }
    }

    /// A message was sent.
    pub(super) fn insert(&mut self, key: MessageKey) {
        if !(self.is_used || self.is_tried && key.kind == MarkerKind::Probe) {
            return;
        }
        let sharing = self.sent.entry((key.message as u16, key.part)).or_default();
        if sharing.back() != Some(&key) {
            sharing.push_back(key);
        }
        if sharing.len() > SHARED_MAX {
            sharing.pop_front();
        }
    }

    /// Messages sent with this reference, oldest first.
    pub(super) fn of(
        &self,
        reference: u16,
        part: u8,
    ) -> impl DoubleEndedIterator<Item = MessageKey> {
        self.sent.get(&(reference, part)).into_iter().flatten().copied()
    }
}
