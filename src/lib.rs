//! `smppbench`, a load-testing harness for SMPP v3.4: this is the map of the house.
//!
//! A [`plan`] (a profile and flags, resolved) goes into a [`trial`], a [`measure::RunRecord`] comes out, [`judge`]
//! says what it means, [`report`] writes it down. Everything that decides is synchronous and takes time and
//! chance as arguments; only octets and wake-ups move in async code. Each folder imports only what stands below
//! it; `tests/tidy.rs` holds the table, and `ARCHITECTURE.md` the reasons.
//!
//! The library is [`plan`], [`trial`], [`judge`], [`report`], [`search`], [`smsc`] and [`smpp`], with the values they pass
//! in [`measure`] and [`kit`]. Folders named below without a link are open to the program, its tests and its benches only.
//!
//! # The floors, ground first
//!
//! [`kit`]: nanoseconds, rates as exact fractions, seeded random numbers, the only reader of the machine's clocks, a timerfd
//! in tokio's reactor, and facts about the host. Imports no other folder.
//!
//! [`smpp`]: the wire language, octets in and values out. Framing is hard, bodies are soft. PDUs, TLVs, statuses, receipts,
//! codings, long messages, and the `submit_sm` that is encoded once and stamped per send. Knows no clock and no socket.
//!
//! `session`: one SMPP session as a state machine without I/O, for both ends: role, state, timers, sequence
//! numbers, and the window as a ring of slots.
//!
//! `correlate`: which receipt belongs to which `submit_sm`, by message id, in either order, on any session, in
//! bounded memory.
//!
//! [`measure`]: the times of a message, the distributions and counters of them, the interval that a worker reports each
//! second, and the record of a run. Plain data; no locks.
//!
//! [`plan`]: a TOML profile and flags in, a checked plan out; the guard; and the pure functions of a plan: schedule
//! (message to intended time), striping (message to bind to worker), recipe (message to octets). The simulator's
//! behaviour stands here too, as data.
//!
//! `net`: connecting, listening, socket options, and the pump that moves octets between a connection and an endpoint.
//!
//! `esme`: the load side. `esme::Core` makes every decision of one worker; `esme::run` puts it on a thread. Where a
//! message is sent: `Sending::dispatch_due` in `esme/sending.rs`. Where its response is settled: `Core::on_plain_answers` in
//! `esme/core/reads.rs`. Where its receipt is matched: `Receipts::matched` in `esme/receipts/matching.rs`.
//!
//! [`smsc`]: the simulator. [`smsc::Core`] is its twin; the two share no code, so that their counts check each other.
//!
//! [`observe`]: what is sampled beside a run: pages of metrics, processes, the simulator's tally. Threads of their own; a
//! source that fails is a gap.
//!
//! `coordinator`: starts the workers together, gathers their seconds, ends the load, waits for what is still out.
//! `coordinator::RunController` is the phases without I/O; `coordinator::WorkerPool` is two queues of serialisable values.
//!
//! `fleet` (feature `nats`): the same over many machines. A lead and its agents as state machines that read and write
//! messages, and NATS, which carries them.
//!
//! [`judge`]: what a record means: books, harness health, steady state, verdict, limiter, gates. Pure.
//!
//! [`through`]: a gateway between our load side and our simulator. Both tell what they read and write; the books of both
//! sides say what became of every message in between.
//!
//! [`trial`]: one run of a plan, over any transport: [`trial::Tcp`] over sockets, [`trial::Memory`] on a virtual clock.
//!
//! [`search`]: the highest rate that keeps its objectives, the window, the number of binds; on any trial. What decides is
//! a state machine: results of trials in, the next trial out.
//!
//! [`conform`]: whether a peer speaks SMPP, case by case, over bare connections and judged on octets.
//!
//! [`report`]: bytes from values: a run becomes a [`report::Saved`] (`result.json` as types, and the distributions of each
//! second), and every format is rendered from it, now or years later. `watch`: what is shown while it runs: the line of
//! progress, the live view, OpenMetrics, and the page in a browser, which `report` draws. `cli`: arguments in, exit code
//! out; one file a verb.
//!
//! # A trial in memory
//!
//! The whole load side against the whole simulator, without a socket, a thread or a sleep. Two virtual seconds take
//! a few real milliseconds, and the same seed gives the same nanoseconds.
//!
//! ```
//! use smppbench::judge::Books;
//! use smppbench::measure::{Metric, NoObserver};
//! use smppbench::plan::{self, Overrides, Source};
//! use smppbench::trial::{Memory, Trial};
//!
//! let profile = r#"
//!     load.stages = [{ hold = 1000, for = "2s" }]
//!     binds = { count = 2, window = 20 }
//!     [embedded]
//!     response.latency = "5ms"
//!     receipts.delay = "200ms"
//! "#;
//! let source = Source::Text { name: "example.toml".into(), text: profile.into() };
//! let plan = plan::load(&source, &Overrides::default())?;
//! let record = Memory::default().run(&plan, &mut NoObserver)?;
//!
//! assert!(Books::of(&plan, &record).balanced);
//! let ledger = record.ledger();
//! assert_eq!((ledger.planned, ledger.accepted, ledger.receipts_final), (2000, 2000, 2000));
//! // 5 ms in the simulator and 50 µs each way on the virtual network
//! let response = record.sum(|_| true).metric(Metric::Response).mean().unwrap_or_default();
//! assert!((response - 5_100_000.0).abs() < 1_000.0, "{response}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#[cfg(not(target_os = "linux"))]
compile_error!("smppbench runs on Linux only: it paces with timerfd and reads /proc and TCP_INFO");

#[doc(hidden)]
pub mod cli;
pub mod conform;
#[doc(hidden)]
pub mod coordinator;
#[doc(hidden)]
pub mod correlate;
#[doc(hidden)]
pub mod esme;
#[cfg(feature = "nats")]
#[doc(hidden)]
pub mod fleet;
pub mod judge;
pub mod kit;
pub mod measure;
#[doc(hidden)]
pub mod net;
pub mod observe;
pub mod plan;
pub mod report;
pub mod search;
#[doc(hidden)]
pub mod session;
pub mod smpp;
pub mod smsc;
pub mod through;
pub mod trial;
#[doc(hidden)]
pub mod watch;
