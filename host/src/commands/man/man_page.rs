//! The manual: a page for the whole command, or one for each of its commands.

use std::io;

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use review::rule_help::Rule;

/// What the title of a page names as its source, before the version.
const SOURCE: &str = "acr-pull-secret";

/// A page of the manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// `acr-pull-secret-check.1`
    pub file_name: String,
    /// Its source, for `man`
    pub roff: String,
}

/// The whole command on one page.
///
/// # Errors
/// - never, because it writes to memory
pub(super) fn whole(mut command: Command, rules: &[Rule]) -> io::Result<Page> {
    command.build();
    let mut page = head(&command)?;
    page.roff += &heading("SH", "COMMANDS");
    for command in commands_below(&command).iter().filter(|command| !command.has_subcommands()) {
        let man = Man::new(command.clone());
        let title = command.get_bin_name().unwrap_or_else(|| command.get_name());
        page.roff += &heading("SS", title);
        page.roff += &body(|out| man.render_description_section(out))?;
        page.roff += ".PP\n";
        page.roff += &synopsis(command)?;
        page.roff += &body(|out| man.render_options_section(out))?;
        page.roff += &after_help(command, "SS");
    }
    page.roff += &tail(&command, rules);
    Ok(page)
}

/// A page for the command and each of its commands.
///
/// # Errors
/// - never, because it writes to memory
pub(super) fn pages(mut command: Command, rules: &[Rule]) -> io::Result<Vec<Page>> {
    command.build();
    let mut first = head(&command)?;
    first.roff += &heading("SH", "COMMANDS");
    first.roff += &body(|out| Man::new(command.clone()).render_subcommands_section(out))?;
    first.roff += &tail(&command, rules);
    let mut pages = vec![first];
    for command in commands_below(&command) {
        let man = Man::new(command.clone());
        let mut page = head(&command)?;
        page.roff += &heading("SH", "OPTIONS");
        page.roff += &body(|out| man.render_options_section(out))?;
        if command.has_subcommands() {
            page.roff += &heading("SH", "COMMANDS");
            page.roff += &body(|out| man.render_subcommands_section(out))?;
        }
        page.roff += &after_help(&command, "SH");
        pages.push(page);
    }
    Ok(pages)
}

/// Whether a text begins as a page does.
pub(super) fn has_title(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(".TH ") && line.contains(&format!("\"{SOURCE} ")))
}

fn commands_below(command: &Command) -> Vec<Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
    below.flat_map(|below| [vec![below.clone()], commands_below(below)].concat()).collect()
}

fn head(command: &Command) -> io::Result<Page> {
    let version = command.get_version().unwrap_or(env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(format!("{SOURCE} {version}"));
    let mut title = Vec::new();
    man.render_title(&mut title)?;
    let mut roff = String::from_utf8_lossy(&title).into_owned();
    roff += &heading("SH", "NAME");
    roff += &body(|out| man.render_name_section(out))?;
    roff += &heading("SH", "SYNOPSIS");
    roff += &synopsis(command)?;
    roff += &heading("SH", "DESCRIPTION");
    roff += &body(|out| man.render_description_section(out))?;
    Ok(Page { file_name: man.get_filename(), roff })
}

/// The call of a command. The library writes an argument that may be repeated as any other.
fn synopsis(command: &Command) -> io::Result<String> {
    let repeated = |arg: Arg| match arg.get_value_names() {
        Some([name]) if arg.is_positional() && matches!(arg.get_action(), ArgAction::Append) => {
            let name = format!("{name}...");
            arg.value_name(name)
        }
        _ => arg,
    };
    body(|out| Man::new(command.clone().mut_args(repeated)).render_synopsis_section(out))
}

fn tail(command: &Command, rules: &[Rule]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["RULES"]);
    roff.text([roman("The findings of the policy, in its own words.")]);
    for rule in rules {
        let weight = match rule.category.as_str() {
            "warning" => "always a warning".to_owned(),
            "rejection" => "always rejected".to_owned(),
            action => format!("severity set by actions.{action}"),
        };
        roff.control("TP", []);
        roff.text([bold(rule.id.as_str())]);
        let help = [rule.summary.as_str(), &rule.reason, &rule.fix].join(" ");
        roff.text([roman(format!("{help} ({weight})"))]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    roff.control("TP", []);
    roff.text([bold("NO_COLOR")]);
    roff.text([roman("If it is set and not empty, the output has no colours.")]);
    after_help(command, "SH") + &without_back_quotes(&roff.to_roff())
}

/// The sections of the text after the help, each with its heading: `Examples:` and what follows it.
fn after_help(command: &Command, level: &str) -> String {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    for section in text.split("\n\n") {
        // A paragraph without a heading belongs to the section before it.
        let (title, lines) = match section.split_once(":\n") {
            Some((title, lines)) if !title.contains('\n') => (Some(title), lines),
            _ => (None, section),
        };
        match title {
            Some(title) if level == "SH" => drop(roff.control("SH", [title.to_uppercase().as_str()])),
            Some(title) => drop(roff.control("PP", []).text([bold(title)])),
            None => {}
        }
        roff.control("PP", []).control("nf", []);
        for line in lines.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    without_back_quotes(&roff.to_roff())
}

/// The same without the marks of code in help texts. A manual has no code spans.
fn without_back_quotes(roff: &str) -> String {
    roff.replace('`', "")
}

fn heading(level: &str, title: &str) -> String {
    Roff::new().control(level, [title]).to_roff()
}

/// A section as the library writes it, without heading and preamble.
fn body(render: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<String> {
    let mut section = Vec::new();
    render(&mut section)?;
    let is_kept = |line: &&str| ![".SH ", ".ie ", ".el "].iter().any(|start| line.starts_with(start));
    let section = without_back_quotes(&String::from_utf8_lossy(&section));
    Ok(section.split_inclusive('\n').filter(is_kept).collect())
}
