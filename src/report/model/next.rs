//! What to do after a run, chosen by what it showed.
use crate::judge::{About, Check, HealthState, Limiter, Outcome};
use crate::kit::words::quoted;
use crate::report::document::{Document, Through};
use crate::report::table::shell_words;

/// At most this many steps.
const STEPS: usize = 3;

/// Two or three commands or pieces of advice, the most useful first.
pub(super) fn steps(d: &Document) -> Vec<String> {
    let mut steps = Vec::new();
    let fit = d.verdict.harness.state == HealthState::Valid;
    if !fit {
        steps.extend(for_harness(d));
    }
    let missed = d.verdict.outcome == Some(Outcome::NotSustained);
    // what receipts ask for comes first where no lower rate would bring them
    let receipts = d.verdict.limiter == Some(Limiter::Receipts);
    let rate = missed.then(|| find_rate(d)).flatten();
    let both = if receipts { [for_receipts(d), rate] } else { [rate, for_receipts(d)] };
    steps.extend(both.into_iter().flatten());
    let failed = d.gates.iter().find(|gate| gate.failed());
    steps.extend(failed.map(|gate| format!("smppbench explain {}", gate.name)));
    if steps.is_empty() {
        if profile(d).is_none() {
            steps.push("smppbench init --help  # a profile of your own".to_owned());
        }
        if d.window.sends {
            steps.extend(find_rate(d));
        }
    }
    steps.truncate(STEPS - 1);
    if let Some(folder) = &d.run.folder {
        steps.push(format!("smppbench render {} --verbose  # every figure", quoted(folder)));
    }
    steps
}

/// What receipts that did not come, or did not match, ask for. Ids that are spelt differently leave many missing or bring
/// receipts that match nothing; a few that are missing alone are looked for by their ids.
fn for_receipts(d: &Document) -> Option<String> {
    const MANY: f64 = 0.01;
    if let Some(through) = &d.through {
        return inside(through);
    }
    let (r, lines) = (&d.ledger.receipts, &d.ledger.lines);
    // a message without an answer may have been accepted under an id that nobody was told
    let unknown = r.unknown.unwrap_or(0).saturating_sub(lines.lost + lines.timed_out);
    let unmatched = r.untracked + r.ambiguous + unknown > 0;
    let expected = r.final_ + r.missing;
    if unmatched || (r.missing > 0 && r.missing as f64 > MANY * expected as f64) {
        Some("docs/tasks/receipts.md: does receipts.id_mode suit this SMSC?".to_owned())
    } else if r.missing > 0 {
        Some("missing.csv in the run folder: the message_ids without a receipt".to_owned())
    } else {
        None
    }
}

/// What the books of both sides say of what did not come out of a gateway, so that no id has to be guessed.
fn inside(through: &Through) -> Option<String> {
    let (s, r) = (&through.submits, &through.receipts);
    let still = s.pending + r.pending;
    if s.lost + r.lost > 0 {
        let list = "lost.csv in the run folder: what the gateway lost, to look up in its logs";
        Some(list.to_owned())
    } else if still > 0 {
        let longer =
            "raise receipts.deadline and upstream.deadline: messages were still inside the gateway";
        Some(longer.to_owned())
    } else {
        None
    }
}

/// What keeps the harness from its work.
fn for_harness(d: &Document) -> Vec<String> {
    let failed: Vec<&str> = d
        .verdict
        .checks_about(About::Harness)
        .filter(|c| c.failed())
        .map(|c: &Check| c.check.as_str())
        .collect();
    let any = |names: &[&str]| names.iter().any(|name| failed.contains(name));
    let debug = d.warnings.iter().any(|warning| warning.starts_with("debug build"));
    let advice = match () {
        () if debug => "build smppbench with --release: this was a debug build",
        () if any(&["agents_lost"]) => "see why the agent stopped: its own output tells",
        () if any(&["cgroup_throttled"]) => "raise the CPU quota of this container",
        () if any(&["steal"]) => "use a machine whose hypervisor leaves it its cores",
        () if any(&["worker_processor", "worker_busy"]) => {
            "use more workers (--workers N), a lower rate, or agents on other machines"
        }
        () => "close other programs on this machine, or use one with idle cores",
    };
    vec![advice.to_owned(), "smppbench selfcheck  # what this machine can do".to_owned()]
}

/// The verb of the run, and the words behind it: the profile, where it has a name, and the flags.
fn verb_and_words(d: &Document) -> (String, Vec<String>) {
    let mut words = shell_words(&d.run.repro).into_iter().skip(1);
    let verb = words.next().unwrap_or_default();
    // the number of runs is between them
    let between = usize::from(verb == "calibrate");
    (verb, words.skip(between).collect())
}

/// The profile that the run was given; None: the built-in one that needs no name.
fn profile(d: &Document) -> Option<String> {
    verb_and_words(d).1.into_iter().next().filter(|word| !word.starts_with('-'))
}

/// `find rate` with the target, the profile and the settings of the run; the rate and its times are for it to find. None:
/// the run is one of two sides, whose settings no flag of `find` has.
fn find_rate(d: &Document) -> Option<String> {
    const FOUND: [&str; 5] = ["--rate", "--duration", "--warmup", "--gate", "--baseline"];
    let (verb, words) = verb_and_words(d);
    if verb == "duel" || words.iter().any(|word| word == "--overhead") {
        return None;
    }
    let mut command = vec!["smppbench find rate".to_owned()];
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if FOUND.contains(&word.as_str()) {
            words.next();
        } else {
            command.push(word);
        }
    }
    if verb == "through" {
        command.push("--through".to_owned());
    }
    // a search off loopback needs bounds
    if !d.on_loopback() {
        command.push("--max-trials 20 --max-minutes 10".to_owned());
    }
    Some(command.join(" "))
}
