//! What the manifests hold.

use crate::choices::Choices;

/// A value before it is written.
pub(super) enum Tree {
    /// A text, written in any style
    Text(&'static str),
    /// A scalar as YAML, on one line, that is the same in blocks and between brackets
    Raw(&'static str),
    /// The same in quotes, with a style of its own
    Odd(&'static str),
    List(Vec<Tree>),
    Map(Vec<(&'static str, Tree)>),
}

use Tree::{List, Map, Odd, Raw, Text};

const IMAGES: [&str; 7] = [
    "contoso.azurecr.io/app:v1",
    "contoso.azurecr.io/team/web",
    "fabrikam.azurecr.cn/a:2",
    "nginx",
    "docker.io/library/redis:7",
    "contoso.azurecr.io/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "CONTOSO.azurecr.io/app",
];

const TEXTS: [&str; 12] = [
    "a",
    "sh -c run",
    "--port",
    "größe und 日本",
    "one two three four five six seven",
    "8080 9090",
    "http://example.com:80/x",
    "😀 b",
    "a#b",
    "it's so",
    "true story",
    "x y\nz\n",
];

const SCALARS: [&str; 40] = [
    "1",
    "~",
    "null",
    "yes",
    "No",
    "on",
    "1.5",
    "010",
    "08",
    "0x1F",
    "0b101",
    "0b+101",
    "0o17",
    "1_000",
    ".5",
    ".5_3",
    "1e3",
    "1e999",
    "-0",
    "+12",
    "0xFFFFFFFFFFFFFFFFF",
    "9223372036854775808",
    "1:30",
    "2001-12-14",
    "100m",
    "! 12",
    "!!str 12",
    "!!int \"12\"",
    "!!float 1",
    "!!binary Y29udG9zbw==",
    "!!bool \"no\"",
    "!Ref a",
    "<<",
    "=",
    "\"\"",
    "''",
    "-x",
    "--",
    "1.2.3",
    "!!null ''",
];

const QUOTED: [&str; 12] = [
    "\"a\\tb\"",
    "\"\\x41\\u263A\\U0001F600\"",
    "\"a \\\" b\"",
    "'it''s'",
    "\"\\0\\e\\N\\_\\L\\P\"",
    "\" a  b \"",
    "' : # [x] '",
    "\"a: b\"",
    "\"\\\\\"",
    "\"a\tb\"",
    "\"é\u{a0}\"",
    "\"\\r\\n\"",
];

/// An object for a cluster.
pub(super) fn object(choices: &mut Choices<'_>, number: usize) -> Tree {
    let name = ["a", "b", "c"][number % 3];
    let meta = |choices: &mut Choices<'_>| {
        let mut fields = vec![("name", Text(name))];
        if choices.once_in(4) {
            fields.push(("labels", Map(vec![("app", Text("web")), ("on", anything(choices, 1))])));
        }
        Map(fields)
    };
    let metadata = meta(choices);
    match choices.below(8) {
        0..=3 => pod(choices, metadata),
        4 | 5 => {
            let template = Map(vec![("metadata", meta(choices)), ("spec", spec(choices))]);
            let spec = Map(vec![("replicas", Raw("1")), ("template", template)]);
            top("apps/v1", "Deployment", vec![("metadata", metadata), ("spec", spec)])
        }
        6 => {
            let items =
                (0..choices.below(3)).map(|_| Map(vec![("name", Text(name))])).map(|meta| pod(choices, meta));
            let items = items.collect();
            top("v1", "List", vec![("items", List(items))])
        }
        _ => {
            let data =
                Map(vec![("x", anything(choices, 2)), ("k", anything(choices, 2)), ("last", Text("a"))]);
            top("v1", "ConfigMap", vec![("metadata", metadata), ("data", data)])
        }
    }
}

fn top(version: &'static str, kind: &'static str, rest: Vec<(&'static str, Tree)>) -> Tree {
    Map([vec![("apiVersion", Text(version)), ("kind", Text(kind))], rest].concat_all())
}

/// `concat` for what cannot be cloned.
trait ConcatAll<T> {
    fn concat_all(self) -> Vec<T>;
}

impl<T> ConcatAll<T> for [Vec<T>; 2] {
    fn concat_all(self) -> Vec<T> {
        self.into_iter().flatten().collect()
    }
}

fn pod(choices: &mut Choices<'_>, metadata: Tree) -> Tree {
    top("v1", "Pod", vec![("metadata", metadata), ("spec", spec(choices))])
}

fn spec(choices: &mut Choices<'_>) -> Tree {
    let mut fields = Vec::new();
    if choices.once_in(4) {
        fields.push(("nodeName", anything(choices, 1)));
    }
    if choices.once_in(4) {
        fields.push(("initContainers", containers(choices)));
    }
    fields.push(("containers", containers(choices)));
    match choices.below(8) {
        6 => fields.push(("imagePullSecrets", List(vec![Map(vec![("name", Text("other"))])]))),
        7 => fields.push(("imagePullSecrets", List(Vec::new()))),
        _ => {}
    }
    if choices.once_in(3) {
        fields.push(("restartPolicy", anything(choices, 1)));
    }
    if choices.once_in(6) {
        let at = choices.below(fields.len());
        fields.rotate_left(at);
    }
    Map(fields)
}

fn containers(choices: &mut Choices<'_>) -> Tree {
    let one = |choices: &mut Choices<'_>| {
        let mut fields = vec![("name", Text("c"))];
        if choices.once_in(3) {
            fields.push(("args", anything(choices, 2)));
        }
        fields.push(("image", Text(IMAGES[choices.below(IMAGES.len())])));
        if choices.once_in(3) {
            fields.push(("command", anything(choices, 2)));
        }
        if choices.once_in(3) {
            fields.swap(0, 1);
        }
        Map(fields)
    };
    List((0..=choices.below(6) / 3).map(|_| one(choices)).collect())
}

fn anything(choices: &mut Choices<'_>, depth: usize) -> Tree {
    match choices.below(if depth == 0 { 6 } else { 10 }) {
        0..=2 => Text(TEXTS[choices.below(TEXTS.len())]),
        3 | 4 => Raw(SCALARS[choices.below(SCALARS.len())]),
        5 => Odd(QUOTED[choices.below(QUOTED.len())]),
        6 | 7 => List((0..choices.below(4)).map(|_| anything(choices, depth - 1)).collect()),
        _ => {
            let names = ["k", "a b", "yes", "1", "x/y", "ö", "1.5", "k"];
            let count = choices.below(4);
            Map((0..count)
                .map(|_| (names[choices.below(names.len())], anything(choices, depth - 1)))
                .collect())
        }
    }
}
