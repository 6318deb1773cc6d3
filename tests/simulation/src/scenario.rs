//! What one seed is about: the merchant, the channels, and which faults happen.

use crate::fault::{Fault, Faults};
use crate::random::Random;
use omnistock_words::{Absorb, Basis, Sourcing};

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 3_600_000;
/// How long buyers come; longer where they found little.
pub(crate) const TRAFFIC: i64 = 150 * MINUTE;
/// When every world begins.
pub(crate) const BEGIN: i64 = 1_767_600_000_000;
/// No order needs longer from being placed to being in the ERP.
pub(crate) const IMPORT_MOST: i64 = 20 * MINUTE;

/// Calls a minute, and at once: one channel is far stricter than the others.
fn rate(channel: usize, per_minute: i64, burst: i64) -> (i64, i64) {
    if channel == 1 {
        (per_minute / 3, 1 + burst / 10)
    } else {
        (per_minute, burst)
    }
}

/// What a channel tells of an order besides being polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Webhooks {
    None,
    /// Only that something has happened.
    Hint,
    /// The order itself.
    Body,
}

/// One channel.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, named")]
pub(crate) struct ShopPlan {
    /// Locations in order; the number behind the last physical one is the carved one.
    pub(crate) pool: Vec<usize>,
    /// The physical locations behind it.
    pub(crate) behind: Vec<usize>,
    pub(crate) gross: bool,
    /// Writes name the number that they replace.
    pub(crate) compares: bool,
    /// One listing per SKU and location.
    pub(crate) located: bool,
    pub(crate) sourcing: Sourcing,
    pub(crate) share: Option<u32>,
    pub(crate) safety: i64,
    pub(crate) stop_at: Option<i64>,
    pub(crate) max_shown: Option<i64>,
    /// SKUs whose listing holds several units, and how many.
    pub(crate) factors: Vec<(usize, i64)>,
    /// Sold in multiples of it.
    pub(crate) pack: i64,
    pub(crate) webhooks: Webhooks,
    pub(crate) latency: (i64, i64),
    pub(crate) max_write: usize,
    pub(crate) max_read: usize,
    pub(crate) concurrency: usize,
    pub(crate) grain: i64,
    pub(crate) clock: i64,
    pub(crate) counter: bool,
    pub(crate) restocks: bool,
    pub(crate) orders_every: i64,
    /// Calls a minute that the vendor takes, and how many at once.
    pub(crate) rate: (i64, i64),
    pub(crate) most: i64,
    /// In thousandths of the list price.
    pub(crate) price_factor: i64,
    pub(crate) popularity: u64,
}

/// One seed.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) traffic: i64,
    pub(crate) skus: usize,
    /// Components of each bundle; their SKUs follow the simple ones.
    pub(crate) bundles: Vec<Vec<(usize, i64)>>,
    pub(crate) places: usize,
    /// Units carved out of location 0.
    pub(crate) carve: Option<i64>,
    pub(crate) place_safety: Vec<i64>,
    pub(crate) shops: Vec<ShopPlan>,
    pub(crate) basis: Basis,
    pub(crate) absorb: Absorb,
    pub(crate) export_every: i64,
    pub(crate) daemons: usize,
    pub(crate) faults: Faults,
}

/// What shrinking may take away.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cut {
    pub(crate) traffic: Option<i64>,
    pub(crate) without: Faults,
    pub(crate) skus: Option<usize>,
    pub(crate) channels: Option<usize>,
}

impl Scenario {
    pub(crate) fn draw(seed: u64, cut: &Cut) -> Self {
        let mut random = Random::new(seed, 1);
        let mut faults = Faults::draw(&mut Random::new(seed, 2));
        for fault in cut.without.list() {
            faults = faults.without(fault);
        }
        // A fresh store has no baseline: only a report that proves its completeness may fill it.
        if faults.has(Fault::Flush) {
            faults = faults
                .without(Fault::Truncated)
                .without(Fault::MassZero)
                .without(Fault::WrongFactor);
        }
        let (skus, places) = (random.range(20, 28) as usize, random.range(2, 3) as usize);
        let carve = random.chance(400).then(|| random.range(2, 6));
        let (basis, absorb) = books(&mut random);
        let mut bundles = Vec::new();
        for _ in 0..random.range(1, 3) {
            let (one, step) = (random.below(skus), 1 + random.below(skus - 1));
            let parts = vec![(one, random.range(1, 2)), ((one + step) % skus, random.range(1, 3))];
            bundles.push(parts);
        }
        let channels = random.range(4, 5) as usize;
        let mut shops: Vec<_> = (0..channels)
            .map(|c| shop(&mut random, c, places, carve.is_some(), skus))
            .collect();
        if random.chance(300) {
            // Two channels share one pool in parts that add up.
            let (pool, share) = (shops[1].pool.clone(), random.range(20, 80) as u32);
            shops[2].pool = pool;
            (shops[1].share, shops[2].share) = (Some(share), Some(100 - share));
        }
        shops.truncate(cut.channels.unwrap_or(channels));
        Self {
            seed,
            traffic: cut.traffic.unwrap_or(TRAFFIC),
            skus: cut.skus.unwrap_or(skus).min(skus),
            bundles,
            places,
            carve,
            place_safety: (0..places).map(|_| i64::from(random.chance(150))).collect(),
            shops,
            basis,
            absorb,
            export_every: random.range(5, 12) * MINUTE,
            daemons: random.pick(&[1, 1, 2, 3]),
            faults,
        }
        .tidy()
    }

    /// After SKUs were cut away, what named them is gone too.
    fn tidy(mut self) -> Self {
        let (skus, places) = (self.skus, self.places);
        self.bundles.retain(|parts| parts.iter().all(|(part, _)| *part < skus));
        for shop in &mut self.shops {
            shop.factors.retain(|(k, _)| *k < skus);
            shop.behind = behind(&shop.pool, places);
        }
        self
    }

    /// Simple SKUs and bundles.
    pub(crate) fn articles(&self) -> usize {
        self.skus + self.bundles.len()
    }

    /// Units of each simple SKU in one of this article.
    pub(crate) fn parts(&self, bundles: &[Vec<(usize, i64)>], article: usize) -> Vec<(usize, i64)> {
        match article.checked_sub(self.skus) {
            None => vec![(article, 1)],
            Some(bundle) => bundles[bundle].clone(),
        }
    }
}

/// The physical locations behind a pool, in its order.
fn behind(pool: &[usize], places: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for location in pool {
        let physical = if *location >= places { 0 } else { *location };
        if !found.contains(&physical) {
            found.push(physical);
        }
    }
    found
}

/// What the ERP's numbers contain, and how we learn what they contain.
fn books(random: &mut Random) -> (Basis, Absorb) {
    match random.below(10) {
        0..=2 => (Basis::Physical, Absorb::ByReference),
        3..=4 => (Basis::NetOfReserved, Absorb::ByReference),
        5..=7 => (Basis::NetOfOrders, Absorb::ByReference),
        8 => (Basis::Physical, Absorb::ByStatus),
        _ => (Basis::NetOfOrders, Absorb::ByDelay(IMPORT_MOST + MINUTE)),
    }
}

fn shop(random: &mut Random, c: usize, places: usize, carved: bool, skus: usize) -> ShopPlan {
    let gross = c == 1 || (c > 1 && random.chance(300));
    let mut pool: Vec<usize> = (0..places).collect();
    pool.rotate_left(random.below(places));
    pool.truncate(if random.chance(700) {
        places
    } else {
        random.range(1, places as i64) as usize
    });
    if carved && c == 3 {
        pool.insert(0, places);
        pool.retain(|location| *location != 0);
    }
    let factors = if c == 2 {
        vec![(random.below(skus), 2)]
    } else {
        Vec::new()
    };
    let (quick, slow) = (random.range(15, 80), random.range(100, 900));
    ShopPlan {
        located: gross && pool.len() > 1 && !pool.contains(&places) && random.chance(500),
        pool,
        behind: Vec::new(),
        gross,
        compares: random.chance(200),
        sourcing: random.pick(&[
            Sourcing::Priority,
            Sourcing::Priority,
            Sourcing::MostStock,
            Sourcing::SingleLocation,
        ]),
        share: None,
        safety: random.pick(&[0, 0, 0, 1, 2]),
        stop_at: if random.chance(150) { Some(1) } else { None },
        max_shown: if random.chance(300) {
            Some(random.range(5, 20))
        } else {
            None
        },
        factors,
        pack: if c == 3 && random.chance(200) { 2 } else { 0 },
        webhooks: random.pick(&[Webhooks::None, Webhooks::Hint, Webhooks::Body, Webhooks::Body]),
        latency: (quick, slow),
        max_write: random.pick(&[1, 5, 20, 50]),
        max_read: random.pick(&[10, 50]),
        concurrency: random.pick(&[1, 2, 4]),
        grain: if random.chance(500) { SECOND } else { 1 },
        clock: random.range(-250, 250),
        counter: random.chance(500),
        restocks: random.chance(700),
        orders_every: random.range(15, 60) * SECOND,
        rate: rate(c, random.range(240, 1_200), random.range(10, 40)),
        most: 999,
        price_factor: random.pick(&[1_000, 1_060, 1_150]),
        popularity: [4, 3, 2, 2, 1][c],
    }
}
