//! What shells complete, with the scripts that the command writes.

#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[cfg(target_os = "linux")]
use crate::engines::command_alone;
use crate::engines::run;
use crate::help::commands;
#[cfg(target_os = "linux")]
use crate::kubectl::Stub;

fn script(shell: &str) -> String {
    String::from_utf8(run(&["completions", shell], "").stdout).unwrap()
}

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        for words in commands() {
            assert!(script.contains(words.last().unwrap()), "{shell}: {words:?}");
        }
        assert!(script.contains("password-stdin"), "{shell}");
        assert!(!script.contains("__NAMESPACE__"), "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"], "").status.code(), Some(2));
}

/// Words behind the name of the command, of which the last is completed, and what is offered for it.
const ROWS: &[(&[&str], &[&str])] = &[
    (&["fi"], &["fix"]),
    (&["policy", "pus"], &["push"]),
    (&["check", "--fail"], &["--fail-on"]),
    (&["check", "--fail-on", ""], &["mutate", "reject", "warn"]),
    (&["check", "--fail-on", "wa"], &["warn"]),
    (&["check", "-o", "git"], &["github", "gitlab"]),
    // Behind a path.
    (&["check", "deploy", "-o", "gith"], &["github"]),
    (&["completions", "z"], &["zsh"]),
    (&["test", "-o", "j"], &["json", "junit"]),
    (&["explain", "secret-exp"], &["secret-expired", "secret-expires-soon"]),
    (&["explain", "pull-d"], &["pull-denied"]),
    // The namespaces of the files that are named, of objects and of Namespaces.
    (&["check", "deploy", "-n", ""], &["billing", "shop"]),
    (&["check", "deploy", "-n", "sh"], &["shop"]),
    (&["check", "deploy", "--namespace", "b"], &["billing"]),
    (&["fix", "deploy/web.yaml", "-n", "s"], &["shop"]),
    (&["fix", "--exclude", "web.yaml", "deploy", "-n", ""], &[]),
    (&["bench", "deploy", "-n", "s"], &["shop"]),
    (&["init", "overlay", "-n", ""], &["of-kustomize"]),
    (&["check", "-k", "overlay", "-n", ""], &["of-kustomize"]),
    (&["explain", "--cluster", "deploy", "-n", "s"], &["shop"]),
    (&["check", "~/m", "-n", ""], &["at-home"]),
    (&["check", "'a dir'", "-n", ""], &["spaced"]),
    (&["check", r"a\ dir", "-n", ""], &["spaced"]),
    // No file is a namespace.
    (&["check", "no-such", "-n", "b"], &[]),
    // What is typed so far need not be valid.
    (&["check", "deploy", "--fail-on", "x", "-n", "b"], &["billing"]),
    (&["check", "deploy", "no-such", "-n", "b"], &["billing"]),
    // Without a file, those that the config file names.
    (&["check", "-n", ""], &["of-config"]),
    // Without that, of the working folder.
    (&["check", "--no-config", "-n", "of-c"], &["of-config"]),
    (&["secret", "-n", "bil"], &["billing"]),
    (&["policy", "manifest", "--exclude-namespace", "bil"], &["billing"]),
    // Standard input is not read, and what is no name of a namespace is not offered.
    (&["check", "-", "deploy", "-n", "a"], &[]),
    (&["check", "broken.yaml", "-n", ""], &["before"]),
];

/// Rows of bash, which makes a word of `=`, behind which nothing is typed where it is the last.
const EQUALS: &[(&[&str], &[&str])] = &[
    (&["check", "--output", "=", "git"], &["github", "gitlab"]),
    (&["check", "deploy", "--fail-on", "="], &["mutate", "reject", "warn"]),
    (&["check", "deploy", "--namespace", "="], &["billing", "shop"]),
    (&["check", "deploy", "--namespace", "=", "s"], &["shop"]),
    (&["check", "-o", "gitlab", "=", "bro"], &["broken.yaml"]),
    (
        &["check", "-o", "gitlab", "="],
        &[
            "$(touch hacked)",
            "a b.yaml",
            "a dir",
            "broken.yaml",
            "configured",
            "deploy",
            "globs",
            "home",
            "overlay",
        ],
    ),
    // No file is a context or a platform; bash keeps what is typed.
    (&["check", "--context", "bro"], &["bro"]),
    (&["check", "--platform", "=", "bro"], &["bro"]),
    // A name is no pattern.
    (&["check", "--settings", "globs/["], &["globs/[ab].yaml"]),
    (&["check", "--settings", "a"], &["a b.yaml", "a dir"]),
    (&["check", "--config", "a"], &["a b.yaml", "a dir"]),
];

/// A folder with manifests, and one with the command for the PATH.
struct Place {
    folder: TempDir,
    programs: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let pod = |namespace: &str| {
            format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: {namespace:?}}}\n---\n")
        };
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: billing}\n---\n";
        let hostile = pod("$(touch hacked)") + &pod("`touch hacked`") + &pod("a; touch hacked") + &pod("*");
        write("deploy/web.yaml", &(pod("shop") + namespace + &hostile));
        write("overlay/kustomization.yaml", "namespace: of-kustomize\nresources: [pod.yaml]\n");
        write("overlay/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n");
        write("configured/pod.yaml", &pod("of-config"));
        write("broken.yaml", &(pod("before") + "a: [\n---\n" + &pod("behind")));
        write("a b.yaml", "");
        write("$(touch hacked)", "");
        write("globs/[ab].yaml", "");
        write("globs/a.yaml", "");
        write(".acr-pull-secret.yaml", "paths: [configured]\n");
        write("a dir/pod.yaml", &pod("spaced"));
        write("home/m/pod.yaml", &pod("at-home"));
        let place = Self { folder, programs: tempfile::tempdir().unwrap() };
        place.link("acr-pull-secret");
        place
    }

    /// Puts the command on the PATH by this name.
    fn link(&self, name: &str) {
        let command = Path::new(env!("CARGO_BIN_EXE_acr-pull-secret"));
        std::os::unix::fs::symlink(command, self.programs.path().join(name)).unwrap();
    }

    /// A program that runs in the folder and finds the command on the PATH, and its output.
    fn output(&self, program: &mut Command, also: Option<&Path>) -> String {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let first = [Some(self.programs.path()), also].into_iter().flatten().map(Path::to_owned);
        let path = std::env::join_paths(first.chain(std::env::split_paths(&inherited))).unwrap();
        let output = program
            .env("PATH", path)
            .env("HOME", self.folder.path().join("home"))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{program:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn script(&self, shell: &str) -> PathBuf {
        let path = self.programs.path().join(shell);
        if !path.exists() {
            std::fs::write(&path, script(shell)).unwrap();
        }
        path
    }

    /// As bash itself does on Tab: the function that `complete` named, with the words in `COMP_WORDS`.
    fn bash(&self, words: &[&str], also: Option<&Path>) -> Vec<String> {
        const ASK: &str = r#"
            source "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            COMP_LINE="$*"; COMP_LINE=${COMP_LINE// = /=}; COMP_LINE=${COMP_LINE/% =/=}
            COMP_POINT=${#COMP_LINE}
            function=$(complete -p acr-pull-secret | sed 's/.* -F \([^ ]*\) .*/\1/')
            current=${COMP_WORDS[COMP_CWORD]}
            "$function" "$1" "${current#=}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", ASK, "bash"]).arg(self.script("bash")).arg("acr-pull-secret");
        sorted(self.output(bash.args(words), also).lines())
    }

    fn fish(&self, words: &[&str]) -> Vec<String> {
        const ASK: &str = "source $argv[1]; complete --do-complete $argv[2]";
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "--command", ASK]).arg(self.script("fish"));
        let line = format!("acr-pull-secret {}", words.join(" "));
        let output = self.output(fish.arg(line), None);
        sorted(output.lines().map(|line| line.split('\t').next().unwrap()))
    }

    /// The command line after Tab in a bash with a terminal, which a zsh provides.
    fn bash_at_a_terminal(&self, line: &str) -> String {
        const ASK: &str = r#"
            zmodload zsh/zpty
            cd -q $2
            zpty -b shell bash --norc --noprofile -i
            zpty -w shell "source ${(q)1}; bind 'set bell-style none'"
            zpty -w shell 'kept() { printf "%s\n" "$READLINE_LINE" >new; mv new line; }'
            zpty -w shell "bind -x '\"\C-t\": kept'; touch ready"
            for i in {1..1500}; do [[ -e ready ]] && break; sleep 0.02; done
            zpty -w -n shell "$3"$'\t\C-t'
            for i in {1..1500}; do [[ -e line ]] && break; sleep 0.02; done
            zpty -d shell
            cat line; rm line ready"#;
        let mut zsh = Command::new("zsh");
        zsh.args(["-f", "-c", ASK, "zsh"]).arg(self.script("bash")).arg(self.folder.path());
        self.output(zsh.arg(format!("acr-pull-secret {line}")), None)
    }

    /// The command line after Tab in a zsh with a terminal.
    fn zsh(&self, words: &[&str]) -> String {
        const ASK: &str = r#"
            zmodload zsh/zpty
            cd -q $2
            zpty -b shell zsh -f -i
            zpty -w shell "autoload -U compinit; compinit -u -D; source ${(q)1}"
            zpty -w shell 'tab() { zle complete-word; print -r -- "$BUFFER" >new; mv new line }'
            zpty -w shell "zle -N tab; bindkey '^T' tab; touch ready"
            for i in {1..1500}; do [[ -e ready ]] && break; sleep 0.02; done
            zpty -w -n shell "$3"$'\C-t'
            for i in {1..1500}; do [[ -e line ]] && break; sleep 0.02; done
            zpty -d shell
            cat line; rm line ready"#;
        let mut zsh = Command::new("zsh");
        zsh.args(["-f", "-c", ASK, "zsh"]).arg(self.script("zsh")).arg(self.folder.path());
        self.output(zsh.arg(format!("acr-pull-secret {}", words.join(" "))), None)
    }
}

fn sorted<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[cfg(target_os = "linux")]
#[test]
fn bash_completes_commands_options_values_and_namespaces() {
    let place = Place::new();
    for (words, offered) in ROWS.iter().chain(EQUALS) {
        let offered_by_bash = place.bash(words, None);
        let shown: Vec<&String> = offered_by_bash.iter().filter(|word| !word.starts_with('.')).collect();
        assert_eq!(shown, *offered, "{words:?}");
    }
    assert!(!place.folder.path().join("hacked").exists());
    for words in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--"]).collect();
        let offered = place.bash(&words, None);
        assert!(offered.iter().any(|option| option == "--help"), "{words:?}: {offered:?}");
    }
}

#[test]
#[ignore = "needs fish and zsh"]
fn fish_and_zsh_complete_what_bash_does() {
    let place = Place::new();
    assert_eq!(place.fish(&["check", "--context", "bro"]), [""; 0], "no file is a context");
    for (words, offered) in ROWS {
        let is_file = |offered: &String| place.folder.path().join(offered.trim_end_matches('/')).exists();
        let by_fish: Vec<String> = place.fish(words).into_iter().filter(|it| !is_file(it)).collect();
        assert_eq!(by_fish, *offered, "{words:?}");
        if let [one] = offered {
            let before = words.split_last().unwrap().1;
            let line = format!("acr-pull-secret {}", [before, &[*one]].concat().join(" "));
            assert_eq!(place.zsh(words).trim_end_matches(['\n', ' ', '=']), line, "{words:?}");
        }
    }
    assert!(!place.folder.path().join("hacked").exists());
}

/// bash quotes the names of files that it inserts only where it knows that they are.
#[test]
#[ignore = "needs zsh, which gives bash a terminal"]
fn bash_quotes_the_names_of_files() {
    let place = Place::new();
    for (words, line) in [
        (r"check --settings '$(t", r"check --settings '$(touch hacked)' "),
        (r"check --settings \$", r"check --settings \$\(touch\ hacked\) "),
        ("check --settings a\\ b", r"check --settings a\ b.yaml "),
        ("check --settings globs/a", "check --settings globs/a.yaml "),
        (r"check --settings globs/\[", r"check --settings globs/\[ab\].yaml "),
        ("check -o gitlab=bro", "check -o gitlab=broken.yaml "),
        ("check deploy -n b", "check deploy -n billing "),
    ] {
        let line = format!("acr-pull-secret {line}");
        assert_eq!(place.bash_at_a_terminal(words).trim_end_matches('\n'), line, "{words}");
    }
    assert!(!place.folder.path().join("hacked").exists());
}

/// kubectl asks for what it offers behind the name of a plugin.
#[test]
fn the_executable_that_kubectl_asks_offers_what_the_script_for_bash_does() {
    let place = Place::new();
    place.link("kubectl_complete-acr_pull_secret");
    for (words, offered) in ROWS {
        let words: Vec<&str> = words.iter().map(|word| if word.is_empty() { "''" } else { word }).collect();
        let call = format!("kubectl_complete-acr_pull_secret {}", words.join(" "));
        let output = place.output(Command::new("sh").args(["-c", &call]), None);
        let (directive, found) = output
            .trim_end()
            .rsplit_once('\n')
            .map_or((output.trim_end(), ""), |(found, last)| (last, found));
        assert_eq!(sorted(found.lines()), *offered, "{words:?}");
        assert_eq!(directive, ":4", "{words:?}: files are no values of these");
    }
    let call = "kubectl_complete-acr_pull_secret check deploy/";
    assert_eq!(place.output(Command::new("sh").args(["-c", call]), None), ":0\n", "the shell offers files");
    assert!(!place.folder.path().join("hacked").exists());
}

#[test]
#[ignore = "needs kubectl"]
fn kubectl_completes_its_plugin() {
    let place = Place::new();
    place.link("kubectl-acr_pull_secret");
    place.link("kubectl_complete-acr_pull_secret");
    for (words, offered) in [
        (
            "check -o ''",
            ["azure", "github", "gitlab", "json", "junit", "markdown", "sarif", "text", ":4"].as_slice(),
        ),
        ("check --output=gi", &["github", "gitlab", ":4"]),
        ("check deploy -n sh", &["shop", ":4"]),
        ("policy pu", &["pull", "push", ":4"]),
        ("check de", &[":0"]),
    ] {
        let call = format!("kubectl __complete acr-pull-secret {words} 2>/dev/null");
        let output = place.output(Command::new("sh").args(["-c", &call]), None);
        assert_eq!(sorted(output.lines()), sorted(offered.iter().copied()), "{words}");
    }
}

/// bash makes three words of `--context=prod`.
#[cfg(target_os = "linux")]
#[test]
fn the_namespaces_of_a_cluster_are_those_that_kubectl_gets() {
    const GET: &str = "get namespaces --request-timeout=2s --output=go-template={{range .items}}{{.metadata.name}}{{\"\\n\"}}{{end}}";
    let place = Place::new();
    let stub = Stub::new()
        .prints(GET, "default\nshop\n")
        .prints(&format!("{GET} --context=prod"), "$(touch hacked)\nprod\n")
        .prints(&format!("{GET} --context=prod --kubeconfig=deploy/web.yaml"), "other\n")
        .prints(&format!("{GET} --context=ann@kube:8443/a"), "of-ann\n")
        .fails(&format!("{GET} --context=forbidden"), "no");
    stub.install();
    for (words, offered) in [
        (&["why", "web", "-n", ""] as &[&str], &["default", "shop"] as &[&str]),
        (&["check", "--live", "-n", "s"], &["shop"]),
        (&["why", "--context", "prod", "-n", ""], &["prod"]),
        (&["why", "--context", "=", "prod", "-n", ""], &["prod"]),
        // bash splits this too.
        (&["why", "--context", "ann@kube:8443/a", "-n", ""], &["of-ann"]),
        (&["why", "--context=prod", "--kubeconfig", "deploy/web.yaml", "-n", ""], &["other"]),
        (&["why", "--context", "forbidden", "-n", ""], &[]),
    ] {
        assert_eq!(place.bash(words, Some(stub.path())), offered, "{words:?}");
    }
    assert!(!place.folder.path().join("hacked").exists());
}

/// A login may wait for its user, who only pressed Tab.
#[cfg(target_os = "linux")]
#[test]
fn a_kubectl_that_does_not_answer_is_stopped() {
    let place = Place::new();
    let programs = tempfile::tempdir().unwrap();
    let kubectl = programs.path().join("kubectl");
    // A file that this process has open for writing cannot be run.
    let script = "#!/bin/sh\necho $$ >id\nsleep 1000 &\necho $! >login\nwait\n";
    let write = ["-c", "printf %s \"$2\" >\"$1\" && chmod 755 \"$1\"", "sh"];
    let written = Command::new("sh").args(write).arg(&kubectl).arg(script).status().unwrap();
    assert!(written.success());
    assert!(place.bash(&["why", "web", "-n", ""], Some(programs.path())).is_empty());
    for process in ["id", "login"] {
        assert!(!runs(&place.folder.path().join(process)), "{process}");
    }
    // Before the time limit, by Ctrl-C. On a busy machine the limit may come first.
    let of_plugin = ("kubectl_complete-acr_pull_secret", ["why", "web", "-n", ""].as_slice());
    let of_script = ("acr-pull-secret", ["__namespaces", "--", "why", "web", "-n", ""].as_slice());
    for ((name, args), signal) in
        [(of_script, "-INT"), (of_script, "-TERM"), (of_script, "-HUP"), (of_plugin, "-INT")]
    {
        let ends = |_| ends_with_its_caller(programs.path(), name, args, signal);
        assert!((0..20).any(ends), "{name}: {signal}");
    }
}

/// Whether the caller of kubectl ended by this signal, and kubectl and its login with it.
#[cfg(target_os = "linux")]
fn ends_with_its_caller(programs: &Path, name: &str, args: &[&str], signal: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let started = [folder.path().join("id"), folder.path().join("login")];
    let until = |is_so: &dyn Fn() -> bool, limit: Duration| {
        let deadline = Instant::now() + limit;
        while !is_so() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        is_so()
    };
    let path = std::env::join_paths([programs, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut call = command_alone(args);
    let mut call = call.arg0(name).current_dir(&folder).env("PATH", path).spawn().unwrap();
    let has_started = until(&|| started.iter().all(|file| runs(file)), Duration::from_secs(5));
    // It may have ended already.
    Command::new("kill").args([signal, &call.id().to_string()]).stderr(Stdio::null()).status().unwrap();
    let is_by_signal = !call.wait().unwrap().success() && has_started;
    if is_by_signal {
        assert!(until(&|| !started.iter().any(|file| runs(file)), Duration::from_mins(1)), "{signal}");
    }
    is_by_signal
}

/// Whether the process runs whose id is in a file. What ended is there until its parent has asked.
#[cfg(target_os = "linux")]
fn runs(file: &Path) -> bool {
    let Ok(id) = std::fs::read_to_string(file) else { return false };
    let status = std::fs::read_to_string(Path::new("/proc").join(id.trim()).join("status"));
    status.is_ok_and(|status| !status.contains("State:\tZ")) && !id.trim().is_empty()
}

/// zsh takes what is behind the second colon for the command that completes.
#[test]
fn the_names_of_values_have_no_colon_for_zsh() {
    let script = script("zsh");
    let is_option =
        |line: &&str| ["'-", "'*-", "'("].iter().any(|it| line.starts_with(it)) && line.contains("]:");
    for line in script.lines().filter(is_option) {
        let (_, behind) = line.split_once("]:").unwrap();
        assert_eq!(behind.replace(r"\:", "").matches(':').count(), 1, "{line}");
    }
    assert!(script.contains(r"]:HOST\:PORT\:ADDRESS:' "));
}
