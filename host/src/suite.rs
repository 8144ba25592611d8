//! Results of suites: reports of their cases, and new expectations.

pub mod report;
pub mod suite_files;
pub mod update;
mod words;
