//! A merchant whose daemon reaches Redis and its shops over lines that fail, and what has to hold when they are mended.

use crate::several::pair::store;
use crate::support::books::{Blind, Erp, buy, unknown_orders};
use crate::support::daemon::Daemon;
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::merchant::{ARTICLES, Merchant, PATIENCE, free_port};
use crate::support::redis::RedisServer;
use omnistock_sdk::now;
use omnistock_woocommerce::simulator::SimulatorSettings;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// From the last buyer, a moment after the line is mended, to every shop being right: a call that waits, a pause before
/// the next try, and the work.
pub(super) const RIGHT_WITHIN: Duration = Duration::from_secs(15);

/// All that can happen to a line, with numbers from the seed.
fn faults(random: &mut StdRng) -> [Fault; 8] {
    let milliseconds = Duration::from_millis;
    [
        Fault::Latency(milliseconds(150), milliseconds(250)),
        Fault::Reset,
        Fault::ResetBehind(random.random_range(1..200)),
        Fault::BlackHole { forgotten: false },
        Fault::BlackHole { forgotten: true },
        Fault::HalfClosed,
        Fault::Slow(random.random_range(20..200), milliseconds(40)),
        Fault::Refused,
    ]
}

/// Whether nothing can be asked over such a line.
fn cuts(fault: Fault) -> bool {
    !matches!(fault, Fault::None | Fault::Latency(..) | Fault::Slow(..))
}

/// A merchant with its daemon.
pub(super) struct Trial {
    pub(super) merchant: Merchant,
    pub(super) to_redis: FaultProxy,
    pub(super) to_shop: FaultProxy,
    pub(super) daemon: Daemon,
    _redis: RedisServer,
    pub(super) random: StdRng,
    erp: Erp,
    blind: Blind,
    coming: Vec<Fault>,
    slowest: Duration,
}

impl Trial {
    pub(super) async fn begin(seed: u64) -> Self {
        Self::begin_with(seed, |text| text).await
    }

    /// With another text of the configuration.
    pub(super) async fn begin_with(seed: u64, change: impl FnOnce(String) -> String) -> Self {
        let (outside, redis) = (free_port(), RedisServer::start());
        let settings = SimulatorSettings {
            address: Some(format!("http://127.0.0.1:{outside}")),
            ..SimulatorSettings::default()
        };
        let merchant = Merchant::open_with(settings).await;
        let to_redis = FaultProxy::before(redis.port(), seed);
        let to_shop = FaultProxy::on(outside, merchant.shop.port(), seed);
        let section = store(
            &merchant,
            &format!("redis://127.0.0.1:{}/", to_redis.port()),
            "omnistock",
            "state",
        );
        let own = format!("http://127.0.0.1:{}\"", merchant.shop.port());
        let text = merchant
            .text(&section)
            .replace(&own, &format!("http://127.0.0.1:{outside}\""));
        let daemon = Daemon::start(&merchant.write(&change(text)));
        let mut trial = Self {
            erp: Erp::open(&merchant),
            merchant,
            to_redis,
            to_shop,
            daemon,
            _redis: redis,
            random: StdRng::seed_from_u64(seed),
            blind: Blind::default(),
            coming: Vec::new(),
            slowest: Duration::ZERO,
        };
        trial.comes_right("the beginning", PATIENCE).await;
        trial
    }

    /// The next fault: each comes once before any comes again.
    pub(super) fn next_fault(&mut self) -> Fault {
        if self.coming.is_empty() {
            self.coming = faults(&mut self.random).to_vec();
            self.coming.shuffle(&mut self.random);
        }
        self.coming.pop().unwrap()
    }

    /// Buyers buy and the ERP counts; in the middle of it the line fails, it is waited until the daemon `says` so
    /// where nothing can be asked over it, and some time later it is mended. Then everything has to come right.
    pub(super) async fn round(
        &mut self,
        fault: Fault,
        line: impl Fn(&Self) -> &FaultProxy,
        says: impl Fn(&Merchant) -> Result<(), String>,
    ) {
        let stop = CancellationToken::new();
        let load = Duration::from_millis(self.random.random_range(100..400));
        let longer = Duration::from_millis(self.random.random_range(200..700));
        let (buyers, mut counts) = (
            StdRng::seed_from_u64(self.random.random()),
            StdRng::seed_from_u64(self.random.random()),
        );
        let trouble = async {
            tokio::time::sleep(load).await;
            let failed = now();
            line(self).set(fault);
            self.erp.change(&self.merchant, &mut counts);
            if cuts(fault) {
                said(&says, self, fault).await;
            }
            tokio::time::sleep(longer).await;
            line(self).heal();
            // What was held up arrives among newer sales.
            tokio::time::sleep(load).await;
            stop.cancel();
            failed
        };
        let (failed, ()) = tokio::join!(trouble, buy(&self.merchant, buyers, &stop));
        let took = self.comes_right(&format!("{fault:?}"), RIGHT_WITHIN).await;
        println!("{fault:?}: right {} ms after the last buyer", took.as_millis());
        self.slowest = self.slowest.max(took);
        self.blind.add(failed, now());
    }

    /// Waits until every shop shows what is left and every order is in a ledger; how long that took.
    async fn comes_right(&mut self, what: &str, within: Duration) -> Duration {
        let begun = Instant::now();
        let left = self.erp.left(&self.merchant);
        let shows = |index: usize| left[index];
        loop {
            assert!(self.daemon.runs(), "{what}: it ended\n{}", self.daemon.log());
            let lost = || unknown_orders(&self.merchant, self.merchant.admin);
            if self.merchant.both_show(shows) && lost().is_empty() {
                return begun.elapsed();
            }
            if begun.elapsed() > within {
                let lost = lost();
                let status = self.merchant.status();
                let wrong = (0..ARTICLES).filter(|index| {
                    let sku = crate::support::merchant::sku(*index);
                    [self.merchant.shop.shown(&sku), self.merchant.market.shown(&sku)] != [Some(left[*index]); 2]
                });
                let wrong: Vec<usize> = wrong.collect();
                panic!(
                    "{what}: not right within {within:?}: {wrong:?} of {left:?}, not known {lost:?}\n{}\n{status:#}\n{}",
                    self.merchant.shown(),
                    self.daemon.log()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What is judged over all rounds.
    pub(super) fn end(mut self, what: &str, rounds: u32) {
        let oversold = self.erp.oversold(&self.merchant, &self.blind);
        let sold = crate::support::books::sales(&self.merchant).len();
        println!(
            "{rounds} faults {what}: {sold} orders, none lost; {oversold} units oversold, each of a sale that could not be known yet; right within {} ms at the latest",
            self.slowest.as_millis()
        );
        self.daemon.terminate();
    }
}

/// Waits until the daemon says what is wrong.
async fn said(says: &impl Fn(&Merchant) -> Result<(), String>, trial: &Trial, fault: Fault) {
    let begun = Instant::now();
    while let Err(instead) = says(&trial.merchant) {
        assert!(
            begun.elapsed() < RIGHT_WITHIN,
            "{fault:?} was not said within {RIGHT_WITHIN:?}: {instead}\n{}",
            trial.daemon.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
