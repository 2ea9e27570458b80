//! What a drawing must hold, whatever it draws.
use super::*;

fn layer(shape: Shape, points: Vec<Point>) -> Layer {
    Layer { name: "a".into(), colour: Colour::Series(0), shape, points }
}

fn plot() -> Plot {
    let y = Axis::from_zero("messages a second", Unit::Rate, 10.0);
    Plot::new("t", Axis::elapsed(0.0, 10.0), y)
}

#[test]
fn a_value_stands_where_its_axes_say() {
    let points = vec![Point::at(0.0, 0.0), Point::at(5.0, 5.0), Point::at(10.0, 10.0)];
    let picture = plot().with(layer(Shape::Line, points)).draw();
    // the inner drawing is 534 by 206, its origin at the top left
    assert!(picture.svg.contains("viewBox=\"0 0 534 206\""));
    assert!(picture.svg.contains("d=\"M0 206h0L267 103L534 0\""), "{}", picture.svg);
    assert_eq!(picture.data["series"][0]["v"], serde_json::json!([0, 5, 10]));
    assert_eq!(picture.data["series"][0]["x"], serde_json::json!({ "from": 0.0, "step": 5.0 }));
}

#[test]
fn a_gap_breaks_the_line_and_a_point_alone_is_a_dot() {
    let points = vec![Point::at(0.0, 5.0), Point::gap(5.0), Point::at(10.0, 5.0)];
    let picture = plot().with(layer(Shape::Line, points)).draw();
    assert!(picture.svg.contains("d=\"M0 103h0M534 103h0\""), "{}", picture.svg);
    assert_eq!(picture.data["series"][0]["v"], serde_json::json!([5, null, 5]));
}

#[test]
fn both_extremes_of_a_point_are_drawn_and_read_out() {
    let points = vec![Point::between(0.0, 2.0, 8.0), Point::at(10.0, 8.0)];
    let picture = plot().with(layer(Shape::Line, points)).draw();
    assert!(picture.svg.contains("164.8") && picture.svg.contains("41.2"), "{}", picture.svg);
    assert_eq!(picture.data["series"][0]["w"], serde_json::json!([8, 8]));
}

#[test]
fn a_picture_without_a_value_says_that_it_is_empty() {
    assert!(plot().draw().is_empty());
    assert!(plot().with(layer(Shape::Line, vec![Point::gap(1.0)])).draw().is_empty());
    assert!(!plot().with(layer(Shape::Area, vec![Point::at(1.0, 1.0)])).draw().is_empty());
}

#[test]
fn no_drawing_has_an_inline_style_or_an_unescaped_name() {
    let mut plot = plot().with(layer(Shape::Points, vec![Point::between(1.0, 1.0, 2.0)]));
    plot.title = "</svg><script>".into();
    plot.bands.push(Band { from: 0.0, to: 9.0, name: "<b>\u{1b}".into(), shading: Shading::Grey });
    plot.marks.push(Mark { x: 3.0, name: "\"<i>".into(), colour: Colour::Bad });
    let whole = FlowNode::new("<u>", 3, Colour::Series(0)).with_parts([FlowNode::new(
        "&",
        3,
        Colour::Good,
    )]);
    let flow = Flow { title: "f".into(), headings: vec!["<h>".into()], whole };
    for svg in [plot.draw().svg, flow.draw().svg] {
        assert!(!svg.contains("style="), "{svg}");
        for tag in ["<script", "<b>", "<i>", "<u>", "<h>", "\u{1b}"] {
            assert!(!svg.contains(tag), "{tag} in {svg}");
        }
    }
}

#[test]
fn a_heat_map_puts_few_and_many_on_different_levels() {
    let cells = vec![(0, 1), (1, 1_000), (2, 30)];
    let columns = vec![HeatColumn { from: 0.0, to: 5.0, cells }];
    let heat = HeatMap { edges: vec![1.0, 2.0, 4.0, 10.0], columns };
    assert_eq!(heat.levels()[0], 1);
    assert_eq!(heat.most(), 1_000);
    let plot = Plot { heat: Some(heat), ..plot() };
    let picture = plot.draw();
    for level in ["f-h0", "f-h3", "f-h6"] {
        assert!(picture.svg.contains(level), "{level}");
    }
    assert!(!picture.is_empty());
}

#[test]
fn a_flow_shows_every_part_that_is_not_nothing() {
    let parts = [
        FlowNode::new("accepted", 990, Colour::Series(2)),
        FlowNode::new("rejected", 10, Colour::Bad),
        FlowNode::new("lost", 0, Colour::Bad),
    ];
    let whole = FlowNode::new("written", 1_000, Colour::Series(0)).with_parts(parts);
    let svg = Flow { title: "f".into(), headings: vec!["wire".into()], whole }.draw().svg;
    assert!(svg.contains(">990<") && svg.contains(">10<") && svg.contains(">1,000<"));
    assert!(svg.contains("10 rejected: 1 % of 1,000 written"));
    assert!(!svg.contains("lost"));
}

#[test]
fn ratios_stand_on_one_axis_with_their_intervals() {
    let axis = Axis::between("candidate against base", Unit::Share, 0.9, 1.2);
    let row = RatioRow {
        name: "response.p99".into(),
        says: "110 % (105 % to 115 %)".into(),
        low: 1.05,
        value: 1.1,
        high: 1.15,
        colour: Colour::Bad,
    };
    let title = "ratios".into();
    let picture = Ratios { title, axis, equal: 1.0, band: (0.98, 1.02), rows: vec![row] }.draw();
    assert!(picture.svg.contains("response.p99") && !picture.is_empty());
    assert!(picture.svg.contains(">100 %<"));
}

#[test]
fn names_that_do_not_fit_their_band_are_left_out_and_those_for_a_desk_are_marked() {
    let mut plot = plot().with(layer(Shape::Line, vec![Point::at(1.0, 1.0)]));
    let band = |from: f64, to: f64, name: &str| Band {
        from,
        to,
        name: name.into(),
        shading: Shading::Plain,
    };
    plot.bands = vec![band(0.0, 0.2, "tiny"), band(0.2, 1.9, "warm-up 1"), band(2.0, 10.0, "hold")];
    let svg = plot.draw().svg;
    assert!(!svg.contains(">tiny<"));
    assert!(svg.contains("class=\"words title desk\">warm-up 1<"), "{svg}");
    assert!(svg.contains("class=\"words title\">hold<"));
}
