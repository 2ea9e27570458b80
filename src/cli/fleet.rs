//! `smppbench agent`, and for the verbs that lead a fleet: flags in, a trial out, from this process or on agents.
use super::args::{AgentArgs, FleetArgs};
use super::exit::{Exit, Failure};
#[cfg(feature = "nats")]
use super::{exit::talk, nats};
use crate::coordinator::RunError;
use crate::kit::words;
use crate::measure::{Observer, RunRecord};
use crate::plan::{Per, Plan};
use crate::smsc;
use crate::trial::{Tcp, Trial};

/// Where a plan is run: from this process, or from a fleet.
#[derive(Debug)]
pub(super) enum AnyTrial {
    /// From this process.
    Local(Box<Tcp>),
    /// On the agents of a fleet.
    #[cfg(feature = "nats")]
    Fleet(crate::trial::FleetTrial),
}

impl AnyTrial {
    /// Another trial of the same kind; a fleet is shared.
    pub(super) fn again(&self) -> AnyTrial {
        match self {
            AnyTrial::Local(_) => AnyTrial::Local(Box::default()),
            #[cfg(feature = "nats")]
            AnyTrial::Fleet(fleet) => AnyTrial::Fleet(fleet.clone()),
        }
    }
}

impl Trial for AnyTrial {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        match self {
            AnyTrial::Local(tcp) => tcp.run(plan, observer),
            #[cfg(feature = "nats")]
            AnyTrial::Fleet(fleet) => fleet.run(plan, observer),
        }
    }
    fn tally(&self) -> Option<&smsc::Tally> {
        match self {
            AnyTrial::Local(tcp) => tcp.tally(),
            #[cfg(feature = "nats")]
            AnyTrial::Fleet(fleet) => fleet.tally(),
        }
    }
}

/// The flags for the command line that repeats the run; a URL without its password.
pub(super) fn repro(args: &FleetArgs) -> String {
    let (Some(url), Some(agents)) = (&args.nats, args.agents) else { return String::new() };
    let shown = shown(url);
    format!(" --nats {shown} --agents {agents} --group {}", args.access.group)
}

#[cfg(feature = "nats")]
fn shown(url: &str) -> String {
    crate::fleet::redacted(url)
}
#[cfg(not(feature = "nats"))]
fn shown(_url: &str) -> String {
    "URL".to_owned()
}

/// The trial that runs this plan. With agents: waits for them, before anything is sent.
///
/// # Errors
/// Where the agents do not join, or cannot run such a plan.
pub(super) fn trial(args: &FleetArgs, plan: &Plan) -> Result<AnyTrial, Failure> {
    let (Some(url), Some(agents)) = (&args.nats, args.agents) else {
        return Ok(AnyTrial::Local(Box::default()));
    };
    if plan.target.embedded {
        let why = "target.address: \"embedded\" is a simulator in this process, out of the agents' reach; start \
                   `smppbench smsc` and give its address with --target";
        return Err(Failure::usage(why));
    }
    if plan.receipts.per == Per::Message {
        let why = "receipts.per = \"message\" needs all parts of a text on one machine: leave out --nats and --agents, \
                   or set receipts.per = \"part\"";
        return Err(Failure::usage(why));
    }
    lead(args, url, agents, plan)
}

#[cfg(not(feature = "nats"))]
fn lead(_args: &FleetArgs, _url: &str, _agents: u32, _plan: &Plan) -> Result<AnyTrial, Failure> {
    Err(Failure::usage("--nats: this build has no fleet (feature nats)"))
}

#[cfg(feature = "nats")]
fn lead(args: &FleetArgs, url: &str, agents: u32, plan: &Plan) -> Result<AnyTrial, Failure> {
    let access = nats::access(&args.access, url)?;
    crate::fleet::group(&args.access.group).map_err(Failure::usage)?;
    talk(format!(
        "waiting for {} in group {} at {}",
        words::counted(u64::from(agents), "agent"),
        args.access.group,
        shown(url)
    ));
    let settings = crate::fleet::FleetSettings {
        access,
        group: args.access.group.clone(),
        agents: agents as usize,
        timeout: args.agents_timeout.into(),
        clock_max: plan.fleet.clock_uncertainty_max,
    };
    let leader = crate::fleet::Leader::gather(&settings)
        .map_err(|e| Failure::Of(Exit::CannotBind, e.to_string()))?;
    Ok(AnyTrial::Fleet(crate::trial::FleetTrial::new(leader)))
}

/// Runs the verb `agent`.
#[cfg(not(feature = "nats"))]
pub(super) fn agent(_args: &AgentArgs) -> Result<Exit, Failure> {
    Err(Failure::usage("agent: this build has no fleet (feature nats)"))
}

/// Runs the verb `agent`.
#[cfg(feature = "nats")]
pub(super) fn agent(args: &AgentArgs) -> Result<Exit, Failure> {
    let access = nats::access(&args.access, &args.nats)?;
    crate::fleet::group(&args.access.group).map_err(Failure::usage)?;
    let settings = crate::fleet::AgentSettings {
        access,
        group: args.access.group.clone(),
        name: args.name.clone(),
        allowed: args.allow_target.clone(),
    };
    let mut told = |line: &str| talk(line);
    crate::fleet::serve(&settings, &mut told).map(|()| Exit::Done).map_err(|e| {
        let killed = e == crate::fleet::FleetError::Killed;
        let exit = if killed { Exit::Interrupted } else { Exit::CannotBind };
        Failure::Of(exit, e.to_string())
    })
}
