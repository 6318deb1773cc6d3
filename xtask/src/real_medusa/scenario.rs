//! What must be true between a stock file, a real Medusa and a second shop that sells from the same pool.

use super::ARTICLES;
use super::daemon::{Daemon, Row};
use super::second_shop::SecondShop;
use super::server::Medusa;
use super::shop::Shop;
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// From the rename of a file, or from the poll that tells of an order, to the number at a channel.
const PROMISED: Duration = Duration::from_secs(2);

/// `orders_every` of the configuration: so long until the next poll tells of an order.
const POLL: Duration = Duration::from_millis(500);

/// After this it is not late but wrong.
const LONGEST: Duration = Duration::from_secs(30);

struct World<'a> {
    medusa: &'a Shop,
    second: SecondShop,
    daemon: Daemon,
}

/// What buyers see of `A-100`: at Medusa in Berlin and Hamburg, and at the second shop.
type Shown = (u64, u64, Option<i64>);

impl World<'_> {
    fn shown(&mut self) -> Result<Shown> {
        let (berlin, hamburg) = self.medusa.levels("A-100")?;
        Ok((berlin.available(), hamburg.available(), self.second.shown("A-100")?))
    }

    /// Waits until buyers see this and prints how long it took, beside what was promised: a busy machine is late,
    /// and only what never comes is an error.
    #[allow(
        clippy::disallowed_methods,
        reason = "measures what the user was promised, by the clock on the wall"
    )]
    fn expect(&mut self, what: &str, wanted: Shown, promised: Duration) -> Result<()> {
        let start = Instant::now();
        loop {
            let shown = self.shown()?;
            if shown == wanted {
                let (took, promised) = (start.elapsed().as_millis(), promised.as_millis());
                let verdict = if took <= promised { "within" } else { "LATE: beyond" };
                println!("{what}: {took} ms, {verdict} {promised} ms");
                return Ok(());
            }
            if start.elapsed() > LONGEST {
                bail!(
                    "{what}: after {LONGEST:?} buyers see {shown:?} instead of {wanted:?}\n{}",
                    self.daemon.testimony()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn rows(a_100: (&'static str, &'static str)) -> Vec<Row<'static>> {
    vec![
        ("A-100", a_100.0, "B/01"),
        ("A-100", a_100.1, "H/02"),
        ("A-200", "8,0", "B/01"),
        ("A-200", "0,0", "H/02"),
        ("Größe-1", "3", "B/01"),
        ("Größe-1", "3", "H/02"),
        ("CONNECTOR-1", "20", "B/01"),
        ("CONNECTOR-1", "20", "H/02"),
    ]
}

/// Runs it: every step starts where the one before ended.
pub(crate) fn run(medusa: &Medusa, shop: &mut Shop) -> Result<()> {
    let mut second = SecondShop::start()?;
    for (sku, berlin, hamburg) in ARTICLES {
        second.add(sku, berlin + hamburg)?;
    }
    let daemon =
        Daemon::start(medusa, shop, &second, &rows(("20,0", "5,0"))).context("the daemon did not become ready")?;
    let mut world = World {
        medusa: shop,
        second,
        daemon,
    };
    world.expect("after the start", (20, 5, Some(25)), LONGEST)?;

    world.daemon.drop_file(&rows(("17,0", "4,0")))?;
    world.expect("a stock file changes both shops", (17, 4, Some(21)), PROMISED)?;

    let order = world.medusa.buy("A-100", 3)?;
    world.expect(
        "an order in Medusa lowers the second shop",
        (14, 4, Some(18)),
        PROMISED + POLL,
    )?;
    let (berlin, _) = world.medusa.levels("A-100")?;
    if (berlin.stocked, berlin.reserved) != (17, 3) {
        bail!("Medusa should keep 17 gross with 3 reserved, but has {berlin:?}");
    }
    world.medusa.cancel(&order)?;
    world.expect(
        "cancelling it raises the second shop again",
        (17, 4, Some(21)),
        PROMISED + POLL,
    )?;

    let order = world.second.buy("A-100", 2)?;
    world.expect(
        "an order in the second shop lowers Medusa",
        (15, 4, Some(19)),
        PROMISED + POLL,
    )?;
    world.second.cancel(order)?;
    world.expect("cancelling it raises Medusa again", (17, 4, Some(21)), PROMISED + POLL)?;

    let large = world.medusa.buy("Größe-1", 3)?;
    let (berlin, hamburg) = world.medusa.levels("Größe-1")?;
    if berlin.available() + hamburg.available() != 3 {
        bail!("{large}: 3 of 6 should be left, not {berlin:?} and {hamburg:?}");
    }
    println!("a real Medusa and a second shop agree with the stock file");
    Ok(())
}
