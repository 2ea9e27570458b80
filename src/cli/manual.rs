//! `smppbench completions` and `smppbench man`, made from the arguments that clap parses.
use super::args::{CompletionsArgs, ManArgs};
use super::examples;
use super::exit::{Exit, Failure, put_octets};
use clap::Command;

/// Completions for a shell.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut octets = Vec::new();
    clap_complete::generate(args.shell, &mut examples::command(), "smppbench", &mut octets);
    put_octets(&octets).map(|()| Exit::Done)
}

/// A man page.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    put_octets(&page(args.command.as_deref())?).map(|()| Exit::Done)
}

fn page(name: Option<&str>) -> Result<Vec<u8>, Failure> {
    // built, a command knows its whole name: `smppbench run`
    let mut all = examples::manual();
    all.build();
    let command = match name {
        None => all,
        Some(name) => {
            let known: Vec<&str> = all.get_subcommands().map(Command::get_name).collect();
            let unknown = || {
                let known = known.join(", ");
                Failure::usage(format!("{name:?} is not a command; the commands are {known}"))
            };
            let found = all.find_subcommand(name).ok_or_else(unknown)?;
            found.clone().version(env!("CARGO_PKG_VERSION"))
        }
    };
    let mut octets = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut octets)
        .map_err(|e| Failure::usage(format!("cannot make the page: {e}")))?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: Option<&str>) -> String {
        String::from_utf8(page(name).unwrap()).unwrap().replace("\\-", "-")
    }

    #[test]
    fn every_command_has_a_page_that_names_its_flags() {
        let mut all = examples::command();
        all.build();
        assert!(text(None).contains("smppbench-render"));
        for command in all.get_subcommands().filter(|c| c.get_name() != "help") {
            let page = text(Some(command.get_name()));
            for flag in command.get_arguments().filter_map(|a| a.get_long()) {
                assert!(page.contains(&format!("--{flag}")), "{} --{flag}", command.get_name());
            }
        }
        assert!(page(Some("rnu")).unwrap_err().to_string().starts_with("\"rnu\" is not a command"));
    }

    #[test]
    fn completions_of_every_shell_know_the_verbs() {
        use clap::ValueEnum;
        for shell in clap_complete::Shell::value_variants() {
            let mut octets = Vec::new();
            clap_complete::generate(*shell, &mut examples::command(), "smppbench", &mut octets);
            let script = String::from_utf8(octets).unwrap();
            assert!(script.contains("render") && script.contains("selfcheck"), "{shell}");
        }
    }
}
