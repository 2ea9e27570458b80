//! What a report needs that is fixed before the run: plan, environment, id, warnings. Record, judgement, gate results and
//! tally come after it.
use super::args::LoadArgs;
use super::exit::{Failure, warn};
use super::selfcheck;
use crate::judge::{self, GateResult, Judgement, TallyCheck};
use crate::kit::{Clock, Environment};
use crate::measure::RunRecord;
use crate::plan::{self, Overrides, Plan, Recipe, Schedule};
use crate::report::{LabelTraits, Run};
use serde_json::Value;

/// Plan, environment, id and warnings of a run.
#[derive(Clone)]
pub(super) struct RunContext {
    pub(super) plan: Plan,
    profile: Value,
    environment: Environment,
    pub(super) id: String,
    pub(super) target: String,
    pub(super) repro: String,
    warnings: Vec<String>,
    labels: Vec<LabelTraits>,
    pub(super) folder: Option<String>,
    show_content: bool,
}

/// A warning where workers that never sleep leave no core for the rest.
fn busy_poll_warning(plan: &Plan, cores: Option<u64>) -> Option<String> {
    let workers = u64::from(crate::trial::workers(plan));
    let spare = cores?.saturating_sub(workers);
    let needed = 1 + u64::from(plan.target.embedded);
    (plan.load.busy_poll && spare < needed).then(|| {
        format!(
            "load.busy_poll keeps {workers} of {} cores busy and leaves too few for the kernel{}: \
             use fewer workers, or leave it off",
            workers + spare,
            if plan.target.embedded { " and the simulator" } else { "" }
        )
    })
}

/// Refuses `runs` runs of all plans whose scheduled submit_sm exceed the smallest guard.messages_max. Closed-loop stages
/// have no schedule and count 0. `label`: how the message names the load.
///
/// # Errors
/// They exceed it, or a plan has no valid schedule.
pub(super) fn check_total(plans: &[&Plan], runs: u64, label: &str) -> Result<(), Failure> {
    let mut messages = 0u64;
    for plan in plans {
        let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed);
        messages += schedule.map_err(Failure::usage)?.len().saturating_mul(runs);
    }
    match plans.iter().filter_map(|plan| plan.guard.messages_max).min() {
        Some(max) if messages > max => Err(Failure::usage(format!(
            "guard.messages_max: {label} would send {messages} submit_sm in all, more than {max}; \
             raise --max-messages, or plan fewer or shorter runs"
        ))),
        Some(_) | None => Ok(()),
    }
}

impl RunContext {
    /// Reads the profile and makes the context; `verb` is named in the repro command line; `gates` are added to the
    /// profile's.
    ///
    /// # Errors
    /// A profile, a gate or a message that is not valid.
    pub(super) fn from_args(
        verb: &str,
        args: &LoadArgs,
        gates: &[String],
    ) -> Result<RunContext, Failure> {
        let (source, overrides) = args.source();
        let overrides = Overrides { gates: gates.to_vec(), ..overrides };
        let plan = plan::load(&source, &overrides)?;
        let repro = plan::repro(verb, &source, &overrides.shown(args.keep.show_content), &plan);
        let plan = Plan { trace_failed: args.keep.trace, ..plan };
        RunContext::of(plan, repro, args.keep.show_content)
    }

    /// Checks gates and messages, reads the environment, and prints the warnings.
    ///
    /// # Errors
    /// A gate or a message that is not valid.
    pub(super) fn of(plan: Plan, repro: String, show_content: bool) -> Result<RunContext, Failure> {
        judge::check_gates(&plan).map_err(Failure::usage)?;
        let recipe = Recipe::new(&plan)?;
        let mut environment = Environment::read();
        environment.selfcheck = selfcheck::saved(&environment);
        let mut warnings = plan.warnings.clone();
        warnings.extend(environment.warnings(crate::trial::workers(&plan) as usize));
        warnings.extend(busy_poll_warning(&plan, environment.cores));
        for warning in &warnings {
            warn(warning);
        }
        let target = if plan.target.embedded {
            "embedded".to_owned()
        } else {
            plan.target.addresses.join(", ")
        };
        Ok(RunContext {
            profile: plan::resolved_json(&plan),
            environment,
            id: format!("{}-{}", plan.name, utc_stamp(Clock::wall_ns())),
            target,
            repro,
            warnings,
            labels: labels(&recipe, &plan),
            folder: None,
            show_content,
            plan,
        })
    }

    /// A copy for another run of the series, with `suffix` on its id; keeps warnings, labels, target and environment.
    pub(super) fn for_block(&self, plan: Plan, suffix: &str) -> RunContext {
        RunContext {
            profile: plan::resolved_json(&plan),
            id: format!("{}-{suffix}", self.id),
            folder: None,
            plan,
            ..self.clone()
        }
    }

    /// The input of a report.
    pub(super) fn run<'a>(
        &'a self,
        record: &'a RunRecord,
        judgement: &'a Judgement,
        gates: &'a [GateResult],
        tally: Option<&'a TallyCheck>,
    ) -> Run<'a> {
        Run {
            plan: &self.plan,
            profile: &self.profile,
            record,
            judgement,
            gates,
            environment: &self.environment,
            id: &self.id,
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("SMPPBENCH_COMMIT"),
            target: &self.target,
            repro: &self.repro,
            tally,
            warnings: &self.warnings,
            labels: &self.labels,
            folder: self.folder.as_deref(),
            show_content: self.show_content,
        }
    }
}

fn labels(recipe: &Recipe, plan: &Plan) -> Vec<LabelTraits> {
    (0..plan.messages.len() as u16)
        .map(|label| {
            let (coding, parts) = recipe.traits_of(label);
            LabelTraits { coding: coding_name(coding), parts }
        })
        .collect()
}

/// Name of a data_coding in reports.
fn coding_name(data_coding: u8) -> String {
    match data_coding {
        0 => "gsm".to_owned(),
        1 => "ascii".to_owned(),
        2 | 4 => "binary".to_owned(),
        3 => "latin1".to_owned(),
        8 => "ucs2".to_owned(),
        other => format!("0x{other:02X}"),
    }
}

/// `20261123T161200Z`.
pub(super) fn utc_stamp(wall_ns: u64) -> String {
    let text = crate::kit::utc_rfc3339(wall_ns);
    let digits: String = text.chars().take(19).filter(|c| *c != '-' && *c != ':').collect();
    format!("{digits}Z")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_run_is_named_after_its_second_in_utc() {
        assert_eq!(super::utc_stamp(1_767_225_600_123_456_789), "20260101T000000Z");
    }
}
