//! A program that keeps shops right: ours, or one of the others as a process that says when it is ready.

use crate::channels::Places;
use crate::daemon::{Daemon, Extra};
use crate::redis_server::RedisServer;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Until it has read the shops' articles and told them where their orders are to go.
const READY: Duration = Duration::from_mins(1);

/// Where webhooks get lost, orders are asked for as well: within the seconds that the others are given.
const SHOP: Extra = Extra {
    connector: "",
    channel: "orders_every = \"2s\"",
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contestant {
    Omnistock,
    BullmqNaive,
    BullmqDeduplicated,
    Inventra,
}

impl Contestant {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Omnistock => "omnistock",
            Self::BullmqNaive => "bullmq_naive",
            Self::BullmqDeduplicated => "bullmq_deduplicated",
            Self::Inventra => "inventra",
        }
    }

    /// What an order has survived by when its webhook is answered with 2xx.
    pub(crate) const fn durability(self) -> &'static str {
        match self {
            Self::Omnistock | Self::BullmqNaive | Self::BullmqDeduplicated => "Redis has the order",
            Self::Inventra => "nothing, it is in memory",
        }
    }
}

/// A running one, ended with this value.
pub(crate) struct Program {
    /// Versions and settings.
    pub(crate) says: String,
    kept: Kept,
}

enum Kept {
    Ours(Daemon),
    Other(#[allow(dead_code, reason = "killed when dropped")] Child),
}

impl Program {
    /// Ready when every listing is known to it and every shop knows where to send its orders. `stock`: articles, and
    /// units of each.
    pub(crate) async fn start(
        contestant: Contestant,
        daemon: &Path,
        installed: &Path,
        server: &RedisServer,
        places: &Places,
        (skus, units): (usize, i64),
    ) -> Result<Self> {
        let mut command = match contestant {
            Contestant::Omnistock => {
                let store = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
                let rows: Vec<(usize, i64)> = (0..skus).map(|number| (number, units)).collect();
                let extras = [SHOP, SHOP, SHOP, SHOP];
                let mut daemon = Daemon::start_with(daemon, &store, places, &rows, &extras)?;
                let listings = (skus * places.shops.len()) as u64;
                daemon.in_sync(listings, READY).await?;
                return Ok(Self {
                    says: format!("omnistock {}; {}", env!("CARGO_PKG_VERSION"), SHOP.channel),
                    kept: Kept::Ours(daemon),
                });
            }
            Contestant::BullmqNaive | Contestant::BullmqDeduplicated => {
                let mut node = Command::new("node");
                node.arg(installed.join("bullmq.mjs")).env("NODE_ENV", "production");
                node
            }
            Contestant::Inventra => {
                let mut python = Command::new(installed.join("python/bin/python"));
                python.arg(installed.join("inventra_sync.py"));
                python
            }
        };
        let told = serde_json::json!({
            "mode": if contestant == Contestant::BullmqNaive { "naive" } else { "deduplicated" },
            "redis": server.url(),
            "shops": places.shops,
        });
        let mut child = command
            .arg(told.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", contestant.name()))?;
        let output = child.stdout.take().context("it has no output")?;
        let mut line = String::new();
        timeout(READY, BufReader::new(output).read_line(&mut line)).await??;
        let Ok(ready) = serde_json::from_str::<serde_json::Value>(&line) else {
            bail!("{} did not become ready: {line}", contestant.name());
        };
        let word = |name: &str| ready.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        Ok(Self {
            says: format!("{}; {}", word("ready"), word("settings")),
            kept: Kept::Other(child),
        })
    }

    /// The end of what ours has said.
    pub(crate) fn log(&self) -> String {
        match &self.kept {
            Kept::Ours(daemon) => daemon.log(),
            Kept::Other(_) => String::new(),
        }
    }
}
