//! A session that ends, in every phase.
use super::*;

#[test]
fn a_session_lost_between_its_bind_and_the_load_is_bound_again_and_told() {
    let mut peer = Peer::bound(
        &format!("binds.rebind = {{ min = \"100ms\", max = \"1s\" }}\n{ONE_BIND}").replace(
            "binds = { count = 1, window = 4, enquire_link = \"off\" }",
            "binds.count = 1\nbinds.window = 4",
        ),
    );
    peer.read_header(0, CommandId::UNBIND, CommandStatus::ESME_ROK, 1);
    assert_eq!(peer.core.wish(0), ConnAction::CloseWhenFlushed);
    peer.take_out(0);
    let again = peer.core.disconnected(0, &End::Wished(ConnAction::CloseWhenFlushed), peer.now);
    peer.gather();
    let again = again.expect("it is bound again as the profile says");
    assert!(!peer.all_lost);
    peer.start = peer.now + Nanos::from_millis(10);
    let start = peer.start;
    peer.core.order(&Order::Start { at: start }, peer.now);
    peer.pass(again, |_| {});
    peer.bind(0);
    peer.pass(start + Nanos::from_millis(1_200), |peer| {
        peer.take_out(0);
        while !peer.open.is_empty() {
            peer.answer(0, CommandStatus::ESME_ROK);
        }
    });
    assert!(peer.submits > 100);
    let outages: Vec<_> = peer.intervals.iter().flat_map(|i| &i.outages).collect();
    assert_eq!(outages.len(), 1);
    assert_eq!(outages[0].to, Some(again.since(start)));
}

#[test]
fn the_only_session_lost_before_the_load_and_not_bound_again_ends_the_run() {
    let mut peer = Peer::bound(&ONE_BIND.replace("window = 4", "window = 4, rebind = \"off\""));
    let again = peer.core.disconnected(0, &End::PeerClosed, peer.now);
    peer.gather();
    assert_eq!((again, peer.all_lost), (None, true));
}

#[test]
fn a_peer_that_unbinds_and_reads_no_more_is_closed_when_the_unbind_timeout_is_over() {
    let mut peer = Peer::loaded(&format!("timeouts.unbind = \"2s\"\n{ONE_BIND}"));
    assert!(!peer.core.out(0).is_empty(), "a submit_sm that the peer does not read");
    peer.read_header(0, CommandId::UNBIND, CommandStatus::ESME_ROK, 1);
    let by = peer.now + Nanos::from_secs(2);
    let before = by.since(Nanos::from_millis(20));
    peer.pass(before, |_| {});
    assert_eq!(peer.core.wish(0), ConnAction::CloseWhenFlushed);
    peer.pass(by + Nanos::from_millis(20), |_| {});
    assert_eq!(peer.core.wish(0), ConnAction::Close);
}
