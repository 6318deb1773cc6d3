//! A real SSH server on a free loopback port, with keys and a configuration of its own; and what can stand before it.

use super::*;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whose account it is: the one that runs the tests, or one without any rights where that is root.
const NOBODY: u32 = 65_534;

pub(super) struct Sshd {
    child: Child,
    pub(super) port: u16,
    keys: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs openssh-server"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

pub(super) fn user() -> String {
    if is_root() {
        "nobody".into()
    } else {
        run(Command::new("id").arg("-un"))
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Makes a key in `folder`.
pub(super) fn make_key(folder: &Path, name: &str, passphrase: &str) {
    let mut command = Command::new("ssh-keygen");
    run(command
        .args(["-q", "-t", "ed25519", "-a", "1", "-N", passphrase, "-C", "test", "-f"])
        .arg(folder.join(name)));
}

impl Sshd {
    pub(super) fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let root = keys.path();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["host", "key", "other"] {
            make_key(root, name, "");
        }
        make_key(root, "locked", "open sesame");
        let entered = ["key.pub", "locked.pub"].map(|name| fs::read_to_string(root.join(name)).unwrap());
        fs::write(root.join("entered"), entered.concat()).unwrap();
        let port = free_port();
        let folder = root.display();
        let configuration = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/entered\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n"
        );
        fs::write(root.join("config"), configuration).unwrap();
        if is_root() {
            // Where it confines what it does before a login.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(root.join("config"));
        command
            .stdin(Stdio::null())
            .stderr(fs::File::create(root.join("log")).unwrap());
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("sshd: {error}; `cargo xtask test` installs openssh-server"));
        let sshd = Self { child, port, keys };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sshd;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{}", sshd.log());
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.keys.path().join("log")).unwrap()
    }

    /// The fingerprint of a key.
    pub(super) fn print(&self, name: &str) -> String {
        let shown = run(Command::new("ssh-keygen")
            .arg("-lf")
            .arg(self.keys.path().join(format!("{name}.pub"))));
        shown.split(' ').nth(1).unwrap().to_owned()
    }

    /// A line of a file of known hosts, with the key of this name.
    pub(super) fn known_host(&self, name: &str) -> String {
        let key = fs::read_to_string(self.keys.path().join(format!("{name}.pub"))).unwrap();
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    /// A folder that it serves, and a connector that reads it through `port`.
    pub(super) fn rig_at(&self, port: u16, changes: Value) -> Rig {
        let folder = served_folder();
        let connector = self.connector(folder.path(), port, changes);
        Rig { folder, connector }
    }

    pub(super) fn rig(&self, changes: Value) -> Rig {
        self.rig_at(self.port, changes)
    }

    pub(super) fn connector(&self, folder: &Path, port: u16, changes: Value) -> Arc<dyn Connector> {
        self.try_connector(folder, port, changes)
            .unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    pub(super) fn try_connector(
        &self,
        folder: &Path,
        port: u16,
        changes: Value,
    ) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let mut context = context(folder);
        context.secrets = Arc::new(Keys(self.keys.path().to_owned()));
        (SPEC.build)(context, self.table(folder, port, changes))
    }

    /// As an operator writes it.
    pub(super) fn table(&self, folder: &Path, port: u16, changes: Value) -> Value {
        let url = format!("sftp://127.0.0.1:{port}{}/stock-*.csv", folder.display());
        let mut table = german(
            json!({ "path": null, "url": url, "user": user(), "host_key": self.print("host"),
            "private_key": { "env": "key" }, "settle": "1s", "deadline_ms": 20_000 }),
        );
        lay_over(&mut table, changes);
        table
    }
}

/// A folder that the server's account may read and write.
pub(super) fn served_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if is_root() {
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

/// A folder or file that the server's account may neither read nor write.
pub(super) fn shut(path: &Path) {
    if is_root() {
        chown(path, Some(0), Some(0)).unwrap();
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
}

/// Private keys by name, and a password.
struct Keys(PathBuf);

impl SecretResolver for Keys {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        let SecretReference::Env(name) = reference else {
            return Err("none here".into());
        };
        let key = fs::read_to_string(self.0.join(name)).map(SecretString::from);
        key.or_else(|_| Ok(SecretString::from(name.clone())))
    }
}

/// What a proxy does to what the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Pass,
    /// Closes the connection after so many bytes more.
    Cut(u64),
    /// Waits after so many bytes more, until there is another rule.
    Pause(u64),
    /// Lets nothing through any more, and keeps the connection open.
    Stall,
}

/// Stands between a connector and a server.
pub(super) struct Proxy {
    pub(super) port: u16,
    rule: Arc<Mutex<Rule>>,
    connections: Arc<AtomicU64>,
}

impl Proxy {
    pub(super) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            rule: Arc::new(Mutex::new(Rule::Pass)),
            connections: Arc::default(),
        };
        let (rule, connections) = (Arc::clone(&proxy.rule), Arc::clone(&proxy.connections));
        // Its threads end with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    drop(std::io::copy(&mut &from, &mut &to));
                    drop(to.shutdown(Shutdown::Both));
                });
                let rule = Arc::clone(&rule);
                std::thread::spawn(move || pass(&server, &client, &rule));
            }
        });
        proxy
    }

    pub(super) fn set(&self, rule: Rule) {
        *self.rule.lock().unwrap() = rule;
    }

    /// Comes when it waits.
    pub(super) async fn paused(&self) {
        while *self.rule.lock().unwrap() != Rule::Pause(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

fn pass(mut server: &TcpStream, mut client: &TcpStream, rule: &Mutex<Rule>) {
    use std::io::Read;
    let mut buffer = vec![0; 16_384];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        let read = u64::try_from(count).unwrap();
        loop {
            let mut now = rule.lock().unwrap();
            match *now {
                Rule::Pass => break,
                Rule::Cut(left) if left < read => {
                    return drop((client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both)));
                }
                Rule::Cut(left) => {
                    *now = Rule::Cut(left - read);
                    break;
                }
                Rule::Pause(left) if left > 0 => {
                    *now = Rule::Pause(left.saturating_sub(read));
                    break;
                }
                Rule::Pause(_) | Rule::Stall => {}
            }
            drop(now);
            std::thread::sleep(Duration::from_millis(5));
        }
        if client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    drop((client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both)));
}
