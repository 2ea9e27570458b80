//! TCP statistics of the sessions, and the run's share of this machine's measured ceiling.
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

/// The connections of each role, in the order of its first session.
fn by_role(sessions: &[SessionRecord]) -> Vec<RoleTcp> {
    let mut roles: Vec<(&str, Vec<&Transport>)> = Vec::new();
    for s in sessions {
        let Some(transport) = &s.transport else { continue };
        match roles.iter_mut().find(|(role, _)| *role == s.role) {
            Some((_, members)) => members.push(transport),
            None => roles.push((&s.role, vec![transport])),
        }
    }
    roles.iter().map(|(role, members)| of_role(role, members)).collect()
}

/// The connections of one role together. Limited shares are of the busy time of all.
fn of_role(role: &str, members: &[&Transport]) -> RoleTcp {
    let least = |of: fn(&Transport) -> u64| members.iter().map(|t| of(t)).min();
    let total = |of: fn(&Transport) -> Option<Nanos>| -> Option<Nanos> {
        members.iter().map(|t| of(t).map(|n| n.0)).sum::<Option<u64>>().map(Nanos)
    };
    let limited = |of: fn(&Transport) -> Option<Nanos>| share(total(of), total(|t| t.busy));
    let mut rtts: Vec<u64> = members.iter().map(|t| t.rtt.0).collect();
    rtts.sort_unstable();
    RoleTcp {
        role: role.to_owned(),
        sessions: members.len(),
        rtt_ns: rtts.get(rtts.len() / 2).copied(),
        rtt_min_ns: members.iter().filter_map(|t| t.rtt_min).min().map(|n| n.0),
        rtt_max_ns: rtts.last().copied(),
        retransmits: members.iter().map(|t| t.retransmits).sum(),
        segments_out: members.iter().map(|t| t.segments_out).sum(),
        rwnd_limited_ratio: limited(|t| t.rwnd_limited),
        sndbuf_limited_ratio: limited(|t| t.sndbuf_limited),
        nodelay: members.iter().all(|t| t.nodelay),
        send_buffer: least(|t| t.send_buffer),
        receive_buffer: least(|t| t.receive_buffer),
    }
}

/// The environment, with the connections by role and the run as a share of this machine's ceiling.
pub(super) fn environment(run: &Run<'_>) -> Value {
    let mut value = json!(run.environment);
    if let Some(map) = value.as_object_mut() {
        map.insert("tcp".to_owned(), json!(by_role(&run.record.sessions)));
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
        of_role("transceiver", &members.iter().collect::<Vec<_>>())
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
        assert_eq!(class(&[transport(0, 40), transport(0, 0)]).says(false), None);
    }

    #[test]
    fn segments_sent_again_and_a_full_receive_window_are_said_with_their_shares() {
        let said = class(&[transport(3, 300), transport(0, 100)]).says(false).unwrap();
        assert_eq!(
            said,
            "transceivers: round trip 200 µs; 3 of 2,000 segments were retransmitted, the SMSC's \
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
