//! The run folder: every file is written under a temporary name and renamed, so that what stands under its
//! final name is whole.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `reports/<name>-<UTC>`, with a number where that is taken.
pub(super) fn default_path(id: &str) -> PathBuf {
    let base = Path::new("reports");
    let mut path = base.join(id);
    let mut number = 2;
    while path.exists() {
        path = base.join(format!("{id}-{number}"));
        number += 1;
    }
    path
}

/// Makes the folder, or says in one line why not.
pub(super) fn make(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path)
        .map_err(|e| format!("cannot make the run folder {}: {e}", path.display()))
}

/// Writes a file whole, or not at all. What is there and is no file (a pipe, a device) is written to as it is.
pub(super) fn write(path: &Path, octets: &[u8]) -> Result<(), String> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, octets)
            .map_err(|e| format!("cannot write {}: {e}", path.display()));
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = fs::write(&part, octets).and_then(|()| fs::rename(&part, path));
    written.map_err(|e: io::Error| {
        // a part left behind would only confuse
        let _ = fs::remove_file(&part);
        format!("cannot write {}: {e}", path.display())
    })
}
