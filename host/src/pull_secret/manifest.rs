//! How manifests are written, as kubectl does.

use serde::Serialize;
use serde_json::ser::PrettyFormatter;

/// Several objects, its fields in the order of the API's JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a, T> {
    kind: &'static str,
    api_version: &'static str,
    metadata: Empty,
    items: &'a [T],
}

#[derive(Serialize)]
struct Empty {}

/// Why a manifest cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not as JSON
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not as YAML
    #[error(transparent)]
    Yaml(#[from] serde_saphyr::ser::Error),
}

/// A format of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As `kubectl -o yaml` writes it: the fields sorted
    Yaml,
    /// As `kubectl -o json` writes it
    Json,
}

/// The manifest of one object, or the `List` of several.
///
/// # Errors
/// - never, because texts can be written
pub fn manifest<T: Serialize>(objects: &[T], format: Format) -> Result<String, ManifestError> {
    match objects {
        [one] => write(one, format),
        items => write(&List { kind: "List", api_version: "v1", metadata: Empty {}, items }, format),
    }
}

fn write(object: &impl Serialize, format: Format) -> Result<String, ManifestError> {
    match format {
        Format::Yaml => {
            // kubectl never folds.
            let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
            Ok(serde_saphyr::to_string_with_options(&serde_json::to_value(object)?, options)?)
        }
        Format::Json => {
            let mut json = Vec::new();
            let mut writer =
                serde_json::Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(b"    "));
            object.serialize(&mut writer)?;
            json.push(b'\n');
            Ok(String::from_utf8_lossy(&json).into_owned())
        }
    }
}
