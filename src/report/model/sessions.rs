//! Sessions: their table, shortened if it is long, and how evenly the SMSC served them.
use super::note::Withheld;
use super::table::{Table, Value, count, known, text, time};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::document::{Document, SessionRow};

/// Most sessions that the table shows in full.
const WHOLE_MAX: usize = 200;
/// Of more sessions, this many of the worst and of the best are shown.
const WORST: usize = 60;
const BEST: usize = 20;

/// All sessions, or the worst and the best. Their times count from the intended send.
pub(crate) fn session_table(d: &Document) -> Table {
    let times = Withheld::metric(&d.verdict, Metric::Response).is_none();
    let shows_v5 = d.sessions.iter().any(|s| s.congestion_state.is_some());
    let header = format!(
        "session | <account | <role | <state | written | accepted | rejected | delivered{} | reconnects | round trip | \
         retransmits{}",
        if times { " | p50 | p99" } else { "" },
        if shows_v5 { " | congestion_state" } else { "" }
    );
    let mut table = Table::new("session-table", "Sessions", &header);
    let mut rows: Vec<&SessionRow> = d.sessions.iter().collect();
    let all = rows.len();
    if all > WHOLE_MAX {
        // the worst: slowest at p99, then most refused, then least served
        rows.sort_by_key(|s| {
            let p99 = s.response_p99_ns.filter(|_| times);
            (std::cmp::Reverse((p99, s.reconnects, s.rejected)), s.accepted)
        });
        let best = rows.split_off(all - BEST);
        rows.truncate(WORST);
        rows.extend(best);
        table.title = format!("Sessions: the worst {WORST} and the best {BEST}");
        table.note = format!(
            "Of {} sessions, ordered by p99 where it is shown, then by reconnects and rejections. The table above gives their \
             distribution; result.json has them all.",
            words::count(all as u64)
        );
    }
    let near = d.on_loopback();
    for s in rows {
        let account = s.account.clone().unwrap_or_default();
        let mut cells = vec![text(s.id.to_string()), text(account), text(&s.role), text(&s.state)];
        cells.extend([s.written, s.accepted, s.rejected, s.delivered].map(count));
        if times {
            cells.extend([s.response_p50_ns, s.response_p99_ns].map(time));
        }
        let tcp = s.tcp.as_ref();
        cells.push(count(u64::from(s.reconnects)));
        cells.push(time(tcp.and_then(|t| if near { t.rtt_min_ns } else { Some(t.rtt_ns) })));
        cells.push(known(tcp.map(|t| t.retransmits), Value::Count));
        if shows_v5 {
            cells.push(known(s.congestion_state, |c| Value::Count(u64::from(c))));
        }
        table.row(cells);
    }
    table
}

/// The sessions that may send.
pub(crate) fn senders(d: &Document) -> Vec<&SessionRow> {
    d.sessions.iter().filter(|s| s.role != "receiver").collect()
}

/// The spread over the sending sessions.
pub(crate) fn spread(d: &Document) -> Table {
    let header =
        "over the sending sessions | minimum | 10 % | median | 90 % | maximum | maximum ÷ minimum";
    let mut table = Table::new("fairness", "Fairness", header);
    let senders = senders(d);
    if senders.len() < 2 || Withheld::figures(&d.verdict).is_some() {
        return table;
    }
    let mut add = |name: &str, mut values: Vec<f64>, show: fn(f64) -> Value| {
        if values.is_empty() {
            return;
        }
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
        let times = (at(0.0) > 0.0).then(|| at(1.0) / at(0.0));
        let mut cells = vec![text(name)];
        cells.extend([0.0, 0.1, 0.5, 0.9, 1.0].map(|q| show(at(q)).into()));
        cells.push(known(times, Value::Times));
        table.row(cells);
    };
    let load = d.intervals.iter().filter(|r| r.stage.is_some()).map(|r| r.length_s).sum::<f64>();
    if load > 0.0 {
        let rates = senders.iter().map(|s| s.accepted as f64 / load).collect();
        add("accepted a second", rates, Value::Rate);
    }
    if Withheld::metric(&d.verdict, Metric::Response).is_none() {
        let found = |pick: fn(&SessionRow) -> Option<u64>| -> Vec<f64> {
            senders.iter().filter_map(|s| pick(s)).map(|ns| ns as f64).collect()
        };
        let show = |ns: f64| Value::Time(ns as u64);
        add("response p50", found(|s| s.response_p50_ns), show);
        add("response p99", found(|s| s.response_p99_ns), show);
    }
    table.note = "The SMSC should serve equal binds equally: a ratio far from 1 means that it treats some bind differently. \
                  Times of a session have one significant digit."
        .to_owned();
    table
}
