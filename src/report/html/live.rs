//! The run in a browser while it goes on: the page, and its frames as JSON. Verdict, charts and tables are those of the
//! report, drawn from the document so far.
use super::page::{SCRIPT, SCRIPT_SHA256, STYLE, spell_out};
use super::parts::{Figure, Section};
use super::{observed, sessions, time};
use crate::kit::words;
use crate::report::chart::css;
use crate::report::document::{Document, IntervalRow};
use crate::report::model::{self, RunModel, Summary, Table};
use askama::Template;
use serde_json::{Value, json};

pub(super) const LIVE: &str = include_str!("live.js");
/// Of `live.js`, base64: the page's content policy lets no script run but this and the report's.
pub(super) const LIVE_SHA256: &str = "ql3LEzQb4ad/JcuReDTI9VHsKgKXuB3gMlB6sFvl4RA=";

#[derive(Template)]
#[template(path = "live.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    title: &'a str,
    facts: &'a [String],
    palette: String,
    style: &'static str,
    script: &'static str,
    script_sha256: &'static str,
    live: &'static str,
    live_sha256: &'static str,
}

#[derive(Template)]
#[template(path = "verdict.html", config = "src/report/html/askama.toml")]
struct VerdictPart {
    v: Summary,
    several: bool,
}

#[derive(Template)]
#[template(path = "figure.html", config = "src/report/html/askama.toml")]
struct FigurePart {
    figure: Figure,
}

#[derive(Template)]
#[template(
    source = "<div class=\"grid\">{% include \"table.html\" %}</div>",
    ext = "html",
    config = "src/report/html/askama.toml"
)]
struct TablePart {
    table: Table,
}

#[derive(Template)]
#[template(
    source = "<div><dt>{{ name }}</dt><dd>{{ figure }}</dd></div>",
    ext = "html",
    config = "src/report/html/askama.toml"
)]
struct NowPart<'a> {
    name: &'a str,
    figure: &'a str,
}

fn drawn(part: &impl Template) -> String {
    spell_out(part.render().expect("a template that only writes text does not fail"))
}

/// The page that follows a run; its frames come over `/events` of the same address.
pub fn page(title: &str, facts: &[String]) -> String {
    drawn(&Page {
        title,
        facts,
        palette: css(),
        style: STYLE,
        script: SCRIPT,
        script_sha256: SCRIPT_SHA256,
        live: LIVE,
        live_sha256: LIVE_SHA256,
    })
}

/// The run at one moment.
#[derive(Clone, Debug)]
pub struct LiveFrame {
    /// What goes on: `12 s of 30 s, 18 s left`.
    pub place: String,
    /// Bound and planned sessions.
    pub sessions: (u64, u64),
    /// Window slots of the bound sessions; None: not known any more.
    pub slots: Option<u64>,
    /// The document so far, with all its rows; None: nothing was sent yet.
    pub document: Option<Document>,
    /// Until when the verdict is judged, in seconds from the start of the load; None: it is the final one.
    pub judged_s: Option<f64>,
}

impl LiveFrame {
    /// The frame as JSON.
    pub fn render(self) -> String {
        self.value().to_string()
    }

    /// The last frame as JSON, with the report and the run folder that it is in.
    pub fn render_last(self, report: &str, folder: &str) -> String {
        let mut frame = self.value();
        // the last second of the drain says nothing of the run
        frame["now"] = json!([]);
        frame["report"] = report.into();
        frame["folder"] = folder.into();
        frame.to_string()
    }

    fn value(self) -> Value {
        let last = self.document.as_ref().and_then(|d| d.intervals.last());
        let now = now(&self, last);
        let now: Vec<Value> = now
            .iter()
            .map(|(name, figure)| json!([name, drawn(&NowPart { name, figure })]))
            .collect();
        let Some(d) = &self.document else {
            return json!({ "place": self.place, "now": now, "verdict": [], "figures": [], "tables": [] });
        };
        json!({
            "place": self.place, "now": now, "verdict": verdict(d, self.judged_s),
            "figures": figures(d), "tables": tables(d),
        })
    }
}

/// The figures of the last second, and of this moment.
fn now(frame: &LiveFrame, row: Option<&IntervalRow>) -> Vec<(&'static str, String)> {
    let (up, planned) = frame.sessions;
    let sessions = format!("{} of {}", words::count(up), words::count(planned));
    let Some(row) = row else { return vec![("sessions bound", sessions)] };
    let a_second = |count: u64| words::rate(count as f64 / row.length_s.max(1e-9));
    let time = |ns: Option<u64>| ns.map_or_else(|| "–".to_owned(), words::duration);
    let slots = frame.slots.map_or(String::new(), |slots| format!(" of {}", words::count(slots)));
    let mut now = vec![
        ("scheduled", a_second(row.scheduled)),
        ("sent", a_second(row.written)),
        ("accepted", a_second(row.accepted)),
        ("final receipts", a_second(row.receipts)),
        ("response p50", time(row.response_p50_ns)),
        ("response p99", time(row.response_p99_ns)),
        ("in flight", format!("{}{slots}", words::count(row.in_flight))),
        ("due and not sent", words::count(row.backlog)),
        ("receipts awaited", words::count(row.awaited)),
        ("sessions bound", sessions),
    ];
    now.extend(row.congestion_mean.map(|mean| ("congestion_state", format!("{mean:.0} of 100"))));
    now
}

/// The verdict so far; empty before anything was measured.
fn verdict(d: &Document, judged_s: Option<f64>) -> Vec<Value> {
    if d.window.measured_seconds() <= 0.0 {
        return Vec::new();
    }
    let model = RunModel::of(d);
    let ledger = model.ledger.line();
    let mut v = model.top;
    match judged_s {
        Some(until) => {
            v.facts = vec![format!("the verdict so far, of the first {}", words::seconds(until))];
        }
        // while messages are in flight, no ledger can balance
        None => v.lines.push(ledger),
    }
    vec![json!(["verdict", drawn(&VerdictPart { v, several: false })])]
}

/// The charts over time, of events and of what is observed; those without a picture last.
fn figures(d: &Document) -> Vec<Value> {
    let mut section = Section::new("over-time", "Over time");
    section.figures = time::figures(d).into_iter().chain([sessions::bound(d)]).collect();
    section.figures.extend(super::events::figures(d));
    section.figures.extend(observed::figures(d));
    let figures = section.in_order().figures.into_iter();
    figures.map(|figure| json!([figure.id, drawn(&FigurePart { figure })])).collect()
}

fn tables(d: &Document) -> Vec<Value> {
    let model = RunModel::of(d);
    let all = [
        model.gates,
        model.latencies,
        model.recoveries,
        model::events(d),
        model.observed,
        model.statuses,
        model::anomalies(d),
        model::outages(d),
        model::operator(d),
    ];
    let all = all.into_iter().filter(|table| !table.is_empty());
    all.map(|table| json!([table.id, drawn(&TablePart { table })])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::EVIL;
    use super::*;

    fn sample() -> Document {
        Document::from_json(include_bytes!("../../../reports/sample/result.json")).unwrap()
    }

    fn frame(document: Option<Document>) -> Value {
        let place = "2 s of 8 s, 6 s left".to_owned();
        let judged_s = Some(2.0);
        let frame = LiveFrame { place, sessions: (2, 2), slots: Some(40), document, judged_s };
        serde_json::from_str(&frame.render()).unwrap()
    }

    fn part<'v>(frame: &'v Value, of: &str, id: &str) -> &'v str {
        let parts = frame[of].as_array().unwrap();
        let found = parts.iter().find(|part| part[0] == id);
        found.unwrap_or_else(|| panic!("no {id} in {of}"))[1].as_str().unwrap()
    }

    #[test]
    fn a_frame_has_the_charts_of_the_report_as_the_report_has_them() {
        let document = sample();
        let report = String::from_utf8(super::super::render(&[crate::report::Saved {
            document: document.clone(),
            seconds: None,
        }]));
        let report = report.unwrap();
        let frame = frame(Some(document));
        for id in ["rate", "response", "service", "in-flight", "window", "statuses", "sessions-up"]
        {
            assert!(report.contains(part(&frame, "figures", id)), "{id}");
        }
        let verdict = part(&frame, "verdict", "verdict");
        assert!(verdict.contains("the verdict so far, of the first 2 s"), "{verdict}");
        assert!(part(&frame, "now", "in flight").contains(" of 40<"));
    }

    #[test]
    fn before_the_first_second_a_frame_says_only_who_is_bound() {
        let frame = frame(None);
        assert!(part(&frame, "now", "sessions bound").contains("2 of 2"));
        assert_eq!(frame["figures"].as_array().unwrap().len(), 0);
        // and before the measured time there is no verdict
        let mut early = sample();
        early.window.measured_s = Some(0.0);
        assert_eq!(self::frame(Some(early))["verdict"].as_array().unwrap().len(), 0);
    }

    #[test]
    fn what_a_peer_or_a_profile_said_becomes_no_markup() {
        let html = page(EVIL, &[EVIL.to_owned()]);
        assert!(!html.contains("<img") && !html.contains(['\u{1b}', '\u{202e}']), "{html}");
        let mut document = sample();
        document.statuses[0].name = Some(EVIL.to_owned());
        document.warnings.push(EVIL.to_owned());
        document.intervals[1].statuses = [(EVIL.to_owned(), 3)].into_iter().collect();
        let frame = frame(Some(document)).to_string();
        assert!(!frame.contains("<img") && !frame.contains(['\u{1b}', '\u{202e}']), "{frame}");
    }
}
