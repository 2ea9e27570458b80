//! Receipts that came to another agent than the one that sent their message: each batch goes from agent to agent,
//! and what one claims is not shown to the next. So each is counted once, even where two would know its id.
use super::talk::Down;
use crate::esme::{Order, UnmatchedReceipt};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is to be told to which agent.
pub(super) type Told = Vec<(usize, Down)>;

#[derive(Debug)]
struct Batch {
    origin: usize,
    /// Agents not yet asked; the first is being asked.
    to_ask: VecDeque<usize>,
    /// What nobody has claimed yet: (worker, stray).
    left: Vec<(u32, UnmatchedReceipt)>,
    /// (worker, number).
    claimed: Vec<(u32, u64)>,
}

/// The claims of one run.
#[derive(Debug, Default)]
pub(super) struct Claims {
    run: u32,
    next: u64,
    open: BTreeMap<u64, Batch>,
    /// Final receipts claimed: how many, and between which agents (reader, owner).
    crossed: u64,
    between: BTreeSet<(usize, usize)>,
}

impl Claims {
    /// Of this run.
    pub(super) fn new(run: u32) -> Claims {
        Claims { run, ..Claims::default() }
    }

    /// `origin` has read these; `live`: the agents that can be asked.
    pub(super) fn offer(
        &mut self,
        origin: usize,
        strays: Vec<(u32, UnmatchedReceipt)>,
        live: &[usize],
        excused: bool,
    ) -> Told {
        // the next one first, so that not everybody asks the same agent
        let mut to_ask: VecDeque<usize> = live.iter().copied().filter(|a| *a > origin).collect();
        to_ask.extend(live.iter().copied().filter(|a| *a < origin));
        let number = self.next;
        self.next += 1;
        self.open.insert(number, Batch { origin, to_ask, left: strays, claimed: Vec::new() });
        self.ask(number, excused)
    }

    /// Asks whoever is next; settles the batch where nobody or nothing is left.
    fn ask(&mut self, number: u64, excused: bool) -> Told {
        let Some(batch) = self.open.get(&number) else { return Vec::new() };
        match batch.to_ask.front() {
            Some(agent) if !batch.left.is_empty() => {
                let strays = batch.left.iter().map(|(_, stray)| *stray).collect();
                vec![(*agent, Down::Claim { run: self.run, batch: number, strays })]
            }
            Some(_) | None => self.settle(number, excused),
        }
    }

    fn settle(&mut self, number: u64, excused: bool) -> Told {
        let Some(batch) = self.open.remove(&number) else { return Vec::new() };
        let mut workers: BTreeMap<u32, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
        for (worker, number) in batch.claimed {
            workers.entry(worker).or_default().0.push(number);
        }
        for (worker, stray) in batch.left {
            workers.entry(worker).or_default().1.push(stray.number);
        }
        let orders = workers.into_iter().map(|(worker, (claimed, unclaimed))| {
            let order = Order::Settled { worker, claimed, unclaimed, excused };
            (batch.origin, Down::Order { run: self.run, order })
        });
        orders.collect()
    }

    /// `agent` has claimed these places of what it was shown.
    pub(super) fn answered(
        &mut self,
        agent: usize,
        number: u64,
        places: &[u32],
        excused: bool,
    ) -> Told {
        let Some(batch) = self.open.get_mut(&number) else { return Vec::new() };
        if batch.to_ask.front() != Some(&agent) {
            return Vec::new();
        }
        batch.to_ask.pop_front();
        let taken: BTreeSet<usize> = places.iter().map(|p| *p as usize).collect();
        let mut left = Vec::new();
        for (place, (worker, stray)) in std::mem::take(&mut batch.left).into_iter().enumerate() {
            if taken.contains(&place) {
                batch.claimed.push((worker, stray.number));
                self.crossed += u64::from(!stray.notice.intermediate);
                self.between.insert((batch.origin, agent));
            } else {
                left.push((worker, stray));
            }
        }
        batch.left = left;
        self.ask(number, excused)
    }

    /// `agent` will answer no more, and needs no answer.
    pub(super) fn gone(&mut self, agent: usize) -> Told {
        self.open.retain(|_, batch| batch.origin != agent);
        let mut asked = Vec::new();
        for (number, batch) in &mut self.open {
            let was_asked = batch.to_ask.front() == Some(&agent);
            batch.to_ask.retain(|a| *a != agent);
            if was_asked {
                asked.push(*number);
            }
        }
        asked.into_iter().flat_map(|number| self.ask(number, true)).collect()
    }

    /// Nothing is being asked.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// How many final receipts were claimed, and between which agents.
    pub(super) fn crossed(&self) -> (u64, impl Iterator<Item = &(usize, usize)>) {
        (self.crossed, self.between.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::ReceiptInfo;
    use crate::kit::Nanos;

    fn stray(number: u64) -> UnmatchedReceipt {
        let notice = ReceiptInfo {
            received: Nanos(5),
            session: 0,
            state: 2,
            intermediate: false,
            err: [0; 4],
            rule: 0,
        };
        UnmatchedReceipt { number, key: number * 7, notice }
    }

    fn shown(told: &Told) -> Vec<(usize, Vec<u64>)> {
        let claim = |(agent, down): &(usize, Down)| match down {
            Down::Claim { strays, .. } => (*agent, strays.iter().map(|s| s.number).collect()),
            other => panic!("{other:?}"),
        };
        told.iter().map(claim).collect()
    }

    fn settled(told: &Told) -> (usize, Vec<u64>, Vec<u64>, bool) {
        match &told[..] {
            [
                (
                    agent,
                    Down::Order {
                        order: Order::Settled { claimed, unclaimed, excused, .. }, ..
                    },
                ),
            ] => (*agent, claimed.clone(), unclaimed.clone(), *excused),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_one_agent_claims_is_not_shown_to_the_next_and_the_reader_hears_of_all() {
        let mut claims = Claims::new(1);
        let strays = (0..4).map(|n| (9, stray(n))).collect();
        let told = claims.offer(1, strays, &[0, 1, 2], false);
        assert_eq!(shown(&told), [(2, vec![0, 1, 2, 3])]);
        let told = claims.answered(2, 0, &[1, 3], false);
        assert_eq!(shown(&told), [(0, vec![0, 2])]);
        // an answer that comes twice counts once
        assert!(claims.answered(2, 0, &[0], false).is_empty());
        let told = claims.answered(0, 0, &[0], false);
        assert_eq!(settled(&told), (1, vec![1, 3, 0], vec![2], false));
        assert!(claims.is_idle());
        let (crossed, between) = claims.crossed();
        assert_eq!((crossed, between.count()), (3, 2));
    }

    #[test]
    fn an_agent_that_is_gone_is_not_waited_for_and_what_stays_unclaimed_is_excused() {
        let mut claims = Claims::new(1);
        claims.offer(0, vec![(0, stray(1))], &[0, 1, 2], false);
        let told = claims.gone(1);
        assert_eq!(shown(&told), [(2, vec![1])]);
        assert_eq!(settled(&claims.gone(2)), (0, vec![], vec![1], true));
        // nor does it get an answer
        claims.offer(0, vec![(0, stray(2))], &[0, 1], false);
        assert!(claims.gone(0).is_empty());
        assert!(claims.is_idle());
    }

    #[test]
    fn with_nobody_to_ask_all_is_unclaimed_at_once() {
        let told = Claims::new(1).offer(0, vec![(0, stray(1))], &[0], false);
        assert_eq!(settled(&told), (0, vec![], vec![1], false));
    }
}
