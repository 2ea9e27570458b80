//! Why a session was down, and the text of each cause in result.json and in fleet messages.
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a session was down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum DownCause {
    /// The SMSC closed the connection.
    Closed,
    /// The connection was reset.
    Reset,
    /// The SMSC sent unbind.
    Unbind,
    /// Another cause as text: `bind_refused ...`, `failed: ...`, `enquire_link unanswered`.
    Other(String),
}

const PLAIN: [(DownCause, &str); 3] =
    [(DownCause::Closed, "closed"), (DownCause::Reset, "reset"), (DownCause::Unbind, "unbind")];

impl fmt::Display for DownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DownCause::Other(words) => words,
            plain => PLAIN.iter().find(|row| row.0 == *plain).map_or("", |row| row.1),
        })
    }
}

impl From<String> for DownCause {
    fn from(words: String) -> DownCause {
        PLAIN.into_iter().find(|row| row.1 == words).map_or(DownCause::Other(words), |row| row.0)
    }
}

impl From<DownCause> for String {
    fn from(cause: DownCause) -> String {
        cause.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_read_back_from_its_text() {
        for word in ["closed", "reset", "unbind", "bind_refused ESME_RALYBND"] {
            let cause = DownCause::from(word.to_owned());
            assert_eq!(cause.to_string(), word);
            assert_eq!(matches!(cause, DownCause::Other(_)), word.contains('_'));
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("{word:?}"));
            assert_eq!(serde_json::from_str::<DownCause>(&json).unwrap(), cause);
        }
    }
}
