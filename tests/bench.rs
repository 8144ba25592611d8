//! `bench` measures what it says, and says when there is nothing to measure; docs/numbers.md says which of its figures miss their limits.

use acr_pull_secret::commands::bench::measurement::bars::{Bar, Row};
use std::time::Instant;

use serde_json::Value;

use crate::engines::{json, project, run};

#[test]
fn every_step_is_compared_with_reading() {
    let output = run(&["bench", "--rounds", "1", "-o", "json", "tests/manifests"], "");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let figures = json(&output.stdout);
    assert_eq!((&figures["objects"], &figures["requests"]), (&18.into(), &20.into()));
    let steps = figures["steps"].as_array().unwrap();
    let number = |step: &Value, field: &str| step[field].as_f64().unwrap();
    assert!(steps.iter().all(|step| number(step, "microseconds") > 0.0), "{figures}");
    assert!((number(&steps[0], "timesReading") - 1.0).abs() < f64::EPSILON);
    // The whole includes each of the other steps.
    let check = steps.iter().find(|step| step["name"].as_str().unwrap().starts_with("check")).unwrap();
    assert!(number(check, "timesReading") > 1.0, "{figures}");
}

/// A step's time is per object or request in microseconds, and its total is relative to reading.
#[test]
fn the_figures_of_a_step_agree() {
    let started = Instant::now();
    let output = run(&["bench", "--rounds", "1", "-o", "json", "tests/manifests"], "");
    let elapsed = started.elapsed().as_secs_f64() * 1e6;
    let figures = json(&output.stdout);
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{figures}"));
    let whole = |step: &Value| {
        let count = if step["per"] == "object" { "objects" } else { "requests" };
        number(&step["microseconds"]) * number(&figures[count])
    };
    let steps = figures["steps"].as_array().unwrap();
    let reading = whole(&steps[0]);
    for step in steps {
        let ratio = whole(step) / reading;
        assert!((number(&step["timesReading"]) / ratio - 1.0).abs() < 1e-6, "{figures}");
    }
    let all: f64 = steps.iter().map(whole).sum();
    assert!(all < elapsed, "{all} of {elapsed}: {figures}");
    // No machine reads a manifest in a hundredth of that time.
    assert!(number(&steps[0]["microseconds"]) > 0.1, "{figures}");
    // The objects, wrapped into requests, are of one to ten kilobytes each.
    assert!((500.0..10_000.0).contains(&number(&figures["requestBytes"])), "{figures}");
}

#[test]
fn one_object_is_reported_in_the_singular() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web}]}\n";
    let output = run(&["bench", "--rounds", "1", "-"], pod);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("1 object, 1 request of "), "{text}");
}

#[test]
fn another_policy_gets_the_same_requests() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("other.wasm").display().to_string();
    assert!(run(&["policy", "export", &wasm], "").status.success());
    let output = run(&["bench", "--rounds", "1", "--against", &wasm], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("100 objects, 100 requests of ") && text.lines().count() == 6, "{text}");
    assert!(text.lines().last().unwrap().starts_with(&wasm), "{text}");
}

#[test]
fn without_objects_nothing_is_measured() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let output = run(&["bench", "-"], service);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was measured"));
}

#[test]
fn a_policy_that_gives_no_answer_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mute.wasm");
    let mute = r#"(module (memory (export "memory") 1) (func (export "__guest_call") (param i32 i32) (result i32) i32.const 0))"#;
    std::fs::write(&path, wat::parse_str(mute).unwrap()).unwrap();
    let path = path.display().to_string();
    // It answers everything with a number.
    let odd = folder.path().join("odd.wasm");
    let number = r#"(module (import "wapc" "__guest_response" (func $answer (param i32 i32))) (memory (export "memory") 1)
        (data (i32.const 8) "7")
        (func (export "__guest_call") (param i32 i32) (result i32) (call $answer (i32.const 8) (i32.const 1)) i32.const 1))"#;
    std::fs::write(&odd, wat::parse_str(number).unwrap()).unwrap();
    let odd = odd.display().to_string();
    let own = "the built-in policy".to_owned();
    let large = format!(
        "kind: Pod\napiVersion: v1\nmetadata: {{name: web}}\nspec: {{containers: []}}\nnote: {}\n",
        "x".repeat(1 << 20)
    );
    for (args, name) in [
        (["--against", path.as_str()], &path),
        (["--against", odd.as_str()], &odd),
        (["--policy-memory", "1Mi"], &own),
    ] {
        let output = run(&[&["bench", "--rounds", "1", "-"], &args[..]].concat(), &large);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.starts_with(&format!("error: {name}: the policy gives no answer: ")), "{error}");
    }
}

#[test]
fn the_page_of_numbers_says_of_exactly_the_figures_that_miss_their_limits_that_they_do() {
    let page = std::fs::read_to_string(project("docs/numbers.md")).unwrap();
    let (_, table) = page.split_once("| what | bar | measured |\n|---|---|---|\n").unwrap();
    let mut compared = 0;
    for line in table.lines().take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, bar, measured] = cells[..] else { panic!("{line}") };
        if bar.is_empty() {
            continue;
        }
        let number = |text: &str| {
            let figure = text.split(' ').next().unwrap().trim_end_matches(',').replace(',', "");
            figure.parse().unwrap_or_else(|_| panic!("{line}"))
        };
        let row = Row {
            what: String::new(),
            bar: Some(match bar.split_once(' ').unwrap() {
                ("≤", most) => Bar::AtMost(number(most)),
                ("≥", least) => Bar::AtLeast(number(least)),
                _ => panic!("{line}"),
            }),
            value: number(measured),
            decimals: 2,
            unit: "",
            detail: String::new(),
        };
        assert_eq!(row.misses(), measured.contains(", missed"), "{line}");
        compared += 1;
    }
    assert!(compared >= 13, "only {compared} figures have a bar");
}
