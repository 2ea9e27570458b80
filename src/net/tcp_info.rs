//! Reads the kernel's counters of a connection (`TCP_INFO`, tcp(7)).
use crate::kit::Nanos;
use nix::libc;
use std::os::fd::{AsFd, AsRawFd};

/// The kernel's counters of one connection. None: the kernel is too old to have the counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Present smoothed round trip time.
    pub rtt: Nanos,
    /// Shortest round trip time measured (Linux 4.6).
    pub rtt_min: Option<Nanos>,
    /// Number of segments sent again.
    pub retransmits: u64,
    /// Number of segments sent (Linux 4.2).
    pub segments_out: Option<u64>,
    /// Time with unsent or unacknowledged octets (Linux 4.10).
    pub busy: Option<Nanos>,
    /// Of `busy`: stopped by the peer's receive window.
    pub rwnd_limited: Option<Nanos>,
    /// Of `busy`: stopped by the send buffer.
    pub sndbuf_limited: Option<Nanos>,
}

// Offsets into `struct tcp_info` of linux/tcp.h: it is part of the kernel's ABI and only ever grows.
const RTT_US: usize = 68;
const TOTAL_RETRANS: usize = 100;
const SEGS_OUT: usize = 136;
const MIN_RTT_US: usize = 148;
const BUSY_US: usize = 168;
const RWND_LIMITED_US: usize = 176;
const SNDBUF_LIMITED_US: usize = 184;
/// Size of the buffer: all of these fields, and those that later kernels append.
const OCTETS: usize = 256;

/// The counters of a TCP socket, connected or just closed. None: the kernel does not give them.
pub fn tcp_info(socket: &impl AsFd) -> Option<TcpInfo> {
    let mut octets = [0u8; OCTETS];
    let filled = read(socket.as_fd().as_raw_fd(), &mut octets)?;
    TcpInfo::parse(&octets[..filled])
}

/// Fills `octets` from the front and returns how many are filled.
#[allow(unsafe_code, reason = "no safe wrapper reads TCP_INFO: the only getsockopt of this crate")]
fn read(fd: std::os::fd::RawFd, octets: &mut [u8; OCTETS]) -> Option<usize> {
    let mut length = OCTETS as libc::socklen_t;
    // SAFETY: `octets` is valid for writes of OCTETS octets and `length` says so; the kernel writes at most that
    // many, sets `length` to how many, and keeps neither pointer. Any octets are valid u8s. The caller's borrow
    // keeps the descriptor open during the call; a descriptor of another kind is refused with an error.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            octets.as_mut_ptr().cast::<libc::c_void>(),
            &raw mut length,
        )
    };
    (result == 0).then(|| (length as usize).min(OCTETS))
}

impl TcpInfo {
    /// The fields in the part of the structure that the kernel filled. None: it is too short.
    fn parse(octets: &[u8]) -> Option<TcpInfo> {
        let four = |at: usize| -> Option<u64> {
            let field = octets.get(at..at + 4)?.try_into().ok()?;
            Some(u64::from(u32::from_ne_bytes(field)))
        };
        let eight = |at: usize| -> Option<u64> {
            Some(u64::from_ne_bytes(octets.get(at..at + 8)?.try_into().ok()?))
        };
        Some(TcpInfo {
            rtt: Nanos::from_micros(four(RTT_US)?),
            retransmits: four(TOTAL_RETRANS)?,
            segments_out: four(SEGS_OUT),
            // all ones: no round trip has been measured yet
            rtt_min: four(MIN_RTT_US)
                .filter(|us| *us < u64::from(u32::MAX))
                .map(Nanos::from_micros),
            busy: eight(BUSY_US).map(Nanos::from_micros),
            rwnd_limited: eight(RWND_LIMITED_US).map(Nanos::from_micros),
            sndbuf_limited: eight(SNDBUF_LIMITED_US).map(Nanos::from_micros),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn fields_are_at_the_offsets_of_linux_tcp_h_and_none_in_older_kernels() {
        let mut octets = [0u8; 232];
        octets[68..72].copy_from_slice(&250u32.to_ne_bytes());
        octets[100..104].copy_from_slice(&3u32.to_ne_bytes());
        octets[136..140].copy_from_slice(&90u32.to_ne_bytes());
        octets[148..152].copy_from_slice(&40u32.to_ne_bytes());
        octets[168..176].copy_from_slice(&5_000u64.to_ne_bytes());
        octets[176..184].copy_from_slice(&400u64.to_ne_bytes());
        octets[184..192].copy_from_slice(&30u64.to_ne_bytes());
        let us = Nanos::from_micros;
        let whole = TcpInfo {
            rtt: us(250),
            rtt_min: Some(us(40)),
            retransmits: 3,
            segments_out: Some(90),
            busy: Some(us(5_000)),
            rwnd_limited: Some(us(400)),
            sndbuf_limited: Some(us(30)),
        };
        assert_eq!(TcpInfo::parse(&octets), Some(whole));
        // Linux 3.10 filled 104 octets
        let old = TcpInfo { rtt: us(250), retransmits: 3, ..TcpInfo::default() };
        assert_eq!(TcpInfo::parse(&octets[..104]), Some(old));
        assert_eq!(TcpInfo::parse(&octets[..60]), None);
    }

    #[test]
    fn a_connection_over_loopback_has_its_round_trip_time_also_after_a_shutdown() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut there, _) = listener.accept().unwrap();
        let mut octets = [0; 5];
        for _ in 0..20 {
            here.write_all(b"hello").unwrap();
            there.read_exact(&mut octets).unwrap();
            there.write_all(&octets).unwrap();
            here.read_exact(&mut octets).unwrap();
        }
        let open = tcp_info(&here).unwrap();
        assert!(open.rtt > Nanos::ZERO, "{open:?}");
        assert!(open.segments_out.is_none_or(|n| n >= 20), "{open:?}");
        drop(there);
        here.shutdown(std::net::Shutdown::Both).unwrap();
        let shut = tcp_info(&here).unwrap();
        assert!(shut.segments_out >= open.segments_out && shut.rtt > Nanos::ZERO, "{shut:?}");
    }

    #[test]
    fn a_file_that_is_not_a_tcp_socket_has_no_counters() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(tcp_info(&file), None);
    }
}
