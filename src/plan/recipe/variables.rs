//! What varies from send to send, and where the octets of the moment are kept. Which variable stands
//! where is a template's matter.
use crate::kit::{decimal, mix64, stream_seed};
use crate::plan::error::{PlanError, PlanResult};
use crate::smpp::TemplatePart;
use crate::smpp::marker::Marker;
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

/// Octets of the longest address.
pub(super) const ADDRESS_OCTETS: usize = 20;
/// Octets of the longest variable: a UUID.
const OCTETS_MAX: usize = 36;
/// Most variable pieces in one submit_sm.
const USES_MAX: usize = 16;
/// Names the stream of UUIDs of a run's seed.
const UUIDS: u64 = 0x7575_6964;

/// A value that varies from send to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Var {
    /// The digits of destination_addr.
    Destination,
    /// The digits of source_addr.
    Source,
    /// 16-bit reference of a message in parts.
    Reference,
    /// Its low octet.
    ReferenceLow,
    /// The message's number, ten digits.
    Seq,
    /// A UUID of seed and message.
    Uuid,
    /// RFC 3339 with milliseconds, UTC, 24 characters.
    Time,
    /// The marker's token.
    MarkerToken,
    /// The value of its TLV.
    MarkerTlv,
    /// The digits of an address that is a marker.
    MarkerAddress,
}

impl Var {
    /// All but those of a marker, in the order of their numbers.
    const ALL: [Var; 7] = [
        Var::Destination,
        Var::Source,
        Var::Reference,
        Var::ReferenceLow,
        Var::Seq,
        Var::Uuid,
        Var::Time,
    ];

    /// Those of a marker.
    const MARKERS: [Var; 3] = [Var::MarkerToken, Var::MarkerTlv, Var::MarkerAddress];
    const MARKER_BITS: u16 =
        Var::MarkerToken.bit() | Var::MarkerTlv.bit() | Var::MarkerAddress.bit();
    const COUNT: usize = Var::ALL.len() + Var::MARKERS.len();

    const fn bit(self) -> u16 {
        1 << self as u8
    }

    /// The placeholders of texts, and the octets of each (a destination's are the longest one's).
    pub(super) const PLACEHOLDERS: [(&'static str, Var); 4] = [
        ("{seq}", Var::Seq),
        ("{uuid}", Var::Uuid),
        ("{destination}", Var::Destination),
        ("{time}", Var::Time),
    ];

    /// Characters that it has in a text.
    pub(super) const fn characters(self, destination_octets: usize) -> usize {
        match self {
            Var::Destination | Var::Source => destination_octets,
            Var::Reference => 2,
            Var::ReferenceLow => 1,
            Var::Seq => 10,
            Var::Uuid => 36,
            Var::Time => 24,
            Var::MarkerToken => Marker::TOKEN_OCTETS,
            Var::MarkerTlv => Marker::TLV_OCTETS,
            Var::MarkerAddress => Marker::ADDRESS_DIGITS,
        }
    }
}

/// A stretch of a variable at one place of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct VariableUse {
    var: Var,
    /// In UTF-16: a zero octet before each.
    wide: bool,
    from: usize,
    octets: usize,
}

/// The variables of one template, by index.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    list: Vec<VariableUse>,
    bits: u16,
    wide: bool,
}

impl Variables {
    /// A new place for octets `from..from + octets` of `var`.
    pub(super) fn piece(
        &mut self,
        var: Var,
        wide: bool,
        from: usize,
        octets: usize,
    ) -> TemplatePart {
        self.list.push(VariableUse { var, wide, from, octets });
        self.bits |= var.bit();
        self.wide |= wide;
        TemplatePart::Var { index: self.list.len() - 1, nominal_octets: octets }
    }

    /// Whether `var` stands anywhere.
    #[inline]
    pub(super) const fn needs(&self, var: Var) -> bool {
        self.bits & var.bit() != 0
    }

    /// Whether a marker stands anywhere.
    #[inline]
    pub(super) const fn has_marker(&self) -> bool {
        self.bits & Var::MARKER_BITS != 0
    }

    /// Whether the destination, in one place, is all that varies.
    #[inline]
    pub(super) fn only_destination(&self) -> bool {
        self.list.len() == 1 && self.bits == Var::Destination.bit() && !self.wide
    }

    /// Refuses more places than a stamp has room for.
    pub(super) fn check(&self) -> PlanResult<()> {
        if self.list.len() > USES_MAX {
            let count = self.list.len();
            let why = format!("{count} places that vary, more than {USES_MAX}; write fewer");
            return Err(PlanError::about("", why));
        }
        Ok(())
    }

    /// Calls `stamp` with the octets of each place.
    #[inline]
    pub(super) fn with(&self, scratch: &Scratch, stamp: impl FnOnce(&[&[u8]])) {
        let mut vars: [&[u8]; USES_MAX] = [&[]; USES_MAX];
        for (var, place) in vars.iter_mut().zip(&self.list) {
            let value = scratch.value(place.var, place.wide);
            let from = place.from.min(value.len());
            *var = &value[from..(place.from + place.octets).min(value.len())];
        }
        stamp(&vars[..self.list.len()]);
    }
}

/// The octets of the moment: one for each thread that stamps, used again for every send.
#[derive(Clone, Debug)]
pub struct Scratch {
    destination: [u8; ADDRESS_OCTETS],
    source: [u8; ADDRESS_OCTETS],
    narrow: [[u8; OCTETS_MAX]; Var::COUNT],
    wide: [[u8; 2 * OCTETS_MAX]; Var::COUNT],
    octets: [usize; Var::COUNT],
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

impl Scratch {
    /// Empty.
    pub const fn new() -> Scratch {
        Scratch {
            destination: [0; ADDRESS_OCTETS],
            source: [0; ADDRESS_OCTETS],
            narrow: [[0; OCTETS_MAX]; Var::COUNT],
            wide: [[0; 2 * OCTETS_MAX]; Var::COUNT],
            octets: [0; Var::COUNT],
        }
    }

    /// Has the destination written.
    #[inline]
    pub(super) fn destination(&mut self, write: impl FnOnce(&mut [u8; ADDRESS_OCTETS]) -> usize) {
        self.octets[Var::Destination as usize] = write(&mut self.destination);
    }

    /// Has the source written.
    #[inline]
    pub(super) fn source(&mut self, write: impl FnOnce(&mut [u8; ADDRESS_OCTETS]) -> usize) {
        self.octets[Var::Source as usize] = write(&mut self.source);
    }

    /// The destination that was written last.
    #[inline]
    pub(super) fn digits(&self) -> &[u8] {
        &self.destination[..self.octets[Var::Destination as usize]]
    }

    /// Fills the variables of `uses` except the addresses, for `message` of a run with `seed`.
    pub(super) fn fill(&mut self, uses: &Variables, seed: u64, message: u64, wall_ns: u64) {
        for var in Var::ALL.into_iter().filter(|var| uses.needs(*var)) {
            let room = &mut self.narrow[var as usize];
            let octets = match var {
                Var::Destination
                | Var::Source
                | Var::MarkerToken
                | Var::MarkerTlv
                | Var::MarkerAddress => continue,
                Var::Reference => put(room, &(message as u16).to_be_bytes()),
                Var::ReferenceLow => put(room, &[message as u8]),
                Var::Seq => ten_digits(room, message),
                Var::Uuid => uuid(room, seed, message),
                Var::Time => time(room, wall_ns),
            };
            self.octets[var as usize] = octets;
        }
        if uses.wide {
            for place in uses.list.iter().filter(|place| place.wide) {
                self.widen(place.var);
            }
        }
    }

    /// Fills the variables of a marker.
    #[cold]
    pub(super) fn mark(&mut self, uses: &Variables, marker: Marker) {
        for var in Var::MARKERS.into_iter().filter(|var| uses.needs(*var)) {
            let room = &mut self.narrow[var as usize];
            self.octets[var as usize] = match var {
                Var::MarkerTlv => put(room, &marker.tlv()),
                Var::MarkerAddress => put(room, &marker.address()),
                Var::MarkerToken
                | Var::Destination
                | Var::Source
                | Var::Reference
                | Var::ReferenceLow
                | Var::Seq
                | Var::Uuid
                | Var::Time => put(room, &marker.token()),
            };
        }
        for place in uses.list.iter().filter(|place| place.wide) {
            self.widen(place.var);
        }
    }

    fn widen(&mut self, var: Var) {
        let octets = self.octets[var as usize];
        for i in 0..octets {
            let octet = match var {
                Var::Destination => self.destination[i],
                Var::Source => self.source[i],
                Var::Reference
                | Var::ReferenceLow
                | Var::Seq
                | Var::Uuid
                | Var::Time
                | Var::MarkerToken
                | Var::MarkerTlv
                | Var::MarkerAddress => self.narrow[var as usize][i],
            };
            self.wide[var as usize][2 * i] = 0;
            self.wide[var as usize][2 * i + 1] = octet;
        }
    }

    #[inline]
    fn value(&self, var: Var, wide: bool) -> &[u8] {
        let octets = self.octets[var as usize];
        if wide {
            return &self.wide[var as usize][..2 * octets];
        }
        match var {
            Var::Destination => &self.destination[..octets],
            Var::Source => &self.source[..octets],
            Var::Reference
            | Var::ReferenceLow
            | Var::Seq
            | Var::Uuid
            | Var::Time
            | Var::MarkerToken
            | Var::MarkerTlv
            | Var::MarkerAddress => &self.narrow[var as usize][..octets],
        }
    }
}

fn put(room: &mut [u8], octets: &[u8]) -> usize {
    room[..octets.len()].copy_from_slice(octets);
    octets.len()
}

fn ten_digits(room: &mut [u8], number: u64) -> usize {
    decimal(number, &mut room[..10]);
    10
}

/// A version 4 UUID whose random bits are a function of (seed, message).
fn uuid(room: &mut [u8; OCTETS_MAX], seed: u64, message: u64) -> usize {
    let high = stream_seed(seed, UUIDS, message);
    let low = mix64(high);
    let high = high & !0xF000 | 0x4000;
    let low = low & (u64::MAX >> 2) | 1 << 63;
    let bits = u128::from(high) << 64 | u128::from(low);
    let mut at = 0;
    for nibble in 0..32 {
        if matches!(nibble, 8 | 12 | 16 | 20) {
            room[at] = b'-';
            at += 1;
        }
        let digit = (bits >> (124 - 4 * nibble)) as usize & 0xF;
        room[at] = b"0123456789abcdef"[digit];
        at += 1;
    }
    at
}

fn time(room: &mut [u8; OCTETS_MAX], wall_ns: u64) -> usize {
    let text = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_nanos(wall_ns));
    let mut rest = &mut room[..];
    // 24 characters from the year 1970 to 2554, which is all that 64 bits hold
    let written = write!(rest, "{text}").is_ok();
    if written { OCTETS_MAX - rest.len() } else { 0 }
}
