//! When the simulator does something wrong: at a time after the first bind, again and again, or by share.
//! What is done is the core's business. Also the regular stall.
use crate::kit::{Nanos, Rng};
use crate::plan::behaviour::{Fault, FaultKind, Stall};

/// What a fault by share is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A connection was taken.
    Connection,
    /// A bind came.
    Bind,
    /// An enquire_link came.
    Enquiry,
    /// A submit_sm came.
    Submit,
}

impl Occasion {
    fn of(kind: FaultKind) -> Occasion {
        match kind {
            FaultKind::AcceptThenDrop => Occasion::Connection,
            FaultKind::BindRefuse => Occasion::Bind,
            FaultKind::NoEnquireAnswer => Occasion::Enquiry,
            FaultKind::Unbind
            | FaultKind::Close
            | FaultKind::Reset
            | FaultKind::HalfClose
            | FaultKind::Garbage
            | FaultKind::Truncated
            | FaultKind::OversizeTlv
            | FaultKind::GenericNack
            | FaultKind::SlowReader => Occasion::Submit,
        }
    }
}

/// One fault and its next time.
#[derive(Clone, Debug)]
struct Planned {
    fault: Fault,
    next: Nanos,
}

/// All faults of a behaviour.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    list: Vec<Planned>,
    /// Whether any is drawn for submit_sm: the hot path asks nothing else.
    pub(super) at_submits: bool,
    due: Nanos,
}

impl Faults {
    pub(super) fn new(faults: &[Fault]) -> Faults {
        let untimed = |fault: &Fault| fault.at.is_none() && fault.every.is_none();
        let list: Vec<Planned> = faults
            .iter()
            .map(|fault| {
                let mut fault = fault.clone();
                // no word of when means: each time
                if untimed(&fault) && fault.share.is_none() {
                    fault.share = Some(1.0);
                }
                Planned { fault, next: Nanos::MAX }
            })
            .collect();
        let at_submits = list.iter().any(|planned| {
            planned.fault.share.is_some() && Occasion::of(planned.fault.kind) == Occasion::Submit
        });
        Faults { list, at_submits, due: Nanos::MAX }
    }

    /// The first bind: times count from here.
    pub(super) fn start(&mut self, now: Nanos) {
        for Planned { fault, next } in &mut self.list {
            if let Some(first) = fault.at.or(fault.every) {
                *next = now.after(first);
            }
        }
        self.set_due();
    }

    fn set_due(&mut self) {
        self.due = self.list.iter().map(|planned| planned.next).min().unwrap_or(Nanos::MAX);
    }

    /// When the next timed fault is due.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.due
    }

    /// A timed fault that is due, and whether it befalls all sessions.
    pub(super) fn pop(&mut self, now: Nanos) -> Option<(FaultKind, bool)> {
        let planned = self.list.iter_mut().filter(|p| p.next <= now).min_by_key(|p| p.next)?;
        planned.next = match planned.fault.every {
            Some(every) if every > Nanos::ZERO => planned.next.after(every),
            Some(_) | None => Nanos::MAX,
        };
        let found = (planned.fault.kind, planned.fault.all_sessions);
        self.set_due();
        Some(found)
    }

    /// Draws for an occasion.
    pub(super) fn draw(&self, occasion: Occasion, rng: &mut Rng) -> Option<FaultKind> {
        self.list
            .iter()
            .filter(|planned| Occasion::of(planned.fault.kind) == occasion)
            .find(|planned| planned.fault.share.is_some_and(|share| rng.chance(share)))
            .map(|planned| planned.fault.kind)
    }
}

/// The regular silence: the first one begins `every` after the first bind.
#[derive(Clone, Debug)]
pub(super) struct Stalls {
    stall: Option<Stall>,
    start: Nanos,
    on: bool,
    edge: Nanos,
}

impl Stalls {
    pub(super) fn new(stall: Option<Stall>) -> Stalls {
        let stall = stall.filter(|s| s.length > Nanos::ZERO && s.every > s.length);
        Stalls { stall, start: Nanos::MAX, on: false, edge: Nanos::MAX }
    }

    /// The first bind.
    pub(super) fn start(&mut self, now: Nanos) {
        if let Some(stall) = self.stall {
            self.start = now;
            self.edge = now.after(stall.every);
        }
    }

    /// Whether it is silent.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// When that changes next.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.edge
    }

    /// Sets what holds at `now`; true: a silence ended.
    #[inline]
    pub(super) fn update(&mut self, now: Nanos) -> bool {
        if now < self.edge {
            return false;
        }
        let Some(stall) = self.stall else { return false };
        let was = self.on;
        let cycles = now.since(self.start).0 / stall.every.0;
        let begun = self.start.after(Nanos(cycles * stall.every.0));
        let ends = begun.after(stall.length);
        self.on = cycles > 0 && now < ends;
        self.edge = if self.on { ends } else { begun.after(stall.every) };
        was && !self.on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timed_faults_count_from_the_first_bind() {
        let fault = |at, every| Fault {
            kind: FaultKind::Close,
            at,
            every,
            share: None,
            all_sessions: false,
        };
        let s = Nanos::from_secs;
        let mut faults = Faults::new(&[fault(Some(s(3)), None), fault(None, Some(s(5)))]);
        assert_eq!((faults.due(), faults.at_submits), (Nanos::MAX, false));
        faults.start(s(10));
        let mut times = Vec::new();
        for now in 10..=25 {
            while faults.pop(s(now)).is_some() {
                times.push(now);
            }
        }
        assert_eq!(times, [13, 15, 20, 25]);
    }

    #[test]
    fn the_silence_comes_at_every_period_but_the_first() {
        let ms = Nanos::from_millis;
        let mut stalls = Stalls::new(Some(Stall { every: ms(10), length: ms(3) }));
        assert_eq!(stalls.due(), Nanos::MAX);
        stalls.start(ms(100));
        let silent: Vec<u64> = (100..140)
            .filter(|now| {
                stalls.update(ms(*now));
                stalls.is_on()
            })
            .collect();
        assert_eq!(silent, [110, 111, 112, 120, 121, 122, 130, 131, 132]);
        assert_eq!(stalls.due(), ms(140));
    }
}
