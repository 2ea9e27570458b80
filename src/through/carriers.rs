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
    probes: u64,
    rows: Vec<CarrierTrial>,
    /// The first submit_sm that came out without any marker.
    first_unmatched: Option<Vec<u8>>,
    /// The first probe as it was sent.
    first_probe: Option<Vec<u8>>,
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
        self.first_probe.get_or_insert_with(|| frame.to_vec());
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
        self.probes += 1;
        for carrier in Carrier::ALL {
            let whole = survives(run, carrier, key, &out);
            let row = self.row(carrier);
            row.survived += u64::from(whole);
            row.probes += 1;
            if !whole && row.became.is_none() {
                row.became = Some((shown(carrier, sent), shown(carrier, &out)));
            }
        }
    }

    fn row(&mut self, carrier: Carrier) -> &mut CarrierTrial {
        let place = self.rows.iter().position(|row| row.carrier == carrier).unwrap_or_else(|| {
            self.rows.push(CarrierTrial { carrier, survived: 0, probes: 0, became: None });
            self.rows.len() - 1
        });
        &mut self.rows[place]
    }

    /// What became of each carrier. Where no probe was found behind, the first probe is shown against the first
    /// submit_sm that came out without a marker.
    pub(super) fn rows(&self) -> Vec<CarrierTrial> {
        if self.probes > 0 {
            return self.rows.clone();
        }
        let read = |frame: &Option<Vec<u8>>| frame.clone().unwrap_or_default();
        let (sent, out) = (read(&self.first_probe), read(&self.first_unmatched));
        let (Some(sent), Some(out)) = (Content::read(&sent), Content::read(&out)) else {
            return Vec::new();
        };
        let row = |carrier| CarrierTrial {
            carrier,
            survived: 0,
            probes: 1,
            became: Some((shown(carrier, &sent), shown(carrier, &out))),
        };
        Carrier::ALL.into_iter().map(row).collect()
    }

    /// The carriers to use: the whole markers that survived on every probe, and an address only where none of these
    /// did. Empty: no carrier survived.
    pub(super) fn survivors(&self) -> Vec<Carrier> {
        let all = self.rows.iter().filter(|row| row.probes > 0 && row.survived == row.probes);
        let survived: Vec<Carrier> = all.map(|row| row.carrier).collect();
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
    sent: HashMap<(u16, u8), VecDeque<MessageKey>>,
    /// Messages numbered so far, by the reference that each number has.
    rounds: HashMap<(u16, u8), u64>,
}

/// Messages that share a reference and are kept.
const SHARED_MAX: usize = 64;

impl ByReference {
    /// `is_used`: it is the only carrier.
    pub(super) fn new(is_used: bool) -> ByReference {
        ByReference { is_used, ..ByReference::default() }
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
        if !self.is_used {
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
