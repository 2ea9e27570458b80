//! `smppbench completions` and `smppbench man`: out of the same arguments that are parsed.
use super::args::{Cli, CompletionsArgs, ManArgs};
use super::exit::{Exit, fail, put_octets};
use clap::{Command, CommandFactory};

/// Completions for a shell.
pub(super) fn completions(args: &CompletionsArgs) -> Exit {
    let mut octets = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "smppbench", &mut octets);
    written(&octets)
}

/// A man page.
pub(super) fn man(args: &ManArgs) -> Exit {
    match page(args.command.as_deref()) {
        Ok(octets) => written(&octets),
        Err(e) => fail(Exit::Usage, &e),
    }
}

fn page(name: Option<&str>) -> Result<Vec<u8>, String> {
    // built, a command knows its whole name: `smppbench run`
    let mut all = Cli::command();
    all.build();
    let command = match name {
        None => all,
        Some(name) => {
            let known: Vec<&str> = all.get_subcommands().map(Command::get_name).collect();
            let unknown =
                || format!("there is no command {name:?}; there are {}", known.join(", "));
            let found = all.get_subcommands().find(|c| c.get_name() == name).cloned();
            let found = found.ok_or_else(unknown)?;
            found.version(env!("CARGO_PKG_VERSION"))
        }
    };
    let mut octets = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut octets)
        .map_err(|e| format!("cannot make the page: {e}"))?;
    Ok(octets)
}

fn written(octets: &[u8]) -> Exit {
    put_octets(octets).err().unwrap_or(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: Option<&str>) -> String {
        String::from_utf8(page(name).unwrap()).unwrap().replace("\\-", "-")
    }

    #[test]
    fn every_command_has_a_page_that_names_its_flags() {
        let mut all = Cli::command();
        all.build();
        assert!(text(None).contains("smppbench-render"));
        for command in all.get_subcommands().filter(|c| c.get_name() != "help") {
            let page = text(Some(command.get_name()));
            for flag in command.get_arguments().filter_map(|a| a.get_long()) {
                assert!(page.contains(&format!("--{flag}")), "{} --{flag}", command.get_name());
            }
        }
        assert!(page(Some("rnu")).unwrap_err().starts_with("there is no command \"rnu\""));
    }

    #[test]
    fn completions_of_every_shell_know_the_verbs() {
        use clap::ValueEnum;
        for shell in clap_complete::Shell::value_variants() {
            let mut octets = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "smppbench", &mut octets);
            let script = String::from_utf8(octets).unwrap();
            assert!(script.contains("render") && script.contains("selfcheck"), "{shell}");
        }
    }
}
