//! Requests for the fuzzer: real field names and relevant values, combined according to its bytes.

use arbitrary::{Result, Unstructured};
use policy_core::host_cluster::HostCluster;
use serde_json::{Map, Value, json};

/// A payload for `validate`, and the cluster for its lookups.
#[derive(Debug)]
pub struct Case {
    /// `{"request": …, "settings": …}`
    pub payload: Vec<u8>,
    /// The cluster
    pub cluster: Answers,
}

/// A cluster in which each object has one of these answers, and always the same.
#[derive(Debug)]
pub struct Answers(Vec<Result<Vec<u8>, String>>);

impl Answers {
    /// The answer to a `get_resource` request.
    pub fn answer(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let name = format!("{} {}", request["kind"], request["name"]);
        let sum: usize = name.bytes().map(usize::from).sum();
        let at = sum.checked_rem(self.0.len());
        at.and_then(|at| self.0.get(at)).cloned().unwrap_or_else(|| Err("no cluster".to_owned()))
    }
}

#[cfg(feature = "host")]
impl review::host_calls::HostCalls for Answers {
    fn call(&self, _: &str, _: &str, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
        if operation == "log" { Ok(Vec::new()) } else { self.answer(request) }
    }
}

/// The core's own answer.
pub fn native(payload: &[u8], cluster: &Answers) -> Vec<u8> {
    let get_resource = |request: &[u8]| cluster.answer(request);
    let cluster = HostCluster { get_resource, now: || Some(1_800_000_000) };
    policy_core::operations::validate(payload, &cluster)
}

const HOSTS: [&str; 14] = [
    "contoso.azurecr.io",
    "fabrikam.azurecr.cn",
    "CONTOSO.azurecr.io",
    "contoso.azurecr.io:443",
    "contoso.eastus.data.azurecr.io",
    "contoso-abc.azurecr.io",
    "azurecr.io",
    "docker.io",
    "ghcr.io",
    "localhost:5000",
    "*.azurecr.io",
    "https://contoso.azurecr.io/v2/",
    "contoso.azurecr.io.evil.com",
    "registry.contoso.com",
];

const NAMES: [&str; 8] = ["acr-secret", "other", "default", "web", "shop", "", "Not-A-Name", "team-a"];

const DIGEST: &str = "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

type Bytes<'a, 'b> = &'a mut Unstructured<'b>;

/// Puts a case together.
pub fn case(u: Bytes<'_, '_>) -> Result<Case> {
    let settings = settings(u)?;
    let kinds = [
        ("", "Pod"),
        ("apps", "Deployment"),
        ("batch", "Job"),
        ("batch", "CronJob"),
        ("", "PodTemplate"),
        ("", "ServiceAccount"),
        ("", "Secret"),
        ("argoproj.io", "Rollout"),
        ("", "ReplicationController"),
    ];
    let (group, kind) = *u.choose(&kinds)?;
    let mut request = Map::new();
    request.insert("kind".into(), json!({"group": group, "version": "v1", "kind": kind}));
    request.insert(
        "operation".into(),
        (*u.choose(&["CREATE", "CREATE", "UPDATE", "DELETE", "CONNECT"])?).into(),
    );
    request.insert("namespace".into(), (*u.choose(&NAMES)?).into());
    let object = object(u, kind)?;
    if u.ratio(1, 3)? {
        let old = if u.arbitrary()? { object.clone() } else { self::object(u, kind)? };
        request.insert("oldObject".into(), old);
    }
    if u.ratio(1, 6)? {
        request
            .insert("subResource".into(), (*u.choose(&["status", "ephemeralcontainers", "scale"])?).into());
    }
    if u.ratio(1, 6)? {
        request.insert("userInfo".into(), json!({"username": *u.choose(&["system:node:n", "admin"])?}));
    }
    request.insert("object".into(), object);
    let mut all = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        all.push(answer(u)?);
    }
    let mut payload = json!({"request": request, "settings": settings}).to_string().into_bytes();
    if u.ratio(1, 40)? && !payload.is_empty() {
        let at = u.choose_index(payload.len())?;
        payload[at] = u.arbitrary()?;
    }
    Ok(Case { payload, cluster: Answers(all) })
}

fn settings(u: Bytes<'_, '_>) -> Result<Value> {
    let mut settings = Map::new();
    let choice = |u: Bytes<'_, '_>, values: &[&str]| u.choose(values).map(|value| Value::from(*value));
    if u.arbitrary()? {
        settings.insert("mode".into(), choice(u, &["mutate", "validate"])?);
    }
    if u.ratio(1, 3)? {
        let mut entries = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            let mut entry = Map::new();
            entry.insert("registries".into(), json!([host(u)?]));
            if u.ratio(1, 4)? {
                entry.insert("secretless".into(), true.into());
            } else {
                entry.insert("secret".into(), choice(u, &NAMES)?);
            }
            if u.ratio(1, 3)? {
                entry.insert("namespaces".into(), json!([*u.choose(&["shop", "team-*", "*", "a*b"])?]));
            }
            entries.push(Value::Object(entry));
        }
        settings.insert("pullSecrets".into(), entries.into());
    }
    if u.ratio(1, 3)? {
        let secrets = choice(u, &["none", "exists", "credentials", "credentials"])?;
        settings
            .insert("cluster".into(), json!({"serviceAccounts": u.arbitrary::<bool>()?, "secrets": secrets}));
    }
    if u.ratio(1, 4)? {
        let action = choice(u, &["allow", "warn", "reject"])?;
        let what = *u.choose(&["missing", "unlisted", "unusable", "unknown"])?;
        settings.insert("actions".into(), json!({what: action}));
    }
    if u.ratio(1, 5)? {
        settings.insert("targets".into(), json!(["Pod", *u.choose(&["ServiceAccount", "PodTemplate"])?]));
    }
    if u.ratio(1, 8)? {
        settings.insert(
            "registrySuffixes".into(),
            json!([*u.choose(&["registry.contoso.com", ".azurecr.my.cloud"])?]),
        );
    }
    Ok(Value::Object(settings))
}

/// A known text, or some characters of the fuzzer's own.
fn host(u: Bytes<'_, '_>) -> Result<String> {
    if u.ratio(1, 6)? { text(u) } else { Ok((*u.choose(&HOSTS)?).to_owned()) }
}

fn text(u: Bytes<'_, '_>) -> Result<String> {
    let length = u.int_in_range(0..=12)?;
    let bytes = u.bytes(length)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn image(u: Bytes<'_, '_>) -> Result<Value> {
    if u.ratio(1, 12)? {
        return Ok(u.choose(&[json!(null), json!(5), json!({}), json!("")])?.clone());
    }
    let mut image = host(u)?;
    image += u.choose(&["/web", "/shop/web", "/Shop", "", "/a//b"])?;
    image += u.choose(&[":v1", "", DIGEST, ":", "@sha256:1", ":v1@sha256:"])?;
    if u.ratio(1, 12)? {
        image += &text(u)?;
    }
    Ok(image.into())
}

fn object(u: Bytes<'_, '_>, kind: &str) -> Result<Value> {
    let mut metadata = Map::new();
    metadata.insert("name".into(), (*u.choose(&NAMES)?).into());
    if u.ratio(1, 4)? {
        metadata.insert("namespace".into(), (*u.choose(&NAMES)?).into());
    }
    if u.ratio(1, 12)? {
        metadata.insert("deletionTimestamp".into(), "2026-01-01T00:00:00Z".into());
    }
    if u.ratio(1, 8)? {
        metadata.insert("annotations".into(), json!({"kubernetes.io/config.mirror": "x"}));
    }
    if u.ratio(1, 8)? {
        metadata.insert(
            "ownerReferences".into(),
            json!([{"controller": u.arbitrary::<bool>()?, "kind": "Node", "name": "n"}]),
        );
    }
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
    match kind {
        "Pod" => object["spec"] = pod_spec(u)?,
        "PodTemplate" => object["template"] = json!({"spec": pod_spec(u)?}),
        "CronJob" => {
            object["spec"] = json!({"jobTemplate": {"spec": {"template": {"spec": pod_spec(u)?}}}});
        }
        "ServiceAccount" => {
            object["imagePullSecrets"] = list(u)?;
            object["secrets"] = list(u)?;
        }
        "Secret" => object = secret(u)?,
        _ => object["spec"] = json!({"template": {"spec": pod_spec(u)?}}),
    }
    if u.ratio(1, 8)? {
        let future = ["future", "spec/imagePullSecrets", "spec/template/spec", "imagePullSecrets/"];
        object[*u.choose(&future)?] = anything(u, 3)?;
    }
    Ok(object)
}

fn pod_spec(u: Bytes<'_, '_>) -> Result<Value> {
    let mut spec = Map::new();
    for list in ["initContainers", "containers", "ephemeralContainers", "volumes"] {
        let mut items = Vec::new();
        for i in 0..u.int_in_range(0..=2)? {
            let name = format!("c{i}");
            items.push(if list == "volumes" {
                json!({"name": name, "image": {"reference": image(u)?}})
            } else {
                json!({"image": image(u)?, "name": name, "env": [{"name": "containers", "value": "spec"}]})
            });
        }
        if !items.is_empty() {
            spec.insert(list.into(), items.into());
        }
    }
    if u.arbitrary()? {
        spec.insert("imagePullSecrets".into(), list(u)?);
    }
    if u.ratio(1, 3)? {
        spec.insert("serviceAccountName".into(), (*u.choose(&NAMES)?).into());
    }
    if u.ratio(1, 6)? {
        spec.insert("nodeName".into(), "n".into());
    }
    if u.ratio(1, 8)? {
        spec.insert(
            (*u.choose(&["containers", "template", "spec", "volumes", "template/spec", "/"])?).into(),
            anything(u, 3)?,
        );
    }
    Ok(Value::Object(spec))
}

fn list(u: Bytes<'_, '_>) -> Result<Value> {
    if u.ratio(1, 10)? {
        return Ok(u.choose(&[json!(null), json!({}), json!("x"), json!([null])])?.clone());
    }
    let mut entries = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        entries.push(json!({"name": *u.choose(&NAMES)?}));
    }
    Ok(entries.into())
}

fn anything(u: Bytes<'_, '_>, depth: u32) -> Result<Value> {
    Ok(match u.int_in_range(0..=if depth == 0 { 4 } else { 6 })? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.arbitrary::<i64>()?.into(),
        3 => text(u)?.into(),
        4 => image(u)?,
        5 => json!([anything(u, depth - 1)?, anything(u, depth - 1)?]),
        _ => {
            let name =
                *u.choose(&["spec", "containers", "image", "name", "metadata", "imagePullSecrets", "x\"y"])?;
            json!({name: anything(u, depth - 1)?})
        }
    })
}

/// A secret, with a docker config that may be broken anywhere.
fn secret(u: Bytes<'_, '_>) -> Result<Value> {
    let (kind, key) = *u.choose(&[
        ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
        ("kubernetes.io/dockercfg", ".dockercfg"),
        ("Opaque", ".dockerconfigjson"),
        ("kubernetes.io/dockerconfigjson", ".dockercfg"),
    ])?;
    let auth = base64(
        u.choose(&["pull:p", "pull", ":p", "00000000-0000-0000-0000-000000000000:a.b.c", "a:b:c"])?
            .as_bytes(),
    );
    let credential = match u.int_in_range(0..=4)? {
        0 => json!({"auth": auth}),
        1 => json!({"username": "pull", "password": text(u)?}),
        2 => json!({"username": "pull", "password": "p", "auth": text(u)?}),
        3 => json!({"auth": auth, "identitytoken": "t"}),
        _ => anything(u, 2)?,
    };
    let auths = json!({host(u)?: credential});
    let mut config = if key == ".dockerconfigjson" { json!({"auths": auths}) } else { auths }.to_string();
    if u.ratio(1, 10)? {
        let end = config.floor_char_boundary(u.int_in_range(0..=config.len())?);
        config.truncate(end);
        config += &text(u)?;
    }
    let mut data = base64(config.as_bytes());
    if u.ratio(1, 20)? {
        data += &text(u)?;
    }
    Ok(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": *u.choose(&NAMES)?}, "type": kind, "data": {key: data}}),
    )
}

fn answer(u: Bytes<'_, '_>) -> Result<std::result::Result<Vec<u8>, String>> {
    let refusals = [
        "Callback evaluation failure: Cannot find v1/Secret named 'x' inside of namespace 'Some(\"shop\")'",
        "Policy has not been granted access to Kubernetes v1/Secret resources. The violation has been reported.",
        "Callback evaluation failure: kube::Client was not initialized properly",
    ];
    Ok(match u.int_in_range(0..=5)? {
        0 => Err((*u.choose(&refusals)?).to_owned()),
        1 => Ok(json!({"metadata": {"name": "default"}, "imagePullSecrets": list(u)?, "secrets": list(u)?})
            .to_string()
            .into_bytes()),
        2 => Ok(text(u)?.into_bytes()),
        _ => Ok(secret(u)?.to_string().into_bytes()),
    })
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}
