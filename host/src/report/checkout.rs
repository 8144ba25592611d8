//! The folder from which reports write paths: that of the checkout, or else the working folder.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

/// More than any path has.
const LONGEST: u64 = 64 << 10;

/// Variables with the folder that has the checkout, from which these servers read the paths of a report: GitHub Actions, GitLab,
/// Azure Pipelines. A job may run the command in a folder below, or have several checkouts in it.
const CHECKOUTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"];

/// The same in Jenkins, and a variable that only Jenkins sets: other programs have a `WORKSPACE` too.
const IN_JENKINS: (&str, &str) = ("WORKSPACE", "JENKINS_URL");

/// It does not change while the command runs.
static BASE: LazyLock<Base> = LazyLock::new(|| {
    let (workspace, sign) = IN_JENKINS;
    let in_jenkins = std::env::var_os(sign).and_then(|_| std::env::var_os(workspace));
    let named = CHECKOUTS.iter().filter_map(std::env::var_os).chain(in_jenkins).map(PathBuf::from);
    Base::new(std::env::current_dir().unwrap_or_default(), named)
});

/// The folder from which paths are written.
struct Base {
    /// Where the command runs
    here: PathBuf,
    /// The root of the checkout that this is in, or else the same
    root: PathBuf,
    /// What the variables name
    named: Vec<PathBuf>,
}

impl Base {
    fn new(here: PathBuf, named: impl Iterator<Item = PathBuf>) -> Self {
        let named = named.filter_map(|folder| folder.canonicalize().ok());
        let named: Vec<PathBuf> = named.filter(|folder| folder.parent().is_some()).collect();
        let depth = named.iter().find_map(|folder| depth_in(folder, &here)).unwrap_or(0);
        let above = || here.ancestors().take(depth + 1);
        let repository = above().find(|folder| is_checkout(folder));
        let root = repository.or_else(|| above().last()).unwrap_or(&here).to_owned();
        Self { here, root, named }
    }

    fn parts(&self, file: &str) -> (Vec<String>, bool) {
        let given = Path::new(file);
        let whole = normal(&self.here.join(given));
        let real;
        let path = match whole.strip_prefix(&self.root) {
            Ok(path) => path,
            Err(_) if self.named.is_empty() => given,
            // By a link, or from a folder outside.
            Err(_) => {
                real = whole.canonicalize().unwrap_or_default();
                let mut roots = std::iter::once(&self.root).chain(&self.named);
                roots.find_map(|root| real.strip_prefix(root).ok()).unwrap_or(&whole)
            }
        };
        let parts = path.components().filter_map(|part| match part {
            Component::CurDir | Component::RootDir => None,
            part => Some(part.as_os_str().to_string_lossy().into_owned()),
        });
        (parts.collect(), path.is_relative())
    }
}

/// The parts of a file's path, from the root of the checkout where the file is below that; true if they are of a relative path.
pub(super) fn parts(file: &str) -> (Vec<String>, bool) {
    BASE.parts(file)
}

/// Whether a folder is the root of a checkout. That of a submodule is a part of the one above it, from which servers read paths.
fn is_checkout(folder: &Path) -> bool {
    let git = folder.join(".git");
    if git.is_dir() {
        return true;
    }
    let mut text = String::new();
    git.is_file()
        && File::open(git).is_ok_and(|file| file.take(LONGEST).read_to_string(&mut text).is_ok())
        && !is_of_submodule(&text)
}

/// Whether the file `.git` of a folder is that of a submodule: it names `.git/modules/NAME`. Other working trees have such a file
/// too, also those of a submodule: `.git/modules/NAME/worktrees/TREE`. git: gitrepository-layout(5)
fn is_of_submodule(text: &str) -> bool {
    let folder = Path::new(text.strip_prefix("gitdir:").unwrap_or_default().trim());
    let mut names = folder.iter().skip_while(|name| *name != ".git").skip_while(|name| *name != "modules");
    // The last of `modules` is before the name, which may be `worktrees/foo`.
    let is_in_modules = names.next().is_some();
    let name: Vec<_> = names.collect();
    is_in_modules && !matches!(name.as_slice(), [_, .., tree, _] if *tree == "worktrees")
}

/// How many folders `here` is below a canonical folder. On Windows, a canonical path begins with `\\?\`, which the working folder
/// does not.
fn depth_in(folder: &Path, here: &Path) -> Option<usize> {
    Some(here.canonicalize().ok()?.strip_prefix(folder).ok()?.components().count())
}

/// The path without `.` and `..`: behind a link, `..` is the folder above the one that it leads to.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if path.is_symlink()
                    && let Ok(real) = path.canonicalize()
                {
                    path = real;
                }
                path.pop();
            }
            part => path.push(part),
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Base, is_of_submodule};

    #[test]
    fn the_folder_of_git_tells_a_submodule() {
        for (text, is) in [
            ("gitdir: ../.git/modules/libs\n", true),
            ("gitdir: ../../.git/modules/libs/deep\n", true),
            ("gitdir: ../.git/modules/libs/modules/deep\n", true),
            ("gitdir: /main/.git/worktrees/other/modules/libs\n", true),
            ("gitdir: /main/.git/worktrees/other\n", false),
            ("gitdir: /main/.git/modules/libs/worktrees/other\n", false),
            ("gitdir: ../../.git/modules/worktrees/foo\n", true),
            ("gitdir: /elsewhere/repository.git\n", false),
            ("gitdir: /store/modules/x\n", false),
            ("", false),
        ] {
            assert_eq!(is_of_submodule(text), is, "{text}");
        }
    }

    #[test]
    fn paths_start_in_the_checkout_or_else_in_the_working_folder() {
        let checkout = tempfile::tempdir().unwrap();
        let root = checkout.path().canonicalize().unwrap();
        let here = root.join("shop");
        std::fs::create_dir(&here).unwrap();
        let absolute = here.join("web.yaml").display().to_string();
        let outside = root.with_file_name("web.yaml").display().to_string().replace('\\', "/");
        let parts = |base: &Base, file: &str| {
            let (parts, is_relative) = base.parts(file);
            format!("{}{}", if is_relative { "" } else { "/" }, parts.join("/"))
        };
        let alone = Base::new(here.clone(), std::iter::empty());
        let below = Base::new(here.clone(), [root.join("none"), root.clone()].into_iter());
        // A folder that the command does not run in, that of everything, and none.
        let others = [root.join("../other"), PathBuf::from("/"), PathBuf::new()];
        let other = Base::new(here.clone(), others.into_iter());
        for (file, from_here, from_checkout) in [
            ("web.yaml", "web.yaml", "shop/web.yaml"),
            ("./a/../web.yaml", "web.yaml", "shop/web.yaml"),
            (&absolute, "web.yaml", "shop/web.yaml"),
            ("../web.yaml", "../web.yaml", "web.yaml"),
            ("../../web.yaml", "../../web.yaml", &outside),
            ("/none/web.yaml", "/none/web.yaml", "/none/web.yaml"),
            (".", "", "shop"),
        ] {
            assert_eq!(parts(&alone, file), from_here, "{file}");
            assert_eq!(parts(&other, file), from_here, "{file}");
            assert_eq!(parts(&below, file), from_checkout, "{file}");
        }
        // One of several checkouts in the folder of the job.
        std::fs::create_dir_all(root.join("shop/.git")).unwrap();
        std::fs::create_dir_all(root.join("shop/deploy")).unwrap();
        let inner = Base::new(root.join("shop/deploy"), std::iter::once(root.clone()));
        assert_eq!(parts(&inner, "web.yaml"), "deploy/web.yaml");
        // A submodule, and another working tree of the repository.
        for (git, path) in [
            ("gitdir: ../../.git/modules/deploy\n", "deploy/web.yaml"),
            ("gitdir: /main/.git/worktrees/deploy\n", "web.yaml"),
        ] {
            std::fs::write(root.join("shop/deploy/.git"), git).unwrap();
            let inner = Base::new(root.join("shop/deploy"), std::iter::once(root.clone()));
            assert_eq!(parts(&inner, "web.yaml"), path, "{git}");
        }
        #[cfg(unix)]
        {
            std::fs::create_dir_all(root.join("shop/other/deep")).unwrap();
            std::os::unix::fs::symlink(root.join("shop/other/deep"), root.join("shop/deploy/link")).unwrap();
            assert_eq!(parts(&inner, "link/../web.yaml"), "other/web.yaml");
            let link = root.join("link");
            std::os::unix::fs::symlink(root.join("shop"), &link).unwrap();
            std::fs::write(root.join("shop/web.yaml"), "").unwrap();
            let by_link = link.join("web.yaml").display().to_string();
            assert_eq!(parts(&below, &by_link), "link/web.yaml");
            let outside = Base::new(root.clone(), std::iter::once(root.join("shop")));
            assert_eq!(parts(&outside, &by_link), "link/web.yaml");
            let elsewhere = Base::new(root.join("link/../.."), std::iter::once(link));
            assert_eq!(parts(&elsewhere, &by_link), "web.yaml");
        }
    }
}
