//! The policy's settings: where they come from, and whether the policy takes them.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::PolicyArgs;
use crate::policy::{HostCalls, Policy};
use crate::yaml;

/// Reads the settings that the command line names; none means `{}`.
///
/// # Errors
/// - a file that cannot be read or parsed, or that is no object
pub fn load(args: &PolicyArgs) -> Result<Box<RawValue>> {
    let (name, text) = match (&args.settings, &args.settings_json) {
        (Some(path), _) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
            (name, text)
        }
        (None, Some(json)) => ("--settings-json".to_owned(), json.clone()),
        (None, None) => return Ok(RawValue::from_string("{}".to_owned())?),
    };
    let (mut documents, error) = yaml::documents(&text);
    if let Some(error) = error {
        bail!("{name}:{}:{}: {}", error.line, error.column, error.message);
    }
    let settings = match (documents.pop(), documents.len()) {
        (None, _) => Value::Object(serde_json::Map::new()),
        (Some(document), 0) => of_policy(document.value),
        (Some(_), more) => bail!("{name}: {} documents, where one is wanted", more + 1),
    };
    if !settings.is_object() {
        bail!("{name}: the settings must be an object");
    }
    Ok(serde_json::value::to_raw_value(&settings)?)
}

/// The settings in a policy resource, or the value as it is.
fn of_policy(mut value: Value) -> Value {
    let is_policy = matches!(
        value.get("kind").and_then(Value::as_str),
        Some("ClusterAdmissionPolicy" | "AdmissionPolicy")
    );
    if !is_policy {
        return value;
    }
    let settings =
        value.pointer_mut("/spec/settings").map(Value::take).filter(|settings| !settings.is_null());
    settings.unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

#[derive(Deserialize)]
struct Answer {
    valid: bool,
    message: Option<String>,
}

/// Asks the policy whether it takes the settings.
///
/// # Errors
/// - it does not, or gives no answer
pub fn validate(policy: &Policy, settings: &RawValue, host: Arc<dyn HostCalls>) -> Result<()> {
    let answer = policy.call("validate_settings", settings.get().as_bytes(), host);
    let answer = match answer {
        // A policy without the operation has nothing to validate.
        Err(error) if error.is_unknown_operation() => return Ok(()),
        other => other.context("the policy could not validate its settings")?,
    };
    let answer: Answer =
        serde_json::from_slice(&answer).context("the policy's answer to its settings is no JSON")?;
    if !answer.valid {
        bail!("the settings are not valid: {}", answer.message.unwrap_or_default());
    }
    Ok(())
}
