//! What is wrong with the value of a flag; clap says which flag it is.

/// A value that will not do.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgError {
    #[error("{0:?} is neither on nor off")]
    OnOff(String),
    #[error("{0:?} will not do; write a share from 0.1% to 50%")]
    Share(String),
    #[error("{0:?} will not do; write failed:N with N from 1 to 100000")]
    Trace(String),
}
