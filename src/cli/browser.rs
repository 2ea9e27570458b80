//! The run in a browser: what the page of `--metrics` is shown each second. Nothing is made where nobody watches; a verdict
//! is made anew as often as it costs little.
use super::journal::{document, partial_record};
use super::run_context::RunContext;
use crate::judge::SoFar;
use crate::kit::{Clock, NS_PER_S, Nanos, words};
use crate::measure::{CutReason, Gauges, Observer, Phase, Progress};
use crate::report::live::{self, LiveFrame};
use crate::report::{Document, Saved};
use crate::watch::RunPage;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A verdict takes at most one part in so many of the time.
const COST_SHARE: u64 = 20;
/// How long the end of a run waits for browsers to take the report.
const PATIENCE: Duration = Duration::from_secs(2);

/// An observer that shows the run on its page.
pub(super) struct Browser<'a> {
    context: &'a RunContext,
    page: RunPage,
    judged: Option<Judged>,
    /// When the run is judged next.
    judge_at: Nanos,
}

/// The run so far as it was judged.
struct Judged {
    at: Nanos,
    so_far: SoFar,
    /// Without rows.
    document: Arc<Document>,
}

/// What goes on: `12 s of 30 s, 18 s left`.
fn place(p: &Progress<'_>) -> String {
    let whole = |n: Nanos| words::seconds((n.0 / NS_PER_S) as f64);
    let (up, planned) = p.sessions;
    match p.phase {
        Phase::Connect => format!("connecting, {up} of {planned} bound"),
        Phase::Load => {
            let left = p.load_ends.since(p.at) + Nanos(NS_PER_S - 1);
            format!("{} of {}, {} left", whole(p.at), whole(p.load_ends), whole(left))
        }
        Phase::Drain => format!("draining for {}", whole(p.at.since(p.load_ends))),
        Phase::Unbind => "unbinding".to_owned(),
    }
}

impl<'a> Browser<'a> {
    pub(super) fn new(context: &'a RunContext, page: RunPage) -> Browser<'a> {
        let plan = &context.plan;
        let binds: usize = plan.accounts.iter().map(|account| account.binds.count).sum();
        let facts = [
            context.target.clone(),
            words::counted(binds as u64, "bind"),
            format!("smppbench {}", env!("CARGO_PKG_VERSION")),
        ];
        page.open(live::page(&context.plan.name, &facts));
        Browser { context, page, judged: None, judge_at: Nanos::ZERO }
    }

    /// Judges the run so far, where it is time.
    fn judge(&mut self, p: &Progress<'_>) {
        if p.at < self.judge_at || p.record.intervals.is_empty() {
            return;
        }
        let began = Clock::now();
        let load_ended = p.at.min(p.load_ends).min(p.record.held());
        let record = partial_record(p.record, load_ended, p.at);
        let so_far = SoFar::of(&self.context.plan, &record);
        let run = self.context.run(&record, &so_far.judgement, &so_far.gates, None);
        let mut document = document(&run);
        document.notes.retain(|note| !note.starts_with("the run ended early"));
        self.judged = Some(Judged { at: p.at, so_far, document: Arc::new(document) });
        let cost = Clock::now().since(began);
        self.judge_at = p.at + Nanos(NS_PER_S / 2).max(Nanos(cost.0 * COST_SHARE));
    }

    fn frame(&self, p: &Progress<'_>) -> impl FnOnce() -> String + Send + 'static {
        let until = p.at.min(p.record.reported_by_all()).as_secs_f64();
        let rows = self.judged.as_ref().map(|judged| {
            let SoFar { judgement, gates, .. } = &judged.so_far;
            let run = self.context.run(p.record, judgement, gates, None);
            // the second that goes on has not all its figures yet
            let whole = Document::rows(&run).filter(|row| row.t_s + row.length_s <= until + 1e-9);
            (judged.document.clone(), judged.at, whole.collect::<Vec<_>>())
        });
        let gauges = p.record.intervals.last().map_or_else(Gauges::default, |row| row.gauges);
        let (place, sessions) = (place(p), p.sessions);
        move || {
            let judged_s = rows.as_ref().map(|(_, at, _)| at.as_secs_f64());
            let document = rows.map(|(document, _, intervals)| {
                let mut document = Arc::unwrap_or_clone(document);
                document.intervals = intervals;
                document
            });
            let slots = Some(gauges.slots).filter(|slots| *slots > 0);
            LiveFrame { place, sessions, slots, document, judged_s }.render()
        }
    }
}

impl Observer for Browser<'_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        if self.page.is_watched() {
            self.judge(progress);
            self.page.show(self.frame(progress));
        }
        None
    }
}

/// The page turns into the report of the run folder at `path`.
pub(super) fn end(page: &RunPage, saved: &Saved, path: &Path) {
    let (document, path) = (saved.document.clone(), path.to_owned());
    let last = move || {
        let report = std::fs::read_to_string(path.join("report.html")).unwrap_or_default();
        let sessions = (0, document.sessions.len() as u64);
        let place = "the run has ended".to_owned();
        let document = Some(document);
        LiveFrame { place, sessions, slots: None, document, judged_s: None }
            .render_last(&report, &path.display().to_string())
    };
    page.end(last, PATIENCE);
}
