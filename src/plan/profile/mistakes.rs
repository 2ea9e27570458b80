//! Every mistake of a profile at once. What a mistake is about is taken out of the tree, and the rest is read again, until
//! it is a plan. An error that may only follow from what was taken out is not told: it shows once that is mended.
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::Plan;
use crate::plan::overrides::Overrides;
use crate::plan::stage_flags::{self, Origin};
use crate::plan::tree::{Node, Value};
use std::fmt;

/// Most mistakes that are told.
const MISTAKES_MAX: usize = 50;
/// Most readings of one profile.
const READINGS_MAX: usize = 4 * MISTAKES_MAX;
/// Most values that are read in all readings of one profile, so that a huge one is refused in time.
const VALUES_MAX: usize = 200_000;

/// What is wrong with a profile and the flags over it.
#[derive(Debug)]
pub struct Mistakes {
    /// By line, those of flags last; at least one.
    pub errors: Vec<PlanError>,
    /// What is left of the plan without what they are about; None: nothing can be read.
    pub rest: Option<Box<Preview>>,
    /// Whether `rest` has all accounts, stages, messages, events and observed sources.
    pub has_all_groups: bool,
}

impl Mistakes {
    /// With further ones, by line; what is told already is left out.
    pub(super) fn with(mut self, further: Vec<PlanError>) -> Mistakes {
        for error in further {
            let says = error.to_string();
            if !self.errors.iter().any(|known| known.to_string() == says) {
                self.errors.push(error);
            }
        }
        self.errors.sort_by_key(|e| e.line().unwrap_or(usize::MAX));
        self.errors.truncate(MISTAKES_MAX);
        self
    }

    /// The first one.
    pub fn into_first(mut self) -> PlanError {
        self.errors.swap_remove(0)
    }
}

impl From<PlanError> for Mistakes {
    fn from(only: PlanError) -> Mistakes {
        Mistakes { errors: vec![only], rest: None, has_all_groups: false }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.errors.iter().map(PlanError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
impl std::error::Error for Mistakes {}

/// A plan that cannot bind: its passwords were not read.
#[derive(Debug)]
pub struct Preview {
    /// The plan.
    pub plan: Plan,
    /// Where each part of its stages is from that flags have replaced; empty where none has.
    pub origins: Vec<Origin>,
}

/// The two steps from a tree to a plan.
pub(super) struct Steps<R, C> {
    /// Judges each key alone.
    pub(super) read: R,
    /// Judges how keys agree, and lays the flags of the stages over the tree.
    pub(super) check: C,
}

impl<R, C> Steps<R, C> {
    /// Takes these steps with `tree`. `errors`: what is known to be wrong already.
    pub(super) fn preview<P>(
        &self,
        tree: Node,
        overrides: &Overrides,
        errors: Vec<PlanError>,
    ) -> Result<Preview, Mistakes>
    where
        R: Fn(&mut Node) -> PlanResult<P>,
        C: Fn(P, &Overrides, &mut Node) -> PlanResult<Preview>,
    {
        let mut reading = Reading { overrides: overrides.clone(), tree, errors, taken: Vec::new() };
        let rest = self.to_the_end(&mut reading);
        let Reading { mut errors, taken, .. } = reading;
        match rest {
            Some(preview) if errors.is_empty() => Ok(preview),
            rest => {
                errors.sort_by_key(|e| e.line().unwrap_or(usize::MAX));
                let groups = ["accounts", "messages", "load", "events", "observe"];
                let has_all_groups = !taken.iter().any(|t| groups.contains(&t.section()));
                Err(Mistakes { errors, rest: rest.map(Box::new), has_all_groups })
            }
        }
    }

    /// Reads until nothing is wrong any more. None: something is wrong that cannot be taken out.
    fn to_the_end<P>(&self, reading: &mut Reading) -> Option<Preview>
    where
        R: Fn(&mut Node) -> PlanResult<P>,
        C: Fn(P, &Overrides, &mut Node) -> PlanResult<Preview>,
    {
        let mistakes_max = (VALUES_MAX / values_of(&reading.tree).max(1)).clamp(1, MISTAKES_MAX);
        for _ in 0..READINGS_MAX {
            let mut tree = reading.tree.clone();
            let is_out = match (self.read)(&mut tree) {
                Err(e) => reading.take_out(e, false),
                Ok(profile) => match (self.check)(profile, &reading.overrides, &mut tree) {
                    Ok(preview) => return Some(preview),
                    Err(e) => reading.take_out(e, true),
                },
            };
            if !is_out || reading.errors.len() >= mistakes_max {
                return None;
            }
        }
        None
    }
}

/// Number of values in a tree.
fn values_of(tree: &Node) -> usize {
    let (mut count, mut left) = (0, vec![tree]);
    while let Some(node) = left.pop() {
        count += 1;
        match &node.value {
            Value::Table(entries) => left.extend(entries.iter().map(|(_, inner)| inner)),
            Value::List(items) => left.extend(items),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Decimal(_)
            | Value::Flag(_)
            | Value::Time(_) => {}
        }
    }
    count
}

/// A profile, read again and again.
struct Reading {
    overrides: Overrides,
    tree: Node,
    errors: Vec<PlanError>,
    taken: Vec<Taken>,
}

/// What was taken out of the tree.
struct Taken {
    /// Its keys; numbers of items as they were written.
    keys: Vec<String>,
    /// Whether the program knows no such key: without it nothing else changes.
    is_unknown_key: bool,
}

/// Sections whose keys are judged together, each with those on which that depends.
const TOGETHER: [(&str, &[&str]); 7] = [
    ("target", &["guard"]),
    ("guard", &["target", "accounts", "binds", "load", "messages"]),
    ("accounts", &["binds", "load", "guard", "target"]),
    ("binds", &["accounts", "guard", "target"]),
    ("load", &["accounts", "binds", "messages", "guard", "target"]),
    ("messages", &["guard"]),
    ("events", &["accounts", "binds", "load", "guard"]),
];

impl Taken {
    fn section(&self) -> &str {
        section(&self.keys)
    }

    fn is_within(&self, outer: &[String]) -> bool {
        self.keys.starts_with(outer)
    }

    fn is_in_table(&self, table: &[String]) -> bool {
        self.keys.split_last().is_some_and(|(_, own)| own == table)
    }

    /// Whether an error about how several keys agree may come from this being away.
    fn may_explain(&self, keys: &[String]) -> bool {
        if self.is_unknown_key {
            return self.is_in_table(keys);
        }
        let (own, other) = (self.section(), section(keys));
        let depends = TOGETHER.iter().find(|row| row.0 == other).map_or(&[][..], |row| row.1);
        // the simulator's sections are judged each by itself
        let is_simulator = matches!(own, "embedded" | "upstream");
        let same = own == other && (!is_simulator || self.keys.get(1) == keys.get(1));
        same || depends.contains(&own)
    }
}

fn section(keys: &[String]) -> &str {
    keys.first().map_or("", String::as_str)
}

impl Reading {
    /// Takes out what an error is about, and keeps the error unless it only follows. `is_joint`: it is about how several
    /// keys agree. False: it is not known what it is about.
    fn take_out(&mut self, e: PlanError, is_joint: bool) -> bool {
        if e.path().is_empty() {
            let is_stages =
                e.flag().is_some_and(|flag| stage_flags::FLAGS.iter().any(|f| flag.contains(f)));
            if is_stages || self.taken.is_empty() {
                self.errors.push(e);
            }
            let Overrides { rate, duration, warmup, .. } = &mut self.overrides;
            (*rate, *duration, *warmup) = (None, None, None);
            return is_stages;
        }
        let Located { keys, is_whole, rest } = locate(&self.tree, e.path());
        let written = self.as_written(&keys);
        let mut about = written.clone();
        about.extend(rest.split('.').filter(|key| !key.is_empty()).map(str::to_owned));
        let is_unknown_key = e.is_unknown_key();
        let follows = self.taken.iter().any(|taken| {
            let table = about.split_last().map_or(&[][..], |(_, table)| table);
            taken.is_within(&about)
                || (e.is_missing() && taken.is_in_table(table))
                || (is_joint && taken.may_explain(&about))
        });
        if !follows {
            self.errors.push(e.with_path(shown(&written, &rest)));
        }
        if keys.is_empty() {
            return false;
        }
        self.tree.take_away(&keys);
        self.taken.push(Taken { keys: written, is_unknown_key: is_unknown_key && is_whole });
        true
    }

    /// Keys with the numbers that the items of lists had before others were taken out.
    fn as_written(&self, keys: &[String]) -> Vec<String> {
        let mut written: Vec<String> = Vec::new();
        for key in keys {
            let own = match key.parse::<usize>() {
                Ok(index) => self.index_as_written(&written, index).to_string(),
                Err(_) => key.clone(),
            };
            written.push(own);
        }
        written
    }

    fn index_as_written(&self, list: &[String], index: usize) -> usize {
        let is_out = |number: &usize| {
            let is_item = |taken: &Taken| {
                taken.is_in_table(list) && taken.keys.last() == Some(&number.to_string())
            };
            self.taken.iter().any(is_item)
        };
        (0..).filter(|number| !is_out(number)).nth(index).unwrap_or(index)
    }
}

/// A path in a tree.
struct Located {
    /// Of the innermost node of it that is written.
    keys: Vec<String>,
    /// Whether all of the path is written.
    is_whole: bool,
    /// What of it is not.
    rest: String,
}

/// Follows a path (`load.stages[2].hold`); a key of a table may have dots itself.
fn locate(tree: &Node, path: &str) -> Located {
    let (mut node, mut rest, mut keys) = (tree, path, Vec::new());
    loop {
        rest = rest.trim_start_matches('.');
        let found = match &node.value {
            Value::Table(entries) => entries
                .iter()
                .filter_map(|(key, inner)| {
                    Some((key.clone(), inner, rest.strip_prefix(key.as_str())?))
                })
                .filter(|(_, _, after)| after.is_empty() || after.starts_with(['.', '[']))
                .max_by_key(|(key, ..)| key.len()),
            Value::List(items) => rest
                .strip_prefix('[')
                .and_then(|inner| inner.split_once(']'))
                .and_then(|(index, after)| {
                    let inner = items.get(index.parse::<usize>().ok()?)?;
                    Some((index.to_owned(), inner, after))
                }),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Decimal(_)
            | Value::Flag(_)
            | Value::Time(_) => None,
        };
        match found.filter(|_| !rest.is_empty()) {
            Some((key, inner, after)) => {
                keys.push(key);
                (node, rest) = (inner, after);
            }
            None => return Located { keys, is_whole: rest.is_empty(), rest: rest.to_owned() },
        }
    }
}

/// Keys as an error shows them, with what follows them.
fn shown(keys: &[String], rest: &str) -> String {
    let mut path = String::new();
    for key in keys {
        match key.parse::<usize>() {
            Ok(index) => path += &format!("[{index}]"),
            Err(_) if path.is_empty() => path.push_str(key),
            Err(_) => path += &format!(".{key}"),
        }
    }
    match rest {
        "" => path,
        rest if path.is_empty() || rest.starts_with('[') => path + rest,
        rest => format!("{path}.{rest}"),
    }
}

#[cfg(test)]
mod tests;
