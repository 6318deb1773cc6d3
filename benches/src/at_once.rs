//! Orders that no webhook has told of, all bought before they are asked for: how long until every shop shows what is left.

use crate::buyers::{Buying, Choice};
use crate::channels::Channels;
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average};
use crate::redis_server::RedisServer;
use crate::rough::{Rough, Tally};
use anyhow::{Result, ensure};
use omnistock_words::Millis;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Orders that wait at the shops when they are asked, and how many of them would have to be done with a second.
const WAITING: u64 = 40_000;
const CLAIMED: f64 = 10_000.0;
/// All numbers of all shops are looked at once nothing has been written for so long: to look takes the shops some 50 ms,
/// which the daemon could use. The time counts up to the last write, which the shops know.
const LOOK: Duration = Duration::from_secs(1);

/// It is quiet when no shop was called for so long; it is waited for so many times.
const QUIET: Duration = Duration::from_millis(250);
const LONG_AGO: usize = 40;

/// Everything that takes part.
pub(crate) struct World<'a> {
    pub(crate) server: &'a RedisServer,
    pub(crate) daemon: &'a Daemon,
    pub(crate) channels: &'a Channels,
}

/// Sales as they are (a few articles sell most), and, where that is asked for, behind them of all articles `alike`.
pub(crate) async fn run(world: &World<'_>, alike: bool) -> Result<Vec<Figure>> {
    let popular = orders_per_second(world, Choice::Popular).await?;
    let mut figures = vec![Figure::at_least("orders_per_s", popular, "orders/s", CLAIMED)];
    if alike {
        let rate = orders_per_second(world, Choice::InTurn).await?;
        figures.push(Figure::plain("orders_of_all_alike_per_s", rate, "orders/s"));
    }
    Ok(figures)
}

/// They enter page by page, 100 orders each, as these shops give them.
async fn orders_per_second(world: &World<'_>, what: Choice) -> Result<f64> {
    let (daemon, channels) = (world.daemon, world.channels);
    quiet(channels).await?;
    let silent = Rough {
        late: true,
        ..Rough::default()
    };
    let () = channels.tell("rough", &silent).await?;
    let buying = Buying {
        rate: WAITING,
        seconds: 1,
        what,
        ..Buying::default()
    };
    channels.buying(buying).await?;
    let before = (tally(channels).await?, processor(world), world.server.commands().await?);
    let (begun, asked) = (omnistock_sdk::now(), Instant::now());
    daemon.sync().await?;
    let last = loop {
        ensure!(asked.elapsed() < Duration::from_mins(2), "{}", daemon.log());
        let last: Option<Millis> = channels.ask("last_write").await?;
        sleep(LOOK).await;
        let quiet = last == channels.ask("last_write").await?;
        if quiet && channels.ask::<u64>("wrong").await? == 0 {
            break last;
        }
    };
    let took = last.map_or(0, |last| last.since(begun)).max(1);
    let (shops, then) = (tally(channels).await?, before.0);
    let (calls, writes, numbers) = (
        shops.calls - then.calls,
        shops.write_calls - then.write_calls,
        shops.written - then.written,
    );
    let (spent, commands) = (processor(world), world.server.commands().await?.since(&before.2).sum());
    let [of_daemon, of_shops, of_redis] = [0, 1, 2].map(|who: usize| {
        let of = |all: &[u64; 3]| all.get(who).copied().unwrap_or_default();
        of(&spent).saturating_sub(of(&before.1))
    });
    eprintln!(
        "storm: {WAITING} orders at once, {what:?}, done with in {took} ms: {numbers} numbers set by {writes} \
         of {calls} calls, {commands} commands of Redis; processor time {of_daemon} ms of the daemon, {of_shops} ms of the shops, {of_redis} ms of Redis; load \
         average {:.2}",
        load_average()
    );
    #[allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a rate")]
    Ok(WAITING as f64 * 1_000.0 / took as f64)
}

/// What came before is over: polls of orders go on for a while behind the last webhook.
async fn quiet(channels: &Channels) -> Result<()> {
    for _ in 0..LONG_AGO {
        let calls = tally(channels).await?.calls;
        sleep(QUIET).await;
        if calls == tally(channels).await?.calls {
            return Ok(());
        }
    }
    Ok(())
}

/// What all shops have counted.
async fn tally(channels: &Channels) -> Result<Tally> {
    let tallies: Vec<Tally> = channels.ask("tally").await?;
    let sum = |figure: fn(&Tally) -> u64| tallies.iter().map(figure).sum();
    Ok(Tally {
        calls: sum(|shop| shop.calls),
        write_calls: sum(|shop| shop.write_calls),
        written: sum(|shop| shop.written),
        ..Tally::default()
    })
}

/// Milliseconds of a core that daemon, shops and Redis have had.
fn processor(world: &World<'_>) -> [u64; 3] {
    [world.daemon.id(), world.channels.id(), world.server.id()].map(of_process)
}

fn of_process(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // Behind the name, which is in brackets and may hold anything: user and system time are the 12th and the 13th.
    let behind = text.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok());
    // A hundred ticks a second, on every Linux that this runs on.
    ticks.sum::<u64>() * 10
}
