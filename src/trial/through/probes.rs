//! The probes before a load: which messages they are, and what the guard demands of them.
use crate::kit::{NS_PER_S, Nanos, Rate};
use crate::measure::through::CarrierTrial;
use crate::plan::{Plan, PlanError, RunMarker, Schedule, Shape, Stage, Upstream};
use crate::smpp::marker::Carrier;

/// Probes: this many, in half a second.
const PROBES_RATE: Rate = Rate::per_second(20);
const PROBES_FOR: Nanos = Nanos::from_millis(500);

/// How many probes are sent.
pub(super) fn count(upstream: &Upstream) -> u64 {
    match upstream.marker.carrier() {
        Some(_) => 0,
        None => PROBES_RATE.num * PROBES_FOR.0 / (PROBES_RATE.den * NS_PER_S),
    }
}

/// What became of every carrier, in words.
pub(super) fn became(trials: &[CarrierTrial]) -> String {
    let all = trials.iter().map(|trial| match &trial.became {
        Some((sent, came)) => format!("{} {sent:?} became {came:?}", trial.carrier.name()),
        None => format!("{} survived {} of {}", trial.carrier.name(), trial.survived, trial.probes),
    });
    all.collect::<Vec<_>>().join("; ")
}

/// The carriers that `auto` tries. Off loopback the addresses stay those of the profile, which the guard has judged; where
/// there are routes, the destinations stay those that they name.
pub(super) fn tried(plan: &Plan, upstream: &Upstream) -> Vec<Carrier> {
    let is_loopback = plan.target.is_loopback();
    let has_routes = !upstream.routes.is_empty();
    let is_tried = |carrier: &Carrier| match carrier {
        Carrier::Source => is_loopback,
        Carrier::Destination => is_loopback && !has_routes,
        Carrier::Tlv | Carrier::Text | Carrier::UserMessageReference => true,
    };
    Carrier::ALL.into_iter().filter(is_tried).collect()
}

/// What the guard demands of the marker and the probes off loopback.
pub(super) fn guarded(plan: &Plan, upstream: &Upstream) -> Result<(), PlanError> {
    if plan.target.is_loopback() {
        return Ok(());
    }
    let carrier = upstream.marker.carrier();
    if carrier == Some(Carrier::Destination) {
        let why = "sends to numbers that may be somebody's, so it is for loopback only; \
                   write another marker";
        return Err(PlanError::about("upstream.marker", why));
    }
    let probes = Schedule::new(&probes_of(plan, upstream, 0).stages, plan.load.arrival, plan.seed);
    let planned = Schedule::new(&plan.stages, plan.load.arrival, plan.seed);
    let (Ok(probes), Ok(planned)) = (probes, planned) else { return Ok(()) };
    let all = planned.len() + probes.len();
    if let Some(most) = plan.guard.messages_max.filter(|most| carrier.is_none() && all > *most) {
        let why = format!("{all} submit_sm with the probes, more than guard.messages_max = {most}");
        let why = format!("{why}; lower the rate, raise it, or write upstream.marker");
        return Err(PlanError::about("load.stages", why));
    }
    Ok(())
}

/// The plan of the probes.
pub(super) fn probes_of(plan: &Plan, upstream: &Upstream, run: u32) -> Plan {
    let mut probes = plan.clone();
    probes.stages = vec![Stage {
        name: "probes".to_owned(),
        shape: Shape::Hold(PROBES_RATE),
        length: PROBES_FOR,
        measure: true,
    }];
    probes.events.clear();
    probes.observe.clear();
    probes.gates.clear();
    probes.marker = Some(RunMarker { run, probe: true, carriers: tried(plan, upstream) });
    probes
}
