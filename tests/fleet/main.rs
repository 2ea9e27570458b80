//! Fleets of real processes over a real NATS server, against one simulator: the sum is exact, and whatever vanishes
//! is accounted for.
#![cfg(feature = "nats")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and is skipped aloud"
)]
mod by_hand;
mod common;

use common::{BEHAVIOUR, World, number, pester, profile, says, until};
use std::time::Duration;

#[test]
fn one_two_and_four_agents_carry_the_exact_schedule_and_balance_with_the_simulators_tally() {
    for agents in [1, 2, 4] {
        let Some(mut world) = World::new(&[]) else { return };
        world.start_smsc(BEHAVIOUR);
        world.add_agents(&["a1", "a2", "a3", "a4"][..agents]);
        let output = world.lead(&["run"], &profile(400, 3, ""), agents).output().unwrap();
        assert!(output.status.success(), "{}", says(&output));
        let (result, tally) = (world.result(), world.tally());
        let ledger = &result["ledger"];
        assert_eq!(number(ledger, "planned"), 1_200);
        assert_eq!(number(ledger, "written"), number(&tally, "submits/received"));
        assert_eq!(number(ledger, "accepted"), number(&tally, "submits/accepted"));
        assert_eq!(number(ledger, "receipts/final"), 1_200, "{}", ledger["receipts"]);
        assert_eq!(number(ledger, "receipts/final"), number(&tally, "receipts/by_state/DELIVRD"));
        assert_eq!(number(ledger, "receipts/unknown"), 0);
        assert_eq!(ledger["balanced"], true, "{}", result["books"]);
        // a histogram of all, and each of its samples once
        for metric in ["response", "service", "receipt"] {
            assert_eq!(number(&result, &format!("latency/{metric}/count")), 1_200, "{metric}");
        }
        let fleet = &result["fleet"];
        assert_eq!(fleet["agents"].as_array().unwrap().len(), agents);
        // receipts come by the next bind: with two agents and more that is another one's
        assert_eq!(number(fleet, "receipts_crossed") > 0, agents > 1, "{fleet}");
        let sessions = result["sessions"].as_array().unwrap();
        let ids: Vec<_> = sessions.iter().map(|s| s["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, (0..8).collect::<Vec<u64>>());
        for agent in fleet["agents"].as_array().unwrap() {
            assert!(number(agent, "clock/before/uncertainty_ns") < 10_000_000, "{agent}");
            assert!(number(agent, "clock/after/uncertainty_ns") < 10_000_000, "{agent}");
            assert!(number(agent, "report_octets_max") < 128 * 1024, "{agent}");
            assert_eq!(agent["state"], "complete");
            assert!(agent["environment"]["kernel"].is_string());
        }
        let text = says(&output);
        assert!(text.contains(&format!("{agents} agents: a1 on ")), "{text}");
    }
}

#[test]
fn messages_of_several_parts_are_whole_though_their_parts_travel_by_several_agents() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    world.add_agents(&["a1", "a2"]);
    let long = "x".repeat(300);
    let more = format!("messages = [{{ label = \"long\", text = \"{long}\", long = \"udh8\" }}]\n");
    let output = world.lead(&["run"], &profile(150, 3, &more), 2).output().unwrap();
    assert!(output.status.success(), "{}", says(&output));
    let messages = &world.result()["messages"];
    assert_eq!(number(messages, "planned"), 225, "{messages}");
    assert_eq!(number(messages, "partial"), 0, "{messages}");
    assert_eq!(number(messages, "complete"), number(messages, "planned"), "{messages}");
    assert_eq!(number(messages, "delivered"), number(messages, "planned"), "{messages}");
}

#[test]
fn an_agent_that_is_killed_is_named_its_share_is_accounted_for_and_the_rest_goes_on() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    world.add_agents(&["a1", "a2"]);
    let lead = world.lead(&["run"], &profile(200, 12, ""), 2).spawn().unwrap();
    world.wait_for_submits(600);
    world.agents.remove(1);
    let output = lead.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", says(&output));
    let (result, tally) = (world.result(), world.tally());
    let ledger = &result["ledger"];
    assert_eq!(ledger["balanced"], true, "{}", result["books"]);
    assert_eq!(number(ledger, "planned"), 2_400);
    assert!(number(ledger, "unsent") > 100 && number(ledger, "lost") > 0, "{ledger}");
    // what the simulator saw lies between what was answered and what may have been written
    let submits = number(&tally, "submits/received");
    let answered = number(ledger, "accepted");
    assert!(answered <= submits && submits <= number(ledger, "written"), "{submits} {ledger}");
    assert_ne!(result["verdict"]["harness"]["state"], "valid");
    let lost = &result["fleet"]["agents"][1];
    assert_eq!((lost["name"].as_str(), lost["state"].as_str()), (Some("a2"), Some("lost")));
    assert!(says(&output).contains("agent a2 stopped responding at "), "{}", says(&output));
    let html = world.read("out/report.html");
    assert!(html.contains("stopped responding at "));
}

#[test]
fn where_the_profile_says_so_a_lost_agent_ends_the_run_with_exit_6() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    world.add_agents(&["a1", "a2"]);
    let profile = profile(200, 30, "fleet.on_agent_loss = \"stop\"\n");
    let lead = world.lead(&["run"], &profile, 2).spawn().unwrap();
    world.wait_for_submits(400);
    world.agents.remove(0);
    let output = lead.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", says(&output));
    let result = world.result();
    assert_eq!(result["window"]["cut_reason"], "agent lost: a1 stopped responding");
    assert_eq!(result["ledger"]["balanced"], true, "{}", result["books"]);
}

#[test]
fn agents_whose_lead_is_killed_drain_unbind_and_wait_for_the_next() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    world.add_agents(&["a1", "a2"]);
    let mut lead = world.lead(&["run"], &profile(100, 60, ""), 2).spawn().unwrap();
    world.wait_for_submits(200);
    lead.kill().unwrap();
    lead.wait().unwrap();
    for name in ["a1.log", "a2.log"] {
        until("an agent to unbind", Duration::from_secs(40), || {
            world.read(name).contains("drained and unbound").then_some(())
        });
    }
    let output = world.lead(&["run"], &profile(100, 1, ""), 2).output().unwrap();
    assert!(output.status.success(), "{}", says(&output));
}

#[test]
fn a_nats_server_that_is_killed_and_comes_back_costs_nothing() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    world.add_agents(&["a1", "a2"]);
    let lead = world.lead(&["run"], &profile(200, 8, ""), 2).spawn().unwrap();
    world.wait_for_submits(400);
    world.restart_nats(Duration::from_millis(2_500));
    let output = lead.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", says(&output));
    let (result, tally) = (world.result(), world.tally());
    let ledger = &result["ledger"];
    assert_eq!(ledger["balanced"], true, "{}", result["books"]);
    assert_eq!(number(ledger, "planned"), 1_600);
    assert_eq!(number(ledger, "accepted"), number(&tally, "submits/accepted"));
    assert_eq!(number(ledger, "receipts/final"), 1_600);
    assert_eq!(number(ledger, "receipts/unknown"), 0);
    assert_eq!(number(&result, "latency/response/count"), 1_600);
}

#[test]
fn an_agent_that_stands_still_for_a_while_is_waited_for_and_nothing_is_counted_twice() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    world.add_agents(&["a1", "a2"]);
    let lead = world.lead(&["run"], &profile(200, 6, ""), 2).spawn().unwrap();
    world.wait_for_submits(300);
    world.agents[0].signal("-STOP");
    std::thread::sleep(Duration::from_millis(2_000));
    world.agents[0].signal("-CONT");
    let output = lead.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", says(&output));
    let (result, tally) = (world.result(), world.tally());
    let ledger = &result["ledger"];
    assert_eq!(ledger["balanced"], true, "{}", result["books"]);
    assert_eq!(number(ledger, "planned"), 1_200);
    assert_eq!(number(ledger, "accepted"), number(&tally, "submits/accepted"));
    assert_eq!(result["fleet"]["agents"][0]["state"], "complete");
}

#[test]
fn a_duel_at_once_and_a_search_are_led_like_a_run() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(
        r#"
        response.latency = "2ms"
        [limits]
        rate = 300
        scope = "all"
    "#,
    );
    world.add_agents(&["a1", "a2"]);
    let more = "receipts.deadline = \"2s\"\n";
    let profile = profile(50, 4, "").replace("receipts.deadline = \"8s\"\n", more);
    let duel =
        ["duel", "--simultaneous", "--a", "receipts.deadline=2s", "--b", "receipts.deadline=3s"];
    let output = world.lead(&duel, &profile, 2).output().unwrap();
    assert!(output.status.success(), "{}", says(&output));
    let mut find = world.lead(&["find", "rate"], &profile, 2);
    find.args(["--rate", "100", "--max-rate", "200", "--width", "20%", "--max-trials", "6"]);
    let output = find.output().unwrap();
    assert!(world.path("out/search.json").exists(), "{}", says(&output));
    let search = world.read("out/search.json");
    assert!(search.contains("\"trials\""), "{search}");
}

#[test]
fn a_fleet_that_cannot_run_a_plan_is_one_line_and_nothing_is_sent() {
    let Some(mut world) = World::new(&[]) else { return };
    world.start_smsc(BEHAVIOUR);
    let refused = |world: &World, output: std::process::Output, code: i32, line: &str| {
        let says = says(&output);
        assert_eq!(output.status.code(), Some(code), "{says}");
        assert!(says.contains(line), "{says}");
        let told = says.lines().filter(|l| !l.contains("waiting for") && !l.contains("warning"));
        assert_eq!(told.count(), 1, "{says}");
        assert!(!world.path("out/result.json").exists());
    };
    let plan = profile(10, 1, "");
    let timeout = |mut command: std::process::Command| {
        command.args(["--set", "load.workers=1"]);
        command.output().unwrap()
    };
    // too few
    world.add_agents(&["a1"]);
    let output = timeout(world.lead(&["run"], &plan, 3));
    refused(&world, output, 3, "need 3 agents, 1 joined (a1) within 5 s");
    // two of one name
    let twin = common::Process(world.agent_command("a1").spawn().unwrap());
    std::thread::sleep(Duration::from_millis(500));
    let output = timeout(world.lead(&["run"], &plan, 2));
    refused(&world, output, 3, "two agents are named a1");
    drop(twin);
    // fewer binds than agents
    let output = timeout(world.lead(&["run"], &plan.replace("count = 8", "count = 1"), 1));
    assert!(output.status.success(), "{}", says(&output));
    std::fs::remove_dir_all(world.path("out")).unwrap();
    // an embedded target
    let mut embedded = common::bin();
    embedded.args(["run", "--nats", &world.url, "--agents", "1", "--live", "off"]);
    let output = embedded.output().unwrap();
    refused(&world, output, 2, "\"embedded\" is a simulator in this process");
    // an agent's own guard
    let mut off = common::bin();
    off.args(["run", "--target", "192.0.2.7:2775", "--allow-target", "192.0.2.7:2775"]);
    off.args(["--max-messages", "10", "--rate", "1", "--duration", "1s", "--nats", &world.url]);
    off.args(["--agents", "1", "--live", "off", "--out"]).arg(world.path("off"));
    let output = off.output().unwrap();
    let line = "agent a1: 192.0.2.7:2775 is not loopback, and this agent was not started with --allow-target";
    refused(&world, output, 2, line);
    // another version of the protocol
    let message =
        r#"{"proto":"3.0","who":{"id":"9","name":"new","version":"9.9.9"},"kind":"join"}"#;
    let lead = world.lead(&["run"], &plan, 2).spawn().unwrap();
    pester(&world.url, "smppbench.default.join", message);
    let output = lead.wait_with_output().unwrap();
    refused(&world, output, 3, "new uses protocol 3.0 (smppbench 9.9.9), this one 2.");
    let submits = world.tally();
    // one run of ten messages was let through above
    assert_eq!(number(&submits, "submits/received"), 10);
}

#[test]
fn without_nats_or_with_wrong_credentials_one_line_says_so_and_no_secret_shows() {
    let Some(mut world) = World::new(&["--user", "bench", "--pass", "hush-hush"]) else { return };
    world.target = "127.0.0.1:1".to_owned();
    let plan = profile(10, 1, "");
    let output = world.lead(&["run"], &plan, 1).output().unwrap();
    let text = says(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("NATS does not accept these credentials"), "{text}");
    // the agent alike; and a password in its URL is refused, and not shown
    let output = common::bin().args(["agent", "--nats", &world.url]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", says(&output));
    let url = world.url.replace("nats://", "nats://bench:wrong-hush@");
    let output = common::bin().args(["agent", "--nats", &url]).output().unwrap();
    let text = says(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("nats://***@127.0.0.1") && !text.contains("wrong-hush"), "{text}");
    // right, by file and by environment: an agent is let in, and so is the lead
    std::fs::write(world.path("auth"), "bench:hush-hush\n").unwrap();
    let mut agent = world.agent_command("a1");
    agent.arg("--nats-auth").arg(world.path("auth"));
    world.agents.push(common::Process(agent.spawn().unwrap()));
    until("the agent", Duration::from_secs(20), || {
        world.read("a1.log").contains("waits for work").then_some(())
    });
    world.start_smsc(BEHAVIOUR);
    let mut lead = world.lead(&["run"], &plan, 1);
    lead.env("SMPPBENCH_NATS_USER", "bench").env("SMPPBENCH_NATS_PASSWORD", "hush-hush");
    let output = lead.output().unwrap();
    assert!(output.status.success(), "{}", says(&output));
    for file in ["result.json", "report.html", "summary.md", "intervals.csv"] {
        assert!(!world.read(&format!("out/{file}")).contains("hush-hush"), "{file}");
    }
    assert!(!says(&output).contains("hush-hush") && !world.read("a1.log").contains("hush-hush"));
    // no NATS at all
    world.nats = None;
    let output = world.lead(&["run"], &plan, 1).output().unwrap();
    let text = says(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("no connection to NATS at nats://127.0.0.1"), "{text}");
}
