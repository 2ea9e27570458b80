//! Holding back: a session that pauses (throttled under `backoff`, or at its own `rate_max`), and messages
//! that are sent again (`retry`). A session on hold has no free slot: waiting for it is window wait, not lag.
use super::core::Core;
use super::parts::PartOutcome;
use super::session::SessionStatus;
use crate::kit::Nanos;
use crate::measure::Ticket;
use crate::plan::{Due, OnThrottle};
use crate::smpp::CommandStatus;

/// The first pause after a throttle; it doubles with each further one, up to [`PAUSE_MAX`].
const PAUSE_MIN: Nanos = Nanos::from_millis(100);
/// The longest pause of a session under `backoff`.
const PAUSE_MAX: Nanos = Nanos::from_secs(5);
/// The longest pause of a message under `retry`.
const RETRY_PAUSE_MAX: Nanos = Nanos::from_secs(1);

/// A message that is to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueuedRetry {
    pub(super) at: Nanos,
    pub(super) index: u64,
    pub(super) stage: u16,
    pub(super) intended: Nanos,
    pub(super) attempt: u8,
}

fn doubled(first: Nanos, times: u32, most: Nanos) -> Nanos {
    Nanos(first.0.saturating_mul(1 << times.min(20)).min(most.0))
}

impl Core {
    /// An answer that the profile calls retryable. True: the message will be sent again.
    #[cold]
    pub(super) fn throttled(&mut self, link: usize, ticket: &Ticket, now: Nanos) -> bool {
        match self.setup.plan.load.on_throttle {
            OnThrottle::Count => false,
            OnThrottle::Backoff => {
                if self.links[link].hold.is_none() {
                    let times = self.links[link].throttles;
                    self.links[link].throttles += 1;
                    self.hold(link, now + doubled(PAUSE_MIN, times, PAUSE_MAX), now);
                }
                false
            }
            OnThrottle::Retry => self.send_again(link, ticket, now),
        }
    }

    fn send_again(&mut self, link: usize, ticket: &Ticket, now: Nanos) -> bool {
        let load = &self.setup.plan.load;
        let sends = u32::from(ticket.attempt) + 1;
        let pause = doubled(PAUSE_MIN, u32::from(ticket.attempt), RETRY_PAUSE_MAX);
        // at least half the pause, so that what was throttled together does not come back together
        let at = now + Nanos(pause.0 / 2 + self.rng.below(pause.0 / 2 + 1));
        let too_old = at.since(ticket.intended) > load.age_max;
        if sends >= load.attempts_max || too_old || self.retries_left == 0 || self.stopping {
            return false;
        }
        let account = usize::from(self.links[link].plan.account);
        let Some(lane) = self.lane_of[account] else { return false };
        self.retries_left -= 1;
        let stage = self.setup.stage_of(ticket.cell);
        let attempt = ticket.attempt.saturating_add(1);
        let again =
            QueuedRetry { at, index: ticket.index, stage, intended: ticket.intended, attempt };
        self.lanes[lane].again.push(std::cmp::Reverse(again));
        self.wake_by(at);
        true
    }

    /// Sends again what is due and has a slot.
    pub(super) fn pump_again(&mut self, lane: usize, now: Nanos) {
        while let Some(again) = self.lanes[lane].again.peek().map(|a| a.0).filter(|a| a.at <= now) {
            let (account, sender) = self.setup.striping.sender(again.index);
            let Some(link) = self.pick(lane, sender) else { return };
            self.lanes[lane].again.pop();
            let freed = self.lanes[lane].take_slot(now).unwrap_or(again.at);
            let at = now.since(self.start.unwrap_or(now));
            let due = Due { index: again.index, at, stage: again.stage, sender, account };
            self.send(link, &due, again.intended, again.at.max(freed), again.attempt, now);
        }
    }

    /// What was still to be sent again when the run ended stays as it was answered.
    pub(super) fn give_up_again(&mut self) {
        for lane in 0..self.lanes.len() {
            while let Some(again) = self.lanes[lane].again.pop() {
                self.part_ended(again.0.index, PartOutcome::Failed);
            }
        }
    }

    /// After a send: a session with a cap of its own waits for its next turn. Lateness of up to one turn is
    /// made up for, so that the cap is also the rate of a session that always has something to send.
    pub(super) fn keep_to_cap(&mut self, link: usize, now: Nanos) {
        let account = usize::from(self.links[link].plan.account);
        let Some(cap) = self.setup.plan.accounts[account].binds.rate_max else { return };
        let turn = Nanos((u128::from(cap.den) * 1_000_000_000 / u128::from(cap.num.max(1))) as u64);
        let l = &mut self.links[link];
        let since = if l.next_turn.after(turn) > now { l.next_turn } else { now };
        l.next_turn = since + turn;
        if l.next_turn > now {
            let until = l.next_turn;
            self.hold(link, until, now);
        }
    }

    /// The session carries nothing before `until`.
    fn hold(&mut self, link: usize, until: Nanos, now: Nanos) {
        let l = &mut self.links[link];
        if let Some(held) = l.hold {
            l.hold = Some(held.max(until));
            return;
        }
        let room = l.room();
        l.hold = Some(until);
        if let Some(lane) = self.lane_of[usize::from(l.plan.account)] {
            self.lanes[lane].withdraw(room, now);
        }
        self.held.push(link as u32);
        self.wake_by(until);
    }

    /// Sessions whose hold is over carry again, from the time it was over.
    pub(super) fn release(&mut self, now: Nanos) {
        let mut place = 0;
        while place < self.held.len() {
            let link = self.held[place] as usize;
            if self.links[link].hold.is_some_and(|until| until > now) {
                place += 1;
                continue;
            }
            let since = self.links[link].hold.take().unwrap_or(now);
            self.held.swap_remove(place);
            let room = self.links[link].room() as u32;
            self.slots_freed(link, room, since);
        }
    }

    /// When the next hold is over.
    pub(super) fn next_release(&self) -> Nanos {
        let holds = self.held.iter().filter_map(|l| self.links[*l as usize].hold);
        holds.min().unwrap_or(Nanos::MAX)
    }

    /// Slots of this session became free: its lane may use them, unless the session is on hold or down.
    #[inline]
    pub(super) fn slots_freed(&mut self, link: usize, slots: u32, at: Nanos) {
        let l = &self.links[link];
        if l.hold.is_some() || l.standing != SessionStatus::Up {
            return;
        }
        if let Some(lane) = self.lane_of[usize::from(l.plan.account)] {
            self.lanes[lane].freed(at, slots);
        }
    }

    /// Whether the profile calls this status retryable.
    #[inline]
    pub(super) fn is_retryable(&self, status: CommandStatus) -> bool {
        self.setup.plan.load.retryable.contains(&status.0)
    }
}
