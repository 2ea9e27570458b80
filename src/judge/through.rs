//! Figures of a run through a gateway that gates and reports share: transit times, and shares of what went wrong inside.
use crate::measure::Latency;
use crate::measure::through::{TRANSITS, ThroughRecord, Transit};

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
    /// Receipts that did not come back.
    ReceiptsLostInside,
}

impl ThroughRatio {
    /// All of them.
    pub const ALL: [ThroughRatio; 5] = [
        ThroughRatio::LostInside,
        ThroughRatio::Duplicated,
        ThroughRatio::Altered,
        ThroughRatio::Ghost,
        ThroughRatio::ReceiptsLostInside,
    ];

    /// Its name under `ratio`.
    pub const fn name(self) -> &'static str {
        match self {
            ThroughRatio::LostInside => "lost_inside",
            ThroughRatio::Duplicated => "duplicated",
            ThroughRatio::Altered => "altered",
            ThroughRatio::Ghost => "ghost",
            ThroughRatio::ReceiptsLostInside => "receipts_lost_inside",
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
            ThroughRatio::ReceiptsLostInside => {
                "share of the receipts sent behind that did not come back in front by the deadline"
            }
        }
    }

    /// The share of this name. None: there is none.
    pub fn named(name: &str) -> Option<ThroughRatio> {
        ThroughRatio::ALL.into_iter().find(|ratio| ratio.name() == name)
    }

    /// Its value. None: it is a share of nothing.
    pub fn of(self, through: &ThroughRecord) -> Option<f64> {
        let (submits, receipts) = (&through.submits, &through.receipts);
        let (part, whole) = match self {
            ThroughRatio::LostInside => (submits.lost, submits.accepted),
            ThroughRatio::Duplicated => (submits.duplicate, submits.accepted),
            ThroughRatio::Altered => (submits.altered, submits.came_out.min(submits.sent)),
            ThroughRatio::Ghost => (submits.ghost, submits.sent),
            ThroughRatio::ReceiptsLostInside => (receipts.lost, receipts.sent),
        };
        (whole > 0).then(|| part as f64 / whole as f64)
    }
}

/// What gates need of a run through a gateway.
#[derive(Clone, Debug)]
pub struct ThroughFigures {
    /// Transit times, in the order of the catalogue. None: nothing was timed.
    pub times: [Option<Latency>; TRANSITS.len()],
    /// Shares, in the order of [`ThroughRatio::ALL`].
    pub ratios: [Option<f64>; ThroughRatio::ALL.len()],
}

impl ThroughFigures {
    /// Of a run that has just ended.
    pub fn of(through: &ThroughRecord) -> ThroughFigures {
        let time = |row: crate::measure::through::TransitRow| {
            Some(through.times.of(row.transit)).filter(|l| l.count() > 0).cloned()
        };
        ThroughFigures {
            times: TRANSITS.map(time),
            ratios: ThroughRatio::ALL.map(|ratio| ratio.of(through)),
        }
    }

    /// The distribution of a transit. None: nothing was timed.
    pub const fn time(&self, transit: Transit) -> Option<&Latency> {
        self.times[transit as usize].as_ref()
    }

    /// A share. None: it is a share of nothing.
    pub const fn ratio(&self, ratio: ThroughRatio) -> Option<f64> {
        self.ratios[ratio as usize]
    }
}
