//! Tables of typed cells. It knows no format.
use super::note::Withheld;
use crate::judge::Unit;
use crate::kit::{Nanos, words};
use crate::measure::LatencyRange;
use crate::report::document::Document;
use std::fmt;

/// Whether something is good, bad or in doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warn,
    Bad,
    #[default]
    Plain,
}

impl Tone {
    /// The tone of what holds, fails or is undecided.
    pub(crate) const fn of(holds: Option<bool>) -> Tone {
        match holds {
            Some(true) => Tone::Good,
            Some(false) => Tone::Bad,
            None => Tone::Warn,
        }
    }

    /// The sign before it.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Tone::Good => "✓",
            Tone::Warn => "?",
            Tone::Bad => "✗",
            Tone::Plain => "·",
        }
    }
}

/// The content of a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    #[default]
    Blank,
    /// There is no figure.
    Unknown,
    /// There is one, which is withheld.
    Withheld(Withheld),
    Words(String),
    /// A word behind the sign of its cell's tone.
    Marked(&'static str),
    Count(u64),
    /// Nanoseconds.
    Time(u64),
    /// A lower bound in nanoseconds.
    AtLeast(u64),
    /// Per second.
    Rate(f64),
    /// A share of one.
    Share(f64),
    /// A factor.
    Times(f64),
    /// Seconds from the start of the load.
    Moment(f64),
    /// In a metric's unit.
    Figure(f64, Unit),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Blank => Ok(()),
            Value::Unknown | Value::Withheld(_) => f.write_str("–"),
            Value::Words(text) => f.write_str(text),
            Value::Marked(word) => f.write_str(word),
            Value::Count(n) => f.write_str(&words::count(*n)),
            // the histogram does not tell such values apart
            Value::Time(1..LatencyRange::LOWEST_NS) => f.write_str("< 1 µs"),
            Value::Time(ns) => f.write_str(&words::duration(*ns)),
            Value::AtLeast(ns) => write!(f, "≥ {}", words::duration(*ns)),
            Value::Rate(rate) => f.write_str(&words::rate(*rate)),
            Value::Share(share) => f.write_str(&words::percent(*share)),
            Value::Times(times) => write!(f, "{times:.2}"),
            Value::Moment(s) => f.write_str(&words::seconds(*s)),
            Value::Figure(value, unit) => f.write_str(&unit.show(*value)),
        }
    }
}

/// One cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) value: Value,
    /// A remark in small print, if there is room.
    pub(crate) small: String,
    pub(crate) tone: Tone,
    /// The run it is of, where there are several.
    pub(crate) run: Option<usize>,
}

impl Cell {
    pub(crate) fn with_small(self, small: impl Into<String>) -> Cell {
        Cell { small: small.into(), ..self }
    }

    pub(crate) fn in_tone(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }

    /// Of that run.
    pub(crate) fn of_run(self, run: Option<usize>) -> Cell {
        Cell { run, ..self }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Marked("") => f.write_str(self.tone.sign()),
            Value::Marked(word) => write!(f, "{} {word}", self.tone.sign()),
            value => value.fmt(f),
        }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Cell {
        Cell { value, ..Cell::default() }
    }
}

pub(crate) fn text(text: impl Into<String>) -> Cell {
    Value::Words(text.into()).into()
}

pub(crate) fn count(n: u64) -> Cell {
    Value::Count(n).into()
}

pub(crate) fn share(share: f64) -> Cell {
    Value::Share(share).into()
}

pub(crate) fn moment(s: f64) -> Cell {
    Value::Moment(s).into()
}

/// A length in seconds.
pub(crate) fn span(s: f64) -> Cell {
    Value::Time(nanoseconds(s)).into()
}

/// Seconds of a document in whole nanoseconds.
pub(crate) fn nanoseconds(s: f64) -> u64 {
    Nanos::from_secs_f64(s).0
}

/// A figure; None: a dash.
pub(crate) fn known<T>(value: Option<T>, of: fn(T) -> Value) -> Cell {
    value.map_or(Value::Unknown, of).into()
}

pub(crate) fn time(ns: Option<u64>) -> Cell {
    known(ns, Value::Time)
}

pub(crate) fn rate(rate: Option<f64>) -> Cell {
    known(rate, Value::Rate)
}

/// The cell, or that it is withheld.
pub(crate) fn unless(withheld: Option<Withheld>, cell: Cell) -> Cell {
    withheld.map_or(cell, |why| Value::Withheld(why).into())
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Figures,
    Words,
    /// The name or code of something, which may be broken anywhere.
    Name,
    Octets,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) kind: Kind,
    /// Left out if there is little room.
    pub(crate) wide: bool,
}

impl Column {
    /// `<words`, `@name`, `%octets`, else figures; `+` before it: where there is room only.
    fn read(written: &str) -> Column {
        let (wide, rest) = match written.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        let mut letters = rest.chars();
        let (kind, title) = match letters.next() {
            Some('<') => (Kind::Words, letters.as_str()),
            Some('@') => (Kind::Name, letters.as_str()),
            Some('%') => (Kind::Octets, letters.as_str()),
            _ => (Kind::Figures, rest),
        };
        Column { title: title.to_owned(), kind, wide }
    }
}

/// Most rows of a table; result.json has the rest.
const ROWS_MAX: usize = 60;

/// A table. The first cell of a row is its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// Names it within a page.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// A sentence below it.
    pub(crate) note: String,
    /// Most rows shown if there is little room.
    pub(crate) brief: usize,
}

impl Table {
    /// An empty one. Its header is written as it looks: `name | <words | +figures where there is room`.
    pub(crate) fn new(id: &'static str, title: impl Into<String>, header: &str) -> Table {
        Table {
            id,
            title: title.into(),
            columns: header.split('|').map(|column| Column::read(column.trim())).collect(),
            rows: Vec::new(),
            note: String::new(),
            brief: usize::MAX,
        }
    }

    /// A row per item, up to [`ROWS_MAX`].
    pub(crate) fn of<T>(
        id: &'static str,
        title: impl Into<String>,
        header: &str,
        items: &[T],
        row: impl Fn(&T) -> Vec<Cell>,
    ) -> Table {
        let mut table = Table::new(id, title, header);
        table.rows.extend(items.iter().take(ROWS_MAX).map(row));
        if items.len() > ROWS_MAX {
            let all = words::count(items.len() as u64);
            table.note = format!("The first {ROWS_MAX} of {all}; result.json has them all.");
        }
        table
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn holds_something(&self, column: usize) -> bool {
        let says = |row: &Vec<Cell>| row.get(column).is_some_and(|c| c.value != Value::Blank);
        column == 0 || self.rows.iter().any(says)
    }

    /// The same without empty columns.
    pub(crate) fn without_empty_columns(mut self) -> Table {
        let kept: Vec<bool> = (0..self.columns.len()).map(|n| self.holds_something(n)).collect();
        let mut each = kept.iter();
        self.columns.retain(|_| each.next() == Some(&true));
        for row in &mut self.rows {
            let mut each = kept.iter();
            row.retain(|_| each.next() == Some(&true));
        }
        self
    }

    /// The table if there is little room: its columns that are not empty, their cells, and the number of rows left out.
    pub(crate) fn in_brief(&self) -> (Vec<&Column>, Vec<Vec<&Cell>>, usize) {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|n| !self.columns[*n].wide && self.holds_something(*n))
            .collect();
        let columns = shown.iter().map(|n| &self.columns[*n]).collect();
        let rows = self.rows.iter().take(self.brief);
        let rows = rows.map(|row| shown.iter().filter_map(|n| row.get(*n)).collect()).collect();
        (columns, rows, self.rows.len().saturating_sub(self.brief))
    }
}

/// A table with a column per run.
pub(crate) struct SideBySide<'r> {
    runs: &'r [&'r Document],
    pub(crate) table: Table,
}

impl<'r> SideBySide<'r> {
    pub(crate) fn new(
        id: &'static str,
        title: &str,
        first: &str,
        runs: &'r [&'r Document],
    ) -> SideBySide<'r> {
        let mut table = Table::new(id, title, first);
        table.columns.extend(runs.iter().map(|d| Column {
            title: d.run.id.clone(),
            kind: Kind::Figures,
            wide: false,
        }));
        SideBySide { runs, table }
    }

    pub(crate) fn row(&mut self, name: &str, cell: impl Fn(&Document) -> Cell) {
        self.table.row([text(name)].into_iter().chain(self.runs.iter().map(|d| cell(d))));
    }
}
