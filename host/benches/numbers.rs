//! The numbers to hold, measured in one run, and how the cost of a request grows with its size:
//! `cargo bench --bench numbers`. It prints a table, draws `host/benches/growth.svg`, and exits with 1 if a figure misses its
//! bar.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench stops at the first unexpected result"
)]
#![allow(clippy::cast_precision_loss, reason = "figures of a few digits")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "its purpose is to print")]

#[allow(dead_code, reason = "each bench uses a part of it")]
mod common;

use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use acr_pull_secret::commands::bench::measurement::bars::{Bar, Row, verdict};
use acr_pull_secret::commands::bench::measurement::{Task, least};
use acr_pull_secret::sandbox::{Compiler, EMBEDDED, Limits, Policy};
use common::engines::{self, Independent};
use common::requests::{self, Case};
use plotters::prelude::*;
use review::yaml;
use serde_json::Value;

const ROUNDS: u32 = 40;

/// Calls in a row of one policy. A rate is of a server that is busy with one policy: a single call between those of other
/// policies starts with caches that they have filled.
const IN_A_ROW: u32 = 200;

fn main() -> ExitCode {
    println!("| what | bar | measured |\n|---|---|---|");
    let mut rows = vec![policy_size()];
    println!("{}", rows[0]);
    for measure in [one_evaluation, beside_another_policy, many_files, one_file, growth] {
        let measured = measure();
        for row in &measured {
            println!("{row}");
        }
        rows.extend(measured);
    }
    match verdict(&rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(missed) => {
            eprintln!("error: {missed}");
            ExitCode::FAILURE
        }
    }
}

fn policy_size() -> Row {
    Row {
        what: "annotated policy.wasm".to_owned(),
        bar: Some(Bar::AtMost(280_000.0)),
        value: EMBEDDED.len() as f64,
        decimals: 0,
        unit: " B",
        detail: String::new(),
    }
}

/// A row with the ratio of two values.
fn ratio(what: &str, bar: Option<Bar>, value: f64, detail: String) -> Row {
    Row { what: what.to_owned(), bar, value, decimals: 2, unit: "", detail }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A 5 KB pod natively and in our host.
fn one_evaluation() -> Vec<Row> {
    let Case { payload, host } = requests::containers(5);
    let policy = engines::policy();
    let mut tasks: Vec<Task<'_>> = vec![
        Box::new(|| drop(engines::native(&payload, &*host))),
        Box::new(|| drop(policy.call("validate", &payload, host.clone()).unwrap())),
    ];
    let times: Vec<f64> = least(ROUNDS, &mut tasks).into_iter().map(micros).collect();
    let [native, ours] = times[..] else { unreachable!("two tasks have two times") };
    vec![ratio(
        &format!("one evaluation of {} B, fresh instance, in times of the native call", payload.len()),
        Some(Bar::AtMost(2.5)),
        ours / native,
        format!("{ours:.0} µs : {native:.0} µs"),
    )]
}

/// A small pod, and a 5 KB pod with and without its pull secret, compared with a policy that accepts everything, in our host
/// and in an independent one: calls in a row of each, in turns.
fn beside_another_policy() -> Vec<Row> {
    let (policy, accepting) = (engines::policy(), engines::accepting_wasm());
    let independent = Independent::new(EMBEDDED);
    let others = Independent::new(&accepting);
    let accepting = Policy::load(&accepting, Limits::default(), None, &Compiler::Here).unwrap();
    let mut rows = Vec::new();
    for (Case { payload, host }, outcome) in [
        (requests::small(), "changed"),
        (requests::containers(5), "changed"),
        (requests::complete(5), "left as it is"),
    ] {
        let ours = || drop(policy.call("validate", &payload, host.clone()).unwrap());
        let theirs = |operation| drop(accepting.call(operation, &payload, host.clone()).unwrap());
        let independent = || drop(independent.call("validate", &payload, &host));
        let others = |operation| drop(others.call(operation, &payload, &host));
        let mut tasks: Vec<Task<'_>> = vec![
            in_a_row(ours),
            in_a_row(|| theirs("validate")),
            in_a_row(|| theirs("blind")),
            in_a_row(independent),
            in_a_row(|| others("validate")),
            in_a_row(|| others("blind")),
        ];
        let times: Vec<f64> =
            least(ROUNDS, &mut tasks).into_iter().map(|time| micros(time) / f64::from(IN_A_ROW)).collect();
        drop(tasks);
        let [ours, accepting, blind, independent, other, other_blind] = times[..] else {
            unreachable!("six tasks have six times")
        };
        let size = payload.len();
        rows.extend([
            ratio(
                &format!(
                    "calls per second with {size} B, {outcome}, compared with a policy on the SDK that reads the request and \
                     accepts it, in what policy-server is built on"
                ),
                Some(Bar::AtLeast(0.95)),
                other / independent,
                format!("{independent:.0} µs : {other:.0} µs"),
            ),
            ratio("the same in our host", None, accepting / ours, format!("{ours:.0} µs : {accepting:.0} µs")),
            ratio(
                "the same compared with one that does not even read the request",
                None,
                other_blind / independent,
                format!(
                    "{independent:.0} µs : {other_blind:.0} µs; in our host {:.2}, {ours:.0} µs : {blind:.0} µs",
                    blind / ours
                ),
            ),
        ]);
    }
    rows
}

/// A task that makes the call [`IN_A_ROW`] times.
fn in_a_row<'a>(call: impl Fn() + 'a) -> Task<'a> {
    Box::new(move || (0..IN_A_ROW).for_each(|_| call()))
}

/// Deployments and pods as people write them.
fn manifest(i: usize) -> String {
    let pod = |indent: &str| {
        let spec = "spec:\n  serviceAccountName: web\n  containers:\n    - name: web\n      image: contoso.azurecr.io/web:v1\n      \
                    ports:\n        - containerPort: 8080\n      env:\n        - name: LEVEL\n          value: \"1\"\n        \
                    - name: PASSWORD\n          valueFrom:\n            secretKeyRef: {name: db, key: password}\n      \
                    resources:\n        requests: {cpu: 100m, memory: 128Mi}\n        limits: {cpu: \"1\", memory: 1Gi}\n      \
                    readinessProbe:\n        httpGet:\n          path: /healthz\n          port: 8080\n        \
                    initialDelaySeconds: 3\n    - name: side\n      image: docker.io/library/nginx:1.25\n";
        spec.lines().fold(String::new(), |text, line| text + indent + line + "\n")
    };
    let metadata = format!(
        "metadata:\n  name: web-{i}\n  namespace: shop\n  labels:\n    app: web\n    tier: \"front\"\n"
    );
    if i.is_multiple_of(2) {
        format!("apiVersion: v1\nkind: Pod\n{metadata}{}", pod(""))
    } else {
        let head = "spec:\n  replicas: 3\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n";
        format!("apiVersion: apps/v1\nkind: Deployment\n{metadata}{head}{}", pod("    "))
    }
}

fn write_files(folder: &Path, files: usize) {
    for file in 0..files {
        let text: Vec<String> = (0..10).map(|i| manifest(file * 10 + i)).collect();
        std::fs::write(folder.join(format!("{file:05}.yaml")), text.join("---\n")).unwrap();
    }
}

fn check(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acr-pull-secret"));
    // What the policy does in a cluster, by its defaults: the pods get their secrets.
    command
        .args(["check", "--settings-json", "{}"])
        .args(args)
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The peak of its memory in megabytes, as long as it runs.
fn peak(mut child: Child) -> f64 {
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        peak = peak.max(kilobytes / 1e3);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// Many files compared with parsing the same texts, on one core and on two; and the memory that ten times as many need.
fn many_files() -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path(), 1000);
    let texts: Vec<String> = (0..1000)
        .map(|file| std::fs::read_to_string(folder.path().join(format!("{file:05}.yaml"))).unwrap())
        .collect();
    let run = |args: &'static [&str]| {
        let folder = folder.path();
        move || assert!(check(args, folder).status().unwrap().code().is_some_and(|code| code < 2))
    };
    let mut tasks: Vec<Task<'_>> = vec![
        Box::new(|| {
            for text in &texts {
                let options = serde_saphyr::options! { budget: None };
                drop(serde_saphyr::from_multiple_with_options::<Value>(text, options).unwrap());
            }
        }),
        Box::new(|| texts.iter().for_each(|text| drop(yaml::documents(text)))),
        Box::new(run(&["-j1"])),
        Box::new(run(&["-j2"])),
    ];
    let times: Vec<f64> = least(5, &mut tasks).into_iter().map(|time| time.as_secs_f64()).collect();
    drop(tasks);
    let [library, reader, one, two] = times[..] else { unreachable!("four tasks have four times") };
    let millis = |time: f64| format!("{:.0} ms", time * 1e3);
    let few = peak(check(&["-j2"], folder.path()).spawn().unwrap());
    write_files(folder.path(), 10_000);
    let started = Instant::now();
    let many = peak(check(&["-j2"], folder.path()).spawn().unwrap());
    let time = started.elapsed().as_secs_f64();
    vec![
        ratio(
            "`check` of 10,000 objects in 1,000 files, half pods, half deployments (two evaluations each), one core, in \
             times of parsing them by serde-saphyr",
            Some(Bar::AtMost(2.0)),
            one / library,
            format!("{} : {}", millis(one), millis(library)),
        ),
        ratio("the same in times of our own reader", None, one / reader, millis(reader)),
        ratio("how many times faster two cores are", Some(Bar::AtLeast(1.8)), one / two, millis(two)),
        ratio(
            "peak of memory at 10,000 files, in times of that at 1,000",
            Some(Bar::AtMost(1.0)),
            many / few,
            format!("{many:.0} MB : {few:.0} MB; 100,000 objects in {time:.1} s"),
        ),
    ]
}

/// One file, with the compiled policy in the cache.
fn one_file() -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), manifest(0)).unwrap();
    let run = || assert_eq!(check(&[], folder.path()).status().unwrap().code(), Some(0));
    let mut tasks: Vec<Task<'_>> = vec![Box::new(run)];
    let times = least(ROUNDS, &mut tasks);
    vec![Row {
        what: "`check` of one file, warm".to_owned(),
        bar: Some(Bar::AtMost(25.0)),
        value: micros(times[0]) / 1e3,
        decimals: 1,
        unit: " ms",
        detail: String::new(),
    }]
}

/// A way to be large.
struct Series {
    title: &'static str,
    /// In their order, and half of the last one among them
    sizes: &'static [usize],
    case: fn(usize) -> Case,
}

const SERIES: [Series; 7] = [
    Series { title: "containers", sizes: &[1, 5, 10, 25, 50, 75, 100, 150, 200], case: requests::containers },
    Series { title: "KB of one object", sizes: &[1, 10, 25, 50, 75, 100], case: requests::kilobytes },
    Series {
        title: "entries in pullSecrets",
        sizes: &[1, 100, 1_000, 2_500, 5_000, 7_500, 10_000],
        case: requests::entries,
    },
    Series {
        title: "attached secrets, each read",
        sizes: &[1, 10, 50, 100, 250, 375, 500],
        case: requests::secrets,
    },
    Series {
        title: "entries, all for one ServiceAccount",
        sizes: &[1, 100, 1_000, 2_500, 5_000, 7_500, 10_000],
        case: requests::account,
    },
    Series {
        title: "keys of one Secret, updated",
        sizes: &[1, 100, 1_000, 2_500, 5_000, 7_500, 10_000],
        case: requests::keys,
    },
    Series {
        title: "changed images of a Deployment",
        sizes: &[1, 50, 100, 250, 500, 750, 1_000],
        case: requests::changed_images,
    },
];

/// Draws how the time of one request grows, and returns how far from linear it is.
fn growth() -> Vec<Row> {
    let policy = engines::policy();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/growth.svg");
    let root = SVGBackend::new(&path, (960, 1090)).into_drawing_area();
    root.fill(&WHITE).unwrap();
    let panels = root.split_evenly((4, 2));
    let mut rows = Vec::new();
    for (Series { title, sizes, case }, panel) in SERIES.iter().zip(panels) {
        let cases: Vec<Case> = sizes.iter().map(|size| case(*size)).collect();
        let call = |case: &Case| drop(policy.call("validate", &case.payload, case.host.clone()).unwrap());
        let native = |case: &Case| drop(engines::native(&case.payload, &*case.host));
        let mut tasks: Vec<Task<'_>> = Vec::new();
        for case in &cases {
            tasks.push(Box::new(move || call(case)));
            tasks.push(Box::new(move || native(case)));
        }
        let times: Vec<f64> = least(15, &mut tasks).into_iter().map(|time| micros(time) / 1e3).collect();
        let line = |first: usize| {
            let times = times.iter().skip(first).step_by(2);
            sizes.iter().zip(times).map(|(size, time)| (*size as f64, *time)).collect::<Vec<_>>()
        };
        let (wasm, native) = (line(0), line(1));
        let (most, highest) =
            wasm.iter().fold((0.0_f64, 0.0_f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
        let half = wasm.iter().find(|point| point.0 * 2.0 >= most).unwrap();
        let full = wasm[wasm.len() - 1];
        assert!((half.0 * 2.0 - full.0).abs() < f64::EPSILON, "{title}: half of the largest is not measured");
        let bend = full.1 / half.1 / 2.0;
        rows.push(ratio(
            &format!("growth from {} to {} {title}, in times of two", half.0, full.0),
            Some(Bar::AtMost(1.0)),
            bend,
            format!("{:.2} ms", full.1),
        ));
        let style = ("sans-serif", 15);
        let mut chart = ChartBuilder::on(&panel)
            .caption(format!("ms by {title}"), style)
            .margin(12)
            .x_label_area_size(26)
            .y_label_area_size(44)
            .build_cartesian_2d(0.0..most, 0.0..highest * 1.05)
            .unwrap();
        let whole = |x: &f64| format!("{x:.0}");
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(WHITE).x_labels(6).y_labels(5).x_label_formatter(&whole).draw().unwrap();
        for (points, colour, name) in [
            (wasm, RGBColor(0, 90, 200), "policy.wasm, fresh instance"),
            (native, RGBColor(120, 120, 120), "native"),
        ] {
            let series = LineSeries::new(points, colour.stroke_width(2)).point_size(3);
            chart
                .draw_series(series)
                .unwrap()
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .border_style(TRANSPARENT)
            .draw()
            .unwrap();
    }
    root.present().unwrap();
    rows
}
