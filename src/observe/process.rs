//! A process of this machine, as /proc has it (proc(5)).
use super::fault::Fault;
use super::rates::Rates;
use super::{Sampled, Source};
use crate::kit::{Nanos, read_text_at_most};
use crate::measure::{Reading, SeriesUnit};
use crate::plan::PROCESS_SERIES;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Which process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its number.
    Pid(u32),
    /// By a file that holds its number.
    File(PathBuf),
    /// The newest of this user with this name.
    Command(String),
}

/// A process that is watched: resident memory (octets), processor (cores), threads, open files, and context switches a
/// second of all its threads.
#[derive(Debug)]
pub struct Process {
    which: Which,
    /// The process that was found, by number and start.
    found: Option<(u32, u64)>,
    rates: Rates,
    only_memory: bool,
    ticks_per_s: f64,
    page_octets: f64,
}

/// Threads beyond which context switches are not summed: each costs the reading of a file.
const THREADS_MAX: u64 = 128;
const FILE_MAX: u64 = 64 * 1024;

/// What /proc/PID/stat says.
struct Stat {
    started: u64,
    ticks: f64,
    threads: u64,
    resident_pages: f64,
}

impl Stat {
    /// None: there is no such process, or it has ended and is not reaped.
    fn read(pid: u32) -> Option<Stat> {
        let text = proc_text(pid, "stat")?;
        // the name, which may hold anything, ends at the last parenthesis
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        if matches!(*fields.first()?, "Z" | "X" | "x") {
            return None;
        }
        Some(Stat {
            ticks: (number(14)? + number(15)?) as f64,
            threads: number(20)?,
            started: number(22)?,
            resident_pages: number(24)? as f64,
        })
    }
}

fn proc_text(pid: u32, file: &str) -> Option<String> {
    read_text_at_most(Path::new(&format!("/proc/{pid}/{file}")), FILE_MAX).ok()
}

impl Process {
    /// That process.
    pub fn new(which: Which) -> Process {
        let setting = |name| nix::unistd::sysconf(name).ok().flatten().filter(|n| *n > 0);
        Process {
            which,
            found: None,
            rates: Rates::default(),
            only_memory: false,
            ticks_per_s: setting(nix::unistd::SysconfVar::CLK_TCK).unwrap_or(100) as f64,
            page_octets: setting(nix::unistd::SysconfVar::PAGE_SIZE).unwrap_or(4096) as f64,
        }
    }

    /// The same, watched for its resident memory only.
    #[must_use]
    pub fn only_memory(self) -> Process {
        Process { only_memory: true, ..self }
    }

    /// The process, looked up anew where the one that was found has ended.
    fn stat(&mut self) -> Result<(u32, Stat), Fault> {
        if let Some((pid, started)) = self.found
            && let Some(stat) = Stat::read(pid).filter(|stat| stat.started == started)
        {
            return Ok((pid, stat));
        }
        if let (Which::Pid(pid), Some(_)) = (&self.which, self.found) {
            // another process may get the number
            return Err(Fault::NoProcess(format!("{pid}: it has ended")));
        }
        self.found = None;
        // another process counts from its own beginning
        self.rates.clear();
        let (pid, stat) = match &self.which {
            Which::Pid(pid) => (*pid, Stat::read(*pid)),
            Which::File(path) => {
                let pid = pid_in(path)?;
                (pid, Stat::read(pid))
            }
            Which::Command(name) => {
                let newest =
                    newest(name).ok_or_else(|| Fault::NoProcess(format!("named {name}")))?;
                (newest, Stat::read(newest))
            }
        };
        let stat = stat.ok_or_else(|| Fault::NoProcess(pid.to_string()))?;
        self.found = Some((pid, stat.started));
        Ok((pid, stat))
    }

    fn readings(&mut self, pid: u32, stat: &Stat, now: Nanos) -> Vec<Reading> {
        let [rss, cpu, threads, open, voluntary, involuntary] = PROCESS_SERIES;
        let rss_octets = stat.resident_pages * self.page_octets;
        let mut all = vec![(rss, SeriesUnit::Octets, Some(rss_octets))];
        if !self.only_memory {
            let used = stat.ticks / self.ticks_per_s;
            all.push((cpu, SeriesUnit::Cores, self.rates.of(cpu, used, now)));
            all.push((threads, SeriesUnit::Number, Some(stat.threads as f64)));
            all.push((open, SeriesUnit::Number, open_files(pid)));
            if let Some(switches) = switches(pid, stat.threads) {
                for (name, count) in [voluntary, involuntary].into_iter().zip(switches) {
                    let rate = self.rates.of(name, count as f64, now);
                    all.push((name, SeriesUnit::PerSecond, rate));
                }
            }
        }
        let readings = all.into_iter().filter_map(|(series, unit, value)| {
            Some(Reading { series: series.to_owned(), unit, value: value? })
        });
        readings.collect()
    }
}

impl Source for Process {
    fn sample(&mut self, now: Nanos) -> Sampled {
        match self.stat() {
            Ok((pid, stat)) => Sampled { readings: self.readings(pid, &stat, now), fault: None },
            Err(fault) => fault.into(),
        }
    }
}

fn pid_in(path: &Path) -> Result<u32, Fault> {
    let text = read_text_at_most(path, FILE_MAX)
        .map_err(|why| Fault::File { path: path.to_owned(), why })?;
    let first = text.split_ascii_whitespace().next();
    first.and_then(|word| word.parse().ok()).ok_or_else(|| Fault::NotSuch {
        path: path.to_owned(),
        what: "it holds no number of a process",
    })
}

/// The newest process of this user with this name.
fn newest(name: &str) -> Option<u32> {
    let user = fs::metadata("/proc/self").ok()?.uid();
    let own = std::process::id();
    let named = fs::read_dir("/proc").ok()?.filter_map(Result::ok).filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let is_named = proc_text(pid, "comm")?.trim_end_matches('\n') == name;
        let is_ours = pid != own && is_named && entry.metadata().ok()?.uid() == user;
        is_ours.then(|| Stat::read(pid).map(|stat| (stat.started, pid)))?
    });
    named.max().map(|(_, pid)| pid)
}

/// None: another user's, or no longer there.
fn open_files(pid: u32) -> Option<f64> {
    let folder = format!("/proc/{pid}/fd");
    // from Linux 6.2 on the folder's size is the number of its entries
    match fs::metadata(&folder).ok()?.size() {
        0 => Some(fs::read_dir(folder).ok()?.count() as f64),
        count => Some(count as f64),
    }
}

/// Voluntary and involuntary context switches of all threads so far. None: too many threads, or they cannot be read.
fn switches(pid: u32, threads: u64) -> Option<[u64; 2]> {
    if threads > THREADS_MAX {
        return None;
    }
    let mut sum = [0, 0];
    for entry in fs::read_dir(format!("/proc/{pid}/task")).ok()?.filter_map(Result::ok) {
        // a thread that has just ended has no file any more
        let Ok(text) = read_text_at_most(&entry.path().join("status"), FILE_MAX) else { continue };
        for line in text.lines().rev().take(4) {
            let Some((key, value)) = line.split_once(':') else { continue };
            let count: u64 = value.trim().parse().unwrap_or(0);
            match key {
                "voluntary_ctxt_switches" => sum[0] += count,
                "nonvoluntary_ctxt_switches" => sum[1] += count,
                _ => {}
            }
        }
    }
    Some(sum)
}
