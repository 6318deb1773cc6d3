//! `cargo xtask package`: the Debian package, looked over by lintian; `cargo xtask package try`: installed, run,
//! upgraded, downgraded and purged in a fresh Debian 12 that boots with its own systemd.

mod machine;
mod walk;

use crate::{cargo, install, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of cargo-deb that is installed where there is none.
const CARGO_DEB: &str = "3.8.0";
/// Where everything that the package takes is gathered.
const FOLDER: &str = "target/package";

/// Builds the package, and says where it is.
pub(crate) fn build() -> Result<()> {
    let package = made("1")?;
    install::debian("lintian", "lintian")?;
    run(Command::new("lintian")
        .args(["--fail-on", "error,warning"])
        .arg(&package))?;
    let size = std::fs::metadata("target/release/omnistock")?.len();
    println!(
        "{}: program {} KB before it is stripped",
        package.display(),
        size / 1024
    );
    Ok(())
}

/// Tries it as a machine would: two revisions of it, so that one can follow the other.
pub(crate) fn attempt() -> Result<()> {
    let (first, second) = (made("1")?, made("2")?);
    walk::walk(&first, &second)
}

/// A package of this revision, from the optimised program.
fn made(revision: &str) -> Result<PathBuf> {
    install::cargo("cargo-deb", CARGO_DEB)?;
    run(cargo().args(["build", "--release", "--bin", "omnistock"]))?;
    if Path::new(FOLDER).join("man").exists() {
        std::fs::remove_dir_all(FOLDER)?;
    }
    run(Command::new("target/release/omnistock").args(["manual", FOLDER]))?;
    let file = Path::new("target").join(format!("omnistock-{revision}.deb"));
    run(cargo()
        .args(["deb", "--no-build", "--deb-revision", revision, "--output"])
        .arg(&file))?;
    file.canonicalize().context("cargo-deb wrote no package")
}

/// What a command says; fails with all of it.
fn said(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        bail!("`{}` ended with {}:\n{text}", crate::shown(command), output.status);
    }
    Ok(text)
}
