//! The report as SARIF 2.1.0, for code scanning.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>; what GitHub makes of it:
//! <https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning>

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_sarif::sarif;
use sha2::{Digest as _, Sha256};

use super::place::{Region, path_parts};
use super::{Render, Summary, Tool, remarks};
use crate::diagnostic::{Diagnostic, Spot, Weight};
use crate::evaluation::Outcome;
use crate::rules::Rule;
use crate::verdict::{Finding, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the folder that files are told from.
const ROOT: &str = "%SRCROOT%";

/// What RFC 3986 leaves as it is within a segment of a path; `:` could be taken for the end of a scheme.
const SEGMENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Collects the results, because the rules stand before them.
#[derive(Debug)]
pub struct Sarif {
    rules: Vec<Rule>,
    results: Vec<sarif::Result>,
    notifications: Vec<sarif::Notification>,
    is_complete: bool,
    /// How often a finding of this identity has come
    seen: HashMap<String, usize>,
}

impl Sarif {
    /// A report on findings of these rules.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self {
            rules,
            results: Vec::new(),
            notifications: Vec::new(),
            is_complete: true,
            seen: HashMap::new(),
        }
    }

    /// The number of a rule. One that the policy did not tell of is known by its id only.
    fn rule(&mut self, id: &str) -> i64 {
        let known = self.rules.iter().position(|rule| rule.id == id);
        let index = known.unwrap_or_else(|| {
            let [action, summary, reason, mend] = [const { String::new() }; 4];
            self.rules.push(Rule {
                id: id.to_owned(),
                category: String::new(),
                action,
                summary,
                reason,
                mend,
            });
            self.rules.len() - 1
        });
        i64::try_from(index).unwrap_or(-1)
    }

    /// What stays the same when lines move or other findings come and go.
    fn fingerprint(&mut self, outcome: &Outcome, finding: &Finding) -> String {
        let parts = [
            &finding.rule,
            &outcome.source.file,
            &outcome.api_version,
            &outcome.kind,
            &outcome.namespace,
            &outcome.name,
            finding.image.as_ref().unwrap_or(&String::new()),
            finding.secret.as_ref().unwrap_or(&String::new()),
        ]
        .map(String::as_str)
        .join("\0");
        let seen = self.seen.entry(parts.clone()).or_default();
        *seen += 1;
        let hash = Sha256::digest(format!("{parts}\0{seen}"));
        hash.iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

impl Render for Sarif {
    fn problem(&mut self, problem: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        let level = match problem.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        self.is_complete &= problem.weight != Weight::Error;
        let locations = problem.spot.iter().map(|Spot { file, line, column, .. }| {
            let rest = column.map(|column| (column, *line, column));
            location(file, Region { line: *line, rest })
        });
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let notification = sarif::Notification::builder()
            .level(level)
            .message(message(&format!("{}{help}", problem.message)))
            .locations(locations.collect::<Vec<_>>());
        self.notifications.push(notification.build());
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, _: &mut dyn Write) -> io::Result<()> {
        for finding in remarks(outcome) {
            let fingerprint = self.fingerprint(outcome, &finding);
            let mut location = location(&outcome.source.file, Region::of(outcome, &finding));
            location.logical_locations = Some(vec![logical_location(outcome)]);
            let level = match finding.severity {
                Severity::Reject => sarif::ResultLevel::Error,
                Severity::Warn => sarif::ResultLevel::Warning,
            };
            let result = sarif::Result::builder()
                .rule_index(self.rule(&finding.rule))
                .rule_id(&finding.rule)
                .level(level)
                .message(message(&finding.message))
                .locations(vec![location])
                .partial_fingerprints(BTreeMap::from([("acrPullSecret/v1".to_owned(), fingerprint)]));
            self.results.push(result.build());
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let driver = sarif::ToolComponent::builder()
            .name(Tool::NAME)
            .semantic_version(env!("CARGO_PKG_VERSION"))
            .information_uri(Tool::ADDRESS)
            .rules(self.rules.iter().map(descriptor).collect::<Vec<_>>());
        let invocation = sarif::Invocation::builder()
            .execution_successful(self.is_complete && summary.errors == 0)
            .tool_execution_notifications(std::mem::take(&mut self.notifications));
        let root = sarif::ArtifactLocation::builder()
            .description(message("The folder in which the command ran: the root of the sources."));
        let run = sarif::Run::builder()
            .tool(sarif::Tool::builder().driver(driver.build()).build())
            .column_kind("unicodeCodePoints")
            .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root.build())]))
            .invocations(vec![invocation.build()])
            .results(std::mem::take(&mut self.results));
        let log = sarif::Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run.build()]).build();
        serde_json::to_writer_pretty(&mut *out, &log)?;
        writeln!(out)
    }
}

fn descriptor(rule: &Rule) -> sarif::ReportingDescriptor {
    let level = match rule.action.as_str() {
        "allow" => "none",
        "reject" => "error",
        _ => "warning",
    };
    let mut descriptor = sarif::ReportingDescriptor::builder()
        .id(&rule.id)
        .default_configuration(sarif::ReportingConfiguration::builder().level(level).build())
        .build();
    if !rule.summary.is_empty() {
        let Rule { summary, reason, mend, .. } = rule;
        let text = |text: String| sarif::MultiformatMessageString::builder().text(text);
        descriptor.short_description = Some(text(summary.clone()).build());
        descriptor.full_description = Some(text(format!("{summary} {reason}")).build());
        let markdown = format!("{summary}\n\n**Why it breaks:** {reason}\n\n**How to mend it:** {mend}");
        descriptor.help = Some(text(format!("{reason} {mend}")).markdown(markdown).build());
        descriptor.help_uri = Some(concat!(env!("CARGO_PKG_REPOSITORY"), "#findings").to_owned());
    }
    descriptor
}

fn message(text: &str) -> sarif::Message {
    sarif::Message::builder().text(text).build()
}

fn location(file: &str, region: Region) -> sarif::Location {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut place = sarif::Region::builder().start_line(number(region.line)).build();
    if let Some((column, end_line, end_column)) = region.rest {
        place.start_column = Some(number(column));
        place.end_line = Some(number(end_line));
        place.end_column = Some(number(end_column));
    }
    let place = sarif::PhysicalLocation::builder().artifact_location(artifact(file)).region(place);
    sarif::Location::builder().physical_location(place.build()).build()
}

fn artifact(file: &str) -> sarif::ArtifactLocation {
    let (parts, is_here) = path_parts(file);
    let parts: Vec<String> =
        parts.iter().map(|part| utf8_percent_encode(part, &SEGMENT).to_string()).collect();
    let path = parts.join("/");
    if is_here {
        return sarif::ArtifactLocation::builder().uri(path).uri_base_id(ROOT).build();
    }
    sarif::ArtifactLocation::builder().uri(format!("file:///{path}")).build()
}

fn logical_location(outcome: &Outcome) -> sarif::LogicalLocation {
    sarif::LogicalLocation::builder()
        .name(&outcome.name)
        .fully_qualified_name(outcome.title())
        .kind("resource")
        .build()
}
