//! Arguments of the verbs that decide: `duel`, `gate` and `calibrate`.
use super::fleet::FleetArgs;
use super::load::LoadArgs;
use clap::Args;
use std::path::PathBuf;

/// Printed below the flags of `duel`.
const DUEL_HELP: &str = "\
A side is the profile with an overlay on target, account, message, receipts or embedded: [duel.a] and [duel.b] in the
profile, then --a and --b. Each block is one run of the profile (warm-up, measured time, drain); blocks alternate
A B B A or B A A B, and are compared pair by pair. With --simultaneous both sides run at once, each at the profile's
rate, their messages half a gap apart, and are compared second by second.

Exit codes: 0 measured, whatever the verdict; with --gate 5 if B is worse, 4 if the result is inconclusive ·
1 internal · 2 usage, or refused by the guard · 3 could not connect or bind · 6 a run ended early ·
130 interrupted (the blocks measured until then are compared)";

/// Arguments of `duel`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = DUEL_HELP)]
pub(in crate::cli) struct DuelArgs {
    /// Settings of side A (the base). May be repeated.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(in crate::cli) a: Vec<String>,
    /// Settings of side B (the candidate). May be repeated.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(in crate::cli) b: Vec<String>,
    /// Number of runs of each side.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(in crate::cli) blocks: u32,
    /// Run both sides once at the same time, instead of in blocks.
    #[arg(long)]
    pub(in crate::cli) simultaneous: bool,
    /// Smallest relevant change: 5%, or receipt.p50=2% for one metric. May be repeated.
    #[arg(long, value_name = "[METRIC=]PERCENT")]
    pub(in crate::cli) min_effect: Vec<String>,
    /// Metrics that decide the verdict, separated by commas.
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub(in crate::cli) primary: Vec<String>,
    /// Exit 5 if B is worse, 4 if the result is inconclusive.
    #[arg(long)]
    pub(in crate::cli) gate: bool,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
    #[command(flatten)]
    pub(in crate::cli) fleet: FleetArgs,
}

/// Arguments of `gate`.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct GateArgs {
    /// Run folders or result files to check. Several runs of the same profile decide relative gates together.
    #[arg(required = true, value_name = "RESULT")]
    pub(in crate::cli) results: Vec<PathBuf>,
    /// Baseline of relative gates: run folders, result files, or one file of `calibrate`. May be repeated.
    #[arg(long, value_name = "RESULT", num_args = 1..)]
    pub(in crate::cli) baseline: Vec<PathBuf>,
    /// Gates (TOML, with or without the heading [gates]; default: those of the profile in the results).
    #[arg(long, value_name = "FILE.toml")]
    pub(in crate::cli) gates: Option<PathBuf>,
    /// A gate beside those, such as 'response.p99 < 100ms'. May be repeated.
    #[arg(long, value_name = "METRIC RELATION LIMIT")]
    pub(in crate::cli) gate: Vec<String>,
    /// Print the outcomes as JSON on standard output, and nothing else there.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Folder for junit.xml and summary.md.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
}

/// Arguments of `calibrate`.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct CalibrateArgs {
    /// Number of runs. The noise between runs is known from three on.
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(in crate::cli) runs: u32,
    /// Baseline file (default: reports/baseline/NAME.json). An existing file is overwritten only with --replace.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Overwrite an existing baseline file.
    #[arg(long)]
    pub(in crate::cli) replace: bool,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
}
