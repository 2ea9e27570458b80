//! Who may bind to the simulator, and the limits that it enforces.
use super::Secret;
use crate::kit::{Nanos, Rate};
use crate::plan::values::{As, Ascii, Password, RateAboveZero, RateOrNone, SpanOrOff, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most sessions, or open requests, that a limit can be set to.
pub(super) const COUNT_MAX: u64 = 1 << 32;
/// Most messages that a queue or a burst can be set to.
const MESSAGES_MAX: u64 = 1 << 40;

/// An account that may bind to the simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmscAccount {
    /// The system_id that binds: at most 64 characters.
    #[serde(with = "As::<Ascii<64>>")]
    pub system_id: String,
    /// The password that it must bind with: at most 100 characters. Without it, any password will do.
    #[serde(default, with = "As::<Option<Password>>")]
    pub password: Option<Secret>,
    /// Maximum number of its sessions, from 0 on; a further bind gets ESME_RALYBND. Without it, there is no limit.
    #[serde(default, with = "As::<Option<Whole<usize, 0, COUNT_MAX>>>")]
    pub binds_max: Option<usize>,
    /// Its own limit in messages a second; 0 is no limit.
    #[serde(default, with = "As::<RateOrNone>")]
    pub rate: Option<Rate>,
    /// Maximum number of open submit_sm of each of its sessions, from 1 on. Without it, that of `limits` holds.
    #[serde(default, with = "As::<Option<Whole<usize, 1, COUNT_MAX>>>")]
    pub window: Option<usize>,
}

/// The limits that the simulator enforces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Maximum number of open submit_sm of a session, from 1 on. Without it, there is no limit.
    #[serde(with = "As::<Option<Whole<usize, 1, COUNT_MAX>>>")]
    pub window: Option<usize>,
    /// What happens to a submit_sm beyond the window; `"throttle"` by default.
    pub on_window: OnWindow,
    /// Limit in messages a second; 0 is no limit.
    #[serde(with = "As::<RateOrNone>")]
    pub rate: Option<Rate>,
    /// Whose rate is limited; `"all"` by default.
    pub scope: Scope,
    /// Messages beyond one that may come at once (the size of the token bucket). Without it, 100 ms of the rate; 0
    /// is strict spacing.
    #[serde(with = "As::<Option<Whole<u64, 0, MESSAGES_MAX>>>")]
    pub burst: Option<u64>,
    /// What happens to a submit_sm beyond the rate; `"throttle"` by default.
    pub on_rate: OnRate,
    /// A queue between accepting and delivering: the simulator accepts fast and delivers slowly.
    pub queue: Option<Queue>,
    /// How long a lost session still counts as bound: further binds get ESME_RALYBND. `"off"` by default.
    #[serde(with = "As::<SpanOrOff>")]
    pub ghost_bind: Option<Nanos>,
}

/// What happens to a submit_sm beyond the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnWindow {
    /// It is answered with ESME_RTHROTTLED.
    #[default]
    Throttle,
    /// It is answered with ESME_RMSGQFUL.
    QueueFull,
    /// The connection is closed.
    Disconnect,
    /// It is not answered.
    Silence,
    /// The session is unbound, then closed.
    Unbind,
}

/// Whose rate is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// That of all sessions together.
    #[default]
    All,
    /// That of each account.
    Account,
    /// That of each session.
    Session,
}

/// What happens to a submit_sm beyond the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnRate {
    /// It is answered with ESME_RTHROTTLED.
    #[default]
    Throttle,
    /// It is answered later.
    Delay,
}

/// A queue between accepting and delivering.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Messages that it holds, from 1 on; a further submit_sm gets ESME_RMSGQFUL.
    #[serde(with = "As::<Whole<u64, 1, MESSAGES_MAX>>")]
    pub size: u64,
    /// Deliveries a second, above 0.
    #[serde(with = "As::<RateAboveZero>")]
    pub drain: Rate,
}
