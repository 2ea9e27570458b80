//! Majority of repeated trials. Longer trials outrank shorter ones.

/// Result of one trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    /// Whether it passed.
    pub(super) passed: bool,
    /// Whether it was a longer, confirming trial.
    pub(super) long: bool,
}

/// Result of all trials together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoteResult {
    /// Most passed.
    Passes,
    /// Most failed.
    Fails,
    /// As many passed as failed.
    Open,
}

/// The majority; of the confirming trials, where there are any.
pub(super) fn vote_result(votes: &[Vote]) -> VoteResult {
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
        assert_eq!(vote_result(&[vote(true, false), vote(true, false)]), VoteResult::Passes);
        assert_eq!(vote_result(&[vote(true, false), vote(false, false)]), VoteResult::Open);
        let short = [vote(true, false), vote(true, false), vote(false, true)];
        assert_eq!(vote_result(&short), VoteResult::Fails);
        let tied = [vote(true, true), vote(false, true)];
        assert_eq!(vote_result(&tied), VoteResult::Open);
    }
}
