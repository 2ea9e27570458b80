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

/// The distributions of every transit: of the whole run, and over its time.
///
/// Values are recorded in the order of time, to the row that is open; [`TransitTimes::close`] ends it.
#[derive(Clone, Debug)]
pub struct TransitTimes {
    total: [Latency; TRANSITS.len()],
    /// Of the open row.
    open: [Latency; TRANSITS.len()],
    /// Of the closed rows, each as long as `length`, from the start on: encoded; empty: there was none.
    rows: Vec<[Box<[u8]>; TRANSITS.len()]>,
    length: Nanos,
    /// When the open row ends.
    open_until: Nanos,
    /// Count and sum in nanoseconds of [`Transit::Forward`], by the quarter of a second in which it began.
    forward_begun: Vec<(u64, u64)>,
    start: Nanos,
}

/// Quarters of a second for which [`TransitTimes::forward_begun`] is kept: more than a trial of a search lasts.
const QUARTERS_MAX: usize = 4_096;
/// Maximum number of rows; beyond it neighbours are merged, and their length doubles. Even, and twice as many as a record
/// has, so that these are never the longer ones.
const ROWS_MAX: usize = 7_200;

impl TransitTimes {
    /// None recorded. `start`: the time at which the first second begins; MAX: nothing is recorded until
    /// [`TransitTimes::begin`].
    pub fn new(range: LatencyRange, start: Nanos) -> TransitTimes {
        let none = || std::array::from_fn(|_| Latency::new(range));
        let length = Nanos::from_secs(1);
        let (rows, forward_begun) = (Vec::new(), Vec::new());
        let open_until = start.after(length);
        TransitTimes { total: none(), open: none(), rows, length, open_until, forward_begun, start }
    }

    /// Records a transit that ended at `at`. What ended before the start is of probes, and is left out.
    pub fn record(&mut self, transit: Transit, took: Nanos, at: Nanos) {
        if at < self.start {
            return;
        }
        if transit == Transit::Forward {
            self.record_begun(at.since(self.start).since(took), took);
        }
        // what ended before the open row began, and is told late, counts in it
        while at >= self.open_until {
            self.close();
        }
        self.open[transit as usize].record(took);
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

    /// The load begins at `at`; what was recorded before is forgotten.
    pub fn begin(&mut self, at: Nanos) {
        *self = TransitTimes::new(self.total[0].range(), at);
    }

    /// Ends the open row: what was recorded is in the distributions from then on.
    pub fn close(&mut self) {
        let (total, open) = (&mut self.total, &mut self.open);
        self.rows.push(std::array::from_fn(|place| {
            if open[place].is_empty() {
                return Box::default();
            }
            total[place].merge(&open[place]);
            let octets = open[place].to_octets().into();
            open[place].clear();
            octets
        }));
        if self.rows.len() >= ROWS_MAX {
            self.coarsen();
        }
        let until = (self.rows.len() as u64 + 1).saturating_mul(self.length.0);
        self.open_until = self.start.after(Nanos(until));
    }

    /// Merges each two neighbouring rows.
    fn coarsen(&mut self) {
        let merged = self.rows.chunks(2).map(|pair| {
            std::array::from_fn(|place| {
                let filled = pair.iter().filter(|row| !row[place].is_empty());
                match filled.collect::<Vec<_>>()[..] {
                    [] => Box::default(),
                    [one] => one[place].clone(),
                    _ => merged(pair.iter(), place, self.range()).to_octets().into(),
                }
            })
        });
        self.rows = merged.collect();
        self.length = self.length + self.length;
    }

    /// The distribution of the whole run, up to the last closed row.
    pub fn of(&self, transit: Transit) -> &Latency {
        &self.total[transit as usize]
    }

    /// The distribution, to two digits, of the closed rows that begin in a span of time from the start on.
    pub fn between(&self, transit: Transit, from: Nanos, to: Nanos) -> Latency {
        let place = |at: Nanos| (at.0.div_ceil(self.length.0) as usize).min(self.rows.len());
        let (first, end) = (place(from), place(to));
        let rows = self.rows[first.min(end)..end].iter();
        merged(rows, transit as usize, self.range())
    }

    fn range(&self) -> LatencyRange {
        LatencyRange { max: self.total[0].range().max, digits: 2 }
    }
}

/// The distributions at a place of some rows, together.
fn merged<'r>(
    rows: impl Iterator<Item = &'r [Box<[u8]>; TRANSITS.len()]>,
    place: usize,
    range: LatencyRange,
) -> Latency {
    let mut all = Latency::new(range);
    for octets in rows.map(|row| &row[place]).filter(|octets| !octets.is_empty()) {
        // these octets were written here
        if let Ok(latency) = Latency::from_octets(octets) {
            all.merge(&latency);
        }
    }
    all
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

    fn times(start: Nanos) -> TransitTimes {
        TransitTimes::new(LatencyRange::for_deadline(Nanos::from_secs(1)), start)
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
        let mut times = times(Nanos::from_secs(10));
        times.record(Transit::Mo, Nanos::from_millis(4), Nanos::from_secs(9));
        times.record(Transit::Mo, Nanos::from_millis(4), Nanos::from_millis(11_500));
        times.record(Transit::Mo, Nanos::from_millis(6), Nanos::from_millis(11_900));
        times.close();
        assert_eq!(times.of(Transit::Mo).count(), 2, "what ended before the start is of probes");
        let second = |n| times.between(Transit::Mo, Nanos::from_secs(n), Nanos::from_secs(n + 1));
        let counts: Vec<u64> = (0..4).map(|n| second(n).count()).collect();
        assert_eq!(counts, [0, 2, 0, 0]);
        let longest = second(1).max().unwrap_or_default();
        assert!(longest.0.abs_diff(6_000_000) < 60_000, "to two digits: {longest:?}");
        assert_eq!(times.between(Transit::Mo, Nanos::ZERO, Nanos::MAX).count(), 2);
        assert!(times.of(Transit::Forward).is_empty());
    }

    #[test]
    fn rows_of_a_long_run_are_merged_and_none_of_their_values_is_lost() {
        let mut times = times(Nanos::ZERO);
        let seconds = 3 * ROWS_MAX as u64;
        for second in 0..seconds {
            times.record(Transit::Forward, Nanos::from_millis(5), Nanos::from_secs(second));
        }
        times.close();
        assert!(times.rows.len() < ROWS_MAX);
        assert_eq!(times.of(Transit::Forward).count(), seconds);
        let halves = [(0, seconds / 2), (seconds / 2, seconds)].map(|(from, to)| {
            let (from, to) = (Nanos::from_secs(from), Nanos::from_secs(to));
            times.between(Transit::Forward, from, to).count()
        });
        assert_eq!(halves, [seconds / 2; 2]);
    }
}
