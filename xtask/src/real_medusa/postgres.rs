//! A `PostgreSQL` server of our own: an own folder, a free loopback port, no passwords, nothing on disk that must last.

use crate::process::{Process, free_port};
use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A running server with an empty database `medusa`.
pub(crate) struct Postgres {
    /// What a client needs to know.
    pub(crate) url: String,
    _process: Process,
}

/// Who runs the server: it refuses to be run by root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

fn number(arguments: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(arguments).output()?;
    String::from_utf8(output.stdout)?
        .trim()
        .parse()
        .with_context(|| format!("`id {}` gave no number", arguments.join(" ")))
}

fn user() -> Result<Option<User>> {
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some(User {
        uid: number(&["-u", "postgres"])?,
        gid: number(&["-g", "postgres"])?,
    }))
}

/// The folder of the newest version's programs.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .context("there is no /usr/lib/postgresql after the installation")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop().context("no initdb below /usr/lib/postgresql")
}

fn command(program: &Path, user: Option<User>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

impl Postgres {
    /// Installs `PostgreSQL` where it is missing and starts a server that keeps its files in `folder`.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        crate::install::debian("pg_ctlcluster", "postgresql")?;
        let (programs, user, port) = (programs()?, user()?, free_port()?);
        let home = folder.join("postgres");
        std::fs::create_dir_all(&home)?;
        if let Some(user) = user {
            std::os::unix::fs::chown(&home, Some(user.uid), Some(user.gid))?;
        }
        let initdb = command(&programs.join("initdb"), user, &home)
            .args([
                "-D",
                "data",
                "-U",
                "medusa",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .output()?;
        if !initdb.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&initdb.stderr));
        }
        let mut server = command(&programs.join("postgres"), user, &home);
        let port_text = port.to_string();
        server.args(["-D", "data", "-h", "127.0.0.1", "-p", &port_text, "-k", "."]);
        // Nothing here needs to survive a crash of the machine.
        server.args([
            "-c",
            "fsync=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "synchronous_commit=off",
        ]);
        let mut process = Process::start("PostgreSQL", &mut server, &folder.join("postgres.log"))?;
        process.wait_until(30, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        let mut create = command(&programs.join("createdb"), None, folder);
        create
            .args(["-h", "127.0.0.1", "-p", &port_text, "-U", "medusa", "medusa"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // It takes connections a moment before it takes commands.
        process.wait_until(30, || create.status().is_ok_and(|status| status.success()))?;
        Ok(Self {
            url: format!("postgres://medusa@127.0.0.1:{port}/medusa"),
            _process: process,
        })
    }

    /// Keeps all rows under this name, for `books.restore` of `xtask/medusa/books.sql`.
    pub(crate) fn remember(&self, name: &str) -> Result<()> {
        let books = crate::root().join("xtask/medusa/books.sql");
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"])
            .arg(&books);
        psql.args(["--command", &format!("SELECT books.remember('{name}')"), &self.url]);
        let output = psql.output().context("psql can't be started")?;
        if !output.status.success() {
            bail!("{}: {}", books.display(), String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}
