//! The walk of a package through the life of a machine, each step checked.

use super::machine::Machine;
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::Instant;

const UNIT: &str = "omnistock.service";
const INSTALL: &str = "DEBIAN_FRONTEND=noninteractive dpkg --install --force-confold";

/// Both packages differ in nothing but their revision.
pub(super) fn walk(first: &Path, second: &Path) -> Result<()> {
    let mut machine = Machine::boot()?;
    machine.put(first, "/tmp/first.deb")?;
    machine.put(second, "/tmp/second.deb")?;
    installed(&machine)?;
    started(&machine)?;
    faulty_configuration(&machine)?;
    frozen(&mut machine)?;
    followed(&machine)?;
    gone(&machine)?;
    println!("the package was installed, run, upgraded, downgraded, removed and purged");
    Ok(())
}

/// Installing starts nothing, and gives the program what it needs.
fn installed(machine: &Machine) -> Result<()> {
    machine.shell(&format!("{INSTALL} /tmp/first.deb"))?;
    let state = machine.shell(&format!("systemctl is-active {UNIT} || true"))?;
    ensure!(state.trim() == "inactive", "installing left the service {state}");
    machine.shell("id omnistock; test -f /usr/share/man/man1/omnistock-explain.1.gz")?;
    let rights = machine.shell("stat -c '%a %U %G' /etc/omnistock/omnistock.toml /etc/omnistock/credentials")?;
    ensure!(rights == "640 root omnistock\n700 root root\n", "rights: {rights}");
    machine.shell("systemd-analyze verify /lib/systemd/system/omnistock.service")?;
    step("installed: nothing runs, user, rights and unit are as they should be")
}

/// Ready in the hardened unit, stopped in time.
fn started(machine: &Machine) -> Result<()> {
    machine.shell(&format!("systemctl start {UNIT}"))?;
    let answer = machine.shell("omnistock status --json")?;
    ensure!(answer.contains("\"version\""), "status: {answer}");
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
        machine.shell(&format!("{INSTALL} /tmp/{package}.deb"))?;
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

/// Removing keeps what is the operator's; purging leaves nothing.
fn gone(machine: &Machine) -> Result<()> {
    machine.shell("dpkg --remove omnistock")?;
    machine.shell("test -f /var/lib/omnistock/omnistock.db; test -f /etc/omnistock/omnistock.toml")?;
    machine.shell("dpkg --purge omnistock")?;
    machine.shell("test ! -e /var/lib/omnistock; test ! -e /etc/omnistock; test ! -e /usr/bin/omnistock")?;
    step("removed: store and configuration stayed; purged: nothing is left")
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
