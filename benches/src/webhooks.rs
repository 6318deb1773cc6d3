//! Signed webhooks at an even pace until their durable 2xx, on both stores; and with `--kills` the daemon is killed
//! again and again meanwhile: whatever was answered with 2xx has to be in the ledgers.

use crate::channels::{Channels, Wanted, sku};
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average, quantile};
use crate::redis_server::RedisServer;
use crate::sender::{Sender, Sending, Sent};
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const STOCK: i64 = 1_000_000;
/// Until everything that is in the inbox is in the ledgers.
const DRAINED: Duration = Duration::from_mins(2);

/// How much load, and how rough.
#[derive(Debug, Clone, Args)]
pub(crate) struct Load {
    /// Seconds on each store.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Webhooks a second.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// The daemon is killed so often during the load, at even distances; then no time is measured.
    #[arg(long, default_value_t = 0)]
    kills: u64,
    /// Articles that are bought, one after the other. Fewer means more open orders of each.
    #[arg(long, default_value_t = 10_000)]
    skus: usize,
}

pub(crate) async fn run(program: &Path, load: &Load) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let embedded = format!("path = \"{}\"", folder.path().display());
    let mut figures = on("embedded", 25.0, program, &embedded, load).await?;
    let server = RedisServer::start().await?;
    let redis = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    figures.extend(on("redis", 10.0, program, &redis, load).await?);
    Ok(figures)
}

async fn on(name: &'static str, limit: f64, program: &Path, store: &str, load: &Load) -> Result<Vec<Figure>> {
    let wanted = Wanted {
        shops: 1,
        skus: load.skus,
        stock: STOCK,
        latency: 20,
    };
    let channels = Channels::open(&wanted).await?;
    let Some(shop) = channels.places.shops.first() else {
        bail!("there is no shop");
    };
    let rows: Vec<(usize, i64)> = (0..load.skus).map(|number| (number, STOCK)).collect();
    let mut daemon = Daemon::start(program, store, &channels.places, &rows)?;
    daemon.in_sync(load.skus as u64, Duration::from_mins(2)).await?;
    eprintln!(
        "webhooks: {name}, {}/s for {} s, {} kills, load average {:.2}",
        load.rate,
        load.seconds,
        load.kills,
        load_average()
    );
    let sender = Sender::begin(&Sending {
        url: format!("{}/webhooks/shop_0", daemon.webhooks()),
        secret: shop.webhook_secret.clone(),
        rate: load.rate,
        seconds: load.seconds,
        skus: load.skus,
    })?;
    let begun = Instant::now();
    for kill in 1..=load.kills {
        let due = Duration::from_secs(load.seconds) * u32::try_from(kill)? / u32::try_from(load.kills + 1)?;
        sleep((begun + due).saturating_duration_since(Instant::now())).await;
        daemon.kill_and_start_again()?;
    }
    let sent = sender.end().await?;
    drained(&daemon).await?;
    let missing = missing(&daemon, load.skus, &sent).await?;
    if missing > 0 {
        eprintln!("{}", daemon.log());
    }
    Ok(figures(name, limit, load, &sent, missing))
}

#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
fn figures(name: &'static str, limit: f64, load: &Load, sent: &Sent, missing: u64) -> Vec<Figure> {
    let mut figures = Vec::new();
    if load.kills == 0 {
        let (p50, p99) = (quantile(&sent.took, 0.5), quantile(&sent.took, 0.99));
        figures.push(Figure::plain("webhook_durable_p50_ms", p50, "ms").on(name));
        figures.push(Figure::at_most("webhook_durable_p99_ms", p99, "ms", limit).on(name));
        let refused = sent.refused as f64;
        figures.push(Figure::at_most("webhooks_refused", refused, "webhooks", 0.0).on(name));
    }
    figures.push(Figure::plain("webhooks_accepted", sent.accepted.len() as f64, "webhooks").on(name));
    figures.push(Figure::at_most("webhooks_accepted_and_lost", missing as f64, "webhooks", 0.0).on(name));
    figures
}

/// Waits until nothing waits to be applied.
async fn drained(daemon: &Daemon) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < DRAINED {
        let status = daemon.status().await.unwrap_or_default();
        let empty = status.pointer("/store/inbox").and_then(serde_json::Value::as_u64) == Some(0);
        // One that stands by or can't reach its store has something to say.
        let well = daemon.ready().await;
        if empty && well {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("the inbox was not empty within {DRAINED:?}\n{}", daemon.log())
}

/// How many accepted orders are in no ledger.
async fn missing(daemon: &Daemon, skus: usize, sent: &Sent) -> Result<u64> {
    let mut there: BTreeSet<u64> = BTreeSet::new();
    for number in 0..skus {
        let item = daemon.item(&sku(number)).await?;
        let lines = item.get("order_lines").and_then(serde_json::Value::as_array);
        let orders = lines
            .into_iter()
            .flatten()
            .filter_map(|line| line.get("order")?.as_str()?.parse::<u64>().ok());
        there.extend(orders);
    }
    Ok(sent.accepted.iter().filter(|number| !there.contains(number)).count() as u64)
}
