//! The verdict of a run, and which figures may be shown beside it.
use crate::judge::{
    About, Check, Health, HealthState, Judgement, Limiter, LittlesLaw, Outcome, Steady,
    work_piled_up,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// null: a closed loop, or a run that sends nothing.
    pub outcome: Option<Outcome>,
    /// null: nothing was written.
    pub limiter: Option<Limiter>,
    /// The evidence for the limiter.
    pub evidence: Vec<String>,
    /// Why response and service time differ, if they do.
    pub explanation: Option<String>,
    /// The same without figures, for reports that withhold them.
    #[serde(default)]
    pub cause: Option<String>,
    /// The harness.
    pub harness: Health,
    /// Steadiness.
    pub steady: Steady,
    /// How many messages rate and service time keep in flight.
    pub littles_law: Option<LittlesLaw>,
    /// The checks behind the outcome.
    pub reasons: Vec<Check>,
}

impl From<&Judgement> for Verdict {
    fn from(j: &Judgement) -> Verdict {
        Verdict {
            outcome: j.outcome,
            limiter: j.limiter,
            evidence: j.evidence.clone(),
            explanation: j.explanation.as_ref().map(ToString::to_string),
            cause: j.explanation.as_ref().map(|e| e.cause.clone()),
            // their checks are among the reasons
            harness: Health { late: 0, checks: Vec::new(), ..j.health.clone() },
            steady: Steady { drifts: Vec::new(), growths: Vec::new(), ..j.steady.clone() },
            littles_law: j.littles_law,
            reasons: j.reasons.clone(),
        }
    }
}

impl Verdict {
    /// Whether a headline may be printed: the harness kept up.
    pub fn allows_headline(&self) -> bool {
        self.harness.state != HealthState::Invalid
    }

    /// Whether response times from the intended send may be printed. Where work piled up, they only reflect the
    /// run's length.
    pub fn allows_response_headline(&self) -> bool {
        self.allows_headline() && !work_piled_up(self.outcome, &self.reasons)
    }

    /// Whether receipt times from the intended send may be printed: receipts can pile up while answers do not.
    pub fn allows_receipt_headline(&self) -> bool {
        let piled_up = |c: &Check| c.failed() && c.check == "awaited_receipts_growth";
        self.allows_response_headline() && !self.reasons.iter().any(piled_up)
    }

    /// Why a run with a fit harness is inconclusive.
    pub fn unsaid(&self) -> &'static str {
        let unknown = |c: &Check| c.check == "receipts_missing" && c.ok.is_none();
        if self.reasons.iter().any(unknown) {
            "receipts could not be matched, so the number of missing receipts is unknown"
        } else {
            "the run was too unsteady or too short to decide"
        }
    }

    /// The checks about one part.
    pub fn checks_about(&self, part: About) -> impl Iterator<Item = &Check> {
        self.reasons.iter().filter(move |r| r.about == part)
    }
}
