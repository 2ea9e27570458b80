//! Missing receipts: how many at least and at most, and why the number is uncertain. An accepted message that was not
//! tracked (no message_id, too many awaited) or is ambiguous (its id belongs to another message too) is neither missing
//! nor receipted.
use crate::kit::words::{self, counted_was};
use crate::measure::{Counters, Counts, RunRecord};
use crate::plan::Plan;

/// Bounds on the share of missing receipts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MissingShare {
    /// The share that is certainly missing.
    pub(super) low: f64,
    /// The share if every uncertain receipt is missing.
    pub(super) high: f64,
}

/// Bounds that differ by no more count as one figure.
const ALIKE: f64 = 0.001;

impl MissingShare {
    /// Of a whole run. None: no receipt is required.
    pub(super) fn of(t: &Counters) -> Option<MissingShare> {
        if t.receipts_expected == 0 {
            return None;
        }
        let finals = t.receipts_final.saturating_sub(t.receipts_final_unasked);
        let at_most = (t.receipts_missing + untold(t))
            .min(t.receipts_expected.saturating_sub(finals))
            .max(t.receipts_missing);
        Some(MissingShare::between(t, at_most))
    }

    /// Of a span of time. Its receipts may belong to messages accepted before it.
    pub(super) fn of_span(t: &Counters) -> Option<MissingShare> {
        let at_most = t.receipts_missing + untold(t);
        (t.receipts_expected > 0).then(|| MissingShare::between(t, at_most))
    }

    fn between(t: &Counters, at_most: u64) -> MissingShare {
        let share = |n: u64| n as f64 / t.receipts_expected as f64;
        MissingShare { low: share(t.receipts_missing), high: share(at_most) }
    }

    /// The share; None: it is too uncertain.
    pub(super) fn figure(&self) -> Option<f64> {
        (self.high - self.low <= ALIKE).then_some(self.low)
    }

    /// Whether a limit holds; None: it depends on the uncertain receipts.
    pub(super) fn decide(&self, holds: impl Fn(f64) -> bool, limit: f64) -> Option<bool> {
        let (low, high) = (holds(self.low), holds(self.high));
        let hidden = self.low < limit && limit < self.high;
        (low == high && (low || !hidden || !holds(limit))).then_some(low)
    }

    /// Why the share is uncertain.
    pub(super) fn why(&self, t: &Counters) -> String {
        format!(
            "{}: between {} and {} of the receipts are missing",
            causes(t),
            words::percent(self.low),
            words::percent(self.high)
        )
    }
}

/// Accepted messages whose receipts cannot be matched.
fn untold(t: &Counters) -> u64 {
    t.receipts_untracked + t.receipts_ambiguous
}

/// Why receipts could not be matched: `200 messages got no message_id`.
fn causes(t: &Counters) -> String {
    let no_room = t.receipts_untracked.saturating_sub(t.receipts_without_id);
    let causes = [
        (t.receipts_without_id, "got no message_id"),
        (no_room, "were not tracked because of receipts.outstanding_max"),
        (t.receipts_ambiguous, "share their message_id with another message"),
    ];
    let named: Vec<String> = causes
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, cause)| format!("{} {cause}", words::counted(*count, "message")))
        .collect();
    named.join(", ")
}

/// Warnings about receipts that could not be matched, each with its cause.
pub(super) fn warnings(plan: &Plan, record: &RunRecord, t: &Counters) -> Vec<String> {
    let mut warnings = Vec::new();
    if t.receipts_without_id > 0 {
        warnings.push(format!(
            "{} accepted without a message_id: no receipt can be matched",
            counted_was(t.receipts_without_id, "message")
        ));
    }
    let no_room = t.receipts_untracked.saturating_sub(t.receipts_without_id);
    if no_room > 0 {
        warnings.push(format!(
            "{} not tracked, because more receipts were awaited at once than receipts.outstanding_max ({}) allows; \
             raise it",
            counted_was(no_room, "message"),
            words::count(plan.receipts.outstanding_max as u64)
        ));
    }
    warnings.extend(ids_given_twice(record, t));
    warnings
}

/// A note on MO whose text looks like a receipt; None: there are none.
pub(super) fn like_receipts(record: &RunRecord) -> Option<String> {
    let like = record.mo_like_receipts;
    (like > 0).then(|| {
        format!(
            "{} of {} MO look like receipts (id and stat in their text), but their esm_class does not mark them as \
             receipts; to count them as receipts, set receipts.accept = \"text\"",
            words::count(like),
            words::count(record.mo_received)
        )
    })
}

fn ids_given_twice(record: &RunRecord, t: &Counters) -> Option<String> {
    if t.ids_given_twice == 0 {
        return None;
    }
    let times = if t.ids_given_twice == 1 {
        "one message_id was given twice, to two messages,".to_owned()
    } else {
        format!(
            "{} message_ids were given twice, to two messages,",
            words::count(t.ids_given_twice)
        )
    };
    let told = match t.receipts_ambiguous {
        0 => "receipts count for the message of their session".to_owned(),
        n => format!(
            "the receipts of {} are ambiguous; other receipts count for the message of their session",
            words::counted(n, "message")
        ),
    };
    let has_parts = record.messages.planned > 0;
    let advice = if has_parts && t.receipts_ambiguous > 0 {
        "; if the SMSC gives one id to all parts of a text and sends one receipt for them, set receipts.per = \"message\""
    } else {
        ""
    };
    Some(format!(
        "{times} while the receipt of the first message with it was awaited ({}): {told}{advice}",
        by_sessions(&record.ids_given_twice)
    ))
}

/// `sessions 0 and 1: 120; session 3: 4`.
fn by_sessions(counts: &Counts<(u32, u32)>) -> String {
    const SHOWN: usize = 5;
    let mut pairs: Vec<((u32, u32), u64)> = Vec::new();
    for ((a, b), count) in counts.iter() {
        let pair = (*a.min(b), *a.max(b));
        match pairs.iter_mut().find(|(known, _)| *known == pair) {
            Some((_, all)) => *all += count,
            None => pairs.push((pair, count)),
        }
    }
    pairs.sort_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair));
    let rest: u64 = pairs.iter().skip(SHOWN).map(|p| p.1).sum::<u64>() + counts.other;
    let mut named: Vec<String> = pairs
        .iter()
        .take(SHOWN)
        .map(|((a, b), count)| {
            let count = words::count(*count);
            if a == b {
                format!("session {a}: {count}")
            } else {
                format!("sessions {a} and {b}: {count}")
            }
        })
        .collect();
    if rest > 0 {
        named.push(format!("others: {}", words::count(rest)));
    }
    named.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(low: f64, high: f64) -> MissingShare {
        MissingShare { low, high }
    }

    #[test]
    fn a_limit_is_decided_only_where_both_ends_agree() {
        let at_most = |limit: f64| move |v: f64| v <= limit;
        assert_eq!(share(0.0, 0.001).decide(at_most(0.005), 0.005), Some(true));
        assert_eq!(share(0.0, 1.0).decide(at_most(0.005), 0.005), None);
        assert_eq!(share(0.2, 1.0).decide(at_most(0.005), 0.005), Some(false));
        let equal = |v: f64| v == 0.5;
        assert_eq!(share(0.2, 1.0).decide(equal, 0.5), None);
        assert_eq!(share(0.6, 1.0).decide(equal, 0.5), Some(false));
        let above = |v: f64| v > 0.5;
        assert_eq!(share(0.2, 1.0).decide(above, 0.5), None);
        assert_eq!(share(0.2, 0.5).decide(above, 0.5), Some(false));
    }

    #[test]
    fn receipts_that_were_matched_bound_what_may_be_missing() {
        let t = Counters {
            receipts_expected: 100,
            receipts_final: 80,
            receipts_missing: 5,
            receipts_untracked: 10,
            receipts_without_id: 10,
            receipts_ambiguous: 5,
            ..Counters::default()
        };
        let found = MissingShare::of(&t).unwrap();
        assert_eq!((found.low, found.high, found.figure()), (0.05, 0.2, None));
        let why = found.why(&t);
        assert!(why.starts_with("10 messages got no message_id, 5 messages share"), "{why}");
        assert_eq!(MissingShare::of(&Counters::default()), None);
        let none =
            Counters { receipts_untracked: 0, receipts_ambiguous: 0, receipts_final: 95, ..t };
        assert_eq!(MissingShare::of(&none).and_then(|m| m.figure()), Some(0.05));
    }

    #[test]
    fn sessions_that_gave_the_same_ids_are_named_with_most_first() {
        let mut counts = Counts::default();
        for (pair, n) in [((0, 1), 3), ((1, 0), 4), ((2, 2), 1)] {
            counts.add(&pair, n);
        }
        assert_eq!(by_sessions(&counts), "sessions 0 and 1: 7; session 2: 1");
    }
}
