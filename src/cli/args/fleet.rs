//! Arguments of whoever leads a fleet, and of its agents.
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How NATS is reached. Credentials come from a file or the environment, never from a flag.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct NatsArgs {
    /// Agents and their lead are of one group.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(in crate::cli) group: String,
    /// File with the credentials for NATS: user:password, or a token. Without it, SMPPBENCH_NATS_USER and
    /// SMPPBENCH_NATS_PASSWORD, or SMPPBENCH_NATS_TOKEN, where they are set.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) nats_auth: Option<PathBuf>,
    /// CA to trust beside the system's (PEM); NATS must then speak TLS, as with a tls:// URL.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) nats_ca: Option<PathBuf>,
    /// Our certificate for NATS (PEM).
    #[arg(long, value_name = "FILE", requires = "nats_key")]
    pub(in crate::cli) nats_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "nats_cert")]
    pub(in crate::cli) nats_key: Option<PathBuf>,
}

/// Leading a fleet.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Many machines (see `smppbench agent`)")]
pub(in crate::cli) struct FleetArgs {
    /// Lead agents over this NATS server instead of sending from here; several with commas between.
    #[arg(long, value_name = "URL", requires = "agents")]
    pub(in crate::cli) nats: Option<String>,
    /// So many agents: each runs its share of the binds and of the one schedule.
    #[arg(long, value_name = "N", requires = "nats", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(in crate::cli) agents: Option<u32>,
    /// Agents must have come within this.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(in crate::cli) agents_timeout: Duration,
    #[command(flatten)]
    pub(in crate::cli) access: NatsArgs,
}

/// Said below the flags of `agent`.
const AGENT_HELP: &str = "\
One load machine of a fleet. It waits for `smppbench run|find|duel ... --nats URL --agents N` of its group, runs its
share of the plan, reports each second, and waits again. Passwords do not travel: where the profile says password_env
or password_file, the agent reads its own; certificate files likewise. SIGINT or SIGTERM drains and ends it, a second
one ends it at once.

Exit codes: 0 told to go · 2 usage · 3 no NATS, or not let in · 130 stopped at once";

/// What follows `agent`.
#[derive(Args, Clone, Debug)]
#[command(after_help = AGENT_HELP)]
pub(in crate::cli) struct AgentArgs {
    /// The NATS server; several with commas between.
    #[arg(long, value_name = "URL", required = true)]
    pub(in crate::cli) nats: String,
    /// Its name in reports (default: the host's, and the process's number).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) name: Option<String>,
    /// A target beside loopback that it may be pointed at. May be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    pub(in crate::cli) allow_target: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) access: NatsArgs,
}
