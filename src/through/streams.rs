//! The sessions that witnesses tell of: their octets cut in PDUs, who is bound on them, and which of their requests
//! are open.
use super::collections::{Few, Map};
use super::entry::Handle;
use crate::kit::Nanos;
use crate::net::{Sighting, SightingKind};
use crate::smpp::pdu::{self, Body};
use crate::smpp::{CommandId, Header, frame};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, VecDeque};

/// Where a PDU went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The witness's endpoint wrote it.
    Wrote,
    /// The witness's endpoint read it.
    Read,
}

/// A session of one witness.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// The witness's number, and its endpoint's number of the session.
    pub(super) witness: u32,
    number: u32,
    /// system_id of its bind; empty: it has not bound.
    pub(super) system_id: Vec<u8>,
    /// Whether it has sent a bind on its connection.
    is_bound: bool,
    /// Octets written of a PDU that is not whole.
    partial: Vec<u8>,
    /// Submit_sm that wait for an answer, by sequence_number.
    submits: Map<u32, Few<Handle>>,
    /// Those whose sequence_number another one has that is not answered yet, oldest first.
    repeated: VecDeque<(u32, Few<Handle>)>,
    /// MO that wait for an answer, by sequence_number.
    pub(super) mos: Map<u32, u64>,
}

/// Requests of one session that may be open at once; more are not looked for again.
const OPEN_MAX: usize = 100_000;
/// Reconnects whose times are kept.
const RECONNECTS_MAX: usize = 65_536;

impl Session {
    /// A submit_sm of these messages waits for its answer.
    pub(super) fn open_submit(&mut self, sequence: u32, messages: Few<Handle>) {
        if self.submits.len() + self.repeated.len() >= OPEN_MAX {
            return;
        }
        match self.submits.entry(sequence) {
            Entry::Vacant(place) => {
                place.insert(messages);
            }
            Entry::Occupied(_) => self.repeated.push_back((sequence, messages)),
        }
    }

    /// The messages of a submit_sm that is answered. None: none waits under this sequence_number.
    pub(super) fn take_submit(&mut self, sequence: u32) -> Option<Few<Handle>> {
        let messages = self.submits.remove(&sequence)?;
        let next = self.repeated.iter().position(|(of, _)| *of == sequence);
        if let Some((_, next)) = next.and_then(|place| self.repeated.remove(place)) {
            self.submits.insert(sequence, next);
        }
        Some(messages)
    }

    /// An MO waits for its answer.
    pub(super) fn open_mo(&mut self, sequence: u32, key: u64) {
        if self.mos.len() < OPEN_MAX {
            self.mos.insert(sequence, key);
        }
    }
}

/// All sessions of all witnesses.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: Vec<Session>,
    /// By witness and its number of the session.
    places: Map<(u32, u32), u32>,
    /// When a session connected anew, in order.
    reconnects: Vec<Nanos>,
    has_begun: bool,
    /// Octets that no witness could tell.
    pub(super) missed_octets: u64,
}

impl Sessions {
    /// The place of a session.
    fn place(&mut self, witness: u32, session: u32) -> u32 {
        let next = self.all.len() as u32;
        let place = *self.places.entry((witness, session)).or_insert(next);
        if place == next {
            self.all.push(Session { witness, number: session, ..Session::default() });
        }
        place
    }

    pub(super) fn get(&mut self, place: u32) -> &mut Session {
        &mut self.all[place as usize]
    }

    /// The endpoint's number of a session.
    pub(super) fn number(&self, place: u32) -> u32 {
        self.all.get(place as usize).map_or(place, |session| session.number)
    }

    /// The account that is bound on a session.
    pub(super) fn system_id(&self, place: u32) -> &[u8] {
        self.all.get(place as usize).map_or(&[], |session| &session.system_id)
    }

    /// (system_id, sessions) that are bound at witnesses from this one on.
    pub(super) fn bound_from(&self, witness: u32) -> Vec<(String, u64)> {
        let mut bound = BTreeMap::new();
        for session in self.all.iter().filter(|session| session.witness >= witness) {
            if session.is_bound {
                let name = String::from_utf8_lossy(&session.system_id).into_owned();
                *bound.entry(name).or_default() += 1;
            }
        }
        bound.into_iter().collect()
    }

    /// Every connection from now on is a reconnect.
    pub(super) fn begin(&mut self) {
        self.has_begun = true;
    }

    /// The same sessions for further books: who is bound on them, and what is half written. Nothing is open.
    pub(super) fn renewed(&self) -> Sessions {
        let renewed = |session: &Session| Session {
            submits: Map::default(),
            repeated: VecDeque::new(),
            mos: Map::default(),
            ..session.clone()
        };
        Sessions {
            all: self.all.iter().map(renewed).collect(),
            places: self.places.clone(),
            has_begun: self.has_begun,
            ..Sessions::default()
        }
    }

    /// Whether a session connected anew between two times.
    pub(super) fn has_reconnect(&self, from: Nanos, to: Nanos) -> bool {
        let first = self.reconnects.partition_point(|at| *at <= from);
        self.reconnects.get(first).is_some_and(|at| *at <= to)
    }

    /// Takes a sighting in. Returns the place of its session, and the whole PDUs.
    pub(super) fn take(&mut self, sighting: Sighting) -> (u32, Direction, Vec<u8>) {
        let Sighting { witness, session, at, kind } = sighting;
        let place = self.place(witness, session);
        let nothing = (place, Direction::Read, Vec::new());
        match kind {
            SightingKind::Connected => {
                if self.has_begun && self.reconnects.len() < RECONNECTS_MAX {
                    let sorted = self.reconnects.partition_point(|known| *known <= at);
                    self.reconnects.insert(sorted, at);
                }
                self.get(place).partial.clear();
                nothing
            }
            SightingKind::Ended => {
                self.get(place).is_bound = false;
                nothing
            }
            SightingKind::Missed(octets) => {
                self.missed_octets += octets;
                // what follows begins in the middle of a PDU
                self.get(place).partial.clear();
                nothing
            }
            SightingKind::Read(octets) => (place, Direction::Read, octets),
            SightingKind::Wrote(octets) => (place, Direction::Wrote, self.whole(place, octets)),
        }
    }

    /// The whole PDUs of what was written before and these octets.
    fn whole(&mut self, place: u32, octets: Vec<u8>) -> Vec<u8> {
        let partial = &mut self.get(place).partial;
        if partial.is_empty() && whole_octets(&octets) == Some(octets.len()) {
            return octets;
        }
        partial.extend_from_slice(&octets);
        match whole_octets(partial) {
            Some(whole) => {
                let rest = partial.split_off(whole);
                std::mem::replace(partial, rest)
            }
            None => {
                // what was missed has left the stream without framing
                let lost = std::mem::take(partial).len() as u64;
                self.missed_octets += lost;
                Vec::new()
            }
        }
    }

    /// Takes the answers to a connection that is gone as never to come. Returns the open submit_sm.
    pub(super) fn close(&mut self, place: u32) -> Vec<Handle> {
        let session = self.get(place);
        session.mos.clear();
        let open = session.submits.drain().chain(session.repeated.drain(..));
        open.flat_map(|(_, keys)| keys.to_vec()).collect()
    }

    /// A bind names its account.
    pub(super) fn on_bind(&mut self, place: u32, frame: &[u8]) {
        let Ok(pdu) = pdu::decode(frame) else { return };
        if let Body::BindReceiver(bind)
        | Body::BindTransmitter(bind)
        | Body::BindTransceiver(bind) = pdu.body
        {
            let session = self.get(place);
            session.system_id = bind.system_id.to_vec();
            session.is_bound = true;
        }
    }
}

/// Octets of the whole PDUs at the front. None: they are no PDUs.
fn whole_octets(octets: &[u8]) -> Option<usize> {
    let mut whole = 0;
    while let Some(length) = frame::cut(&octets[whole..], frame::OCTETS_MAX_DEFAULT).ok()? {
        whole += length;
    }
    Some(whole)
}

/// The PDUs of octets that are whole ones.
pub(super) fn frames(octets: &[u8]) -> impl Iterator<Item = (Header, &[u8])> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let header = Header::read(rest)?;
        let length = (header.command_length as usize).clamp(Header::OCTETS, rest.len());
        let (frame, after) = rest.split_at(length);
        rest = after;
        Some((header, frame))
    })
}

/// Whether a PDU is a bind.
pub(super) fn is_bind(command: CommandId) -> bool {
    matches!(
        command,
        CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER
    )
}
