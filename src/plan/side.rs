//! The two sides of a duel: overlays over one profile, `[duel.a]` and `[duel.b]` or flags. A route is often an
//! account, a sender or a TLV on the same host; so a side may change these, and no more.
use super::error::PlanError;
use super::location::SourceLocation;
use super::secret::faulty_setting;
use super::tree::{Node, Value};

/// One side of a duel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuelSide {
    /// The base.
    A,
    /// The candidate.
    B,
}

impl DuelSide {
    /// `a` or `b`, as keys and flags have it.
    pub const fn name(self) -> &'static str {
        match self {
            DuelSide::A => "a",
            DuelSide::B => "b",
        }
    }
}

/// Keys that a side may change. `account` and `message` are the first of `accounts` and `messages`.
const SIDE_KEYS: &[&str] =
    &["target", "account", "accounts", "message", "messages", "receipts", "embedded"];

/// Lays a side over the tree: first the profile's, then `settings` (`key=value,key=value`, as typed).
pub(super) fn apply(tree: &mut Node, side: DuelSide, settings: &[String]) -> Result<(), PlanError> {
    let written = tree.get("duel").and_then(|duel| duel.get(side.name())).cloned();
    if let Some(written) = written {
        lay(tree, written)?;
    }
    for setting in settings.iter().flat_map(|s| split(s)) {
        let key = setting.split(['=', '.', '[']).next().unwrap_or_default().trim();
        let flag = format!("--{} {}", side.name(), faulty_setting(&setting));
        if !SIDE_KEYS.contains(&key) {
            let remedy = match key {
                // those of a profile are the default of its accounts
                "binds" => {
                    let written = setting.split('=').next().unwrap_or_default().trim();
                    format!("write account.{written}=...")
                }
                _ => "write key=value of one of them".to_owned(),
            };
            let why = format!("a side changes {} only; {remedy}", SIDE_KEYS.join(", "));
            return Err(PlanError::new(SourceLocation::flag(flag), "", why));
        }
        let mut over = Node::table(&SourceLocation::flag(flag.as_str()), Vec::new());
        over.set(&setting)?;
        lay(tree, over)?;
    }
    Ok(())
}

/// `a=1,b=x,y` are two settings: a comma parts them where a key and `=` follow, outside quotes, lists and tables.
fn split(settings: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for piece in pieces(settings) {
        let key = piece.split('=').next().unwrap_or_default().trim();
        let starts = piece.contains('=')
            && key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "._[]".contains(c));
        match parts.last_mut() {
            Some(last) if !starts => {
                last.push(',');
                last.push_str(&piece);
            }
            Some(_) | None => parts.push(piece),
        }
    }
    parts
}

/// Between commas outside quotes, lists and tables.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut depth, mut quote) = (0i32, None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                pieces.push(String::new());
                continue;
            }
            (None, _) => {}
        }
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}

fn lay(tree: &mut Node, over: Node) -> Result<(), PlanError> {
    let place = over.place.clone();
    let Value::Table(entries) = over.value else {
        return Err(PlanError::new(place, "duel", "must be a table"));
    };
    for (key, node) in entries {
        let moved = |list: &str, node: Node| {
            let first = Node::table(&place, vec![("0", node)]);
            Node::table(&place, vec![(list, first)])
        };
        if key == "target"
            && node.get("address").is_some()
            && let Some(target) = tree.get_mut("target")
        {
            target.remove("addresses", |_| true);
        }
        let layer = match key.as_str() {
            "account" => moved("accounts", node),
            "message" => moved("messages", node),
            known => Node::table(&place, vec![(known, node)]),
        };
        tree.overlay(layer, "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Overrides, Source, load_side};

    const PROFILE: &str = r#"[target]
address = "127.0.0.1:2775"
[[accounts]]
name = "gold"
system_id = "one"
[[messages]]
text = "hello"
[duel.a]
receipts = { id_mode = "exact" }
[duel.b]
target = { address = "127.0.0.1:2776" }
account = { system_id = "two" }
receipts = { id_mode = "response_hex" }
"#;

    fn side(side: DuelSide, settings: &[&str]) -> Result<crate::plan::Plan, String> {
        let source = Source::Text { name: "duel.toml".into(), text: PROFILE.into() };
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        load_side(&source, &Overrides::default(), side, &settings).map_err(|e| e.to_string())
    }

    #[test]
    fn each_side_has_its_own_target_account_and_id_mode() {
        let (a, b) = (side(DuelSide::A, &[]).unwrap(), side(DuelSide::B, &[]).unwrap());
        assert_eq!(a.target.addresses, ["127.0.0.1:2775"]);
        assert_eq!(b.target.addresses, ["127.0.0.1:2776"]);
        let ids = (a.accounts[0].system_id.as_str(), b.accounts[0].system_id.as_str());
        assert_eq!(ids, ("one", "two"));
        assert_eq!(b.receipts.id_mode, crate::smpp::receipt::IdRule::ResponseHex);
        assert_eq!((a.accounts[0].name.as_str(), a.messages.len()), ("gold", 1));
    }

    #[test]
    fn a_flag_is_laid_over_what_the_profile_says_of_the_side() {
        let b = side(
            DuelSide::B,
            &["account.system_id=three,message.text=a, b,receipts.id_mode=number"],
        );
        let b = b.unwrap();
        assert_eq!(b.accounts[0].system_id, "three");
        assert_eq!(b.receipts.id_mode, crate::smpp::receipt::IdRule::Number);
        assert_eq!(b.messages[0].text.as_deref(), Some("a, b"));
        assert_eq!(b.target.addresses, ["127.0.0.1:2776"]);
    }

    #[test]
    fn a_comma_within_a_table_a_list_or_quotes_parts_nothing() {
        let setting = "embedded.response.latency={ lognormal = { median = \"1ms\", p99 = \"2ms\" } },receipts.deadline=9s";
        assert_eq!(split(setting).len(), 2);
        assert_eq!(split("message.text='a,b=c',account.system_id=x").len(), 2);
        assert!(side(DuelSide::B, &[setting]).is_ok());
    }

    #[test]
    fn what_a_side_may_not_change_is_refused_at_its_place() {
        let says = side(DuelSide::A, &["load.workers=3"]).unwrap_err();
        assert!(says.contains("--a load.workers=3") && says.contains("a side changes"), "{says}");
        let says = side(DuelSide::A, &["binds.window=2"]).unwrap_err();
        assert!(says.contains("write account.binds.window=..."), "{says}");
        assert!(side(DuelSide::A, &["account.binds.window=2"]).is_ok());
        let text = r"[duel.a]
load = { workers = 1 }
";
        let source = Source::Text { name: "duel.toml".into(), text: text.into() };
        let says = crate::plan::load(&source, &Overrides::default()).unwrap_err().to_string();
        assert!(says.starts_with("duel.toml:2: duel.a.load: unknown key"), "{says}");
    }
}
