//! Pictures as static SVG, of our own: a plot (lines, areas, points, heat map) with two axes, a flow, and
//! ratios with their intervals. It knows numbers, units and words, and neither a run nor a page. Each picture reads
//! without style and script; `data` lets the report's script add the read-out, zoom and switches.
//!
//! ```
//! use smppbench::report::chart::{Axis, Colour, Layer, Plot, Point, Shape, Unit};
//! let found = [(1.0, 800.0), (2.0, 1_550.0), (4.0, 2_100.0)];
//! let plot = Plot::new(
//!     "Rate by window",
//!     Axis::log2("window of each bind", Unit::Count, 1.0, 4.0),
//!     Axis::from_zero("messages a second", Unit::Rate, 2_100.0),
//! )
//! .with(Layer {
//!     name: "accepted".into(),
//!     colour: Colour::Series(0),
//!     shape: Shape::Points,
//!     points: found.iter().map(|(window, rate)| Point::at(*window, *rate)).collect(),
//! });
//! let picture = plot.draw();
//! assert!(picture.svg.starts_with("<svg") && !picture.is_empty());
//! ```
mod flow;
mod heat;
mod palette;
mod plot;
mod ratios;
mod scale;
mod series;
mod svg;
#[cfg(test)]
mod tests;

pub use flow::{Flow, FlowNode};
pub use heat::{HeatColumn, HeatMap};
pub use palette::{Colour, LEVELS_COUNT, css};
pub use plot::{Band, Layer, Mark, Picture, Plot, Shading, Shape};
pub use ratios::{RatioRow, Ratios};
pub use scale::{Axis, Scale, Tick, Unit};
pub use series::{Point, stack, thin};
pub use svg::{escape, json_in_script};
