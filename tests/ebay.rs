//! A day on eBay with an article that sells fast elsewhere: how few revisions of its page are enough, on a clock of its own.

use omnistock_ebay::SPEC;
use omnistock_ebay::simulator::{Simulator, SimulatorSettings};
use omnistock_planner::{ChangesLeft, Risk, take_change};
use omnistock_sdk::{
    Connector, ConnectorContext, ItemOutcome, ListingLimit, ListingReference, LocationCodes, SecretReference,
    SecretResolver, SecretString, WriteItem,
};
use omnistock_words::{Millis, Quantity};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Units that are never offered: more than a buyer buys at once.
const SAFETY: i64 = 20;
/// The most that a buyer buys at once.
const BASKET: i64 = 3;
/// Something happens this often, milliseconds.
const STEP: i64 = 20_000;
/// Thirty hours: past a midnight, where the vendor counts anew.
const STEPS: i64 = 5_400;
/// Steps of the first day.
const A_DAY: i64 = 4_320;

/// A variable is the secret of its own name.
struct Names;

impl SecretResolver for Names {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        match reference {
            SecretReference::Env(name) => Ok(SecretString::from(name.clone())),
            other => Err(format!("nothing at {other:?}")),
        }
    }
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % most).unwrap()
    }
}

/// What happened.
#[derive(Debug, Default)]
struct Counts {
    needed: u32,
    written: u32,
    zeros: u32,
    waited: u32,
    ahead: u32,
    sold_here: i64,
    oversold: i64,
}

struct Day {
    ebay: Simulator,
    connector: Arc<dyn Connector>,
    reference: ListingReference,
    limit: ListingLimit,
    left: Option<ChangesLeft>,
    stock: i64,
    counts: Counts,
}

impl Day {
    async fn open() -> Self {
        let ebay = Simulator::start(SimulatorSettings::default()).await.unwrap();
        ebay.add("FAST", 100 - SAFETY);
        let table = json!({"marketplace": "EBAY_DE", "base_url": ebay.url().as_str(), "client_id": ebay.client_id(),
                           "client_secret": {"env": ebay.client_secret()}, "refresh_token": {"env": ebay.refresh_token()}});
        let context = ConnectorContext {
            name: "ebay".parse().unwrap(),
            locations: LocationCodes::default(),
            secrets: Arc::new(Names),
            basis: None,
            folder: PathBuf::new(),
        };
        let connector = (SPEC.build)(context, table).unwrap();
        let page = connector.channel().unwrap().catalogue(None).await.unwrap();
        Self {
            limit: connector.limits().per_listing.unwrap(),
            reference: page.listings[0].reference.clone(),
            ebay,
            connector,
            left: None,
            stock: 100,
            counts: Counts::default(),
        }
    }

    fn shown(&self) -> i64 {
        self.ebay.shown("FAST").unwrap()
    }

    /// What other channels sell, what comes in, what a buyer at eBay takes of what is shown there.
    fn happens(&mut self, dice: &mut Dice) {
        self.stock -= dice.below(4).min(self.stock);
        if dice.below(30) == 0 {
            self.stock += 45;
        }
        if dice.below(40) == 0 {
            let basket = 1 + dice.below(BASKET.unsigned_abs());
            if self.ebay.buy("FAST", basket).is_ok() {
                self.counts.sold_here += basket;
                self.counts.oversold += (basket - self.stock).max(0);
                self.stock = (self.stock - basket).max(0);
            }
        }
    }

    /// The newest number goes out where the budget of the page allows it.
    async fn tells(&mut self, now: Millis) {
        let (promised, shown) = ((self.stock - SAFETY).max(0), self.shown());
        self.counts.ahead += u32::from(shown > promised);
        if promised == shown {
            return;
        }
        let risk = Risk::of(Quantity::whole(promised), Some(Quantity::whole(shown)));
        match take_change(self.limit, 1, self.left, risk, now) {
            Ok(left) => self.left = Some(left),
            Err(until) => {
                assert_ne!(risk, Risk::ToZero, "a number that falls to zero waits until {until}");
                self.counts.waited += 1;
                return;
            }
        }
        let item = WriteItem {
            reference: self.reference.clone(),
            quantity: Quantity::whole(promised),
            expected: None,
        };
        let outcomes = self.connector.channel().unwrap().write(&[item]).await.unwrap();
        assert!(matches!(outcomes[0], ItemOutcome::Applied { .. }), "{outcomes:?}");
        self.counts.written += 1;
        self.counts.zeros += u32::from(risk == Risk::ToZero);
        assert_eq!(self.shown(), promised);
    }
}

#[tokio::test]
async fn a_fast_seller_is_revised_250_times_a_day_at_most_and_never_oversold() {
    let (mut day, mut dice) = (Day::open().await, Dice(7));
    let begin: Millis = "2026-11-22T00:00:00Z".parse().unwrap();
    let mut before = 100 - SAFETY;
    for step in 0..STEPS {
        let now = begin.plus(step * STEP);
        day.ebay.set_now(now);
        day.happens(&mut dice);
        let promised = (day.stock - SAFETY).max(0);
        day.counts.needed += u32::from(promised != before && step < A_DAY);
        before = promised;
        day.tells(now).await;
        assert!(day.stock > SAFETY || day.shown() == 0, "sold out, and still offered");
    }
    let revisions = day.ebay.revisions();
    println!(
        "{:?}, revisions by day {:?}",
        day.counts,
        revisions.values().collect::<Vec<_>>()
    );
    let counts = &day.counts;
    assert!(
        counts.needed >= 2_000 && counts.waited > 1_000 && counts.ahead > 300,
        "it was no busy day"
    );
    assert!(counts.zeros >= 5 && counts.sold_here > 50);
    assert!(revisions.values().all(|count| *count <= 250), "{revisions:?}");
    assert_eq!(day.ebay.counters().revisions_refused, 0);
    assert_eq!(counts.oversold, 0);
}
