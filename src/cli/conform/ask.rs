//! What `conform` is asked for: flags in, a guarded plan, the cases and the expectations out. It connects to nobody.
use crate::cli::args::{ConformArgs, ConformLevel, ConformWhat, PeerTimer};
use crate::cli::exit::Failure;
use crate::conform::{
    COST_MAX, Case, Choice, DeclaredTimers, Expectations, Level, Role, cases, close_the_simulator,
};
use crate::kit::Nanos;
use crate::kit::words::counted;
use crate::plan::{self, Plan, Source};
use std::fmt::Write;
use std::net::SocketAddr;

/// The profile where none is given.
const PROFILE: &str = "name = \"conform\"\n[target]\naddress = \"embedded\"\n[binds]\ncount = 1\n";
/// Octets of a file of expectations at most.
const EXPECTED_OCTETS_MAX: u64 = 1 << 20;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) role: Role,
    /// Who binds where, and within what bounds.
    pub(super) plan: Plan,
    /// The peer, for a person.
    pub(super) target: String,
    /// In the role `esme`: where we listen.
    pub(super) listen: Option<SocketAddr>,
    pub(super) cases: Vec<&'static Case>,
    pub(super) disturb: bool,
    pub(super) expectations: Option<Expectations>,
    pub(super) case_time: Nanos,
    pub(super) timers: Vec<(PeerTimer, Nanos)>,
}

/// Reads the flags and the files that they name.
///
/// # Errors
/// The first mistake, or what the guard says, in one line.
pub(super) fn read(args: &ConformArgs) -> Result<Ask, Failure> {
    if args.named.len() > 1 {
        return Err(Failure::usage("two results are for `conform compare A B`"));
    }
    let role = match args.what {
        ConformWhat::Smsc => Role::Smsc,
        // the caller compares by itself
        ConformWhat::Esme | ConformWhat::Compare => Role::Esme,
    };
    let all = cases(role);
    let choice = Choice {
        cases: args.case.clone(),
        skip: args.skip.clone(),
        level: match args.level {
            ConformLevel::Must => Some(Level::Must),
            ConformLevel::Should => Some(Level::Should),
            ConformLevel::All => None,
        },
        tags: args.tag.clone(),
    };
    let chosen = choice.of(&all).map_err(Failure::usage)?;
    if chosen.is_empty() {
        return Err(Failure::usage("no case is left; ask for less with --case, --level and --tag"));
    }
    let mut plan = load(args)?;
    close_the_simulator(&mut plan);
    let ask = Ask {
        role,
        target: target(&plan, args.listen, role),
        disturb: args.disturb || (plan.target.embedded && role == Role::Smsc),
        plan,
        listen: args.listen.filter(|_| role == Role::Esme),
        cases: chosen,
        expectations: expectations(args, &all)?,
        case_time: Nanos::from(args.case_time),
        timers: args.timer.iter().map(|(timer, time)| (*timer, Nanos::from(*time))).collect(),
    };
    ask.check_cost()?;
    Ok(ask)
}

/// The plan, with a load of one message: the cases say what is sent.
fn load(args: &ConformArgs) -> Result<Plan, Failure> {
    let mut overrides = args.overrides.overrides();
    overrides.rate = Some("1".to_owned());
    overrides.duration = Some("1s".to_owned());
    overrides.warmup = Some("0s".to_owned());
    overrides.binds = Some(1);
    let source = match args.named.first() {
        Some(_) => Source::of(args.named.first().cloned()),
        None => Source::Text { name: "conform".to_owned(), text: PROFILE.to_owned() },
    };
    Ok(plan::load(&source, &overrides)?)
}

fn target(plan: &Plan, listen: Option<SocketAddr>, role: Role) -> String {
    match (role, listen) {
        (Role::Esme, Some(address)) => address.to_string(),
        (Role::Esme | Role::Smsc, _) if plan.target.embedded => "embedded".to_owned(),
        (Role::Esme | Role::Smsc, _) => plan.target.addresses.join(", "),
    }
}

fn expectations(
    args: &ConformArgs,
    all: &[&'static Case],
) -> Result<Option<Expectations>, Failure> {
    let Some(path) = &args.expect else { return Ok(None) };
    let wrong = |why: String| Failure::usage(format!("{}: {why}", path.display()));
    let text = crate::kit::read_text_at_most(path, EXPECTED_OCTETS_MAX)
        .map_err(|e| wrong(e.to_string()))?;
    Expectations::read(&text, all).map(Some).map_err(|e| wrong(e.to_string()))
}

impl Ask {
    /// Adds the declared timers to those of the simulator.
    pub(super) fn declare(&self, timers: &mut DeclaredTimers) {
        for (timer, time) in &self.timers {
            let declared = match timer {
                PeerTimer::SessionInit => &mut timers.session_init,
                PeerTimer::EnquireLink => &mut timers.enquire_link,
                PeerTimer::Inactivity => &mut timers.inactivity,
                PeerTimer::Response => &mut timers.response,
            };
            *declared = Some(*time);
        }
    }

    /// The messages that the cases send at most.
    pub(super) fn cost(&self) -> u32 {
        self.running().map(|case| case.cost).sum()
    }

    fn running(&self) -> impl Iterator<Item = &'static Case> + '_ {
        self.cases.iter().copied().filter(|case| self.disturb || !case.disturbs)
    }

    fn check_cost(&self) -> Result<(), Failure> {
        let cost = u64::from(self.cost());
        let most = self.plan.guard.messages_max.unwrap_or(u64::from(COST_MAX));
        if self.role == Role::Smsc && cost > most {
            return Err(Failure::usage(format!(
                "the cases send up to {cost} submit_sm, more than {most}; raise --max-messages, or ask for \
                 less with --case, --level and --tag"
            )));
        }
        Ok(())
    }

    /// The line before the run.
    pub(super) fn announcement(&self) -> String {
        let line = format!(
            "{} of the role {}, at most {} submit_sm, against {}",
            counted(self.running().count() as u64, "case"),
            self.role.word(),
            self.cost(),
            self.target
        );
        if self.plan.target.is_loopback() { line } else { format!("{}{line}", self.list()) }
    }

    /// Every case with its level, its cost and its clause.
    pub(super) fn list(&self) -> String {
        let mut text = String::new();
        for case in &self.cases {
            let skipped = if case.disturbs && !self.disturb { " (needs --disturb)" } else { "" };
            let _ = writeln!(
                text,
                "{:12} {:8} {:>2} submit_sm  {}{skipped}",
                case.id,
                case.level.word(),
                case.cost,
                case.title
            );
        }
        let _ = writeln!(
            text,
            "{} and at most {} submit_sm; against {}",
            counted(self.running().count() as u64, "case"),
            self.cost(),
            self.target
        );
        text
    }
}
