//! The plan: a profile (TOML) and flags in, a checked [`Plan`] out ([`load`]); and the pure functions of
//! it: the [`Schedule`] (message -> intended time), the [`Striping`] (message -> bind -> worker), the
//! [`Recipe`] (message -> octets). It knows no socket, no clock and no session.
//!
//! ```
//! use smppbench::plan::{self, Overrides, Source};
//!
//! let profile = |text: &str| Source::Text { name: "mine.toml".into(), text: text.into() };
//! let flags = Overrides { window: Some(50), ..Overrides::default() };
//! let plan = plan::load(&profile("binds = { count = 2, window = 20 }"), &flags)?;
//! let binds = &plan.accounts[0].binds;
//! assert_eq!((binds.count, binds.window), (2, 50)); // a flag comes before the profile
//!
//! let mistake = plan::load(&profile("[binds]\nwindw = 20"), &Overrides::default()).unwrap_err();
//! assert!(mistake.to_string().starts_with("mine.toml:2: binds.windw"), "{mistake}");
//! # Ok::<(), smppbench::plan::PlanError>(())
//! ```
pub mod behaviour;
pub mod behaviour_file;
mod cursor;
mod defaults;
mod error;
mod events;
mod guard;
mod location;
mod message_flags;
pub mod model;
mod overrides;
mod profile;
mod read;
mod recipe;
mod resolved;
mod schedule;
mod schema;
mod secret;
mod side;
mod stage_flags;
mod striping;
mod suggest;
mod tree;
mod values;

pub use cursor::{Cursor, Skipped};
pub use error::PlanError;
pub use events::{Occurrence, occurrences};
pub use guard::{CELLS_MAX, RATE_MAX, matches};
pub use message_flags::MessageOverrides;
pub use model::{
    Accept, Account, Address, AddressFrom, AddressPolicy, Arrival, BindType, Binds,
    CongestionThresholds, Deliver, EventAction, EventBinds, Fleet, Foreign, Guard, Ladder, Load,
    Long, MarkerChoice, Matcher, Message, MessageTlv, Metrics, NumberFiles, OWN, Observe,
    OnAgentLoss, OnCongestion, OnThrottle, PROCESS_SERIES, Per, Plan, PlannedEvent, Rebind,
    Receipts, Recover, Rewrite, Route, RunMarker, Secret, Selector, Shape, Stage, TALLY_SERIES,
    Target, Timeouts, Tls, TlvValue, Upstream, WindowFull,
};
pub use overrides::{Overrides, read_gates, split_gate};
pub use profile::{
    BUILT_IN, BuiltIn, Mistakes, Preview, Source, load, load_gates, load_side, preview,
    profile_schema,
};
pub use recipe::{Expects, MixPosition, Recipe, Scratch, SubmitInfo, SubmitRun};
pub use resolved::{repro, resolved_json};
pub use schedule::{Due, Ramp, Schedule, ScheduleError, Sine, Spike, Stairs, Unschedulable};
pub use secret::{SecretError, shown_setting};
pub use side::DuelSide;
pub use stage_flags::Origin;
pub use striping::Striping;
pub use values::is_loopback;
