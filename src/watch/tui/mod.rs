//! The live view: the run on a terminal, and a few keys. It draws on a thread of its own, at most ten times a second
//! and only changes. The run passes it a snapshot once a second and takes the operator's requests. If the view ends
//! before the run (Ctrl-C), the progress line replaces it.
mod charts;
mod keys;
mod panels;
mod snapshot;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod verdict;
mod view;

use crate::kit::{Clock, Nanos};
use crate::measure::{CutReason, Observer, Progress, Steer};
use crate::plan::Plan;
use crate::watch::ProgressLine;
use keys::{Action, Keys};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event};
use snapshot::{Snapshot, SnapshotBuilder};
use std::io::{self, Stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use terminal::FrameBuffer;
pub use view::SMALLEST;
use view::View;

/// Shortest time between two frames.
const FRAME: Nanos = Nanos::from_millis(100);

/// Shared by the run and the view's thread.
#[derive(Debug)]
struct Shared {
    latest: Mutex<Option<Arc<Snapshot>>>,
    keys: Keys,
    stop: AtomicBool,
}

impl Shared {
    fn latest(&self) -> Option<Arc<Snapshot>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn put(&self, snapshot: Snapshot) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(snapshot));
    }
}

/// An observer that shows the live view. Dropping it restores the terminal.
#[derive(Debug)]
pub struct Tui {
    builder: SnapshotBuilder,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Shows the run after the view has ended.
    after: ProgressLine<Stderr>,
}

/// (columns, rows) of the terminal behind stderr; None: the live view cannot use it.
pub fn terminal_size() -> Option<(u16, u16)> {
    terminal::usable()
}

impl Tui {
    /// Takes the terminal behind stderr for a run of this plan. `after` shows the rest of the run if the operator
    /// leaves the view.
    ///
    /// # Errors
    /// The terminal cannot be used, or no thread can be started.
    pub fn start(plan: &Plan, colour: bool, after: ProgressLine<Stderr>) -> io::Result<Tui> {
        let view = View::new(plan, colour);
        let shared = Arc::new(Shared {
            latest: Mutex::new(None),
            keys: Keys::new(),
            stop: AtomicBool::new(false),
        });
        terminal::enter()?;
        let theirs = shared.clone();
        let thread = std::thread::Builder::new().name("live view".to_owned()).spawn(move || {
            if draw(view, &theirs).is_err() {
                // the terminal is gone: the run goes on without a view
                terminal::leave();
            }
        });
        match thread {
            Ok(thread) => {
                Ok(Tui { builder: SnapshotBuilder::new(plan), shared, thread: Some(thread), after })
            }
            Err(e) => {
                terminal::leave();
                Err(e)
            }
        }
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // a view that panicked has restored the terminal already
            let _ = thread.join();
        }
        terminal::leave();
    }
}

impl Observer for Tui {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        if !terminal::is_up() {
            return self.after.progress(progress);
        }
        let taken = Clock::now();
        let snapshot = self.builder.snapshot(progress, taken);
        self.builder.took(taken, Clock::now().since(taken));
        self.shared.keys.in_force(snapshot.percent);
        self.shared.put(snapshot);
        None
    }

    fn steer(&mut self) -> Option<Steer> {
        self.shared.keys.take()
    }
}

/// Draws and reads keys until it must stop or loses the terminal.
fn draw(mut view: View, shared: &Shared) -> io::Result<()> {
    // never `Terminal::clear`: it asks the terminal for its cursor on stdout, where the result goes
    let mut terminal = Terminal::new(CrosstermBackend::new(FrameBuffer::default()))?;
    let mut next = Clock::now();
    while !shared.stop.load(Ordering::SeqCst) && terminal::is_up() {
        let now = Clock::now();
        if now >= next {
            view.look(shared.latest(), shared.keys.asked());
            if view.changed(now) {
                terminal.draw(|frame| panels::draw(&view, frame, view.at(now)))?;
            }
            next = now + FRAME;
        }
        if event::poll(Duration::from(next.since(now)))? {
            match event::read()? {
                Event::Key(key) => act(Action::of(key), &mut view, &shared.keys),
                Event::Resize(..) => view.touch(),
                Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {}
            }
        }
    }
    Ok(())
}

fn act(action: Option<Action>, view: &mut View, keys: &Keys) {
    match action {
        Some(Action::Pause) => view.pause(),
        Some(Action::Help) => view.help = !view.help,
        Some(Action::Faster) if view.may_steer() => keys.faster(),
        Some(Action::Slower) if view.may_steer() => keys.slower(),
        Some(Action::Faster | Action::Slower) | None => {}
        Some(Action::Finish) => keys.end(),
        Some(Action::Interrupt) => terminal::interrupt(),
    }
}
