//! Which agent runs which workers: each a range of their numbers, as many as it has cores. Senders, and with them the
//! schedule, are divided among the workers by number: so the shares of all agents are the whole schedule.
use super::FleetError;
use crate::plan::Plan;
use std::ops::Range;

/// Numbers of the workers of each agent. `cores`: of each agent, in order.
///
/// # Errors
/// Fewer binds than agents.
pub(super) fn worker_ranges(plan: &Plan, cores: &[u32]) -> Result<Vec<Range<u32>>, FleetError> {
    let senders = plan.senders_count();
    let (useful, what) =
        if senders > 0 { (senders, "sender") } else { (plan.sessions_count(), "session") };
    if useful < cores.len() {
        let agents = cores.len();
        return Err(FleetError::TooFewBinds { agents, what, useful });
    }
    let wanted = |cores: u32| plan.load.workers.map_or(cores, |w| w as u32).max(1);
    let mut counts: Vec<u32> = cores.iter().map(|c| wanted(*c)).collect();
    // a worker without a sender has nothing to do: take workers from the largest
    while counts.iter().map(|c| *c as usize).sum::<usize>() > useful {
        let largest = counts.iter_mut().max().filter(|c| **c > 1);
        let Some(largest) = largest else { break };
        *largest -= 1;
    }
    let mut first = 0;
    let worker_ranges = counts.into_iter().map(|count| {
        first += count;
        first - count..first
    });
    Ok(worker_ranges.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Overrides, Source, load};

    fn plan(binds: usize) -> Plan {
        let text = format!("load.stages = [{{ hold = 10, for = \"1s\" }}]\nbinds.count = {binds}");
        load(&Source::Text { name: "t.toml".into(), text }, &Overrides::default()).unwrap()
    }

    #[test]
    fn each_agent_gets_a_worker_for_each_core_and_no_worker_is_without_a_sender() {
        assert_eq!(worker_ranges(&plan(100), &[2, 4, 1]).unwrap(), [0..2, 2..6, 6..7]);
        assert_eq!(worker_ranges(&plan(4), &[2, 4, 1]).unwrap(), [0..2, 2..3, 3..4]);
        assert_eq!(worker_ranges(&plan(2), &[8, 8]).unwrap(), [0..1, 1..2]);
        assert!(
            worker_ranges(&plan(1), &[2, 2])
                .unwrap_err()
                .to_string()
                .contains("2 agents need at least 2")
        );
    }
}
