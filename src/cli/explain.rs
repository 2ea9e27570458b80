//! `smppbench explain`: one entry of the reference, for a key of the profile or of result.json, a metric, a
//! command_status, an exit code, or a word of the summary and the reports. What is printed comes from the declarations that
//! the program itself reads, and from the glossary.
mod glossary;
mod keys;
mod statuses;

use super::args::ExplainArgs;
use super::exit::{Exit, Failure, MEANINGS, print};
use crate::judge::{Meaning, Named, Names, ObservedStatistic, Unit, VerdictWord, all_names};
use crate::kit::nearest;
use crate::plan;
use crate::smpp::CommandStatus;
use std::fmt::Write;

/// Likeness from which on a known name is suggested.
const LIKENESS_MIN: f64 = 0.8;
const SUGGESTED_MAX: usize = 5;

/// Runs the verb.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let words: Vec<&str> = args.what.iter().map(String::as_str).collect();
    print(&entry(&words)?)
}

/// The entry of what is named.
fn entry(words: &[&str]) -> Result<String, Failure> {
    let name = match words {
        ["exit"] => return Ok(exit_codes()),
        ["exit", code] => return exit_code(code),
        ["status", status] => (*status).to_owned(),
        // a word of the glossary may be several
        words => words.join(" "),
    };
    let name = name.trim();
    if let Some(status) = status(name) {
        return Ok(status_entry(status));
    }
    let schemas =
        [("the profile", plan::profile_schema()), ("result.json", super::schema::result_schema())];
    let mut entries: Vec<String> = metric(name).into_iter().collect();
    entries.extend(glossary::entries(name));
    for (file, schema) in &schemas {
        entries.extend(keys::entries(file, schema, name));
    }
    if entries.is_empty() {
        let words = glossary::terms().map(|(term, _)| term.to_owned());
        let known = schemas.iter().flat_map(|(_, schema)| keys::paths(schema)).chain(all_names());
        let known = words.chain(known);
        return Err(Failure::usage(unknown(name, known)));
    }
    Ok(entries.join("\n"))
}

fn unknown(name: &str, known: impl Iterator<Item = String>) -> String {
    let mut near = nearest(name, known);
    near.retain(|(likeness, _)| *likeness >= LIKENESS_MIN);
    near.dedup_by(|a, b| a.1 == b.1);
    let near: Vec<String> = near.into_iter().take(SUGGESTED_MAX).map(|(_, known)| known).collect();
    let forms = "give a key such as binds.window, a metric such as response.p99, a status such as 0x58 or \
                 ESME_RTHROTTLED, a word of a report such as planted, or `exit 4`";
    match &near[..] {
        [] => format!("{name:?} is not known; {forms}"),
        near => format!("{name:?} is not known; did you mean {}?", near.join(", ")),
    }
}

/// A status as it is written: a name, or a number that is not also a key.
fn status(name: &str) -> Option<CommandStatus> {
    name.parse().ok().filter(|_| !name.is_empty())
}

fn status_entry(status: CommandStatus) -> String {
    let mut out = format!("{status} (0x{:08X}, {}), a command_status\n", status.0, status.0);
    let says = statuses::meaning(status).unwrap_or(match status.0 {
        0x400..=0x4FF => "reserved for the SMSC vendor; its documentation says what it means",
        _ => "neither SMPP v3.4 nor v5.0 gives it a meaning",
    });
    let _ = writeln!(out, "\n  {says}");
    out
}

fn exit_codes() -> String {
    MEANINGS.iter().map(|(exit, says)| format!("{:>3}  {says}\n", *exit as u8)).collect()
}

fn exit_code(code: &str) -> Result<String, Failure> {
    let found = MEANINGS.iter().find(|(exit, _)| (*exit as u8).to_string() == code);
    found.map(|(exit, says)| format!("exit code {}: {says}\n", *exit as u8)).ok_or_else(|| {
        let codes: Vec<String> =
            MEANINGS.iter().map(|(exit, _)| (*exit as u8).to_string()).collect();
        Failure::usage(format!("exit {code}: is not an exit code; there are {}", codes.join(", ")))
    })
}

/// The entry of a metric. None: no metric has this name.
fn metric(name: &str) -> Option<String> {
    let mut names = Names::default();
    // which there are of these, the profile says
    match name.split('.').collect::<Vec<_>>()[..] {
        ["observe", source, series, _] => {
            names.observed.push((source.to_owned(), series.to_owned()));
        }
        ["event", event, _] => names.events.push(event.to_owned()),
        _ => {}
    }
    let named = Named::find(name, &names).ok()?;
    let unit = match named.meaning.unit() {
        Unit::Nanoseconds => "a duration; nanoseconds in result.json",
        Unit::PerSecond => "a rate, per second",
        Unit::Ratio => "a share from 0 to 1",
        Unit::Count => "a count",
        Unit::Octets => "octets",
        Unit::OctetsPerSecond => "octets per second",
        Unit::Cores => "processor cores in use",
        Unit::Seconds => "seconds",
        Unit::Number => "a number",
        Unit::PerHour => "a share of the median, per hour",
        Unit::Word => "a word",
    };
    let (says, example) = match named.meaning {
        Meaning::Latency(metric, _) => {
            (format!("{}: {}", metric.row().title, metric.row().says), "< 100ms")
        }
        Meaning::Figure(row) => {
            (row.says.to_owned(), if row.unit == Unit::Ratio { "<= 0.1%" } else { ">= 950" })
        }
        Meaning::Ledger(_) => (
            "a line of the ledger, over the whole run and not only its measured time".to_owned(),
            "= 0",
        ),
        Meaning::Verdict(word) => (verdict_word(word), "= sustained"),
        Meaning::Observed(_, statistic) => observed_metric(statistic),
        Meaning::Transit(transit, _) => {
            let row = transit.row();
            (format!("{}: {} (of a run of `through`)", row.title, row.says), "< 50ms")
        }
        Meaning::Inside(ratio) => (format!("{} (of a run of `through`)", ratio.says()), "= 0"),
        Meaning::Event(_, figure) => (
            format!("{}; the worst of its occurrences counts", figure.says()),
            if figure.unit() == Unit::Count { "= 0" } else { "< 10s" },
        ),
    };
    let mut out = format!("{name}, a metric\n\n  {says}\n  It is {unit}.\n");
    if let Meaning::Verdict(word) = named.meaning {
        let _ = writeln!(out, "  One of {}.", word.words().join(", "));
    }
    let example = match named.meaning {
        Meaning::Verdict(word) => format!("= {}", word.words()[0]),
        Meaning::Latency(..)
        | Meaning::Figure(_)
        | Meaning::Ledger(_)
        | Meaning::Observed(..)
        | Meaning::Event(..)
        | Meaning::Transit(..)
        | Meaning::Inside(_) => example.to_owned(),
    };
    let _ = writeln!(out, "  As a gate: \"{name}\" = \"{example}\", or --gate '{name} {example}'");
    Some(out)
}

fn observed_metric(statistic: ObservedStatistic) -> (String, &'static str) {
    let (says, example) = match statistic {
        ObservedStatistic::Max => ("largest value", "< 512 MiB"),
        ObservedStatistic::Mean => ("mean", "< 1.5"),
        ObservedStatistic::Growth => ("growth, as Sen's slope,", "< 2 %/h"),
    };
    (format!("the {says} of an observed series ([[observe]]) over the measured time"), example)
}

fn verdict_word(word: VerdictWord) -> String {
    match word {
        VerdictWord::Outcome => "whether the target sustained the load".to_owned(),
        VerdictWord::Limiter => "what limited the rate".to_owned(),
        VerdictWord::Harness => {
            "whether this tool and its machine kept up, so that the figures are the SMSC's"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> String {
        entry(words).unwrap_or_else(|e| panic!("{words:?}: {e}"))
    }

    #[test]
    fn a_key_says_its_default_and_bounds() {
        let text = told(&["load.attempts_max"]);
        assert!(text.contains("default") && text.contains("1000"), "{text}");
        assert!(text.contains("load.attempts_max = 5"), "an example: {text}");
        // the last part of a name is enough, and finds every key of that name
        let text = told(&["id_mode"]);
        assert!(text.contains("receipts.id_mode") && text.contains("response_hex"), "{text}");
        let text = told(&["messages.text"]);
        assert!(text.contains("placeholders"), "{text}");
        let text = told(&["upstream.rewrites"]);
        assert!(text.contains("a list of words") && text.contains("receipt_dates"), "{text}");
        let text = told(&["verdict.limiter"]);
        assert!(text.contains("takes: harness, smsc_throttle, "), "{text}");
        let text = told(&["receipts"]);
        assert!(text.contains("receipts.deadline"), "a section lists its keys: {text}");
    }

    #[test]
    fn every_key_metric_status_and_exit_code_has_an_entry() {
        for path in keys::paths(&plan::profile_schema()) {
            assert!(told(&[&path]).len() > path.len() + 10, "{path}");
        }
        for name in all_names() {
            assert!(told(&[&name]).contains("As a gate"), "{name}");
        }
        for (status, name) in CommandStatus::NAMED {
            let text = told(&[name]);
            assert!(text.contains(&format!("0x{:08X}", status.0)), "{text}");
            assert!(statuses::meaning(*status).is_some(), "{name} has no meaning");
        }
        assert!(told(&["observe.gw.rss.growth"]).contains("As a gate"));
        assert!(told(&["0x58"]).contains("ESME_RTHROTTLED"));
        assert!(told(&["0x401"]).contains("vendor"));
        assert!(told(&["exit", "4"]).starts_with("exit code 4: "));
        assert_eq!(told(&["exit"]).lines().count(), MEANINGS.len());
    }

    #[test]
    fn every_word_of_the_glossary_is_explained_and_those_of_the_summary_are_in_it() {
        for (term, says) in glossary::terms() {
            let text = told(&term.split(' ').collect::<Vec<_>>());
            assert!(text.contains(&says), "{term}: {text}");
        }
        for word in [
            "planted",
            "outage",
            "outages",
            "behind",
            "in front",
            "from plan",
            "from the send",
            "disturbed",
            "marker",
            "lag",
            "busiest worker",
            "probe",
            "told apart",
            "forward",
            "receipt_return",
            "told by a receipt",
            "wrong upstream",
            "came out once",
            "loop held up",
            "Limiter",
            "steady",
            "harness",
            "valid",
            "withheld",
            "knee",
            "p99",
            "service",
            "response time",
            "untracked",
            "anomaly",
            "recovery",
            "drift",
            "sent on time",
            "backpressure",
            "baseline",
            "equivalent",
        ] {
            assert!(
                told(&word.split(' ').collect::<Vec<_>>()).contains(" of the reports and"),
                "{word}"
            );
        }
        let line = entry(&["plantde"]).unwrap_err().to_string();
        assert!(line.contains("did you mean planted"), "{line}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_near_ones() {
        let line = entry(&["load.stagse"]).unwrap_err().to_string();
        assert!(line.contains("did you mean load.stages"), "{line}");
        let line = entry(&["qqqqq"]).unwrap_err().to_string();
        assert!(line.contains("give a key such as"), "{line}");
        assert!(entry(&["exit", "9"]).unwrap_err().to_string().contains("is not an exit code"));
    }
}
