//! `cargo xtask mutants`: changes the engine in small ways and asks whether its tests notice: in the lines of a diff,
//! or in one file after the other, whose results are kept. A file is asked with the quick tests first, and what these
//! do not notice with all.

use crate::{cargo, install, run};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "27.1.0";
const PACKAGE: &str = "omnistock-engine";
/// A file for each file of the engine that has been asked: what became of its mutants, and which were missed.
const RESULTS: &str = "docs/logs/mutants";
/// What is built and said meanwhile.
const FOLDER: &str = "target/mutants";
/// The copy that is changed. It stays at its place, so that only what a mutant changes is built anew.
const COPY: &str = "target/mutants/tree";
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

/// The tool, with as many cases of each law.
fn mutants(output: &Path, cases: &str) -> Result<Command> {
    install::cargo("cargo-mutants", VERSION)?;
    std::fs::create_dir_all(output)?;
    let mut command = cargo();
    command.args(["mutants", "--package", PACKAGE, "--no-shuffle", "--colors=never"]);
    command.arg("--output").arg(std::path::absolute(output)?);
    for same in SAME {
        command.args(["--exclude-re", same]);
    }
    // The tree is copied, what it depends on need not be built anew each time.
    command.env("CARGO_TARGET_DIR", std::path::absolute(FOLDER)?.join("built"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("PROPTEST_CASES", cases);
    Ok(command)
}

/// All tests: behind everything else on the command line.
const TESTS: [&str; 4] = ["--", "--lib", "--test", "suite"];
/// The tests that take a second together. The few beside the code are one program more to build, and these skipped ones
/// take longer than all others.
const QUICK: [&str; 12] = [
    "--",
    "--test",
    "suite",
    "--",
    "--skip",
    "adaptive_with_a_home_channel_beats",
    "--skip",
    "a_million_lines",
    "--skip",
    "a_long_hostile_run",
    "--skip",
    "bounds::",
];

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
    let count = listed(mutants(&output, "64")?.arg("--in-diff").arg(&file))?;
    if count == 0 {
        println!("mutants: not run, no line that differs from {base} has any");
        return Ok(());
    }
    let parts = count.div_ceil(MOST_OF_DIFF);
    println!(
        "mutants: {} of the {count} in lines that differ from {base}",
        count.div_ceil(parts)
    );
    run(mutants(&output, "64")?
        .args(["--minimum-test-timeout", "60"])
        .arg("--in-diff")
        .arg(file)
        .args(["--shard", &format!("0/{parts}")])
        .args(TESTS))
}

/// Mutants of the newest change of the engine, with whatever came behind it.
pub(crate) fn newest() -> Result<()> {
    let newest = Command::new("git")
        .args(["log", "-1", "--no-merges", "--format=%H^", "--", "src/engine"])
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
pub(crate) fn files(count: usize) -> Result<()> {
    for _ in 0..count {
        let Some(name) = names()?.into_iter().find(|name| !result(name).exists()) else {
            println!("every file has its results: see {RESULTS}");
            break;
        };
        println!("src/engine/{name}.rs with the quick tests");
        let found = ask(&name, "16", &[], &QUICK)?;
        keep(&name, &found)?;
        again(&name)?;
    }
    sum()
}

/// As [`again`], of every file that has results.
pub(crate) fn all_again() -> Result<()> {
    for name in names()?.into_iter().filter(|name| result(name).exists()) {
        again(&name)?;
    }
    sum()
}

/// Asks what was missed in a file, or did not end, once more: with all tests, and many cases of each law.
pub(crate) fn again(name: &str) -> Result<()> {
    let mut all = kept(name)?;
    let [_, missed, timeout, _] = &mut all;
    let open = [std::mem::take(&mut missed.named), std::mem::take(&mut timeout.named)].concat();
    if open.is_empty() {
        return Ok(());
    }
    (missed.count, timeout.count) = (0, 0);
    println!("src/engine/{name}.rs: {} once more, with all tests", open.len());
    // Below a name stands the reason that a person gave.
    let bare = |named: &str| named.lines().next().unwrap_or_default().to_owned();
    let only: Vec<_> = open.iter().map(|named| bare(named)).collect();
    let asked = ask(name, "256", &only, &TESTS)?;
    if asked.iter().map(|found| found.count).sum::<usize>() != open.len() {
        bail!(
            "src/engine/{name}.rs is not what it was: remove {} and ask it anew",
            result(name).display()
        );
    }
    for (sum, found) in all.iter_mut().zip(asked) {
        sum.count += found.count;
        let reasoned = |named: String| open.iter().find(|known| bare(known) == named).cloned().unwrap_or(named);
        sum.named.extend(found.named.into_iter().map(reasoned));
    }
    keep(name, &all)
}

/// What became of the mutants of one kind.
#[derive(Default)]
struct Found {
    count: usize,
    /// Those that a person may want to see.
    named: Vec<String>,
}

/// Asks the mutants of a file, or `only` these, in the copy.
fn ask(name: &str, cases: &str, only: &[String], tests: &[&str]) -> Result<[Found; OUTCOMES.len()]> {
    let output = PathBuf::from(FOLDER);
    copy()?;
    let mut ask = mutants(&output, cases)?;
    ask.args(["--in-place", "--dir", COPY, "--minimum-test-timeout", "20"]);
    ask.args(["--file", &format!("src/engine/{name}.rs")]);
    for mutant in only {
        ask.args(["--re", &exactly(mutant)]);
    }
    let status = ask.args(tests).status()?;
    // It ends with an error where a mutant is missed: that is a result.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        bail!("cargo mutants ended with {status}");
    }
    Ok(OUTCOMES.map(|outcome| {
        let found = output.join("mutants.out").join(format!("{outcome}.txt"));
        let found = std::fs::read_to_string(found).unwrap_or_default();
        // The tool asks of left out fields whatever the patterns say.
        let wanted = |line: &&str| only.is_empty() || only.iter().any(|only| only == line);
        let found: Vec<_> = found.lines().filter(wanted).map(str::to_owned).collect();
        let count = found.len();
        let named = if matches!(outcome, "missed" | "timeout") {
            found
        } else {
            Vec::new()
        };
        Found { count, named }
    }))
}

/// A pattern for this name and no other.
fn exactly(name: &str) -> String {
    let mut pattern = String::from("^");
    for letter in name.chars() {
        // Not every sign: `\<` is the begin of a word.
        if r"\.+*?()|[]{}^$".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "$"
}

/// Brings the copy up to date. Files that are the same are not touched: cargo would build them anew.
fn copy() -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()?;
    for name in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        // One that git knows may be deleted.
        let Ok(bytes) = std::fs::read(name) else { continue };
        let to = Path::new(COPY).join(name);
        if std::fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&to, bytes).with_context(|| format!("{} can't be written", to.display()))?;
    }
    Ok(())
}

/// The engine's files that have mutants, those first that matter most.
fn names() -> Result<Vec<String>> {
    let told = mutants(Path::new(FOLDER), "1")?.args(["--list-files"]).output()?;
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

/// Writes down what became of a file's mutants. Below a missed one a person writes why, in parentheses.
fn keep(name: &str, found: &[Found; OUTCOMES.len()]) -> Result<()> {
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output()?;
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    let mut text = format!("# src/engine/{name}.rs at {commit}\n");
    for (outcome, found) in OUTCOMES.iter().zip(found) {
        writeln!(text, "{outcome} {}", found.count)?;
        for mutant in &found.named {
            writeln!(text, "  {mutant}")?;
        }
    }
    print!("{text}");
    let path = result(name);
    std::fs::create_dir_all(RESULTS)?;
    std::fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
}

/// What was written down of a file.
fn kept(name: &str) -> Result<[Found; OUTCOMES.len()]> {
    let path = result(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("there is no {}", path.display()))?;
    Ok(OUTCOMES.map(|outcome| {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(outcome));
        let count = lines
            .next()
            .and_then(|line| line.strip_prefix(outcome)?.trim().parse().ok());
        let mut named: Vec<String> = Vec::new();
        for line in lines.map_while(|line| line.strip_prefix("  ")) {
            match named.last_mut() {
                Some(last) if line.starts_with(' ') => last.extend(["\n  ", line]),
                _ => named.push(line.to_owned()),
            }
        }
        let count = count.unwrap_or_default();
        Found { count, named }
    }))
}

/// Says which share of all has been asked, and which share of those was caught.
pub(crate) fn sum() -> Result<()> {
    let all = listed(&mut mutants(Path::new(FOLDER), "1")?)?;
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
