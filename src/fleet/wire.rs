//! The letters of a fleet: a line of JSON that says who writes what, and octets behind it. Versioned: whoever
//! reads a letter of another major version learns both versions and nothing else.
use super::FleetError;
use crate::kit::{Environment, Nanos};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// Version of the protocol: the first number changes when an older program could misread a letter.
pub const PROTOCOL: &str = "1.0";

/// Octets of one letter's body at most: a report of a second fits, and a server's limit is far.
pub(super) const BODY_MAX: usize = 96 * 1024;

/// Octets that a message may unpack to.
const UNPACKED_MAX: u64 = 256 << 20;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// One process, once.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Version of its program.
    pub version: String,
}

/// What an agent can do, told as it joins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ability {
    /// Workers it runs unless the plan says how many.
    pub cores: u32,
    /// Sessions it can hold: open files, less a few.
    pub sessions_max: u64,
    /// The machine.
    pub environment: Environment,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(super) enum MessageBody {
    /// Lead to all: who is free?
    Call {
        /// Agents looked for.
        wanted: u32,
    },
    /// Agent to leads: here I am.
    Join {
        /// The lead it answers; None: it has just begun.
        to: Option<String>,
        /// It works for another lead.
        busy: bool,
        /// What it can do.
        ability: Box<Ability>,
    },
    /// Lead to agent: you work for me now.
    Engage,
    /// Lead to agent: you do not, or not any more.
    Dismiss {
        /// Why, for a person.
        why: String,
    },
    /// Lead to agent: what does your clock say?
    Ping {
        /// Told again in the answer.
        number: u64,
    },
    /// Agent to lead.
    Pong {
        /// The question's.
        number: u64,
        /// CLOCK_MONOTONIC when it was read.
        at: Nanos,
    },
    /// A piece of a message, in order, either way. Its octets follow the line.
    Part {
        /// From 1, without a gap.
        number: u64,
        /// The message ends with it.
        last: bool,
        /// All up to this number have come the other way.
        ack: u64,
    },
    /// Nothing new: a heartbeat.
    Ack {
        /// All up to this number have come.
        ack: u64,
        /// A later one has come too: send again what is between.
        again: bool,
    },
}

/// One letter's first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FleetMessage {
    /// [`PROTOCOL`].
    pub proto: String,
    /// Its writer.
    pub who: Who,
    /// The lead whose session it belongs to.
    pub session: String,
    /// What it says.
    #[serde(flatten)]
    pub say: MessageBody,
}

/// What every version of the protocol can read of a letter.
#[derive(Deserialize)]
struct Envelope {
    proto: String,
    who: Who,
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

/// A letter as octets.
pub(super) fn write(who: &Who, session: &str, say: &MessageBody, body: &[u8]) -> Vec<u8> {
    let letter = FleetMessage {
        proto: PROTOCOL.to_owned(),
        who: who.clone(),
        session: session.to_owned(),
        say: say.clone(),
    };
    let mut octets = serde_json::to_vec(&letter).expect("a letter serialises");
    octets.push(b'\n');
    octets.extend_from_slice(body);
    octets
}

/// Why octets are no letter for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LetterError {
    /// Somebody speaks another major version.
    #[error(
        "{} speaks protocol {proto} (smppbench {}), this one {PROTOCOL} (smppbench {}); run the same version everywhere",
        who.name, who.version, env!("CARGO_PKG_VERSION")
    )]
    Version { who: Who, proto: String },
    /// They are no letter at all.
    #[error("what came is no letter of a fleet")]
    Unreadable,
}

/// A letter and its body out of octets.
///
/// # Errors
/// [`LetterError`].
pub(super) fn read(octets: &[u8]) -> Result<(FleetMessage, &[u8]), LetterError> {
    let line = octets.iter().position(|o| *o == b'\n').ok_or(LetterError::Unreadable)?;
    let (line, body) = (&octets[..line], &octets[line + 1..]);
    let envelope: Envelope = serde_json::from_slice(line).map_err(|_| LetterError::Unreadable)?;
    if major(&envelope.proto) != major(PROTOCOL) {
        return Err(LetterError::Version { who: envelope.who, proto: envelope.proto });
    }
    let letter = serde_json::from_slice(line).map_err(|_| LetterError::Unreadable)?;
    Ok((letter, body))
}

/// A message as octets: JSON, deflated.
pub(super) fn pack<T: Serialize>(message: &T) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    let json = serde_json::to_vec(message).expect("a message serialises");
    deflate.write_all(&json).expect("writing into a Vec cannot fail");
    deflate.finish().expect("writing into a Vec cannot fail")
}

/// A message out of octets.
///
/// # Errors
/// What is wrong with them.
pub(super) fn unpack<T: DeserializeOwned>(octets: &[u8]) -> Result<T, FleetError> {
    let mut json = Vec::new();
    let mut inflate = DeflateDecoder::new(octets).take(UNPACKED_MAX);
    inflate.read_to_end(&mut json).map_err(|e| FleetError::Message(e.to_string()))?;
    serde_json::from_slice(&json).map_err(|e| FleetError::Message(e.to_string()))
}

/// The subjects of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subjects {
    group: String,
}

impl Subjects {
    /// Of this group.
    ///
    /// # Errors
    /// One line, where the name cannot be part of a subject.
    pub fn of(group: &str) -> Result<Subjects, FleetError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if group.is_empty() || group.len() > 64 || !group.chars().all(plain) {
            return Err(FleetError::Group(group.to_owned()));
        }
        Ok(Subjects { group: group.to_owned() })
    }
    /// Where leads call for agents.
    pub fn call(&self) -> String {
        format!("smppbench.{}.call", self.group)
    }
    /// Where agents say that they are there.
    pub fn join(&self) -> String {
        format!("smppbench.{}.join", self.group)
    }
    /// What agents tell this lead.
    pub fn lead(&self, session: &str) -> String {
        format!("smppbench.{}.lead.{session}", self.group)
    }
    /// What leads tell this agent.
    pub fn agent(&self, id: &str) -> String {
        format!("smppbench.{}.agent.{id}", self.group)
    }
}

/// Whether a group may be named so.
///
/// # Errors
/// One line.
pub fn group(name: &str) -> Result<(), FleetError> {
    Subjects::of(name).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        Who { id: "1f".into(), name: "a1".into(), version: "0.1.0".into() }
    }

    #[test]
    fn a_letter_and_its_body_come_back_as_they_were_written() {
        let say = MessageBody::Part { number: 7, last: true, ack: 3 };
        let octets = write(&who(), "s1", &say, b"\n{body}\n");
        let (letter, body) = read(&octets).unwrap();
        assert_eq!((letter.say, letter.who, letter.session), (say, who(), "s1".to_owned()));
        assert_eq!(body, b"\n{body}\n");
    }

    #[test]
    fn another_major_version_is_named_even_where_the_rest_of_the_letter_is_strange() {
        let line = br#"{"proto":"2.3","who":{"id":"9","name":"new","version":"3.0.0"},"x":1}
"#;
        match read(line) {
            Err(LetterError::Version { who, proto }) => {
                assert_eq!((who.name.as_str(), proto.as_str()), ("new", "2.3"));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(read(b"nonsense\n"), Err(LetterError::Unreadable)));
        assert!(matches!(read(b"no line"), Err(LetterError::Unreadable)));
        // a later minor version is read
        let later = br#"{"proto":"1.9","who":{"id":"9","name":"n","version":"1"},"session":"s","say":"engage","more":1}
"#;
        assert_eq!(read(later).unwrap().0.say, MessageBody::Engage);
    }

    #[test]
    fn a_group_must_be_able_to_stand_in_a_subject() {
        assert_eq!(Subjects::of("lab-1").unwrap().call(), "smppbench.lab-1.call");
        for bad in ["", "a.b", "a b", "*", ">"] {
            assert!(Subjects::of(bad).is_err(), "{bad:?}");
        }
    }
}
