//! Orders at an even pace at four shops, until the last of the other three shows the new number; then orders that all
//! come at once, by pages.

use crate::at_once;
use crate::channels::{Channels, Report, Wanted};
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average, quantile};
use crate::redis_server::{Commands, RedisServer};
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
/// More of each article than all buyers together want.
const STOCK: i64 = 100_000;
/// The loads, orders a second: the second one has limits of its own.
const RATES: [u64; 2] = [200, 1_000];

/// Commands that are named one by one.
const MOST_TOLD: usize = 20;

/// Each article is bought once at most, so that every order has writes of its own.
pub(crate) async fn run(program: &Path, seconds: u64, alike: bool) -> Result<Vec<Figure>> {
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
        figures.extend(load(&server, &daemon, &channels, rate, seconds).await?);
    }
    let world = at_once::World {
        server: &server,
        daemon: &daemon,
        channels: &channels,
    };
    figures.extend(at_once::run(&world, alike).await?);
    if figures.iter().any(|figure| !figure.holds) {
        eprintln!("{}", daemon.log());
    }
    figures.push(Figure::plain("storm_daemon_mb", daemon.memory(), "MB"));
    Ok(figures)
}

async fn load(
    server: &RedisServer,
    daemon: &Daemon,
    channels: &Channels,
    rate: u64,
    seconds: u64,
) -> Result<Vec<Figure>> {
    let (before, asked_before) = (server.commands().await?, daemon.asked().await?);
    let since = channels.buy(rate, seconds).await?;
    let report = settled(channels, since.0).await?;
    let (commands, asked) = (server.commands().await?.since(&before), daemon.asked().await?);
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
    tell(&commands, &asked_before, &asked, report.orders);
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
    let per_order = number(commands.sum()) / number(report.orders);
    Ok(vec![
        Figure::plain(format!("last_channel_{rate}_p50_ms"), p50, "ms"),
        Figure::at_most(format!("last_channel_{rate}_p99_ms"), p99, "ms", 300.0),
        Figure::at_most("redis_commands_per_order", per_order, "commands", 20.0),
        wrong,
    ])
}

/// What an order costs in Redis: the largest commands, those inside scripts included, and how often the daemon asked.
#[allow(clippy::float_arithmetic, reason = "ratios of measurements")]
fn tell(commands: &Commands, before: &BTreeMap<String, u64>, asked: &BTreeMap<String, u64>, orders: u64) {
    let share = |count: u64| format!("{:.2}", number(count) / number(orders.max(1)));
    let largest = commands.largest_first().into_iter().take(MOST_TOLD);
    let largest: Vec<_> = largest
        .map(|(name, count)| format!("{name} {}", share(count)))
        .collect();
    let more = |(what, count): (&String, &u64)| {
        let before = before.get(what).copied().unwrap_or_default();
        format!("{what} {}", share(count.saturating_sub(before)))
    };
    let asked: Vec<_> = asked.iter().map(more).collect();
    let all = share(commands.sum());
    eprintln!("storm: commands per order: {all}: {}", largest.join(", "));
    eprintln!("storm: round trips per order: {}", asked.join(", "));
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
