//! `smppbench compare`: is the candidate better or worse than the base?
use super::args::{CompareArgs, CompareFormat};
use super::exit::{Exit, Failure, put_octets};
use super::load;
use super::{folder, terminal, verdict};
use crate::judge::compare::{self, Comparison, Evidence, RunSet};
use crate::report::{Style, comparison};
use std::path::PathBuf;

/// The runs of base and candidate.
type Sides<'a> = (&'a [PathBuf], &'a [PathBuf]);

/// Runs the verb. Exit 2 where runs cannot be compared, 1 where the output cannot be written.
pub(super) fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let compared = compared(args)?;
    let octets = match args.format {
        _ if args.json => comparison::json(&compared),
        CompareFormat::Text => {
            let kept = args.output.is_some();
            let style = if kept { Style::default() } else { terminal::style() };
            comparison::text(&compared, style).into_bytes()
        }
        CompareFormat::Json => comparison::json(&compared),
        CompareFormat::Markdown => comparison::markdown(&compared).into_bytes(),
        CompareFormat::Html => page(args, &compared)?.into_bytes(),
    };
    match &args.output {
        Some(path) => folder::write(path, &octets)?,
        None => put_octets(&octets)?,
    }
    Ok(if args.gate { verdict::gate(&compared) } else { Exit::Done })
}

fn sides(args: &CompareArgs) -> Result<Sides<'_>, Failure> {
    args.sides().ok_or_else(|| {
        Failure::usage("there is no candidate; give two runs, or the candidate's runs after --with")
    })
}

/// The page also shows distributions, which a baseline file does not have by run.
fn page(args: &CompareArgs, compared: &Comparison) -> Result<String, Failure> {
    let (base, candidate) = sides(args)?;
    let runs = match load::baseline(base)? {
        Some(_) => Vec::new(),
        None => load::all(base)?,
    };
    Ok(comparison::html(compared, &runs, &load::all(candidate)?))
}

fn compared(args: &CompareArgs) -> Result<Comparison, Failure> {
    let (base, candidate) = sides(args)?;
    let settings = verdict::settings(&args.min_effect, &args.primary)?;
    let candidate = evidence(candidate)?;
    if args.paired {
        return Ok(compare::compare_paired(&evidence(base)?, &candidate, &settings)?);
    }
    let side = |runs: &[Evidence]| RunSet::of(runs, settings.resamples, settings.seed);
    let base = match load::baseline(base)? {
        Some(baseline) => baseline.side,
        None => side(&evidence(base)?)?,
    };
    Ok(compare::compare(&base, &side(&candidate)?, &settings)?)
}

fn evidence(paths: &[PathBuf]) -> Result<Vec<Evidence>, Failure> {
    let of = |path: &PathBuf| {
        let evidence = load::saved(path)?.evidence();
        evidence.map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
    };
    paths.iter().map(of).collect()
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

    fn settings(args: &CompareArgs) -> Result<compare::Settings, Failure> {
        verdict::settings(&args.min_effect, &args.primary)
    }

    #[test]
    fn effects_are_read_of_all_and_of_single_metrics_and_a_wrong_one_is_named() {
        let read = settings(&args(&["2.5%", "receipt.p99=0.1"], &["receipt.p99"])).unwrap();
        assert_eq!((read.effect_min, read.effects[0].1), (0.025, 0.1));
        let says = |effects: &[&str], primary: &[&str]| {
            settings(&args(effects, primary)).unwrap_err().to_string()
        };
        assert!(says(&["much"], &[]).contains("--min-effect much"));
        assert!(says(&["-1%"], &[]).contains("is not a valid smallest effect"));
        assert!(says(&[], &["receipt.p98"]).contains("near: receipt.p9"));
    }

    #[test]
    fn a_run_compared_with_itself_is_the_same_and_a_missing_one_is_named() {
        let same = compared(&args(&[], &["response.p50"])).unwrap();
        assert_eq!(same.metric("response.p50").unwrap().change, Some(1.0));
        let mut absent = args(&[], &[]);
        absent.candidate = vec!["reports/absent".into()];
        assert!(compared(&absent).unwrap_err().to_string().contains("reports/absent"));
    }
}
