//! The location of a finding, for programs.

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use review::outcome::Outcome;
use review::source_file::STDIN;
use review::verdict::Finding;

/// From the first character of a value to the one after its last; lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: usize,
    /// Column of the begin, and the end; none where only the line is known
    pub(super) rest: Option<(usize, usize, usize)>,
}

/// The file that a report names for an object: its chart's template, where it was rendered from one, or the input.
pub(super) fn file(outcome: &Outcome) -> &str {
    outcome.source.template.as_ref().unwrap_or(&outcome.source.file)
}

/// The [`file`], where it is one that a page can link to: not standard input, and not an object of a cluster.
pub(super) fn file_to_link(outcome: &Outcome) -> Option<&str> {
    let is_in_file = outcome.source.template.is_some() || outcome.source.line > 0;
    Some(file(outcome)).filter(|file| is_in_file && *file != STDIN)
}

impl Region {
    /// Of a finding in the [`file`] that is named; where the finding has no place of its own, the object's. None in a template:
    /// the known lines are those of the rendered text.
    pub(super) fn of(outcome: &Outcome, finding: &Finding) -> Option<Self> {
        let is_known = outcome.source.template.is_none() && outcome.source.line > 0;
        is_known.then(|| Self::in_input(outcome, finding))
    }

    /// Of a finding in the input.
    pub(super) fn in_input(outcome: &Outcome, finding: &Finding) -> Self {
        let value =
            finding.place.as_ref().and_then(|place| outcome.manifest.file.text.get(place.span.clone()));
        let (Some(line), Some(column), Some(value)) = (finding.line, finding.column, value) else {
            return Self { line: outcome.source.line, rest: None };
        };
        let (lines, last) = last_line(value);
        let end = last.chars().count() + if lines == 0 { column } else { 1 };
        Self { line, rest: Some((column, line + lines, end)) }
    }
}

/// The number of line ends in a text, and the text after the last one.
fn last_line(text: &str) -> (usize, &str) {
    let pairs = text.matches("\r\n").count();
    let ends = text.matches(['\n', '\r']).count();
    (ends - pairs, text.rsplit(['\n', '\r']).next().unwrap_or_default())
}

/// One path for a file, however it was given: with `/` between its parts, and from the [`Base`] where the file is below that.
pub(super) fn path(file: &str) -> String {
    let (parts, is_relative) = path_parts(file);
    format!("{}{}", if is_relative { "" } else { "/" }, parts.join("/"))
}

/// The parts of a file's path, from the [`Base`] where the file is below that; true if they are of a relative path.
pub(super) fn path_parts(file: &str) -> (Vec<String>, bool) {
    // It is in no folder.
    if file == STDIN {
        return (vec![file.to_owned()], true);
    }
    BASE.parts(file)
}

/// Variables with the folder that has the checkout, from which these servers read the paths of a report: GitHub Actions, GitLab,
/// Azure Pipelines. A job may run the command in a folder below, or have several checkouts in it.
const CHECKOUTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"];

/// It does not change while the command runs.
static BASE: LazyLock<Base> = LazyLock::new(|| {
    let named = CHECKOUTS.iter().filter_map(std::env::var_os).map(PathBuf::from);
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
        let repository = above().find(|folder| folder.join(".git").exists());
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

    use super::{Base, last_line};

    #[test]
    fn line_ends_of_all_systems_are_counted() {
        for (text, lines, last) in [
            ("", 0, ""),
            ("a", 0, "a"),
            ("a\nb", 1, "b"),
            ("a\r\nb\r\n", 2, ""),
            ("a\rß", 1, "ß"),
            ("a\n\nb", 2, "b"),
        ] {
            assert_eq!(last_line(text), (lines, last), "{text:?}");
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
