//! How trials of one and the same thing count together. Longer trials outrank shorter ones.

/// One trial's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    /// Passed, or failed.
    pub(super) passed: bool,
    /// A confirmation.
    pub(super) long: bool,
}

/// What they say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoteResult {
    /// It passes.
    Passes,
    /// It fails.
    Fails,
    /// As many for as against.
    Open,
}

/// The majority; where there are confirmations, theirs.
pub(super) fn standing(votes: &[Vote]) -> VoteResult {
    let any_long = votes.iter().any(|v| v.long);
    let heard = votes.iter().filter(|v| v.long == any_long);
    let balance: i32 = heard.map(|v| if v.passed { 1 } else { -1 }).sum();
    match balance {
        1.. => VoteResult::Passes,
        0 => VoteResult::Open,
        _ => VoteResult::Fails,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_outranks_any_number_of_short_trials() {
        let vote = |passed, long| Vote { passed, long };
        assert_eq!(standing(&[vote(true, false), vote(true, false)]), VoteResult::Passes);
        assert_eq!(standing(&[vote(true, false), vote(false, false)]), VoteResult::Open);
        let short = [vote(true, false), vote(true, false), vote(false, true)];
        assert_eq!(standing(&short), VoteResult::Fails);
        let tied = [vote(true, true), vote(false, true)];
        assert_eq!(standing(&tied), VoteResult::Open);
    }
}
