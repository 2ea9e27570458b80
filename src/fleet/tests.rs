//! A lead and its agents on a virtual clock, over a carrier that loses and repeats messages, and stops for a while.
mod test_fleet;

use super::agent::{Agent, AgentAction};
use super::lead::LeadEvent;
use super::wire::{Ability, Subjects};
use crate::esme::{Event, Order};
use crate::kit::Nanos;
use crate::plan::{OnAgentLoss, Overrides, Source, load};
use std::collections::BTreeMap;
use std::sync::Arc;
use test_fleet::{STEP, TestFleet, plan, steady, who};

#[test]
fn what_a_lead_passes_on_is_the_sum_of_what_its_agents_told_bucket_by_bucket() {
    for agents in [1, 2, 4] {
        let mut fleet = TestFleet::new(agents, &[]);
        fleet.start(&steady());
        fleet.run(6);
        fleet.stop();
        fleet.same_as_sent();
        let record = fleet.record.as_ref().unwrap();
        assert_eq!(record.agents.len(), agents);
        for (n, agent) in record.agents.iter().enumerate() {
            let fix = agent.clock_before.unwrap();
            let ahead = 1_000_000_000_000 * (n as i64 + 1);
            assert!(fix.offset_ns.abs_diff(ahead) <= fix.uncertainty.0, "{fix:?}");
            assert!(agent.lost.is_none() && agent.clock_after.is_some());
        }
    }
}

#[test]
fn no_second_is_lost_or_counted_twice_where_letters_are_lost_and_repeated_and_nats_is_away() {
    let mut fleet = TestFleet::new(3, &[]);
    fleet.loss = 20;
    fleet.start(&steady());
    fleet.run(3);
    // longer than an agent may be silent, shorter than NATS may be away
    fleet.away = Some(fleet.now..fleet.now + Nanos::from_secs(12));
    fleet.run(15);
    fleet.stop();
    fleet.same_as_sent();
    let record = fleet.record.as_ref().unwrap();
    assert!(record.agents.iter().all(|agent| agent.lost.is_none()), "{record:?}");
}

#[test]
fn all_agents_start_at_the_same_instant_each_on_its_own_clock() {
    let mut fleet = TestFleet::new(4, &[]);
    fleet.start(&steady());
    fleet.run(1);
    let starts: BTreeMap<u64, usize> = fleet.far.iter().fold(BTreeMap::new(), |mut all, far| {
        let at = far.start.unwrap().since(far.ahead);
        *all.entry(at.0 / 1_000_000).or_default() += 1;
        all
    });
    // the carrier takes no time here: to the millisecond they are one
    assert!(starts.len() <= 2, "{starts:?}");
}

#[test]
fn an_agent_that_vanishes_is_lost_its_books_are_closed_and_the_others_go_on() {
    let mut fleet = TestFleet::new(2, &[]);
    fleet.start(&steady());
    fleet.run(4);
    fleet.far[1].alive = false;
    fleet.run(8);
    fleet.stop();
    let lost = fleet.events.iter().find_map(|news| match news {
        LeadEvent::Event(_, Event::Lost { workers, who, why }) => Some((workers.clone(), who, why)),
        _ => None,
    });
    let (workers, who, why) = lost.expect("its loss is told");
    assert_eq!((workers, who.as_str(), why.as_str()), (2..4, "a1", "stopped responding"));
    let tally = fleet.heard().tally;
    assert!(tally.balances(), "{tally:?}");
    let record = fleet.record.as_ref().unwrap();
    let loss = record.agents[1].lost.as_ref().unwrap();
    assert!(record.agents[0].lost.is_none());
    assert_eq!((tally.lost, tally.unsent), (loss.lost, loss.unsent));
}

#[test]
fn an_agent_whose_lead_is_gone_drains_and_unbinds_within_a_deadline_and_is_free_again() {
    let mut fleet = TestFleet::new(1, &[]);
    fleet.start(&steady());
    fleet.run(3);
    // the lead hears and says nothing any more
    fleet.lead = TestFleet::new(1, &[]).lead;
    fleet.lead.take_out();
    for _ in 0..2_500 {
        fleet.now += STEP;
        let now = fleet.now + fleet.far[0].ahead;
        fleet.far[0].agent.tick(now, true);
        fleet.far[0].agent.take_out();
        fleet.act(0);
        fleet.work(0);
    }
    let orders = &fleet.far[0].orders;
    assert!(
        matches!(
            orders[..],
            [Order::Start { .. }, Order::EndLoad { .. }, Order::Drain { .. }, Order::Stop]
        ),
        "{orders:?}"
    );
    assert!(fleet.far[0].said.iter().any(|line| line.contains("it stopped responding")));
    assert!(fleet.far[0].agent.is_stopped(0));
}

#[test]
fn an_agent_is_not_pointed_where_it_was_not_allowed_to_go() {
    let text = "guard.messages_max = 100\nguard.allow_target = [\"192.0.2.7:2775\"]\nbinds.count = 2\n\
                load.stages = [{ hold = 5, for = \"2s\" }]";
    let source = format!("target.address = \"192.0.2.7:2775\"\n{text}");
    let source = Source::Text { name: "t.toml".into(), text: source };
    let plan = Arc::new(load(&source, &Overrides::default()).unwrap());
    for (allowed, lets) in [(&["192.0.2.7:2775"][..], true), (&[][..], false)] {
        let mut fleet = TestFleet::new(2, allowed);
        fleet.run(3);
        fleet.lead.open(&plan, fleet.now);
        fleet.run(4);
        let accepted = fleet.events.iter().any(|n| matches!(n, LeadEvent::Accepted(..)));
        let refused = fleet.events.iter().find_map(|news| match news {
            LeadEvent::Refused(_, why) => Some(why.clone()),
            _ => None,
        });
        assert_eq!((accepted, refused.is_none()), (lets, lets));
        let names = |why: &String| {
            why.starts_with("agent a") && why.contains("--allow-target 192.0.2.7:2775")
        };
        assert!(refused.as_ref().is_none_or(names), "{refused:?}");
    }
}

#[test]
fn a_late_joiner_is_refused_and_told_so() {
    let mut fleet = TestFleet::new(1, &[]);
    fleet.start(&steady());
    let subjects = Subjects::of("g").unwrap();
    let mut late = Agent::new(who("B", "late"), subjects, Ability::default(), Vec::new());
    late.announce();
    for (_, octets) in late.take_out() {
        fleet.lead.on_message(&octets, fleet.now);
    }
    for (subject, octets) in fleet.lead.take_out() {
        if subject == "smppbench.g.agent.B" {
            late.on_message(&octets, fleet.now);
        }
    }
    let said: Vec<String> = late
        .take_actions()
        .into_iter()
        .filter_map(|action| if let AgentAction::Log(line) = action { Some(line) } else { None })
        .collect();
    assert_eq!(said, ["lead lead: a run with 1 agents goes on; wait for the next"]);
}

#[test]
fn strays_are_claimed_by_their_owner_before_anybody_is_stopped() {
    use crate::correlate::ReceiptInfo;
    use crate::esme::UnmatchedReceipt;
    let mut fleet = TestFleet::new(2, &[]);
    fleet.start(&steady());
    fleet.run(3);
    let notice = ReceiptInfo {
        received: Nanos(5),
        session: 0,
        state: 2,
        intermediate: false,
        err: [0; 4],
        rule: 0,
    };
    let strays = (0..10).map(|number| UnmatchedReceipt { number, key: number, notice }).collect();
    let now = fleet.now + fleet.far[0].ahead;
    fleet.far[0].agent.on_event(0, Event::Unmatched { worker: 0, receipts: strays }, now);
    fleet.run(1);
    fleet.stop();
    let settled = fleet.far[0].orders.iter().find_map(|order| match order {
        Order::Settled { worker: 0, claimed, unclaimed, excused: false } => {
            Some((claimed.len(), unclaimed.len()))
        }
        _ => None,
    });
    assert_eq!(settled, Some((5, 5)));
    let record = fleet.record.as_ref().unwrap();
    assert_eq!(record.receipts_crossed, 5);
    assert!(record.receipts_uncertainty_max.is_some());
}

#[test]
fn the_profile_says_what_a_lost_agent_means() {
    assert_eq!(steady().fleet.on_agent_loss, OnAgentLoss::Continue);
    let stop = plan("fleet.on_agent_loss = \"stop\"\nload.stages = [{ hold = 1, for = \"1s\" }]");
    assert_eq!(stop.fleet.on_agent_loss, OnAgentLoss::Stop);
}

#[test]
fn clocks_that_are_not_known_well_enough_are_refused_before_anything_is_sent() {
    let mut fleet = TestFleet::of(2, &[], Nanos::from_millis(1));
    fleet.slow = true;
    fleet.far.iter_mut().for_each(|far| far.agent.announce());
    fleet.run(9);
    let failed = fleet.events.iter().find_map(|news| match news {
        LeadEvent::Failed(line) => Some(line.as_str()),
        _ => None,
    });
    let line = failed.expect("it is refused");
    assert!(line.starts_with("clock of agent a0: known to ±5.000 ms, limit 1.000 ms"), "{line}");
    assert!(!fleet.events.iter().any(|news| matches!(news, LeadEvent::AgentsReady)));
}
