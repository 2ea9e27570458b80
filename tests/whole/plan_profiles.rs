//! The profiles that come with the tool: each loads, resolves, schedules and can be stamped to its end.
use smppbench::cli::check;
use smppbench::plan::{
    Cursor, Overrides, Plan, Recipe, Schedule, Scratch, Source, Striping, load, resolved_json,
};
use std::path::PathBuf;
use std::sync::Arc;

fn profiles() -> Vec<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles"));
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the profiles come with the source")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    found
}

fn plan(path: PathBuf, overrides: &Overrides) -> Plan {
    load(&Source::File(path), overrides).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_profile_loads_and_says_who_it_is() {
    for path in profiles() {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let plan = plan(path, &Overrides::default());
        assert_eq!(plan.name, name);
        assert_eq!(plan.warnings, Vec::<String>::new());
        assert!(check::render(&plan, &[]).contains(&name));
        assert_eq!(resolved_json(&plan)["name"], name.as_str());
    }
}

#[test]
fn every_profile_without_an_embedded_target_stays_behind_the_guard() {
    let overrides = Overrides { target: Some("smsc.example:2775".into()), ..Overrides::default() };
    for path in profiles() {
        let line = load(&Source::File(path), &overrides).expect_err("not allowed").to_string();
        assert!(line.contains("is not loopback"), "{line}");
    }
}

#[test]
fn every_planned_message_of_every_profile_is_stamped_once_by_its_worker() {
    for path in profiles() {
        let given = |text: &str| Some(text.to_owned());
        let (rate, duration, warmup) = (given("1000"), given("2s"), given("1s"));
        let plan = plan(path, &Overrides { rate, duration, warmup, ..Overrides::default() });
        let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed).expect("checked");
        let (schedule, recipe) = (Arc::new(schedule), Recipe::new(&plan).expect("checked"));
        let striping = Arc::new(Striping::new(&plan, 2));
        let mut scratch = Scratch::new();
        let mut out = bytes::BytesMut::new();
        let mut stamped = vec![0u8; usize::try_from(schedule.len()).expect("a short run")];
        for worker in 0..striping.workers_count() {
            let mut cursor = Cursor::new(schedule.clone(), &striping, worker);
            while let Some(due) = cursor.peek().copied() {
                out.clear();
                recipe.stamp(due.index, 7, 0, &mut scratch, &mut out);
                let octets = u32::from_be_bytes(out[..4].try_into().expect("four octets"));
                assert_eq!(octets as usize, out.len());
                stamped[usize::try_from(due.index).expect("as above")] += 1;
                cursor.advance();
            }
        }
        assert!(!stamped.is_empty() && stamped.iter().all(|times| *times == 1));
    }
}
