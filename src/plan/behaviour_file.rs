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
    // a pipe cannot be read twice
    if !path.is_file() {
        return false;
    }
    let text = read_text_at_most(path, OCTETS_MAX).unwrap_or_default();
    let tree = Node::parse("", &text).map(|tree| tree.value);
    let Ok(Value::Table(sections)) = tree else { return false };
    let [behaviour, profile] =
        [super::schema::of::<Behaviour>("behaviour"), super::profile_schema()];
    let is_of = |schema: &serde_json::Value, key: &str| schema["properties"].get(key).is_some();
    sections.iter().all(|(key, _)| is_of(&behaviour, key))
        && sections.iter().any(|(key, _)| !is_of(&profile, key))
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
