//! The arguments of `find` as typed.
use super::error::ArgError;
use super::fleet::FleetArgs;
use super::load::LoadArgs;
use clap::{Args, ValueEnum};
use std::time::Duration;

/// Said below the flags of `find`.
const FIND_HELP: &str = "\
rate    doubles the rate from --rate until an objective breaks, halves the interval between, and confirms its lower
        end with longer trials. Without --objective: the profile's gates, or \"zero loss and throttling\".
window  fills the window of one bind in one burst, larger and smaller, until the largest that is borne is exact;
        then sweeps windows in closed loop to where throughput stops growing.
binds   adds binds one at a time until one fails, then measures throughput against their number.

Progress is a line a trial; --live off says nothing. search.json, summary.txt and report.html are kept.

Off loopback --max-trials, --max-messages and --max-minutes must be given: they bound the whole search.

Exit codes: 0 done, whatever was found · 2 usage, or refused by the guard · 3 nothing could be bound · 4 with
--strict, inconclusive · 5 even the lowest rate breaks the profile's gates · 6 the target was lost on the way, or
foreign traffic came · 130 interrupted; what was found so far is reported in any case";

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FindWhat {
    /// The highest rate that keeps its objectives.
    Rate,
    /// The window that is borne, and the one that is enough.
    Window,
    /// How many binds are let in, and how many are enough.
    Binds,
}

/// What follows `find`.
#[derive(Args, Clone, Debug)]
#[command(after_help = FIND_HELP)]
pub(in crate::cli) struct FindArgs {
    /// Which limit.
    #[arg(value_enum)]
    pub(in crate::cli) what: FindWhat,
    /// What the rate must keep: "throttled<=0.5%", "response.p99<=50ms", "receipt.p99<=5s", several joined by commas.
    /// May be repeated: each is searched for, and all share their trials.
    #[arg(long, value_name = "LIMITS")]
    pub(in crate::cli) objective: Vec<String>,
    /// How wide the interval of a rate may be.
    #[arg(long, value_name = "PERCENT", default_value = "2%", value_parser = percent)]
    pub(in crate::cli) width: f64,
    /// Lowest rate tried (default: a thousandth of the first).
    #[arg(long, value_name = "R")]
    pub(in crate::cli) min_rate: Option<String>,
    /// Highest rate tried (default: 1M on loopback, else guard.rate_max or a hundred times the first).
    #[arg(long, value_name = "R")]
    pub(in crate::cli) max_rate: Option<String>,
    /// Largest window tried.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub(in crate::cli) max_window: u64,
    /// Most binds tried (default: 1000 on loopback, else 16).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_binds: Option<u64>,
    /// Attempts to bind a second (default: 500 on loopback, else 2).
    #[arg(long, value_name = "R")]
    pub(in crate::cli) bind_rate: Option<String>,
    /// Before a trial is measured.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in crate::cli) settle: Option<Duration>,
    /// Measured in a trial.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in crate::cli) measure: Option<Duration>,
    /// Measured in a confirmation of a rate.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in crate::cli) confirm: Option<Duration>,
    /// Most trials of the search (default on loopback: 200).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_trials: Option<u32>,
    /// Most minutes of the search (default on loopback: 15).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_minutes: Option<f64>,
    /// Print what it may cost, and end.
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Say nothing of each trial on stderr; the same as --live off.
    #[arg(long)]
    pub(in crate::cli) quiet: bool,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
    #[command(flatten)]
    pub(in crate::cli) fleet: FleetArgs,
}

fn percent(text: &str) -> Result<f64, ArgError> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>().ok();
    number
        .filter(|n| (0.1..=50.0).contains(n))
        .map(|n| n / 100.0)
        .ok_or_else(|| ArgError::Share(text.to_owned()))
}
