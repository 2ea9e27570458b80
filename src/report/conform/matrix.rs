//! Several peers side by side: a table of the cases for each role, in Markdown and as a page.
use super::page::STYLE;
use super::parts;
use crate::conform::{CaseRow, Document, Outcome, Role};
use crate::kit::words::{counted, printable};
use crate::report::html::spell_out;
use crate::report::markdown::plain;
use askama::Template;
use std::fmt::Write;

/// A peer and its run.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What the peer is called.
    pub name: String,
    /// Its run.
    pub document: Document,
}

/// The peers of one role.
struct Side<'a> {
    heading: &'static str,
    names: Vec<String>,
    /// Each outcome, and how many cases of each peer have it.
    counts: Vec<(&'static str, Vec<String>)>,
    /// The cases that every peer passes.
    same: String,
    /// The other cases.
    rows: Vec<Row<'a>>,
    /// The peers that fail cases, each with those.
    failed: Vec<(String, Vec<&'a CaseRow>)>,
}

/// A case.
struct Row<'a> {
    case: &'a CaseRow,
    /// The outcome of each peer; empty: its run lacks the case.
    found: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "matrix.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    title: &'static str,
    says: &'static str,
    style: &'static str,
    sides: Vec<Side<'a>>,
}

const TITLE: &str = "Interoperability of peers";

/// The table in Markdown.
pub fn render(peers: &[Peer]) -> String {
    let mut page =
        format!("# {TITLE}\n\nWhat each peer did in the cases of `smppbench conform`.\n\n");
    for side in sides(peers) {
        let _ = writeln!(page, "## {}\n", side.heading);
        side.write(&mut page);
    }
    page
}

/// The same as an HTML page.
pub fn render_page(peers: &[Peer]) -> String {
    let says = "What each peer did in the cases of smppbench conform.";
    let page = Page { title: TITLE, says, style: STYLE, sides: sides(peers) };
    spell_out(page.render().expect("a template that only writes text does not fail"))
}

fn sides(peers: &[Peer]) -> Vec<Side<'_>> {
    let of = |(role, heading)| {
        let own: Vec<&Peer> = peers.iter().filter(|peer| peer.document.role == role).collect();
        (!own.is_empty()).then(|| Side::of(heading, &own))
    };
    [(Role::Smsc, "SMSCs"), (Role::Esme, "ESMEs")].into_iter().filter_map(of).collect()
}

fn outcome(peer: &Peer, id: &str) -> Option<Outcome> {
    peer.document.cases.iter().find(|case| case.id == id).map(|case| case.outcome)
}

impl<'a> Side<'a> {
    fn of(heading: &'static str, peers: &[&'a Peer]) -> Side<'a> {
        let mut all: Vec<&'a CaseRow> = Vec::new();
        for row in peers.iter().flat_map(|peer| &peer.document.cases) {
            if !all.iter().any(|known| known.id == row.id) {
                all.push(row);
            }
        }
        let (same, differ): (Vec<&CaseRow>, Vec<&CaseRow>) = all
            .into_iter()
            .partition(|row| peers.iter().all(|p| outcome(p, &row.id) == Some(Outcome::Pass)));
        let row = |case: &'a CaseRow| {
            let word = |peer: &&Peer| outcome(peer, &case.id).map_or("", Outcome::word);
            Row { case, found: peers.iter().map(word).collect() }
        };
        let count = |of: Outcome| {
            let each = peers.iter().map(|peer| peer.document.count(of).to_string());
            (of.word(), each.collect())
        };
        let failed = |peer: &&'a Peer| {
            let deviations = parts::deviations(&peer.document).into_iter();
            let failed: Vec<&CaseRow> =
                deviations.filter(|case| case.outcome == Outcome::Fail).collect();
            (!failed.is_empty()).then(|| (printable(&peer.name), failed))
        };
        Side {
            heading,
            names: peers.iter().map(|peer| printable(&peer.name)).collect(),
            counts: Outcome::ALL.map(count).into(),
            same: counted(same.len() as u64, "case"),
            rows: differ.into_iter().map(row).collect(),
            failed: peers.iter().filter_map(failed).collect(),
        }
    }

    fn head(&self, first: &str, page: &mut String) {
        let names: Vec<String> = self.names.iter().map(|name| plain(name)).collect();
        let _ = writeln!(page, "| {first} | {} |", names.join(" | "));
        let columns = first.matches('|').count() + 1;
        let _ = writeln!(page, "|{}", " :-- |".repeat(columns + names.len()));
    }

    /// Its tables in Markdown.
    fn write(&self, page: &mut String) {
        self.head("outcome", page);
        for (word, counts) in &self.counts {
            let _ = writeln!(page, "| {} | {} |", plain(word), counts.join(" | "));
        }
        let _ = writeln!(page, "\nEvery peer passes {}. The others:\n", self.same);
        self.head("case | level | clause", page);
        for Row { case, found } in &self.rows {
            let (id, level, title) = (plain(&case.id), case.level.word(), plain(&case.title));
            let found: Vec<String> = found.iter().map(|word| plain(word)).collect();
            let _ = writeln!(page, "| {id} | {level} | {title} | {} |", found.join(" | "));
        }
        page.push('\n');
        for (name, failed) in &self.failed {
            let _ = writeln!(page, "### {}\n", plain(name));
            for case in failed {
                let _ = writeln!(page, "- {}: {}", plain(&case.id), plain(&case.seen));
            }
            page.push('\n');
        }
    }
}
