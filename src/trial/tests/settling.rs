//! Steady state and the length of the warm-up (docs/verdict.md, "Warm-up and steady state"), on queues whose transients
//! are known.
use super::*;
use crate::judge::{Limiter, Outcome};

/// A surge of 2,000/s for 5 s, then 500/s: first so long unmeasured, then measured for 40 s.
fn surge(settle: &str) -> String {
    let settle = match settle {
        "" => String::new(),
        length => format!("{{ hold = \"500\", for = \"{length}\", measure = false }}, "),
    };
    profile(
        &format!(
            r#"stages = [{{ hold = "2000", for = "5s", measure = false }}, {settle}{{ hold = "500", for = "40s" }}]"#
        ),
        &format!(
            r#"[binds]
count = 1
window = 10
{PLAIN}[embedded.response]
latency = "10ms"
"#
        ),
    )
}

#[test]
fn a_warm_up_too_short_is_named_with_the_length_that_would_do() {
    // The window carries 10 / 10.1 ms = 990/s. The surge leaves 10,000 − 4,950 = 5,050 waiting, which 500/s let go
    // at 490/s: 10.3 s. MSER cuts in fives: 15 s, on top of the 5 s there were.
    let (_, _, j) = judged(&surge(""));
    assert!(
        j.warnings.iter().any(|w| w == "the warm-up was too short; use at least 20 s"),
        "{:?}",
        j.warnings
    );
    let (_, _, j) = judged(&surge("15s"));
    assert_eq!(j.steady.warmup_needed_s, None, "{:?}", j.warnings);
    assert_eq!(j.steady.steady, Some(true), "{}", j.steady.reason);
    assert_eq!(j.outcome, Some(Outcome::Sustained), "{:?}", j.reasons);
}

#[test]
fn a_backlog_that_grows_is_no_steady_state() {
    let toml = profile(
        r#"stages = [{ hold = "1200", for = "35s" }]"#,
        &format!(
            r#"[binds]
count = 1
window = 10
{PLAIN}[embedded.response]
latency = "10ms"
"#
        ),
    );
    let (_, record, j) = judged(&toml);
    assert_eq!(j.steady.steady, Some(false));
    let grown = j.steady.growths.iter().find(|c| c.check == "backlog_growth").unwrap();
    assert!(grown.failed(), "{grown:?}");
    // (1,200 − 990.1)/s over the 34 s between the ends of the first and the last second
    let value = grown.value.unwrap();
    assert!((value - 209.9 * 34.0).abs() < 40.0, "{value}");
    assert!(j.steady.reason.starts_with("no steady state"), "{}", j.steady.reason);
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::Window)));
    let backlog: Vec<u64> = record.intervals.iter().take(35).map(|r| r.gauges.backlog).collect();
    assert!(backlog.windows(2).all(|w| w[1] > w[0]), "{backlog:?}");
}

#[test]
fn a_run_below_its_limit_for_forty_seconds_is_steady() {
    let toml = profile(
        r#"arrival = "poisson"
stages = [{ hold = "500", for = "5s", measure = false }, { hold = "500", for = "40s" }]"#,
        &format!(
            r#"[binds]
count = 2
window = 20
{PLAIN}[embedded.response]
latency = {{ lognormal = {{ median = "10ms", p99 = "40ms" }} }}
"#
        ),
    );
    let (_, _, j) = judged(&toml);
    assert_eq!(j.steady.steady, Some(true), "{}", j.steady.reason);
    assert_eq!(j.steady.warmup_needed_s, None);
    assert_eq!(j.outcome, Some(Outcome::Sustained), "{:?}", j.reasons);
}
