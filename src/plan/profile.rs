//! From a profile and flags to a checked [`Plan`]: which file, which overlay, which default, and in which
//! order things are judged. Each section is read by a file of its own beside this one.
mod accounts;
mod load;
mod messages;
mod rest;
mod target;
#[cfg(test)]
mod tests;

use super::behaviour_file;
use super::defaults::{self, Defaults};
use super::error::PlanError;
use super::guard;
use super::model::{BindType, Plan, Stage};
use super::overrides::Overrides;
use super::recipe::Recipe;
use super::schedule::Schedule;
use super::section::{Read, Section};
use super::side::{self, Side};
use super::stage_flags::Origin;
use super::tree::{Node, Place};
use crate::kit::{MIB, Nanos, read_text_at_most};
use std::path::PathBuf;

/// The built-in profile.
const QUICK: &str = include_str!("../../profiles/quick.toml");
const QUICK_NAME: &str = "quick";

/// Keys at the top of a profile.
const KEYS: &[&str] = &[
    "name", "seed", "target", "guard", "accounts", "binds", "load", "messages", "receipts",
    "deliver", "timeouts", "gates", "embedded", "fleet", "metrics", "duel",
];

/// Where a profile comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in `quick`.
    Quick,
    /// A file.
    File(PathBuf),
    /// TOML at hand, and what to call it.
    Text {
        /// Names it in messages.
        name: String,
        /// The TOML.
        text: String,
    },
}

impl Source {
    /// A profile as given on the command line; none is `quick`.
    pub fn of(profile: Option<PathBuf>) -> Source {
        match profile {
            None => Source::Quick,
            Some(path) if path.as_os_str() == QUICK_NAME && !path.exists() => Source::Quick,
            Some(path) => Source::File(path),
        }
    }

    fn read(&self) -> Read<(String, String)> {
        match self {
            Source::Quick => Ok((QUICK_NAME.into(), QUICK.into())),
            Source::Text { name, text } => Ok((name.clone(), text.clone())),
            Source::File(path) => {
                let name = path.display().to_string();
                let text = read_text_at_most(path, 64 * MIB).map_err(|e| {
                    PlanError::new(
                        &name,
                        "",
                        format!("cannot be read ({e}); give a profile's path"),
                    )
                })?;
                Ok((name, text))
            }
        }
    }

    fn default_name(&self) -> String {
        let stem = match self {
            Source::Quick => None,
            Source::File(path) => path.file_stem(),
            Source::Text { name, .. } => std::path::Path::new(name).file_stem(),
        };
        stem.map_or_else(|| QUICK_NAME.into(), |stem| stem.to_string_lossy().into_owned())
    }
}

/// Reads, overlays, resolves, guards.
///
/// # Errors
/// The first mistake found, in one line; nothing has been sent or connected.
pub fn load(source: &Source, overrides: &Overrides) -> Result<Plan, PlanError> {
    load_with(source, overrides, |_| Ok(()))
}

/// One side of a duel: the same with the side's overlay on top, the profile's and then `settings`
/// (`key=value,key=value`).
///
/// # Errors
/// As [`load`].
pub fn load_side(
    source: &Source,
    overrides: &Overrides,
    side: Side,
    settings: &[String],
) -> Result<Plan, PlanError> {
    load_with(source, overrides, |tree| side::apply(tree, side, settings))
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
    let found = Section::root(&tree, &["gates"]).and_then(|root| rest::gates(&root));
    found.map_err(|e| {
        let place = tree.place_of(e.path()).clone();
        e.or_at(place)
    })
}

fn load_with(
    source: &Source,
    overrides: &Overrides,
    overlay: impl FnOnce(&mut Node) -> Result<(), PlanError>,
) -> Result<Plan, PlanError> {
    let (tree, defaults, _) = lay(source, overrides, overlay)?;
    let plan = read(&tree, source, overrides, &defaults);
    let plan = plan.and_then(|plan| checked(plan, &tree));
    plan.map_err(|e| {
        let place = tree.place_of(e.path()).clone();
        e.or_at(place)
    })
}

/// Where each part of the stages is from that flags have replaced; empty where none has.
///
/// # Errors
/// As [`load`].
pub fn stage_origins(source: &Source, overrides: &Overrides) -> Result<Vec<Origin>, PlanError> {
    lay(source, overrides, |_| Ok(())).map(|(_, _, origins)| origins)
}

/// The profile with all that is laid over it; the defaults below it; where its stages are from.
fn lay(
    source: &Source,
    overrides: &Overrides,
    overlay: impl FnOnce(&mut Node) -> Result<(), PlanError>,
) -> Result<(Node, Defaults, Vec<Origin>), PlanError> {
    let (file, text) = source.read()?;
    let mut tree = Node::parse(&file, &text)?;
    overrides.apply(&mut tree)?;
    overlay(&mut tree)?;
    let placed = |tree: &Node, e: PlanError| {
        let place = tree.place_of(e.path()).clone();
        e.or_at(place)
    };
    let loopback = target::read(&Section::root(&tree, KEYS)?).map_err(|e| placed(&tree, e))?.1;
    let defaults = Defaults::of(loopback);
    if *source == Source::Quick && !loopback {
        forget_quick(&mut tree);
    }
    let origins = if overrides.has_stages() {
        let (stages, receive_only) = own_stages(&tree, &defaults).map_err(|e| placed(&tree, e))?;
        overrides.apply_stages(&mut tree, &stages, receive_only)?
    } else {
        Vec::new()
    };
    Ok((tree, defaults, origins))
}

/// The stages as the profile has them; and how long a run lasts, where every bind only receives.
fn own_stages(tree: &Node, defaults: &Defaults) -> Read<(Vec<Stage>, Option<Nanos>)> {
    let root = Section::root(tree, KEYS)?;
    let accounts = accounts::read(&root, defaults, &mut Vec::new())?;
    let (_, stages) = load::read(&root, defaults, &accounts, true)?;
    let receive_only = accounts.list.iter().all(|a| a.binds.bind_type == BindType::Receiver);
    let length = load::receive_only_for(&root)?.unwrap_or_else(|| measured(&stages));
    Ok((stages, receive_only.then_some(length)))
}

/// What `quick` says of the load is meant for the embedded simulator: elsewhere the defaults hold.
fn forget_quick(tree: &mut Node) {
    let written = |node: &Node| matches!(node.place, Place::Line(..));
    for (section, keys) in [("binds", &["count", "window"][..]), ("load", &["stages", "catch_up"])]
    {
        if let Some(section) = tree.get_mut(section) {
            keys.iter().for_each(|key| section.remove(key, written));
        }
    }
}

fn read(tree: &Node, source: &Source, overrides: &Overrides, defaults: &Defaults) -> Read<Plan> {
    let root = Section::root(tree, KEYS)?;
    side::check(&root)?;
    let mut warnings = Vec::new();
    let (target, loopback) = target::read(&root)?;
    if target.tls.as_ref().is_some_and(|tls| !tls.verify) {
        warnings.push(
            "the target's certificate is NOT verified (target.tls_verify = false): \
             anybody in between can read the password"
                .to_string(),
        );
    }
    let accounts = accounts::read(&root, defaults, &mut warnings)?;
    let (load, stages) = load::read(&root, defaults, &accounts, overrides.rate.is_some())?;
    let receive_only = accounts.list.iter().all(|a| a.binds.bind_type == BindType::Receiver);
    let flagged = overrides.has_stages();
    let receive_only_for =
        load::receive_only_for(&root)?.filter(|_| !flagged).unwrap_or_else(|| measured(&stages));
    let stages = if receive_only { Vec::new() } else { stages };
    let default_name = source.default_name();
    let name = root.read("name", |i| i.text())?.unwrap_or(default_name);
    if name.is_empty() || name.contains(['/', '\0', '\n']) {
        return Err(root.error_at("name", "names a folder; write it without / and not empty"));
    }
    let (metrics_listen, metrics_allow_remote) = rest::metrics(&root)?;
    Ok(Plan {
        name,
        seed: root.read("seed", |i| i.whole(0..=i64::MAX as u64))?.unwrap_or(defaults::SEED),
        guard: guard::read(&root, loopback, defaults)?,
        embedded: root.read("embedded", behaviour_file::read)?.unwrap_or_default(),
        target,
        accounts: accounts.list,
        load,
        stages,
        receive_only_for,
        messages: messages::read(&root)?,
        receipts: rest::receipts(&root)?,
        deliver: rest::deliver(&root)?,
        timeouts: rest::timeouts(&root)?,
        gates: rest::gates(&root)?,
        trace_failed: None,
        ladder: None,
        fleet: rest::fleet(&root)?,
        metrics_listen,
        metrics_allow_remote,
        warnings,
    })
}

/// The measured time of the stages; all of it where none is measured.
fn measured(stages: &[Stage]) -> Nanos {
    let sum = |measured: bool| {
        let of = stages.iter().filter(|s| s.measure || !measured);
        of.fold(Nanos::ZERO, |sum, s| sum + s.length)
    };
    if sum(true) > Nanos::ZERO { sum(true) } else { sum(false) }
}

/// Judges what only shows when everything is known.
fn checked(plan: Plan, tree: &Node) -> Read<Plan> {
    guard::check_numbers(&plan)?;
    let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed).map_err(|e| {
        let path = format!("load.stages[{}]", e.stage);
        PlanError::new(tree.place_of(&path), path, e.why)
    })?;
    guard::check(&plan, &schedule, guard::descriptors_max())?;
    guard::check_counting(&plan, &schedule, &Recipe::new(&plan)?)?;
    Ok(plan)
}
