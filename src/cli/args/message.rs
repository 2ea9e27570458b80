//! Flags that say what is sent: those of `dial`, and of every verb that sends load.
use crate::plan::MessageOverrides;
use clap::Args;

/// Addresses, text and coding. `OverrideArgs` holds them, so that they have one name everywhere.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct MessageArgs {
    /// source_addr of each submit_sm, or a file of them, taken in turn.
    #[arg(long, value_name = "ADDR|file:PATH")]
    pub(in crate::cli) from: Option<String>,
    /// destination_addr of each submit_sm, or a file of them, taken in turn (default: unassigned numbers).
    #[arg(long, value_name = "ADDR|file:PATH")]
    pub(in crate::cli) to: Option<String>,
    /// Text of each submit_sm, with the placeholders of a profile; hex with --coding binary.
    #[arg(long)]
    pub(in crate::cli) text: Option<String>,
    /// Coding of the text: gsm, latin1, ascii, ucs2, binary, or a data_coding (default: what the text needs).
    #[arg(long, visible_alias = "data-coding")]
    pub(in crate::cli) coding: Option<String>,
}

impl MessageArgs {
    /// The flags as `plan` takes them.
    pub(super) fn overrides(&self) -> MessageOverrides {
        let MessageArgs { from, to, text, coding } = self.clone();
        MessageOverrides { from, to, text, coding }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::args::{Cli, Verb};
    use crate::plan::{MessageOverrides, Overrides};
    use clap::Parser;

    fn typed(line: &str) -> Overrides {
        let verb = Cli::try_parse_from(line.split(' ')).unwrap_or_else(|e| panic!("{e}")).verb;
        match verb.expect("the line names a verb") {
            Verb::Run(args) => args.load.source().1,
            Verb::Through(args) => args.load.source().1,
            Verb::Find(args) => args.load.source().1,
            Verb::Duel(args) => args.load.source().1,
            Verb::Calibrate(args) => args.load.source().1,
            Verb::Dial(args) => args.overrides.overrides(),
            Verb::Check(args) => args.overrides.overrides(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_sent_has_the_same_flags_on_every_verb_that_opens_sessions() {
        let some = |text: &str| Some(text.to_owned());
        let wanted = MessageOverrides {
            from: some("Shop"),
            to: some("file:to.txt"),
            text: some("hi"),
            coding: some("ucs2"),
        };
        for verb in
            ["run", "through", "find rate", "find window", "duel", "calibrate 3", "dial", "check"]
        {
            for coding in ["coding", "data-coding"] {
                let flags = format!("--from Shop --to file:to.txt --text hi --{coding} ucs2");
                let given = typed(&format!("smppbench {verb} {flags}"));
                assert_eq!(given.message, wanted, "{verb}");
            }
        }
    }

    #[test]
    fn quiet_means_live_off_on_every_verb_that_sends_load() {
        use crate::cli::args::Live;
        for verb in ["run", "find rate", "duel", "calibrate 3"] {
            let parse = |flags: &str| {
                let typed = format!("smppbench {verb} {flags}");
                let cli = Cli::try_parse_from(typed.split(' ')).and_then(Cli::agreeing);
                cli.map(|cli| match cli.verb {
                    Some(Verb::Run(args)) => args.load.keep.live(),
                    Some(Verb::Find(args)) => args.load.keep.live(),
                    Some(Verb::Duel(args)) => args.load.keep.live(),
                    Some(Verb::Calibrate(args)) => args.load.keep.live(),
                    other => panic!("{other:?}"),
                })
            };
            assert_eq!(parse("--quiet").unwrap(), Live::Off, "{verb}");
            assert_eq!(parse("--live line").unwrap(), Live::Line, "{verb}");
            assert_eq!(parse("--quiet --live off").unwrap(), Live::Off, "{verb}");
            let says = parse("--quiet --live tui").unwrap_err().to_string();
            assert!(says.contains("give one of them"), "{verb}: {says}");
        }
    }
}
