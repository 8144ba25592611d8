//! Helm charts: folders whose templates are not manifests before they are rendered.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::input::value_of;

const CHART_FILE: &str = "Chart.yaml";
const TEMPLATES: &str = "templates";
const CHARTS: &str = "charts";

/// A chart whose templates are skipped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chart {
    /// Its folder
    pub folder: PathBuf,
    /// Whether it only has templates for other charts, so that it cannot be rendered itself
    pub is_library: bool,
}

impl Chart {
    /// The chart that the templates of this folder are rendered with: its own, or the one that it is part of.
    pub fn of(folder: &Path) -> Self {
        let mut folder = folder;
        while let Some(parent) = parent_chart(folder) {
            folder = parent;
        }
        Self { folder: folder.to_owned(), is_library: is_library(folder) }
    }
}

/// Whether this is the folder of a chart with templates.
pub(super) fn has_templates(folder: &Path) -> bool {
    is_chart(folder) && folder.join(TEMPLATES).is_dir()
}

/// Whether this is the folder of a chart's templates.
pub(super) fn is_templates(path: &Path) -> bool {
    path.file_name() == Some(OsStr::new(TEMPLATES)) && path.parent().is_some_and(is_chart)
}

/// The folder of a chart's templates.
pub(super) fn templates(folder: &Path) -> PathBuf {
    folder.join(TEMPLATES)
}

fn is_chart(folder: &Path) -> bool {
    folder.join(CHART_FILE).is_file()
}

/// The chart in whose `charts` folder this one lies.
fn parent_chart(folder: &Path) -> Option<&Path> {
    let charts = folder.parent().filter(|parent| parent.file_name() == Some(OsStr::new(CHARTS)))?;
    charts.parent().filter(|parent| is_chart(parent))
}

fn is_library(folder: &Path) -> bool {
    let chart = value_of(&folder.join(CHART_FILE));
    chart.as_ref().and_then(|chart| chart.get("type")).and_then(Value::as_str) == Some("library")
}
