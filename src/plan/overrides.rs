//! Flags over a profile: each becomes a value in the tree, placed at the flag, so that everything after
//! reads and judges it as if it had been written in the file. Precedence: flag, `--set`, profile, default.
use super::error::PlanError;
use super::location::SourceLocation;
use super::message_flags::{MessageOverrides, messages};
use super::secret::shown_setting;
use super::tree::{Node, Value};

/// The override flags of docs/reference/commands.md, "Overrides", as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--target HOST:PORT|embedded`.
    pub target: Option<String>,
    /// `--tls`.
    pub tls: bool,
    /// `--tls-ca FILE`.
    pub tls_ca: Option<String>,
    /// `--system-id S`.
    pub system_id: Option<String>,
    /// `--password-env VAR`.
    pub password_env: Option<String>,
    /// `--password-file FILE`.
    pub password_file: Option<String>,
    /// `--bind-type`.
    pub bind_type: Option<String>,
    /// `--binds N`, of each account.
    pub binds: Option<usize>,
    /// `--window N`.
    pub window: Option<usize>,
    /// `--rate R`, or `max`.
    pub rate: Option<String>,
    /// `--duration 30s`: the measured time.
    pub duration: Option<String>,
    /// `--warmup 5s`; `0s`: none.
    pub warmup: Option<String>,
    /// `--from`, `--to`, `--text` and `--coding`, of each message.
    pub message: MessageOverrides,
    /// `--receipts on|off`.
    pub receipts: Option<bool>,
    /// `--receipt-deadline 30s`.
    pub receipt_deadline: Option<String>,
    /// `--workers N`.
    pub workers: Option<usize>,
    /// `--seed N`.
    pub seed: Option<u64>,
    /// `--set dotted.key=value`, in order.
    pub set: Vec<String>,
    /// `--allow-target HOST:PORT`.
    pub allow_target: Vec<String>,
    /// `--max-messages N`.
    pub max_messages: Option<u64>,
    /// `--allow-exec`: events may run commands.
    pub allow_exec: bool,
    /// `--metrics ADDR`.
    pub metrics: Option<String>,
    /// `--metrics-allow-remote`.
    pub metrics_allow_remote: bool,
    /// `--gate METRIC RELATION LIMIT`.
    pub gates: Vec<String>,
}

/// A flag that has a value: its name, the key that it sets (empty: a further function does that), the value.
type ValuedFlag = (&'static str, &'static str, Option<String>);
/// Flags that take one value.
const VALUED_COUNT: usize = 21;

impl Overrides {
    /// The flags that take one value. Destructured, so that a new flag cannot be forgotten: `arguments` and `apply` see
    /// to the others.
    fn valued(&self) -> [ValuedFlag; VALUED_COUNT] {
        let Overrides {
            target,
            tls: _,
            tls_ca,
            system_id,
            password_env,
            password_file,
            bind_type,
            binds,
            window,
            rate,
            duration,
            warmup,
            message,
            receipts,
            receipt_deadline,
            workers,
            seed,
            set: _,
            allow_target: _,
            max_messages,
            allow_exec: _,
            metrics,
            metrics_allow_remote: _,
            gates: _,
        } = self;
        let number = |n: Option<usize>| n.map(|n| n.to_string());
        let [from, to, text, coding] =
            message.valued().map(|(flag, value)| (flag, "", value.cloned()));
        let on_off = receipts.map(|on| if on { "on" } else { "off" }.to_string());
        [
            ("--target", "target.address", target.clone()),
            ("--tls-ca", "target.tls_ca", tls_ca.clone()),
            ("--system-id", "", system_id.clone()),
            ("--password-env", "", password_env.clone()),
            ("--password-file", "", password_file.clone()),
            ("--bind-type", "binds.type", bind_type.clone()),
            ("--binds", "binds.count", number(*binds)),
            ("--window", "binds.window", number(*window)),
            ("--rate", "", rate.clone()),
            ("--duration", "", duration.clone()),
            ("--warmup", "", warmup.clone()),
            from,
            to,
            text,
            coding,
            ("--receipts", "", on_off),
            ("--receipt-deadline", "receipts.deadline", receipt_deadline.clone()),
            ("--workers", "load.workers", number(*workers)),
            ("--seed", "seed", seed.map(|n| n.to_string())),
            ("--max-messages", "guard.messages_max", max_messages.map(|n| n.to_string())),
            ("--metrics", "metrics.listen", metrics.clone()),
        ]
    }

    /// The flags as arguments, for the `repro` command line: without passwords.
    pub fn arguments(&self) -> Vec<String> {
        let bare = [
            ("--tls", self.tls),
            ("--allow-exec", self.allow_exec),
            ("--metrics-allow-remote", self.metrics_allow_remote),
        ];
        let mut out: Vec<String> =
            bare.iter().filter(|(_, given)| *given).map(|(flag, _)| (*flag).to_owned()).collect();
        for (flag, _, value) in self.valued() {
            out.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        }
        for setting in &self.set {
            out.extend(["--set".to_string(), shown_setting(setting)]);
        }
        for (flag, values) in [("--allow-target", &self.allow_target), ("--gate", &self.gates)] {
            out.extend(values.iter().flat_map(|value| [flag.to_string(), value.clone()]));
        }
        out
    }

    /// The same for a report: without addresses and texts, unless `show_content`.
    pub fn shown(&self, show_content: bool) -> Overrides {
        let message = if show_content { self.message.clone() } else { self.message.masked() };
        Overrides { message, ..self.clone() }
    }

    /// Lays `--set` and all flags but those of the stages over the tree. Returns what is wrong with them; one that is
    /// wrong changes nothing.
    pub(super) fn apply(&self, tree: &mut Node) -> Vec<PlanError> {
        let mut mistakes: Vec<PlanError> =
            self.set.iter().filter_map(|setting| tree.set(setting).err()).collect();
        self.clear_replaced(tree);
        for (flag, key, value) in self.valued() {
            let Some(text) = value.filter(|_| !key.is_empty()) else { continue };
            let place = SourceLocation::flag(flag);
            let is_number = ["--binds", "--window", "--workers", "--seed", "--max-messages"];
            let node = match text.parse::<i64>() {
                Ok(number) if is_number.contains(&flag) => {
                    Node { place, value: Value::Whole(number) }
                }
                Ok(_) | Err(_) => Node::text(&place, text),
            };
            tree.put_at(&key.split('.').collect::<Vec<_>>(), node);
        }
        let tls = self.tls || self.tls_ca.is_some();
        for (flag, path, given) in [
            ("--tls", ["target", "tls"], tls),
            ("--metrics-allow-remote", ["metrics", "allow_remote"], self.metrics_allow_remote),
        ] {
            if given {
                let place = SourceLocation::flag(flag);
                tree.put_at(&path, Node { place, value: Value::Flag(true) });
            }
        }
        self.apply_allow_target(tree);
        mistakes.extend(self.apply_account(tree).err());
        self.message.apply(tree);
        self.apply_receipts(tree);
        mistakes.extend(self.apply_gates(tree));
        mistakes
    }

    fn apply_gates(&self, tree: &mut Node) -> Vec<PlanError> {
        let place = SourceLocation::flag("--gate");
        let (gates, mistakes) = read_gates(&self.gates);
        for (metric, limit) in gates {
            tree.put_at(&["gates", metric], Node::text(&place, limit));
        }
        mistakes
    }

    /// Takes away keys that flags replace although they are others.
    fn clear_replaced(&self, tree: &mut Node) {
        if let Some(target) = tree.get_mut("target").filter(|_| self.target.is_some()) {
            target.remove("addresses", |_| true);
        }
        // a flag goes before what an account says of its own binds
        if let Some(Node { value: Value::List(accounts), .. }) = tree.get_mut("accounts") {
            for binds in accounts.iter_mut().filter_map(|account| account.get_mut("binds")) {
                for (key, given) in [
                    ("type", self.bind_type.is_some()),
                    ("count", self.binds.is_some()),
                    ("window", self.window.is_some()),
                ] {
                    binds.remove(key, |_| given);
                }
            }
        }
    }

    fn apply_allow_target(&self, tree: &mut Node) {
        if self.allow_target.is_empty() {
            return;
        }
        let place = SourceLocation::flag("--allow-target");
        let mut allowed: Vec<Node> =
            self.allow_target.iter().map(|a| Node::text(&place, a)).collect();
        let written = tree.get("guard").and_then(|guard| guard.get("allow_target"));
        if let Some(Node { value: Value::List(nodes), .. }) = written {
            allowed.extend(nodes.iter().cloned());
        }
        tree.put_at(&["guard", "allow_target"], Node { place, value: Value::List(allowed) });
    }

    fn apply_account(&self, tree: &mut Node) -> Result<(), PlanError> {
        for (flag, key, other, value) in [
            ("--system-id", "system_id", "", &self.system_id),
            ("--password-env", "password_env", "password_file", &self.password_env),
            ("--password-file", "password_file", "password_env", &self.password_file),
        ] {
            let Some(value) = value else { continue };
            let place = SourceLocation::flag(flag);
            let account = the_account(tree, &place)?;
            account.remove(other, |_| true);
            account.put(key, Node::text(&place, value));
        }
        Ok(())
    }

    fn apply_receipts(&self, tree: &mut Node) {
        let Some(on) = self.receipts else { return };
        let place = SourceLocation::flag("--receipts");
        for message in messages(tree, &place) {
            let value = Value::Whole(i64::from(on));
            message.put("registered_delivery", Node { place: place.clone(), value });
        }
    }
}

/// A gate as a flag has it: its metric, and its relation with its limit. None: it has no metric or no relation.
pub fn split_gate(written: &str) -> Option<(&str, &str)> {
    let relation = written.find(['<', '>', '=']).filter(|at| *at > 0)?;
    let (metric, limit) = written.split_at(relation);
    Some((metric.trim(), limit))
}

/// The same of each `--gate`, and what is wrong with others: no metric, no relation, or a metric that has a limit already.
pub fn read_gates(written: &[String]) -> (Vec<(&str, &str)>, Vec<PlanError>) {
    let mut gates: Vec<(&str, &str)> = Vec::new();
    let mut mistakes = Vec::new();
    for gate in written {
        let why = match split_gate(gate) {
            Some((metric, limit)) => match gates.iter().find(|(known, _)| *known == metric) {
                Some((_, other)) => {
                    format!(
                        "{metric} has two limits, {other:?} and {limit:?}; write the one that counts"
                    )
                }
                None => {
                    gates.push((metric, limit));
                    continue;
                }
            },
            None => format!(
                "{gate:?} is not a gate; write a metric, a relation and a limit, such as 'response.p99 < 100ms'"
            ),
        };
        mistakes.push(PlanError::new(SourceLocation::flag("--gate"), "", why));
    }
    (gates, mistakes)
}

/// The only account, made where none is listed.
fn the_account<'t>(tree: &'t mut Node, flag: &SourceLocation) -> Result<&'t mut Node, PlanError> {
    if tree.get("accounts").is_none() {
        let only = Node::table(flag, Vec::new());
        tree.put("accounts", Node { place: flag.clone(), value: Value::List(vec![only]) });
    }
    let count = match tree.get("accounts").map(|node| &node.value) {
        Some(Value::List(accounts)) => accounts.len(),
        Some(_) | None => 0,
    };
    if count > 1 {
        let why = format!("there are {count} accounts; write --set accounts.0.system_id=... or so");
        return Err(PlanError::new(flag.clone(), "accounts", why));
    }
    let only = tree.get_mut("accounts").and_then(|accounts| accounts.get_mut("0"));
    only.ok_or_else(|| {
        PlanError::new(flag.clone(), "accounts", "is not [[accounts]]; write one or more")
    })
}
