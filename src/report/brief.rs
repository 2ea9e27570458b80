//! The brief summary of a run, the verdict last: at most twenty lines on a screen; elsewhere nothing is left out.
use super::Saved;
use super::document::LatencyRow;
use super::escape::printable;
use super::model::{BriefLine, BriefModel, Headline, RunModel, Tone};
use super::table::{command, fill};
use super::text::Style;
use crate::kit::words;

/// Most lines on a screen.
const LINES: usize = 20;
/// Width of the labels.
const LABEL: usize = 14;
/// Most gates that have a line each on a screen.
const GATES: usize = 4;

/// The brief summary of a run. On a screen it has at most 20 lines, none wider than the style says; elsewhere sentences
/// are wrapped and only the names of files may be wider.
pub fn brief(saved: &Saved, style: Style) -> String {
    const NARROWEST: usize = 40;
    let style = Style { columns: style.columns.max(NARROWEST), ..style };
    let m = RunModel::of(&saved.document);
    let model = BriefModel::of(&m);
    let run = &saved.document.run;
    let (version, binds) = (&saved.document.tool.version, run.binds.join(" · "));
    let heading = format!("smppbench {version} · {} · {} · {binds}", run.name, run.target);
    let ends = ends(saved, &model, style);
    let taken = 1 + ends.iter().map(|end| end.lines().count()).sum::<usize>();
    let room = if style.fits_screen { LINES.saturating_sub(taken) } else { usize::MAX };
    let body = body(&model.lines, style, room);
    let mut text = painted(&fitted("", &printable(&heading), style), &run.name, Tone::Plain, style);
    let spare = room > body.lines().count();
    if spare {
        text.push('\n');
    }
    text + &body + &ends.concat()
}

/// The lines between heading and gates that fit. The least needed ones are left out first; where room is left, sentences
/// that are too long take a second line.
fn body(lines: &[BriefLine<'_>], style: Style, room: usize) -> String {
    let mut shown: Vec<&BriefLine<'_>> = lines.iter().collect();
    while shown.len() > room {
        let highest = shown.iter().map(|line| line.rank).max().unwrap_or(0);
        match shown.iter().rposition(|line| line.rank == highest && highest > 0) {
            Some(place) => drop(shown.remove(place)),
            None => break,
        }
    }
    let most = if style.fits_screen { 1 } else { usize::MAX };
    let mut texts: Vec<String> = shown.iter().map(|line| drawn(line, style, most)).collect();
    if !style.fits_screen {
        return texts.concat();
    }
    let mut spare = room.saturating_sub(texts.len());
    let mut needed: Vec<usize> = (0..shown.len()).collect();
    needed.sort_by_key(|place| shown[*place].rank);
    for place in needed {
        let longer = drawn(shown[place], style, 2);
        if spare > 0 && longer.lines().count() > 1 {
            texts[place] = longer;
            spare -= 1;
        }
    }
    texts.concat()
}

/// Gates, files, steps and the verdict.
fn ends(saved: &Saved, model: &BriefModel<'_>, style: Style) -> Vec<String> {
    let mut ends = Vec::new();
    let most = if style.fits_screen { GATES } else { usize::MAX };
    for gate in model.gates.iter().take(most) {
        let word = gate.word();
        let line = fitted(&format!("  {word:<LABEL$}"), &printable(&gate.says()), style);
        ends.push(painted(&line, word, gate.tone(), style));
    }
    let more = model.gates.len().saturating_sub(most);
    if more > 0 {
        ends.push(format!("  {:<LABEL$}and {}\n", "", words::counted(more as u64, "more gate")));
    }
    if let Some(folder) = &saved.document.run.folder {
        let line = format!("  {:<LABEL$}{}", "files", printable(folder));
        // a path that is wrapped could not be copied
        let line = if style.fits_screen { clipped(&line, style.columns) } else { line };
        ends.push(line + "\n");
    }
    for (number, step) in model.next.iter().enumerate() {
        let label = if number == 0 { "next" } else { "" };
        let drawn = command(style.columns, &format!("  {label:<LABEL$}"), &printable(step));
        // a command that is cut would not run
        let drawn = if style.fits_screen && drawn.lines().count() > 2 {
            format!(
                "  {label:<LABEL$}find rate with the settings of `again` (--verbose shows it)\n"
            )
        } else {
            drawn
        };
        ends.push(drawn);
    }
    ends.push(verdict(saved, style));
    ends
}

/// The last line: the verdict and the number of failed gates; the gates stand above it where both are too long.
fn verdict(saved: &Saved, style: Style) -> String {
    let headline = Headline::of(&saved.document);
    let (says, gates) = (headline.says(), &headline.gates);
    let both = format!("{says} · {gates}");
    let gates_tone = headline.gates_tone;
    let lines = match () {
        () if gates.is_empty() => vec![(headline.tone, says)],
        () if both.chars().count() <= style.columns => vec![(headline.tone, both)],
        () => vec![(gates_tone, gates.clone()), (headline.tone, says)],
    };
    let line = |(tone, says): (Tone, String)| {
        style.paint(tone, fitted("", &says, style).trim_end_matches('\n')) + "\n"
    };
    lines.into_iter().map(line).collect()
}

/// A line of the body in at most so many lines.
fn drawn(line: &BriefLine<'_>, style: Style, most: usize) -> String {
    let start = format!("  {:<LABEL$}", line.line.label);
    let says = printable(&line.line.says);
    let text = match line.histogram {
        Some(row) => {
            let line = fitted(&start, &says, style);
            line.trim_end_matches('\n').to_owned() + &drawn_beside(row, style, &start, &says) + "\n"
        }
        None => shortened(&fill(style.columns, &start, &says), style.columns, most),
    };
    painted(&text, line.line.word, line.line.tone, style)
}

/// The histogram of a row in what room a line leaves, with the smallest and the largest value at its ends where they fit.
fn drawn_beside(row: &LatencyRow, style: Style, start: &str, says: &str) -> String {
    const NARROWEST: usize = 8;
    const WIDEST: usize = 40;
    let (Some(low), Some(high), Ok(latency)) = (row.min, row.max, row.distribution()) else {
        return String::new();
    };
    let (from, to) = (words::duration(low), words::duration(high));
    let length = |text: &str| text.chars().count();
    let left = style.columns.saturating_sub(length(start) + length(says) + 2);
    let between = left.saturating_sub(length(&from) + length(&to) + 2).min(WIDEST);
    let (room, from, to) = match between {
        0..NARROWEST => (left.min(WIDEST), String::new(), String::new()),
        room => (room, format!("{from} "), format!(" {to}")),
    };
    if room < NARROWEST {
        return String::new();
    }
    let counts = latency.histogram().iter_recorded();
    let counts = counts.map(|step| (step.value_iterated_to(), step.count_at_value()));
    format!("  {from}{}{to}", bars(counts, low, high, room))
}

/// Counts by value as blocks, from the lowest value to the highest on a logarithmic scale.
fn bars(counts: impl Iterator<Item = (u64, u64)>, low: u64, high: u64, columns: usize) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let place = |value: u64| (value.clamp(low, high).max(1) as f64).ln();
    let (from, to) = (place(low), place(high));
    let mut sums = vec![0_u64; columns];
    for (value, count) in counts {
        let share = if to > from { (place(value) - from) / (to - from) } else { 0.0 };
        let column = ((share * columns as f64) as usize).min(columns - 1);
        sums[column] += count;
    }
    let most = sums.iter().copied().max().unwrap_or(0).max(1) as f64;
    let block = |sum: u64| match sum {
        0 => ' ',
        sum => BLOCKS[((sum as f64 / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    sums.into_iter().map(block).collect()
}

/// A line that fits a screen, cut; elsewhere all of it, wrapped.
fn fitted(start: &str, says: &str, style: Style) -> String {
    let line = format!("{start}{says}");
    match style.fits_screen {
        false if line.chars().count() > style.columns => fill(style.columns, start, says),
        true | false => clipped(&line, style.columns) + "\n",
    }
}

/// The line, or its start and an ellipsis.
fn clipped(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let start: String = line.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// The first lines of a paragraph, with an ellipsis where there are more.
fn shortened(text: &str, columns: usize, most: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let mut lines: Vec<String> = all.iter().take(most).map(|line| (*line).to_owned()).collect();
    if let Some(last) = lines.last_mut().filter(|_| all.len() > most) {
        *last = clipped(&format!("{last} …"), columns);
    }
    lines.join("\n") + "\n"
}

fn painted(text: &str, word: &str, tone: Tone, style: Style) -> String {
    if word.is_empty() { text.to_owned() } else { text.replacen(word, &style.paint(tone, word), 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_the_counts_on_a_logarithmic_scale() {
        let counts = [(1, 1), (10, 8), (100, 4), (1_000, 2)];
        assert_eq!(bars(counts.into_iter(), 1, 1_000, 4), "▁█▄▂");
        // one value only
        assert_eq!(bars([(5, 3)].into_iter(), 5, 5, 3), "█  ");
    }

    #[test]
    fn a_line_that_is_too_long_ends_in_an_ellipsis_within_the_width() {
        assert_eq!(clipped("abcdef", 6), "abcdef");
        assert_eq!(clipped("abcdefg", 6), "abcde…");
        assert_eq!(shortened("one two\nthree\nfour\n", 8, 2), "one two\nthree …\n");
    }
}
