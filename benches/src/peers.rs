//! Other programs in the same run: same shops, buyers, webhooks and Redis, one program after the other, there and back
//! (A B C D D C B A). What each was told to do is in `benches/peers/`; what none of them claims is in the documents.

mod program;

use crate::channels::{Channels, Report, Wanted};
use crate::figure::{Figure, load_average, quantile};
use crate::redis_server::RedisServer;
use crate::rough::{Rough, Tally};
use anyhow::{Result, ensure};
use clap::Args;
use program::{Contestant, Program};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHOPS: usize = 4;
/// More than is ever sold: nothing of this is about empty shelves.
const STOCK: i64 = 10_000;
/// Milliseconds that a shop takes for an answer.
const LATENCY: u64 = 20;
/// All is right and nobody has written anything for so long: it is over.
const QUIET: Duration = Duration::from_secs(1);
/// Not all is right, and nobody has written anything for so long: it stays wrong.
const GIVEN_UP: Duration = Duration::from_secs(5);
/// Whatever still writes then is not waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How much is bought.
#[derive(Debug, Clone, Args)]
pub(crate) struct Round {
    /// Where the other programs are installed.
    #[arg(long)]
    installed: PathBuf,
    /// Orders a second.
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// Seconds in which each article is bought once.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Then so many articles are bought again and again, at all shops in turn.
    #[arg(long, default_value_t = 5)]
    few: usize,
    /// For so many seconds; and so long, in the first turn, everything is bought while shops and webhooks fail.
    #[arg(long, default_value_t = 3)]
    again: u64,
    /// Only these programs; all where none is named.
    #[arg(long, value_enum)]
    only: Vec<Contestant>,
}

/// What a program has done in both of its turns.
#[derive(Debug, Default)]
struct Sum {
    /// Milliseconds from each order of an article of its own to the last of the other shops.
    last: Vec<f64>,
    orders: u64,
    again: u64,
    calls: u64,
    calls_again: u64,
    commands: u64,
    commands_again: u64,
    unseen: u64,
    wrong: u64,
    wrong_again: u64,
    /// After the failures.
    wrong_rough: u64,
    /// Whether this is not the first turn.
    second: bool,
}

/// What was counted when the last number was written.
#[derive(Debug, Default)]
struct Settled {
    report: Report,
    calls: u64,
    commands: u64,
}

pub(crate) async fn run(daemon: &Path, round: &Round) -> Result<Vec<Figure>> {
    let all = [
        Contestant::Omnistock,
        Contestant::BullmqNaive,
        Contestant::BullmqDeduplicated,
        Contestant::Inventra,
    ];
    let chosen: Vec<Contestant> = all
        .into_iter()
        .filter(|one| round.only.is_empty() || round.only.contains(one))
        .collect();
    let mut sums: Vec<Sum> = chosen.iter().map(|_| Sum::default()).collect();
    for turn in (0..chosen.len()).chain((0..chosen.len()).rev()) {
        if let (Some(contestant), Some(sum)) = (chosen.get(turn), sums.get_mut(turn)) {
            one(daemon, *contestant, round, sum).await?;
        }
    }
    let first = sums.first();
    let mut figures = Vec::new();
    for (contestant, sum) in chosen.iter().zip(&sums) {
        figures.extend(of_program(*contestant, sum, round.rate));
        let ours = first.filter(|_| *contestant != Contestant::Omnistock && chosen.contains(&Contestant::Omnistock));
        if let Some(ours) = ours {
            figures.extend(beside(*contestant, sum, ours, round.rate));
        }
    }
    Ok(figures)
}

/// One turn of a program: articles bought once each, then few of them bought again and again.
async fn one(daemon: &Path, contestant: Contestant, round: &Round, sum: &mut Sum) -> Result<()> {
    let skus = usize::try_from(round.rate * round.seconds)?;
    let server = RedisServer::start().await?;
    let wanted = Wanted {
        shops: SHOPS,
        skus,
        stock: STOCK,
        latency: LATENCY,
    };
    let channels = Channels::open(&wanted).await?;
    let program = Program::start(
        contestant,
        daemon,
        &round.installed,
        &server,
        &channels.places,
        (skus, STOCK),
    )
    .await?;
    eprintln!(
        "peers: {}: {}; redis {} everysec; a 2xx: {}; load average {:.2}",
        contestant.name(),
        program.says,
        server.version().await?,
        contestant.durability(),
        load_average()
    );
    let before = counted(&server, &channels).await?;
    let since = channels.buy(round.rate, round.seconds).await?;
    let once = settled(&server, &channels, since.0).await?;
    let between = counted(&server, &channels).await?;
    let since = channels.buy_among(round.few, round.rate, round.again).await?;
    let again = settled(&server, &channels, since.0).await?;
    ensure!(
        once.report.orders == round.rate * round.seconds && again.report.orders == round.rate * round.again,
        "{} and {} orders were placed",
        once.report.orders,
        again.report.orders
    );
    eprintln!(
        "peers: {}: p50 {:.0} ms, p99 {:.0} ms, {} unseen, wrong {} and {}, calls {} and {}, commands {} and {}",
        contestant.name(),
        quantile(&once.report.last, 0.5),
        quantile(&once.report.last, 0.99),
        once.report.unseen,
        once.report.wrong,
        again.report.wrong,
        once.calls - before.0,
        again.calls - between.0,
        once.commands.saturating_sub(before.1),
        again.commands.saturating_sub(between.1),
    );
    if !sum.second {
        sum.wrong_rough = rough(&server, &channels, round).await?;
        eprintln!(
            "peers: {}: wrong after failures: {}",
            contestant.name(),
            sum.wrong_rough
        );
        sum.second = true;
    }
    if contestant == Contestant::Omnistock && once.report.wrong + again.report.wrong + sum.wrong_rough > 0 {
        eprintln!("{}", program.log());
    }
    sum.add(before, once, between, &again);
    Ok(())
}

impl Sum {
    /// A turn: what was counted before, when each article had been bought, before the few, and behind them.
    fn add(&mut self, before: (u64, u64), once: Settled, between: (u64, u64), again: &Settled) {
        self.orders += once.report.orders;
        self.again += again.report.orders;
        self.calls += once.calls - before.0;
        self.calls_again += again.calls - between.0;
        self.commands += once.commands.saturating_sub(before.1);
        self.commands_again += again.commands.saturating_sub(between.1);
        self.unseen += once.report.unseen;
        self.wrong += once.report.wrong;
        self.wrong_again += again.report.wrong;
        self.last.extend(once.report.last);
        self.last.sort_by(f64::total_cmp);
    }
}

/// Everything fails a little for a while, then all is well; how many listings stay wrong.
async fn rough(server: &RedisServer, channels: &Channels, round: &Round) -> Result<u64> {
    let () = channels.tell("rough", &Rough::CHAOS).await?;
    let since = channels.buy(round.rate, round.again).await?;
    let () = channels.tell("rough", &Rough::default()).await?;
    Ok(settled(server, channels, since.0).await?.report.wrong)
}

/// Calls that reached the shops, and commands that Redis carried out.
async fn counted(server: &RedisServer, channels: &Channels) -> Result<(u64, u64)> {
    let tallies: Vec<Tally> = channels.ask("tally").await?;
    let calls = tallies.iter().map(|tally| tally.calls).sum();
    Ok((calls, server.commands().await?.sum()))
}

/// Waits until all is right and stays so, or until nobody seems to be about to change anything.
async fn settled(server: &RedisServer, channels: &Channels, since: i64) -> Result<Settled> {
    let (begun, mut still) = (Instant::now(), Instant::now());
    let mut settled = Settled::default();
    loop {
        let report: Report = channels.ask(&format!("report?since={since}")).await?;
        let right = report.unseen + report.wrong == 0;
        if report.writes != settled.report.writes {
            still = Instant::now();
            let (calls, commands) = counted(server, channels).await?;
            (settled.calls, settled.commands) = (calls, commands);
        }
        settled.report = report;
        let quiet = still.elapsed();
        if quiet >= GIVEN_UP || right && quiet >= QUIET || begun.elapsed() > PATIENCE {
            return Ok(settled);
        }
        sleep(Duration::from_millis(250)).await;
    }
}

#[allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "ratios of counts of one run"
)]
fn each(count: u64, orders: u64) -> f64 {
    count as f64 / orders as f64
}

#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
fn of_program(contestant: Contestant, sum: &Sum, rate: u64) -> Vec<Figure> {
    let name = contestant.name();
    let plain = |what: &str, figure: f64, unit: &'static str| {
        Figure::plain(format!("peers_{rate}_{what}"), figure, unit).on(name)
    };
    let wrong = |what: &str, count: u64| {
        // Ours have to be right; what the others leave wrong is only to be known.
        if contestant == Contestant::Omnistock {
            Figure::at_most(format!("peers_{rate}_{what}"), count as f64, "listings", 0.0).on(name)
        } else {
            plain(what, count as f64, "listings")
        }
    };
    vec![
        plain("last_channel_p50_ms", quantile(&sum.last, 0.5), "ms"),
        plain("last_channel_p99_ms", quantile(&sum.last, 0.99), "ms"),
        plain("unseen", sum.unseen as f64, "orders"),
        wrong("wrong", sum.wrong),
        wrong("again_wrong", sum.wrong_again),
        wrong("wrong_after_failures", sum.wrong_rough),
        plain("calls_per_order", each(sum.calls, sum.orders), "calls"),
        plain("again_calls_per_order", each(sum.calls_again, sum.again), "calls"),
        plain("redis_commands_per_order", each(sum.commands, sum.orders), "commands"),
        plain(
            "again_redis_commands_per_order",
            each(sum.commands_again, sum.again),
            "commands",
        ),
    ]
}

/// A peer's figures divided by ours.
#[allow(clippy::float_arithmetic, reason = "ratios of measurements")]
fn beside(contestant: Contestant, sum: &Sum, ours: &Sum, rate: u64) -> Vec<Figure> {
    let ratio = |what: &str, theirs: f64, ours: f64| {
        Figure::plain(format!("peers_{rate}_{what}_ratio"), theirs / ours, "times ours").on(contestant.name())
    };
    let time = |share: f64| (quantile(&sum.last, share), quantile(&ours.last, share));
    let (p50, p99) = (time(0.5), time(0.99));
    vec![
        ratio("last_channel_p50", p50.0, p50.1),
        ratio("last_channel_p99", p99.0, p99.1),
        ratio("calls", each(sum.calls, sum.orders), each(ours.calls, ours.orders)),
        ratio(
            "again_calls",
            each(sum.calls_again, sum.again),
            each(ours.calls_again, ours.again),
        ),
        ratio(
            "redis_commands",
            each(sum.commands, sum.orders),
            each(ours.commands, ours.orders),
        ),
    ]
}
