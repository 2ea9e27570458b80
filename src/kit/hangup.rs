//! SIGHUP: sent when a terminal closes or its connection drops. It ends a run as SIGTERM does, unless the process was
//! started with SIGHUP ignored (nohup).
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGHUP.
#[derive(Debug)]
pub struct Hangup(Option<Signal>);

impl Hangup {
    /// Starts to listen. Call it within a tokio runtime.
    ///
    /// # Errors
    /// No handler can be installed.
    pub fn new() -> io::Result<Hangup> {
        if hangup_is_ignored() {
            return Ok(Hangup(None));
        }
        signal(SignalKind::hangup()).map(|signal| Hangup(Some(signal)))
    }

    /// Waits for the next SIGHUP; for ever where it is ignored.
    pub async fn recv(&mut self) {
        match &mut self.0 {
            Some(signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// Whether SIGHUP is ignored in this process.
pub fn hangup_is_ignored() -> bool {
    is_ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default())
}

/// Whether /proc/self/status says that signal 1 is ignored.
fn is_ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 != 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_hangup_that_is_ignored_from_outside_stays_ignored() {
        let is_ignored = super::is_ignored;
        assert!(is_ignored("Name:\tx\nSigIgn:\t0000000000000001\n"));
        assert!(is_ignored("SigIgn:\t0000000000001007\n"));
        assert!(!is_ignored("SigIgn:\t0000000000001006\nSigCgt:\t0000000000000001\n"));
        assert!(!is_ignored(""));
    }
}
