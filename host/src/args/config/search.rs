//! The search for a config file, from the working folder upwards, and which files it skips.
//!
//! Another user may have written the file: it came with a repository, or its folder is open to everyone.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::files::CONFIG_FILE;
use crate::files::ownership::{is_foreign, is_open};

/// A config file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The file, as a path from the working folder
    pub(super) path: PathBuf,
    /// The folder that it applies to: its repository, or its own folder where it is not in a repository
    pub(super) root: PathBuf,
}

/// The result of the search.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// The nearest file that counts
    pub(super) found: Option<Found>,
    /// Files that do not count, with the reason
    pub(super) skipped: Vec<(PathBuf, Skipped)>,
    /// Files with another name, which may be meant to be the config file
    pub(super) misnamed: Vec<PathBuf>,
}

/// Why a file does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    /// Neither the caller nor root owns it
    OtherOwner,
    /// Everyone may write it
    Open,
    /// Everyone may write its folder
    InOpenFolder,
}

impl Skipped {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::OtherOwner => "it belongs to another user",
            Self::Open => "everyone may write it",
            Self::InOpenFolder => "everyone may write its folder",
        }
    }
}

/// Searches `folder` and the folders above it, up to the root of a repository, to `home`, and to a folder that everyone may
/// write.
pub(super) fn upwards(folder: &Path, home: Option<&Path>) -> Search {
    // The working folder is one without links.
    let home = home.and_then(|home| home.canonicalize().ok());
    let home = home.as_deref();
    let mut search = Search::default();
    let mut way = PathBuf::new();
    for folder in folder.ancestors() {
        let (file, path) = (folder.join(CONFIG_FILE), way.join(CONFIG_FILE));
        // A dangling link or a folder counts as found. Reading it reports the error.
        if let Ok(metadata) = file.symlink_metadata() {
            let Some(reason) = skipped(folder, &file, &metadata) else {
                search.found = Some(Found { path, root: root(folder, home) });
                return search;
            };
            search.skipped.push((path, reason));
        } else {
            let names = OTHER_NAMES.iter().filter(|name| is_config(&folder.join(name)));
            search.misnamed.extend(names.map(|name| way.join(name)));
        }
        if ends_at(folder, home) || is_repository(folder) {
            return search;
        }
        way.push("..");
    }
    search
}

/// Names that a config file might be thought to have.
const OTHER_NAMES: [&str; 4] =
    [".acr-pull-secret.yml", ".acr-pull-secret.json", "acr-pull-secret.yaml", "acr-pull-secret.yml"];

/// Bytes that no config file exceeds.
const MOST: u64 = 64 << 10;

/// Whether this is a regular file that is not a manifest: a manifest may have the name of the tool, too.
fn is_config(file: &Path) -> bool {
    let is_small = |metadata: Metadata| metadata.is_file() && metadata.len() <= MOST;
    // In JSON, the key is in quotes, and other fields may be before it on its line.
    let is_version = |field: &str| {
        field.split_once(':').is_some_and(|(key, _)| key.trim().trim_matches('"') == "apiVersion")
    };
    let is_manifest = |text: &str| text.split(['\n', '{', ',']).any(is_version);
    file.symlink_metadata().is_ok_and(is_small)
        && fs::read_to_string(file).is_ok_and(|text| !is_manifest(&text))
}

/// The folder of the repository that `folder` is in, or else `folder`.
fn root(folder: &Path, home: Option<&Path>) -> PathBuf {
    for above in folder.ancestors() {
        // The home folder may be a repository of its own, and everyone can make a folder of theirs one.
        if above != folder && ends_at(above, home) {
            break;
        }
        if is_repository(above) {
            return above.to_owned();
        }
    }
    folder.to_owned()
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}

fn ends_at(folder: &Path, home: Option<&Path>) -> bool {
    home == Some(folder) || folder.metadata().is_ok_and(|metadata| is_open(&metadata))
}

fn skipped(folder: &Path, file: &Path, metadata: &Metadata) -> Option<Skipped> {
    if folder.metadata().is_ok_and(|folder| is_open(&folder)) {
        return Some(Skipped::InOpenFolder);
    }
    let target = file.metadata().ok();
    let all = [Some(metadata), target.as_ref()];
    if all.iter().flatten().any(|metadata| is_foreign(metadata)) {
        return Some(Skipped::OtherOwner);
    }
    target.is_some_and(|target| is_open(&target)).then_some(Skipped::Open)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{CONFIG_FILE, Found, Search, upwards};

    fn found(path: &str, root: &Path) -> Search {
        let path = PathBuf::from(path).join(CONFIG_FILE);
        Search { found: Some(Found { path, root: root.to_owned() }), ..Search::default() }
    }

    #[test]
    fn the_nearest_file_is_found_but_none_above_the_repository() {
        let folders = tempfile::tempdir().unwrap();
        let top = folders.path();
        let repository = top.join("repository");
        let folder = repository.join("apps/web");
        fs::create_dir_all(&folder).unwrap();
        fs::write(top.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, None), found("../../..", top));
        fs::create_dir(repository.join(".git")).unwrap();
        assert_eq!(upwards(&folder, None), Search::default());
        fs::write(repository.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, None), found("../..", &repository));
        fs::write(folder.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, None), found("", &repository));
    }

    #[test]
    fn a_file_with_another_name_is_noted_unless_it_is_a_manifest_or_the_config_file_is_beside_it() {
        let folders = tempfile::tempdir().unwrap();
        let top = folders.path();
        let folder = top.join("work");
        fs::create_dir_all(top.join(".git")).unwrap();
        fs::create_dir_all(folder.join("acr-pull-secret.yml")).unwrap();
        fs::write(top.join(".acr-pull-secret.yml"), "failOn: warn\n").unwrap();
        fs::write(folder.join("acr-pull-secret.yaml"), "failOn: warn\n").unwrap();
        let misnamed = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let search = upwards(&folder, None);
        assert_eq!(search.misnamed, misnamed(&["acr-pull-secret.yaml", "../.acr-pull-secret.yml"]));
        fs::remove_file(folder.join("acr-pull-secret.yaml")).unwrap();
        for (name, manifest) in [
            ("acr-pull-secret.yaml", "apiVersion: v1\nkind: Secret\n"),
            (".acr-pull-secret.json", "{\n  \"kind\": \"Secret\",\n  \"apiVersion\": \"v1\"\n}\n"),
            (".acr-pull-secret.json", "{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}"),
            (".acr-pull-secret.json", "{ \"kind\": \"Secret\", \"apiVersion\" : \"v1\" }"),
        ] {
            fs::write(folder.join(name), manifest).unwrap();
            assert_eq!(upwards(&folder, None).misnamed, misnamed(&["../.acr-pull-secret.yml"]), "{manifest}");
            fs::remove_file(folder.join(name)).unwrap();
        }
        fs::write(folder.join(".acr-pull-secret.json"), "{\"failOn\": \"warn\"}").unwrap();
        let wanted = misnamed(&[".acr-pull-secret.json", "../.acr-pull-secret.yml"]);
        assert_eq!(upwards(&folder, None).misnamed, wanted);
        fs::remove_file(folder.join(".acr-pull-secret.json")).unwrap();
        fs::write(top.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, None), found("..", top));
    }

    #[test]
    fn the_search_ends_at_the_home_folder() {
        let folders = tempfile::tempdir().unwrap();
        let home = folders.path().join("home");
        let folder = home.join("work");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folders.path().join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, Some(&home)), Search::default());
        fs::write(home.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, Some(&home)), found("..", &home));
        // In a repository at or above the home folder, a file applies only to its own folder.
        fs::create_dir(folders.path().join(".git")).unwrap();
        fs::write(folder.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder, Some(&home)), found("", &folder));
    }

    #[cfg(unix)]
    mod permissions {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
        use std::path::{Path, PathBuf};

        use super::super::{CONFIG_FILE, Search, Skipped, upwards};
        use super::found;
        use crate::files::ownership::is_another;

        fn skipped(path: &str, reason: Skipped) -> Search {
            let skipped = vec![(PathBuf::from(path).join(CONFIG_FILE), reason)];
            Search { skipped, ..Search::default() }
        }

        fn set(path: &Path, mode: u32) {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }

        #[test]
        fn a_file_that_everyone_may_write_is_skipped_and_ends_the_search() {
            let folders = tempfile::tempdir().unwrap();
            let open = folders.path().join("open");
            let folder = open.join("work");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folders.path().join(CONFIG_FILE), "").unwrap();
            for mode in [0o777, 0o1777, 0o702] {
                set(&open, mode);
                assert_eq!(upwards(&folder, None), Search::default(), "{mode:o}");
            }
            fs::write(open.join(CONFIG_FILE), "").unwrap();
            assert_eq!(upwards(&folder, None), skipped("..", Skipped::InOpenFolder));
            set(&open, 0o775);
            assert_eq!(upwards(&folder, None), found("..", &open));
            set(&open.join(CONFIG_FILE), 0o664);
            assert_eq!(upwards(&folder, None), found("..", &open));
            fs::remove_file(folders.path().join(CONFIG_FILE)).unwrap();
            set(&open.join(CONFIG_FILE), 0o666);
            let skipped = skipped("..", Skipped::Open);
            assert_eq!(Search { found: None, ..upwards(&folder, None) }, skipped);
        }

        #[test]
        fn the_files_of_the_caller_and_of_root_count() {
            for (owner, user, other) in
                [(0, 0, false), (0, 1000, false), (1000, 1000, false), (1000, 0, true), (1001, 1000, true)]
            {
                assert_eq!(is_another(owner, user), other, "{owner} for {user}");
            }
        }

        /// Only root can change the owner of a file; for other users only the table above is tested.
        #[test]
        fn a_file_of_another_user_is_skipped_and_the_search_goes_on() {
            const OTHER_USER: u32 = 65_534;
            let folders = tempfile::tempdir().unwrap();
            let folder = folders.path().join("work");
            fs::create_dir(&folder).unwrap();
            let (above, file) = (folders.path().join(CONFIG_FILE), folder.join(CONFIG_FILE));
            fs::write(&above, "").unwrap();
            fs::write(&file, "").unwrap();
            if chown(&file, Some(OTHER_USER), None).is_err() {
                return;
            }
            let wanted =
                Search { skipped: skipped("", Skipped::OtherOwner).skipped, ..found("..", folders.path()) };
            assert_eq!(upwards(&folder, None), wanted);
            fs::remove_file(&file).unwrap();
            symlink(&above, &file).unwrap();
            assert_eq!(upwards(&folder, None), found("", &folder));
            lchown(&file, Some(OTHER_USER), None).unwrap();
            assert_eq!(upwards(&folder, None), wanted, "a link");
        }
    }
}
