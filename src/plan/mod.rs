//! The plan: a profile (TOML) and flags in, a checked [`Plan`] out; and the pure functions of it: the
//! [`Schedule`] (message -> intended time), the [`Striping`] (message -> bind -> worker).
pub mod behaviour;
mod cursor;
pub mod model;
mod schedule;
mod striping;

pub use cursor::Cursor;
pub use model::{
    Account, Address, AddressFrom, AddressPolicy, Arrival, BindType, Binds, Content, Deliver,
    Guard, IdMode, Load, Long, Message, OnThrottle, Plan, PlannedTlv, Rebind, Receipts, Secret,
    Shape, Stage, Target, Timeouts, Tls, TlvValue, WindowFull,
};
pub use schedule::{Due, Schedule, ScheduleError};
pub use striping::Striping;
