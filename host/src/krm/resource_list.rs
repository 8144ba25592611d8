//! The input of a KRM function, and the settings in it.

use std::sync::Arc;

use review::diagnostic::{Diagnostic, Diagnostics};
use review::field_error::{self, FieldError};
use review::manifest::at;
use review::settings::{Settings, SettingsSource};
use review::source_file::SourceFile;
use review::yaml::{self, Document};
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value};

/// The version of the function's own configuration.
pub const CONFIG_VERSION: &str = "acr-pull-secret/v1";

/// Its kind.
pub const CONFIG_KIND: &str = "PullSecrets";

/// The API group of resource lists.
const GROUP: &str = "config.kubernetes.io/";

/// Where the settings are in the list.
const SETTINGS: &str = "/functionConfig/spec";

/// A `ResourceList`.
#[derive(Debug)]
pub struct ResourceList {
    /// Its text
    pub file: Arc<SourceFile>,
    /// What it is configured with
    pub settings: Settings,
    /// Whether it changes items; otherwise it only reports
    pub mutates: bool,
}

/// Why a text is not a `ResourceList`.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be parsed
    #[error(transparent)]
    Syntax(Diagnostics),
    /// It is empty
    #[error("standard input is empty, but krm needs a ResourceList")]
    Empty,
    /// It is something else
    #[error("standard input is not a ResourceList")]
    NotAList,
    /// Its items are none
    #[error("{at}: items must be a list")]
    Items {
        /// File, line and column
        at: String,
    },
    /// It has something behind the list
    #[error("standard input has {0} documents, and a function gets one ResourceList")]
    Several(usize),
    /// Its configuration is of another kind
    #[error("{at}: functionConfig must have apiVersion: {CONFIG_VERSION} and kind: {CONFIG_KIND}")]
    Kind {
        /// File, line and column
        at: String,
    },
    /// Its configuration is a `ConfigMap`, as kpt makes of the words of a call
    #[error("{at}: the settings of this function cannot be in a ConfigMap")]
    ConfigMap {
        /// File, line and column
        at: String,
    },
    /// A field of its configuration is not valid
    #[error("{at}: functionConfig.{error}")]
    Field {
        /// File, line and column
        at: String,
        /// What is wrong
        error: Box<FieldError>,
    },
}

impl InputError {
    /// What to do, where it is not obvious.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Syntax(_) | Self::Several(_) | Self::Items { .. } => None,
            Self::Empty | Self::NotAList => Some(
                "name this command in a kustomization, see \
                 https://github.com/acr-pull-secret/acr-pull-secret/blob/main/docs/kustomize.md; to fix manifests, run acr-pull-secret fix -"
                    .to_owned(),
            ),
            Self::Kind { .. } => Some(
                "write both, with the settings below spec, in the file that transformers or validators name, or that kpt \
                 gets by --fn-config"
                    .to_owned(),
            ),
            Self::ConfigMap { .. } => Some(format!(
                "write them below spec in a file with apiVersion: {CONFIG_VERSION} and kind: {CONFIG_KIND}, and name it in kpt \
                 fn eval --fn-config pull-secrets.yaml, or in configPath of a Kptfile"
            )),
            Self::Field { error, .. } => Some(error.help.clone()).filter(|help| !help.is_empty()),
        }
    }
}

/// The configuration of the function.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FunctionConfig {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "metadata")]
    _metadata: Option<Value>,
    spec: Option<Map<String, Value>>,
}

impl ResourceList {
    /// Reads a list, and the settings in its `functionConfig`. Without any, the settings are the policy's defaults.
    ///
    /// # Errors
    /// - it is not one `ResourceList`
    /// - its `functionConfig` is neither a `PullSecrets` nor empty
    pub fn read(file: SourceFile) -> Result<Self, InputError> {
        if file.text.trim().is_empty() {
            return Err(InputError::Empty);
        }
        let (mut documents, error) = yaml::documents(&file.text);
        if let Some(error) = error {
            let problem = Diagnostic::of_syntax(&file.name, &file.text, &error);
            return Err(InputError::Syntax(Diagnostics(vec![problem])));
        }
        let count = documents.len();
        let Some(mut document) = documents.pop() else { return Err(InputError::NotAList) };
        let is_list = |document: &Document| {
            let word = |field| document.value.get(field).and_then(Value::as_str).unwrap_or_default();
            word("kind") == "ResourceList" && word("apiVersion").starts_with(GROUP)
        };
        if !is_list(&document) {
            return Err(InputError::NotAList);
        }
        if count > 1 {
            return Err(InputError::Several(count));
        }
        if document.value.get("items").is_some_and(|items| !items.is_array() && !items.is_null()) {
            return Err(InputError::Items { at: at(&file, &document, "/items") });
        }
        let config = document.value.get_mut("functionConfig").map(Value::take).unwrap_or_default();
        let file = Arc::new(file);
        let data = data(&config);
        if is_empty(&config) || data.as_deref().is_some_and(<[_]>::is_empty) {
            return Ok(Self { file, settings: Settings::default(), mutates: true });
        }
        let at = |pointer: &str| at(&file, &document, &format!("/functionConfig{pointer}"));
        if let Some([field, ..]) = data.as_deref() {
            return Err(InputError::ConfigMap { at: at(field) });
        }
        let word = |field| config.get(field).and_then(Value::as_str).unwrap_or_default();
        if (word("apiVersion"), word("kind")) != (CONFIG_VERSION, CONFIG_KIND) {
            return Err(InputError::Kind { at: at("") });
        }
        let config: FunctionConfig = field_error::read(config)
            .map_err(|error| InputError::Field { at: at(&error.pointer), error: error.into() })?;
        let spec = config.spec.unwrap_or_default();
        let mutates = spec.get("mode").and_then(Value::as_str) != Some("validate");
        let source = SettingsSource {
            name: file.name.clone(),
            text: file.text.clone(),
            document: document.index,
            prefix: SETTINGS.to_owned(),
        };
        let json = to_raw_value(&spec).unwrap_or_default();
        let settings = Settings { json, source: Some(source), ..Settings::default() };
        Ok(Self { file, settings, mutates })
    }
}

/// Where a `ConfigMap` could have settings; `None` for other kinds. kpt sends one without any where a call has none.
/// kptdev/kpt thirdparty/cmdconfig/commands/cmdeval/cmdeval.go
fn data(config: &Value) -> Option<Vec<&'static str>> {
    let is = |field, word: &str| config.get(field).is_some_and(|value| value == word);
    let has = |pointer: &&str| config.pointer(pointer).is_some_and(|data| !is_empty(data));
    (is("apiVersion", "v1") && is("kind", "ConfigMap"))
        .then(|| ["/data", "/binaryData"].into_iter().filter(has).collect())
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::ResourceList;
    use review::source_file::SourceFile;

    fn read(text: &str) -> Result<ResourceList, String> {
        let file = SourceFile { name: "<stdin>".to_owned(), text: text.to_owned() };
        ResourceList::read(file).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_a_list_with_settings_is_refused() {
        let list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";
        let not_a_list = "standard input is not a ResourceList";
        let kind =
            "<stdin>:5:3: functionConfig must have apiVersion: acr-pull-secret/v1 and kind: PullSecrets";
        let config_map = "<stdin>:7:9: the settings of this function cannot be in a ConfigMap";
        for (text, message) in [
            (String::new(), "standard input is empty, but krm needs a ResourceList"),
            ("# a\n".to_owned(), not_a_list),
            ("apiVersion: v1\nkind: List\nitems: []\n".to_owned(), not_a_list),
            ("kind: ResourceList\nitems: []\n".to_owned(), not_a_list),
            ("apiVersion: v1\nkind: ResourceList\n".to_owned(), not_a_list),
            (
                format!("{list}---\n{list}"),
                "standard input has 2 documents, and a function gets one ResourceList",
            ),
            (list.replace("[]", "foo"), "<stdin>:3:8: items must be a list"),
            (
                format!("{list}functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data: {{a: b}}\n"),
                config_map,
            ),
            (
                format!("{list}functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data: [1]\n"),
                config_map,
            ),
            (
                format!(
                    "{list}functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  binaryData: {{a: Yg==}}\n"
                ),
                "<stdin>:7:15: the settings of this function cannot be in a ConfigMap",
            ),
            (format!("{list}functionConfig:\n  apiVersion: v1\n  kind: Secret\n  data: {{}}\n"), kind),
            (format!("{list}functionConfig:\n  apiVersion: apps/v1\n  kind: ConfigMap\n"), kind),
            (format!("{list}functionConfig:\n  metadata: {{}}\n"), kind),
            (format!("{list}functionConfig:\n  kind: PullSecrets\n"), kind),
            (
                format!(
                    "{list}functionConfig: {{apiVersion: acr-pull-secret/v1, kind: PullSecrets, mode: validate}}\n"
                ),
                "<stdin>:4:75: functionConfig.mode: unknown field",
            ),
            (
                format!(
                    "{list}functionConfig: {{apiVersion: acr-pull-secret/v1, kind: PullSecrets, spec: 5}}\n"
                ),
                "<stdin>:4:75: functionConfig.spec: must be an object, not a number",
            ),
        ] {
            assert_eq!(read(&text).unwrap_err(), message, "{text}");
        }
    }

    /// kpt sends a `ConfigMap` for a call that has no settings.
    #[test]
    fn a_configuration_without_settings_means_the_defaults() {
        let config_map = "apiVersion: v1, kind: ConfigMap, metadata: {name: function-input}";
        for config in [
            "null".to_owned(),
            "{}".to_owned(),
            format!("{{{config_map}}}"),
            format!("{{{config_map}, data: {{}}}}"),
            format!("{{{config_map}, data: null, binaryData: {{}}}}"),
        ] {
            let list = read(&format!(
                "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig: {config}\n"
            ));
            let list = list.unwrap_or_else(|error| panic!("{config}: {error}"));
            assert_eq!((list.settings.json.get(), list.mutates), ("{}", true), "{config}");
        }
    }

    #[test]
    fn settings_are_the_spec_and_mutate_unless_they_say_validate() {
        let config = |spec: &str| {
            format!(
                "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: acr-pull-secret/v1\n  \
                 kind: PullSecrets\n  metadata: {{name: pull-secrets}}\n{spec}"
            )
        };
        for (spec, settings, mutates) in [
            ("", "{}", true),
            ("  spec:\n", "{}", true),
            ("  spec: {mode: mutate}\n", r#"{"mode":"mutate"}"#, true),
            ("  spec: {mode: validate}\n", r#"{"mode":"validate"}"#, false),
        ] {
            let list = read(&config(spec)).unwrap();
            assert_eq!((list.settings.json.get(), list.mutates), (settings, mutates), "{spec}");
        }
        assert!(
            read("{\"apiVersion\":\"config.kubernetes.io/v1alpha1\",\"kind\":\"ResourceList\"}")
                .unwrap()
                .mutates
        );
    }
}
