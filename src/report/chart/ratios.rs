//! Ratios with their intervals, one under the other, against a band within which they count as equal. It knows
//! no metric.
use super::palette::Colour;
use super::plot::Picture;
use super::scale::Axis;
use super::svg::{Anchor, Svg};
use serde_json::Value;

const WIDTH: f64 = 640.0;
const SIDE: f64 = 30.0;
const TOP: f64 = 8.0;
const ROW: f64 = 54.0;
const BOTTOM: f64 = 60.0;

/// One ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct RatioRow {
    /// Of what.
    pub name: String,
    /// Written at the end of its line: the figures.
    pub says: String,
    /// Lower end of its interval.
    pub low: f64,
    /// The ratio.
    pub value: f64,
    /// Upper end.
    pub high: f64,
    /// Its colour: better, worse, equal, undecided.
    pub colour: Colour,
}

/// Ratios on one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratios {
    /// What it shows: the name of the drawing.
    pub title: String,
    /// The axis they share.
    pub axis: Axis,
    /// No difference: 1 for a ratio.
    pub equal: f64,
    /// Differences within it do not matter.
    pub band: (f64, f64),
    /// From the top.
    pub rows: Vec<RatioRow>,
}

impl Ratios {
    /// Draws it.
    pub fn draw(&self) -> Picture {
        let bottom = TOP + ROW * self.rows.len() as f64;
        let mut svg = Svg::open(WIDTH, bottom + BOTTOM, &self.title);
        let at = |value: f64| SIDE + self.axis.place(value) * (WIDTH - 2.0 * SIDE);
        let (from, to) = (at(self.band.0), at(self.band.1));
        svg.rect((from, TOP), (to - from, bottom - TOP), Colour::Shade, "");
        let dash = "stroke-dasharray=\"5 4\"";
        svg.line((at(self.equal), TOP), (at(self.equal), bottom), Colour::Muted, dash);
        for (place, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * place as f64;
            svg.words((4.0, y + 20.0), Anchor::Start, "strong", &row.name);
            svg.words((WIDTH - 4.0, y + 20.0), Anchor::End, "", &row.says);
            let (line, thick) = (y + 36.0, "stroke-width=\"2.5\" stroke-linecap=\"round\"");
            svg.line((at(row.low), line), (at(row.high), line), row.colour, thick);
            let dot = "stroke-width=\"9\" stroke-linecap=\"round\"";
            svg.line((at(row.value), line), (at(row.value), line), row.colour, dot);
        }
        svg.line((SIDE, bottom), (WIDTH - SIDE, bottom), Colour::Muted, "");
        for tick in self.axis.ticks() {
            let x = SIDE + tick.place * (WIDTH - 2.0 * SIDE);
            svg.line((x, bottom), (x, bottom + 5.0), Colour::Muted, "");
            svg.words((x, bottom + 23.0), Anchor::Middle, "", &tick.label);
        }
        svg.words((WIDTH - SIDE, bottom + BOTTOM - 10.0), Anchor::End, "title", &self.axis.title);
        Picture::new(svg.close(), Value::Null, self.rows.len())
    }
}
