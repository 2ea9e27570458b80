//! Figures of a run through a gateway that gates and reports share: transit times, and shares of what went wrong inside.
use crate::measure::Latency;
use crate::measure::through::{Books, TRANSITS, ThroughRecord, Transit};

/// A share of what went wrong inside a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThroughRatio {
    /// Accepted in front, and not come out by the deadline.
    LostInside,
    /// Accepted in front, and come out more than once.
    Duplicated,
    /// Come out with a field changed that no rewrite declares.
    Altered,
    /// Rejected in front, and come out all the same.
    Ghost,
    /// Come out, and none of this run's.
    Unexpected,
    /// Come out at another upstream than the routes say.
    WrongUpstream,
    /// Receipts that did not come back.
    ReceiptsLostInside,
    /// Receipts that came back beyond those that were sent.
    ReceiptsDuplicated,
    /// Receipts that came back with another state, err, date or text.
    ReceiptsAltered,
    /// Receipts that came back on a session of another account.
    ReceiptsOtherAccount,
    /// MO that did not come in front.
    MoLost,
    /// MO that came in front more than once.
    MoDuplicated,
    /// MO that came in front with a field changed that no rewrite declares.
    MoAltered,
}

impl ThroughRatio {
    /// All of them.
    pub const ALL: [ThroughRatio; 13] = [
        ThroughRatio::LostInside,
        ThroughRatio::Duplicated,
        ThroughRatio::Altered,
        ThroughRatio::Ghost,
        ThroughRatio::Unexpected,
        ThroughRatio::WrongUpstream,
        ThroughRatio::ReceiptsLostInside,
        ThroughRatio::ReceiptsDuplicated,
        ThroughRatio::ReceiptsAltered,
        ThroughRatio::ReceiptsOtherAccount,
        ThroughRatio::MoLost,
        ThroughRatio::MoDuplicated,
        ThroughRatio::MoAltered,
    ];

    /// Its name under `ratio`.
    pub const fn name(self) -> &'static str {
        match self {
            ThroughRatio::LostInside => "lost_inside",
            ThroughRatio::Duplicated => "duplicated",
            ThroughRatio::Altered => "altered",
            ThroughRatio::Ghost => "ghost",
            ThroughRatio::Unexpected => "unexpected",
            ThroughRatio::WrongUpstream => "wrong_upstream",
            ThroughRatio::ReceiptsLostInside => "receipts_lost_inside",
            ThroughRatio::ReceiptsDuplicated => "receipts_duplicated",
            ThroughRatio::ReceiptsAltered => "receipts_altered",
            ThroughRatio::ReceiptsOtherAccount => "receipts_other_account",
            ThroughRatio::MoLost => "mo_lost_inside",
            ThroughRatio::MoDuplicated => "mo_duplicated",
            ThroughRatio::MoAltered => "mo_altered",
        }
    }

    /// Its explanation.
    pub const fn says(self) -> &'static str {
        match self {
            ThroughRatio::LostInside => {
                "share of the submit_sm accepted in front that did not come out of the gateway by the deadline"
            }
            ThroughRatio::Duplicated => {
                "share of the submit_sm accepted in front that came out of the gateway more than once"
            }
            ThroughRatio::Altered => {
                "share of the submit_sm that came out of the gateway with a change that upstream.rewrites does not declare"
            }
            ThroughRatio::Ghost => {
                "share of the submit_sm sent in front that the gateway rejected and passed on all the same"
            }
            ThroughRatio::Unexpected => {
                "share of the submit_sm that came out of the gateway and are none of this run's"
            }
            ThroughRatio::WrongUpstream => {
                "share of the submit_sm that came out of the gateway at another upstream than upstream.routes says"
            }
            ThroughRatio::ReceiptsLostInside => {
                "share of the receipts sent behind that did not come back in front by the deadline"
            }
            ThroughRatio::ReceiptsDuplicated => {
                "share of the receipts that came in front beyond those that our SMSC sent"
            }
            ThroughRatio::ReceiptsAltered => {
                "share of the receipts that came in front with another state, err, date or text"
            }
            ThroughRatio::ReceiptsOtherAccount => {
                "share of the receipts that came in front on a session of another account"
            }
            ThroughRatio::MoLost => {
                "share of the MO sent behind, without those pending at the end, that did not come in front by the deadline"
            }
            ThroughRatio::MoDuplicated => {
                "share of the MO sent behind that came in front more than once"
            }
            ThroughRatio::MoAltered => {
                "share of the MO that came in front with a change that upstream.rewrites does not declare"
            }
        }
    }

    /// Its metric: `ratio.lost_inside`.
    pub fn metric(self) -> String {
        format!("ratio.{}", self.name())
    }

    /// The share that a metric is: `ratio.lost_inside`. None: it is none of these.
    pub fn of_metric(metric: &str) -> Option<ThroughRatio> {
        ThroughRatio::named(metric.strip_prefix("ratio.")?)
    }

    /// The share of this name. None: there is none.
    pub fn named(name: &str) -> Option<ThroughRatio> {
        ThroughRatio::ALL.into_iter().find(|ratio| ratio.name() == name)
    }

    /// Its value. None: it is a share of nothing.
    pub fn of(self, books: Books<'_>) -> Option<f64> {
        let (part, whole) = self.counts(books);
        (whole > 0).then(|| part as f64 / whole as f64)
    }

    /// Its value, and what could turn it. None: it is a share of nothing.
    pub fn share(self, books: Books<'_>) -> Option<ThroughShare> {
        let value = self.of(books)?;
        let (part, whole) = self.counts(books);
        let Books { submits, receipts, mo } = books;
        // untracked messages are not among the accepted
        let (open, beside) = match self {
            ThroughRatio::LostInside => (submits.pending + submits.untracked, submits.untracked),
            ThroughRatio::Duplicated => (submits.untracked, submits.untracked),
            ThroughRatio::Altered | ThroughRatio::WrongUpstream | ThroughRatio::Ghost => {
                (submits.untracked, 0)
            }
            ThroughRatio::Unexpected => (0, 0),
            ThroughRatio::ReceiptsLostInside => {
                // what is unexpected has receipts too, and they are of no message of ours
                let untracked = receipts.untracked.saturating_sub(submits.unexpected);
                (receipts.pending + untracked, 0)
            }
            ThroughRatio::ReceiptsDuplicated
            | ThroughRatio::ReceiptsAltered
            | ThroughRatio::ReceiptsOtherAccount => (receipts.untracked_in_front, 0),
            ThroughRatio::MoLost | ThroughRatio::MoDuplicated | ThroughRatio::MoAltered => {
                (mo.untracked, 0)
            }
        };
        let value_max =
            ((part + open) as f64 / (whole + beside) as f64).clamp(value, 1.0_f64.max(value));
        Some(ThroughShare { value, value_max, open })
    }

    /// Its part and its whole, in the books of a run.
    pub fn counts(self, Books { submits, receipts, mo }: Books<'_>) -> (u64, u64) {
        let came_out = submits.came_out.min(submits.sent);
        match self {
            ThroughRatio::LostInside => (submits.lost, submits.accepted),
            ThroughRatio::Duplicated => (submits.duplicate, submits.accepted),
            ThroughRatio::Altered => (submits.altered, came_out),
            ThroughRatio::Ghost => (submits.ghost, submits.sent),
            ThroughRatio::Unexpected => (submits.unexpected, submits.came_out),
            ThroughRatio::WrongUpstream => (submits.wrong_upstream, came_out),
            ThroughRatio::ReceiptsLostInside => (receipts.lost, receipts.sent),
            ThroughRatio::ReceiptsDuplicated => (receipts.duplicate, receipts.came),
            ThroughRatio::ReceiptsAltered => (receipts.altered, receipts.came),
            ThroughRatio::ReceiptsOtherAccount => (receipts.other_account, receipts.came),
            // our SMSC sends MO until our ESME leaves: some are on their way then, and no fault of the gateway
            ThroughRatio::MoLost => (mo.lost, mo.sent.saturating_sub(mo.pending)),
            ThroughRatio::MoDuplicated => (mo.duplicate, mo.sent),
            ThroughRatio::MoAltered => (mo.altered, mo.came),
        }
    }
}

/// A share with what could turn it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThroughShare {
    /// Its value.
    pub value: f64,
    /// Its value where all that is not known went wrong.
    pub value_max: f64,
    /// How many that is: pending or untracked.
    pub open: u64,
}

/// What gates need of a run through a gateway.
#[derive(Clone, Debug)]
pub struct ThroughFigures {
    /// Transit times, in the order of the catalogue. None: nothing was timed.
    pub times: [Option<Latency>; TRANSITS.len()],
    /// Shares, in the order of [`ThroughRatio::ALL`]. None: it is a share of nothing.
    pub ratios: [Option<ThroughShare>; ThroughRatio::ALL.len()],
}

impl ThroughFigures {
    /// Of a run that has just ended.
    pub fn of(through: &ThroughRecord) -> ThroughFigures {
        let time = |row: crate::measure::through::TransitRow| {
            Some(through.times.of(row.transit)).filter(|l| l.count() > 0).cloned()
        };
        ThroughFigures {
            times: TRANSITS.map(time),
            ratios: ThroughRatio::ALL.map(|ratio| ratio.share(through.books())),
        }
    }

    /// The distribution of a transit. None: nothing was timed.
    pub const fn time(&self, transit: Transit) -> Option<&Latency> {
        self.times[transit as usize].as_ref()
    }

    /// A share. None: it is a share of nothing.
    pub const fn ratio(&self, ratio: ThroughRatio) -> Option<ThroughShare> {
        self.ratios[ratio as usize]
    }
}
