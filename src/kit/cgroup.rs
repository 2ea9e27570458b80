//! Control groups of this process, versions 1 and 2: their limits, and for how long the quota throttled it. Values that
//! cannot be read are None, with the reason.
use super::Nanos;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// Limits of the control group of this process: the lowest of its own group and of the groups above it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cgroup {
    /// Path of the group that limits its processors.
    pub path: Option<String>,
    /// Number of processors that the quota allows. None: there is no quota, or it cannot be read.
    pub cpu_quota: Option<f64>,
    /// Memory limit in octets. None: there is no limit, or it cannot be read.
    pub memory_max: Option<u64>,
    /// Version of the group that limits its processors: 1 or 2.
    #[serde(default)]
    pub version: Option<u8>,
    /// The reason for each of `cpu_quota`, `memory_max` and `throttled` that is null.
    #[serde(default)]
    pub reasons: BTreeMap<String, String>,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum CgroupError {
    #[error("no limit is set")]
    NoLimit,
    #[error("{path}: {why}")]
    File { path: String, why: String },
    #[error("{0} has no throttled time")]
    NoThrottledTime(String),
    #[error("no control group has the controller {0}")]
    NoGroup(String),
    #[error("the control groups with the controller {0} are not mounted")]
    NotMounted(String),
    #[error("the control group {path} is not below {root}, which is mounted at {mount}")]
    Elsewhere { path: String, root: String, mount: String },
}

impl CgroupError {
    fn of(path: &str, why: &io::Error) -> CgroupError {
        CgroupError::File { path: path.to_owned(), why: why.to_string() }
    }
}

/// Reads a whole file.
type ReadFile<'a> = &'a dyn Fn(&str) -> io::Result<String>;

impl Cgroup {
    pub(super) fn read() -> Cgroup {
        Cgroup::of(&from_disk)
    }

    fn of(read: ReadFile<'_>) -> Cgroup {
        let mut found = Cgroup::default();
        let cpu = ControlGroup::of("cpu", read);
        if let Ok(group) = &cpu {
            found.path = Some(group.path.clone());
            found.version = Some(if group.unified { 2 } else { 1 });
        }
        let quota = cpu.as_ref().map_err(Clone::clone).and_then(|g| g.lowest_limit(read, quota));
        found.cpu_quota =
            found.value_or_reason("cpu_quota", quota.map(|q| q.map(|(quota, _)| quota)));
        let stopped = cpu.and_then(|group| group.throttled(read)).map(|t| Some(t.0 as f64));
        found.value_or_reason("throttled", stopped);
        let memory = ControlGroup::of("memory", read)
            .and_then(|group| Ok(group.lowest_limit(read, memory)?.map(|(octets, _)| octets)));
        let memory = found.value_or_reason("memory_max", memory);
        found.memory_max = memory.map(|octets| octets as u64);
        found
    }

    /// The value that was read. None: there is none, and the reason is kept.
    fn value_or_reason(
        &mut self,
        what: &str,
        read: Result<Option<f64>, CgroupError>,
    ) -> Option<f64> {
        let why = match read {
            Ok(Some(value)) => return Some(value),
            Ok(None) => CgroupError::NoLimit,
            Err(why) => why,
        };
        self.reasons.insert(what.to_owned(), why.to_string());
        None
    }
}

/// How long the quota has throttled the group of this process since the group exists. None: not known.
pub(super) fn throttled() -> Option<Nanos> {
    ControlGroup::of("cpu", &from_disk).and_then(|group| group.throttled(&from_disk)).ok()
}

fn from_disk(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// The group that limits one kind of resource.
struct ControlGroup {
    /// As in /proc/self/cgroup.
    path: String,
    /// Whether it is of version 2.
    unified: bool,
    /// Its folder and those of the groups above it, as far as they are visible; its own first.
    folders: Vec<String>,
}

impl ControlGroup {
    fn of(controller: &str, read: ReadFile<'_>) -> Result<ControlGroup, CgroupError> {
        let membership = file(read, "/proc/self/cgroup")?;
        let mounts = file(read, "/proc/self/mountinfo")?;
        // version 1 where a hierarchy of its own has the controller
        let one = membership.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(|c| c == controller).then_some(path)
        });
        let (path, mount) = match one {
            Some(path) => {
                let has = |options: &str| options.split(',').any(|option| option == controller);
                (path, mounted(&mounts, &|kind, options| kind == "cgroup" && has(options)))
            }
            None => {
                let path = membership.lines().find_map(|line| line.strip_prefix("0::"));
                let path = path.ok_or_else(|| CgroupError::NoGroup(controller.to_owned()))?;
                (path, mounted(&mounts, &|kind, _| kind == "cgroup2"))
            }
        };
        let (root, mount) = mount.ok_or_else(|| CgroupError::NotMounted(controller.to_owned()))?;
        let within = path.strip_prefix(root.trim_end_matches('/'));
        let below = within.filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let below = below.filter(|rest| !rest.contains("/..")).ok_or_else(|| {
            let (path, root, mount) = (path.to_owned(), root.clone(), mount.clone());
            CgroupError::Elsewhere { path, root, mount }
        })?;
        let mut folders = vec![format!("{mount}{}", below.trim_end_matches('/'))];
        while let Some((above, _)) = folders[folders.len() - 1].rsplit_once('/')
            && above.len() >= mount.len()
        {
            folders.push(above.to_owned());
        }
        Ok(ControlGroup { path: path.to_owned(), unified: one.is_none(), folders })
    }

    /// The lowest limit in its folders, and the folder that has it. `limit`: the limit of a folder.
    fn lowest_limit(
        &self,
        read: ReadFile<'_>,
        limit: fn(ReadFile<'_>, &str, bool) -> Result<Option<f64>, CgroupError>,
    ) -> Result<Option<(f64, &str)>, CgroupError> {
        let mut lowest: Option<(f64, &str)> = None;
        for folder in &self.folders {
            let found = limit(read, folder, self.unified)?;
            if let Some(found) = found.filter(|f| lowest.is_none_or(|(least, _)| *f < least)) {
                lowest = Some((found, folder));
            }
        }
        Ok(lowest)
    }

    /// How long the folder with the lowest quota was throttled; its own folder where there is no quota.
    fn throttled(&self, read: ReadFile<'_>) -> Result<Nanos, CgroupError> {
        let lowest = self.lowest_limit(read, quota)?;
        let path = format!("{}/cpu.stat", lowest.map_or(self.folders[0].as_str(), |t| t.1));
        throttled_of(&file(read, &path)?).ok_or(CgroupError::NoThrottledTime(path))
    }
}

/// Root and mount point of the first mount that `is` accepts by file system type and options.
fn mounted(mounts: &str, is: &dyn Fn(&str, &str) -> bool) -> Option<(String, String)> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let (left, right): (Vec<&str>, Vec<&str>) =
            (left.split(' ').collect(), right.split(' ').collect());
        let found = is(right.first()?, right.last()?);
        found.then(|| Some((unescaped(left.get(3)?), unescaped(left.get(4)?))))?
    })
}

/// Replaces `\040`, which mountinfo writes for a blank.
fn unescaped(path: &str) -> String {
    path.replace("\\040", " ")
}

/// Number of processors that the quota of a folder allows. None: there is no quota.
fn quota(read: ReadFile<'_>, folder: &str, unified: bool) -> Result<Option<f64>, CgroupError> {
    if unified {
        return Ok(optional(read, &format!("{folder}/cpu.max"))?.and_then(|text| quota_of(&text)));
    }
    let part = |name: &str| file(read, &format!("{folder}/cpu.cfs_{name}_us"));
    Ok(quota_of(&format!("{} {}", part("quota")?.trim(), part("period")?.trim())))
}

/// Memory limit of a folder in octets. None: there is no limit.
fn memory(read: ReadFile<'_>, folder: &str, unified: bool) -> Result<Option<f64>, CgroupError> {
    // version 1 has a number that no machine reaches where there is no limit
    const NONE: u64 = 1 << 60;
    let text = if unified {
        optional(read, &format!("{folder}/memory.max"))?
    } else {
        Some(file(read, &format!("{folder}/memory.limit_in_bytes"))?)
    };
    let octets = text.and_then(|text| text.trim().parse::<u64>().ok());
    Ok(octets.filter(|octets| *octets < NONE).map(|octets| octets as f64))
}

fn file(read: ReadFile<'_>, path: &str) -> Result<String, CgroupError> {
    read(path).map_err(|e| CgroupError::of(path, &e))
}

/// Reads a file. None: there is no such file, as in the root of a tree of version 2.
fn optional(read: ReadFile<'_>, path: &str) -> Result<Option<String>, CgroupError> {
    match read(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(CgroupError::of(path, &e)),
    }
}

/// Number of processors from `quota period`. None: the quota is `max` or `-1`.
fn quota_of(text: &str) -> Option<f64> {
    let mut fields = text.split_whitespace();
    let quota: f64 = fields.next()?.parse().ok()?;
    let period: f64 = fields.next()?.parse().ok()?;
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

/// Throttled time: `throttled_usec` in version 2, `throttled_time` in nanoseconds in version 1.
fn throttled_of(stat: &str) -> Option<Nanos> {
    let field = |name: &str| -> Option<u64> {
        let rest = stat.lines().find_map(|l| l.strip_prefix(name))?;
        rest.trim().parse().ok()
    };
    field("throttled_usec ").map(Nanos::from_micros).or_else(|| field("throttled_time ").map(Nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                      41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    const V2: &str =
        "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup rw,nsdelegate\n";

    fn of(files: &[(&str, &str)]) -> Cgroup {
        Cgroup::of(&|path| {
            let found = files.iter().find(|file| file.0 == path);
            found.map(|file| file.1.to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn throttled_in(files: &[(&str, &str)]) -> Result<Nanos, CgroupError> {
        let read = |path: &str| {
            let found = files.iter().find(|file| file.0 == path);
            found.map(|file| file.1.to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        ControlGroup::of("cpu", &read)?.throttled(&read)
    }

    #[test]
    fn quotas_and_throttling_are_read_in_both_cgroup_versions() {
        assert_eq!(quota_of("150000 100000"), Some(1.5));
        assert_eq!(quota_of("max 100000"), None);
        assert_eq!(quota_of("-1 100000"), None);
        assert_eq!(
            throttled_of("nr_periods 4\nthrottled_usec 250\n"),
            Some(Nanos::from_micros(250))
        );
        assert_eq!(throttled_of("nr_throttled 1\nthrottled_time 250\n"), Some(Nanos(250)));
        assert_eq!(throttled_of("usage_usec 5\n"), None);
    }

    #[test]
    fn a_group_of_version_1_is_read_where_it_is_and_not_at_the_root() {
        let files = [
            ("/proc/self/cgroup", "4:memory:/m\n2:cpu,cpuacct:/box/inner\n0::/\n"),
            ("/proc/self/mountinfo", V1),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.stat", "throttled_time 0\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/box/cpu.stat", "throttled_time 777\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/box/inner/cpu.cfs_quota_us", "-1\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/box/inner/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/box/inner/cpu.stat", "throttled_time 0\n"),
            ("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1048576\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        let found = of(&files);
        assert_eq!((found.cpu_quota, found.memory_max), (Some(0.5), Some(1_048_576)));
        assert_eq!((found.path.as_deref(), found.version), (Some("/box/inner"), Some(1)));
        assert!(found.reasons.is_empty(), "{:?}", found.reasons);
        assert_eq!(throttled_in(&files), Ok(Nanos(777)));
    }

    #[test]
    fn a_container_sees_its_group_of_version_1_at_the_mount() {
        let mounts = "9 8 0:1 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
        let files = [
            ("/proc/self/cgroup", "2:cpu:/docker/abc\n"),
            ("/proc/self/mountinfo", mounts),
            ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n"),
            ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu/cpu.stat", "throttled_time 5\n"),
        ];
        assert_eq!(of(&files).cpu_quota, Some(2.0));
        assert_eq!(throttled_in(&files), Ok(Nanos(5)));
    }

    #[test]
    fn what_cannot_be_read_is_null_with_its_reason() {
        let files = [
            ("/proc/self/cgroup", "4:memory:/m\n2:cpu,cpuacct:/box\n0::/\n"),
            ("/proc/self/mountinfo", V1),
        ];
        let found = of(&files);
        assert_eq!((found.cpu_quota, found.memory_max), (None, None));
        for (what, why) in [
            ("cpu_quota", "cpu,cpuacct/box/cpu.cfs_quota_us: entity not found"),
            ("throttled", "cpu,cpuacct/box/cpu.cfs_quota_us: entity not found"),
            ("memory_max", "memory/m/memory.limit_in_bytes: entity not found"),
        ] {
            assert!(found.reasons[what].ends_with(why), "{}", found.reasons[what]);
        }
        assert!(throttled_in(&files).is_err());
        let nowhere = of(&[]);
        assert_eq!(nowhere.reasons["cpu_quota"], "/proc/self/cgroup: entity not found");
        let unmounted = of(&[("/proc/self/cgroup", "2:cpu:/box\n"), ("/proc/self/mountinfo", "")]);
        assert!(unmounted.reasons["cpu_quota"].contains("not mounted"));
        let outside = "2:cpu:/../other\n";
        let outside = of(&[("/proc/self/cgroup", outside), ("/proc/self/mountinfo", V1)]);
        assert!(outside.reasons["cpu_quota"].contains("/../other is not below /"));
    }

    #[test]
    fn the_lowest_limit_above_counts_in_version_2_and_its_root_has_none() {
        let files = [
            ("/proc/self/cgroup", "0::/pod/box\n"),
            ("/proc/self/mountinfo", V2),
            ("/sys/fs/cgroup/pod/cpu.max", "150000 100000\n"),
            ("/sys/fs/cgroup/pod/cpu.stat", "throttled_usec 9\n"),
            ("/sys/fs/cgroup/pod/box/cpu.max", "max 100000\n"),
            ("/sys/fs/cgroup/pod/box/cpu.stat", "throttled_usec 0\n"),
            ("/sys/fs/cgroup/pod/box/memory.max", "max\n"),
        ];
        let found = of(&files);
        assert_eq!((found.cpu_quota, found.version), (Some(1.5), Some(2)));
        assert_eq!(found.reasons["memory_max"], "no limit is set");
        assert_eq!(throttled_in(&files), Ok(Nanos::from_micros(9)));
        let root = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/proc/self/mountinfo", V2),
            ("/sys/fs/cgroup/cpu.stat", "usage_usec 1\n"),
        ];
        let found = of(&root);
        assert_eq!(found.reasons["cpu_quota"], "no limit is set");
        assert!(found.reasons["throttled"].contains("has no throttled time"));
    }
}
