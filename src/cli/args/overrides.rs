//! Flags of every verb that opens sessions: target, account, load.
use super::error::ArgError;
use super::message::MessageArgs;
use crate::plan::Overrides;
use clap::Args;

/// The overrides that run, find, duel, dial and check share.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Overrides (flag over --set over profile over default)")]
pub(in crate::cli) struct OverrideArgs {
    /// SMSC to test. Off loopback, also give --allow-target and --max-messages.
    #[arg(long, value_name = "HOST:PORT|embedded")]
    target: Option<String>,
    /// Use TLS, and verify certificates.
    #[arg(long)]
    tls: bool,
    /// CA to trust instead of the system's (PEM).
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<String>,
    /// system_id of the bind.
    #[arg(long, value_name = "S")]
    system_id: Option<String>,
    /// Environment variable with the password.
    #[arg(long, value_name = "VAR")]
    password_env: Option<String>,
    /// File with the password in its first line.
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
    /// Bind type: transceiver, transmitter, receiver, or pair (a transmitter and a receiver).
    #[arg(long, value_name = "TYPE")]
    bind_type: Option<String>,
    /// Number of sessions of each account (with pair: of pairs).
    #[arg(long, value_name = "N")]
    binds: Option<usize>,
    /// Maximum number of submit_sm in flight per session.
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    /// Rate in submit_sm a second: 5000, 5k, 90/min; max for a closed loop.
    #[arg(long, value_name = "R")]
    rate: Option<String>,
    /// Measured time, such as 30s.
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// Warm-up before the measured time; 0s for none.
    #[arg(long, value_name = "TIME")]
    warmup: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) message: MessageArgs,
    /// Request delivery receipts.
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    receipts: Option<bool>,
    /// Time after which a receipt counts as missing.
    #[arg(long, value_name = "TIME")]
    receipt_deadline: Option<String>,
    /// Number of worker threads.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Seed of the schedule, the destinations and the simulator.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Value of any key of the profile: dotted.key=value. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Target off loopback to allow; give the same as --target. May be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    allow_target: Vec<String>,
    /// Maximum number of submit_sm.
    #[arg(long, value_name = "N")]
    max_messages: Option<u64>,
    /// Allow events of the profile to run commands on this machine (do = "exec").
    #[arg(long)]
    allow_exec: bool,
}

fn on_off(text: &str) -> Result<bool, ArgError> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(ArgError::OnOff(other.to_owned())),
    }
}

impl OverrideArgs {
    /// The flags as `plan` takes them.
    pub(in crate::cli) fn overrides(&self) -> Overrides {
        let typed = self.clone();
        Overrides {
            target: typed.target,
            tls: typed.tls,
            tls_ca: typed.tls_ca,
            system_id: typed.system_id,
            password_env: typed.password_env,
            password_file: typed.password_file,
            bind_type: typed.bind_type,
            binds: typed.binds,
            window: typed.window,
            rate: typed.rate,
            duration: typed.duration,
            warmup: typed.warmup,
            message: typed.message.overrides(),
            receipts: typed.receipts,
            receipt_deadline: typed.receipt_deadline,
            workers: typed.workers,
            seed: typed.seed,
            set: typed.set,
            allow_target: typed.allow_target,
            max_messages: typed.max_messages,
            allow_exec: typed.allow_exec,
            metrics: None,
            metrics_allow_remote: false,
            gates: Vec::new(),
        }
    }
}
