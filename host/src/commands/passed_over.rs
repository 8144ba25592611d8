//! Notes on what was passed over in folders, and what to type about it.

use std::path::Path;

use crate::console::Io;
use crate::files::chart::Chart;
use crate::files::folder::Folder;
use crate::files::search::Search;
use crate::text::{counted, shell_word};

/// Names in a note; of the others it tells the number.
const MOST_NAMES: usize = 3;

/// Says what was passed over in these folders that the user may take for read.
pub(super) fn tell(folders: &[Folder], search: &Search, io: &Io) {
    for folder in folders {
        for chart in &folder.charts {
            io.stderr.plain(&format!("note: {}", templates(chart)));
        }
        if !folder.links_out.is_empty() {
            let (count, names) = (counted(folder.links_out.len(), "link"), names(&folder.links_out));
            let name = folder.path.display();
            io.stderr.plain(&format!(
                "note: {count} out of {name} not followed: {names}; to follow them, add --follow"
            ));
        }
        if folder.is_empty && !(search.hidden && search.ignored) {
            let name = folder.path.display();
            io.stderr.plain(&format!(
                "note: no YAML or JSON file was found in {name}; to read hidden files and those that .gitignore leaves \
                 out, add --hidden and --no-ignore"
            ));
        }
    }
}

fn templates(chart: &Chart) -> String {
    let folder = chart.folder.display();
    if chart.is_library {
        return format!(
            "the templates of {folder} are not read: this is a library chart, so check the charts that use it"
        );
    }
    let word = shell_path(&chart.folder);
    format!(
        "the templates of {folder} are not read; to check what they render, run helm template {word} | acr-pull-secret \
         check -"
    )
}

/// Says which files in folders are neither manifests nor anything else that can be read.
pub(super) fn tell_of_unreadable(files: &[String], io: &Io) {
    if !files.is_empty() {
        let (count, names) = (counted(files.len(), "file"), names(files));
        io.stderr.plain(&format!(
            "note: {count} passed over, not valid YAML or JSON and without kind and apiVersion: {names}"
        ));
    }
}

/// A path as an argument in a shell, which does not take it for an option.
fn shell_path(path: &Path) -> String {
    let path = path.display().to_string();
    shell_word(&if path.starts_with('-') { format!("./{path}") } else { path })
}

fn names(paths: &[impl AsRef<Path>]) -> String {
    let shown = paths.iter().take(MOST_NAMES).map(|path| path.as_ref().display().to_string());
    let shown: Vec<_> = shown.collect();
    match paths.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
