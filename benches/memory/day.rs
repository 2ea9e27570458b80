//! A day's seconds on the virtual clock: does a run grow by the second? The load side against the simulator, both in
//! this process; what a run folder gets is made as often as a run makes it, and goes nowhere.
use crate::probes::{Size, mib, resident_of};
use serde_json::{Value, json};
use smppbench::judge;
use smppbench::kit::{Environment, HostUse, Nanos};
use smppbench::measure::{CutReason, Observer, Phase, Progress, RunRecord, SpillStore};
use smppbench::plan::{self, Overrides, Plan, Source};
use smppbench::report::{Document, Run};
use smppbench::trial::{Memory, Trial};
use smppbench::watch::Scratch;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Memory is compared between these times, in seconds.
const FIVE_MINUTES: u64 = 300;
const HOUR: u64 = 3_600;
/// result.json is written anew after so long: in the first hour, and later (a run takes care that it costs it little).
const SAVES: [u64; 2] = [10, 300];

fn plan(size: Size) -> io::Result<Plan> {
    let (rate, seconds) = (size.rate, size.seconds);
    let text = format!(
        "seed = 1\n[target]\naddress = \"embedded\"\n[guard]\nmessages_max = {}\n\
         [binds]\ncount = 8\nwindow = 50\n[load]\nworkers = 1\n\
         stages = [{{ hold = {rate}, for = \"{seconds}s\" }}]\n\
         [receipts]\ndeadline = \"30s\"\n[embedded]\n\
         response.latency = {{ lognormal = {{ median = \"10ms\", p99 = \"40ms\" }} }}\nreceipts.delay = {{ lognormal = {{ median = \"1s\", p99 = \"3s\" }} }}\n",
        rate * seconds * 2
    );
    let source = Source::Text { name: "day.toml".to_owned(), text };
    plan::load(&source, &Overrides::default()).map_err(io::Error::other)
}

/// Keeps the run as the binary keeps it, and looks at the memory each second.
struct Watch {
    plan: Plan,
    environment: Environment,
    folder: PathBuf,
    save_at: u64,
    saved_octets: u64,
    looked_at: u64,
    /// Octets resident, second by second: the largest of each minute.
    minutes: Vec<u64>,
}

/// Counts what is written.
struct Sink(u64);

impl io::Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0 += octets.len() as u64;
        Ok(octets.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Watch {
    /// As the journal does it.
    fn save(&mut self, record: &RunRecord, at: Nanos) -> io::Result<()> {
        let mut record = record.clone();
        (record.load_ended, record.ended) = (at, at);
        let judgement = judge::judge(&self.plan, &record, &HostUse::default());
        let run = Run {
            plan: &self.plan,
            profile: &Value::Null,
            record: &record,
            judgement: &judgement,
            gates: &[],
            environment: &self.environment,
            id: "day",
            version: "bench",
            commit: None,
            target: "embedded",
            repro: "",
            tally: None,
            warnings: &[],
            labels: &[],
            folder: None,
            show_content: false,
        };
        let mut sink = io::BufWriter::new(Sink(0));
        Document::without_rows(&run).write_json(Document::rows(&run), &mut sink)?;
        self.saved_octets = sink.into_inner().map_err(|e| e.into_error())?.0;
        Ok(())
    }

    /// The most resident in the minute before a time.
    fn before(&self, seconds: u64) -> Option<u64> {
        self.minutes.get((seconds / 60).checked_sub(1)? as usize).copied()
    }
}

impl Observer for Watch {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        let second = progress.at.0 / 1_000_000_000;
        if progress.phase != Phase::Load || second <= self.looked_at {
            return None;
        }
        self.looked_at = second;
        let mut held = resident_of("self");
        if second >= self.save_at {
            self.save_at = second + SAVES[usize::from(second >= HOUR)];
            if let Err(e) = self.save(progress.record, progress.at) {
                return Some(CutReason::Said(e.to_string()));
            }
            held = held.max(resident_of("self"));
        }
        let minute = (second / 60) as usize;
        self.minutes.resize(self.minutes.len().max(minute + 1), 0);
        self.minutes[minute] = self.minutes[minute].max(held);
        None
    }

    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        Some(Arc::new(Scratch::new(&self.folder).ok()?))
    }
}

pub(crate) fn day(size: Size) -> io::Result<Value> {
    let plan = plan(size)?;
    let folder = std::env::temp_dir().join(format!("smppbench-day-{}", std::process::id()));
    let mut watch = Watch {
        plan: plan.clone(),
        environment: Environment::read(),
        folder: folder.clone(),
        save_at: SAVES[0],
        saved_octets: 0,
        looked_at: 0,
        minutes: Vec::new(),
    };
    let record = Memory::default().run(&plan, &mut watch).map_err(io::Error::other)?;
    // it was only made for the spill store
    let _ = std::fs::remove_dir(folder);
    let all = record.ledger();
    let from = watch.before(FIVE_MINUTES);
    let later = watch.minutes.iter().skip((FIVE_MINUTES / 60) as usize);
    let most = |minutes: usize| later.clone().take(minutes).max().copied();
    let ratio = |most: Option<u64>| {
        let (most, from) = (most? as f64, from? as f64);
        Some((most / from * 1000.0).round() / 1000.0)
    };
    Ok(json!({
        "seconds": watch.looked_at, "accepted": all.accepted, "balanced": all.balances(),
        "rows": record.intervals.len(), "result_octets": watch.saved_octets,
        "after_5_min_mib": from.map(mib),
        "after_1_h_mib": watch.before(HOUR).map(mib),
        "at_the_end_mib": watch.minutes.iter().rev().nth(1).copied().map(mib),
        "most_in_the_first_hour_by_5_min": ratio(most(55)), "goal": 1.1,
        "most_in_all_by_5_min": ratio(most(usize::MAX)),
    }))
}
