//! A run through a gateway over sockets: our ESME in front, our simulators behind, and the books of both sides. The
//! simulators listen first; once the gateway has bound to them, probes find out what survives it, and the load begins.
use super::{Trial, workers};
use crate::coordinator::{RunError, WorkerPool, conduct};
use crate::esme;
use crate::kit::{Clock, Nanos, Rate, stream_seed, words};
use crate::measure::through::{CarrierTrial, ThroughRecord};
use crate::measure::{NoObserver, Observer, RunRecord};
use crate::net::{Witness, Witnesses};
use crate::plan::{Plan, PlanError, RunMarker, Schedule, Shape, Stage, Upstream};
use crate::smpp::CommandStatus;
use crate::smpp::marker::Carrier;
use crate::smsc::{self, RunningServer, SmscEvent};
use crate::through::{Ledger, Settings};
use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// A witness tells within this time what it saw.
const WITNESS_LATE: Nanos = Nanos::from_secs(1);
/// From one look at the sightings to the next.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);
/// Probes: this many, in half a second.
const PROBES_RATE: Rate = Rate::per_second(20);
const PROBES_FOR: Nanos = Nanos::from_millis(500);
/// Rare events of a simulator that may wait to be looked at.
const EVENTS_MAX: usize = 1_024;

/// Runs plans through a gateway over TCP.
#[derive(Debug, Default)]
pub struct Through {
    heard: Option<fn(&str)>,
}

impl Through {
    /// Tells `hear`, line by line, how the run comes to its load: where it listens, who binds, which marker survives.
    pub fn heard_by(hear: fn(&str)) -> Through {
        Through { heard: Some(hear) }
    }

    fn say(&self, line: &str) {
        if let Some(hear) = self.heard {
            hear(line);
        }
    }
}

/// The books, and where sightings for them wait.
#[derive(Debug)]
struct Desk {
    witnesses: Witnesses,
    /// None: they are closed.
    ledger: Option<Ledger>,
}

/// A thread that keeps the books.
#[derive(Debug)]
struct Bookkeeper {
    desk: Arc<Mutex<Desk>>,
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The desk is valid after a panic too: what was taken is in the ledger or is gone.
fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    fn look(&mut self, now: Nanos) {
        let Some(ledger) = &mut self.ledger else { return };
        while let Some(sighting) = self.witnesses.take() {
            ledger.take(sighting);
        }
        ledger.advance(now.since(WITNESS_LATE));
    }
}

impl Bookkeeper {
    fn start(desk: Desk) -> std::io::Result<Bookkeeper> {
        let desk = Arc::new(Mutex::new(desk));
        let has_ended = Arc::new(AtomicBool::new(false));
        let (its_desk, its_end) = (desk.clone(), has_ended.clone());
        let thread = std::thread::Builder::new().name("books".to_owned()).spawn(move || {
            while !its_end.load(Ordering::Relaxed) {
                locked(&its_desk).look(Clock::now());
                std::thread::sleep(LOOK_EVERY);
            }
        })?;
        Ok(Bookkeeper { desk, has_ended, thread: Some(thread) })
    }

    fn ledger<T: Default>(&self, of: impl FnOnce(&mut Ledger) -> T) -> T {
        locked(&self.desk).ledger.as_mut().map(of).unwrap_or_default()
    }

    /// Waits until nothing more is awaited, at most until `until` on both sides.
    fn wait_until_quiet(&self, until: Nanos) {
        let until = until + WITNESS_LATE;
        let begun = Clock::now();
        loop {
            std::thread::sleep(LOOK_EVERY);
            let now = Clock::now();
            // what was seen up to the begin has been looked at by then
            let is_seen = now > begun + WITNESS_LATE + WITNESS_LATE;
            if now > until || (is_seen && self.ledger(|ledger| ledger.is_quiet(now))) {
                return;
            }
        }
    }

    /// Closes the books at `now`. `front_ended`: when our ESME was gone, so that nothing could reach it any more. None: they
    /// are closed already.
    fn close(&mut self, front_ended: Nanos, now: Nanos) -> Option<ThroughRecord> {
        self.end();
        let mut desk = locked(&self.desk);
        desk.look(now);
        desk.ledger.take().map(|ledger| ledger.finish_since(front_ended, now))
    }

    fn end(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // a panic of it leaves books that do not balance
            let _ = thread.join();
        }
    }
}

impl Drop for Bookkeeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// The simulators behind the gateway.
#[derive(Debug)]
struct Behind {
    servers: Vec<(RunningServer, mpsc::Receiver<SmscEvent>)>,
    bound: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
}

fn address_of(listen: &str) -> Result<SocketAddr, RunError> {
    let cannot = |why: String| RunError::Plan(PlanError::about("upstream.listen", why));
    let mut found = listen.to_socket_addrs().map_err(|e| cannot(format!("{listen}: {e}")))?;
    found.next().ok_or_else(|| cannot(format!("{listen} has no address")))
}

impl Behind {
    fn start(upstream: &Upstream, witnesses: Vec<Witness>, run: u32) -> Result<Behind, RunError> {
        let mut servers = Vec::new();
        for (number, (listen, witness)) in upstream.listen.iter().zip(witnesses).enumerate() {
            let (events, heard) = mpsc::channel(EVENTS_MAX);
            let mut behaviour = upstream.behaviour.clone();
            behaviour.seed = behaviour.seed.wrapping_add(number as u64) & i64::MAX as u64;
            let address = address_of(listen)?;
            let server = smsc::Server::start_witnessed(&behaviour, address, events, (witness, run))
                .map_err(|e| {
                    let why = format!("cannot listen on {listen}: {e}");
                    RunError::Plan(PlanError::about("upstream.listen", why))
                })?;
            servers.push((server, heard));
        }
        Ok(Behind { servers, bound: BTreeMap::new(), refused: BTreeMap::new() })
    }

    fn addresses(&self) -> String {
        let all: Vec<String> = self.servers.iter().map(|(s, _)| s.address.to_string()).collect();
        all.join(", ")
    }

    fn hear(&mut self) {
        for (_, events) in &mut self.servers {
            while let Ok(event) = events.try_recv() {
                match event {
                    SmscEvent::Bound { system_id, .. } => {
                        *self.bound.entry(system_id).or_default() += 1;
                    }
                    SmscEvent::SessionEnded { system_id, .. } => {
                        let bound = self.bound.entry(system_id).or_default();
                        *bound = bound.saturating_sub(1);
                    }
                    SmscEvent::BindRefused { system_id, status, .. } => {
                        let who = system_id.unwrap_or_default();
                        *self.refused.entry(refusal(&who, status)).or_default() += 1;
                    }
                    SmscEvent::Fault { .. } | SmscEvent::Lost(_) => {}
                }
            }
        }
    }

    fn bound_count(&self) -> u64 {
        self.bound.values().sum()
    }

    /// What was seen of the gateway's binds, in words.
    fn seen(&self) -> String {
        let bound = self.bound.iter().filter(|(_, count)| **count > 0);
        let bound = bound.map(|(who, count)| format!("{count} bound as {who:?}"));
        let refused = self.refused.iter().map(|(what, count)| format!("{what} {count} times"));
        let all: Vec<String> = bound.chain(refused).collect();
        if all.is_empty() { "nothing has connected and bound".to_owned() } else { all.join("; ") }
    }

    fn wait_for_binds(&mut self, upstream: &Upstream) -> Result<(), RunError> {
        let until = Clock::now() + upstream.wait;
        loop {
            self.hear();
            if self.bound_count() >= upstream.sessions {
                return Ok(());
            }
            if Clock::now() > until {
                return Err(RunError::Upstream(format!(
                    "upstream: waited {} on {} for {} of the gateway, and {}",
                    words::duration(upstream.wait.0),
                    self.addresses(),
                    words::counted(upstream.sessions, "bind"),
                    self.seen()
                )));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn refusal(who: &str, status: CommandStatus) -> String {
    match status.name() {
        Some(name) => format!("{who:?} was refused with {name}"),
        None => format!("{who:?} was refused with 0x{:08X}", status.0),
    }
}

/// What became of every carrier, in words.
fn became(trials: &[CarrierTrial]) -> String {
    let all = trials.iter().map(|trial| match &trial.became {
        Some((sent, came)) => format!("{} {sent:?} became {came:?}", trial.carrier.name()),
        None => format!("{} survived {} of {}", trial.carrier.name(), trial.survived, trial.probes),
    });
    all.collect::<Vec<_>>().join("; ")
}

/// The carriers that `auto` tries. Off loopback the addresses stay those of the profile, which the guard has judged.
fn tried(plan: &Plan) -> Vec<Carrier> {
    let is_address = |carrier: &Carrier| matches!(carrier, Carrier::Source | Carrier::Destination);
    let all = Carrier::ALL.into_iter();
    all.filter(|carrier| plan.target.is_loopback() || !is_address(carrier)).collect()
}

/// What the guard demands of the marker and the probes off loopback.
fn guarded(plan: &Plan, upstream: &Upstream) -> Result<(), PlanError> {
    if plan.target.is_loopback() {
        return Ok(());
    }
    let carrier = upstream.marker.carrier();
    if carrier == Some(Carrier::Destination) {
        let why = "sends to numbers that may be somebody's, so it is for loopback only; \
                   write another marker";
        return Err(PlanError::about("upstream.marker", why));
    }
    let probes = Schedule::new(&probes_of(plan, 0).stages, plan.load.arrival, plan.seed);
    let planned = Schedule::new(&plan.stages, plan.load.arrival, plan.seed);
    let (Ok(probes), Ok(planned)) = (probes, planned) else { return Ok(()) };
    let all = planned.len() + probes.len();
    if let Some(most) = plan.guard.messages_max.filter(|most| carrier.is_none() && all > *most) {
        let why = format!("{all} submit_sm with the probes, more than guard.messages_max = {most}");
        let why = format!("{why}; lower the rate, raise it, or write upstream.marker");
        return Err(PlanError::about("load.stages", why));
    }
    Ok(())
}

/// The plan of the probes.
fn probes_of(plan: &Plan, run: u32) -> Plan {
    let mut probes = plan.clone();
    probes.stages = vec![Stage {
        name: "probes".to_owned(),
        shape: Shape::Hold(PROBES_RATE),
        length: PROBES_FOR,
        measure: true,
    }];
    probes.events.clear();
    probes.observe.clear();
    probes.gates.clear();
    probes.marker = Some(RunMarker { run, probe: true, carriers: tried(plan) });
    probes
}

/// What the parts of a run share.
struct Setting<'a> {
    fronts: &'a [Witness],
    runtime: tokio::runtime::Runtime,
    books: &'a Bookkeeper,
    deadline: Nanos,
}

impl Setting<'_> {
    fn conduct(&self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        let plan = Arc::new(plan.clone());
        let pool = WorkerPool::witnessed(&plan, self.fronts)?;
        self.runtime.block_on(conduct(&plan, pool, observer))
    }

    /// The carriers that survive the gateway, as probes show.
    fn probe(&self, plan: &Plan, run: u32) -> Result<Vec<Carrier>, RunError> {
        let record = self.conduct(&probes_of(plan, run), &mut NoObserver)?;
        if let Some(reason) = record.cut_reason {
            return Err(RunError::Upstream(format!("the probes before the load ended: {reason}")));
        }
        self.books.wait_until_quiet(Clock::now() + self.deadline);
        let survivors = self.books.ledger(|ledger| ledger.survivors());
        if !survivors.is_empty() {
            return Ok(survivors);
        }
        let trials = self.books.ledger(|ledger| ledger.carrier_trials());
        if trials.is_empty() {
            let accepted = record.ledger().accepted;
            return Err(RunError::Upstream(format!(
                "upstream: no probe came out of the gateway within {}, of {} that it accepted",
                words::duration(self.deadline.0),
                accepted
            )));
        }
        let why = format!("no marker survives the gateway: {}", became(&trials));
        Err(RunError::Plan(PlanError::about("upstream.marker", why)))
    }
}

impl Trial for Through {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        let Some(upstream) = plan.upstream.clone() else {
            let why = "is missing: it says where the gateway binds; write [upstream]";
            return Err(PlanError::about("upstream", why).into());
        };
        if plan.target.embedded {
            let why = "is \"embedded\", and not a gateway; write its host:port";
            return Err(PlanError::about("target.address", why).into());
        }
        guarded(plan, &upstream)?;
        esme::client_tls(&plan.target)?;
        let run = stream_seed(Clock::wall_ns(), 0x7A, u64::from(std::process::id())) as u32;
        let mut witnesses = Witnesses::new(Witnesses::WAITING_OCTETS_MAX);
        let fronts: Vec<Witness> = (0..workers(plan)).map(|_| witnesses.witness()).collect();
        let behind = upstream.listen.iter().map(|_| witnesses.witness()).collect();
        let mut settings = Settings::of(plan, fronts.len() as u32, &upstream.behaviour);
        let deadline = upstream.deadline.unwrap_or(plan.receipts.deadline);
        (settings.run, settings.deadline) = (run, deadline);
        settings.carriers = match upstream.marker.carrier() {
            Some(carrier) => vec![carrier],
            None => tried(plan),
        };
        settings.outstanding_max = upstream.outstanding_max;
        settings.rewrites.clone_from(&upstream.rewrites);
        let mut behind = Behind::start(&upstream, behind, run)?;
        let mut books = Bookkeeper::start(Desk { witnesses, ledger: Some(Ledger::new(settings)) })?;
        self.say(&format!("waiting for the gateway to bind on {}", behind.addresses()));
        behind.wait_for_binds(&upstream)?;
        self.say(&format!("behind the gateway: {}", behind.seen()));

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let setting = Setting { fronts: &fronts, runtime, books: &books, deadline };
        let carriers = match upstream.marker.carrier() {
            Some(carrier) => vec![carrier],
            None => setting.probe(plan, run)?,
        };
        let names: Vec<&str> = carriers.iter().map(|carrier| carrier.name()).collect();
        self.say(&format!("messages are told apart by {}", names.join(" and ")));
        let mut plan = plan.clone();
        plan.marker = Some(RunMarker { run, probe: false, carriers: carriers.clone() });
        books.ledger(|ledger| {
            ledger.use_carriers(carriers);
            ledger.begin(Clock::now());
        });
        let conducted = setting.conduct(&plan, observer);
        if matches!(conducted, Err(RunError::Killed)) {
            // the process ends: nothing is waited for
            std::mem::forget(behind);
            return conducted;
        }
        let mut record = conducted?;
        let front_ended = Clock::now();
        if record.cut_reason.is_none() {
            books.wait_until_quiet(front_ended + deadline);
        }
        let through = books.close(front_ended, Clock::now());
        let wall_at_zero_ns = Clock::wall_ns().saturating_sub(Clock::now().0);
        record.through =
            through.map(|through| Arc::new(ThroughRecord { wall_at_zero_ns, ..through }));
        drop(behind);
        Ok(record)
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        None
    }
}
