//! The catalogue of transit times, one row each, and their distributions.
use crate::kit::Nanos;
use crate::measure::{Latency, LatencyRange};

/// A time from one side of a gateway to the other. All are on one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Transit {
    /// submit_sm written in front to read behind.
    Forward,
    /// submit_sm_resp written behind to read in front, where the answer behind was first.
    ResponseReturn,
    /// Receipt written behind to read in front.
    ReceiptReturn,
    /// MO written behind to read in front.
    Mo,
    /// deliver_sm_resp to an MO written in front to read behind.
    MoReturn,
    /// submit_sm written in front to submit_sm_resp read in front, less what our SMSC took to answer meanwhile.
    Gateway,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct TransitRow {
    /// The transit.
    pub transit: Transit,
    /// Its name under `latency.through` in result.json; `through.` and the name in gates.
    pub name: &'static str,
    /// Its title in text and HTML.
    pub title: &'static str,
    /// Its explanation for "reading a report".
    pub says: &'static str,
}

const fn row(
    transit: Transit,
    name: &'static str,
    title: &'static str,
    says: &'static str,
) -> TransitRow {
    TransitRow { transit, name, title, says }
}

/// Every transit, in the order of [`Transit`]'s numbers.
pub const TRANSITS: [TransitRow; 6] = [
    row(
        Transit::Forward,
        "forward",
        "submit_sm, front to behind",
        "written in front to read behind",
    ),
    row(
        Transit::ResponseReturn,
        "response_return",
        "submit_sm_resp, behind to front",
        "written behind to read in front; none where the gateway answers by itself",
    ),
    row(
        Transit::ReceiptReturn,
        "receipt_return",
        "receipt, behind to front",
        "written behind to read in front",
    ),
    row(Transit::Mo, "mo", "MO, behind to front", "written behind to read in front"),
    row(
        Transit::MoReturn,
        "mo_return",
        "deliver_sm_resp to an MO, front to behind",
        "written in front to read behind; none where the gateway answers by itself",
    ),
    row(
        Transit::Gateway,
        "gateway",
        "the gateway's own share of the response time",
        "response time in front, less what our SMSC took to answer",
    ),
];

impl Transit {
    /// Its row in the catalogue.
    pub const fn row(self) -> &'static TransitRow {
        &TRANSITS[self as usize]
    }
    /// Its name.
    pub const fn name(self) -> &'static str {
        self.row().name
    }
    /// The transit of this name. None: there is none.
    pub fn named(name: &str) -> Option<Transit> {
        TRANSITS.iter().find(|row| row.name == name).map(|row| row.transit)
    }
}

/// The distributions of every transit: of the whole run, and of each of its seconds.
#[derive(Clone, Debug)]
pub struct TransitTimes {
    total: [Latency; TRANSITS.len()],
    /// By second since the start: count and sum in nanoseconds, and the longest, of each transit.
    seconds: Vec<[(u64, u64, Nanos); TRANSITS.len()]>,
    /// Count and sum in nanoseconds of [`Transit::Forward`], by the quarter of a second in which it began.
    forward_begun: Vec<(u64, u64)>,
    start: Nanos,
}

/// Quarters of a second for which [`TransitTimes::forward_begun`] is kept: more than a trial of a search lasts.
const QUARTERS_MAX: usize = 4_096;

/// Seconds of which the course over time is kept: a day.
const SECONDS_MAX: usize = 86_400;

impl TransitTimes {
    /// None recorded. `start`: the time at which the first second begins.
    pub fn new(range: LatencyRange, start: Nanos) -> TransitTimes {
        TransitTimes {
            total: std::array::from_fn(|_| Latency::new(range)),
            seconds: Vec::new(),
            forward_begun: Vec::new(),
            start,
        }
    }

    /// Records a transit that ended at `at`. What ended before the start is of probes, and is left out.
    pub fn record(&mut self, transit: Transit, took: Nanos, at: Nanos) {
        if at < self.start {
            return;
        }
        let place = transit as usize;
        self.total[place].record(took);
        if transit == Transit::Forward {
            self.record_begun(at.since(self.start).since(took), took);
        }
        let second = (at.since(self.start).0 / crate::kit::NS_PER_S) as usize;
        if second >= SECONDS_MAX {
            return;
        }
        if second >= self.seconds.len() {
            self.seconds.resize(second + 1, [(0, 0, Nanos::ZERO); TRANSITS.len()]);
        }
        let (count, sum, longest) = &mut self.seconds[second][place];
        *count += 1;
        *sum += took.0;
        *longest = took.max(*longest);
    }

    fn record_begun(&mut self, begun: Nanos, took: Nanos) {
        let quarter = (begun.0 / (crate::kit::NS_PER_S / 4)) as usize;
        if quarter >= QUARTERS_MAX {
            return;
        }
        if quarter >= self.forward_begun.len() {
            self.forward_begun.resize(quarter + 1, (0, 0));
        }
        let (count, sum) = &mut self.forward_begun[quarter];
        *count += 1;
        *sum += took.0;
    }

    /// Mean of [`Transit::Forward`] in nanoseconds, of each quarter of a second in which it began, from the first that has one
    /// on. None: none began in it. It ends after some 17 minutes.
    pub fn forward_begun(&self) -> Vec<Option<f64>> {
        let of = |(count, sum): &(u64, u64)| (*count > 0).then(|| *sum as f64 / *count as f64);
        self.forward_begun.iter().map(of).skip_while(Option::is_none).collect()
    }

    /// The load begins at `at`.
    pub fn begin(&mut self, at: Nanos) {
        self.start = at;
    }

    /// The distribution of the whole run.
    pub fn of(&self, transit: Transit) -> &Latency {
        &self.total[transit as usize]
    }

    /// Of each second since the start: how many, their mean and the longest. None: there was none.
    pub fn by_second(&self, transit: Transit) -> Vec<Option<(u64, Nanos, Nanos)>> {
        let of = |row: &[(u64, u64, Nanos); TRANSITS.len()]| {
            let (count, sum, longest) = row[transit as usize];
            (count > 0).then(|| (count, Nanos(sum / count), longest))
        };
        self.seconds.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_transits_number() {
        for (number, row) in TRANSITS.iter().enumerate() {
            assert_eq!(row.transit as usize, number);
            assert_eq!(Transit::named(row.name), Some(row.transit));
        }
    }

    #[test]
    fn a_message_is_counted_in_the_quarter_of_a_second_in_which_it_was_sent() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut times = TransitTimes::new(range, Nanos::from_secs(10));
        for (begun_ms, took_ms) in [(10_300, 10), (10_310, 30), (10_900, 900)] {
            let took = Nanos::from_millis(took_ms);
            times.record(Transit::Forward, took, Nanos::from_millis(begun_ms) + took);
            times.record(Transit::Gateway, took, Nanos::from_millis(begun_ms) + took);
        }
        assert_eq!(times.forward_begun(), [Some(20e6), None, Some(900e6)]);
    }

    #[test]
    fn a_transit_is_counted_in_the_second_in_which_it_ended() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut times = TransitTimes::new(range, Nanos::from_secs(10));
        times.record(Transit::Mo, Nanos::from_millis(4), Nanos::from_secs(9));
        times.record(Transit::Mo, Nanos::from_millis(4), Nanos::from_millis(11_500));
        times.record(Transit::Mo, Nanos::from_millis(6), Nanos::from_millis(11_900));
        assert_eq!(times.of(Transit::Mo).count(), 2, "what ended before the start is of probes");
        let second = Some((2, Nanos::from_millis(5), Nanos::from_millis(6)));
        assert_eq!(times.by_second(Transit::Mo), [None, second]);
        assert!(times.of(Transit::Forward).is_empty());
    }
}
