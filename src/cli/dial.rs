//! `smppbench dial`: one session by hand. Binds, sends what the flags say, prints every PDU in both directions
//! decoded, waits for the receipts, unbinds. `dialogue` decides what is sent and what it means; here octets
//! are moved and lines are printed.
mod ask;
mod awaited;
mod dialogue;
mod show;

use super::args::DialArgs;
use super::exit::{Exit, Failure, put, talk, warn};
use crate::coordinator::Signals;
use crate::kit::{Clock, Nanos};
use crate::net::{self, DialError};
use crate::plan::{Plan, Timeouts};
use crate::smsc;
use crate::trial::client_tls;

use ask::Ask;
use bytes::BytesMut;
use dialogue::{DialOutcome, Dialogue};
use show::{PduPrinter, millis};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Longest single sleep; a later deadline is checked again after it.
const SLEEP_MAX: Nanos = Nanos::from_secs(3600);

/// Runs the verb.
pub(super) fn run(args: &DialArgs) -> Result<Exit, Failure> {
    let mut ask = ask::read(args)?;
    for warning in &ask.plan.warnings {
        warn(warning);
    }
    let mut screen = Output { json: args.json, hex: args.hex, kept: None, shown: Ok(()) };
    let ended = hold(&mut ask, &mut screen)?;
    screen.shown?;
    ended.why.map_or(Ok(ended.exit), |why| Err(Failure::Of(ended.exit, why)))
}

/// What one message showed of an SMSC.
pub(super) struct Probe {
    /// A line for each thing that was seen.
    pub(super) remarks: Vec<String>,
    /// `receipts.id_mode` by which the receipt matches, where it does not match as declared.
    pub(super) id_modes: Vec<&'static str>,
    pub(super) exit: Exit,
    /// What went wrong.
    pub(super) why: Option<String>,
}

/// Sends the first message of a plan on one session, and waits for its receipt.
///
/// # Errors
/// Where nothing could be tried.
pub(super) fn probe(plan: Plan) -> Result<Probe, Failure> {
    let mut ask = Ask::first_message(plan)?;
    // as JSON, PDUs and remarks come apart
    let mut screen = Output { json: true, hex: false, kept: Some(Vec::new()), shown: Ok(()) };
    let ended = hold(&mut ask, &mut screen)?;
    let remarks = screen.kept.unwrap_or_default();
    Ok(Probe { remarks, id_modes: ended.id_modes, exit: ended.exit, why: ended.why })
}

/// Holds the session that is asked for, with a simulator where the target is embedded.
fn hold(ask: &mut Ask, screen: &mut Output) -> Result<DialOutcome, Failure> {
    let simulator = if ask.plan.target.embedded {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = smsc::Server::start(&ask.plan.embedded, any)
            .map_err(|e| Failure::internal(format!("cannot start the simulator: {e}")))?;
        ask.plan.target.addresses = vec![server.address.to_string()];
        Some(server)
    } else {
        None
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let verdict = runtime.and_then(|runtime| runtime.block_on(session(ask, screen)));
    drop(simulator);
    verdict.map_err(Failure::internal)
}

/// Connects and holds the session.
async fn session(ask: &Ask, screen: &mut Output) -> io::Result<DialOutcome> {
    let began = Clock::now();
    let cannot = |e: String| Ok(DialOutcome::of(Exit::CannotBind, Some(e)));
    let (address, mut stream) = match connect(&ask.plan).await {
        Ok(connected) => connected,
        Err(e) => return cannot(e.to_string()),
    };
    let connected = Clock::now().since(began);
    let line = format!("connected to {} in {}", stream.peer_addr()?, millis(connected));
    screen.print("", &[line]);
    let tls = client_tls(&ask.plan.target).map_err(|e| io::Error::other(e.to_string()))?;
    let Some(tls) = tls else { return talk_on(&mut stream, ask, screen).await };
    match tls.connect(&address, stream, ask.plan.timeouts.connect).await {
        Ok((mut secured, took)) => {
            screen.print("", &[format!("TLS agreed in {}", millis(took))]);
            talk_on(secured.as_mut(), ask, screen).await
        }
        Err(e) => cannot(format!("{address}: {e}")),
    }
}

/// Holds the session on a connection, plain or not.
async fn talk_on<S>(stream: &mut S, ask: &Ask, screen: &mut Output) -> io::Result<DialOutcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let now = Clock::now();
    let show = PduPrinter {
        json: screen.json,
        hex: screen.hex,
        began: now,
        wall_at_zero: Clock::wall_ns().saturating_sub(now.0),
    };
    let dialogue = Dialogue::new(&ask.plan, ask.says.clone(), ask.wait, show, now);
    converse(stream, dialogue, screen, &ask.plan.timeouts).await
}

/// Connects to the first address that accepts a connection, with the plan's socket options.
async fn connect(plan: &Plan) -> Result<(String, TcpStream), DialError> {
    let target = &plan.target;
    let options = target.socket_options();
    let source = target.source_addresses.first().and_then(|ip| ip.parse().ok());
    let mut last = DialError::Local(io::Error::other("no target address"));
    for address in &target.addresses {
        match net::dial(address, source, &options, plan.timeouts.connect).await {
            Ok(stream) => return Ok((address.clone(), stream)),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Moves octets and prints lines until the dialogue is over.
async fn converse<S>(
    stream: &mut S,
    mut dialogue: Dialogue<'_>,
    screen: &mut Output,
    timeouts: &Timeouts,
) -> io::Result<DialOutcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut signals = Signals::listen()?;
    let mut heard = signals.count();
    let mut inbox = BytesMut::new();
    loop {
        let wake = dialogue.turn(Clock::now());
        let out = dialogue.take_out();
        let (printed, remarks) = dialogue.take_printed();
        screen.print(&printed, &remarks);
        if !out.is_empty() {
            let written = async {
                stream.write_all(&out).await?;
                stream.flush().await
            };
            match timeout(timeouts.response.into(), written).await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => dialogue.on_end(&format!("the connection failed: {e}")),
                Err(_) => dialogue.on_end("the peer does not read"),
            }
        }
        if let Some(verdict) = dialogue.over() {
            let (printed, remarks) = dialogue.take_printed();
            screen.print(&printed, &remarks);
            // the connection may have ended already, and a peer that does not read is not waited for
            let _ = timeout(timeouts.unbind.into(), stream.shutdown()).await;
            return Ok(verdict);
        }
        let pause = wake.since(Clock::now()).min(SLEEP_MAX);
        tokio::select! {
            read = stream.read_buf(&mut inbox) => match read {
                Ok(0) => dialogue.on_end("the peer closed the connection"),
                Ok(_) => dialogue.on_octets(&mut inbox, Clock::now()),
                Err(e) => dialogue.on_end(&format!("the connection failed: {e}")),
            },
            () = sleep(pause.into()) => {}
            () = signals.more_than(heard) => {
                heard += 1;
                dialogue.interrupt(Clock::now());
            }
        }
    }
}

/// Prints PDUs and remarks.
struct Output {
    json: bool,
    hex: bool,
    /// The remarks, kept and not printed; nor are PDUs then.
    kept: Option<Vec<String>>,
    /// The first failed write: the session goes on to its end without standard output.
    shown: Result<(), Failure>,
}

impl Output {
    /// PDUs go to standard output; remarks too, unless the output is JSON.
    fn print(&mut self, printed: &str, remarks: &[String]) {
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(remarks);
            return;
        }
        self.put(printed);
        for remark in remarks {
            if self.json {
                talk(remark);
            } else {
                self.put(&format!("  {remark}\n"));
            }
        }
    }

    fn put(&mut self, text: &str) {
        if self.shown.is_ok() {
            self.shown = put(text);
        }
    }
}
