//! SIGINT, SIGTERM and SIGHUP, counted by a thread of their own, so that none is lost while the receiver is busy.
use crate::kit::Hangup;
use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Signals that came since the first [`Signals::listen`] of this process. At the first one a run drains and
/// reports, at the second it stops at once.
#[derive(Clone, Debug)]
pub struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Listens from now on; one thread of the process does so for all callers.
    ///
    /// # Errors
    /// What the kernel says when it grants no thread, reactor or handler.
    pub fn listen() -> io::Result<Signals> {
        static COUNT: Mutex<Option<watch::Receiver<u32>>> = Mutex::new(None);
        let mut count = COUNT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = count.as_ref() {
            return Ok(Signals(count.clone()));
        }
        let (counter, counted) = watch::channel(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let context = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = Hangup::new()?;
        drop(context);
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async move {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        () = hangup.recv() => {}
                    }
                    counter.send_modify(|count| *count += 1);
                }
            });
        })?;
        *count = Some(counted.clone());
        Ok(Signals(counted))
    }

    /// Number of signals that came.
    pub fn count(&self) -> u32 {
        *self.0.borrow()
    }

    /// Waits until more than `seen` have come.
    pub async fn more_than(&mut self, seen: u32) {
        if self.0.wait_for(|count| *count > seen).await.is_err() {
            // the thread that counts never ends before the process
            std::future::pending::<()>().await;
        }
    }

    /// Ends the process with `code` as soon as two have come and `patience` has passed, whatever its threads do.
    ///
    /// # Errors
    /// What the kernel says when it grants no thread.
    pub fn end_at_the_second(mut self, code: i32, patience: std::time::Duration) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        std::thread::Builder::new().name("second-signal".to_owned()).spawn(move || {
            runtime.block_on(self.more_than(1));
            std::thread::sleep(patience);
            std::process::exit(code);
        })?;
        Ok(())
    }
}
