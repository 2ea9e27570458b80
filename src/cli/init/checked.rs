//! `init --check`: one bind, one message, one receipt, and what they show of the SMSC.
use crate::cli::dial::{self, Probe};
use crate::cli::exit::{Exit, Failure, say};
use crate::plan::Plan;
use std::path::Path;

/// Holds one session and reports it.
pub(super) fn check(plan: Plan, path: &Path) -> Result<Exit, Failure> {
    let target = if plan.target.embedded {
        "the simulator in this process".to_owned()
    } else {
        plan.target.addresses.join(", ")
    };
    say(&format!("checking {target} with one session and one message"));
    let Probe { remarks, id_modes, exit, why } = dial::probe(plan)?;
    for remark in &remarks {
        say(&format!("  {remark}"));
    }
    if !id_modes.is_empty() {
        let modes: Vec<String> =
            id_modes.iter().map(|mode| format!("id_mode = {mode:?}")).collect();
        say(&format!(
            "  ids in the receipt are not spelled as in the response: write {} in [receipts] of {}",
            modes.join(" or "),
            path.display()
        ));
    }
    say(
        "  one message shows no limit of the window or the rate: `smppbench find window`, `find rate`",
    );
    why.map_or(Ok(exit), |why| Err(Failure::Of(exit, why)))
}
