//! What a page is made of: sections with figures and tables. The template writes them; all words are escaped
//! there, drawings come escaped.
use crate::report::chart::{Picture, json_in_script};

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
    /// A drawn picture; where it is empty, `otherwise` is said in its stead.
    pub(super) fn new(
        id: &'static str,
        title: impl Into<String>,
        says: impl Into<String>,
        picture: Picture,
        otherwise: &str,
    ) -> Figure {
        let title = title.into();
        if picture.is_empty() {
            return Figure::missing(id, title, otherwise);
        }
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
}

/// One cell of a table.
#[derive(Clone, Default)]
pub(super) struct Cell {
    /// What it says.
    pub(super) text: String,
    /// Below it, small.
    pub(super) small: String,
    /// `good`, `warn`, `bad`, `left`, or nothing.
    pub(super) class: &'static str,
    /// A drawing before it: the colour of a run.
    pub(super) swatch: String,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    /// Words, which are read from the left.
    pub(super) fn words(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), class: "left", ..Cell::default() }
    }

    pub(super) fn classed(text: impl Into<String>, class: &'static str) -> Cell {
        Cell { text: text.into(), class, ..Cell::default() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::new(text)
    }
}

/// A table. The first cell of a row is its name.
pub(super) struct Grid {
    /// Its anchor.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: String,
    /// Columns.
    pub(super) header: Vec<String>,
    /// Rows.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Said below it.
    pub(super) note: String,
}

impl Grid {
    pub(super) fn new(id: &'static str, title: impl Into<String>, header: &[&str]) -> Grid {
        let header = header.iter().map(|h| (*h).to_owned()).collect();
        Grid { id, title: title.into(), header, rows: Vec::new(), note: String::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// True where a column holds words, which are read from the left. (The template lends its number.)
    pub(super) fn is_left(&self, column: &usize) -> bool {
        let cell = self.rows.first().and_then(|row| row.get(*column));
        cell.is_some_and(|cell| cell.class.starts_with("left"))
    }

    /// Some where it has a row.
    pub(super) fn filled(self) -> Option<Grid> {
        (!self.rows.is_empty()).then_some(self)
    }
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
    pub(super) grids: Vec<Grid>,
    /// (heading, text as it is), folded away.
    pub(super) folded: Vec<(String, String)>,
}

impl Section {
    pub(super) fn new(id: &'static str, title: &'static str) -> Section {
        Section { id, title, ..Section::default() }
    }

    /// The same with what could not be drawn after what was.
    pub(super) fn in_order(mut self) -> Section {
        self.figures.sort_by_key(|figure| figure.svg.is_empty());
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.grids.is_empty() && self.folded.is_empty()
    }
}
