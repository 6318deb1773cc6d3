//! Everything at once: the daemon is killed every few seconds, shops fail calls, leave writes without an answer, double
//! and lose webhooks, and take so many calls a second. In the end no order is lost and every number is right, and no
//! shop has ever had more calls than it takes.

use crate::channels::{Channels, Wanted, sku};
use crate::daemon::{Daemon, Extra};
use crate::figure::{Figure, load_average};
use crate::redis_server::RedisServer;
use crate::rough::{Rough, Sold, Tally};
use anyhow::Result;
use clap::Args;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
const SKUS: usize = 200;
const STOCK: i64 = 1_000_000;
/// Calls a second that each shop takes, reads and writes together.
const LIMIT: u64 = 30;
const SHOP: Extra = Extra {
    connector: "calls = \"30/s\"\ndeadline_ms = 2000",
    channel: "orders_every = \"2s\"\naudit_every = \"20s\"",
};
/// Until everything is right once nobody is killed any more. The shops go on failing.
const QUIET: Duration = Duration::from_mins(3);

/// How long.
#[derive(Debug, Clone, Args)]
pub(crate) struct Trouble {
    /// Seconds of it.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// Orders a second.
    #[arg(long, default_value_t = 50)]
    rate: u64,
    /// Seconds between two kills.
    #[arg(long, default_value_t = 5)]
    every: u64,
}

pub(crate) async fn run(program: &Path, trouble: &Trouble) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let embedded = format!("path = \"{}\"", folder.path().display());
    let half = Trouble {
        seconds: trouble.seconds / 2,
        ..trouble.clone()
    };
    let mut figures = on("embedded", program, &embedded, &half).await?;
    let server = RedisServer::start().await?;
    eprintln!("chaos: redis {} everysec", server.version().await?);
    let redis = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    figures.extend(on("redis", program, &redis, &half).await?);
    Ok(figures)
}

async fn on(name: &'static str, program: &Path, store: &str, trouble: &Trouble) -> Result<Vec<Figure>> {
    let wanted = Wanted {
        shops: SHOPS,
        skus: SKUS,
        stock: STOCK,
        latency: 20,
    };
    let channels = Channels::open(&wanted).await?;
    let rows: Vec<(usize, i64)> = (0..SKUS).map(|number| (number, STOCK)).collect();
    let extras = [SHOP, SHOP, SHOP, SHOP];
    let mut daemon = Daemon::start_with(program, store, &channels.places, &rows, &extras)?;
    daemon.in_sync((SKUS * SHOPS) as u64, Duration::from_mins(2)).await?;
    eprintln!(
        "chaos: {name}, {} orders/s for {} s, a kill every {} s, load average {:.2}",
        trouble.rate,
        trouble.seconds,
        trouble.every,
        load_average()
    );
    let () = channels.tell("rough", &Rough::CHAOS).await?;
    let mut kills = 0;
    {
        let buying = channels.buy(trouble.rate, trouble.seconds);
        tokio::pin!(buying);
        loop {
            tokio::select! {
                bought = &mut buying => { bought?; break }
                () = sleep(Duration::from_secs(trouble.every)) => {
                    daemon.kill_and_start_again()?;
                    kills += 1;
                }
            }
        }
    }
    let begun = Instant::now();
    let right = settled(&channels, begun).await?;
    let lost = lost(&daemon, &channels).await?;
    let wrong: u64 = channels.ask("wrong").await?;
    if wrong + lost > 0 {
        eprintln!("{}", daemon.log());
    }
    let tallies: Vec<Tally> = channels.ask("tally").await?;
    Ok(figures(name, kills, right, [wrong, lost], &tallies))
}

/// Seconds until every shop showed what is left, and went on doing so for ten more.
async fn settled(channels: &Channels, begun: Instant) -> Result<f64> {
    let mut since: Option<Instant> = None;
    while begun.elapsed() < QUIET {
        let right = channels.ask::<u64>("wrong").await? == 0;
        since = if right {
            since.or_else(|| Some(Instant::now()))
        } else {
            None
        };
        if let Some(since) = since.filter(|since| since.elapsed() > Duration::from_secs(10)) {
            return Ok(since.duration_since(begun).as_secs_f64());
        }
        sleep(Duration::from_millis(200)).await;
    }
    Ok(f64::NAN)
}

/// How many orders are in no ledger.
async fn lost(daemon: &Daemon, channels: &Channels) -> Result<u64> {
    let mut there: BTreeSet<(String, String)> = BTreeSet::new();
    for number in 0..SKUS {
        let item = daemon.item(&sku(number)).await?;
        let lines = item.get("order_lines").and_then(serde_json::Value::as_array);
        for line in lines.into_iter().flatten() {
            let text = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
            there.extend(text("channel").zip(text("order")));
        }
    }
    let sold: Vec<Sold> = channels.ask("sold").await?;
    let missing = sold
        .iter()
        .filter(|sold| !there.contains(&(format!("shop_{}", sold.shop), sold.order.to_string())));
    Ok(missing.count() as u64)
}

#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
fn figures(name: &'static str, kills: u64, right: f64, [wrong, lost]: [u64; 2], tallies: &[Tally]) -> Vec<Figure> {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>() as f64;
    let most = tallies.iter().map(|tally| tally.most_in_a_second).max();
    vec![
        Figure::plain("chaos_kills", kills as f64, "kills").on(name),
        Figure::plain("chaos_calls", sum(|tally| tally.calls), "calls").on(name),
        Figure::plain("chaos_calls_failed", sum(|tally| tally.errors), "calls").on(name),
        Figure::plain("chaos_writes_unanswered", sum(|tally| tally.timeouts), "calls").on(name),
        Figure::plain("chaos_webhooks_lost", sum(|tally| tally.webhooks_lost), "webhooks").on(name),
        Figure::plain(
            "chaos_webhooks_doubled",
            sum(|tally| tally.webhooks_doubled),
            "webhooks",
        )
        .on(name),
        Figure::at_most("chaos_divergence", wrong as f64, "listings", 0.0).on(name),
        Figure::at_most("chaos_lost_orders", lost as f64, "orders", 0.0).on(name),
        Figure::at_most(
            "chaos_most_calls_in_a_second",
            most.unwrap_or_default() as f64,
            "calls",
            LIMIT as f64,
        )
        .on(name),
        Figure::plain("chaos_right_after_s", right, "s").on(name),
    ]
}
