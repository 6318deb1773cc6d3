//! A real Sentinel set-up of one's own: a primary, a replica and three Sentinels.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is for tests")]

use super::redis::{Persistence, RedisServer, ask, free_port, wait_until};
use super::redis_tls::Certificates;
use std::process::{Child, Command, Stdio};

/// What the Sentinels call the primary.
pub(crate) const MASTER: &str = "shop";
/// Of the servers and of the Sentinels, where they want one.
pub(crate) const PASSWORDS: (&str, &str) = ("of-the-servers", "of-the-sentinels");

struct Sentinel {
    port: u16,
    /// Where it speaks TLS, if it does.
    tls: Option<u16>,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) struct RedisSentinels {
    pub(crate) primary: RedisServer,
    pub(crate) replica: RedisServer,
    sentinels: Vec<Sentinel>,
}

fn sentinel(primary: u16, guarded: bool, certificates: Option<&Certificates>) -> Sentinel {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let file = folder.path().join("sentinel.conf");
    let guard = if guarded {
        let (servers, own) = PASSWORDS;
        format!("sentinel auth-pass {MASTER} {servers}\nrequirepass {own}\n")
    } else {
        String::new()
    };
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds {MASTER} 1000\nsentinel failover-timeout {MASTER} 6000\n{guard}",
        folder.path().display()
    );
    std::fs::write(&file, text).unwrap();
    let tls = certificates.map(|_| free_port());
    let mut command = Command::new("redis-server");
    command.arg(&file).arg("--sentinel");
    if let Some((port, certificates)) = tls.zip(certificates) {
        command.args(encrypted(certificates, port));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Sentinel {
        port,
        tls,
        child: command.spawn().unwrap(),
        _folder: folder,
    }
}

/// It speaks TLS on this port, also with the other servers, and names this port to everybody.
fn encrypted(certificates: &Certificates, port: u16) -> Vec<String> {
    let mut arguments = certificates.arguments(port, false);
    arguments.extend(["--tls-replication".to_owned(), "yes".to_owned()]);
    arguments
}

fn answers(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

impl RedisSentinels {
    /// Starts all of them and waits until each Sentinel knows the others and the replica.
    pub(crate) fn start() -> Self {
        Self::begin(false, None)
    }

    /// The same, with [`PASSWORDS`].
    pub(crate) fn start_guarded() -> Self {
        Self::begin(true, None)
    }

    /// The same behind TLS: servers and Sentinels also answer without, for the test's own questions.
    pub(crate) fn start_behind(certificates: &Certificates) -> Self {
        Self::begin(false, Some(certificates))
    }

    fn begin(guarded: bool, certificates: Option<&Certificates>) -> Self {
        let mut all = Vec::new();
        if guarded {
            all.extend(["--requirepass", PASSWORDS.0, "--masterauth", PASSWORDS.0].map(str::to_owned));
        }
        // Where the others find a server: with TLS another port than the test's own.
        let server = |follows: &[&str]| {
            let tls = certificates.map(|certificates| (free_port(), certificates));
            let mut arguments = all.clone();
            arguments.extend(
                tls.iter()
                    .flat_map(|(port, certificates)| encrypted(certificates, *port)),
            );
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            arguments.extend(follows);
            let server = RedisServer::keeping_with(Persistence::Always, &arguments);
            let port = tls.map_or(server.port(), |(port, _)| port);
            (server, port)
        };
        let (primary, found_at) = server(&[]);
        let port = found_at.to_string();
        let (replica, _) = server(&["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"]);
        wait_until("the replica has everything", || {
            let told: String = replica.ask(&["INFO", "replication"]);
            told.contains("master_link_status:up")
        });
        let sentinels: Vec<Sentinel> = (0..3).map(|_| sentinel(found_at, guarded, certificates)).collect();
        for sentinel in &sentinels {
            wait_until("the Sentinel knows everybody", || {
                answers(sentinel.port) && {
                    let told: String = ask(sentinel.port, guarded.then_some(PASSWORDS.1), &["INFO", "sentinel"]);
                    told.contains("status=ok") && told.contains("slaves=1,sentinels=3")
                }
            });
        }
        Self {
            primary,
            replica,
            sentinels,
        }
    }

    /// The addresses, as `sentinels` under [store] takes them.
    pub(crate) fn urls(&self) -> Vec<String> {
        let url = |sentinel: &Sentinel| match sentinel.tls {
            Some(port) => format!("rediss://127.0.0.1:{port}"),
            None => format!("redis://127.0.0.1:{}", sentinel.port),
        };
        self.sentinels.iter().map(url).collect()
    }

    /// One command to each Sentinel.
    pub(crate) fn tell_sentinels(&self, words: &[&str]) {
        for sentinel in &self.sentinels {
            let done: String = ask(sentinel.port, None, words);
            assert_eq!(done, "OK");
        }
    }

    /// Asks a Sentinel to make the replica the primary now.
    pub(crate) fn fail_over(&self) {
        let port = self.sentinels.first().map(|sentinel| sentinel.port).unwrap();
        let _begun: String = ask(port, None, &["SENTINEL", "FAILOVER", MASTER]);
    }

    /// Ends one Sentinel, as a machine that is gone.
    pub(crate) fn lose_a_sentinel(&mut self) {
        drop(self.sentinels.remove(0));
    }
}
