//! The house in order (docs/design.md, "Rooms"): who may import whom, how long a file and a function may be, and who
//! may read a clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#[path = "tidy/citations.rs"]
mod citations;
#[path = "tidy/rings.rs"]
mod rings;
#[path = "tidy/scan.rs"]
mod scan;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Who may import whom. `plan::behaviour` grants that part only. A grant that nobody uses fails too.
const HOUSE: [(&str, &[&str]); 21] = [
    ("kit", &[]),
    ("smpp", &[]),
    ("session", &["kit", "smpp"]),
    ("correlate", &["kit", "smpp"]),
    // an anomaly's example is kept without passwords
    ("measure", &["kit", "smpp"]),
    ("plan", &["kit", "smpp"]),
    ("net", &["kit", "smpp"]),
    ("esme", &["kit", "smpp", "session", "correlate", "measure", "plan", "net"]),
    ("smsc", &["kit", "smpp", "session", "net", "plan::behaviour"]),
    ("observe", &["kit", "measure", "plan"]),
    ("coordinator", &["kit", "measure", "plan", "esme"]),
    ("fleet", &["kit", "measure", "plan", "esme", "coordinator"]),
    ("judge", &["kit", "measure", "plan"]),
    // the pipes of a trial in memory end in `net`'s endpoints; the simulator's tally is shown as judge reads it
    (
        "trial",
        &[
            "kit",
            "smpp",
            "measure",
            "plan",
            "net",
            "esme",
            "smsc",
            "coordinator",
            "fleet",
            "judge",
            "through",
        ],
    ),
    // names of statuses come from smpp
    ("search", &["kit", "smpp", "measure", "plan", "trial", "judge"]),
    // the steps of a case stand on bare connections: no session, and no simulator
    ("conform", &["kit", "smpp", "plan", "net"]),
    // both sides tell their witnesses in `net`; ids are compared by the rules of `correlate`; the two sides and the
    // controller of a run are for its trial in memory
    (
        "through",
        &["kit", "smpp", "correlate", "measure", "plan", "net", "esme", "smsc", "coordinator"],
    ),
    // names of stages and accounts come from the plan, names of statuses and states from smpp
    ("report", &["kit", "smpp", "measure", "plan", "judge", "search", "conform"]),
    // names of statuses and states come from smpp
    ("watch", &["kit", "smpp", "measure", "plan", "judge"]),
    // the top of the house composes what it needs: its unused grants are not looked at
    (
        "cli",
        &[
            "kit",
            "smpp",
            "session",
            "correlate",
            "net",
            "measure",
            "plan",
            "smsc",
            "observe",
            "coordinator",
            "fleet",
            "judge",
            "trial",
            "search",
            "conform",
            "report",
            "watch",
        ],
    ),
    ("main", &["cli"]),
];

const TOP: [&str; 2] = ["cli", "main"];

/// Folders that must stay free of what does I/O or waits.
const PURE: [&str; 7] = ["smpp", "session", "correlate", "measure", "judge", "through", "report"];
const IMPURE: [&str; 5] = ["tokio::", "std::net", "std::fs", "socket2::", "nix::"];

const CLOCK_READS: [&str; 3] = ["Instant::now", "SystemTime::now", "clock_gettime"];
const FIELDS_MAX: usize = 16;
/// Structs that are tables of data: a row of a file, a section of a profile, flags, counters that are merged.
const TABLES_OF_DATA: [&str; 19] = [
    "cli/args/find.rs: FindArgs",
    "cli/args/overrides.rs: OverrideArgs",
    "judge/compare/comparison.rs: MetricComparison",
    "judge/health.rs: Health",
    "measure/interval.rs: Interval",
    "measure/record.rs: RunRecord",
    "measure/row.rs: IntervalRow",
    "measure/through/books.rs: SubmitBooks",
    "plan/model.rs: Plan",
    "plan/overrides.rs: Overrides",
    "plan/model/message.rs: Message",
    "plan/profile.rs: Profile",
    "report/document/figures.rs: LatencyRow",
    "report/document/interval.rs: IntervalRow",
    "report/document/ledger.rs: Receipts",
    "report/document/mod.rs: Document",
    "search/document.rs: Search",
    "search/document.rs: TrialRow",
    "watch/metrics/snapshot.rs: Snapshot",
];
/// Structs that do too much and are still to be divided.
const STATES_STANDING: [&str; 1] = ["coordinator/run_controller.rs: RunController"];
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// One source file.
struct File {
    /// From `src/`.
    name: String,
    /// The folder of the house it is in.
    module: String,
    /// How deep its module is.
    depth: usize,
    lines_count: usize,
    /// Blanked, without test code.
    code: String,
    /// True where all of it is test code.
    is_test: bool,
}

fn house() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let mut test_files: BTreeSet<PathBuf> = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        let (code, tests) = scan::without_tests(&scan::blank(&source));
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = match stem {
            "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
            _ => path.with_extension(""),
        };
        test_files.extend(tests.iter().map(|t| folder.join(format!("{t}.rs"))));
        test_files.extend(tests.iter().map(|t| folder.join(t).join("mod.rs")));
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let module = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let depth = match stem {
            "lib" | "main" => 0,
            "mod" => name.matches('/').count(),
            _ => name.matches('/').count() + 1,
        };
        let lines_count = source.lines().count();
        files.push((path, File { name, module, depth, lines_count, code, is_test: false }));
    }
    files
        .into_iter()
        .map(|(path, file)| File { is_test: test_files.contains(&path), ..file })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn grants(module: &str) -> &'static [&'static str] {
    HOUSE.iter().find(|h| h.0 == module).map_or(&[], |h| h.1)
}

/// Whether `grant` covers the path.
fn covers(grant: &str, path: &[String]) -> bool {
    grant.split("::").zip(path.iter().map(String::as_str).chain([""; 2])).all(|(g, p)| g == p)
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// (file, module, path) of every import across folders.
fn arrows(files: &[File]) -> Vec<(String, String, Vec<String>)> {
    let known = |name: &str| HOUSE.iter().any(|h| h.0 == name);
    let mut arrows = Vec::new();
    for file in files.iter().filter(|f| !f.is_test && f.module != "lib") {
        let paths = scan::root_paths(&file.code, file.depth);
        for path in paths.into_iter().filter(|p| p[0] != file.module && known(&p[0])) {
            arrows.push((file.name.clone(), file.module.clone(), path));
        }
    }
    arrows
}

#[test]
fn every_folder_has_its_place_in_the_house() {
    let files = house();
    let strangers: Vec<String> = files
        .iter()
        .filter(|f| f.module != "lib" && !HOUSE.iter().any(|h| h.0 == f.module))
        .map(|f| format!("src/{}: {} is not in the table of the house", f.name, f.module))
        .collect();
    none(&strangers);
}

#[test]
fn no_folder_imports_what_the_house_does_not_grant() {
    let faults: Vec<String> = arrows(&house())
        .into_iter()
        .filter(|(_, module, path)| !grants(module).iter().any(|g| covers(g, path)))
        .map(|(file, module, path)| {
            format!("src/{file}: {module} may not import {}", path.join("::"))
        })
        .collect();
    none(&faults);
}

#[test]
fn every_grant_is_used() {
    let files = house();
    let arrows = arrows(&files);
    let exists = |name: &str| files.iter().any(|f| f.module == name);
    let mut faults = Vec::new();
    for (module, granted) in HOUSE.iter().filter(|h| exists(h.0) && !TOP.contains(&h.0)) {
        for grant in *granted {
            let target = grant.split("::").next().unwrap_or(grant);
            // the parts of one folder are alternatives: any of them will do
            let parts: Vec<&&str> =
                granted.iter().filter(|g| g.split("::").next() == Some(target)).collect();
            let used = arrows
                .iter()
                .any(|(_, from, path)| from == module && parts.iter().any(|g| covers(g, path)));
            if exists(target) && !used {
                faults.push(format!("{module} is granted {grant} and does not use it"));
            }
        }
    }
    none(&faults);
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let faults: Vec<String> = house()
        .iter()
        .filter(|f| f.lines_count > FILE_LINES_MAX)
        .map(|f| format!("src/{}: {} lines", f.name, f.lines_count))
        .collect();
    none(&faults);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let mut faults = Vec::new();
    for file in house().iter().filter(|f| !f.is_test) {
        for (name, line, lines) in scan::functions(&file.code) {
            if lines > FUNCTION_LINES_MAX {
                faults
                    .push(format!("src/{}: {name} (about line {line}): {lines} lines", file.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn no_files_of_a_folder_import_one_another_in_a_ring() {
    let files = house();
    let faults: Vec<String> = rings::Modules::new(&files)
        .rings()
        .iter()
        .map(|ring| format!("a ring in src/:\n    {}", ring.join("\n    ")))
        .collect();
    none(&faults);
}

#[test]
fn no_error_of_production_code_is_a_string() {
    let mut faults = Vec::new();
    for file in house().iter().filter(|f| !f.is_test) {
        for (number, line) in scan::results_with_string(&file.code) {
            faults.push(format!("src/{}:{number}: {line}: an error is a type", file.name));
        }
    }
    none(&faults);
}

#[test]
fn no_struct_has_more_than_16_fields() {
    let mut faults = Vec::new();
    let mut known: BTreeSet<&str> = TABLES_OF_DATA.into_iter().chain(STATES_STANDING).collect();
    for file in house().iter().filter(|f| !f.is_test) {
        let structs = scan::structs(&file.code);
        for (name, line, count) in structs.into_iter().filter(|s| s.2 > FIELDS_MAX) {
            if !known.remove(format!("{}: {name}", file.name).as_str()) {
                faults.push(format!("src/{}:{line}: {name} has {count} fields", file.name));
            }
        }
    }
    faults.extend(known.iter().map(|one| format!("src/{one} has {FIELDS_MAX} fields or fewer")));
    none(&faults);
}

#[test]
fn only_the_clock_reads_the_clock() {
    let mut faults = Vec::new();
    for file in house().iter().filter(|f| !f.is_test && f.name != "kit/clock.rs") {
        for read in CLOCK_READS.iter().filter(|read| file.code.contains(**read)) {
            faults.push(format!("src/{}: {read}: take `now` as an argument", file.name));
        }
    }
    none(&faults);
}

#[test]
fn pure_folders_do_no_io() {
    let mut faults = Vec::new();
    for file in house().iter().filter(|f| !f.is_test && PURE.contains(&f.module.as_str())) {
        for word in IMPURE.iter().filter(|word| file.code.contains(**word)) {
            faults.push(format!("src/{}: {word} has no place in {}", file.name, file.module));
        }
    }
    none(&faults);
}

#[test]
fn the_page_on_the_design_grants_what_the_house_grants() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut faults = Vec::new();
    for (room, granted) in HOUSE.iter().filter(|h| !TOP.contains(&h.0)) {
        let rows = page.lines().filter(|line| line.starts_with(&format!("| `{room}` ")));
        let told: Vec<&str> = rows.filter_map(|line| line.rsplit(" | ").next()).collect();
        let wanted = if granted.is_empty() { "–".to_owned() } else { granted.join(" ") };
        if told != [format!("{wanted} |")] {
            faults.push(format!("docs/design.md: {room} imports {wanted}, and not {told:?}"));
        }
    }
    none(&faults);
}

#[test]
fn every_citation_of_the_book_names_a_page_and_a_heading_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let texts = citations::texts(root);
    let faults = texts.iter().flat_map(|text| citations::faults_of_citations(text, &read));
    none(&faults.collect::<Vec<_>>());
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let exists = |path: &Path| root.join(path).exists();
    let texts = citations::texts(root);
    let pages = texts.iter().filter(|text| text.is_page());
    let faults = pages.flat_map(|page| citations::faults_of_links(page, &read, &exists));
    none(&faults.collect::<Vec<_>>());
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let exists = |path: &Path| root.join(path).exists();
    let texts = citations::texts(root);
    let pages = texts.iter().filter(|text| text.is_page() && text.is_of_today());
    none(&pages.flat_map(|page| citations::faults_of_paths(page, &exists)).collect::<Vec<_>>());
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    none(&citations::pages_left_out(&citations::texts(Path::new(env!("CARGO_MANIFEST_DIR")))));
}

#[test]
fn the_scanner_finds_paths_in_every_form_and_none_in_texts_comments_or_tests() {
    let source = r##"
        // use crate::comment::X;
        use crate::{kit::{Nanos, Rate as R}, smpp};
        pub(crate) fn f<'a>(c: char) -> &'a str { let q = '"'; let t = "crate::text::Y"; t }
        const RAW: &str = r#"crate::raw::"Z""#;
        fn g() { crate::measure::Tally::default(); super::super::plan::x(); super::own(); }
        #[cfg(test)]
        mod tests { use crate::esme::Core; fn h() { if true {} } }
        #[cfg(test)]
        mod sample;
        use crate::judge::*;
    "##;
    let (code, tests) = scan::without_tests(&scan::blank(source));
    let paths: BTreeSet<String> = scan::root_paths(&code, 2).iter().map(|p| p.join("::")).collect();
    let wanted: BTreeSet<String> =
        ["kit::Nanos", "kit::Rate", "smpp", "measure::Tally::default", "plan::x", "judge::*"]
            .map(str::to_owned)
            .into();
    assert_eq!(paths, wanted);
    assert_eq!(tests, ["sample"]);
}

#[test]
fn the_scanner_counts_the_lines_of_functions_and_skips_function_pointers() {
    let code = "struct S { f: fn (u8) -> u8 }\nfn a() {}\nfn b(x: [u8; 2])\n{\n  {\n  }\n}\ntrait T { fn c(); }\n";
    let found = scan::functions(code);
    assert_eq!(found, [("a".to_owned(), 2, 1), ("b".to_owned(), 3, 5)]);
}

#[test]
fn a_part_of_a_folder_is_granted_without_the_rest() {
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    assert!(covers("plan::behaviour", &path("plan::behaviour::Behaviour")));
    assert!(!covers("plan::behaviour", &path("plan::Plan")));
    assert!(!covers("plan::behaviour", &path("plan")));
    assert!(covers("kit", &path("kit::Nanos")));
}
