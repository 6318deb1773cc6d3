//! A real Sentinel set-up of one's own: a primary, a replica and three Sentinels.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is for tests")]

use super::redis::{Persistence, RedisServer, ask, free_port, wait_until};
use std::process::{Child, Command, Stdio};

/// What the Sentinels call the primary.
pub(crate) const MASTER: &str = "shop";
/// Of the servers and of the Sentinels, where they want one.
pub(crate) const PASSWORDS: (&str, &str) = ("of-the-servers", "of-the-sentinels");

struct Sentinel {
    port: u16,
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

fn sentinel(primary: u16, guarded: bool) -> Sentinel {
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
    let mut command = Command::new("redis-server");
    command.arg(&file).arg("--sentinel");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Sentinel {
        port,
        child: command.spawn().unwrap(),
        _folder: folder,
    }
}

fn answers(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

impl RedisSentinels {
    /// Starts all of them and waits until each Sentinel knows the others and the replica.
    pub(crate) fn start() -> Self {
        Self::begin(false)
    }

    /// The same, with [`PASSWORDS`].
    pub(crate) fn start_guarded() -> Self {
        Self::begin(true)
    }

    fn begin(guarded: bool) -> Self {
        let guard = ["--requirepass", PASSWORDS.0, "--masterauth", PASSWORDS.0];
        let guard: &[&str] = if guarded { &guard } else { &[] };
        let primary = RedisServer::keeping_with(Persistence::Always, guard);
        let port = primary.port().to_string();
        let mut follows = vec!["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"];
        follows.extend(guard);
        let replica = RedisServer::keeping_with(Persistence::Always, &follows);
        wait_until("the replica has everything", || {
            let told: String = replica.ask(&["INFO", "replication"]);
            told.contains("master_link_status:up")
        });
        let sentinels: Vec<Sentinel> = (0..3).map(|_| sentinel(primary.port(), guarded)).collect();
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
        let url = |sentinel: &Sentinel| format!("redis://127.0.0.1:{}", sentinel.port);
        self.sentinels.iter().map(url).collect()
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
