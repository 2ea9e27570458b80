//! One run in an agent: its workers' stretch, and what is gathered or asked on their behalf.
use super::seconds::Seconds;
use crate::esme::{PartUpdate, UnmatchedReceipt};
use crate::kit::Nanos;
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A question: for each worker that has not answered, the places of what it was shown; and what is claimed so far.
type Asked = (BTreeMap<u32, Vec<u32>>, Vec<u32>);

/// One run here.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) near: Range<u32>,
    pub(super) workers: u32,
    pub(super) begun: bool,
    pub(super) start: Option<Nanos>,
    pub(super) seconds: Seconds,
    pub(super) strays: Vec<(u32, UnmatchedReceipt)>,
    pub(super) away: Vec<(u32, PartUpdate)>,
    /// Strays, or news for other agents, are kept since.
    pub(super) strays_since: Option<Nanos>,
    /// By question.
    pub(super) claims: BTreeMap<u64, Asked>,
    pub(super) quiet: Vec<bool>,
    /// Without a lead: unbind by then.
    pub(super) alone_until: Option<Nanos>,
    pub(super) stopped: bool,
}

impl Run {
    /// Accepted; nothing has begun.
    pub(super) fn new(plan: Plan, near: Range<u32>, workers: u32) -> Run {
        Run {
            plan: Arc::new(plan),
            seconds: Seconds::new(near.len() as u32),
            quiet: vec![false; near.len()],
            near,
            workers,
            begun: false,
            start: None,
            strays: Vec::new(),
            away: Vec::new(),
            strays_since: None,
            claims: BTreeMap::new(),
            alone_until: None,
            stopped: false,
        }
    }

    /// Receipts that another agent has read: which of them to show to which worker, for it would own them.
    pub(super) fn show(
        &mut self,
        batch: u64,
        strays: &[UnmatchedReceipt],
    ) -> Vec<(u32, Vec<UnmatchedReceipt>)> {
        let mut by_worker: BTreeMap<u32, (Vec<u32>, Vec<UnmatchedReceipt>)> = BTreeMap::new();
        for (place, stray) in (0u32..).zip(strays) {
            let worker = self.near.start + (stray.key % self.near.len().max(1) as u64) as u32;
            let shown = by_worker.entry(worker).or_default();
            shown.0.push(place);
            shown.1.push(*stray);
        }
        let mut asked = BTreeMap::new();
        let mut show = Vec::new();
        for (worker, (places, strays)) in by_worker {
            asked.insert(worker, places);
            show.push((worker, strays));
        }
        self.claims.insert(batch, (asked, Vec::new()));
        show
    }

    /// A worker has claimed these places of what it was shown. All that are claimed, when all have answered.
    pub(super) fn claimed(&mut self, worker: u32, batch: u64, places: &[u32]) -> Option<Vec<u32>> {
        let (asked, claimed) = self.claims.get_mut(&batch)?;
        let shown = asked.remove(&worker).unwrap_or_default();
        claimed.extend(places.iter().filter_map(|p| shown.get(*p as usize)));
        if asked.is_empty() { self.claims.remove(&batch).map(|(_, places)| places) } else { None }
    }
}
