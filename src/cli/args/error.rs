//! Errors in the value of a flag; clap adds the flag's name.

/// A value that is not valid.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgError {
    #[error("{0:?} is not valid; write on or off")]
    OnOff(String),
    #[error("{0:?} is not valid; write a share from 0.1% to 50%")]
    Share(String),
    #[error("{0:?} is not valid; write failed:N with N from 1 to 100000")]
    Trace(String),
    #[error(
        "{0:?} is not valid; write session_init, enquire_link, inactivity or response and a time: inactivity=60s"
    )]
    PeerTimer(String),
}
