//! The progress line: rewritten in place on a terminal, else one plain line a second, or nothing. It reads no clock:
//! the run passes the time.
use crate::kit::{Nanos, words};
use crate::measure::{CutReason, IntervalRow, Observer, Phase, Progress};
use crate::plan::{Arrival, Plan, Schedule, Stage};
use crate::watch::planned_events::PlannedEvents;
use crate::watch::seconds::last_full_row;
use std::io::Write;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineMode {
    /// One line, rewritten, for a terminal.
    Bar {
        /// Its width.
        columns: usize,
        /// ANSI colours.
        colour: bool,
    },
    /// One line a second.
    Plain,
    /// No progress.
    Off,
}

/// An observer that writes the progress line.
pub struct ProgressLine<W: Write> {
    writer: W,
    mode: LineMode,
    stages: Vec<Stage>,
    /// The planned rate at each time, without the spacing of arrivals.
    schedule: Option<Schedule>,
    events: PlannedEvents,
    /// The last plain line's phase and second, so that each is written once.
    last: Option<(Phase, u64)>,
    drawn: bool,
}

impl<W: Write> ProgressLine<W> {
    /// A line for a run of this plan, written to `writer` (stderr, or a buffer in a test).
    pub fn new(plan: &Plan, mode: LineMode, writer: W) -> ProgressLine<W> {
        let schedule = Schedule::new(&plan.stages, Arrival::Constant, plan.seed).ok();
        ProgressLine {
            writer,
            mode,
            stages: plan.stages.clone(),
            schedule,
            events: PlannedEvents::of(plan),
            last: None,
            drawn: false,
        }
    }

    /// Writes text. If that fails, the run goes on without progress.
    fn put(&mut self, text: &str) {
        let written = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
        if written.is_err() {
            self.mode = LineMode::Off;
        }
    }

    /// The stage that is on at a time, with the time of its start.
    fn stage_at(&self, at: Nanos) -> Option<(&Stage, Nanos)> {
        let mut start = Nanos::ZERO;
        for stage in &self.stages {
            if at < start + stage.length {
                return Some((stage, start));
            }
            start += stage.length;
        }
        None
    }

    fn bar(&self, p: &Progress<'_>, columns: usize, colour: bool) -> String {
        const CELLS: usize = 16;
        let total = p.load_ends.0.max(1);
        let share = (p.at.0.min(total)) as f64 / total as f64;
        let full = match p.phase {
            Phase::Connect => 0,
            Phase::Load => (share * CELLS as f64) as usize,
            Phase::Drain | Phase::Unbind => CELLS,
        };
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(CELLS - full));
        let text = format!("{bar} {}", self.facts(p));
        // one column stays free: a full line would wrap on some terminals
        let shown: String = text.chars().take(columns.saturating_sub(1)).collect();
        if colour {
            let cut = shown.char_indices().nth(CELLS).map_or(shown.len(), |(at, _)| at);
            format!("\u{1b}[36m{}\u{1b}[0m{}", &shown[..cut], &shown[cut..])
        } else {
            shown
        }
    }

    fn facts(&self, p: &Progress<'_>) -> String {
        let (up, planned) = p.sessions;
        let mut facts = vec![match p.phase {
            Phase::Connect => format!("connecting, {up} of {planned} sessions bound"),
            Phase::Load => self.place(p),
            Phase::Drain => match last_full_row(p).map_or(0, |row| row.gauges.awaited) {
                0 => "draining".to_owned(),
                awaited => format!("draining, {} awaited", words::counted(awaited, "receipt")),
            },
            Phase::Unbind => "unbinding".to_owned(),
        }];
        if p.phase == Phase::Connect {
            return facts.remove(0);
        }
        facts.extend(self.events.says(p));
        if let Some(row) = last_full_row(p) {
            facts.extend(row_facts(row));
        }
        facts.push(format!("{up}/{planned} sessions"));
        facts.join(" · ")
    }

    /// The planned rate in the middle of the second whose rates are shown; before the first second, the rate now.
    fn target(&self, p: &Progress<'_>) -> String {
        let at = last_full_row(p).map_or(p.at, |row| row.at + Nanos(row.length.0 / 2));
        match &self.schedule {
            Some(schedule) if schedule.stage_at(at).is_some() => match schedule.rate_at(at) {
                Some(rate) => format!(" → {}", words::rate(rate)),
                None => " → max".to_owned(),
            },
            Some(_) | None => String::new(),
        }
    }

    /// `hold 3/8 s → 1,000/s`.
    fn place(&self, p: &Progress<'_>) -> String {
        let second = |n: Nanos| n.0 / crate::kit::NS_PER_S;
        match self.stage_at(p.at) {
            Some((stage, start)) => {
                let into = second(p.at.since(start));
                let target = self.target(p);
                format!("{} {into}/{} s{target}", stage.name, second(stage.length))
            }
            None => format!("{}/{} s", second(p.at), second(p.load_ends)),
        }
    }
}

fn row_facts(row: &IntervalRow) -> Vec<String> {
    let t = &row.tally;
    let rate = |n: u64| words::rate(n as f64 / row.length.as_secs_f64().max(1e-9));
    let mut facts = vec![format!("sent {}", rate(t.written)), format!("ok {}", rate(t.accepted))];
    if t.rejected > 0 {
        facts.push(format!("rejected {}", rate(t.rejected)));
    }
    let silent = t.timed_out + t.lost;
    if silent > 0 {
        facts.push(format!("unanswered {}", rate(silent)));
    }
    if t.receipts_final > 0 || row.gauges.awaited > 0 {
        facts.push(format!("receipts {}", rate(t.receipts_final)));
    }
    if let (Some(p50), Some(p99)) = (row.response.p50(), row.response.p99()) {
        facts.push(format!("p50 {} p99 {}", words::duration(p50), words::duration(p99)));
    }
    facts.push(format!("in flight {}/{}", words::count(row.gauges.in_flight), row.gauges.slots));
    if row.gauges.backlog > 0 {
        facts.push(format!("backlog {}", words::count(row.gauges.backlog)));
    }
    if let Some(lag) = row.harness_lag.p99() {
        facts.push(format!("lag {}", words::duration(lag)));
    }
    facts
}

impl<W: Write> Observer for ProgressLine<W> {
    fn progress(&mut self, p: &Progress<'_>) -> Option<CutReason> {
        match self.mode {
            LineMode::Off => {}
            LineMode::Bar { columns, colour } => {
                let line = self.bar(p, columns, colour);
                self.drawn = true;
                self.put(&format!("\r{line}\u{1b}[K"));
            }
            LineMode::Plain => {
                let now = (p.phase, p.at.0 / crate::kit::NS_PER_S);
                if self.last != Some(now) {
                    self.last = Some(now);
                    let facts = self.facts(p);
                    self.put(&format!("{:>6} {facts}\n", format!("{} s", now.1)));
                }
            }
        }
        None
    }
}

/// Ends the line on a terminal, so that what follows begins on its own.
impl<W: Write> Drop for ProgressLine<W> {
    fn drop(&mut self) {
        if self.drawn {
            self.put("\r\u{1b}[K");
        }
    }
}

impl<W: Write> std::fmt::Debug for ProgressLine<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgressLine").field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::sample::{GOOD, plan, quiet, record};
    use crate::measure::Gauges;

    fn shown(mode: LineMode, phases: &[(Phase, u64)]) -> String {
        let plan = plan(200, 2, 8);
        let record = record(&plan, |_, _| GOOD, quiet);
        let mut out = Vec::new();
        let mut line = ProgressLine::new(&plan, mode, &mut out);
        for (phase, second) in phases {
            let progress = Progress {
                phase: *phase,
                at: Nanos::from_secs(*second),
                load_ends: Nanos::from_secs(10),
                record: &record,
                sessions: (2, 2),
            };
            assert_eq!(line.progress(&progress), None);
        }
        drop(line);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn without_a_terminal_there_is_one_plain_line_a_second_and_phase() {
        let text = shown(
            LineMode::Plain,
            &[
                (Phase::Connect, 0),
                (Phase::Load, 1),
                (Phase::Load, 1),
                (Phase::Load, 5),
                (Phase::Drain, 10),
            ],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].contains("connecting, 2 of 2"));
        assert!(lines[1].contains("warm-up 1/2 s → 200/s"));
        for words in ["hold 3/8 s", "sent 200/s", "ok 200/s", "p50 10.", "in flight 10/40", "lag 5"]
        {
            assert!(lines[2].contains(words), "{words}: {}", lines[2]);
        }
        assert!(lines[3].contains("draining"));
        assert!(!text.contains('\u{1b}') && !text.contains('\r'));
    }

    #[test]
    fn a_second_that_one_of_two_workers_has_not_reported_is_not_shown_as_half_the_rate() {
        use crate::measure::{LatencyRange, Recorder, RunRecord};
        let plan = plan(200, 2, 8);
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut record = RunRecord::new(range, 0);
        let mut workers = [0, 1].map(|worker| Recorder::new(worker, 1, range));
        let keys = [crate::measure::CellKey { stage: 0, account: 0, label: 0, disturbed: false }];
        for (second, reporting) in [(0, 2), (1, 2), (2, 1)] {
            for worker in &mut workers[..reporting] {
                worker.tally(0).written += 100;
                let interval = worker.take(second, Gauges::default(), None);
                record.absorb(&interval, &keys, &|_| Some(0));
            }
        }
        let mut line = ProgressLine::new(&plan, LineMode::Plain, Vec::new());
        let progress = Progress {
            phase: Phase::Drain,
            at: Nanos::from_millis(3_001),
            load_ends: Nanos::from_secs(3),
            record: &record,
            sessions: (2, 2),
        };
        line.progress(&progress);
        let shown = String::from_utf8(line.writer.clone()).unwrap();
        assert!(shown.contains("sent 200/s"), "{shown}");
    }

    #[test]
    fn in_the_drain_the_line_says_how_many_receipts_are_awaited() {
        let plan = plan(200, 2, 8);
        let waits = |_| Gauges { awaited: 3, ..quiet(0) };
        let record = record(&plan, |_, _| GOOD, waits);
        let progress = Progress {
            phase: Phase::Drain,
            at: Nanos::from_secs(10),
            load_ends: Nanos::from_secs(10),
            record: &record,
            sessions: (2, 2),
        };
        let mut line = ProgressLine::new(&plan, LineMode::Plain, Vec::new());
        line.progress(&progress);
        let shown = String::from_utf8(line.writer.clone()).unwrap();
        assert!(shown.contains("draining, 3 receipts awaited · sent"), "{shown}");
    }

    #[test]
    fn on_a_terminal_one_line_is_rewritten_within_its_width_and_cleared_at_the_end() {
        let mode = LineMode::Bar { columns: 60, colour: false };
        let text = shown(mode, &[(Phase::Load, 3), (Phase::Load, 4)]);
        assert!(!text.contains('\n'));
        assert!(text.ends_with("\r\u{1b}[K"));
        for line in text.split('\r').filter(|l| !l.is_empty()) {
            let bare = line.trim_end_matches("\u{1b}[K");
            assert!(bare.chars().count() <= 59, "{bare}");
        }
    }

    #[test]
    fn switched_off_it_is_silent_and_a_broken_pipe_does_not_end_the_run() {
        assert_eq!(shown(LineMode::Off, &[(Phase::Load, 3)]), "");
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let plan = plan(200, 0, 2);
        let record = record(&plan, |_, _| GOOD, quiet);
        let mut line = ProgressLine::new(&plan, LineMode::Plain, Broken);
        for second in 0..2 {
            let at = Nanos::from_secs(second);
            let load_ends = Nanos::from_secs(2);
            let progress =
                Progress { phase: Phase::Load, at, load_ends, record: &record, sessions: (2, 2) };
            assert_eq!(line.progress(&progress), None);
        }
        assert_eq!(line.mode, LineMode::Off);
    }
}
