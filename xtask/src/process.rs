//! Processes and folders that end with us.

use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How often something is looked at again.
const PAUSE: Duration = Duration::from_millis(50);

/// A process of ours, ended by its own id: asked first, killed after ten seconds.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; what it says goes to `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let file = std::fs::File::create(log).with_context(|| format!("can't write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("can't start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        })
    }

    /// Waits until `ready`; fails with the end of its log when it ended before, or after `seconds`.
    pub(crate) fn wait_until(&mut self, seconds: u64, mut ready: impl FnMut() -> bool) -> Result<()> {
        for _ in 0..seconds * 20 {
            if ready() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.last_words());
            }
            std::thread::sleep(PAUSE);
        }
        bail!("{} was not ready after {seconds} s:\n{}", self.name, self.last_words())
    }

    /// The last 30 lines of its log.
    pub(crate) fn last_words(&self) -> String {
        let text = std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .get(lines.len().saturating_sub(30)..)
            .unwrap_or_default()
            .join("\n")
    }

    fn ask(&self, signal: &str) {
        drop(
            Command::new("kill")
                .args([signal, &self.child.id().to_string()])
                .stderr(Stdio::null())
                .status(),
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // PostgreSQL ends at once on INT without waiting for clients; the others take it as a wish to stop.
        self.ask("-INT");
        for _ in 0..200 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder of ours, removed with everything in it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// A new folder below the system's one for temporary files.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("omnistock-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A loopback port that was free just now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
