//! `completions`: what a shell needs to complete the command line.
//!
//! The scripts are static, because the library's dynamic engine is unstable. Only namespaces depend on the manifests: there, the
//! scripts for bash, zsh and fish run `__namespaces`.

use std::io::Write as _;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command, ValueEnum as _, ValueHint};
use clap_complete::Shell;

use crate::args::names_namespace;
use crate::commands::policy_file::own_rules;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::program::is_plugin;
use crate::pull;

const EXAMPLES: &str = "Examples:
  acr-pull-secret completions bash \\
    > ~/.local/share/bash-completion/completions/acr-pull-secret
  acr-pull-secret completions zsh > \"${fpath[1]}/_acr-pull-secret\"
  acr-pull-secret completions fish > ~/.config/fish/completions/acr-pull-secret.fish

kubectl completes its plugin through a link in a folder of PATH:
  ln -s \"$(command -v kubectl-acr_pull_secret)\" ~/.local/bin/kubectl_complete-acr_pull_secret";

const NAME: &str = "acr-pull-secret";

/// What the library writes as the only namespace; each script has a call instead.
pub(super) const NAMESPACE: &str = "__NAMESPACE__";

/// How the library completes files in bash.
const FILES: &str = r#"COMPREPLY=($(compgen -f "${cur}"))"#;

/// What is passed on is the whole line, also the word that is completed; bash's own words are parts of those that are typed. The
/// command is that of the PATH: one that is typed as `./acr-pull-secret` may be a file of a repository, and Tab runs no such file.
const IN_BASH: &str = r#"_acr_pull_secret_namespaces() {
    local names
    names=$(acr-pull-secret __namespaces --line "${COMP_LINE:0:COMP_POINT}" "${COMP_LINE:COMP_POINT}" </dev/null 2>/dev/null)
    COMPREPLY=($(compgen -W "${names}" -- "${cur}"))
    # Where there is none, bash would offer files.
    if [[ ${BASH_VERSINFO[0]} -ge 4 ]] ; then
        compopt +o default +o bashdefault 2>/dev/null
    fi
}

_acr_pull_secret_files() {
    local file
    COMPREPLY=()
    # Line by line: a name such as [ab].yaml must not become those that match it. macOS's bash has no mapfile.
    while IFS= read -r file ; do
        COMPREPLY+=("${file}")
    done < <(compgen -f -- "${cur}")
    # bash quotes what it inserts: a name such as $(id) must not become a call.
    if [[ ${BASH_VERSINFO[0]} -ge 4 ]] ; then
        compopt -o filenames 2>/dev/null
    fi
}

"#;
const IN_ZSH: &str = r#"
_acr_pull_secret_namespaces() {
    local -a names
    names=(${(f)"$(acr-pull-secret __namespaces -- "${(@Q)words}" </dev/null 2>/dev/null)"})
    compadd -a names
}
"#;
const IN_FISH: &str = r"function __fish_acr_pull_secret_namespaces
    acr-pull-secret __namespaces -- (commandline -opc)[2..-1] (commandline -ct) </dev/null 2>/dev/null
end

";

/// Write shell completions to standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the command for the command line `line`.
///
/// # Errors
/// - standard output cannot be written
pub fn run(args: &Completions, line: Command, io: &mut Io) -> Result<ExitStatus> {
    let rules = rules(io)?;
    let line = offered_by(line, &rules);
    let mut line = if args.shell == Shell::Zsh { with_escaped_names(line) } else { line };
    // The library panics if writing fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut line, NAME, &mut script);
    let script = completed(args.shell, &String::from_utf8(script)?, &rules);
    io.stdout.write_all(script.as_bytes())?;
    io.stdout.flush()?;
    if is_plugin() {
        io.stderr.line(
            "note: this script completes acr-pull-secret; for kubectl acr-pull-secret, link the command as \
             kubectl_complete-acr_pull_secret in a folder of PATH",
        );
    }
    Ok(ExitStatus::Fine)
}

/// The rules that `explain` explains.
pub(super) fn rules(io: &Io) -> Result<Vec<String>> {
    Ok(own_rules(io)?.into_iter().chain(pull::rules::rules()).map(|rule| rule.id).collect())
}

/// The command line with all values that can be offered: rules, and [`NAMESPACE`] wherever a namespace is named. Of other values,
/// shells offer files where the value is a path, and nothing where not.
pub(super) fn offered_by(line: Command, rules: &[String]) -> Command {
    with_hints(with_namespaces(with_rules(line, rules)))
}

/// The command line with a hint at the values that no shell can know.
fn with_hints(line: Command) -> Command {
    let hinted = |arg: Arg| if is_open(&arg) { arg.value_hint(ValueHint::Other) } else { arg };
    line.mut_args(hinted).mut_subcommands(with_hints)
}

/// Whether the value of an argument is neither one of some nor a path.
fn is_open(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    let is_path =
        |name: &str| ["DIR", "FILE", "FOLDER", "PATH", "PATTERN"].iter().any(|it| name.contains(it));
    arg.get_action().takes_values()
        && arg.get_possible_values().is_empty()
        && !names.iter().any(|name| is_path(name))
}

/// The command line with the rules as values of `explain`, which also takes images.
fn with_rules(line: Command, rules: &[String]) -> Command {
    let values = PossibleValuesParser::new(rules.to_vec());
    line.mut_subcommand("explain", |explain| explain.mut_arg("images", |arg| arg.value_parser(values)))
}

/// The command line with [`NAMESPACE`] wherever a namespace is named.
fn with_namespaces(line: Command) -> Command {
    let offer = |arg: Arg| if names_namespace(&arg) { arg.value_parser([NAMESPACE]) } else { arg };
    line.mut_args(offer).mut_subcommands(with_namespaces)
}

/// The command line with names of values as zsh reads them. The library does not escape them, and zsh takes what is behind the
/// second colon of `HOST:PORT:ADDRESS` for a command.
fn with_escaped_names(line: Command) -> Command {
    let escaped = |arg: Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        let names: Vec<String> = names.iter().map(|name| name.replace(':', r"\:")).collect();
        if names.is_empty() { arg } else { arg.value_names(names) }
    };
    line.mut_args(escaped).mut_subcommands(with_escaped_names)
}

/// The library's script with what it lacks. For the shells that are not named here, it has no values of options.
fn completed(shell: Shell, script: &str, rules: &[String]) -> String {
    match shell {
        Shell::Bash => {
            let script = with_equals_signs(&same_states(script));
            let namespaces = format!(r#"COMPREPLY=($(compgen -W "{NAMESPACE}" -- "${{cur}}"))"#);
            let script = script.replace(&namespaces, "_acr_pull_secret_namespaces");
            let script = script.replace(FILES, "_acr_pull_secret_files");
            // bash has an error here where the function is called by anything but Tab.
            let script = script.replace("compopt -o nospace\n", "compopt -o nospace 2>/dev/null\n");
            format!("{IN_BASH}{script}")
        }
        Shell::Zsh => {
            let script = with_options_behind_paths(script);
            let script = script.replace(&format!("({NAMESPACE})"), "_acr_pull_secret_namespaces");
            // zsh reads the first line before it runs the script.
            let (compdef, rest) = script.split_once('\n').unwrap_or_default();
            format!("{compdef}\n{IN_ZSH}{rest}")
        }
        Shell::Fish => {
            let value = format!("\"{NAMESPACE}\\t''\"");
            let script = script.replace(&value, "\"(__fish_acr_pull_secret_namespaces)\"");
            let shells = Shell::value_variants().iter().map(ToString::to_string).collect::<Vec<_>>();
            let of_arguments = in_fish("explain", rules) + &in_fish("completions", &shells);
            format!("{IN_FISH}{script}{of_arguments}")
        }
        _ => script.to_owned(),
    }
}

/// The script for bash, which completes values behind `=` too. bash makes three words of `--output=json`, and the library looks for
/// the option in the word before, which is `=`. Behind a format comes a file.
fn with_equals_signs(script: &str) -> String {
    const PREVIOUS: &str = "    prev=\"$3\"\n";
    const BEHIND: &str = r#"    if [[ $prev == = ]] ; then
        prev="${COMP_WORDS[COMP_CWORD - 2]}"
    fi
    if [[ $prev != -* && ( $3 == = || ${COMP_WORDS[COMP_CWORD]} == = ) ]] ; then
        _acr_pull_secret_files
        return 0
    fi
"#;
    script.replace(PREVIOUS, &[PREVIOUS, BEHIND].concat())
}

/// The script for zsh, which completes options behind the first path too. The library writes `*::`, with which zsh takes all words
/// behind it for paths. zsh: zshcompsys(1), `_arguments`
fn with_options_behind_paths(script: &str) -> String {
    script.replace("\n'*::", "\n'*:")
}

/// The values of a command's arguments for fish, because the library writes only those of options.
fn in_fish(command: &str, values: &[String]) -> String {
    let condition = format!("__fish_acr_pull_secret_using_subcommand {command}");
    format!("complete -c {NAME} -n \"{condition}\" -f -a \"{}\"\n", values.join(" "))
}

/// The script for bash with one spelling of its states. The library spells the hyphens of the command's name differently
/// when it sets a state and when it tests it, and then completes nothing after a subcommand.
/// <https://github.com/clap-rs/clap/issues/6421>
fn same_states(script: &str) -> String {
    script.replace(&NAME.replace('-', "__subcmd__"), &NAME.replace('-', "__"))
}
