//! Saved runs as given on the command line: a run folder, or its result.json. Every fault is one line with the
//! path, the fault and the remedy.
use crate::judge::{Baseline, BaselineError};
use crate::kit::{MIB, read_at_most};
use crate::report::document::LoadError as LoadFault;
use crate::report::{Document, Saved, Second, hlog};
use std::io;
use std::path::{Path, PathBuf};

const RESULT: &str = "result.json";
const LOG: &str = "latency.hlog";

/// Why a saved run, or a baseline, cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("{}: no {RESULT} in it; give a run folder or its {RESULT}", .0.display())]
    NoResult(PathBuf),
    #[error("{}: no such file; give a run folder or its {RESULT}", .0.display())]
    NoFile(PathBuf),
    #[error("{}: cannot be read ({why})", .path.display())]
    Unreadable { path: PathBuf, why: io::Error },
    #[error("{}: {why}", .path.display())]
    Document { path: PathBuf, why: LoadFault },
    #[error("{}: {rows} {what}, more than the {most} that a result can hold", .path.display())]
    TooMany { path: PathBuf, what: &'static str, rows: usize, most: usize },
    #[error("{}: {why}; give {RESULT} alone to read the run without it", .path.display())]
    Log { path: PathBuf, why: hlog::HlogError },
    #[error("{}: {why}", .path.display())]
    Baseline { path: PathBuf, why: BaselineError },
}

/// Reads runs, each as [`saved`] does.
///
/// # Errors
/// That of the first that cannot be read.
pub(super) fn all(paths: &[PathBuf]) -> Result<Vec<Saved>, LoadError> {
    paths.iter().map(|path| saved(path)).collect()
}

/// Reads a run. The log of a killed run has its temporary name still. A result.json given alone is read without a
/// log, even if there is one in its folder.
///
/// # Errors
/// [`LoadError`].
pub(super) fn saved(path: &Path) -> Result<Saved, LoadError> {
    let folder = path.is_dir();
    let result = if folder { path.join(RESULT) } else { path.to_owned() };
    let octets = read_at_most(&result, 1024 * MIB).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound if folder => LoadError::NoResult(path.to_owned()),
        io::ErrorKind::NotFound => LoadError::NoFile(result.clone()),
        _ => LoadError::Unreadable { path: result.clone(), why },
    })?;
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&octets);
    let document = Document::from_json(octets)
        .map_err(|why| LoadError::Document { path: result.clone(), why })?;
    bounded(&result, &document)?;
    let seconds = if folder { log(path)? } else { None };
    Ok(Saved { document, seconds })
}

/// Refuses more rows than a run can have, so that later code need not cope with any number.
fn bounded(path: &Path, document: &Document) -> Result<(), LoadError> {
    let lists = [
        ("intervals", document.intervals.len(), 10_000),
        ("groups", document.groups.len(), 10_000),
        ("stages", document.stages.len(), 65_536),
        ("sessions", document.sessions.len(), 1_000_000),
        ("statuses", document.statuses.len(), 10_000),
    ];
    match lists.into_iter().find(|(_, rows, most)| rows > most) {
        Some((what, rows, most)) => {
            Err(LoadError::TooMany { path: path.to_owned(), what, rows, most })
        }
        None => Ok(()),
    }
}

/// The distributions of each interval; None: the folder has no log.
fn log(folder: &Path) -> Result<Option<Vec<Second>>, LoadError> {
    for name in [LOG.to_owned(), format!("{LOG}.part")] {
        let path = folder.join(name);
        match read_at_most(&path, 4096 * MIB) {
            Ok(octets) => {
                return hlog::read(&octets).map(Some).map_err(|why| LoadError::Log { path, why });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(LoadError::Unreadable { path, why }),
        }
    }
    Ok(None)
}

/// Reads a baseline, if the paths are one baseline file; None: they are runs.
///
/// # Errors
/// [`LoadError`].
pub(super) fn baseline(paths: &[PathBuf]) -> Result<Option<Baseline>, LoadError> {
    const MARK: &str = "smppbench.baseline/";
    let [path] = paths else { return Ok(None) };
    if !path.is_file() {
        return Ok(None);
    }
    let octets = read_at_most(path, 1024 * MIB)
        .map_err(|why| LoadError::Unreadable { path: path.clone(), why })?;
    let marked = String::from_utf8_lossy(&octets[..octets.len().min(200)]).contains(MARK);
    match Baseline::from_json(&octets) {
        Ok(baseline) => Ok(Some(baseline)),
        Err(BaselineError::Schema(other)) if !other.starts_with(MARK) => Ok(None),
        Err(BaselineError::Malformed(_)) if !marked => Ok(None),
        Err(why) => Err(LoadError::Baseline { path: path.clone(), why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn sample() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample")
    }

    #[test]
    fn a_folder_without_a_result_a_missing_file_and_a_bad_log_are_each_named() {
        let folder = tempfile::tempdir().unwrap();
        let says = saved(folder.path()).unwrap_err().to_string();
        assert!(says.ends_with("no result.json in it; give a run folder or its result.json"));
        let says = saved(&folder.path().join("x.json")).unwrap_err().to_string();
        assert!(says.contains("x.json: no such file"), "{says}");
        fs::write(folder.path().join("latency.hlog"), "nonsense\n").unwrap();
        fs::copy(sample().join("result.json"), folder.path().join("result.json")).unwrap();
        let says = saved(folder.path()).unwrap_err().to_string();
        assert!(says.contains("latency.hlog: line 1: not an interval"), "{says}");
        // the document alone is still good
        assert!(saved(&folder.path().join("result.json")).unwrap().seconds.is_none());
    }

    #[test]
    fn the_log_of_a_killed_run_is_read_under_its_temporary_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(sample().join("result.json"), folder.path().join("result.json")).unwrap();
        assert!(saved(folder.path()).unwrap().seconds.is_none());
        let header = hlog::header("killed", "2026-01-01T00:00:00.000Z");
        fs::write(folder.path().join("latency.hlog.part"), header + "Tag=response,0.0").unwrap();
        assert_eq!(saved(folder.path()).unwrap().seconds, Some(Vec::new()));
    }
}
