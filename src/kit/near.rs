//! Known names ranked by their likeness to one that is not known, for errors that suggest what was meant.

/// Likeness of two names, from 0 to 1. A word without a dot may also be the last part of a dotted name.
fn likeness(word: &str, known: &str) -> f64 {
    let whole = strsim::jaro_winkler(word, known);
    match known.rsplit_once('.') {
        Some((_, last)) if !word.contains('.') => whole.max(strsim::jaro_winkler(word, last)),
        Some(_) | None => whole,
    }
}

/// The known names, the nearest first, each with its likeness from 0 to 1. Of equally near ones the first stays first.
pub fn nearest<T: AsRef<str>>(word: &str, known: impl IntoIterator<Item = T>) -> Vec<(f64, T)> {
    let mut ranked: Vec<(f64, T)> =
        known.into_iter().map(|known| (likeness(word, known.as_ref()), known)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first_and_the_last_part_of_a_name_is_enough() {
        let known = ["binds.count", "binds.window", "load.stages"];
        assert_eq!(nearest("binds.windw", known)[0].1, "binds.window");
        assert_eq!(nearest("windw", known)[0].1, "binds.window");
        assert_eq!(nearest("load.stages", known)[0], (1.0, "load.stages"));
        assert!(nearest("qqq", known)[0].0 < 0.5);
        assert_eq!(nearest("x", Vec::<&str>::new()), []);
    }
}
