//! Rate limits: a token bucket in exact integers, and a queue that drains at a rate.
use crate::kit::{NS_PER_S, Nanos, Rate};

/// A token bucket, kept as GCRA does: as the time at which the next message is due at the exact rate. Times are in
/// `1/num` nanoseconds, so that a fractional rate never drifts.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    num: u128,
    interval: u128,
    tolerance: u128,
    next: u128,
}

impl TokenBucket {
    /// A bucket that gives `rate` tokens a second, and `burst` more than one at once (None: 100 ms of the rate).
    /// None: the rate is 0.
    pub(super) fn new(rate: Rate, burst: Option<u64>) -> Option<TokenBucket> {
        if rate.num == 0 {
            return None;
        }
        let interval = u128::from(NS_PER_S) * u128::from(rate.den);
        let burst = burst.unwrap_or(rate.num / rate.den.saturating_mul(10).max(1));
        let tolerance = interval * u128::from(burst);
        Some(TokenBucket { num: u128::from(rate.num), interval, tolerance, next: 0 })
    }

    /// Takes a token. False: none is available at `now`.
    #[inline]
    pub(super) fn admit(&mut self, now: Nanos) -> bool {
        let now = u128::from(now.0) * self.num;
        if self.next > now + self.tolerance {
            return false;
        }
        self.next = self.next.max(now) + self.interval;
        true
    }

    /// Reserves the next token and returns when it is due.
    pub(super) fn reserve(&mut self, now: Nanos) -> Nanos {
        let scaled = u128::from(now.0) * self.num;
        let due = self.next.saturating_sub(self.tolerance).max(scaled);
        self.next = self.next.max(scaled) + self.interval;
        self.nanos(due)
    }

    /// Share of its tokens that are taken at `now`, from 0 to 1.
    pub(super) fn used_share(&self, now: Nanos) -> f64 {
        let taken = self.next.saturating_sub(u128::from(now.0) * self.num);
        (taken as f64 / (self.tolerance + self.interval) as f64).min(1.0)
    }

    fn nanos(&self, scaled: u128) -> Nanos {
        Nanos(u64::try_from(scaled.div_ceil(self.num)).unwrap_or(u64::MAX))
    }
}

/// `limits.queue`: accepts messages at once and delivers them at a fixed rate.
#[derive(Clone, Debug)]
pub(super) struct DeliveryQueue {
    size: u64,
    drain: TokenBucket,
}

impl DeliveryQueue {
    /// None: the drain rate is 0.
    pub(super) fn new(queue: crate::plan::behaviour::Queue) -> Option<DeliveryQueue> {
        Some(DeliveryQueue { size: queue.size, drain: TokenBucket::new(queue.drain, Some(0))? })
    }

    /// Number of messages in the queue at `now`.
    pub(super) fn len(&self, now: Nanos) -> u64 {
        let now = u128::from(now.0) * self.drain.num;
        let left = self.drain.next.saturating_sub(now).div_ceil(self.drain.interval);
        u64::try_from(left).unwrap_or(u64::MAX)
    }

    /// Share of its places that are taken at `now`, from 0 to 1.
    pub(super) fn used_share(&self, now: Nanos) -> f64 {
        (self.len(now) as f64 / self.size.max(1) as f64).min(1.0)
    }

    /// Whether the queue accepts no further message at `now`.
    pub(super) fn is_full(&self, now: Nanos) -> bool {
        self.len(now) >= self.size
    }

    /// Adds a message and returns when it is delivered.
    pub(super) fn enter(&mut self, now: Nanos) -> Nanos {
        self.drain.reserve(now);
        self.drain.nanos(self.drain.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::behaviour::Queue;

    #[test]
    fn the_bucket_lets_through_its_burst_and_then_exactly_its_rate() {
        let mut bucket = TokenBucket::new(Rate { num: 7, den: 3 }, Some(4)).unwrap();
        let at_once = (0..100).filter(|_| bucket.admit(Nanos::ZERO)).count();
        assert_eq!(at_once, 5, "one and a burst of four");
        let later = (1..=300_000_u64).filter(|ms| bucket.admit(Nanos::from_millis(*ms))).count();
        assert_eq!(later, 700, "300 s at 7/3 a second");
    }

    #[test]
    fn a_burst_that_is_not_given_is_a_tenth_of_a_second() {
        let mut bucket = TokenBucket::new(Rate::per_second(5000), None).unwrap();
        let at_once = (0..10_000).filter(|_| bucket.admit(Nanos::from_secs(9))).count();
        assert_eq!(at_once, 501);
        let mut strict = TokenBucket::new(Rate::per_second(5000), Some(0)).unwrap();
        assert!(strict.admit(Nanos(1)) && !strict.admit(Nanos(200_000)));
        assert!(strict.admit(Nanos(200_001)));
    }

    #[test]
    fn a_bucket_says_which_share_of_its_tokens_is_taken() {
        let mut bucket = TokenBucket::new(Rate::per_second(100), Some(9)).unwrap();
        assert!(bucket.used_share(Nanos::ZERO) <= 0.0);
        (0..5).for_each(|_| assert!(bucket.admit(Nanos::ZERO)));
        assert!((bucket.used_share(Nanos::ZERO) - 0.5).abs() < 1e-9);
        (0..5).for_each(|_| assert!(bucket.admit(Nanos::ZERO)));
        assert!(!bucket.admit(Nanos::ZERO) && bucket.used_share(Nanos::ZERO) >= 1.0);
        assert!((bucket.used_share(Nanos::from_millis(30)) - 0.7).abs() < 1e-9);
    }

    #[test]
    fn reserved_tokens_come_at_the_rate() {
        let mut bucket = TokenBucket::new(Rate::per_second(3), Some(0)).unwrap();
        let due: Vec<u64> = (0..4).map(|_| bucket.reserve(Nanos::ZERO).0).collect();
        assert_eq!(due, [0, 333_333_334, 666_666_667, 1_000_000_000]);
    }

    #[test]
    fn the_queue_fills_to_its_size_and_drains_at_its_rate() {
        let queue = Queue { size: 10, drain: Rate::per_second(10) };
        let mut queue = DeliveryQueue::new(queue).unwrap();
        let now = Nanos::from_secs(5);
        for n in 1..=10 {
            assert!(!queue.is_full(now));
            assert_eq!(queue.enter(now), Nanos(now.0 + n * 100_000_000));
        }
        assert!(queue.is_full(now));
        assert!(!queue.is_full(Nanos(now.0 + 100_000_000)));
        assert_eq!(queue.len(Nanos::from_secs(6)), 0);
    }
}
