//! What a distribution of times is of: a latency of a message, or a transit time of a gateway.
use super::Metric;
use super::through::Transit;
use std::fmt;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timed {
    /// A latency of the catalogue.
    Metric(Metric),
    /// A transit time of a gateway.
    Transit(Transit),
}

/// What the name of a transit time begins with.
const THROUGH: &str = "through.";

impl Timed {
    /// What this name says: `response`, `through.forward`. None: nothing of that name is timed.
    pub fn named(name: &str) -> Option<Timed> {
        match name.strip_prefix(THROUGH) {
            Some(transit) => Transit::named(transit).map(Timed::Transit),
            None => Metric::named(name).map(Timed::Metric),
        }
    }
}

/// Its name: `response`, `through.forward`.
impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timed::Metric(metric) => f.write_str(metric.name()),
            Timed::Transit(transit) => write!(f, "{THROUGH}{}", transit.name()),
        }
    }
}

impl From<Metric> for Timed {
    fn from(metric: Metric) -> Timed {
        Timed::Metric(metric)
    }
}

impl From<Transit> for Timed {
    fn from(transit: Transit) -> Timed {
        Timed::Transit(transit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::LATENCY_METRICS;
    use crate::measure::through::TRANSITS;

    #[test]
    fn every_name_says_what_it_is_the_name_of() {
        let metrics = LATENCY_METRICS.iter().map(|row| Timed::Metric(row.metric));
        let transits = TRANSITS.iter().map(|row| Timed::Transit(row.transit));
        for timed in metrics.chain(transits) {
            assert_eq!(Timed::named(&timed.to_string()), Some(timed));
        }
        assert_eq!(Timed::named("forward"), None);
        assert_eq!(Timed::named("through.response"), None);
    }
}
