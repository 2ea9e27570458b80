//! A row of the table: a name, a peer, what is called, and what must come of it.
use crate::peer::Script;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Whom a row's call talks to.
#[derive(Clone)]
pub(crate) enum Target {
    Script(Script),
    /// `smppbench smsc` with this behaviour.
    Simulator(String),
    Nobody,
}

pub(crate) type Check = Arc<dyn Fn(&crate::play::Seen<'_>) -> Result<(), String> + Send + Sync>;

/// What must be in the run folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// With 2 and 3 nothing, else all of it.
    AsTheCodeSays,
    /// No run began.
    Nothing,
    /// All that a run writes.
    Folder,
    /// result.json.
    ResultAlone,
    /// Who knows; what is there must balance.
    Either,
}

/// One situation.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) target: Target,
    /// The words of the call: `{target}`, `{port}`, `{out}` and `{dir}` are put in.
    pub(crate) args: Vec<String>,
    /// A run that leaves a run folder at `{out}`.
    pub(crate) is_run: bool,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) shell: Option<String>,
    pub(crate) signals: Vec<(Duration, i32)>,
    pub(crate) exits: Vec<Option<i32>>,
    pub(crate) within: Duration,
    pub(crate) memory_mb: u64,
    pub(crate) says: Vec<String>,
    pub(crate) never_says: Vec<String>,
    pub(crate) facts: Vec<String>,
    pub(crate) checks: Vec<Check>,
    pub(crate) leaves: Leaves,
    /// Nothing else may run beside it: its fault is one of time.
    pub(crate) alone: bool,
    /// That the harness is blamed is its fault: no busy machine excuses it.
    pub(crate) strict: bool,
}

/// What every row of `run` asks for, unless it says otherwise: one bind, short time limits, 100 messages in 1 s.
const FLAGS: [(&str, &str); 9] = [
    ("--live", "off"),
    ("--warmup", "0s"),
    ("--rate", "100"),
    ("--duration", "1s"),
    ("--receipts", "off"),
    ("--receipt-deadline", "1s"),
    ("--binds", "1"),
    ("--window", "10"),
    ("--seed", "1"),
];
const SETTINGS: [(&str, &str); 7] = [
    ("timeouts.connect", "1s"),
    ("timeouts.bind", "1s"),
    ("timeouts.response", "1s"),
    ("timeouts.drain", "1500ms"),
    ("timeouts.unbind", "500ms"),
    ("load.workers", "1"),
    ("binds.rebind", "{ attempts_max = 5, min = \"50ms\", max = \"100ms\" }"),
];

/// A setting for `--set`: sessions that are lost are not bound again.
pub(crate) const NO_REBIND: &str = " --set binds.rebind=\"off\"";

/// `smppbench run` against a scripted SMSC.
pub(crate) fn run(name: &str, script: Script, args: &str) -> Row {
    let tls = script.is_tls();
    let mut row = call(name, &format!("run --target {{target}} --out {{out}} {}", with_base(args)));
    row.target = Target::Script(script);
    row.is_run = true;
    if tls {
        let ca = crate::tls::VAULT.ca.clone();
        row = row.more("--tls --tls-ca {dir}/ca.pem").file("ca.pem", ca.as_bytes());
    }
    row
}

/// `smppbench run` against its embedded simulator.
pub(crate) fn embedded(name: &str, args: &str) -> Row {
    let mut row = call(name, &format!("run --target embedded --out {{out}} {}", with_base(args)));
    row.is_run = true;
    row
}

/// Any call.
pub(crate) fn call(name: &str, args: &str) -> Row {
    Row {
        name: name.to_owned(),
        target: Target::Nobody,
        args: words(args),
        is_run: false,
        files: Vec::new(),
        env: Vec::new(),
        stdin: Vec::new(),
        shell: None,
        signals: Vec::new(),
        exits: vec![Some(0)],
        within: Duration::from_secs(12),
        memory_mb: 120,
        says: Vec::new(),
        never_says: Vec::new(),
        facts: Vec::new(),
        checks: Vec::new(),
        leaves: Leaves::AsTheCodeSays,
        alone: false,
        strict: false,
    }
}

/// The flags of a row over the base's.
fn with_base(args: &str) -> String {
    let own = words(args);
    let mut all = String::new();
    for (flag, value) in FLAGS {
        if !own.iter().any(|word| word == flag) {
            all += &format!("{flag} {value} ");
        }
    }
    for (key, value) in SETTINGS {
        if !own.iter().any(|word| word.split_once('=').is_some_and(|(k, _)| k == key)) {
            all += &format!("--set '{key}={value}' ");
        }
    }
    all + args
}

/// As a shell cuts it: at spaces, not within single quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

impl Row {
    /// More words.
    pub(crate) fn more(mut self, args: &str) -> Row {
        self.args.extend(words(args));
        self
    }
    /// A word as it stands.
    pub(crate) fn word(mut self, word: impl Into<String>) -> Row {
        self.args.push(word.into());
        self
    }
    pub(crate) fn against(mut self, script: Script) -> Row {
        self.target = Target::Script(script);
        self
    }
    pub(crate) fn simulator(mut self, behaviour: &str) -> Row {
        self.target = Target::Simulator(behaviour.to_owned());
        self
    }
    /// A file in `{dir}`.
    pub(crate) fn file(mut self, name: &str, content: &[u8]) -> Row {
        self.files.push((name.to_owned(), content.to_vec()));
        self
    }
    pub(crate) fn env(mut self, name: &str, value: &str) -> Row {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
    pub(crate) fn stdin(mut self, octets: &[u8]) -> Row {
        self.stdin = octets.to_vec();
        self
    }
    /// Begins in a shell: `prepare` and then the program.
    pub(crate) fn under(mut self, prepare: &str) -> Row {
        self.shell = Some(format!("{prepare} exec \"$0\" \"$@\""));
        self
    }
    /// In a shell line that says itself where `"$0" "$@"` stands.
    pub(crate) fn in_shell(mut self, line: &str) -> Row {
        self.shell = Some(line.to_owned());
        self
    }
    pub(crate) fn signal(mut self, after_ms: u64, number: i32) -> Row {
        self.signals.push((Duration::from_millis(after_ms), number));
        self
    }
    /// One of these exit codes.
    pub(crate) fn exit(mut self, codes: &[i32]) -> Row {
        self.exits = codes.iter().map(|code| Some(*code)).collect();
        self
    }
    /// It is killed by a signal of the row's.
    pub(crate) fn killed(mut self) -> Row {
        self.exits = vec![None];
        self
    }
    pub(crate) fn within(mut self, seconds: u64) -> Row {
        self.within = Duration::from_secs(seconds);
        self
    }
    pub(crate) fn memory(mut self, mb: u64) -> Row {
        self.memory_mb = mb;
        self
    }
    /// stdout or stderr holds this, line breaks apart.
    pub(crate) fn says(mut self, words: &str) -> Row {
        self.says.push(words.to_owned());
        self
    }
    /// Neither output nor any file of the run folder holds this.
    pub(crate) fn never_says(mut self, words: &str) -> Row {
        self.never_says.push(words.to_owned());
        self
    }
    /// A fact of result.json, of the peer (`peer.conns`) or of the process (`process.wall_s`): `a.b >= 3`,
    /// `a.b = c.d`, `a.b in one,other`.
    pub(crate) fn that(mut self, fact: &str) -> Row {
        self.facts.push(fact.to_owned());
        self
    }
    pub(crate) fn limiter(self, names: &str) -> Row {
        self.that(&format!("verdict.limiter in {names}"))
    }
    pub(crate) fn outcome(self, names: &str) -> Row {
        self.that(&format!("verdict.outcome in {names}"))
    }
    pub(crate) fn check(
        mut self,
        check: impl Fn(&crate::play::Seen<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Row {
        self.checks.push(Arc::new(check));
        self
    }
    /// No run began, whatever the exit code.
    pub(crate) fn no_result(mut self) -> Row {
        self.leaves = Leaves::Nothing;
        self
    }
    /// A run may have begun, or not.
    pub(crate) fn either_result(mut self) -> Row {
        self.leaves = Leaves::Either;
        self
    }
    /// What was saved while it went on.
    pub(crate) fn result_without_report(mut self) -> Row {
        self.leaves = Leaves::ResultAlone;
        self
    }
    /// Another run folder than `{out}`.
    pub(crate) fn out_at(mut self, path: &str) -> Row {
        for word in &mut self.args {
            *word = word.replace("{out}", path);
        }
        self
    }
    pub(crate) fn alone(mut self) -> Row {
        self.alone = true;
        self
    }
    /// The same with so many binds.
    pub(crate) fn more_binds(mut self, count: usize) -> Row {
        let place =
            self.args.iter().position(|word| word == "--binds").expect("a row of run has it");
        self.args[place + 1] = count.to_string();
        self
    }
    /// Speaks no TLS, whatever its peer does.
    pub(crate) fn no_tls(mut self) -> Row {
        self.args.retain(|word| !matches!(word.as_str(), "--tls" | "--tls-ca" | "{dir}/ca.pem"));
        self
    }
    /// Another address than its peer's.
    pub(crate) fn retargeted(mut self, address: &str) -> Row {
        for word in &mut self.args {
            *word = word.replace("{target}", address);
        }
        self
    }
    pub(crate) fn strict(mut self) -> Row {
        self.strict = true;
        self
    }
    /// The same with other words, for a variant.
    pub(crate) fn named(mut self, more: &str) -> Row {
        self.name = format!("{} ({more})", self.name);
        self
    }

    /// Whether a busy machine can spoil it.
    pub(crate) fn asks_for_a_verdict(&self) -> bool {
        self.facts.iter().any(|fact| fact.starts_with("verdict."))
    }

    /// The words of the call, for this place and target.
    pub(crate) fn resolved(&self, place: &Path, target: &str) -> Vec<String> {
        let dir = place.display().to_string();
        let port = target.rsplit(':').next().unwrap_or_default();
        let put = |word: &String| {
            word.replace("{target}", target)
                .replace("{port}", port)
                .replace("{out}", &format!("{dir}/out"))
                .replace("{dir}", &dir)
        };
        self.args.iter().map(put).collect()
    }
}
