//! The agents of a document.
use crate::measure::{self, AgentRecord, FleetRecord};
use crate::report::document::{Agent, AgentClock, AgentClockFix, Fleet};

pub(super) fn fleet(record: &FleetRecord) -> Fleet {
    Fleet {
        agents: record.agents.iter().map(agent).collect(),
        receipts_crossed: record.receipts_crossed,
        receipts_uncertainty_max_ns: record.receipts_uncertainty_max.map(|n| n.0),
    }
}

fn agent(record: &AgentRecord) -> Agent {
    let fix = |fix: measure::ClockFix| AgentClockFix {
        offset_ns: fix.offset_ns,
        uncertainty_ns: fix.uncertainty.0,
    };
    let lost = record.lost.as_ref();
    Agent {
        name: record.name.clone(),
        host: record.environment.host.clone(),
        version: record.version.clone(),
        state: if lost.is_some() { "lost" } else { "complete" }.to_owned(),
        lost_at_s: lost.map(|l| l.at.as_secs_f64()),
        lost_why: lost.map(|l| l.why.clone()),
        lost: lost.map_or(0, |l| l.lost),
        unsent: lost.map_or(0, |l| l.unsent),
        first_worker: record.first_worker,
        workers: record.workers,
        sessions: record.sessions,
        clock: AgentClock {
            before: record.clock_before.map(fix),
            after: record.clock_after.map(fix),
        },
        report_octets_max: record.report_octets_max,
        environment: serde_json::to_value(&record.environment).unwrap_or_default(),
    }
}
