//! Marketplaces on the real daemon: a yes that comes to nothing later, and a feed that does not end. Hours are seconds
//! here, by the connectors' own settings.

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, until};
use omnistock::demo::{DemoOptions, Marketplace, run as demo};
use omnistock_amazon::simulator as amazon;
use omnistock_ebay::simulator as ebay;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Lends its folder, ports and files to a channel of another vendor.
struct House {
    merchant: Merchant,
    stock: BTreeMap<String, i64>,
}

impl House {
    async fn open() -> Self {
        Self {
            merchant: Merchant::open().await,
            stock: BTreeMap::new(),
        }
    }

    /// A daemon with one channel; `connector` is its table.
    fn start(&self, connector: &str) -> Daemon {
        let merchant = &self.merchant;
        let (admin, webhooks, folder) = (merchant.admin, merchant.webhooks, merchant.folder.path().display());
        let text = format!(
            r#"[store]
path = "{folder}/state"

[server]
admin    = "127.0.0.1:{admin}"
webhooks = "127.0.0.1:{webhooks}"

[connectors.erp]
kind    = "file"
path    = "{folder}/erp/stock-*.csv"
every   = "100ms"
basis   = "physical"
absorb  = "never"
columns = {{ sku = "Artikel", quantity = "Bestand", location = "Lager" }}
format  = {{ delimiter = ";", decimal = ",", encoding = "utf-8" }}

[connectors.market]
{connector}
deadline_ms = 2000
overlap_ms  = 3000

[locations.berlin]

[channels.market]
locations    = ["berlin"]
mode         = "live"
orders_every = "300ms"
audit_every  = "1s"
"#
        );
        Daemon::start(&merchant.write(&text))
    }

    /// The ERP tells all its stock, with these articles changed.
    fn drop_stock(&mut self, changes: &[(&str, i64)]) {
        let changes = changes.iter().map(|(sku, units)| ((*sku).to_owned(), *units));
        self.stock.extend(changes);
        let rows = self
            .stock
            .iter()
            .map(|(sku, units)| format!("{sku};berlin;{units},0\n"));
        let table: String = std::iter::once("Artikel;Lager;Bestand\n".to_owned())
            .chain(rows)
            .collect();
        self.merchant.drop_file(table.as_bytes());
    }

    /// Waits until so many listings are in a state.
    async fn counts(&self, daemon: &Daemon, state: &str, wanted: usize) {
        let pointer = format!("/channels/0/listings/{state}");
        let same = |count: &Value| count.as_u64() == Some(wanted as u64);
        self.merchant.status_says(daemon, &pointer, same).await;
    }

    /// Waits until this is the channel's last error.
    async fn complains(&self, daemon: &Daemon, words: &str) -> Value {
        let said = |error: &Value| error["reason"].as_str().is_some_and(|reason| reason.contains(words));
        self.merchant.status_says(daemon, "/channels/0/last_error", said).await
    }

    /// What a command says, its lines as one.
    fn says(&self, arguments: &[&str]) -> String {
        let ended = self.merchant.command(arguments);
        ended.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn of_amazon(house: &House, amazon: &amazon::Simulator) -> String {
    let secret = house.merchant.secret("amazon-secret", &amazon.client_secret());
    let refresh = house.merchant.secret("amazon-refresh", &amazon.refresh_token());
    format!(
        r#"kind = "amazon"
region = "eu"
base_url = "{}"
login_url = "{}"
seller_id = "{}"
marketplaces = {:?}
client_id = "{}"
client_secret = {secret}
refresh_token = {refresh}
plan = "sandbox"
orders_late_ms = 0"#,
        amazon.url(),
        amazon.login_url(),
        amazon.seller(),
        amazon.marketplaces(),
        amazon.client_id(),
    )
}

fn of_ebay(house: &House, ebay: &ebay::Simulator) -> String {
    let secret = house.merchant.secret("ebay-secret", ebay.client_secret());
    let refresh = house.merchant.secret("ebay-consent", ebay.refresh_token());
    let (url, id) = (ebay.url(), ebay.client_id());
    format!(
        r#"kind = "ebay"
marketplace = "EBAY_DE"
base_url = "{url}"
client_id = "{id}"
client_secret = {secret}
refresh_token = {refresh}"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_amazon_can_not_apply_behind_its_yes_is_parked_in_its_words_and_holds_up_nothing() {
    let mut house = House::open().await;
    let settings = amazon::SimulatorSettings {
        applies_after: Duration::from_millis(400),
        ..amazon::SimulatorSettings::immediate()
    };
    let amazon = amazon::Simulator::start(settings).await.unwrap();
    for sku in ["A", "B", "C"] {
        amazon.add(sku, 5);
    }
    let mut daemon = house.start(&format!("{}\nsettle_ms = 1500", of_amazon(&house, &amazon)));
    house.drop_stock(&[("A", 9), ("B", 4), ("C", 5)]);
    house.counts(&daemon, "in_sync", 3).await;
    assert_eq!(
        ["A", "B", "C"].map(|sku| amazon.shown(sku)),
        [Some(9), Some(4), Some(5)]
    );

    amazon.set_faults(amazon::Faults {
        fail_later: true,
        ..amazon::Faults::default()
    });
    let patches = || amazon.counters().calls["patchListingsItem"];
    let before = patches();
    house.drop_stock(&[("A", 2)]);
    until("Amazon said yes", || patches() > before, || daemon.log()).await;
    house.counts(&daemon, "accepted", 1).await;
    house.counts(&daemon, "parked", 1).await;
    assert_eq!(
        (patches() - before, amazon.shown("A")),
        (1, Some(9)),
        "it is not sent again and again"
    );
    let status = house.says(&["status"]);
    assert!(status.contains("next: omnistock parked list"), "{status}");
    let parked = house.says(&["parked", "list"]);
    assert!(parked.contains("market A (A)") && parked.contains("8541: "), "{parked}");
    let audit = house.says(&["audit", "market"]);
    assert!(audit.contains("not applied 1 7 A 2 9"), "{audit}");

    amazon.set_faults(amazon::Faults::default());
    house.drop_stock(&[("B", 7)]);
    until("another one goes on", || amazon.shown("B") == Some(7), || daemon.log()).await;
    assert_eq!(house.says(&["parked", "retry", "A"]), "market: 1 listing tried again");
    house.counts(&daemon, "in_sync", 3).await;
    assert_eq!(amazon.shown("A"), Some(2));
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_stays_in_progress_stops_only_its_own_listings_and_those_until_it_is_given_up() {
    let mut house = House::open().await;
    let amazon = amazon::Simulator::start(amazon::SimulatorSettings::immediate())
        .await
        .unwrap();
    let many: Vec<String> = (0..40).map(|number| format!("S-{number:02}")).collect();
    for sku in many.iter().map(String::as_str).chain(["OTHER"]) {
        amazon.add(sku, 5);
    }
    let settings = "settle_ms = 500\nfeed_from = 20\nfeed_patience_ms = 4000";
    let mut daemon = house.start(&format!("{}\n{settings}", of_amazon(&house, &amazon)));
    let all = |units| many.iter().map(|sku| (sku.as_str(), units)).collect::<Vec<_>>();
    house.drop_stock(&[all(5), vec![("OTHER", 5)]].concat());
    house.counts(&daemon, "in_sync", 41).await;

    amazon.set_faults(amazon::Faults {
        feeds: amazon::FeedFate::Stuck,
        ..amazon::Faults::default()
    });
    house.drop_stock(&all(8));
    let feeds = || amazon.counters().calls.get("createFeed").copied();
    until("a feed", || feeds() == Some(1), || daemon.log()).await;
    // Feeds that are begun from now on end; this one never does.
    amazon.set_faults(amazon::Faults::default());
    house.drop_stock(&[("OTHER", 3), ("S-00", 1)]);
    until(
        "the other one goes on",
        || amazon.shown("OTHER") == Some(3),
        || daemon.log(),
    )
    .await;
    let error = house.complains(&daemon, "is still being processed").await;
    assert!(error["reason"].as_str().unwrap().contains("feed"), "{error}");
    assert_eq!(
        (amazon.counters().crossed, amazon.shown("S-00")),
        (0, Some(5)),
        "never both ways at once"
    );
    house.counts(&daemon, "accepted", 39).await;
    let status = house.says(&["status"]);
    assert!(status.contains("live 41 1 40 0 0 0 0"), "{status}");

    house.counts(&daemon, "in_sync", 41).await;
    assert!(
        many.iter().skip(1).all(|sku| amazon.shown(sku) == Some(8)),
        "{}",
        daemon.log()
    );
    assert_eq!(amazon.shown("S-00"), Some(1));
    assert!(
        daemon.everything().contains("has not processed a feed in time"),
        "{}",
        daemon.log()
    );
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ebay_accepts_and_forgets_is_told_and_sent_again_ever_more_seldom() {
    let mut house = House::open().await;
    let ebay = ebay::Simulator::start(ebay::SimulatorSettings::default())
        .await
        .unwrap();
    for quota in ["inventory", "fulfillment"] {
        ebay.set_quota(quota, 1_000_000_000);
    }
    ebay.add("A", 5);
    ebay.add("B", 5);
    ebay.add_older(Some("OLD"), 5);
    let mut daemon = house.start(&of_ebay(&house, &ebay));
    house.drop_stock(&[("A", 9), ("B", 4), ("OLD", 5)]);
    house.counts(&daemon, "in_sync", 3).await;
    let before: u32 = ebay.revisions().values().sum();

    ebay.set_faults(ebay::Faults {
        forgets: true,
        ..ebay.faults()
    });
    house.drop_stock(&[("A", 2), ("OLD", 8)]);
    let error = house.complains(&daemon, "is not applied").await;
    let reason = error["reason"].as_str().unwrap();
    assert!(reason.contains("said yes 2 times in a row"), "{error}");
    let status = house.says(&["status"]);
    assert!(
        status.contains("is not applied") && status.contains("live 3 1 2 0"),
        "{status}"
    );
    let audit = house.says(&["audit", "market"]);
    assert!(audit.contains("not applied 2 7 A 2 9"), "{audit}");

    ebay.set_faults(ebay::Faults::default());
    house.drop_stock(&[("B", 7)]);
    until("another one goes on", || ebay.shown("B") == Some(7), || daemon.log()).await;
    // Nobody has to do anything.
    house.counts(&daemon, "in_sync", 3).await;
    assert_eq!((ebay.shown("A"), ebay.shown("OLD")), (Some(2), Some(8)));
    let revisions = ebay.revisions().values().sum::<u32>() - before;
    assert!(revisions <= 12, "{revisions} of the day's few revisions were used");
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_sells_at_amazon_and_ebay_too_and_every_channel_ends_right() {
    let folder = tempfile::tempdir().unwrap();
    let options = DemoOptions {
        length: Some(Duration::from_secs(4)),
        folder: Some(folder.path().to_owned()),
        json: true,
        with: vec![Marketplace::Amazon, Marketplace::Ebay],
        ports: (0, 0),
    };
    let summary = demo(options, CancellationToken::new()).await.unwrap();
    assert!(summary.good(), "{summary:?}");
    assert_eq!(summary.divergence, 0, "{summary:?}");
    for channel in ["amazon", "ebay", "market", "shop_at", "shop_de"] {
        let sold = summary.sold_at.get(channel).copied().unwrap_or_default();
        assert!(sold > 3, "{channel}: {summary:?}");
    }
}
