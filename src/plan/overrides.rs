//! Flags over a profile: each becomes a value in the tree, placed at the flag, so that everything after
//! reads and judges it as if it had been written in the file. Precedence: flag, `--set`, profile, default.
use super::error::PlanError;
use super::location::SourceLocation;
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
    /// `--metrics ADDR`.
    pub metrics: Option<String>,
    /// `--metrics-allow-remote`.
    pub metrics_allow_remote: bool,
    /// `--gate METRIC<LIMIT`.
    pub gates: Vec<String>,
}

impl Overrides {
    /// The flags as arguments, for the `repro` command line: without passwords.
    pub fn arguments(&self) -> Vec<String> {
        // destructured, so that a new flag cannot be forgotten
        let Overrides {
            target,
            tls,
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
            receipts,
            receipt_deadline,
            workers,
            seed,
            set,
            allow_target,
            max_messages,
            metrics,
            metrics_allow_remote,
            gates,
        } = self;
        let number = |n: Option<usize>| n.map(|n| n.to_string());
        let mut out = Vec::new();
        let on_off = receipts.map(|on| if on { "on" } else { "off" }.to_string());
        if *tls {
            out.push("--tls".into());
        }
        if *metrics_allow_remote {
            out.push("--metrics-allow-remote".into());
        }
        for (flag, value) in [
            ("--target", target.clone()),
            ("--tls-ca", tls_ca.clone()),
            ("--system-id", system_id.clone()),
            ("--password-env", password_env.clone()),
            ("--password-file", password_file.clone()),
            ("--bind-type", bind_type.clone()),
            ("--binds", number(*binds)),
            ("--window", number(*window)),
            ("--rate", rate.clone()),
            ("--duration", duration.clone()),
            ("--warmup", warmup.clone()),
            ("--receipts", on_off),
            ("--receipt-deadline", receipt_deadline.clone()),
            ("--workers", number(*workers)),
            ("--seed", seed.map(|n| n.to_string())),
            ("--max-messages", max_messages.map(|n| n.to_string())),
            ("--metrics", metrics.clone()),
        ] {
            if let Some(value) = value {
                out.extend([flag.to_string(), value]);
            }
        }
        for setting in set {
            out.extend(["--set".to_string(), shown_setting(setting)]);
        }
        for (flag, values) in [("--allow-target", allow_target), ("--gate", gates)] {
            out.extend(values.iter().flat_map(|value| [flag.to_string(), value.clone()]));
        }
        out
    }

    /// Lays `--set` and all flags but those of the stages over the tree.
    pub(super) fn apply(&self, tree: &mut Node) -> Result<(), PlanError> {
        for setting in &self.set {
            tree.set(setting)?;
        }
        self.apply_target(tree);
        self.apply_account(tree)?;
        self.apply_binds(tree);
        self.apply_receipts(tree);
        self.apply_gates(tree)?;
        put_number(tree, "--workers", &["load", "workers"], self.workers.map(|n| n as u64));
        put_number(tree, "--seed", &["seed"], self.seed);
        put_number(tree, "--max-messages", &["guard", "messages_max"], self.max_messages);
        put_text(tree, "--metrics", &["metrics", "listen"], self.metrics.as_ref());
        if self.metrics_allow_remote {
            let place = SourceLocation::flag("--metrics-allow-remote");
            tree.put_at(&["metrics", "allow_remote"], Node { place, value: Value::Flag(true) });
        }
        Ok(())
    }

    fn apply_gates(&self, tree: &mut Node) -> Result<(), PlanError> {
        let place = SourceLocation::flag("--gate");
        for written in &self.gates {
            let relation = written.find(['<', '>', '=']).filter(|at| *at > 0);
            let Some((metric, limit)) = relation.map(|at| written.split_at(at)) else {
                let why = format!(
                    "{written:?} is not a gate; write a metric, a relation and a limit, \
                     such as 'response.p99 < 100ms'"
                );
                return Err(PlanError::new(&place, "", why));
            };
            tree.put_at(&["gates", metric.trim()], Node::text(&place, limit));
        }
        Ok(())
    }

    fn apply_target(&self, tree: &mut Node) {
        if self.target.is_some()
            && let Some(target) = tree.get_mut("target")
        {
            target.remove("addresses", |_| true);
        }
        put_text(tree, "--target", &["target", "address"], self.target.as_ref());
        put_text(tree, "--tls-ca", &["target", "tls_ca"], self.tls_ca.as_ref());
        if self.tls || self.tls_ca.is_some() {
            let place = SourceLocation::flag("--tls");
            tree.put_at(&["target", "tls"], Node { place, value: Value::Flag(true) });
        }
        if !self.allow_target.is_empty() {
            let place = SourceLocation::flag("--allow-target");
            let mut allowed: Vec<Node> =
                self.allow_target.iter().map(|a| Node::text(&place, a)).collect();
            let written = tree.get("guard").and_then(|guard| guard.get("allow_target"));
            if let Some(Node { value: Value::List(nodes), .. }) = written {
                allowed.extend(nodes.iter().cloned());
            }
            tree.put_at(&["guard", "allow_target"], Node { place, value: Value::List(allowed) });
        }
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

    fn apply_binds(&self, tree: &mut Node) {
        let keys = [
            ("type", self.bind_type.is_some()),
            ("count", self.binds.is_some()),
            ("window", self.window.is_some()),
        ];
        // a flag is above what an account says for itself
        if let Some(Node { value: Value::List(accounts), .. }) = tree.get_mut("accounts") {
            for binds in accounts.iter_mut().filter_map(|account| account.get_mut("binds")) {
                for (key, _) in keys.iter().filter(|(_, given)| *given) {
                    binds.remove(key, |_| true);
                }
            }
        }
        put_text(tree, "--bind-type", &["binds", "type"], self.bind_type.as_ref());
        put_number(tree, "--binds", &["binds", "count"], self.binds.map(|n| n as u64));
        put_number(tree, "--window", &["binds", "window"], self.window.map(|n| n as u64));
    }

    fn apply_receipts(&self, tree: &mut Node) {
        let deadline = self.receipt_deadline.as_ref();
        put_text(tree, "--receipt-deadline", &["receipts", "deadline"], deadline);
        let Some(on) = self.receipts else { return };
        let place = SourceLocation::flag("--receipts");
        if tree.get("messages").is_none() {
            let only = Node::table(&place, Vec::new());
            tree.put("messages", Node { place: place.clone(), value: Value::List(vec![only]) });
        }
        if let Some(Node { value: Value::List(messages), .. }) = tree.get_mut("messages") {
            for message in messages {
                let value = Value::Whole(i64::from(on));
                message.put("registered_delivery", Node { place: place.clone(), value });
            }
        }
    }
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

fn put_text(tree: &mut Node, flag: &str, path: &[&str], text: Option<&String>) {
    if let Some(text) = text {
        tree.put_at(path, Node::text(&SourceLocation::flag(flag), text));
    }
}

fn put_number(tree: &mut Node, flag: &str, path: &[&str], number: Option<u64>) {
    if let Some(number) = number {
        let value =
            i64::try_from(number).map_or_else(|_| Value::Decimal(number as f64), Value::Whole);
        tree.put_at(path, Node { place: SourceLocation::flag(flag), value });
    }
}
