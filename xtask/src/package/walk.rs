//! The walk of a package through the life of a machine, each step checked.

use super::figures::Figures;
use super::machine::Machine;
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::Instant;

const UNIT: &str = "omnistock.service";
/// Seconds after which a daemon without anything to do is idle.
const REST: u32 = 5;
const CONFIGURATION: &str = "/etc/omnistock/omnistock.toml";
const INSTALL: &str = "DEBIAN_FRONTEND=noninteractive dpkg --install --force-confold";
/// A source that reports once.
const ERP: &str = r#"
[connectors.erp]
kind = "file"
path = "/srv/erp/stock-*.csv"
every = "1s"
basis = "physical"
columns = { sku = "sku", quantity = "quantity" }
location = "main"

[locations.main]
"#;

/// Both packages differ in nothing but their revision. `claimed`: the figures of this program are what was promised.
pub(super) fn walk(first: &Path, second: &Path, claimed: bool) -> Result<()> {
    let (mut machine, mut figures) = (Machine::boot()?, Figures::default());
    machine.put(first, "/opt/first.deb")?;
    machine.put(second, "/opt/second.deb")?;
    installed(&machine)?;
    started(&machine, &mut figures)?;
    faulty_configuration(&machine)?;
    reloaded(&machine)?;
    frozen(&mut machine)?;
    followed(&machine)?;
    warm(&mut machine, &mut figures)?;
    gone(&machine)?;
    println!("the package was installed, run, upgraded, downgraded, removed and purged");
    figures.judged(claimed)
}

/// Installing starts nothing, and gives the program what it needs.
fn installed(machine: &Machine) -> Result<()> {
    machine.shell(&format!("{INSTALL} /opt/first.deb"))?;
    let state = machine.shell(&format!("systemctl is-active {UNIT} || true"))?;
    ensure!(state.trim() == "inactive", "installing left the service {state}");
    machine.shell("id omnistock; test -f /usr/share/man/man1/omnistock-explain.1.gz")?;
    let rights = machine.shell("stat -c '%a %U %G' /etc/omnistock/omnistock.toml /etc/omnistock/credentials")?;
    ensure!(rights == "640 root omnistock\n700 root root\n", "rights: {rights}");
    let verified = machine.shell("systemd-analyze verify --man=no /lib/systemd/system/omnistock*.service")?;
    ensure!(verified.is_empty(), "systemd-analyze verify: {verified}");
    // In tenths: 1.5 at most.
    machine.shell(&format!(
        "systemd-analyze security --offline=true --threshold=15 {UNIT}"
    ))?;
    step("installed: nothing runs, user, rights and unit are as they should be")
}

/// Ready in the hardened unit, stopped in time.
fn started(machine: &Machine, figures: &mut Figures) -> Result<()> {
    machine.shell(&format!("systemctl start {UNIT}"))?;
    let answer = machine.shell("omnistock status --json")?;
    ensure!(answer.contains("\"version\""), "status: {answer}");
    // What starting needed is given back after a while, and what is loaded later has come.
    machine.shell(&format!("sleep {REST}"))?;
    let (_, memory) = figure(machine, "start to READY with an empty store, idle memory")?;
    figures.idle(memory);
    figures.program(machine.shell("stat -c %s /usr/bin/omnistock")?.trim().parse()?);
    ensure!(
        machine
            .shell(&format!("systemctl show -p StatusText {UNIT}"))?
            .contains("gate")
    );
    #[allow(clippy::disallowed_methods, reason = "how long a stop took, for a person")]
    let begun = Instant::now();
    machine.shell(&format!("systemctl stop {UNIT}"))?;
    let result = property(machine, "Result")?;
    ensure!(result == "success", "the stop ended as {result}");
    step(&format!(
        "started: READY, answers; stopped after {} ms",
        begun.elapsed().as_millis()
    ))
}

/// What is wrong stands in the journal with its place, and the old state is as it was.
fn faulty_configuration(machine: &Machine) -> Result<()> {
    machine.shell(
        "cp -p /etc/omnistock/omnistock.toml /tmp/good.toml; printf '[store]\\nkin = 1\\n' > /etc/omnistock/omnistock.toml",
    )?;
    let refused = machine.shell(&format!("systemctl start {UNIT}"));
    ensure!(refused.is_err(), "a faulty configuration was started");
    let journal = machine.shell(&format!("journalctl --no-pager --unit {UNIT} --lines 20"))?;
    ensure!(
        journal.contains("/etc/omnistock/omnistock.toml:2:1: error: unknown setting `kin`"),
        "{journal}"
    );
    machine.shell("cp -p /tmp/good.toml /etc/omnistock/omnistock.toml")?;
    step("a faulty configuration was refused with file, line and column in the journal")
}

/// A good change is in force at once, a bad one is refused with its place, and the daemon runs on through both.
fn reloaded(machine: &Machine) -> Result<()> {
    machine.shell(&format!("systemctl start {UNIT}"))?;
    let process = property(machine, "MainPID")?;
    machine.shell(&format!(
        "printf '\\n[templates.cautious]\\nstop_at = 1\\n' >> {CONFIGURATION}; systemctl reload {UNIT}"
    ))?;
    machine.shell(&format!("echo 'stop_att = 1' >> {CONFIGURATION}"))?;
    let refused = machine.shell(&format!("systemctl reload {UNIT}"));
    ensure!(refused.is_err(), "a faulty configuration was taken");
    let journal = machine.shell(&format!("journalctl --no-pager --unit {UNIT} --lines 20"))?;
    ensure!(journal.contains("unknown setting `stop_att`"), "{journal}");
    let after = property(machine, "MainPID")?;
    ensure!(process == after, "a reload started another process");
    machine.shell(&format!(
        "cp -p /tmp/good.toml {CONFIGURATION}; systemctl reload {UNIT}; systemctl stop {UNIT}"
    ))?;
    step("reloaded: a good change was taken, a faulty one refused with its place, by one and the same process")
}

/// A daemon that stands still is noticed and started anew.
fn frozen(machine: &mut Machine) -> Result<()> {
    machine.shell(&format!(
        "mkdir -p /run/systemd/system/{UNIT}.d; printf '[Service]\\nWatchdogSec=3\\n' > /run/systemd/system/{UNIT}.d/soon.conf; systemctl daemon-reload; systemctl start {UNIT}"
    ))?;
    let before = property(machine, "MainPID")?;
    machine.shell(&format!("kill -STOP {before}"))?;
    machine.wait("the watchdog has started a frozen daemon anew", 60, |machine| {
        let now = property(machine, "MainPID").unwrap_or_default();
        let active = property(machine, "SubState").unwrap_or_default() == "running";
        active && now != before && now != "0"
    })?;
    machine.shell(&format!("rm -r /run/systemd/system/{UNIT}.d; systemctl daemon-reload"))?;
    step("frozen: the watchdog noticed it, and it runs again")
}

/// An upgrade changes the running daemon only when it is restarted; a downgrade reads what the newer one wrote.
fn followed(machine: &Machine) -> Result<()> {
    machine.shell("echo '# my own' >> /etc/omnistock/omnistock.toml")?;
    for (package, what) in [("second", "upgraded"), ("first", "downgraded")] {
        let (process, mark) = (property(machine, "MainPID")?, mark(machine)?);
        machine.shell(&format!("{INSTALL} /opt/{package}.deb"))?;
        ensure!(
            process == property(machine, "MainPID")?,
            "{what}: the daemon was restarted"
        );
        machine.shell(&format!("systemctl restart {UNIT}; omnistock status --json"))?;
        ensure!(mark == self::mark(machine)?, "{what}: the store is another one");
        machine.shell("grep -q '# my own' /etc/omnistock/omnistock.toml")?;
        step(&format!(
            "{what}: the daemon went on, and after a restart its store and configuration are there"
        ))?;
    }
    Ok(())
}

/// How soon it is ready, and how large it is, with what 100,000 SKUs left in its store.
fn warm(machine: &mut Machine, figures: &mut Figures) -> Result<()> {
    machine.shell(&format!(
        "mkdir -p /srv/erp; (echo 'sku,quantity'; seq -f 'S-%06.0f,7' 1 100000) > /srv/erp/stock-1.csv
         chown -R omnistock: /srv/erp; systemctl stop {UNIT}
         mkdir -p /run/systemd/system/{UNIT}.d; printf '[Service]\\nReadWritePaths=/srv/erp\\n' > /run/systemd/system/{UNIT}.d/erp.conf
         cat >> {CONFIGURATION} <<'END'\n{ERP}END
         systemctl daemon-reload; systemctl start {UNIT}"
    ))?;
    machine.wait("100,000 SKUs are in the store", 300, |machine| {
        machine.shell("test -e /srv/erp/done/stock-1.csv").is_ok()
    })?;
    // In the middle of its work: what it wrote last is in the log, and not in the database.
    let before = property(machine, "MainPID")?;
    machine.shell(&format!("systemctl kill --signal=KILL {UNIT}"))?;
    machine.wait("it is started again after it was killed", 60, |machine| {
        let now = property(machine, "MainPID").unwrap_or_default();
        let active = property(machine, "SubState").unwrap_or_default() == "running";
        active && now != before && now != "0"
    })?;
    let (ready, _) = figure(machine, "start to READY after a kill, with 100,000 SKUs, memory then")?;
    figures.killed(ready);
    machine.shell(&format!("systemctl stop {UNIT}; systemctl start {UNIT}"))?;
    let (ready, _) = figure(machine, "start to READY with 100,000 SKUs in the store, memory then")?;
    figures.ready(ready);
    Ok(())
}

/// Removing keeps what is the operator's; purging leaves nothing.
fn gone(machine: &Machine) -> Result<()> {
    machine.shell("dpkg --remove omnistock")?;
    machine.shell("test -f /var/lib/omnistock/omnistock.db; test -f /etc/omnistock/omnistock.toml")?;
    machine.shell("dpkg --purge omnistock")?;
    machine.shell("test ! -e /var/lib/omnistock; test ! -e /etc/omnistock; test ! -e /usr/bin/omnistock")?;
    step("removed: store and configuration stayed; purged: nothing is left")
}

/// What the service manager measured of the last start, in milliseconds, and the memory of the process, in bytes.
fn figure(machine: &Machine, what: &str) -> Result<(u64, u64)> {
    let number = |name: &str| Ok::<u64, anyhow::Error>(property(machine, name)?.parse()?);
    let (begun, ready) = (
        number("ExecMainStartTimestampMonotonic")?,
        number("ActiveEnterTimestampMonotonic")?,
    );
    let process = property(machine, "MainPID")?;
    let memory = machine.shell(&format!("sed -n 's/^VmRSS:[^0-9]*//p' /proc/{process}/status"))?;
    let milliseconds = ready.saturating_sub(begun).div_ceil(1_000);
    step(&format!("{what}: {milliseconds} ms, {}", memory.trim()))?;
    let kibibytes: u64 = memory.trim().trim_end_matches(" kB").parse()?;
    Ok((milliseconds, kibibytes * 1_024))
}

fn property(machine: &Machine, name: &str) -> Result<String> {
    Ok(machine
        .shell(&format!("systemctl show -p {name} --value {UNIT}"))?
        .trim()
        .to_owned())
}

/// The store's own name, which a new one would not have.
fn mark(machine: &Machine) -> Result<String> {
    machine.shell("sed -n 's/.*\"generation\":\\([0-9]*\\).*/\\1/p' /var/lib/omnistock/mark-embedded.json")
}

#[allow(clippy::unnecessary_wraps, reason = "the end of every step")]
fn step(what: &str) -> Result<()> {
    println!("  {what}");
    Ok(())
}
