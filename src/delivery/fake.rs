//! A scripted channel for the tests of the worker: it keeps numbers and fails on request.

mod orders;
mod prices;

use async_trait::async_trait;
use omnistock_sdk::{
    ArticleRole, CallKind, CallLimits, ChannelRole, Connector, ConnectorError, Cursor, ErrorClass, Facts, Grouping,
    ItemOutcome, Learned, ListingKey, ListingPage, ListingReading, ListingReference, Manifest, OrderSource, PriceRole,
    ReservedLine, WriteItem, learn, now,
};
use omnistock_words::{ListingId, LocationName, Millis, Price, Quantity, Sku, VendorLocation, WriteMeaning};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What goes wrong with the next write.
#[derive(Clone)]
pub(super) enum Fault {
    /// Applied, but the answer is lost.
    LostAnswer,
    /// Not applied; this error for the whole call.
    Whole(ConnectorError),
    /// Never answered.
    Hang,
    /// Answered so much later.
    Slow(Duration),
}

/// Listings are named `listing`, or `listing@location` where the channel keeps a number per location.
#[derive(Default)]
pub(super) struct Shop {
    pub(super) numbers: BTreeMap<String, i64>,
    pub(super) skus: BTreeMap<String, Option<String>>,
    pub(super) reserved: BTreeMap<String, Vec<ReservedLine>>,
    pub(super) faults: VecDeque<Fault>,
    /// Listings that spoil the whole call.
    pub(super) poison: BTreeSet<String>,
    /// Answers of a vendor that compares: undone, showing this number.
    pub(super) stale: VecDeque<Option<i64>>,
    /// Listings that are refused by themselves.
    pub(super) refused: BTreeSet<String>,
    /// Every write call: listing and number.
    pub(super) calls: Vec<Vec<(String, i64)>>,
    pub(super) called_at: Vec<Instant>,
    /// The catalogue can't be read page by page.
    pub(super) no_catalogue: bool,
    /// Calls that read listings by name.
    pub(super) reads: u64,
    /// The next call is refused with this.
    pub(super) throttle: Option<Learned>,
    arrivals: Vec<(Millis, CallKind, u32)>,
    /// All listings are variations of one page.
    pub(super) one_page: bool,
    /// What listings ask; one that is missing here has no price of its own.
    pub(super) prices: BTreeMap<String, Option<Price>>,
    pub(super) price_faults: VecDeque<Fault>,
    /// Listings whose price is refused by itself.
    pub(super) refused_prices: BTreeSet<String>,
    /// The shop says yes to prices and keeps its own.
    pub(super) deaf: bool,
    /// A limit that only these listings share is used up: another one is to be made after this long.
    pub(super) spent: BTreeSet<String>,
    /// What it was told of, where it has no listings of its own.
    pub(super) told: Option<BTreeSet<String>>,
    /// Every call that wrote prices.
    pub(super) price_calls: Vec<Vec<(String, Price)>>,
}

fn name(key: &ListingKey) -> String {
    match &key.location {
        Some(location) => format!("{}@{}", key.listing, location),
        None => key.listing.to_string(),
    }
}

pub(super) struct Fake {
    manifest: Manifest,
    pub(super) shop: Mutex<Shop>,
    limits: CallLimits,
    /// So many listings at once go another way.
    pub(super) bulk: Option<usize>,
    /// Numbers are shown as they were for so long, as of before the yes.
    pub(super) settles: Duration,
    /// Orders are found so late.
    pub(super) late: Duration,
    dead: Mutex<Option<ConnectorError>>,
    pub(super) tried: AtomicU64,
}

impl Fake {
    pub(super) fn new(write: WriteMeaning) -> Self {
        let manifest = Manifest {
            kind: "fake",
            write,
            compare_and_set: false,
            max_write: 8,
            max_read: 8,
            grouping: Grouping::Any,
            all_or_nothing: true,
            concurrency: 2,
            clock_grain: Duration::from_millis(1),
            decimals: 0,
            least: Quantity::ZERO,
            most: Quantity::whole(10_000),
            facts: Facts::default(),
        };
        Self {
            manifest,
            limits: CallLimits::default(),
            bulk: None,
            settles: Duration::ZERO,
            late: Duration::ZERO,
            shop: Mutex::default(),
            dead: Mutex::default(),
            tried: AtomicU64::new(0),
        }
    }

    /// A write depends on the number that it replaces.
    pub(super) fn comparing(write: WriteMeaning) -> Self {
        let mut fake = Self::new(write);
        fake.manifest.compare_and_set = true;
        fake
    }

    /// The vendor states limits, and takes and shows so many listings at once.
    pub(super) fn limited(write: WriteMeaning, batch: usize, limits: CallLimits) -> Self {
        let mut fake = Self::new(write);
        (fake.limits, fake.manifest.concurrency) = (limits, 4);
        (fake.manifest.max_write, fake.manifest.max_read) = (batch, batch);
        fake
    }

    /// Every call that arrived, when, and with how many listings.
    pub(super) fn arrivals(&self) -> Vec<(Millis, CallKind, u32)> {
        self.shop.lock().unwrap().arrivals.clone()
    }

    /// A call arrives somewhere between its sending and its answer.
    async fn arrive(&self, kind: CallKind, items: usize) -> Result<(), ConnectorError> {
        let way = Duration::from_micros(u64::from(rand::random::<u16>()) / 8);
        sleep(way).await;
        let refused = {
            let mut shop = self.shop.lock().unwrap();
            shop.arrivals.push((now(), kind, u32::try_from(items).unwrap()));
            shop.throttle.take()
        };
        sleep(way / 2).await;
        match refused {
            Some(told) => {
                learn(told);
                Err(ConnectorError::retry("answer 429: slow down"))
            }
            None => Ok(()),
        }
    }

    /// Every reading comes in a call of its own.
    pub(super) fn reading_one_by_one(write: WriteMeaning) -> Self {
        let mut fake = Self::new(write);
        fake.manifest.max_read = 1;
        fake
    }

    pub(super) fn die(&self, error: Option<ConnectorError>) {
        *self.dead.lock().unwrap() = error;
    }

    pub(super) fn alive(&self) -> Result<(), ConnectorError> {
        self.tried.fetch_add(1, Ordering::Relaxed);
        self.dead.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn reading(shop: &Shop, id: &str) -> Option<ListingReading> {
        let told = shop.told.as_ref().is_some_and(|told| told.contains(id));
        let number = shop.numbers.get(id).copied();
        if number.is_none() && !told {
            return None;
        }
        let named = told.then(|| id.to_owned()).or_else(|| shop.skus.get(id).cloned()?);
        let (listing, location) = id.split_once('@').map_or((id, None), |(id, at)| (id, Some(at)));
        let key = ListingKey {
            listing: ListingId::new(listing).unwrap(),
            location: location.map(|code| VendorLocation::new(code).unwrap()),
        };
        Some(ListingReading {
            reference: ListingReference {
                key,
                parent: shop.one_page.then(|| ListingId::new("page").unwrap()),
            },
            sku: named.map(|sku| Sku::new(sku).unwrap()),
            place: location.map(|name| LocationName::new(name).unwrap()),
            quantity: number.map(Quantity::whole),
            reserved: shop.reserved.get(id).cloned().unwrap_or_default(),
            read_at: now(),
            unwritable: None,
            about: None,
        })
    }
}

/// The vendor's own error where some of these share a limit that is used up.
pub(super) fn not_spent(shop: &Shop, mut ids: impl Iterator<Item = String>) -> Result<(), ConnectorError> {
    if ids.any(|id| shop.spent.contains(&id)) {
        return Err(ConnectorError {
            class: ErrorClass::Spent {
                after: Some(Duration::from_hours(1)),
            },
            message: "the day's calls for old listings are used up".to_owned(),
        });
    }
    Ok(())
}

#[async_trait]
impl ChannelRole for Fake {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        self.alive()?;
        if !self.limits.calls.is_empty() {
            self.arrive(CallKind::Read, 1).await?;
        }
        let shop = self.shop.lock().unwrap();
        if shop.no_catalogue {
            return Err(ConnectorError::rejected("the catalogue is being rebuilt"));
        }
        let page = if self.limits.calls.is_empty() { 3 } else { 500 };
        let from: usize = cursor.map_or(0, |cursor| cursor.0.parse().unwrap());
        let all: BTreeSet<&String> = shop.numbers.keys().chain(shop.told.iter().flatten()).collect();
        let count = all.len();
        let listings: Vec<_> = all
            .into_iter()
            .skip(from)
            .take(page)
            .filter_map(|id| Self::reading(&shop, id))
            .collect();
        not_spent(&shop, listings.iter().map(|one| name(&one.reference.key)))?;
        let next = (from + page < count).then(|| Cursor((from + page).to_string()));
        Ok(ListingPage { listings, next })
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        self.alive()?;
        assert!(listings.len() <= self.manifest.max_read && !listings.is_empty());
        if !self.limits.calls.is_empty() {
            self.arrive(CallKind::Read, listings.len()).await?;
        }
        let mut shop = self.shop.lock().unwrap();
        shop.reads += 1;
        not_spent(&shop, listings.iter().map(|one| name(&one.key)))?;
        Ok(listings
            .iter()
            .filter_map(|one| Self::reading(&shop, &name(&one.key)))
            .collect())
    }

    fn settles(&self) -> Duration {
        self.settles
    }

    fn bulk_from(&self) -> Option<usize> {
        self.bulk
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        self.alive()?;
        assert!(items.len() <= self.manifest.max_write && !items.is_empty());
        if !self.limits.calls.is_empty() {
            let many = self.bulk.is_some_and(|from| items.len() >= from);
            let kind = if many { CallKind::Bulk } else { CallKind::Write };
            self.arrive(kind, items.len()).await?;
        }
        let fault = self.shop.lock().unwrap().faults.pop_front();
        match &fault {
            Some(Fault::Hang) => std::future::pending::<()>().await,
            Some(Fault::Slow(time)) => sleep(*time).await,
            _ => {}
        }
        let mut shop = self.shop.lock().unwrap();
        let number = |item: &WriteItem| (name(&item.reference.key), item.quantity.as_whole().unwrap());
        let sent: Vec<_> = items.iter().map(number).collect();
        shop.calls.push(sent.clone());
        shop.called_at.push(Instant::now());
        if let Some(Fault::Whole(error)) = fault {
            return Err(error);
        }
        if sent.len() == 1 {
            not_spent(&shop, sent.iter().map(|(id, _)| id.clone()))?;
        }
        if sent.iter().any(|(id, _)| shop.poison.contains(id)) {
            return Err(ConnectorError::rejected("one of these is not valid"));
        }
        let mut outcomes = Vec::new();
        for ((id, number), item) in sent.into_iter().zip(items) {
            let shown = shop.numbers.get(&id).copied().map(Quantity::whole);
            let stale = match shop.stale.pop_front() {
                Some(quantity) => Some(quantity.map(Quantity::whole)),
                None if item.expected.is_some_and(|expected| Some(expected) != shown) => Some(shown),
                None => None,
            };
            assert_eq!(item.expected.is_some(), self.manifest.compare_and_set);
            if let Some(quantity) = stale {
                outcomes.push(ItemOutcome::Stale {
                    quantity,
                    reason: "the compare quantity is stale".to_owned(),
                });
            } else if let Err(error) = not_spent(&shop, std::iter::once(id.clone())) {
                outcomes.push(ItemOutcome::Failed { reason: error.message });
            } else if shop.refused.contains(&id) {
                outcomes.push(ItemOutcome::Rejected {
                    reason: "invalid_id: no such product".to_owned(),
                });
            } else {
                shop.numbers.insert(id, number);
                outcomes.push(ItemOutcome::Applied {
                    quantity: Some(Quantity::whole(number)),
                });
            }
        }
        if let Some(Fault::LostAnswer) = fault {
            return Err(ConnectorError::unknown("the connection broke"));
        }
        Ok(outcomes)
    }
}

#[async_trait]
impl Connector for Fake {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn limits(&self) -> CallLimits {
        self.limits.clone()
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        Some(self)
    }

    fn prices(&self) -> Option<&dyn PriceRole> {
        Some(self)
    }

    fn articles(&self) -> Option<&dyn ArticleRole> {
        let lists = self.shop.lock().unwrap().told.is_some();
        lists.then_some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}
