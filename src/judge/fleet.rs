//! Notes and warnings on the agents of a run.
use crate::kit::words;
use crate::measure::{AgentRecord, FleetRecord};

/// Most agents named one by one.
const NAMED: usize = 8;

/// The agents, the uncertainty of their clocks, and receipts that arrived at another agent than the sender.
pub(super) fn notes(fleet: &FleetRecord) -> Vec<String> {
    let named: Vec<String> = fleet.agents.iter().take(NAMED).map(agent).collect();
    let more = fleet.agents.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let count = fleet.agents.len();
    let mut notes = vec![format!("{count} agents: {}{more}", named.join("; "))];
    if fleet.receipts_crossed > 0 {
        let uncertain = fleet.receipts_uncertainty_max.unwrap_or_default();
        notes.push(format!(
            "{} receipts arrived at another agent than the sender: their times come from two clocks and are \
             uncertain by up to {}",
            words::count(fleet.receipts_crossed),
            words::duration(uncertain.0)
        ));
    }
    notes
}

/// The lost agents.
pub(super) fn warnings(fleet: &FleetRecord) -> Vec<String> {
    let lost = fleet.agents.iter().filter_map(|agent| Some((agent, agent.lost.as_ref()?)));
    let says = lost.map(|(agent, lost)| {
        format!(
            "agent {} {} at {}: {} submit_sm of its share were lost, {} were not sent",
            agent.name,
            lost.why,
            words::seconds(lost.at.as_secs_f64()),
            words::count(lost.lost),
            words::count(lost.unsent)
        )
    });
    says.collect()
}

fn agent(agent: &AgentRecord) -> String {
    let host = agent.environment.host.as_deref().unwrap_or("unknown host");
    let clock = agent.clock_before.map_or_else(String::new, |fix| {
        format!(", clock known to ±{}", words::duration(fix.uncertainty.0))
    });
    format!(
        "{} on {host} ({} workers, {} sessions{clock})",
        agent.name, agent.workers, agent.sessions
    )
}
