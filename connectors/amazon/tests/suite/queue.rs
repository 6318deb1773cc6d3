//! Notifications through the queue: what they lead to, and everything that may go wrong with a queue.

use crate::definition::Definitions;
use crate::support::{World, item, table};
use omnistock_amazon::simulator::{QueueFaults, Simulator, SimulatorSettings};
use omnistock_sdk::{ConnectorError, ErrorClass, Hint, Message, QueueRole, Ticket};
use serde_json::{Value, json};
use std::time::Duration;

/// Keys of the queue, as a table has them.
pub(crate) fn keys(amazon: &Simulator) -> Value {
    json!({"queue_url": amazon.queue_url(), "queue_region": amazon.queue_region(),
           "queue_access_key_id": {"env": amazon.queue_access_key_id()},
           "queue_secret_access_key": {"env": amazon.queue_secret_access_key()}})
}

pub(crate) struct Reader {
    pub(crate) world: World,
}

impl Reader {
    /// A connector that reads the queue, with changes to its table.
    pub(crate) async fn start(settings: SimulatorSettings, changes: &Value) -> Self {
        let mut world = World::start(settings, &json!({})).await;
        let mut table = table(&world.amazon);
        for part in [&keys(&world.amazon), changes] {
            for (key, value) in part.as_object().unwrap() {
                table[key] = value.clone();
            }
        }
        world.connector = crate::support::build(table);
        world.amazon.add("A", 10);
        world.amazon.open_queue();
        Self { world }
    }

    pub(crate) async fn usual() -> Self {
        Self::start(SimulatorSettings::immediate(), &json!({})).await
    }

    pub(crate) fn role(&self) -> &dyn QueueRole {
        self.world.connector.queue().unwrap()
    }

    pub(crate) async fn messages(&self) -> Vec<Message> {
        self.role().messages(Duration::ZERO).await.unwrap()
    }

    async fn error(&self) -> ConnectorError {
        self.role().messages(Duration::ZERO).await.unwrap_err()
    }

    pub(crate) async fn put_away(&self, messages: &[Message]) {
        let tickets: Vec<Ticket> = messages.iter().map(|message| message.ticket.clone()).collect();
        self.role().put_away(&tickets).await.unwrap();
    }

    fn faults(&self, faults: QueueFaults) {
        self.world.amazon.set_queue(faults);
    }
}

fn orders(messages: &[Message]) -> Vec<String> {
    let hints = messages
        .iter()
        .filter_map(|message| message.says.as_ref().ok())
        .flatten();
    let orders = hints.filter_map(|hint| match hint {
        Hint::Order(order) => Some(order.to_string()),
        _ => None,
    });
    orders.collect()
}

pub(crate) fn listings(messages: &[Message]) -> Vec<String> {
    let hints = messages
        .iter()
        .filter_map(|message| message.says.as_ref().ok())
        .flatten();
    let keys = hints.filter_map(|hint| match hint {
        Hint::Listings(keys) => Some(keys.iter().map(|key| key.listing.to_string())),
        _ => None,
    });
    keys.flatten().collect()
}

#[tokio::test]
async fn a_sale_is_told_by_its_order_and_its_listing_and_read_through_the_orders_interface() {
    let reader = Reader::usual().await;
    let order = reader.world.amazon.buy("A", 3).unwrap();
    let messages = reader.messages().await;
    assert_eq!(
        (orders(&messages), listings(&messages)),
        (vec![order.clone()], vec!["A".to_owned()])
    );
    assert!(messages.iter().all(|message| message.sent_at.is_some()));
    let fact = reader.world.connector.orders().unwrap();
    let fact = fact.order(&order.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(fact.lines[0].quantity, omnistock_words::Quantity::whole(3));
    assert!(reader.messages().await.is_empty(), "they are hidden");
    reader.put_away(&messages).await;
    assert_eq!(reader.world.amazon.queued_messages(), 0);
}

#[tokio::test]
async fn nothing_of_a_person_is_kept_of_a_message() {
    let reader = Reader::usual().await;
    reader.world.amazon.buy("A", 1).unwrap();
    let told = reader.world.amazon.notifications();
    let words = reader.world.amazon.buyer();
    assert!(
        told.iter().any(|body| body.to_string().contains(words[2])),
        "it was told"
    );
    // Also where a message can't be read: its words are not repeated.
    reader
        .world
        .amazon
        .lay_down(&format!("{{\"NotificationType\": 1, \"x\": \"{}\"}}", words[2]));
    reader.world.amazon.lay_down(words[0]);
    let kept = format!("{:?}", reader.messages().await);
    assert!(!words.iter().any(|word| kept.contains(word)), "{kept}");
}

#[tokio::test]
async fn a_long_poll_waits_for_a_message_and_no_longer_than_it_was_told_to() {
    let reader = Reader::usual().await;
    let role = reader.role();
    let waiting = role.messages(Duration::from_secs(20));
    let telling = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        reader.world.amazon.buy("A", 1).unwrap()
    };
    let (messages, order) = tokio::join!(waiting, telling);
    let found = orders(&messages.unwrap());
    assert!(
        found.is_empty() || found == [order],
        "the listing's message may come alone"
    );
    let began = tokio::time::Instant::now();
    reader.messages().await;
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_put_away_comes_again_and_then_goes_to_the_dead_queue() {
    let reader = Reader::usual().await;
    reader.faults(QueueFaults {
        dead_after: Some(2),
        ..QueueFaults::default()
    });
    reader.world.amazon.buy("A", 1).unwrap();
    let first = reader.messages().await;
    tokio::time::sleep(reader.role().returns()).await;
    assert!(
        reader.messages().await.is_empty(),
        "whoever handles it has so much time"
    );
    tokio::time::sleep(Duration::from_mins(1)).await;
    let second = reader.messages().await;
    assert_eq!(orders(&second), orders(&first));
    assert_ne!(second[0].ticket, first[0].ticket);
    reader.put_away(&first).await;
    assert_eq!(
        reader.world.amazon.queued_messages(),
        2,
        "an old handle deletes nothing"
    );
    tokio::time::sleep(Duration::from_mins(3)).await;
    assert!(reader.messages().await.is_empty());
    assert_eq!(
        (
            reader.world.amazon.queued_messages(),
            reader.world.amazon.dead_messages()
        ),
        (0, 2)
    );
}

#[tokio::test]
async fn messages_that_come_twice_and_backwards_name_the_same_orders() {
    let reader = Reader::usual().await;
    reader.faults(QueueFaults {
        doubled: true,
        backwards: true,
        ..QueueFaults::default()
    });
    let sold: Vec<String> = (0..4).map(|_| reader.world.amazon.buy("A", 1).unwrap()).collect();
    let mut found = Vec::new();
    loop {
        let messages = reader.messages().await;
        assert!(messages.len() <= 10, "as many as the queue hands out at once");
        if messages.is_empty() {
            break;
        }
        found.extend(orders(&messages));
        reader.put_away(&messages).await;
    }
    assert_eq!((found.len(), &found[0]), (8, &sold[3]));
    found.sort();
    found.dedup();
    assert_eq!(found, sold);
    assert_eq!(reader.world.amazon.queued_messages(), 0);
    reader.role().put_away(&[Ticket("nonsense".to_owned())]).await.unwrap();
}

#[tokio::test]
async fn a_message_that_nobody_understands_says_so_and_is_put_away_as_the_others() {
    let reader = Reader::usual().await;
    reader
        .world
        .amazon
        .lay_down(&json!({"NotificationType": "ANY_OFFER_CHANGED", "Payload": {}}).to_string());
    reader.world.amazon.lay_down("<Message/>");
    let foreign = json!({"NotificationType": "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
        "Payload": {"SellerId": "A3OTHER", "FulfillmentChannelCode": "DEFAULT", "Sku": "A", "Quantity": 1}});
    reader.world.amazon.lay_down(&foreign.to_string());
    let messages = reader.messages().await;
    let words: Vec<&String> = messages
        .iter()
        .map(|message| message.says.as_ref().unwrap_err())
        .collect();
    assert!(words[0].contains("ANY_OFFER_CHANGED") && words[1].contains("JSON") && words[2].contains("another seller"));
    reader.put_away(&messages).await;
    assert_eq!(reader.world.amazon.queued_messages(), 0);
}

#[tokio::test]
async fn a_queue_that_is_gone_or_refuses_is_for_a_person_and_says_what_to_check() {
    let reader = Reader::usual().await;
    let with = |change: fn(&mut QueueFaults)| {
        let mut faults = QueueFaults::default();
        change(&mut faults);
        reader.faults(faults);
    };
    with(|faults| faults.gone = true);
    let error = reader.error().await;
    assert!(
        error.class == ErrorClass::Operator && error.message.contains("`queue_url`"),
        "{error}"
    );
    assert!(reader.world.connector.check().await.is_err());
    with(|faults| faults.denied = true);
    let error = reader.error().await;
    assert!(
        error.class == ErrorClass::Operator && error.message.contains("rights"),
        "{error}"
    );
    with(|faults| faults.throttled = true);
    assert!(matches!(reader.error().await.class, ErrorClass::Retry { .. }));
    with(|_| {});
    reader.world.connector.check().await.unwrap();
    assert!(reader.world.connector.channel().is_some(), "all else goes on");
}

#[tokio::test]
async fn wrong_keys_and_a_wrong_region_are_for_a_person_and_are_not_repeated() {
    for (key, value) in [
        ("queue_secret_access_key", json!({"env": "wrong-c0ffee"})),
        ("queue_access_key_id", json!({"env": "wrong-c0ffee"})),
        ("queue_region", json!("us-east-1")),
    ] {
        let mut changes = json!({});
        changes[key] = value;
        let reader = Reader::start(SimulatorSettings::immediate(), &changes).await;
        let error = reader.error().await;
        assert_eq!(error.class, ErrorClass::Operator, "{key}: {error}");
        assert!(
            error.message.contains("`queue_secret_access_key`") && !error.message.contains("c0ffee"),
            "{error}"
        );
        assert_eq!(reader.world.amazon.queue_counters().unsigned, 1);
    }
}

#[tokio::test]
async fn without_its_keys_there_is_no_queue() {
    let world = World::start(SimulatorSettings::immediate(), &json!({})).await;
    assert!(world.connector.queue().is_none());
    assert!(!world.connector.manifest().table().contains("lays messages down"));
    let reader = Reader::usual().await;
    assert!(reader.world.connector.manifest().table().contains("lays messages down"));
}

#[tokio::test]
async fn notifications_have_the_shape_of_the_vendors_definitions() {
    let Some(definitions) = Definitions::read() else { return };
    let settings = SimulatorSettings::immediate();
    let reader = Reader::start(settings, &json!({"feed_from": 20})).await;
    let amazon = &reader.world.amazon;
    let order = amazon.buy("A", 3).unwrap();
    assert!(amazon.pay(&order) && amazon.ship(&order, 1) && amazon.cancel(&order, 2));
    (0..20).for_each(|number| amazon.add(&format!("S-{number}"), 5));
    let items: Vec<_> = (0..20).map(|number| item(&format!("S-{number}"), 8)).collect();
    reader.world.channel().write(&items).await.unwrap();
    amazon.remove("S-1");
    let told = amazon.notifications();
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for body in &told {
        let kind = definitions
            .hold_notification(body)
            .unwrap_or_else(|complaint| panic!("{complaint}: {body}"));
        *kinds.entry(kind).or_default() += 1;
    }
    eprintln!(
        "{} notifications hold to the vendor's definitions: {kinds:?}",
        told.len()
    );
    assert_eq!(kinds.len(), 4);
    let mut wrong = told[0].clone();
    wrong["Payload"].as_object_mut().unwrap().clear();
    assert!(definitions.hold_notification(&wrong).is_err());
}
