//! Receipts that came to another agent than the sender of their message: each batch goes from agent to agent, and what
//! one claims is not shown to the next. So each is counted once, even where two agents know its id.
use super::run_messages::ToAgent;
use crate::esme::{Order, UnmatchedReceipt};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages to send: (place of the agent, message).
pub(super) type Outgoing = Vec<(usize, ToAgent)>;

#[derive(Debug)]
struct Batch {
    origin: usize,
    /// Agents that have not answered; the first is being asked.
    to_ask: VecDeque<usize>,
    /// Receipts not claimed yet: (worker that read it, receipt).
    left: Vec<(u32, UnmatchedReceipt)>,
    /// Claimed receipts: (worker that read it, number).
    claimed: Vec<(u32, u64)>,
}

/// The claims of one run.
#[derive(Debug, Default)]
pub(super) struct ReceiptClaims {
    run: u32,
    next: u64,
    open: BTreeMap<u64, Batch>,
    /// Number of claimed final receipts, and the agents they went between: (reader, owner).
    crossed: u64,
    between: BTreeSet<(usize, usize)>,
}

impl ReceiptClaims {
    /// For this run.
    pub(super) fn new(run: u32) -> ReceiptClaims {
        ReceiptClaims { run, ..ReceiptClaims::default() }
    }

    /// Begins a batch that `origin` has read; `live`: the agents that can be asked.
    pub(super) fn offer(
        &mut self,
        origin: usize,
        receipts: Vec<(u32, UnmatchedReceipt)>,
        live: &[usize],
        excused: bool,
    ) -> Outgoing {
        // the next agent first, so that the batches of different agents do not all begin with the same
        let mut to_ask: VecDeque<usize> = live.iter().copied().filter(|a| *a > origin).collect();
        to_ask.extend(live.iter().copied().filter(|a| *a < origin));
        let number = self.next;
        self.next += 1;
        self.open.insert(number, Batch { origin, to_ask, left: receipts, claimed: Vec::new() });
        self.ask(number, excused)
    }

    /// Asks the next agent; settles the batch where no agent or no receipt is left.
    fn ask(&mut self, number: u64, excused: bool) -> Outgoing {
        let Some(batch) = self.open.get(&number) else { return Vec::new() };
        match batch.to_ask.front() {
            Some(agent) if !batch.left.is_empty() => {
                let receipts = batch.left.iter().map(|(_, receipt)| *receipt).collect();
                vec![(*agent, ToAgent::Claim { run: self.run, batch: number, receipts })]
            }
            Some(_) | None => self.settle(number, excused),
        }
    }

    fn settle(&mut self, number: u64, excused: bool) -> Outgoing {
        let Some(batch) = self.open.remove(&number) else { return Vec::new() };
        let mut workers: BTreeMap<u32, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
        for (worker, number) in batch.claimed {
            workers.entry(worker).or_default().0.push(number);
        }
        for (worker, receipt) in batch.left {
            workers.entry(worker).or_default().1.push(receipt.number);
        }
        let orders = workers.into_iter().map(|(worker, (claimed, unclaimed))| {
            let order = Order::Settled { worker, claimed, unclaimed, excused };
            (batch.origin, ToAgent::Order { run: self.run, order })
        });
        orders.collect()
    }

    /// `agent` has claimed these places in the batch that it was shown.
    pub(super) fn answered(
        &mut self,
        agent: usize,
        number: u64,
        places: &[u32],
        excused: bool,
    ) -> Outgoing {
        let Some(batch) = self.open.get_mut(&number) else { return Vec::new() };
        if batch.to_ask.front() != Some(&agent) {
            return Vec::new();
        }
        batch.to_ask.pop_front();
        let taken: BTreeSet<usize> = places.iter().map(|p| *p as usize).collect();
        let mut left = Vec::new();
        for (place, (worker, receipt)) in std::mem::take(&mut batch.left).into_iter().enumerate() {
            if taken.contains(&place) {
                batch.claimed.push((worker, receipt.number));
                self.crossed += u64::from(!receipt.notice.intermediate);
                self.between.insert((batch.origin, agent));
            } else {
                left.push((worker, receipt));
            }
        }
        batch.left = left;
        self.ask(number, excused)
    }

    /// `agent` has ended: it answers no more, and its batches need no answer.
    pub(super) fn agent_ended(&mut self, agent: usize) -> Outgoing {
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

    /// Whether no batch is open.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Number of claimed final receipts, and the agents they went between.
    pub(super) fn crossed(&self) -> (u64, impl Iterator<Item = &(usize, usize)>) {
        (self.crossed, self.between.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::ReceiptInfo;
    use crate::kit::Nanos;

    fn receipt(number: u64) -> UnmatchedReceipt {
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

    fn shown(outgoing: &Outgoing) -> Vec<(usize, Vec<u64>)> {
        let claim = |(agent, down): &(usize, ToAgent)| match down {
            ToAgent::Claim { receipts, .. } => {
                (*agent, receipts.iter().map(|s| s.number).collect())
            }
            other => panic!("{other:?}"),
        };
        outgoing.iter().map(claim).collect()
    }

    fn settled(outgoing: &Outgoing) -> (usize, Vec<u64>, Vec<u64>, bool) {
        match &outgoing[..] {
            [
                (
                    agent,
                    ToAgent::Order {
                        order: Order::Settled { claimed, unclaimed, excused, .. },
                        ..
                    },
                ),
            ] => (*agent, claimed.clone(), unclaimed.clone(), *excused),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_one_agent_claims_is_not_shown_to_the_next_and_the_reader_hears_of_all() {
        let mut claims = ReceiptClaims::new(1);
        let strays = (0..4).map(|n| (9, receipt(n))).collect();
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
        let mut claims = ReceiptClaims::new(1);
        claims.offer(0, vec![(0, receipt(1))], &[0, 1, 2], false);
        let told = claims.agent_ended(1);
        assert_eq!(shown(&told), [(2, vec![1])]);
        assert_eq!(settled(&claims.agent_ended(2)), (0, vec![], vec![1], true));
        // nor does it get an answer
        claims.offer(0, vec![(0, receipt(2))], &[0, 1], false);
        assert!(claims.agent_ended(0).is_empty());
        assert!(claims.is_idle());
    }

    #[test]
    fn with_nobody_to_ask_all_is_unclaimed_at_once() {
        let told = ReceiptClaims::new(1).offer(0, vec![(0, receipt(1))], &[0], false);
        assert_eq!(settled(&told), (0, vec![], vec![1], false));
    }
}
