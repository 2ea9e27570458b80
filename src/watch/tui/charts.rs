//! The charts of the live view: rates, and times of response and receipt, second by second.
use super::snapshot::{Second, Snapshot};
use super::theme::{Theme, pair, title};
use super::view::PlanFacts;
use crate::kit::{NS_PER_S, words};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Color;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Paragraph};

/// Columns of the names and values beside a chart.
const LABELS: u16 = 24;
/// From this width on, the charts stand side by side.
const WIDE: u16 = 110;
/// Rows of a chart with its title: one for each label.
pub(super) const ROWS: u16 = 5;

/// One line of a chart.
struct Series {
    name: &'static str,
    colour: Color,
    marker: Marker,
    /// (seconds since the first, value).
    points: Vec<(f64, f64)>,
    /// The last value in words.
    last: String,
}

/// Draws the rates, and where there is room the times.
pub(super) fn draw(
    facts: &PlanFacts,
    shown: &Snapshot,
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
) {
    let halves = [Constraint::Fill(1), Constraint::Fill(1)];
    let (rate, time) = if area.width >= WIDE {
        let [rate, time] = Layout::horizontal(halves).spacing(1).areas(area);
        (rate, Some(time))
    } else if area.height >= 2 * ROWS {
        let [rate, time] = Layout::vertical(halves).areas(area);
        (rate, Some(time))
    } else {
        (area, None)
    };
    rates(facts, shown, frame, rate, theme);
    if let Some(area) = time {
        times(facts, shown, frame, area, theme);
    }
}

/// Seconds that a chart is long: the whole load where it fits, so that its scale does not change.
fn length(facts: &PlanFacts, shown: &Snapshot, width: u16) -> usize {
    let planned = facts.stages.last().map_or(shown.load_ends, |stage| stage.to);
    let load = usize::try_from(planned.0 / NS_PER_S).unwrap_or(usize::MAX).max(1);
    // a column of Braille has two dots
    load.min(usize::from(width) * 2).max(2)
}

fn rates(facts: &PlanFacts, shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    type Pick = fn(&Second) -> Option<f64>;
    let rows: [(&str, Pick, Color, Marker); 4] = [
        ("target", |s| s.target, Color::DarkGray, Marker::Dot),
        ("sent", |s| Some(s.sent), Color::Cyan, Marker::Braille),
        ("accepted", |s| Some(s.accepted), Color::Green, Marker::Braille),
        ("receipts", |s| Some(s.receipts), Color::Magenta, Marker::Braille),
    ];
    let length = length(facts, shown, area.width.saturating_sub(LABELS));
    let seconds = &shown.seconds[shown.seconds.len().saturating_sub(length)..];
    let series = rows.map(|(name, pick, colour, marker)| Series {
        name,
        colour,
        marker,
        points: points(seconds, pick),
        last: seconds.last().and_then(pick).map_or("–".to_owned(), words::rate),
    });
    let top = series.iter().flat_map(|s| &s.points).map(|p| p.1).fold(0.0, f64::max);
    let scale = match seconds.len() {
        0 => "a second".to_owned(),
        n => format!("a second, the last {n}, up to {}", words::rate(top)),
    };
    lines(&scale, &series, (length, 0.0, top.max(1e-3)), frame, area, theme);
}

fn times(facts: &PlanFacts, shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    type Pick = fn(&Second) -> Option<u64>;
    let rows: [(&str, Pick, Color); 4] = [
        ("response p50", |s| s.times.response[0], Color::Cyan),
        ("response p99", |s| s.times.response[1], Color::Yellow),
        ("receipt p50", |s| s.times.receipt[0], Color::Magenta),
        ("receipt p99", |s| s.times.receipt[1], Color::Red),
    ];
    let length = length(facts, shown, area.width.saturating_sub(LABELS));
    let seconds = &shown.seconds[shown.seconds.len().saturating_sub(length)..];
    let series = rows.map(|(name, pick, colour)| Series {
        name,
        colour,
        marker: Marker::Braille,
        points: points(seconds, |s| pick(s).map(|ns| (ns.max(1) as f64).log10())),
        last: seconds.last().and_then(pick).map_or("–".to_owned(), words::duration),
    });
    let all = || series.iter().flat_map(|s| &s.points).map(|p| p.1);
    let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(0.0, f64::max));
    let time = |power: f64| words::duration(10f64.powf(power) as u64);
    let scale = if low > high {
        "times".to_owned()
    } else {
        format!("times, logarithmic, {} to {}", time(low), time(high))
    };
    lines(
        &scale,
        &series,
        (length, low.min(high), high.max(low.min(high) + 0.1)),
        frame,
        area,
        theme,
    );
}

fn points(seconds: &[Second], pick: impl Fn(&Second) -> Option<f64>) -> Vec<(f64, f64)> {
    let each = seconds.iter().enumerate();
    each.filter_map(|(n, second)| Some((n as f64, pick(second)?))).collect()
}

/// Names and last values at the left, the lines at the right; `bounds`: seconds, lowest and highest value.
fn lines(
    heading: &str,
    series: &[Series],
    bounds: (usize, f64, f64),
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
) {
    let body = title(heading, frame, area, theme);
    let [labels, chart] =
        Layout::horizontal([Constraint::Length(LABELS), Constraint::Fill(1)]).areas(body);
    let names = series.iter().map(|one| {
        let text = format!(" {}", pair(one.name, &one.last, usize::from(LABELS) - 3));
        Line::styled(text, theme.colour(one.colour).patch(theme.strong()))
    });
    frame.render_widget(Paragraph::new(names.collect::<Vec<_>>()), labels);
    let sets = series.iter().map(|one| {
        Dataset::default()
            .marker(one.marker)
            .graph_type(GraphType::Line)
            .style(theme.colour(one.colour))
            .data(&one.points)
    });
    let (length, low, high) = bounds;
    let plot = Chart::new(sets.collect())
        .x_axis(Axis::default().bounds([0.0, (length - 1) as f64]))
        .y_axis(Axis::default().bounds([low, high]))
        .legend_position(None);
    frame.render_widget(plot, chart);
}
