//! The report as SARIF 2.1.0, for code scanning.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>; how GitHub uses it:
//! <https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning>

mod log;

use std::collections::BTreeMap;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::fingerprint::Fingerprints;
use super::place::{self, Region, path_parts};
use super::{Failing, Render, Summary, Tool, json_text, remarks};
use review::diagnostic::{Diagnostic, Spot, Weight};
use review::outcome::Outcome;
use review::rule_help::Rule;
use review::verdict::Severity;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the folder that the paths of files start from.
const ROOT: &str = "%SRCROOT%";

/// The characters that RFC 3986 does not encode within a segment of a path; `:` could be taken for the end of a scheme.
const SEGMENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Collects the results, because the rules come before them.
#[derive(Debug)]
pub struct Sarif {
    rules: Vec<Rule>,
    results: Vec<log::Result>,
    notifications: Vec<log::Notification>,
    is_complete: bool,
    fingerprints: Fingerprints,
    failing: Failing,
}

impl Sarif {
    /// A report on findings of these rules, and on what fails besides refusals.
    pub fn new(rules: Vec<Rule>, failing: Failing) -> Self {
        Self {
            rules,
            results: Vec::new(),
            notifications: Vec::new(),
            is_complete: true,
            fingerprints: Fingerprints::default(),
            failing,
        }
    }

    /// The number of a rule. A rule that the policy does not list is known only by its id.
    fn rule(&mut self, id: &str) -> usize {
        let known = self.rules.iter().position(|rule| rule.id == id);
        known.unwrap_or_else(|| {
            let [category, action, summary, reason, fix] = [const { String::new() }; 5];
            self.rules.push(Rule { id: id.to_owned(), category, action, summary, reason, fix });
            self.rules.len() - 1
        })
    }
}

impl Render for Sarif {
    fn problem(&mut self, problem: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        let level = match problem.weight {
            Weight::Error => log::Level::Error,
            Weight::Warning => log::Level::Warning,
        };
        self.is_complete &= problem.weight != Weight::Error;
        let locations = problem.spot.iter().map(|Spot { file, line, column, .. }| {
            let rest = column.map(|column| (column, *line, column));
            location(file, Some(Region { line: *line, rest }))
        });
        let help = problem.help.as_deref().unwrap_or_default();
        self.notifications.push(log::Notification {
            level,
            locations: locations.collect(),
            message: message(sentences(&problem.message, help)),
        });
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, _: &mut dyn Write) -> io::Result<()> {
        for finding in remarks(outcome, self.failing) {
            let fingerprint = self.fingerprints.of(outcome, &finding);
            let mut location = location(place::file(outcome), Region::of(outcome, &finding));
            location.logical_locations = vec![logical_location(outcome)];
            let level = match finding.severity {
                Severity::Reject => log::Level::Error,
                Severity::Warn => log::Level::Warning,
            };
            let rule_index = self.rule(&finding.rule);
            let properties =
                (!finding.help.is_empty()).then(|| BTreeMap::from([("help", finding.help.clone())]));
            self.results.push(log::Result {
                level,
                locations: [location],
                message: message(sentences(&finding.message, &finding.help)),
                partial_fingerprints: BTreeMap::from([("acrPullSecret/v1", fingerprint)]),
                properties,
                rule_id: finding.rule,
                rule_index,
            });
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let root = log::ArtifactLocation {
            description: Some(message(
                "The folder in which the command ran: the root of the sources.".to_owned(),
            )),
            ..log::ArtifactLocation::default()
        };
        let run = log::Run {
            column_kind: "unicodeCodePoints",
            invocations: [log::Invocation {
                execution_successful: self.is_complete && summary.errors == 0,
                tool_execution_notifications: std::mem::take(&mut self.notifications),
            }],
            original_uri_base_ids: BTreeMap::from([(ROOT, root)]),
            results: std::mem::take(&mut self.results),
            tool: log::Tool {
                driver: log::ToolComponent {
                    information_uri: Tool::ADDRESS,
                    name: Tool::NAME,
                    rules: self.rules.iter().map(descriptor).collect(),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                },
            },
        };
        let log = log::Log { schema: SCHEMA, runs: [run], version: "2.1.0" };
        json_text::write_pretty(&log, out)?;
        writeln!(out)
    }
}

fn descriptor(rule: &Rule) -> log::ReportingDescriptor {
    let level = match rule.action.as_str() {
        "allow" => log::Level::None,
        "reject" => log::Level::Error,
        _ => log::Level::Warning,
    };
    let mut descriptor = log::ReportingDescriptor {
        default_configuration: log::ReportingConfiguration { level },
        full_description: None,
        help: None,
        help_uri: None,
        id: rule.id.clone(),
        short_description: None,
    };
    if !rule.summary.is_empty() {
        let Rule { summary, reason, fix, .. } = rule;
        let text = |text| log::MultiformatMessage { markdown: None, text };
        descriptor.short_description = Some(text(summary.clone()));
        descriptor.full_description = Some(text(format!("{summary} {reason}")));
        let markdown = format!("{summary}\n\n**Why it breaks:** {reason}\n\n**How to fix it:** {fix}");
        descriptor.help =
            Some(log::MultiformatMessage { markdown: Some(markdown), text: format!("{reason} {fix}") });
        // The rules of other policies have no page here.
        descriptor.help_uri = (!rule.id.contains('/'))
            .then(|| format!(concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules/{}.md"), rule.id));
    }
    descriptor
}

/// Message and help as two sentences. GitHub shows nothing of a result but its message, and only the first sentence where
/// there is little room; a `fix` would have to be a change of the file.
fn sentences(message: &str, help: &str) -> String {
    let mut letters = help.chars();
    match letters.next() {
        Some(first) => format!("{message}. {}{}.", first.to_uppercase(), letters.as_str()),
        None => message.to_owned(),
    }
}

fn message(text: String) -> log::Message {
    log::Message { text }
}

fn location(file: &str, region: Option<Region>) -> log::Location {
    log::Location {
        logical_locations: Vec::new(),
        physical_location: log::PhysicalLocation {
            artifact_location: artifact(file),
            region: region.map(|Region { line, rest }| log::Region {
                end_column: rest.map(|(_, _, end_column)| end_column),
                end_line: rest.map(|(_, end_line, _)| end_line),
                start_column: rest.map(|(column, _, _)| column),
                start_line: line,
            }),
        },
    }
}

fn artifact(file: &str) -> log::ArtifactLocation {
    let (parts, is_relative) = path_parts(file);
    let parts: Vec<String> =
        parts.iter().map(|part| utf8_percent_encode(part, &SEGMENT).to_string()).collect();
    let path = parts.join("/");
    if is_relative {
        return log::ArtifactLocation { uri: Some(path), uri_base_id: Some(ROOT), description: None };
    }
    log::ArtifactLocation { uri: Some(format!("file:///{path}")), ..log::ArtifactLocation::default() }
}

fn logical_location(outcome: &Outcome) -> log::LogicalLocation {
    log::LogicalLocation {
        fully_qualified_name: outcome.title(),
        kind: "resource",
        name: outcome.name.clone(),
    }
}
