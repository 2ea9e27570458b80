//! A scripted SMSC on loopback: polite unless a script says otherwise. One thread a connection, every read and
//! write with a time-out, gone with its row.
use crate::line::Line;
use crate::pdus::{self, BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER, OK, RESP};
use crate::pdus::{ENQUIRE, SUBMIT, UNBIND, pdu};
use socket2::{Domain, SockRef, Socket, Type};
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio_rustls::rustls::ServerConfig;

/// What a connection does after a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Reads on.
    On,
    /// Reads nothing more, and stays open.
    Deaf,
    /// Closes.
    End,
}

/// A PDU that the program sent.
#[derive(Clone, Debug)]
pub(crate) struct Pdu {
    pub(crate) command: u32,
    pub(crate) sequence: u32,
    pub(crate) body: Vec<u8>,
}

impl Pdu {
    /// Its octets, as they came.
    pub(crate) fn octets(&self) -> Vec<u8> {
        pdu(self.command, OK, self.sequence, &self.body)
    }
}

type Deed = Arc<dyn Fn(&Arc<Conn>, &Pdu) -> Flow + Send + Sync>;
type Hello = Arc<dyn Fn(&Arc<Conn>) -> Flow + Send + Sync>;

/// What an SMSC does; [`Script::polite`] with changes.
#[derive(Clone)]
pub(crate) struct Script {
    connected: Hello,
    bind: Deed,
    submit: Deed,
    unbind: Deed,
    other: Deed,
    /// SO_RCVBUF of its sockets.
    rcvbuf: Option<usize>,
    /// Reads only the octets of the next PDU: what it is slow to read waits in TCP.
    sips: bool,
    /// Writes are cut into pieces of so many octets.
    pieces: Option<usize>,
    /// Accepts nothing: the backlog is full.
    closed: bool,
    /// The certificate of each connection, in turn; the last one stays.
    tls: Vec<Arc<ServerConfig>>,
}

impl Script {
    pub(crate) fn polite() -> Script {
        Script {
            connected: Arc::new(|_| Flow::On),
            bind: Arc::new(|c, p| c.answer(p, OK, b"smsc\0")),
            submit: Arc::new(|c, p| c.accept(p)),
            unbind: Arc::new(|c, p| c.answer(p, OK, b"")),
            other: Arc::new(
                |c, p| if p.command == ENQUIRE { c.answer(p, OK, b"") } else { Flow::On },
            ),
            rcvbuf: None,
            sips: false,
            pieces: None,
            closed: false,
            tls: Vec::new(),
        }
    }
    pub(crate) fn connected(
        mut self,
        f: impl Fn(&Arc<Conn>) -> Flow + Send + Sync + 'static,
    ) -> Self {
        self.connected = Arc::new(f);
        self
    }
    pub(crate) fn bind(
        mut self,
        f: impl Fn(&Arc<Conn>, &Pdu) -> Flow + Send + Sync + 'static,
    ) -> Self {
        self.bind = Arc::new(f);
        self
    }
    pub(crate) fn submit(
        mut self,
        f: impl Fn(&Arc<Conn>, &Pdu) -> Flow + Send + Sync + 'static,
    ) -> Self {
        self.submit = Arc::new(f);
        self
    }
    pub(crate) fn unbind(
        mut self,
        f: impl Fn(&Arc<Conn>, &Pdu) -> Flow + Send + Sync + 'static,
    ) -> Self {
        self.unbind = Arc::new(f);
        self
    }
    /// What is neither bind, submit_sm nor unbind.
    pub(crate) fn other(
        mut self,
        f: impl Fn(&Arc<Conn>, &Pdu) -> Flow + Send + Sync + 'static,
    ) -> Self {
        self.other = Arc::new(f);
        self
    }
    /// A receive buffer of so many octets.
    pub(crate) fn rcvbuf(mut self, octets: usize) -> Self {
        self.rcvbuf = Some(octets);
        self
    }
    pub(crate) fn sips(mut self) -> Self {
        self.sips = true;
        self
    }
    pub(crate) fn pieces(mut self, octets: usize) -> Self {
        self.pieces = Some(octets);
        self
    }
    /// Nobody is let in: the listener's backlog is full.
    pub(crate) fn full_backlog(mut self) -> Self {
        self.closed = true;
        self
    }
    /// Speaks TLS; with several certificates, one for each connection in turn.
    pub(crate) fn tls(mut self, configs: Vec<Arc<ServerConfig>>) -> Self {
        self.tls = configs;
        self
    }
    pub(crate) fn is_tls(&self) -> bool {
        !self.tls.is_empty()
    }
}

/// A running script.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    /// Connections that keep a backlog full.
    _held: Vec<TcpStream>,
}

/// What its connections share.
pub(crate) struct Shared {
    script: Script,
    over: AtomicBool,
    conns: Mutex<Vec<Arc<Conn>>>,
    counts: Mutex<BTreeMap<u32, u64>>,
    /// What each bind said.
    binds: Mutex<Vec<Vec<u8>>>,
    ids: AtomicU64,
    timer: Timer,
    /// The process that is tried, while it runs.
    pub(crate) pid: AtomicI32,
}

impl Peer {
    pub(crate) fn start(script: Script) -> Peer {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        if let Some(octets) = script.rcvbuf {
            socket.set_recv_buffer_size(octets).unwrap();
        }
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any.into()).unwrap();
        socket.listen(if script.closed { 0 } else { 512 }).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script,
            over: AtomicBool::new(false),
            conns: Mutex::default(),
            counts: Mutex::default(),
            binds: Mutex::default(),
            ids: AtomicU64::new(0),
            timer: Timer::default(),
            pid: AtomicI32::new(0),
        });
        let mut held = Vec::new();
        if shared.script.closed {
            // a backlog of 0 has place for one; the next ones get no answer
            held.extend((0..2).filter_map(|_| {
                TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok()
            }));
        }
        let (accepting, timing) = (shared.clone(), shared.clone());
        std::thread::spawn(move || accept(&accepting, &listener));
        std::thread::spawn(move || timing.timer.run(&timing.over));
        Peer { address, shared, _held: held }
    }

    pub(crate) fn pid(&self) -> &AtomicI32 {
        &self.shared.pid
    }

    /// What came, by name.
    pub(crate) fn figures(&self) -> serde_json::Value {
        let counts = self.shared.counts.lock().unwrap();
        let of = |command: u32| counts.get(&command).copied().unwrap_or(0);
        let binds = of(BIND_RECEIVER) + of(BIND_TRANSMITTER) + of(BIND_TRANSCEIVER);
        serde_json::json!({
            "conns": self.shared.conns.lock().unwrap().len(), "binds": binds,
            "submits": of(SUBMIT), "unbinds": of(UNBIND), "enquiries": of(ENQUIRE),
            "delivered": of(pdus::DELIVER | RESP), "nacks": of(pdus::NACK),
            "enquiry_answers": of(ENQUIRE | RESP), "unbind_answers": of(UNBIND | RESP),
        })
    }

    /// The bodies of the binds that came.
    pub(crate) fn binds(&self) -> Vec<Vec<u8>> {
        self.shared.binds.lock().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.shared.timer.bell.notify_all();
        // wakes whoever accepts
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(100));
        for conn in self.shared.conns.lock().unwrap().drain(..) {
            conn.line.shut();
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        if shared.script.closed {
            std::thread::sleep(Duration::from_secs(20));
            continue;
        }
        let mut conns = shared.conns.lock().unwrap();
        let n = conns.len();
        let configs = &shared.script.tls;
        let tls = configs.get(n).or(configs.last()).cloned();
        let conn = Arc::new(Conn {
            n,
            line: Line::new(stream, tls),
            count: AtomicU64::new(0),
            sequence: AtomicU32::new(0),
            kept: Mutex::default(),
            shared: shared.clone(),
        });
        conns.push(conn.clone());
        drop(conns);
        std::thread::spawn(move || serve(&conn));
    }
}

/// One connection, from its first PDU to its end.
fn serve(conn: &Arc<Conn>) {
    let shared = conn.shared.clone();
    let mut flow = (shared.script.connected)(conn);
    let mut held = Vec::new();
    while flow == Flow::On {
        let Some(pdu) = next(conn, &mut held) else { break };
        *shared.counts.lock().unwrap().entry(pdu.command).or_default() += 1;
        flow = match pdu.command {
            BIND_RECEIVER | BIND_TRANSMITTER | BIND_TRANSCEIVER => {
                shared.binds.lock().unwrap().push(pdu.body.clone());
                (shared.script.bind)(conn, &pdu)
            }
            SUBMIT => {
                conn.count.fetch_add(1, Ordering::SeqCst);
                (shared.script.submit)(conn, &pdu)
            }
            UNBIND => (shared.script.unbind)(conn, &pdu),
            _ => (shared.script.other)(conn, &pdu),
        };
    }
    if flow == Flow::Deaf {
        while !shared.over.load(Ordering::SeqCst) && !conn.line.is_shut() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    conn.line.close();
}

/// The next PDU; None: the connection is over.
fn next(conn: &Conn, held: &mut Vec<u8>) -> Option<Pdu> {
    loop {
        let word = |at: usize| u32::from_be_bytes(held[at..at + 4].try_into().unwrap());
        let want = if held.len() >= 4 { (word(0) as usize).max(16) } else { 16 };
        if held.len() >= want {
            let (command, sequence) = (word(4), word(12));
            let octets: Vec<u8> = held.drain(..want).collect();
            return Some(Pdu { command, sequence, body: octets[16..].to_vec() });
        }
        let most = if conn.shared.script.sips { want - held.len() } else { 64 * 1024 };
        if conn.shared.over.load(Ordering::SeqCst) || !conn.line.read(held, most) {
            return None;
        }
    }
}

/// A connection as the SMSC sees it.
pub(crate) struct Conn {
    /// 0, 1, ... in order of coming.
    pub(crate) n: usize,
    pub(crate) line: Line,
    count: AtomicU64,
    sequence: AtomicU32,
    /// PDUs laid aside.
    pub(crate) kept: Mutex<Vec<Pdu>>,
    pub(crate) shared: Arc<Shared>,
}

impl Conn {
    /// Its submit_sm so far, this one among them.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
    /// The next sequence_number of the SMSC's own requests.
    pub(crate) fn next(&self) -> u32 {
        self.sequence.fetch_add(1, Ordering::SeqCst) + 1
    }
    /// The next message_id.
    pub(crate) fn id(&self) -> String {
        format!("{:010}", self.shared.ids.fetch_add(1, Ordering::SeqCst) + 1)
    }
    pub(crate) fn first(&self) -> bool {
        self.n == 0
    }
    /// The connection that came as number `n`.
    pub(crate) fn of(&self, n: usize) -> Option<Arc<Conn>> {
        self.shared.conns.lock().unwrap().get(n).cloned()
    }

    /// Writes octets, in the script's pieces.
    pub(crate) fn say(&self, octets: &[u8]) -> Flow {
        let pieces = self.shared.script.pieces.unwrap_or(octets.len().max(1));
        let alive = octets.chunks(pieces).all(|piece| self.line.write(piece));
        if alive { Flow::On } else { Flow::End }
    }
    pub(crate) fn answer(&self, p: &Pdu, status: u32, body: &[u8]) -> Flow {
        self.say(&pdu(p.command | RESP, status, p.sequence, body))
    }
    /// Accepts a submit_sm, with an id of its own.
    pub(crate) fn accept(&self, p: &Pdu) -> Flow {
        let id = self.id();
        self.accept_as(p, id.as_bytes())
    }
    /// Accepts a submit_sm with this message_id.
    pub(crate) fn accept_as(&self, p: &Pdu, id: &[u8]) -> Flow {
        self.answer(p, OK, &[id, b"\0"].concat())
    }
    /// Accepts, and says its receipt so many milliseconds later.
    pub(crate) fn accept_with_receipt(self: &Arc<Self>, p: &Pdu, after_ms: u64) -> Flow {
        let id = self.id();
        self.accept_as(p, id.as_bytes());
        self.later(after_ms, move |c| {
            c.say(&pdus::receipt(c.next(), &id));
        });
        Flow::On
    }
    pub(crate) fn refuse(&self, p: &Pdu, status: u32) -> Flow {
        self.answer(p, status, b"")
    }
    pub(crate) fn reset(&self) -> Flow {
        self.line.reset();
        Flow::End
    }
    /// Closes its direction; reads on.
    pub(crate) fn half_close(&self) -> Flow {
        self.line.half_close();
        Flow::On
    }
    /// Does something later, if the connection is still there.
    pub(crate) fn later(self: &Arc<Self>, ms: u64, deed: impl FnOnce(&Arc<Conn>) + Send + 'static) {
        let conn = self.clone();
        self.shared.timer.add(Duration::from_millis(ms), Box::new(move || deed(&conn)));
    }
    /// Says the same octets again and again from a thread of its own, until they are said or the line is gone.
    pub(crate) fn flood(self: &Arc<Self>, octets: Vec<u8>, times: usize) -> Flow {
        let conn = self.clone();
        std::thread::spawn(move || {
            let over = || conn.shared.over.load(Ordering::SeqCst);
            for _ in 0..times {
                if over() || conn.say(&octets) != Flow::On {
                    return;
                }
            }
        });
        Flow::On
    }
    /// Lays a PDU aside; all that are there.
    pub(crate) fn keep(&self, p: &Pdu) -> usize {
        let mut kept = self.kept.lock().unwrap();
        kept.push(p.clone());
        kept.len()
    }
    pub(crate) fn take_kept(&self) -> Vec<Pdu> {
        std::mem::take(&mut *self.kept.lock().unwrap())
    }
    /// Sends the process that is tried a signal.
    pub(crate) fn signal(&self, number: i32) -> Flow {
        crate::process::signal(self.shared.pid.load(Ordering::SeqCst), number);
        Flow::On
    }
    pub(crate) fn small_buffers(&self, octets: usize) {
        if let Some(stream) = self.line.stream() {
            let _ = SockRef::from(&*stream).set_send_buffer_size(octets);
        }
    }
}

/// Deeds of the future, done by one thread a peer.
#[derive(Default)]
struct Timer {
    queue: Mutex<BinaryHeap<Due>>,
    bell: Condvar,
    order: AtomicU64,
}

struct Due {
    at: Instant,
    order: u64,
    deed: Box<dyn FnOnce() + Send>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl Timer {
    fn add(&self, after: Duration, deed: Box<dyn FnOnce() + Send>) {
        let order = self.order.fetch_add(1, Ordering::SeqCst);
        self.queue.lock().unwrap().push(Due { at: Instant::now() + after, order, deed });
        self.bell.notify_all();
    }

    fn run(&self, over: &AtomicBool) {
        let mut queue = self.queue.lock().unwrap();
        while !over.load(Ordering::SeqCst) {
            let now = Instant::now();
            match queue.peek().map(|due| due.at) {
                Some(at) if at <= now => {
                    let due = queue.pop().unwrap();
                    drop(queue);
                    (due.deed)();
                    queue = self.queue.lock().unwrap();
                }
                Some(at) => {
                    queue = self.bell.wait_timeout(queue, (at - now).min(LOOK)).unwrap().0;
                }
                None => queue = self.bell.wait_timeout(queue, LOOK).unwrap().0,
            }
        }
    }
}

const LOOK: Duration = Duration::from_millis(200);
