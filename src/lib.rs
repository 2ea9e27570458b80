//! `smppbench`, a load-testing harness for SMPP v3.4.
#[cfg(not(target_os = "linux"))]
compile_error!("smppbench runs on Linux only: it paces with timerfd and reads /proc and TCP_INFO");

pub mod cli;
pub mod coordinator;
pub mod correlate;
pub mod esme;
pub mod judge;
pub mod kit;
pub mod measure;
pub mod net;
pub mod plan;
pub mod report;
pub mod session;
pub mod smpp;
pub mod smsc;
pub mod trial;
pub mod watch;
