//! What a search may cost, and what it has cost.
use super::document::Cost;
use crate::judge::words::counted_was;

/// The most that a search may cost.
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
    /// Why a trial of this size may not be run any more.
    ///
    /// # Errors
    /// One line.
    pub fn allows(&self, spent: &Cost, messages: u64, seconds: f64) -> Result<(), String> {
        if spent.trials >= self.trials_max {
            return Err(format!(
                "{} run: --max-trials",
                counted_was(u64::from(spent.trials), "trial")
            ));
        }
        if spent.seconds + seconds > self.seconds_max {
            let minutes = self.seconds_max / 60.0;
            return Err(format!("the next trial would end after {minutes:.1} min: --max-minutes"));
        }
        match self.messages_max {
            Some(most) if spent.messages.saturating_add(messages) > most => Err(format!(
                "the next trial needs {messages} submit_sm and {} of {most} are left: --max-messages",
                most.saturating_sub(spent.messages)
            )),
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
        let refused =
            |spent: &Cost, messages, seconds| budget.allows(spent, messages, seconds).unwrap_err();
        assert!(refused(&spent, 101, 1.0).contains("--max-messages"));
        assert!(refused(&spent, 1, 10.1).contains("--max-minutes"));
        assert!(refused(&Cost { trials: 3, ..spent }, 1, 1.0).contains("--max-trials"));
        assert_eq!(budget.left(&spent), Some(100));
    }
}
