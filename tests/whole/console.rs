//! The commands of the README and the book, run as they stand there.
//!
//! A block of the language `console` is run: `$ ` begins a command, a backslash goes on with it, and what follows is
//! its output, standard error among it. A command without output is only run. `[..]` stands for any text of a line, and
//! a line `...` for any lines. A command that fails must be followed by `$ echo $?`, which shows its exit code. The
//! blocks of a page share a folder; there the repository's `profiles` and `reports/sample` are at hand, and a block of
//! TOML that begins with `# NAME.toml` is the file of that name.
use super::pages::{Page, pages, root};
use std::path::Path;
use std::process::Command;
use std::thread;

/// Ends what a command printed; its exit code follows.
const END: char = '\u{1}';

/// A command and the output that the page shows.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    command: String,
    shown: Vec<String>,
}

fn steps(code: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in code.lines() {
        if goes_on || line.starts_with("$ ") {
            if goes_on {
                let step = steps.last_mut().unwrap();
                step.command = step.command.clone() + "\n" + line;
            } else {
                steps.push(Step { command: line[2..].to_owned(), shown: Vec::new() });
            }
            goes_on = line.ends_with('\\');
        } else {
            let step = steps.last_mut().expect("a block of console begins with a command");
            step.shown.push(line.trim_end().to_owned());
        }
    }
    steps
}

/// Whether a line is what the page shows.
fn is_like(shown: &str, line: &str) -> bool {
    let parts: Vec<&str> = shown.split("[..]").collect();
    let [first, middle @ .., last] = &parts[..] else { return shown == line };
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether all lines are what the page shows.
fn are_like(shown: &[String], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((any, rest)), _) if any == "..." => {
            (0..=lines.len()).any(|skipped| are_like(rest, &lines[skipped..]))
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((line, lines))) => is_like(first, line) && are_like(rest, lines),
    }
}

/// Runs the commands of a block in one shell; what each printed, and its exit code.
fn run(steps: &[Step], folder: &Path) -> Vec<(String, i32)> {
    let mut script = String::new();
    for step in steps {
        script += &format!("{}\nS=$?; printf '{END}%d{END}' $S; (exit $S)\n", step.command);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_smppbench"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("exec 2>&1\n{script}")]).current_dir(folder);
    shell.env("PATH", path).env("NO_COLOR", "1").env("XDG_STATE_HOME", folder);
    shell.env("SMPP_PASSWORD", "of-this-test").env_remove("GITHUB_ACTIONS");
    let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let mut pieces = said.split(END);
    let mut done = Vec::new();
    while let (Some(said), Some(code)) = (pieces.next(), pieces.next()) {
        done.push((said.to_owned(), code.parse().unwrap()));
    }
    done
}

/// Lays out the folder that a page's commands run in.
fn lay_out(page: &Page, folder: &Path) {
    std::fs::create_dir(folder.join("reports")).unwrap();
    for name in ["profiles", "reports/sample"] {
        std::os::unix::fs::symlink(root().join(name), folder.join(name)).unwrap();
    }
    for block in page.blocks.iter().filter(|block| block.language == "toml") {
        let first = block.code.lines().next().unwrap_or_default();
        if let Some(name) = first.strip_prefix("# ").filter(|name| name.ends_with(".toml")) {
            assert!(!name.contains('/'), "{}: {name}", page.name);
            std::fs::write(folder.join(name), &block.code).unwrap();
        }
    }
}

/// Lines of the program that only a debug build prints.
fn is_of_the_build(line: &str) -> bool {
    line.contains("warning: debug build") || line.contains("warning   debug build")
}

/// What is wrong with the commands of a page, and how many there are.
fn play(page: &Page) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    lay_out(page, folder.path());
    let (mut count, mut faults) = (0, Vec::new());
    for block in page.blocks.iter().filter(|block| block.language == "console") {
        let steps = steps(&block.code);
        let done = run(&steps, folder.path());
        assert_eq!(done.len(), steps.len(), "{}: the shell ended early: {done:?}", page.name);
        for (number, (step, (said, code))) in steps.iter().zip(&done).enumerate() {
            count += 1;
            let lines: Vec<&str> =
                said.lines().map(str::trim_end).filter(|line| !is_of_the_build(line)).collect();
            let next = steps.get(number + 1).map(|next| next.command.as_str());
            let is_wanted = *code == 0 || next == Some("echo $?");
            if !is_wanted || !step.shown.is_empty() && !are_like(&step.shown, &lines) {
                let Step { command, shown } = step;
                faults.push(format!(
                    "{}: $ {command}\nexit code {code}; shown:\n{}\nprinted:\n{}\n",
                    page.name,
                    shown.join("\n"),
                    lines.join("\n")
                ));
            }
        }
    }
    (count, faults)
}

#[test]
fn every_console_block_prints_what_the_page_shows() {
    let pages: Vec<Page> = pages()
        .into_iter()
        .filter(|page| page.blocks.iter().any(|block| block.language == "console"))
        .collect();
    let played: Vec<(usize, Vec<String>)> = thread::scope(|scope| {
        let players: Vec<_> = pages.iter().map(|page| scope.spawn(|| play(page))).collect();
        players.into_iter().map(|player| player.join().unwrap()).collect()
    });
    let faults: Vec<String> = played.iter().flat_map(|(_, faults)| faults.clone()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let count: usize = played.iter().map(|(count, _)| count).sum();
    assert!(count >= 15, "only {count} commands were run");
}

#[test]
fn a_shown_line_may_leave_out_text_and_shown_lines_may_leave_out_lines() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(are_like(&shown("a [..] c\n...\nlast"), &["a b c", "x", "y", "last"]));
    assert!(are_like(&shown("...\nlast"), &["last"]));
    assert!(!are_like(&shown("a [..] c"), &["a b d"]));
    assert!(!are_like(&shown("a"), &["a", "b"]));
    assert!(!are_like(&shown("a\nb"), &["a"]));
    assert!(is_like("[..]b[..]", "abc") && !is_like("[..]b[..]", "ac"));
}

#[test]
fn a_block_falls_into_commands_and_their_outputs() {
    let found = steps("$ one \\\n    more\nprinted\n\n$ echo $?\n");
    let step = |command: &str, shown: &[&str]| Step {
        command: command.to_owned(),
        shown: shown.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(found, [step("one \\\n    more", &["printed", ""]), step("echo $?", &[])]);
}
