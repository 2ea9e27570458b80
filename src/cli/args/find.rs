//! The arguments of `find` as typed.
use super::error::ArgError;
use super::fleet::FleetArgs;
use super::load::LoadArgs;
use clap::{Args, ValueEnum};
use std::time::Duration;

/// Printed below the flags of `find`.
const FIND_HELP: &str = "\
rate    doubles the rate from --rate until an objective breaks, halves the interval between, and confirms its lower
        end with longer trials. Without --objective: the profile's gates, or \"zero loss and throttling\".
window  fills the window of one bind in one burst, larger and smaller, until the largest that the SMSC accepts is
        exact; then sweeps windows in closed loop to where throughput stops growing.
binds   adds binds one at a time until one fails, then measures throughput against their number.

Progress is a line a trial; --live off prints none. search.json, summary.txt and report.html are saved.

Off loopback, --max-trials, --max-messages and --max-minutes are required: they limit the whole search.

Exit codes: 0 done, whatever was found · 2 usage, or refused by the guard · 3 no session could be bound · 4 with
--strict, inconclusive · 5 even the lowest rate breaks the profile's gates · 6 target lost during the search, or
foreign traffic received · 130 interrupted. What was found so far is reported in every case";

/// Limits that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FindWhat {
    /// The highest rate that keeps its objectives.
    Rate,
    /// The window that the SMSC enforces, and where throughput stops growing.
    Window,
    /// How many binds the SMSC accepts, and where more add nothing.
    Binds,
}

/// Arguments of `find`.
#[derive(Args, Clone, Debug)]
#[command(after_help = FIND_HELP)]
pub(in crate::cli) struct FindArgs {
    /// Limit to find.
    #[arg(value_enum)]
    pub(in crate::cli) what: FindWhat,
    /// Limits that the rate must keep, separated by commas: "throttled<=0.5%", "response.p99<=50ms", "receipt.p99<=5s".
    /// May be repeated: each objective gets its own rate, and all share the trials.
    #[arg(long, value_name = "LIMITS")]
    pub(in crate::cli) objective: Vec<String>,
    /// Run the trials of `find rate` through the gateway of [target], with the SMSC of [upstream] behind it. Objectives may
    /// then be "through.forward.p99<=50ms" or "ratio.lost_inside=0".
    #[arg(long, conflicts_with = "nats")]
    pub(in crate::cli) through: bool,
    /// Widest interval of a found rate.
    #[arg(long, value_name = "PERCENT", default_value = "2%", value_parser = percent)]
    pub(in crate::cli) width: f64,
    /// Lowest rate to try (default: a thousandth of the first).
    #[arg(long, value_name = "R")]
    pub(in crate::cli) min_rate: Option<String>,
    /// Highest rate to try (default: 1M on loopback, else guard.rate_max or a hundred times the first).
    #[arg(long, value_name = "R")]
    pub(in crate::cli) max_rate: Option<String>,
    /// Largest window to try.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub(in crate::cli) max_window: u64,
    /// Largest number of binds to try (default: 1000 on loopback, else 16).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_binds: Option<u64>,
    /// Bind attempts a second (default: 500 on loopback, else 2).
    #[arg(long, value_name = "R")]
    pub(in crate::cli) bind_rate: Option<String>,
    /// Settling time before each measurement.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in crate::cli) settle: Option<Duration>,
    /// Measured time of a trial.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in crate::cli) measure: Option<Duration>,
    /// Measured time of a trial that confirms a rate.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in crate::cli) confirm: Option<Duration>,
    /// Maximum number of trials (default on loopback: 200).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_trials: Option<u32>,
    /// Maximum duration of the search in minutes (default on loopback: 15).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_minutes: Option<f64>,
    /// Print the cost of the search, and end.
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
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
