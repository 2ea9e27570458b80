//! Who runs which workers: each agent a stretch of their numbers, as many as it has cores. The workers share the
//! senders out among themselves by number, and with them the one schedule: so the sum of all is the whole of it.
use super::FleetError;
use crate::plan::Plan;
use std::ops::Range;

/// The workers of each agent. `cores`: of each, in order.
///
/// # Errors
/// One line, where there is not at least one bind for each agent.
pub(super) fn stretches(plan: &Plan, cores: &[u32]) -> Result<Vec<Range<u32>>, FleetError> {
    let senders = plan.senders_count();
    let (useful, what) =
        if senders > 0 { (senders, "sender") } else { (plan.sessions_count(), "session") };
    if useful < cores.len() {
        let agents = cores.len();
        return Err(FleetError::TooFewBinds { agents, what, useful });
    }
    let wanted = |cores: u32| plan.load.workers.map_or(cores, |w| w as u32).max(1);
    let mut counts: Vec<u32> = cores.iter().map(|c| wanted(*c)).collect();
    // a worker without a sender has nothing to do: the largest give some up
    while counts.iter().map(|c| *c as usize).sum::<usize>() > useful {
        let largest = counts.iter_mut().max().filter(|c| **c > 1);
        let Some(largest) = largest else { break };
        *largest -= 1;
    }
    let mut first = 0;
    let stretches = counts.into_iter().map(|count| {
        first += count;
        first - count..first
    });
    Ok(stretches.collect())
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
    fn each_agent_gets_a_stretch_as_long_as_its_cores_and_no_worker_is_without_a_sender() {
        assert_eq!(stretches(&plan(100), &[2, 4, 1]).unwrap(), [0..2, 2..6, 6..7]);
        assert_eq!(stretches(&plan(4), &[2, 4, 1]).unwrap(), [0..2, 2..3, 3..4]);
        assert_eq!(stretches(&plan(2), &[8, 8]).unwrap(), [0..1, 1..2]);
        assert!(
            stretches(&plan(1), &[2, 2])
                .unwrap_err()
                .to_string()
                .contains("2 agents need at least 2")
        );
    }
}
