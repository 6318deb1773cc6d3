//! What a large catalogue costs: bytes in Redis for each SKU, the daemon's own memory while it takes it all in (what
//! the claim is about) and once all is in sync, and how long the first fill takes. The shops answer as fast as they can
//! and show the right numbers already: what is measured is the reading of all listings and of a first report.

use crate::channels::{Channels, Wanted};
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average};
use crate::redis_server::RedisServer;
use anyhow::Result;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
const STOCK: i64 = 100;
/// The catalogue of which something is claimed, and the claim in megabytes: for the daemon while it works, too.
const CLAIMED: usize = 1_000_000;
const MOST: f64 = 300.0;
/// A while in which what was needed to get there is given back.
const REST: Duration = Duration::from_secs(15);

pub(crate) async fn run(program: &Path, skus: usize) -> Result<Vec<Figure>> {
    let server = RedisServer::start().await?;
    let empty = server.memory().await?;
    let wanted = Wanted {
        shops: SHOPS,
        skus,
        stock: STOCK,
        latency: 0,
    };
    let channels = Channels::open(&wanted).await?;
    let store = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    let rows: Vec<(usize, i64)> = (0..skus).map(|number| (number, STOCK)).collect();
    let begun = Instant::now();
    let mut daemon = Daemon::start(program, &store, &channels.places, &rows)?;
    daemon.in_sync((skus * SHOPS) as u64, Duration::from_hours(1)).await?;
    let filled = begun.elapsed().as_secs_f64();
    eprintln!(
        "memory: {skus} articles in {SHOPS} shops in sync after {filled:.1} s, load average {:.2}",
        load_average()
    );
    sleep(REST).await;
    let used = server.memory().await?.saturating_sub(empty);
    let name = if skus == CLAIMED {
        "daemon_mb_1m".to_owned()
    } else {
        format!("daemon_mb_{skus}")
    };
    let daemon_most = if skus >= CLAIMED {
        Figure::at_most(name, daemon.peak(), "MB", MOST)
    } else {
        Figure::plain(name, daemon.peak(), "MB")
    };
    #[allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a mean")]
    let each = used as f64 / skus.max(1) as f64;
    Ok(vec![
        Figure::plain("redis_bytes_per_sku", each, "bytes"),
        daemon_most,
        Figure::plain("daemon_settled_mb", daemon.memory(), "MB"),
        Figure::plain("first_fill_s", filled, "s"),
    ])
}
