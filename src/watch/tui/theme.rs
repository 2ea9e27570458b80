//! Styles and words that all panels share.
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

/// Text styles; without colour, bold and dim remain.
#[derive(Clone, Copy)]
pub(super) struct Theme {
    pub(super) colour: bool,
}

impl Theme {
    pub(super) fn colour(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }
    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
    pub(super) fn good(self) -> Style {
        self.colour(Color::Green)
    }
    pub(super) fn warn(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }
    pub(super) fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }
    /// Reversed, so that it is visible without colour.
    pub(super) fn badge(self, colour: Color) -> Style {
        self.colour(colour).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }
}

/// A title over a rule: `── latency ─────`.
pub(super) fn title(text: &str, frame: &mut Frame<'_>, area: Rect, theme: Theme) -> Rect {
    let width = usize::from(area.width);
    let head = format!("── {text} ");
    let rule = "─".repeat(width.saturating_sub(head.chars().count()));
    let line = Line::styled(format!("{head}{rule}"), theme.dim());
    frame.render_widget(Paragraph::new(line), Rect { height: 1, ..area });
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// A name at the left and a value at the right of `width` columns; the name is cut if needed.
pub(super) fn pair(name: &str, value: &str, width: usize) -> String {
    let room = width.saturating_sub(value.chars().count() + 1);
    let name = cut(name, room);
    let gap = width.saturating_sub(name.chars().count() + value.chars().count());
    format!("{name}{}{value}", " ".repeat(gap))
}

pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        short.push('…');
    }
    short
}
