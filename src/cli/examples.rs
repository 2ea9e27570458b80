//! The command as users see it: the parsed arguments, with examples below each verb's flags and, in the man pages,
//! exit codes, files and environment.
use super::args::Cli;
use crate::report::fill;
use clap::{Command, CommandFactory};
use std::ffi::OsString;

/// Examples of each verb, as `--help` and the man pages show them.
const EXAMPLES: [(&str, &str); 20] = [
    (
        "run",
        "smppbench run                                  the built-in profile against the embedded SMSC
  smppbench run --rate 5k --duration 30s --gate 'response.p99 < 100ms'
  smppbench run --to file:numbers.txt --text 'Your code is {seq}'
  smppbench run my.toml --baseline reports/last-release --gate 'receipt.p99 <= baseline + 5%'
  smppbench run --list                           the built-in profiles",
    ),
    (
        "through",
        "smppbench through gateway.toml                 from [target] to [upstream] behind the gateway
  smppbench through gateway.toml --gate 'ratio.lost_inside = 0' --gate 'through.forward.p99 < 50ms'
  smppbench through gateway.toml --overhead      what the gateway adds to the direct way",
    ),
    (
        "find",
        "smppbench find rate                            the highest rate that the embedded SMSC sustains
  smppbench find window my.toml
  smppbench find binds my.toml --max-messages 20000
  smppbench find rate gateway.toml --through --objective 'through.forward.p99<=50ms'",
    ),
    (
        "smsc",
        "smppbench smsc                                 listen on 127.0.0.1:2775 and accept everything
  smppbench smsc --behaviour profiles/smsc/vonage.toml --tally tally.json
  smppbench smsc --log on                        log binds, faults and totals; `help` lists commands",
    ),
    (
        "dial",
        "smppbench dial --target 127.0.0.1:2775         bind, and unbind
  smppbench dial --target 127.0.0.1:2775 --to 447700900123 --text hello --wait 10s",
    ),
    (
        "decode",
        "smppbench decode 00000010000000150000000000000001
  smppbench decode capture.pcap | jq .command",
    ),
    (
        "conform",
        "smppbench conform smsc                         every case against the embedded simulator
  smppbench conform smsc --target 127.0.0.1:2775 --level must --dry-run
  smppbench conform smsc my.toml --expect expected.toml
  smppbench conform esme --listen 127.0.0.1:2775 --case '4.11*'
  smppbench conform compare reports/before reports/after",
    ),
    (
        "check",
        "smppbench check my.toml                        the plan, with a picture of its stages
  smppbench check --rate 5k --duration 1m",
    ),
    (
        "render",
        "smppbench render reports/quick-20260101T000000Z --format markdown
  smppbench render reports/* --format html --output runs.html",
    ),
    (
        "compare",
        "smppbench compare reports/old reports/new      one run a side
  smppbench compare old-1 old-2 --with new-1 new-2 --gate",
    ),
    ("schema", "smppbench schema profile > profile.schema.json"),
    ("completions", "smppbench completions bash > /etc/bash_completion.d/smppbench"),
    ("man", "smppbench man run | man -l -"),
    (
        "duel",
        "smppbench duel my.toml --a target.address=127.0.0.1:2775 --b target.address=127.0.0.1:2776
  smppbench duel my.toml --a account.binds.window=10 --b account.binds.window=50 --gate",
    ),
    (
        "agent",
        "smppbench agent --nats nats://10.0.0.1:4222 --allow-target smsc.example:2775
  smppbench run my.toml --nats nats://10.0.0.1:4222 --agents 3     leads three of them",
    ),
    (
        "gate",
        "smppbench gate reports/quick-20260101T000000Z --gates gates.toml
  smppbench gate reports/new --baseline reports/old",
    ),
    (
        "calibrate",
        "smppbench calibrate 5 my.toml --out baseline   five runs, and how much they differ",
    ),
    ("selfcheck", "smppbench selfcheck                            what this machine can measure"),
    (
        "explain",
        "smppbench explain load.stages                  a key of the profile
  smppbench explain response.p99                 a metric
  smppbench explain 0x58                         a command_status
  smppbench explain loop held up                 a word of the summary or of a report
  smppbench explain exit 4                       an exit code",
    ),
    (
        "init",
        "smppbench init                                 asks, and writes smppbench.toml
  smppbench init --target smsc.example:2775 --system-id me --output prod.toml
  smppbench init --from vonage --check",
    ),
];

/// Said at the end of every man page.
const MANUAL_END: &str = "\
EXIT STATUS:
  0 done, and gates passed · 1 internal or I/O error · 2 usage or profile error, or refused by the guard ·
  3 could not connect or bind · 4 a gate could not be decided, or --strict and inconclusive · 5 a gate failed ·
  6 ended early · 130 interrupted

FILES:
  reports/NAME-UTC/                 the run folder: result.json, report.html, intervals.csv, latency.hlog, ...
  ~/.local/state/smppbench/         what `selfcheck` found

ENVIRONMENT:
  NO_COLOR                          no colours
  XDG_STATE_HOME                    where `selfcheck` keeps what it found
  GITHUB_ACTIONS, GITHUB_STEP_SUMMARY   gates and the summary are shown in the job";

/// The command line, with examples.
pub(super) fn command() -> Command {
    EXAMPLES.into_iter().fold(Cli::command(), |all, (verb, examples)| {
        all.mut_subcommand(verb, |command| {
            let below =
                command.get_after_help().map(|text| format!("\n\n{}", filled(&text.to_string())));
            command.after_help(format!("Examples:\n  {examples}{}", below.unwrap_or_default()))
        })
    })
}

/// Columns that clap wraps help to.
const COLUMNS: usize = 100;

/// Paragraphs wrapped to the columns of help, which would else be broken a second time. A line that begins with a word and
/// two or more spaces begins an item, whose further lines are indented as far.
fn filled(text: &str) -> String {
    let paragraph = |text: &str| {
        let mut items: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            let (start, says) = line.split_at(item_start(line));
            match items.last_mut() {
                Some((_, last)) if start.is_empty() => *last = format!("{last} {}", says.trim()),
                Some(_) | None => items.push((start.to_owned(), says.trim().to_owned())),
            }
        }
        let lines = items.iter().map(|(start, says)| fill(COLUMNS, start, says));
        lines.collect::<String>().trim_end().to_owned()
    };
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// Where the words of an item begin; 0: the line begins none.
fn item_start(line: &str) -> usize {
    const LABEL_MOST: usize = 12;
    let label = line.find("  ").filter(|label| (1..LABEL_MOST).contains(label));
    let is_word = |label: &usize| !line[..*label].contains(' ');
    label.filter(is_word).map_or(0, |label| line.len() - line[label..].trim_start().len())
}

/// The same as the man pages have it.
pub(super) fn manual() -> Command {
    command().mut_subcommands(|command| {
        let below = command.get_after_help().map(|text| format!("{text}\n\n"));
        command.after_help(format!("{}{MANUAL_END}", below.unwrap_or_default()))
    })
}

/// Arguments that name no verb are those of `run`: `smppbench my.toml`, `smppbench --rate 500`.
pub(super) fn with_verb(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if let Some(first) = arguments.get(1).map(|first| first.to_string_lossy().into_owned())
        && !matches!(first.as_str(), "-h" | "--help" | "-V" | "--version" | "help")
        && (first.starts_with('-') || first.ends_with(".toml"))
    {
        arguments.insert(1, "run".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Verb;
    use clap::FromArgMatches;

    #[test]
    fn every_verb_has_examples_that_parse() {
        let all = command();
        for verb in all.get_subcommands().filter(|c| c.get_name() != "help") {
            let known = EXAMPLES.iter().any(|(name, _)| *name == verb.get_name());
            assert!(known, "{} has no example", verb.get_name());
        }
        for line in EXAMPLES.iter().flat_map(|(_, text)| text.lines()) {
            let at = line.find("smppbench").unwrap();
            // an explanation stands three or more spaces to the right; a pipe ends the command
            let typed = line[at..].split("   ").next().unwrap().split([';', '|', '>'].as_slice());
            let typed = if line.contains('\'') {
                continue;
            } else {
                typed.into_iter().next().unwrap().split_whitespace()
            };
            let parsed = command().try_get_matches_from(typed);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn no_line_below_the_flags_is_broken_twice() {
        for verb in command().get_subcommands() {
            let below = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in below.lines() {
                assert!(line.chars().count() <= COLUMNS, "{}: {line}", verb.get_name());
            }
        }
        let text = "one\ntwo  three\nlabel  says\n       more\n\nnext";
        assert_eq!(filled(text), "one\ntwo  three\nlabel  says more\n\nnext");
        let find =
            command().find_subcommand_mut("find").unwrap().get_after_help().unwrap().to_string();
        assert!(
            find.contains("\nwindow  fills the window") && find.contains("\n        confirms "),
            "{find}"
        );
    }

    #[test]
    fn arguments_without_a_verb_are_those_of_run() {
        let verb = |typed: &[&str]| {
            let typed = typed.iter().map(OsString::from).collect();
            let matches = command().try_get_matches_from(with_verb(typed)).unwrap();
            Cli::from_arg_matches(&matches).unwrap().verb
        };
        let Some(Verb::Run(args)) = verb(&["smppbench", "my.toml"]) else { panic!("it is run") };
        assert_eq!(args.load.profile.unwrap().to_str(), Some("my.toml"));
        let Some(Verb::Run(args)) = verb(&["smppbench", "--rate", "500"]) else {
            panic!("it is run")
        };
        assert_eq!(args.load.source().1.rate.as_deref(), Some("500"));
        assert!(verb(&["smppbench"]).is_none());
        assert!(matches!(verb(&["smppbench", "check"]), Some(Verb::Check(_))));
        let wrong = with_verb(vec!["smppbench".into(), "rendr".into()]);
        let line = command().try_get_matches_from(wrong).unwrap_err().to_string();
        assert!(line.contains("render"), "{line}");
    }
}
