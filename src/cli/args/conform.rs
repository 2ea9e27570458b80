//! The arguments of `conform` as typed.
use super::error::ArgError;
use super::overrides::OverrideArgs;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Printed below the flags of `conform`.
const CONFORM_HELP: &str = "\
smsc     connects to an SMSC (default: the embedded simulator) and binds as the profile says.
esme     listens on --listen, and examines the ESME that connects and binds.
compare  says what changed from the result A to the result B (folders, or their conform.json); it runs nothing.

Each case is one clause of SMPP v3.4, judged on the octets of the wire. Cases that may disturb a live session or account
need --disturb; against the embedded simulator they always run. At most 200 submit_sm are sent in all, 5 a second off
loopback. conform.json, a page to sign (report.html, summary.md), junit.xml and a capture of each case are saved.

Exit codes: 0 done, whatever was found · 2 usage, or refused by the guard · 3 three connections in a row were lost, or
the bind of the profile was refused · 5 with --expect, an outcome is not the expected one · 6 foreign traffic received ·
130 interrupted. What was found so far is reported in every case";

/// The side that is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ConformWhat {
    /// An SMSC.
    Smsc,
    /// An ESME.
    Esme,
    /// Two saved results: what changed from A to B.
    Compare,
}

/// Levels of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ConformLevel {
    /// What the specification requires.
    Must,
    /// That, and what it recommends.
    Should,
    /// That, and where it is silent and peers differ.
    #[default]
    All,
}

/// Timers of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum PeerTimer {
    /// From connect to bind.
    SessionInit,
    /// Idle time after which it sends enquire_link.
    EnquireLink,
    /// Idle time after which it drops the session.
    Inactivity,
    /// How long it waits for the answer to its own request.
    Response,
}

fn timer(text: &str) -> Result<(PeerTimer, std::time::Duration), ArgError> {
    let wrong = || ArgError::PeerTimer(text.to_owned());
    let (name, time) = text.split_once('=').ok_or_else(wrong)?;
    let timer = match name {
        "session_init" => PeerTimer::SessionInit,
        "enquire_link" => PeerTimer::EnquireLink,
        "inactivity" => PeerTimer::Inactivity,
        "response" => PeerTimer::Response,
        _ => return Err(wrong()),
    };
    humantime::parse_duration(time).map(|time| (timer, time)).map_err(|_| wrong())
}

/// Arguments of `conform`.
#[derive(Args, Clone, Debug)]
#[command(after_help = CONFORM_HELP)]
pub(in crate::cli) struct ConformArgs {
    /// Side to examine.
    #[arg(value_enum)]
    pub(in crate::cli) what: ConformWhat,
    /// Profile: a TOML file or the name of a built-in one (default: the embedded simulator that answers at once). With
    /// `compare`: the earlier result and the later one.
    #[arg(value_name = "PROFILE | A B", num_args = 0..=2)]
    pub(in crate::cli) named: Vec<PathBuf>,
    /// Address to listen on for the ESME.
    #[arg(long, value_name = "ADDR", required_if_eq("what", "esme"))]
    pub(in crate::cli) listen: Option<SocketAddr>,
    /// Case to run: an id, or a pattern such as '4.4*'. May be repeated.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) case: Vec<String>,
    /// Case to leave out: an id, or a pattern. May be repeated.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) skip: Vec<String>,
    /// Weakest level to run.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) level: ConformLevel,
    /// Tag of the cases to run, such as receipts. May be repeated.
    #[arg(long, value_name = "TAG")]
    pub(in crate::cli) tag: Vec<String>,
    /// Run the cases too that may disturb a live session or account: wrong passwords, octets that are not SMPP.
    #[arg(long)]
    pub(in crate::cli) disturb: bool,
    /// Print the cases and what they cost, and send nothing.
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Known deviations of the peer: exit 5 where an outcome is not the expected one.
    #[arg(long, value_name = "FILE.toml")]
    pub(in crate::cli) expect: Option<PathBuf>,
    /// Write the outcomes of this run as expectations; reasons that --expect gives are kept.
    #[arg(long, value_name = "FILE.toml")]
    pub(in crate::cli) write_expected: Option<PathBuf>,
    /// Timer that the peer is said to have: session_init, enquire_link, inactivity or response, such as inactivity=60s. Its
    /// cases wait for it. May be repeated.
    #[arg(long, value_name = "TIMER=TIME", value_parser = timer)]
    pub(in crate::cli) timer: Vec<(PeerTimer, std::time::Duration)>,
    /// Maximum time of a case, without the wait for a receipt or for an ESME.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(in crate::cli) case_time: std::time::Duration,
    /// Folder for the results (default: a new one below reports/). Files of an earlier run in it are replaced.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Print the result as JSON on standard output, and nothing else there.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    #[command(flatten)]
    pub(in crate::cli) overrides: OverrideArgs,
}
