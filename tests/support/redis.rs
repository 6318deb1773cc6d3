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

pub(crate) fn free_port() -> u16 {
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
        .arg("--dir")
        .arg(folder)
        .args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => child,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {
            panic!("redis-server is not installed: run `cargo xtask test`, which installs it")
        }
        Err(problem) => panic!("redis-server can't be started: {problem}"),
    }
}

/// Asks over a plain socket, so that the helper needs no client. A server that wants a password answers
/// too; one that is loading does when that is enough.
fn answers(port: u16, loading: bool) -> bool {
    let Ok(mut socket) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut start = [0; 5];
    let asked = socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .and_then(|()| socket.write_all(b"PING\r\n"));
    asked.and_then(|()| socket.read_exact(&mut start)).is_ok()
        && (start.starts_with(b"+PONG") || start.starts_with(b"-NOAU") || loading && start.starts_with(b"-LOAD"))
}

#[allow(
    clippy::disallowed_methods,
    reason = "a real process is waited for: the clock of a test may be paused"
)]
fn comes_up(child: &mut Child, port: u16, loading: bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if answers(port, loading) {
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
            if comes_up(&mut child, port, false) {
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

    /// Holds the process up (`STOP`) or lets it go on (`CONT`); it keeps its port and its connections.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.unwrap().success(), "kill -{name}");
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Other arguments for the next start; a later one stands before an earlier one.
    pub(crate) fn add_arguments(&mut self, arguments: &[&str]) {
        self.arguments
            .extend(arguments.iter().map(|argument| (*argument).to_owned()));
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
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
        self.start_until(false);
    }

    /// The same, but returns while it is still loading; [`Self::load_at_once`] lets it finish.
    pub(crate) fn start_loading(&mut self) {
        self.add_arguments(&[
            "--key-load-delay",
            "100000",
            "--loading-process-events-interval-bytes",
            "1024",
        ]);
        self.start_until(true);
    }

    /// Makes loading slow enough to be seen: data of no merchant, in a file that is read key by key.
    pub(crate) fn prepare_loading(&self) {
        for number in 0..300 {
            let parts = (0..200).map(|step| format!("{:016x}", (number * 200 + step) * 2_654_435_761_u64));
            let filler = parts.collect::<Vec<_>>().concat();
            let _done: String = self.ask(&["SET", &format!("filler:{number}"), &filler]);
        }
        let _begun: String = self.ask(&["BGREWRITEAOF"]);
        wait_until("the file is written anew", || {
            let told: String = self.ask(&["INFO", "persistence"]);
            told.contains("aof_rewrite_in_progress:0") && told.contains("aof_rewrite_scheduled:0")
        });
    }

    /// No more delay.
    pub(crate) fn load_at_once(&self) {
        let done = self.command("CONFIG SET key-load-delay 0");
        assert_eq!(done, "+OK");
    }

    fn start_until(&mut self, loading: bool) {
        end(&mut self.child);
        self.child = spawn(self.folder.path(), self.port, self.persistence, &self.arguments);
        assert!(
            comes_up(&mut self.child, self.port, loading),
            "redis-server does not come up again on port {}",
            self.port
        );
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// One command with all of its answer, over a connection of its own.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_ask(words).unwrap()
    }

    /// The same of a server that may hang up: one that becomes a primary does.
    pub(crate) fn try_ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let password = self.arguments.iter().skip_while(|word| *word != "--requirepass").nth(1);
        try_ask(self.port, password.map(String::as_str), words)
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

/// One command with all of its answer.
pub(crate) fn ask<T: redis::FromRedisValue>(port: u16, password: Option<&str>, words: &[&str]) -> T {
    try_ask(port, password, words).unwrap()
}

fn try_ask<T: redis::FromRedisValue>(port: u16, password: Option<&str>, words: &[&str]) -> redis::RedisResult<T> {
    let user = password.map(|password| format!(":{password}@")).unwrap_or_default();
    let client = redis::Client::open(format!("redis://{user}127.0.0.1:{port}"))?;
    let mut connection = client.get_connection_with_timeout(PATIENCE)?;
    let (name, arguments) = words.split_first().unwrap();
    redis::cmd(name).arg(arguments).query(&mut connection)
}

/// Looks again and again until it is so.
#[allow(clippy::disallowed_methods, reason = "real processes are waited for")]
pub(crate) fn wait_until(what: &str, mut met: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !met() {
        assert!(begun.elapsed() < PATIENCE * 3, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
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
