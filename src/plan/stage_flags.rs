//! `--rate`, `--duration` and `--warmup` replace the stages by one warm-up and one measured hold. What they do
//! not say comes from the profile, where its measured stages are one hold; else it must be said
//! (docs/reference/commands.md, "Precedence"). It knows no file.
use super::error::PlanError;
use super::location::SourceLocation;
use super::model::{Shape, Stage};
use super::overrides::Overrides;
use super::read::{read, read_kind};
use super::schedule::exceeds;
use super::tree::{Node, Value};
use super::values::{Span, rate_json, span_text};
use crate::kit::{Nanos, Rate};

/// The flags that replace stages.
pub(super) const FLAGS: [&str; 3] = ["--rate", "--duration", "--warmup"];

/// A part of the stages, and where it was written: a flag, a line, or `built-in default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `rate`, `measured time` or `warm-up`.
    pub what: &'static str,
    /// Where.
    pub from: String,
}

/// The one hold that a profile's own stages amount to.
struct OwnStages {
    /// The key and value of its shape.
    shape: (&'static str, Node),
    measured: (SourceLocation, Nanos),
    warmup: (SourceLocation, Nanos),
}

impl Overrides {
    /// Whether the flags replace the stages.
    pub(super) const fn has_stages(&self) -> bool {
        self.rate.is_some() || self.duration.is_some() || self.warmup.is_some()
    }

    /// The stages that replace `stages`, which `tree` holds, and where each part of them is from. `receive_only`: length
    /// of a run whose binds only receive; then nothing needs to be said.
    pub(super) fn replace_stages(
        &self,
        tree: &mut Node,
        stages: &[Stage],
        receive_only: Option<Nanos>,
    ) -> Result<(Vec<Stage>, Vec<Origin>), PlanError> {
        let own_stages = match receive_only {
            Some(length) => Some(receiving(stages, length)),
            None => own_stages(tree, stages),
        };
        let Some(own_stages) = own_stages.or_else(|| self.all_said()) else {
            return Err(self.missing());
        };
        let shape = match &self.rate {
            Some(rate) => written_rate(rate)?,
            None => own_stages.shape,
        };
        let length = |flag: &str, written: &Option<String>, own_stages: (SourceLocation, Nanos)| {
            match written {
                Some(text) => Node::text(&SourceLocation::flag(flag), text),
                None => Node::text(&own_stages.0, span_text(own_stages.1)),
            }
        };
        let warmup = length("--warmup", &self.warmup, own_stages.warmup);
        let measured = length("--duration", &self.duration, own_stages.measured);
        let origins = [("rate", &shape.1), ("measured time", &measured), ("warm-up", &warmup)];
        let origins =
            origins.map(|(what, node)| Origin { what, from: node.place.to_string() }).to_vec();
        let stage = |name: &str, length: Node, measure: bool| {
            let place = length.place.clone();
            let measure = Node { place: place.clone(), value: Value::Flag(measure) };
            let name = Node::text(&place, name);
            let shape = (shape.0, shape.1.clone());
            Node::table(&place, vec![("name", name), shape, ("for", length), ("measure", measure)])
        };
        let warmup = stage("warm-up", warmup, false);
        let length = warmup.get("for").map(|node| read_kind::<Span>(node, "for")).transpose()?;
        let mut all = Vec::new();
        if length.is_some_and(|length| length.0 > 0) {
            all.push(warmup);
        }
        all.push(stage("measured", measured, true));
        let node = Node { place: shape.1.place.clone(), value: Value::List(all) };
        let stages = read(&node).map_err(|e| e.under("load.stages"))?;
        tree.put_at(&["load", "stages"], node);
        Ok((stages, origins))
    }

    /// Where every flag is given, nothing is taken from the profile.
    fn all_said(&self) -> Option<OwnStages> {
        let all = self.rate.is_some() && self.duration.is_some() && self.warmup.is_some();
        let none = (SourceLocation::flag(""), Nanos::ZERO);
        let shape = ("max", Node { place: none.0.clone(), value: Value::Flag(true) });
        all.then(|| OwnStages { shape, measured: none.clone(), warmup: none })
    }

    fn missing(&self) -> PlanError {
        let flags = [
            ("--rate", self.rate.is_some()),
            ("--duration", self.duration.is_some()),
            ("--warmup", self.warmup.is_some()),
        ];
        let names = |given: bool| -> Vec<&str> {
            flags.iter().filter(|flag| flag.1 == given).map(|flag| flag.0).collect()
        };
        let why = format!(
            "replaces the profile's stages, whose measured ones are not one hold to take the rest from; \
             add {}",
            names(false).join(" and ")
        );
        PlanError::new(SourceLocation::flag(names(true).join(" ")), "", why)
    }
}

/// The one hold of the profile's stages, if the measured ones are holds of one rate, or closed loops.
fn own_stages(tree: &Node, stages: &[Stage]) -> Option<OwnStages> {
    let first = stages.iter().position(|stage| stage.measure)?;
    let alike = |stage: &Stage| match (&stage.shape, &stages[first].shape) {
        (Shape::Hold(a), Shape::Hold(b)) => !exceeds(*a, *b) && !exceeds(*b, *a),
        (Shape::Max, Shape::Max) => true,
        _ => false,
    };
    if !stages.iter().filter(|stage| stage.measure).all(alike) {
        return None;
    }
    let place = |number: usize, key: &str| {
        let path = format!("load.stages[{number}].{key}");
        let written = tree.get("load").is_some_and(|load| load.get("stages").is_some());
        if written { tree.place_of(&path).clone() } else { SourceLocation::built_in() }
    };
    let sum = |measure: bool| {
        let own = stages.iter().filter(|stage| stage.measure == measure);
        own.fold(Nanos::ZERO, |sum, stage| sum + stage.length)
    };
    let unmeasured = stages.iter().position(|stage| !stage.measure).unwrap_or(first);
    let shape = match &stages[first].shape {
        Shape::Hold(at) => ("hold", rate_node(&place(first, "hold"), *at)),
        _ => ("max", Node { place: place(first, "max"), value: Value::Flag(true) }),
    };
    Some(OwnStages {
        shape,
        measured: (place(first, "for"), sum(true)),
        warmup: (place(unmeasured, "for"), sum(false)),
    })
}

/// For binds that only receive any rate will do: it is not used.
fn receiving(stages: &[Stage], length: Nanos) -> OwnStages {
    let peak = stages.iter().find_map(|stage| stage.shape.peak()).unwrap_or(Rate::per_second(1));
    let place = SourceLocation::built_in();
    OwnStages {
        shape: ("hold", rate_node(&place, peak)),
        measured: (place.clone(), length),
        warmup: (place, Nanos::ZERO),
    }
}

fn rate_node(place: &SourceLocation, at: Rate) -> Node {
    let text = match rate_json(at) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Node::text(place, text)
}

/// `--rate`: a rate above 0, or max.
fn written_rate(rate: &str) -> Result<(&'static str, Node), PlanError> {
    let place = SourceLocation::flag("--rate");
    if rate == "max" {
        return Ok(("max", Node { place, value: Value::Flag(true) }));
    }
    let written =
        Rate::parse(rate).map_err(|e| PlanError::new(place.clone(), "", format!("{e}, or max")))?;
    if written.num == 0 {
        let why = "0 is not valid; write a rate above 0, or max";
        return Err(PlanError::new(place, "", why));
    }
    Ok(("hold", Node::text(&place, rate)))
}

#[cfg(test)]
mod tests {
    use crate::kit::{Nanos, Rate};
    use crate::plan::{Overrides, Plan, Shape, Source, load, preview};

    const HOLD: &str = r#"[[load.stages]]
ramp = [1, 200]
for = "3s"
measure = false
[[load.stages]]
hold = 200
for = "5s"
"#;

    fn flags(rate: Option<&str>, duration: Option<&str>, warmup: Option<&str>) -> Overrides {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (rate, duration, warmup) = (owned(rate), owned(duration), owned(warmup));
        Overrides { rate, duration, warmup, ..Overrides::default() }
    }

    fn with(text: &str, overrides: &Overrides) -> Result<Plan, String> {
        let source = Source::Text { name: "p.toml".into(), text: text.into() };
        load(&source, overrides).map_err(|e| e.to_string())
    }

    /// (rate, seconds of warm-up, measured seconds)
    fn comes_to(plan: &Plan) -> (Option<Rate>, u64, u64) {
        let length = |measure: bool| {
            let own = plan.stages.iter().filter(|s| s.measure == measure);
            own.map(|s| s.length.0 / 1_000_000_000).sum()
        };
        let holds = plan.stages.iter().all(|s| matches!(s.shape, Shape::Hold(_) | Shape::Max));
        assert!(plan.stages.len() <= 2 && holds, "{:?}", plan.stages);
        (plan.stages.last().unwrap().shape.peak(), length(false), length(true))
    }

    #[test]
    fn what_a_flag_does_not_say_comes_from_the_profile_s_one_hold() {
        let at = |n| Some(Rate::per_second(n));
        for (overrides, wanted) in [
            (flags(None, Some("6s"), None), (at(200), 3, 6)),
            (flags(Some("50"), None, None), (at(50), 3, 5)),
            (flags(None, None, Some("1s")), (at(200), 1, 5)),
            (flags(None, None, Some("0s")), (at(200), 0, 5)),
            (flags(Some("max"), None, None), (None, 3, 5)),
            (flags(Some("7"), Some("8s"), Some("9s")), (at(7), 9, 8)),
        ] {
            assert_eq!(comes_to(&with(HOLD, &overrides).unwrap()), wanted, "{overrides:?}");
        }
        let slow = r#"[[load.stages]]
hold = "90/min"
for = "1500ms"
"#;
        let plan = with(slow, &flags(None, None, Some("2s"))).unwrap();
        assert_eq!(comes_to(&plan), (Some(Rate { num: 3, den: 2 }), 2, 1));
        assert_eq!(plan.stages[1].length, Nanos::from_millis(1500));
        let closed = r#"[[load.stages]]
max = true
for = "4s"
"#;
        assert_eq!(comes_to(&with(closed, &flags(None, Some("6s"), None)).unwrap()), (None, 0, 6));
    }

    #[test]
    fn without_stages_in_the_profile_its_accounts_and_the_defaults_say_the_rest() {
        let at = |n| Some(Rate::per_second(n));
        let plan = with("", &flags(None, Some("6s"), None)).unwrap();
        assert_eq!(comes_to(&plan), (at(1000), 2, 6));
        let accounts = r#"[[accounts]]
name = "a"
rate = 30
[[accounts]]
name = "b"
rate = 20
"#;
        let plan = with(accounts, &flags(None, Some("6s"), None)).unwrap();
        assert_eq!(comes_to(&plan), (at(50), 2, 6));
        let away = Overrides {
            target: Some("smsc.example:2775".into()),
            allow_target: vec!["smsc.example:2775".into()],
            max_messages: Some(1000),
            ..flags(None, Some("6s"), None)
        };
        assert_eq!(comes_to(&load(&Source::quick(), &away).unwrap()), (at(10), 2, 6));
    }

    #[test]
    fn what_no_single_hold_says_must_be_said_by_its_flag() {
        let ramp = r#"[[load.stages]]
ramp = [1, 200]
for = "3s"
"#;
        let two = r#"[[load.stages]]
hold = 1
for = "3s"
[[load.stages]]
hold = 2
for = "3s"
"#;
        for text in [ramp, two] {
            let says = with(text, &flags(None, Some("6s"), None)).unwrap_err();
            assert!(says.starts_with("--duration: replaces"), "{says}");
            assert!(says.ends_with("add --rate and --warmup"), "{says}");
            let says = with(text, &flags(Some("5"), None, Some("0s"))).unwrap_err();
            assert!(says.ends_with("add --duration"), "{says}");
            assert!(with(text, &flags(Some("5"), Some("6s"), Some("0s"))).is_ok());
        }
        let same = r#"[[load.stages]]
hold = 2
for = "3s"
[[load.stages]]
hold = "2/s"
for = "3s"
"#;
        let plan = with(same, &flags(None, None, Some("1s"))).unwrap();
        assert_eq!(comes_to(&plan), (Some(Rate::per_second(2)), 1, 6));
    }

    #[test]
    fn binds_that_only_receive_need_no_rate() {
        let text = r#"[binds]
type = "receiver"
[load]
receive_only_for = "7s"
"#;
        let plan = with(text, &flags(None, Some("6s"), None)).unwrap();
        assert_eq!(plan.receive_only_for, Nanos::from_secs(6));
        let plan = with(text, &flags(None, None, Some("1s"))).unwrap();
        assert_eq!(plan.receive_only_for, Nanos::from_secs(7));
    }

    #[test]
    fn each_part_says_where_it_is_from() {
        let source = |text: &str| Source::Text { name: "p.toml".into(), text: text.into() };
        let from = |text: &str, overrides: &Overrides| -> Vec<String> {
            let origins = preview(&source(text), overrides).unwrap().origins;
            origins.into_iter().map(|o| format!("{} {}", o.what, o.from)).collect()
        };
        let overrides = flags(None, Some("6s"), None);
        assert_eq!(
            from(HOLD, &overrides),
            ["rate p.toml:6", "measured time --duration", "warm-up p.toml:3"]
        );
        assert_eq!(from("", &overrides)[0], "rate built-in default");
        assert!(from(HOLD, &Overrides::default()).is_empty());
    }
}
