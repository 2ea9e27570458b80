//! The run folder: each run has its own, without files of an earlier run. Every file is written under a
//! temporary name and renamed, so that a file under its final name is complete.
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a folder or a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("cannot make the run folder {} ({why}); give another with --out", .path.display())]
    Make { path: PathBuf, why: io::Error },
    #[error("the folder {} cannot be written to ({why}); give another with --out", .path.display())]
    Unwritable { path: PathBuf, why: io::Error },
    #[error("{}: file of an earlier run, cannot be removed ({why}); remove it", .path.display())]
    Remove { path: PathBuf, why: io::Error },
    #[error("cannot write {}: {why}", .path.display())]
    Write { path: PathBuf, why: io::Error },
}

/// Parent of the default run folders.
const BASE: &str = "reports";
/// Files of a run.
const RUN: &[&str] = &[
    "result.json",
    "report.html",
    "intervals.csv",
    "response.hgrm",
    "latency.hlog",
    "latency.hlog.part",
    "distributions.part",
    "missing.csv",
    "lost.csv",
    "duplicates.csv",
    "altered.csv",
    "rejected.csv",
    "failed.pcapng",
    "junit.xml",
    "summary.md",
];
/// Files of a search; the first shows that a folder is one of a search.
const SEARCH: &[&str] = &["search.json", "summary.txt", "report.html"];
/// Files of a duel, likewise.
const DUEL: &[&str] = &["comparison.json", "comparison.md", "comparison.html", "summary.txt"];
/// Files of `gate --out`.
pub(super) const GATE: &[&str] = &["junit.xml", "summary.md"];

/// A folder for the results of one run.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    /// Whether it was made for this run.
    made: bool,
}

impl RunFolder {
    /// The folder `out`, or a new one, `reports/<id>`; it is writable.
    ///
    /// # Errors
    /// [`FolderError`].
    pub(super) fn open(out: Option<&Path>, id: &str) -> Result<RunFolder, FolderError> {
        let folder = match out {
            Some(path) => {
                make(path)?;
                RunFolder { path: path.to_owned(), made: false }
            }
            None => RunFolder { path: claim(Path::new(BASE), id)?, made: true },
        };
        if let Err(why) = probe(&folder.path) {
            folder.abandon();
            return Err(why);
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The run has no result: removes the folder, if it was made for the run and is empty.
    pub(super) fn abandon(&self) {
        if self.made {
            // a folder that is not empty stays
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Makes `base/<id>`, or with `-2`, `-3` and so on where that exists. Making it is the claim: runs that begin in the
/// same second get a folder each.
fn claim(base: &Path, id: &str) -> Result<PathBuf, FolderError> {
    make(base)?;
    let mut number = 1u64;
    loop {
        let path = match number {
            1 => base.join(id),
            number => base.join(format!("{id}-{number}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(why) => return Err(FolderError::Make { path, why }),
        }
    }
}

/// Makes the folder where it does not exist, and checks that a file can be written there.
///
/// # Errors
/// [`FolderError`].
pub(super) fn writable(path: &Path) -> Result<(), FolderError> {
    make(path)?;
    probe(path)
}

/// Checks before the load that a file can be written there.
fn probe(path: &Path) -> Result<(), FolderError> {
    let file = path.join(format!(".smppbench-{}.part", std::process::id()));
    let written = fs::write(&file, b"\n");
    // also a file that could not be written
    let removed = fs::remove_file(&file);
    let unwritable = |why| FolderError::Unwritable { path: path.to_owned(), why };
    written.and(removed).map_err(unwritable)
}

/// Makes the folder.
pub(super) fn make(path: &Path) -> Result<(), FolderError> {
    fs::create_dir_all(path).map_err(|why| FolderError::Make { path: path.to_owned(), why })
}

/// Removes the files of an earlier run, search or duel from a folder that is used again, by their names, and nothing
/// else.
///
/// # Errors
/// Where a file cannot be removed.
pub(super) fn clear(out: Option<&Path>) -> Result<(), FolderError> {
    let Some(out) = out else { return Ok(()) };
    let others = [SEARCH, DUEL].into_iter().filter(|names| out.join(names[0]).is_file());
    let others: Vec<&&str> = others.flatten().collect();
    for name in RUN.iter().chain(others) {
        remove(&out.join(name))?;
    }
    let Ok(entries) = fs::read_dir(out) else { return Ok(()) };
    for block in entries.flatten().filter(|e| e.file_name().to_str().is_some_and(is_block)) {
        for name in RUN {
            remove(&block.path().join(name))?;
        }
        // a folder with other files stays
        let _ = fs::remove_dir(block.path());
    }
    Ok(())
}

/// Removes the files of these names.
///
/// # Errors
/// [`FolderError`].
pub(super) fn clear_names(out: &Path, names: &[&str]) -> Result<(), FolderError> {
    names.iter().try_for_each(|name| remove(&out.join(name)))
}

/// Whether a folder has the name of a block of a duel (`a-01`) or of an overhead (`direct-01`), or of a run of `calibrate`
/// (`01`).
fn is_block(name: &str) -> bool {
    const SIDES: [&str; 4] = ["a-", "b-", "direct-", "through-"];
    let number = SIDES.iter().find_map(|side| name.strip_prefix(side)).unwrap_or(name);
    number.len() >= 2 && number.bytes().all(|octet| octet.is_ascii_digit())
}

fn remove(path: &Path) -> Result<(), FolderError> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound && path.exists() => {
            Err(FolderError::Remove { path: path.to_owned(), why })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file completely or not at all. A pipe or a device at the path is written to directly.
///
/// # Errors
/// [`FolderError::Write`].
pub(super) fn write(path: &Path, octets: &[u8]) -> Result<(), FolderError> {
    write_with(path, |file| file.write_all(octets))
}

/// Writes likewise what `fill` produces.
///
/// # Errors
/// [`FolderError::Write`].
pub(super) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), FolderError> {
    replace(path, fill).map_err(|why| FolderError::Write { path: path.to_owned(), why })
}

/// Writes likewise, for callers with an error message of their own.
///
/// # Errors
/// As writing does.
pub(super) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let create = |path: &Path| {
        let mut file = BufWriter::new(File::create(path)?);
        fill(&mut file)?;
        file.flush()
    };
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return create(path);
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = create(&part).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // half a file must not stay
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_claim_a_folder_at_once_get_one_each() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().join("deep/reports");
        let claimed = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| claim(&base, "quick-20260101T000000Z"))).collect();
            let mut all: Vec<_> = threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect();
            all.sort();
            all.dedup();
            all
        });
        assert_eq!(claimed.len(), 8);
        assert!(claimed.contains(&base.join("quick-20260101T000000Z-8")));
    }

    #[test]
    fn a_folder_used_again_loses_the_files_of_the_run_before_and_no_others() {
        let out = tempfile::tempdir().unwrap();
        let out = out.path();
        let put = |name: &str| {
            fs::create_dir_all(out.join(name).parent().unwrap()).unwrap();
            fs::write(out.join(name), b"x").unwrap();
        };
        let ours = [
            "result.json",
            "junit.xml",
            "missing.csv",
            "a-01/result.json",
            "b-12/latency.hlog",
            "direct-01/failed.pcapng",
            "through-02/result.json",
        ];
        let theirs =
            ["notes.txt", "summary.txt", "a-1/result.json", "a-02/notes.txt", "sub/result.json"];
        ours.into_iter().chain(theirs).for_each(put);
        clear(Some(out)).unwrap();
        for name in ours {
            assert!(!out.join(name).exists(), "{name}");
        }
        assert!(!out.join("a-01").exists());
        for name in theirs {
            assert!(out.join(name).exists(), "{name}");
        }
        // next to search.json, summary.txt is a file of the search
        put("search.json");
        clear(Some(out)).unwrap();
        assert!(!out.join("search.json").exists() && !out.join("summary.txt").exists());
        clear(Some(&out.join("not there"))).unwrap();
        clear(None).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_reported_with_a_remedy_and_an_empty_one_is_removed() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("file");
        fs::write(&file, b"x").unwrap();
        let says = RunFolder::open(Some(&file.join("run")), "id").unwrap_err().to_string();
        assert!(says.contains("file/run") && says.contains("--out"), "{says}");
        let made = RunFolder { path: claim(base.path(), "id").unwrap(), made: true };
        made.abandon();
        assert!(!made.path().exists());
        let given = RunFolder::open(Some(&base.path().join("given")), "id").unwrap();
        given.abandon();
        assert!(given.path().exists());
    }
}
