//! The verdict and the gates so far.
use super::snapshot::Snapshot;
use super::theme::{Theme, cut, pair};
use crate::judge::{GateOutcome, GateResult, Outcome};
use crate::kit::words::printable;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Below this height there is no room for the panel; the harness's panel has it in short.
pub(super) const HEIGHT_MIN: u16 = 18;
/// Columns that a gate needs at least.
const GATE: u16 = 39;

/// Rows of the panel on a terminal of this size.
pub(super) fn height(shown: &Snapshot, area: Rect) -> u16 {
    let most = match area.height {
        0..HEIGHT_MIN => return 0,
        HEIGHT_MIN..24 => 1,
        24..30 => 2,
        30..40 => 4,
        _ => 8,
    };
    1 + (gates(shown).len() as u16).div_ceil(columns(area)).min(most)
}

fn columns(area: Rect) -> u16 {
    (area.width / GATE).max(1)
}

fn gates(shown: &Snapshot) -> &[GateResult] {
    shown.judged.as_deref().map_or(&[], |judged| &judged.gates)
}

/// The verdict in at most 13 letters.
pub(super) fn short_word(shown: &Snapshot, theme: Theme) -> (&'static str, Style) {
    let (word, style) = word(shown, theme);
    let short = match shown.judged.as_ref().and_then(|judged| judged.judgement.outcome) {
        None | Some(Outcome::InconclusiveHarness) => "no verdict",
        Some(Outcome::Sustained | Outcome::NotSustained | Outcome::InconclusiveNoise) => {
            word.trim_end_matches(" so far")
        }
    };
    (short, style)
}

/// The verdict in a few words.
fn word(shown: &Snapshot, theme: Theme) -> (&'static str, Style) {
    let Some(judged) = &shown.judged else { return ("no verdict yet", theme.dim()) };
    match judged.judgement.outcome {
        None => ("no verdict in a closed loop", theme.dim()),
        Some(Outcome::Sustained) => ("sustained so far", theme.good()),
        Some(Outcome::NotSustained) => ("NOT SUSTAINED so far", theme.bad()),
        Some(Outcome::InconclusiveHarness) => ("no verdict: harness invalid", theme.bad()),
        Some(Outcome::InconclusiveNoise) => ("undecided so far", theme.warn()),
    }
}

fn count(shown: &Snapshot, outcome: GateOutcome) -> usize {
    gates(shown).iter().filter(|gate| gate.outcome == outcome).count()
}

/// How the gates stand, for a line of its own. None: there are none, or nothing was measured yet.
fn gates_in_all(shown: &Snapshot, theme: Theme) -> Option<(String, Style)> {
    let all = gates(shown).len();
    let of =
        |n: usize| if all == 1 { "the gate".to_owned() } else { format!("{n} of {all} gates") };
    match (all, count(shown, GateOutcome::Fail), count(shown, GateOutcome::Undecided)) {
        (0, ..) => None,
        (_, 0, 0) => Some((format!("{} ok", of(all)), theme.good())),
        (_, 0, open) => Some((format!("{} undecided", of(open)), theme.warn())),
        (_, failing, _) => Some((format!("{} failing", of(failing)), theme.bad())),
    }
}

/// The title of the small panel: `gates 2/3 ok`, or `so far` without gates.
pub(super) fn short_title(shown: &Snapshot) -> String {
    match gates(shown).len() {
        0 => "so far".to_owned(),
        all => format!("gates {}/{all} ok", count(shown, GateOutcome::Pass)),
    }
}

/// Draws the verdict with its worst check as a title, and the gates below it: failing ones first.
pub(super) fn draw(shown: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    if area.height == 0 {
        return;
    }
    frame.render_widget(Paragraph::new(title(shown, usize::from(area.width), theme)), area);
    let columns = columns(area);
    let rows = area.height - 1;
    let mut sorted: Vec<&GateResult> = gates(shown).iter().collect();
    sorted.sort_by_key(|gate| match gate.outcome {
        GateOutcome::Fail => 0,
        GateOutcome::Undecided => 1,
        GateOutcome::Pass => 2,
    });
    let places = usize::from(columns * rows);
    let hidden = sorted.len().saturating_sub(places);
    let kept = if hidden > 0 { places.saturating_sub(1) } else { sorted.len() };
    for place in 0..places.min(sorted.len()) {
        let (column, row) = (place as u16 % columns, place as u16 / columns);
        let width = area.width / columns;
        let cell =
            Rect { x: area.x + column * width, y: area.y + 1 + row, width: width - 1, height: 1 };
        let line = match sorted[..kept].get(place) {
            Some(gate) => gate_line(gate, usize::from(cell.width), theme),
            None => Line::styled(format!(" … {} more gates", hidden + 1), theme.dim()),
        };
        frame.render_widget(Paragraph::new(line), cell);
    }
}

fn title(shown: &Snapshot, width: usize, theme: Theme) -> Line<'static> {
    let (word, style) = word(shown, theme);
    let mut spans = vec![Span::styled("── ", theme.dim()), Span::styled(word, style)];
    if let Some((text, style)) = gates_in_all(shown, theme) {
        spans.extend([Span::styled(" · ", theme.dim()), Span::styled(text, style)]);
    }
    let worst = shown.judged.as_ref().and_then(|judged| judged.worst.as_ref());
    let taken = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    if let Some(check) = worst {
        let room = width.saturating_sub(taken(&spans) + 4);
        spans.push(Span::raw(format!(" · {}", cut(&printable(&check.says()), room))));
    }
    let rest = width.saturating_sub(taken(&spans) + 1);
    spans.push(Span::styled(format!(" {}", "─".repeat(rest)), theme.dim()));
    Line::from(spans)
}

/// `✓ response.p99 < 50ms   12.3 ms`.
fn gate_line(gate: &GateResult, width: usize, theme: Theme) -> Line<'static> {
    let (mark, style) = match gate.outcome {
        GateOutcome::Pass => ('✓', theme.good()),
        GateOutcome::Fail => ('✗', theme.bad()),
        GateOutcome::Undecided => ('?', theme.warn()),
    };
    let value = match &gate.value {
        Some(_) => gate.shows(),
        None => "–".to_owned(),
    };
    let name = printable(&format!("{mark} {} {}", gate.name, gate.expression));
    Line::styled(format!(" {}", pair(&name, &printable(&value), width.saturating_sub(1))), style)
}
