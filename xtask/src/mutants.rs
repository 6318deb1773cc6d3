//! `cargo xtask mutants`: changes the engine in small ways and asks whether its tests notice: in the lines of a diff,
//! or in one file after the other, whose results are kept.

use crate::{cargo, install, run};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const VERSION: &str = "27.1.0";
const PACKAGE: &str = "omnistock-engine";
/// A file for each file of the engine that has been asked: what became of its mutants, and which were missed.
const RESULTS: &str = "docs/logs/mutants";
/// What is built and said meanwhile.
const FOLDER: &str = "target/mutants";
/// What became of a mutant, as the tool names its files.
const OUTCOMES: [&str; 4] = ["caught", "missed", "timeout", "unviable"];
/// Asked first: what a channel is promised and what holds it back.
const FIRST: [&str; 9] = [
    "promise",
    "gate",
    "guard",
    "guard/quantity",
    "guard/price",
    "guard/window",
    "guard/factor",
    "sourcing",
    "price",
];
/// Mutants that change nothing, each with its reason.
const SAME: [&str; 1] = [
    // Two reports of one revision weigh the same only where they say the same, and then nothing is compared.
    "apply_order.rs.*replace > with >= in adopt",
];
/// Mutants of a diff that are asked at most: each takes some ten seconds.
const MOST_OF_DIFF: usize = 6;

/// The tool, with the tests that are quick: laws draw fewer cases, and no benchmark is built.
fn mutants(output: &Path) -> Result<Command> {
    install::cargo("cargo-mutants", VERSION)?;
    std::fs::create_dir_all(output)?;
    let mut command = cargo();
    command.args(["mutants", "--package", PACKAGE, "--no-shuffle", "--colors=never"]);
    command.args(["--minimum-test-timeout", "60", "--output"]).arg(output);
    for same in SAME {
        command.args(["--exclude-re", same]);
    }
    // The tree is copied, what it depends on need not be built anew each time.
    command.env("CARGO_TARGET_DIR", std::path::absolute(FOLDER)?.join("built"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("PROPTEST_CASES", "64");
    Ok(command)
}

/// Tests that are asked: behind everything else on the command line.
const TESTS: [&str; 4] = ["--", "--lib", "--test", "suite"];

/// Mutants of the lines that differ from `base`; fails where one is missed.
pub(crate) fn diff(base: &str) -> Result<()> {
    let output = PathBuf::from(FOLDER);
    std::fs::create_dir_all(&output)?;
    let differs = Command::new("git").args(["diff", base, "--", "src/engine"]).output()?;
    if !differs.status.success() {
        bail!("git knows no `{base}` to compare with");
    }
    let file = output.join("base.diff");
    std::fs::write(&file, &differs.stdout)?;
    if differs.stdout.is_empty() {
        println!("mutants: not run, the engine is as in {base}");
        return Ok(());
    }
    let count = listed(mutants(&output)?.arg("--in-diff").arg(&file))?;
    if count == 0 {
        println!("mutants: not run, no line that differs from {base} has any");
        return Ok(());
    }
    let parts = count.div_ceil(MOST_OF_DIFF);
    println!(
        "mutants: {} of the {count} in lines that differ from {base}",
        count.div_ceil(parts)
    );
    run(mutants(&output)?
        .arg("--in-diff")
        .arg(file)
        .args(["--shard", &format!("0/{parts}")])
        .args(TESTS))
}

/// Mutants of the newest change of the engine, with whatever came behind it.
pub(crate) fn newest() -> Result<()> {
    let newest = Command::new("git")
        .args(["log", "-1", "--format=%H^", "--", "src/engine"])
        .args([":(exclude)src/engine/tests", ":(exclude)src/engine/benches"])
        .output()?;
    let base = String::from_utf8_lossy(&newest.stdout).trim().to_owned();
    let known = Command::new("git")
        .args(["rev-parse", "--quiet", "--verify", &base])
        .output()?;
    if !known.status.success() {
        println!("mutants: not run, this checkout does not know what was before the engine's newest change");
        return Ok(());
    }
    diff(&base)
}

/// How many mutants there would be.
fn listed(command: &mut Command) -> Result<usize> {
    let told = command.arg("--list").output()?;
    if !told.status.success() {
        bail!("cargo mutants --list: {}", String::from_utf8_lossy(&told.stderr));
    }
    Ok(String::from_utf8_lossy(&told.stdout).lines().count())
}

/// Asks so many files that have no results yet.
#[allow(
    clippy::disallowed_methods,
    reason = "how long a file took, for a person; no simulation pauses this clock"
)]
pub(crate) fn files(count: usize) -> Result<()> {
    let output = PathBuf::from(FOLDER);
    for _ in 0..count {
        let Some(name) = names(&output)?.into_iter().find(|name| !result(name).exists()) else {
            println!("every file has its results: see {RESULTS}");
            break;
        };
        let begun = Instant::now();
        let mut ask = mutants(&output)?;
        ask.args(["--file", &format!("src/engine/{name}.rs")]).args(TESTS);
        let status = ask.status()?;
        // It ends with an error where a mutant is missed: that is a result.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            bail!("cargo mutants ended with {status}");
        }
        keep(&name, &output.join("mutants.out"), begun.elapsed().as_secs())?;
    }
    sum()
}

/// The engine's files that have mutants, those first that matter most.
fn names(output: &Path) -> Result<Vec<String>> {
    let told = mutants(output)?.args(["--list-files"]).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let names = told
        .lines()
        .filter_map(|line| line.strip_prefix("src/engine/")?.strip_suffix(".rs"));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort_by_key(|name| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    Ok(names)
}

fn result(name: &str) -> PathBuf {
    PathBuf::from(RESULTS).join(format!("{}.txt", name.replace('/', "-")))
}

/// Writes down what became of a file's mutants. Behind a missed one a person writes why.
fn keep(name: &str, output: &Path, seconds: u64) -> Result<()> {
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output()?;
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    let mut text = format!("# src/engine/{name}.rs at {commit}, {seconds} s\n");
    for outcome in OUTCOMES {
        let found = std::fs::read_to_string(output.join(format!("{outcome}.txt"))).unwrap_or_default();
        writeln!(text, "{outcome} {}", found.lines().count())?;
        for mutant in found.lines().filter(|_| outcome == "missed") {
            writeln!(text, "  {mutant}")?;
        }
    }
    print!("{text}");
    let path = result(name);
    // What was known of a part of it is known of all of it now.
    drop(std::fs::remove_file(path.with_extension("partial.txt")));
    std::fs::create_dir_all(RESULTS)?;
    std::fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
}

/// Says which share of all has been asked, and which share of those was caught.
pub(crate) fn sum() -> Result<()> {
    let all = listed(&mut mutants(&PathBuf::from(FOLDER))?)?;
    let mut counts = [0; OUTCOMES.len()];
    for entry in std::fs::read_dir(RESULTS).with_context(|| format!("there is no {RESULTS}"))? {
        let text = std::fs::read_to_string(entry?.path())?;
        for (outcome, count) in OUTCOMES.iter().zip(&mut counts) {
            let of_file = text.lines().find_map(|line| line.strip_prefix(outcome));
            *count += of_file.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0_usize);
        }
    }
    let [caught, missed, timeout, unviable] = counts;
    let viable = caught + missed + timeout;
    println!(
        "{} of {all} mutants asked: {caught} caught, {timeout} never ended, {missed} missed, {unviable} do not build: \
         {} % of the viable ones are noticed",
        viable + unviable,
        (caught + timeout) * 100 / viable.max(1)
    );
    Ok(())
}
