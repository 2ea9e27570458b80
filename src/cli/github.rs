//! In a job on GitHub Actions: annotations of gates that did not pass, and the job's summary. Elsewhere: nothing.
use super::exit::{say, warn};
use crate::judge::{GateOutcome, GateResult};
use std::io::Write;

/// Prints a workflow command for each gate that did not pass, and appends `summary` to the job's.
pub(super) fn annotate(gates: &[GateResult], summary: &str) {
    if std::env::var_os("GITHUB_ACTIONS").is_none() {
        return;
    }
    for line in annotations(gates) {
        say(&line);
    }
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") else { return };
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    if let Err(e) = opened.and_then(|mut file| file.write_all(summary.as_bytes())) {
        warn(format!("cannot write the job's summary: {e}"));
    }
}

fn annotations(gates: &[GateResult]) -> Vec<String> {
    let lines = gates.iter().filter_map(|gate| {
        let (level, word) = match gate.outcome {
            GateOutcome::Pass => return None,
            GateOutcome::Fail => ("error", "failed"),
            GateOutcome::Undecided => ("warning", "undecided"),
        };
        Some(format!("::{level} title=smppbench gate {word}::{}", data(&gate.says())))
    });
    lines.collect()
}

/// Escapes text of a workflow command, so that no second command can begin in it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{GateValue, Unit};

    #[test]
    fn a_gate_that_is_not_kept_is_one_annotation_and_a_line_break_cannot_start_another() {
        let gate = |outcome, why: Option<&str>| GateResult {
            name: "ratio.rejected".to_owned(),
            expression: "<= 0.1%".to_owned(),
            value: Some(GateValue::Number(0.02)),
            outcome,
            unit: Unit::Ratio,
            why: why.map(str::to_owned),
        };
        let gates = [
            gate(GateOutcome::Pass, None),
            gate(GateOutcome::Fail, None),
            gate(GateOutcome::Undecided, Some("too\n::error::few")),
        ];
        assert_eq!(
            annotations(&gates),
            [
                "::error title=smppbench gate failed::ratio.rejected <= 0.1%25: 2 %25",
                "::warning title=smppbench gate undecided::ratio.rejected <= 0.1%25: 2 %25 (too%0A::error::few)",
            ]
        );
    }
}
