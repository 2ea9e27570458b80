//! Charts of distributions: the heat map of response time over time, and the percentile spectrum.
use super::parts::{Figure, patch};
use super::time::{Timeline, duration_axis, line};
use crate::judge::statistics;
use crate::kit::words;
use crate::measure::{LATENCY_METRICS, Latency, Metric};
use crate::report::chart::{
    Axis, Colour, HeatColumn, HeatMap, LEVELS_COUNT, Layer, Picture, Plot, Point, Unit,
};
use crate::report::document::LatencyRow;
use crate::report::model::{Withheld, caveat};
use crate::report::{Document, Saved, Second};

/// Most columns of a heat map, and its rows.
const COLUMNS_MAX: usize = 180;
const ROWS_COUNT: usize = 34;

/// Response time over time.
pub(super) fn heat_map(saved: &Saved) -> Figure {
    let (id, title) = ("heat", "Response time, every message");
    let Some(seconds) = &saved.seconds else {
        let why = "The heat map needs the distribution of each interval (latency.hlog): render the run folder instead of \
                   its result.json.";
        return Figure::missing(id, title, why);
    };
    let found: Vec<SecondCounts> = seconds.iter().filter_map(counted).collect();
    let values = || found.iter().flat_map(|second| second.counts.iter().map(|c| c.0));
    let (Some(low), Some(high)) = (values().min(), values().max()) else {
        return Figure::missing(id, title, "No submit_sm was answered.");
    };
    let y = Axis::log10(
        "response time, logarithmic",
        Unit::Duration,
        (low as f64).max(1_000.0),
        (high as f64).max(2_000.0),
    );
    let heat = cells(&found, &y);
    let most = heat.most();
    let levels = heat.levels();
    let mut plot = Timeline::of(&saved.document).plot(title, y);
    plot.heat = Some(heat);
    let says = format!(
        "Each cell counts the messages answered at that time with that response time. A darker cell (in dark mode: a \
         brighter one) has more, up to {}. The scale is logarithmic, so that a few slow messages are visible beside many.",
        words::count(most)
    );
    let legend = (0..LEVELS_COUNT)
        .filter(|level| *level == 0 || levels[*level] > levels[*level - 1])
        .map(|level| (format!("from {}", words::count(levels[level])), patch(Colour::Level(level))))
        .collect();
    Figure::new(id, title, says, plot.draw(), "No submit_sm was answered.")
        .and(caveat(&saved.document))
        .with_legend(legend)
}

/// The response times of one interval.
struct SecondCounts {
    from: f64,
    to: f64,
    /// (response time in nanoseconds, how many).
    counts: Vec<(u64, u64)>,
}

fn counted(second: &Second) -> Option<SecondCounts> {
    let latency = second.latency(Metric::Response)?;
    let recorded = latency.histogram().iter_recorded();
    Some(SecondCounts {
        from: second.at.as_secs_f64(),
        to: second.at.as_secs_f64() + second.length.as_secs_f64(),
        counts: recorded.map(|v| (v.value_iterated_to(), v.count_since_last_iteration())).collect(),
    })
}

fn cells(seconds: &[SecondCounts], y: &Axis) -> HeatMap {
    let ratio = y.high / y.low;
    let edges: Vec<f64> =
        (0..=ROWS_COUNT).map(|n| y.low * ratio.powf(n as f64 / ROWS_COUNT as f64)).collect();
    let each = seconds.len().div_ceil(COLUMNS_MAX).max(1);
    let columns = seconds
        .chunks(each)
        .map(|chunk| {
            let mut counts = [0u64; ROWS_COUNT];
            for (value, count) in chunk.iter().flat_map(|second| &second.counts) {
                let place = y.place(*value as f64) * ROWS_COUNT as f64;
                counts[(place as usize).min(ROWS_COUNT - 1)] += count;
            }
            HeatColumn {
                from: chunk[0].from,
                to: chunk[chunk.len() - 1].to,
                cells: counts.into_iter().enumerate().filter(|(_, count)| *count > 0).collect(),
            }
        })
        .collect();
    HeatMap { edges, columns }
}

/// The value at each share of the sample that ten or more messages lie beyond; censored messages count as longer than
/// all observed ones. Empty if the distribution cannot be read.
pub(super) fn spectrum_of(row: &LatencyRow) -> Vec<Point> {
    let Ok(latency) = row.distribution() else { return Vec::new() };
    spectrum_points(&latency, row.count, row.censored)
}

/// The same of `count` observed and `censored` values.
pub(super) fn spectrum_points(latency: &Latency, count: u64, censored: u64) -> Vec<Point> {
    const STEPS: u32 = 160;
    let n = count + censored;
    let mut points = Vec::new();
    let deepest = (n as f64 / 10.0).log10();
    if deepest <= 0.0 {
        return points;
    }
    for step in 0..=STEPS {
        let nines = deepest * f64::from(step) / f64::from(STEPS);
        let q = 1.0 - 10f64.powf(-nines);
        let rank = ((q * n as f64).ceil() as u64).max(1);
        if rank > count {
            break;
        }
        if statistics::supports(n, q) || step == STEPS {
            points.extend(latency.value_at_rank(rank).map(|v| Point::at(q, v.0 as f64)));
        }
    }
    points
}

/// The distributions of one run, against each other.
pub(super) fn spectrum(d: &Document) -> Figure {
    let (id, title) = ("spectrum", "Percentile spectrum");
    if Withheld::figures(&d.verdict).is_some() {
        let why = "Withheld: the harness did not keep up.";
        return Figure::missing(id, title, why);
    }
    let shown = [
        (Metric::Receipt, Colour::Series(3)),
        (Metric::Response, Colour::Series(1)),
        (Metric::Service, Colour::Series(0)),
        (Metric::Rejected, Colour::Series(4)),
    ];
    let mut layers = Vec::new();
    let mut unread = String::new();
    for (metric, colour) in shown {
        // where work piled up, receipts are shown from their actual send
        let metric = match (metric, Withheld::metric(&d.verdict, metric)) {
            (Metric::Receipt, Some(_)) => Metric::ReceiptFromWrite,
            (_, Some(_)) => continue,
            (metric, None) => metric,
        };
        let row = LATENCY_METRICS[metric as usize];
        if let Some(latency) = d.latency.get(row.name).and_then(Option::as_ref) {
            if let (Some(_), Err(why)) = (&latency.hdr, latency.distribution()) {
                unread +=
                    &format!(" {} is missing: its histogram does not read ({why}).", row.title);
            }
            layers.push(line(row.title, colour, spectrum_of(latency)));
        }
    }
    layers.retain(|layer| !layer.points.is_empty());
    let withheld = match Withheld::metric(&d.verdict, Metric::Response) {
        None => "",
        Some(_) => {
            "The response time is withheld: work piled up, so it only reflects the run's length."
        }
    };
    let says = "The time within which a share of the messages was answered. Each step to the right adds a nine. A line ends \
                where fewer than ten messages lie beyond it, or at the first message that was never answered.";
    let otherwise = match unread.trim_start() {
        "" => "Too few messages were answered for a distribution.",
        unread => unread,
    };
    Figure::new(id, title, says, draw(title, layers), otherwise)
        .and(withheld)
        .and(unread.trim_start())
}

/// Spectra on one pair of axes; None without a value.
pub(super) fn draw(title: &str, layers: Vec<Layer>) -> Option<Picture> {
    let y = duration_axis("time, logarithmic", &layers)?;
    let deepest = layers.iter().flat_map(|l| &l.points).map(|p| p.x).fold(0.0, f64::max);
    let x = Axis::tail("share of the messages", deepest);
    Some(Plot::new(title, x, y).with_layers(layers).draw())
}
