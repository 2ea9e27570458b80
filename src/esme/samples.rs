//! A kept sample of message ids, tried under every id rule when receipts are missing and unknown at once:
//! the commonest support case of all is a wrong `receipts.id_mode`.
use crate::correlate::{IdRule, IdSource};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The first ids of each kind that a worker saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IdSample {
    responses: Vec<Vec<u8>>,
    receipts: Vec<Vec<u8>>,
    /// Whether another rule is known to match.
    #[serde(skip)]
    other_rule: bool,
}

impl IdSample {
    /// Ids kept of each kind.
    const KEPT: usize = 1000;
    /// Octets kept of each: a message_id has 64 by the specification.
    const OCTETS: usize = 256;

    /// An id in a submit_sm_resp.
    #[inline]
    pub(super) fn response(&mut self, id: &[u8]) {
        if self.responses.len() < Self::KEPT {
            self.responses.push(id[..id.len().min(Self::OCTETS)].to_vec());
        }
    }
    /// An id in a receipt.
    #[inline]
    pub(super) fn receipt(&mut self, id: &[u8]) {
        if self.receipts.len() < Self::KEPT {
            self.receipts.push(id[..id.len().min(Self::OCTETS)].to_vec());
        }
    }
    /// Adds the sample of another worker.
    pub fn merge(&mut self, other: IdSample) {
        self.responses.extend(other.responses);
        self.receipts.extend(other.receipts);
    }
    /// By rule: how many of the sampled receipts bear the id of a sampled response.
    pub fn matches(&self) -> Vec<(&'static str, u64)> {
        let tried = IdRule::ALL.iter().map(|rule| {
            let key = |id: &[u8], side| rule.key(id, side, 1).0;
            let known: HashSet<_> =
                self.responses.iter().map(|i| key(i, IdSource::Response)).collect();
            let met = self.receipts.iter().filter(|i| known.contains(&key(i, IdSource::Receipt)));
            (rule.name(), met.count() as u64)
        });
        tried.collect()
    }
    /// Whether sampled receipts bear ids of sampled responses by another rule than this one, and more of them: it is
    /// the rule that is wrong. Tried until it is so, and not again.
    pub(super) fn match_otherwise(&mut self, rule: IdRule) -> bool {
        if !self.other_rule {
            let matches = self.matches();
            let ours = matches.get(usize::from(rule.number())).map_or(0, |m| m.1);
            self.other_rule = matches.iter().any(|(_, count)| *count > ours);
        }
        self.other_rule
    }
    /// Receipts in the sample.
    pub fn receipts_count(&self) -> u64 {
        self.receipts.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_that_would_have_matched_is_found_among_all() {
        let mut sample = IdSample::default();
        for n in 1000u32..1200 {
            sample.response(format!("{n:x}").as_bytes());
            sample.receipt(format!("{n:010}").as_bytes());
        }
        let best = sample.matches().into_iter().max_by_key(|m| m.1);
        assert_eq!(best, Some(("response_hex", 200)));
        assert_eq!(sample.matches()[0], ("exact", 0));
    }
}
