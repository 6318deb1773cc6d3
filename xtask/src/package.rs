//! `cargo xtask package`: the Debian package, looked over by lintian; `cargo xtask package try [dev]`: installed, run,
//! reloaded, upgraded, downgraded and purged in a fresh Debian 12 that boots with its own systemd.

mod figures;
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
/// The profile of the program that it brings (`Cargo.toml` says what is in it).
pub(crate) const SHIPPED: &str = "dist";

/// Builds the package, and says where it is.
pub(crate) fn build() -> Result<()> {
    let package = made("1", SHIPPED)?;
    looked_over(&package)?;
    let size = std::fs::metadata(Path::new("target").join(SHIPPED).join("omnistock"))?.len();
    println!("{}: program {} KB", package.display(), size / 1024);
    Ok(())
}

/// Tries it as a machine would: two revisions of it, so that one can follow the other. `profile` is [`SHIPPED`], whose
/// figures are held against what was promised, or `dev` for the program that the tests have built.
pub(crate) fn attempt(profile: &str) -> Result<()> {
    let (first, second) = (made("1", profile)?, made("2", profile)?);
    looked_over(&first)?;
    // What is promised is promised of the program as it is shipped.
    walk::walk(&first, &second, profile != "dev")
}

fn looked_over(package: &Path) -> Result<()> {
    install::debian("lintian", "lintian")?;
    run(Command::new("lintian")
        .args(["--fail-on", "error,warning"])
        .arg(package))
}

/// A package of this revision.
fn made(revision: &str, profile: &str) -> Result<PathBuf> {
    install::cargo("cargo-deb", CARGO_DEB)?;
    run(cargo().args(["build", "--profile", profile, "--bin", "omnistock"]))?;
    if Path::new(FOLDER).join("man").exists() {
        std::fs::remove_dir_all(FOLDER)?;
    }
    let folder = if profile == "dev" { "debug" } else { profile };
    let program = Path::new("target").join(folder).join("omnistock");
    run(Command::new(program).args(["manual", FOLDER]))?;
    let file = Path::new("target").join(format!("omnistock-{revision}.deb"));
    run(cargo()
        .args(["deb", "--no-build", "--fast", "--profile", profile])
        .args(["--deb-revision", revision, "--output"])
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
