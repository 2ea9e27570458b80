//! Tables and paragraphs for a terminal of a given width. It knows widths, no figures.
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A plain table: first column to the left, the others to the right. Its columns move together before
/// any cell is broken.
pub(super) fn table(columns: usize, header: &[&str], rows: &[Vec<String>]) -> String {
    let wide = spaced(header, rows, 2, None);
    if wide.iter().all(|line| line.chars().count() <= columns) {
        return wide.join("\n") + "\n";
    }
    spaced(header, rows, 1, u16::try_from(columns).ok()).join("\n") + "\n"
}

fn spaced(header: &[&str], rows: &[Vec<String>], gap: u16, width: Option<u16>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
    }
    table.set_header(header.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        let first = number == 0;
        column.set_cell_alignment(if first { CellAlignment::Left } else { CellAlignment::Right });
        column.set_padding((if first { 2 } else { gap }, 0));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Words wrapped into lines of at most `columns`. The first line begins with `start`, the others are indented as far.
/// A word longer than a line is cut.
pub(crate) fn fill(columns: usize, start: &str, text: &str) -> String {
    let indent = start.chars().count();
    let room = columns.saturating_sub(indent).max(20);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word: &str = word;
        loop {
            let used = line.chars().count();
            let needed = word.chars().count() + usize::from(used > 0);
            if used + needed <= room {
                if used > 0 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if used > 0 {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            let cut = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    let pad = " ".repeat(indent);
    let mut filled = String::new();
    for (number, line) in lines.iter().enumerate() {
        filled += if number == 0 { start } else { &pad };
        filled += line;
        filled = filled.trim_end().to_owned();
        filled.push('\n');
    }
    filled
}

/// The words of a command line with their quotes: it is parted only outside quotes.
pub(super) fn shell_words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, ' ') => {
                words.push(String::new());
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words
}

/// A command line over several lines, each but the last ending in a backslash, broken only outside quotes.
pub(super) fn command(columns: usize, start: &str, line: &str) -> String {
    let indent = " ".repeat(start.chars().count());
    let room = columns.saturating_sub(indent.len() + 2);
    let (mut text, mut used) = (start.to_owned(), 0);
    for word in shell_words(line) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            text += &format!(" \\\n{indent}");
            used = 0;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text += &word;
        used += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 100;

    #[test]
    fn paragraphs_stay_within_the_width_and_lose_no_word() {
        let words: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
        let filled = fill(WIDTH, "  limiter   ", &words.join(" "));
        assert!(filled.lines().all(|l| l.chars().count() <= WIDTH));
        assert!(filled.lines().skip(1).all(|l| l.starts_with("            word")));
        let back: Vec<&str> = filled.split_whitespace().skip(1).collect();
        assert_eq!(back, words);
    }

    #[test]
    fn a_word_longer_than_a_line_is_cut_and_not_lost() {
        let long = "x".repeat(250);
        let filled = fill(WIDTH, "  ", &long);
        assert!(filled.lines().all(|l| l.chars().count() <= WIDTH));
        assert_eq!(filled.split_whitespace().collect::<String>(), long);
    }

    #[test]
    fn a_long_command_line_is_broken_so_that_a_shell_still_reads_it() {
        let line = format!("smppbench run {} --text 'a b c' --seed 7", "--set a.b=c ".repeat(20));
        let text = command(WIDTH, "  again     ", line.trim());
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("'a b c'"));
        let joined = text.replace("\\\n", "");
        assert!(joined.split_whitespace().skip(1).eq(line.split_whitespace()));
    }

    #[test]
    fn a_table_stays_within_the_width_whatever_its_cells_hold() {
        let row = vec!["name".repeat(10), "1,234,567,890".repeat(5), "x".repeat(50)];
        let text = table(WIDTH, &["", "a", "b"], &[row]);
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
    }
}
