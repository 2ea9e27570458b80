//! The guard: nobody blasts a live network by accident (docs/reference/commands.md, "Guard"). Every refusal is one line
//! and ends with exit code 2 before anything is connected.
#[cfg(test)]
mod tests;

use super::error::{PlanError, PlanResult};
use super::model::{Address, AddressFrom, NumberFiles, Plan};
use super::recipe::Recipe;
use super::schedule::{Schedule, exceeds};
use super::striping::{Striping, is_countable, joint_period};
use super::values::is_loopback;
use crate::kit::Rate;
use nix::sys::resource::{Resource, getrlimit};

/// Descriptors that are not sessions: files, timers, pipes, epoll.
const DESCRIPTORS_SPARE: u64 = 64;
/// Highest rate of a stage: far beyond any machine, so that what is above it is a mistyped unit.
pub const RATE_MAX: Rate = Rate::per_second(100_000_000);
/// Most cells: combinations of a stage, an account and a message, each with counters of its own. The number of a cell has 15
/// bits where it is kept with each message that awaits its receipt.
pub const CELLS_MAX: usize = 1 << 15;
/// Most submit_sm of a plan.
pub(super) const SUBMITS_MAX: u64 = 1 << 40;
/// Most submit_sm of a plan whose unsent ones have to be walked (see [`super::Cursor::skip_before`]).
const WALKED_SUBMITS_MAX: u64 = 1_000_000_000;
/// Up to this many addresses of a range are compared one by one.
const WALKED_MAX: u128 = 100_000;

/// Whether `text` matches `pattern`, in which `*` is any run of characters (also none).
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Open files this process may have.
pub(super) fn descriptors_max() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft)
}

/// Refuses what the guard does not let through.
pub(super) fn check(plan: &Plan, schedule: &Schedule, descriptors_max: u64) -> PlanResult<()> {
    check_target(plan)?;
    check_binds(plan, descriptors_max)?;
    check_load(plan, schedule)?;
    check_destinations(plan)
}

/// Refuses what is beyond the numbers that a run counts with: rates, and stages × accounts × messages.
pub(super) fn check_numbers(plan: &Plan) -> PlanResult<()> {
    let lists = [plan.stages.len().max(1), plan.accounts.len(), plan.messages.len().max(1)];
    let cells = lists.iter().fold(1usize, |product, length| product.saturating_mul(*length));
    // disturbed messages are counted apart
    let cells_max = if plan.events.is_empty() { CELLS_MAX } else { CELLS_MAX / 2 };
    if cells > cells_max {
        let [stages, accounts, messages] = lists;
        let why = format!(
            "{stages} stages × {accounts} accounts × {messages} messages are {cells} to be counted \
             apart, more than {cells_max}; write fewer of them"
        );
        return Err(PlanError::about("load.stages", why));
    }
    for (number, stage) in plan.stages.iter().enumerate() {
        if let Some(peak) = stage.shape.peak().filter(|peak| exceeds(*peak, RATE_MAX)) {
            let why = format!("reaches {peak}, more than the {RATE_MAX} that can be scheduled");
            let path = format!("load.stages[{number}].{}", stage.shape.key());
            return Err(PlanError::about(path, format!("{why}; lower it")));
        }
    }
    Ok(())
}

/// Refuses more submit_sm than could be counted should they stay unsent.
pub(super) fn check_counting(plan: &Plan, schedule: &Schedule, recipe: &Recipe) -> PlanResult<()> {
    let planned = schedule.len();
    if planned > SUBMITS_MAX {
        let why = format!("{planned} submit_sm, more than the {SUBMITS_MAX} that can be planned");
        let why = format!("{why}; lower the rate or shorten the stages");
        return Err(PlanError::about("load.stages", why));
    }
    if planned <= WALKED_SUBMITS_MAX {
        return Ok(());
    }
    // the number of workers does not change the period
    let (striping, labels) = (Striping::new(plan, 1), recipe.labels());
    if is_countable(&striping, &labels) {
        return Ok(());
    }
    let period = joint_period(&striping, &labels);
    Err(PlanError::about(
        "load.stages",
        format!(
            "{planned} submit_sm, more than the {WALKED_SUBMITS_MAX} that can be planned where the \
             accounts' shares and the messages' weights repeat together only after {period}; round \
             the shares or the weights, or shorten the stages"
        ),
    ))
}

fn check_target(plan: &Plan) -> PlanResult<()> {
    let guard = &plan.guard;
    if plan.target.is_loopback() {
        return Ok(());
    }
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    for address in plan.target.addresses.iter().filter(|a| !is_loopback(a)) {
        if !guard.allow_target.iter().any(|allowed| same(allowed, address)) {
            let why = format!(
                "{address} is not loopback; repeat it with --allow-target {address} \
                 or in guard.allow_target if you may test it"
            );
            return Err(PlanError::about("target.address", why));
        }
    }
    if guard.messages_max.is_none() {
        let why = "is needed for a target that is not loopback; \
                   write --max-messages N, the most submit_sm that may be sent";
        return Err(PlanError::about("guard.messages_max", why));
    }
    Ok(())
}

fn check_binds(plan: &Plan, descriptors_max: u64) -> PlanResult<()> {
    let sessions = plan.sessions_count();
    if let Some(most) = plan.guard.binds_max
        && sessions > most
    {
        let why = format!("{sessions} sessions, more than guard.binds_max = {most}; lower it");
        return Err(PlanError::about("binds.count", why));
    }
    // the embedded simulator holds the other end of every session
    let ends = if plan.target.embedded { 2 } else { 1 };
    let needed = (sessions as u64).saturating_mul(ends).saturating_add(DESCRIPTORS_SPARE);
    if needed > descriptors_max {
        let why = format!(
            "{sessions} sessions need {needed} open files, but {descriptors_max} are allowed; \
             lower it or raise `ulimit -n`"
        );
        return Err(PlanError::about("binds.count", why));
    }
    Ok(())
}

fn check_load(plan: &Plan, schedule: &Schedule) -> PlanResult<()> {
    let guard = &plan.guard;
    for (number, stage) in plan.stages.iter().enumerate() {
        let path = format!("load.stages[{number}]");
        match (stage.shape.peak(), guard.rate_max) {
            (Some(peak), Some(most)) if exceeds(peak, most) => {
                let why = format!("reaches {peak}, more than guard.rate_max = {most}; lower it");
                return Err(PlanError::about(path, why));
            }
            (None, Some(most)) => {
                let why =
                    format!("a closed loop has no rate to hold under guard.rate_max = {most}");
                return Err(PlanError::about(path, format!("{why}; write a hold")));
            }
            (Some(_) | None, _) => {}
        }
        if stage.shape.is_closed() && !guard.closed_loop {
            let why = "a closed loop (max) is for loopback only; \
                       write a rate, or guard.closed_loop = true if the other side agrees";
            return Err(PlanError::about(path, why));
        }
    }
    if let Some(most) = guard.messages_max
        && schedule.len() > most
    {
        let planned = schedule.len();
        let why = format!("{planned} submit_sm, more than guard.messages_max = {most}");
        let why = format!("{why}; lower the rate, shorten the stages or raise it");
        return Err(PlanError::about("load.stages", why));
    }
    Ok(())
}

fn check_destinations(plan: &Plan) -> PlanResult<()> {
    let patterns = &plan.guard.destinations;
    if patterns.is_empty() {
        return Ok(());
    }
    for (number, message) in plan.messages.iter().enumerate() {
        if let Some(outside) = outside(patterns, &message.destination, &plan.number_files) {
            let known = patterns.join(", ");
            let why = format!("{outside} is outside guard.destinations ({known}); stay within");
            return Err(PlanError::about(format!("messages[{number}].destination"), why));
        }
    }
    Ok(())
}

/// An address that no pattern admits, if there may be one. `#` stands for any digit.
fn outside(patterns: &[String], destination: &Address, files: &NumberFiles) -> Option<String> {
    let admitted = |text: &str| patterns.iter().any(|p| matches(p, text));
    let refused = |text: &str| (!admitted(text)).then(|| text.to_string());
    match &destination.from {
        AddressFrom::Fixed(one) => refused(one),
        AddressFrom::Random(pattern) => refused(pattern),
        AddressFrom::File(name) => files.get(name)?.iter().find_map(|a| refused(a)),
        AddressFrom::Range(first, last) => {
            let shared = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
            let any = format!("{}{}", &first[..shared], "#".repeat(first.len() - shared));
            if admitted(&any) {
                return None;
            }
            let (Ok(low), Ok(high)) = (first.parse::<u128>(), last.parse::<u128>()) else {
                return Some(any);
            };
            if high.saturating_sub(low) > WALKED_MAX {
                return Some(any);
            }
            let width = first.len();
            (low..=high).find_map(|n| refused(&format!("{n:0width$}")))
        }
    }
}
