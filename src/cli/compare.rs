//! `smppbench compare`: is the candidate better or worse than the base?
use super::args::{CompareArgs, CompareFormat};
use super::exit::{Exit, fail, put_octets};
use super::{folder, load};
use crate::judge::Baseline;
use crate::judge::compare::{self, Comparison, Evidence, Settings, Side, Verdict};
use crate::report::comparison;
use std::path::{Path, PathBuf};

/// Runs the verb. What cannot be compared is 2, what cannot be written 1.
pub(super) fn run(args: &CompareArgs) -> Exit {
    let compared = match compared(args) {
        Ok(compared) => compared,
        Err(e) => return fail(Exit::Usage, &e),
    };
    let octets = match args.format {
        _ if args.json => comparison::json(&compared),
        CompareFormat::Text => comparison::text(&compared).into_bytes(),
        CompareFormat::Json => comparison::json(&compared),
        CompareFormat::Markdown => comparison::markdown(&compared).into_bytes(),
    };
    let written = match &args.output {
        Some(path) => folder::write(path, &octets),
        None => put_octets(&octets),
    };
    if let Err(e) = written {
        return fail(Exit::Internal, &e);
    }
    match compared.verdict {
        Verdict::Worse if args.gate => Exit::GateFailed,
        Verdict::Inconclusive if args.gate => Exit::NotTrustworthy,
        Verdict::Better | Verdict::Equivalent | Verdict::Worse | Verdict::Inconclusive => {
            Exit::Done
        }
    }
}

fn compared(args: &CompareArgs) -> Result<Comparison, String> {
    let settings = settings(args)?;
    let candidate = evidence(&args.candidate)?;
    if args.paired {
        let base = evidence(&args.base)?;
        return compare::compare_paired(&base, &candidate, &settings).map_err(|e| e.to_string());
    }
    let side = |runs: &[Evidence]| {
        Side::of(runs, settings.resamples, settings.seed).map_err(|e| e.to_string())
    };
    let base = match baseline(&args.base)? {
        Some(baseline) => baseline.side,
        None => side(&evidence(&args.base)?)?,
    };
    compare::compare(&base, &side(&candidate)?, &settings).map_err(|e| e.to_string())
}

fn evidence(paths: &[PathBuf]) -> Result<Vec<Evidence>, String> {
    paths
        .iter()
        .map(|path| load::saved(path)?.evidence().map_err(|e| format!("{}: {e}", path.display())))
        .collect()
}

/// A base that is one file, and no result, may be a baseline.
fn baseline(paths: &[PathBuf]) -> Result<Option<Baseline>, String> {
    const MARK: &str = "\"smppbench.baseline/";
    let [path] = paths else { return Ok(None) };
    let path: &Path = path;
    let Some(octets) = std::fs::read(path).ok().filter(|_| path.is_file()) else { return Ok(None) };
    let head = String::from_utf8_lossy(&octets[..octets.len().min(200)]);
    if !head.contains(MARK) {
        return Ok(None);
    }
    Baseline::from_json(&octets).map(Some).map_err(|e| format!("{}: {e}", path.display()))
}

fn settings(args: &CompareArgs) -> Result<Settings, String> {
    let mut settings = Settings::default();
    for text in &args.min_effect {
        let (name, part) =
            text.split_once('=').map_or((None, text.as_str()), |(n, p)| (Some(n), p));
        let part = percent(part).ok_or_else(|| {
            format!("--min-effect {text}: expected a part such as 5%, or response.p99=5%")
        })?;
        match name {
            Some(name) => settings.effects.push((name.to_owned(), part)),
            None => settings.effect_min = part,
        }
    }
    if !args.primary.is_empty() {
        settings.primary.clone_from(&args.primary);
    }
    settings.check()?;
    Ok(settings)
}

/// A part out of `5%` or `0.05`.
fn percent(text: &str) -> Option<f64> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    number.trim().parse::<f64>().ok().filter(|v| v.is_finite()).map(|v| v / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(min_effect: &[&str], primary: &[&str]) -> CompareArgs {
        CompareArgs {
            base: vec!["reports/sample".into()],
            candidate: vec!["reports/sample".into()],
            paired: false,
            min_effect: min_effect.iter().map(|s| (*s).to_owned()).collect(),
            primary: primary.iter().map(|s| (*s).to_owned()).collect(),
            gate: true,
            format: CompareFormat::Text,
            json: false,
            output: None,
        }
    }

    #[test]
    fn effects_are_read_of_all_and_of_single_metrics_and_a_wrong_one_is_named() {
        let read = settings(&args(&["2.5%", "receipt.p99=0.1"], &["receipt.p99"])).unwrap();
        assert_eq!((read.effect_min, read.effects[0].1), (0.025, 0.1));
        let says =
            |effects: &[&str], primary: &[&str]| settings(&args(effects, primary)).unwrap_err();
        assert!(says(&["much"], &[]).contains("--min-effect much"));
        assert!(says(&["-1%"], &[]).contains("will not do"));
        assert!(says(&[], &["receipt.p98"]).contains("near: receipt.p9"));
    }

    #[test]
    fn a_run_beside_itself_is_the_same_and_a_missing_one_is_named() {
        let same = compared(&args(&[], &["response.p50"])).unwrap();
        assert_eq!(same.metric("response.p50").unwrap().change, Some(1.0));
        let mut absent = args(&[], &[]);
        absent.candidate = vec!["reports/absent".into()];
        assert!(compared(&absent).unwrap_err().contains("reports/absent"));
    }
}
