//! A profile lists every function with the right number of runs, and changes no other figure.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{CAPTURE, capture, market_data, stderr};

fn stdout(args: &[&str]) -> String {
    let output = market_data(args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the JSON object of a run, and its profile: the number of runs by name, over all threads.
fn profiled(args: &[&str]) -> (Value, BTreeMap<String, u64>) {
    let mut result: Value = serde_json::from_str(&stdout(&[args, &["--json"]].concat())).unwrap();
    let profile = result.as_object_mut().unwrap().remove("profile").unwrap_or_default();
    let threads = profile.as_array().map(Vec::as_slice).unwrap_or_default();
    let meters = threads.iter().flat_map(|thread| thread["handlers"].as_array().unwrap());
    let runs = |meter: &Value| {
        assert_eq!(meter["runs"], meter["timed"], "{meter}");
        (meter["name"].as_str().unwrap().to_owned(), meter["runs"].as_u64().unwrap())
    };
    (result, meters.map(runs).collect())
}

/// Returns the figures without timings.
fn figures(mut result: Value) -> Value {
    let keys = result.as_object_mut().unwrap();
    ["events_per_sec", "latency_ns", "threads"].iter().for_each(|key| _ = keys.remove(*key));
    result
}

/// Returns the functions of a plan in JSON, in order, and moves their notes to `notes`.
fn functions(plan: &mut Value, notes: &mut Vec<String>) -> Vec<String> {
    if let Some(name) = plan.get("function") {
        let name = name.as_str().unwrap().to_owned();
        notes.extend(plan.as_object_mut().unwrap().remove("note").map(|note| note.as_str().unwrap().to_owned()));
        return vec![name];
    }
    plan["nodes"].as_array_mut().unwrap().iter_mut().flat_map(|node| functions(node, notes)).collect()
}

/// Returns the plan and its functions.
fn plan() -> (Value, Vec<String>) {
    let mut plan = serde_json::from_str(&stdout(&["--plan", "json"])).unwrap();
    let functions = functions(&mut plan, &mut Vec::new());
    (plan, functions)
}

/// Returns a name without the number that the profile adds to repeated functions.
fn base(name: &str) -> &str {
    name.split(" #").next().unwrap()
}

#[test]
fn every_function_ran_as_often_as_the_report_says() {
    let [one, two] = ["1", "2"].map(|threads| profiled(&["--profile", "--threads", threads]));
    assert_eq!(one.1, two.1);
    assert_eq!(figures(one.0.clone()), figures(two.0));
    let (result, runs) = one;
    let at = |key: &str| result[key].as_u64().unwrap();

    // The first diffs wait for the snapshot, so each is dispatched twice.
    let waited = 3;
    let dispatched = at("events") + waited;
    for (name, expected) in [
        ("decode_line", at("events") + at("bad_lines")),
        ("on_bad_line", at("bad_lines")),
        ("count", at("events")),
        ("on_trade", at("trade")),
        ("sum_up", at("trade") - at("duplicates")),
        ("draw", at("trade") - at("duplicates")),
        ("in_order", at("trade") - at("duplicates") - at("out_of_order")),
        ("on_ticker", at("book_ticker")),
        ("on_snapshot", at("snapshot")),
        ("apply", at("depth") + waited),
        ("on_skipped", at("depth") + waited - at("applied")),
        ("on_gap", at("applied")),
        ("check_top", at("applied")),
        ("changed_quote", dispatched),
        ("traded", dispatched),
        ("signal", dispatched),
        ("keep_spread", 2_854),
        ("compare_with_flow", 2_854),
    ] {
        assert_eq!(runs[name], expected, "{name}");
    }

    let mut listed: Vec<&str> = runs.keys().map(|name| base(name)).collect();
    let (_, mut planned) = plan();
    planned.push("close_bar".into());
    planned.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, planned, "all of the plan, and the timer");
}

#[test]
fn bad_lines_are_in_the_profile_too() {
    let file = tempdir().unwrap();
    let path = file.path().join("bad.txt").to_str().unwrap().to_owned();
    let lines: String = capture().lines().take(1_000).map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, format!("junk\n{lines}junk\n")).unwrap();
    for threads in ["1", "2"] {
        let (result, runs) = profiled(&["--input", &path, "--profile", "--threads", threads]);
        assert_eq!((result["bad_lines"].as_u64(), runs["on_bad_line"], runs["decode_line"]), (Some(2), 2, 1_002));
    }
}

#[test]
fn the_report_and_the_state_are_the_same_with_a_profile_and_without() {
    let directory = tempdir().unwrap();
    let place = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let mut all = Vec::new();
    for threads in ["1", "2"] {
        let [plain, measured] = ["plain", "measured"].map(|name| place(&format!("{name}{threads}")));
        all.push(figures(profiled(&["--threads", threads, "--journal", &plain]).0));
        all.push(figures(profiled(&["--threads", threads, "--journal", &measured, "--profile"]).0));
    }
    assert!(all[0]["journal"]["digest"].is_string(), "{}", all[0]);
    all.iter_mut().for_each(|figures| _ = figures["journal"].as_object_mut().unwrap().remove("bytes"));
    assert!(all.iter().all(|figures| *figures == all[0]), "{all:#?}");
    // A journal has no lines to decode.
    let (again, runs) = profiled(&["--replay", &place("plain1"), "--profile"]);
    assert_eq!(again["journal"]["digest"], all[0]["journal"]["digest"]);
    assert_eq!((runs.get("decode_line"), runs["count"]), (None, 41_249));
}

#[test]
fn the_profile_follows_the_report_with_a_table_for_each_thread() {
    let head = "  handler ";
    let one = stdout(&["--profile"]);
    assert_eq!((one.matches(head).count(), one.matches("\n  profile\n").count()), (1, 1), "{one}");
    let two = stdout(&["--profile", "--threads", "2"]);
    let (before, dispatching) = two.split_once("\n  dispatching thread\n").unwrap();
    let (_, decoding) = before.split_once("\n  decoding thread\n").unwrap();
    assert_eq!((decoding.lines().count(), dispatching.lines().count()), (2, 25), "{two}");
    assert!(!stdout(&[]).contains(head));
}

#[test]
fn the_measured_plan_is_the_plan_with_a_note_at_each_function() {
    let (plain, names) = plan();
    for threads in ["1", "2"] {
        let measured = stdout(&["--plan", "json", "--measured", "--threads", threads]);
        let (mut measured, mut notes) = (serde_json::from_str(&measured).unwrap(), Vec::new());
        assert_eq!(functions(&mut measured, &mut notes), names);
        assert_eq!(measured, plain);
        assert_eq!(notes.len(), names.len());
        let note = |name: &str| &notes[names.iter().position(|other| other == name).unwrap()];
        assert!(note("on_ticker").starts_with("p50 ") && note("on_ticker").ends_with(", 28,040 runs"), "{notes:?}");
        assert_eq!(note("on_bad_line"), "0 runs");
    }
    for (format, start) in [("text", "market-data\n"), ("dot", "digraph "), ("mermaid", "flowchart TD\n")] {
        let plan = stdout(&["--plan", format, "--measured"]);
        assert!(plan.starts_with(start) && plan.contains(", 9,757 runs"), "{plan}");
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    for (args, reason) in [
        (&["--measured"][..], "required arguments were not provided:\n  --plan <FORMAT>"),
        (&["--profile", "--plan", "dot"], "'--profile' cannot be used with '--plan <FORMAT>'"),
        (&["--profile", "--repeat", "2"], "'--profile' cannot be used with '--repeat <N>'"),
        (&["--plan", "text", "--json"], "'--plan <FORMAT>' cannot be used with '--json'"),
        (&["--plan", "text", "--bars"], "'--plan <FORMAT>' cannot be used with '--bars'"),
        (&["--plan", "text", "--bars-json"], "'--plan <FORMAT>' cannot be used with '--bars-json'"),
        (&["--plan", "text", "--strategies", "5"], "'--plan <FORMAT>' cannot be used with '--strategies <N>'"),
        (&["--profile", "--bars"], "'--profile' cannot be used with '--bars'"),
        (&["--profile", "--bars-json"], "'--profile' cannot be used with '--bars-json'"),
        (&["--plan", "dot", "--measured", "--profile"], "cannot be used with"),
        (&["--plan", "dot", "--measured", "--repeat", "2"], "'--measured' cannot be used with '--repeat <N>'"),
    ] {
        let output = market_data(args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        assert!(stderr(&output).contains(reason), "{args:?}: {}", stderr(&output));
    }
    let output = market_data(&["--plan", "dot", "--measured", "--input", "/no/such/file"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(Path::new(CAPTURE).exists());
}

#[test]
fn the_readme_shows_the_functions_that_there_are() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(here.join("README.md")).unwrap();
    let (_, planned) = plan();

    let (_, table) = page.split_once("\n  handler ").expect("README.md has the table of `market-data --profile`");
    let rows = table.split_once("```").unwrap().0.lines().skip(1);
    let mut listed: Vec<&str> = rows.map(|row| base(row.trim()).split("  ").next().unwrap()).collect();
    let mut timed = planned.clone();
    timed.push("close_bar".into());
    timed.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, timed, "take the table from `market-data --profile`");

    let (_, diagram) = page.split_once("```mermaid\n").expect("README.md has the measured plan");
    let diagram = diagram.split_once("```").unwrap().0;
    let bare = |text: &str| -> Vec<String> {
        let note = |part: &&str| !part.contains(" runs\"");
        let lines = text.lines().map(|line| line.split("<br/>").filter(note).collect::<Vec<_>>().join(" "));
        lines.map(|line| line.replace("\"]", "")).collect()
    };
    let now = stdout(&["--plan", "mermaid"]);
    assert_eq!(bare(diagram), bare(&now), "take the diagram from `market-data --plan mermaid --measured`");
    assert!(planned.iter().all(|name| diagram.contains(name.as_str())), "{planned:?}");
}
