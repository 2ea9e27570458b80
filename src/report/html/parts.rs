//! What a page is made of: sections with figures and tables. The template writes them; all words are escaped
//! there, drawings come escaped.
use crate::report::chart::{Colour, Picture, json_in_script};
use crate::report::model::{Cell, Kind, Summary, Table, Tone};

/// One picture with its words.
pub(super) struct Figure {
    /// Its anchor.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: String,
    /// What it shows, in a sentence or two.
    pub(super) says: String,
    /// The drawing; empty: there is nothing to draw, and `says` tells why.
    pub(super) svg: String,
    /// For the script; empty: it has nothing to read out.
    pub(super) data: String,
    /// (name, drawing).
    pub(super) legend: Vec<(String, String)>,
    /// Lines of the legend can be switched.
    pub(super) switches: bool,
}

impl Figure {
    /// A drawn picture; where there is none, or it is empty, `otherwise` is said in its stead.
    pub(super) fn new(
        id: &'static str,
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
        let says = says.into();
        Figure { id, title, says, svg: picture.svg, data, legend: picture.legend, switches: true }
    }

    /// No picture, and why.
    pub(super) fn missing(id: &'static str, title: impl Into<String>, why: &str) -> Figure {
        let (title, says) = (title.into(), why.to_owned());
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

    /// The same with a legend of its own, whose lines cannot be switched.
    pub(super) fn with_legend(self, legend: Vec<(String, String)>) -> Figure {
        Figure { legend, switches: false, ..self }
    }
}

/// The colour of a run, as a drawing; empty where it is alone.
fn swatch(run: Option<usize>) -> String {
    run.map_or(String::new(), |number| patch(Colour::Series(number)))
}

/// A rectangle of a colour.
pub(super) fn patch(ink: Colour) -> String {
    let ink = ink.fill();
    format!(
        "<svg class=\"swatch\" width=\"14\" height=\"12\" aria-hidden=\"true\"><rect width=\"14\" height=\"12\" {ink}/></svg>"
    )
}

impl Tone {
    /// As the stylesheet knows it.
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
}

impl Cell {
    pub(super) fn swatch(&self) -> String {
        swatch(self.run)
    }
}

impl Table {
    /// True where a column holds words, which are read from the left. (The template lends its number.)
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
    /// What it is about.
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

    /// The same with what could not be drawn after what was, and without tables that have no row.
    pub(super) fn in_order(mut self) -> Section {
        self.figures.sort_by_key(|figure| figure.svg.is_empty());
        self.tables.retain(|table| !table.is_empty());
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.tables.iter().all(Table::is_empty) && self.folded.is_empty()
    }
}
