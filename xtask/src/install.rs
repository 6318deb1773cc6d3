//! Installs what tests need and says so; nothing when it is there already.

use crate::run;
use anyhow::Result;
use std::process::{Command, Stdio};

/// Whether a program is on the search path.
pub(crate) fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Installs a Debian package unless `program` is there. Its service is not wanted: tests start their own servers.
pub(crate) fn debian(program: &str, package: &str) -> Result<()> {
    if has(program) {
        return Ok(());
    }
    println!("installing the Debian package {package} (for {program})");
    run(Command::new("apt-get").args(["update", "-q"]).stdout(Stdio::null()))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1")
        .stdout(Stdio::null()))
}

/// Installs a cargo subcommand unless it is there; unoptimised, which takes half the time and is fast enough.
pub(crate) fn cargo(program: &str, version: &str) -> Result<()> {
    if has(program) {
        return Ok(());
    }
    println!("installing {program} {version} with cargo (some minutes)");
    run(crate::cargo().args([
        "install",
        "--locked",
        "--quiet",
        "--debug",
        program,
        "--version",
        version,
    ]))
}
