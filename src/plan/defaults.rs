//! The built-in defaults. Those of a key stand in its declaration and hold on loopback; towards any other target a
//! few are more careful (docs/reference/commands.md, "Guard").
use super::location::SourceLocation;
use super::tree::{Node, Value};
use crate::kit::{Nanos, Rate};

/// Text of a message that has none: 63 octets of GSM text.
pub(super) const TEXT: &str = "smppbench load test message, sixty-three octets of GSM text....";
/// The first and last of the numbers that Ofcom has set aside for drama: nobody owns them.
pub(super) const NUMBERS: (&str, &str) = ("447700900000", "447700900999");
/// Seed of a run.
pub(super) const SEED: u64 = 1;
/// system_id of an account.
pub(super) const SYSTEM_ID: &str = "smppbench";
/// interface_version of SMPP v3.4.
pub(super) const INTERFACE_VERSION: u8 = 0x34;
/// Length of the warm-up.
pub(super) const WARMUP: Nanos = Nanos::from_secs(2);
/// Length of the measured hold.
pub(super) const DURATION: Nanos = Nanos::from_secs(8);

/// submit_sm a second.
pub(super) const fn rate(loopback: bool) -> Rate {
    Rate::per_second(if loopback { 1000 } else { 10 })
}

/// Puts the careful defaults in the place of keys that are not written.
pub(super) fn put_careful(tree: &mut Node) {
    for (section, key, value) in [
        ("binds", "count", Value::Whole(1)),
        ("binds", "window", Value::Whole(10)),
        ("load", "catch_up", Value::Decimal(1.2)),
        ("guard", "foreign", Value::Text("stop".to_owned())),
        ("guard", "closed_loop", Value::Flag(false)),
    ] {
        // a section that is not a table is left to the reader, which refuses it
        if tree.get(section).is_none_or(|section| section.is_table() && section.get(key).is_none())
        {
            tree.put_at(&[section, key], Node { place: SourceLocation::built_in(), value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_text_is_sixty_three_octets() {
        assert_eq!(TEXT.len(), 63);
    }
}
