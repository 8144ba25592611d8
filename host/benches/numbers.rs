//! The numbers to hold, measured in one run, and how the cost of a request grows with its size:
//! `cargo bench --bench numbers`. It prints a table and draws `host/benches/growth.svg`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench ends at its first surprise"
)]
#![allow(clippy::cast_precision_loss, reason = "figures of a few digits")]
#![allow(clippy::print_stdout, reason = "it is there to print")]

#[allow(dead_code, reason = "each bench uses a part of it")]
mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use acr_pull_secret::measurement::{Task, least};
use acr_pull_secret::policy::{EMBEDDED, Limits, Policy};
use acr_pull_secret::yaml;
use common::engines::{self, Independent};
use common::requests::{self, Case};
use plotters::prelude::*;
use serde_json::Value;

const ROUNDS: u32 = 40;

fn main() {
    println!("| what | bar | measured |\n|---|---|---|");
    println!("| annotated policy.wasm | ≤ 250,000 B | {} B |", EMBEDDED.len());
    one_evaluation();
    many_files();
    one_file();
    growth();
}

fn row(what: &str, bar: &str, measured: &str) {
    println!("| {what} | {bar} | {measured} |");
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A 5 KB pod natively, in our host and in an independent one, beside a policy that accepts everything.
fn one_evaluation() {
    let Case { payload, host } = requests::containers(5);
    let (policy, accepting) = (engines::policy(), engines::accepting_wasm());
    let independent = Independent::new(EMBEDDED);
    let others = Independent::new(&accepting);
    let accepting = Policy::load(&accepting, Limits::default(), None).unwrap();
    let mut tasks: Vec<Task<'_>> = vec![
        Box::new(|| drop(engines::native(&payload, &*host))),
        Box::new(|| drop(policy.call("validate", &payload, host.clone()).unwrap())),
        Box::new(|| drop(accepting.call("validate", &payload, host.clone()).unwrap())),
        Box::new(|| drop(accepting.call("blind", &payload, host.clone()).unwrap())),
        Box::new(|| drop(independent.call("validate", &payload, &host))),
        Box::new(|| drop(others.call("validate", &payload, &host))),
        Box::new(|| drop(others.call("blind", &payload, &host))),
    ];
    let times: Vec<f64> = least(ROUNDS, &mut tasks).into_iter().map(micros).collect();
    let [native, ours, accepting, blind, independent, other, other_blind] = times[..] else { return };
    let size = payload.len();
    row(
        &format!("one evaluation of {size} B, fresh instance, in times of the native call"),
        "≤ 2.5",
        &format!("{:.2} ({ours:.0} µs : {native:.0} µs)", ours / native),
    );
    row(
        "calls per second beside a policy on the SDK that accepts everything, in what policy-server is built on",
        "≥ 0.9",
        &format!("{:.2} ({independent:.0} µs : {other:.0} µs)", other / independent),
    );
    row("the same in our host", "", &format!("{:.2} ({ours:.0} µs : {accepting:.0} µs)", accepting / ours));
    row(
        "the same beside one that does not even read the request",
        "",
        &format!(
            "{:.2} ({independent:.0} µs : {other_blind:.0} µs); in our host {:.2} ({ours:.0} µs : {blind:.0} µs)",
            other_blind / independent,
            blind / ours
        ),
    );
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
    command.arg("check").args(args).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
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

/// Many files beside parsing the same texts, on one core and on two; and the memory that ten times as many take.
fn many_files() {
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
    let [library, reader, one, two] = times[..] else { return };
    let millis = |time: f64| format!("{:.0} ms", time * 1e3);
    row(
        "`check` of 10,000 objects in 1,000 files, half pods, half deployments (two evaluations each), one core, in times \
         of parsing them by serde-saphyr",
        "≤ 2",
        &format!("{:.2} ({} : {})", one / library, millis(one), millis(library)),
    );
    row("the same in times of our own reader", "", &format!("{:.2} ({})", one / reader, millis(reader)));
    row("the same on two cores", "half", &format!("{:.2} ({})", two / one, millis(two)));
    let few = peak(check(&["-j2"], folder.path()).spawn().unwrap());
    write_files(folder.path(), 10_000);
    let started = Instant::now();
    let many = peak(check(&["-j2"], folder.path()).spawn().unwrap());
    let time = started.elapsed().as_secs_f64();
    row(
        "peak of memory at 1,000 and at 10,000 files",
        "flat",
        &format!("{few:.0} MB and {many:.0} MB (100,000 objects in {time:.1} s)"),
    );
}

/// One file, with the compiled policy in the cache.
fn one_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), manifest(0)).unwrap();
    let run = || assert_eq!(check(&[], folder.path()).status().unwrap().code(), Some(0));
    let mut tasks: Vec<Task<'_>> = vec![Box::new(run)];
    let times = least(ROUNDS, &mut tasks);
    row("`check` of one file, warm", "≤ 25 ms", &format!("{:.1} ms", micros(times[0]) / 1e3));
}

/// A way to be large.
struct Series {
    title: &'static str,
    /// In their order, and half of the last one among them
    sizes: &'static [usize],
    case: fn(usize) -> Case,
}

const SERIES: [Series; 6] = [
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
];

/// Draws how the time of one request grows, and prints how far from a line it is.
fn growth() {
    let policy = engines::policy();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/growth.svg");
    let root = SVGBackend::new(&path, (960, 820)).into_drawing_area();
    root.fill(&WHITE).unwrap();
    let panels = root.split_evenly((3, 2));
    let mut words = String::new();
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
        let _ = write!(words, "{title} to {}: {:.2} ms, {bend:.2}; ", full.0, full.1);
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
    row(
        "growth: time at the largest, and what it grew by from half the size on, in times of two",
        "≤ 1",
        &words,
    );
}
