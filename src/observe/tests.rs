//! Sources over sockets and /proc, and planted ones on the virtual clock.
use super::*;
use crate::judge::{self, GateOutcome, ObservedFigures};
use crate::kit::{Clock, HostUse, Rng};
use crate::measure::{
    NoObserver, Observed, ObservedSample, Observer, Phase, Progress, RunRecord, SeriesUnit,
};
use crate::plan::{self, Overrides, Selector};
use crate::trial::{Memory, Trial};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

/// Answers each request with the next of these pages, octets as they are; the last one again and again.
fn server(pages: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let Ok(mut socket) = socket else { return };
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(&pages[number.min(pages.len() - 1)]);
        }
    });
    address
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn selectors(all: &[(&str, &str)]) -> Vec<(String, Selector)> {
    let series: Vec<String> = all.iter().map(|(name, text)| format!("{name} = '{text}'")).collect();
    let profile = format!(
        "[[observe]]\nname = \"x\"\nurl = \"http://127.0.0.1:1/\"\nseries = {{ {} }}",
        series.join(", ")
    );
    plan_of(&profile).observe.remove(0).series
}

fn plan_of(profile: &str) -> Plan {
    let source = plan::Source::Text { name: "x.toml".into(), text: profile.into() };
    plan::load(&source, &Overrides::default()).unwrap()
}

fn page_at(address: SocketAddr, path: &str) -> Page {
    let series = selectors(&[("rss", "process_resident_memory_bytes"), ("sent", "sent_total")]);
    Page::new(&format!("http://{address}{path}"), &series, Nanos::from_secs(1)).unwrap()
}

fn fault_of(mut source: impl Source) -> String {
    source.sample(Nanos::from_secs(1)).fault.map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn a_page_gives_gauges_as_they_are_and_counters_as_rates() {
    let page = |rss: u64, sent: u64| {
        ok(&format!(
            "# TYPE sent_total counter\nsent_total {sent}\nprocess_resident_memory_bytes {rss}\n"
        ))
    };
    let mut page = page_at(server(vec![page(1000, 10), page(3000, 60)]), "/metrics");
    let first = page.sample(Nanos::from_secs(1));
    assert!(first.fault.is_none());
    assert_eq!(first.readings.len(), 1, "a rate needs two looks");
    let second = page.sample(Nanos::from_secs(3));
    let seen: Vec<(&str, f64)> =
        second.readings.iter().map(|r| (r.series.as_str(), r.value)).collect();
    assert_eq!(seen, [("rss", 3000.0), ("sent", 25.0)]);
    assert_eq!(second.readings[0].unit, SeriesUnit::Octets);
}

#[test]
fn an_endpoint_that_is_no_page_of_metrics_is_a_gap_with_its_reason() {
    let html = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    assert!(fault_of(page_at(server(vec![html.to_vec()]), "/")).contains("HTML, not metrics"));
    let plain = ok("<!doctype html><p>x</p>");
    assert!(fault_of(page_at(server(vec![plain]), "/")).contains("HTML, not metrics"));
    let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec();
    assert!(fault_of(page_at(server(vec![missing]), "/")).contains("HTTP status 404"));
    let large = "x 1\n".repeat(http::PAGE_MAX / 4 + 1);
    assert!(fault_of(page_at(server(vec![ok(&large)]), "/")).contains("longer than 4 MiB"));
    let other = ok("up 1\n");
    let says = fault_of(page_at(server(vec![other]), "/"));
    assert!(says.contains("no series process_resident_memory_bytes, sent_total"), "{says}");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(fault_of(page_at(closed, "/")).contains("refused"));
}

#[test]
fn an_endpoint_that_answers_nothing_is_left_after_its_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let series = selectors(&[("up", "up")]);
    let page = Page::new(&format!("http://{address}"), &series, Nanos::from_millis(100)).unwrap();
    assert!(fault_of(page).contains("no complete answer within 100 ms"));
}

#[test]
fn this_process_has_memory_threads_files_and_a_processor() {
    let mut own = Process::new(Which::Pid(std::process::id()));
    assert_eq!(own.sample(Nanos::from_secs(1)).readings.len(), 3, "rates need two looks");
    let sampled = own.sample(Nanos::from_secs(2));
    assert!(sampled.fault.is_none());
    let of = |name: &str| sampled.readings.iter().find(|r| r.series == name).unwrap().value;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| -> f64 {
        let line = status.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert!((of("rss") / 1024.0 / field("VmRSS") - 1.0).abs() < 0.2, "{}", of("rss"));
    assert!(of("threads") >= 1.0 && of("open_files") >= 3.0);
    assert!(of("cpu") >= 0.0 && of("voluntary_switches") >= 0.0);
}

#[test]
fn a_process_is_found_by_its_file_again_after_it_was_restarted_and_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pid");
    let sleeper = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let mut first = sleeper();
    std::fs::write(&file, format!("{}\n", first.id())).unwrap();
    let mut by_file = Process::new(Which::File(file.clone()));
    assert!(by_file.sample(Nanos::from_secs(1)).fault.is_none());
    first.kill().unwrap();
    first.wait().unwrap();
    let gone = by_file.sample(Nanos::from_secs(2)).fault.unwrap().to_string();
    assert!(gone.contains("there is no process"), "{gone}");
    let mut second = sleeper();
    std::fs::write(&file, second.id().to_string()).unwrap();
    assert!(by_file.sample(Nanos::from_secs(3)).fault.is_none());
    assert!(Process::new(Which::Command("sleep".into())).sample(Nanos::ZERO).fault.is_none());
    second.kill().unwrap();
    second.wait().unwrap();
    let absent = fault_of(Process::new(Which::Command("no-such-name".into())));
    assert_eq!(absent, "there is no process named no-such-name");
}

#[test]
fn a_tally_is_read_as_rates_and_one_that_is_no_longer_written_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tally.json");
    let write = |accepted: u64| {
        let mut tally = crate::smsc::Tally::default();
        tally.submits.accepted = accepted;
        std::fs::write(&file, serde_json::to_vec(&tally).unwrap()).unwrap();
    };
    let mut source = TallyFile::new(file.clone());
    write(100);
    assert!(source.sample(Nanos::from_secs(1)).fault.is_none());
    write(350);
    let sampled = source.sample(Nanos::from_secs(2));
    let accepted = sampled.readings.iter().find(|r| r.series == "submits_accepted").unwrap();
    assert_eq!(accepted.value, 250.0);
    assert_eq!(sampled.readings.len(), plan::TALLY_SERIES.len());
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    assert!(source.sample(Nanos::from_secs(3)).fault.unwrap().to_string().contains("5 s"));
}

#[test]
fn a_source_that_fails_is_told_once_and_the_run_goes_on() {
    let plan = plan_of(
        "[[observe]]\nname = \"gone\"\nurl = \"http://127.0.0.1:1/\"\nseries = { up = \"up\" }\nevery = \"100ms\"\n\
         [[observe]]\nname = \"self\"\npid = 1\nevery = \"100ms\"",
    );
    let (told, lines) = std::sync::mpsc::channel();
    let mut sampler = Sampler::start(&plan, move |line: &str| told.send(line.to_owned()).unwrap())
        .unwrap()
        .unwrap();
    let until = Clock::now() + Nanos::from_secs(20);
    let mut failed = 0;
    while failed < 3 && Clock::now() < until {
        let samples = sampler.observed(Clock::now());
        failed += samples.iter().filter(|s| s.source == "gone" && s.fault.is_some()).count();
        thread::sleep(Duration::from_millis(20));
    }
    assert!(failed >= 3);
    let lines: Vec<String> = lines.try_iter().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("observe gone: ")).count(), 1, "{lines:?}");
    assert!(Sampler::start(&plan_of("seed = 1"), |_: &str| ()).unwrap().is_none());
}

/// A series that says a value by the seconds of the clock.
struct Planted<F>(F);

impl<F: FnMut(f64) -> f64> Source for Planted<F> {
    fn sample(&mut self, now: Nanos) -> Sampled {
        let value = (self.0)(now.as_secs_f64());
        let reading = Reading { series: "rss".into(), unit: SeriesUnit::Octets, value };
        Sampled { readings: vec![reading], fault: None }
    }
}

/// Noise of a standard deviation of `octets`, in which each value keeps half of the one before.
fn noise(seed: u64, octets: f64) -> impl FnMut() -> f64 {
    let mut rng = Rng::new(seed);
    let mut value = 0.0;
    move || {
        value = 0.5 * value + 0.75f64.sqrt() * rng.normal();
        value * octets
    }
}

const MIB: f64 = 1_048_576.0;

/// Five minutes beside a process of 100 MiB that leaks.
fn run(leak_per_minute: f64, seed: u64, gates: &str) -> (Plan, RunRecord) {
    let plan = plan_of(&format!(
        "load.stages = [{{ hold = 2, for = \"300s\" }}]\n[embedded]\nreceipts.delay = \"100ms\"\n\
         [[observe]]\nname = \"gw\"\npid = 1\n[gates]\n{gates}"
    ));
    let mut observer = Polled::default();
    observer.add("gw", Nanos::from_secs(1), leaking(leak_per_minute, seed));
    let record = Memory::default().run(&plan, &mut observer).unwrap();
    (plan, record)
}

fn leaking(leak_per_minute: f64, seed: u64) -> impl Source {
    let mut noise = noise(seed, 0.5 * MIB);
    Planted(move |s| 100.0 * MIB + leak_per_minute * MIB * s / 60.0 + noise())
}

fn figures_of(plan: &Plan, record: &RunRecord) -> ObservedFigures {
    judge::judge(plan, record, &HostUse::default()).observed.remove(0)
}

/// The same run with another process beside it, for each of these seeds.
fn figures_of_seeds(leak_per_minute: f64, seeds: std::ops::Range<u64>) -> Vec<ObservedFigures> {
    let (plan, mut record) = run(leak_per_minute, seeds.start, "");
    let seeds = seeds.map(|seed| {
        let mut source = leaking(leak_per_minute, seed);
        let mut observed = Observed::default();
        for second in 0..300 {
            let at = Nanos::from_secs(second);
            let Sampled { readings, .. } = source.sample(at);
            observed.absorb(&ObservedSample { source: "gw".into(), at, readings, fault: None }, at);
        }
        record.observed = std::sync::Arc::new(observed);
        figures_of(&plan, &record)
    });
    seeds.collect()
}

#[test]
fn a_leak_of_one_mib_a_minute_is_found_in_five_minutes_and_its_interval_holds_it() {
    let (plan, record) = run(1.0, 50, "");
    // of the median, which is what it was after half of the time
    let leak = 60.0 / 102.5;
    let holds = |found: &ObservedFigures| {
        assert!(found.points >= 295 && found.grew(300.0), "{found:?}");
        found.ci.is_some_and(|[low, high]| low <= leak && leak <= high)
    };
    assert!(holds(&figures_of(&plan, &record)));
    let held = figures_of_seeds(1.0, 0..10).iter().filter(|found| holds(found)).count();
    assert!(held >= 9, "a 95 % interval held the leak in {held} of 10 runs");
}

#[test]
fn no_leak_is_found_in_ten_runs_without_one() {
    for found in figures_of_seeds(0.0, 100..110) {
        assert!(found.points == 300 && !found.grew(300.0), "{found:?}");
    }
}

#[test]
fn gates_on_what_was_observed_are_decided_with_its_values() {
    let gates = "\"observe.gw.rss.max\" = \"< 200 MiB\"\n\"observe.gw.rss.mean\" = \"< 50 MiB\"\n\
                 \"observe.gw.rss.growth\" = \"< 2 %/h\"\n\"observe.gw.threads.max\" = \"< 10\"";
    let (plan, record) = run(1.0, 3, gates);
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    let outcomes: Vec<GateOutcome> =
        judge::evaluate(&plan, &record, &judgement).iter().map(|gate| gate.outcome).collect();
    use GateOutcome::{Fail, Pass, Undecided};
    assert_eq!(outcomes, [Pass, Fail, Fail, Undecided]);
}

#[test]
fn a_run_that_observes_nothing_has_no_observed_series() {
    let plan = plan_of("load.stages = [{ hold = 2, for = \"3s\" }]\n[embedded]");
    let record = Memory::default().run(&plan, &mut NoObserver).unwrap();
    assert!(record.observed.series.is_empty() && record.observed.sources.is_empty());
}

#[test]
fn what_was_sampled_before_the_load_is_left_out() {
    let plan = plan_of("load.stages = [{ hold = 2, for = \"3s\" }]\n[embedded]");
    struct Early;
    impl Observer for Early {
        fn progress(&mut self, progress: &Progress<'_>) -> Option<crate::measure::CutReason> {
            assert!(progress.phase != Phase::Connect || progress.record.observed.series.is_empty());
            None
        }
        fn observed(&mut self, now: Nanos) -> Vec<ObservedSample> {
            let reading = Reading { series: "n".into(), unit: SeriesUnit::Number, value: 1.0 };
            let at = |at| ObservedSample {
                source: "x".into(),
                at,
                readings: vec![reading.clone()],
                fault: None,
            };
            vec![at(Nanos::ZERO), at(now)]
        }
    }
    let record = Memory::default().run(&plan, &mut Early).unwrap();
    let points = &record.observed.series[0].points;
    assert!(points.len() >= 3 && points.iter().all(|p| p.at < Nanos::from_secs(60)), "{points:?}");
}
