//! Runs through a gateway over sockets: our ESME in front, our simulators behind, and the books of both sides. The
//! simulators listen first; once the gateway has bound to them, probes find out what survives it, and the load begins.
mod behind;
mod books;
mod probes;

use super::{Trial, workers};
use crate::coordinator::{RunError, Signals, WorkerPool, conduct};
use crate::esme;
use crate::kit::{Clock, Nanos, stream_seed, words};
use crate::measure::through::ThroughRecord;
use crate::measure::{CutReason, NoObserver, Observer, RunRecord};
use crate::net::{Witness, Witnesses};
use crate::plan::{Plan, PlanError, RunMarker, Upstream};
use crate::smpp::marker::Carrier;
use crate::smsc;
use crate::through::{Ledger, Settings, id_rule_of};
use behind::Behind;
use books::{Bookkeeper, LoadStart, Sightings};
use probes::{became, guarded, probes_of, tried};
use std::sync::Arc;

/// Runs plans through a gateway over TCP.
#[derive(Debug, Default)]
pub struct Through {
    heard: Option<fn(&str)>,
    stays_open: bool,
    /// Listeners of earlier runs, where they stay open.
    open: Option<OpenGateway>,
}

impl Through {
    /// Tells `hear`, line by line, how the run comes to its load: where it listens, who binds, which marker survives.
    pub fn heard_by(hear: fn(&str)) -> Through {
        Through { heard: Some(hear), ..Through::default() }
    }

    /// Several runs of plans with the same `[upstream]` and `[target]`: the listeners stay open in between, so that the gateway
    /// stays bound, and what the probes of the first run show holds for all.
    #[must_use]
    pub fn staying_open(self) -> Through {
        Through { stays_open: true, ..self }
    }

    /// Checks that a plan has a gateway in front and an upstream behind.
    ///
    /// # Errors
    /// It has not.
    pub fn check(plan: &Plan) -> Result<(), PlanError> {
        upstream_of(plan).map(|_| ())
    }

    /// How many probes come before the load of a plan, beside its messages.
    pub fn probes_count(plan: &Plan) -> u64 {
        plan.upstream.as_ref().map_or(0, probes::count)
    }

    /// Opens the listeners before the first run, waits until the gateway has bound, and finds the marker, which it returns.
    ///
    /// # Errors
    /// As [`Trial::run`], where the gateway does not bind or no marker survives it.
    pub fn open(&mut self, plan: &Plan) -> Result<RunMarker, RunError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => OpenGateway::open(plan, self.heard)?,
        };
        Ok(self.open.insert(open).marker())
    }
}

/// A gateway that has bound to our simulators, and what its runs share.
#[derive(Debug)]
struct OpenGateway {
    upstream: Upstream,
    fronts: Vec<Witness>,
    behind: Behind,
    books: Bookkeeper,
    runtime: tokio::runtime::Runtime,
    signals: Signals,
    deadline: Nanos,
    heard: Option<fn(&str)>,
    /// What the markers of the next run say.
    run: u32,
    carriers: Vec<Carrier>,
}

fn upstream_of(plan: &Plan) -> Result<Upstream, PlanError> {
    let Some(upstream) = plan.upstream.clone() else {
        let why = "is missing: it says where the gateway binds; write [upstream], as in docs/tasks/through.md";
        return Err(PlanError::about("upstream", why));
    };
    if plan.target.embedded {
        let why = "is \"embedded\", and not a gateway; write its host:port";
        return Err(PlanError::about("target.address", why));
    }
    Ok(upstream)
}

/// The plan of the direct way beside a gateway: the same load with the marker that its messages carry through the gateway, to
/// an SMSC of our own that behaves as those behind it. Whoever binds may.
pub fn direct(plan: &Plan, marker: RunMarker) -> Plan {
    let mut direct = plan.clone();
    direct.load.workers = Some(workers(plan) as usize);
    direct.embedded = plan.upstream.clone().unwrap_or_default().behaviour;
    direct.embedded.accounts.clear();
    direct.embedded.tls = None;
    direct.target.tls = None;
    direct.target.embedded = true;
    direct.upstream = None;
    direct.receipts.id_mode = id_rule_of(&direct.embedded);
    direct.marker = Some(marker);
    direct
}

impl OpenGateway {
    fn open(plan: &Plan, heard: Option<fn(&str)>) -> Result<OpenGateway, RunError> {
        let say = |line: &str| heard.into_iter().for_each(|hear| hear(line));
        let upstream = upstream_of(plan)?;
        guarded(plan, &upstream)?;
        esme::client_tls(&plan.target)?;
        let run = stream_seed(Clock::wall_ns(), 0x7A, u64::from(std::process::id())) as u32;
        let mut witnesses = Witnesses::new(Witnesses::WAITING_OCTETS_MAX);
        let fronts: Vec<Witness> = (0..workers(plan)).map(|_| witnesses.witness()).collect();
        let behind = upstream.listen.iter().map(|_| witnesses.witness()).collect();
        let mut settings = Settings::of(plan, fronts.len() as u32, &upstream.behaviour);
        (settings.run, settings.mo_run) = (run, run);
        let deadline = settings.deadline;
        let own = upstream.marker.carrier();
        settings.carriers = own.map_or_else(|| tried(plan, &upstream), |carrier| vec![carrier]);
        let behind = Behind::start(&upstream, behind, run)?;
        let ledger = Some(Ledger::new(settings));
        let books = Bookkeeper::start(Sightings { witnesses, ledger })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let carriers = own.into_iter().collect();
        let signals = Signals::listen()?;
        let mut gateway = OpenGateway {
            upstream,
            fronts,
            behind,
            books,
            runtime,
            signals,
            deadline,
            heard,
            run,
            carriers,
        };
        say(&format!(
            "waiting for the gateway to bind on {}: {}, at most {}",
            gateway.behind.addresses(),
            words::counted(gateway.upstream.sessions, "bind"),
            words::duration(gateway.upstream.wait.0)
        ));
        gateway.behind.wait_for_binds(&gateway.upstream, &gateway.signals)?;
        say(&format!("behind the gateway: {}", gateway.behind.seen()));
        if gateway.carriers.is_empty() {
            gateway.carriers = gateway.probe(plan)?;
        }
        let names: Vec<&str> = gateway.carriers.iter().map(|carrier| carrier.name()).collect();
        say(&format!("messages are told apart by {}", names.join(" and ")));
        let carriers = gateway.carriers.clone();
        gateway.books.ledger(|ledger| ledger.use_carriers(carriers));
        Ok(gateway)
    }

    fn marker(&self) -> RunMarker {
        RunMarker { run: self.run, probe: false, carriers: self.carriers.clone() }
    }

    fn conduct(&self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        let plan = Arc::new(plan.clone());
        let pool = WorkerPool::witnessed(&plan, &self.fronts)?;
        self.runtime.block_on(conduct(&plan, pool, observer))
    }

    /// The carriers that survive the gateway, as probes show.
    fn probe(&self, plan: &Plan) -> Result<Vec<Carrier>, RunError> {
        let record = self.conduct(&probes_of(plan, &self.upstream, self.run), &mut NoObserver)?;
        let interrupted = || RunError::Interrupted("during the probes before the load".to_owned());
        if let Some(reason) = record.cut_reason {
            if reason == CutReason::Interrupted {
                return Err(interrupted());
            }
            return Err(RunError::Upstream(format!("the probes before the load ended: {reason}")));
        }
        self.books.wait_until_quiet(Clock::now() + self.deadline, &self.signals, None);
        if self.signals.count() > 0 {
            return Err(interrupted());
        }
        let survivors = self.books.ledger(|ledger| ledger.survivors());
        if !survivors.is_empty() {
            return Ok(survivors);
        }
        let trials = self.books.ledger(|ledger| ledger.carrier_trials());
        if trials.is_empty() {
            let accepted = record.ledger().accepted;
            return Err(RunError::Upstream(format!(
                "upstream: no probe came out of the gateway within {}, of {} that it accepted; let it route {} to our SMSC",
                words::duration(self.deadline.0),
                accepted,
                if accepted > 0 { "them" } else { "what our ESME sends" }
            )));
        }
        let why = format!(
            "no marker survives the gateway: {}; let it keep one of these places, and name it here",
            became(&trials)
        );
        Err(RunError::Plan(PlanError::about("upstream.marker", why)))
    }

    /// One run. `stays_open`: further ones follow.
    fn run(
        &mut self,
        plan: &Plan,
        observer: &mut dyn Observer,
        stays_open: bool,
    ) -> Result<RunRecord, RunError> {
        self.behind.wait_for_binds(&self.upstream, &self.signals)?;
        let mut plan = plan.clone();
        plan.marker = Some(self.marker());
        self.books.ledger(|ledger| ledger.begin(Clock::now()));
        let mut observer = LoadStart { books: &self.books, observer };
        let mut record = self.conduct(&plan, &mut observer)?;
        let front_ended = Clock::now();
        let is_interrupted = record.cut_reason == Some(CutReason::Interrupted);
        if record.cut_reason.is_none() || (stays_open && !is_interrupted) {
            // between several runs there are other lines
            let hear = self.heard.filter(|_| !stays_open);
            self.books.wait_until_quiet(front_ended + self.deadline, &self.signals, hear);
        }
        let through = if stays_open {
            if !is_interrupted {
                self.books.wait_until_empty(Clock::now() + self.deadline, &self.signals);
            }
            self.run = self.run.wrapping_add(1);
            self.books.turn(self.run, front_ended, Clock::now())
        } else {
            self.books.close(front_ended, Clock::now())
        };
        if record.cut_reason.is_none() && self.signals.count() > 0 {
            record.cut_reason = Some(CutReason::Interrupted);
        }
        let wall_at_zero_ns = Clock::wall_ns().saturating_sub(Clock::now().0);
        record.through =
            through.map(|through| Arc::new(ThroughRecord { wall_at_zero_ns, ..through }));
        Ok(record)
    }
}

impl Trial for Through {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        let mut gateway = match self.open.take() {
            Some(open) => open,
            None => OpenGateway::open(plan, self.heard)?,
        };
        let record = gateway.run(plan, observer, self.stays_open);
        if matches!(record, Err(RunError::Killed)) {
            // the process ends: nothing is waited for
            std::mem::forget(gateway);
        } else if self.stays_open {
            self.open = Some(gateway);
        }
        record
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        None
    }
}
