//! `cargo xtask api`: what the daemon tells other programs, judged by their own tools: metrics and alert rules by
//! promtool, every route by schemathesis against the description that the daemon itself serves.

use crate::process::{Folder, Process, free_port};
use crate::{http, install, run};
use anyhow::{Result, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version whose checks are asked for by name below.
const SCHEMATHESIS: &str = "4.32.5";
/// No 5xx, no answer that is not described. That whatever the schema allows is taken is not asked for: that an order
/// is known, or a time lies ahead, stands in no schema.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance";

/// One source, one channel, and an article in each state that needs no vendor.
const CONFIGURATION: &str = r#"
[connectors.erp]
kind = "file"
path = "stock-*.csv"
every = "1s"
basis = "physical"
absorb = { by_delay = "30m" }
columns = { sku = "sku", quantity = "quantity" }
location = "main"

[connectors.export]
kind = "file"
path = "export.csv"

[locations.main]

[channels.export]
locations = ["main"]
mode = "live"
"#;

/// Fails with what the tools say.
pub(crate) fn run_tools() -> Result<()> {
    install::debian("promtool", "prometheus")?;
    let schemathesis = schemathesis()?;
    run(crate::cargo().args(["build", "--workspace", "--bin", "omnistock", "--example", "second_shop"]))?;
    let folder = Folder::new("api")?;
    let admin = format!("127.0.0.1:{}", free_port()?);
    let mut daemon = started(&folder.0, &admin)?;
    let status = format!("http://{admin}/api/v1/status");
    daemon.wait_until(60, || {
        let answer = http::call("GET", &status, &[], None);
        answer.is_ok_and(|answer| answer.body.to_string().contains("\"in_sync\":2"))
    })?;
    metrics(&admin)?;
    run(Command::new("promtool").args(["check", "rules", "docs/alerts.yml"]))?;
    run(Command::new(schemathesis)
        .arg("run")
        .arg(format!("http://{admin}/openapi.json"))
        .args(["--checks", CHECKS, "--seed", "1", "--max-examples", "20", "--no-color"])
        .current_dir(&folder.0))
}

/// In an environment of its own, made once.
fn schemathesis() -> Result<PathBuf> {
    let environment = crate::root().join("target/schemathesis");
    let program = environment.join("bin/schemathesis");
    if !program.is_file() {
        println!("installing schemathesis {SCHEMATHESIS} into target/schemathesis");
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        run(Command::new(environment.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("schemathesis=={SCHEMATHESIS}")))?;
    }
    Ok(program)
}

fn started(folder: &Path, admin: &str) -> Result<Process> {
    std::fs::write(folder.join("omnistock.toml"), CONFIGURATION)?;
    std::fs::write(folder.join("stock-1.csv"), "sku,quantity\nA,5\nB,0\n")?;
    let mut command = Command::new(crate::root().join("target/debug/omnistock"));
    command
        .args(["run", "-c", "omnistock.toml"])
        .current_dir(folder)
        .env("OMNISTOCK__STORE__KIND", "embedded")
        .env("OMNISTOCK__STORE__PATH", folder.join("state"))
        .env("OMNISTOCK__SERVER__ADMIN", admin)
        .env("OMNISTOCK__SERVER__WEBHOOKS", format!("127.0.0.1:{}", free_port()?));
    Process::start("omnistock", &mut command, &folder.join("daemon.log"))
}

fn metrics(admin: &str) -> Result<()> {
    let answer = http::call("GET", &format!("http://{admin}/metrics"), &[], None)?;
    let text = answer.body.as_str().unwrap_or_default();
    ensure!(text.contains("omnistock_"), "no metrics: {}", answer.status);
    println!("+ promtool check metrics");
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = promtool.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    ensure!(promtool.wait()?.success(), "promtool finds fault with the metrics");
    println!("  {} lines of metrics", text.lines().count());
    Ok(())
}
