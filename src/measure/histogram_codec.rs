//! Reads HdrHistogram's V2 encoding within bounds: a file or a peer may declare any size in it.
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use std::io::Read;

const COOKIE: u32 = 0x1C84_9313;
const COOKIE_COMPRESSED: u32 = 0x1C84_9314;
/// Length of the header before the compressed part: cookie and length.
const OUTER_OCTETS: usize = 8;
/// Length of the header before the counts: cookie, length of the counts, offset, digits, lowest, highest, ratio.
const HEADER_OCTETS: usize = 40;
/// Maximum length of one count in octets.
const COUNT_OCTETS_MAX: u64 = 9;
/// Maximum number of significant digits; with more a histogram takes megabytes.
const DIGITS_MAX: u32 = 3;

/// Why a histogram cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    /// The text is not base64.
    #[error("not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The octets are of another format.
    #[error("not an HdrHistogram V2")]
    OtherFormat,
    /// The octets cannot be inflated or decoded.
    #[error("not an HdrHistogram V2: {0}")]
    Unreadable(String),
    /// Octets are missing.
    #[error("not an HdrHistogram V2: it ends before its counts do")]
    Truncated,
    /// The header is not valid.
    #[error("not an HdrHistogram V2: its header is broken")]
    Header,
    /// There are too many digits.
    #[error("a histogram of {0} significant digits; 1 to {DIGITS_MAX} can be read")]
    Digits(u32),
    /// The bounds are not a range.
    #[error("a histogram from {low} to {high}, which is not a range")]
    Range {
        /// Lowest value.
        low: u64,
        /// Highest value.
        high: u64,
    },
    /// There are more counts than values.
    #[error(
        "a histogram with {octets} octets of counts, more than the {values} values of its range need"
    )]
    Counts {
        /// Declared length of the counts.
        octets: u32,
        /// Number of values in the range.
        values: u64,
    },
}

/// Reads a histogram, compressed or not. The memory is bounded by the declared range (at most about 1 MB), whatever the
/// octets inflate to.
///
/// # Errors
/// It is not a valid histogram.
pub(super) fn read(octets: &[u8]) -> Result<Histogram<u64>, HistogramError> {
    let plain = match word(octets, 0) {
        Some(COOKIE) => {
            let (_, rest) = checked(octets)?;
            octets[..HEADER_OCTETS + rest].to_vec()
        }
        Some(COOKIE_COMPRESSED) => inflate(octets.get(OUTER_OCTETS..).unwrap_or_default())?,
        Some(_) | None => return Err(HistogramError::OtherFormat),
    };
    Deserializer::new()
        .deserialize(&mut plain.as_slice())
        .map_err(|e| HistogramError::Unreadable(e.to_string()))
}

/// Inflates the header and the counts, if the counts fit the declared range.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, HistogramError> {
    let mut inflated = ZlibDecoder::new(deflated);
    let mut plain = vec![0; HEADER_OCTETS];
    let unreadable = |e: std::io::Error| HistogramError::Unreadable(e.to_string());
    inflated.read_exact(&mut plain).map_err(unreadable)?;
    if word(&plain, 0) != Some(COOKIE) {
        return Err(HistogramError::OtherFormat);
    }
    let counts = declared(&plain)?;
    plain.resize(HEADER_OCTETS + counts, 0);
    inflated.read_exact(&mut plain[HEADER_OCTETS..]).map_err(unreadable)?;
    Ok(plain)
}

/// Length of the header and of the counts of a histogram that is not compressed.
fn checked(octets: &[u8]) -> Result<(usize, usize), HistogramError> {
    let header = octets.get(..HEADER_OCTETS).ok_or(HistogramError::Truncated)?;
    let counts = declared(header)?;
    if octets.len() - HEADER_OCTETS < counts {
        return Err(HistogramError::Truncated);
    }
    Ok((HEADER_OCTETS, counts))
}

/// Length of the counts in octets, if the declared range can need as many.
fn declared(header: &[u8]) -> Result<usize, HistogramError> {
    let length = word(header, 4).ok_or(HistogramError::Header)?;
    let digits = word(header, 12).ok_or(HistogramError::Header)?;
    let low = long(header, 16).ok_or(HistogramError::Header)?;
    let high = long(header, 24).ok_or(HistogramError::Header)?;
    if !(1..=DIGITS_MAX).contains(&digits) {
        return Err(HistogramError::Digits(digits));
    }
    let range = Histogram::<u64>::new_with_bounds(low, high, digits as u8)
        .map_err(|_| HistogramError::Range { low, high })?;
    let values = range.distinct_values() as u64;
    if u64::from(length) > values.saturating_mul(COUNT_OCTETS_MAX) {
        return Err(HistogramError::Counts { octets: length, values });
    }
    usize::try_from(length).map_err(|_| HistogramError::Header)
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|octets| u32::from_be_bytes(*octets))
}

fn long(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|octets| u64::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};
    use std::io::Write;

    fn header(counts: u32, digits: u32, low: u64, high: u64) -> Vec<u8> {
        let mut octets = Vec::new();
        for word in [COOKIE, counts, 0, digits] {
            octets.extend(word.to_be_bytes());
        }
        octets.extend(low.to_be_bytes());
        octets.extend(high.to_be_bytes());
        octets.extend(1f64.to_be_bytes());
        octets
    }

    fn compressed(plain: &[u8]) -> Vec<u8> {
        let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
        deflated.write_all(plain).unwrap();
        let deflated = deflated.finish().unwrap();
        let mut octets = COOKIE_COMPRESSED.to_be_bytes().to_vec();
        octets.extend((deflated.len() as u32).to_be_bytes());
        octets.extend(deflated);
        octets
    }

    #[test]
    fn a_histogram_that_would_inflate_to_400_megabytes_is_refused_by_its_header() {
        let counts = 400_000_000;
        let mut plain = header(counts, 3, 1_000, 3_600_000_000_000);
        plain.resize(plain.len() + 10_000_000, 0);
        let octets = compressed(&plain);
        assert!(octets.len() < 20_000);
        let why = read(&octets).unwrap_err().to_string();
        assert!(why.contains("400000000 octets of counts, more than"), "{why}");
        assert!(read(&plain).unwrap_err().to_string().contains("octets of counts"));
    }

    #[test]
    fn a_header_beyond_the_bounds_is_refused() {
        for (octets, why) in [
            (header(0, 5, 1, u64::MAX / 2), "5 significant digits"),
            (header(0, 0, 1, 2), "0 significant digits"),
            (header(0, 3, 9, 9), "not a range"),
            (header(8, 3, 1, 1_000_000), "ends before"),
            (header(0, 3, 1, 10)[..39].to_vec(), "ends before"),
            (vec![1, 2, 3], "not an HdrHistogram V2"),
            (Vec::new(), "not an HdrHistogram V2"),
        ] {
            let says = read(&octets).unwrap_err().to_string();
            assert!(says.contains(why), "{says}");
        }
        let whole = compressed(&header(8, 3, 1, 1_000_000));
        assert!((0..=whole.len()).all(|cut| read(&whole[..cut]).is_err()));
    }

    #[test]
    fn a_histogram_of_the_library_is_read_back_compressed_or_not() {
        let mut all = Histogram::<u64>::new_with_bounds(1_000, 3_600_000_000_000, 3).unwrap();
        for value in 0..20_000u64 {
            all.record_n(value * value * 7_919 % 3_600_000_000_000, u64::MAX >> 40).unwrap();
        }
        let (mut plain, mut packed) = (Vec::new(), Vec::new());
        V2Serializer::new().serialize(&all, &mut plain).unwrap();
        V2DeflateSerializer::new().serialize(&all, &mut packed).unwrap();
        assert_eq!(read(&plain).unwrap(), all);
        assert_eq!(read(&packed).unwrap(), all);
    }
}
