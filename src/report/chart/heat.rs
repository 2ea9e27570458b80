//! A heat map: counts in cells of time and value, as a few paths, one a level. It knows no latency.
use super::palette::{Colour, LEVELS_COUNT};
use super::scale::Axis;
use super::svg::{Svg, number};
use serde_json::{Value, json};

/// What was counted in one span of the first axis.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatColumn {
    /// Start.
    pub from: f64,
    /// End.
    pub to: f64,
    /// (number of the row, count); counts above zero only.
    pub cells: Vec<(usize, u64)>,
}

/// Counts by column and row.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Edges of the rows on the second axis, ascending: one more than there are rows.
    pub edges: Vec<f64>,
    /// The columns.
    pub columns: Vec<HeatColumn>,
}

impl HeatMap {
    /// The largest count.
    pub fn most(&self) -> u64 {
        self.columns.iter().flat_map(|c| &c.cells).map(|cell| cell.1).max().unwrap_or(0)
    }

    /// The least count of each level: they grow by an equal factor, for a few slow ones must be seen beside thousands.
    pub fn levels(&self) -> [u64; LEVELS_COUNT] {
        let most = self.most().max(1) as f64;
        std::array::from_fn(|level| {
            most.powf(level as f64 / LEVELS_COUNT as f64).ceil().max(1.0) as u64
        })
    }

    pub(super) fn draw(&self, svg: &mut Svg, x: &Axis, y: &Axis, size: (f64, f64)) {
        let levels = self.levels();
        let mut paths: [String; LEVELS_COUNT] = Default::default();
        for column in &self.columns {
            let left = x.place(column.from) * size.0;
            let right = x.place(column.to) * size.0;
            for (row, count) in &column.cells {
                let Some(edges) = self.edges.get(*row..row + 2) else { continue };
                let top = (1.0 - y.place(edges[1])) * size.1;
                let bottom = (1.0 - y.place(edges[0])) * size.1;
                let level = levels.iter().rposition(|least| count >= least).unwrap_or(0);
                paths[level] += &format!(
                    "M{} {}h{}v{}h{}z",
                    number(left),
                    number(top),
                    number(right - left),
                    number(bottom - top),
                    number(left - right)
                );
            }
        }
        for (level, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
            let colour = Colour::Level(level).fill();
            svg.raw(&format!("<path {colour} shape-rendering=\"crispEdges\" d=\"{path}\"/>"));
        }
    }

    pub(super) fn data(&self) -> Value {
        let columns: Vec<Value> = self
            .columns
            .iter()
            .map(|c| {
                let flat: Vec<u64> =
                    c.cells.iter().flat_map(|(row, count)| [*row as u64, *count]).collect();
                json!([c.from, c.to, flat])
            })
            .collect();
        let edges: Vec<u64> = self.edges.iter().map(|e| e.round() as u64).collect();
        json!({ "edges": edges, "columns": columns })
    }
}
