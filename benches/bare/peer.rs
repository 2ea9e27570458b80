//! The other process: this bench's own binary, started again with a hidden argument. It tells its address
//! on stdout and ends when its stdin does, so it cannot outlive whoever started it.
use super::{server, wire};
use smppbench::plan::behaviour::Behaviour;
use smppbench::plan::{self, Overrides, Source};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The hidden argument; the kind of server follows.
pub const HIDDEN: &str = "--serve";

/// A server may take this long to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bare server, without receipts.
    Bare,
    /// The bare server, a receipt for every message.
    BareReceipts,
    /// The embedded simulator.
    Simulator,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Bare, Kind::BareReceipts, Kind::Simulator];

    /// The bare one.
    pub const fn bare(receipts: bool) -> Kind {
        if receipts { Kind::BareReceipts } else { Kind::Bare }
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::Bare => "bare",
            Kind::BareReceipts => "bare-receipts",
            Kind::Simulator => "simulator",
        }
    }
}

/// A server in a process of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Peer {
    /// Starts one and waits until it listens.
    pub fn start(kind: Kind) -> io::Result<Peer> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([HIDDEN, kind.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let line = child.stdout.take().map(first_line).transpose()?;
        let address = line.unwrap_or_default().trim().parse().map_err(io::Error::other)?;
        Ok(Peer { child, address })
    }

    /// Its number among the processes.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }
}

/// What a server says first.
fn first_line(stdout: ChildStdout) -> io::Result<String> {
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // nobody listens any more where it was too slow
        let _ = said.send(read.map(|_| line));
    });
    heard.recv_timeout(PATIENCE).map_err(|_| io::Error::other("the server does not listen"))?
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // it was told by the end of its stdin; what it says while it ends is nobody's
        let step = Duration::from_millis(10);
        for _ in 0..PATIENCE.as_millis() / step.as_millis() {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(step);
        }
        let _ = writeln!(io::stderr(), "a server of the bench did not end and is killed");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where this process was started as a server: serves to its end and says so.
pub fn served(arguments: &[String]) -> bool {
    let Some(at) = arguments.iter().position(|a| a == HIDDEN) else { return false };
    let named = arguments.get(at + 1).map_or("", String::as_str);
    let Some(kind) = Kind::ALL.into_iter().find(|k| k.name() == named) else { return false };
    if let Err(e) = serve(kind) {
        let _ = writeln!(io::stderr(), "the {} server: {e}", kind.name());
    }
    true
}

fn serve(kind: Kind) -> io::Result<()> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    if kind == Kind::Simulator {
        let running = smppbench::smsc::Server::start(&Behaviour::default(), any)?;
        tell(running.address)?;
        io::stdin().read_to_end(&mut Vec::new())?;
        // whoever is still connected is gone with the parent: no farewell
        std::process::exit(0);
    }
    let plan = plan::load(&Source::bare(), &Overrides::default()).map_err(io::Error::other)?;
    let submit_sm = wire::submit_sm(&plan).map_err(io::Error::other)?;
    let listener = smppbench::net::listen(any)?;
    tell(listener.local_addr()?)?;
    server::serve(listener, (kind == Kind::BareReceipts).then_some(&submit_sm[..]))
}

fn tell(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{address}")?;
    out.flush()
}
