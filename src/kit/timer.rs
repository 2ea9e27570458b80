//! A timer with a resolution of microseconds: an absolute timerfd in tokio's reactor.
//!
//! tokio's own timer wheel has steps of 1 ms and fires about 1 ms late. A timerfd on the same epoll is
//! 25–50 µs late. `AsyncFd` over it would need `unsafe` since tokio 1.53.3, so a duplicate of the
//! descriptor is read through `tokio::net::unix::pipe::Receiver`, which does a plain `read(2)`.
use super::Nanos;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use tokio::net::unix::pipe;

/// A timerfd on CLOCK_MONOTONIC. Arm it, then await [`Timer::fired`].
#[derive(Debug)]
pub struct Timer {
    fd: TimerFd,
    reader: pipe::Receiver,
    armed_for: Cell<Nanos>,
}

impl Timer {
    /// A disarmed timer. Call it within a tokio runtime that has its I/O driver enabled.
    ///
    /// # Errors
    /// The kernel grants no timerfd (out of descriptors).
    pub fn new() -> io::Result<Timer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let fd = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let reader = pipe::Receiver::from_owned_fd_unchecked(fd.as_fd().try_clone_to_owned()?)?;
        Ok(Timer { fd, reader, armed_for: Cell::new(Nanos::MAX) })
    }

    /// Fires once at `at` (CLOCK_MONOTONIC), at once if that is past; MAX: never. Replaces the time armed before.
    ///
    /// # Errors
    /// timerfd_settime(2) fails.
    pub fn arm(&self, at: Nanos) -> io::Result<()> {
        if self.armed_for.get() == at {
            return Ok(());
        }
        self.armed_for.set(at);
        if at == Nanos::MAX {
            return Ok(self.fd.unset()?);
        }
        // an absolute time of 0 would disarm
        let at = std::time::Duration::from_nanos(at.0.max(1));
        let expiration = Expiration::OneShot(TimeSpec::from_duration(at));
        Ok(self.fd.set(expiration, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?)
    }

    /// Waits until the timer has fired.
    ///
    /// # Errors
    /// read(2) on the timerfd fails.
    pub async fn fired(&self) -> io::Result<()> {
        loop {
            self.reader.readable().await?;
            let mut count = [0u8; 8];
            match self.reader.try_read(&mut count) {
                Ok(_) => {
                    self.armed_for.set(Nanos::MAX);
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Clock;

    #[test]
    fn the_timer_fires_after_its_time_and_can_be_armed_again() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        rt.block_on(async {
            let timer = Timer::new().unwrap();
            for _ in 0..3 {
                let at = Clock::now() + Nanos::from_micros(300);
                timer.arm(at).unwrap();
                timer.fired().await.unwrap();
                assert!(Clock::now() >= at);
            }
            timer.arm(Nanos(1)).unwrap();
            timer.fired().await.unwrap();
        });
    }
}
