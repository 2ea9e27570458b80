//! The coordinator: starts the workers together, merges their intervals, ends the load, waits for what is in
//! flight, stops them. It sees workers only through a [`WorkerPool`]: two queues of serialisable values.
mod commands;
mod processes;
mod recoveries;
mod run;
mod run_controller;
mod signals;
mod worker_pool;

pub use commands::{Command, CommandEnd, Commands};
pub use run::{RunError, conduct};
pub use run_controller::{Failure, RunController};
pub use signals::Signals;
pub use worker_pool::{PoolTiming, WorkerFault, WorkerPool};
