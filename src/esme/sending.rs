//! Sending: which due message goes out on which session, open loop and closed. The part knows sessions with free slots
//! and requests that a recipe stamps; which PDU that is, it does not know. Octets go into a session's output, and the
//! owner of the socket is told that the session is dirty.
//!
//! [`Sending::dispatch_due`] is where a message is sent.
use super::account_sender::AccountSender;
use super::context::Context;
use super::session::EsmeSession;
use super::sessions::Sessions;
use super::setup::Setup;
use super::throttle::Throttling;
use super::unsent::Unsent;
use crate::kit::Nanos;
use crate::measure::Ticket;
use crate::plan::{Cursor, Due, MixPosition, Schedule, Scratch, SubmitRun, WindowFull};
use std::sync::Arc;

mod pauses;

#[cfg(test)]
mod tests;

/// What a worker sends, and when.
#[derive(Debug)]
pub(super) struct Sending {
    /// One for each account that sends here.
    accounts: Vec<AccountSender>,
    /// By account of the plan: its position in `accounts`.
    position_of: Vec<Option<usize>>,
    /// Offset of the load's end.
    load_ends: Nanos,
    /// The closed-loop stage that goes on: (stage, its end as an offset).
    closed: Option<(u16, Nanos)>,
    throttling: Throttling,
    /// Sessions that must not send yet.
    paused_sessions: Vec<u32>,
    /// Whether some account has a cap per bind.
    has_caps: bool,
    scratch: Scratch,
    /// The wall clock (ns since 1970) at the zero of the clock that `now` comes from.
    wall_at_zero: u64,
    /// Something became due by then since [`Sending::take_wake_by`]; MAX: nothing.
    wake_by: Nanos,
}

/// A session, and the position of its account.
#[derive(Clone, Copy)]
struct Route {
    session: usize,
    account: usize,
}

/// One send of a message.
struct Attempt {
    due: Due,
    intended: Nanos,
    /// When this attempt became due.
    due_at: Nanos,
    /// Sends of this message before this one.
    number: u8,
}

impl Sending {
    pub(super) fn new(
        setup: &Setup,
        sessions: &Sessions,
        worker: u32,
        workers: usize,
        wall_at_zero: u64,
    ) -> Sending {
        let (accounts, position_of) = accounts(setup, sessions, worker as usize);
        Sending {
            accounts,
            position_of,
            load_ends: setup.load_ends(),
            closed: None,
            throttling: Throttling::new(setup, workers),
            paused_sessions: Vec::new(),
            has_caps: setup.plan.accounts.iter().any(|a| a.binds.rate_max.is_some()),
            scratch: Scratch::default(),
            wall_at_zero,
            wake_by: Nanos::MAX,
        }
    }

    /// The load begins.
    pub(super) fn begin(&mut self, start: Nanos) {
        self.take_full_ns(start);
    }
    /// The load ends at this offset, if it does not end before.
    pub(super) fn end_load(&mut self, at: Nanos) {
        self.load_ends = self.load_ends.min(at);
        self.closed = None;
    }
    /// Goes on with another schedule.
    pub(super) fn steer(&mut self, schedule: &Arc<Schedule>) {
        for account in &mut self.accounts {
            account.steer(schedule.clone());
        }
    }
    /// Offset of the load's end.
    pub(super) fn load_ends(&self) -> Nanos {
        self.load_ends
    }
    /// Whether every free slot is used at once.
    #[inline]
    pub(super) fn is_closed_loop(&self) -> bool {
        self.closed.is_some()
    }
    /// When something became due, since the last call, sooner than [`Sending::next_due`] said; MAX: nothing did.
    #[inline]
    pub(super) fn take_wake_by(&mut self) -> Nanos {
        std::mem::replace(&mut self.wake_by, Nanos::MAX)
    }
    /// Time without a free slot since the last call, over all accounts.
    pub(super) fn take_full_ns(&mut self, now: Nanos) -> u64 {
        self.accounts.iter_mut().map(|account| account.take_full_ns(now)).sum()
    }
    /// Accounts that send here.
    pub(super) fn accounts_count(&self) -> usize {
        self.accounts.len()
    }

    /// The slots of a session became free, or were lost, at this time: its account may use them.
    #[inline]
    pub(super) fn follow(&mut self, session: &mut EsmeSession, at: Nanos) {
        if let Some(account) = self.position_of[usize::from(session.plan.account)] {
            self.accounts[account].follow(session, at);
        }
    }

    /// Sends what is due and has a slot. `here`: the session whose read freed slots, for the closed loop; None: all.
    pub(super) fn dispatch_due(
        &mut self,
        here: Option<usize>,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) {
        let Some(offset) = context.phase.offset(now) else { return };
        if context.phase.is_stopping() {
            return;
        }
        if let Some((stage, end)) = self.closed {
            if offset < end && offset < self.load_ends {
                match here {
                    Some(session) => self.fill(session, stage, sessions, context, now),
                    None => (0..sessions.len())
                        .for_each(|session| self.fill(session, stage, sessions, context, now)),
                }
                return;
            }
            self.closed = None;
        }
        for account in 0..self.accounts.len() {
            self.dispatch_account(account, offset, sessions, context, now);
        }
    }

    fn dispatch_account(
        &mut self,
        account: usize,
        offset: Nanos,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) {
        let start = context.phase.start().unwrap_or(now);
        self.dispatch_retries(account, sessions, context, now);
        let sender = &mut self.accounts[account];
        let Some(first) = sender.next_due().filter(|due| due.at <= offset) else { return };
        if first.at >= self.load_ends || context.phase.is_drained(offset) {
            return;
        }
        let limit = sender.catch_up_to(offset);
        let drops = context.setup.plan.load.window_full == WindowFull::Drop;
        loop {
            let sender = &mut self.accounts[account];
            let Some(due) = sender.next_due().copied() else { return };
            if due.at > limit || due.at >= self.load_ends {
                return;
            }
            let Some(session) = sender.pick(due.sender, sessions) else {
                if !drops {
                    return sender.blocked(due.at);
                }
                // no slot comes free while this goes on
                let before = (limit + Nanos(1)).min(self.load_ends);
                return sender.pass_over(&Unsent { start, before, is_dropped: true, now }, context);
            };
            sender.advance();
            let intended = start + due.at;
            let attempt = Attempt { due, intended, due_at: intended, number: 0 };
            self.send(Route { session, account }, &attempt, sessions, context, now);
        }
    }

    /// Sends again what is due and has a slot.
    #[inline]
    fn dispatch_retries(
        &mut self,
        account: usize,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) {
        while let Some(retry) = self.accounts[account].due_retry(now) {
            let (number, sender) = context.setup.striping.sender(retry.index);
            let Some(session) = self.accounts[account].pick(sender, sessions) else { return };
            self.accounts[account].take_retry();
            let at = retry.intended.since(context.phase.start().unwrap_or(retry.intended));
            let due = Due { index: retry.index, at, stage: retry.stage, sender, account: number };
            let attempt =
                Attempt { due, intended: retry.intended, due_at: retry.at, number: retry.attempt };
            self.send(Route { session, account }, &attempt, sessions, context, now);
        }
    }

    /// Closed loop: every free slot of this session is used at once; intended is now.
    fn fill(
        &mut self,
        session: usize,
        stage: u16,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) {
        let plan = sessions[session].plan;
        let Some(account) = self.position_of[usize::from(plan.account)] else { return };
        let Some(sender) = plan.sender else { return };
        let route = Route { session, account };
        self.dispatch_retries(account, sessions, context, now);
        let at = now.since(context.phase.start().unwrap_or(now));
        let due = Due { index: 0, at, stage, sender, account: plan.account };
        // at its own cap a session may have no free slot after one message; else their number is known
        let free = sessions[session].free_slots();
        let (rounds, each) = if self.has_caps { (free, 1) } else { (1, free) };
        for _ in 0..rounds {
            let sent = self.send_run(route, &due, each, sessions, context, now);
            self.accounts[account].take_slots(&mut sessions[session], sent, now);
            if self.has_caps && sent > 0 {
                self.keep_to_cap(session, sessions, context, now);
            }
            if sent < each || sessions[session].free_slots() == 0 {
                return;
            }
        }
    }

    /// Stamps `count` of the account's next closed-loop messages, all alike but for their number; fewer where
    /// the numbers end before. Returns how many. The account's slots are not touched.
    fn send_run(
        &mut self,
        route: Route,
        due: &Due,
        count: usize,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) -> usize {
        let Context { setup, recorder, .. } = context;
        let messages_max = setup.plan.guard.messages_max.unwrap_or(u64::MAX);
        let account = &mut self.accounts[route.account];
        let (s, buffers) = sessions.with_buffers(route.session);
        let wall_ns = self.wall_at_zero + now.0;
        let is_uniform = setup.recipe.is_uniform();
        let mut sent = 0;
        while sent < count {
            let Some((index, step)) = account.closed_peek().filter(|n| n.0 < messages_max) else {
                break;
            };
            let wanted = if is_uniform && step > 0 {
                let allowed = (messages_max - index).div_ceil(u64::from(step));
                (count - sent).min(allowed as usize)
            } else {
                1
            };
            let (_, first) = ticket(setup, &Due { index, ..*due });
            let offered = s.output.offered_at(now);
            let ticket = Ticket { intended: now, slot_free: now, offered, step, ..first };
            let Some((sequence_number, count)) =
                s.window.open_run(&mut s.session.sequence, ticket, wanted)
            else {
                break;
            };
            account.closed_take(count);
            let stretch = SubmitRun { index, step, sequence_number, count };
            let out = s.output.with_buffer(buffers);
            let start = out.len();
            setup.recipe.stamp_run(&stretch, wall_ns, &mut self.scratch, out);
            s.output.stamped(sequence_number, count, start, now);
            recorder.tally(ticket.cell).planned += u64::from(count);
            sent += count as usize;
        }
        if sent > 0 {
            sessions.mark_dirty(route.session);
        }
        sent
    }

    /// Stamps a message into a session's output, in the oldest free slot of its account.
    #[inline]
    fn send(
        &mut self,
        route: Route,
        attempt: &Attempt,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) {
        let Context { setup, recorder, .. } = context;
        let Attempt { due, intended, due_at, number: attempt } = attempt;
        let (s, buffers) = sessions.with_buffers(route.session);
        let freed = self.accounts[route.account].take_slot(s, now);
        let slot_free = freed.map_or(*due_at, |freed| freed.max(*due_at));
        let (position, first) = ticket(setup, due);
        let offered = s.output.offered_at(now);
        let ticket = Ticket { intended: *intended, slot_free, offered, attempt: *attempt, ..first };
        let number =
            s.window.open(&mut s.session.sequence, ticket).expect("a free slot was looked for");
        let out = s.output.with_buffer(buffers);
        let start = out.len();
        let wall_ns = self.wall_at_zero + now.0;
        setup.recipe.stamp_at(&position, number, wall_ns, &mut self.scratch, out);
        s.output.stamped(number, 1, start, now);
        let tally = recorder.tally(ticket.cell);
        if *attempt == 0 {
            tally.planned += 1;
        } else {
            tally.retries += 1;
        }
        sessions.mark_dirty(route.session);
        if self.has_caps {
            self.keep_to_cap(route.session, sessions, context, now);
        }
    }

    /// Enters and leaves closed-loop stages.
    pub(super) fn turn_stages(
        &mut self,
        offset: Nanos,
        sessions: &mut Sessions,
        context: &mut Context,
        now: Nanos,
    ) {
        if self.closed.is_some_and(|(_, end)| offset >= end) {
            self.closed = None;
        }
        if self.closed.is_some() || context.phase.is_stopping() || offset >= self.load_ends {
            return;
        }
        if let Some((stage, end)) = context.setup.schedule.closed_at(offset) {
            self.closed = Some((stage, end));
            self.dispatch_due(None, sessions, context, now);
        }
    }

    /// When something is to be sent next, or a pause ends; MAX: not before something else happens.
    #[inline]
    pub(super) fn next_due(&self, sessions: &Sessions, context: &Context, now: Nanos) -> Nanos {
        let Some(start) = context.phase.start() else { return Nanos::MAX };
        let offset = now.since(start);
        let pauses =
            self.paused_sessions.iter().filter_map(|s| sessions[*s as usize].paused_until());
        let mut next = pauses.min().unwrap_or(Nanos::MAX);
        for account in &self.accounts {
            next = next.min(account.next_send(start, offset, self.load_ends));
        }
        if self.closed.is_none()
            && let Some(at) = context.setup.schedule.next_closed_after(offset)
        {
            next = next.min(start + at);
        }
        next
    }

    /// After a read freed slots: when its account sends next, in open loop; MAX: not before something else happens.
    #[inline]
    pub(super) fn next_of_account(&self, account: u16, context: &Context, now: Nanos) -> Nanos {
        if self.closed.is_some() || context.phase.is_stopping() {
            return Nanos::MAX;
        }
        let position = self.position_of[usize::from(account)];
        let (Some(position), Some(start)) = (position, context.phase.start()) else {
            return Nanos::MAX;
        };
        if now < start {
            return Nanos::MAX;
        }
        self.accounts[position].next_send(start, now.since(start), self.load_ends)
    }
}

/// What is not sent.
impl Sending {
    /// What is due and was not sent by the end of the drain never will be.
    pub(super) fn give_up_unsent(&mut self, context: &mut Context, now: Nanos) {
        let start = context.phase.start().unwrap_or(now);
        let unsent = Unsent { start, before: self.load_ends, is_dropped: false, now };
        for account in &mut self.accounts {
            account.pass_over(&unsent, context);
        }
    }

    /// Whether a due message or a retry is still unsent.
    pub(super) fn has_backlog(&self, offset: Nanos, context: &Context) -> bool {
        if self.accounts.iter().any(AccountSender::has_retries) {
            return !context.phase.is_drained(offset);
        }
        let limit = offset.min(self.load_ends);
        self.accounts.iter().any(|a| a.next_due().is_some_and(|due| due.at < limit))
    }

    /// Messages of all accounts that are due by `offset` and not sent.
    pub(super) fn backlog(&mut self, offset: Nanos, context: &Context) -> u64 {
        let limit = offset.min(self.load_ends);
        let senders_count = context.setup.plan.senders_count().max(1) as f64;
        self.accounts.iter_mut().map(|a| a.backlog(limit, senders_count, context)).sum()
    }
}

/// One sender for each account that sends here, and where each account of the plan has it.
fn accounts(
    setup: &Setup,
    sessions: &Sessions,
    worker: usize,
) -> (Vec<AccountSender>, Vec<Option<usize>>) {
    let plan = &setup.plan;
    let mut accounts: Vec<AccountSender> = Vec::new();
    let mut position_of = vec![None; plan.accounts.len()];
    for (number, session) in sessions.iter().enumerate() {
        let account = session.plan.account;
        let Some(first) = session.plan.sender else { continue };
        let position = *position_of[usize::from(account)].get_or_insert_with(|| {
            let cursor =
                Cursor::of_account(setup.schedule.clone(), &setup.striping, worker, account);
            let step = setup.striping.workers_count() as u32;
            accounts.push(AccountSender::new(cursor, plan.load.catch_up, (first, step)));
            accounts.len() - 1
        });
        accounts[position].add_session(number);
    }
    (accounts, position_of)
}

/// What is due: where its recipe stands, and a ticket that lacks its times.
#[inline]
fn ticket(setup: &Setup, due: &Due) -> (MixPosition, Ticket) {
    let position = setup.recipe.place(due.index);
    let (label, registered_delivery) = setup.recipe.label_and_delivery(&position);
    let cell = setup.cell(due.at, due.stage, due.account, label);
    let receipt_asked = registered_delivery & 3;
    (position, Ticket { index: due.index, cell, receipt_asked, ..Ticket::default() })
}
