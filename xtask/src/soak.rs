//! `cargo xtask soak`: the kill tests (of the daemon, of Redis) and the split brain of the tests, many times over; the
//! log is kept in docs/logs.

use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

/// Where the last log is kept.
const LOG: &str = "docs/logs/soak.log";

/// Rounds of the split brain, where the daemon is killed 200 times.
const SPLITS: u32 = 100;

/// Kills of Redis in each of its ways to keep a file, where the daemon is killed 200 times.
const REDIS_KILLS: u32 = 50;

/// Kills the daemon `rounds` times under load on each store, kills Redis and pauses leaders in proportion, and writes
/// the log.
#[allow(
    clippy::disallowed_methods,
    reason = "how long the soak took, for a person; no simulation pauses this clock"
)]
pub(crate) fn run(rounds: u32) -> Result<()> {
    let begun = Instant::now();
    let share = |of: u32| (rounds * of).div_ceil(200);
    let mut log = format!("cargo xtask soak {rounds}\n");
    let mut good = true;
    for (name, variable, rounds) in [
        ("kill::", "OMNISTOCK_KILLS", rounds),
        ("redis_kills::", "OMNISTOCK_REDIS_KILLS", share(REDIS_KILLS)),
        ("kill_redis::", "OMNISTOCK_REDIS_KILLS", share(REDIS_KILLS)),
        ("several::a_leader_that_was_paused", "OMNISTOCK_SPLITS", share(SPLITS)),
    ] {
        good &= test(name, (variable, rounds), &mut log)?;
    }
    writeln!(
        log,
        "{} after {} s",
        if good { "passed" } else { "FAILED" },
        begun.elapsed().as_secs()
    )?;
    std::fs::create_dir_all("docs/logs")?;
    std::fs::write(LOG, log).with_context(|| format!("{LOG} can't be written"))?;
    if !good {
        bail!("the soak failed: see {LOG}");
    }
    Ok(())
}

/// Runs tests of the whole program, one after the other; whether all passed.
fn test(name: &str, (variable, rounds): (&str, u32), log: &mut String) -> Result<bool> {
    let mut command = crate::cargo();
    command
        .args(["test", "--package", "omnistock", "--test", "suite", "--"])
        .args(["--nocapture", "--test-threads=1"])
        .arg(name)
        .env(variable, rounds.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let output = child.stdout.take().context("the output is piped")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        writeln!(log, "{line}")?;
    }
    Ok(child.wait()?.success())
}
