//! Who may bind to the simulator, and the limits that it enforces.
use super::Secret;
use crate::kit::{Nanos, Rate};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{
    As, Ascii, FilePath, Password, RateAboveZero, RateOrNone, SpanOrOff, Whole,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Most sessions, or open requests, that a limit can be set to.
pub(super) const COUNT_MAX: u64 = 1 << 32;
/// Longest password, in octets.
const PASSWORD_MAX: usize = 100;
/// Most messages that a queue or a burst can be set to.
const MESSAGES_MAX: u64 = 1 << 40;

/// An account that may bind to the simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmscAccount {
    /// The system_id that binds: at most 64 characters.
    #[serde(with = "As::<Ascii<64>>")]
    pub system_id: String,
    /// Password of its binds: at most 100 characters. Without it, any password is accepted.
    #[serde(default, with = "As::<Option<Password>>")]
    pub password: Option<Secret>,
    /// Name of the environment variable that holds its password, instead of `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// File whose first line is its password, relative to this file, instead of `password`.
    #[serde(default, with = "As::<Option<FilePath>>", skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// Maximum number of its sessions, from 0 on; a further bind gets ESME_RALYBND. Without it, there is no limit.
    #[serde(default, with = "As::<Option<Whole<usize, 0, COUNT_MAX>>>")]
    pub binds_max: Option<usize>,
    /// Its own limit in messages a second; 0, the default, is no limit.
    #[serde(default, with = "As::<RateOrNone>")]
    pub rate: Option<Rate>,
    /// Maximum number of submit_sm in flight on each of its sessions, from 1 on. By default that of `limits`.
    #[serde(default, with = "As::<Option<Whole<usize, 1, COUNT_MAX>>>")]
    pub window: Option<usize>,
}

impl SmscAccount {
    /// Reads its password from where it is said to be.
    pub(super) fn complete(&mut self) -> PlanResult<()> {
        let written = [
            ("password", self.password.is_some()),
            ("password_env", self.password_env.is_some()),
            ("password_file", self.password_file.is_some()),
        ];
        let mut given = written.iter().filter(|(_, is_written)| *is_written);
        if let (Some((first, _)), Some((second, _))) = (given.next(), given.next()) {
            let why = format!("not with {first}; write one of them");
            return Err(PlanError::about(*second, why));
        }
        let read = match (self.password_env.take(), self.password_file.take()) {
            (Some(name), _) => Some(("password_env", Secret::of_env(&name))),
            (None, Some(path)) => Some(("password_file", Secret::of_file(Path::new(&path)))),
            (None, None) => None,
        };
        let Some((key, read)) = read else { return Ok(()) };
        let password = read.map_err(|e| PlanError::about(key, e.to_string()))?;
        if password.is_empty() || password.0.len() > PASSWORD_MAX || !password.0.is_ascii() {
            let why = "the password is empty, longer than 100 octets or not ASCII; change it";
            return Err(PlanError::about(key, why));
        }
        self.password = Some(password);
        Ok(())
    }
}

/// The limits that the simulator enforces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Maximum number of submit_sm in flight on a session, from 1 on. Without it, there is no limit.
    #[serde(with = "As::<Option<Whole<usize, 1, COUNT_MAX>>>")]
    pub window: Option<usize>,
    /// What happens to a submit_sm beyond the window; `"throttle"` by default.
    pub on_window: OnWindow,
    /// Limit in messages a second; 0, the default, is no limit.
    #[serde(with = "As::<RateOrNone>")]
    pub rate: Option<Rate>,
    /// Whose rate is limited; `"all"` by default.
    pub scope: Scope,
    /// Number of messages beyond one that may come at once (the size of the token bucket). By default those of 100 ms
    /// at the rate; 0 is strict spacing.
    #[serde(with = "As::<Option<Whole<u64, 0, MESSAGES_MAX>>>")]
    pub burst: Option<u64>,
    /// What happens to a submit_sm beyond the rate; `"throttle"` by default.
    pub on_rate: OnRate,
    /// A queue between accepting and delivering: the simulator accepts fast and delivers slowly.
    pub queue: Option<Queue>,
    /// Time for which a lost session still counts as bound: further binds get ESME_RALYBND. `"off"` by default.
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
    /// Maximum number of messages in the queue, from 1 on; a further submit_sm gets ESME_RMSGQFUL.
    #[serde(with = "As::<Whole<u64, 1, MESSAGES_MAX>>")]
    pub size: u64,
    /// Number of deliveries a second, above 0.
    #[serde(with = "As::<RateAboveZero>")]
    pub drain: Rate,
}
