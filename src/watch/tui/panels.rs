//! The panels of the live view: their places at each size, and their content. Pure: a view in, cells out.
use super::snapshot::Snapshot;
use super::theme::{Theme, cut, pair, title};
use super::view::{PlanFacts, SMALLEST, View};
use super::{charts, verdict};
use crate::judge::HealthState;
use crate::kit::{
    Nanos,
    words::{self, printable},
};
use crate::measure::Phase;
use crate::smpp::CommandStatus;
use crate::watch::observed::LatestValue;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Rows of a panel: its title and four lines.
const FIVE: u16 = 5;
/// Columns of the names of latencies.
const NAMES: u16 = 12;
/// From this width on, panels use longer words.
const WIDE: u16 = 110;

/// Draws every panel.
pub(super) fn draw(view: &View, frame: &mut Frame<'_>, at: Nanos) {
    let area = frame.area();
    let theme = Theme { colour: view.facts.colour };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(Paragraph::new(too_small(area)), area);
        return;
    }
    let Some(shown) = &view.shown else {
        let line = Line::from(format!(" {} · connecting", view.facts.title));
        frame.render_widget(Paragraph::new(line), area);
        return;
    };
    if view.help {
        help(frame, area, theme);
        return;
    }
    let observed = observed_height(shown, area);
    let events = events_height(&view.facts, shown, area.height);
    let wide = area.width >= WIDE;
    let middle = if wide && area.height >= 30 { FIVE + 2 } else { FIVE };
    let judged = verdict::height(shown, area);
    // stages and answers take what they need, and the charts all other rows
    let stages = view.facts.stages.len().max(shown.statuses.iter().count()) as u16 + 2;
    let charts = if !wide && area.height >= 24 { 2 * charts::ROWS } else { charts::ROWS };
    let spare = area.height.saturating_sub(2 + events + observed + charts + judged + middle);
    let bottom = stages.clamp(FIVE, 12).min(spare.max(3));
    let [header, so_far, rates, middle, bottom, beside, told, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(judged),
        Constraint::Min(charts::ROWS),
        Constraint::Length(middle),
        Constraint::Length(bottom),
        Constraint::Length(observed),
        Constraint::Length(events),
        Constraint::Length(1),
    ])
    .areas(area);
    header_line(view, shown, at, frame, header, theme);
    verdict::draw(shown, frame, so_far, theme);
    charts::draw(&view.facts, shown, frame, rates, theme);
    let value = if area.width >= 80 { 9 } else { 8 };
    let numbers = Constraint::Length(NAMES + 4 * value);
    let (latency, open, stages, answers, harness) = if wide {
        let shares = [numbers, Constraint::Fill(1), Constraint::Fill(1)];
        let [latency, open, harness] = Layout::horizontal(shares).spacing(1).areas(middle);
        let halves = [Constraint::Fill(1), Constraint::Fill(1)];
        let [stages, answers] = Layout::horizontal(halves).spacing(1).areas(bottom);
        (latency, open, stages, answers, harness)
    } else {
        let shares = [numbers, Constraint::Min(10)];
        let [latency, open] = Layout::horizontal(shares).spacing(1).areas(middle);
        let thirds = [Constraint::Fill(10), Constraint::Fill(11), Constraint::Fill(9)];
        let [stages, answers, harness] = Layout::horizontal(thirds).spacing(1).areas(bottom);
        (latency, open, stages, answers, harness)
    };
    latency_panel(view, shown, frame, latency, theme, usize::from(value));
    queues_panel(shown, frame, open, theme, wide);
    stages_panel(&view.facts, shown, at, frame, stages, theme);
    answers_panel(shown, frame, answers, theme);
    if judged == 0 {
        so_far_panel(shown, frame, harness, theme);
    } else {
        harness_panel(shown, frame, harness, theme, wide);
    }
    observed_panel(shown, frame, beside, theme);
    events_panel(&view.facts, shown, frame, told, theme);
    footer_line(view, shown, frame, footer, theme);
}

/// What a terminal that is too small shows.
fn too_small(area: Rect) -> String {
    let (columns, rows) = SMALLEST;
    format!(
        "the live view needs {columns}×{rows}, this terminal has {}×{}; the run goes on",
        area.width, area.height
    )
}

/// A time in whole seconds.
fn seconds(n: Nanos) -> String {
    match n.0 - n.0 % crate::kit::NS_PER_S {
        0 => "0 s".to_owned(),
        whole => words::duration(whole),
    }
}

/// The remaining time, rounded up to whole seconds.
fn left(until: Nanos, at: Nanos) -> String {
    seconds(until.since(at) + Nanos(crate::kit::NS_PER_S - 1))
}

fn header_line(
    view: &View,
    shown: &Snapshot,
    at: Nanos,
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
) {
    let (up, planned) = shown.sessions;
    let place = match shown.phase {
        Phase::Connect => format!("connecting, {up} of {planned} bound"),
        Phase::Load => {
            let ends = shown.load_ends;
            format!("{} of {}, {} left", seconds(at), seconds(ends), left(ends, at))
        }
        Phase::Drain => format!("draining for {}", seconds(at.since(shown.load_ends))),
        Phase::Unbind => "unbinding".to_owned(),
    };
    let mut right = Vec::new();
    if view.paused {
        right.push(Span::styled(" PAUSED ", theme.badge(Color::Yellow)));
        right.push(Span::raw(" "));
    }
    if let Some(text) = percent_words(view, shown) {
        right.push(Span::styled(text, theme.badge(Color::Cyan)));
        right.push(Span::raw(" "));
    }
    right.push(Span::styled(place, theme.strong()));
    right.push(Span::raw(" "));
    let taken: usize = right.iter().map(Span::width).sum();
    let room = usize::from(area.width).saturating_sub(taken + 1);
    let left = cut(&format!(" smppbench · {}", view.facts.title), room);
    let gap = " ".repeat(usize::from(area.width).saturating_sub(taken + left.chars().count()));
    let mut line = vec![Span::styled(left, theme.colour(Color::Cyan)), Span::raw(gap)];
    line.extend(right);
    frame.render_widget(Paragraph::new(Line::from(line)), area);
}

/// The percentage of the plan's rate in force, and the requested one; None: both are 100.
fn percent_words(view: &View, shown: &Snapshot) -> Option<String> {
    let in_force = shown.percent;
    let asked = view.asked.map_or(in_force, |a| a.percent);
    match (in_force, asked) {
        (100, 100) => None,
        (now, asked) if now == asked => Some(format!(" rate {now} % ")),
        (now, asked) => Some(format!(" rate {now} → {asked} % ")),
    }
}

fn latency_panel(
    view: &View,
    shown: &Snapshot,
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    value: usize,
) {
    let heading = format!("last {}", seconds(shown.recent_length()));
    let body = title(&heading, frame, area, theme);
    // the rule has the names of the columns
    for (column, name) in ["p50", "p90", "p99", "max"].into_iter().enumerate() {
        let end = area.x + NAMES + ((column + 1) * value) as u16;
        let width = name.len() as u16 + 1;
        let cell = Rect { x: end - width, y: area.y, width, height: 1 };
        let cell = cell.intersection(area);
        frame.render_widget(Paragraph::new(format!(" {name}")), cell);
    }
    let lines = view.lines.iter().map(|line| {
        let values: String = line.values.iter().map(|v| format!("{v:>value$}")).collect();
        let name = format!(" {:<1$}", line.name, usize::from(NAMES) - 1);
        Line::from(vec![Span::raw(name), Span::styled(values, theme.strong())])
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), body);
}

fn queues_panel(shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme, wide: bool) {
    let body = title("queues", frame, area, theme);
    let width = usize::from(body.width.saturating_sub(1));
    let g = &shown.gauges;
    let (up, planned) = shown.sessions;
    let full = g.slots > 0 && g.in_flight >= g.slots;
    let in_flight = format!("{}/{}", words::count(g.in_flight), words::count(g.slots));
    let mut rows = vec![
        ("in flight", in_flight, if full { theme.warn() } else { Style::new() }),
        ("backlog", words::count(g.backlog), warned(g.backlog > 0, theme)),
        ("receipts awaited", words::count(g.awaited), Style::new()),
        (
            "sessions",
            format!("{up}/{planned}"),
            if up < planned { theme.bad() } else { theme.good() },
        ),
    ];
    if wide {
        let plain = |name, n| (name, words::count(n), Style::new());
        rows.push(plain("written", shown.tally.written));
        rows.push(plain("final receipts", shown.tally.receipts_final));
    }
    let lines: Vec<Line<'_>> = rows
        .iter()
        .map(|(name, value, style)| Line::styled(pair(name, value, width), *style))
        .collect();
    frame.render_widget(Paragraph::new(lines), body);
}

fn warned(when: bool, theme: Theme) -> Style {
    if when { theme.warn() } else { Style::new() }
}

fn stages_panel(
    facts: &PlanFacts,
    shown: &Snapshot,
    at: Nanos,
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
) {
    let body = title("stages", frame, area, theme);
    let width = usize::from(body.width);
    let over = matches!(shown.phase, Phase::Drain | Phase::Unbind);
    let current = facts.stages.iter().position(|s| at < s.to).filter(|_| !over);
    let rows = usize::from(body.height);
    // the current stage stays visible, with one before it
    let end = current.map_or(facts.stages.len(), |c| (c.saturating_sub(1) + rows).max(rows));
    let from = end.min(facts.stages.len()).saturating_sub(rows);
    let lines: Vec<Line<'_>> = facts
        .stages
        .iter()
        .enumerate()
        .skip(from)
        .take(rows)
        .map(|(number, stage)| {
            let on = current == Some(number) && shown.phase == Phase::Load;
            let (mark, value, style) = if on {
                ("▶", format!("{} left", left(stage.to, at)), theme.strong())
            } else if over || at >= stage.to {
                let cut_short = over && shown.load_ends < stage.to;
                let word = if cut_short { "cut" } else { "done" };
                (if cut_short { "✗" } else { "✓" }, word.to_owned(), theme.dim())
            } else {
                (" ", seconds(stage.to - stage.from), Style::new())
            };
            let name = if body.width * 2 >= WIDE {
                format!("{mark} {:<12} {}", stage.name, stage.rate)
            } else {
                format!("{mark} {}", stage.name)
            };
            Line::styled(format!(" {}", pair(&name, &value, width.saturating_sub(2))), style)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), body);
}

fn answers_panel(shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let body = title("answers", frame, area, theme);
    let width = usize::from(body.width.saturating_sub(1));
    let t = &shown.tally;
    let total = (shown.statuses.total() + t.timed_out + t.lost).max(1);
    let mut all: Vec<(String, u64, Style)> = shown
        .statuses
        .iter()
        .map(|(status, n)| {
            let style = if *status == 0 { theme.good() } else { theme.warn() };
            (CommandStatus(*status).to_string(), n, style)
        })
        .collect();
    all.push(("other statuses".to_owned(), shown.statuses.other, theme.warn()));
    all.push(("timed out".to_owned(), t.timed_out, theme.bad()));
    all.push(("lost with session".to_owned(), t.lost, theme.bad()));
    all.push(("dropped".to_owned(), t.dropped, theme.warn()));
    all.push(("receipts missing".to_owned(), t.receipts_missing, theme.bad()));
    all.retain(|row| row.1 > 0);
    all.sort_by_key(|row| std::cmp::Reverse(row.1));
    let rows = usize::from(body.height);
    let hidden = all.len().saturating_sub(rows);
    let kept = if hidden > 0 { rows.saturating_sub(1) } else { all.len() };
    let mut lines: Vec<Line<'_>> = all[..kept]
        .iter()
        .map(|(name, n, style)| {
            let share = words::percent(*n as f64 / total as f64);
            let value = if body.width * 2 >= WIDE {
                format!("{} {share:>9}", words::count(*n))
            } else {
                words::count(*n)
            };
            Line::styled(pair(name, &value, width), *style)
        })
        .collect();
    if hidden > 0 {
        lines.push(Line::styled(format!("… {} more kinds", hidden + 1), theme.dim()));
    } else if lines.is_empty() {
        lines.push(Line::styled("none yet", theme.dim()));
    }
    frame.render_widget(Paragraph::new(lines), body);
}

fn harness_word(shown: &Snapshot, theme: Theme) -> (&'static str, Style) {
    match shown.judged.as_ref().map(|judged| judged.judgement.health.state) {
        None => ("not measured yet", theme.dim()),
        Some(HealthState::Valid) => ("harness valid", theme.good()),
        Some(HealthState::Degraded) => ("harness degraded", theme.warn()),
        Some(HealthState::Invalid) => ("harness invalid", theme.bad()),
    }
}

/// Verdict, gates and harness in two lines, where there is no room for more.
fn so_far_panel(shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let body = title(&verdict::short_title(shown), frame, area, theme);
    let lines = [verdict::short_word(shown, theme), harness_word(shown, theme)];
    let lines = lines.map(|(word, style)| Line::styled(word, style));
    frame.render_widget(Paragraph::new(lines.to_vec()), body);
}

fn harness_panel(shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme, wide: bool) {
    let body = title("harness", frame, area, theme);
    let width = usize::from(body.width.saturating_sub(1));
    let (word, style) = harness_word(shown, theme);
    let mut lines = vec![Line::styled(word, style)];
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(Line::raw(pair(name, &value, width)));
        }
    };
    let health = shown.judged.as_ref().map(|judged| &judged.judgement.health);
    say("on time", health.and_then(|h| h.adherence).map(words::percent));
    say("lag p99", health.and_then(|h| h.lag_p99).map(|n| words::duration(n.0)));
    say("busiest worker", health.and_then(|h| h.cpu_max).map(words::percent));
    if !wide {
        say("written", Some(words::count(shown.tally.written)));
        say("final receipts", Some(words::count(shown.tally.receipts_final)));
    }
    frame.render_widget(Paragraph::new(lines), body);
}

/// Rows for what is observed: where there is room for a line of it and its title.
fn observed_height(shown: &Snapshot, area: Rect) -> u16 {
    const HEIGHT_MIN: u16 = 30;
    if shown.observed.is_empty() || area.height < HEIGHT_MIN { 0 } else { 2 }
}

/// The latest values of as many series as a line holds.
fn observed_panel(shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    if area.height == 0 {
        return;
    }
    let body = title("observed", frame, area, theme);
    let values: Vec<String> = shown.observed.iter().map(LatestValue::says).collect();
    let line = format!(" {}", printable(&values.join(" · ")));
    frame.render_widget(Paragraph::new(cut(&line, usize::from(body.width))), body);
}

/// Rows for events; none on the smallest terminals.
fn events_height(facts: &PlanFacts, shown: &Snapshot, height: u16) -> u16 {
    let rows = match height {
        0..18 => 0,
        18..30 => 1,
        _ => 4,
    };
    (events(facts, shown).len() as u16).min(rows)
}

/// Newest first.
fn events(facts: &PlanFacts, shown: &Snapshot) -> Vec<String> {
    let on = facts.events.on(shown.at).filter(|_| shown.phase == Phase::Load);
    let on = on.map(|name| format!("event {name} is on"));
    let cut =
        shown.cut_reason.iter().map(|why| format!("the load ended early: {}", printable(why)));
    let outages = shown.outages.iter().rev().map(|o| {
        let back = match o.to {
            Some(to) => format!("bound again after {}", words::duration((to - o.from).0)),
            None => "not bound again".to_owned(),
        };
        let when = words::seconds(o.from.as_secs_f64());
        let cause = printable(&o.cause.to_string());
        let lost = words::count(o.lost);
        format!(
            "at {when} session {} went down ({cause}), {lost} in flight lost, {back}",
            o.session
        )
    });
    on.into_iter().chain(cut).chain(outages).collect()
}

fn events_panel(
    facts: &PlanFacts,
    shown: &Snapshot,
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
) {
    let width = usize::from(area.width.saturating_sub(2));
    let lines: Vec<Line<'_>> = events(facts, shown)
        .iter()
        .take(usize::from(area.height))
        .map(|text| Line::styled(format!(" {}", cut(text, width)), theme.warn()))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn footer_line(view: &View, shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let asked = view.asked;
    let ending = asked.is_some_and(|a| a.end);
    let mut words = vec![if view.paused { "p go on" } else { "p pause" }];
    if view.may_steer() && !ending {
        words.push("+ − rate");
    }
    if ending || !matches!(shown.phase, Phase::Connect | Phase::Load) {
        words.push("draining, then the report");
    } else {
        words.push("q drain and finish");
    }
    words.push("Ctrl-C interrupt");
    // the narrowest terminals have no room for it
    if area.width >= 75 {
        words.push("? explains");
    }
    let mut line = vec![Span::styled(format!(" {}", words.join(" · ")), theme.dim())];
    if asked.is_some_and(|a| a.refused) {
        line.push(Span::styled("  rate not changed: the guard allows no more", theme.warn()));
    }
    frame.render_widget(Paragraph::new(Line::from(line)), area);
}

/// What the panels and keys mean.
const HELP: [&str; 14] = [
    "gates      verdict and gates so far; ? needs more time",
    "a second   target of the plan, sent, accepted, receipts",
    "times      response and receipt from plan, logarithmic",
    "last 5 s   percentiles; never: among unanswered ones",
    "in flight  sent, not answered; of all window slots",
    "backlog    due, not sent: no slot or no session is free",
    "stages     only measured ones count for the verdict",
    "answers    by command_status; timed out, lost, missing",
    "harness    does smppbench keep up? invalid: no result",
    "p          hold the picture; the run goes on",
    "+ −        change the rate by 10 % of the plan's",
    "q          end the load, drain, report",
    "Ctrl-C     the same as an interruption; twice: at once",
    "?          back to the run",
];

fn help(frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let body = title("what this shows", frame, area, theme);
    let width = usize::from(body.width.saturating_sub(2));
    let lines: Vec<Line<'_>> =
        HELP.iter().map(|line| Line::raw(format!(" {}", cut(line, width)))).collect();
    frame.render_widget(Paragraph::new(lines), body);
}
