//! Runs cases against a simulator or a scripted peer, with short waits.
use super::Server;
use crate::conform::examiner::Examiner;
use crate::conform::octets::Pdu;
use crate::conform::{
    CaseResult, Choice, Limits, Outcome, Role, Run, Settings, cases, close_the_simulator, run,
};
use crate::kit::Nanos;
use crate::net::ClientTls;
use crate::plan::{self, Overrides, Plan, Source};
use crate::smpp::CommandId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs at once: they wait most of the time.
const THREADS: usize = 20;

/// How long is waited for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// For a peer that answers.
    Usual,
    /// For one whose silence is often right, and who is examined again where it was too short.
    Brief,
    /// For one that mostly does not, on this machine.
    Short,
    /// Where a machine that is busy may have made the usual too short.
    Long,
}

/// A run, and its outcomes by case.
pub(super) struct Found {
    pub(super) run: Run,
}

impl Found {
    pub(super) fn outcomes(&self) -> BTreeMap<&'static str, Outcome> {
        self.run.results.iter().map(|r| (r.case.id, r.verdict.outcome)).collect()
    }
    pub(super) fn seen(&self, id: &str) -> String {
        let result = self.run.results.iter().find(|r| r.case.id == id).unwrap();
        format!("{}: {}", result.verdict.outcome.word(), result.verdict.seen)
    }
}

/// The messages that a case sent.
pub(super) fn messages(result: &CaseResult) -> u32 {
    let carries = [CommandId::SUBMIT_SM, CommandId::DATA_SM, CommandId::SUBMIT_MULTI];
    let sent = result.exchange.iter().filter(|one| one.is_sent);
    // parts of a PDU, which is sent in two, count once
    sent.filter(|one| carries.contains(&Pdu(one.octets.clone()).command())).count() as u32
}

/// A profile whose simulator behaves so.
pub(super) fn plan_of(behaviour: &str) -> Plan {
    let text = format!("target.address = \"embedded\"\nbinds.count = 1\n[embedded]\n{behaviour}");
    let source = Source::Text { name: "conform.toml".into(), text };
    let flags = Overrides {
        rate: Some("1".into()),
        duration: Some("1s".into()),
        warmup: Some("0s".into()),
        ..Overrides::default()
    };
    plan::load(&source, &flags).unwrap()
}

pub(super) fn with_waits(mut settings: Settings, waiting: Waiting) -> Settings {
    let (answer, silence, receipt, late) = match waiting {
        Waiting::Usual => (1_000, 150, 500, 800),
        Waiting::Brief => (400, 100, 300, 300),
        Waiting::Short => (60, 40, 80, 150),
        Waiting::Long => (3_000, 600, 2_500, 2_000),
    };
    settings.waits.answer = Nanos::from_millis(answer);
    settings.waits.silence = Nanos::from_millis(silence);
    settings.waits.receipt = Nanos::from_millis(receipt);
    settings.waits.late = Nanos::from_millis(late);
    settings.waits.recovery = Nanos::from_millis(10);
    settings
}

/// Examines a simulator that behaves so. Its account has a password, unless the behaviour lists accounts.
pub(super) fn examine(behaviour: &str, choice: &Choice, waiting: Waiting) -> Found {
    let mut plan = plan_of(behaviour);
    close_the_simulator(&mut plan);
    examine_plan(plan, choice, waiting)
}

/// Examines the simulator of a plan.
pub(super) fn examine_plan(plan: Plan, choice: &Choice, waiting: Waiting) -> Found {
    examine_changed(plan, choice, waiting, |_| {})
}

/// The same, with other settings.
pub(super) fn examine_changed(
    mut plan: Plan,
    choice: &Choice,
    waiting: Waiting,
    change: impl FnOnce(&mut Settings),
) -> Found {
    let server = Server::start(&plan.embedded, "127.0.0.1:0".parse().unwrap()).unwrap();
    plan.target.addresses = vec![server.address.to_string()];
    let mut settings = with_waits(Settings::of(&plan).unwrap(), waiting);
    change(&mut settings);
    let found = examine_with(settings, choice);
    drop(server);
    found
}

/// Examines whatever listens there, as if it were a simulator that is said to behave so.
pub(super) fn examine_at(
    address: SocketAddr,
    behaviour: &str,
    choice: &Choice,
    waiting: Waiting,
) -> Found {
    let mut plan = plan_of(behaviour);
    close_the_simulator(&mut plan);
    plan.target.addresses = vec![address.to_string()];
    let settings = Settings::of(&plan).unwrap();
    examine_with(with_waits(settings, waiting), choice)
}

/// Examines whatever listens there with TLS.
pub(super) fn examine_secured(address: SocketAddr, tls: ClientTls, choice: &Choice) -> Found {
    let mut plan = plan_of("");
    plan.target.addresses = vec![address.to_string()];
    let mut settings = with_waits(Settings::of(&plan).unwrap(), Waiting::Short);
    settings.address.tls = Some(tls);
    settings.waits.connect = Nanos::from_millis(700);
    examine_with(settings, choice)
}

/// Does something with each of a list on threads of their own, as many at once as wait rather than work.
pub(super) fn at_once<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(one) = all.get(index) else { return done };
                        done.push((index, work(one)));
                    }
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The ids of a choice, in parts that are examined beside each other.
pub(super) fn parts(role: Role, patterns: &[&str], count: usize) -> Vec<Choice> {
    let chosen = only(patterns).of(&cases(role)).unwrap();
    let ids: Vec<&str> = chosen.iter().map(|case| case.id).collect();
    ids.chunks(ids.len().div_ceil(count)).map(only).collect()
}

fn examine_with(settings: Settings, choice: &Choice) -> Found {
    let chosen = choice.of(&cases(Role::Smsc)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = runtime.block_on(async {
        let mut examiner = Examiner::of_smsc(settings);
        run(&mut examiner, &chosen, Limits { disturb: true }, &|| false, &mut |_| {}).await
    });
    Found { run }
}

/// A choice of cases by id or pattern.
pub(super) fn only(patterns: &[&str]) -> Choice {
    Choice { cases: patterns.iter().map(|p| (*p).to_owned()).collect(), ..Choice::default() }
}
