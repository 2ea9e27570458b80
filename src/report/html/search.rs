//! The page of a search: what was found and what to run at, then the pictures of its kind, then every trial.
mod load;
mod rate;
#[cfg(test)]
mod tests;

use super::parts::{Cell, Grid, Section};
use super::verdict::Verdict;
use crate::kit::words;
use crate::report::search::{answer, beyond};
use crate::search::document::{Cost, TrialRow};
use crate::search::{Ended, Kind, Search};

/// The page.
pub(in crate::report) fn page(search: &Search) -> String {
    let mut sections = match search.kind {
        Kind::Rate => rate::sections(search),
        Kind::Window => vec![load::curves(search)],
        Kind::Binds => vec![ladders(search), load::curves(search)],
    };
    sections.push(trials(search));
    sections.retain(|section| !section.is_empty());
    let advice = advice(search);
    if !(advice.says.is_empty() && advice.is_empty()) {
        sections.insert(0, advice);
    }
    let title = format!("find {} · {}", search.kind.name(), search.name);
    super::write(title, vec![verdict(search)], sections)
}

fn verdict(search: &Search) -> Verdict {
    let (word, what) = answer(search);
    let class = match search.ended {
        Ended::Found | Ended::Ceiling => "good",
        Ended::Floor => "bad",
        Ended::InconclusiveHarness
        | Ended::InconclusiveNoise
        | Ended::Budget
        | Ended::Interrupted
        | Ended::TargetLost
        | Ended::ForeignTraffic => "warn",
    };
    let Cost { trials, messages, seconds } = search.cost;
    Verdict {
        swatch: String::new(),
        name: search.name.clone(),
        facts: vec![
            search.target.clone(),
            words::counted(u64::from(trials), "trial"),
            format!("{} submit_sm", words::count(messages)),
            words::duration((seconds.max(0.0) * 1e9) as u64),
        ],
        class,
        word,
        what,
        rates: figures(search),
        rates_are: "",
        checks: objectives(search),
        lines: Vec::new(),
        warnings: Vec::new(),
        notes: search.notes.clone(),
    }
}

fn figures(search: &Search) -> Vec<(String, String)> {
    let mut figures = Vec::new();
    match search.kind {
        Kind::Rate => {
            figures.extend(search.lower.map(|r| ("kept".to_owned(), words::rate(r))));
            figures.extend(search.upper.map(|r| ("broken".to_owned(), words::rate(r))));
            if let (Some(lower), Some(upper)) = (search.lower, search.upper) {
                let width = words::percent((upper - lower) / lower);
                figures.push(("width of the interval".to_owned(), width));
            }
        }
        Kind::Window | Kind::Binds => {
            let limit = search.limit.as_ref();
            figures.extend(limit.map(|l| ("enforced limit".to_owned(), words::count(l.value))));
            if let Some(knee) = &search.knee {
                let (value, low, high) = (knee.value, knee.low, knee.high);
                figures.push(("knee".to_owned(), format!("{value:.1} ({low:.1} to {high:.1})")));
            }
            let most = search.points.iter().max_by(|a, b| a.throughput.total_cmp(&b.throughput));
            let says = |p: &crate::search::document::Point| words::rate(p.throughput);
            figures.extend(most.map(|p| ("highest throughput".to_owned(), says(p))));
        }
    }
    figures
}

fn objectives(search: &Search) -> Vec<(&'static str, &'static str, String)> {
    let show = |rate: Option<f64>| rate.map_or("no rate".to_owned(), words::rate);
    let says = |o: &crate::search::document::ObjectiveResult| {
        let held = match (o.lower, o.confirmed) {
            (None, _) => "",
            (Some(_), true) => " (confirmed)",
            (Some(_), false) => " (not confirmed)",
        };
        let why = o.broken_by.as_ref().map_or(String::new(), |why| format!(": {why}"));
        let limiter = o.limiter.as_ref().map_or(String::new(), |l| format!("; limiter: {l}"));
        format!(
            "{}: kept at {}{held}, broken at {}{why}{limiter}",
            o.name,
            show(o.lower),
            show(o.upper)
        )
    };
    search
        .objectives
        .iter()
        .map(|o| match (o.lower, o.confirmed) {
            (Some(_), true) => ("good", "✓", says(o)),
            (Some(_), false) => ("warn", "?", says(o)),
            (None, _) => ("bad", "✗", says(o)),
        })
        .collect()
}

fn advice(search: &Search) -> Section {
    let mut section = Section::new("recommendation", "Recommendation");
    section.says.clone_from(&search.recommendation);
    for (heading, text) in [
        ("For a profile", &search.recommendation_toml),
        ("The command line that runs it again", &search.repro),
    ] {
        if !text.is_empty() {
            section.folded.push((heading.to_owned(), text.trim_end().to_owned()));
        }
    }
    section
}

fn ladders(search: &Search) -> Section {
    let mut section = Section::new("ladders", "How many are let in");
    section.says = "Binds added one after the other until one is refused, by type.".to_owned();
    let header = ["", "bound", "attempts", "one more", "a lost one's place", "dropped by then", ""];
    let mut grid = Grid::new("by-type", "By type of bind", &header);
    for ladder in &search.ladders {
        let place = match ladder.place_free_at_once {
            Some(true) => "is free at once",
            Some(false) => "is not free at once",
            None => "not tried",
        };
        let one_more = ladder.limit.as_ref().map_or("none was refused".to_owned(), beyond);
        grid.row([
            Cell::new(&ladder.bind_type),
            words::count(ladder.bound).into(),
            words::count(ladder.attempts).into(),
            Cell::words(one_more.trim_start_matches("one more ")),
            Cell::words(place),
            words::count(ladder.displaced).into(),
            Cell::words(ladder.why.clone().unwrap_or_default()),
        ]);
    }
    section.grids.extend(grid.filled());
    section
}

/// A column of the trials: its heading, and what stands in it.
type Column = (&'static str, fn(&TrialRow) -> Option<String>);

const COLUMNS: [Column; 13] = [
    ("kind", |t| Some(t.kind.clone())),
    ("offered", |t| t.rate.map(words::rate)),
    ("binds", |t| t.binds.map(words::count)),
    ("window", |t| t.window.map(words::count)),
    ("accepted", |t| t.accepted_rate.map(words::rate)),
    ("submit_sm", |t| Some(words::count(t.messages))),
    ("throttled", |t| Some(words::count(t.throttled))),
    ("lost", |t| Some(words::count(t.lost))),
    ("measured", |t| (t.measured_s > 0.0).then(|| words::seconds(t.measured_s))),
    ("took", |t| Some(words::seconds(t.took_s))),
    ("response p50", |t| t.response_p50_ns.map(words::duration)),
    ("p99", |t| t.response_p99_ns.map(words::duration)),
    ("harness", |t| t.harness.clone()),
];

fn trials(search: &Search) -> Section {
    let mut section = Section::new("trials", "Trials");
    // what belongs to another kind of search is left out
    let columns: Vec<&Column> =
        COLUMNS.iter().filter(|c| search.trials.iter().any(|t| c.1(t).is_some())).collect();
    let mut grid = Grid::new("each-trial", "In their order", &[""]);
    grid.header.extend(columns.iter().map(|c| c.0.to_owned()));
    grid.header.push("what it showed".to_owned());
    for trial in &search.trials {
        let mut cells = vec![Cell::new(trial.number.to_string())];
        cells.extend(columns.iter().map(|c| Cell::new(c.1(trial).unwrap_or("–".to_owned()))));
        cells.push(Cell::words(&trial.says));
        grid.row(cells);
    }
    section.grids.extend(grid.filled());
    section
}
