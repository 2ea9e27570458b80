//! Why a source had no value. One line each; a report shows the first.
use crate::kit::words;
use std::io;
use std::path::PathBuf;

/// Why values are missing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The page could not be fetched.
    #[error("{url}: {why}")]
    Unreachable {
        /// The page.
        url: String,
        /// Why.
        why: io::Error,
    },
    /// The page did not come in time.
    #[error("{url}: no complete answer within {} ms", within_ms)]
    Slow {
        /// The page.
        url: String,
        /// The time that it has.
        within_ms: u64,
    },
    /// The page is longer than is read.
    #[error("{url}: its answer is longer than 4 MiB; name a page with fewer series")]
    TooLong {
        /// The page.
        url: String,
    },
    /// An HTTP status other than 200.
    #[error("{url}: HTTP status {status}")]
    Status {
        /// The page.
        url: String,
        /// The status.
        status: u16,
    },
    /// The page is no page of metrics.
    #[error("{url}: {what}, not metrics in the text format of Prometheus")]
    NotMetrics {
        /// The page.
        url: String,
        /// What it is instead.
        what: &'static str,
    },
    /// Series that the page does not have.
    #[error("{url}: no series {}", words::printable(&series.join(", ")))]
    NoSeries {
        /// The page.
        url: String,
        /// Their selectors.
        series: Vec<String>,
    },
    /// There is no such process.
    #[error("there is no process {0}")]
    NoProcess(String),
    /// A file that cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file that does not hold what it should.
    #[error("{}: {what}", path.display())]
    NotSuch {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}
