//! `smppbench compare`: is the candidate better or worse than the base?
use super::args::{CompareArgs, CompareFormat};
use super::exit::{Exit, fail, put_octets};
use super::{folder, load, verdict};
use crate::judge::Baseline;
use crate::judge::compare::{self, Comparison, Evidence, Settings, Side, Verdict};
use crate::report::{Saved, comparison};
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
        CompareFormat::Html => match page(args, &compared) {
            Ok(page) => page.into_bytes(),
            Err(e) => return fail(Exit::Usage, &e),
        },
    };
    let written = match &args.output {
        Some(path) => folder::write(path, &octets).map_err(|e| fail(Exit::Internal, &e)),
        None => put_octets(&octets),
    };
    if let Err(exit) = written {
        return exit;
    }
    match compared.verdict {
        Verdict::Worse if args.gate => Exit::GateFailed,
        Verdict::Inconclusive if args.gate => Exit::NotTrustworthy,
        Verdict::Better | Verdict::Equivalent | Verdict::Worse | Verdict::Inconclusive => {
            Exit::Done
        }
    }
}

/// The page shows the distributions too, which a baseline file does not hold run by run.
fn page(args: &CompareArgs, compared: &Comparison) -> Result<String, String> {
    let runs = |paths: &[PathBuf]| -> Result<Vec<Saved>, String> {
        paths.iter().map(|path| load::saved(path)).collect()
    };
    let base = if baseline(&args.base)?.is_some() { Vec::new() } else { runs(&args.base)? };
    Ok(comparison::html(compared, &base, &runs(&args.candidate)?))
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
    verdict::settings(&args.min_effect, &args.primary)
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
