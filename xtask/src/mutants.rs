//! `cargo xtask mutants`: changes the engine in small ways and asks whether its tests notice: of the lines of a
//! diff, or one shard of all after the other, whose results are kept.

use crate::{cargo, install, run};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const VERSION: &str = "27.1.0";
const PACKAGE: &str = "omnistock-engine";
/// What became of every mutant of every shard so far: the shard, its commit, then a line each.
const RESULTS: &str = "docs/logs/mutants.txt";
/// Parts of a full run.
const SHARDS: usize = 64;
/// What became of a mutant, as the tool names its files.
const OUTCOMES: [&str; 4] = ["missed", "caught", "timeout", "unviable"];

fn mutants(output: &Path) -> Result<Command> {
    install::cargo("cargo-mutants", VERSION)?;
    let mut command = cargo();
    command.args(["mutants", "--package", PACKAGE, "--no-shuffle", "--colors=never"]);
    command.args(["--minimum-test-timeout", "60", "--output"]).arg(output);
    Ok(command)
}

/// Mutants of the lines that differ from `base`; fails where one is missed.
pub(crate) fn diff(base: &str) -> Result<()> {
    let output = PathBuf::from("target/mutants");
    std::fs::create_dir_all(&output)?;
    let differs = Command::new("git").args(["diff", base, "--", "src/engine"]).output()?;
    if !differs.status.success() {
        bail!("git knows no `{base}` to compare with");
    }
    let file = output.join("base.diff");
    std::fs::write(&file, &differs.stdout)?;
    if differs.stdout.is_empty() {
        println!("the engine is as in {base}: no mutants");
        return Ok(());
    }
    run(mutants(&output)?.arg("--in-diff").arg(file))
}

/// The next shards that have no results yet, so many of them.
#[allow(
    clippy::disallowed_methods,
    reason = "how long a shard took, for a person; no simulation pauses this clock"
)]
pub(crate) fn shards(count: usize) -> Result<()> {
    for _ in 0..count {
        let known = std::fs::read_to_string(RESULTS).unwrap_or_default();
        let done = |shard: &usize| {
            let head = format!("# shard {shard} of {SHARDS},");
            known.lines().any(|line| line.starts_with(&head))
        };
        let Some(shard) = (0..SHARDS).find(|shard| !done(shard)) else {
            println!("every shard has its results: see {RESULTS}");
            return Ok(());
        };
        let output = PathBuf::from("target/mutants");
        std::fs::create_dir_all(&output)?;
        let begun = Instant::now();
        // It ends with an error where a mutant is missed: that is a result.
        let status = mutants(&output)?
            .args(["--shard", &format!("{shard}/{SHARDS}")])
            .status()?;
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            bail!("cargo mutants ended with {status}");
        }
        keep(shard, &output.join("mutants.out"), begun.elapsed().as_secs(), known)?;
    }
    Ok(())
}

/// Appends what became of a shard's mutants.
fn keep(shard: usize, output: &Path, seconds: u64, mut text: String) -> Result<()> {
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output()?;
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    let mut lines = String::new();
    let mut count = 0;
    for outcome in OUTCOMES {
        let found = std::fs::read_to_string(output.join(format!("{outcome}.txt"))).unwrap_or_default();
        for mutant in found.lines() {
            count += 1;
            writeln!(lines, "{outcome} {mutant}")?;
        }
    }
    writeln!(
        text,
        "# shard {shard} of {SHARDS}, {commit}, {count} mutants in {seconds} s"
    )?;
    text += &lines;
    std::fs::create_dir_all("docs/logs")?;
    std::fs::write(RESULTS, text).with_context(|| format!("{RESULTS} can't be written"))?;
    println!("shard {shard} of {SHARDS}: {count} mutants in {seconds} s");
    Ok(())
}
