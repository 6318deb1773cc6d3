//! Installs Medusa from the committed lock file into `target/medusa`, once for each lock file.

use anyhow::{Context, Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Medusa needs at least this Node.
const NODE: u32 = 20;

fn node_version() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    String::from_utf8(output.stdout)
        .ok()?
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// The folder with the installed server.
pub(crate) fn medusa() -> Result<PathBuf> {
    match node_version() {
        Some(version) if version >= NODE => {}
        Some(version) => bail!("node is version {version}; install Node.js {NODE} or later with npm"),
        None => bail!("there is no node on the search path; install Node.js {NODE} or later with npm"),
    }
    let source = crate::root().join("xtask/medusa");
    let lock =
        std::fs::read(source.join("package-lock.json")).context("xtask/medusa/package-lock.json can't be read")?;
    let mut hasher = DefaultHasher::new();
    lock.hash(&mut hasher);
    let folder = crate::root().join(format!("target/medusa/{:016x}", hasher.finish()));
    std::fs::create_dir_all(folder.join("src"))?;
    for file in ["package.json", "package-lock.json", "medusa-config.js"] {
        std::fs::copy(source.join(file), folder.join(file))
            .with_context(|| format!("xtask/medusa/{file} can't be copied"))?;
    }
    if !folder.join("installed").is_file() {
        npm(&folder)?;
        std::fs::write(folder.join("installed"), "")?;
    }
    Ok(folder)
}

fn npm(folder: &Path) -> Result<()> {
    println!(
        "installing Medusa from xtask/medusa/package-lock.json into {} (about a minute)",
        folder.display()
    );
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    crate::run(Command::new("npm").args(arguments).current_dir(folder))
}
