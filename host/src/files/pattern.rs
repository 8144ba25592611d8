//! Patterns of paths, and what they name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};

use glob::{MatchOptions, Pattern, PatternError};
use ignore::WalkBuilder;

use super::input::InputError;

/// Any number of folders.
pub(crate) const ANY_FOLDERS: &str = "**";

/// Whether a path may match several files.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The files and folders that a pattern names, in order. As in shells, `**` goes through no links, which may make any
/// number of paths to one folder.
///
/// # Errors
/// - a pattern that is not valid
pub(crate) fn matches(pattern: &str) -> Result<Vec<Result<PathBuf, InputError>>, PatternError> {
    Pattern::new(pattern)?;
    let Some(at) = position_of_any_folders(pattern) else { return by_glob(pattern) };
    let (above, below) = pattern.split_at_checked(at).unwrap_or((pattern, ""));
    let is_folder = below.ends_with(is_separator);
    let below = below.trim_end_matches(is_separator);
    let above = if above.is_empty() { vec![Ok(PathBuf::new())] } else { by_glob(above)? };
    if below == ANY_FOLDERS {
        // The folders in a folder are read with it.
        let here = |path: PathBuf| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
        return Ok(above.into_iter().map(|path| path.map(here)).collect());
    }
    let below = Pattern::new(below)?;
    let mut all = Vec::new();
    for folder in above {
        match folder {
            Ok(folder) => all.extend(walk(&folder, &below, is_folder)),
            Err(error) => all.push(Err(error)),
        }
    }
    Ok(all)
}

/// Where `**` begins as the name of a folder.
fn position_of_any_folders(pattern: &str) -> Option<usize> {
    let mut at = 0;
    pattern.split_inclusive(is_separator).find_map(|part| {
        let start = at;
        at += part.len();
        (part.trim_end_matches(is_separator) == ANY_FOLDERS).then_some(start)
    })
}

fn by_glob(pattern: &str) -> Result<Vec<Result<PathBuf, InputError>>, PatternError> {
    let unreadable = |error: glob::GlobError| {
        let name = error.path().display().to_string();
        InputError::Unreadable { name, reason: error.into() }
    };
    Ok(glob::glob(pattern)?.map(|path| path.map_err(unreadable)).collect())
}

/// What in a folder and below matches a pattern that begins there.
fn walk<'a>(
    folder: &'a Path,
    pattern: &'a Pattern,
    is_folder: bool,
) -> impl Iterator<Item = Result<PathBuf, InputError>> + 'a {
    const OPTIONS: MatchOptions = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };
    let top = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut builder = WalkBuilder::new(top);
    builder.standard_filters(false).sort_by_file_name(OsStr::cmp);
    builder.build().filter_map(move |entry| match entry {
        Ok(entry) => {
            let rest = entry.path().strip_prefix(top).ok()?;
            let is_match = entry.depth() > 0
                && pattern.matches_path_with(rest, OPTIONS)
                && (!is_folder || entry.path().is_dir());
            is_match.then(|| Ok(folder.join(rest)))
        }
        Err(error) => Some(Err(InputError::of_walk(folder, error))),
    })
}

#[cfg(test)]
mod tests {
    use super::{matches, position_of_any_folders};

    #[test]
    fn any_folders_are_a_part_of_their_own() {
        for (pattern, at) in [
            ("**", Some(0)),
            ("a/**/b", Some(2)),
            ("/**", Some(1)),
            ("a/*/b", None),
            ("a**", None),
            ("", None),
        ] {
            assert_eq!(position_of_any_folders(pattern), at, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_names_files_and_folders() {
        let root = tempfile::tempdir().unwrap();
        for file in ["a/x.yaml", "a/b/x.yaml", "a/b/y.txt", "a/.c/x.yaml", "d/x.yaml"] {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let named = |pattern: &str| -> Vec<String> {
            let all = matches(root.path().join(pattern).to_str().unwrap()).unwrap().into_iter();
            let name = |path: std::path::PathBuf| {
                path.strip_prefix(root.path()).unwrap().to_str().unwrap().replace('\\', "/")
            };
            all.map(|path| name(path.unwrap())).collect()
        };
        for (pattern, expected) in [
            ("a/*.yaml", &["a/x.yaml"][..]),
            ("a/**/*.yaml", &["a/.c/x.yaml", "a/b/x.yaml", "a/x.yaml"]),
            ("**/b", &["a/b"]),
            ("**/b/", &["a/b"]),
            ("**/x.yaml/", &[]),
            ("*/**/y.txt", &["a/b/y.txt"]),
            ("a/**/b/**/x.yaml", &["a/b/x.yaml"]),
            ("a/**", &["a"]),
            ("a/**/", &["a"]),
            ("[ad]/**/x.yaml", &["a/.c/x.yaml", "a/b/x.yaml", "a/x.yaml", "d/x.yaml"]),
            ("none/**/x.yaml", &[]),
        ] {
            assert_eq!(named(pattern), expected, "{pattern}");
        }
        assert!(matches("a**").is_err() && matches("***").is_err());
        let here: Vec<_> = matches("**").unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!(here, [std::path::Path::new(".")]);
    }
}
