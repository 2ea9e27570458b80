//! The simulator's behaviour as TOML: `--behaviour FILE`. Its keys are declared in `behaviour.rs`.
#[cfg(test)]
mod tests;

use super::behaviour::Behaviour;
use super::error::PlanError;
use super::location::SourceLocation;
use super::read::read;
use super::tree::{Node, Value};
use crate::kit::{MIB, read_text_at_most};
use std::path::Path;

/// Maximum octets of a behaviour file.
const OCTETS_MAX: u64 = 16 * MIB;

/// Reads a behaviour file.
///
/// # Errors
/// The first mistake, in one line with its place.
pub fn load(path: &Path) -> Result<Behaviour, PlanError> {
    let name = path.display().to_string();
    let text = read_text_at_most(path, OCTETS_MAX).map_err(|e| {
        let place = SourceLocation::File(name.as_str().into());
        PlanError::new(place, "", format!("cannot be read ({e}); give a behaviour file"))
    })?;
    parse_as(&name, &text)
}

/// Whether a file is a behaviour rather than a profile: all its sections are of a behaviour, and one of no profile.
pub fn is_one(path: &Path) -> bool {
    const OF_BOTH: [&str; 3] = ["seed", "accounts", "receipts"];
    const OF_NO_PROFILE: [&str; 8] =
        ["limits", "response", "mo", "timers", "rules", "faults", "tls", "habits"];
    // a pipe cannot be read twice
    if !path.is_file() {
        return false;
    }
    let text = read_text_at_most(path, OCTETS_MAX).unwrap_or_default();
    let tree = Node::parse("", &text).map(|tree| tree.value);
    let Ok(Value::Table(sections)) = tree else { return false };
    let is_in = |of: &[&str], key: &str| of.contains(&key);
    sections.iter().any(|(key, _)| is_in(&OF_NO_PROFILE, key))
        && sections.iter().all(|(key, _)| is_in(&OF_NO_PROFILE, key) || is_in(&OF_BOTH, key))
}

/// Reads behaviour from TOML at hand.
///
/// # Errors
/// The first mistake, in one line with its line number.
pub fn parse(text: &str) -> Result<Behaviour, PlanError> {
    parse_as("behaviour", text)
}

fn parse_as(name: &str, text: &str) -> Result<Behaviour, PlanError> {
    let tree = Node::parse(name, text)?;
    let mut behaviour: Behaviour = read(&tree)?;
    behaviour.complete().and_then(|()| behaviour.check()).map_err(|e| tree.place(e))?;
    Ok(behaviour)
}
