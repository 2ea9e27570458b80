//! latency.hlog: the distributions of each interval in HdrHistogram's log format, one line an interval and metric,
//! tagged by the name of the metric or of the transit time. HdrHistogram's own readers take it. Written line by line, so that a run that is
//! killed leaves what it had; a last line that was cut is not read.
//!
//! Starts and lengths are seconds from the start of the load (`BaseTime`), values nanoseconds, and the column of
//! maxima, which is for people, milliseconds.
use super::escape::printable;
use super::saved::{PackedHistogram, Saved, Second, rounded};
use super::unavailable::Unavailable;
use crate::kit::Nanos;
use crate::measure::{Latency, Timed};
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry, LogIteratorError};
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

/// The version of the log: what its comments and tags are. Tags are only added to one.
const SCHEMA: &str = "smppbench.hlog/";
const VERSION: u32 = 1;
const MILLISECOND: u64 = 1_000_000;

/// The file of a run.
pub(super) fn render(saved: &Saved) -> Result<Vec<u8>, Unavailable> {
    let seconds = saved.seconds.as_ref().ok_or(Unavailable::NoSeconds)?;
    let run = &saved.document.run;
    let mut text = header(&run.id, &run.started_at);
    for second in seconds {
        text += &lines(second);
    }
    Ok(text.into_bytes())
}

/// The lines before the first interval. `started_at` is that of result.json, in RFC 3339.
pub fn header(id: &str, started_at: &str) -> String {
    let mut text = format!(
        "#[Histogram log format version 1.3]\n\
         #{SCHEMA}{VERSION}: a line an interval and metric; values in ns, Interval_Max in ms\n\
         #run {}\n",
        printable(id)
    );
    let started = humantime::parse_rfc3339(started_at).ok();
    if let Some(since) = started.and_then(|t| t.duration_since(UNIX_EPOCH).ok()) {
        for name in ["StartTime", "BaseTime"] {
            let seconds = decimal(since.as_nanos() as u64, MILLISECOND);
            writeln!(text, "#[{name}: {seconds} (seconds since epoch), {started_at}]")
                .expect("a String takes all");
        }
    }
    text += "#[MaxValueDivisor: 1000000.000]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
    text
}

/// The lines of one interval; none where no value was seen in it.
pub fn lines(second: &Second) -> String {
    let (at, length) = (decimal(second.at.0, MILLISECOND), decimal(second.length.0, MILLISECOND));
    let mut text = String::new();
    for packed in &second.latencies {
        let PackedHistogram { timed, max, hdr } = packed;
        let max = decimal(max.0, 1_000);
        writeln!(text, "Tag={timed},{at},{length},{max},{hdr}").expect("a String takes all");
    }
    text
}

/// Thousands of a unit with its three decimals, exactly: `decimal(1_234_567, 1_000)` is `1.234`.
fn decimal(value: u64, thousandth: u64) -> String {
    let thousandths = value / thousandth;
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

/// Why a log could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HlogError {
    /// Of a newer smppbench.
    #[error("it is {SCHEMA}{version}; this build reads {SCHEMA}{VERSION}")]
    Newer {
        /// Its version.
        version: u32,
    },
    /// A line that is no interval.
    #[error("line {line}: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// Reads a log. A last line without its end is what a killed run leaves, and is left out; so are tags that this
/// build does not know.
///
/// # Errors
/// [`HlogError`]: another version, a line that is no interval, a histogram that does not read.
pub fn read(octets: &[u8]) -> Result<Vec<Second>, HlogError> {
    let whole = octets.iter().rposition(|o| *o == b'\n').map_or(0, |end| end + 1);
    let octets = &octets[..whole];
    check_version(octets)?;
    let mut seconds: Vec<Second> = Vec::new();
    for entry in IntervalLogIterator::new(octets) {
        let interval = match entry {
            Ok(LogEntry::Interval(interval)) => interval,
            Ok(LogEntry::StartTime(_) | LogEntry::BaseTime(_)) => continue,
            Err(LogIteratorError::ParseError { offset }) => {
                let line = line_at(octets, offset);
                return Err(HlogError::Line { line, why: "not an interval".to_owned() });
            }
        };
        let Some(timed) = interval.tag().and_then(|tag| Timed::named(&tag)) else { continue };
        let hdr = interval.encoded_histogram();
        if let Err(why) = Latency::from_base64(hdr) {
            let offset = hdr.as_ptr() as usize - octets.as_ptr() as usize;
            let why = why.to_string();
            return Err(HlogError::Line { line: line_at(octets, offset), why });
        }
        let at = whole_milliseconds(interval.start_timestamp());
        let length = whole_milliseconds(interval.duration());
        let max = rounded((interval.max().max(0.0) * 1e6).round() as u64, 1_000);
        let packed = PackedHistogram { timed, max, hdr: hdr.to_owned() };
        match seconds.last_mut().filter(|last| last.at == at) {
            Some(last) => last.latencies.push(packed),
            None => seconds.push(Second { at, length, latencies: vec![packed] }),
        }
    }
    Ok(seconds)
}

fn whole_milliseconds(span: Duration) -> Nanos {
    rounded(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX), MILLISECOND)
}

/// The number of the line, from 1, that holds an offset.
fn line_at(octets: &[u8], offset: usize) -> usize {
    octets[..offset].iter().filter(|o| **o == b'\n').count() + 1
}

/// Accepts a log without our version: another program's may have our tags.
fn check_version(octets: &[u8]) -> Result<(), HlogError> {
    let comments = octets.split(|o| *o == b'\n').take_while(|line| line.starts_with(b"#"));
    for line in comments {
        let version = std::str::from_utf8(line)
            .ok()
            .and_then(|text| text.strip_prefix('#')?.strip_prefix(SCHEMA)?.split(':').next())
            .and_then(|number| number.parse().ok());
        if let Some(version) = version.filter(|v| *v > VERSION) {
            return Err(HlogError::Newer { version });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::through::Transit;
    use crate::measure::{LatencyRange, Metric};
    use hdrhistogram::serialization::V2DeflateSerializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

    fn latency(values_ms: &[u64]) -> Latency {
        let range = LatencyRange { max: Nanos::from_secs(3600), digits: 2 };
        let mut latency = Latency::new(range);
        values_ms.iter().for_each(|ms| latency.record(Nanos::from_millis(*ms)));
        latency
    }

    fn second(at: u64, response: &[u64], receipt: &[u64]) -> Second {
        let all = [(Metric::Response, response), (Metric::Receipt, receipt)];
        Second {
            at: Nanos::from_secs(at),
            length: Nanos::from_secs(1),
            latencies: all
                .iter()
                .filter_map(|(m, v)| PackedHistogram::of(*m, &latency(v)))
                .collect(),
        }
    }

    fn log(seconds: &[Second]) -> String {
        header("sample", "2026-01-01T00:00:00.250Z")
            + &seconds.iter().map(lines).collect::<String>()
    }

    #[test]
    fn what_is_written_reads_back_the_same_and_writes_the_same_again() {
        let seconds = [second(0, &[5, 7, 900], &[]), second(3, &[1], &[200, 210])];
        let text = log(&seconds);
        let back = read(text.as_bytes()).unwrap();
        assert_eq!(back, seconds);
        assert_eq!(log(&back), text);
        let response = back[0].latency(Metric::Response).unwrap();
        assert_eq!(response.histogram(), latency(&[5, 7, 900]).histogram());
        assert!(back[0].latency(Metric::Receipt).is_none());
    }

    #[test]
    fn transit_times_stand_in_the_log_under_the_names_that_gates_call_them_by() {
        let forward = PackedHistogram::of(Transit::Forward, &latency(&[7])).unwrap();
        let mut one = second(0, &[5], &[]);
        one.latencies.push(forward);
        let text = log(std::slice::from_ref(&one));
        assert!(text.contains("\nTag=through.forward,0.000,1.000,7.000,"), "{text}");
        let back = read(text.as_bytes()).unwrap();
        assert_eq!(back, [one]);
        assert_eq!(back[0].latency(Transit::Forward).map(|latency| latency.count()), Some(1));
        assert!(back[0].latency(Transit::Mo).is_none());
    }

    #[test]
    fn a_line_is_what_the_librarys_own_writer_writes_save_that_the_maximum_is_exact() {
        let one = latency(&[5, 7, 900]);
        let mut octets = Vec::new();
        let mut serializer = V2DeflateSerializer::new();
        IntervalLogWriterBuilder::new()
            .with_max_value_divisor(1e6)
            .begin_log_with(&mut octets, &mut serializer)
            .unwrap()
            .write_histogram(
                one.histogram(),
                Duration::from_secs(12),
                Duration::from_secs(1),
                Tag::new("response"),
            )
            .unwrap();
        let theirs = String::from_utf8(octets).unwrap();
        let theirs: Vec<&str> = theirs.lines().last().unwrap().split(',').collect();
        let ours = lines(&second(12, &[5, 7, 900], &[]));
        let ours: Vec<&str> = ours.trim_end().split(',').collect();
        assert_eq!((&theirs[..3], theirs[4]), (&ours[..3], ours[4]));
        assert_eq!(ours[3], "900.000");
    }

    #[test]
    fn a_last_line_that_was_cut_is_left_out_and_a_bad_line_before_it_is_named() {
        let text = log(&[second(0, &[5], &[]), second(1, &[6], &[])]);
        for cut in 1..60 {
            let cut = &text[..text.len() - cut];
            assert_eq!(read(cut.as_bytes()).unwrap().len(), 1, "{cut}");
        }
        let broken = text.replacen("Tag=response,0.000", "Tag=response,0,0", 1);
        assert!(matches!(read(broken.as_bytes()), Err(HlogError::Line { line: 8, .. })));
        let end = text.len() - 5;
        let garbled = format!("{}????\n", &text[..end]);
        let says = read(garbled.as_bytes()).unwrap_err().to_string();
        assert!(says.starts_with("line 9: not base64"), "{says}");
    }

    #[test]
    fn a_newer_log_is_refused_and_a_tag_not_known_is_left_out() {
        let text = log(&[second(0, &[5], &[9])]);
        let newer = text.replace("smppbench.hlog/1", "smppbench.hlog/2");
        assert_eq!(read(newer.as_bytes()), Err(HlogError::Newer { version: 2 }));
        let other = text.replace("Tag=receipt,", "Tag=of_the_future,");
        assert_eq!(read(other.as_bytes()).unwrap()[0].latencies.len(), 1);
        assert_eq!(read(b"").unwrap(), []);
    }

    #[test]
    fn the_start_of_the_load_stands_in_the_header_to_the_millisecond() {
        let text = header("evil\nname", "2026-01-01T00:00:00.250Z");
        assert!(text.contains("#[BaseTime: 1767225600.250 (seconds since epoch)"), "{text}");
        assert!(text.contains("#run evil\\u{a}name\n"));
    }
}
