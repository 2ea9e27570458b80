//! The figures at the top of a report, each with the gates that hold it.
use super::note::Withheld;
use super::summary::HeadFigure;
use super::{receipts_asked, tables};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::document::Document;

/// p50 and p99 from the planned time, or from the send where those are withheld.
pub(super) fn times(d: &Document) -> Vec<HeadFigure> {
    let accepted = [
        ("response", Metric::Response, "accepted"),
        ("service", Metric::Service, "accepted, from the send,"),
    ];
    let receipts = [
        ("receipt", Metric::Receipt, "receipts"),
        ("receipt_from_write", Metric::ReceiptFromWrite, "receipts, from the send,"),
    ];
    let receipts = if receipts_asked(d) > 0 { &receipts[..] } else { &[] };
    let first = |metrics: &[(&'static str, Metric, &'static str)]| {
        metrics.iter().copied().find_map(|(name, metric, title)| {
            let row = d.latency.get(name)?.as_ref()?;
            let shown = Withheld::metric(&d.verdict, metric).is_none() && row.count > 0;
            shown.then_some((name, title, row))
        })
    };
    let rows = [first(&accepted), first(receipts)].into_iter().flatten();
    rows.flat_map(|(metric, title, row)| {
        ["p50", "p99"].map(|percentile| {
            let figure = tables::percentile(row, percentile).to_string();
            let against = against(d, &format!("{metric}.{percentile}"), &figure);
            HeadFigure { name: format!("{title} {percentile}"), figure, against }
        })
    })
    .collect()
}

/// Rates by their names.
pub(super) fn rates(d: &Document, rates: Vec<(String, f64)>) -> Vec<HeadFigure> {
    let figure = |(name, rate): (String, f64)| HeadFigure {
        against: against(d, &format!("rate.{name}"), &words::rate(rate)),
        figure: words::rate(rate),
        name,
    };
    rates.into_iter().map(figure).collect()
}

/// What a figure was compared with. A gate decided on another figure than the one shown says so.
fn against(d: &Document, name: &str, figure: &str) -> String {
    let gates = d.gates.iter().filter(|gate| gate.name == name);
    let says = gates.map(|gate| {
        let why = gate.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        let of = gate.shows();
        let of = if of == figure { String::new() } else { format!(", of {of}") };
        format!("gate {}: {}{of}{why}", gate.expression, gate.word())
    });
    says.collect::<Vec<_>>().join("; ")
}
