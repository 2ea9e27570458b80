//! Passwords: where they are read, and how what was typed is shown without them.
use crate::kit::{read_at_most, without_mark};
use std::fmt;
use std::path::Path;
use thiserror::Error;

/// Stands in an output where a password was.
pub(super) const REDACTED: &str = "***";
/// Longest password file.
const FILE_OCTETS_MAX: u64 = 64 << 10;

/// A password. It never shows itself and has no serialised form: it never leaves the machine that read it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a password cannot be read. Neither names nor values are in it: the password itself may have been written
/// where its name was asked for.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The environment variable is not set, or its name is no name.
    #[error(
        "the environment has no variable of the name that was given (not shown: it may be the password \
         itself); export it, or give the name of one that is set"
    )]
    NotSet,
    /// The file cannot be read.
    #[error(
        "the file that was named (not shown: it may be the password itself) cannot be read ({0}); give the path \
         of a file whose first line is the password"
    )]
    Unreadable(std::io::Error),
    /// The file is not text.
    #[error("the password file is not UTF-8; save it as UTF-8")]
    NotUtf8,
}

impl Secret {
    /// Whether there is no password.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of an environment variable. The name is not in the error: the password itself may have been
    /// written where its name was asked for.
    ///
    /// # Errors
    /// Why it cannot be read, and the remedy.
    pub fn of_env(name: &str) -> Result<Secret, SecretError> {
        // a name with these would make the standard library panic or look for another
        let named = !name.is_empty() && !name.contains(['=', '\0']);
        let value = named.then(|| std::env::var(name).ok()).flatten();
        value.map(Secret).ok_or(SecretError::NotSet)
    }

    /// The first line of a file, without its end and without a byte order mark. The path is not in the error,
    /// for the same reason.
    ///
    /// # Errors
    /// Why it cannot be read, and the remedy.
    pub fn of_file(path: &Path) -> Result<Secret, SecretError> {
        let octets = read_at_most(path, FILE_OCTETS_MAX).map_err(SecretError::Unreadable)?;
        let text = String::from_utf8(octets).map_err(|_| SecretError::NotUtf8)?;
        let text = without_mark(&text);
        Ok(Secret(text.split(['\r', '\n']).next().unwrap_or_default().to_owned()))
    }
}

/// A setting (`dotted.key=value`, as `--set` and the sides of a duel take it) as it may be shown.
pub fn shown_setting(setting: &str) -> String {
    let Some((key, value)) = setting.split_once('=') else {
        return shown_value(setting);
    };
    if leaf_of(key).eq_ignore_ascii_case(WORD) {
        return format!("{key}={REDACTED}");
    }
    format!("{key}={}", shown_value(value))
}

/// The same where an error says what is wrong with it: whatever stands under `password_env` or
/// `password_file` may be the password by mistake.
pub(super) fn faulty_setting(setting: &str) -> String {
    match setting.split_once('=') {
        Some((key, _)) if leaf_of(key).to_ascii_lowercase().starts_with(WORD) => {
            format!("{key}={REDACTED}")
        }
        Some(_) | None => shown_setting(setting),
    }
}

/// The last part of a dotted key, without its quotes.
fn leaf_of(key: &str) -> &str {
    let leaf = key.rsplit(['.', ']', '[']).find(|part| !part.trim().is_empty()).unwrap_or(key);
    leaf.trim().trim_matches(['"', '\''])
}

/// A value as it may be shown: in tables, `***` for what stands under `password`; all of it where a password
/// is in it that cannot be told from the rest.
pub(super) fn shown_value(value: &str) -> String {
    let lower = value.to_ascii_lowercase();
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = lower[value.len() - rest.len()..].find(WORD) {
        let (before, from) = rest.split_at(at + WORD.len());
        out.push_str(before);
        let after = from.trim_start_matches(['"', '\'']).trim_start();
        if from.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            // password_env, password_file: names
            rest = from;
            continue;
        }
        let Some(written) = after.strip_prefix(['=', ':']) else {
            return REDACTED.to_owned();
        };
        let value = written.trim_start();
        out.push_str(&from[..from.len() - value.len()]);
        out.push_str(REDACTED);
        rest = after_value(value);
    }
    out.push_str(rest);
    out
}

const WORD: &str = "password";

/// What follows a TOML value: after its closing quotes, or from the next comma or bracket on. Nothing where a
/// string does not end.
fn after_value(text: &str) -> &str {
    for quotes in ["\"\"\"", "'''", "\"", "'"] {
        let Some(inner) = text.strip_prefix(quotes) else { continue };
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            if !escaped && inner[at..].starts_with(quotes) {
                return &inner[at + quotes.len()..];
            }
            escaped = !escaped && c == '\\' && quotes.starts_with('"');
        }
        return "";
    }
    text.find([',', '}', ']']).map_or("", |end| &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_shown_without_its_passwords() {
        for (setting, shown) in [
            ("binds.count=3", "binds.count=3"),
            ("accounts.0.password=s3cret", "accounts.0.password=***"),
            ("embedded.accounts[0].password = 's3cret'", "embedded.accounts[0].password =***"),
            ("accounts.0.password_env=PW", "accounts.0.password_env=PW"),
            (
                "embedded.accounts=[{system_id=\"x\",password=\"s3cret\",window=3}]",
                "embedded.accounts=[{system_id=\"x\",password=***,window=3}]",
            ),
            ("a=[{ \"password\" = 's3cret', w = 1 }]", "a=[{ \"password\" = ***, w = 1 }]"),
            ("a=[{password=s3cret}]", "a=[{password=***}]"),
            ("a=[{password=\"\"\"s3cret \"x\" \"\"\"}]", "a=[{password=***}]"),
            ("a=[{password=\"s3\\\"cret\"}]", "a=[{password=***}]"),
            ("a=[{password=\"s3cret}]", "a=[{password=***"),
            ("a=[{PASSWORD = \"s3cret\"}]", "a=[{PASSWORD = ***}]"),
            (
                "a=[{password=\"s3cret\"},{password=\"s3cret\"}]",
                "a=[{password=***},{password=***}]",
            ),
            ("messages.0.text=your password is s3cret", "messages.0.text=***"),
            ("messages.0.text=ключ", "messages.0.text=ключ"),
        ] {
            assert_eq!(shown_setting(setting), shown);
            assert!(!shown_setting(setting).contains("cret"), "{setting}");
        }
    }

    #[test]
    fn an_error_does_not_repeat_what_stands_where_a_name_was_asked_for() {
        let shown = faulty_setting("account.password_env=s3cret");
        assert_eq!(shown, "account.password_env=***");
        assert_eq!(
            faulty_setting("accounts[0].\"password_file\" = s3cret"),
            "accounts[0].\"password_file\" =***"
        );
        assert_eq!(faulty_setting("load.workers=3"), "load.workers=3");
    }

    #[test]
    fn a_password_file_gives_its_first_line_without_mark_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pw");
        for (octets, password) in [
            (&b"s3cret"[..], "s3cret"),
            (b"s3cret\n", "s3cret"),
            (b"s3cret\r\n", "s3cret"),
            (b"\xEF\xBB\xBFs3cret\r\n", "s3cret"),
            (b"s3cret\nsecond line\n", "s3cret"),
            (b" s3 cret \n", " s3 cret "),
            (b"", ""),
            (b"\xEF\xBB\xBF", ""),
        ] {
            std::fs::write(&path, octets).unwrap();
            assert_eq!(Secret::of_file(&path).unwrap().0, password, "{octets:?}");
        }
        std::fs::write(&path, b"\xFF\xFEs\0").unwrap();
        assert!(Secret::of_file(&path).unwrap_err().to_string().contains("not UTF-8"));
    }

    #[test]
    fn a_password_written_where_its_name_was_asked_for_is_not_repeated() {
        for why in [
            Secret::of_env("s3cret").unwrap_err(),
            Secret::of_env("").unwrap_err(),
            Secret::of_env("s3=cret\0").unwrap_err(),
            Secret::of_file(Path::new("s3cret")).unwrap_err(),
        ] {
            let why = why.to_string();
            assert!(
                why.contains("it may be the password itself") && !why.contains("cret"),
                "{why}"
            );
        }
    }
}
