//! A complete stock file, from its rename to the last push: unchanged, and with one row in a hundred changed.

use crate::channels::{Channels, Wanted};
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average};
use crate::redis_server::RedisServer;
use anyhow::{Result, bail};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
const STOCK: i64 = 100;
/// One row in so many changes, to this number.
const EVERY: usize = 100;
const CHANGED: i64 = 93;

pub(crate) async fn run(program: &Path, skus: usize) -> Result<Vec<Figure>> {
    let server = RedisServer::start().await?;
    let wanted = Wanted {
        shops: SHOPS,
        skus,
        stock: STOCK,
        latency: 0,
    };
    let channels = Channels::open(&wanted).await?;
    let store = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    let mut rows: Vec<(usize, i64)> = (0..skus).map(|number| (number, STOCK)).collect();
    let begun = Instant::now();
    let mut daemon = Daemon::start(program, &store, &channels.places, &rows)?;
    daemon.in_sync((skus * SHOPS) as u64, Duration::from_mins(8)).await?;
    eprintln!(
        "snapshot: {skus} articles in {SHOPS} shops in sync after {:.1} s, daemon {:.0} MB, redis {} MB, load average {:.2}",
        begun.elapsed().as_secs_f64(),
        daemon.memory(),
        server.memory().await? / 1_048_576,
        load_average()
    );
    let mut figures = Vec::new();
    let writes: usize = channels.ask("writes").await?;
    let same = taken(&mut daemon, &rows).await?;
    let more: usize = channels.ask("writes").await?;
    figures.push(Figure::at_most("snapshot_100k_same_s", same, "s", 1.0));
    #[allow(clippy::cast_precision_loss, reason = "counts of one run")]
    figures.push(Figure::at_most(
        "snapshot_same_writes",
        (more - writes) as f64,
        "writes",
        0.0,
    ));
    rows.iter_mut().step_by(EVERY).for_each(|row| row.1 = CHANGED);
    let begun = Instant::now();
    daemon.export(&rows)?;
    while channels
        .ask::<u64>(&format!("wrong?every={EVERY}&units={CHANGED}"))
        .await?
        > 0
    {
        if begun.elapsed() > Duration::from_mins(1) {
            bail!("the changed rows are not in all shops after a minute");
        }
        sleep(Duration::from_millis(20)).await;
    }
    figures.push(Figure::at_most(
        "snapshot_100k_1pct_s",
        begun.elapsed().as_secs_f64(),
        "s",
        2.0,
    ));
    figures.push(Figure::plain("snapshot_daemon_mb", daemon.memory(), "MB"));
    Ok(figures)
}

/// Seconds until the daemon says that it took the report.
async fn taken(daemon: &mut Daemon, rows: &[(usize, i64)]) -> Result<f64> {
    let last = |status: &serde_json::Value| status.pointer("/sources/0/last/as_of").cloned();
    let before = last(&daemon.status().await?);
    let begun = Instant::now();
    daemon.export(rows)?;
    while last(&daemon.status().await?) == before {
        if begun.elapsed() > Duration::from_mins(1) {
            bail!("the unchanged report is not taken after a minute");
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(begun.elapsed().as_secs_f64())
}
