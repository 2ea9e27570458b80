//! Which series of a Prometheus text endpoint: `process_resident_memory_bytes{job="gw",instance!="b"}`.
use super::{Invalid, Scalar, ScalarKind, StringKind, string};
use crate::kit::{is_metric_name, read_labels};
use schemars::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A metric's name, with what its labels must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    /// The metric's name.
    pub metric: String,
    /// What its labels must be; a label that is absent has the value "".
    pub matchers: Vec<Matcher>,
}

/// A label and the value that it must, or must not, have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// Whether it must not have the value.
    pub is_not: bool,
    /// The value.
    pub value: String,
}

const WANTED: &str = "a metric and its labels, like \"queue_size\" or 'queue_size{job=\"gw\",queue!=\"dead\"}'; = and != are \
                      supported";

impl Selector {
    /// Whether a series with these labels is one of them. `label`: the value of a label; None: it has none.
    pub fn matches<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.matchers.iter().all(|matcher| {
            let value = label(&matcher.name).unwrap_or("");
            (value == matcher.value) != matcher.is_not
        })
    }

    fn parse(text: &str) -> Option<Selector> {
        let text = text.trim();
        let (metric, labels) = match text.split_once('{') {
            Some((metric, rest)) => {
                let (labels, rest) = read_labels(rest)?;
                if !rest.is_empty() {
                    return None;
                }
                (metric.trim_end(), labels)
            }
            None => (text, Vec::new()),
        };
        let matchers = labels.into_iter().map(|label| Matcher {
            name: label.name.to_owned(),
            is_not: label.is_not,
            value: label.value.into_owned(),
        });
        is_metric_name(metric)
            .then(|| Selector { metric: metric.to_owned(), matchers: matchers.collect() })
    }
}

/// As it is written.
impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.metric)?;
        if self.matchers.is_empty() {
            return Ok(());
        }
        let matchers = self.matchers.iter().map(|Matcher { name, is_not, value }| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("{name}{}\"{value}\"", if *is_not { "!=" } else { "=" })
        });
        write!(f, "{{{}}}", matchers.collect::<Vec<_>>().join(","))
    }
}

/// A name that stands between the dots of a metric's name.
pub(in crate::plan) struct ObserveName;

impl ObserveName {
    /// Whether `name` has a length and characters that are allowed.
    pub(in crate::plan) fn is_valid(name: &str) -> bool {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        (1..=64).contains(&name.len()) && name.chars().all(good)
    }
}

impl StringKind for ObserveName {
    const PATTERN: &'static str = "^[A-Za-z0-9_-]{1,64}$";
    fn check(text: &str) -> Result<String, Invalid> {
        const WANTED: &str = "1 to 64 letters, digits, _ and -";
        Self::is_valid(text).then(|| text.to_owned()).ok_or(Invalid::wanted(WANTED))
    }
}

/// A selector of a series.
pub(in crate::plan) struct SeriesSelector;

impl ScalarKind for SeriesSelector {
    type Value = Selector;
    const WANTED: &'static str = WANTED;

    fn parse(written: Scalar<'_>) -> Result<Selector, Invalid> {
        Selector::parse(written.text(WANTED)?).ok_or(Invalid::wanted(WANTED))
    }
    fn json(selector: &Selector) -> Json {
        selector.to_string().into()
    }
    fn schema() -> Schema {
        string("^[A-Za-z_:]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_reads_back_as_it_is_written() {
        for text in ["up", "a:b", r#"rss{job="gw"}"#, r#"q{a="x,y}",b!="\"\\"}"#] {
            assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "9", "a b", "a{b}", r#"a{b=~"c"}"#, r#"a{b="c"} 1"#, r#"{a="b"}"#] {
            assert_eq!(Selector::parse(text), None, "{text}");
        }
    }

    #[test]
    fn labels_must_be_equal_or_must_differ_and_an_absent_one_is_empty() {
        let selector = Selector::parse(r#"q{job="gw",queue!="dead"}"#).unwrap();
        let of = |labels: &'static [(&str, &str)]| {
            selector.matches(|name| labels.iter().find(|l| l.0 == name).map(|l| l.1))
        };
        assert!(of(&[("job", "gw"), ("queue", "live")]));
        assert!(of(&[("job", "gw")]), "a label that is absent differs from \"dead\"");
        assert!(!of(&[("job", "gw"), ("queue", "dead")]));
        assert!(!of(&[("queue", "live")]));
    }
}
