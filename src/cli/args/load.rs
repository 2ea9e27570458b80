//! Arguments of every verb that sends load.
use super::keep::KeepArgs;
use super::overrides::OverrideArgs;
use crate::plan::{Overrides, Source};
use clap::Args;
use std::path::PathBuf;

/// Profile, overrides, progress and results.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct LoadArgs {
    /// Profile: a TOML file or the name of a built-in one (default: quick).
    pub(in crate::cli) profile: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArgs,
    #[command(flatten)]
    pub(in crate::cli) overrides: OverrideArgs,
}

impl LoadArgs {
    /// The profile's source, and the overrides.
    pub(in crate::cli) fn source(&self) -> (Source, Overrides) {
        let overrides = self.keep.over(self.overrides.overrides());
        (Source::of(self.profile.clone()), overrides)
    }
}
