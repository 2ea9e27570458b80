//! Saved runs as given on the command line: a run folder, or its result.json. Every fault is one line with the
//! path, what is wrong, and what would do.
use crate::kit::{MIB, read_at_most};
use crate::report::{Document, Saved, Second, hlog};
use std::io;
use std::path::Path;

const RESULT: &str = "result.json";
const LOG: &str = "latency.hlog";

/// Reads a run. Of a run that was killed the log is still under its temporary name. A result.json alone has no
/// log, even where one lies beside it: what needs the log says that it needs the folder.
///
/// # Errors
/// One line.
pub(super) fn saved(path: &Path) -> Result<Saved, String> {
    let folder = path.is_dir();
    let result = if folder { path.join(RESULT) } else { path.to_owned() };
    let shown = result.display();
    let octets = read_at_most(&result, 1024 * MIB).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound if folder => {
            format!("{}: no {RESULT} in it; give a run folder or its {RESULT}", path.display())
        }
        io::ErrorKind::NotFound => {
            format!("{shown}: there is no such file; give a run folder or its {RESULT}")
        }
        _ => format!("{shown}: cannot be read ({e})"),
    })?;
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&octets);
    let document = Document::from_json(octets).map_err(|e| format!("{shown}: {e}"))?;
    bounded(&document).map_err(|e| format!("{shown}: {e}"))?;
    let seconds = if folder { log(path)? } else { None };
    Ok(Saved { document, seconds })
}

/// Refuses more rows than a run of ours can have: what works on them need not stand every number.
fn bounded(document: &Document) -> Result<(), String> {
    let lists = [
        ("intervals", document.intervals.len(), 10_000),
        ("groups", document.groups.len(), 10_000),
        ("stages", document.stages.len(), 65_536),
        ("sessions", document.sessions.len(), 1_000_000),
        ("statuses", document.statuses.len(), 10_000),
    ];
    match lists.iter().find(|(_, rows, most)| rows > most) {
        Some((what, rows, most)) => {
            Err(format!("{rows} {what}, more than the {most} that a result can hold"))
        }
        None => Ok(()),
    }
}

/// The distributions of each interval; None where the folder holds no log.
fn log(folder: &Path) -> Result<Option<Vec<Second>>, String> {
    for name in [LOG.to_owned(), format!("{LOG}.part")] {
        let path = folder.join(name);
        match read_at_most(&path, 4096 * MIB) {
            Ok(octets) => {
                let read = hlog::read(&octets);
                return read.map(Some).map_err(|e| {
                    let shown = path.display();
                    format!("{shown}: {e}; give {RESULT} alone to do without it")
                });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(format!("{}: cannot be read ({e})", path.display())),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn sample() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample")
    }

    #[test]
    fn a_folder_without_a_result_a_missing_file_and_a_bad_log_are_each_named() {
        let folder = tempfile::tempdir().unwrap();
        let says = saved(folder.path()).unwrap_err();
        assert!(says.ends_with("no result.json in it; give a run folder or its result.json"));
        let says = saved(&folder.path().join("x.json")).unwrap_err();
        assert!(says.contains("x.json: there is no such file"), "{says}");
        fs::write(folder.path().join("latency.hlog"), "nonsense\n").unwrap();
        fs::copy(sample().join("result.json"), folder.path().join("result.json")).unwrap();
        let says = saved(folder.path()).unwrap_err();
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
