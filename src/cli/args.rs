//! The arguments as typed. What they mean is `plan`'s business: here they only become [`Overrides`].
use crate::plan::Overrides;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Load-test an SMSC over SMPP v3.4: throughput, window and bind limits, response and receipt latency.
///
/// Without a command: `run` with the built-in profile `quick` against the embedded SMSC.
#[derive(Debug, Parser)]
#[command(name = "smppbench", version, about, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

/// One verb each.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Measure: offer a load, time every answer and receipt, balance the books, write a run folder.
    Run(Box<RunArgs>),
    /// The simulator on its own: an SMSC to test clients and this tool against.
    Smsc(SmscArgs),
    /// Say what PDUs mean: one JSON line each.
    Decode(DecodeArgs),
    /// Resolve a profile and print the plan; sends nothing.
    Check(Box<CheckArgs>),
    /// This host's ceiling and pacing against the embedded SMSC, in about 20 s; kept for later runs.
    Selfcheck(SelfcheckArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Verb::Run(Box::default())
    }
}

/// What follows `run`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct RunArgs {
    /// Profile (TOML); without one, the built-in `quick`.
    pub(super) profile: Option<PathBuf>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// Run folder (default reports/<name>-<UTC>/).
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// How to show progress on stderr.
    #[arg(long, value_enum, default_value_t)]
    pub(super) live: Live,
    /// Print the result as JSON on stdout, and nothing else there.
    #[arg(long)]
    pub(super) json: bool,
    /// Exit 4 unless the verdict is conclusive.
    #[arg(long)]
    pub(super) strict: bool,
    /// Show addresses and texts as they are instead of masking them.
    #[arg(long)]
    pub(super) show_content: bool,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Live {
    /// A bar on a terminal, else a line a second.
    #[default]
    Auto,
    /// A line a second.
    Line,
    /// Nothing.
    Off,
}

/// What follows `smsc`.
#[derive(Args, Clone, Debug)]
pub(super) struct SmscArgs {
    /// Where to listen; loopback unless told otherwise.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2775")]
    pub(super) listen: std::net::SocketAddr,
    /// Behaviour (TOML); without one it accepts everything at once.
    #[arg(long, value_name = "FILE.toml")]
    pub(super) behaviour: Option<PathBuf>,
    /// Where to write the tally, each second and at the end.
    #[arg(long, value_name = "FILE.json")]
    pub(super) tally: Option<PathBuf>,
}

/// What follows `decode`.
#[derive(Args, Clone, Debug)]
pub(super) struct DecodeArgs {
    /// Hex, `-` for hex lines on standard input, or a .pcap/.pcapng file.
    #[arg(default_value = "-")]
    pub(super) input: String,
}

/// What follows `selfcheck`.
#[derive(Args, Clone, Debug)]
pub(super) struct SelfcheckArgs {
    /// Print what was found as JSON on stdout, and nothing else there.
    #[arg(long)]
    pub(super) json: bool,
}

/// What follows `check`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CheckArgs {
    /// Profile (TOML); without one, the built-in `quick`.
    pub(super) profile: Option<PathBuf>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
}

/// The overrides that run, find, duel, dial and check share.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Overrides (flag over --set over profile over default)")]
pub(super) struct OverrideArgs {
    /// Whom to test; anything but loopback needs --allow-target and --max-messages.
    #[arg(long, value_name = "HOST:PORT|embedded")]
    target: Option<String>,
    /// Speak TLS; certificates are verified.
    #[arg(long)]
    tls: bool,
    /// CA to trust instead of the system's (PEM).
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<String>,
    /// bind system_id.
    #[arg(long, value_name = "S")]
    system_id: Option<String>,
    /// Environment variable that holds the password.
    #[arg(long, value_name = "VAR")]
    password_env: Option<String>,
    /// File whose first line is the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
    /// transceiver, transmitter, receiver, or pair (a transmitter and a receiver).
    #[arg(long, value_name = "TYPE")]
    bind_type: Option<String>,
    /// Sessions of each account (with pair: pairs).
    #[arg(long, value_name = "N")]
    binds: Option<usize>,
    /// submit_sm that may be open per session.
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    /// submit_sm a second: 5000, 5k, 90/min; max = closed loop.
    #[arg(long, value_name = "R")]
    rate: Option<String>,
    /// Measured time, such as 30s.
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// Warm-up before it; 0s is none.
    #[arg(long, value_name = "TIME")]
    warmup: Option<String>,
    /// Ask for delivery receipts.
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    receipts: Option<bool>,
    /// A receipt that has not come by then is missing.
    #[arg(long, value_name = "TIME")]
    receipt_deadline: Option<String>,
    /// Threads.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Schedule, destinations and simulator are functions of it.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Any key of the profile: dotted.key=value. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Repeat a target that is not loopback, to allow it.
    #[arg(long, value_name = "HOST:PORT")]
    allow_target: Vec<String>,
    /// Most submit_sm in all.
    #[arg(long, value_name = "N")]
    max_messages: Option<u64>,
}

fn on_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("{other:?} is neither on nor off")),
    }
}

impl OverrideArgs {
    /// As the plan takes them.
    pub(super) fn overrides(&self) -> Overrides {
        let OverrideArgs {
            target,
            tls,
            tls_ca,
            system_id,
            password_env,
            password_file,
            bind_type,
            binds,
            window,
            rate,
            duration,
            warmup,
            receipts,
            receipt_deadline,
            workers,
            seed,
            set,
            allow_target,
            max_messages,
        } = self.clone();
        Overrides {
            target,
            tls,
            tls_ca,
            system_id,
            password_env,
            password_file,
            bind_type,
            binds,
            window,
            rate,
            duration,
            warmup,
            receipts,
            receipt_deadline,
            workers,
            seed,
            set,
            allow_target,
            max_messages,
        }
    }
}
