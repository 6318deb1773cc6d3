//! `cargo xtask coverage`: how many lines of the engine and the planner their tests run. The lines of tests do not count.

use crate::{cargo, install, run};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of a thousand lines so many are run, at least.
const LEAST: usize = 950;
/// Programs that count, and what the counters wrote.
const FOLDER: &str = "target/coverage";
/// Packages, and where their sources lie.
const PACKAGES: [(&str, &str); 2] = [("omnistock-engine", "src/engine"), ("omnistock-planner", "src/planner")];

/// Runs the tests, prints a line a package and the files that fall short, and fails where a package does.
pub(crate) fn measure() -> Result<()> {
    let (profdata, cov) = tools()?;
    let profiles = std::path::absolute(FOLDER)?.join("profiles");
    if profiles.exists() {
        std::fs::remove_dir_all(&profiles)?;
    }
    run(tests().env("LLVM_PROFILE_FILE", profiles.join("%p-%m.profraw")))?;
    let programs = programs()?;
    let merged = profiles.join("all.profdata");
    let mut merge = Command::new(profdata);
    merge.args(["merge", "-sparse", "-o"]).arg(&merged);
    for file in std::fs::read_dir(&profiles)? {
        let file = file?.path();
        if file.extension().is_some_and(|kind| kind == "profraw") {
            merge.arg(file);
        }
    }
    run(&mut merge)?;
    let mut export = Command::new(cov);
    export
        .args(["export", "--format=lcov"])
        .arg("--instr-profile")
        .arg(merged);
    for program in &programs {
        export.arg("--object").arg(program);
    }
    let told = export.output().context("llvm-cov can't be started")?;
    if !told.status.success() {
        bail!("llvm-cov failed: {}", String::from_utf8_lossy(&told.stderr));
    }
    judge(&String::from_utf8_lossy(&told.stdout))
}

/// Tests of the packages whose programs count what they run.
fn tests() -> Command {
    let mut command = cargo();
    command.args(["test", "--quiet", "--tests", "--target-dir", FOLDER]);
    for (package, _) in PACKAGES {
        command.args(["--package", package]);
    }
    command.env("RUSTFLAGS", "-C instrument-coverage");
    command.env("CARGO_INCREMENTAL", "0");
    command
}

/// The test programs that were run.
fn programs() -> Result<Vec<PathBuf>> {
    let told = tests().args(["--no-run", "--message-format=json"]).output()?;
    let mut programs = Vec::new();
    for line in String::from_utf8_lossy(&told.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        if message.pointer("/profile/test") == Some(&serde_json::Value::Bool(true)) {
            let program = message.get("executable").and_then(serde_json::Value::as_str);
            programs.extend(program.map(PathBuf::from));
        }
    }
    if programs.is_empty() {
        bail!("cargo names no test programs");
    }
    Ok(programs)
}

/// `llvm-profdata` and `llvm-cov` as new as the compiler: of its own component, else of Debian.
fn tools() -> Result<(PathBuf, PathBuf)> {
    let library = Command::new("rustc").args(["--print", "target-libdir"]).output()?;
    let library = PathBuf::from(String::from_utf8_lossy(&library.stdout).trim());
    let folder = library.parent().context("rustc has no folder of tools")?.join("bin");
    let own = || {
        let pair = (folder.join("llvm-profdata"), folder.join("llvm-cov"));
        Some(pair).filter(|(one, other)| one.is_file() && other.is_file())
    };
    if own().is_none() && install::has("rustup") {
        println!("adding the component llvm-tools to the toolchain");
        // Where it can't be had there is Debian's package.
        drop(Command::new("rustup").args(["component", "add", "llvm-tools"]).status());
    }
    if let Some(pair) = own() {
        return Ok(pair);
    }
    let version = Command::new("rustc").arg("-vV").output()?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let version = version.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    let major = version.and_then(|version| version.split('.').next());
    let major = major.context("rustc does not tell the version of its LLVM")?;
    let profdata = format!("llvm-profdata-{major}");
    install::debian(&profdata, &format!("llvm-{major}"))?;
    Ok((PathBuf::from(profdata), PathBuf::from(format!("llvm-cov-{major}"))))
}

/// By file: lines that could run, and those of them that did not.
fn lines(told: &str) -> Result<BTreeMap<PathBuf, (usize, Vec<usize>)>> {
    let mut files = BTreeMap::new();
    let here = std::env::current_dir()?;
    let (mut file, mut tests_from) = (PathBuf::new(), usize::MAX);
    for line in told.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let path = Path::new(path);
            path.strip_prefix(&here).unwrap_or(path).clone_into(&mut file);
            tests_from = own_until(&file);
        }
        let Some((number, count)) = line.strip_prefix("DA:").and_then(|pair| pair.split_once(',')) else {
            continue;
        };
        let number: usize = number.parse()?;
        if number < tests_from {
            let (all, missed): &mut (usize, Vec<usize>) = files.entry(file.clone()).or_default();
            *all += 1;
            if count == "0" {
                missed.push(number);
            }
        }
    }
    Ok(files)
}

/// The line from which on the file holds tests.
fn own_until(file: &Path) -> usize {
    let only_tests = |part: &std::ffi::OsStr| part == "tests" || part == "benches";
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    if file.iter().any(only_tests)
        || ["test", "tests"]
            .iter()
            .any(|word| name.split('_').next_back() == Some(word))
    {
        return 0;
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let tests = text.lines().position(|line| line.trim() == "#[cfg(test)]");
    // A file of tests may be named among the declarations at the top.
    let mut rest = text.lines().skip(tests.unwrap_or(0)).skip(1);
    let inline = rest.next().is_some_and(|line| line.trim_end().ends_with('{'));
    tests.filter(|_| inline).map_or(usize::MAX, |line| line + 1)
}

/// Says how much was run, and whether that is enough.
fn judge(told: &str) -> Result<()> {
    let files = lines(told)?;
    let mut short = Vec::new();
    for (package, folder) in PACKAGES {
        let own = || files.iter().filter(|(file, _)| file.starts_with(folder));
        let all: usize = own().map(|(_, (all, _))| all).sum();
        let missed: usize = own().map(|(_, (_, missed))| missed.len()).sum();
        let thousandths = (all - missed) * 1_000 / all.max(1);
        for (file, (lines, missed)) in own().filter(|(_, (_, missed))| !missed.is_empty()) {
            println!(
                "{}: {} of {lines} lines never run: {missed:?}",
                file.display(),
                missed.len()
            );
        }
        println!(
            "{package}: {}.{} % of {all} lines are run by tests",
            thousandths / 10,
            thousandths % 10
        );
        if thousandths < LEAST {
            short.push(package);
        }
    }
    if !short.is_empty() {
        bail!("below {}.{} %: {}", LEAST / 10, LEAST % 10, short.join(", "));
    }
    Ok(())
}
