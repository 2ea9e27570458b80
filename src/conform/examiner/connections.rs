//! The connections of a case: opened to an SMSC, or taken from an ESME.
use super::{Examiner, Trouble};
use crate::conform::line::{End, Event, Line, Stream};
use crate::conform::verdict::{Outcome, Verdict};
use crate::kit::{Clock, Nanos};
use crate::net::{self, DialError};
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

/// How long a connection is looked at to see whether the peer keeps it.
const MOMENT: Duration = Duration::from_millis(50);

/// What a connection speaks below SMPP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// TLS where the profile has it.
    AsProfiled,
    /// TCP alone.
    Plain,
}

impl Examiner {
    /// Whether the peer ended a connection of this case.
    pub(in crate::conform) fn was_ended(&self) -> bool {
        self.lines.iter().any(|line| line.ended().is_some())
    }

    /// Whether the peer accepts a connection, and keeps it for a moment. An ESME, which connects itself, is taken to be
    /// there.
    pub(in crate::conform) async fn is_reachable(&self) -> bool {
        if self.listener.is_some() {
            return true;
        }
        // a process that is ending closes what it listens on last
        sleep(MOMENT).await;
        match self.dialled(Layer::AsProfiled).await {
            Ok(stream) => match Line::new(stream).event(MOMENT).await {
                Event::Ended(End::Closed | End::Reset) => false,
                Event::Ended(_) | Event::Pdu(_) | Event::Silence => true,
            },
            Err(_) => false,
        }
    }

    /// Opens a connection, which becomes the current one.
    pub(in crate::conform) async fn connect(&mut self) -> Result<(), Verdict> {
        self.connect_on(Layer::AsProfiled).await
    }

    /// The same without TLS, whatever the profile says: what a client does that does not know of it.
    pub(in crate::conform) async fn connect_plainly(&mut self) -> Result<(), Verdict> {
        self.connect_on(Layer::Plain).await
    }

    async fn connect_on(&mut self, layer: Layer) -> Result<(), Verdict> {
        match self.dialled(layer).await {
            Ok(stream) => {
                self.lines.push(Line::new(stream));
                self.current = self.lines.len() - 1;
                Ok(())
            }
            Err(e) => {
                self.trouble = Some(Trouble::Lost(e.to_string()));
                Err(Verdict::of(Outcome::PreconditionFailed, e.to_string()))
            }
        }
    }

    async fn dialled(&self, layer: Layer) -> Result<Box<dyn Stream>, DialError> {
        let (at, wait) = (&self.settings.address, self.settings.waits.connect);
        let tls = at.tls.as_ref().filter(|_| layer == Layer::AsProfiled);
        let mut last = DialError::Local(io::Error::other("no address to connect to"));
        for address in &at.addresses {
            match net::dial(address, at.source, &at.options, wait).await {
                Ok(stream) => match tls {
                    None => return Ok(Box::new(stream)),
                    Some(tls) => match tls.connect(address, stream, wait).await {
                        Ok((secured, _)) => return Ok(secured),
                        Err(e) => last = DialError::Tls(e),
                    },
                },
                Err(e) => last = e,
            }
        }
        Err(last)
    }

    /// Makes an earlier connection of the case the current one.
    pub(in crate::conform) fn switch_to(&mut self, line: usize) {
        self.current = line.min(self.lines.len().saturating_sub(1));
    }

    /// The number of the current connection.
    pub(in crate::conform) fn current(&self) -> usize {
        self.current
    }

    /// Takes the next connection of the ESME; its bind is still to come. Where none comes for a while, a further session
    /// is closed, so that the ESME opens it again.
    pub(in crate::conform) async fn accept(&mut self) -> Result<(), Verdict> {
        let waits = self.settings.waits;
        let failed = |why: String| Verdict::of(Outcome::PreconditionFailed, why);
        let Some(listener) = &self.listener else {
            return Err(failed("the peer is not examined as an ESME".to_owned()));
        };
        let mut came = match self.further.take_arrived() {
            Some(stream) => Ok(Ok(stream)),
            None => next(listener, waits.answer.min(waits.peer)).await,
        };
        if came.is_err() {
            self.further.close_one();
            came = next(listener, waits.peer.since(waits.answer)).await;
        }
        match came {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true); // one that refuses this still works
                self.lines.push(Line::of_esme(Box::new(stream)));
                self.current = self.lines.len() - 1;
                Ok(())
            }
            Ok(Err(e)) => Err(failed(format!("no connection can be accepted: {e}"))),
            Err(_) => {
                let why = format!("no connection came within {:.0} s", waits.peer.as_secs_f64());
                self.trouble = Some(Trouble::Lost(why.clone()));
                Err(failed(why))
            }
        }
    }

    /// What comes next on the current connection. While it is a bound session of an examined ESME, further connections
    /// of that ESME are served beside it; else the next one is left for the case.
    pub(super) async fn awaited(&mut self, wait: Nanos) -> Event {
        let Examiner { listener, lines, current, further, .. } = self;
        let Some(line) = lines.get_mut(*current) else { return Event::Ended(End::Closed) };
        let serves = line.is_bound && line.ended().is_none();
        let Some(listener) = listener.as_ref().filter(|_| serves) else {
            return line.event(wait.into()).await;
        };
        let mut event = pin!(line.event(wait.into()));
        loop {
            let due = further.due();
            let pause = due.unwrap_or(Nanos::ZERO).since(Clock::now());
            tokio::select! {
                // the end of the session is seen before the connection that follows it
                biased;
                event = &mut event => return event,
                Ok((stream, _)) = listener.accept() => further.arrive(stream, Clock::now()),
                () = sleep(pause.into()), if due.is_some() => further.serve_due(),
            }
        }
    }

    /// Closes our direction of the current connection.
    pub(in crate::conform) async fn half_close(&mut self) {
        let wait = self.settings.waits.connect;
        if let Some(line) = self.lines.get_mut(self.current) {
            line.half_close(wait.into()).await;
        }
    }

    /// Drops the current connection without an unbind.
    pub(in crate::conform) fn drop_connection(&mut self) {
        if self.current < self.lines.len() {
            // a dropped line in its place keeps the numbers of the others
            self.lines[self.current] = Line::new(Box::new(tokio::io::empty()));
        }
    }

    /// The current connection.
    pub(in crate::conform) fn line(&mut self) -> Option<&mut Line> {
        self.lines.get_mut(self.current)
    }

    /// Whether a session of an examined ESME is kept.
    pub(in crate::conform) fn has_session(&self) -> bool {
        self.lines.iter().any(|line| line.is_bound && line.ended().is_none())
    }
}

/// The next connection within a time.
async fn next(listener: &TcpListener, within: Nanos) -> Result<io::Result<TcpStream>, Elapsed> {
    let accepted = timeout(Duration::from(within), listener.accept()).await?;
    Ok(accepted.map(|(stream, _)| stream))
}
