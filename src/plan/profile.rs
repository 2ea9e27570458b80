//! From a profile and flags to a checked [`Plan`]: which file, which overlay, which default, and in which
//! order things are judged. A section whose keys mean more than they say is declared in a file beside this one, with
//! what it comes to mean; the others are declared where the plan holds them, in `model/` and `behaviour.rs`.
mod accounts;
mod duel;
mod events;
mod gates;
mod messages;
mod mistakes;
mod source;
mod stages;
mod target;
#[cfg(test)]
mod tests;

pub use mistakes::{Mistakes, Preview};
pub use source::{BUILT_IN, BuiltIn, Source};

use super::behaviour::Behaviour;
use super::defaults;
use super::error::{PlanError, PlanResult};
use super::guard as limits;
use super::location::SourceLocation;
use super::model::{
    Account, BindType, Binds, Deliver, Fleet, Guard, Load, Message, Metrics, Observe, Plan,
    PlannedEvent, Receipts, Stage, Timeouts, Upstream, check_observed,
};
use super::overrides::Overrides;
use super::read::read;
use super::recipe::Recipe;
use super::schedule::Schedule;
use super::secret;
use super::side::{self, DuelSide};
use super::stage_flags::Origin;
use super::tree::{Node, Value};
use super::values::{As, Pairs, Whole};
use crate::kit::Nanos;
use mistakes::Steps;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const SEED_MAX: u64 = i64::MAX as u64;

/// A profile of smppbench: whom to test, with what load, and what must hold.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Profile {
    /// Name of the run and of its folder: not empty, and without `/`. By default the name of the profile's file.
    name: Option<String>,
    /// Seed of the schedule, the destinations and the simulator, from 0 on; 1 by default.
    #[serde(with = "As::<Option<Whole<u64, 0, SEED_MAX>>>")]
    seed: Option<u64>,
    target: target::WrittenTarget,
    guard: Guard,
    /// The accounts that bind. By default one, whose system_id is `"smppbench"`.
    #[schemars(length(min = 1))]
    accounts: Option<Vec<Account>>,
    /// The sessions of each account. Keys of an account's own `binds` go before these.
    #[serde(skip_serializing)]
    binds: Binds,
    load: Load,
    /// The kinds of message to send. By default one, with a text of 63 octets.
    #[schemars(length(min = 1))]
    messages: Option<Vec<Message>>,
    receipts: Receipts,
    deliver: Deliver,
    timeouts: Timeouts,
    /// Limits by metric, which decide the exit code: `"response.p99" = "< 50ms"`.
    #[serde(with = "As::<Pairs<gates::Gate>>")]
    gates: Vec<(String, serde_json::Value)>,
    fleet: Fleet,
    /// Behaviour of the simulator, if the target is `"embedded"`.
    embedded: Option<Behaviour>,
    metrics: Option<Metrics>,
    /// What is broken on purpose while the load runs, and when.
    events: Option<Vec<PlannedEvent>>,
    /// What is sampled beside the run. By default nothing.
    observe: Option<Vec<Observe>>,
    /// The simulators behind a gateway, for `through`.
    upstream: Option<Upstream>,
    #[serde(skip_serializing)]
    duel: duel::Duel,
}

impl Profile {
    /// A plan as a profile again: every key with its resolved value, passwords redacted.
    pub(super) fn of(plan: &Plan) -> Profile {
        let receive_only = plan.stages.is_empty();
        Profile {
            name: Some(plan.name.clone()),
            seed: Some(plan.seed),
            target: target::WrittenTarget::of(&plan.target),
            guard: plan.guard.clone(),
            accounts: Some(plan.accounts.clone()),
            binds: Binds::default(),
            load: Load {
                stages: (!receive_only).then(|| plan.stages.clone()),
                receive_only_for: receive_only.then_some(plan.receive_only_for),
                ..plan.load.clone()
            },
            messages: Some(plan.messages.clone()),
            receipts: plan.receipts.clone(),
            deliver: plan.deliver.clone(),
            timeouts: plan.timeouts,
            gates: plan.gates.clone(),
            fleet: plan.fleet,
            embedded: plan.target.embedded.then(|| plan.embedded.clone()),
            metrics: plan.metrics.listen.is_some().then(|| plan.metrics.clone()),
            events: (!plan.events.is_empty()).then(|| plan.events.clone()),
            observe: (!plan.observe.is_empty()).then(|| plan.observe.clone()),
            upstream: plan.upstream.clone(),
            duel: duel::Duel::default(),
        }
    }

    /// Checks what no single key can say.
    fn check(&self) -> PlanResult<()> {
        self.guard.check().map_err(|e| e.under("guard"))?;
        self.load.check().map_err(|e| e.under("load"))?;
        self.receipts.check().map_err(|e| e.under("receipts"))?;
        self.deliver.check().map_err(|e| e.under("deliver"))?;
        if let Some(metrics) = &self.metrics {
            metrics.check().map_err(|e| e.under("metrics"))?;
        }
        check_observed(self.observe.as_deref().unwrap_or_default())?;
        if let Some(behaviour) = &self.embedded {
            behaviour.check().map_err(|e| e.under("embedded"))?;
        }
        if let Some(upstream) = &self.upstream {
            upstream.check().map_err(|e| e.under("upstream"))?;
        }
        if self.name.as_ref().is_some_and(|n| n.is_empty() || n.contains(['/', '\0', '\n'])) {
            let why = "names the run folder; write it non-empty and without /";
            return Err(PlanError::about("name", why));
        }
        Ok(())
    }

    /// The plan. Flags of the stages are laid over `tree`; where each part of those stages is from.
    fn resolve(
        mut self,
        source: &Source,
        overrides: &Overrides,
        tree: &mut Node,
    ) -> PlanResult<(Plan, Vec<Origin>)> {
        let mut warnings = Vec::new();
        self.binds.check().map_err(|e| e.under("binds"))?;
        if let Some(behaviour) = &mut self.embedded {
            behaviour.complete().map_err(|e| e.under("embedded"))?;
        }
        if let Some(upstream) = &mut self.upstream {
            upstream.behaviour.complete().map_err(|e| e.under("upstream"))?;
        }
        let target = self.target.resolve()?;
        let loopback = target.is_loopback();
        if target.tls.as_ref().is_some_and(|tls| !tls.verify) {
            warnings.push(
                "the target's certificate is NOT verified (target.tls_verify = false): \
                 anybody in between can read the password"
                    .to_string(),
            );
        }
        let (accounts, rate) =
            accounts::resolve(self.accounts.take(), self.binds.clone(), &mut warnings)?;
        let receive_only = accounts.iter().all(|a| a.binds.bind_type == BindType::Receiver);
        let mut stages = stages::resolve(&self.load, loopback, rate)?;
        let mut receive_only_for = self.load.receive_only_for;
        let mut origins = Vec::new();
        if overrides.has_stages() {
            let length = receive_only_for.take().unwrap_or_else(|| measured(&stages));
            let length = receive_only.then_some(length);
            (stages, origins) = overrides.replace_stages(tree, &stages, length)?;
        }
        if let Some(sum) = rate.filter(|_| overrides.rate.is_none()) {
            stages::check_accounts_rate(sum, &stages)?;
        }
        self.check()?;
        let (messages, number_files) = messages::resolve(self.messages.take())?;
        let mut plan = Plan {
            name: self.name.unwrap_or_else(|| source.default_name()),
            seed: self.seed.unwrap_or(defaults::SEED),
            guard: self.guard,
            embedded: self.embedded.unwrap_or_default(),
            target,
            accounts,
            load: Load { stages: None, receive_only_for: None, ..self.load },
            receive_only_for: receive_only_for.unwrap_or_else(|| measured(&stages)),
            stages: if receive_only { Vec::new() } else { stages },
            messages,
            number_files,
            receipts: self.receipts,
            deliver: self.deliver,
            timeouts: self.timeouts,
            events: self.events.unwrap_or_default(),
            allow_exec: overrides.allow_exec,
            gates: self.gates,
            marker: None,
            trace_failed: None,
            ladder: None,
            fleet: self.fleet,
            metrics: self.metrics.unwrap_or_default(),
            observe: self.observe.unwrap_or_default(),
            upstream: self.upstream,
            warnings,
        };
        events::resolve(&mut plan)?;
        Ok((plan, origins))
    }
}

/// Reads a profile, lays flags over it, resolves and checks it.
///
/// # Errors
/// The first mistake found, in one line; nothing has been sent or connected.
pub fn load(source: &Source, overrides: &Overrides) -> Result<Plan, PlanError> {
    resolve(source, overrides, |_| Ok(()))
}

/// The same without the passwords: no variable and no file is read for them.
///
/// # Errors
/// Every mistake that can be told apart, also those of the sides of a duel, and the preview of what is left without them.
pub fn preview(source: &Source, overrides: &Overrides) -> Result<Preview, Mistakes> {
    let (file, text) = source.read()?;
    let tree = Node::parse(&file, &text)?;
    let written = tree.clone();
    let base = preview_of(source, overrides, tree, None);
    let mut further: Vec<PlanError> = Vec::new();
    for side in [DuelSide::A, DuelSide::B] {
        if written.get("duel").is_some_and(|duel| duel.get(side.name()).is_some())
            && let Err(of_side) = preview_of(source, overrides, written.clone(), Some(side))
        {
            further.extend(of_side.errors);
        }
    }
    match base {
        Ok(preview) if further.is_empty() => Ok(preview),
        Ok(preview) => {
            let rest = Some(Box::new(preview));
            Err(Mistakes { errors: Vec::new(), rest, has_all_groups: true }.with(further))
        }
        Err(mistakes) => Err(mistakes.with(further)),
    }
}

/// The preview of a tree, or of a side of a duel that is laid over it.
fn preview_of(
    source: &Source,
    overrides: &Overrides,
    mut tree: Node,
    side: Option<DuelSide>,
) -> Result<Preview, Mistakes> {
    let mut errors = overrides.apply(&mut tree);
    if let Some(Err(e)) = side.map(|side| side::apply(&mut tree, side, &[])) {
        errors.push(e);
    }
    without_passwords(&mut tree);
    let steps = Steps {
        read: |tree: &mut Node| read_profile(source, tree),
        check: |profile: Profile, overrides: &Overrides, tree: &mut Node| {
            let (plan, origins) = checked(profile, source, overrides, tree)?;
            Ok(Preview { plan, origins })
        },
    };
    steps.preview(tree, overrides, errors)
}

fn without_passwords(tree: &mut Node) {
    let forget = |account: &mut Node| {
        account.remove("password_env", |_| true);
        account.remove("password_file", |_| true);
    };
    accounts_of(tree).iter_mut().for_each(forget);
    for simulator in ["embedded", "upstream"] {
        let Some(section) = tree.get_mut(simulator) else { continue };
        for account in accounts_of(section) {
            let named = ["password_env", "password_file"].iter().find_map(|key| account.get(key));
            let has_one = named.is_some() && account.get("password").is_none();
            forget(account);
            if has_one {
                let value = Value::Text(secret::REDACTED.to_owned());
                let place = account.place.clone();
                account.put("password", Node { value, place });
            }
        }
    }
}

/// The accounts that stand in a section.
fn accounts_of(section: &mut Node) -> &mut [Node] {
    if let Some(Node { value: Value::List(accounts), .. }) = section.get_mut("accounts") {
        accounts
    } else {
        &mut []
    }
}

/// One side of a duel: the same with the side's overlay on top, the profile's and then `settings`
/// (`key=value,key=value`).
///
/// # Errors
/// As [`load`].
pub fn load_side(
    source: &Source,
    overrides: &Overrides,
    side: DuelSide,
    settings: &[String],
) -> Result<Plan, PlanError> {
    resolve(source, overrides, |tree| side::apply(tree, side, settings))
}

/// A gates file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatesFile {
    #[serde(with = "As::<Pairs<gates::Gate>>")]
    gates: Vec<(String, serde_json::Value)>,
}

/// A gates file: the keys of `[gates]` at its top level, or under a `[gates]` heading.
///
/// # Errors
/// The first mistake found, in one line.
pub fn load_gates(path: &std::path::Path) -> Result<Vec<(String, serde_json::Value)>, PlanError> {
    let (file, text) = Source::File(path.to_owned()).read()?;
    let written = Node::parse(&file, &text)?;
    let tree = match written.get("gates") {
        Some(_) => written,
        None => Node::table(&written.place.clone(), vec![("gates", written)]),
    };
    gates::check_quotes(&tree)?;
    Ok(read::<GatesFile>(&tree)?.gates)
}

/// The JSON Schema of a profile.
pub fn profile_schema() -> serde_json::Value {
    super::schema::of::<Profile>("smppbench profile")
}

/// The plan out of the profile with all that is laid over it.
fn resolve(
    source: &Source,
    overrides: &Overrides,
    overlay: impl FnOnce(&mut Node) -> PlanResult<()>,
) -> PlanResult<Plan> {
    let (file, text) = source.read()?;
    let mut tree = Node::parse(&file, &text)?;
    if let Some(first) = overrides.apply(&mut tree).into_iter().next() {
        return Err(first);
    }
    overlay(&mut tree)?;
    let profile = read_profile(source, &mut tree)?;
    checked(profile, source, overrides, &mut tree).map(|(plan, _)| plan)
}

/// The profile as it is written, with its defaults: each key alone is judged.
fn read_profile(source: &Source, tree: &mut Node) -> PlanResult<Profile> {
    if !target::is_loopback(tree)? {
        if *source == Source::quick() {
            forget_quick(tree);
        }
        defaults::put_careful(tree);
    }
    accounts::inherit_binds(tree)?;
    gates::check_quotes(tree)?;
    read(tree)
}

/// The plan of a profile, where its keys agree; where its stages are from.
fn checked(
    profile: Profile,
    source: &Source,
    overrides: &Overrides,
    tree: &mut Node,
) -> PlanResult<(Plan, Vec<Origin>)> {
    let (plan, origins) = profile.resolve(source, overrides, tree).map_err(|e| tree.place(e))?;
    check_plan(&plan).map_err(|e| tree.place(e))?;
    Ok((plan, origins))
}

/// Drops the load of `quick`, which is for the embedded simulator: for other targets the defaults apply.
fn forget_quick(tree: &mut Node) {
    let written = |node: &Node| matches!(node.place, SourceLocation::Line(..));
    for (section, keys) in [("binds", &["count", "window"][..]), ("load", &["stages", "catch_up"])]
    {
        if let Some(section) = tree.get_mut(section) {
            keys.iter().for_each(|key| section.remove(key, written));
        }
    }
}

/// The measured time of the stages; all of it where none is measured.
fn measured(stages: &[Stage]) -> Nanos {
    let sum = |measured: bool| {
        let of = stages.iter().filter(|s| s.measure || !measured);
        of.fold(Nanos::ZERO, |sum, s| sum + s.length)
    };
    if sum(true) > Nanos::ZERO { sum(true) } else { sum(false) }
}

/// Checks what only shows when everything is known.
fn check_plan(plan: &Plan) -> PlanResult<()> {
    limits::check_numbers(plan)?;
    let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed)
        .map_err(|e| PlanError::of_schedule(&e))?;
    limits::check(plan, &schedule, limits::descriptors_max())?;
    limits::check_counting(plan, &schedule, &Recipe::new(plan)?)
}
