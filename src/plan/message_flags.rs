//! `--from`, `--to`, `--text` and `--coding`: laid over every message of a profile, whatever its label, as `--receipts`
//! is. Labels, weights and all else of the messages stay.
use super::location::SourceLocation;
use super::tree::{Node, Value};

/// The flags that say what is sent, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageOverrides {
    /// `--from ADDR|file:PATH`.
    pub from: Option<String>,
    /// `--to ADDR|file:PATH`.
    pub to: Option<String>,
    /// `--text TEXT`; hexadecimal with `--coding binary`.
    pub text: Option<String>,
    /// `--coding`: the word or the number of a data_coding.
    pub coding: Option<String>,
}

/// What stands for an address or a text that is not shown.
const MASKED: &str = "***";

impl MessageOverrides {
    /// Each flag with its value.
    pub(super) fn valued(&self) -> [(&'static str, Option<&String>); 4] {
        let MessageOverrides { from, to, text, coding } = self;
        [
            ("--from", from.as_ref()),
            ("--to", to.as_ref()),
            ("--text", text.as_ref()),
            ("--coding", coding.as_ref()),
        ]
    }

    /// The same with `***` for addresses and texts; the name of a file of addresses stays.
    pub(super) fn masked(&self) -> MessageOverrides {
        let mask = |given: &Option<String>| given.as_ref().map(|_| MASKED.to_owned());
        let address = |given: &Option<String>| match given {
            Some(text) if text.starts_with(FILE) => given.clone(),
            Some(_) | None => mask(given),
        };
        MessageOverrides {
            from: address(&self.from),
            to: address(&self.to),
            text: mask(&self.text),
            coding: self.coding.clone(),
        }
    }

    /// Lays the flags over each message of the tree.
    pub(super) fn apply(&self, tree: &mut Node) {
        let MessageOverrides { from, to, text, coding } = self;
        let content = if coding.as_deref() == Some("binary") { "octets" } else { "text" };
        let parts = [
            ("--from", "source", from.as_deref().map(address)),
            ("--to", "destination", to.as_deref().map(address)),
            ("--text", content, text.clone().map(Value::Text)),
            ("--coding", "data_coding", coding.as_deref().map(number_or_word)),
        ];
        for (flag, key, value) in parts {
            let Some(value) = value else { continue };
            let place = SourceLocation::flag(flag);
            for message in messages(tree, &place) {
                if flag == "--text" {
                    for other in ["text", "text_file", "octets"] {
                        message.remove(other, |_| true);
                    }
                }
                message.put(key, placed(value.clone(), &place));
            }
        }
    }
}

/// Stands before the name of a file of addresses.
const FILE: &str = "file:";

/// An address as a profile writes it.
fn address(written: &str) -> Value {
    match written.strip_prefix(FILE) {
        Some(path) => {
            let file = Node::text(&SourceLocation::built_in(), path);
            Value::Table(vec![("file".to_owned(), file)])
        }
        None => Value::Text(written.to_owned()),
    }
}

fn number_or_word(written: &str) -> Value {
    written.parse().map_or_else(|_| Value::Text(written.to_owned()), Value::Whole)
}

/// A value, and all within it, at a flag.
fn placed(value: Value, place: &SourceLocation) -> Node {
    let value = match value {
        Value::Table(entries) => Value::Table(
            entries.into_iter().map(|(key, node)| (key, placed(node.value, place))).collect(),
        ),
        other => other,
    };
    Node { place: place.clone(), value }
}

/// The messages of a profile; one that is made where none is listed.
pub(super) fn messages<'t>(tree: &'t mut Node, place: &SourceLocation) -> &'t mut [Node] {
    if tree.get("messages").is_none() {
        let only = Node::table(place, Vec::new());
        tree.put("messages", Node { place: place.clone(), value: Value::List(vec![only]) });
    }
    match tree.get_mut("messages") {
        Some(Node { value: Value::List(messages), .. }) => messages,
        // no list: reading says so
        Some(_) | None => &mut [],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AddressFrom, Overrides, Plan, PlanError, Source, load, repro};

    const TWO: &str = r#"
[[messages]]
label = "otp"
weight = 3
source = "Shop"
text_file = "no-such.txt"
[[messages]]
label = "news"
octets = "00ff"
data_coding = "binary"
"#;

    fn with(text: &str, message: MessageOverrides) -> Result<Plan, PlanError> {
        let source = Source::Text { name: "p.toml".into(), text: text.into() };
        load(&source, &Overrides { message, ..Overrides::default() })
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_flags_replace_their_part_of_every_message_and_nothing_else() {
        let flags = MessageOverrides {
            from: some("Bank"),
            to: some("+447700900123"),
            text: some("Hi {seq}"),
            coding: some("ucs2"),
        };
        let plan = with(TWO, flags).unwrap();
        let labels: Vec<_> = plan.messages.iter().map(|m| (m.label.as_str(), m.weight)).collect();
        assert_eq!(labels, [("otp", 3), ("news", 1)]);
        for message in &plan.messages {
            assert_eq!((message.text.as_deref(), message.data_coding), (Some("Hi {seq}"), Some(8)));
            assert_eq!(message.octets, None);
            assert_eq!((message.source.ton, &message.source.from), (5, &fixed("Bank")));
            assert_eq!(message.destination.from, fixed("447700900123"));
        }
    }

    fn fixed(address: &str) -> AddressFrom {
        AddressFrom::Fixed(address.to_owned())
    }

    #[test]
    fn a_profile_without_messages_gets_one() {
        let flags = MessageOverrides { coding: some("4"), text: some("00ff"), ..default() };
        let plan = with("", MessageOverrides { coding: some("binary"), ..flags }).unwrap();
        assert_eq!(plan.messages.len(), 1);
        assert_eq!(plan.messages[0].octets.as_deref(), Some(&[0, 255][..]));
    }

    fn default() -> MessageOverrides {
        MessageOverrides::default()
    }

    #[test]
    fn a_file_of_addresses_is_found_from_the_working_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("to.csv");
        std::fs::write(&path, "447700900001,x\n447700900002\n").unwrap();
        let name = path.display().to_string();
        let to = Some(format!("file:{name}"));
        let plan = with("", MessageOverrides { to, ..default() }).unwrap();
        assert_eq!(plan.number_files[&name], ["447700900001", "447700900002"]);
        let to = some("file:/no/such/file");
        let line = with("", MessageOverrides { to, ..default() }).unwrap_err().to_string();
        assert!(line.starts_with("--to: messages[0].destination"), "{line}");
    }

    #[test]
    fn mistakes_are_told_at_their_flag() {
        for (flags, flag) in [
            (MessageOverrides { to: some("nobody"), ..default() }, "--to: "),
            (
                MessageOverrides { from: some("a name of too many letters"), ..default() },
                "--from: ",
            ),
            (MessageOverrides { text: some("ж"), coding: some("latin1"), ..default() }, "--text: "),
            (MessageOverrides { coding: some("klingon"), ..default() }, "--coding: "),
            (
                MessageOverrides { text: some("zz"), coding: some("binary"), ..default() },
                "--text: ",
            ),
        ] {
            let line = with("", flags).unwrap_err().to_string();
            assert!(line.starts_with(flag), "{line}");
        }
    }

    #[test]
    fn the_repro_line_shows_addresses_and_texts_only_where_that_is_asked_for() {
        let message =
            MessageOverrides { to: some("447700900123"), text: some("secret"), ..default() };
        let overrides = Overrides { message, ..Overrides::default() };
        let plan = load(&Source::quick(), &overrides).unwrap();
        let line = |shown: bool| repro("run", &Source::quick(), &overrides.shown(shown), &plan);
        assert_eq!(line(false), "smppbench run --to '***' --text '***' --seed 1");
        assert_eq!(line(true), "smppbench run --to 447700900123 --text secret --seed 1");
    }
}
