//! The coordinator: starts the workers together, gathers their seconds, ends the load, waits for what is
//! still out, stops them. It sees workers only through a [`Crew`]: two queues of serialisable values.
mod conductor;
mod crew;
mod run;
mod signals;

pub use conductor::{Conductor, Failure};
pub use crew::{Crew, Distance, WorkerFault};
pub use run::{RunError, conduct};
pub use signals::Signals;
