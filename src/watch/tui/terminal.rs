//! The terminal, taken and given back. It is given back once, whoever does it: the end of the view, Ctrl-C, or
//! a panic on any thread. After that nothing of the view is written any more.
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

/// Whether the view has the terminal. Written under the lock of stderr, so that no frame follows the farewell.
static UP: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Whether the view has the terminal.
pub(super) fn is_up() -> bool {
    UP.load(Ordering::SeqCst)
}

/// (columns, rows) of the terminal behind stderr, where the view can have it: this process is in the foreground
/// there, and the terminal can move its cursor.
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

/// Gives the terminal back, if the view has it.
pub(super) fn leave() {
    let mut out = stderr().lock();
    if UP.swap(false, Ordering::SeqCst) {
        // a terminal that is gone needs nothing back
        let _ = execute!(out, Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// As Ctrl-C does where the terminal is not raw.
pub(super) fn interrupt() {
    leave();
    // the run waits for this signal; it cannot fail for our own process
    let _ = raise(Signal::SIGINT);
}

/// Where frames go: gathered, and written at once while the view has the terminal.
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
