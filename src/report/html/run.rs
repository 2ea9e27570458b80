//! The page of one run, or of several.
use super::page::write;
use super::parts::{Folded, Section};
use super::{flow, observed, sessions, several, shape, through, time};
use crate::report::Saved;
use crate::report::document::Document;
use crate::report::model::{self, Ledger, RunModel, Summary};

/// The page of one run, or of several, one upon the other. Empty without a run.
pub(in crate::report) fn render(runs: &[Saved]) -> Vec<u8> {
    let documents: Vec<&Document> = runs.iter().map(|run| &run.document).collect();
    let models = documents.iter().enumerate().map(|(n, d)| {
        let m = RunModel::of(d);
        let top = Summary { run: (runs.len() > 1).then_some(n), ..m.top.clone() };
        (m, top)
    });
    let (models, mut tops): (Vec<RunModel<'_>>, Vec<Summary>) = models.unzip();
    for (m, top) in models.iter().zip(&mut tops) {
        top.lines.push(m.ledger.line());
        if top.run.is_some() {
            top.checks = m.checks_beside_others();
        }
    }
    let (title, sections) = match (runs, &models[..]) {
        ([run], [m]) => (run.document.run.name.clone(), single(run, m)),
        ([], _) => return Vec::new(),
        (several, _) => {
            let mut sections = several::sections(&documents);
            sections.extend(documents.iter().map(|d| Section { says: d.run.id.clone(), ..run(d) }));
            (format!("{} runs", several.len()), sections)
        }
    };
    write(title, tops, sections).into_bytes()
}

fn single(saved: &Saved, m: &RunModel<'_>) -> Vec<Section> {
    let d = &saved.document;
    let mut headline = Section::new("headline", "Latency");
    let says: Vec<&str> = m.on_latencies.iter().map(|note| note.says.as_str()).collect();
    headline.says = says.join(" ");
    headline.tables = vec![m.latencies.clone(), m.gates.clone()];

    let mut time = Section::new("over-time", "Over time");
    time.says = time::on_page(d);
    let mut figures = time::figures(d).into_iter().chain([sessions::bound(d)]);
    time.figures.extend(figures.by_ref().take(3));
    time.figures.extend([shape::heat_map(saved), shape::spectrum(d)]);
    time.figures.extend(figures);
    time.tables.push(model::operator(d));

    let mut beside = Section::new("observed", "Observed beside the load");
    beside.figures = observed::figures(d);
    beside.tables = vec![m.observed.clone(), m.drift.clone()];
    let mut events = Section::new("events", "Events and recovery");
    events.figures = super::events::figures(d);
    events.tables = vec![m.recoveries.clone(), model::events(d)];

    let mut books = Section::new("ledger", "The ledger");
    books.figures.push(flow::flow(d));
    books.tables = vec![Ledger::table(&m.ledger), model::states(d)];

    let mut gateway = Section::new("through", "Through the gateway");
    gateway.figures = through::figures(d);
    gateway.tables = model::through(d);
    gateway.tables.retain(|table| !table.is_empty());

    let mut trouble = Section::new("answers", "Answers and troubles");
    trouble.tables = vec![m.statuses.clone(), model::anomalies(d), model::outages(d)];

    let mut sessions = Section::new("sessions", "Sessions");
    sessions.figures = sessions::figures(d);
    sessions.tables = vec![model::spread(d), model::session_table(d)];

    let mut parts = Section::new("parts", "Stages, hours and groups");
    parts.tables = vec![model::agents(d), m.stages.clone(), model::hours(d), model::groups(d)];
    let mut sections =
        vec![headline, gateway, time, events, beside, books, trouble, sessions, parts, run(d)];
    sections.retain(|section| !section.is_empty());
    sections
}

/// The machine, the profile, and how to run it again.
fn run(d: &Document) -> Section {
    let mut section = Section::new("run", "The run");
    section.tables.push(model::environment(d));
    section.folded.push(Folded {
        heading: "The command that runs it again",
        text: d.run.repro.clone(),
        open: true,
    });
    section.folded.push(Folded {
        heading: "The profile, resolved",
        text: serde_json::to_string_pretty(&d.profile).unwrap_or_default(),
        open: false,
    });
    section
}
