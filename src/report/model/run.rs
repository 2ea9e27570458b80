//! What a report says of one run, from its headline to the command that runs it again.
use super::ledger::{Ledger, receipts_asked};
use super::note::{Note, Withheld};
use super::summary::{LabelledLine, Remark, Summary};
use super::table::{Table, Tone, nanoseconds};
use super::{events, head, observed, tables, through, transport};
use crate::judge::{
    self, About, GateOutcome, GateResult, HealthState, Limiter, Outcome, work_piled_up,
};
use crate::kit::{Nanos, words};
use crate::measure::{Anomaly, CutReason};
use crate::report::document::{Document, Outage, State};

/// A run as the summaries draw it.
pub(crate) struct RunModel<'d> {
    pub(crate) document: &'d Document,
    pub(crate) headline: Headline,
    pub(crate) top: Summary,
    pub(crate) latencies: Table,
    /// Sentences about them.
    pub(crate) on_latencies: Vec<Note>,
    pub(crate) stages: Table,
    pub(crate) observed: Table,
    pub(crate) drift: Table,
    pub(crate) ledger: Ledger,
    pub(crate) statuses: Table,
    pub(crate) recoveries: Table,
    pub(crate) gates: Table,
}

impl RunModel<'_> {
    pub(crate) fn of(document: &Document) -> RunModel<'_> {
        RunModel {
            headline: Headline::of(document),
            top: top(document),
            latencies: tables::latencies(&[document]),
            on_latencies: Note::on_latencies(document),
            stages: tables::stages(document),
            observed: observed::observed(document),
            drift: observed::drift(document),
            ledger: Ledger::of(document),
            statuses: tables::statuses(document),
            recoveries: events::recoveries(document),
            gates: tables::gates(&[document]),
            document,
        }
    }

    /// The checks that failed or are undecided. If there are none: one line with the values of all.
    pub(crate) fn checks_in_brief(&self) -> Vec<Remark> {
        const SHOWN: usize = 8;
        let checks = &self.top.checks;
        let open: Vec<Remark> =
            checks.iter().filter(|c| c.tone != Tone::Good).take(SHOWN).cloned().collect();
        if !open.is_empty() || checks.is_empty() {
            return open;
        }
        let verdict = &self.document.verdict;
        let held = verdict.reasons.iter().filter(|r| r.about != About::Harness).filter_map(|r| {
            let value = r.value?;
            let slope = matches!(r.about, About::Drift | About::Growth);
            let noise = slope && r.limit.is_some_and(|limit| value.abs() > limit);
            let noise = if noise { " (within the noise)" } else { "" };
            Some(format!("{} {}{noise}", r.check.replace('_', " "), r.unit.show(value)))
        });
        let says = held.collect::<Vec<_>>().join(" · ");
        if says.is_empty() { Vec::new() } else { vec![Remark { tone: Tone::Good, says }] }
    }

    /// The checks that did not pass, and how many did: several runs leave less room.
    pub(crate) fn checks_beside_others(&self) -> Vec<Remark> {
        let (held, mut short): (Vec<Remark>, Vec<Remark>) =
            self.top.checks.iter().cloned().partition(|check| check.tone == Tone::Good);
        match held.len() {
            0 => {}
            1 => short.extend(held),
            n => short.push(Remark { tone: Tone::Good, says: format!("{n} checks held") }),
        }
        short
    }

    /// Anomalies and outages, the first few of each.
    pub(crate) fn troubles_in_brief(&self) -> (Vec<LabelledLine>, Vec<String>) {
        const SHOWN: usize = 8;
        let (anomalies, outages) = (&self.document.anomalies, &self.document.outages);
        let mut lines: Vec<LabelledLine> = anomalies.iter().take(SHOWN).map(anomaly).collect();
        lines.extend(outages.iter().take(SHOWN).map(outage));
        let rest = (anomalies.len() + outages.len() - lines.len()) as u64;
        let uncounted = self.document.outages_more;
        let more = words::counted(uncounted, "more outage");
        let was = words::was(uncounted);
        let more = [
            (rest, format!("and {} more in result.json", words::count(rest))),
            (uncounted, format!("and {more}, which {was} only counted")),
        ];
        (lines, more.into_iter().filter(|(n, _)| *n > 0).map(|(_, says)| says).collect())
    }
}

fn anomaly(anomaly: &Anomaly) -> LabelledLine {
    let says = format!("{} × {}", words::count(anomaly.count), anomaly.kind);
    LabelledLine::new("anomaly", Tone::Warn, says)
}

fn outage(outage: &Outage) -> LabelledLine {
    let until = match outage.to_s {
        Some(to) => format!("for {}", words::duration(nanoseconds(to - outage.from_s))),
        None => "until the end".to_owned(),
    };
    let says = format!(
        "session {} went down at {} {until}: {}; {} submit_sm lost, {} to bind again",
        outage.session,
        words::seconds(outage.from_s),
        outage.cause,
        words::count(outage.lost),
        words::counted(u64::from(outage.attempts), "attempt")
    );
    LabelledLine::new("outage", Tone::Warn, says)
}

/// The verdict in a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Headline {
    pub(crate) tone: Tone,
    /// `SUSTAINED`.
    pub(crate) word: &'static str,
    /// `1,000/s for 8 s`.
    pub(crate) what: String,
    /// `1 of 2 gates failed`; empty: there are none.
    pub(crate) gates: String,
    /// The tone of all gates together.
    pub(crate) gates_tone: Tone,
}

impl Headline {
    pub(crate) fn of(d: &Document) -> Headline {
        let (tone, word, what) = outcome(d);
        let outcomes: Vec<GateOutcome> = d.gates.iter().map(|gate| gate.outcome).collect();
        let any = |outcome| outcomes.contains(&outcome);
        let (gates, gates_tone) = match () {
            () if outcomes.is_empty() => (String::new(), Tone::Good),
            () if any(GateOutcome::Fail) => (gates_in_all(&outcomes), Tone::Bad),
            () if any(GateOutcome::Undecided) => (gates_in_all(&outcomes), Tone::Warn),
            () => (gates_in_all(&outcomes), Tone::Good),
        };
        Headline { tone, word, what, gates, gates_tone }
    }

    /// `SUSTAINED  1,000/s for 8 s`.
    pub(crate) fn says(&self) -> String {
        format!("{}  {}", self.word, self.what)
    }
}

/// How many gates there are of each outcome: `2 of 3 gates failed`, `3 of 3 gates passed`.
pub(crate) fn gates_in_all(outcomes: &[GateOutcome]) -> String {
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let (failed, undecided) = (count(GateOutcome::Fail), count(GateOutcome::Undecided));
    let all = words::counted(outcomes.len() as u64, "gate");
    match (failed, undecided) {
        (0, 0) => format!("{} of {all} passed", outcomes.len()),
        (0, undecided) if undecided > 0 => format!("{undecided} of {all} undecided"),
        (failed, 0) => format!("{failed} of {all} failed"),
        (failed, undecided) => format!("{failed} of {all} failed, {undecided} undecided"),
    }
}

/// The verdict in a word, and the rate or count it is about.
fn outcome(d: &Document) -> (Tone, &'static str, String) {
    let time = measured_time(d) + &undisturbed(d);
    let figure = |name: &str| d.rate.get(name).copied().flatten();
    let wanted = figure("target")
        .map_or(format!("for {time}"), |rate| format!("{} for {time}", words::rate(rate)));
    match (d.verdict.outcome, d.verdict.harness.state) {
        // green is for what is back
        (Some(Outcome::Sustained), _) if not_back(d).next().is_some() => {
            (Tone::Warn, "SUSTAINED", wanted)
        }
        (Some(Outcome::Sustained), _) => (Tone::Good, "SUSTAINED", wanted),
        (Some(Outcome::NotSustained), _) => {
            (Tone::Bad, "NOT SUSTAINED", accepted_of_wanted(d, &time).unwrap_or(wanted))
        }
        (Some(Outcome::InconclusiveHarness), _) | (None, HealthState::Invalid) => {
            let why = "the harness did not keep up, so there is no result".to_owned();
            (Tone::Warn, "INCONCLUSIVE", why)
        }
        (Some(Outcome::InconclusiveNoise), _) => {
            (Tone::Warn, "INCONCLUSIVE", d.verdict.unsaid().to_owned())
        }
        (None, HealthState::Valid | HealthState::Degraded) if d.window.sends => {
            let rate = words::rate(figure("accepted").unwrap_or(0.0));
            (Tone::Plain, "CLOSED LOOP", format!("{rate} accepted for {time}"))
        }
        (None, HealthState::Valid | HealthState::Degraded) => {
            (Tone::Plain, "RECEIVED", received(d, &time))
        }
    }
}

/// Events of which an occurrence was not seen to recover.
fn not_back(d: &Document) -> impl Iterator<Item = &str> {
    let open = d.recoveries.iter().filter(|event| event.recovered < event.occurrences);
    open.map(|event| event.name.as_str())
}

/// ` undisturbed, recovery from crash not seen`; empty: no event disturbed the run.
fn undisturbed(d: &Document) -> String {
    if d.window.disturbed_s <= 0.0 {
        return String::new();
    }
    match (not_back(d).next(), not_back(d).count()) {
        (None, _) => " undisturbed".to_owned(),
        (Some(event), 1) => format!(" undisturbed, recovery from {event} not seen"),
        (Some(_), n) => format!(" undisturbed, recovery from {n} events not seen"),
    }
}

/// `412/s accepted of 1,000/s for 8 s`; None: the rate was kept, up to what was in flight at the end, or must not be shown.
fn accepted_of_wanted(d: &Document, time: &str) -> Option<String> {
    const KEPT: f64 = 0.99;
    let wanted = d.rate.get("target").copied().flatten()?;
    if Withheld::figures(&d.verdict).is_some() {
        return None;
    }
    let (_, rates) = rates(d);
    let accepted = rates.iter().find(|(name, _)| name == "accepted")?.1;
    let [shown, of] = [accepted, wanted].map(words::rate);
    (accepted < KEPT * wanted).then(|| format!("{shown} accepted of {of} for {time}"))
}

/// `8 s`; of a run that was cut `2.96 s of 8 s (interrupted)`.
fn measured_time(d: &Document) -> String {
    let time = words::duration(nanoseconds(d.window.measured_seconds()));
    let planned: f64 = d.stages.iter().filter(|s| s.measure).map(|s| s.to_s - s.from_s).sum();
    match d.window.cut_reason.as_deref().map(CutReason::from) {
        // the notes have the particulars
        Some(reason) if d.window.measured_seconds() < planned => {
            format!("{time} of {} ({})", words::duration(nanoseconds(planned)), reason.brief())
        }
        Some(_) | None => time,
    }
}

/// `80 MO and 1 receipt in 4 s (20.3/s)`.
fn received(d: &Document, time: &str) -> String {
    let r = &d.ledger.receipts;
    let mo = d.ledger.mo.unwrap_or_default().received;
    let receipts = r.final_ + r.unknown.unwrap_or(0) + r.previous_run.unwrap_or(0);
    let per_second = (mo + receipts) as f64 / d.window.measured_seconds();
    let rate = if per_second.is_finite() {
        format!(" ({})", words::rate(per_second))
    } else {
        String::new()
    };
    format!("{} MO and {} in {time}{rate}", words::count(mo), words::counted(receipts, "receipt"))
}

fn top(d: &Document) -> Summary {
    let Headline { tone, word, what, .. } = Headline::of(d);
    let (rates_are, rates) = match Withheld::figures(&d.verdict) {
        Some(_) => ("", Vec::new()),
        None => rates(d),
    };
    let mut facts = vec![d.run.target.clone()];
    facts.extend(d.run.binds.iter().cloned());
    facts.push(format!("started {}", d.run.started_at));
    facts.push(format!("took {}", words::duration(nanoseconds(d.run.duration_s))));
    facts.push(format!("smppbench {}", d.tool.version));
    let killed = d.state == State::Partial && d.window.cut_reason.is_none();
    let partial = killed.then(|| "the run did not end: this is what it had saved".to_owned());
    let lines = through::lines(d).into_iter().chain(limiter(d)).chain([harness(d)]);
    let lines = lines.chain(transport::lines(d)).chain(steady(d)).chain(congestion(d));
    Summary {
        name: d.run.id.clone(),
        run: None,
        facts,
        tone,
        word,
        what,
        rates: head::rates(d, rates),
        rates_are,
        times: head::times(d),
        checks: checks(d),
        lines: lines.collect(),
        warnings: partial.into_iter().chain(d.warnings.iter().cloned()).collect(),
        notes: d.notes.clone(),
    }
}

/// Rates of sending and of answers, with a word on the time they cover. Rates by intended time include what came in the
/// drain, which would flatter a run in which work or receipts piled up; then the rates come from the intervals of the load.
fn rates(d: &Document) -> (&'static str, Vec<(String, f64)>) {
    let asked = receipts_asked(d) > 0;
    if !d.window.sends {
        return ("", Vec::new());
    }
    let grew = d.verdict.reasons.iter().any(|r| r.about == About::Growth && r.failed());
    if !grew && !work_piled_up(d.verdict.outcome, &d.verdict.reasons) {
        let shown = d
            .rate
            .iter()
            .filter_map(|(name, rate)| Some((name, (*rate)?)))
            .filter(|(name, rate)| match *name {
                "target" => false,
                "mo" => *rate > 0.0,
                _ => true,
            })
            .map(|(name, rate)| (name.to_owned(), rate));
        return ("", shown.collect());
    }
    let (mut sums, mut seconds) = ([0; 5], 0.0);
    for row in d.measured_rows() {
        let counts = [row.scheduled, row.written, row.answered, row.accepted, row.receipts];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        seconds += row.length_s;
    }
    let names = ["scheduled", "written", "answered", "accepted", "receipts"];
    let shown =
        names.iter().zip(sums).filter(|(name, _)| seconds > 0.0 && (asked || **name != "receipts"));
    let rows = shown.map(|(name, n)| ((*name).to_owned(), n as f64 / seconds));
    ("while the load was on", rows.collect())
}

/// The checks on the SMSC and on growth, failed ones first.
fn checks(d: &Document) -> Vec<Remark> {
    if Withheld::figures(&d.verdict).is_some() {
        return Vec::new();
    }
    let mut all: Vec<Remark> = d
        .verdict
        .reasons
        .iter()
        .filter(|r| r.about != About::Harness)
        .map(|r| Remark { tone: Tone::of(r.ok), says: r.says() })
        .collect();
    all.sort_by_key(|check| match check.tone {
        Tone::Bad => 0,
        Tone::Warn | Tone::Plain => 1,
        Tone::Good => 2,
    });
    all
}

/// What limited the run, with the evidence; None: nothing was written.
fn limiter(d: &Document) -> Option<LabelledLine> {
    let limiter = d.verdict.limiter?;
    let tone = match limiter {
        Limiter::Harness | Limiter::Window => Tone::Warn,
        Limiter::SmscThrottle
        | Limiter::Connection
        | Limiter::Backpressure
        | Limiter::SmscLatency
        | Limiter::Receipts => Tone::Bad,
        Limiter::None => Tone::Good,
    };
    let withheld = Withheld::figures(&d.verdict).is_some();
    let evidence = d.verdict.evidence.join("; ");
    let alone = evidence.is_empty() || (limiter == Limiter::Harness && withheld);
    let says =
        if alone { limiter.says().to_owned() } else { format!("{}: {evidence}", limiter.says()) };
    let mut line = LabelledLine::new("limiter", tone, says);
    if let Some(law) = d.verdict.littles_law.as_ref().filter(|_| !withheld) {
        line.more.push(law.needs());
    }
    Some(line)
}

/// The harness: its state, with the failed checks or the main figures.
fn harness(d: &Document) -> LabelledLine {
    let h = &d.verdict.harness;
    let tone = match h.state {
        HealthState::Valid => Tone::Good,
        HealthState::Degraded => Tone::Warn,
        HealthState::Invalid => Tone::Bad,
    };
    let failures =
        d.verdict.checks_about(About::Harness).filter(|r| r.failed()).map(judge::Check::says);
    let failures: Vec<String> = failures.collect();
    let lag = |name: &str, n: Option<Nanos>| n.map(|n| format!("{name} {}", words::duration(n.0)));
    let join =
        |facts: Vec<Option<String>>| facts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let facts = join(vec![
        h.adherence.map(|a| format!("{} sent on time", words::percent(a))),
        lag("lag p50", h.lag_p50),
        lag("p99", h.lag_p99),
        h.cpu_max.map(|c| format!("busiest worker {} of its core", words::percent(c))),
    ]);
    let further = join(vec![
        lag("largest lag", h.lag_max),
        h.steal.filter(|s| *s > 0.0).map(|s| format!("steal {}", words::percent(s))),
    ]);
    let (first, second) =
        if failures.is_empty() { (facts, String::new()) } else { (failures.join("; "), facts) };
    let mut line = LabelledLine::new("harness", tone, format!("{}: {first}", h.state.name()));
    line.word = h.state.name();
    line.more.extend([second, further].into_iter().filter(|says| !says.is_empty()));
    line
}

/// None: not judged, or a failed growth check says more.
fn steady(d: &Document) -> Option<LabelledLine> {
    let steady = d.verdict.steady.steady?;
    let piled_up = d.verdict.checks_about(About::Growth).any(judge::Check::failed);
    let tone = if steady { Tone::Good } else { Tone::Warn };
    (!piled_up).then(|| LabelledLine::new("steady", tone, d.verdict.steady.reason.clone()))
}

/// What responses said of the load of the SMSC; None: nothing.
fn congestion(d: &Document) -> Option<LabelledLine> {
    let c = d.congestion?;
    let mut says = format!(
        "congestion_state {:.0} of 100 on average, at most {}, in {}",
        c.mean,
        c.max,
        words::counted(c.responses, "response")
    );
    if c.pauses > 0 {
        says += &format!("; sessions paused {} for it", words::counted(c.pauses, "time"));
    }
    let tone = if c.max >= 100 { Tone::Warn } else { Tone::Plain };
    Some(LabelledLine::new("congestion", tone, says))
}

impl GateResult {
    pub(crate) fn tone(&self) -> Tone {
        match self.outcome {
            GateOutcome::Pass => Tone::Good,
            GateOutcome::Fail => Tone::Bad,
            GateOutcome::Undecided => Tone::Warn,
        }
    }

    /// The outcome in a word.
    pub(crate) const fn word(&self) -> &'static str {
        match self.outcome {
            GateOutcome::Pass => "pass",
            GateOutcome::Fail => "FAIL",
            GateOutcome::Undecided => "UNDECIDED",
        }
    }

    /// `response.p99 < 50ms`.
    pub(crate) fn demands(&self) -> String {
        format!("{} {}", self.name, self.expression)
    }

    /// `12.3 ms (too few samples)`.
    pub(crate) fn found(&self) -> String {
        let why = self.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        format!("{}{why}", self.shows())
    }

    /// `response.p99 < 50ms: 12.3 ms (too few samples)`.
    pub(crate) fn says(&self) -> String {
        format!("{}: {}", self.demands(), self.found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_counted_by_what_became_of_them() {
        use GateOutcome::{Fail, Pass, Undecided};
        for (outcomes, says) in [
            (&[Pass][..], "1 of 1 gate passed"),
            (&[Pass, Pass], "2 of 2 gates passed"),
            (&[Fail], "1 of 1 gate failed"),
            (&[Fail, Pass, Fail], "2 of 3 gates failed"),
            (&[Undecided, Pass], "1 of 2 gates undecided"),
            (&[Undecided, Fail, Pass], "1 of 3 gates failed, 1 undecided"),
        ] {
            assert_eq!(gates_in_all(outcomes), says);
        }
    }
}
