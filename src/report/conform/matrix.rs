//! Several peers side by side: one table for each role, in Markdown.
use super::parts;
use crate::conform::{CaseRow, Document, Outcome, Role};
use crate::report::markdown::plain;
use std::fmt::Write;

/// A peer and its run.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What the peer is called.
    pub name: String,
    /// Its run.
    pub document: Document,
}

/// The page.
pub fn render(peers: &[Peer]) -> String {
    let mut page = "# Interoperability of peers\n\nWhat each peer did in the cases of `smppbench conform`.\n\n".to_owned();
    for (role, heading) in [(Role::Smsc, "SMSCs"), (Role::Esme, "ESMEs")] {
        let own: Vec<&Peer> = peers.iter().filter(|peer| peer.document.role == role).collect();
        if !own.is_empty() {
            let _ = writeln!(page, "## {heading}\n");
            summary(&own, &mut page);
            cases(&own, &mut page);
            deviations(&own, &mut page);
        }
    }
    page
}

fn heading(first: &str, peers: &[&Peer], page: &mut String) {
    let names: Vec<String> = peers.iter().map(|peer| plain(&peer.name)).collect();
    let _ = writeln!(page, "| {first} | {} |", names.join(" | "));
    let columns = first.matches('|').count() + 1;
    let _ = writeln!(page, "|{}", " :-- |".repeat(columns + names.len()));
}

fn summary(peers: &[&Peer], page: &mut String) {
    heading("outcome", peers, page);
    for outcome in Outcome::ALL {
        let counts: Vec<String> =
            peers.iter().map(|peer| peer.document.count(outcome).to_string()).collect();
        let _ = writeln!(page, "| {} | {} |", plain(outcome.word()), counts.join(" | "));
    }
    page.push('\n');
}

fn case<'a>(peer: &'a Peer, id: &str) -> Option<&'a CaseRow> {
    peer.document.cases.iter().find(|case| case.id == id)
}

/// Every case that not every peer passes.
fn cases(peers: &[&Peer], page: &mut String) {
    let mut all: Vec<&CaseRow> = Vec::new();
    for row in peers.iter().flat_map(|peer| &peer.document.cases) {
        if !all.iter().any(|known| known.id == row.id) {
            all.push(row);
        }
    }
    let (same, differ): (Vec<&CaseRow>, Vec<&CaseRow>) = all.into_iter().partition(|row| {
        peers.iter().all(|peer| case(peer, &row.id).is_some_and(|c| c.outcome == Outcome::Pass))
    });
    let _ = writeln!(page, "Every peer passes {} cases. The others:\n", same.len());
    heading("case | level | clause", peers, page);
    for row in differ {
        let found: Vec<String> = peers
            .iter()
            .map(|peer| case(peer, &row.id).map_or(String::new(), |c| plain(c.outcome.word())))
            .collect();
        let (level, title) = (row.level.word(), plain(&row.title));
        let _ =
            writeln!(page, "| {} | {level} | {title} | {} |", plain(&row.id), found.join(" | "));
    }
    page.push('\n');
}

/// What was seen where a peer failed.
fn deviations(peers: &[&Peer], page: &mut String) {
    for peer in peers {
        let failed = parts::deviations(&peer.document);
        let mut failed = failed.into_iter().filter(|case| case.outcome == Outcome::Fail).peekable();
        if failed.peek().is_some() {
            let _ = writeln!(page, "### {}\n", plain(&peer.name));
        }
        for case in failed {
            let _ = writeln!(page, "- {}: {}", plain(&case.id), plain(&case.seen));
        }
        page.push('\n');
    }
}
