//! `fix`: write missing pull secrets into manifests.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use rayon::prelude::*;

use crate::Io;
use crate::cli::{ExitStatus, PolicyArgs};
use crate::cluster::{Cluster, Lookups};
use crate::commands::inputs::{self, Input, Problems};
use crate::commands::{load_policy, rewrite};
use crate::diagnostic::plain;
use crate::evaluation::Evaluation;
use crate::exclude::Exclude;
use crate::fix::{Account, Change, FixedFile, Refusal, Refused, diff, fix};
use crate::input::{self, SourceFile};
use crate::kind::Judged;
use crate::manifest::Manifest;
use crate::policy::HostCalls;
use crate::{fix as fixing, settings};

const EXAMPLES: &str = "Examples:
  acr-pull-secret fix --diff deploy/      look first: nothing is written
  acr-pull-secret fix deploy/             every pod and pod template in a folder
  acr-pull-secret fix --check deploy/     in CI: 1 when something is to do
  acr-pull-secret fix --cluster serviceaccounts.yaml deploy/web.yaml
  set -o pipefail; helm template shop charts/shop | acr-pull-secret fix - | kubectl apply -f -

A new list stands before the containers. Where the pod's ServiceAccount is among the PATHs or in
--cluster, its pull secrets come first, for a list of its own hides them from the pod. Comments,
quotes, indentation, line ends and other documents stay as they are. What cannot be edited safely
is refused with the reason, and its file left as it was. A link stays a link; other hard links of a
file keep the old text, which a note says. Of a policy resource given by --settings its settings
count, and which namespaces it leaves out; its rules do not.

Exit status:
  0  done, or nothing to do
  1  something to do, with --check
  2  a file was refused or could not be read or written, or wrong call or settings
  3  nothing was judged (unless --allow-empty)";

/// Write missing pull secrets into manifests: the smallest edit of each file, for pods and pod templates alike
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Fix {
    /// Manifests: YAML or JSON files, folders, patterns; - for standard input, which goes to standard output
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Leave out of folders what this pattern names: a file or folder name anywhere, or a path; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Print a unified diff instead of writing
    #[arg(long)]
    pub diff: bool,
    /// Only ask: write nothing, and exit with 1 when something is to do
    #[arg(long)]
    pub check: bool,
    /// The policy and what it is told
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Nothing to judge is fine
    #[arg(long)]
    pub allow_empty: bool,
}

/// Runs the command.
///
/// # Errors
/// - wrong settings, an unusable policy, an output that cannot be written
pub fn run(args: &Fix, io: &mut Io) -> Result<ExitStatus> {
    if let Some(path) = args.paths.iter().find(|path| input::is_stream(Path::new(path))) {
        bail!("{path}: this is no regular file, so nothing can take its place; use - for standard input");
    }
    if writes(args) && args.paths.iter().any(|path| path == "-") && leads_nowhere() {
        bail!(
            "standard output is closed, so what is mended would be lost; give it a file or a pipe, or ask with --check"
        );
    }
    let mut problems = Problems::default();
    let namespace = args.policy.namespace.as_str();
    let mut cluster = Cluster::default();
    let exclude = Exclude::new(&args.exclude)?;
    for manifest in inputs::read(&args.policy.cluster, &exclude, io, &mut problems) {
        cluster.add(manifest.object(), namespace);
    }
    // Without a ServiceAccount that somebody meant to give, new lists would hide its secrets.
    ensure!(problems.is_complete(), "--cluster cannot be read as a whole, so nothing was written");
    let inputs = inputs::files(&args.paths, &exclude, io, &mut problems);
    for manifest in inputs.iter().flat_map(|input| &input.manifests) {
        cluster.add(manifest.object(), namespace);
    }
    // What could not be read to its end is left alone, and has been spoken of.
    let (inputs, broken): (Vec<_>, Vec<_>) = once_each(inputs).partition(|input| input.is_whole);
    let cluster = Arc::new(cluster);
    let policy = load_policy(args.policy.limits, args.policy.policy.as_deref())?;
    let host: Arc<dyn HostCalls> =
        Arc::new(Lookups::new(cluster.clone(), policy.metadata(), io.stderr.clone()));
    let given = settings::load(&args.policy, io)?;
    given.validate(&policy, host.clone())?;
    let settings = fixing::settings(&given.json)?;
    let judged = Judged::of(policy.metadata());
    let evaluation = Evaluation::new(&policy, &settings, &judged, namespace, &cluster, host);

    let jobs = args.policy.jobs.unwrap_or_default().into();
    let workers =
        rayon::ThreadPoolBuilder::new().num_threads(jobs).build().context("cannot start threads")?;
    let progress = io.stderr.progress("files seen to", inputs.len());
    let fixed: Vec<(Original, FixedFile)> = workers.install(|| {
        let mend = |input: Input| {
            let mended = (
                Original::of(&input),
                fix(&evaluation, given.resource.as_ref(), &input.file, input.manifests),
            );
            progress.step();
            mended
        };
        inputs.into_par_iter().map(mend).collect()
    });
    drop(progress);

    let mut tally = Tally { refused: broken.len(), ..Tally::default() };
    let mut warned = BTreeSet::new();
    for (original, fixed) in &fixed {
        report(args, original, fixed, &mut tally, &mut warned, io)?;
    }
    io.stdout.flush()?;
    tally.tell(args, io);
    Ok(if !problems.is_complete() || tally.refused > 0 {
        ExitStatus::Trouble
    } else if args.check && tally.changed > 0 {
        ExitStatus::Found
    } else if tally.judged == 0 && !args.allow_empty {
        io.stderr.line(
            "error: nothing was judged: there is no pod and no pod template (--allow-empty lets that pass)",
        );
        ExitStatus::Nothing
    } else {
        ExitStatus::Fine
    })
}

fn writes(args: &Fix) -> bool {
    !args.check && !args.diff
}

/// Whether standard output was closed when the command was called (`>&-`), after which writing to it never fails. Rust opens
/// the null device in its place, for reading and writing; who wants nothing to read, such as `>/dev/null`, only for writing.
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

/// A file that is named twice is mended once.
fn once_each(inputs: Vec<Input>) -> impl Iterator<Item = Input> {
    let mut seen = BTreeSet::new();
    inputs
        .into_iter()
        .filter(move |input| seen.insert(input.path.canonicalize().unwrap_or_else(|_| input.path.clone())))
}

/// A file as it was read.
struct Original {
    path: std::path::PathBuf,
    file: Arc<SourceFile>,
    /// Lines of Secrets, from 0
    secrets: Vec<Range<usize>>,
}

impl Original {
    fn of(input: &Input) -> Self {
        let is_secret =
            |manifest: &&Manifest| manifest.object().get("kind").is_some_and(|kind| kind == "Secret");
        let lines = |manifest: &Manifest| {
            let before = |end: usize| input.file.text.get(..end).unwrap_or_default();
            let line = |text: &str| text.matches('\n').count();
            let span = &manifest.document.span;
            line(before(span.start))..line(before(span.end).trim_end()) + 1
        };
        Self {
            path: input.path.clone(),
            file: input.file.clone(),
            secrets: input.manifests.iter().filter(is_secret).map(lines).collect(),
        }
    }

    fn is_stdin(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// How many files ended how.
#[derive(Default)]
struct Tally {
    changed: usize,
    refused: usize,
    unchanged: usize,
    /// Objects
    judged: usize,
}

impl Tally {
    fn tell(&self, args: &Fix, io: &Io) {
        if self.judged == 0 && self.refused == 0 {
            return;
        }
        let files = if self.changed == 1 { "file" } else { "files" };
        let fixed = if args.check || args.diff { "would be fixed" } else { "fixed" };
        let refused = match self.refused {
            0 => String::new(),
            refused => format!(", {refused} left as it was"),
        };
        io.stderr.line(&format!("{} {files} {fixed}, {} fine{refused}", self.changed, self.unchanged));
    }
}

/// Says what becomes of a file, and makes it so.
fn report(
    args: &Fix,
    original: &Original,
    fixed: &FixedFile,
    tally: &mut Tally,
    warned: &mut BTreeSet<Account>,
    io: &mut Io,
) -> Result<()> {
    let name = &original.file.name;
    tally.judged += fixed.judged;
    for Refused { object, line, names, reason } in &fixed.refusals {
        let need = if names.is_empty() { "a pull secret".to_owned() } else { secrets(names) };
        let what = match reason {
            Refusal::Rejected(_) => format!("{object} cannot be mended: {reason}"),
            Refusal::Shared | Refusal::Layout => {
                let entries: Vec<String> = names.iter().map(|name| format!("{{name: {name}}}")).collect();
                format!(
                    "{object} needs {need}, but {reason}; add {} to its imagePullSecrets by hand",
                    entries.join(", ")
                )
            }
            _ => format!("{object} needs {need}, but {reason}"),
        };
        io.stderr.line(&plain(&format!("error: {name}:{line}: {what}")));
    }
    let writes = writes(args);
    if !fixed.refusals.is_empty() {
        tally.refused += 1;
        return Ok(());
    }
    if !fixed.changes.is_empty()
        && writes
        && !original.is_stdin()
        && !rewrite(&original.path, &original.file, &fixed.text, io)
    {
        tally.refused += 1;
        return Ok(());
    }
    if original.is_stdin() && writes {
        io.stdout.write_all(fixed.text.as_bytes())?;
    }
    if fixed.changes.is_empty() {
        tally.unchanged += 1;
        return Ok(());
    }
    tally.changed += 1;
    if args.diff {
        match diff::unified(name, &original.file.text, &fixed.text, &original.secrets) {
            Some(diff) if io.colour => io.stdout.write_all(diff::coloured(&diff).as_bytes())?,
            Some(diff) => io.stdout.write_all(diff.as_bytes())?,
            None => io.stderr.line(&format!("warning: {name}: no diff is shown, for it would show a Secret")),
        }
    }
    for change in &fixed.changes {
        tell(name, change, if writes { "fixed" } else { "would fix" }, warned, io);
    }
    Ok(())
}

fn tell(file: &str, change: &Change, verb: &str, warned: &mut BTreeSet<Account>, io: &Io) {
    let Change { object, line, names, unknown_account } = change;
    io.stderr.line(&plain(&format!("{verb} {object} ({file}:{line}), added {}", secrets(names))));
    let Some(account) = unknown_account else { return };
    // Nearly every namespace has a `default` that has none, so once is enough.
    if account.name == "default" && !warned.insert(account.clone()) {
        return;
    }
    let Account { namespace, name } = account;
    io.stderr.line(&plain(&format!(
        "warning: {file}:{line}: ServiceAccount \"{name}\" in namespace \"{namespace}\" is not known: if it has pull \
         secrets, list them too (or give its manifest by --cluster)"
    )));
}

/// `pull secrets a, b`
fn secrets(names: &[String]) -> String {
    format!("pull secret{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}
