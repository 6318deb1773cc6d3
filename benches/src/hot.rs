//! One article that everybody wants: at four shops at once until it is sold out, and 16 buyers at one shop while the
//! ERP's figure changes and our numbers race their sales.

use crate::channels::{Channels, Wanted};
use crate::daemon::Daemon;
use crate::figure::{Figure, load_average};
use crate::redis_server::RedisServer;
use crate::rough::{Crowd, Race, Sold, Tally};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const STOCK: i64 = 500;
const RATE: u64 = 1_000;
/// Figures of the ERP in the race are multiples of this; fewer units are sold.
const STRIDE: i64 = 100_000;
const BUYERS: u64 = 16;

#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
pub(crate) async fn run(program: &Path, seconds: u64) -> Result<Vec<Figure>> {
    let mut figures = sold_out(program).await?;
    figures.extend(race(program, seconds).await?);
    Ok(figures)
}

async fn open(program: &Path, shops: usize, stock: i64) -> Result<(RedisServer, Channels, Daemon)> {
    let server = RedisServer::start().await?;
    let wanted = Wanted {
        shops,
        skus: 1,
        stock,
        latency: 20,
    };
    let channels = Channels::open(&wanted).await?;
    let store = format!("kind = \"redis\"\nurl = \"{}\"", server.url());
    let mut daemon = Daemon::start(program, &store, &channels.places, &[(0, stock)])?;
    daemon.in_sync(shops as u64, Duration::from_mins(1)).await?;
    eprintln!(
        "hot: redis {} everysec, one article in {shops} shops, load average {:.2}",
        server.version().await?,
        load_average()
    );
    Ok((server, channels, daemon))
}

/// 1,000 buyers a second at four shops that take their own sales off and know of no others.
#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
async fn sold_out(program: &Path) -> Result<Vec<Figure>> {
    let (_server, channels, daemon) = open(program, 4, STOCK).await?;
    channels.buy(RATE, 2).await?;
    let begun = Instant::now();
    let mut wrong: u64 = 1;
    while wrong > 0 && begun.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(200)).await;
        wrong = channels.ask("wrong").await?;
    }
    if wrong > 0 {
        eprintln!("{}", daemon.log());
    }
    let sold: Vec<Sold> = channels.ask("sold").await?;
    let sold: i64 = sold.iter().map(|sold| sold.units).sum();
    let tallies: Vec<Tally> = channels.ask("tally").await?;
    let written: u64 = tallies.iter().map(|tally| tally.written).sum();
    Ok(vec![
        Figure::plain("hot_sold", sold as f64, "units"),
        Figure::plain("hot_oversold", (sold - STOCK).max(0) as f64, "units"),
        Figure::plain("hot_numbers_written", written as f64, "numbers"),
        Figure::at_most("hot_divergence", wrong as f64, "listings", 0.0),
    ])
}

/// A shop that sets what it is told, whatever it has sold meanwhile.
#[allow(clippy::cast_precision_loss, reason = "counts of one run")]
async fn race(program: &Path, seconds: u64) -> Result<Vec<Figure>> {
    let (_server, channels, mut daemon) = open(program, 1, STRIDE).await?;
    let crowd = Crowd {
        buyers: BUYERS,
        seconds,
        every: 200,
    };
    let mut figure = STRIDE;
    {
        let selling = channels.tell::<()>("crowd", &crowd);
        tokio::pin!(selling);
        loop {
            tokio::select! {
                sold = &mut selling => { sold?; break }
                () = sleep(Duration::from_millis(300)) => {
                    figure = if figure == STRIDE { 2 * STRIDE } else { STRIDE };
                    daemon.export(&[(0, figure)])?;
                }
            }
        }
    }
    let begun = Instant::now();
    let asked = format!("race?stride={STRIDE}&stock={STRIDE}");
    let mut race: Race = channels.ask(&asked).await?;
    while race.shown != figure - race.sold && begun.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(100)).await;
        race = channels.ask(&asked).await?;
    }
    let off = (race.shown - (figure - race.sold)).abs();
    if off > 0 {
        eprintln!("{}", daemon.log());
    }
    Ok(vec![
        Figure::plain("hot_race_sold", race.sold as f64, "units"),
        Figure::plain("hot_race_writes", race.writes as f64, "numbers"),
        Figure::plain("hot_race_wrong_between", race.wrong as f64, "numbers"),
        Figure::plain("hot_race_right_after_s", begun.elapsed().as_secs_f64(), "s"),
        Figure::at_most("hot_race_wrong_in_the_end", off as f64, "units", 0.0),
    ])
}
