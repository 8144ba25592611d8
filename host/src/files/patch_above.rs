//! Patches of Kustomize in files that are named, or in folders that are: their kustomization is in the file's folder, or
//! in a folder above.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kustomization::{Kustomization, in_folder};
use super::ownership::{is_foreign, is_open};

/// The kustomizations in folders and above them, each read once.
#[derive(Debug, Default)]
pub(super) struct KustomizationsAbove {
    /// Those in a folder and above, and those above alone, by the folder as it was named
    chains: HashMap<(PathBuf, Level), Arc<[Arc<Known>]>>,
    /// By the folder without links
    read: HashMap<PathBuf, Option<Arc<Known>>>,
    /// The requested patches, by their kustomization
    pub(super) patches: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

/// Where the kustomizations are that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Level {
    /// In the folder, and above it
    InOrAbove,
    /// Above the folder, whose own ones are known already
    Above,
}

/// The files that a kustomization names, without links.
#[derive(Debug)]
struct Known {
    file: Arc<Path>,
    patches: BTreeSet<PathBuf>,
    resources: BTreeSet<PathBuf>,
}

impl KustomizationsAbove {
    /// The kustomization in `folder`, or above it in the same repository, that names `file` as a patch. What one of them
    /// names as a resource is a manifest. Outside of a repository nothing above the folder counts.
    pub(super) fn of(&mut self, file: &Path, folder: &Path, level: Level) -> Option<Arc<Path>> {
        let chain = self.chain(folder, level);
        if chain.is_empty() {
            return None;
        }
        let real = file.canonicalize().ok()?;
        if chain.iter().any(|known| known.resources.contains(&real)) {
            return None;
        }
        let kustomization = chain.iter().find(|known| known.patches.contains(&real))?.file.clone();
        self.patches.entry(kustomization.to_path_buf()).or_default().insert(file.to_owned());
        Some(kustomization)
    }

    fn chain(&mut self, folder: &Path, level: Level) -> Arc<[Arc<Known>]> {
        let key = (folder.to_owned(), level);
        if let Some(chain) = self.chains.get(&key) {
            return chain.clone();
        }
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let folders = in_repository(&real).into_iter().skip(usize::from(level == Level::Above));
        let chain: Arc<[Arc<Known>]> = folders.filter_map(|above| self.known(above)).collect();
        self.chains.insert(key, chain.clone());
        chain
    }

    fn known(&mut self, folder: &Path) -> Option<Arc<Known>> {
        self.read.entry(folder.to_owned()).or_insert_with(|| Known::of(folder).map(Arc::new)).clone()
    }
}

impl Known {
    fn of(folder: &Path) -> Option<Self> {
        let file = in_folder(folder)?;
        let metadata = file.symlink_metadata().ok()?;
        // Another user may have put it there.
        if !metadata.is_file() || is_foreign(&metadata) || is_open(&metadata) {
            return None;
        }
        let Kustomization { patches, resources, .. } = Kustomization::read(&file)?;
        let real = |paths: Vec<PathBuf>| paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
        Some(Self { file: from_here(&file).into(), patches: real(patches), resources: real(resources) })
    }
}

/// A folder and those above it, up to the root of its repository. Without a repository, and where everyone may write a folder
/// on the way, only the folder itself.
fn in_repository(folder: &Path) -> Vec<&Path> {
    let mut folders = vec![folder];
    for above in folder.ancestors() {
        if above != folder {
            if above.metadata().is_ok_and(|metadata| is_open(&metadata)) {
                break;
            }
            folders.push(above);
        }
        if above.join(".git").exists() {
            return folders;
        }
    }
    vec![folder]
}

/// A path from the working folder, where the file is in it.
fn from_here(file: &Path) -> &Path {
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    here.and_then(|here| file.strip_prefix(here).ok()).unwrap_or(file)
}
