//! How many cases a test reached.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The cases that a test reached, by their suites: a suite that is not read, and a filter that lets nothing through, would
/// pass otherwise.
#[derive(Debug, Default)]
pub struct Reached(BTreeMap<PathBuf, usize>);

impl Reached {
    /// Counts a case of this suite.
    pub fn add(&mut self, suite: &Path) {
        *self.0.entry(suite.to_owned()).or_default() += 1;
    }

    /// Fails where fewer cases were reached, or none of a file that is there; `spared` names files without any.
    pub fn assert(&self, least: usize, spared: &[&str]) {
        let reached: usize = self.0.values().sum();
        assert!(reached >= least, "only {reached} cases, not {least}: {self:?}");
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases");
        let files = std::fs::read_dir(suites).unwrap().map(|entry| name(&entry.unwrap().path()));
        let missing: BTreeSet<String> =
            files.filter(|file| !self.0.keys().any(|path| name(path) == *file)).collect();
        assert_eq!(missing, spared.iter().map(|name| (*name).to_owned()).collect(), "files without a case");
    }
}
