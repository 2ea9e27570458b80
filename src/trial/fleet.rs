//! A run over many machines: each agent of a fleet runs its share of the plan against the target.
use super::Trial;
use crate::coordinator::{RunError, conduct};
use crate::fleet::Leader;
use crate::measure::{Observer, RunRecord};
use crate::plan::Plan;
use crate::smsc;
use std::sync::Arc;

/// Runs plans on the agents of a fleet.
#[derive(Clone, Debug)]
pub struct FleetTrial {
    leader: Leader,
}

impl FleetTrial {
    /// On this fleet, which several trials may share.
    pub fn new(leader: Leader) -> FleetTrial {
        FleetTrial { leader }
    }
}

impl Trial for FleetTrial {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        if plan.target.embedded {
            let why = "target.address: \"embedded\" is a simulator in this process, out of the agents' reach; \
                       start `smppbench smsc` and give its address";
            return Err(RunError::Refused(why.to_owned()));
        }
        if plan.ladder.is_some() {
            let why = "a ladder of binds runs on one machine: leave out --nats and --agents";
            return Err(RunError::Refused(why.to_owned()));
        }
        let plan = Arc::new(plan.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (run, pool) = self.leader.open(&plan)?;
        let record = runtime.block_on(conduct(&plan, pool, observer));
        let fleet = self.leader.close(run);
        record.map(|mut record| {
            record.fleet = fleet;
            record
        })
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        None
    }
}
