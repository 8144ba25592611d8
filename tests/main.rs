//! Tests of the whole: one set of cases through every entry point, and everything that needs the command or the
//! policy.wasm. The tests of the core and the review alone are in `policy/core/tests` and `host/review/tests`.
//!
//! | module | states |
//! |---|---|
//! | `cases` | every case of `cases/` has the same result in the core, in the command and in an independent host |
//! | `secrecy` | no value of a secret is ever shown |
//! | `lookups` | the kinds of refusal of policy-server are distinguished, sessions are replayed, tokens expire |
//! | `suites` | what a suite of the user may say, and how `--update` writes it |
//! | `tables` | the policy.wasm reads images, registry keys and settings as the tables of `policy/core/tests/tables` say |
//! | `properties` | the policy.wasm answers generated input as the core does |
//! | `cluster_manifests` | what policy/cluster applies is valid, accepted by the policy, and grants no more than it needs |
//! | `artifact_hub` | the data for Artifact Hub and Rancher match the policy |
//! | `reproducible` | the policy's bytes depend on its source alone |
//! | `manifests` | real manifests are checked, and fixed exactly where there is a pod |
//! | `folders` | in folders, manifests are read; other files are skipped, or a note names them |
//! | `reports` | every report follows its schema, for any input, and agrees with the others |
//! | `input_names` | reports name charts' templates, and standard input by its given name, without wrong lines |
//! | `earlier_reports` | a report replaces one of an earlier run, and no other file that was read |
//! | `bench` | the time of checks is compared with reading, and with other policies |
//! | `streams` | input of any length is reported document by document, in its order |
//! | `running` | a signal leaves only complete files, and a watch sees every change |
//! | `hostile_modules` | a policy that loops, crashes or lies causes an error at that object, and the others are still checked |
//! | `reading` | files are read as kubectl reads them, in its encodings, and written back in them |
//! | `hostile_input` | bombs, broken links, lost output: a clear message, the right status, bounded memory |
//! | `terminal` | whole sessions of the command, as the files in `terminal/` show them: stdout, stderr, status, files |
//! | `fix` | files are fixed byte for byte as the pairs in `fix/` show, and nothing else in them changes |
//! | `fix_properties` | `fix` adds lines once to a pod that is written in any way |
//! | `fix_diff` | a diff shows every change and no Secret |
//! | `fix_styles` | in a manifest of any style, `fix` adds names and changes nothing else |
//! | `krm` | as a KRM function, it fixes items as `fix` fixes manifests, and reports results |
//! | `gitops` | the plugin files for Helm and Argo CD call the command as their pages say |
//! | `policy` | metadata is embedded as Kubewarden reads it, and only the lookups that the settings need are made |
//! | `deployment` | `policy manifest` writes what policy/cluster has, and keeps what a given policy resource says |
//! | `registry` | a policy is pushed to a real registry and pulled, and every error has one clear sentence |
//! | `container` | the container images have the command alone, which runs there as elsewhere |
//! | `command` | what a user of the command sees: streams, exit statuses, outputs |
//! | `option_files` | an option that names a file says why it cannot read that file |
//! | `decisions` | what is accepted, mutated and rejected, with the finding |
//! | `written_files` | reports and sessions go to files, and never over an input |
//! | `live` | `check --live` checks what kubectl shows of a cluster |
//! | `plugin` | as a plugin of kubectl, the command shows the calls that a user can type |
//! | `why` | a pod that waits for its images has one cause and a command against it |
//! | `kubectl` | a kubectl that prints what was recorded |
//! | `explain` | `explain` reports a policy that cannot explain |
//! | `asking` | `--pull` asks registries as the kubelet does, and no credential goes elsewhere or is shown |
//! | `expiry` | every engine reads when a pull secret ends, and the JSON report lists ends and users |
//! | `secret` | the manifest of a pull secret is kubectl's, and the password stays in it |
//! | `declared_secrets` | a repository declares its pull secrets by what controllers make them of, or encrypted |
//! | `documents` | the files, links and calls that documents show are there and valid |
//! | `rule_pages` | each rule has a page that says what the policy says |
//! | `wording` | no text has the words that the style guide replaces |
//! | `help` | help and manual have every command |
//! | `completions` | bash, fish and zsh complete commands, options, values and namespaces |
//! | `playground` | the page is served to this machine only, as it is, or written as a site |
//! | `browser` | the page decides as the command does, and sends nothing away |
//! | `integrations` | pre-commit's hooks and GitHub's action are calls of the command, which is installed as it is released, also by package managers |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first unexpected result"
)]

mod artifact_hub;
mod asking;
mod bench;
mod browser;
mod cases;
mod cluster_manifests;
mod command;
#[cfg(unix)]
mod completions;
#[cfg(target_os = "linux")]
mod container;
mod decisions;
mod declared_secrets;
mod deployment;
mod documents;
mod earlier_reports;
mod engines;
mod expiry;
mod explain;
mod fail_on;
mod fix;
mod fix_diff;
mod fix_properties;
mod fix_styles;
mod folders;
mod gitops;
mod help;
mod hostile_input;
mod hostile_modules;
mod init;
mod input_names;
mod integrations;
mod krm;
#[cfg(unix)]
mod kubectl;
#[cfg(unix)]
mod live;
mod lookups;
mod manifests;
mod option_files;
mod playground;
#[cfg(unix)]
mod plugin;
mod policy;
mod properties;
mod pulls;
mod reading;
mod registry;
mod reports;
#[cfg(unix)]
mod reproducible;
mod rule_pages;
mod running;
mod secrecy;
mod secret;
mod streams;
mod suites;
mod tables;
mod terminal;
#[cfg(unix)]
mod why;
mod wording;
mod written_files;
