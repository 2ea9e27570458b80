//! A bare SMPP v3.4 client and a bare server on epoll: the least that can move the harness's own octets
//! lawfully over a socket. Nothing is measured per message, nothing correlated, nothing kept. What the
//! harness costs beyond this is the harness's; the benches hold the two side by side.
pub mod args;
pub mod client;
pub mod harness;
pub mod peer;
pub mod server;
pub mod wire;

use nix::sys::epoll::{Epoll, EpollCreateFlags};
use std::io;

/// An epoll instance that no child inherits.
pub fn epoll() -> io::Result<Epoll> {
    Ok(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?)
}

/// The read buffer of a process: room for thousands of PDUs.
pub const READ_OCTETS: usize = 256 * 1024;
