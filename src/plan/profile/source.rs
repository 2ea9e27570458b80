//! Where a profile comes from.
use crate::kit::{MIB, read_text_at_most};
use crate::plan::error::{PlanError, Read};
use std::path::PathBuf;

/// The built-in profile.
const QUICK: &str = include_str!("../../../profiles/quick.toml");
const QUICK_NAME: &str = "quick";

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

    pub(super) fn read(&self) -> Read<(String, String)> {
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

    pub(super) fn default_name(&self) -> String {
        let stem = match self {
            Source::Quick => None,
            Source::File(path) => path.file_stem(),
            Source::Text { name, .. } => std::path::Path::new(name).file_stem(),
        };
        stem.map_or_else(|| QUICK_NAME.into(), |stem| stem.to_string_lossy().into_owned())
    }
}
