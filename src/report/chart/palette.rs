//! Every colour of a report, light and dark, in one table. Neighbours are distinct for colour-blind readers
//! too (after Okabe and Ito), with at least 3:1 against the paper.

/// The colour of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// A line or a run: by its number, from 0; beyond the eighth they come again.
    Series(usize),
    /// A level of a heat map, from 0 (least) to [`LEVELS_COUNT`] − 1.
    Level(usize),
    /// Background series: a plan, a largest value.
    Muted,
    /// Lines behind the marks.
    Grid,
    /// Words.
    Text,
    /// The background.
    Paper,
    /// Time that is not measured.
    Shade,
    /// Good.
    Good,
    /// Doubtful.
    Warn,
    /// Bad.
    Bad,
}

/// Levels of a heat map.
pub const LEVELS_COUNT: usize = 7;
const SERIES_COUNT: usize = 8;

/// (name, light, dark), in the order of [`Colour::row`].
const PALETTE: [(&str, &str, &str); SERIES_COUNT + LEVELS_COUNT + 8] = [
    ("c0", "#0b62a4", "#5aa9ec"),
    ("c1", "#c4500c", "#f38b4a"),
    ("c2", "#00785a", "#3cc79b"),
    ("c3", "#a3427c", "#e493c4"),
    ("c4", "#946800", "#e2b544"),
    ("c5", "#2389c9", "#9bdcf7"),
    ("c6", "#6a4a9c", "#b9a0ea"),
    ("c7", "#6b5a45", "#cbb697"),
    ("h0", "#dcecf7", "#12304a"),
    ("h1", "#b5d6ec", "#16476c"),
    ("h2", "#84b9dd", "#1f6394"),
    ("h3", "#4f97c9", "#3b86b9"),
    ("h4", "#2473ae", "#6aabd4"),
    ("h5", "#104f88", "#a3cfea"),
    ("h6", "#082c5a", "#e3f3fd"),
    ("muted", "#626d79", "#98a4b0"),
    ("grid", "#e3e7eb", "#2c343d"),
    ("text", "#333d47", "#d3dae1"),
    ("paper", "#ffffff", "#161b21"),
    ("shade", "#f0f2f4", "#212830"),
    ("good", "#00785a", "#3cc79b"),
    ("warn", "#946800", "#e2b544"),
    ("bad", "#b3261e", "#ff8a80"),
];

impl Colour {
    const fn row(self) -> &'static (&'static str, &'static str, &'static str) {
        const REST: usize = SERIES_COUNT + LEVELS_COUNT;
        let place = match self {
            Colour::Series(n) => n % SERIES_COUNT,
            Colour::Level(n) => SERIES_COUNT + if n < LEVELS_COUNT { n } else { LEVELS_COUNT - 1 },
            Colour::Muted => REST,
            Colour::Grid => REST + 1,
            Colour::Text => REST + 2,
            Colour::Paper => REST + 3,
            Colour::Shade => REST + 4,
            Colour::Good => REST + 5,
            Colour::Warn => REST + 6,
            Colour::Bad => REST + 7,
        };
        &PALETTE[place]
    }

    /// `stroke` as an attribute, for readers without CSS, and the class that CSS recolours.
    pub fn stroke(self) -> String {
        let (name, light, _) = self.row();
        format!("stroke=\"{light}\" class=\"k-{name}\"")
    }

    /// The same for `fill`.
    pub fn fill(self) -> String {
        let (name, light, _) = self.row();
        format!("fill=\"{light}\" class=\"f-{name}\"")
    }
}

/// The palette as CSS: a variable each, light, dark, and light again on paper; and the classes of
/// [`Colour::stroke`] and [`Colour::fill`].
pub fn css() -> String {
    let variables = |dark: bool| -> String {
        PALETTE
            .iter()
            .map(|(name, light, night)| format!("--{name}:{};", if dark { night } else { light }))
            .collect()
    };
    let mut css = format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n@media print{{:root{{{}}}}}\n",
        variables(false),
        variables(true),
        variables(false)
    );
    for (name, _, _) in &PALETTE {
        css += &format!(".k-{name}{{stroke:var(--{name})}}.f-{name}{{fill:var(--{name})}}\n");
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let v = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_line_stands_out_from_its_paper_and_words_more_so() {
        let (_, light, dark) = Colour::Paper.row();
        let lines = (0..SERIES_COUNT).map(Colour::Series);
        for colour in
            lines.chain([Colour::Muted, Colour::Good, Colour::Warn, Colour::Bad, Colour::Text])
        {
            let wanted = if matches!(colour, Colour::Series(_)) { 3.0 } else { 4.5 };
            let (name, day, night) = colour.row();
            assert!(contrast(day, light) >= wanted, "{name} by day: {}", contrast(day, light));
            assert!(contrast(night, dark) >= wanted, "{name} by night: {}", contrast(night, dark));
        }
    }

    #[test]
    fn the_levels_of_a_heat_map_go_one_way_from_the_paper() {
        for level in 1..LEVELS_COUNT {
            let (before, this) = (Colour::Level(level - 1).row(), Colour::Level(level).row());
            assert!(luminance(this.1) < luminance(before.1), "{} by day", this.0);
            assert!(luminance(this.2) > luminance(before.2), "{} by night", this.0);
        }
    }
}
