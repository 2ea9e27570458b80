//! Flags of every verb that sends load: how to show its progress, and what to save.
use super::error::ArgError;
use crate::plan::Overrides;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The flags of `run`, `find`, `duel` and `calibrate`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Progress and results")]
pub(in crate::cli) struct KeepArgs {
    /// Folder for the results (default: a new one below reports/). Files of an earlier run in it are replaced.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Progress display on standard error.
    #[arg(long, value_enum, default_value_t)]
    live: Live,
    /// The same as --live off.
    #[arg(long)]
    quiet: bool,
    /// Address of OpenMetrics during the run (http://ADDR/metrics), and of `run` in a browser (http://ADDR/): loopback, unless
    /// --metrics-allow-remote; port 0 is any.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// Allow --metrics on an address off loopback.
    #[arg(long)]
    metrics_allow_remote: bool,
    /// Print the result as JSON on standard output, and nothing else there.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Exit 4 unless the verdict is conclusive.
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// Show addresses and texts instead of masking them.
    #[arg(long)]
    pub(in crate::cli) show_content: bool,
    /// Save the PDUs of the first N failed submit_sm in failed.pcapng, unmasked, also those sent over TLS.
    #[arg(long, value_name = "failed:N", value_parser = traced)]
    pub(in crate::cli) trace: Option<usize>,
}

impl KeepArgs {
    /// How to show the progress.
    pub(in crate::cli) fn live(&self) -> Live {
        if self.quiet { Live::Off } else { self.live }
    }

    /// The display that is asked for beside --quiet. None: they agree.
    pub(in crate::cli) fn contradicts_quiet(&self) -> Option<&'static str> {
        match self.live {
            Live::Line if self.quiet => Some("line"),
            Live::Tui if self.quiet => Some("tui"),
            Live::Auto | Live::Off | Live::Line | Live::Tui => None,
        }
    }

    /// Adds those of these flags that the plan needs to the overrides.
    pub(in crate::cli) fn over(&self, overrides: Overrides) -> Overrides {
        Overrides {
            metrics: self.metrics.clone(),
            metrics_allow_remote: self.metrics_allow_remote,
            ..overrides
        }
    }

    /// A line for each given flag that has no effect in `verb`, which `knows` the others.
    pub(in crate::cli) fn without_effect(&self, verb: &str, knows: &[&str]) -> Vec<String> {
        let given = [
            ("--show-content", self.show_content),
            ("--trace", self.trace.is_some()),
            ("--live tui", self.live == Live::Tui),
        ];
        let idle = given.into_iter().filter(|(flag, given)| *given && !knows.contains(flag));
        idle.map(|(flag, _)| format!("{flag} is without effect in `{verb}`")).collect()
    }
}

fn traced(text: &str) -> Result<usize, ArgError> {
    let number = text.strip_prefix("failed:").and_then(|n| n.parse().ok());
    number.filter(|n| (1..=100_000).contains(n)).ok_or_else(|| ArgError::Trace(text.to_owned()))
}

/// Progress displays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Live {
    /// The live view on a terminal of 60×15 or more, else a bar on a terminal, else a line a second.
    #[default]
    Auto,
    /// The live view.
    Tui,
    /// A line a second.
    Line,
    /// Nothing.
    Off,
}
