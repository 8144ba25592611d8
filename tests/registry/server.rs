//! A real registry: Debian's docker-registry, in a folder and on a port of its own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Who may log in.
pub(crate) enum Guard<'a> {
    Anybody,
    /// `alice` with the password `correct horse`
    Password,
    /// Clients with a token that this realm signs with a key of this authority
    Token {
        realm: &'a str,
        authority: &'a Path,
    },
}

/// A running registry, which ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start(guard: &Guard<'_>, tls: Option<(&Path, &Path)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let tls = tls.map_or_else(String::new, |(certificate, key)| {
            format!(", tls: {{certificate: {}, key: {}}}", certificate.display(), key.display())
        });
        let auth = match guard {
            Guard::Anybody => String::new(),
            Guard::Password => {
                let line = "alice:$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n";
                std::fs::write(path("htpasswd"), line).unwrap();
                format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", path("htpasswd"))
            }
            Guard::Token { realm, authority } => format!(
                "auth: {{token: {{realm: '{realm}', service: registry, issuer: test, rootcertbundle: {}}}}}\n",
                authority.display()
            ),
        };
        let config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:{port}', relativeurls: true, secret: test{tls}}}\n{auth}",
            path("data")
        );
        std::fs::write(path("config.yml"), config).unwrap();
        let child = Command::new("docker-registry")
            .args(["serve", &path("config.yml")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed");
        let server = Self { child, port, _folder: folder };
        server.wait();
        server
    }

    fn wait(&self) {
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("docker-registry does not start");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port on which nothing listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
