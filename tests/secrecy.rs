//! No value of a secret is ever shown: two secrets that differ only in hidden values give exactly the same output.
//!
//! So no part of a secret is shown, in any encoding and of any length: it would differ between the two.
//! policy/core/tests has the same for the core alone, on many more secrets.

mod making;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use proptest::prelude::*;
use review::host_calls::HostCalls;
use serde_json::{Value, json};
use test_support::hidden::{
    FORMS, REGISTRIES, TYPES, assert_same, config, digits, hidden, pod, questions, secret, settings,
};

use crate::engines::{command, independent_host, json, native_answer, our_host};
use crate::reports::FORMATS;

/// A cluster in which every name is the same secret.
struct Everywhere(Value);

impl HostCalls for Everywhere {
    fn call(&self, _: &str, _: &str, operation: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        assert_eq!(operation, "get_resource", "the policy does not log");
        Ok(self.0.to_string().into_bytes())
    }

    fn log(&self, line: &str) {
        panic!("the policy printed {line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_wasm_prints_nothing_and_answers_like_the_core(
        (form, at, kind) in (0..FORMS, 0..REGISTRIES.len(), 0..TYPES.len()),
        digits in digits(),
        hidden in hidden(),
    ) {
        let config = config(form, REGISTRIES[at], &digits.0[0], &hidden.0[0]);
        let secret = secret(TYPES[kind], &config, &hidden.0[0]);
        for (operation, payload) in questions(&secret) {
            let core = json(&native_answer(operation, payload.as_bytes(), &Everywhere(secret.clone())));
            // Other hosts have Kubewarden's operations only.
            let engines = [our_host, independent_host].into_iter().take(if operation == "explain" { 1 } else { 2 });
            for engine in engines {
                let answer = engine(operation, payload.as_bytes(), Arc::new(Everywhere(secret.clone())));
                prop_assert_eq!(&core, &json(&answer));
            }
        }
    }
}

const LAYOUTS: usize = 10;

/// A pod and its secret as a user may write them, well or not.
fn manifest(layout: usize, kind: &str, config: &str, hidden: &str) -> String {
    let secret = secret(kind, config, hidden);
    let pod = pod();
    let data = BASE64_STANDARD.encode(config);
    let head = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: acr-secret, namespace: shop}}\ntype: {kind}\n"
    );
    let quoted = config.replace('\'', "''").replace('\t', " ");
    let all = json!({"apiVersion": "v1", "kind": "List", "items": [pod, secret]}).to_string();
    match layout {
        0 => all,
        1 => format!("{pod}\n{head}data:\n  .dockerconfigjson: {data}\n  .dockercfg: {data}\n"),
        2 => format!("{pod}\n{head}stringData:\n  .dockerconfigjson: '{quoted}'\n"),
        3 => format!("{pod}\n{head}stringData:\n  .dockerconfigjson: |\n    {config}\n"),
        4 => format!("{pod}\n{head}stringData:\n  password: {hidden}\n  .dockerconfigjson: '{quoted}'\n"),
        5 => all.chars().take(all.chars().count() * 9 / 10).collect(),
        6 => format!("{pod}\n{head}data: {{\"\\x2edockerconfigj\\x73on\": \"{data}\"}}\n"),
        7 => format!("{pod}\n{head}stringData: {{{hidden}: {hidden}, {hidden}: 1}}\n"),
        8 => format!("{pod}\n{head}data:\n\t.dockerconfigjson: {data}\n"),
        _ => format!("{head}data:\n  - .dockerconfigjson: {data}\n  - \"{hidden}\n---\n{pod}\n"),
    }
}

/// All output of the command for these inputs: both streams and every report.
fn told(folder: &Path, manifest: &str, config: &str) -> String {
    fs::write(folder.join("all.yaml"), manifest).unwrap();
    fs::write(folder.join("config.json"), config).unwrap();
    let settings = settings().to_string();
    let mut said = Vec::new();
    let mut run = |args: &[&str]| {
        let output = command(args).current_dir(folder).output().unwrap();
        // What `secret` writes is the secret itself.
        let stdout: &[u8] = if args[0] == "secret" { b"" } else { &output.stdout };
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        said.push(format!("{args:?} {:?}\n{}{}", output.status.code(), text(stdout), text(&output.stderr)));
    };
    run(&[
        "check",
        "--settings-json",
        &settings,
        "-o",
        "text",
        "-o",
        "json=json",
        "-o",
        "sarif=sarif",
        "-o",
        "junit=junit",
        "-o",
        "azure=azure",
        "-o",
        "gitlab=gitlab",
        "-o",
        "markdown=markdown",
        "-o",
        "github=github",
        "all.yaml",
    ]);
    run(&[
        "fix",
        "--diff",
        "--settings-json",
        r#"{"pullSecrets":[{"registries":["*.azurecr.io"],"secret":"other"}]}"#,
        "all.yaml",
    ]);
    run(&[
        "explain",
        "--settings-json",
        &settings,
        "--cluster",
        "all.yaml",
        "-n",
        "shop",
        "--pull-secret",
        "acr-secret",
        "contoso.azurecr.io/app",
    ]);
    run(&["init", "--dry-run", "all.yaml"]);
    run(&["init", "--dry-run", "--policy", "all.yaml"]);
    run(&["secret", "--from-docker-config", "config.json", "--server", "contoso.azurecr.io"]);
    run(&["secret", "--from-docker-config", "config.json"]);
    for report in FORMATS {
        said.push(fs::read_to_string(folder.join(report)).unwrap_or_default());
    }
    said.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_command_says_the_same_for_any_hidden_value(
        (form, at, kind) in (0..FORMS, 0..REGISTRIES.len(), 0..TYPES.len()),
        first in 0..LAYOUTS,
        digits in digits(),
        hidden in hidden(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for layout in [first, (first + 3) % LAYOUTS] {
            let said = [0, 1].map(|which| {
                let config = config(form, REGISTRIES[at], &digits.0[which], &hidden.0[which]);
                let manifest = manifest(layout, TYPES[kind], &config, &hidden.0[which]);
                told(folder.path(), &manifest, &config)
            });
            assert_same(said)?;
        }
    }
}
