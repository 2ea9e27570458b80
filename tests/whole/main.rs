//! The tool as a whole: the program as a user runs it, and the library's front doors. One program for all of
//! them, because each program of tests links the whole library again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
mod ci_recipe;
mod cli_conform;
mod cli_decode;
mod cli_dial;
mod cli_gate;
mod cli_render;
mod console;
mod deploy;
mod duel_memory;
mod events;
mod examples;
mod folders;
mod killed_run;
mod live;
mod metrics;
mod observed;
mod oracles;
mod output;
mod packages;
mod pages;
mod picture;
mod plan_profiles;
mod recovery;
mod reference;
mod secrets;
mod smsc_cli;
mod smsc_server;
mod through_relay;
mod tls_runs;
