//! A shelf on disk: a file without a name, so that the kernel frees it when the process ends.
use crate::measure::SpillStore;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The file's name while it has one.
const NAME: &str = "distributions.part";

/// A temporary file without a name.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    file: File,
    end: AtomicU64,
}

impl Scratch {
    /// Creates an empty file in a folder, and the folder if needed.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn new(folder: &Path) -> io::Result<Scratch> {
        fs::create_dir_all(folder)?;
        let path = folder.join(NAME);
        // an earlier run that was killed may have left its file
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        // the kernel keeps the file while it is open
        fs::remove_file(&path)?;
        Ok(Scratch { folder: folder.to_owned(), file, end: AtomicU64::new(0) })
    }
}

impl SpillStore for Scratch {
    fn put(&self, octets: &[u8]) -> Option<u64> {
        let place = self.end.fetch_add(octets.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(octets, place).ok()?;
        Some(place)
    }

    fn get(&self, place: u64, length: usize) -> Option<Vec<u8>> {
        let mut octets = vec![0; length];
        self.file.read_exact_at(&mut octets, place).ok()?;
        Some(octets)
    }

    fn fresh(&self) -> Option<Arc<dyn SpillStore>> {
        Some(Arc::new(Scratch::new(&self.folder).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_on_it_is_given_back_and_the_folder_stays_empty() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Scratch::new(&folder.path().join("run")).unwrap();
        let (first, second) = (shelf.put(b"one").unwrap(), shelf.put(b"second").unwrap());
        assert_eq!(shelf.get(first, 3).unwrap(), b"one");
        assert_eq!(shelf.get(second, 6).unwrap(), b"second");
        assert_eq!(shelf.get(second, 7), None);
        let fresh = shelf.fresh().unwrap();
        assert_eq!(fresh.get(0, 1), None);
        assert_eq!(shelf.get(first, 3).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path().join("run")).unwrap().count(), 0);
    }
}
