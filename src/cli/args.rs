//! The arguments as typed. They become `Overrides` here; `plan` decides what those mean.
mod conform;
mod decide;
mod error;
mod find;
mod fleet;
mod init;
mod keep;
mod load;
mod message;
mod overrides;

use crate::report;
pub(super) use conform::{ConformArgs, ConformLevel, ConformWhat, PeerTimer};
pub(super) use decide::{CalibrateArgs, DuelArgs, GateArgs};
pub(super) use find::{FindArgs, FindWhat};
#[cfg(feature = "nats")]
pub(super) use fleet::NatsArgs;
pub(super) use fleet::{AgentArgs, FleetArgs};
pub(super) use init::{InitArgs, Provider};
pub(super) use keep::{KeepArgs, Live};
pub(super) use load::LoadArgs;
use overrides::OverrideArgs;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::slice;

/// Load-test an SMSC over SMPP v3.4: throughput, window and bind limits, response and receipt latency.
///
/// Without a command: `run` with the built-in profile `quick` against the embedded SMSC.
#[derive(Debug, Parser)]
#[command(name = "smppbench", version, about, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

impl Cli {
    /// The same, if flags that speak of the same thing agree.
    ///
    /// # Errors
    /// As a conflict of arguments.
    pub(super) fn agreeing(self) -> Result<Cli, clap::Error> {
        let load = match &self.verb {
            Some(Verb::Run(args)) => &args.load,
            Some(Verb::Through(args)) => &args.load,
            Some(Verb::Find(args)) => &args.load,
            Some(Verb::Duel(args)) => &args.load,
            Some(Verb::Calibrate(args)) => &args.load,
            Some(_) | None => return Ok(self),
        };
        let Some(live) = load.keep.contradicts_quiet() else { return Ok(self) };
        let why = format!("--quiet shows nothing and --live {live} does; give one of them\n");
        Err(clap::Error::raw(ErrorKind::ArgumentConflict, why))
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Send a load, time every response and receipt, account for every message, write a run folder.
    Run(Box<RunArgs>),
    /// Test a gateway: our ESME in front of it, our SMSC behind it, and books of both sides.
    Through(Box<ThroughArgs>),
    /// Find a limit: the highest rate that keeps an objective, the window, or the number of binds.
    Find(Box<FindArgs>),
    /// Run the built-in SMSC simulator on its own.
    Smsc(SmscArgs),
    /// Hold one session by hand and print every PDU sent and received, field by field.
    Dial(Box<DialArgs>),
    /// Decode PDUs: field by field on a terminal, else one JSON line each.
    Decode(DecodeArgs),
    /// Examine an SMSC or an ESME against SMPP v3.4, case by case.
    Conform(Box<ConformArgs>),
    /// Resolve a profile and print the plan; send nothing.
    Check(Box<CheckArgs>),
    /// Convert a saved run to another format.
    Render(RenderArgs),
    /// Compare saved runs of a candidate with a base (exits 0 whatever the result; with --gate also 4 or 5).
    Compare(CompareArgs),
    /// Print the JSON Schema of a result or of a profile.
    Schema(SchemaArgs),
    /// Explain a key, a metric, a command_status, a word of a report or an exit code.
    Explain(ExplainArgs),
    /// Write a commented profile to begin with.
    Init(Box<InitArgs>),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print the man page of the program or of one command.
    Man(ManArgs),
    /// Measure two variants alternately or simultaneously, and compare B with A.
    Duel(Box<DuelArgs>),
    /// Run an agent: wait for work over NATS, send its share of the load, report.
    Agent(AgentArgs),
    /// Check saved runs against gates, absolute or relative to a baseline.
    Gate(GateArgs),
    /// Run a profile N times and save the figures and their run-to-run variation as a baseline.
    Calibrate(Box<CalibrateArgs>),
    /// Measure the highest rate and the pacing accuracy of this host (about 20 s) and save them; later runs are shown as a
    /// share of that rate.
    Selfcheck(SelfcheckArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Verb::Run(Box::default())
    }
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct RunArgs {
    /// Print the built-in profiles and what each is for, and send nothing.
    #[arg(long)]
    pub(super) list: bool,
    /// Print every table and note at the end instead of the brief summary (at most 20 lines on a terminal).
    #[arg(long, conflicts_with = "json")]
    pub(super) verbose: bool,
    /// A gate of this run, such as 'response.p99 < 100ms'. May be repeated.
    #[arg(long, value_name = "METRIC RELATION LIMIT")]
    pub(super) gate: Vec<String>,
    /// Saved runs, or a baseline file, for gates such as 'response.p99 <= baseline + 5%'.
    #[arg(long, value_name = "RESULT", num_args = 1..)]
    pub(super) baseline: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) load: LoadArgs,
    #[command(flatten)]
    pub(super) fleet: FleetArgs,
}

/// Arguments of `through`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ThroughArgs {
    /// Print every table and note at the end instead of the brief summary (at most 20 lines on a terminal).
    #[arg(long, conflicts_with = "json")]
    pub(super) verbose: bool,
    /// A gate of this run, such as 'through.forward.p99 < 50ms' or 'ratio.lost_inside = 0'. May be repeated.
    #[arg(long, value_name = "METRIC RELATION LIMIT")]
    pub(super) gate: Vec<String>,
    /// Saved runs through a gateway, for gates such as 'through.forward.p99 <= baseline + 5%'.
    #[arg(long, value_name = "RESULT", num_args = 1..)]
    pub(super) baseline: Vec<PathBuf>,
    /// Measure what the gateway adds: run the load directly, to a simulator that behaves as [upstream], and through the
    /// gateway, in turns, and compare. Gates and events are left out.
    #[arg(long, conflicts_with_all = ["baseline", "gate", "verbose"])]
    pub(super) overhead: bool,
    /// With --overhead: number of runs of each side (default: 6).
    #[arg(long, value_name = "N", requires = "overhead", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) blocks: Option<u32>,
    /// With --overhead: smallest relevant change, 5% or receipt.p50=2% for one metric. May be repeated.
    #[arg(long, value_name = "[METRIC=]PERCENT", requires = "overhead")]
    pub(super) min_effect: Vec<String>,
    /// With --overhead: metrics that decide the verdict, separated by commas.
    #[arg(long, value_name = "METRICS", value_delimiter = ',', requires = "overhead")]
    pub(super) primary: Vec<String>,
    #[command(flatten)]
    pub(super) load: LoadArgs,
}

/// Printed below the flags of `smsc`.
const SMSC_HELP: &str = "\
Commands on standard input, one a line: mo FROM TO TEXT, receipt ID STATE, fault KIND one|all, tally, help,
quit (ends it as SIGINT does). The simulator keeps running when standard input ends.";

/// Arguments of `smsc`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SMSC_HELP)]
pub(super) struct SmscArgs {
    /// Address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2775")]
    pub(super) listen: std::net::SocketAddr,
    /// Behaviour of the simulator (TOML). Default: accept every message at once.
    #[arg(long, value_name = "FILE.toml")]
    pub(super) behaviour: Option<PathBuf>,
    /// File for the tally, written each second and at the end.
    #[arg(long, value_name = "FILE.json")]
    pub(super) tally: Option<PathBuf>,
    /// Log binds, refusals, ends of sessions, faults and, every second, totals on stderr; on by default on a terminal.
    #[arg(long, value_enum, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "on")]
    pub(super) log: Option<EventLog>,
}

/// Whether the simulator logs what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EventLog {
    /// Nothing is logged.
    Off,
    /// Everything is logged.
    On,
}

impl SmscArgs {
    /// Whether it logs what happens.
    pub(super) fn logs(&self) -> bool {
        self.log.map_or_else(|| std::io::stderr().is_terminal(), |log| log == EventLog::On)
    }
}

/// Printed below the flags of `dial`.
const DIAL_HELP: &str = "\
PDUs are sent one at a time: the next after the response to the last. Of the overrides, those of the target, of
the account and of the message have an effect, those of the load have none: dial opens one session and sends its
message once. Without --from, --to, --text or --send it binds and unbinds; with --wait it listens in between. The password
is shown as ***, whatever its length.

Exit codes: 0 all sent and answered, whatever the responses (they are the result) · 1 a response or a requested
receipt is missing, or a receipt matches only under another receipts.id_mode than the configured one · 2 usage, or
refused by the guard · 3 could not connect or bind · 6 session lost, or foreign traffic received · 130 interrupted";

/// Arguments of `dial`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = DIAL_HELP)]
pub(super) struct DialArgs {
    /// How to send a text that is too long for one submit_sm: udh8, udh16, sar, payload, reject.
    #[arg(long, value_name = "WAY")]
    pub(super) long: Option<String>,
    /// TLV of a submit_sm, by name, or by number with int1:, int2:, int4:, text:, cstring: or hex: before the value. May be
    /// repeated.
    #[arg(long, value_name = "NAME_OR_TAG=VALUE")]
    pub(super) tlv: Vec<String>,
    /// Octets to send unchanged, with their own sequence_number. May be repeated.
    #[arg(long, value_name = "HEX")]
    pub(super) send: Vec<String>,
    /// How long to wait for receipts (default: --receipt-deadline); if no receipt was requested, how long to listen.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) wait: Option<std::time::Duration>,
    /// Print one JSON line a PDU, as `decode` does, with direction and time.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the octets of each PDU too.
    #[arg(long)]
    pub(super) hex: bool,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
}

/// Arguments of `decode`.
#[derive(Args, Clone, Debug)]
pub(super) struct DecodeArgs {
    /// Hex, `-` for hex lines on standard input, or a .pcap/.pcapng file. Hex may have any separators, and may be a
    /// list of 0x.., C or Python escapes, or a dump of hexdump, xxd or Wireshark.
    #[arg(default_value = "-")]
    pub(super) input: String,
    /// Print JSON lines on a terminal too.
    #[arg(long)]
    pub(super) json: bool,
    /// Show addresses and texts instead of masking them. Passwords are never shown.
    #[arg(long)]
    pub(super) show_content: bool,
}

/// Arguments of `render`.
#[derive(Args, Clone, Debug)]
pub(super) struct RenderArgs {
    /// Run folders or their result.json; several only for formats that overlay runs.
    #[arg(required = true, value_name = "RESULT")]
    pub(super) results: Vec<PathBuf>,
    /// Output format; without it, the brief summary (at most 20 lines on a terminal) that `run` ends with.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(report::FORMATS.map(|f| f.name)))]
    pub(super) format: Option<String>,
    /// Print every table and note instead of the brief summary (at most 20 lines on a terminal); the same as --format text.
    #[arg(long, conflicts_with = "format")]
    pub(super) verbose: bool,
    /// Output file, written completely or not at all (default: standard output).
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Arguments of `compare`.
#[derive(Args, Clone, Debug)]
pub(super) struct CompareArgs {
    /// Runs of the base: folders or their result.json, or one baseline file. result.json alone lacks the per-second
    /// distributions in latency.hlog; name the folder to use them. Without --with, two runs: base and candidate.
    #[arg(required = true, value_name = "BASE")]
    pub(super) base: Vec<PathBuf>,
    /// Runs of the candidate.
    #[arg(long = "with", num_args = 1.., value_name = "CAND")]
    pub(super) candidate: Vec<PathBuf>,
    /// Compare run with run, in the order given; both sides must have been measured at the same time. With one run on
    /// each side, compare second by second.
    #[arg(long)]
    pub(super) paired: bool,
    /// Smallest relevant change: 5%, or response.p99=10% for one metric. May be repeated.
    #[arg(long, value_name = "[METRIC=]PERCENT")]
    pub(super) min_effect: Vec<String>,
    /// Metrics that decide the verdict, separated by commas.
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub(super) primary: Vec<String>,
    /// Exit 5 if the candidate is worse, 4 if the result is inconclusive.
    #[arg(long)]
    pub(super) gate: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: CompareFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,
    /// Output file, written completely or not at all (default: standard output).
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

impl CompareArgs {
    /// The runs of both sides. None: there is no candidate.
    pub(super) fn sides(&self) -> Option<(&[PathBuf], &[PathBuf])> {
        match (&self.base[..], &self.candidate[..]) {
            ([base, candidate], []) => Some((slice::from_ref(base), slice::from_ref(candidate))),
            (_, []) => None,
            (base, candidate) => Some((base, candidate)),
        }
    }
}

/// Formats of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// A table for a terminal.
    #[default]
    Text,
    /// smppbench.comparison/1.
    Json,
    /// Markdown for GitHub.
    Markdown,
    /// A page with ratios, their intervals, and the distributions of both sides.
    Html,
}

/// Arguments of `schema`.
#[derive(Args, Clone, Debug)]
pub(super) struct SchemaArgs {
    /// Schema to print.
    pub(super) of: SchemaOf,
}

/// Documents that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// result.json.
    Result,
    /// A profile: its TOML as JSON.
    Profile,
    /// conform.json.
    Conform,
    /// What `conform compare --json` prints.
    ConformComparison,
}

/// Arguments of `explain`.
#[derive(Args, Clone, Debug)]
pub(super) struct ExplainArgs {
    /// A key (binds.window), a metric (response.p99), a status (0x58, ESME_RTHROTTLED), a word of a report (planted), or
    /// `exit` and a code.
    #[arg(required = true, value_name = "KEY|METRIC|STATUS|WORD|exit CODE")]
    pub(super) what: Vec<String>,
}

/// Arguments of `completions`.
#[derive(Args, Clone, Debug)]
pub(super) struct CompletionsArgs {
    /// Shell to complete in.
    pub(super) shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args, Clone, Debug)]
pub(super) struct ManArgs {
    /// Command to describe (default: the program).
    pub(super) command: Option<String>,
}

/// Arguments of `selfcheck`.
#[derive(Args, Clone, Debug)]
pub(super) struct SelfcheckArgs {
    /// Print the result as JSON on standard output, and nothing else there.
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CheckArgs {
    /// Profile: a TOML file or the name of a built-in one (default: quick).
    pub(super) profile: Option<PathBuf>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
}
