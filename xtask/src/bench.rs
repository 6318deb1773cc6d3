//! `cargo xtask bench NAME [--json]`: builds what is measured and the measurer, and runs it.

use crate::{cargo, install, peers, shown};
use anyhow::{Result, bail};
use std::process::Command;

/// The measurements there are.
const NAMES: [&str; 9] = [
    "limit", "storm", "snapshot", "memory", "webhooks", "outage", "hot", "chaos", "peers",
];

/// Prints one JSON object a figure; fails where one falls short. What is built goes to standard error.
pub(crate) fn bench(name: &str, arguments: &[&str]) -> Result<()> {
    if !NAMES.contains(&name) {
        bail!("there is no benchmark `{name}`; there are {}", NAMES.join(", "));
    }
    install::debian("redis-server", "redis-server")?;
    install::debian("redis-benchmark", "redis-tools")?;
    let build = [
        "build",
        "--release",
        "--quiet",
        "-p",
        "omnistock",
        "-p",
        "omnistock-bench",
    ];
    quietly(cargo().args(build))?;
    let mut bench = Command::new("target/release/omnistock-bench");
    bench.arg(name);
    if name == "peers" {
        bench.arg("--installed").arg(peers::installed()?);
    }
    quietly(bench.args(arguments))
}

/// Standard output is the figures' own.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    eprintln!("+ {}", shown(command));
    let status = command.status()?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}
