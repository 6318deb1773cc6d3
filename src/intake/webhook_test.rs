//! What becomes of webhooks that are forged, repeated, out of order or a day late: the ledgers are those of the
//! clean run.
#![allow(clippy::indexing_slicing, reason = "a test")]

use super::*;
use crate::store::memory::Memory;
use crate::store::{EntryId, Store};
use async_trait::async_trait;
use bytes::Bytes;
use omnistock_engine::{Documents, apply, decode_event, missing};
use omnistock_sdk::verify::{hmac_sha256_hex, verify_hmac_sha256_hex};
use omnistock_sdk::{
    Connector, ConnectorError, Facts, Grouping, Hint, ListingKey, Manifest, RawRequest, Received, Reply, SecretString,
    SubscriptionState, WebhookError, WebhookRole,
};
use omnistock_words::{
    ChannelName, ChannelPolicy, ChannelSettings, ConnectorName, FulfilledBy, Millis, OrderFact, OrderId, OrderLineFact,
    OrderStatus, Quantity, Revision, Settings, WriteMeaning,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

const DAY: i64 = 86_400_000;

/// A vendor whose bodies are orders in our own words.
struct Vendor {
    manifest: Manifest,
    /// Of the key `k`.
    key: AtomicBool,
}

#[async_trait]
impl Connector for Vendor {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

#[async_trait]
impl WebhookRole for Vendor {
    fn receive(&self, request: &RawRequest) -> Result<Received, WebhookError> {
        if let Some(id) = request.header("key") {
            return if self.key.load(Ordering::Relaxed) {
                Ok(Received::Nothing)
            } else {
                Err(WebhookError::Key(id.to_owned()))
            };
        }
        let signature = request.header("signature").unwrap_or_default();
        if !verify_hmac_sha256_hex(&[SecretString::from("own")], &request.body, signature) {
            return Err(WebhookError::Unsigned("another secret"));
        }
        match request.body.as_ref() {
            b"listing" => Ok(Received::Look(vec![])),
            b"order" => Ok(Received::Look(vec![Hint::Orders])),
            b"shows 1" => Ok(Received::Look(vec![Hint::Shown(shown(), Quantity::ONE)])),
            b"shows 2" => Ok(Received::Look(vec![Hint::Shown(shown(), Quantity::whole(2))])),
            body => match serde_json::from_slice(body) {
                Ok(order) => Ok(Received::Orders(vec![order])),
                Err(error) => Err(WebhookError::Malformed(error.to_string())),
            },
        }
    }

    async fn fetch_key(&self, id: &str) -> Result<(), ConnectorError> {
        self.key.store(id == "k", Ordering::Relaxed);
        Ok(())
    }

    fn challenge(&self, query: &str) -> Option<Reply> {
        let code = query.strip_prefix("code=")?.to_owned();
        Some(Reply {
            content_type: "text/plain",
            body: code,
        })
    }

    async fn subscribe(&self, _: &str) -> Result<SubscriptionState, ConnectorError> {
        Ok(SubscriptionState::Active)
    }
}

struct World {
    store: Arc<Memory>,
    intake: Intake,
    source: Arc<Notify>,
    board: Arc<WebhookBoard>,
}

impl World {
    /// A vendor that is a source and the connector of one channel.
    fn open() -> Self {
        let store = Arc::new(Memory::new());
        let manifest = Manifest {
            kind: "fake",
            write: WriteMeaning::Available,
            compare_and_set: false,
            max_write: 1,
            max_read: 1,
            grouping: Grouping::Any,
            all_or_nothing: false,
            concurrency: 1,
            clock_grain: Duration::from_millis(1),
            decimals: 0,
            least: Quantity::ZERO,
            most: Quantity::whole(9),
            facts: Facts::default(),
        };
        let (source, board) = (Arc::new(Notify::new()), Arc::new(WebhookBoard::default()));
        let sender = Sender {
            connector: Arc::new(Vendor {
                manifest,
                key: AtomicBool::new(false),
            }),
            channels: vec![channel()],
            source: Some(Arc::clone(&source)),
            board: Arc::clone(&board),
        };
        let as_store: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let echo: Arc<Echo> = Arc::new(|key, quantity| key.listing.as_str() == "7" && quantity == Quantity::ONE);
        let intake = Intake {
            senders: BTreeMap::from([(ConnectorName::new("shop").unwrap(), sender)]),
            orders: BTreeMap::new(),
            echoes: BTreeMap::from([(channel(), echo)]),
            inbox: Inbox::new(as_store, Arc::default(), watch::channel(EntryId::default()).1),
            replays: Replays::default(),
        };
        Self {
            store,
            intake,
            source,
            board,
        }
    }

    async fn send(&self, body: &[u8], secret: &str, received: i64) -> Result<(), WebhookRefusal> {
        let signature = hmac_sha256_hex(&SecretString::from(secret), body);
        let request = RawRequest {
            headers: vec![("signature".to_owned(), signature)],
            query: String::new(),
            body: Bytes::copy_from_slice(body),
            received_at: Millis(received),
        };
        take_webhook(&self.intake, "shop", &request).await
    }

    /// What the inbox makes of the ledgers, and how many entries it has.
    async fn ledgers(&self) -> (Documents, usize) {
        let mut settings = Settings::default();
        let declared = ChannelSettings {
            connector: ConnectorName::new("shop").unwrap(),
            template: None,
            policy: ChannelPolicy::default(),
        };
        settings.channels.insert(channel(), declared);
        let mut documents = Documents::default();
        let entries = self.store.read(EntryId::default(), 10_000).await.unwrap();
        for entry in &entries {
            let event = decode_event(&entry.bytes).unwrap();
            assert!(missing(&settings, &documents, &event).len() < 10);
            apply(&settings, &mut documents, &event, Millis(9 * DAY));
        }
        documents.take_changed();
        (documents, entries.len())
    }
}

/// A listing that this daemon has just set to one.
fn shown() -> ListingKey {
    ListingKey {
        listing: "7".parse().unwrap(),
        location: None,
    }
}

fn channel() -> ChannelName {
    ChannelName::new("shop").unwrap()
}

/// The webhooks of a few orders as a vendor sends them: each state once, oldest first.
fn clean() -> Vec<Vec<u8>> {
    let states = [
        (1, OrderStatus::Open, 2),
        (2, OrderStatus::Open, 1),
        (3, OrderStatus::Shipped, 1),
    ];
    let cancelled = [(1, OrderStatus::Open, 4), (2, OrderStatus::Cancelled, 4)];
    let of = |order: &str, states: &[(i64, OrderStatus, i64)]| -> Vec<OrderFact> {
        let fact = |(number, status, units): &(i64, OrderStatus, i64)| OrderFact {
            order: OrderId::new(order).unwrap(),
            revision: Some(Revision {
                number: *number,
                sequence: 0,
            }),
            status: *status,
            placed_at: Millis(DAY),
            at: Some(Millis(DAY + *number)),
            lines: vec![OrderLineFact {
                line: "1".parse().unwrap(),
                sku: Some("A".parse().unwrap()),
                listing: None,
                quantity: Quantity::whole(*units),
                status: None,
                location: None,
                fulfilled_by: FulfilledBy::Merchant,
                reservation: None,
                restock_location: None,
            }],
        };
        states.iter().map(fact).collect()
    };
    let facts = [of("1001", &states), of("1002", &cancelled), of("1003", &states[..1])].concat();
    facts.iter().map(|fact| serde_json::to_vec(fact).unwrap()).collect()
}

/// What is done to the webhooks of the clean run, in this order of arrival.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    /// As the vendor sent it, perhaps not for the first time.
    Genuine(usize),
    /// The same a day later.
    Late(usize),
    /// Signed with another secret, and saying something else.
    Forged(usize),
    /// Taken by a daemon that was started again and has forgotten what it took.
    AfterRestart(usize),
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let count = clean().len();
    let extra = prop_oneof![
        (0..count).prop_map(Arrival::Genuine),
        (0..count).prop_map(Arrival::Late),
        (0..count).prop_map(Arrival::Forged),
        (0..count).prop_map(Arrival::AfterRestart),
    ];
    let all = proptest::collection::vec(extra, 0..20)
        .prop_map(move |extra| (0..count).map(Arrival::Genuine).chain(extra).collect::<Vec<_>>());
    all.prop_shuffle()
}

async fn run(arrivals: &[Arrival]) -> (Documents, usize, WebhookTotals) {
    let bodies = clean();
    let mut world = World::open();
    for arrival in arrivals {
        let sent = match arrival {
            Arrival::Genuine(which) => world.send(&bodies[*which], "own", 2 * DAY).await,
            Arrival::Late(which) => world.send(&bodies[*which], "own", 3 * DAY).await,
            Arrival::AfterRestart(which) => {
                world.intake.replays = Replays::default();
                world.send(&bodies[*which], "own", 3 * DAY).await
            }
            Arrival::Forged(which) => {
                let body = String::from_utf8(bodies[*which].clone()).unwrap();
                let other = body.replace("\"quantity\":\"", "\"quantity\":\"9").into_bytes();
                let forged = world.send(&other, "stolen", 2 * DAY).await;
                assert!(matches!(forged, Err(WebhookRefusal::Unsigned)));
                continue;
            }
        };
        sent.unwrap();
    }
    let (documents, entries) = world.ledgers().await;
    (documents, entries, world.board.totals())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_webhooks_lead_to_the_ledgers_of_the_clean_run(arrivals in arrivals()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let in_order: Vec<Arrival> = (0..clean().len()).map(Arrival::Genuine).collect();
        let (expected, count, _) = runtime.block_on(run(&in_order));
        let (found, entries, totals) = runtime.block_on(run(&arrivals));
        prop_assert_eq!(&found.skus, &expected.skus);
        for (key, order) in expected.orders.iter() {
            let found = found.orders.get(key).unwrap();
            prop_assert_eq!((found.revision, found.status, &found.lines), (order.revision, order.status, &order.lines));
        }
        let restarts = arrivals.iter().any(|arrival| matches!(arrival, Arrival::AfterRestart(_)));
        prop_assert!(restarts || entries == count, "each body is kept once: {} of {}", entries, count);
        let forged = arrivals.iter().filter(|arrival| matches!(arrival, Arrival::Forged(_))).count();
        prop_assert_eq!(totals.unauthorized, forged as u64);
        prop_assert_eq!(totals.accepted, (arrivals.len() - forged) as u64);
    }
}

async fn rung(notify: &Notify) -> bool {
    tokio::time::timeout(Duration::ZERO, notify.notified()).await.is_ok()
}

#[tokio::test]
async fn a_hint_wakes_the_source_unless_it_is_about_orders() {
    let world = World::open();
    world.send(b"order", "own", 0).await.unwrap();
    assert!(!rung(&world.source).await);
    world.send(b"listing", "own", 0).await.unwrap();
    assert!(rung(&world.source).await);
    world.send(b"shows 1", "own", 0).await.unwrap();
    assert!(!rung(&world.source).await, "this daemon has just set it");
    world.send(b"shows 2", "own", 0).await.unwrap();
    assert!(rung(&world.source).await, "somebody else has");
    assert!(world.send(b"no JSON", "own", 0).await.is_err());
    assert!(
        rung(&world.source).await,
        "signed and not understood: it is read instead"
    );
    let log = crate::logged::Logged::begin();
    for _ in 0..3 {
        assert!(world.send(b"listing", "stolen", 0).await.is_err());
    }
    let lines = log.lines("a webhook was refused: another secret");
    assert!(
        lines.len() == 1 && lines[0].contains(r#"connector="shop""#),
        "{lines:?}"
    );
    assert_eq!(world.board.totals().unauthorized, 3);
    assert!(!rung(&world.source).await, "strangers wake nobody");
    assert_eq!(world.ledgers().await.1, 0);
}

#[tokio::test]
async fn a_missing_key_is_fetched_once_and_an_unknown_one_is_no_refusal() {
    let keyed = |id: &str| RawRequest {
        headers: vec![("key".to_owned(), id.to_owned())],
        query: String::new(),
        body: Bytes::new(),
        received_at: Millis(0),
    };
    let world = World::open();
    let unknown = take_webhook(&world.intake, "shop", &keyed("other")).await;
    assert!(
        matches!(unknown, Err(WebhookRefusal::NoKey(_))),
        "the vendor is to come again"
    );
    take_webhook(&world.intake, "shop", &keyed("k")).await.unwrap();
    let totals = world.board.totals();
    assert_eq!((totals.busy, totals.accepted), (1, 1));
}

#[test]
fn a_challenge_is_answered_by_its_connector_only() {
    let world = World::open();
    assert_eq!(challenge(&world.intake, "shop", "code=7").unwrap().body, "7");
    assert_eq!(challenge(&world.intake, "shop", "x=7"), None);
    let strangers: BTreeSet<bool> = ["nobody", "", "../shop"]
        .map(|name| challenge(&world.intake, name, "code=7").is_some())
        .into();
    assert_eq!(strangers, BTreeSet::from([false]));
}
