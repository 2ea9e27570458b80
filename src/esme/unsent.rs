//! Messages that are never sent: dropped for want of a slot, or unsent when the run ends. They are counted by
//! arithmetic where there are many: a schedule may hold a million million of them.
use super::account_sender::AccountSender;
use super::core::Core;
use super::parts::PartOutcome;
use crate::kit::Nanos;
use crate::plan::Due;

/// So many are counted one by one before arithmetic pays.
const FEW: usize = 64;

impl Core {
    /// What is due and was not sent by the end of the drain never will be.
    pub(super) fn give_up_unsent(&mut self, now: Nanos) {
        for lane in 0..self.lanes.len() {
            self.pass_over(lane, self.load_ends, false, now);
        }
    }

    /// What this lane has due before the offset `end` will not be sent: it is dropped, or unsent.
    pub(super) fn pass_over(&mut self, lane: usize, end: Nanos, dropped: bool, now: Nanos) {
        let mut one_by_one = 0;
        while let Some(first) = self.lanes[lane].cursor.peek().copied().filter(|d| d.at < end) {
            // a message of several parts must be told of each of them
            if one_by_one < FEW || self.parts.is_some() {
                one_by_one += 1;
                self.pass_over_one(&first, dropped, now);
                self.lanes[lane].cursor.advance();
            } else {
                self.pass_over_alike(lane, &first, end, dropped, now);
            }
        }
    }

    fn pass_over_one(&mut self, due: &Due, dropped: bool, now: Nanos) {
        let intended = self.start.unwrap_or(now) + due.at;
        let cell = self.cell_of(due);
        self.recorder.tally(cell).planned += 1;
        self.recorder.never_written(cell, intended, now, dropped, 1);
        self.part_ended(due.index, PartOutcome::Failed);
    }

    /// All from `first` on whose ages the distribution of response times cannot tell apart.
    fn pass_over_alike(&mut self, lane: usize, first: &Due, end: Nanos, dropped: bool, now: Nanos) {
        let start = self.start.unwrap_or(now);
        let intended = start + first.at;
        let youngest = self.recorder.cell(self.cell_of(first)).lowest_like(now.since(intended));
        let until = if youngest == Nanos::ZERO {
            end
        } else {
            (now.since(start).since(youngest) + Nanos(1)).clamp(first.at + Nanos(1), end)
        };
        let Core { lanes, setup, recorder, .. } = self;
        for skipped in lanes[lane].cursor.skip_before(until, &setup.recipe) {
            let cell = setup.cell(skipped.stage, skipped.account, skipped.label);
            recorder.tally(cell).planned += skipped.count;
            recorder.never_written(cell, intended, now, dropped, skipped.count);
        }
    }

    /// Whether a message that is due, or a retry, is still to be sent.
    pub(super) fn has_backlog(&self, offset: Nanos) -> bool {
        if self.lanes.iter().any(|l| !l.again.is_empty()) {
            return self.drain_until.is_none_or(|until| offset < until);
        }
        let limit = offset.min(self.load_ends);
        self.lanes.iter().any(|l| l.cursor.peek().is_some_and(|d| d.at < limit))
    }

    /// Messages of all lanes due by `offset` and not sent.
    pub(super) fn backlog(&mut self, offset: Nanos) -> u64 {
        let limit = offset.min(self.load_ends);
        let Core { lanes, setup, .. } = self;
        let senders = setup.plan.senders_count().max(1) as f64;
        let of_lane = |lane: &mut AccountSender| {
            let first = lane.cursor.peek().filter(|due| due.at < limit)?.index;
            let share = lane.links.len() as f64 / senders;
            let about = || {
                let all = setup.schedule.count_before(limit).saturating_sub(first);
                (all as f64 * share).ceil() as u64
            };
            Some(lane.cursor.due_before(limit, &setup.recipe).unwrap_or_else(about))
        };
        lanes.iter_mut().filter_map(of_lane).sum()
    }
}
