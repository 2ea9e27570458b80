//! Arguments of the verbs that lead a fleet, and of an agent.
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Connection to NATS. Credentials come from a file or the environment, never from a flag.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct NatsArgs {
    /// Group of the agents and their lead.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(in crate::cli) group: String,
    /// File with the credentials for NATS: user:password, or a token (default: SMPPBENCH_NATS_USER and
    /// SMPPBENCH_NATS_PASSWORD, or SMPPBENCH_NATS_TOKEN).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) nats_auth: Option<PathBuf>,
    /// CA to trust in addition to the system's (PEM). NATS must then use TLS, as with a tls:// URL.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) nats_ca: Option<PathBuf>,
    /// Client certificate for NATS (PEM).
    #[arg(long, value_name = "FILE", requires = "nats_key")]
    pub(in crate::cli) nats_cert: Option<PathBuf>,
    /// Key of the client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "nats_cert")]
    pub(in crate::cli) nats_key: Option<PathBuf>,
}

/// Flags of the verbs that lead a fleet.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Many machines (see `smppbench agent`)")]
pub(in crate::cli) struct FleetArgs {
    /// NATS server of the agents that send the load instead of this machine; several separated by commas.
    #[arg(long, value_name = "URL", requires = "agents")]
    pub(in crate::cli) nats: Option<String>,
    /// Number of agents; they share the binds and the schedule.
    #[arg(long, value_name = "N", requires = "nats", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(in crate::cli) agents: Option<u32>,
    /// How long to wait for the agents to join.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(in crate::cli) agents_timeout: Duration,
    #[command(flatten)]
    pub(in crate::cli) access: NatsArgs,
}

/// Printed below the flags of `agent`.
const AGENT_HELP: &str = "\
An agent waits for `smppbench run|find|duel ... --nats URL --agents N` of its group, runs its share of the plan,
reports each second, and waits again. Passwords are not sent to agents: with password_env or password_file in the
profile, the agent reads its own; certificate files likewise. SIGINT or SIGTERM drains and ends the agent, a second
one ends it at once.

Exit codes: 0 ended by a signal · 2 usage · 3 NATS not reached, or access denied · 130 ended at once by a second signal";

/// Arguments of `agent`.
#[derive(Args, Clone, Debug)]
#[command(after_help = AGENT_HELP)]
pub(in crate::cli) struct AgentArgs {
    /// NATS server; several separated by commas.
    #[arg(long, value_name = "URL", required = true)]
    pub(in crate::cli) nats: String,
    /// Name of the agent in reports (default: host name and process number).
    #[arg(long, value_name = "N")]
    pub(in crate::cli) name: Option<String>,
    /// Target off loopback to which the agent may send. May be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    pub(in crate::cli) allow_target: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) access: NatsArgs,
}
