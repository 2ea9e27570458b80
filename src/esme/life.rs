//! The life of a link: connected, bound, lost, bound again, unbound; and the deadlines of what it carries.
use super::core::Core;
use super::orders::{BindFailure, BindFault, Event, Final};
use super::parts::PartOutcome;
use super::session::SessionStatus;
use super::state::State;
use super::unmatched_receipts::Strays;
use crate::kit::Nanos;
use crate::measure::{DownCause, Metric, Outage, Outcome, Transport};
use crate::net::{ConnAction, End};
use crate::plan::Rebind;
use crate::smpp::{CommandId, CommandStatus};

impl Core {
    /// A connection of this link is up: the bind goes out.
    pub fn connected(&mut self, link: u32, now: Nanos) {
        let number = link as usize;
        let plan = self.setup.plan.clone();
        let l = &mut self.links[number];
        let account = &plan.accounts[usize::from(l.plan.account)];
        l.connected(self.setup.timers(l.plan.account), now);
        l.bind_by = now + plan.timeouts.bind;
        l.session.bind(&account.bind(), now, &mut l.out);
        self.touch(number);
        self.maintenance_at = self.maintenance_at.min(now);
    }

    /// TLS was agreed on for a connection, in so long.
    pub fn shaken(&mut self, took: Nanos) {
        self.recorder.whole(Metric::TlsHandshake).record(took);
    }

    pub(super) fn on_bound(&mut self, link: usize, after: Nanos, now: Nanos) {
        self.recorder.whole(Metric::Bind).record(after);
        let l = &mut self.links[link];
        l.standing = SessionStatus::Up;
        l.was_bound = true;
        l.state = State::Bound;
        let attempts = std::mem::take(&mut l.attempts);
        if let Some((from, cause, lost)) = l.down.take() {
            l.reconnects += 1;
            let session = l.plan.id;
            let start = self.start.unwrap_or(now);
            let to = Some(now.since(start));
            let from = from.since(start);
            self.recorder.outage(Outage { session, from, to, cause, lost, attempts });
        }
        let room = self.links[link].window.room() as u32;
        self.slots_freed(link, room, now);
        self.tried(link, None, now);
        self.pump(Some(link), now);
    }

    pub(super) fn on_bind_refused(&mut self, link: usize, status: CommandStatus, now: Nanos) {
        let l = &mut self.links[link];
        l.wish = ConnAction::Close;
        l.state = State::Refused(status);
        let credentials = [
            CommandStatus::ESME_RBINDFAIL,
            CommandStatus::ESME_RINVPASWD,
            CommandStatus::ESME_RINVSYSID,
        ];
        l.banned |= credentials.contains(&status);
        let why = format!("bind refused with {status}");
        if l.down.is_none() {
            l.down = Some((now, DownCause::Other(format!("bind_refused {status}")), 0));
        }
        self.failed(link, BindFault::Refused(status.0), &why, now);
    }

    fn failed(&mut self, link: usize, fault: BindFault, why: &str, now: Nanos) {
        let session = self.links[link].plan.id;
        self.tried(link, Some(BindFailure { session, fault, why: why.to_owned() }), now);
    }

    /// One more link has been tried; told is its first attempt only.
    fn tried(&mut self, link: usize, failure: Option<BindFailure>, now: Nanos) {
        if std::mem::replace(&mut self.links[link].tried, true) || self.untried == 0 {
            return;
        }
        self.untried -= 1;
        if self.climb.is_some() {
            self.climbed(failure, now);
        } else {
            self.failures.extend(failure);
        }
        if self.untried == 0 {
            let up = self.links.iter().filter(|l| l.standing == SessionStatus::Up).count() as u64;
            let (sessions_up, place) = self.climb.take().map_or((up, None), |c| c.result(up));
            let failures = std::mem::take(&mut self.failures);
            let worker = self.worker;
            self.events.push(Event::Ready { worker, sessions_up, failures, place });
        }
    }

    /// No connection could be made. Says when to try again, if at all.
    pub fn connect_failed(&mut self, link: u32, why: &str, now: Nanos) -> Option<Nanos> {
        let number = link as usize;
        self.links[number].state = State::Failed(why.to_owned());
        if self.links[number].down.is_none() {
            self.links[number].down = Some((now, DownCause::Other(why.to_owned()), 0));
        }
        self.failed(number, BindFault::Unreachable, why, now);
        self.next_attempt(number, now)
    }

    /// What the kernel counted on a connection that has just ended; told before [`Core::disconnected`].
    pub fn carried(&mut self, link: u32, transport: &Transport) {
        let so_far = &mut self.links[link as usize].transport;
        match so_far {
            Some(sum) => sum.followed_by(transport),
            None => *so_far = Some(Box::new(transport.clone())),
        }
    }

    /// The connection is gone. Says when to connect again, if at all.
    pub fn disconnected(&mut self, link: u32, end: &End, now: Nanos) -> Option<Nanos> {
        let number = link as usize;
        let binding = self.links[number].standing == SessionStatus::Binding;
        let cause = match end {
            End::Wished(_) => DownCause::Other(self.links[number].state.to_string()),
            End::PeerClosed => DownCause::Closed,
            End::Failed(e) if e.kind() == std::io::ErrorKind::ConnectionReset => DownCause::Reset,
            End::Failed(e) => DownCause::Other(format!("failed: {e}")),
        };
        let unbound = self.links[number].state == State::Unbound
            || (self.stopping && matches!(end, End::PeerClosed));
        if unbound {
            self.links[number].state = State::Unbound;
            self.links[number].standing = SessionStatus::Gone;
            self.lose_open(number, Outcome::OpenAtEnd, now);
            self.finish_if_done(now);
            return None;
        }
        if binding && !matches!(end, End::Wished(_)) {
            let why = format!("connection {cause} before bind_resp");
            self.failed(number, BindFault::Dropped, &why, now);
        }
        self.go_down(number, cause, now);
        self.next_attempt(number, now)
    }

    /// The link carries nothing any more: what was open on it is lost.
    pub(super) fn go_down(&mut self, link: usize, cause: DownCause, now: Nanos) {
        let lost = self.lose_open(link, Outcome::Lost, now);
        self.unaccounted += lost;
        let l = &mut self.links[link];
        let was_up = l.standing == SessionStatus::Up;
        let was_held = l.hold.is_some();
        l.standing = SessionStatus::Down;
        if l.down.is_none() && (was_up || lost > 0) {
            l.down = Some((now, cause.clone(), lost));
        }
        if was_up {
            l.state = State::Lost(cause);
        }
        let (room, account) = (l.window.limit(), l.plan.account);
        if was_up
            && !was_held
            && let Some(lane) = self.lane_of[usize::from(account)]
        {
            // its free slots go with it; those of lost messages were never given back
            let free = room - lost as usize;
            self.lanes[lane].withdraw(free, now);
        }
    }

    /// Settles all open submit_sm of a link.
    fn lose_open(&mut self, link: usize, outcome: Outcome, now: Nanos) -> u64 {
        let mut lost = 0;
        for (number, mut ticket) in self.links[link].window.drain() {
            if ticket.written == Nanos::ZERO {
                // part of it may have gone: it counts as written, and as lost
                ticket.write_at(now);
                self.recorder.written(&ticket);
                self.links[link].counts.written += 1;
            }
            self.recorder.settled(&ticket, outcome, now);
            self.part_ended(ticket.index, PartOutcome::Failed);
            self.trace_failed(link, number, &ticket, None);
            lost += 1;
        }
        self.links[link].unwritten.clear();
        lost
    }

    /// Gives a connection up from our side.
    pub(super) fn give_up_link(&mut self, link: usize, why: &str, now: Nanos) {
        self.links[link].wish = ConnAction::Close;
        self.links[link].state = State::Failed(why.to_owned());
        if self.links[link].standing == SessionStatus::Binding {
            self.failed(link, BindFault::Silent, why, now);
        }
        self.go_down(link, DownCause::Other(why.to_owned()), now);
        self.touch(link);
    }

    /// When a link that is down is tried again: jittered, doubling pauses within the profile's bounds.
    fn next_attempt(&mut self, link: usize, now: Nanos) -> Option<Nanos> {
        let (rebind, ladder) = (self.rebind_of(link), self.is_ladder());
        let l = &mut self.links[link];
        let never_began = self.start.is_none() && !l.was_bound;
        let over = self.stopping || never_began || l.banned || ladder;
        let again =
            rebind.filter(|r| !over && (r.attempts_max == 0 || l.attempts < r.attempts_max));
        let Some(rebind) = again else {
            self.gone_for_good(link, now);
            return None;
        };
        let doubled = rebind.min.0.saturating_mul(1 << l.attempts.min(20)).min(rebind.max.0);
        l.attempts += 1;
        // at least half the pause, so that a crowd does not come back as one
        let pause = doubled / 2 + self.rng.below(doubled / 2 + 1);
        Some(now + Nanos(pause))
    }

    fn rebind_of(&self, link: usize) -> Option<Rebind> {
        let account = usize::from(self.links[link].plan.account);
        self.setup.plan.accounts[account].binds.rebind
    }

    fn gone_for_good(&mut self, link: usize, now: Nanos) {
        let l = &mut self.links[link];
        l.standing = SessionStatus::Gone;
        let (session, attempts) = (l.plan.id, l.attempts);
        if let Some((from, cause, lost)) = l.down.take() {
            let from = self.start.map_or(Nanos::ZERO, |start| from.since(start));
            self.recorder.outage(Outage { session, from, to: None, cause, lost, attempts });
        }
        let all_gone = self.links.iter().all(|l| l.standing == SessionStatus::Gone);
        let began = self.start.is_some() || self.links.iter().any(|l| l.was_bound);
        if all_gone && began && !self.stopping && !self.all_lost_told && !self.is_ladder() {
            self.all_lost_told = true;
            self.events.push(Event::AllLost { worker: self.worker });
        }
        self.finish_if_done(now);
    }

    /// Deadlines, probes, expiries: every few milliseconds.
    pub(super) fn maintain(&mut self, now: Nanos) {
        // 10 ms for up to 1,000 links, in proportion beyond
        let step = Nanos::from_millis(10 * (1 + self.links.len() as u64 / 1000));
        self.maintenance_at = now + step;
        for link in 0..self.links.len() {
            if now >= self.links[link].close_by {
                self.links[link].close_by = Nanos::MAX;
                self.links[link].wish = ConnAction::Close;
                self.touch(link);
            }
            match self.links[link].standing {
                SessionStatus::Down | SessionStatus::Gone => {}
                SessionStatus::Binding => {
                    if now >= self.links[link].bind_by {
                        self.give_up_link(link, "no bind_resp in time", now);
                    }
                }
                SessionStatus::Up => self.maintain_link(link, now),
            }
        }
        self.settle_receipts(now);
        self.send_away();
        if self.stopping && now >= self.unbind_by {
            for link in 0..self.links.len() {
                if matches!(self.links[link].standing, SessionStatus::Up | SessionStatus::Binding) {
                    self.links[link].wish = ConnAction::Close;
                    self.links[link].state = State::NoUnbindResp;
                    self.touch(link);
                }
            }
        }
        self.tell_quiet(now);
    }

    fn maintain_link(&mut self, link: usize, now: Nanos) {
        self.time_out(link, now);
        let l = &mut self.links[link];
        let before = l.out.len();
        if let Some(unanswered) = l.session.tick(now, &mut l.out) {
            let name = unanswered.name().unwrap_or("request");
            if unanswered == CommandId::UNBIND {
                l.wish = ConnAction::Close;
                l.state = State::NoUnbindResp;
                self.touch(link);
            } else {
                self.give_up_link(link, &format!("{name} unanswered"), now);
            }
            return;
        }
        if self.links[link].out.len() > before {
            self.touch(link);
        }
    }

    /// submit_sm whose answer has not come within `timeouts.response` of their write.
    fn time_out(&mut self, link: usize, now: Nanos) {
        let response = self.setup.plan.timeouts.response;
        let mut freed = 0;
        while let Some((number, mut ticket)) = self.links[link].window.oldest() {
            if ticket.written == Nanos::ZERO {
                if now < self.links[link].unwritten_since + response {
                    break;
                }
                ticket.write_at(now);
                self.recorder.written(&ticket);
                self.links[link].counts.written += 1;
            } else if now < ticket.written + response {
                break;
            }
            self.links[link].window.settle(number);
            self.links[link].late.remember(number, ticket);
            self.recorder.settled(&ticket, Outcome::TimedOut, now);
            self.part_ended(ticket.index, PartOutcome::Failed);
            self.trace_failed(link, number, &ticket, None);
            freed += 1;
        }
        if freed > 0 {
            self.unaccounted += u64::from(freed);
            self.slots_freed(link, freed, now);
            self.pump(Some(link), now);
        }
    }

    /// In the drain: tells when there is nothing left to wait for.
    fn tell_quiet(&mut self, now: Nanos) {
        let Some(offset) = self.offset(now) else { return };
        if offset < self.load_ends || self.stopping {
            return;
        }
        let open = self.links.iter().any(|l| l.window.open_count() > 0 || !l.out.is_empty());
        let quiet = !open
            && !self.has_backlog(offset)
            && self.correlator.awaited() == 0
            && self.correlator.early_count() == 0
            && self.deferred.is_empty()
            && self.exchange.is_empty()
            && self.strays.as_ref().is_none_or(Strays::is_empty);
        let told = (quiet, self.exchange.handed, self.exchange.received);
        if self.quiet_told != Some(told) {
            self.quiet_told = Some(told);
            let (quiet, handed, received) = told;
            self.events.push(Event::Quiet { worker: self.worker, quiet, handed, received });
        }
    }

    /// Unbinds everything; what is still open then stays open.
    pub(super) fn stop(&mut self, now: Nanos) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.unbind_by = now + self.setup.plan.timeouts.unbind;
        self.give_up_unsent(now);
        self.give_up_strays();
        for (key, awaited) in self.correlator.drain() {
            self.missing(key, &awaited);
        }
        let mut unknown = Vec::new();
        self.correlator.give_up_early(Nanos::MAX, &mut unknown);
        for early in unknown {
            self.unmatched(early.key, &early.receipt);
        }
        for link in 0..self.links.len() {
            let l = &mut self.links[link];
            match l.standing {
                SessionStatus::Up => {
                    l.session.unbind(now, &mut l.out);
                    self.touch(link);
                }
                SessionStatus::Binding => {
                    l.wish = ConnAction::Close;
                    self.touch(link);
                }
                SessionStatus::Down => l.standing = SessionStatus::Gone,
                SessionStatus::Gone => {}
            }
        }
        self.finish_if_done(now);
    }

    /// The last word, when every link is gone.
    pub(super) fn finish_if_done(&mut self, now: Nanos) {
        if !self.stopping
            || self.finished
            || self.links.iter().any(|l| l.standing != SessionStatus::Gone)
        {
            return;
        }
        self.finished = true;
        // answers that came after the unbind may have brought ids whose receipts nobody waits for any more
        for (key, awaited) in self.correlator.drain() {
            self.missing(key, &awaited);
        }
        self.give_up_again();
        self.close_parts();
        let range = self.range;
        let sessions = self.links.iter_mut().map(|l| l.record(range)).collect();
        let interval = self.last_interval(now);
        let ids = std::mem::take(&mut self.ids);
        let exchanges = self.take_exchanges();
        let last = Final { worker: self.worker, interval, sessions, exchanges, ids };
        self.events.push(Event::Final(Box::new(last)));
    }
}
