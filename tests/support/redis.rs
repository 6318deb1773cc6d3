//! A real redis-server of one's own: on a free loopback port, in a temporary folder, ended by its
//! own process id. Can be killed and started again on the same port and data.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is for tests")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the server promises about its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    Nothing,
    EverySecond,
    Always,
}

#[derive(Debug)]
pub(crate) struct RedisServer {
    folder: tempfile::TempDir,
    port: u16,
    persistence: Persistence,
    arguments: Vec<String>,
    child: Child,
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn spawn(folder: &std::path::Path, port: u16, persistence: Persistence, arguments: &[String]) -> Child {
    let (append, sync) = match persistence {
        Persistence::Nothing => ("no", "everysec"),
        Persistence::EverySecond => ("yes", "everysec"),
        Persistence::Always => ("yes", "always"),
    };
    let mut command = Command::new("redis-server");
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--daemonize",
        "no",
        "--save",
        "",
    ]);
    command.args([
        "--appendonly",
        append,
        "--appendfsync",
        sync,
        "--enable-debug-command",
        "yes",
    ]);
    command
        .args(["--maxmemory-policy", "noeviction"])
        .args(arguments)
        .arg("--dir")
        .arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => child,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {
            panic!("redis-server is not installed: run `cargo xtask test`, which installs it")
        }
        Err(problem) => panic!("redis-server can't be started: {problem}"),
    }
}

/// Asks over a plain socket, so that the helper needs no client. A server that wants a password answers too.
fn answers(port: u16) -> bool {
    let Ok(mut socket) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut start = [0; 5];
    let asked = socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .and_then(|()| socket.write_all(b"PING\r\n"));
    asked.and_then(|()| socket.read_exact(&mut start)).is_ok()
        && (start.starts_with(b"+PONG") || start.starts_with(b"-NOAU"))
}

#[allow(
    clippy::disallowed_methods,
    reason = "a real process is waited for: the clock of a test may be paused"
)]
fn comes_up(child: &mut Child, port: u16) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if answers(port) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

impl RedisServer {
    /// Starts one that loses nothing when it is killed; blocks until it answers.
    pub(crate) fn start() -> Self {
        Self::keeping(Persistence::Always)
    }

    /// Starts one that keeps so much.
    pub(crate) fn keeping(persistence: Persistence) -> Self {
        Self::keeping_with(persistence, &[])
    }

    /// Starts one with further arguments such as `["--maxmemory", "4mb"]`.
    pub(crate) fn keeping_with(persistence: Persistence, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        // The port is free when asked for; another process may be quicker.
        for _ in 0..5 {
            let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
            let mut child = spawn(folder.path(), port, persistence, &arguments);
            if comes_up(&mut child, port) {
                return Self {
                    folder,
                    port,
                    persistence,
                    arguments,
                    child,
                };
            }
            end(&mut child);
        }
        panic!("redis-server does not come up with {arguments:?}");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps its files.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// `kill -9`: no chance to write anything more.
    pub(crate) fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Starts the killed server again with what is on its disk.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.folder.path(), self.port, self.persistence, &self.arguments);
        assert!(
            comes_up(&mut self.child, self.port),
            "redis-server does not come up again on port {}",
            self.port
        );
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// One inline command over a plain connection, such as `CONFIG SET maxmemory 1mb`; its first line back.
    pub(crate) fn command(&self, line: &str) -> String {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(socket), &mut answer).unwrap();
        answer.trim().to_owned()
    }
}

/// By its own handle, so by its own process id; waits, so that the port is free again.
fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
