//! The Medusa server itself: migrated, with an admin user, on a free loopback port.

use super::install;
use super::postgres::Postgres;
use crate::http;
use crate::process::{Folder, Process, free_port};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A running server; everything of it ends and disappears when this is dropped, in the order of the fields.
pub(crate) struct Medusa {
    /// Where it answers, without a trailing slash.
    pub(crate) url: String,
    /// Its admin user.
    pub(crate) email: String,
    /// The user's password.
    pub(crate) password: String,
    _server: Process,
    /// Its database.
    pub(crate) database: Postgres,
    _folder: Folder,
}

fn command(installed: &Path, database: &str, arguments: &[&str]) -> Command {
    let program: PathBuf = installed.join("node_modules/.bin/medusa");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(installed);
    command.env("DATABASE_URL", database).env("NODE_ENV", "development");
    command.env("MEDUSA_DISABLE_TELEMETRY", "true").env("DO_NOT_TRACK", "1");
    command
}

/// Its first steps complain at length about a compiler that isn't needed: shown only when they fail.
fn prepare(command: &mut Command) -> Result<()> {
    let shown = crate::shown(command);
    println!("+ {shown}");
    let output = command.output()?;
    if !output.status.success() {
        bail!(
            "`{shown}` ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

impl Medusa {
    /// Installs what is missing and starts it: about two minutes on a fresh machine with two cores, half a minute later on.
    pub(crate) fn start() -> Result<Self> {
        let folder = Folder::new("real-medusa")?;
        let database = Postgres::start(&folder.0)?;
        let installed = install::medusa()?;
        let (email, password) = ("admin@example.test", "for-tests-only");
        prepare(&mut command(&installed, &database.url, &["db:migrate"]))?;
        prepare(&mut command(
            &installed,
            &database.url,
            &["user", "-e", email, "-p", password],
        ))?;
        database.remember("fresh")?;
        let port = free_port()?.to_string();
        let url = format!("http://127.0.0.1:{port}");
        let mut start = command(&installed, &database.url, &["start", "-H", "127.0.0.1", "-p", &port]);
        let mut server = Process::start("Medusa", &mut start, &folder.0.join("medusa.log"))?;
        server.wait_until(90, || {
            http::call("GET", &format!("{url}/health"), &[], None).is_ok_and(|answer| answer.status == 200)
        })?;
        Ok(Self {
            url,
            email: email.to_owned(),
            password: password.to_owned(),
            _server: server,
            database,
            _folder: folder,
        })
    }
}
