//! The decision, from top to bottom. Each file here uses only those below it:
//!
//! ```text
//! decide ─▶ pod · template ─▶ missing ─▶ attached ─▶ images · credential · list ─▶ context
//!        └▶ service_account · secret ─────────────────────────▶ credential · list ─▶ context
//! ```

mod attached;
mod context;
pub(crate) mod credential;
mod images;
mod list;
mod missing;
mod pod;
mod secret;
mod secret_command;
mod service_account;
mod template;

use crate::cluster::Cluster;
use crate::decision::Decision;
use crate::pod_spec::Holder;
use crate::request::Request;
use crate::settings::Settings;
use context::Context;

/// Decides on a request: which of its images lack a pull secret, and which names fix that.
///
/// Pure: the same request, settings and cluster give the same decision.
///
/// ```
/// use policy_core::{Request, Settings, cluster::EmptyCluster, decide, json::Value};
/// use serde_json::json;
///
/// let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "shop"}, "spec": {
///     "containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}],
///     "imagePullSecrets": [{"name": "acr-secret"}],
/// }});
/// let text = json!({"operation": "CREATE", "object": pod}).to_string();
/// let settings = Settings::parse(&Value::from(&json!({"cluster": {"secrets": "exists"}, "actions": {"unusable": "reject"}})))?;
///
/// let decision = decide(&Request::parse(&text)?, &settings, &EmptyCluster);
/// assert!(!decision.accepted());
/// assert_eq!(decision.findings[0].rule.id(), "secret-not-found");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(request: &Request<'_>, settings: &Settings, cluster: &dyn Cluster) -> Decision {
    if request.is_beside_the_point() {
        return Decision::default();
    }
    let mut context = Context::new(request, settings, cluster);
    match (&*request.group, &*request.kind) {
        ("", "Secret") => secret::check(&mut context),
        ("", "ServiceAccount") => service_account::check(&mut context),
        _ => match Holder::of(request) {
            Some(Holder::Pod) => pod::check(&mut context),
            Some(Holder::Template { path, immutable }) if !request.is_of_controller() => {
                template::check(&mut context, path, immutable);
            }
            _ => {}
        },
    }
    context.decision
}
