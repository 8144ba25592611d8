//! A folder, and what is found in it and below.
//!
//! ```text
//! folders without links ─▶ files, links ─▶ links to what was not seen yet ─▶ files, links ─▶ …
//! ```
//! Links are followed last, short ones first. So a file is named by its path without links if it has one, and nothing is read
//! twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::{DirEntry, WalkBuilder};

use super::CONFIG_FILE;
use super::chart::{self, Chart};
use super::gitignore::{Ignored, Unused};
use super::input::{InputError, is_manifest};
use super::kustomization::{Kustomization, is_kustomization};
use super::search::{Search, Wanted};

/// What was found.
#[derive(Debug, Default)]
pub struct Folder {
    /// The folder as it was named
    pub path: PathBuf,
    /// Files in the order of their paths, and what cannot be read
    pub files: Vec<Result<FoundFile, InputError>>,
    /// Whether there are none
    pub is_empty: bool,
    /// Charts whose templates were skipped
    pub charts: BTreeSet<Chart>,
    /// What Kustomize builds here
    pub kustomizations: Vec<Kustomization>,
    /// Links out of the folder that were not followed: to folders, or to YAML or JSON files
    pub links_out: Vec<PathBuf>,
    /// `.gitignore` files that are not used
    pub unused_gitignores: BTreeMap<PathBuf, Unused>,
    /// The folders themselves, by their paths without links
    pub visited: BTreeSet<PathBuf>,
}

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// The path by which it was found
    pub path: PathBuf,
    /// The path without links
    pub real: PathBuf,
    /// The kustomization that names it as a patch, where none names it as a resource
    pub patch_of: Option<Arc<Path>>,
}

/// Searches a folder.
pub fn search(path: &Path, search: &Search) -> Folder {
    let unreadable = |reason| InputError::Unreadable { name: path.display().to_string(), reason };
    let mut walk = match path.canonicalize() {
        Ok(root) => Walk::new(root, search),
        Err(reason) => {
            let files = vec![Err(unreadable(reason))];
            return Folder { path: path.to_owned(), files, ..Folder::default() };
        }
    };
    let root = walk.root.clone();
    walk.walk(path, &root);
    while let Some((_, link)) = walk.links.pop_first() {
        walk.link(link);
    }
    walk.finish(path)
}

struct Walk<'a> {
    search: &'a Search,
    /// The named folder, without links
    root: PathBuf,
    visited: Visited,
    /// Files, by their paths without links
    read: HashSet<PathBuf>,
    /// Links to follow, with the number of their parts: the shortest come first
    links: BTreeSet<(usize, PathBuf)>,
    files: Vec<(PathBuf, Result<FoundFile, InputError>)>,
    charts: BTreeSet<Chart>,
    kustomizations: Vec<Kustomization>,
    links_out: Vec<PathBuf>,
    /// What the files of each walk ignore, with the folder that it began with and the same without links
    ignored: Vec<(PathBuf, PathBuf, Arc<Ignored>)>,
}

/// Folders by their paths without links. The library's filter shares them.
#[derive(Clone, Default)]
struct Visited(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Visited {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Walk<'a> {
    fn new(root: PathBuf, search: &'a Search) -> Self {
        Self {
            search,
            root,
            visited: Visited::default(),
            read: HashSet::new(),
            links: BTreeSet::new(),
            files: Vec::new(),
            charts: BTreeSet::new(),
            kustomizations: Vec::new(),
            links_out: Vec::new(),
            ignored: Vec::new(),
        }
    }

    fn wants_manifests(&self) -> bool {
        self.search.wanted == Wanted::Manifests
    }

    /// Visits a folder and the folders below it, without following links. `path` is its name, `real` its path without
    /// links.
    fn walk(&mut self, path: &Path, real: &Path) {
        for entry in self.builder(path, real).build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.files.push((path.to_owned(), Err(InputError::of_walk(path, error))));
                    continue;
                }
            };
            let real = real_path(&entry, path, real);
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            if entry.depth() == 0 || entry.file_type().is_some_and(|kind| kind.is_dir()) {
                self.folder(entry.path(), real);
            } else if entry.path_is_symlink() {
                self.links.insert((entry.path().components().count(), entry.into_path()));
            } else if is_file {
                self.file(entry.into_path(), real);
            }
        }
    }

    /// A walk that skips what was visited before and what is not wanted.
    fn builder(&mut self, path: &Path, real: &Path) -> WalkBuilder {
        let mut builder = WalkBuilder::new(path);
        builder.standard_filters(false).hidden(!self.search.hidden).sort_by_file_name(OsStr::cmp);
        let (top, top_real) = (path.to_owned(), real.to_owned());
        let ignored = (!self.search.ignored).then(|| Arc::new(Ignored::below(real)));
        self.ignored.extend(ignored.clone().map(|ignored| (path.to_owned(), real.to_owned(), ignored)));
        let (exclude, visited, wants_manifests) =
            (self.search.exclude.clone(), self.visited.clone(), self.wants_manifests());
        builder.filter_entry(move |entry| {
            let real = real_path(entry, &top, &top_real);
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_skipped = is_never_read(entry.file_name())
                || exclude.has(entry.path())
                || (wants_manifests && chart::is_templates(entry.path()))
                || ignored.as_ref().is_some_and(|ignored| ignored.has(&real, is_folder))
                || visited.lock().contains(&real);
            !is_skipped
        });
        builder
    }

    fn folder(&mut self, path: &Path, real: PathBuf) {
        let is_searched = self.wants_manifests() && chart::has_templates(path);
        if is_searched && !self.search.exclude.has(&chart::templates(path)) {
            self.charts.insert(Chart::of(path));
        }
        self.visited.lock().insert(real);
    }

    fn file(&mut self, path: PathBuf, real: PathBuf) {
        if self.wants_manifests() && is_kustomization(&path) {
            self.kustomizations.extend(Kustomization::read(&path));
        }
        if is_manifest(&path) && self.read.insert(real.clone()) {
            self.files.push((path.clone(), Ok(FoundFile { path, real, patch_of: None })));
        }
    }

    fn link(&mut self, link: PathBuf) {
        let target = link.canonicalize().and_then(|real| Ok((real.metadata()?, real)));
        let (metadata, real) = match target {
            Ok(target) => target,
            // A dangling link is an error only if its name is that of a YAML or JSON file.
            Err(_) if !is_manifest(&link) => return,
            Err(reason) => {
                let name = link.display().to_string();
                self.files.push((link, Err(InputError::Unreadable { name, reason })));
                return;
            }
        };
        let is_wanted = metadata.is_dir() || metadata.is_file() && is_manifest(&link);
        if !is_wanted || self.read.contains(&real) || self.visited.lock().contains(&real) {
            return;
        }
        if !self.search.follow && !real.starts_with(&self.root) {
            self.links_out.push(link);
        } else if metadata.is_file() {
            self.file(link, real);
        } else if !(real.file_name().is_some_and(is_never_read)
            || self.wants_manifests() && chart::is_templates(&real))
        {
            self.walk(&link, &real);
        }
    }

    fn finish(self, path: &Path) -> Folder {
        let unused_gitignores = self.unused_gitignores();
        let Self { visited, mut files, charts, mut kustomizations, links_out, .. } = self;
        // Files behind links come between the others.
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut files: Vec<_> = files.into_iter().map(|(_, file)| file).collect();
        mark_patches(&mut files, &mut kustomizations);
        mark_unread(&files, &mut kustomizations);
        let visited = std::mem::take(&mut *visited.lock());
        let is_empty = files.is_empty();
        Folder {
            path: path.to_owned(),
            files,
            is_empty,
            charts,
            kustomizations,
            links_out,
            unused_gitignores,
            visited,
        }
    }

    /// The `.gitignore` files that are not used, by the paths that the user knows.
    fn unused_gitignores(&self) -> BTreeMap<PathBuf, Unused> {
        let mut unused = BTreeMap::new();
        for (path, real, ignored) in &self.ignored {
            for (file, reason) in ignored.unused() {
                let file = file.strip_prefix(real).map_or_else(|_| file.clone(), |rest| path.join(rest));
                unused.insert(file, reason);
            }
        }
        unused
    }
}

/// Marks the kustomizations that build files which are not read, such as hidden ones.
fn mark_unread(files: &[Result<FoundFile, InputError>], kustomizations: &mut [Kustomization]) {
    let read: HashSet<&Path> = files.iter().flatten().map(|file| file.real.as_path()).collect();
    for Kustomization { resources, changes, .. } in kustomizations {
        let mut named = resources.iter().filter_map(|resource| resource.canonicalize().ok());
        if named.any(|real| real.is_file() && !read.contains(real.as_path())) {
            changes.push("resources that are not read");
        }
    }
}

/// Marks the files that kustomizations name as patches, and leaves of their lists those that were found. What one of them names
/// as a resource is a manifest, even if it is also a patch.
fn mark_patches(files: &mut [Result<FoundFile, InputError>], kustomizations: &mut [Kustomization]) {
    if kustomizations.iter().all(|kustomization| kustomization.patches.is_empty()) {
        return;
    }
    let files = files.iter_mut().flatten().map(|file| (file.real.clone(), file));
    let mut files: HashMap<PathBuf, &mut FoundFile> = files.collect();
    for resource in kustomizations.iter().flat_map(|kustomization| &kustomization.resources) {
        if let Ok(real) = resource.canonicalize() {
            files.remove(&real);
        }
    }
    for Kustomization { file, patches, .. } in kustomizations {
        let by: Arc<Path> = file.as_path().into();
        let mut found = BTreeSet::new();
        for real in patches.iter().filter_map(|patch| patch.canonicalize().ok()) {
            if let Some(file) = files.get_mut(&real) {
                file.patch_of = Some(by.clone());
                found.insert(file.path.clone());
            }
        }
        *patches = found.into_iter().collect();
    }
}

/// The path of an entry without links, in a walk that follows none.
fn real_path(entry: &DirEntry, top: &Path, real: &Path) -> PathBuf {
    match entry.path().strip_prefix(top) {
        Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
        _ => real.to_owned(),
    }
}

/// Git's own files, and this command's.
fn is_never_read(name: &OsStr) -> bool {
    name == ".git" || name == CONFIG_FILE
}
