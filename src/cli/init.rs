//! `smppbench init`: a commented profile to begin with, out of flags and, on a terminal, of answers. What a provider
//! documents is taken from its built-in profile. Each answer is read as the profile's own key, by the plan's rules.
mod answers;
mod checked;
mod template;

use super::args::InitArgs;
use super::exit::{Exit, Failure, say, talk};
use crate::plan::{self, Overrides, Source};
use answers::Answers;
use std::fs::OpenOptions;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Runs the verb.
pub(super) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let path = &args.output;
    if path.exists() {
        return Err(taken(path));
    }
    let mut answers = Answers::of(args)?;
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        ask(&mut answers, &mut io::stdin().lock())?;
    }
    let name = path.file_stem().map_or("smppbench".into(), |stem| stem.to_string_lossy());
    let text = template::profile(&name, &path.display().to_string(), &answers);
    let plan = loaded(path, &text);
    plan.map(|_| ()).or_else(|e| unless_guarded(&answers, &e))?;
    write_new(path, &text)?;
    talk(format!("wrote {}", path.display()));
    if !answers.is_allowed() {
        talk(format!(
            "{} is not loopback: uncomment allow_target and messages_max in {} before the first run",
            answers.target,
            path.display()
        ));
    }
    next(path, &answers);
    if args.check {
        return checked::check(
            plan::load(&Source::File(path.clone()), &Overrides::default())?,
            path,
        );
    }
    Ok(Exit::Done)
}

/// The plan of a profile's text. The password may still be missing.
fn loaded(path: &Path, text: &str) -> Result<plan::Plan, plan::PlanError> {
    let source = Source::Text { name: path.display().to_string(), text: text.to_owned() };
    let preview = plan::preview(&source, &Overrides::default());
    preview.map(|preview| preview.plan).map_err(plan::Mistakes::into_first)
}

/// A target that may not be reached yet is the one mistake that the profile keeps, with its remedy beside it.
fn unless_guarded(answers: &Answers, why: &plan::PlanError) -> Result<(), Failure> {
    if answers.is_allowed() { Err(Failure::usage(why)) } else { Ok(()) }
}

fn taken(path: &Path) -> Failure {
    let why = format!("{}: exists, and is left as it is; write another --output", path.display());
    Failure::usage(why)
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => Failure::internal(format!("cannot write {}: {e}", path.display())),
    })
}

/// Asks for what no flag says; an empty line takes the default. The end of input writes nothing.
fn ask(answers: &mut Answers, input: &mut dyn BufRead) -> Result<(), Failure> {
    say("An empty line takes what is in brackets.");
    for question in answers.questions() {
        while question.is_open(answers) {
            let _ = write!(io::stderr(), "{} [{}]: ", question.says, question.shown(answers));
            let _ = io::stderr().flush();
            let mut line = String::new();
            let read = input.read_line(&mut line).map_err(Failure::internal)?;
            if read == 0 {
                return Err(Failure::Of(
                    Exit::Interrupted,
                    "no answer; nothing was written".into(),
                ));
            }
            let line = line.trim();
            let before = answers.clone();
            if !line.is_empty() {
                question.put(answers, line);
            }
            let text = template::profile("init", "init", answers);
            let Err(why) = loaded(Path::new("init"), &text) else { break };
            if unless_guarded(answers, &why).is_ok() {
                break;
            }
            say(&why.to_string());
            *answers = before;
        }
    }
    Ok(())
}

fn next(path: &Path, answers: &Answers) {
    let path = path.display();
    if let Some(variable) = answers.password_env.as_ref().filter(|v| std::env::var_os(v).is_none())
    {
        say(&format!(
            "  export {variable}=...              the password, where the profile looks for it"
        ));
    }
    say(&format!("  smppbench check {path}     the plan; sends nothing"));
    say(&format!("  smppbench run {path}       the measurement"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Provider;
    use clap::ValueEnum;

    fn args(change: impl FnOnce(&mut InitArgs)) -> InitArgs {
        let mut args = InitArgs::default();
        change(&mut args);
        args
    }

    fn written(args: &InitArgs) -> Result<plan::Plan, String> {
        let answers = Answers::of(args).map_err(|e| e.to_string())?;
        let text = template::profile("mine", "mine.toml", &answers);
        loaded(Path::new("mine.toml"), &text).map_err(|e| format!("{e}\n{text}"))
    }

    #[test]
    fn every_provider_gives_a_profile_that_loads_with_what_the_provider_documents() {
        for from in Provider::value_variants() {
            let plan = written(&args(|a| a.from = *from)).unwrap();
            assert!(plan.target.embedded && !plan.gates.is_empty(), "{from:?}");
        }
        let vonage = written(&args(|a| a.from = Provider::Vonage)).unwrap();
        assert_eq!(vonage.receipts.id_mode, crate::smpp::receipt::IdRule::ResponseHex);
        let openmarket = written(&args(|a| a.from = Provider::Openmarket)).unwrap();
        assert_eq!(openmarket.messages[0].service_type, "OMV4");
    }

    #[test]
    fn flags_stand_in_the_profile() {
        let plan = written(&args(|a| {
            a.target = Some("smsc.example:2775".into());
            a.allow_target = Some("smsc.example:2775".into());
            a.max_messages = Some(500);
            a.system_id = Some("me \"quoted\"".into());
            (a.bind_type, a.binds, a.window) = (Some("pair".into()), Some(3), Some(7));
            (a.rate, a.duration) = (Some("5".into()), Some("20s".into()));
            a.gate = vec!["response.p99 < 80ms".into()];
        }));
        let plan = plan.unwrap_or_else(|e| panic!("{e}"));
        let account = &plan.accounts[0];
        assert_eq!(account.system_id, "me \"quoted\"");
        assert_eq!((account.binds.count, account.binds.window), (3, 7));
        assert_eq!(plan.guard.messages_max, Some(500));
        assert_eq!(plan.gates, [("response.p99".to_owned(), "< 80ms".into())]);
    }

    #[test]
    fn the_side_behind_a_gateway_stands_ready_and_loads_once_it_is_uncommented() {
        let target = args(|a| a.target = Some("127.0.0.1:2775".into()));
        let text = template::profile("mine", "mine.toml", &Answers::of(&target).unwrap());
        let (front, behind) = text.split_once("# [upstream]").unwrap();
        let whole = format!("{front}[upstream]{}", behind.replace("\n# ", "\n"));
        let upstream = loaded(Path::new("mine.toml"), &whole).unwrap().upstream.unwrap();
        assert_eq!((upstream.listen, upstream.sessions), (vec!["127.0.0.1:2776".to_owned()], 1));
        assert_eq!(written(&target).unwrap().upstream, None);
    }

    #[test]
    fn a_target_off_loopback_is_not_allowed_unless_it_is_said_twice() {
        let once = args(|a| a.target = Some("smsc.example:2775".into()));
        let line = written(&once).unwrap_err();
        assert!(line.contains("smsc.example:2775 is not loopback"), "{line}");
        assert!(!Answers::of(&once).unwrap().is_allowed());
    }

    #[test]
    fn answers_that_do_not_read_are_asked_for_again_and_the_end_of_input_writes_nothing() {
        let mut answers = Answers::of(&args(|_| {})).unwrap();
        let count = answers.questions().len();
        let typed = "\n".repeat(count).replacen("\n", "embedded\n", 1);
        let typed = typed.replacen("\n\n", "\nsomebody\n", 1);
        ask(&mut answers, &mut typed.as_bytes()).unwrap();
        assert_eq!(answers.system_id, "somebody");
        let mut answers = Answers::of(&args(|a| a.target = Some("embedded".into()))).unwrap();
        let end = ask(&mut answers, &mut &b"me\n"[..]).unwrap_err();
        assert_eq!(end.exit(), Exit::Interrupted);
    }

    #[test]
    fn a_flag_holds_although_it_says_the_default_of_the_other_kind_of_target() {
        for (target, binds, window, rate) in
            [("127.0.0.1:2775", 1, 10, "10"), ("smsc.example:2775", 2, 20, "1000")]
        {
            let answers = Answers::of(&args(|a| {
                a.target = Some(target.into());
                (a.binds, a.window, a.rate) = (Some(binds), Some(window), Some(rate.into()));
            }));
            let answers = answers.unwrap();
            let said = (&*answers.binds, &*answers.window, &*answers.rate);
            assert_eq!(said, (&*binds.to_string(), &*window.to_string(), rate), "{target}");
        }
    }

    #[test]
    fn the_window_of_a_provider_stands_whatever_the_target() {
        for (target, provider, window) in
            [("embedded", Provider::Sinch, "10"), ("10.0.0.1:2775", Provider::Infobip, "20")]
        {
            let answers =
                Answers::of(&args(|a| (a.target, a.from) = (Some(target.into()), provider)));
            assert_eq!(answers.unwrap().window, window, "{target}");
        }
    }

    #[test]
    fn a_file_that_exists_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        std::fs::write(&path, "mine").unwrap();
        let failure = run(&args(|a| a.output = path.clone())).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(write_new(&path, "other").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
