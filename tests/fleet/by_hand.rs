//! `deploy/by-hand.sh` against hosts that are folders: ssh and systemd are stand-ins, all else is real.
use crate::common::{BEHAVIOUR, World, profile, says};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs here what is meant for a host, with a home of that host's.
const SSH: &str = r#"#!/bin/bash
while [ "${1#-}" != "$1" ]; do [ "$1" = -o ] && shift; shift; done
export HOME=$HOSTS/$1; mkdir -p "$HOME"; cd "$HOME"; shift
exec bash -c "$*"
"#;
const SYSTEMD_RUN: &str = r#"#!/bin/bash
echo "$*" >>"$HOME/said"
while [ "$1" != -- ]; do
    case $1 in
        --unit=*) unit=${1#*=} ;;
        --property=EnvironmentFile=*) set -a; . "${1#*EnvironmentFile=}"; set +a ;;
    esac
    shift
done
shift
setsid "$@" >"$HOME/log" 2>&1 </dev/null &
echo $! >"$HOME/$unit.pid"
"#;
const SYSTEMCTL: &str = r#"#!/bin/bash
id=$(cat "$HOME/$3.pid")
kill "$id"
for _ in $(seq 300); do kill -0 "$id" 2>/dev/null || break; sleep 0.1; done
kill -0 "$id" 2>/dev/null || echo stopped >>"$HOME/said"
"#;

fn program(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn agents_by_hand_do_a_run_and_nothing_of_them_is_left_on_their_hosts() {
    let Some(mut world) = World::new(&["--user", "bench", "--pass", "hush-hush"]) else { return };
    world.start_smsc(BEHAVIOUR);
    let (fakes, hosts) = (world.path("fakes"), world.path("hosts"));
    std::fs::create_dir(&fakes).unwrap();
    for (name, text) in [("ssh", SSH), ("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)] {
        program(&fakes, name, text);
    }
    std::fs::write(world.path("auth"), "bench:hush-hush\n").unwrap();
    std::fs::write(world.path("secrets"), "SMPP_PASSWORD=sesame-7\n").unwrap();
    let account = "accounts = [{ system_id = \"test\", password_env = \"SMPP_PASSWORD\" }]\n";
    std::fs::write(world.path("plan.toml"), profile(100, 1, account)).unwrap();
    let path = format!("{}:{}", fakes.display(), std::env::var("PATH").unwrap());
    let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/by-hand.sh"));
    script.env("PATH", path).env("HOSTS", &hosts).env("NATS", &world.url).env("NO_COLOR", "1");
    script.env("SMPPBENCH", env!("CARGO_BIN_EXE_smppbench")).env("TARGET", &world.target);
    script.env("NATS_AUTH", world.path("auth")).env("SECRETS", world.path("secrets"));
    script.args(["h1", "me@h2", "--", "run"]).arg(world.path("plan.toml"));
    script.args(["--live", "off", "--target", &world.target, "--out"]).arg(world.path("out"));
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", says(&output));
    assert_eq!(world.result()["ledger"]["balanced"], true);
    for (folder, name) in [("h1", "h1"), ("me@h2", "h2")] {
        let said = world.read(&format!("hosts/{folder}/said"));
        assert!(said.contains("--property=LimitNOFILE=1048576"), "{said}");
        assert!(said.contains(&format!("--name {name} --allow-target {}", world.target)), "{said}");
        assert!(said.ends_with("stopped\n"), "{said}");
        assert!(!said.contains("hush-hush") && !said.contains("sesame-7"), "{said}");
        let left = std::fs::read_dir(hosts.join(folder).join(".cache")).unwrap().count();
        assert_eq!(left, 0, "{folder}");
    }
    let text = says(&output) + &world.read("out/result.json");
    assert!(!text.contains("hush-hush") && !text.contains("sesame-7"));
}
