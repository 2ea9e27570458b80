//! `smppbench agent`, and what the verbs that lead a fleet share: flags in, a trial out, near or far.
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
    /// From here.
    Here(Box<Tcp>),
    /// From agents.
    #[cfg(feature = "nats")]
    Fleet(crate::trial::Far),
}

impl AnyTrial {
    /// Another one like it: a fleet is shared.
    pub(super) fn again(&self) -> AnyTrial {
        match self {
            AnyTrial::Here(_) => AnyTrial::Here(Box::default()),
            #[cfg(feature = "nats")]
            AnyTrial::Fleet(far) => AnyTrial::Fleet(far.clone()),
        }
    }
}

impl Trial for AnyTrial {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        match self {
            AnyTrial::Here(tcp) => tcp.run(plan, observer),
            #[cfg(feature = "nats")]
            AnyTrial::Fleet(far) => far.run(plan, observer),
        }
    }
    fn tally(&self) -> Option<&smsc::Tally> {
        match self {
            AnyTrial::Here(tcp) => tcp.tally(),
            #[cfg(feature = "nats")]
            AnyTrial::Fleet(far) => far.tally(),
        }
    }
}

/// The flags as the command line that runs the same again has them; a URL without its password.
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

/// Where this plan is to be run. Agents are gathered here: nothing has been sent before.
///
/// # Errors
/// Where no fleet can be led.
pub(super) fn trial(args: &FleetArgs, plan: &Plan) -> Result<AnyTrial, Failure> {
    let (Some(url), Some(agents)) = (&args.nats, args.agents) else {
        return Ok(AnyTrial::Here(Box::default()));
    };
    if plan.target.embedded {
        let why = "target.address: \"embedded\" is a simulator in this process, which agents cannot reach; start \
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
        "calling for {} in group {} at {}",
        words::counted(u64::from(agents), "agent"),
        args.access.group,
        shown(url)
    ));
    let led = crate::fleet::Led {
        access,
        group: args.access.group.clone(),
        agents: agents as usize,
        timeout: args.agents_timeout.into(),
        clock_max: plan.fleet.clock_uncertainty_max,
    };
    let leader = crate::fleet::Leader::muster(&led)
        .map_err(|e| Failure::Of(Exit::CannotBind, e.to_string()))?;
    Ok(AnyTrial::Fleet(crate::trial::Far::new(leader)))
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
    let serving = crate::fleet::Serving {
        access,
        group: args.access.group.clone(),
        name: args.name.clone(),
        allowed: args.allow_target.clone(),
    };
    let mut told = |line: &str| talk(line);
    crate::fleet::serve(&serving, &mut told).map(|()| Exit::Done).map_err(|e| {
        let killed = e == crate::fleet::FleetError::Killed;
        let exit = if killed { Exit::Interrupted } else { Exit::CannotBind };
        Failure::Of(exit, e.to_string())
    })
}
