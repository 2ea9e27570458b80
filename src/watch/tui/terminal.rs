//! Takes and restores the terminal. It is restored once, by the end of the view, Ctrl-C, or a panic on any thread.
//! After that the view writes nothing.
use nix::sys::signal::{Signal, raise};
use nix::unistd::{getpgrp, tcgetpgrp};
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use std::io::{self, IsTerminal, Write, stderr};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the view has the terminal. Written under the lock of stderr, so that no frame follows the restoration.
static UP: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Whether the view has the terminal.
pub(super) fn is_up() -> bool {
    UP.load(Ordering::SeqCst)
}

/// (columns, rows) of the terminal behind stderr; None: this process is not in the foreground there, or the terminal
/// cannot move its cursor.
pub(super) fn usable() -> Option<(u16, u16)> {
    let able = std::env::var_os("TERM").is_some_and(|term| term != "dumb" && !term.is_empty());
    let foreground = tcgetpgrp(stderr()).is_ok_and(|group| group == getpgrp());
    (stderr().is_terminal() && able && foreground).then(|| size().ok()).flatten()
}

/// Takes the terminal.
pub(super) fn enter() -> io::Result<()> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
    let mut out = stderr().lock();
    enable_raw_mode()?;
    UP.store(true, Ordering::SeqCst);
    let shown = execute!(out, EnterAlternateScreen, Clear(ClearType::All), Hide);
    if shown.is_err() {
        leave();
    }
    shown
}

/// Restores the terminal if the view has it.
pub(super) fn leave() {
    let mut out = stderr().lock();
    if UP.swap(false, Ordering::SeqCst) {
        // the terminal may be gone
        let _ = execute!(out, Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// As Ctrl-C does where the terminal is not raw.
pub(super) fn interrupt() {
    leave();
    // the run waits for this signal; raising it cannot fail for our own process
    let _ = raise(Signal::SIGINT);
}

/// Collects a frame and writes it at once while the view has the terminal.
#[derive(Debug, Default)]
pub(super) struct FrameBuffer(Vec<u8>);

impl Write for FrameBuffer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(octets);
        Ok(octets.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        let mut out = stderr().lock();
        if is_up() {
            out.write_all(&self.0)?;
            out.flush()?;
        }
        self.0.clear();
        Ok(())
    }
}
