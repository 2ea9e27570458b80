//! A chart with two axes. An inner drawing has everything that moves with the zoom, so that a script only moves its
//! view; lines keep their width.
use super::heat::HeatMap;
use super::palette::Colour;
use super::scale::{Axis, Scale};
use super::series::Point;
use super::svg::{Anchor, Svg, number, width};
use serde_json::{Value, json};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 310.0;
const LEFT: f64 = 86.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 58.0;
const INNER: (f64, f64) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);

/// How a layer is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line through the values; where a point spans some, through both.
    Line,
    /// The same, broken: a plan, a bound.
    Dashed,
    /// Filled from the lower to the upper value of each point, as [`super::stack`] makes them.
    Area,
    /// A dot at the middle of each span, with a whisker over it.
    Points,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// As the legend names it.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// How it is drawn.
    pub shape: Shape,
    /// Its values, ascending in `x`.
    pub points: Vec<Point>,
}

/// A span of the first axis with a name: a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Start.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Its name; empty: none is written.
    pub name: String,
    /// What it is shaded for.
    pub shading: Shading,
}

/// Why a band is shaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shading {
    /// It is not.
    Plain,
    /// It is not measured, or only pointed out.
    Grey,
    /// Something was broken on purpose.
    Event,
}

/// A place on the first axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where.
    pub x: f64,
    /// Written above it; empty: nothing is.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
}

/// A picture with two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What it shows: the name of the drawing.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// Behind all.
    pub bands: Vec<Band>,
    /// In front of the bands.
    pub heat: Option<HeatMap>,
    /// The series, the first at the back.
    pub layers: Vec<Layer>,
    /// In front.
    pub marks: Vec<Mark>,
}

/// A drawn picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The drawing.
    pub svg: String,
    /// What the script reads out.
    pub data: Value,
    /// (name, drawing of its line or patch), in the order of the layers. Not escaped.
    pub legend: Vec<(String, String)>,
    /// Layers and cells that have a value.
    marks_count: usize,
}

impl Picture {
    /// Whether it shows nothing; leave it out then and give the reason.
    pub fn is_empty(&self) -> bool {
        self.marks_count == 0
    }

    pub(super) fn new(svg: String, data: Value, marks_count: usize) -> Picture {
        Picture { svg, data, legend: Vec::new(), marks_count }
    }
}

impl Plot {
    /// An empty one.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Plot {
        let title = title.into();
        let (bands, layers, marks) = (Vec::new(), Vec::new(), Vec::new());
        Plot { title, x, y, bands, heat: None, layers, marks }
    }

    /// The same with one more series in front.
    #[must_use]
    pub fn with(mut self, layer: Layer) -> Plot {
        self.layers.push(layer);
        self
    }

    /// The same with these series in front.
    #[must_use]
    pub fn with_layers(mut self, layers: Vec<Layer>) -> Plot {
        self.layers.extend(layers);
        self
    }

    /// Draws it.
    pub fn draw(&self) -> Picture {
        let mut svg = Svg::open(WIDTH, HEIGHT, &self.title);
        self.grid(&mut svg);
        svg.raw(&format!(
            "<svg class=\"view\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" \
             preserveAspectRatio=\"none\">",
            INNER.0, INNER.1, INNER.0, INNER.1
        ));
        for band in &self.bands {
            let (from, to) = (self.across(band.from), self.across(band.to));
            // an event that is over at once is seen too
            const NARROWEST: f64 = 2.0;
            let (width, colour, more) = match band.shading {
                Shading::Plain => continue,
                Shading::Grey => (to - from, Colour::Shade, "opacity=\"0.75\""),
                Shading::Event => ((to - from).max(NARROWEST), Colour::Bad, "opacity=\"0.3\""),
            };
            svg.rect((from, 0.0), (width, INNER.1), colour, more);
        }
        if let Some(heat) = &self.heat {
            heat.draw(&mut svg, &self.x, &self.y, INNER);
        }
        for (number, layer) in self.layers.iter().enumerate() {
            svg.raw(&format!("<g class=\"layer\" data-layer=\"{number}\">"));
            self.layer(&mut svg, layer);
            svg.raw("</g>");
        }
        for mark in &self.marks {
            let x = self.across(mark.x);
            let more = "stroke-width=\"1.2\" stroke-dasharray=\"5 4\" vector-effect=\"non-scaling-stroke\"";
            svg.line((x, 0.0), (x, INNER.1), mark.colour, more);
        }
        svg.raw("</svg>");
        self.names(&mut svg);
        svg.line((LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM), Colour::Muted, "");
        svg.raw("<g class=\"across\">");
        self.ticks_across(&mut svg);
        svg.raw("</g>");
        let cells = self.heat.as_ref().map_or(0, |h| h.columns.iter().map(|c| c.cells.len()).sum());
        let values = self.layers.iter().filter(|l| l.points.iter().any(|p| p.span.is_some()));
        Picture {
            legend: self.layers.iter().map(|l| (l.name.clone(), swatch(l))).collect(),
            data: self.data(),
            marks_count: values.count() + cells,
            svg: svg.close(),
        }
    }

    fn across(&self, value: f64) -> f64 {
        self.x.place(value) * INNER.0
    }

    fn down(&self, value: f64) -> f64 {
        (1.0 - self.y.place(value)) * INNER.1
    }

    fn grid(&self, svg: &mut Svg) {
        svg.words((4.0, 18.0), Anchor::Start, "title", &self.y.title);
        for tick in self.y.ticks() {
            let y = TOP + (1.0 - tick.place) * INNER.1;
            svg.line((LEFT, y), (WIDTH - RIGHT, y), Colour::Grid, "");
            svg.words((LEFT - 8.0, y + 4.5), Anchor::End, "", &tick.label);
        }
        svg.words((WIDTH - RIGHT, HEIGHT - 8.0), Anchor::End, "title", &self.x.title);
    }

    fn ticks_across(&self, svg: &mut Svg) {
        let y = HEIGHT - BOTTOM;
        let mut row = LabelRow::new(LEFT - 40.0, WIDTH);
        for tick in self.x.ticks() {
            let x = LEFT + tick.place * INNER.0;
            svg.line((x, y), (x, y + 5.0), Colour::Muted, "");
            row.put(svg, (x, y + 23.0), Anchor::Middle, "", &tick.label);
        }
    }

    /// Names of bands above the plot, names of marks above those, right of the axis's title: those that fit.
    fn names(&self, svg: &mut Svg) {
        svg.raw("<g class=\"names\">");
        for band in self.bands.iter().filter(|band| !band.name.is_empty()) {
            let (from, to) = (LEFT + self.across(band.from), LEFT + self.across(band.to));
            // the last may reach into the margin
            let end = if to < WIDTH - RIGHT - 1.0 { to } else { WIDTH };
            let mut row = LabelRow::new(from, end);
            row.put(svg, (from + 2.0, TOP - 7.0), Anchor::Start, "title", &band.name);
        }
        let (desk, phone) = width(&self.y.title);
        let mut row = LabelRow { desk: desk + 12.0, phone: phone + 12.0, end: WIDTH };
        for mark in self.marks.iter().filter(|mark| !mark.name.is_empty()) {
            let x = LEFT + self.across(mark.x);
            let anchor = if x < WIDTH * 0.7 { Anchor::Start } else { Anchor::End };
            row.put(svg, (x, 18.0), anchor, "", &mark.name);
        }
        svg.raw("</g>");
    }

    fn layer(&self, svg: &mut Svg, layer: &Layer) {
        match layer.shape {
            Shape::Line | Shape::Dashed => {
                let dash = match layer.shape {
                    Shape::Dashed => " stroke-dasharray=\"6 4\"",
                    Shape::Line | Shape::Area | Shape::Points => "",
                };
                let path = self.path(&layer.points);
                svg.raw(&format!(
                    "<path fill=\"none\" {} stroke-width=\"1.7\" stroke-linejoin=\"round\" \
                     stroke-linecap=\"round\" vector-effect=\"non-scaling-stroke\"{dash} d=\"{path}\"/>",
                    layer.colour.stroke()
                ));
            }
            Shape::Area => {
                let path = self.outline(&layer.points);
                svg.raw(&format!("<path {} d=\"{path}\"/>", layer.colour.fill()));
            }
            Shape::Points => {
                let (mut dots, mut whiskers) = (String::new(), String::new());
                for (x, span) in layer.points.iter().filter_map(|p| Some((p.x, p.span?))) {
                    let (x, low, high) =
                        (number(self.across(x)), self.down(span.0), self.down(span.1));
                    dots += &format!("M{x} {}h0", number((low + high) / 2.0));
                    if span.0 != span.1 {
                        whiskers += &format!("M{x} {}V{}", number(low), number(high));
                    }
                }
                for (path, thick) in [(whiskers, "1.4"), (dots, "6")] {
                    if !path.is_empty() {
                        svg.raw(&format!(
                            "<path fill=\"none\" {} stroke-width=\"{thick}\" stroke-linecap=\"round\" \
                             vector-effect=\"non-scaling-stroke\" d=\"{path}\"/>",
                            layer.colour.stroke()
                        ));
                    }
                }
            }
        }
    }

    /// Through all values, broken at gaps. A flat stretch is two points.
    fn path(&self, points: &[Point]) -> String {
        let mut path = String::new();
        for run in points.split(|p| p.span.is_none()) {
            let mut places: Vec<(String, String)> = Vec::new();
            let mut last = f64::INFINITY;
            for (x, (low, high)) in run.iter().filter_map(|p| Some((p.x, p.span?))) {
                let x = number(self.across(x));
                // the nearer extreme first, so that the line does not cross itself
                let ends = if (last - low).abs() <= (last - high).abs() {
                    [low, high]
                } else {
                    [high, low]
                };
                let count = if low == high { 1 } else { 2 };
                for end in &ends[..count] {
                    let place = (x.clone(), number(self.down(*end)));
                    let flat =
                        matches!(places.as_slice(), [.., a, b] if a.1 == place.1 && b.1 == place.1);
                    if flat {
                        places.pop();
                    }
                    places.push(place);
                }
                last = ends[count - 1];
            }
            for (number, (x, y)) in places.iter().enumerate() {
                // "h0": a point alone is a dot
                path += &if number == 0 { format!("M{x} {y}h0") } else { format!("L{x} {y}") };
            }
        }
        path
    }

    fn outline(&self, points: &[Point]) -> String {
        let mut path = String::new();
        for run in points.split(|p| p.span.is_none()) {
            let edge = |upper: bool| {
                run.iter().filter_map(move |p| {
                    let (low, high) = p.span?;
                    let y = self.down(if upper { high } else { low });
                    Some(format!("{} {}", number(self.across(p.x)), number(y)))
                })
            };
            let all: Vec<String> =
                edge(true).chain(edge(false).collect::<Vec<_>>().into_iter().rev()).collect();
            if !all.is_empty() {
                path += &format!("M{}z", all.join("L"));
            }
        }
        path
    }

    fn data(&self) -> Value {
        let axis = |axis: &Axis| {
            let scale = match axis.scale {
                Scale::Linear => "linear",
                Scale::Log10 | Scale::Log2 => "log",
                Scale::Tail => "tail",
            };
            json!([axis.low, axis.high, scale, axis.unit.name(), words_of(&axis.title)])
        };
        let series: Vec<Value> = self.layers.iter().map(|l| self.series(l)).collect();
        json!({
            "box": [LEFT, TOP, INNER.0, INNER.1],
            "x": axis(&self.x),
            "y": axis(&self.y),
            "series": series,
            "heat": self.heat.as_ref().map(HeatMap::data),
        })
    }

    fn series(&self, layer: &Layer) -> Value {
        let value = |pick: fn((f64, f64)) -> f64| -> Vec<Value> {
            layer.points.iter().map(|p| p.span.map_or(Value::Null, |s| brief(pick(s)))).collect()
        };
        let mut row = json!({ "name": words_of(&layer.name), "x": places(&layer.points) });
        match layer.shape {
            Shape::Area => row["v"] = value(|s| s.1 - s.0).into(),
            Shape::Line | Shape::Dashed | Shape::Points => {
                row["v"] = value(|s| s.0).into();
                if layer.points.iter().any(|p| p.span.is_some_and(|s| s.0 != s.1)) {
                    row["w"] = value(|s| s.1).into();
                }
            }
        }
        row
    }
}

fn words_of(name: &str) -> String {
    crate::report::printable(name)
}

/// Where the points are: [first, step] where they are evenly apart, else all of them.
fn places(points: &[Point]) -> Value {
    if let [first, second, ..] = points {
        let step = second.x - first.x;
        let even = |(n, p): (usize, &Point)| (p.x - first.x - n as f64 * step).abs() <= step / 2.0;
        if points.len() > 2 && step > 0.0 && points.iter().enumerate().all(even) {
            return json!({ "from": first.x, "step": step });
        }
    }
    points.iter().map(|p| brief(p.x)).collect::<Vec<_>>().into()
}

/// A number to five digits, the shortest way.
fn brief(value: f64) -> Value {
    if value == 0.0 || !value.is_finite() {
        return json!(0);
    }
    const DIGITS: i32 = 5;
    let places = DIGITS - 1 - value.abs().log10().floor() as i32;
    if places <= 0 {
        return json!(value.round() as i64);
    }
    let unit = 10f64.powi(places);
    let rounded = (value * unit).round() / unit;
    if rounded.fract() == 0.0 { json!(rounded as i64) } else { json!(rounded) }
}

fn swatch(layer: &Layer) -> String {
    let mark = match layer.shape {
        Shape::Line => {
            format!(
                "<line x1=\"1\" y1=\"6\" x2=\"21\" y2=\"6\" {} stroke-width=\"2.4\"/>",
                layer.colour.stroke()
            )
        }
        Shape::Dashed => format!(
            "<line x1=\"1\" y1=\"6\" x2=\"21\" y2=\"6\" {} stroke-width=\"2.4\" stroke-dasharray=\"5 3\"/>",
            layer.colour.stroke()
        ),
        Shape::Area => {
            format!("<rect x=\"4\" y=\"0\" width=\"14\" height=\"12\" {}/>", layer.colour.fill())
        }
        Shape::Points => format!("<circle cx=\"11\" cy=\"6\" r=\"4\" {}/>", layer.colour.fill()),
    };
    format!("<svg class=\"swatch\" width=\"22\" height=\"12\" aria-hidden=\"true\">{mark}</svg>")
}

/// Words side by side that must not touch: what fits only in the smaller size of a desk is hidden on a phone.
struct LabelRow {
    desk: f64,
    phone: f64,
    end: f64,
}

impl LabelRow {
    fn new(from: f64, end: f64) -> LabelRow {
        LabelRow { desk: from, phone: from, end }
    }

    fn put(&mut self, svg: &mut Svg, place: (f64, f64), anchor: Anchor, class: &str, label: &str) {
        const GAP: f64 = 7.0;
        let (desk, phone) = width(label);
        let fits = |width: f64, taken: f64| {
            let left = place.0 - anchor.offset(width);
            left >= taken && left + width <= self.end
        };
        if !fits(desk, self.desk) {
            return;
        }
        let on_phone = fits(phone, self.phone);
        let only = if on_phone { "" } else { " desk" };
        svg.words(place, anchor, &format!("{class}{only}"), label);
        self.desk = place.0 - anchor.offset(desk) + desk + GAP;
        if on_phone {
            self.phone = place.0 - anchor.offset(phone) + phone + GAP;
        }
    }
}
