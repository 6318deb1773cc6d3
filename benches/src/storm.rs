//! Orders at an even pace at four shops, until the last of the other three shows the new number; then orders that all
//! come at once, by pages.

use crate::channels::{Channels, Report, Wanted};
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average, quantile};
use crate::redis_server::RedisServer;
use crate::rough::Rough;
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
const STOCK: i64 = 100;
/// The loads, orders a second: the second one has limits of its own.
const RATES: [u64; 2] = [200, 1_000];

/// Orders that wait at the shops when they are asked, and how many of them would have to be done with a second.
const WAITING: u64 = 40_000;
const CLAIMED: f64 = 10_000.0;

/// Each article is bought once at most, so that every order has writes of its own.
pub(crate) async fn run(program: &Path, seconds: u64) -> Result<Vec<Figure>> {
    let skus = usize::try_from(RATES.iter().sum::<u64>() * seconds)?;
    let server = RedisServer::start().await?;
    let wanted = Wanted {
        shops: SHOPS,
        skus,
        stock: STOCK,
        latency: 20,
    };
    let channels = Channels::open(&wanted).await?;
    let store = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    let rows: Vec<(usize, i64)> = (0..skus).map(|number| (number, STOCK)).collect();
    let mut daemon = Daemon::start(program, &store, &channels.places, &rows)?;
    let listings = (skus * SHOPS) as u64;
    daemon.in_sync(listings, Duration::from_mins(3)).await?;
    eprintln!(
        "storm: redis {} everysec, {skus} articles in {SHOPS} shops (process {}), daemon {:.0} MB, load average {:.2}",
        server.version().await?,
        channels.id(),
        daemon.memory(),
        load_average()
    );
    let mut figures = Vec::new();
    for rate in RATES {
        figures.extend(load(&server, &channels, rate, seconds).await?);
    }
    figures.push(at_once(&daemon, &channels).await?);
    if figures.iter().any(|figure| !figure.holds) {
        eprintln!("{}", daemon.log());
    }
    figures.push(Figure::plain("storm_daemon_mb", daemon.memory(), "MB"));
    Ok(figures)
}

async fn load(server: &RedisServer, channels: &Channels, rate: u64, seconds: u64) -> Result<Vec<Figure>> {
    let before = server.commands().await?;
    let since = channels.buy(rate, seconds).await?;
    let report = settled(channels, since.0).await?;
    let commands = server.commands().await?.saturating_sub(before);
    eprintln!(
        "storm: {rate}/s for {seconds} s: {} orders, {} writes",
        report.orders, report.writes
    );
    ensure!(
        report.orders == rate * seconds,
        "{} orders were placed instead of {}",
        report.orders,
        rate * seconds
    );
    let (p50, p99) = (quantile(&report.last, 0.5), quantile(&report.last, 0.99));
    let wrong = Figure::at_most(
        format!("storm_{rate}_wrong"),
        number(report.wrong + report.unseen),
        "listings",
        0.0,
    );
    if rate == RATES[0] {
        return Ok(vec![
            Figure::at_most("last_channel_p50_ms", p50, "ms", 40.0),
            Figure::at_most("last_channel_p99_ms", p99, "ms", 150.0),
            wrong,
        ]);
    }
    #[allow(clippy::float_arithmetic, reason = "a ratio of measurements")]
    let per_order = number(commands) / number(report.orders);
    Ok(vec![
        Figure::plain(format!("last_channel_{rate}_p50_ms"), p50, "ms"),
        Figure::at_most(format!("last_channel_{rate}_p99_ms"), p99, "ms", 300.0),
        Figure::at_most("redis_commands_per_order", per_order, "commands", 20.0),
        wrong,
    ])
}

/// Orders that no webhook has told of, read page by page (100 orders each, as these shops give them), until every shop
/// shows what is left.
async fn at_once(daemon: &Daemon, channels: &Channels) -> Result<Figure> {
    let silent = Rough {
        late: true,
        ..Rough::default()
    };
    let () = channels.tell("rough", &silent).await?;
    channels.buy(WAITING, 1).await?;
    daemon.sync().await?;
    let begun = Instant::now();
    while channels.ask::<u64>("wrong").await? > 0 {
        ensure!(begun.elapsed() < Duration::from_mins(2), "{}", daemon.log());
        sleep(Duration::from_millis(50)).await;
    }
    let took = begun.elapsed();
    eprintln!(
        "storm: {WAITING} orders at once, done with in {took:?}, load average {:.2}",
        load_average()
    );
    #[allow(clippy::float_arithmetic, reason = "a rate")]
    let rate = number(WAITING) / took.as_secs_f64();
    Ok(Figure::at_least("orders_per_s", rate, "orders/s", CLAIMED))
}

/// Waits until every order has reached every shop; the report as it is then, or after half a minute.
async fn settled(channels: &Channels, since: i64) -> Result<Report> {
    let begun = Instant::now();
    loop {
        let report: Report = channels.ask(&format!("report?since={since}")).await?;
        if report.unseen + report.wrong == 0 || begun.elapsed() > Duration::from_secs(30) {
            return Ok(report);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
fn number(count: u64) -> f64 {
    count as f64
}
