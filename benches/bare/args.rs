//! Arguments of the benches (`--flag VALUE`), medians, and what a process used.
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What was typed after `--`.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// Of this process.
    pub fn of_this_process() -> Arguments {
        Arguments(std::env::args().skip(1).collect())
    }
    /// All of them.
    pub fn all(&self) -> &[String] {
        &self.0
    }
    /// Whether a flag is there. `cargo test --benches` passes `--test`.
    pub fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|a| a == flag)
    }
    /// What follows a flag, every time it is there.
    pub fn each<'a>(&'a self, flag: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.windows(2).filter(move |w| w[0] == flag).map(|w| w[1].as_str())
    }
    /// A number behind a flag.
    pub fn number<T: std::str::FromStr>(&self, flag: &str, otherwise: T) -> T {
        self.each(flag).last().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
    }
    /// Whether `name` is chosen by `flag`; without the flag everything is.
    pub fn wants(&self, flag: &str, name: &str) -> bool {
        self.each(flag).next().is_none() || self.each(flag).any(|chosen| chosen == name)
    }
}

/// The middle one; of an even count the lower.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Processor nanoseconds of this process, all threads.
pub fn process_cpu_ns() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |used| {
        let spent = used.user_time().num_microseconds() + used.system_time().num_microseconds();
        u64::try_from(spent).unwrap_or(0) * 1000
    })
}

/// Writes the figures where `--json FILE` says so.
pub fn write_json(arguments: &Arguments, figures: &serde_json::Value) -> std::io::Result<()> {
    let Some(file) = arguments.each("--json").last() else { return Ok(()) };
    std::fs::write(file, format!("{figures:#}\n"))
}
