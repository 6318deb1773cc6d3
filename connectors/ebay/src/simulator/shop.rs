//! The seller's books: inventory items, offers, older listings, what buyers see, how often each page was revised.

use super::SimulatorSettings;
use super::notify::Notices;
use super::orders::Order;
use super::records::{BatchRule, Counters, Exchange, Faults, Refusal, Sale};
use super::tokens::Tokens;
use omnistock_words::Millis;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use tokio::time::Instant;

/// Exchanges that are remembered; older ones are forgotten.
const MOST_EXCHANGES: usize = 5_000;
/// Revisions of a page in a day, at most.
pub(super) const REVISIONS: u32 = 250;
const DAY: i64 = 86_400_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    /// What there is; none after it was replaced without a number.
    pub(super) quantity: Option<i64>,
    /// What an auction holds of it.
    pub(super) auction: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) sku: String,
    pub(super) marketplace: String,
    pub(super) format: &'static str,
    pub(super) published: bool,
    pub(super) quantity: i64,
    pub(super) price: (String, String),
    pub(super) page: Option<u64>,
    pub(super) ended: bool,
    pub(super) sold: i64,
}

/// A number of an older listing.
#[derive(Debug, Clone)]
pub(super) struct Variation {
    pub(super) sku: Option<String>,
    pub(super) left: i64,
    pub(super) sold: i64,
    pub(super) price: (String, String),
}

#[derive(Debug, Clone)]
pub(super) struct Older {
    /// One without variations has one number.
    pub(super) numbers: Vec<Variation>,
    pub(super) varies: bool,
    pub(super) ended: bool,
}

/// A change that was accepted.
#[derive(Debug, Clone)]
pub(super) enum Accepted {
    Item {
        sku: String,
        quantity: i64,
    },
    Offer {
        offer: u64,
        quantity: Option<i64>,
        price: Option<(String, String)>,
    },
    Older {
        item: u64,
        sku: Option<String>,
        quantity: Option<i64>,
        price: Option<String>,
    },
}

pub(super) struct Shop {
    pub(super) faults: Faults,
    pub(super) rule: BatchRule,
    pub(super) counters: Counters,
    pub(super) tokens: Tokens,
    pub(super) items: BTreeMap<String, Item>,
    pub(super) offers: BTreeMap<u64, Offer>,
    /// Offers by SKU and by page, those that are gone too: a large account is asked for each of them.
    of_sku: BTreeMap<String, Vec<u64>>,
    of_page: BTreeMap<u64, Vec<u64>>,
    pub(super) older: BTreeMap<u64, Older>,
    pub(super) orders: BTreeMap<String, Order>,
    pub(super) sales: Vec<Sale>,
    pub(super) notices: Notices,
    pub(super) keeps_sold_out: bool,
    /// Calls of each quota in this day, and how many there may be.
    pub(super) quotas: BTreeMap<&'static str, (u64, u64)>,
    day: i64,
    revisions: BTreeMap<(u64, i64), u32>,
    late: VecDeque<(Instant, Accepted)>,
    clock: Option<Millis>,
    made: u64,
    random: StdRng,
    pub(super) remembers: bool,
    pub(super) exchanges: VecDeque<Exchange>,
}

impl Shop {
    pub(super) fn new(settings: &SimulatorSettings) -> Self {
        let quotas = [
            ("inventory", 2_000_000),
            ("fulfillment", 100_000),
            ("tradingapi", 5_000),
        ];
        Self {
            faults: settings.faults.clone(),
            rule: settings.rule,
            counters: Counters::default(),
            tokens: Tokens::new(settings.token_life),
            items: BTreeMap::new(),
            offers: BTreeMap::new(),
            of_sku: BTreeMap::new(),
            of_page: BTreeMap::new(),
            older: BTreeMap::new(),
            orders: BTreeMap::new(),
            sales: Vec::new(),
            notices: Notices::new(settings.challenges),
            keeps_sold_out: settings.out_of_stock_control,
            quotas: quotas.into_iter().map(|(name, most)| (name, (0, most))).collect(),
            day: i64::MIN,
            revisions: BTreeMap::new(),
            late: VecDeque::new(),
            clock: None,
            made: 110_000_000_000,
            random: StdRng::seed_from_u64(settings.seed),
            remembers: false,
            exchanges: VecDeque::new(),
        }
    }

    /// The vendor's clock.
    pub(super) fn now(&self) -> Millis {
        self.clock.unwrap_or_else(omnistock_sdk::now)
    }

    /// The vendor's day since 1970.
    pub(super) fn today(&self) -> i64 {
        self.now().0.div_euclid(DAY)
    }

    pub(super) fn set_now(&mut self, now: Millis) {
        self.clock = Some(now);
    }

    pub(super) fn happens(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.random.random::<f64>() < rate
    }

    pub(super) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(super) fn remember(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= MOST_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    /// One more call of this quota; false where there may be no more today.
    pub(super) fn spend(&mut self, quota: &str) -> bool {
        let today = self.today();
        if today != self.day {
            self.day = today;
            self.quotas.values_mut().for_each(|(used, _)| *used = 0);
        }
        let Some((used, most)) = self.quotas.get_mut(quota) else {
            return true;
        };
        *used += 1;
        *used <= *most
    }

    /// When the day's quotas begin anew.
    pub(super) fn tomorrow(&self) -> Millis {
        Millis((self.now().0.div_euclid(DAY) + 1) * DAY)
    }

    /// One more revision of a page today; false where there may be none.
    pub(super) fn revise(&mut self, page: u64) -> bool {
        let today = self.today();
        let count = self.revisions.entry((page, today)).or_default();
        if *count >= REVISIONS {
            self.counters.revisions_refused += 1;
            return false;
        }
        *count += 1;
        true
    }

    /// Revisions by page and day.
    pub(super) fn revisions(&self) -> BTreeMap<(u64, i64), u32> {
        self.revisions.clone()
    }

    /// What was accepted is there at once, later, or never.
    pub(super) fn accept(&mut self, change: Accepted) {
        if self.faults.forgets {
            return;
        }
        if self.faults.delay.is_zero() {
            return self.apply(change);
        }
        self.late.push_back((Instant::now() + self.faults.delay, change));
    }

    /// What was accepted earlier and is due is there from now on.
    pub(super) fn catch_up(&mut self) {
        while let Some((due, _)) = self.late.front()
            && *due <= Instant::now()
        {
            if let Some((_, change)) = self.late.pop_front() {
                self.apply(change);
            }
        }
    }

    fn apply(&mut self, change: Accepted) {
        let most = self.faults.most_units.unwrap_or(i64::MAX);
        match change {
            Accepted::Item { sku, quantity } => {
                if let Some(item) = self.items.get_mut(&sku) {
                    item.quantity = Some(quantity.min(most));
                }
                self.end_sold_out();
            }
            Accepted::Offer { offer, quantity, price } => {
                if let Some(offer) = self.offers.get_mut(&offer) {
                    offer.quantity = quantity.map_or(offer.quantity, |quantity| quantity.min(most));
                    offer.price = price.unwrap_or_else(|| offer.price.clone());
                }
                self.end_sold_out();
            }
            Accepted::Older {
                item,
                sku,
                quantity,
                price,
            } => {
                let numbers = self
                    .older
                    .get_mut(&item)
                    .map(|older| (older.varies, &mut older.numbers));
                let Some((varies, numbers)) = numbers else { return };
                let same = |number: &&mut Variation| !varies || number.sku == sku;
                if let Some(number) = numbers.iter_mut().find(same) {
                    number.left = quantity.map_or(number.left, |quantity| quantity.min(most));
                    number.price.0 = price.unwrap_or_else(|| number.price.0.clone());
                }
                self.end_sold_out();
            }
        }
    }

    /// Without out-of-stock control a listing of which nothing is left ends.
    fn end_sold_out(&mut self) {
        if self.keeps_sold_out {
            return;
        }
        let offers: Vec<u64> = self.offers.keys().copied().collect();
        for id in offers {
            let fixed = self
                .offers
                .get(&id)
                .is_some_and(|offer| offer.format == "FIXED_PRICE" && offer.published);
            if fixed && self.shown_by(id) == Some(0) {
                self.offers
                    .get_mut(&id)
                    .into_iter()
                    .for_each(|offer| offer.ended = true);
            }
        }
        for older in self.older.values_mut() {
            older.ended |= older.numbers.iter().all(|number| number.left <= 0);
        }
    }

    /// What an offer shows to buyers; none where it is not for sale.
    pub(super) fn shown_by(&self, offer: u64) -> Option<i64> {
        let offer = self
            .offers
            .get(&offer)
            .filter(|offer| offer.published && !offer.ended)?;
        let item = self.items.get(&offer.sku)?;
        let there = item.quantity.unwrap_or(0) - item.auction;
        Some(offer.quantity.min(there).max(0))
    }

    pub(super) fn put_offer(&mut self, id: u64, offer: Offer) {
        self.of_sku.entry(offer.sku.clone()).or_default().push(id);
        if let Some(page) = offer.page {
            self.of_page.entry(page).or_default().push(id);
        }
        self.offers.insert(id, offer);
    }

    fn known(&self, ids: Option<&Vec<u64>>) -> Vec<(u64, &Offer)> {
        let ids = ids.into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.offers.get(id)?))).collect()
    }

    /// All offers of a SKU.
    pub(super) fn offers_of(&self, sku: &str) -> Vec<(u64, &Offer)> {
        self.known(self.of_sku.get(sku))
    }

    /// All offers on a page.
    pub(super) fn offers_on(&self, page: u64) -> Vec<(u64, &Offer)> {
        self.known(self.of_page.get(&page))
    }

    pub(super) fn offer_of(&self, sku: &str) -> Option<u64> {
        let fixed = |(_, offer): &(&u64, &Offer)| offer.sku == sku && offer.format == "FIXED_PRICE";
        self.offers.iter().find(fixed).map(|(id, _)| *id)
    }

    /// Where it is listed.
    pub(super) fn marketplace_of(&self, sku: &str) -> String {
        let offer = self.offer_of(sku).and_then(|id| self.offers.get(&id));
        offer.map_or_else(|| "EBAY_DE".to_owned(), |offer| offer.marketplace.clone())
    }

    pub(super) fn older_of(&mut self, sku: &str) -> Option<(u64, &mut Variation)> {
        let same = |number: &&mut Variation| number.sku.as_deref() == Some(sku);
        self.older
            .iter_mut()
            .filter(|(_, older)| !older.ended)
            .find_map(|(id, older)| Some((*id, older.numbers.iter_mut().find(same)?)))
    }

    /// What buyers see of a SKU.
    pub(super) fn shown(&mut self, sku: &str) -> Option<i64> {
        self.catch_up();
        if let Some(offer) = self.offer_of(sku) {
            return self.shown_by(offer);
        }
        self.older_of(sku).map(|(_, number)| number.left.max(0))
    }

    /// Takes units off what is for sale; back, where they are negative. The page they were sold from.
    pub(super) fn take(&mut self, sku: &str, units: i64) -> Result<u64, Refusal> {
        let Some(id) = self.offer_of(sku) else {
            let (id, number) = self.older_of(sku).ok_or(Refusal::NotListed)?;
            if number.left < units {
                return Err(Refusal::SoldOut);
            }
            (number.left, number.sold) = (number.left - units, number.sold + units);
            self.end_sold_out();
            return Ok(id);
        };
        let shown = self.shown_by(id).ok_or(Refusal::NotListed)?;
        if shown < units {
            return Err(Refusal::SoldOut);
        }
        let offer = self.offers.get_mut(&id).ok_or(Refusal::NotListed)?;
        (offer.quantity, offer.sold) = (offer.quantity - units, offer.sold + units);
        let page = offer.page.unwrap_or_default();
        if let Some(item) = self.items.get_mut(sku) {
            item.quantity = item.quantity.map(|quantity| quantity - units);
        }
        self.end_sold_out();
        Ok(page)
    }
}
