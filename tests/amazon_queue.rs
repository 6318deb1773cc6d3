//! Amazon's notifications through a queue on the real daemon: an order arrives long before a poll would have found it,
//! and whatever becomes of the queue, the rest goes on.

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, sku, until, usual};
use omnistock_amazon::simulator::{QueueFaults, Simulator, SimulatorSettings};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

struct World {
    merchant: Merchant,
    amazon: Simulator,
}

impl World {
    /// Amazon beside the usual two. Its orders are found by a poll after an hour, and polls come every hour.
    async fn open() -> Self {
        let hour = Duration::from_hours(1);
        let settings = SimulatorSettings {
            orders_after: hour,
            ..SimulatorSettings::immediate()
        };
        let amazon = Simulator::start(settings).await.unwrap();
        for index in 0..ARTICLES {
            amazon.add(&sku(index), 1);
        }
        amazon.open_queue();
        amazon.set_queue(QueueFaults {
            doubled: true,
            backwards: true,
            ..QueueFaults::default()
        });
        Self {
            merchant: Merchant::open().await,
            amazon,
        }
    }

    fn text(&self) -> String {
        let (merchant, amazon) = (&self.merchant, &self.amazon);
        let secret = merchant.secret("amazon-secret", &amazon.client_secret());
        let refresh = merchant.secret("amazon-refresh", &amazon.refresh_token());
        let key_id = merchant.secret("amazon-queue-id", &amazon.queue_access_key_id());
        let key = merchant.secret("amazon-queue-key", &amazon.queue_secret_access_key());
        let (base, login, queue) = (amazon.url(), amazon.login_url(), amazon.queue_url());
        let (seller, client, region) = (amazon.seller(), amazon.client_id(), amazon.queue_region());
        let marketplaces = amazon.marketplaces();
        let usual = merchant.embedded();
        format!(
            r#"{usual}
[connectors.amazon]
kind                    = "amazon"
region                  = "eu"
base_url                = "{base}"
login_url               = "{login}"
seller_id               = "{seller}"
marketplaces            = {marketplaces:?}
client_id               = "{client}"
client_secret           = {secret}
refresh_token           = {refresh}
plan                    = "sandbox"
orders_late_ms          = 0
queue_url               = "{queue}"
queue_region            = "{region}"
queue_access_key_id     = {key_id}
queue_secret_access_key = {key}

[channels.amazon]
locations    = ["berlin"]
mode         = "live"
orders_every = "1h"
audit_every  = "1h"
"#
        )
    }

    async fn amazon_shows(&self, daemon: &Daemon, of: impl Fn(usize) -> i64) {
        let shown = || (0..ARTICLES).all(|index| self.amazon.shown(&sku(index)) == Some(of(index)));
        let instead = || format!("{:?}\n{}", self.merchant.status(), daemon.log());
        until("Amazon right", shown, instead).await;
    }

    /// Every message was put away.
    async fn quiet(&self, daemon: &Daemon) {
        let instead = || format!("{:?}\n{}", self.amazon.queue_counters(), daemon.log());
        until("no messages", || self.amazon.queued_messages() == 0, instead).await;
    }
}

fn said_below(folder: &Path, words: &[&str]) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.any(|path| {
        if path.is_dir() {
            return said_below(&path, words);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        words.iter().any(|word| text.contains(word))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_tells_of_a_sale_and_of_a_foreign_edit_long_before_the_next_poll() {
    let world = World::open().await;
    let mut daemon = world.merchant.at_work_on(&world.text()).await;
    world.amazon_shows(&daemon, usual).await;
    let polls = || world.amazon.counters().calls["searchOrders"];
    let before = polls();
    let order = world.amazon.buy(&sku(3), 4).unwrap();
    let less = |index: usize| usual(index) - if index == 3 { 4 } else { 0 };
    world.merchant.settles(&daemon, less).await;
    world.amazon_shows(&daemon, less).await;
    // Nobody has searched for it: it was read by its name.
    assert_eq!(polls(), before, "{order}");
    assert!(world.amazon.counters().calls["getOrder"] >= 1);

    world.amazon.set_stock(&sku(5), 77);
    world.amazon_shows(&daemon, less).await;
    world.quiet(&daemon).await;
    let metrics = world.merchant.get("/metrics").unwrap().body;
    let accepted =
        |line: &&str| line.contains("webhooks_total") && line.contains("\"amazon\"") && line.contains("accepted");
    assert!(
        metrics.lines().find(accepted).is_some_and(|line| !line.ends_with(" 0")),
        "{metrics}"
    );
    daemon.terminate();
    let words = world.amazon.buyer();
    assert!(!words.iter().any(|word| daemon.everything().contains(word)));
    assert!(
        !said_below(world.merchant.folder.path(), words),
        "nothing of a person is kept"
    );
    assert!(
        said_below(world.merchant.folder.path(), &[&order]),
        "the search itself finds what is there"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_gone_is_told_and_stops_nothing() {
    let world = World::open().await;
    world.amazon.set_queue(QueueFaults {
        gone: true,
        ..QueueFaults::default()
    });
    let mut daemon = world.merchant.at_work_on(&world.text()).await;
    let told = |attention: &Value| attention.to_string().contains("`queue_url`");
    world.merchant.status_says(&daemon, "/attention", told).await;
    world.amazon_shows(&daemon, usual).await;
    world.merchant.drop_stock(|index| Some(usual(index) - 1));
    world.amazon_shows(&daemon, |index| usual(index) - 1).await;
    world.amazon.set_queue(QueueFaults::default());
    world.amazon.lay_down("{\"NotificationType\": \"ANY_OFFER_CHANGED\"}");
    let mended = |attention: &Value| !attention.to_string().contains("queue");
    world.merchant.status_says(&daemon, "/attention", mended).await;
    world.quiet(&daemon).await;
    daemon.terminate();
    let log = daemon.everything();
    assert_eq!(log.matches("`queue_url`").count(), 1, "told once: {log}");
    assert_eq!(log.matches("ANY_OFFER_CHANGED").count(), 1, "{log}");
}
