//! Messages of a fleet on NATS: a line of JSON with sender and content, then octets. Versioned: of a message of another
//! major version only sender and version are read.
use super::FleetError;
use crate::kit::{Environment, Nanos};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// Version of the protocol: the first number changes when an older program could misread a message.
pub const PROTOCOL: &str = "2.0";

/// Largest payload of one message in octets: far below the limit of a NATS server.
pub(super) const BODY_MAX: usize = 96 * 1024;

/// Largest message in octets after inflating.
const UNPACKED_MAX: u64 = 256 << 20;

/// Sender of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Unique to the process.
    pub id: String,
    /// Name in reports.
    pub name: String,
    /// Version of its program.
    pub version: String,
}

/// Capacity of an agent, sent as it joins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ability {
    /// Number of workers it runs, unless the plan has a number.
    pub cores: u32,
    /// Largest number of sessions: open files, less a few.
    pub sessions_max: u64,
    /// The machine.
    pub environment: Environment,
}

/// Content of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum MessageBody {
    /// Lead to all agents: asks for free agents.
    Call {
        /// Number of agents wanted.
        wanted: u32,
    },
    /// Agent to leads: joins.
    Join {
        /// The lead it answers; None: it has just begun.
        to: Option<String>,
        /// Whether it works for another lead.
        busy: bool,
        /// Its capacity.
        ability: Box<Ability>,
    },
    /// Lead to agent: the agent works for this lead from now on.
    Engage,
    /// Either side: the agent does not work for this lead, or no longer.
    Dismiss {
        /// Why, in words.
        why: String,
    },
    /// Lead to agent: asks for its clock.
    Ping {
        /// Repeated in the answer.
        number: u64,
    },
    /// Agent to lead: answers a ping.
    Pong {
        /// Number of the ping.
        number: u64,
        /// CLOCK_MONOTONIC of the agent.
        at: Nanos,
    },
    /// A part of a message of the reliable channel, either way. Its octets follow the line.
    Part {
        /// Counted from 1, without a gap.
        number: u64,
        /// Whether the message ends with it.
        last: bool,
        /// Number up to which all parts of the other way have come.
        ack: u64,
    },
    /// Acknowledgement and heartbeat.
    Ack {
        /// Number up to which all parts have come.
        ack: u64,
        /// Whether a later one has come: the parts between are to be sent again.
        again: bool,
    },
}

/// First line of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FleetMessage {
    /// [`PROTOCOL`].
    pub proto: String,
    /// Its sender.
    pub who: Who,
    /// The lead whose session it belongs to.
    pub session: String,
    /// Its content.
    #[serde(flatten)]
    pub body: MessageBody,
}

/// The keys that every version of the protocol has.
#[derive(Deserialize)]
struct Envelope {
    proto: String,
    who: Who,
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

/// Writes a message.
pub(super) fn write(who: &Who, session: &str, body: &MessageBody, payload: &[u8]) -> Vec<u8> {
    let message = FleetMessage {
        proto: PROTOCOL.to_owned(),
        who: who.clone(),
        session: session.to_owned(),
        body: body.clone(),
    };
    let mut octets = serde_json::to_vec(&message).expect("a message serialises");
    octets.push(b'\n');
    octets.extend_from_slice(payload);
    octets
}

/// Why octets are not a message for this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MessageError {
    /// The sender uses another major version.
    #[error(
        "{} uses protocol {proto} (smppbench {}), this one {PROTOCOL} (smppbench {}); run the same version everywhere",
        who.name, who.version, env!("CARGO_PKG_VERSION")
    )]
    Version { who: Who, proto: String },
    /// They are not a message.
    #[error("not a message between lead and agent")]
    Unreadable,
}

/// Reads a message and its payload.
///
/// # Errors
/// [`MessageError`].
pub(super) fn read(octets: &[u8]) -> Result<(FleetMessage, &[u8]), MessageError> {
    let line = octets.iter().position(|o| *o == b'\n').ok_or(MessageError::Unreadable)?;
    let (line, payload) = (&octets[..line], &octets[line + 1..]);
    let envelope: Envelope = serde_json::from_slice(line).map_err(|_| MessageError::Unreadable)?;
    if major(&envelope.proto) != major(PROTOCOL) {
        return Err(MessageError::Version { who: envelope.who, proto: envelope.proto });
    }
    let message = serde_json::from_slice(line).map_err(|_| MessageError::Unreadable)?;
    Ok((message, payload))
}

/// Packs a value: JSON, deflated.
pub(super) fn pack<T: Serialize>(message: &T) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    let json = serde_json::to_vec(message).expect("a message serialises");
    deflate.write_all(&json).expect("writing into a Vec cannot fail");
    deflate.finish().expect("writing into a Vec cannot fail")
}

/// Unpacks a value.
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
    /// Subjects of this group.
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
    /// Where agents join.
    pub fn join(&self) -> String {
        format!("smppbench.{}.join", self.group)
    }
    /// Messages to this lead.
    pub fn lead(&self, session: &str) -> String {
        format!("smppbench.{}.lead.{session}", self.group)
    }
    /// Messages to this agent.
    pub fn agent(&self, id: &str) -> String {
        format!("smppbench.{}.agent.{id}", self.group)
    }
}

/// Checks the name of a group.
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
    fn a_message_and_its_payload_come_back_as_they_were_written() {
        let content = MessageBody::Part { number: 7, last: true, ack: 3 };
        let octets = write(&who(), "s1", &content, b"\n{body}\n");
        let (message, payload) = read(&octets).unwrap();
        assert_eq!((message.body, message.who, message.session), (content, who(), "s1".to_owned()));
        assert_eq!(payload, b"\n{body}\n");
    }

    #[test]
    fn another_major_version_is_named_even_where_the_rest_of_the_message_is_unknown() {
        let line = br#"{"proto":"3.3","who":{"id":"9","name":"new","version":"3.0.0"},"x":1}
"#;
        match read(line) {
            Err(MessageError::Version { who, proto }) => {
                assert_eq!((who.name.as_str(), proto.as_str()), ("new", "3.3"));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(read(b"nonsense\n"), Err(MessageError::Unreadable)));
        assert!(matches!(read(b"no line"), Err(MessageError::Unreadable)));
        // a later minor version is read
        let later = br#"{"proto":"2.9","who":{"id":"9","name":"n","version":"1"},"session":"s","kind":"engage","more":1}
"#;
        assert_eq!(read(later).unwrap().0.body, MessageBody::Engage);
    }

    #[test]
    fn a_group_must_be_able_to_stand_in_a_subject() {
        assert_eq!(Subjects::of("lab-1").unwrap().call(), "smppbench.lab-1.call");
        for bad in ["", "a.b", "a b", "*", ">"] {
            assert!(Subjects::of(bad).is_err(), "{bad:?}");
        }
    }
}
