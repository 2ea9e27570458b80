//! What goes into the profile: flags over what a provider documents over defaults, and the questions for the rest.
use crate::cli::args::{InitArgs, Provider};
use crate::cli::exit::Failure;
use crate::plan::{self, BuiltIn, Overrides, Source};
use serde_json::Value;

/// Values of the profile, as they will be written.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    /// The built-in profile of the provider.
    pub(super) built_in: Option<&'static BuiltIn>,
    pub(super) target: String,
    /// The target again; empty: it is not allowed yet.
    pub(super) allow_target: String,
    pub(super) messages_max: Option<u64>,
    pub(super) tls: bool,
    pub(super) system_id: String,
    pub(super) password_env: Option<String>,
    pub(super) bind_type: String,
    pub(super) binds: String,
    pub(super) window: String,
    pub(super) rate: String,
    pub(super) duration: String,
    pub(super) receipts: String,
    pub(super) gates: Vec<String>,
    /// The same, resolved; null for none.
    pub(super) provider: Value,
    given: Vec<&'static str>,
}

/// One question: the flag that answers it, and where the answer goes.
#[derive(Clone, Copy)]
pub(super) struct Question {
    flag: &'static str,
    pub(super) says: &'static str,
    place: fn(&mut Answers) -> &mut String,
}

impl Question {
    /// The value that an empty line takes.
    pub(super) fn shown(&self, answers: &Answers) -> String {
        (self.place)(&mut answers.clone()).clone()
    }

    /// Whether there is anything to ask: a near target needs no leave.
    pub(super) fn is_open(&self, answers: &Answers) -> bool {
        self.flag != "--allow-target" || !answers.is_near()
    }

    pub(super) fn put(&self, answers: &mut Answers, line: &str) {
        line.clone_into((self.place)(answers));
        if self.flag == "--target" {
            answers.on_target();
        }
    }
}

const QUESTIONS: [Question; 9] = [
    Question { flag: "--target", says: "SMSC, HOST:PORT or embedded", place: |a| &mut a.target },
    Question {
        flag: "--allow-target",
        says: "the same again, to allow sending to it; empty: not yet",
        place: |a| &mut a.allow_target,
    },
    Question { flag: "--system-id", says: "system_id", place: |a| &mut a.system_id },
    Question {
        flag: "--bind-type",
        says: "bind type: transceiver, transmitter, receiver or pair",
        place: |a| &mut a.bind_type,
    },
    Question { flag: "--binds", says: "sessions", place: |a| &mut a.binds },
    Question {
        flag: "--window",
        says: "window: submit_sm in flight on a session",
        place: |a| &mut a.window,
    },
    Question { flag: "--rate", says: "rate in submit_sm a second", place: |a| &mut a.rate },
    Question { flag: "--duration", says: "measured time", place: |a| &mut a.duration },
    Question { flag: "--receipts", says: "receipts, on or off", place: |a| &mut a.receipts },
];

impl Answers {
    /// What flags and the provider say.
    ///
    /// # Errors
    /// A flag that does not read.
    pub(super) fn of(args: &InitArgs) -> Result<Answers, Failure> {
        let built_in = built_in(args.from);
        let provider = built_in.map_or(Value::Null, resolved);
        let receipts = args.receipts.clone().unwrap_or_else(|| "on".to_owned());
        if !["on", "off"].contains(&receipts.as_str()) {
            return Err(Failure::usage(format!(
                "--receipts {receipts}: is not valid; write on or off"
            )));
        }
        let said = |pointer: &str| provider.pointer(pointer).map(shown).unwrap_or_default();
        let text = |flag: &Option<String>, default: String| flag.clone().unwrap_or(default);
        let number =
            |flag: Option<u64>, pointer| flag.map_or_else(|| said(pointer), |n| n.to_string());
        let or = |said: String, default: &str| {
            if said.is_empty() { default.to_owned() } else { said }
        };
        let bind_type = said("/accounts/0/binds/type");
        let mut answers = Answers {
            built_in,
            target: text(&args.target, "embedded".to_owned()),
            allow_target: text(&args.allow_target, String::new()),
            messages_max: args.max_messages,
            tls: args.tls,
            system_id: text(&args.system_id, or(said("/accounts/0/system_id"), "smppbench")),
            password_env: args.password_env.clone(),
            bind_type: text(&args.bind_type, or(bind_type, "transceiver")),
            binds: number(args.binds, "/accounts/0/binds/count"),
            window: number(args.window, "/accounts/0/binds/window"),
            rate: text(&args.rate, measured_rate(&provider)),
            duration: text(&args.duration, "30s".to_owned()),
            receipts,
            gates: args.gate.clone(),
            provider,
            given: given(args),
        };
        answers.on_target();
        Ok(answers)
    }

    /// Defaults that depend on the target: careful ones off loopback.
    fn on_target(&mut self) {
        let near = self.is_near();
        let fill = |value: &mut String, near_value: &str, far_value: &str| {
            if value.is_empty() || (*value == near_value && !near) || (*value == far_value && near)
            {
                *value = if near { near_value } else { far_value }.to_owned();
            }
        };
        fill(&mut self.binds, "2", "1");
        fill(&mut self.window, "20", "10");
        fill(&mut self.rate, "1000", "10");
        if self.password_env.is_none() && !near {
            self.password_env = Some("SMPP_PASSWORD".to_owned());
        }
    }

    /// Whether the target is the simulator or on loopback.
    pub(super) fn is_near(&self) -> bool {
        self.target == "embedded" || plan::is_loopback(&self.target)
    }

    /// Whether the profile may send: the target is near, or has been repeated.
    pub(super) fn is_allowed(&self) -> bool {
        self.is_near() || self.allow_target == self.target
    }

    /// What has not been said by flags.
    pub(super) fn questions(&self) -> Vec<Question> {
        QUESTIONS.into_iter().filter(|q| !self.given.contains(&q.flag)).collect()
    }
}

fn built_in(from: Provider) -> Option<&'static BuiltIn> {
    BuiltIn::named(match from {
        Provider::Generic => return None,
        Provider::Openmarket => "openmarket",
        Provider::Vonage => "vonage",
        Provider::Infobip => "infobip",
        Provider::Sinch => "sinch",
    })
}

/// Its keys with what they came to mean.
fn resolved(built_in: &'static BuiltIn) -> Value {
    let plan = plan::load(&Source::BuiltIn(built_in), &Overrides::default());
    plan.map_or(Value::Null, |plan| plan::resolved_json(&plan))
}

/// The rate of the first stage that is measured, where it is a hold.
fn measured_rate(provider: &Value) -> String {
    let stages = provider.pointer("/load/stages").and_then(Value::as_array);
    let measured = |stage: &&Value| stage.get("measure") != Some(&Value::Bool(false));
    let stage = stages.into_iter().flatten().find(measured);
    stage.and_then(|stage| stage.get("hold")).map(shown).unwrap_or_default()
}

/// A value as it is typed.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Flags that were written, as far as a question would ask for the same.
fn given(args: &InitArgs) -> Vec<&'static str> {
    let flags = [
        ("--target", args.target.is_some()),
        ("--allow-target", args.allow_target.is_some()),
        ("--system-id", args.system_id.is_some()),
        ("--bind-type", args.bind_type.is_some()),
        ("--binds", args.binds.is_some()),
        ("--window", args.window.is_some()),
        ("--rate", args.rate.is_some()),
        ("--duration", args.duration.is_some()),
        ("--receipts", args.receipts.is_some()),
    ];
    flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
}
