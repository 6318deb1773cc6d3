//! Builds, tests and proves, one command each: `cargo xtask test`, `conformance`, `bench`, `real medusa`, `soak`,
//! `package`, `api`, `deny`, `coverage`, `mutants`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line for people")]

mod api;
mod bench;
mod coverage;
mod http;
mod install;
mod mutants;
mod package;
mod peers;
mod process;
mod real_medusa;
mod soak;

use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

const USAGE: &str = "usage: cargo xtask test [FILTER…] | conformance | deny | api | package [try [dev]] | real medusa [write] | soak [ROUNDS] | coverage | mutants [FILES] | mutants again [FILE] | mutants sum | mutants diff [BASE] | bench limit|storm|snapshot|memory|webhooks|outage|hot|chaos|peers [--json]";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    std::env::set_current_dir(root())?;
    match words.as_slice() {
        ["test", filters @ ..] => test(filters),
        ["conformance"] => conformance(),
        ["deny"] => deny(),
        ["bench", name, arguments @ ..] => bench::bench(name, arguments),
        ["api"] => api::run_tools(),
        ["package"] => package::build(),
        ["package", "try"] => package::attempt(package::SHIPPED),
        ["package", "try", "dev"] => package::attempt("dev"),
        ["real", "medusa"] => real_medusa::run(false),
        ["real", "medusa", "write"] => real_medusa::run(true),
        ["coverage"] => coverage::measure(),
        ["mutants"] => mutants::files(1),
        ["mutants", "diff"] => mutants::newest(),
        ["mutants", "diff", base] => mutants::diff(base),
        ["mutants", "again"] => mutants::all_again(),
        ["mutants", "again", name] => mutants::again(name),
        ["mutants", "sum"] => mutants::sum(),
        ["mutants", count] => mutants::files(count.parse()?),
        ["soak"] => soak::run(200),
        ["soak", rounds] => soak::run(rounds.parse()?),
        _ => bail!(USAGE),
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}

/// Runs a command, shows it, and fails with its name.
fn run(command: &mut Command) -> Result<()> {
    println!("+ {}", shown(command));
    let status = command.status()?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Cargo without what the outer `cargo run` says of this package: build scripts go by some of it,
/// and half of the dependencies would be built anew.
fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"]
                .iter()
                .any(|start| name.starts_with(start))
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Every test of the workspace, with real servers; says what it installs.
fn test(filters: &[&str]) -> Result<()> {
    install::debian("redis-server", "redis-server")?;
    install::debian("faketime", "faketime")?;
    // It lies where only root looks.
    if !std::path::Path::new("/usr/sbin/sshd").exists() {
        install::debian("sshd", "openssh-server")?;
    }
    if std::env::var_os("CI").is_some() {
        laws()?;
    }
    let mut command = cargo();
    if install::has("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
        // Most tests wait for a process, a server or a deadline, not for a core.
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        command.args(["--test-threads", &(cores * 2).to_string()]);
    } else {
        println!("cargo-nextest is not installed: running `cargo test`, which shows the same tests");
        command.args(["test", "--workspace", "--no-fail-fast", "--"]);
    }
    run(command.args(filters))
}

/// Connectors that are asked the suite, and the test programs that ask it.
const CONNECTORS: [(&str, &str); 8] = [
    ("omnistock-amazon", "suite"),
    ("omnistock-ebay", "suite"),
    ("omnistock-file", "suite"),
    ("omnistock-medusa", "suite"),
    ("omnistock-odoo", "suite"),
    ("omnistock-shopify", "suite"),
    ("omnistock-toy", "conformance"),
    ("omnistock-woocommerce", "suite"),
];

/// Asks every case of the suite of every connector and writes `docs/connectors.md` from the results.
fn conformance() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("omnistock-conformance-{}", std::process::id()));
    for (package, program) in CONNECTORS {
        let mut tests = cargo();
        tests.args(["test", "--package", package, "--test", program, "--no-fail-fast", "--"]);
        if program == "suite" {
            tests.arg("conformance::");
        }
        run(tests.env("OMNISTOCK_CONFORMANCE", &folder))?;
    }
    run(cargo()
        .args([
            "run",
            "--package",
            "omnistock-conformance",
            "--bin",
            "conformance-table",
        ])
        .arg(&folder))?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Cases of each law of the engine where CI is set; elsewhere its tests draw a thousand.
const CASES: &str = "10000";

/// The laws of the engine (`laws::…`), with many cases; of the whole workspace, so that nothing is built anew.
fn laws() -> Result<()> {
    println!("laws of the engine: {CASES} cases each");
    let mut command = cargo();
    if install::has("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--filterset"]);
        command.arg("package(omnistock-engine) & test(/laws::/)");
    } else {
        command.args(["test", "--workspace", "--tests", "--", "laws::"]);
    }
    run(command.env("PROPTEST_CASES", CASES))
}

/// Bans, licences and sources of all dependencies; advisories where their database is present.
fn deny() -> Result<()> {
    install::cargo("cargo-deny", "0.20.2")?;
    run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    let database = cargo()
        .args(["deny", "--offline", "check", "--disable-fetch", "advisories"])
        .output()?;
    let said = String::from_utf8_lossy(&database.stderr);
    if database.status.success() {
        println!("advisories ok");
    } else if said.contains("database") || said.contains("fetch") {
        println!("advisories: not run (no advisory database on this machine)");
    } else {
        bail!("advisories:\n{said}");
    }
    Ok(())
}
