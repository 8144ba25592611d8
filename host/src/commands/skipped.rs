//! Notes on what is skipped in folders, and how to check it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use serde_json::json;

use crate::console::Io;
use crate::files::chart::Chart;
use crate::files::folder::Folder;
use crate::files::gitignore::Unused;
use crate::files::kustomization::{Kustomization, folder_of};
use crate::files::search::Search;
use crate::program;
use crate::text::{counted, shell_path};
use review::admission::ApiServer;
use review::evaluation::Evaluation;
use review::failing_lookups::FailingLookups;
use review::manifest::manifests;
use review::outcome::Outcome;
use review::source_file::SourceFile;
use review::verdict::Decision;

/// Maximum number of names in a note; the others are counted.
const MOST_NAMES: usize = 3;

/// Reports files in these folders that are skipped although the user may expect them to be read.
pub(super) fn tell(folders: &[Folder], search: &Search, io: &Io) {
    for folder in each_once(folders) {
        for chart in &folder.charts {
            io.stderr.line(&format!("note: {}", templates(chart)));
        }
        for Kustomization { file, patches, .. } in &folder.kustomizations {
            tell_of_patches(file, patches, io);
        }
        tell_of_changes(&folder.kustomizations, io);
        tell_of_links(slice::from_ref(folder), "add --follow", io);
        for reason in [Unused::TooLarge, Unused::NotRegular, Unused::Unreadable, Unused::TooComplex] {
            let files = folder.unused_gitignores.iter().filter(|(_, unused)| **unused == reason);
            let files: Vec<&Path> = files.map(|(file, _)| file.as_path()).collect();
            if !files.is_empty() {
                io.stderr.line(&format!("note: {}", unused(&files, reason)));
            }
        }
        if folder.is_empty && !(search.hidden && search.ignored) {
            let name = folder.path.display();
            io.stderr.line(&format!(
                "note: no YAML or JSON file was found in {name}; to read hidden files and those that .gitignore \
                 ignores, add --hidden and --no-ignore"
            ));
        }
    }
}

/// The folders without those that others of them contain, or that have the same files under another path.
fn each_once(folders: &[Folder]) -> impl Iterator<Item = &Folder> {
    let mut most: Vec<(usize, &Folder)> = folders.iter().enumerate().collect();
    most.sort_by_key(|(_, folder)| Reverse(folder.visited.len()));
    let mut first = HashMap::new();
    for (i, folder) in most {
        for visited in &folder.visited {
            first.entry(visited).or_insert(i);
        }
    }
    let is_own = move |i: usize, folder: &Folder| folder.visited.iter().any(|it| first.get(it) == Some(&i));
    let each = folders.iter().enumerate();
    each.filter(move |(i, folder)| folder.visited.is_empty() || is_own(*i, folder)).map(|(_, folder)| folder)
}

/// Reports which patches of a kustomization are skipped.
pub(super) fn tell_of_patches(kustomization: &Path, patches: &[PathBuf], io: &Io) {
    if !patches.is_empty() {
        let (file, names) = (kustomization.display(), names(patches));
        io.stderr.line(&format!("note: patches of {file} are skipped: {names}"));
    }
}

/// Reports which kustomizations build something that differs from their files.
fn tell_of_changes(kustomizations: &[Kustomization], io: &Io) {
    let changing: Vec<&Kustomization> =
        kustomizations.iter().filter(|kustomization| !kustomization.changes.is_empty()).collect();
    let Some(first) = changing.first() else { return };
    let shown = changing.iter().take(MOST_NAMES);
    let named: Vec<String> =
        shown.map(|it| format!("{} ({})", it.file.display(), it.changes.join(", "))).collect();
    let others = match changing.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let program = program::name();
    let (verb, how) = match changing.len() {
        1 => ("changes", format!("run {program} check -k {}", shell_path(folder_of(&first.file)))),
        _ => ("change", format!("run {program} check -k with the folder of each")),
    };
    let count = counted(changing.len(), "kustomization");
    io.stderr.line(&format!(
        "note: {count} {verb} what the files show: {}{others}; to check what is built, {how}",
        named.join(", ")
    ));
}

/// Reports which links out of these folders were not followed, and how to follow them.
pub(super) fn tell_of_links(folders: &[Folder], how: &str, io: &Io) {
    for Folder { path, links_out, .. } in folders {
        if !links_out.is_empty() {
            let (count, names, name) = (counted(links_out.len(), "link"), names(links_out), path.display());
            let note = format!("{count} out of {name} not followed: {names}; to follow them, {how}");
            io.stderr.line(&format!("note: {note}"));
        }
    }
}

fn unused(files: &[&Path], reason: Unused) -> String {
    let is_one = files.len() == 1;
    let (subject, is, it) = if is_one { ("file", "is", "it") } else { ("files", "are", "they") };
    let reason = match reason {
        Unused::TooLarge => format!("{it} {is} larger than 64 KiB"),
        Unused::NotRegular if is_one => "it is a link or not a regular file".to_owned(),
        Unused::NotRegular => "they are links or not regular files".to_owned(),
        Unused::Unreadable => format!("{it} cannot be read"),
        Unused::TooComplex => format!("{it} {} too many patterns", if is_one { "has" } else { "have" }),
    };
    let (count, names) = (files.len(), names(files));
    format!("{count} .gitignore {subject} {is} not used, because {reason}: {names}")
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
        "the templates of {folder} are not read; to check what they render, run helm template {word} | {} check -",
        program::name()
    )
}

/// Reports where Kustomize sets images that the policy checks and that are not in the files.
pub(super) fn tell_of_images(evaluation: &Evaluation<'_>, folders: &[Folder], io: &Io) {
    let Evaluation { policy, settings, resource, judged, ref api_server, .. } = *evaluation;
    // Without lookups, because a recorded session contains only the lookups for the inputs.
    let (ApiServer { namespace, cluster, .. }, host) = (api_server, Arc::new(FailingLookups::Unavailable));
    let evaluation = Evaluation::new(policy, settings, judged, namespace, cluster, host);
    let evaluation = Evaluation { resource, ..evaluation };
    for kustomization in each_once(folders).flat_map(|folder| &folder.kustomizations) {
        if concerns(&evaluation, kustomization) {
            let file = kustomization.file.display();
            let word = shell_path(folder_of(&kustomization.file));
            io.stderr.line(&format!(
                "note: {file} sets images that the policy checks and that are not in the files; to check what is built, run \
                 {} check -k {word}",
                program::name()
            ));
        }
    }
}

/// Reports which files in folders are neither manifests nor other readable files.
pub(super) fn tell_of_unreadable(files: &[String], io: &Io) {
    if !files.is_empty() {
        let (count, names) = (counted(files.len(), "file"), names(files));
        let (they_are, have) = if files.len() == 1 { ("it is", "has") } else { ("they are", "have") };
        io.stderr.line(&format!(
            "note: {count} skipped, because {they_are} not valid YAML or JSON and {have} neither kind nor apiVersion: {names}"
        ));
    }
}

/// Whether the policy applies to a pod with the images that a kustomization sets.
fn concerns(evaluation: &Evaluation<'_>, kustomization: &Kustomization) -> bool {
    let Kustomization { images, namespace, .. } = kustomization;
    if images.is_empty() {
        return false;
    }
    let containers = images.iter().enumerate();
    let containers = containers.map(|(i, image)| json!({"name": format!("c{i}"), "image": image}));
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "built"},
        "spec": {"containers": containers.collect::<Vec<_>>()},
    });
    if let (Some(namespace), Some(metadata)) = (namespace, pod.get_mut("metadata")) {
        metadata["namespace"] = namespace.as_str().into();
    }
    let file = SourceFile { name: String::new(), text: pod.to_string() };
    let (pods, _, _) = manifests(&file.into());
    let is_concerned = |outcome: Outcome| {
        matches!(outcome.worst(), Decision::Mutated | Decision::Rejected)
            || outcome.findings().iter().any(|finding| finding.image.is_some())
    };
    pods.into_iter().map(|pod| evaluation.judge(pod)).any(is_concerned)
}

fn names(paths: &[impl AsRef<Path>]) -> String {
    let shown = paths.iter().take(MOST_NAMES).map(|path| path.as_ref().display().to_string());
    let shown: Vec<_> = shown.collect();
    match paths.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
