//! What follows `init`.
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The flags of `init`: what is not given is asked for on a terminal, and elsewhere has its default.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct InitArgs {
    /// The provider to begin with: its bind type, limits, numbering and id spelling.
    #[arg(long, value_enum, default_value_t, value_name = "PROVIDER")]
    pub(in crate::cli) from: Provider,
    /// File to write; one that exists is left alone.
    #[arg(long, value_name = "FILE", default_value = "smppbench.toml")]
    pub(in crate::cli) output: PathBuf,
    /// Bind once, send one message, wait for its receipt, and report what was seen. The profile is written all the same.
    #[arg(long)]
    pub(in crate::cli) check: bool,
    /// SMSC to test; `embedded` is the simulator in this process.
    #[arg(long, value_name = "HOST:PORT|embedded")]
    pub(in crate::cli) target: Option<String>,
    /// The target again, where it is not loopback: without it the profile sends nothing yet.
    #[arg(long, value_name = "HOST:PORT")]
    pub(in crate::cli) allow_target: Option<String>,
    /// Maximum number of submit_sm of a run; needed where the target is not loopback.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_messages: Option<u64>,
    /// Speak TLS; certificates are verified.
    #[arg(long)]
    pub(in crate::cli) tls: bool,
    /// The account's system_id.
    #[arg(long, value_name = "S")]
    pub(in crate::cli) system_id: Option<String>,
    /// Environment variable that holds the password.
    #[arg(long, value_name = "VAR")]
    pub(in crate::cli) password_env: Option<String>,
    /// Bind type: transceiver, transmitter, receiver, or pair (a transmitter and a receiver).
    #[arg(long, value_name = "TYPE")]
    pub(in crate::cli) bind_type: Option<String>,
    /// Number of sessions.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) binds: Option<u64>,
    /// Maximum number of submit_sm in flight on a session.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) window: Option<u64>,
    /// Rate in submit_sm a second.
    #[arg(long, value_name = "R")]
    pub(in crate::cli) rate: Option<String>,
    /// Measured time, such as 30s.
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) duration: Option<String>,
    /// Whether to ask for receipts: on or off.
    #[arg(long, value_name = "on|off")]
    pub(in crate::cli) receipts: Option<String>,
    /// A gate, such as 'response.p99 < 100ms'. May be repeated.
    #[arg(long, value_name = "METRIC RELATION LIMIT")]
    pub(in crate::cli) gate: Vec<String>,
}

/// Provider whose documented settings a profile begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Provider {
    /// Any SMSC.
    #[default]
    Generic,
    /// OpenMarket's v4 SMPP Global SMS.
    Openmarket,
    /// Vonage (Nexmo).
    Vonage,
    /// Infobip.
    Infobip,
    /// Sinch.
    Sinch,
}
