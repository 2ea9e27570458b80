//! Arguments of the verbs that decide: `duel` and `calibrate`.
use super::fleet::FleetArgs;
use super::load::LoadArgs;
use clap::Args;
use std::path::PathBuf;

/// Said below the flags of `duel`.
const DUEL_HELP: &str = "\
A side is the profile with an overlay on target, account, message, receipts or embedded: [duel.a] and [duel.b] in the
profile, and --a and --b over them. Each block is one run of the profile (warm-up, measured time, drain); blocks
alternate A B B A or B A A B, and are compared pair by pair. With --simultaneous both sides run at once, each at the
profile's rate, their messages half a gap apart, and are compared second by second.

Exit codes: 0 whatever the duel says; with --gate 5 where b is worse, 4 where nothing can be said · 1 internal ·
2 usage, or refused by the guard · 3 could not connect or bind · 6 a run ended early · 130 interrupted: what
was measured until then is compared";

/// What follows `duel`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = DUEL_HELP)]
pub(in crate::cli) struct DuelArgs {
    /// What side A (the base) changes. May be repeated.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(in crate::cli) a: Vec<String>,
    /// What side B (the candidate) changes. May be repeated.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(in crate::cli) b: Vec<String>,
    /// Runs of each side.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(in crate::cli) blocks: u32,
    /// Both sides at the same time, once, instead of in blocks.
    #[arg(long)]
    pub(in crate::cli) simultaneous: bool,
    /// Smallest change that matters (5%), or that of one metric (receipt.p50=2%). May be repeated.
    #[arg(long, value_name = "[METRIC=]PERCENT")]
    pub(in crate::cli) min_effect: Vec<String>,
    /// The metrics that make the verdict, with commas between.
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub(in crate::cli) primary: Vec<String>,
    /// Exit 5 where B is worse, 4 where nothing can be said.
    #[arg(long)]
    pub(in crate::cli) gate: bool,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
    #[command(flatten)]
    pub(in crate::cli) fleet: FleetArgs,
}

/// What follows `gate`.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct GateArgs {
    /// Run folders or result files: the candidate. Several runs of the same thing decide gates against a baseline together.
    #[arg(required = true, value_name = "RESULT")]
    pub(in crate::cli) results: Vec<PathBuf>,
    /// What relative gates are held against: run folders, result files, or one file of `calibrate`. May be repeated.
    #[arg(long, value_name = "RESULT", num_args = 1..)]
    pub(in crate::cli) baseline: Vec<PathBuf>,
    /// The gates (TOML, the keys of [gates] at the top or under that heading); without it, those of the results' own profile.
    #[arg(long, value_name = "FILE.toml")]
    pub(in crate::cli) gates: Option<PathBuf>,
    /// Print the outcomes as JSON on stdout, and nothing else there.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Write junit.xml and summary.md into this folder.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
}

/// What follows `calibrate`.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct CalibrateArgs {
    /// How often to run; the noise between runs shows from three on.
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(in crate::cli) runs: u32,
    /// The baseline file (default reports/baseline/<name>.json). One that exists is replaced only with --replace.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Replace a baseline that exists.
    #[arg(long)]
    pub(in crate::cli) replace: bool,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
}
