//! Sending: which due message goes out on which session, open loop and closed. Pure decisions; the octets go
//! into a session's out-buffer, and whoever owns the socket is told that it is dirty.
use super::core::Core;
use super::setup::Setup;
use crate::kit::Nanos;
use crate::measure::Ticket;
use crate::plan::{Due, MixPosition, Stretch, WindowFull};

impl Core {
    /// Sends what is due and has a slot. `here`: the session whose read freed slots, for the closed loop.
    pub(super) fn pump(&mut self, here: Option<usize>, now: Nanos) {
        let Some(offset) = self.offset(now) else { return };
        if self.stopping {
            return;
        }
        if let Some((stage, end)) = self.closed {
            if offset < end && offset < self.load_ends {
                match here {
                    Some(link) => self.fill(link, stage, now),
                    None => (0..self.links.len()).for_each(|link| self.fill(link, stage, now)),
                }
                return;
            }
            self.closed = None;
        }
        for lane in 0..self.lanes.len() {
            self.pump_lane(lane, offset, now);
        }
    }

    fn pump_lane(&mut self, lane: usize, offset: Nanos, now: Nanos) {
        let start = self.start.unwrap_or(now);
        self.pump_again(lane, now);
        let Some(first) = self.lanes[lane].cursor.peek().filter(|d| d.at <= offset) else { return };
        if first.at >= self.load_ends || self.drain_until.is_some_and(|until| offset >= until) {
            return;
        }
        let horizon = self.lanes[lane].horizon.at(offset);
        let drop_when_full = self.setup.plan.load.window_full == WindowFull::Drop;
        loop {
            let l = &mut self.lanes[lane];
            let Some(due) = l.cursor.peek().copied() else { return };
            if due.at > horizon || due.at >= self.load_ends {
                return;
            }
            let intended = start + due.at;
            let Some(link) = self.pick(lane, due.sender) else {
                if !drop_when_full {
                    self.lanes[lane].horizon.blocked(due.at);
                    return;
                }
                // no slot comes free while this goes on
                let end = (horizon + Nanos(1)).min(self.load_ends);
                return self.pass_over(lane, end, true, now);
            };
            let l = &mut self.lanes[lane];
            let freed = l.take_slot(now).unwrap_or(intended);
            l.cursor.advance();
            self.send(link, &due, intended, intended.max(freed), 0, now);
        }
    }

    /// The session that carries the next message of this class: its own, or the next one with room.
    pub(super) fn pick(&mut self, lane: usize, sender: u32) -> Option<usize> {
        let lane = &mut self.lanes[lane];
        if lane.free.count() == 0 {
            return None;
        }
        let count = lane.links.len();
        let own = lane.place_of(sender);
        if self.links[lane.links[own] as usize].room() > 0 {
            return Some(lane.links[own] as usize);
        }
        for step in 0..count {
            let place = (lane.turn + step) % count;
            let link = lane.links[place] as usize;
            if self.links[link].room() > 0 {
                lane.turn = (place + 1) % count;
                return Some(link);
            }
        }
        None
    }

    /// Closed loop: every free slot of this session is used at once; intended is now.
    fn fill(&mut self, link: usize, stage: u16, now: Nanos) {
        let Some(lane) = self.lane_of[usize::from(self.links[link].plan.account)] else { return };
        let Some(sender) = self.links[link].plan.sender else { return };
        let messages_max = self.setup.plan.guard.messages_max.unwrap_or(u64::MAX);
        self.pump_again(lane, now);
        let at = now.since(self.start.unwrap_or(now));
        // at its own cap a session may have no room after one message; else its room is known
        let room = self.links[link].room();
        let (rounds, each) = if self.capped { (room, 1) } else { (1, room) };
        for _ in 0..rounds {
            let due = Due { index: 0, at, stage, sender, account: self.links[link].plan.account };
            let sent = self.send_next(link, lane, &due, each, messages_max, now);
            self.lanes[lane].take_slots(sent, now);
            if self.capped && sent > 0 {
                self.keep_to_cap(link, now);
            }
            if sent < each || self.links[link].room() == 0 {
                return;
            }
        }
    }

    /// Stamps so many of the lane's next closed-loop messages, all alike but for their number; fewer where
    /// the numbers end before. Returns how many. The lane's slots are not touched.
    fn send_next(
        &mut self,
        link: usize,
        lane: usize,
        due: &Due,
        count: usize,
        messages_max: u64,
        now: Nanos,
    ) -> usize {
        let Core {
            setup, links, lanes, recorder, scratch, wall_at_zero, dirty, out_spares, ..
        } = self;
        let (l, cursor) = (&mut links[link], &mut lanes[lane].cursor);
        let wall_ns = *wall_at_zero + now.0;
        let uniform = setup.recipe.is_uniform();
        let mut sent = 0;
        while sent < count {
            let Some((index, step)) = cursor.closed_peek().filter(|n| n.0 < messages_max) else {
                break;
            };
            let wanted = if uniform && step > 0 {
                let allowed = (messages_max - index).div_ceil(u64::from(step));
                (count - sent).min(allowed as usize)
            } else {
                1
            };
            let (_, first) = ticket(setup, &Due { index, ..*due });
            let offered = l.ready_at(now);
            let ticket = Ticket { intended: now, slot_free: now, offered, step, ..first };
            let Some((sequence_number, count)) =
                l.window.open_run(&mut l.session.sequence, ticket, wanted)
            else {
                break;
            };
            cursor.closed_take(count);
            let stretch = Stretch { index, step, sequence_number, count };
            let start = l.begin(out_spares);
            setup.recipe.stamp_stretch(&stretch, wall_ns, scratch, &mut l.out);
            l.stamped(sequence_number, count, start, now);
            recorder.tally(ticket.cell).planned += u64::from(count);
            sent += count as usize;
        }
        if sent > 0 && !l.dirty {
            l.dirty = true;
            dirty.push(link as u32);
        }
        sent
    }

    pub(super) fn cell_of(&self, due: &Due) -> u16 {
        self.setup.cell(due.stage, due.account, self.setup.recipe.label(due.index))
    }

    /// Stamps a submit_sm into a session's out-buffer. `attempt`: sends of this message before this one.
    pub(super) fn send(
        &mut self,
        link: usize,
        due: &Due,
        intended: Nanos,
        slot_free: Nanos,
        attempt: u8,
        now: Nanos,
    ) {
        let Core { setup, links, recorder, scratch, wall_at_zero, dirty, out_spares, .. } = self;
        let (place, first) = ticket(setup, due);
        let l = &mut links[link];
        let offered = l.ready_at(now);
        let ticket = Ticket { intended, slot_free, offered, attempt, ..first };
        let number = l.window.open(&mut l.session.sequence, ticket).expect("room was looked for");
        let start = l.begin(out_spares);
        setup.recipe.stamp_at(&place, number, *wall_at_zero + now.0, scratch, &mut l.out);
        l.stamped(number, 1, start, now);
        let tally = recorder.tally(ticket.cell);
        if attempt == 0 {
            tally.planned += 1;
        } else {
            tally.retries += 1;
        }
        if !l.dirty {
            l.dirty = true;
            dirty.push(link as u32);
        }
        if self.capped {
            self.keep_to_cap(link, now);
        }
    }

    /// Enters and leaves closed-loop stages.
    pub(super) fn turn_stages(&mut self, offset: Nanos, now: Nanos) {
        if self.closed.is_some_and(|(_, end)| offset >= end) {
            self.closed = None;
        }
        if self.closed.is_some() || self.stopping || offset >= self.load_ends {
            return;
        }
        if let Some((stage, end)) = self.setup.schedule.closed_at(offset) {
            self.closed = Some((stage, end));
            self.pump(None, now);
        }
    }
}

/// What is due: where its recipe stands, and a ticket that lacks its times.
#[inline]
fn ticket(setup: &Setup, due: &Due) -> (MixPosition, Ticket) {
    let place = setup.recipe.place(due.index);
    let (label, registered_delivery) = setup.recipe.label_and_delivery(&place);
    let cell = setup.cell(due.stage, due.account, label);
    let receipt_asked = registered_delivery & 3;
    (place, Ticket { index: due.index, cell, receipt_asked, ..Ticket::default() })
}
