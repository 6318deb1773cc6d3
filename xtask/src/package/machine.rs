//! A Debian 12 of its own, booted in a container: made in a temporary folder, ended by its own process id.

use super::said;
use crate::{install, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A booted system.
pub(super) struct Machine {
    root: PathBuf,
    container: Child,
}

impl Machine {
    /// Makes a system in a folder of the build, once, and boots a copy of it.
    pub(super) fn boot() -> Result<Self> {
        install::debian("debootstrap", "debootstrap")?;
        install::debian("systemd-nspawn", "systemd-container")?;
        let (pristine, root) = (Path::new("target/debian-12"), Path::new("target/debian-12-booted"));
        if !pristine.join("usr/bin/systemctl").exists() {
            run(Command::new("debootstrap")
                .args([
                    "--variant=minbase",
                    "--include=systemd,systemd-sysv,dbus,ca-certificates",
                    "bookworm",
                ])
                .arg(pristine)
                .arg(mirror()?)
                .stdout(Stdio::null()))?;
        }
        remove(root)?;
        run(Command::new("cp").arg("-a").args([pristine, root]))?;
        let root = root.canonicalize()?;
        let container = Command::new("systemd-nspawn")
            .args(["--quiet", "--boot", "--register=no", "--keep-unit", "--directory"])
            .arg(&root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("systemd-nspawn can't be started: it needs root")?;
        let mut machine = Self { root, container };
        machine.wait("it has booted", 120, |machine| {
            machine
                .shell("systemctl is-system-running || true")
                .is_ok_and(|state| state.contains("running"))
        })?;
        Ok(machine)
    }

    /// The first process inside, seen from here.
    fn leader(&self) -> Result<String> {
        let children = said(Command::new("pgrep").args(["-P", &self.container.id().to_string()]))?;
        let first = children.lines().next().context("the container has no process yet")?;
        Ok(first.to_owned())
    }

    /// Runs a line inside; what it says, or fails with it.
    pub(super) fn shell(&self, line: &str) -> Result<String> {
        said(
            Command::new("nsenter")
                .args(["--target", &self.leader()?, "--all", "/bin/sh", "-ec", line])
                .stdin(Stdio::null()),
        )
    }

    /// Puts a file into it.
    pub(super) fn put(&self, from: &Path, to: &str) -> Result<()> {
        std::fs::copy(from, self.root.join(to.trim_start_matches('/')))?;
        Ok(())
    }

    /// Waits until it is so; fails after `seconds` with what it was.
    pub(super) fn wait(&mut self, what: &str, seconds: u64, mut met: impl FnMut(&Self) -> bool) -> Result<()> {
        for _ in 0..seconds * 5 {
            if met(self) {
                return Ok(());
            }
            if let Some(status) = self.container.try_wait()? {
                bail!("the container ended with {status} before {what}");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("not within {seconds} s: {what}")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Asked first; nothing in it is kept.
        drop(self.shell("systemctl --no-block poweroff"));
        for _ in 0..100 {
            if !matches!(self.container.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        drop(self.container.kill());
        drop(self.container.wait());
        drop(remove(&self.root));
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    Ok(())
}

/// Where this machine gets its own packages from.
fn mirror() -> Result<String> {
    let listed = said(Command::new("sh").args([
        "-c",
        "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true",
    ]))?;
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        match words.next()? {
            "deb" => words.find(|word| !word.starts_with('[') && !word.ends_with(']')),
            "URIs:" => words.next(),
            _ => None,
        }
        .map(str::to_owned)
    };
    listed
        .lines()
        .find_map(address)
        .context("this machine names no Debian mirror")
}
