//! Files: found, read, watched, and written completely or not at all.

pub mod atomic_file;
pub mod chart;
pub mod encoding;
pub mod exclude;
pub mod folder;
pub mod found;
pub mod gitignore;
pub mod input;
pub mod kustomization;
pub mod kustomize;
pub mod new_files;
pub mod origin;
pub(crate) mod ownership;
mod patch_above;
pub(crate) mod pattern;
pub mod search;
pub(crate) mod target;
pub mod watch;

/// The name of the config file, which is never an input of its own folder.
pub const CONFIG_FILE: &str = ".acr-pull-secret.yaml";
