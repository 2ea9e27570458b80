//! A run over sockets. Where the plan says `embedded`, the simulator is started first, in this process but
//! on its own thread; below this file there is only an address.
use super::Trial;
use crate::coordinator::{RunError, WorkerPool, conduct};
use crate::esme;
use crate::measure::{Observer, RunRecord};
use crate::plan::{Plan, PlanError};
use crate::smsc;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Runs plans over TCP.
#[derive(Debug, Default)]
pub struct Tcp {
    tally: Option<smsc::Tally>,
}

/// Number of workers of a plan on this machine.
pub fn workers(plan: &Plan) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    plan.workers_count(cores) as u32
}

/// The simulator uses TLS where embedded.tls says so, and the load side where target.tls does: they must agree.
fn agree_on_tls(plan: &Plan) -> Result<(), PlanError> {
    let (ours, theirs) = (plan.target.tls.is_some(), plan.embedded.tls.is_some());
    let why = match (ours, theirs) {
        (true, false) => "has no certificate while target.tls is on; give certificate and key",
        (false, true) => "is given while target.tls is off; set target.tls = true, and tls_ca",
        (true, true) | (false, false) => return Ok(()),
    };
    Err(PlanError::about("embedded.tls", why))
}

/// A simulator with certificate files that are not valid is a mistake in the profile.
fn unusable(e: std::io::Error) -> RunError {
    match e.kind() {
        std::io::ErrorKind::InvalidInput => {
            RunError::Plan(PlanError::about("embedded", e.to_string()))
        }
        _ => RunError::Io(e),
    }
}

impl Trial for Tcp {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        self.tally = None;
        let mut plan = plan.clone();
        let embedded = if plan.target.embedded {
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            agree_on_tls(&plan)?;
            let server = smsc::Server::start(&plan.embedded, any).map_err(unusable)?;
            plan.target.addresses = vec![server.address.to_string()];
            Some(server)
        } else {
            None
        };
        esme::client_tls(&plan.target)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let plan = Arc::new(plan);
        let pool = WorkerPool::local(&plan, workers(&plan))?;
        let record = runtime.block_on(conduct(&plan, pool, observer));
        if matches!(record, Err(RunError::Killed)) {
            // the process ends: nothing is waited for
            std::mem::forget(embedded);
            return record;
        }
        self.tally = embedded.map(smsc::RunningServer::stop);
        record
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        self.tally.as_ref()
    }
}
