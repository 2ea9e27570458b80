//! What stands between load side and simulator.
use crate::kit::Nanos;
use std::fmt::Debug;

/// The network between load side and simulator.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Latency of one way.
    pub latency: Nanos,
    /// Most octets of one delivery: small ones cut PDUs in pieces. 0: as written.
    pub segment_octets: usize,
}

impl Default for Network {
    fn default() -> Self {
        Network { latency: Nanos::from_micros(50), segment_octets: 0 }
    }
}

/// Which way octets go through a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the load side in front to the simulator behind.
    Down,
    /// From the simulator behind to the load side in front.
    Up,
}

/// A gateway in memory. It has a session behind for each session in front.
pub trait Gateway: Debug {
    /// One side wrote these octets on a session. Appends what is to be written on the other side to `out`.
    fn pass(&mut self, session: u32, octets: &[u8], way: Way, out: &mut Vec<u8>);
}

/// A network, and the gateway in it. None: it is a wire.
#[derive(Debug)]
pub(super) struct Between {
    pub(super) network: Network,
    pub(super) gateway: Option<Box<dyn Gateway>>,
}

impl Between {
    /// What comes out of it where one side wrote these octets.
    pub(super) fn pass(&mut self, session: u32, octets: Vec<u8>, way: Way) -> Vec<u8> {
        let Some(gateway) = &mut self.gateway else { return octets };
        let mut out = Vec::with_capacity(octets.len());
        gateway.pass(session, &octets, way, &mut out);
        out
    }
}
