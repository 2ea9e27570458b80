//! The picture of a first run, `docs/pictures/first-run.svg`: what the built-in profile prints on a terminal, from a run
//! on the virtual clock, so that it is the same on every machine.
use super::pages::root;
use anstyle_svg::Term;
use smppbench::judge;
use smppbench::kit::{Environment, HostUse};
use smppbench::measure::NoObserver;
use smppbench::plan::{self, Overrides, Source};
use smppbench::report::{self, Run, Saved, Style};
use smppbench::trial::{self, Memory, Trial};

/// The last lines of a first run on a terminal of 100 columns.
fn first_run() -> String {
    let source = Source::quick();
    let plan = plan::load(&source, &Overrides::default()).unwrap();
    let mut memory = Memory::default();
    let record = memory.run(&plan, &mut NoObserver).unwrap();
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    let tally =
        memory.tally().map(|tally| judge::against_tally(&record, &trial::tally_view(tally)));
    let run = Run {
        plan: &plan,
        profile: &plan::resolved_json(&plan),
        record: &record,
        judgement: &judgement,
        gates: &judge::evaluate(&plan, &record, &judgement),
        environment: &Environment::default(),
        id: "quick-20260101T000000Z",
        version: env!("CARGO_PKG_VERSION"),
        commit: None,
        target: "embedded",
        repro: &plan::repro("run", &source, &Overrides::default(), &plan),
        tally: tally.as_ref(),
        warnings: &[],
        labels: &[],
        folder: Some("reports/quick-20260101T000000Z"),
        show_content: false,
    };
    report::brief(&Saved::of(&run), Style { colour: true, columns: 100, fits_screen: true })
}

#[test]
fn the_picture_of_a_first_run_shows_what_a_first_run_prints() {
    let text = format!("$ smppbench\n{}", first_run());
    assert!(text.contains("\u{1b}["), "the picture has colours: {text}");
    let drawn = Term::new().render_svg(&text);
    let path = root().join("docs/pictures/first-run.svg");
    if std::env::var_os("SMPPBENCH_RENEW").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let moved = kept.lines().zip(drawn.lines()).find(|(kept, drawn)| kept != drawn);
    assert!(
        kept == drawn,
        "docs/pictures/first-run.svg is not what a first run prints (kept, drawn: {moved:?}); renew it with \
         `SMPPBENCH_RENEW=1 cargo test --test whole picture`"
    );
}
