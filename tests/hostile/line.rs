//! One socket of a scripted SMSC, plain or under TLS. Reads and writes end by themselves.
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_rustls::rustls::{ServerConfig, ServerConnection};

/// A read looks so often whether it is still wanted.
const READ_LOOK: Duration = Duration::from_millis(25);
/// A write that the other end does not take is given up after so long.
const WRITE_MAX: Duration = Duration::from_secs(3);

pub(crate) struct Line {
    /// None: reset, or closed.
    stream: Mutex<Option<Arc<TcpStream>>>,
    tls: Option<Mutex<ServerConnection>>,
    /// One write at a time.
    writing: Mutex<()>,
    shut: AtomicBool,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Line {
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(READ_LOOK));
        let _ = stream.set_write_timeout(Some(WRITE_MAX));
        Line {
            stream: Mutex::new(Some(Arc::new(stream))),
            tls: tls.map(|config| Mutex::new(ServerConnection::new(config).unwrap())),
            writing: Mutex::default(),
            shut: AtomicBool::new(false),
        }
    }

    pub(crate) fn stream(&self) -> Option<Arc<TcpStream>> {
        self.stream.lock().unwrap().clone()
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::SeqCst)
    }

    /// Reads at most so many octets, or nothing for a moment. False: it is over.
    pub(crate) fn read(&self, into: &mut Vec<u8>, most: usize) -> bool {
        let Some(stream) = self.stream() else { return false };
        let mut buffer = vec![0; most];
        // not within TLS's lock: whoever writes must not wait for what is not there yet
        let came = (&*stream).read(&mut buffer);
        match (came, &self.tls) {
            (Ok(0), _) => false,
            (Ok(octets), None) => {
                into.extend_from_slice(&buffer[..octets]);
                true
            }
            (Ok(octets), Some(tls)) => {
                opened(&mut tls.lock().unwrap(), &stream, &buffer[..octets], into)
            }
            (Err(e), _) => {
                matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && !self.is_shut()
            }
        }
    }

    /// False: nobody takes it.
    pub(crate) fn write(&self, octets: &[u8]) -> bool {
        let Some(stream) = self.stream() else { return false };
        let _one = self.writing.lock().unwrap();
        match &self.tls {
            None => (&*stream).write_all(octets).is_ok(),
            Some(tls) => {
                let mut tls = tls.lock().unwrap();
                tls.writer().write_all(octets).is_ok() && flush(&mut tls, &stream)
            }
        }
    }

    /// Writes beneath TLS.
    pub(crate) fn write_raw(&self, octets: &[u8]) -> bool {
        self.stream().is_some_and(|stream| (&*stream).write_all(octets).is_ok())
    }

    /// TLS's goodbye, and the connection stays.
    pub(crate) fn close_notify(&self) {
        if let (Some(tls), Some(stream)) = (&self.tls, self.stream()) {
            let mut tls = tls.lock().unwrap();
            tls.send_close_notify();
            flush(&mut tls, &stream);
        }
    }

    /// FIN; beneath TLS, without its goodbye.
    pub(crate) fn half_close(&self) {
        if let Some(stream) = self.stream() {
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    /// RST, as soon as nobody reads.
    pub(crate) fn reset(&self) {
        if let Some(stream) = self.stream.lock().unwrap().take() {
            let _ = SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
        }
        self.shut.store(true, Ordering::SeqCst);
    }

    /// Both directions end now, whoever reads.
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
        if let Some(stream) = self.stream() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whoever served it is done.
    pub(crate) fn close(&self) {
        self.shut.store(true, Ordering::SeqCst);
        if let Some(stream) = self.stream.lock().unwrap().take() {
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}

/// Takes octets in from beneath TLS. False: it is over.
fn opened(
    tls: &mut ServerConnection,
    stream: &TcpStream,
    mut octets: &[u8],
    into: &mut Vec<u8>,
) -> bool {
    while !octets.is_empty() {
        let taken = tls.read_tls(&mut octets).is_ok_and(|n| n > 0);
        let Ok(state) = tls.process_new_packets() else {
            // the alert that says why
            flush(tls, stream);
            return false;
        };
        let plain = state.plaintext_bytes_to_read();
        let from = into.len();
        into.resize(from + plain, 0);
        if plain > 0 && tls.reader().read_exact(&mut into[from..]).is_err() {
            return false;
        }
        if !taken || state.peer_has_closed() {
            return false;
        }
    }
    flush(tls, stream)
}

fn flush(tls: &mut ServerConnection, mut stream: &TcpStream) -> bool {
    while tls.wants_write() {
        if tls.write_tls(&mut stream).is_err() {
            return false;
        }
    }
    true
}
