//! What goes into the profile: flags over what a provider documents over defaults, and the questions for the rest.
use crate::cli::args::{InitArgs, Provider};
use crate::cli::exit::Failure;
use crate::plan::{self, BuiltIn, Overrides, Source};
use serde_json::Value;

/// Values of the profile, as they will be written.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    /// What the provider documents; None: there is no provider.
    provider: Option<Documented>,
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
    given: Given,
    /// What no flag says.
    questions: Vec<Question>,
}

/// Of the values whose default depends on the target: which a flag has said.
#[derive(Clone, Copy, Debug)]
struct Given {
    binds: bool,
    window: bool,
    rate: bool,
}

/// A provider's built-in profile.
#[derive(Clone, Debug)]
struct Documented {
    built_in: &'static BuiltIn,
    /// Its keys with what they came to mean.
    resolved: Value,
}

/// One question: whether a flag has answered it, and where the answer goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    of: Of,
    is_given: fn(&InitArgs) -> bool,
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
        match self.of {
            Of::AllowTarget => !answers.is_near(),
            Of::Target | Of::Other => true,
        }
    }

    pub(super) fn put(&self, answers: &mut Answers, line: &str) {
        line.clone_into((self.place)(answers));
        match self.of {
            Of::Target => answers.on_target(),
            Of::AllowTarget | Of::Other => {}
        }
    }
}

/// What a question is about, where that changes other answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Target,
    AllowTarget,
    Other,
}

const QUESTIONS: [Question; 9] = [
    Question {
        of: Of::Target,
        is_given: |a| a.target.is_some(),
        says: "SMSC, HOST:PORT or embedded",
        place: |a| &mut a.target,
    },
    Question {
        of: Of::AllowTarget,
        is_given: |a| a.allow_target.is_some(),
        says: "the same again, to allow sending to it; empty: not yet",
        place: |a| &mut a.allow_target,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.system_id.is_some(),
        says: "system_id",
        place: |a| &mut a.system_id,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.bind_type.is_some(),
        says: "bind type: transceiver, transmitter, receiver or pair",
        place: |a| &mut a.bind_type,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.binds.is_some(),
        says: "sessions",
        place: |a| &mut a.binds,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.window.is_some(),
        says: "window: submit_sm in flight on a session",
        place: |a| &mut a.window,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.rate.is_some(),
        says: "rate in submit_sm a second",
        place: |a| &mut a.rate,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.duration.is_some(),
        says: "measured time",
        place: |a| &mut a.duration,
    },
    Question {
        of: Of::Other,
        is_given: |a| a.receipts.is_some(),
        says: "receipts, on or off",
        place: |a| &mut a.receipts,
    },
];

impl Answers {
    /// What flags and the provider say.
    ///
    /// # Errors
    /// A flag that does not read.
    pub(super) fn of(args: &InitArgs) -> Result<Answers, Failure> {
        let provider = built_in(args.from)
            .map(|built_in| Documented { built_in, resolved: resolved(built_in) });
        let receipts = args.receipts.clone().unwrap_or_else(|| "on".to_owned());
        if !["on", "off"].contains(&receipts.as_str()) {
            return Err(Failure::usage(format!(
                "--receipts {receipts}: is not valid; write on or off"
            )));
        }
        let resolved = provider.as_ref().map_or(&Value::Null, |provider| &provider.resolved);
        let said = |pointer: &str| resolved.pointer(pointer).map(shown).unwrap_or_default();
        let text = |flag: &Option<String>, default: String| flag.clone().unwrap_or(default);
        let number =
            |flag: Option<u64>, pointer| flag.map_or_else(|| said(pointer), |n| n.to_string());
        let or = |said: String, default: &str| {
            if said.is_empty() { default.to_owned() } else { said }
        };
        let bind_type = said("/accounts/0/binds/type");
        let mut answers = Answers {
            target: text(&args.target, "embedded".to_owned()),
            allow_target: text(&args.allow_target, String::new()),
            messages_max: args.max_messages,
            tls: args.tls,
            system_id: text(&args.system_id, or(said("/accounts/0/system_id"), "smppbench")),
            password_env: args.password_env.clone(),
            bind_type: text(&args.bind_type, or(bind_type, "transceiver")),
            binds: number(args.binds, "/accounts/0/binds/count"),
            window: number(args.window, "/accounts/0/binds/window"),
            rate: text(&args.rate, measured_rate(resolved)),
            duration: text(&args.duration, "30s".to_owned()),
            receipts,
            gates: args.gate.clone(),
            provider,
            given: Given {
                binds: args.binds.is_some(),
                window: args.window.is_some(),
                rate: args.rate.is_some(),
            },
            questions: QUESTIONS.into_iter().filter(|q| !(q.is_given)(args)).collect(),
        };
        answers.on_target();
        Ok(answers)
    }

    /// Defaults that depend on the target: careful ones off loopback.
    fn on_target(&mut self) {
        let near = self.is_near();
        let given = self.given;
        let fill = |value: &mut String, is_given: bool, near_value: &str, far_value: &str| {
            let is_default = *value == if near { far_value } else { near_value };
            if value.is_empty() || (is_default && !is_given) {
                *value = if near { near_value } else { far_value }.to_owned();
            }
        };
        fill(&mut self.binds, given.binds, "2", "1");
        // a provider's window is what it recommends
        fill(&mut self.window, given.window || self.provider.is_some(), "20", "10");
        fill(&mut self.rate, given.rate, "1000", "10");
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

    /// The provider's built-in profile.
    pub(super) fn built_in(&self) -> Option<&'static BuiltIn> {
        self.provider.as_ref().map(|provider| provider.built_in)
    }

    /// What the provider documents at a JSON pointer into its resolved profile.
    pub(super) fn documented(&self, pointer: &str) -> Option<&Value> {
        self.provider.as_ref()?.resolved.pointer(pointer)
    }

    /// What has not been said by flags.
    pub(super) fn questions(&self) -> Vec<Question> {
        self.questions.clone()
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
