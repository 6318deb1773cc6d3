//! A complete stock file, from its rename to the last push: unchanged, and with one row in a hundred changed. Of a
//! million rows the daemon's peak is held against the limit for its memory, too.

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
/// Rows, their name, seconds unchanged, seconds with changes, megabytes at most.
type Claim = (usize, &'static str, f64, Option<f64>, Option<f64>);
/// What is claimed.
const CLAIMS: [Claim; 2] = [
    (100_000, "100k", 1.0, Some(2.0), None),
    (1_000_000, "1m", 10.0, None, Some(300.0)),
];

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
    daemon.in_sync((skus * SHOPS) as u64, Duration::from_hours(1)).await?;
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
    let claim = CLAIMS.iter().find(|claim| claim.0 == skus);
    let rows_text = claim.map_or_else(|| skus.to_string(), |claim| claim.1.to_owned());
    let held = |name: String, figure, unit, limit: Option<f64>| match limit {
        Some(limit) => Figure::at_most(name, figure, unit, limit),
        None => Figure::plain(name, figure, unit),
    };
    let limit = claim.map(|claim| claim.2);
    figures.push(held(format!("snapshot_{rows_text}_same_s"), same, "s", limit));
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
    let (changed, limit) = (begun.elapsed().as_secs_f64(), claim.and_then(|claim| claim.3));
    figures.push(held(format!("snapshot_{rows_text}_1pct_s"), changed, "s", limit));
    figures.push(Figure::plain("snapshot_daemon_mb", daemon.memory(), "MB"));
    let limit = claim.and_then(|claim| claim.4);
    figures.push(held("snapshot_daemon_peak_mb".to_owned(), daemon.peak(), "MB", limit));
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
