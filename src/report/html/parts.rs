//! The parts of a page: sections with figures and tables. The template writes them and escapes all words; drawings
//! are escaped already.
use crate::report::chart::{Colour, Picture, json_in_script};
use crate::report::model::{Cell, HeadFigure, Kind, Summary, Table, Tone};
use std::borrow::Cow;

/// One picture with its words.
pub(super) struct Figure {
    /// Its anchor.
    pub(super) id: Cow<'static, str>,
    /// Its heading.
    pub(super) title: String,
    /// The caption.
    pub(super) says: String,
    /// The drawing; empty: there is none, and `says` has the reason.
    pub(super) svg: String,
    /// The values that the script shows; empty: none.
    pub(super) data: String,
    /// (name, drawing).
    pub(super) legend: Vec<(String, String)>,
    /// Whether the legend can hide series.
    pub(super) switches: bool,
}

impl Figure {
    /// A figure; if its picture is missing or empty, only the sentence `otherwise`.
    pub(super) fn new(
        id: impl Into<Cow<'static, str>>,
        title: impl Into<String>,
        says: impl Into<String>,
        picture: impl Into<Option<Picture>>,
        otherwise: &str,
    ) -> Figure {
        let title = title.into();
        let Some(picture) = picture.into().filter(|picture| !picture.is_empty()) else {
            return Figure::missing(id, title, otherwise);
        };
        let data =
            if picture.data.is_null() { String::new() } else { json_in_script(&picture.data) };
        let (id, says) = (id.into(), says.into());
        Figure { id, title, says, svg: picture.svg, data, legend: picture.legend, switches: true }
    }

    /// A figure without a picture, and the reason.
    pub(super) fn missing(
        id: impl Into<Cow<'static, str>>,
        title: impl Into<String>,
        why: &str,
    ) -> Figure {
        let (id, title, says) = (id.into(), title.into(), why.to_owned());
        let (svg, data, legend) = (String::new(), String::new(), Vec::new());
        Figure { id, title, says, svg, data, legend, switches: false }
    }

    /// The same with a further sentence.
    pub(super) fn and(mut self, sentence: &str) -> Figure {
        if !sentence.is_empty() && !self.svg.is_empty() {
            self.says += " ";
            self.says += sentence;
        }
        self
    }

    /// The same with a legend that hides nothing.
    pub(super) fn with_legend(self, legend: Vec<(String, String)>) -> Figure {
        Figure { legend, switches: false, ..self }
    }
}

/// A swatch in the colour of a run; empty: there is only one run.
fn swatch(run: Option<usize>) -> String {
    run.map_or(String::new(), |number| patch(Colour::Series(number)))
}

/// A rectangle of a colour.
pub(super) fn patch(colour: Colour) -> String {
    let colour = colour.fill();
    format!(
        "<svg class=\"swatch\" width=\"14\" height=\"12\" aria-hidden=\"true\"><rect width=\"14\" height=\"12\" {colour}/></svg>"
    )
}

impl Tone {
    /// The name in the stylesheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Plain => "plain",
        }
    }
}

impl Summary {
    pub(super) fn swatch(&self) -> String {
        swatch(self.run)
    }

    /// Rates, and times beside them.
    pub(super) fn figures(&self) -> [&[HeadFigure]; 2] {
        [&self.rates, &self.times]
    }
}

impl Cell {
    pub(super) fn swatch(&self) -> String {
        swatch(self.run)
    }
}

impl Table {
    /// Whether a column is aligned to the left. (The template passes a reference.)
    pub(super) fn is_left(&self, column: &usize) -> bool {
        self.columns[*column].kind != Kind::Figures
    }

    /// The classes of a cell; empty: none.
    pub(super) fn class(&self, column: &usize, cell: &Cell) -> &'static str {
        match (cell.tone, self.columns[*column].kind) {
            (Tone::Plain, Kind::Figures) => "",
            (Tone::Plain, Kind::Words) => "left",
            (Tone::Plain, Kind::Name) => "left run",
            (Tone::Plain, Kind::Octets) => "left code",
            (tone, _) => tone.class(),
        }
    }
}

/// Text as it is, folded away or open.
pub(super) struct Folded {
    pub(super) heading: &'static str,
    pub(super) text: String,
    pub(super) open: bool,
}

/// A block of the page.
#[derive(Default)]
pub(super) struct Section {
    /// Its anchor.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// The sentences above its figures.
    pub(super) says: String,
    /// Pictures.
    pub(super) figures: Vec<Figure>,
    /// Tables.
    pub(super) tables: Vec<Table>,
    pub(super) folded: Vec<Folded>,
}

impl Section {
    pub(super) fn new(id: &'static str, title: &'static str) -> Section {
        Section { id, title, ..Section::default() }
    }

    /// The same with missing figures last and without empty tables.
    pub(super) fn in_order(mut self) -> Section {
        self.figures.sort_by_key(|figure| figure.svg.is_empty());
        self.tables.retain(|table| !table.is_empty());
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.tables.iter().all(Table::is_empty) && self.folded.is_empty()
    }
}
