//! Tables and paragraphs for a terminal of 100 columns. It knows widths, no figures.
use comfy_table::{CellAlignment, Table, presets};

/// Widest line of a summary.
pub(super) const WIDTH: usize = 100;

/// A plain table: first column to the left, the others to the right.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        let side = if number == 0 { CellAlignment::Left } else { CellAlignment::Right };
        column.set_cell_alignment(side);
        column.set_padding((if number == 0 { 2 } else { 1 }, 1));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// Words filled into lines of at most [`WIDTH`] columns. The first starts with `start`, the others are
/// indented as far. A word longer than a line is cut.
pub(super) fn fill(start: &str, text: &str) -> String {
    let indent = start.chars().count();
    let room = WIDTH.saturating_sub(indent).max(20);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_stay_within_the_width_and_lose_no_word() {
        let words: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
        let filled = fill("  limiter   ", &words.join(" "));
        assert!(filled.lines().all(|l| l.chars().count() <= WIDTH));
        assert!(filled.lines().skip(1).all(|l| l.starts_with("            word")));
        let back: Vec<&str> = filled.split_whitespace().skip(1).collect();
        assert_eq!(back, words);
    }

    #[test]
    fn a_word_longer_than_a_line_is_cut_and_not_lost() {
        let long = "x".repeat(250);
        let filled = fill("  ", &long);
        assert!(filled.lines().all(|l| l.chars().count() <= WIDTH));
        assert_eq!(filled.split_whitespace().collect::<String>(), long);
    }
}
