//! A proxy as `deploy/` has it, with other addresses.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// How long a proxy may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Nginx,
    Caddy,
    Haproxy,
}

/// It runs until the test ends.
pub struct Proxy {
    pub address: SocketAddr,
    _process: Child,
    _dir: TempDir,
}

/// What stands in the files of `deploy/`, and what a test puts in its place.
struct Place<'a> {
    dir: &'a Path,
    listen: SocketAddr,
    gate: SocketAddr,
    name: &'a str,
    application: SocketAddr,
}

impl Place<'_> {
    /// Copies a file of `deploy/` with the addresses of the test; its new path.
    fn copy(&self, file: &str) -> String {
        let mut text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)).unwrap();
        let lua = self.dir.join("keybearer.lua");
        for (from, to) in [
            ("127.0.0.1:5000", self.gate.to_string()),
            ("127.0.0.1:3000", self.application.to_string()),
            ("127.0.0.1:8080", self.listen.to_string()),
            ("bind 127.0.0.1\n", format!("bind {}\n", self.listen.ip())),
            ("/gate/any", format!("/gate/{}", self.name)),
            ("/etc/haproxy/keybearer.lua", lua.display().to_string()),
        ] {
            text = text.replace(from, &to);
        }
        self.write(Path::new(file).file_name().unwrap().to_str().unwrap(), &text)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The files of a user, in what the package would have around them; the command that runs them in one process.
    fn command(&self, kind: Kind) -> Command {
        match kind {
            Kind::Nginx => {
                let site = self.copy("nginx/keybearer.conf");
                let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {name};"));
                let main = format!(
                    "daemon off; master_process off; pid pid; error_log stderr; events {{}}\nhttp {{ access_log off; {} include {site}; }}\n",
                    places.concat()
                );
                let mut command = command("nginx");
                command.arg("-p").arg(self.dir).args(["-e", "stderr", "-c", &self.write("main.conf", &main)]);
                command
            }
            Kind::Caddy => {
                let site = self.copy("caddy/Caddyfile");
                // The one for commands to the running Caddy would listen where that of another test does.
                let main = format!("{{\n\tadmin off\n}}\nimport {site}\n");
                let mut command = command("caddy");
                command.args(["run", "--adapter", "caddyfile", "--config", &self.write("main", &main)]);
                command
            }
            Kind::Haproxy => {
                self.copy("haproxy/keybearer.lua");
                let mut command = command("haproxy");
                command.args(["-db", "-f", &self.copy("haproxy/haproxy.cfg")]);
                command
            }
        }
    }
}

/// Debian keeps servers where not everybody's PATH leads.
fn command(name: &str) -> Command {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"].into_iter().map(|place| Path::new(place).join(name));
    Command::new(found.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("install the Debian package {name}")))
}

impl Proxy {
    /// In front of the application, asking the gate of this name at that address.
    pub async fn start(kind: Kind, gate: SocketAddr, name: &str, application: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // An address of its own, so that no two tests want the same port.
        let mut own = [0; 3];
        getrandom::fill(&mut own).unwrap();
        let address = SocketAddr::from(([127, own[0].clamp(1, 254), own[1], own[2].clamp(1, 254)], 8080));
        let place = Place { dir: dir.path(), listen: address, gate, name, application };
        let log = dir.path().join("log");
        let mut command = place.command(kind);
        command.env_clear().env("HOME", dir.path()).current_dir(dir.path()).kill_on_drop(true);
        let output = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut process = command.spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{kind:?} does not start: {}", fs::read_to_string(&log).unwrap());
            sleep(Duration::from_millis(20)).await;
        }
        Self { address, _process: process, _dir: dir }
    }
}
