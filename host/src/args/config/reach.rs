//! What a config file may do. A file that was found belongs to the repository that is checked, whose author is not trusted: it
//! writes no file, raises no limit, and reads nothing outside the repository.

use std::num::NonZero;
use std::path::{Component, Path, PathBuf};

use review::field_error::FieldError;

use super::keys::{Key, wrong};
use crate::args::settings::file_of;
use crate::args::{Format, LimitArgs, parse_output};
use crate::files::pattern::{self, is_pattern};
use crate::quantity::{parse_duration, parse_memory, parse_size};

/// Whether a config file was named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// It was named, so it has the power of the command line
    Everywhere,
    /// It was found, and applies to this folder only
    Folder(PathBuf),
}

impl Reach {
    /// Checks the keys of a file, and lowers the number of threads to that of the cores.
    ///
    /// # Errors
    /// - the first key that is not allowed
    pub(super) fn limit(&self, keys: &mut [Key]) -> Result<(), FieldError> {
        let Self::Folder(root) = self else { return Ok(()) };
        keys.iter_mut().try_for_each(|key| match key.name {
            "output" => key.each(no_file),
            "settings" => key.each(|path| inside(root, file_of(path))),
            "policy" | "cluster" | "paths" => key.each(|path| inside(root, path)),
            "policyTimeout" => {
                key.each(|given| at_most(parse_duration(given), &LimitArgs::default().time, "2s"))
            }
            "policyMemory" => {
                key.each(|given| at_most(parse_memory(given), &LimitArgs::default().memory, "256Mi"))
            }
            "policyResponse" => {
                key.each(|given| at_most(parse_size(given), &LimitArgs::default().response, "64Mi"))
            }
            "policyHostCalls" => {
                key.each(|given| at_most(given.parse(), &LimitArgs::default().host_calls, "10000"))
            }
            "jobs" => {
                let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
                key.values.iter_mut().for_each(|jobs| {
                    *jobs = jobs.parse().map_or(cores, |jobs: usize| jobs.min(cores)).to_string();
                });
                Ok(())
            }
            _ => Ok(()),
        })
    }
}

impl Key {
    fn each(&self, check: impl Fn(&str) -> Result<(), String>) -> Result<(), FieldError> {
        self.values.iter().enumerate().try_for_each(|(i, value)| {
            check(value).map_err(|message| {
                if self.is_list {
                    wrong(&format!("{}[{i}]", self.name), &message)
                } else {
                    wrong(self.name, &message)
                }
            })
        })
    }
}

fn no_file(output: &str) -> Result<(), String> {
    match parse_output::<Format>(output) {
        Ok(output) if output.file.is_some() => {
            Err("a config file that was found cannot write files".to_owned())
        }
        _ => Ok(()),
    }
}

fn at_most<T: PartialOrd, E>(given: Result<T, E>, most: &T, text: &str) -> Result<(), String> {
    match given {
        Ok(given) if given > *most => {
            Err(format!("a config file that was found cannot set more than {text}"))
        }
        _ => Ok(()),
    }
}

fn inside(root: &Path, path: &str) -> Result<(), String> {
    let elsewhere = |what: &str| Err(format!("a config file that was found cannot read {what}"));
    if path == "-" {
        return elsewhere("standard input");
    }
    if leads_inside(root, path) {
        return Ok(());
    }
    elsewhere("outside its repository, or outside its folder where that is in no repository")
}

pub(super) fn leads_inside(root: &Path, path: &str) -> bool {
    let is_literal = Path::new(path).exists() || !is_pattern(path);
    if is_literal {
        return is_inside(root, Path::new(path));
    }
    // Reject `..` after a wildcard before the pattern is expanded, so that nothing outside the root is searched.
    let is_wild = |part: &Component<'_>| is_pattern(&part.as_os_str().to_string_lossy());
    let mut wild = Path::new(path).components().skip_while(|part| !is_wild(part));
    if wild.any(|part| part == Component::ParentDir) {
        return false;
    }
    // A folder is read only when it is known to be inside. Behind `**`, no link is followed, but one can be what is named.
    let are_inside = |path: &Path| {
        let path = path.to_string_lossy();
        if is_pattern(&path) {
            let found = pattern::matches(&path);
            found.is_ok_and(|found| found.iter().flatten().all(|path| is_inside(root, path)))
        } else {
            is_inside(root, Path::new(&*path))
        }
    };
    let mut above = PathBuf::new();
    let mut follows_wild = false;
    for part in Path::new(path).components() {
        follows_wild |= is_wild(&part);
        if follows_wild && !are_inside(&above) {
            return false;
        }
        if part.as_os_str() == pattern::ANY_FOLDERS {
            return are_inside(Path::new(path));
        }
        above.push(part);
    }
    are_inside(&above)
}

/// Whether a path leads into a folder, through links. For a file that does not exist, its future location counts.
pub(super) fn is_inside(root: &Path, path: &Path) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    for path in path.ancestors() {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        if let Ok(path) = path.canonicalize() {
            return path.starts_with(&root);
        }
        // A dangling link, or one to an open file (/proc/self/fd/0).
        let is_link = path.symlink_metadata().is_ok();
        if is_link || path.components().next_back() == Some(Component::ParentDir) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::super::keys;
    use super::{LimitArgs, Reach, parse_duration, parse_memory, parse_size};

    #[test]
    fn a_file_that_was_found_reaches_its_repository_and_no_further() {
        let folders = tempfile::tempdir().unwrap();
        let root = folders.path().join("repository");
        fs::create_dir_all(root.join("deploy")).unwrap();
        fs::create_dir(folders.path().join("repository-2")).unwrap();
        fs::write(folders.path().join("outside.yaml"), "").unwrap();
        fs::write(root.join("settings.yaml"), "").unwrap();
        let outside = folders.path().join("outside.yaml");
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink(&outside, root.join("deploy/link.yaml")).unwrap();
            symlink("/", root.join("everything")).unwrap();
            symlink("/proc/self/fd/0", root.join("input")).unwrap();
            symlink("/no/such/file", root.join("nothing")).unwrap();
            symlink("settings.yaml", root.join("deploy/../inner.yaml")).unwrap();
        }
        let limited = |value: serde_json::Value| {
            let mut keys = keys::read(value, &root.join(".acr-pull-secret.yaml")).unwrap();
            Reach::Everywhere.limit(&mut keys.clone()).unwrap();
            Reach::Folder(root.clone()).limit(&mut keys).map_err(|error| error.path)
        };
        for fine in [
            json!({"settings": {"mode": "validate"}, "output": ["json", "text=-"], "failOn": "warn"}),
            json!({"settings": "settings.yaml", "policy": "no-such.wasm", "cluster": ["deploy/../deploy"]}),
            json!({"settings": "settings.yaml#2", "paths": [".", "deploy", "*.yaml", "no-such/*.yaml"]}),
            json!({"policyTimeout": "2s", "policyMemory": "1Mi", "policyResponse": 5, "policyHostCalls": 1}),
            json!({"exclude": ["../x"], "hidden": true, "noIgnore": true, "quiet": true, "allowEmpty": true}),
            json!({"namespace": "shop", "jobs": 512}),
        ] {
            assert_eq!(limited(fine.clone()), Ok(()), "{fine}");
        }
        for (wrong, path) in [
            (json!({"output": ["text", "json=report.json"]}), "output[1]"),
            (json!({"output": ["github=../../.bashrc"]}), "output[0]"),
            (json!({"settings": "../outside.yaml"}), "settings"),
            (json!({"settings": "../outside.yaml#2"}), "settings"),
            (json!({"settings": "../no-such.yaml"}), "settings"),
            (json!({"settings": "no-such/../../outside.yaml"}), "settings"),
            (json!({"settings": "/etc/hostname"}), "settings"),
            (json!({"policy": "../repository-2"}), "policy"),
            (json!({"policy": outside.to_str().unwrap()}), "policy"),
            (json!({"cluster": ["deploy", ".."]}), "cluster[1]"),
            (json!({"paths": ["../*.yaml"]}), "paths[0]"),
            (json!({"paths": ["/**/*.yaml"]}), "paths[0]"),
            (json!({"paths": ["d*/../../*.yaml"]}), "paths[0]"),
            (json!({"paths": ["deploy", "deploy/../../*.yaml"]}), "paths[1]"),
            (json!({"policyTimeout": "2001ms"}), "policyTimeout"),
            (json!({"policyMemory": "257Mi"}), "policyMemory"),
            (json!({"policyResponse": "1Gi"}), "policyResponse"),
            (json!({"policyHostCalls": 10_001}), "policyHostCalls"),
        ] {
            assert_eq!(limited(wrong.clone()), Err(path.to_owned()), "{wrong}");
        }
        #[cfg(unix)]
        for link in [
            "input",
            "nothing",
            "deploy/link.yaml",
            "everything",
            "everything/etc/hostname",
            "deploy/*.yaml",
            "*/etc",
            "*/**/*.nosuch",
            "ever*/no/such/*.yaml",
            "**/link.yaml",
            "**/*.yaml",
            "**/everything",
            "deploy/**/*.yaml",
            "**/*",
        ] {
            assert_eq!(limited(json!({"paths": [link]})), Err("paths[0]".to_owned()), "{link}");
        }
    }

    #[test]
    fn the_limits_in_the_messages_are_the_defaults() {
        let limits = LimitArgs::default();
        assert_eq!(parse_duration("2s"), Ok(limits.time));
        assert_eq!(parse_memory("256Mi"), Ok(limits.memory));
        assert_eq!(parse_size("64Mi"), Ok(limits.response));
        assert_eq!(limits.host_calls, 10_000);
    }

    /// Then paths in it are given unchanged.
    #[test]
    fn a_file_in_the_working_folder_does_not_read_standard_input() {
        let mut keys = keys::read(json!({"paths": ["-"]}), ".acr-pull-secret.yaml".as_ref()).unwrap();
        let folder = std::env::current_dir().unwrap();
        assert_eq!(Reach::Folder(folder).limit(&mut keys).unwrap_err().path, "paths[0]");
    }
}
