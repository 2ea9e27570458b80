//! The books of a gateway in a document. Addresses and texts are masked unless they may be shown.
use super::super::document::{
    LatencyRow, OrderRow, StatusRow, Table, Through, ThroughExample, TransitInterval,
};
use super::super::escape::{mask_address, mask_text};
use super::figures::latency_row;
use crate::judge::ThroughRatio;
use crate::kit::{Nanos, utc_rfc3339_micros};
use crate::measure::RunRecord;
use crate::measure::through::{
    CarrierTrial, Example, ExampleClass, FieldChange, MarkerUse, Reordering, StatusPair, TRANSITS,
    ThroughRecord,
};
use crate::smpp::CommandStatus;
use crate::smpp::marker::Carrier;

/// The books of a run; None: it was through no gateway.
pub(super) fn through(record: &RunRecord, show_content: bool) -> Option<Through> {
    let through = record.through.as_deref()?;
    let examples = through.examples.all().iter();
    Some(Through {
        marker: marker(&through.marker, show_content),
        answers: through.answers.by(),
        submits: through.submits.clone(),
        receipts: through.receipts.clone(),
        mo: through.mo.clone(),
        probes: through.probes.clone(),
        probe_receipts: through.probe_receipts.clone(),
        fields: through.fields.iter().map(|change| field(change, show_content)).collect(),
        order: through.order.iter().map(order).collect(),
        statuses: through.statuses.iter().map(statuses).collect(),
        examples: examples.map(|of| example(of, through, show_content)).collect(),
        missed_octets: through.missed_octets,
        balanced: through.balanced,
    })
}

/// Transit times by name; empty: the run was through no gateway.
pub(super) fn times(record: &RunRecord) -> Table<Option<LatencyRow>> {
    let Some(through) = record.through.as_deref() else { return Table::default() };
    let row =
        |latency: &crate::measure::Latency| (latency.count() > 0).then(|| latency_row(latency));
    let rows = TRANSITS.iter().map(|of| (of.name.to_owned(), row(through.times.of(of.transit))));
    rows.collect()
}

/// Transit times that ended in a span of time from the start of the load on, by name; empty: there were none.
pub(super) fn between(record: &RunRecord, from: Nanos, to: Nanos) -> Table<TransitInterval> {
    let through = record.through.iter();
    let all = through.flat_map(|through| TRANSITS.iter().map(move |row| (row, &through.times)));
    all.filter_map(|(row, times)| {
        let latency = times.between(row.transit, from, to);
        let [p50, p99] = [0.5, 0.99].map(|q| latency.quantile(q));
        let interval = TransitInterval { count: latency.count(), p50_ns: p50?.0, p99_ns: p99?.0 };
        Some((row.name.to_owned(), interval))
    })
    .collect()
}

/// Shares of what went wrong inside, by name; none: the run was through no gateway.
pub(super) fn ratios(record: &RunRecord) -> impl Iterator<Item = (String, Option<f64>)> + '_ {
    record.through.iter().flat_map(|through| {
        let value = |ratio: ThroughRatio| ratio.of(through.books());
        ThroughRatio::ALL.map(|ratio| (ratio.name().to_owned(), value(ratio)))
    })
}

fn marker(marker: &MarkerUse, show_content: bool) -> MarkerUse {
    let shown = |carrier: Carrier, value: String| match carrier {
        _ if show_content => value,
        Carrier::Text => mask_text(&value),
        Carrier::Source | Carrier::Destination => mask_address(&value),
        Carrier::Tlv | Carrier::UserMessageReference => value,
    };
    let tried = marker.tried.iter().cloned().map(|trial| {
        let carrier = trial.carrier;
        let became = trial.became.map(|(sent, came)| (shown(carrier, sent), shown(carrier, came)));
        CarrierTrial { became, ..trial }
    });
    MarkerUse { used: marker.used.clone(), tried: tried.collect() }
}

/// Whether a field holds an address or a text.
fn is_content(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.ends_with("_addr")
        || matches!(last, "text" | "udh")
        || name.split('.').any(|of| of == "tlv")
}

fn field(change: &FieldChange, show_content: bool) -> FieldChange {
    let name = change.name.rsplit('.').next().unwrap_or_default();
    let shown = |value: &str| match () {
        () if show_content || !is_content(&change.name) => value.to_owned(),
        () if name.ends_with("_addr") => mask_address(value),
        () => mask_text(value),
    };
    FieldChange { sent: shown(&change.sent), came: shown(&change.came), ..change.clone() }
}

fn order(of: &Reordering) -> OrderRow {
    let ratio = (of.messages > 0).then(|| of.reordered as f64 / of.messages as f64);
    OrderRow { by: of.by, messages: of.messages, ratio, extent: of.extent_max }
}

fn statuses(pair: &StatusPair) -> StatusRow {
    let name = |code: u32| {
        CommandStatus(code).name().map_or_else(|| format!("0x{code:08X}"), str::to_owned)
    };
    StatusRow {
        upstream: pair.upstream.map(name),
        front: pair.front.map(name),
        came_out: pair.came_out,
        count: pair.count,
        later_ns: pair.later.map(|later| later.0),
        told_by_receipt: pair.told_by_receipt,
    }
}

fn example(of: &Example, through: &ThroughRecord, show_content: bool) -> ThroughExample {
    let wall = |at: Nanos| utc_rfc3339_micros(through.wall_at_zero_ns.saturating_add(at.0));
    let what = match of.class {
        _ if show_content => of.what.clone(),
        ExampleClass::Altered | ExampleClass::ReceiptAltered | ExampleClass::MoAltered => {
            // the name of the field comes first
            let name = of.what.split(':').next().unwrap_or_default();
            if is_content(name) { format!("{name} changed") } else { of.what.clone() }
        }
        ExampleClass::Unexpected => "none of this run's".to_owned(),
        ExampleClass::Lost
        | ExampleClass::Duplicate
        | ExampleClass::Ghost
        | ExampleClass::WrongUpstream
        | ExampleClass::ReceiptLost
        | ExampleClass::ReceiptDuplicate
        | ExampleClass::ReceiptOtherAccount
        | ExampleClass::ReceiptUnknown
        | ExampleClass::MoLost
        | ExampleClass::MoDuplicate => of.what.clone(),
    };
    ThroughExample {
        class: of.class,
        front_id: of.front_id.clone(),
        upstream_id: of.upstream_id.clone(),
        session: of.session,
        sent_at: wall(of.sent),
        came_at: of.came.map(wall),
        what,
    }
}
