//! `[[events]]`: the events of a plan, with what is left out filled in, and what does not fit refused.
use crate::kit::{Nanos, Rate};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::events::{clash, fitting};
use crate::plan::model::{EventAction, EventBinds, Plan, PlannedEvent};
use crate::plan::schedule::exceeds;
use crate::plan::values::span_text;
use std::collections::HashSet;

/// Time limit of a command.
const EXEC_LIMIT: Nanos = Nanos::from_secs(30);
/// Most occurrences of all events together.
const OCCURRENCES_MAX: u64 = 10_000;
/// Most characters of a name.
const NAME_MAX: usize = 40;
/// Highest `rate`: beyond any SMSC, so that what is above it is a mistyped unit.
const RATE_MAX: Rate = Rate::per_second(10_000);
/// Most events.
const EVENTS_MAX: usize = 1_000;

/// Completes the events of a plan and checks them.
pub(super) fn resolve(plan: &mut Plan) -> PlanResult<()> {
    let mut events = std::mem::take(&mut plan.events);
    if events.len() > EVENTS_MAX {
        let why = format!("{} events; write at most {EVENTS_MAX}", events.len());
        return Err(PlanError::about("events", why));
    }
    let about = |index: usize, e: PlanError| e.under_item(index).under("events");
    name_all(&mut events).map_err(|(index, e)| about(index, e))?;
    let mut sum = 0;
    for (index, event) in events.iter_mut().enumerate() {
        complete(event, plan).map_err(|e| about(index, e))?;
        sum += u64::from(event.repeat);
    }
    if sum > OCCURRENCES_MAX {
        let why = format!("{sum} occurrences; write at most {OCCURRENCES_MAX} of all events");
        return Err(PlanError::about("events", why));
    }
    plan.events = events;
    check_clash(plan)
}

/// Names the events without a name by their action, and refuses a name given twice.
fn name_all(events: &mut [PlannedEvent]) -> Result<(), (usize, PlanError)> {
    let mut taken: HashSet<String> = HashSet::new();
    for (index, event) in events.iter().enumerate().filter(|(_, e)| !e.name.is_empty()) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if event.name.len() > NAME_MAX || !event.name.chars().all(plain) {
            let why = format!(
                "{:?} names gates and rows; write at most {NAME_MAX} letters, digits, _ and -",
                event.name
            );
            return Err((index, PlanError::about("name", why)));
        }
        if !taken.insert(event.name.clone()) {
            let why = format!("two events named {:?}; give each a `name` of its own", event.name);
            return Err((index, PlanError::about("name", why)));
        }
    }
    for event in events.iter_mut().filter(|e| e.name.is_empty()) {
        let word = event.action.word();
        let numbered = (2..).map(|n| format!("{word}-{n}"));
        let free = std::iter::once(word.to_owned()).chain(numbered).find(|n| !taken.contains(n));
        event.name = free.expect("there are more numbers than events");
        taken.insert(event.name.clone());
    }
    Ok(())
}

/// Fills in what is left out of an event and refuses what does not fit its action or the run.
fn complete(event: &mut PlannedEvent, plan: &Plan) -> PlanResult<()> {
    check_keys(event)?;
    check_sessions(event, plan)?;
    check_exec(event, plan)?;
    if event.action == EventAction::Exec && event.length == Nanos::ZERO {
        event.length = EXEC_LIMIT;
    }
    check_times(event, plan.load_length())
}

/// Keys that the action needs, and keys that mean nothing with it.
fn check_keys(event: &PlannedEvent) -> PlanResult<()> {
    let word = event.action.word();
    let refused = |key: &str, why: String| Err(PlanError::about(key, why));
    match (event.action.needs_rate(), event.rate) {
        (true, None) => return refused("rate", format!("is missing; do = \"{word}\" needs one")),
        (false, Some(_)) => {
            return refused("rate", format!("means nothing with do = \"{word}\"; leave it out"));
        }
        (true, Some(rate)) if exceeds(rate, RATE_MAX) => {
            return refused("rate", format!("{rate} is more than {RATE_MAX}; lower it"));
        }
        (true, Some(_)) | (false, None) => {}
    }
    match (event.action == EventAction::Slice, event.octets) {
        (true, None) => return refused("octets", "is missing; write octets = 1 or so".to_owned()),
        (false, Some(_)) => {
            return refused("octets", format!("means nothing with do = \"{word}\"; leave it out"));
        }
        (true, Some(_)) | (false, None) => {}
    }
    if event.action.needs_length() && event.length == Nanos::ZERO {
        return refused(
            "for",
            format!("is missing; write how long \"{word}\" lasts, for = \"3s\""),
        );
    }
    if event.action == EventAction::HalfClose && event.length > Nanos::ZERO {
        let why =
            "means nothing with do = \"half_close\": the SMSC decides when it closes; leave it out";
        return refused("for", why.to_owned());
    }
    Ok(())
}

/// The sessions that it strikes exist, and bind again where it ends them.
fn check_sessions(event: &PlannedEvent, plan: &Plan) -> PlanResult<()> {
    let word = event.action.word();
    let sessions = plan.sessions_count();
    if let (EventAction::BindFlood, Some(most)) = (event.action, plan.guard.binds_max) {
        let why =
            format!("\"{word}\" may bind beyond guard.binds_max = {most}; leave one of them out");
        return Err(PlanError::about("do", why));
    }
    if !event.action.strikes_sessions() {
        if event.binds != EventBinds::All {
            let why = format!(
                "means nothing with do = \"{word}\", which strikes no session; leave it out"
            );
            return Err(PlanError::about("binds", why));
        }
        return Ok(());
    }
    if let EventBinds::Count(count) = event.binds
        && count as usize > sessions
    {
        let why =
            format!("{count} sessions, but the run has {sessions}; write at most that, or \"all\"");
        return Err(PlanError::about("binds", why));
    }
    let mut struck = event.binds.count(sessions);
    for account in plan.accounts.iter().filter(|_| event.action.ends_sessions()) {
        if struck > 0 && account.binds.rebind.is_none() {
            let why = format!(
                "\"{word}\" ends sessions of account {:?}, which do not bind again (binds.rebind = \
                 \"off\"); let them, or strike others",
                account.name
            );
            return Err(PlanError::about("do", why));
        }
        struck = struck.saturating_sub(account.binds.sessions_count());
    }
    Ok(())
}

/// A command is there where one is run, and only with `--allow-exec`.
fn check_exec(event: &PlannedEvent, plan: &Plan) -> PlanResult<()> {
    let refused = |why: &str| Err(PlanError::about("exec", why));
    match (event.action == EventAction::Exec, event.exec.first()) {
        (false, None) => Ok(()),
        (false, Some(_)) => refused("is run by do = \"exec\" only; write that, or leave it out"),
        (true, None) => refused("is missing; write exec = [\"command\", \"argument\"]"),
        (true, Some(_)) if event.exec.iter().any(|word| word.contains('\0')) => {
            refused("holds a NUL, which no command can; take it out")
        }
        (true, Some(command)) if command.is_empty() => {
            refused("starts with an empty word; write the command first")
        }
        (true, Some(_)) if !plan.allow_exec => {
            refused("runs a command on this machine; give --allow-exec if it may")
        }
        (true, Some(_)) => Ok(()),
    }
}

/// When it occurs, and how often.
fn check_times(event: &mut PlannedEvent, load: Nanos) -> PlanResult<()> {
    let refused = |key: &str, why: String| Err(PlanError::about(key, why));
    if event.at.is_none() && event.every.is_none() {
        return refused("at", "is missing; write at = \"20s\" or every = \"30s\"".to_owned());
    }
    if event.every.is_none() && event.repeat > 1 {
        return refused("repeat", "needs `every`; write every = \"30s\" or so".to_owned());
    }
    let fits = fitting(event, load);
    let key = if event.at.is_some() { "at" } else { "every" };
    if fits == 0 || u64::from(event.repeat) > fits {
        let key = if fits == 0 { key } else { "repeat" };
        let ends = span_text(load);
        let why = format!("goes beyond the end of the load at {ends}; {fits} of it fit");
        return refused(key, format!("{why}: shorten it, or lengthen the load"));
    }
    if event.repeat == 0 {
        event.repeat =
            if event.every.is_some() { u32::try_from(fits).unwrap_or(u32::MAX) } else { 1 };
    }
    Ok(())
}

/// Two events that need the same sessions do not overlap.
fn check_clash(plan: &Plan) -> PlanResult<()> {
    let Some((before, next)) = clash(plan) else { return Ok(()) };
    let (first, second) =
        (&plan.events[usize::from(before.event)], &plan.events[usize::from(next.event)]);
    let key = if second.at.is_some() && next.repeat == 0 { "at" } else { "every" };
    let why = format!(
        "{:?} at {} needs sessions that {:?} has from {} to {}; let one end before the other begins",
        second.name,
        span_text(next.from),
        first.name,
        span_text(before.from),
        span_text(before.until)
    );
    let index = usize::from(next.event);
    Err(PlanError::about(key, why).under_item(index).under("events"))
}
