//! Discovery of agents: which have joined, which are busy, which do not fit. Nothing is sent to any SMSC before it
//! is complete.
use super::wire::{Ability, Who};
use crate::kit::Nanos;
use std::collections::BTreeSet;

/// How long further agents may join once there are enough, so that equal names and other versions are noticed.
const SETTLE: Nanos = Nanos::from_millis(250);
/// Time between two calls of a lead.
const CALL_EVERY: Nanos = Nanos::from_millis(500);

/// The agents that have joined.
#[derive(Debug)]
pub(super) struct AgentDiscovery {
    wanted: usize,
    timeout: Nanos,
    began: Option<Nanos>,
    called: Option<Nanos>,
    enough: Option<Nanos>,
    joined: Vec<(Who, Ability)>,
    busy: BTreeSet<String>,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum DiscoveryStep {
    /// Wait.
    Wait,
    /// Call for agents.
    Call,
    /// Engage these agents; dismiss the others.
    Engage(Vec<(Who, Ability)>, Vec<Who>),
    /// Give up: why, in one line.
    Fail(String),
}

impl AgentDiscovery {
    /// Waits for `wanted` agents, no longer than `timeout`.
    pub(super) fn new(wanted: usize, timeout: Nanos) -> AgentDiscovery {
        AgentDiscovery {
            wanted,
            timeout,
            began: None,
            called: None,
            enough: None,
            joined: Vec::new(),
            busy: BTreeSet::new(),
        }
    }

    /// An agent joins.
    pub(super) fn on_join(&mut self, who: Who, busy: bool, ability: Ability, now: Nanos) {
        if busy {
            self.joined.retain(|(known, _)| known.id != who.id);
            self.busy.insert(who.name);
        } else if !self.joined.iter().any(|(known, _)| known.id == who.id) {
            self.busy.remove(&who.name);
            self.joined.push((who, ability));
        }
        if self.joined.len() >= self.wanted {
            self.enough.get_or_insert(now);
        }
    }

    /// What to do next. `version`: of this program.
    pub(super) fn next(&mut self, version: &str, now: Nanos) -> DiscoveryStep {
        let began = *self.began.get_or_insert(now);
        if let Some((who, _)) = self.joined.iter().find(|(who, _)| who.version != version) {
            let (name, theirs) = (&who.name, &who.version);
            return DiscoveryStep::Fail(format!(
                "agent {name} is smppbench {theirs}, this one is {version}; run the same version everywhere"
            ));
        }
        if let Some(name) = self.twice() {
            return DiscoveryStep::Fail(format!(
                "two agents are named {name}; give each a --name of its own"
            ));
        }
        if self.joined.len() >= self.wanted && self.enough.is_some_and(|at| now >= at + SETTLE) {
            let mut joined = std::mem::take(&mut self.joined);
            let rest = joined.split_off(self.wanted);
            joined.sort_by(|a, b| a.0.name.cmp(&b.0.name));
            return DiscoveryStep::Engage(joined, rest.into_iter().map(|(who, _)| who).collect());
        }
        if now >= began + self.timeout {
            return DiscoveryStep::Fail(self.too_few());
        }
        if self.called.is_none_or(|at| now >= at + CALL_EVERY) {
            self.called = Some(now);
            return DiscoveryStep::Call;
        }
        DiscoveryStep::Wait
    }

    /// Number of agents wanted.
    pub(super) fn wanted(&self) -> u32 {
        self.wanted as u32
    }

    /// All agents that have joined.
    pub(super) fn joined(&self) -> impl Iterator<Item = &Who> {
        self.joined.iter().map(|(who, _)| who)
    }

    fn twice(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        self.joined.iter().map(|(who, _)| &who.name).find(|n| !names.insert(*n)).cloned()
    }

    fn too_few(&self) -> String {
        let names: Vec<&str> = self.joined.iter().map(|(who, _)| who.name.as_str()).collect();
        let joined = match names.len() {
            0 => "none joined".to_owned(),
            n => format!("{n} joined ({})", names.join(", ")),
        };
        let busy: Vec<&str> = self.busy.iter().map(String::as_str).collect();
        let busy = if busy.is_empty() {
            String::new()
        } else {
            format!(", {} busy with another run ({})", busy.len(), busy.join(", "))
        };
        let (wanted, within) = (self.wanted, self.timeout.0 / crate::kit::NS_PER_S);
        format!(
            "need {wanted} agents, {joined} within {within} s{busy}; start more with \
             `smppbench agent --nats URL`, in the same --group"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(id: &str, name: &str) -> Who {
        Who { id: id.into(), name: name.into(), version: "1".into() }
    }

    fn after(discovery: &mut AgentDiscovery, ms: u64) -> DiscoveryStep {
        discovery.next("1", Nanos::from_millis(ms))
    }

    #[test]
    fn too_few_agents_are_one_line_with_how_many_joined_and_which_are_busy() {
        let mut discovery = AgentDiscovery::new(3, Nanos::from_secs(5));
        assert!(matches!(after(&mut discovery, 0), DiscoveryStep::Call));
        assert!(matches!(after(&mut discovery, 10), DiscoveryStep::Wait));
        discovery.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        discovery.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        discovery.on_join(who("2", "b"), true, Ability::default(), Nanos::ZERO);
        let DiscoveryStep::Fail(line) = after(&mut discovery, 5_000) else { panic!("it waits on") };
        assert!(line.starts_with("need 3 agents, 1 joined (a) within 5 s, 1 busy"), "{line}");
    }

    #[test]
    fn enough_are_engaged_in_the_order_of_their_names_and_the_rest_dismissed() {
        let mut discovery = AgentDiscovery::new(2, Nanos::from_secs(5));
        for (id, name) in [("1", "b"), ("2", "a"), ("3", "c")] {
            discovery.on_join(who(id, name), false, Ability::default(), Nanos::ZERO);
        }
        assert!(matches!(after(&mut discovery, 1), DiscoveryStep::Call));
        let DiscoveryStep::Engage(joined, rest) = after(&mut discovery, 300) else {
            panic!("it waits on")
        };
        assert_eq!(joined.iter().map(|c| c.0.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(rest, [who("3", "c")]);
    }

    #[test]
    fn two_of_one_name_and_another_version_are_refused() {
        let mut discovery = AgentDiscovery::new(2, Nanos::from_secs(5));
        discovery.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        discovery.on_join(who("2", "a"), false, Ability::default(), Nanos::ZERO);
        let DiscoveryStep::Fail(line) = after(&mut discovery, 1) else { panic!("it waits on") };
        assert!(line.contains("two agents are named a"), "{line}");
        let mut discovery = AgentDiscovery::new(2, Nanos::from_secs(5));
        discovery.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        let DiscoveryStep::Fail(line) = discovery.next("2", Nanos::ZERO) else {
            panic!("it waits on")
        };
        assert!(line.contains("agent a is smppbench 1, this one is 2"), "{line}");
    }
}
