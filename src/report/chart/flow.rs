//! A flow chart: a count and the parts that it divides into, from left to right, each as high as its count.
use super::palette::Colour;
use super::plot::Picture;
use super::svg::{Anchor, Svg, escape, number};
use crate::kit::words;
use serde_json::Value;

const WIDTH: f64 = 640.0;
const TOP: f64 = 40.0;
/// How high the whole is.
const WHOLE: f64 = 190.0;
/// Room for a name and a count, one under the other, in a phone's letters.
const SLOT: f64 = 52.0;
const NODE: f64 = 8.0;
/// The thinnest that can be seen.
const THINNEST: f64 = 1.5;

/// A count and the parts that it divides into.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowNode {
    /// What is counted.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Its colour.
    pub colour: Colour,
    /// Its parts, top to bottom in this order: the first continues straight to the right, the others bend down.
    pub parts: Vec<FlowNode>,
}

impl FlowNode {
    /// A node without parts.
    pub fn new(name: impl Into<String>, count: u64, colour: Colour) -> FlowNode {
        FlowNode { name: name.into(), count, colour, parts: Vec::new() }
    }

    /// Sets the parts; parts that count 0 are left out.
    #[must_use]
    pub fn with_parts(mut self, parts: impl IntoIterator<Item = FlowNode>) -> FlowNode {
        self.parts = parts.into_iter().filter(|part| part.count > 0).collect();
        self
    }

    fn depth(&self) -> usize {
        1 + self.parts.iter().map(FlowNode::depth).max().unwrap_or(0)
    }
}

/// A flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// What it shows: the name of the drawing.
    pub title: String,
    /// One heading for each step of the division.
    pub headings: Vec<String>,
    /// The whole.
    pub whole: FlowNode,
}

struct FlowDrawer {
    ribbons: String,
    nodes: Vec<(f64, f64, f64, Colour)>,
    names: Vec<(f64, f64, String, u64)>,
    scale: f64,
    column: f64,
}

impl FlowDrawer {
    fn thickness(&self, count: u64) -> f64 {
        (count as f64 * self.scale).max(THINNEST)
    }

    /// Draws the node with its top at `y`; returns the lowest y that it and its parts use.
    fn draw_node(&mut self, node: &FlowNode, depth: usize, y: f64) -> f64 {
        let x = 6.0 + depth as f64 * self.column;
        let thick = self.thickness(node.count);
        self.nodes.push((x, y, thick, node.colour));
        self.names.push((x + NODE + 6.0, y, node.name.clone(), node.count));
        let (mut from, mut to) = (y, y);
        for part in &node.parts {
            let thick = self.thickness(part.count);
            self.ribbon(node, part, (x + NODE, from), (x + self.column, to), thick);
            from += part.count as f64 * self.scale;
            to = self.draw_node(part, depth + 1, to) + 6.0;
        }
        (y + thick).max(y + SLOT).max(to)
    }

    fn ribbon(
        &mut self,
        whole: &FlowNode,
        part: &FlowNode,
        a: (f64, f64),
        b: (f64, f64),
        thick: f64,
    ) {
        let half = (a.0 + b.0) / 2.0;
        let share = words::percent(part.count as f64 / whole.count.max(1) as f64);
        let says = format!(
            "{} {}: {share} of {} {}",
            words::count(part.count),
            part.name,
            words::count(whole.count),
            whole.name
        );
        let [half, ax, bx] = [half, a.0, b.0].map(number);
        let [ay, by, ay2, by2] = [a.1, b.1, a.1 + thick, b.1 + thick].map(number);
        self.ribbons += &format!(
            "<path {} fill-opacity=\"0.28\" d=\"M{ax} {ay}C{half} {ay} {half} {by} {bx} {by}V{by2}\
             C{half} {by2} {half} {ay2} {ax} {ay2}z\"><title>{}</title></path>",
            part.colour.fill(),
            escape(&says)
        );
    }
}

impl Flow {
    /// Draws it.
    pub fn draw(&self) -> Picture {
        let columns = self.whole.depth().max(self.headings.len()).max(1);
        let mut drawer = FlowDrawer {
            ribbons: String::new(),
            nodes: Vec::new(),
            names: Vec::new(),
            scale: WHOLE / self.whole.count.max(1) as f64,
            column: (WIDTH - 8.0) / columns as f64,
        };
        let bottom = drawer.draw_node(&self.whole, 0, TOP);
        let mut svg = Svg::open(WIDTH, bottom + 6.0, &self.title);
        for (place, heading) in self.headings.iter().enumerate() {
            let x = 6.0 + place as f64 * drawer.column;
            svg.words((x, 20.0), Anchor::Start, "title", heading);
        }
        svg.raw(&drawer.ribbons);
        for (x, y, thick, colour) in &drawer.nodes {
            svg.rect((*x, *y), (NODE, *thick), *colour, "");
        }
        for (x, y, name, count) in &drawer.names {
            svg.words((*x, y + 18.0), Anchor::Start, "", name);
            svg.words((*x, y + 41.0), Anchor::Start, "strong", &words::count(*count));
        }
        let shown = if self.whole.count > 0 { drawer.nodes.len() } else { 0 };
        Picture::new(svg.close(), Value::Null, shown)
    }
}
