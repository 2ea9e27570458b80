//! TCP statistics and the run's share of this machine's measured ceiling, where they explain something.
use super::note::Withheld;
use super::summary::LabelledLine;
use super::table::Tone;
use crate::kit::words;
use crate::plan::is_loopback;
use crate::report::document::{Document, RoleTcp};
use serde::Deserialize;

/// Share of the busy time from which on a full buffer explains something.
const MATTERS: f64 = 0.05;

impl Document {
    /// Whether the target was on this machine.
    pub(crate) fn on_loopback(&self) -> bool {
        self.run.target == "embedded" || is_loopback(&self.run.target)
    }
}

impl RoleTcp {
    /// What explains something, in words; None: nothing does. On loopback acknowledgements wait for answers, and the
    /// shortest round trip is the one to show.
    pub(crate) fn says(&self, on_loopback: bool) -> Option<String> {
        let mut found = Vec::new();
        let again = self.retransmits;
        if again > 0 {
            let of =
                self.segments_out.map_or(String::new(), |n| format!(" of {}", words::count(n)));
            found.push(format!("{}{of} segments were retransmitted", words::count(again)));
        }
        if let Some(share) = self.rwnd_limited_ratio.filter(|s| *s > MATTERS) {
            let share = words::percent(share);
            found.push(format!("the SMSC's receive window was full for {share} of the busy time"));
        }
        if let Some(share) = self.sndbuf_limited_ratio.filter(|s| *s > MATTERS) {
            let share = words::percent(share);
            found.push(format!("the harness's send buffer was full for {share} of the busy time"));
        }
        let rtt = if on_loopback { self.rtt_min_ns } else { self.rtt_ns };
        let rtt = rtt.map_or(String::new(), |n| format!("round trip {}; ", words::duration(n)));
        let s = if self.sessions == 1 { "" } else { "s" };
        (!found.is_empty()).then(|| format!("{}{s}: {rtt}{}", self.role, found.join(", ")))
    }
}

/// Lines on what explains something.
pub(super) fn lines(document: &Document) -> Vec<LabelledLine> {
    let environment = &document.environment;
    // a result of another version may have another form, which is skipped
    let roles = Vec::<RoleTcp>::deserialize(&environment["tcp"]).unwrap_or_default();
    let network = roles.iter().filter_map(|role| role.says(document.on_loopback()));
    let mut lines: Vec<LabelledLine> =
        network.map(|says| LabelledLine::new("network", Tone::Warn, says)).collect();
    let selfcheck = &environment["selfcheck"];
    if let (Some(share), Some(ceiling), None) = (
        selfcheck["share_of_ceiling"].as_f64(),
        selfcheck["ceiling"].as_f64(),
        Withheld::figures(&document.verdict),
    ) {
        let (share, ceiling) = (words::percent(share), words::rate(ceiling));
        let says = format!("{share} of this host's measured ceiling ({ceiling})");
        lines.push(LabelledLine::new("ceiling", Tone::Plain, says));
    }
    lines
}
