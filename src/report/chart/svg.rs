//! SVG as text. Every word is escaped here, every colour is an attribute, and no style is inline: a strict
//! content policy blocks styles and scripts, and the picture must be read all the same.
use super::palette::Colour;
use crate::report::printable;

/// Size of words in the drawing's units; on a narrow screen the stylesheet makes them [`PHONE_SIZE`].
const SIZE: f64 = 12.5;
/// See `style.css`.
const PHONE_SIZE: f64 = 20.0;
/// Mean width of a letter, generously, as a share of its size.
const LETTER: f64 = 0.66;

/// Text fit for HTML and its attributes: control characters spelled out, markup escaped.
pub fn escape(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            '"' => clean.push_str("&quot;"),
            '\'' => clean.push_str("&#39;"),
            c => clean.push(c),
        }
    }
    clean
}

/// JSON fit to stand in a `script` element: nothing in it can close the element or open another.
pub fn json_in_script(value: &serde_json::Value) -> String {
    let mut clean = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => clean += &format!("\\u{:04x}", c as u32),
            c => clean.push(c),
        }
    }
    clean
}

/// A coordinate to a tenth, without zeros that say nothing.
pub(super) fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}", tenths as f64 / 10.0) }
}

/// Widest that words may be: (on a desk, on a phone), in the drawing's units.
pub(super) fn width(words: &str) -> (f64, f64) {
    let letters = words.chars().count() as f64 * LETTER;
    (letters * SIZE, letters * PHONE_SIZE)
}

/// Where words are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// From the left edge of words of that width to their place.
    pub(super) fn offset(self, width: f64) -> f64 {
        match self {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        }
    }
}

/// A drawing in the making.
pub(super) struct Svg(String);

impl Svg {
    /// A drawing of that size, named for who cannot see it.
    pub(super) fn open(width: f64, height: f64, title: &str) -> Svg {
        let (width, height) = (number(width), number(height));
        Svg(format!(
            "<svg class=\"chart\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" \
             font-size=\"{SIZE}\" aria-label=\"{}\">",
            escape(title)
        ))
    }

    /// Ready-made markup.
    pub(super) fn raw(&mut self, markup: &str) {
        self.0 += markup;
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour, more: &str) {
        self.0 += &format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {} {more}/>",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1),
            colour.stroke()
        );
    }

    pub(super) fn rect(&mut self, place: (f64, f64), size: (f64, f64), colour: Colour, more: &str) {
        self.0 += &format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {} {more}/>",
            number(place.0),
            number(place.1),
            number(size.0.max(0.0)),
            number(size.1.max(0.0)),
            colour.fill()
        );
    }

    /// Words; `class` besides that of their colour (`desk`: not on a phone), with a halo of the paper.
    pub(super) fn words(&mut self, place: (f64, f64), anchor: Anchor, class: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.0 += &format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"#333d47\" stroke=\"#ffffff\" \
             stroke-width=\"3\" paint-order=\"stroke\" class=\"words {class}\">{}</text>",
            number(place.0),
            number(place.1),
            escape(words)
        );
    }

    pub(super) fn close(mut self) -> String {
        self.0 += "</svg>";
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_peer_says_becomes_markup() {
        let evil = "</script><img src=x onerror='alert(1)'>\"&\u{1b}[31m\u{202e}";
        assert_eq!(
            escape(evil),
            "&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&quot;&amp;\\u{1b}[31m\\u{202e}"
        );
        let json = json_in_script(&serde_json::json!({ "n": evil }));
        assert!(!json.contains(['<', '>', '&', '\u{1b}']), "{json}");
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["n"], evil);
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(number(12.0), "12");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(-0.01), "0");
    }
}
