//! `cargo xtask soak`: the kill test of the tests, many times over; its log is kept in docs/logs.

use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

/// Where the last log is kept.
const LOG: &str = "docs/logs/soak.log";

/// Kills the daemon `rounds` times under load on each store, and writes the log.
#[allow(
    clippy::disallowed_methods,
    reason = "how long the soak took, for a person; no simulation pauses this clock"
)]
pub(crate) fn run(rounds: u32) -> Result<()> {
    let begun = Instant::now();
    let mut command = crate::cargo();
    command.args([
        "test",
        "--package",
        "omnistock",
        "--test",
        "kill",
        "--",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .env("OMNISTOCK_KILLS", rounds.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut log = format!("cargo xtask soak {rounds}\n");
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        writeln!(log, "{line}")?;
    }
    let status = child.wait()?;
    writeln!(
        log,
        "{} after {} s",
        if status.success() { "passed" } else { "FAILED" },
        begun.elapsed().as_secs()
    )?;
    std::fs::create_dir_all("docs/logs")?;
    std::fs::write(LOG, log).with_context(|| format!("{LOG} can't be written"))?;
    if !status.success() {
        bail!("the soak failed: see {LOG}");
    }
    Ok(())
}
