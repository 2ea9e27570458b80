//! What the kernel says of the connections, and the run as a share of what this machine was found to bear.
use super::super::Run;
use super::super::document::{RoleTcp, SessionTcp};
use crate::kit::Nanos;
use crate::measure::{SessionRecord, Transport};
use serde_json::{Value, json};

fn share(part: Option<Nanos>, busy: Option<Nanos>) -> Option<f64> {
    let busy = busy.filter(|b| b.0 > 0)?;
    Some(part?.0 as f64 / busy.0 as f64)
}

/// One session's connections.
pub(super) fn session(t: &Transport) -> SessionTcp {
    SessionTcp {
        connections: t.connections,
        rtt_ns: t.rtt.0,
        rtt_min_ns: t.rtt_min.map(|n| n.0),
        retransmits: t.retransmits,
        segments_out: t.segments_out,
        rwnd_limited_ratio: share(t.rwnd_limited, t.busy),
        sndbuf_limited_ratio: share(t.sndbuf_limited, t.busy),
    }
}

/// Sessions of one role together.
struct Class<'a> {
    role: &'a str,
    members: Vec<&'a Transport>,
}

fn classes<'a>(sessions: &'a [SessionRecord]) -> Vec<Class<'a>> {
    let mut classes: Vec<Class<'a>> = Vec::new();
    for s in sessions {
        let Some(transport) = &s.transport else { continue };
        match classes.iter_mut().find(|c| c.role == s.role) {
            Some(class) => class.members.push(transport),
            None => classes.push(Class { role: &s.role, members: vec![transport] }),
        }
    }
    classes
}

impl Class<'_> {
    /// Over all members, of their busy time.
    fn limited(&self, of: fn(&Transport) -> Option<Nanos>) -> Option<f64> {
        let sum = |of: fn(&Transport) -> Option<Nanos>| -> Option<Nanos> {
            self.members.iter().map(|t| of(t).map(|n| n.0)).sum::<Option<u64>>().map(Nanos)
        };
        share(sum(of), sum(|t| t.busy))
    }
    /// The middle member's round trip.
    fn rtt(&self) -> Option<Nanos> {
        let mut all: Vec<Nanos> = self.members.iter().map(|t| t.rtt).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }
    fn sum(&self) -> RoleTcp {
        let least = |of: fn(&Transport) -> u64| self.members.iter().map(|t| of(t)).min();
        RoleTcp {
            role: self.role.to_owned(),
            sessions: self.members.len(),
            rtt_ns: self.rtt().map(|n| n.0),
            rtt_min_ns: self.members.iter().filter_map(|t| t.rtt_min).min().map(|n| n.0),
            rtt_max_ns: self.members.iter().map(|t| t.rtt.0).max(),
            retransmits: self.members.iter().map(|t| t.retransmits).sum(),
            segments_out: self.members.iter().map(|t| t.segments_out).sum(),
            rwnd_limited_ratio: self.limited(|t| t.rwnd_limited),
            sndbuf_limited_ratio: self.limited(|t| t.sndbuf_limited),
            nodelay: self.members.iter().all(|t| t.nodelay),
            send_buffer: least(|t| t.send_buffer),
            receive_buffer: least(|t| t.receive_buffer),
        }
    }
}

/// The environment, with the connections by role and the run as a share of this machine's ceiling.
pub(super) fn environment(run: &Run<'_>) -> Value {
    let mut value = json!(run.environment);
    let by_role: Vec<RoleTcp> = classes(&run.record.sessions).iter().map(Class::sum).collect();
    if let Some(map) = value.as_object_mut() {
        map.insert("tcp".to_owned(), json!(by_role));
        let selfcheck = map.get_mut("selfcheck").and_then(Value::as_object_mut);
        if let (Some(selfcheck), Some((share, ceiling))) = (selfcheck, of_ceiling(run)) {
            selfcheck.insert("share_of_ceiling".to_owned(), json!(share));
            selfcheck.insert("ceiling".to_owned(), json!(ceiling));
        }
    }
    value
}

/// (share, ceiling): submit_sm written a second of the measured time, of the ceiling with as many receipts.
fn of_ceiling(run: &Run<'_>) -> Option<(f64, f64)> {
    let measured = &run.judgement.measured;
    let receipts = measured.tally().receipts_expected > 0;
    let ceiling = run.environment.selfcheck.as_ref()?.ceiling(receipts)?.per_second;
    let (mut written, mut seconds) = (0, 0.0);
    for row in measured.rows(run.record) {
        written += row.tally.written;
        seconds += row.length.as_secs_f64();
    }
    (seconds > 0.0).then(|| (written as f64 / seconds / ceiling, ceiling))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(members: &[Transport]) -> RoleTcp {
        Class { role: "transceiver", members: members.iter().collect() }.sum()
    }

    fn transport(retransmits: u64, rwnd_ms: u64) -> Transport {
        Transport {
            connections: 1,
            rtt: Nanos::from_micros(200),
            retransmits,
            segments_out: Some(1_000),
            busy: Some(Nanos::from_secs(1)),
            rwnd_limited: Some(Nanos::from_millis(rwnd_ms)),
            sndbuf_limited: Some(Nanos::ZERO),
            nodelay: true,
            ..Transport::default()
        }
    }

    #[test]
    fn what_explains_nothing_is_not_said() {
        assert_eq!(class(&[transport(0, 40), transport(0, 0)]).says(), None);
    }

    #[test]
    fn segments_sent_again_and_a_full_receive_window_are_said_with_their_shares() {
        let said = class(&[transport(3, 300), transport(0, 100)]).says().unwrap();
        assert_eq!(
            said,
            "transceivers: round trip 200 µs; 3 of 2,000 segments were sent again, the SMSC's \
             receive window was full for 20 % of the busy time"
        );
    }

    #[test]
    fn a_second_connection_adds_to_the_first() {
        let mut sum = transport(3, 300);
        let later = Transport { rtt: Nanos::from_micros(900), ..transport(1, 100) };
        sum.followed_by(&later);
        let tcp = session(&sum);
        assert_eq!((tcp.connections, tcp.retransmits), (2, 4));
        assert_eq!((tcp.rtt_ns, tcp.rwnd_limited_ratio), (900_000, Some(0.2)));
    }

    #[test]
    fn what_is_said_of_a_role_comes_back_out_of_the_environment() {
        let sum = class(&[transport(3, 300), transport(0, 100)]);
        assert_eq!(serde_json::from_value::<RoleTcp>(json!(sum)).unwrap(), sum);
    }
}
