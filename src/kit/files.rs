//! Reads files that a user names, up to a maximum size: one may be a device without an end.
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// One mebibyte.
pub const MIB: u64 = 1 << 20;

/// Reads a file of at most `octets_max` octets.
///
/// # Errors
/// Reading fails, or the file is larger.
pub fn read_at_most(path: &Path, octets_max: u64) -> io::Result<Vec<u8>> {
    read_stream(File::open(path)?, octets_max)
}

/// Reads a text file of at most `octets_max` octets.
///
/// # Errors
/// Reading fails, or the file is larger or not UTF-8.
pub fn read_text_at_most(path: &Path, octets_max: u64) -> io::Result<String> {
    let octets = read_at_most(path, octets_max)?;
    String::from_utf8(octets)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The content of a text file without the byte order mark that some editors write.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Reads a stream of at most `octets_max` octets to its end.
///
/// # Errors
/// Reading fails, or the stream is longer.
pub fn read_stream(stream: impl Read, octets_max: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let mut bounded = stream.take(octets_max.saturating_add(1));
    bounded.read_to_end(&mut octets)?;
    if octets.len() as u64 > octets_max {
        let why = format!("it is larger than {}", size(octets_max));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(octets)
}

fn size(octets: u64) -> String {
    match octets / MIB {
        0 => format!("{} KiB", octets >> 10),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_an_end_is_not_read_for_ever() {
        let says = read_at_most(Path::new("/dev/zero"), 3 * MIB).unwrap_err().to_string();
        assert_eq!(says, "it is larger than 3 MiB");
        assert!(read_text_at_most(Path::new("/dev/zero"), 1 << 12).is_err());
        assert_eq!(read_stream(&b"abc"[..], 3).unwrap(), b"abc");
        assert!(read_stream(&b"abcd"[..], 3).unwrap_err().to_string().ends_with("0 KiB"));
        assert!(read_text_at_most(Path::new("/"), MIB).is_err());
    }
}
