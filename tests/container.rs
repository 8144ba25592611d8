//! The container images, as `.ci/image` writes them for amd64, run without a container: their files are unpacked, and the
//! entry point is started in there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use acr_pull_secret::console::Console;
use acr_pull_secret::publish::registry::artifact::{Artifact, digest};
use acr_pull_secret::publish::registry::{Registry, reference};
use acr_pull_secret::registry::{Connection, Insecure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engines::{project, run};
use crate::registry::authority::Authority;
use crate::registry::server::{Guard, Server};

/// One image of a folder in the layout of OCI.
struct Image {
    folder: PathBuf,
    manifest_file: PathBuf,
    manifest: Value,
    config: Value,
}

impl Image {
    /// The image for amd64 behind a tag that ends so.
    fn tagged(suffix: &str) -> Self {
        let folder = std::env::var_os("ACR_PULL_SECRET_IMAGE").expect("the folder that .ci/image writes");
        let folder = PathBuf::from(folder);
        let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
        let tag = format!("checked{suffix}");
        let tagged = one(&index, |entry| entry["annotations"]["org.opencontainers.image.ref.name"] == tag);
        let index = parsed(&folder, tagged);
        let platform = json!({"os": "linux", "architecture": "amd64"});
        let entry = one(&index, |entry| entry["platform"] == platform);
        let manifest = parsed(&folder, entry);
        let config = parsed(&folder, &manifest["config"]);
        Self { manifest_file: blob(&folder, entry), folder, manifest, config }
    }

    fn layers(&self) -> Vec<PathBuf> {
        let layers = self.manifest["layers"].as_array().unwrap().iter();
        layers.map(|layer| blob(&self.folder, layer)).collect()
    }

    /// Its files.
    fn unpacked(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for layer in self.layers() {
            let tar = Command::new("tar").arg("-xzf").arg(layer).arg("-C").arg(folder.path()).status();
            assert!(tar.unwrap().success());
        }
        // As a container's root: everybody may enter it.
        let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), everybody).unwrap();
        folder
    }

    /// Runs the entry point with its files as the root, as its user, with no variable but those of the image.
    fn run(&self, files: &Path, args: &[&str], input: &str) -> Output {
        self.run_as(self.config["config"]["User"].as_str().unwrap(), files, args, input)
    }

    /// The same as a user of another number.
    fn run_as(&self, user: &str, files: &Path, args: &[&str], input: &str) -> Output {
        let config = &self.config["config"];
        let words = config["Entrypoint"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        let variables = config["Env"].as_array().into_iter().flatten();
        let mut child = Command::new("/usr/sbin/chroot")
            .arg(format!("--userspec={user}"))
            .arg(files)
            .args(words.chain(args.iter().copied()))
            .env_clear()
            .envs(variables.map(|variable| variable.as_str().unwrap().split_once('=').unwrap()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("chroot starts");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// The only entry of an index for which something holds.
fn one(index: &Value, is_meant: impl Fn(&Value) -> bool) -> &Value {
    let found: Vec<&Value> =
        index["manifests"].as_array().unwrap().iter().filter(|entry| is_meant(entry)).collect();
    let [entry] = found[..] else { panic!("{index}") };
    entry
}

fn blob(folder: &Path, descriptor: &Value) -> PathBuf {
    folder.join("blobs").join(descriptor["digest"].as_str().unwrap().replace(':', "/"))
}

fn parsed(folder: &Path, descriptor: &Value) -> Value {
    serde_json::from_slice(&fs::read(blob(folder, descriptor)).unwrap()).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Status and outputs, to compare.
fn said(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
#[ignore = "needs the image, and root for chroot"]
fn the_image_has_the_command_and_certificates_alone_and_no_root() {
    let image = Image::tagged("");
    let [layer] = &image.layers()[..] else { panic!("{}", image.manifest) };
    let tar = Command::new("tar").arg("-tvzf").arg(layer).arg("--numeric-owner").output().unwrap();
    let listed = text(&tar.stdout);
    let files: Vec<(&str, &str, &str)> = listed
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|words| (words[0], words[1], words[5]))
        .filter(|(_, _, name)| !name.ends_with('/'))
        .collect();
    assert_eq!(
        files,
        [
            ("-rwxr-xr-x", "0/0", "acr-pull-secret"),
            ("-rw-r--r--", "0/0", "etc/ssl/certs/ca-certificates.crt")
        ]
    );
    assert_eq!(image.config["config"]["User"], "65532:65532");
    assert_eq!(image.config["config"]["Entrypoint"], json!(["/acr-pull-secret"]));
}

/// Without a home, a folder for temporary files, users or anything else.
#[test]
#[ignore = "needs the image, and root for chroot"]
fn check_in_the_image_says_what_it_says_elsewhere() {
    let image = Image::tagged("");
    let files = image.unpacked();
    let manifest = fs::read_to_string(project("docs/examples/web.yaml")).unwrap();
    for args in [&["check", "-"][..], &["check", "-o", "json", "-"], &["fix", "--diff", "-"]] {
        let expected = run(&[args, &["--settings-json", "{}"]].concat(), &manifest);
        let output = image.run(files.path(), &[args, &["--settings-json", "{}"]].concat(), &manifest);
        assert_eq!(said(&output), said(&expected), "{args:?}");
        assert!(!output.stdout.is_empty());
    }
    // What a volume would bring.
    fs::create_dir(files.path().join("work")).unwrap();
    fs::write(files.path().join("work/web.yaml"), manifest).unwrap();
    let (status, stdout, stderr) = said(&image.run(files.path(), &["check", "/work"], ""));
    assert!(status == Some(1) && stdout.contains("--> /work/web.yaml:16:18"), "{stdout}{stderr}");
}

/// The call of the page has `--user`. Another one than the owner may not write into the checkout, and reads no config file of it.
#[test]
#[ignore = "needs the image, and root for chroot"]
fn the_owner_of_a_checkout_can_use_its_config_file_and_write_reports() {
    let image = Image::tagged("");
    for (user, status, is_written) in [("1000:1000", 1, true), ("65532:65532", 2, false)] {
        let files = image.unpacked();
        let work = files.path().join("work");
        fs::create_dir(&work).unwrap();
        fs::copy(project("docs/examples/web.yaml"), work.join("web.yaml")).unwrap();
        // The entry point starts in the root.
        let config = files.path().join(".acr-pull-secret.yaml");
        fs::write(&config, "settings: {mode: validate}\n").unwrap();
        for path in [work.clone(), work.join("web.yaml"), config] {
            std::os::unix::fs::chown(path, Some(1000), Some(1000)).unwrap();
        }
        let args = ["check", "-o", "json=/work/report.json", "/work"];
        let output = image.run_as(user, files.path(), &args, "");
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{user}: {talk}");
        assert_eq!(work.join("report.json").exists(), is_written, "{user}: {talk}");
        assert_eq!(talk.contains("it belongs to another user"), !is_written, "{user}: {talk}");
    }
    let page = fs::read_to_string(project("docs/install.md")).unwrap();
    let volumes: Vec<&str> =
        page.lines().filter(|line| line.starts_with("docker run") && line.contains(" -v ")).collect();
    assert!(
        !volumes.is_empty() && volumes.iter().all(|line| line.contains("--user \"$(id -u)\"")),
        "{volumes:?}"
    );
}

/// kustomize and kpt start the entry point without arguments.
#[test]
#[ignore = "needs the image, and root for chroot"]
fn the_image_for_krm_is_a_function() {
    let image = Image::tagged("-krm");
    let list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: Pod\n  \
                metadata: {name: web}\n  spec:\n    containers:\n    - {name: web, image: contoso.azurecr.io/web}\n";
    let output = image.run(image.unpacked().path(), &[], list);
    assert_eq!(said(&output), said(&run(&["krm"], list)));
    let fixed = text(&output.stdout);
    assert!(output.status.success() && fixed.contains("- name: acr-secret"), "{fixed}");
}

/// The client of `policy push` moves blobs and a manifest, whatever they are. Then the command in the image asks for that
/// same image, and trusts the authorities of its own file.
#[test]
#[ignore = "needs the image, root for chroot, and docker-registry"]
fn a_registry_takes_the_image_and_the_command_in_it_finds_it_there() {
    let image = Image::tagged("");
    let authority = Authority::for_host("127.0.0.1");
    let files = [authority.file("server.pem"), authority.file("key.pem")];
    let server = Server::start(&Guard::Anybody, Some((&files[0], &files[1])));
    let name = format!("127.0.0.1:{}/acr-pull-secret:v1", server.port);

    let config = blob(&image.folder, &image.manifest["config"]);
    let [layer, config, manifest] = [&image.layers()[0], &config, &image.manifest_file]
        .map(|path| bytes::Bytes::from(fs::read(path).unwrap()));
    let artifact = Artifact {
        metadata: Value::Null,
        wasm_digest: digest(&layer),
        wasm: layer,
        config_digest: digest(&config),
        config,
        digest: digest(&manifest),
        manifest,
    };
    let connection = Connection {
        insecure: Insecure::default(),
        ca_file: Some(authority.file("ca.pem")),
        resolve: Vec::new(),
    };
    let registry =
        Registry::new(reference::parse(&name).unwrap(), &connection, Console::new(std::io::sink())).unwrap();
    registry.push(&artifact).unwrap();

    let unpacked = image.unpacked();
    let ask = || said(&image.run(unpacked.path(), &["explain", "--pull", &name], ""));
    let (status, stdout, stderr) = ask();
    assert!(status == Some(0) && stdout.contains("is not trusted"), "{status:?} {stdout}{stderr}");
    let trusted = unpacked.path().join("etc/ssl/certs/ca-certificates.crt");
    let mut certificates = fs::OpenOptions::new().append(true).open(trusted).unwrap();
    certificates.write_all(&fs::read(authority.file("ca.pem")).unwrap()).unwrap();
    let (status, stdout, stderr) = ask();
    assert!(status == Some(0) && stdout.contains(&artifact.digest), "{status:?} {stdout}{stderr}");
}
