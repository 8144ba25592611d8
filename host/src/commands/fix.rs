//! `fix`: write missing pull secrets into manifests.

mod file_result;

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::args::settings::{self, refused};
use crate::args::{CompleteArgs, ConfigArgs, JobsArgs, PolicyArgs, SearchArgs, StdinArgs};
use crate::commands::inputs::{self, Problems};
use crate::commands::policy_file;
use crate::commands::question::{self, Question};
use crate::commands::rewrite::rewrite;
use crate::commands::skipped;
use crate::commands::standard_input;
use crate::commands::unknown::Unknown;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::edit::diff;
use crate::files::atomic_file;
use crate::files::input::{self, Given};
use crate::program;
use crate::text::{counted, plural, shell_path};
use crate::unknown_accounts::UnknownAccounts;
use file_result::FileResult;
use review::diagnostic::Diagnostic;
use review::evaluation::Evaluation;
use review::fix as fixing;
use review::fix::Change;
use review::host_calls::HostCalls;
use review::kind::Judged;

const EXAMPLES: &str = "Examples:
  acr-pull-secret fix --diff deploy/      preview: nothing is written
  acr-pull-secret fix deploy/             every pod and pod template in a folder
  acr-pull-secret fix --check deploy/     in CI: 1 if there is something to fix
  acr-pull-secret fix --cluster serviceaccounts.yaml deploy/web.yaml
  set -o pipefail; helm template shop charts/shop -n shop |
    acr-pull-secret fix -n shop - | kubectl apply -n shop -f -

A new list is written before the containers. If the pod's ServiceAccount is among the PATHs or in
--cluster, its pull secrets come first in the list, because a pod with a list does not get them.
Comments, quotes, indentation, line ends and other documents do not change. What cannot be edited
safely is refused with the reason, and its file is not changed. A link remains a link; other hard
links of a file keep the old text, and a note says so. From a policy resource in --settings, only
its settings and the namespaces that it excludes apply, not its rules.

Exit status:
  0  done, or nothing to fix
  1  something to fix, with --check
  2  a file was refused or could not be read or written, or invalid usage or settings
  3  nothing was checked, or standard input is empty (unless --allow-empty)";

/// What keeps the pull secrets of an account that is not among the inputs.
const ACCOUNT_HELP: &str = "to keep them, pass its manifest with --cluster";

/// Add missing pull secrets to manifests, with the smallest edit of each file, for pods and pod templates. Without settings,
/// only where check without settings finds one missing
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Fix {
    /// Manifests: YAML or JSON files, folders, patterns; - for standard input, which goes to standard output
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// The output of Kustomize is not a file
    #[arg(short = 'k', long, value_name = "FOLDER", hide = true)]
    pub kustomize: Vec<String>,
    /// What is read in folders
    #[command(flatten)]
    pub search: SearchArgs,
    /// What standard input is called
    #[command(flatten)]
    pub stdin: StdinArgs,
    /// Print a unified diff instead of writing
    #[arg(long)]
    pub diff: bool,
    /// Write nothing, and exit with 1 if there is something to fix
    #[arg(long)]
    pub check: bool,
    /// The policy and its settings
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// How many objects are checked at the same time
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Whether the inputs are complete
    #[command(flatten)]
    pub complete: CompleteArgs,
    /// Succeed when there is nothing to fix
    #[arg(long)]
    pub allow_empty: bool,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Runs the command.
///
/// # Errors
/// - invalid settings, an unusable policy, an output that cannot be written
pub fn run(args: &Fix, io: &mut Io) -> Result<ExitStatus> {
    if let Some(folder) = args.kustomize.first() {
        let (word, name) = (shell_path(Path::new(folder)), program::name());
        bail!(
            "-k {folder}: the output of Kustomize is not a file, so it cannot be fixed; run {name} check -k {word} to \
             see what is missing, and add it to the files that the kustomization names, or fix those that name their \
             images: {name} fix PATH"
        );
    }
    if let Some(path) = args.paths.iter().find(|path| input::is_stream(Path::new(path))) {
        bail!("{path}: this is not a regular file, so it cannot be replaced; use - for standard input");
    }
    if writes(args) && args.paths.iter().any(|path| path == "-") && leads_nowhere() {
        bail!(
            "standard output is closed, so the result would be lost; redirect it to a file or a pipe, or use --check"
        );
    }
    let stdin_name = args.stdin.name_among(&args.paths)?;
    let mut problems = Problems::default();
    let search = args.search.search()?;
    let given = inputs::given(&args.policy.cluster, &search, io);
    if !args.allow_empty && standard_input::is_empty_for("--cluster", &given, io) {
        return Ok(ExitStatus::Nothing);
    }
    let namespace = args.policy.namespace.as_str();
    let cluster = inputs::cluster_of(&given, namespace, io, &mut problems);
    // If a cluster file is unreadable, a ServiceAccount may be missing, and new lists would replace its secrets.
    ensure!(problems.is_complete(), "--cluster could not be read completely, so nothing was written");
    let (inputs, folders) = inputs::given_in_folders(&args.paths, &search, io);
    let kustomization = inputs.iter().flatten().find_map(Given::kustomization).map(Path::to_owned);
    let inputs = inputs.into_iter().filter(|input| !inputs::is_patch(input)).collect();
    let inputs = standard_input::named(inputs, stdin_name);
    let jobs = args.jobs.threads()?;
    let (cluster, duplicates) = inputs::cluster_with(cluster, &inputs, namespace, jobs);
    inputs::warn_of(&duplicates, io);
    let cluster = Arc::new(cluster);
    let given = settings::load(&args.policy, io)?;
    let policy = policy_file::load(&args.policy, given.as_ref(), io)?;
    let (given, question) = question::settings(given, &policy);
    let host: Arc<dyn HostCalls> = Arc::new(policy_file::lookups(&cluster, &policy, None, args.complete, io));
    given.validate(&policy, host.clone()).map_err(refused)?;
    let settings = fixing::settings(&given.json)?;
    let judged = Judged::of(policy.metadata());
    let evaluation = Evaluation::new(&policy, &settings, &judged, namespace, &cluster, host.clone());
    let pulls = Evaluation {
        is_complete: args.complete.complete,
        ..Evaluation::new(&policy, &given.json, &judged, namespace, &cluster, host)
    };
    let pulls = (question == Question::Pulls).then_some(&pulls);
    skipped::tell(&folders, &search, io);
    skipped::tell_of_images(&evaluation, &folders, io);

    if writes(args) {
        let paths = inputs.iter().flatten().map(Given::path);
        paths.filter_map(Path::parent).for_each(atomic_file::remove_left_over);
    }
    let progress = io.stderr.progress("files processed", inputs.len());
    let mut tally = Tally::default();
    let mut accounts = UnknownAccounts::default();
    let mut written = Ok(());
    file_result::run(&evaluation, pulls, given.resource.as_ref(), &inputs, jobs, |result| {
        progress.step();
        for problem in &result.problems {
            problems.add(problem.clone(), io);
        }
        written = report(args, &result, &mut tally, &mut accounts, io);
        if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(progress);
    written?;

    io.stdout.flush()?;
    tally.unknown.tell(io);
    tally.tell(args, io);
    let emptiness = standard_input::emptiness(&inputs).filter(|_| !args.allow_empty);
    if let Some(emptiness) = &emptiness {
        io.stderr.diagnostic(emptiness);
    }
    Ok(if !problems.is_complete() || tally.refused > 0 {
        ExitStatus::Trouble
    } else if args.check && tally.changed > 0 {
        ExitStatus::Found
    } else if emptiness.is_some() {
        ExitStatus::Nothing
    } else if tally.judged == 0 && !args.allow_empty {
        let error = Diagnostic::error("nothing was checked: there is no pod and no pod template");
        let help = inputs::help_for_nothing(kustomization.as_deref(), tally.has_values);
        io.stderr.diagnostic(&error.with_help(help));
        ExitStatus::Nothing
    } else {
        ExitStatus::Fine
    })
}

fn writes(args: &Fix) -> bool {
    !args.check && !args.diff
}

/// Whether standard output was closed when the command was called (`>&-`). Rust then opens the null device for reading and
/// writing, so writing never fails. A user's own `>/dev/null` is open for writing only.
#[cfg(unix)]
fn leads_nowhere() -> bool {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{OFlags, fcntl_getfl, fstat};

    let stdout = std::io::stdout();
    let null = Path::new("/dev/null").metadata();
    let is_null = null.is_ok_and(|null| fstat(&stdout).is_ok_and(|stdout| stdout.st_rdev == null.rdev()));
    is_null && fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

#[cfg(not(unix))]
fn leads_nowhere() -> bool {
    false
}

/// How many files ended how.
#[derive(Default)]
struct Tally {
    changed: usize,
    refused: usize,
    unchanged: usize,
    /// Objects
    judged: usize,
    /// Whether something is not a Kubernetes object
    has_values: bool,
    /// What was not among the inputs
    unknown: Unknown,
}

impl Tally {
    fn tell(&self, args: &Fix, io: &Io) {
        if self.judged == 0 && self.refused == 0 {
            return;
        }
        let fixed = if args.check || args.diff { "to fix" } else { "fixed" };
        let refused = match self.refused {
            0 => String::new(),
            refused => format!(", {refused} refused"),
        };
        io.stderr.line(&format!(
            "{} {fixed}, {} unchanged{refused}",
            counted(self.changed, "file"),
            self.unchanged
        ));
    }
}

/// Reports the result for a file, and writes it.
fn report(
    args: &Fix,
    result: &FileResult,
    tally: &mut Tally,
    accounts: &mut UnknownAccounts,
    io: &mut Io,
) -> Result<()> {
    let Some(file) = result.file.as_ref().filter(|_| !result.is_foreign) else { return Ok(()) };
    if result.is_broken {
        tally.refused += 1;
        return Ok(());
    }
    let (name, fixed) = (&file.name, &result.fixed);
    tally.judged += fixed.judged;
    tally.has_values |= fixed.has_values;
    for (kind, unknown, suggestions) in &fixed.unknown {
        tally.unknown.add(kind, unknown, suggestions);
    }
    for refused in &fixed.refusals {
        io.stderr.line(&format!("error: {name}:{}: {}", refused.line, refused.sentence()));
    }
    let writes = writes(args);
    if let Some(line) = result.not_utf8.filter(|_| !fixed.changes.is_empty()) {
        io.stderr.line(&format!(
            "error: {name}:{line}: this byte is not UTF-8, so the file cannot be written back as it is; convert the file to UTF-8"
        ));
        tally.refused += 1;
        return Ok(());
    }
    if !fixed.refusals.is_empty() {
        tally.refused += 1;
        return Ok(());
    }
    if !fixed.changes.is_empty()
        && writes
        && !result.is_stdin()
        && !rewrite(&result.path, file, &fixed.text, result.encoding, io)
    {
        tally.refused += 1;
        return Ok(());
    }
    if result.is_stdin() && writes {
        io.stdout.write_all(&result.encoding.encode(&fixed.text))?;
    }
    if fixed.changes.is_empty() {
        tally.unchanged += 1;
        return Ok(());
    }
    tally.changed += 1;
    if args.diff {
        match diff::unified(name, &file.text, &fixed.text, &result.secrets) {
            Ok(diff) if io.colour => io.stdout.write_all(diff::coloured(&diff).as_bytes())?,
            Ok(diff) => io.stdout.write_all(diff.as_bytes())?,
            Err(reason) => io.stderr.line(&format!("warning: {name}: no diff is shown, because {reason}")),
        }
    }
    for change in &fixed.changes {
        let Change { object, line, names, .. } = change;
        let verb = if writes { "fixed" } else { "would fix" };
        io.stderr.line(&format!("{verb} {object} ({name}:{line}), added {}", secrets(names)));
        // Among complete inputs, an account that is not there does not exist.
        let warning = accounts.warning(change, "inputs").filter(|_| !args.complete.complete);
        if let Some(warning) = warning {
            let warning = Diagnostic::warning(format!("{name}:{line}: {warning}"));
            io.stderr.diagnostic(&warning.with_help(ACCOUNT_HELP));
        }
    }
    Ok(())
}

/// `pull secrets a, b`
fn secrets(names: &[String]) -> String {
    format!("{} {}", plural(names.len(), "pull secret"), names.join(", "))
}
