//! One run in an agent: the numbers of its workers, and what is collected or asked for them.
use super::interval_merger::IntervalMerger;
use crate::esme::{PartUpdate, UnmatchedReceipt};
use crate::kit::Nanos;
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A batch of receipts being claimed: for each worker that has not answered, the places in the batch of those it was
/// shown; and the places claimed so far.
type Asked = (BTreeMap<u32, Vec<u32>>, Vec<u32>);

/// One run as an agent tracks it.
#[derive(Debug)]
pub(super) struct AgentRun {
    pub(super) plan: Arc<Plan>,
    pub(super) near: Range<u32>,
    pub(super) workers: u32,
    pub(super) begun: bool,
    pub(super) start: Option<Nanos>,
    pub(super) intervals: IntervalMerger,
    /// With the worker that read each.
    pub(super) unmatched: Vec<(u32, UnmatchedReceipt)>,
    /// With the worker that owns each.
    pub(super) part_updates: Vec<(u32, PartUpdate)>,
    /// When the first of `unmatched` and `part_updates` came; None: there are none.
    pub(super) unsent_since: Option<Nanos>,
    /// By number of the batch.
    pub(super) claims: BTreeMap<u64, Asked>,
    pub(super) quiet: Vec<bool>,
    /// Without a lead: when to unbind at the latest.
    pub(super) alone_until: Option<Nanos>,
    pub(super) stopped: bool,
}

impl AgentRun {
    /// A run that was accepted and has not begun.
    pub(super) fn new(plan: Plan, near: Range<u32>, workers: u32) -> AgentRun {
        AgentRun {
            plan: Arc::new(plan),
            intervals: IntervalMerger::new(near.len() as u32),
            quiet: vec![false; near.len()],
            near,
            workers,
            begun: false,
            start: None,
            unmatched: Vec::new(),
            part_updates: Vec::new(),
            unsent_since: None,
            claims: BTreeMap::new(),
            alone_until: None,
            stopped: false,
        }
    }

    /// By worker: the receipts that another agent has read and that this worker would own.
    pub(super) fn show(
        &mut self,
        batch: u64,
        receipts: &[UnmatchedReceipt],
    ) -> Vec<(u32, Vec<UnmatchedReceipt>)> {
        let mut by_worker: BTreeMap<u32, (Vec<u32>, Vec<UnmatchedReceipt>)> = BTreeMap::new();
        for (place, receipt) in (0u32..).zip(receipts) {
            let worker = self.near.start + (receipt.key % self.near.len().max(1) as u64) as u32;
            let shown = by_worker.entry(worker).or_default();
            shown.0.push(place);
            shown.1.push(*receipt);
        }
        let mut asked = BTreeMap::new();
        let mut show = Vec::new();
        for (worker, (places, receipts)) in by_worker {
            asked.insert(worker, places);
            show.push((worker, receipts));
        }
        self.claims.insert(batch, (asked, Vec::new()));
        show
    }

    /// A worker has claimed these of the receipts that it was shown. All claimed places, once all workers have
    /// answered.
    pub(super) fn claimed(&mut self, worker: u32, batch: u64, places: &[u32]) -> Option<Vec<u32>> {
        let (asked, claimed) = self.claims.get_mut(&batch)?;
        let shown = asked.remove(&worker).unwrap_or_default();
        claimed.extend(places.iter().filter_map(|p| shown.get(*p as usize)));
        if asked.is_empty() { self.claims.remove(&batch).map(|(_, places)| places) } else { None }
    }
}
