//! The arguments as typed. What they mean is `plan`'s business: here they only become `Overrides`.
mod decide;
mod error;
mod find;
mod fleet;
mod init;
mod keep;
mod load;
mod overrides;

use crate::plan::{Overrides, Source};
use crate::report;
pub(super) use decide::{CalibrateArgs, DuelArgs, GateArgs};
pub(super) use find::{FindArgs, FindWhat};
#[cfg(feature = "nats")]
pub(super) use fleet::NatsArgs;
pub(super) use fleet::{AgentArgs, FleetArgs};
pub(super) use init::{From, InitArgs};
pub(super) use keep::{KeepArgs, Live};
use load::LoadArgs;
use overrides::OverrideArgs;

use clap::{Args, Parser, Subcommand, ValueEnum};
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

/// One verb each.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Measure: offer a load, time every answer and receipt, balance the books, write a run folder.
    Run(Box<RunArgs>),
    /// Find a limit: the highest rate that keeps an objective, the window, the number of binds.
    Find(Box<FindArgs>),
    /// The simulator on its own: an SMSC to test clients and this tool against.
    Smsc(SmscArgs),
    /// Hold one session by hand: every PDU sent and received, field by field.
    Dial(Box<DialArgs>),
    /// Say what PDUs mean: field by field on a terminal, else one JSON line each.
    Decode(DecodeArgs),
    /// Resolve a profile and print the plan; sends nothing.
    Check(Box<CheckArgs>),
    /// Any format of a run, made again from its folder.
    Render(RenderArgs),
    /// Is the candidate better or worse than the base? Runs of either side; exit 0 whatever it says.
    Compare(CompareArgs),
    /// The JSON Schema of a result or of a profile.
    Schema(SchemaArgs),
    /// Explain a key, a metric, a command_status or an exit code.
    Explain(ExplainArgs),
    /// Write a commented profile to begin with.
    Init(Box<InitArgs>),
    /// Completions for a shell.
    Completions(CompletionsArgs),
    /// The man page, of the whole or of one command.
    Man(ManArgs),
    /// Two sides in the same run, in turns or at once: is B better or worse than A?
    Duel(Box<DuelArgs>),
    /// One load machine of a fleet: waits for work over NATS, does its share, reports.
    Agent(AgentArgs),
    /// Hold saved runs to gates, absolute and against a baseline.
    Gate(GateArgs),
    /// Run the same N times: how much each figure differs by itself, kept as a baseline.
    Calibrate(Box<CalibrateArgs>),
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
    /// Print the built-in profiles and what each is for, and send nothing.
    #[arg(long)]
    pub(super) list: bool,
    /// A gate of this run, such as 'response.p99 < 100ms'. May be repeated.
    #[arg(long, value_name = "METRIC<LIMIT")]
    gate: Vec<String>,
    /// Saved runs, or a baseline file, for gates such as 'response.p99 <= baseline + 5%'.
    #[arg(long, value_name = "RESULT", num_args = 1..)]
    pub(super) baseline: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) load: LoadArgs,
    #[command(flatten)]
    pub(super) fleet: FleetArgs,
}

impl RunArgs {
    /// Where the profile comes from, and what goes over it.
    pub(super) fn source(&self) -> (Source, Overrides) {
        let (source, overrides) = self.load.source();
        (source, Overrides { gates: self.gate.clone(), ..overrides })
    }
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

/// Said below the flags of `dial`.
const DIAL_HELP: &str = "\
What is said goes one at a time: the next PDU when the last is answered. Of the overrides, those that say who
binds where count; the load's do not: dial opens one session and sends what its flags say, each once. Without
--from, --to, --text or --send it binds and unbinds; with --wait it listens in between. The password is shown
as ***, and so is its length.

Exit codes: 0 said and answered, whatever the answer (the answer is the result) · 1 an answer or a receipt
that was asked for did not come, or matches by another receipts.id_mode only · 2 usage, or refused by the
guard · 3 could not connect or bind · 6 the session was lost, or foreign traffic came · 130 interrupted";

/// What follows `dial`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = DIAL_HELP)]
pub(super) struct DialArgs {
    /// source_addr of a submit_sm.
    #[arg(long, value_name = "ADDR")]
    pub(super) from: Option<String>,
    /// destination_addr of a submit_sm; without it, an unassigned number.
    #[arg(long, value_name = "ADDR")]
    pub(super) to: Option<String>,
    /// Text of a submit_sm, with placeholders as in a profile; hex where the coding is binary.
    #[arg(long)]
    pub(super) text: Option<String>,
    /// gsm, latin1, ascii, ucs2, binary, or a data_coding; without it, what the text needs.
    #[arg(long)]
    pub(super) coding: Option<String>,
    /// How a text that does not fit is sent: udh8, udh16, sar, payload, reject.
    #[arg(long, value_name = "WAY")]
    pub(super) long: Option<String>,
    /// TLV of a submit_sm: its name, or a number and int1:, int2:, int4:, text:, cstring: or hex: before the value.
    #[arg(long, value_name = "NAME_OR_TAG=VALUE")]
    pub(super) tlv: Vec<String>,
    /// Octets to send as they are, sequence_number and all. May be repeated.
    #[arg(long, value_name = "HEX")]
    pub(super) send: Vec<String>,
    /// Await receipts so long (without it: --receipt-deadline); where none is due, listen so long.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) wait: Option<std::time::Duration>,
    /// One JSON line a PDU, as `decode` prints it, with direction and time.
    #[arg(long)]
    pub(super) json: bool,
    /// Show the octets too.
    #[arg(long)]
    pub(super) hex: bool,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
}

/// What follows `decode`.
#[derive(Args, Clone, Debug)]
pub(super) struct DecodeArgs {
    /// Hex, `-` for hex lines on standard input, or a .pcap/.pcapng file. Hex as it is pasted: with any
    /// separators, 0x.. lists, C and Python escapes, hexdump, xxd and Wireshark dumps.
    #[arg(default_value = "-")]
    pub(super) input: String,
    /// JSON lines also on a terminal.
    #[arg(long)]
    pub(super) json: bool,
    /// Show addresses and texts as they are instead of masking them; passwords are never shown.
    #[arg(long)]
    pub(super) show_content: bool,
}

/// What follows `render`.
#[derive(Args, Clone, Debug)]
pub(super) struct RenderArgs {
    /// Run folders or their result.json; several only where a format lays them over each other.
    #[arg(required = true, value_name = "RESULT")]
    pub(super) results: Vec<PathBuf>,
    /// What to make of them.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(report::FORMATS.map(|f| f.name)))]
    pub(super) format: String,
    /// Where to write it, whole or not at all (default: standard output).
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// What follows `compare`.
#[derive(Args, Clone, Debug)]
pub(super) struct CompareArgs {
    /// Runs of the base: folders, or their result.json (then without the seconds); or one baseline file. Without
    /// --with, two runs: base and candidate.
    #[arg(required = true, value_name = "BASE")]
    pub(super) base: Vec<PathBuf>,
    /// Runs of the candidate.
    #[arg(long = "with", num_args = 1.., value_name = "CAND")]
    pub(super) candidate: Vec<PathBuf>,
    /// The sides were measured at the same time: pair their runs, and of single runs the seconds.
    #[arg(long)]
    pub(super) paired: bool,
    /// Smallest change that matters: 5%, or of one metric response.p99=10%. May be repeated.
    #[arg(long, value_name = "[METRIC=]PERCENT")]
    pub(super) min_effect: Vec<String>,
    /// The metrics that make the verdict, with commas between.
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub(super) primary: Vec<String>,
    /// Exit 5 if the candidate is worse, 4 if that cannot be told.
    #[arg(long)]
    pub(super) gate: bool,
    /// What to make of it.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: CompareFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,
    /// Where to write it, whole or not at all (default: standard output).
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

/// What a comparison can be made into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// A table for a terminal.
    #[default]
    Text,
    /// smppbench.comparison/1.
    Json,
    /// A page for GitHub.
    Markdown,
    /// A page to look at: ratios with their intervals, and the distributions of both sides.
    Html,
}

/// What follows `schema`.
#[derive(Args, Clone, Debug)]
pub(super) struct SchemaArgs {
    /// Of what.
    pub(super) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// result.json.
    Result,
    /// A profile; its TOML as JSON.
    Profile,
}

/// What follows `explain`.
#[derive(Args, Clone, Debug)]
pub(super) struct ExplainArgs {
    /// A key (binds.window), a metric (response.p99), a status (0x58, ESME_RTHROTTLED), or `exit` and a code.
    #[arg(required = true, value_name = "KEY|METRIC|STATUS|exit CODE")]
    pub(super) what: Vec<String>,
}

/// What follows `completions`.
#[derive(Args, Clone, Debug)]
pub(super) struct CompletionsArgs {
    /// Of which shell.
    pub(super) shell: clap_complete::Shell,
}

/// What follows `man`.
#[derive(Args, Clone, Debug)]
pub(super) struct ManArgs {
    /// One command; without it, the whole.
    pub(super) command: Option<String>,
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
