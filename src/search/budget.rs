//! Limits on the cost of a search.
use super::document::Cost;
use crate::kit::words::counted_was;

/// Why a further trial may not be run.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Spent {
    /// The number of trials is used up.
    #[error("{} run: --max-trials", counted_was(u64::from(*.0), "trial"))]
    Trials(u32),
    /// It would end after the limit in seconds.
    #[error("the next trial would end after {:.1} min: --max-minutes", .0 / 60.0)]
    Seconds(f64),
    /// It needs more submit_sm than are left.
    #[error("the next trial needs {needs} submit_sm and {left} of {most} are left: --max-messages")]
    Messages {
        /// submit_sm of the trial.
        needs: u64,
        /// Left of `most`.
        left: u64,
        /// Of the search.
        most: u64,
    },
}

/// Limits on the cost of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Trials.
    pub trials_max: u32,
    /// submit_sm over all of them; None: no bound (loopback only).
    pub messages_max: Option<u64>,
    /// Time over all of them, in seconds.
    pub seconds_max: f64,
}

impl Budget {
    /// Whether a trial of this size may be run.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, spent: &Cost, messages: u64, seconds: f64) -> Result<(), Spent> {
        if spent.trials >= self.trials_max {
            return Err(Spent::Trials(spent.trials));
        }
        if spent.seconds + seconds > self.seconds_max {
            return Err(Spent::Seconds(self.seconds_max));
        }
        match self.messages_max {
            Some(most) if spent.messages.saturating_add(messages) > most => {
                let left = most.saturating_sub(spent.messages);
                Err(Spent::Messages { needs: messages, left, most })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// submit_sm that are left.
    pub fn left(&self, spent: &Cost) -> Option<u64> {
        self.messages_max.map(|most| most.saturating_sub(spent.messages))
    }

    /// As a cost.
    pub fn cost(&self, messages: u64) -> Cost {
        let messages = self.messages_max.unwrap_or(messages);
        Cost { trials: self.trials_max, messages, seconds: self.seconds_max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_kept_and_named() {
        let budget = Budget { trials_max: 3, messages_max: Some(1_000), seconds_max: 60.0 };
        let spent = Cost { trials: 2, messages: 900, seconds: 50.0 };
        assert_eq!(budget.allows(&spent, 100, 10.0), Ok(()));
        let refused = |spent: &Cost, messages, seconds| {
            budget.allows(spent, messages, seconds).unwrap_err().to_string()
        };
        assert!(refused(&spent, 101, 1.0).contains("--max-messages"));
        assert!(refused(&spent, 1, 10.1).contains("--max-minutes"));
        assert!(refused(&Cost { trials: 3, ..spent }, 1, 1.0).contains("--max-trials"));
        assert_eq!(budget.left(&spent), Some(100));
    }
}
