//! Facts about the host of a run, and what else used it meanwhile. All values are optional: one that cannot be read is
//! None, and nothing here fails. Knows nothing of SMPP.
use super::cgroup::{Cgroup, throttled};
use super::{Nanos, Selfcheck};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Facts about the host (docs/verdict.md, "Was the harness fit",
/// docs/reference/result.md, "Conventions of result.json"). None: not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Host name.
    pub host: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Processor model.
    pub cpu: Option<String>,
    /// Number of processors online.
    pub cores: Option<u64>,
    /// Processors that this process may use, as the kernel lists them (`0-3`).
    pub affinity: Option<String>,
    /// Memory in octets.
    pub memory: Option<u64>,
    /// Soft limit on open files.
    pub nofile: Option<u64>,
    /// Control group limits.
    pub cgroup: Cgroup,
    /// Clock source of the kernel: `tsc`, `kvm-clock`, …
    pub clocksource: Option<String>,
    /// Frequency governor of the first processor.
    pub governor: Option<String>,
    /// Whether the processor reports a hypervisor.
    pub virtualised: Option<bool>,
    /// Range of ports for outgoing connections.
    pub local_ports: Option<String>,
    /// `release` or `debug`.
    pub build: String,
    /// Target architecture of the build.
    pub architecture: String,
    /// Result of an earlier self-check on this host. None: there was none.
    pub selfcheck: Option<Selfcheck>,
}

/// Disables huge pages for the whole process. The first access to a huge page waits until 2 MiB are zeroed, on a virtual
/// machine some milliseconds, and a page that is hardly used is resident as a whole. No effect where the kernel refuses.
pub fn small_pages_only() {
    let _ = nix::sys::prctl::set_thp_disable(true);
}

impl Environment {
    /// Reads the facts about this host.
    pub fn read() -> Environment {
        Environment {
            host: nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()),
            kernel: line("/proc/sys/kernel/osrelease"),
            cpu: cpu_field("model name"),
            cores: std::thread::available_parallelism().ok().map(|n| n.get() as u64).max(online()),
            affinity: status_field("/proc/self/status", "Cpus_allowed_list"),
            memory: status_field("/proc/meminfo", "MemTotal").and_then(|t| kibibytes(&t)),
            nofile: nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
                .ok()
                .map(|(soft, _)| soft),
            cgroup: Cgroup::read(),
            clocksource: line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            virtualised: cpu_field("flags")
                .map(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor")),
            local_ports: line("/proc/sys/net/ipv4/ip_local_port_range")
                .map(|range| range.split_whitespace().collect::<Vec<_>>().join("-")),
            build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            selfcheck: None,
        }
    }

    /// Warnings for a run with this number of workers, one line each.
    pub fn warnings(&self, workers_count: usize) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.build == "debug" {
            warnings.push("debug build: build with --release before you trust a figure".to_owned());
        }
        if let Some(governor) = self.governor.as_deref().filter(|g| *g == "powersave") {
            warnings.push(format!(
                "frequency governor {governor}: the processor may clock down between messages; \
                 use performance"
            ));
        }
        if let Some(quota) = self.cgroup.cpu_quota.filter(|q| *q < workers_count as f64) {
            warnings.push(format!(
                "the container may use {quota:.1} processors for {workers_count} workers: \
                 raise its quota, or give --workers {}",
                (quota.floor() as usize).max(1)
            ));
        }
        if let Some(cores) = self.cores.filter(|c| *c < workers_count as u64) {
            warnings.push(format!("{workers_count} workers on {cores} cores: use fewer"));
        }
        warnings
    }
}

/// Counters of the host at one moment; two of them give a [`HostUse`]. None: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostCounters {
    /// Time for which the quota of the control group throttled this process.
    pub throttled: Option<Nanos>,
    /// Ticks of all processors that the hypervisor gave to other guests.
    pub steal_ticks: Option<u64>,
    /// All ticks of all processors.
    pub ticks: Option<u64>,
}

impl HostCounters {
    /// Reads the counters.
    pub fn read() -> HostCounters {
        let (steal_ticks, ticks) = std::fs::read_to_string("/proc/stat")
            .ok()
            .and_then(|stat| ticks_of(&stat))
            .map_or((None, None), |(steal, all)| (Some(steal), Some(all)));
        HostCounters { throttled: throttled(), steal_ticks, ticks }
    }
}

/// Stolen ticks and all ticks, from the first line of /proc/stat. Guest time is part of user time.
fn ticks_of(stat: &str) -> Option<(u64, u64)> {
    let numbers: Vec<u64> = stat
        .lines()
        .find_map(|l| l.strip_prefix("cpu "))?
        .split_whitespace()
        .take(8)
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    Some((*numbers.get(7)?, numbers.iter().sum()))
}

/// What kept this process from the processors between two moments. None: not known, or the run was on a virtual clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostUse {
    /// Share of the time for which the quota of the control group throttled this process.
    pub throttled: Option<f64>,
    /// Share of all processor time that the hypervisor gave to other guests.
    pub steal: Option<f64>,
}

impl HostUse {
    /// The use between two moments that are `elapsed` apart.
    pub fn between(before: &HostCounters, after: &HostCounters, elapsed: Nanos) -> HostUse {
        let throttled = match (before.throttled, after.throttled) {
            (Some(b), Some(a)) if elapsed > Nanos::ZERO => {
                Some((a.since(b).0 as f64 / elapsed.0 as f64).min(1.0))
            }
            _ => None,
        };
        let gap = |b: Option<u64>, a: Option<u64>| Some(a?.saturating_sub(b?));
        let steal = match (
            gap(before.steal_ticks, after.steal_ticks),
            gap(before.ticks, after.ticks).filter(|t| *t > 0),
        ) {
            (Some(steal), Some(ticks)) => Some(steal as f64 / ticks as f64),
            _ => None,
        };
        HostUse { throttled, steal }
    }
}

/// The trimmed content of a file. None: it cannot be read or is empty.
fn line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(Path::new(path)).ok()?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

fn cpu_field(name: &str) -> Option<String> {
    status_field("/proc/cpuinfo", name)
}

/// The value of the first `name : value` of a file.
fn status_field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines()
        .filter_map(|l| l.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

/// Octets from a number of KiB.
fn kibibytes(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse::<u64>().ok().map(|k| k * 1024)
}

/// Number of processors online.
fn online() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let is_processor = |l: &&str| {
        l.strip_prefix("cpu").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
    };
    Some(stat.lines().filter(is_processor).count() as u64).filter(|n| *n > 0)
}

/// The result of a self-check, with the host and the build that it is valid for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostSelfcheck {
    host: Option<String>,
    kernel: Option<String>,
    cpu: Option<String>,
    cores: Option<u64>,
    affinity: Option<String>,
    cpu_quota: Option<f64>,
    build: String,
    /// The result.
    pub found: Selfcheck,
}

impl HostSelfcheck {
    /// A result that is valid for the host and build of `environment`.
    pub fn new(environment: &Environment, found: Selfcheck) -> HostSelfcheck {
        let e = environment.clone();
        HostSelfcheck {
            host: e.host,
            kernel: e.kernel,
            cpu: e.cpu,
            cores: e.cores,
            affinity: e.affinity,
            cpu_quota: e.cgroup.cpu_quota,
            build: e.build,
            found,
        }
    }

    /// Whether the result is valid for this host and build, and as many processors.
    pub fn is_of(&self, environment: &Environment) -> bool {
        *self == HostSelfcheck::new(environment, self.found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selfcheck_is_valid_for_its_host_and_build_only() {
        let here = Environment {
            host: Some("a".into()),
            cores: Some(2),
            build: "release".into(),
            ..Environment::default()
        };
        let selfcheck = HostSelfcheck::new(&here, Selfcheck::default());
        assert!(selfcheck.is_of(&here));
        assert!(!selfcheck.is_of(&Environment { build: "debug".into(), ..here.clone() }));
        assert!(!selfcheck.is_of(&Environment { cores: Some(4), ..here.clone() }));
        assert!(!selfcheck.is_of(&Environment { host: Some("b".into()), ..here }));
    }

    #[test]
    fn the_use_between_two_moments_is_a_share_or_unknown() {
        let stat = |s: &str| ticks_of(s).unwrap();
        assert_eq!(stat("cpu  10 0 5 80 1 0 0 4 9 9\ncpu0 1\n"), (4, 100));
        let before =
            HostCounters { throttled: Some(Nanos(5)), steal_ticks: Some(4), ticks: Some(100) };
        let after =
            HostCounters { throttled: Some(Nanos(105)), steal_ticks: Some(14), ticks: Some(200) };
        let used = HostUse::between(&before, &after, Nanos(1000));
        assert_eq!((used.throttled, used.steal), (Some(0.1), Some(0.1)));
        let nothing = HostUse::between(&HostCounters::default(), &after, Nanos(1000));
        assert_eq!(nothing, HostUse::default());
    }

    #[test]
    fn this_machine_has_a_kernel_and_cores() {
        let e = Environment::read();
        assert!(e.kernel.is_some());
        assert!(e.cores.is_some_and(|c| c >= 1));
    }

    #[test]
    fn a_debug_build_a_powersaving_governor_and_too_many_workers_are_warned_of() {
        let quiet =
            Environment { cores: Some(4), build: "release".into(), ..Environment::default() };
        assert_eq!(quiet.warnings(4), Vec::<String>::new());
        let warned = |e: &Environment, workers, word: &str| {
            let warnings = e.warnings(workers);
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains(word), "{warnings:?}");
        };
        warned(&quiet, 5, "5 workers on 4 cores");
        warned(&Environment { build: "debug".into(), ..quiet.clone() }, 4, "--release");
        warned(
            &Environment { governor: Some("powersave".into()), ..quiet.clone() },
            4,
            "powersave",
        );
        let performance = Environment { governor: Some("performance".into()), ..quiet };
        assert_eq!(performance.warnings(4), Vec::<String>::new());
    }

    #[test]
    fn a_quota_below_the_workers_is_warned_of_with_the_remedy() {
        let cgroup = Cgroup { cpu_quota: Some(1.5), ..Cgroup::default() };
        let e = Environment { cgroup, build: "release".into(), ..Environment::default() };
        assert!(e.warnings(4)[0].contains("--workers 1"));
        assert!(e.warnings(1).is_empty());
    }
}
