//! The books of a gateway in a document. Addresses and texts are masked unless they may be shown.
use super::super::document::{LatencyRow, OrderRow, StatusRow, Table, Through, ThroughExample};
use super::super::escape::{mask_address, mask_text};
use super::figures::latency_row;
use crate::judge::ThroughRatio;
use crate::kit::utc_rfc3339_micros;
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

/// Shares of what went wrong inside, by name; none: the run was through no gateway.
pub(super) fn ratios(record: &RunRecord) -> impl Iterator<Item = (String, Option<f64>)> + '_ {
    record.through.iter().flat_map(|through| {
        ThroughRatio::ALL.map(|ratio| (ratio.name().to_owned(), ratio.of(through)))
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

fn field(change: &FieldChange, show_content: bool) -> FieldChange {
    let name = change.name.rsplit('.').next().unwrap_or_default();
    let is_plain = name.ends_with("_ton") || name.ends_with("_npi");
    let shown = |value: &str| match () {
        () if show_content || is_plain => value.to_owned(),
        () if name.ends_with("_addr") => mask_address(value),
        () if name == "text" || name == "udh" || change.name.contains(".tlv.") => mask_text(value),
        () => value.to_owned(),
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
        count: pair.count,
        later_ns: pair.later.map(|later| later.0),
        told_by_receipt: pair.told_by_receipt,
    }
}

fn example(of: &Example, through: &ThroughRecord, show_content: bool) -> ThroughExample {
    let wall =
        |at: crate::kit::Nanos| utc_rfc3339_micros(through.wall_at_zero_ns.saturating_add(at.0));
    let what = match of.class {
        _ if show_content => of.what.clone(),
        // the name of the field comes first
        ExampleClass::Altered | ExampleClass::ReceiptAltered | ExampleClass::MoAltered => {
            format!("{} changed", of.what.split(':').next().unwrap_or_default())
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
