//! The marker that the submit_sm of a run carry, so that they can be told apart behind a gateway. It is no key of a
//! profile: `through` sets it.
use crate::smpp::marker::{Carrier, Marker, MarkerKind, MessageKey};
use serde::{Deserialize, Serialize};

/// What every submit_sm of a run carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMarker {
    /// The run.
    pub run: u32,
    /// Whether the messages are probes, which have numbers of their own.
    pub probe: bool,
    /// Where the marker stands. A message of octets has none in its text.
    pub carriers: Vec<Carrier>,
}

impl RunMarker {
    /// Whether the marker stands there.
    pub fn has(&self, carrier: Carrier) -> bool {
        self.carriers.contains(&carrier)
    }

    /// The marker of a part of a message.
    pub const fn of(&self, message: u64, part: u8) -> Marker {
        let kind = if self.probe { MarkerKind::Probe } else { MarkerKind::Load };
        Marker::new(self.run, MessageKey { kind, message, part })
    }
}
