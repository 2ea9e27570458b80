//! Our own load side as the examined ESME, with several binds.
use super::examined::{Waiting, only, plan_of, with_waits};
use super::{NoObserver, Tcp, Trial};
use crate::conform::examiner::Examiner;
use crate::conform::{Limits, Outcome, Role, Run, Settings, cases, run};
use crate::kit::Nanos;
use crate::plan::{self, Overrides, Source};
use std::net::TcpListener;

/// Examines whoever connects to the listener, until every case has ended.
fn examine(listener: TcpListener, patterns: &[&str]) -> Run {
    let mut settings = with_waits(Settings::of(&plan_of("")).unwrap(), Waiting::Usual);
    settings.waits.peer = Nanos::from_secs(10);
    settings.timers.response = Some(Nanos::from_millis(500));
    let chosen = only(patterns).of(&cases(Role::Esme)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let mut examiner = Examiner::of_esme(settings, listener);
        run(&mut examiner, &chosen, Limits { disturb: true }, &|| false, &mut |_| {}).await
    })
}

#[test]
fn our_load_side_with_three_binds_is_examined_on_one_and_goes_on_on_the_others() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // the last case waits until the load side ends its session
    let wanted = ["4.1.1*", "4.11.1-51", "4.4.1*", "4.4.2*", "4.6.2-5*", "2.9-54", "4.2.1-53"];
    let examiner = std::thread::spawn(move || examine(listener, &wanted));
    let text = format!(
        "target.address = \"{address}\"\nload.stages = [{{ hold = 60, for = \"4s\" }}]\n\
         binds = {{ count = 3, window = 5 }}\ntimeouts.response = \"500ms\"\n"
    );
    let source = Source::Text { name: "own.toml".into(), text };
    // nobody sends receipts here
    let flags = Overrides { receipts: Some(false), ..Overrides::default() };
    let plan = plan::load(&source, &flags).unwrap();
    let record = Tcp::default().run(&plan, &mut NoObserver).unwrap();
    let run = examiner.join().unwrap();
    assert_eq!((run.stopped, run.further_sessions_count), (None, 2));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
    }
    let mut accepted: Vec<u64> = record.sessions.iter().map(|one| one.accepted).collect();
    accepted.sort_unstable();
    // 20 a second on each: those that are not examined are answered without exception
    assert!(accepted.len() == 3 && accepted[1] >= 60, "{accepted:?}");
}
