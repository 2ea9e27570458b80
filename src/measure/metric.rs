//! The table of latency metrics, one row each. The name of a metric is its path in result.json, and is also used in
//! gates, tables, CSV and comparisons. A new metric is a new row.

/// A latency that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Metric {
    /// answered − intended.
    Response,
    /// answered − written.
    Service,
    /// slot_free − intended.
    WindowWait,
    /// offered − slot_free.
    HarnessLag,
    /// written − offered.
    WriteWait,
    /// answered − written, of rejected submit_sm; all others are of accepted ones.
    Rejected,
    /// receipted − intended.
    Receipt,
    /// receipted − written.
    ReceiptFromWrite,
    /// receipted − answered, where the response came first.
    ReceiptAfterResponse,
    /// answered − receipted, where the receipt came first.
    ReceiptBeforeResponse,
    /// bind_* written to bind_*_resp.
    Bind,
    /// enquire_link written to enquire_link_resp.
    EnquireLink,
    /// deliver_sm read to deliver_sm_resp written.
    DeliverAck,
    /// End of the TCP connect to end of the TLS handshake, once a connection.
    TlsHandshake,
    /// A deliver_sm that was refused or not answered, to its redelivery.
    Redelivery,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct MetricRow {
    /// The metric.
    pub metric: Metric,
    /// Its path under `latency` in result.json.
    pub name: &'static str,
    /// Its title in text and HTML.
    pub title: &'static str,
    /// Its explanation for "reading a report".
    pub says: &'static str,
    /// Whether it is recorded per message, and so per group; else once for the run.
    pub per_message: bool,
}

const fn row(
    metric: Metric,
    name: &'static str,
    title: &'static str,
    says: &'static str,
    per_message: bool,
) -> MetricRow {
    MetricRow { metric, name, title, says, per_message }
}

/// Every latency metric, in the order of [`Metric`]'s numbers.
pub const LATENCY_METRICS: [MetricRow; 15] = [
    row(
        Metric::Response,
        "response",
        "response time (from intended send)",
        "what a sender that keeps to its plan experiences",
        true,
    ),
    row(
        Metric::Service,
        "service",
        "service time (from actual send)",
        "what the SMSC and the wire took",
        true,
    ),
    row(
        Metric::WindowWait,
        "window_wait",
        "window wait",
        "how long a message waited for a free window slot",
        true,
    ),
    row(Metric::HarnessLag, "harness_lag", "harness lag", "the tool's own lateness", true),
    row(
        Metric::WriteWait,
        "write_wait",
        "write wait",
        "how long the socket took no octets: the peer reads too slowly",
        true,
    ),
    row(
        Metric::Rejected,
        "rejected",
        "refusals (from actual send)",
        "how long the SMSC took to refuse; no other time counts what it refused",
        true,
    ),
    row(
        Metric::Receipt,
        "receipt",
        "receipt time (from intended send)",
        "end to end, up to the first final receipt",
        true,
    ),
    row(
        Metric::ReceiptFromWrite,
        "receipt_from_write",
        "receipt time (from actual send)",
        "the one to compare routes by",
        true,
    ),
    row(
        Metric::ReceiptAfterResponse,
        "receipt_after_response",
        "receipt after response",
        "how long after submit_sm_resp the receipt came",
        true,
    ),
    row(
        Metric::ReceiptBeforeResponse,
        "receipt_before_response",
        "receipt before response",
        "how long before submit_sm_resp the receipt came",
        true,
    ),
    row(Metric::Bind, "bind", "bind", "bind to bind_resp", false),
    row(Metric::EnquireLink, "enquire_link", "enquire_link", "enquire_link round trip", false),
    row(
        Metric::DeliverAck,
        "deliver_ack",
        "deliver_sm acknowledgement",
        "how long the tool took to answer deliver_sm",
        false,
    ),
    row(
        Metric::TlsHandshake,
        "tls_handshake",
        "TLS handshake",
        "from the TCP connect to the end of the TLS handshake",
        false,
    ),
    row(
        Metric::Redelivery,
        "redelivery",
        "redelivery",
        "how long until a deliver_sm that was refused or not answered came again",
        false,
    ),
];

impl Metric {
    /// Number of metrics recorded per message; they are the first ones of the table.
    pub const PER_MESSAGE_COUNT: usize = 10;

    /// Its row in the table.
    pub const fn row(self) -> &'static MetricRow {
        &LATENCY_METRICS[self as usize]
    }
    /// Its name.
    pub const fn name(self) -> &'static str {
        self.row().name
    }
    /// The metric of this name. None: there is none.
    pub fn named(name: &str) -> Option<Metric> {
        LATENCY_METRICS.iter().find(|r| r.name == name).map(|r| r.metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_metrics_number_and_per_message_rows_come_first() {
        for (number, row) in LATENCY_METRICS.iter().enumerate() {
            assert_eq!(row.metric as usize, number);
            assert_eq!(row.per_message, number < Metric::PER_MESSAGE_COUNT);
            assert_eq!(Metric::named(row.name), Some(row.metric));
        }
    }
}
