//! The examples of the library, each run once: they assert what they claim.
use std::path::Path;

#[path = "../../examples/memory.rs"]
#[allow(dead_code, reason = "its main only prints what run says")]
mod memory;
#[path = "../../examples/read_result.rs"]
#[allow(dead_code, reason = "its main only prints what run says")]
mod read_result;
#[path = "../../examples/simulator.rs"]
#[allow(dead_code, reason = "its main only prints what run says")]
mod simulator;
#[path = "../../examples/sockets.rs"]
#[allow(dead_code, reason = "its main only prints what run says")]
mod sockets;

#[test]
fn a_trial_in_memory_is_exact() {
    let says = memory::run().unwrap();
    assert!(says.starts_with("accepted 5000, response p99 20100 µs\n"), "{says}");
    assert_eq!(memory::run().unwrap(), says, "the same seed gives the same nanoseconds");
}

#[test]
fn a_run_over_sockets_agrees_with_the_simulator() {
    let says = sockets::run().unwrap();
    assert!(says.starts_with("accepted 200, "), "{says}");
}

#[test]
fn a_client_of_ones_own_meets_the_planted_faults() {
    let says = simulator::run().unwrap();
    assert!(says.starts_with("50 answers, "), "{says}");
}

#[test]
fn a_saved_result_is_read_with_the_library() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample/result.json");
    let says = read_result::run(&sample).unwrap();
    assert!(says.starts_with("quick against embedded\nverdict "), "{says}");
    for name in ["accepted ", "response p50 ", "response p75 ", "service p50 ", "receipts missing "]
    {
        assert!(says.lines().any(|line| line.starts_with(name)), "{name}: {says}");
    }
}
