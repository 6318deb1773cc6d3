//! One of four channels is dead for an hour of orders, told in less time, and comes back with few calls a second: what
//! catching up costs, and what the other three notice. Orders come in the order A B B A: without, with, with, without.

use crate::buyers::Buying;
use crate::channels::{Channels, Report, Wanted};
use crate::daemon::{Daemon, Extra};
use crate::figure::{Figure, load_average, quantile};
use crate::redis_server::RedisServer;
use crate::rough::{Rough, Tally};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
/// The one that dies: the last. Only the others sell, as a dead shop does not.
const DEAD: usize = SHOPS - 1;
const STOCK: i64 = 1_000_000;
/// What its vendor takes, and how many listings go in one of its calls.
const LIMIT: Extra = Extra {
    connector: "calls = \"2/s\"",
    channel: "",
};
const BATCH: f64 = 100.0;

/// How long an hour is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Hour {
    /// Orders while the channel is dead: 50 a second for an hour.
    #[arg(long, default_value_t = 180_000)]
    orders: u64,
    /// Orders a second, instead of 50.
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// Seconds of orders before and after.
    #[arg(long, default_value_t = 60)]
    calm: u64,
    /// Articles; all of them are sold meanwhile.
    #[arg(long, default_value_t = 20_000)]
    skus: usize,
}

struct World {
    channels: Channels,
    hour: Hour,
}

impl World {
    /// A load at the living shops; the p50 and p99 until the last of them shows it.
    async fn load(&self, name: &str, seconds: u64) -> Result<[f64; 2]> {
        let buying = Buying {
            rate: self.hour.rate,
            seconds,
            at: DEAD,
            ..Buying::default()
        };
        let since = self.channels.buying(buying).await?;
        let report = self.settled(since.0).await?;
        ensure!(
            report.orders == self.hour.rate * seconds,
            "{} orders were placed",
            report.orders
        );
        ensure!(
            report.wrong + report.unseen == 0,
            "{name}: {} listings of the living shops are wrong, {} orders were not seen",
            report.wrong,
            report.unseen
        );
        let [p50, p99] = [0.5, 0.99].map(|share| quantile(&report.last, share));
        eprintln!(
            "outage: {name}: {} orders, p50 {p50:.0} ms, p99 {p99:.0} ms, load average {:.2}",
            report.orders,
            load_average()
        );
        Ok([p50, p99])
    }

    async fn settled(&self, since: i64) -> Result<Report> {
        let begun = Instant::now();
        loop {
            let report: Report = self.channels.ask(&format!("report?since={since}&at={DEAD}")).await?;
            if report.unseen + report.wrong == 0 || begun.elapsed() > Duration::from_mins(1) {
                return Ok(report);
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn outage(&self, outage: bool) -> Result<()> {
        let rough = Rough {
            shop: Some(DEAD),
            outage,
            ..Rough::default()
        };
        self.channels.tell("rough", &rough).await
    }

    async fn tally(&self) -> Result<Tally> {
        let tallies: Vec<Tally> = self.channels.ask("tally").await?;
        tallies.into_iter().nth(DEAD).context("there is no such shop")
    }

    async fn wrong(&self) -> Result<u64> {
        self.channels.ask(&format!("wrong?shop={DEAD}")).await
    }

    /// The channel comes back: dirty listings, calls that set numbers, all calls, seconds until it is right.
    async fn catch_up(&self) -> Result<(u64, Tally, Tally, f64)> {
        let (dirty, before) = (self.wrong().await?, self.tally().await?);
        self.outage(false).await?;
        let begun = Instant::now();
        while self.wrong().await? > 0 {
            if begun.elapsed() > Duration::from_mins(15) {
                bail!(
                    "{} listings are wrong 15 minutes after the channel came back",
                    self.wrong().await?
                );
            }
            sleep(Duration::from_millis(100)).await;
        }
        let took = begun.elapsed().as_secs_f64();
        // What would be called needlessly after that counts as well.
        sleep(Duration::from_secs(5)).await;
        Ok((dirty, before, self.tally().await?, took))
    }
}

#[allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "means and ratios of measurements"
)]
pub(crate) async fn run(program: &Path, hour: &Hour) -> Result<Vec<Figure>> {
    let server = RedisServer::start().await?;
    let wanted = Wanted {
        shops: SHOPS,
        skus: hour.skus,
        stock: STOCK,
        latency: 20,
    };
    let channels = Channels::open(&wanted).await?;
    let store = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    let rows: Vec<(usize, i64)> = (0..hour.skus).map(|number| (number, STOCK)).collect();
    let extras = [Extra::default(), Extra::default(), Extra::default(), LIMIT];
    let mut daemon = Daemon::start_with(program, &store, &channels.places, &rows, &extras)?;
    daemon
        .in_sync((hour.skus * SHOPS) as u64, Duration::from_mins(15))
        .await?;
    eprintln!(
        "outage: redis {} everysec, {} articles in {SHOPS} shops, the last takes 2 calls/s of {BATCH} listings, load average {:.2}",
        server.version().await?,
        hour.skus,
        load_average()
    );
    let half = hour.orders / 2 / hour.rate.max(1);
    let (calm, hour) = (hour.calm, hour.clone());
    let world = World { channels, hour };
    let first = world.load("A, all are well", calm).await?;
    let alive = world.tally().await?;
    world.outage(true).await?;
    let second = world.load("B, one is dead", half).await?;
    let third = world.load("B, one is dead", half).await?;
    let (dirty, before, after, took) = world.catch_up().await?;
    let fourth = world.load("A, all are well", calm).await?;
    let (write_calls, calls) = (after.write_calls - before.write_calls, after.calls - before.calls);
    eprintln!(
        "outage: {dirty} listings of the dead channel were wrong; {write_calls} calls set {} numbers, {calls} calls in all; {} calls while it was dead",
        after.written - before.written,
        before.calls - alive.calls
    );
    let ratio = write_calls as f64 / (dirty as f64 / BATCH).ceil();
    let [without, with] = [first[1] + fourth[1], second[1] + third[1]].map(|sum| sum / 2.0);
    if ratio > 1.01 {
        eprintln!("{}", daemon.log());
    }
    Ok(vec![
        Figure::plain("outage_dirty", dirty as f64, "listings"),
        Figure::plain("catch_up_calls", write_calls as f64, "calls"),
        Figure::at_most("catch_up_call_ratio", ratio, "ratio", 1.01),
        Figure::plain("catch_up_s", took, "s"),
        Figure::plain("outage_probes", (before.calls - alive.calls) as f64, "calls"),
        Figure::plain("others_without_p99_ms", without, "ms"),
        Figure::plain("others_with_p99_ms", with, "ms"),
        // Noise: what the two loads without an outage differ by, and a tenth.
        Figure::at_most("outage_others_p99_ratio", with / first[1].max(fourth[1]), "ratio", 1.1),
    ])
}
