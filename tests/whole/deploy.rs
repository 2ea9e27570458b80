//! What `deploy/` lays out is what the program takes, and gives no more than it must.
#![cfg(feature = "nats")]
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const IMAGE: &str = "smppbench:VERSION";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// All objects of both manifests.
fn objects() -> Vec<Value> {
    let mut all = Vec::new();
    for file in ["fleet.json", "lead.json"] {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        let list: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&list["apiVersion"], &list["kind"]), (&"v1".into(), &"List".into()), "{file}");
        all.extend(list["items"].as_array().unwrap().iter().cloned());
    }
    all
}

fn one(kind: &str, name: &str) -> Value {
    let found = objects().into_iter().find(|o| o["kind"] == kind && o["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The pods that the manifests make.
fn pods() -> Vec<Value> {
    let templates = objects().into_iter().map(|o| o["spec"]["template"]["spec"].clone());
    templates.filter(|pod| !pod.is_null()).collect()
}

fn containers(pod: &Value) -> &Vec<Value> {
    assert!(pod["initContainers"].is_null());
    pod["containers"].as_array().unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

fn smppbench(arguments: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smppbench"));
    command.env("NO_COLOR", "1").env("SMPP_PASSWORD", "of-this-test");
    command.env("SMPPBENCH_NATS_USER", "bench").env("SMPPBENCH_NATS_PASSWORD", "of-this-test");
    command.args(arguments).output().unwrap()
}

fn says(output: &Output) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// The arguments of our containers.
fn argument_lists() -> Vec<Vec<String>> {
    let all = pods().into_iter().flat_map(|pod| containers(&pod).clone());
    let lists: Vec<_> = all.filter(|c| c["image"] == IMAGE).map(|c| strings(&c["args"])).collect();
    assert_eq!(lists.len(), 2);
    lists
}

/// What follows a flag.
fn after(arguments: &[String], flag: &str) -> String {
    let at = arguments.iter().position(|a| a == flag).unwrap_or_else(|| panic!("no {flag}"));
    arguments[at + 1].clone()
}

fn profile() -> String {
    one("ConfigMap", "smppbench-profile")["data"]["profile.toml"].as_str().unwrap().to_owned()
}

#[test]
fn every_flag_in_the_manifests_is_in_the_programs_help_and_none_is_a_password() {
    for list in argument_lists() {
        let help = says(&smppbench(&[list[0].clone(), "--help".to_owned()]));
        for flag in list.iter().filter(|a| a.starts_with('-')) {
            let known = help.split([' ', '\n', ',']).any(|word| word == flag);
            assert!(known, "{flag} is no flag of {}", list[0]);
        }
        for argument in &list {
            let lower = argument.to_lowercase();
            assert!(!lower.contains("pass") && !argument.contains('@'), "{argument}");
        }
    }
}

#[test]
fn the_program_takes_the_arguments_and_gets_as_far_as_nats() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("profile.toml");
    std::fs::write(&file, profile()).unwrap();
    for list in argument_lists() {
        let mut list = list;
        for argument in &mut list {
            if argument.starts_with("nats://") {
                *argument = "nats://127.0.0.1:1".to_owned();
            } else if argument == "/etc/smppbench/profile.toml" {
                *argument = file.to_str().unwrap().to_owned();
            } else if argument == "0.0.0.0:9464" {
                *argument = "127.0.0.1:0".to_owned();
            }
        }
        let output = smppbench(&list);
        let text = says(&output);
        assert_eq!(output.status.code(), Some(3), "{list:?}: {text}");
        assert!(text.contains("no connection to NATS at nats://127.0.0.1:1"), "{text}");
        assert!(!text.contains("of-this-test"), "{text}");
    }
}

#[test]
fn the_profile_fits_the_agents() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("profile.toml");
    std::fs::write(&file, profile()).unwrap();
    let checked = smppbench(&["check".to_owned(), file.to_str().unwrap().to_owned()]);
    assert!(checked.status.success(), "{}", says(&checked));
    let lists = argument_lists();
    let (agent, lead) = (&lists[0], &lists[1]);
    let target = format!("address = \"{}\"", after(agent, "--allow-target"));
    assert!(profile().contains(&target), "{target}");
    assert_eq!(after(agent, "--nats"), after(lead, "--nats"));
    let job = one("Job", "smppbench-agents");
    let agents: u64 = after(lead, "--agents").parse().unwrap();
    assert_eq!(job["spec"]["completionMode"], "Indexed");
    assert_eq!(job["spec"]["completions"], agents);
    assert_eq!(job["spec"]["parallelism"], agents);
    assert!(after(agent, "--name").contains("$(JOB_COMPLETION_INDEX)"));
    // a lead that failed is not sent off again: its messages were sent
    let lead = &one("Job", "smppbench-lead")["spec"];
    assert_eq!(lead["backoffLimit"], 0);
    assert_eq!(lead["template"]["spec"]["restartPolicy"], "Never");
}

#[test]
fn no_container_is_root_or_may_become_it_and_none_writes_outside_its_volumes() {
    assert_eq!(pods().len(), 3);
    for pod in pods() {
        assert_eq!(pod["automountServiceAccountToken"], false);
        let all = &pod["securityContext"];
        assert_eq!(all["runAsNonRoot"], true);
        assert!(all["runAsUser"].as_u64().unwrap() > 0);
        assert_eq!(all["seccompProfile"]["type"], "RuntimeDefault");
        for host in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(pod[host].is_null(), "{host}");
        }
        for container in containers(&pod) {
            let own = &container["securityContext"];
            assert_eq!(own["runAsNonRoot"], true);
            assert_eq!(own["readOnlyRootFilesystem"], true);
            assert_eq!(own["allowPrivilegeEscalation"], false);
            assert_eq!(own["capabilities"]["drop"], serde_json::json!(["ALL"]));
            assert!(own["privileged"].is_null() && own["capabilities"]["add"].is_null());
            assert!(container["resources"]["requests"]["cpu"].is_string());
            assert!(container["resources"]["limits"]["memory"].is_string());
        }
        for volume in pod["volumes"].as_array().unwrap() {
            assert!(volume["hostPath"].is_null());
        }
    }
}

#[test]
fn passwords_come_from_secrets_that_are_not_here_and_all_else_that_is_named_is() {
    let there: BTreeSet<(String, String)> = objects()
        .iter()
        .map(|o| (o["kind"].as_str().unwrap(), o["metadata"]["name"].as_str().unwrap()))
        .map(|(kind, name)| (kind.to_owned(), name.to_owned()))
        .collect();
    assert!(there.iter().all(|(kind, _)| kind != "Secret"));
    for pod in pods() {
        for container in containers(&pod) {
            for variable in container["env"].as_array().unwrap() {
                let name = variable["name"].as_str().unwrap();
                if name.contains("PASSWORD") || name.contains("USER") {
                    assert!(variable["value"].is_null(), "{name}");
                    assert!(variable["valueFrom"]["secretKeyRef"]["key"].is_string(), "{name}");
                }
            }
        }
        for volume in pod["volumes"].as_array().unwrap() {
            for (kind, name) in [
                ("ConfigMap", &volume["configMap"]["name"]),
                ("PersistentVolumeClaim", &volume["persistentVolumeClaim"]["claimName"]),
            ] {
                let Some(name) = name.as_str() else { continue };
                assert!(there.contains(&(kind.to_owned(), name.to_owned())), "{kind} {name}");
            }
        }
    }
}

#[test]
fn the_image_is_made_of_what_is_here_by_nobody_in_particular_and_holds_no_secret() {
    let text = std::fs::read_to_string(folder().join("Containerfile")).unwrap();
    assert!(text.contains("cargo build --release --locked"));
    let root = folder().parent().unwrap().to_owned();
    let copied =
        text.lines().filter_map(|l| l.strip_prefix("COPY ")).filter(|l| !l.starts_with("--from"));
    let sources: Vec<&str> =
        copied.flat_map(|l| l.rsplit_once(' ').unwrap().0.split(' ')).collect();
    assert!(sources.len() >= 4, "{sources:?}");
    for source in sources {
        assert!(source != "." && root.join(source).exists(), "{source}");
    }
    let last = text.rsplit_once("\nFROM ").unwrap().1;
    let user = last.lines().find_map(|l| l.strip_prefix("USER ")).unwrap();
    assert_ne!(user.split(':').next().unwrap().parse::<u32>().unwrap(), 0);
    assert!(!text.lines().any(|l| !l.starts_with('#') && l.to_lowercase().contains("password")));
}

#[test]
fn the_script_for_bare_hosts_is_well_formed_and_takes_no_password_in_a_url() {
    let script = folder().join("by-hand.sh");
    assert!(Command::new("bash").arg("-n").arg(&script).status().unwrap().success());
    let none = Command::new(&script).env_remove("NATS").output().unwrap();
    assert_eq!(none.status.code(), Some(2), "{}", says(&none));
    let mut with = Command::new(&script);
    with.args(["host.invalid", "--", "run"]).env("NATS", "nats://bench:hush-hush@127.0.0.1:4222");
    let output = with.output().unwrap();
    let text = says(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("use NATS_AUTH") && !text.contains("hush-hush"), "{text}");
}
