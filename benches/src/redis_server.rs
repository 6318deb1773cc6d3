//! A redis-server of one's own: free port, temporary folder, ended by its own process id.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::sleep;

/// How often each command was carried out.
pub(crate) struct Commands(BTreeMap<String, u64>);

impl Commands {
    /// Those carried out between an earlier look and this one.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let more = |(name, count): (&String, &u64)| {
            let before = earlier.0.get(name).copied().unwrap_or_default();
            (name.clone(), count.saturating_sub(before))
        };
        Self(self.0.iter().map(more).collect())
    }

    /// All of them together.
    pub(crate) fn sum(&self) -> u64 {
        self.0.values().sum()
    }

    /// Each with its number, the largest first.
    pub(crate) fn largest_first(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<_> = self.0.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        all
    }
}

/// Killed when dropped.
pub(crate) struct RedisServer {
    child: Child,
    _folder: tempfile::TempDir,
    /// Where it listens.
    pub(crate) port: u16,
}

impl RedisServer {
    /// Persists once a second, as most servers are set.
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "everysec"])
            .args(["--maxmemory-policy", "noeviction", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server does not start: is it installed?")?;
        let server = Self {
            child,
            _folder: folder,
            port,
        };
        for _ in 0..500 {
            if let Ok(mut connection) = server.connect().await
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return Ok(server);
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("redis-server does not answer on port {port}")
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) async fn connect(&self) -> Result<redis::aio::MultiplexedConnection> {
        let client = redis::Client::open(self.url())?;
        Ok(client.get_multiplexed_async_connection().await?)
    }

    /// Commands carried out so far, those inside scripts included.
    pub(crate) async fn commands(&self) -> Result<Commands> {
        let mut connection = self.connect().await?;
        let info: String = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut connection)
            .await?;
        let calls = info.lines().filter_map(|line| {
            let (name, rest) = line.trim().strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse::<u64>().ok()?))
        });
        Ok(Commands(calls.collect()))
    }

    /// Bytes it uses.
    pub(crate) async fn memory(&self) -> Result<u64> {
        let mut connection = self.connect().await?;
        let info: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
        let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(line.context("INFO memory without used_memory")?.trim().parse()?)
    }

    /// Its version.
    pub(crate) async fn version(&self) -> Result<String> {
        let mut connection = self.connect().await?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let line = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        Ok(line.unwrap_or("unknown").trim().to_owned())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
