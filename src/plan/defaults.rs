//! What is meant where a profile says nothing: one set for loopback, a careful one for everything else
//! (CONTRACT.md, "Guard"). It knows no file.
use super::model::{Accept, Deliver, IdMode, Per, Rebind, Receipts, Timeouts};
use crate::kit::{Nanos, Rate};

/// Built-in defaults that depend on where the target is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Defaults {
    /// Sessions of an account.
    pub(super) binds: usize,
    /// Open submit_sm of a session.
    pub(super) window: usize,
    /// submit_sm a second.
    pub(super) rate: Rate,
    /// None: all that is due at once.
    pub(super) catch_up: Option<f64>,
    /// Length of the warm-up.
    pub(super) warmup: &'static str,
    /// Length of the measured hold.
    pub(super) duration: &'static str,
    /// Whether closed loops are let through.
    pub(super) closed_loop: bool,
}

/// Text of a message that says nothing else: 63 octets of GSM text.
pub(super) const TEXT: &str = "smppbench load test message, sixty-three octets of GSM text....";
/// The first and last of the numbers that Ofcom has set aside for drama: nobody owns them.
pub(super) const NUMBERS: (&str, &str) = ("447700900000", "447700900999");
/// Stands in an output where a password was.
pub(super) const REDACTED: &str = "***";
/// Seed of a run that names none.
pub(super) const SEED: u64 = 1;
/// system_id of an account that names none.
pub(super) const SYSTEM_ID: &str = "smppbench";
/// interface_version of SMPP v3.4.
pub(super) const INTERFACE_VERSION: u8 = 0x34;
/// Idle time before enquire_link.
pub(super) const ENQUIRE_LINK: Nanos = Nanos::from_secs(30);
/// Most sends of one message under `on_throttle = "retry"`.
pub(super) const ATTEMPTS_MAX: u32 = 5;
/// Oldest age of a message that is still retried.
pub(super) const AGE_MAX: Nanos = Nanos::from_secs(30);
/// ESME_RTHROTTLED and ESME_RMSGQFUL.
pub(super) const RETRYABLE: [u32; 2] = [0x58, 0x14];
/// How a lost session comes back.
pub(super) const REBIND: Rebind =
    Rebind { attempts_max: 10, min: Nanos::from_millis(500), max: Nanos::from_secs(30) };

impl Defaults {
    /// Those for a target that is on loopback (or embedded), or not.
    pub(super) const fn of(loopback: bool) -> Defaults {
        if loopback {
            Defaults {
                binds: 2,
                window: 20,
                rate: Rate::per_second(1000),
                catch_up: None,
                warmup: "2s",
                duration: "8s",
                closed_loop: true,
            }
        } else {
            Defaults {
                binds: 1,
                window: 10,
                rate: Rate::per_second(10),
                catch_up: Some(1.2),
                warmup: "2s",
                duration: "8s",
                closed_loop: false,
            }
        }
    }
}

/// How receipts are told where a profile does not say.
pub(super) fn receipts() -> Receipts {
    let finals = ["DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "REJECTD", "SKIPPED"];
    Receipts {
        id_mode: IdMode::Exact,
        final_states: finals.map(String::from).to_vec(),
        deadline: Nanos::from_secs(30),
        outstanding_max: 4_000_000,
        accept: Accept::EsmClass,
        per: Per::Part,
    }
}

/// How deliver_sm is answered where a profile does not say: at once, accepted.
pub(super) fn deliver() -> Deliver {
    Deliver::default()
}

/// Bounds on waiting where a profile does not say.
pub(super) const TIMEOUTS: Timeouts = Timeouts {
    connect: Nanos::from_secs(5),
    bind: Nanos::from_secs(5),
    response: Nanos::from_secs(10),
    drain: Nanos::from_secs(30),
    unbind: Nanos::from_secs(5),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_text_is_sixty_three_octets() {
        assert_eq!(TEXT.len(), 63);
    }
}
