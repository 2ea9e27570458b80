//! The command line.
pub mod decode;

/// Runs the command line and returns the exit code of CONTRACT.md.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
