//! Charts of a sweep in closed loop: throughput and latency against the window, or the number of binds.
use super::super::parts::{Figure, Section};
use super::super::time::{duration_axis, line, span_of};
use crate::kit::words;
use crate::report::chart::{Axis, Band, Colour, Layer, Mark, Plot, Point, Shading, Shape, Unit};
use crate::report::model::{Table, beyond};
use crate::search::document::Point as Found;
use crate::search::knee::Usl;
use crate::search::{Kind, Search};

/// What was swept, ascending.
struct Sweep<'s> {
    search: &'s Search,
    /// (window or binds, what was found there).
    found: Vec<(f64, &'s Found)>,
}

pub(super) fn curves(search: &Search, points: Table) -> Section {
    let mut section = Section::new("sweep", "Throughput and latency by load");
    let sweep = Sweep::of(search);
    section.figures = vec![sweep.throughput(), sweep.latency()];
    section.tables.push(points);
    section
}

impl Sweep<'_> {
    fn of(search: &Search) -> Sweep<'_> {
        let swept = |p: &Found| match search.kind {
            Kind::Binds => p.binds as f64,
            Kind::Window | Kind::Rate => p.window as f64,
        };
        let mut found: Vec<(f64, &Found)> = search.points.iter().map(|p| (swept(p), p)).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        Sweep { search, found }
    }

    const fn axis_title(&self) -> &'static str {
        match self.search.kind {
            Kind::Binds => "binds, logarithmic",
            Kind::Window | Kind::Rate => "window of a bind, logarithmic",
        }
    }

    /// A chart with the knee and the limit; None: no point was measured.
    fn plot(&self, title: &str, y: Axis) -> Option<Plot> {
        let (first, last) = (self.found.first()?.0, self.found.last()?.0);
        let limit = self.search.limit.as_ref().map(|limit| limit.value as f64);
        let limit = limit.filter(|limit| *limit > 0.0);
        let high = limit.map_or(last, |limit| limit.max(last));
        let low = limit.map_or(first, |limit| limit.min(first));
        let mut plot = Plot::new(title, Axis::log2(self.axis_title(), Unit::Count, low, high), y);
        if let Some(knee) = &self.search.knee {
            let (name, shading) = (String::new(), Shading::Grey);
            plot.bands.push(Band { from: knee.low, to: knee.high, name, shading });
            let name = format!("knee {:.1}", knee.value);
            plot.marks.push(Mark { x: knee.value, name, colour: Colour::Series(3) });
        }
        if let Some(limit) = limit {
            let name = format!("limit {}", words::count(limit as u64));
            plot.marks.push(Mark { x: limit, name, colour: Colour::Bad });
        }
        plot.marks.sort_by(|a, b| a.x.total_cmp(&b.x));
        Some(plot)
    }

    fn caption(&self, says: &str) -> String {
        let mut caption = says.to_owned();
        if self.search.knee.is_some() {
            caption += " Knee: the load from which more brings no more throughput (shaded: its 95 % interval).";
        }
        if let Some(limit) = &self.search.limit {
            caption += &format!(" Limit: the SMSC enforces {}; ", words::count(limit.value));
            caption += &beyond(limit);
            caption += ".";
        }
        caption
    }

    fn throughput(&self) -> Figure {
        let (id, title) = ("throughput", "Throughput");
        let of = |limited: bool| -> Vec<Point> {
            let found = self.found.iter().filter(|(_, p)| p.harness_limited == limited);
            found.map(|(n, p)| interval(*n, p)).collect()
        };
        let all = self.found.iter().map(|(n, p)| Point::at(*n, p.throughput)).collect();
        let points = |name: &str, colour: Colour, points: Vec<Point>| {
            let (name, shape) = (name.to_owned(), Shape::Points);
            Layer { name, colour, shape, points }
        };
        let mut layers = vec![
            line("accepted a second", Colour::Series(0), all),
            points("its 95 % interval", Colour::Series(0), of(false)),
            points("its 95 % interval; the harness was the limit", Colour::Warn, of(true)),
        ];
        layers.extend(self.search.usl.as_ref().and_then(|usl| self.law(usl)));
        layers.retain(|layer| !layer.points.is_empty());
        let high = span_of(&layers).map_or(0.0, |span| span.1);
        let y = Axis::from_zero("accepted a second", Unit::Rate, high);
        let law = if self.search.usl.is_some() {
            " Dashed curve: the scalability law, fitted to the points: throughput grows with the load until messages wait for one \
             another, and falls where they also have to be coordinated."
        } else {
            ""
        };
        let says = self.caption(&format!("Closed loop: each answer starts the next message.{law}"));
        self.figure(id, title, &says, layers, Some(y))
    }

    /// The universal scalability law over the measured loads; beyond them it would be a guess.
    fn law(&self, usl: &Usl) -> Option<Layer> {
        const STEPS: u32 = 60;
        let (low, high) = (self.found.first()?.0, self.found.last()?.0);
        let at = |step: u32| {
            let n = low * (high / low).powf(f64::from(step) / f64::from(STEPS));
            let held = 1.0 + usl.sigma * (n - 1.0) + usl.kappa * n * (n - 1.0);
            Point::at(n, usl.lambda * n / held)
        };
        Some(Layer {
            name: "scalability law".to_owned(),
            colour: Colour::Muted,
            shape: Shape::Dashed,
            points: (0..=STEPS).map(at).collect(),
        })
    }

    fn latency(&self) -> Figure {
        let (id, title) = ("latency", "Service time");
        let layer = |name: &str, colour: Colour, value: fn(&Found) -> Option<u64>| {
            let point = |(n, p): &(f64, &Found)| match value(p) {
                Some(ns) => Point::at(*n, ns as f64),
                None => Point::gap(*n),
            };
            line(name, colour, self.found.iter().map(point).collect())
        };
        let mut layers = vec![
            layer("p99", Colour::Series(1), |p| p.service_p99_ns),
            layer("mean", Colour::Series(0), |p| p.service_mean_ns),
        ];
        layers.retain(|layer| layer.points.iter().any(|p| p.span.is_some()));
        let y = duration_axis("service time, logarithmic", &layers);
        let says =
            self.caption("From the actual send to the answer. A closed loop has no intended send.");
        self.figure(id, title, &says, layers, y)
    }

    fn figure(
        &self,
        id: &'static str,
        title: &str,
        says: &str,
        layers: Vec<Layer>,
        y: Option<Axis>,
    ) -> Figure {
        let plot = y.and_then(|y| self.plot(title, y));
        let picture = plot.map(|plot| plot.with_layers(layers).draw());
        Figure::new(id, title, says, picture, "No load was measured.")
    }
}

/// Throughput with its 95 % interval, at least 0.
fn interval(n: f64, p: &Found) -> Point {
    const NORMAL_95: f64 = 1.96;
    let half = (p.throughput * p.error * NORMAL_95).min(p.throughput);
    Point::between(n, p.throughput - half, p.throughput + half)
}
