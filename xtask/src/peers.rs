//! Installs the programs that `cargo xtask bench peers` measures beside ours, from the committed locks into
//! `target/peers`, once for each state of `benches/peers/`.

use crate::bench::quietly;
use crate::install;
use anyhow::{Context, Result};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is copied and runs there.
const FILES: [&str; 7] = [
    "package.json",
    "package-lock.json",
    "requirements.txt",
    "shop.mjs",
    "bullmq.mjs",
    "woocommerce.py",
    "inventra_sync.py",
];

/// The folder with the installed programs.
pub(crate) fn installed() -> Result<PathBuf> {
    install::debian("node", "nodejs")?;
    install::debian("npm", "npm")?;
    // Debian's Python comes without the part that makes environments.
    let venv = Command::new("python3").args(["-c", "import ensurepip"]).output();
    if !venv.is_ok_and(|output| output.status.success()) {
        install::debian("python3 with venv", "python3-venv")?;
    }
    let source = crate::root().join("benches/peers");
    let mut hasher = DefaultHasher::new();
    let mut contents = Vec::new();
    for file in FILES {
        let path = source.join(file);
        let content = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
        content.hash(&mut hasher);
        contents.push((file, content));
    }
    let folder = crate::root().join(format!("target/peers/{:016x}", hasher.finish()));
    if folder.join("installed").is_file() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    for (file, content) in contents {
        std::fs::write(folder.join(file), content)?;
    }
    packages(&folder)?;
    std::fs::write(folder.join("installed"), "")?;
    Ok(folder)
}

/// Each at the version and with the checksum of its lock.
fn packages(folder: &Path) -> Result<()> {
    eprintln!("installing the peers of benches/peers into {}", folder.display());
    let ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    quietly(Command::new("npm").args(ci).current_dir(folder))?;
    quietly(
        Command::new("python3")
            .args(["-m", "venv", "python"])
            .current_dir(folder),
    )?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary=:all:",
        "--require-hashes",
    ];
    quietly(
        Command::new("python/bin/python")
            .args(pip)
            .args(["-r", "requirements.txt"])
            .current_dir(folder),
    )
}
