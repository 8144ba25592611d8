//! Files and folders that are skipped when folders are searched.

use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// Patterns of files and folders. Those with a slash are paths from the working folder; the others are names at any depth.
#[derive(Debug, Clone, Default)]
pub struct Exclude {
    patterns: Vec<Pattern>,
}

/// Why a pattern cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExcludeError {
    /// It is not a valid pattern
    #[error("--exclude {pattern}: not a valid pattern: {reason}")]
    Pattern {
        /// As given
        pattern: String,
        /// What is wrong with it
        reason: glob::PatternError,
    },
    /// It matches every file or folder
    #[error("--exclude {0:?}: this matches everything; pass the name of a file or folder, or a path")]
    Everything(String),
}

impl Exclude {
    /// Patterns as they are given.
    ///
    /// # Errors
    /// - a pattern that is not valid, or names everything
    pub fn new(patterns: &[String]) -> Result<Self, ExcludeError> {
        let patterns = patterns.iter().map(|given| {
            let pattern = given.trim_end_matches('/');
            if pattern.is_empty() {
                return Err(ExcludeError::Everything(given.clone()));
            }
            let invalid = |reason| ExcludeError::Pattern { pattern: given.clone(), reason };
            // Check the pattern as given, so that a position in the error fits it.
            Pattern::new(pattern).map_err(invalid)?;
            let whole = if is_path(pattern) {
                // The working folder's name is text, not a pattern.
                let folder = Pattern::escape(&std::env::current_dir().unwrap_or_default().to_string_lossy());
                normal(&Path::new(&folder).join(pattern)).to_string_lossy().into_owned()
            } else {
                format!("**/{pattern}")
            };
            Pattern::new(&whole).map_err(invalid)
        });
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()? })
    }

    /// Whether a file or folder is left out. What is in such a folder is too.
    pub fn has(&self, path: &Path) -> bool {
        const OPTIONS: MatchOptions = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: false,
        };
        if self.patterns.is_empty() {
            return false;
        }
        let path = normal(&std::env::current_dir().unwrap_or_default().join(path));
        self.patterns.iter().any(|pattern| pattern.matches_path_with(&path, OPTIONS))
    }
}

/// Whether a pattern is a path, so that it counts from some folder.
pub fn is_path(pattern: &str) -> bool {
    !pattern.starts_with("**/") && pattern.trim_end_matches('/').contains('/')
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Exclude;

    #[test]
    fn names_are_left_out_anywhere_and_paths_from_the_working_folder() {
        for (pattern, path, is_left_out) in [
            ("vendor", "charts/vendor", true),
            ("vendor", "./vendor", true),
            ("vendor", "charts/vendored", false),
            ("*.tpl.yaml", "deploy/web.tpl.yaml", true),
            ("vendor/", "charts/vendor", true),
            ("charts/vendor", "charts/vendor", true),
            ("charts/vendor", "./charts/vendor", true),
            ("charts/vendor", "other/charts/vendor", false),
            ("./vendor", "vendor", true),
            ("./vendor", "charts/vendor", false),
            ("**/charts/vendor", "other/charts/vendor", true),
            ("charts/*", "charts/web", true),
            ("charts/*", "charts/web/pod.yaml", false),
            ("charts/**", "charts/web/pod.yaml", true),
            ("../charts", "../charts", true),
            ("../charts", "charts", false),
        ] {
            let exclude = Exclude::new(&[pattern.to_owned()]).unwrap();
            assert_eq!(exclude.has(Path::new(path)), is_left_out, "{pattern} {path}");
        }
    }

    #[test]
    fn an_invalid_pattern_is_refused_by_name() {
        let error = Exclude::new(&["***".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("--exclude ***: ") && error.contains("near position 2"), "{error}");
    }

    #[test]
    fn what_names_everything_is_refused() {
        for pattern in ["", "/", "//"] {
            let error = Exclude::new(&[pattern.to_owned()]).unwrap_err().to_string();
            assert!(error.contains("this matches everything"), "{error}");
        }
    }
}
