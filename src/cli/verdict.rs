//! Shared by the verbs that compare: settings as typed, evidence of saved runs, output of a comparison.
use super::exit::{Exit, Failure, put, put_octets};
use super::{folder, terminal};
use crate::judge::compare::{Comparison, Evidence, Settings, Verdict};
use crate::report::{self, Saved, Style};
use std::path::Path;

/// Settings out of `5%`, `0.05`, `receipt.p50=2%`, and of the metrics that decide.
pub(super) fn settings(effects: &[String], primary: &[String]) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    for written in effects {
        let (metric, share) = match written.split_once('=') {
            Some((metric, share)) => (Some(metric.trim()), share),
            None => (None, written.as_str()),
        };
        let share = share_of(share).ok_or_else(|| {
            let why = "not valid; write a share such as 5%, or response.p99=5%";
            Failure::usage(format!("--min-effect {written}: {why}"))
        })?;
        match metric {
            Some(metric) => settings.effects.push((metric.to_owned(), share)),
            None => settings.effect_min = share,
        }
    }
    if !primary.is_empty() {
        settings.primary = primary.to_vec();
    }
    settings.check()?;
    Ok(settings)
}

fn share_of(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0),
        None => text.parse().ok(),
    }
    .filter(|share| share.is_finite())
}

/// Evidence of each run.
pub(super) fn evidence(runs: &[Saved]) -> Result<Vec<Evidence>, Failure> {
    runs.iter().map(|run| run.evidence().map_err(Failure::usage)).collect()
}

/// Prints a comparison of these runs (base, candidate), and saves it in `folder`: comparison.json, comparison.md,
/// comparison.html and summary.txt.
///
/// # Errors
/// Where something cannot be written.
pub(super) fn show(
    comparison: &Comparison,
    runs: (&[Saved], &[Saved]),
    folder: Option<&Path>,
    json: bool,
) -> Result<(), Failure> {
    let octets = report::comparison::json(comparison);
    if let Some(folder) = folder {
        let plain = report::comparison::text(comparison, Style::default());
        let files = [
            ("comparison.json", octets.clone()),
            ("comparison.md", report::comparison::markdown(comparison).into_bytes()),
            ("comparison.html", report::comparison::html(comparison, runs.0, runs.1).into_bytes()),
            ("summary.txt", plain.into_bytes()),
        ];
        for (name, octets) in files {
            folder::write(&folder.join(name), &octets)?;
        }
    }
    if json {
        put_octets(&octets)
    } else {
        put(&report::comparison::text(comparison, terminal::style()))
    }
}

/// Exit code with --gate: 5 for worse, 4 for inconclusive.
pub(super) fn gate(comparison: &Comparison) -> Exit {
    match comparison.verdict {
        Verdict::Worse => Exit::GateFailed,
        Verdict::Inconclusive => Exit::NotTrustworthy,
        Verdict::Better | Verdict::Equivalent => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_a_share_for_all_or_for_one_metric() {
        let of = |effects: &[&str]| {
            let effects: Vec<String> = effects.iter().map(|e| (*e).to_owned()).collect();
            settings(&effects, &[])
        };
        let found = of(&["2%", "receipt.p50=0.1"]).unwrap();
        assert_eq!(found.effect_min, 0.02);
        assert_eq!(found.effects, [("receipt.p50".to_owned(), 0.1)]);
        assert!(of(&["much"]).unwrap_err().to_string().contains("--min-effect much"));
        assert!(of(&["receipt.p5O=1%"]).unwrap_err().to_string().contains("near: receipt.p50"));
        assert!(
            settings(&[], &["respons.p99".to_owned()]).unwrap_err().to_string().contains("near")
        );
    }
}
