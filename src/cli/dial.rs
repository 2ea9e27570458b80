//! `smppbench dial`: one session by hand. Binds, sends what the flags say, prints every PDU in both directions
//! decoded, waits for the receipts, unbinds. What is said and what it means is decided in `talk`; here octets
//! are moved and lines are printed.
mod ask;
mod awaited;
mod show;
mod talk;

use super::args::DialArgs;
use super::exit::{Exit, fail, put, say};
use crate::kit::{Clock, Nanos};
use crate::net::{self, DialError, SocketOptions};
use crate::plan::Plan;
use crate::smsc;
use ask::Ask;
use bytes::BytesMut;
use show::Show;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use talk::{Dialogue, Verdict};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

/// The longest sleep in one go; a later deadline is looked at again then.
const SLEEP_MAX: Nanos = Nanos::from_secs(3600);

/// Runs the verb.
pub(super) fn run(args: &DialArgs) -> Exit {
    let mut ask = match ask::read(args) {
        Ok(ask) => ask,
        Err(line) => return fail(Exit::Usage, &line),
    };
    for warning in &ask.plan.warnings {
        say(&format!("smppbench: warning: {warning}"));
    }
    let simulator = if ask.plan.target.embedded {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        match smsc::Server::start(&ask.plan.embedded, any) {
            Ok(server) => {
                ask.plan.target.addresses = vec![server.address.to_string()];
                Some(server)
            }
            Err(e) => return fail(Exit::Internal, &format!("the simulator cannot start: {e}")),
        }
    } else {
        None
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let verdict = match runtime {
        Ok(runtime) => runtime.block_on(session(&ask, args)),
        Err(e) => Err(e),
    };
    drop(simulator);
    match verdict {
        Ok(Verdict { exit, why: Some(why) }) => fail(exit, &why),
        Ok(Verdict { exit, why: None }) => exit,
        Err(e) => fail(Exit::Internal, &e.to_string()),
    }
}

/// Connects and holds the session.
async fn session(ask: &Ask, args: &DialArgs) -> io::Result<Verdict> {
    let began = Clock::now();
    let mut stream = match connect(&ask.plan).await {
        Ok(stream) => stream,
        Err(e) => return Ok(Verdict { exit: Exit::CannotBind, why: Some(e.to_string()) }),
    };
    let now = Clock::now();
    let line =
        format!("connected to {} in {}", stream.peer_addr()?, talk::millis(now.since(began)));
    print(args, "", &[line]);
    let show = Show {
        json: args.json,
        hex: args.hex,
        began: now,
        wall_at_zero: Clock::wall_ns().saturating_sub(now.0),
    };
    let dialogue = Dialogue::new(&ask.plan, ask.says.clone(), ask.wait, show, now);
    converse(&mut stream, dialogue, args, ask.plan.timeouts.response).await
}

/// The first address that connects, as the plan says how.
async fn connect(plan: &Plan) -> Result<TcpStream, DialError> {
    let target = &plan.target;
    let options = SocketOptions {
        nodelay: target.nodelay,
        send_buffer: target.send_buffer,
        receive_buffer: target.receive_buffer,
        keepalive: target.keepalive,
    };
    let source = target.source_addresses.first().and_then(|ip| ip.parse().ok());
    let mut last = DialError::Local(io::Error::other("no target address"));
    for address in &target.addresses {
        match net::dial(address, source, &options, plan.timeouts.connect).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Moves octets and prints lines until the dialogue is over.
async fn converse(
    stream: &mut TcpStream,
    mut dialogue: Dialogue<'_>,
    args: &DialArgs,
    patience: Nanos,
) -> io::Result<Verdict> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terms = signal(SignalKind::terminate())?;
    let mut inbox = BytesMut::new();
    loop {
        let wake = dialogue.turn(Clock::now());
        let out = dialogue.take_out();
        let (printed, remarks) = dialogue.take_printed();
        print(args, &printed, &remarks);
        if !out.is_empty() {
            match timeout(patience.into(), stream.write_all(&out)).await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => dialogue.on_end(&format!("the connection failed: {e}")),
                Err(_) => dialogue.on_end("the peer does not read"),
            }
        }
        if let Some(verdict) = dialogue.over() {
            let (printed, remarks) = dialogue.take_printed();
            print(args, &printed, &remarks);
            // a peer that is gone already cannot be told goodbye
            let _ = stream.shutdown().await;
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
            _ = interrupts.recv() => dialogue.interrupt(Clock::now()),
            _ = terms.recv() => dialogue.interrupt(Clock::now()),
        }
    }
}

/// PDUs are the result; remarks are talk where the result is JSON.
fn print(args: &DialArgs, printed: &str, remarks: &[String]) {
    put(printed);
    for remark in remarks {
        if args.json { say(&format!("smppbench: {remark}")) } else { put(&format!("  {remark}\n")) }
    }
}
