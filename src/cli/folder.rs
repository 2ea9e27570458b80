//! The run folder: whose it is, and that it holds nothing of an earlier run. Every file is written under a
//! temporary name and renamed, so that what stands under its final name is whole.
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a folder or a file cannot be had as it is needed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("cannot make the run folder {} ({why}); give another with --out", .path.display())]
    Make { path: PathBuf, why: io::Error },
    #[error("the folder {} cannot be written to ({why}); give another with --out", .path.display())]
    Unwritable { path: PathBuf, why: io::Error },
    #[error("{}: of an earlier run, and cannot be removed ({why}); remove it", .path.display())]
    Remove { path: PathBuf, why: io::Error },
    #[error("cannot write {}: {why}", .path.display())]
    Write { path: PathBuf, why: io::Error },
}

/// Where default run folders stand.
const BASE: &str = "reports";
/// What a run writes.
const RUN: &[&str] = &[
    "result.json",
    "report.html",
    "intervals.csv",
    "response.hgrm",
    "latency.hlog",
    "latency.hlog.part",
    "distributions.part",
    "missing.csv",
    "rejected.csv",
    "failed.pcapng",
    "junit.xml",
    "summary.md",
];
/// What a search writes, and the file that tells that one has.
const SEARCH: &[&str] = &["search.json", "summary.txt", "report.html"];
/// What a duel writes, likewise.
const DUEL: &[&str] = &["comparison.json", "comparison.md", "comparison.html", "summary.txt"];
/// What `gate --out` writes.
pub(super) const GATE: &[&str] = &["junit.xml", "summary.md"];

/// A folder for the results of one run.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    /// It was made for this run.
    made: bool,
}

impl RunFolder {
    /// The folder that was asked for, or a new one, `reports/<id>`; known to be writable.
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

    /// Nothing came of the run: a folder that was made for it and is empty goes.
    pub(super) fn abandon(&self) {
        if self.made {
            // where something stands in it, it stays
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Makes `base/<id>`, with `-2`, `-3` and so on where that is taken. Only making it decides whose it is: of
/// runs that begin in the same second each has its own.
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

/// Makes the folder where it is not there, and sees that a file can be written there.
///
/// # Errors
/// [`FolderError`].
pub(super) fn writable(path: &Path) -> Result<(), FolderError> {
    make(path)?;
    probe(path)
}

/// Whether a file can be written there: better known now than after the load.
fn probe(path: &Path) -> Result<(), FolderError> {
    let file = path.join(format!(".smppbench-{}.part", std::process::id()));
    let written = fs::write(&file, b"\n");
    // also one that could not be filled
    let removed = fs::remove_file(&file);
    let unwritable = |why| FolderError::Unwritable { path: path.to_owned(), why };
    written.and(removed).map_err(unwritable)
}

/// Makes the folder, or says in one line why not.
pub(super) fn make(path: &Path) -> Result<(), FolderError> {
    fs::create_dir_all(path).map_err(|why| FolderError::Make { path: path.to_owned(), why })
}

/// Removes what an earlier run, search or duel has left in a folder that is used again: what is written there
/// by name, and nothing else.
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
        // where something of somebody else's stands in it, it stays
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

/// Whether a folder is named as a block of a duel is (`a-01`), or a run of `calibrate` (`01`).
fn is_block(name: &str) -> bool {
    let number = name.strip_prefix("a-").or_else(|| name.strip_prefix("b-")).unwrap_or(name);
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

/// Writes a file whole, or not at all. What is there and is no file (a pipe, a device) is written to as it is.
///
/// # Errors
/// [`FolderError::Write`].
pub(super) fn write(path: &Path, octets: &[u8]) -> Result<(), FolderError> {
    write_with(path, |file| file.write_all(octets))
}

/// The same of what is made while it is written.
///
/// # Errors
/// [`FolderError::Write`].
pub(super) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), FolderError> {
    replace(path, fill).map_err(|why| FolderError::Write { path: path.to_owned(), why })
}

/// The same, for who says himself what could not be written.
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
        // a part left behind would only confuse
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_claimed_at_once_are_each_somebody_s_own() {
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
    fn a_folder_used_again_holds_nothing_of_the_run_before_and_all_of_its_owners() {
        let out = tempfile::tempdir().unwrap();
        let out = out.path();
        let put = |name: &str| {
            fs::create_dir_all(out.join(name).parent().unwrap()).unwrap();
            fs::write(out.join(name), b"x").unwrap();
        };
        let ours =
            ["result.json", "junit.xml", "missing.csv", "a-01/result.json", "b-12/latency.hlog"];
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
        // beside a search it is the search's
        put("search.json");
        clear(Some(out)).unwrap();
        assert!(!out.join("search.json").exists() && !out.join("summary.txt").exists());
        clear(Some(&out.join("not there"))).unwrap();
        clear(None).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_with_its_remedy_and_an_empty_one_goes() {
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
