//! Gathering a fleet: who has come, who is busy, who cannot work with us. Nothing is sent to any SMSC before it
//! is complete.
use super::wire::{Ability, Who};
use crate::kit::Nanos;
use std::collections::BTreeSet;

/// After enough have come, so long are others still heard: two of one name, or of another version, show.
const SETTLE: Nanos = Nanos::from_millis(250);
/// Leads call so often.
const CALL_EVERY: Nanos = Nanos::from_millis(500);

/// Those who have come.
#[derive(Debug)]
pub(super) struct AgentDiscovery {
    wanted: usize,
    timeout: Nanos,
    began: Option<Nanos>,
    called: Option<Nanos>,
    enough: Option<Nanos>,
    come: Vec<(Who, Ability)>,
    busy: BTreeSet<String>,
}

/// What to do now.
#[derive(Debug)]
pub(super) enum Next {
    /// Wait.
    Wait,
    /// Call (again).
    Call,
    /// Engage these; let the others go.
    Engage(Vec<(Who, Ability)>, Vec<Who>),
    /// Give up: one line.
    Fail(String),
}

impl AgentDiscovery {
    /// So many are wanted, within `timeout`.
    pub(super) fn new(wanted: usize, timeout: Nanos) -> AgentDiscovery {
        AgentDiscovery {
            wanted,
            timeout,
            began: None,
            called: None,
            enough: None,
            come: Vec::new(),
            busy: BTreeSet::new(),
        }
    }

    /// One has come.
    pub(super) fn on_join(&mut self, who: Who, busy: bool, ability: Ability, now: Nanos) {
        if busy {
            self.come.retain(|(known, _)| known.id != who.id);
            self.busy.insert(who.name);
        } else if !self.come.iter().any(|(known, _)| known.id == who.id) {
            self.busy.remove(&who.name);
            self.come.push((who, ability));
        }
        if self.come.len() >= self.wanted {
            self.enough.get_or_insert(now);
        }
    }

    /// What to do now. `version` is ours.
    pub(super) fn next(&mut self, version: &str, now: Nanos) -> Next {
        let began = *self.began.get_or_insert(now);
        if let Some((who, _)) = self.come.iter().find(|(who, _)| who.version != version) {
            let (name, theirs) = (&who.name, &who.version);
            return Next::Fail(format!(
                "agent {name} is smppbench {theirs}, this one is {version}; run the same version everywhere"
            ));
        }
        if let Some(name) = self.twice() {
            return Next::Fail(format!(
                "two agents are named {name}; give each a --name of its own"
            ));
        }
        if self.come.len() >= self.wanted && self.enough.is_some_and(|at| now >= at + SETTLE) {
            let mut come = std::mem::take(&mut self.come);
            let rest = come.split_off(self.wanted);
            come.sort_by(|a, b| a.0.name.cmp(&b.0.name));
            return Next::Engage(come, rest.into_iter().map(|(who, _)| who).collect());
        }
        if now >= began + self.timeout {
            return Next::Fail(self.too_few());
        }
        if self.called.is_none_or(|at| now >= at + CALL_EVERY) {
            self.called = Some(now);
            return Next::Call;
        }
        Next::Wait
    }

    /// Agents looked for.
    pub(super) fn wanted(&self) -> u32 {
        self.wanted as u32
    }

    /// All that have come, to be let go.
    pub(super) fn come(&self) -> impl Iterator<Item = &Who> {
        self.come.iter().map(|(who, _)| who)
    }

    fn twice(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        self.come.iter().map(|(who, _)| &who.name).find(|n| !names.insert(*n)).cloned()
    }

    fn too_few(&self) -> String {
        let names: Vec<&str> = self.come.iter().map(|(who, _)| who.name.as_str()).collect();
        let came = match names.len() {
            0 => "none came".to_owned(),
            n => format!("{n} came ({})", names.join(", ")),
        };
        let busy: Vec<&str> = self.busy.iter().map(String::as_str).collect();
        let busy = if busy.is_empty() {
            String::new()
        } else {
            format!(", {} busy with another run ({})", busy.len(), busy.join(", "))
        };
        let (wanted, within) = (self.wanted, self.timeout.0 / crate::kit::NS_PER_S);
        format!(
            "{wanted} agents are wanted and {came} within {within} s{busy}; start more with \
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

    fn after(muster: &mut AgentDiscovery, ms: u64) -> Next {
        muster.next("1", Nanos::from_millis(ms))
    }

    #[test]
    fn too_few_within_the_time_is_one_line_that_says_how_many_came_and_who_is_busy() {
        let mut muster = AgentDiscovery::new(3, Nanos::from_secs(5));
        assert!(matches!(after(&mut muster, 0), Next::Call));
        assert!(matches!(after(&mut muster, 10), Next::Wait));
        muster.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        muster.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        muster.on_join(who("2", "b"), true, Ability::default(), Nanos::ZERO);
        let Next::Fail(line) = after(&mut muster, 5_000) else { panic!("it waits on") };
        assert!(
            line.starts_with("3 agents are wanted and 1 came (a) within 5 s, 1 busy"),
            "{line}"
        );
    }

    #[test]
    fn enough_are_engaged_in_the_order_of_their_names_and_the_rest_let_go() {
        let mut muster = AgentDiscovery::new(2, Nanos::from_secs(5));
        for (id, name) in [("1", "b"), ("2", "a"), ("3", "c")] {
            muster.on_join(who(id, name), false, Ability::default(), Nanos::ZERO);
        }
        assert!(matches!(after(&mut muster, 1), Next::Call));
        let Next::Engage(come, rest) = after(&mut muster, 300) else { panic!("it waits on") };
        assert_eq!(come.iter().map(|c| c.0.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(rest, [who("3", "c")]);
    }

    #[test]
    fn two_of_one_name_and_another_version_are_refused() {
        let mut muster = AgentDiscovery::new(2, Nanos::from_secs(5));
        muster.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        muster.on_join(who("2", "a"), false, Ability::default(), Nanos::ZERO);
        let Next::Fail(line) = after(&mut muster, 1) else { panic!("it waits on") };
        assert!(line.contains("two agents are named a"), "{line}");
        let mut muster = AgentDiscovery::new(2, Nanos::from_secs(5));
        muster.on_join(who("1", "a"), false, Ability::default(), Nanos::ZERO);
        let Next::Fail(line) = muster.next("2", Nanos::ZERO) else { panic!("it waits on") };
        assert!(line.contains("agent a is smppbench 1, this one is 2"), "{line}");
    }
}
