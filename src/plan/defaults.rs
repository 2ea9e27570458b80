//! What is meant where a profile says nothing: one set for loopback, a careful one for everything else
//! (docs/reference/commands.md, "Guard"). It knows no file.
use super::model::Rebind;
use crate::kit::{Nanos, Rate};

/// Built-in defaults that depend on where the target is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Defaults {
    /// Whether they are those for loopback.
    pub(super) loopback: bool,
    /// Sessions of an account.
    pub(super) binds: usize,
    /// Open submit_sm of a session.
    pub(super) window: usize,
    /// submit_sm a second.
    pub(super) rate: Rate,
    /// None: all that is due at once.
    pub(super) catch_up: Option<f64>,
    /// Length of the warm-up.
    pub(super) warmup: Nanos,
    /// Length of the measured hold.
    pub(super) duration: Nanos,
    /// Whether closed loops are let through.
    pub(super) closed_loop: bool,
}

/// Text of a message that says nothing else: 63 octets of GSM text.
pub(super) const TEXT: &str = "smppbench load test message, sixty-three octets of GSM text....";
/// The first and last of the numbers that Ofcom has set aside for drama: nobody owns them.
pub(super) const NUMBERS: (&str, &str) = ("447700900000", "447700900999");
/// Seed of a run that names none.
pub(super) const SEED: u64 = 1;
/// system_id of an account that names none.
pub(super) const SYSTEM_ID: &str = "smppbench";
/// interface_version of SMPP v3.4.
pub(super) const INTERFACE_VERSION: u8 = 0x34;
/// Idle time before enquire_link.
pub(super) const ENQUIRE_LINK: Nanos = Nanos::from_secs(30);
/// How a lost session comes back.
pub(super) const REBIND: Rebind =
    Rebind { attempts_max: 10, min: Nanos::from_millis(500), max: Nanos::from_secs(30) };

impl Defaults {
    /// Those for a target that is on loopback (or embedded), or not.
    pub(super) const fn of(loopback: bool) -> Defaults {
        if loopback {
            Defaults {
                loopback,
                binds: 2,
                window: 20,
                rate: Rate::per_second(1000),
                catch_up: None,
                warmup: Nanos::from_secs(2),
                duration: Nanos::from_secs(8),
                closed_loop: true,
            }
        } else {
            Defaults {
                loopback,
                binds: 1,
                window: 10,
                rate: Rate::per_second(10),
                catch_up: Some(1.2),
                warmup: Nanos::from_secs(2),
                duration: Nanos::from_secs(8),
                closed_loop: false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_text_is_sixty_three_octets() {
        assert_eq!(TEXT.len(), 63);
    }
}
