//! A Shopify shop with stock at two places on the real daemon: numbers by compare-and-set, orders, webhooks, trouble.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, until};
use omnistock_shopify::simulator::{Faults, Simulator, SimulatorSettings};
use std::time::Duration;

struct World {
    /// Lends its folder, ports and files.
    merchant: Merchant,
    shop: Simulator,
    berlin: u64,
    hamburg: u64,
}

impl World {
    async fn open() -> Self {
        let faults = Faults {
            webhook_delay: Duration::from_millis(50),
            ..Faults::default()
        };
        let shop = Simulator::start(SimulatorSettings {
            faults,
            bucket: 20_000,
            restored: 1_000,
            ..SimulatorSettings::default()
        })
        .await
        .unwrap();
        let (berlin, hamburg) = (shop.add_location("Lager Berlin"), shop.add_location("hamburg"));
        for sku in ["A", "B"] {
            shop.add_item(sku, &[(berlin, 0), (hamburg, 0)]);
        }
        Self {
            merchant: Merchant::open().await,
            shop,
            berlin,
            hamburg,
        }
    }

    fn start(&self, orders_every: &str) -> Daemon {
        let merchant = &self.merchant;
        let (admin, webhooks, folder) = (merchant.admin, merchant.webhooks, merchant.folder.path().display());
        let secret = merchant.secret("app-secret", self.shop.client_secret());
        let (url, id, berlin) = (self.shop.url(), self.shop.client_id(), self.berlin);
        let text = format!(
            r#"[store]
path = "{folder}/state"

[server]
admin      = "127.0.0.1:{admin}"
webhooks   = "127.0.0.1:{webhooks}"
public_url = "http://127.0.0.1:{webhooks}/"

[connectors.erp]
kind     = "file"
path     = "{folder}/erp/stock-*.csv"
every    = "100ms"
basis    = "physical"
absorb   = "never"
columns  = {{ sku = "Artikel", quantity = "Bestand", location = "Lager" }}
format   = {{ delimiter = ";", decimal = ",", encoding = "utf-8" }}

[connectors.shop]
kind          = "shopify"
url           = "{url}"
client_id     = "{id}"
client_secret = {secret}
deadline_ms   = 2000

[locations.berlin]
codes = {{ shop = "{berlin}" }}
[locations.hamburg]

[pools.all]
locations = ["berlin", "hamburg"]

[channels.shop]
pool         = "all"
mode         = "live"
orders_every = "{orders_every}"
audit_every  = "1s"
"#
        );
        Daemon::start(&merchant.write(&text))
    }

    fn drop_stock(&self, a_berlin: i64, a_hamburg: i64) {
        let rows = format!(
            "Artikel;Lager;Bestand\nA;berlin;{a_berlin},0\nA;hamburg;{a_hamburg},0\nB;berlin;7,0\nB;hamburg;0,0\n"
        );
        self.merchant.drop_file(rows.as_bytes());
    }

    async fn shows(&self, daemon: &Daemon, berlin: i64, hamburg: i64) {
        let shown = || {
            (
                self.shop.level("A", self.berlin).unwrap().0,
                self.shop.level("A", self.hamburg).unwrap().0,
            )
        };
        let instead = || format!("{:?}\n{:?}\n{}", shown(), self.merchant.status(), daemon.log());
        until(
            &format!("A at {berlin} and {hamburg}"),
            || shown() == (berlin, hamburg),
            instead,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_two_places_follow_the_erp_and_sales_are_never_given_back() {
    let world = World::open().await;
    let mut daemon = world.start("300ms");
    world.drop_stock(10, 4);
    world.shows(&daemon, 10, 4).await;
    let order = world.shop.buy("A", 3).unwrap();
    world.shows(&daemon, 7, 4).await;
    // berlin as it was: the ERP has not heard of the order.
    world.drop_stock(10, 5);
    world.shows(&daemon, 7, 5).await;
    world.shop.fulfil(order);
    world.shop.set_stock("A", world.berlin, 70);
    world.shows(&daemon, 7, 5).await;
    world.shop.set_faults(Faults {
        throttle_rate: 0.2,
        internal_error_rate: 0.1,
        timeout_after_apply_rate: 0.2,
        read_lag: Duration::from_millis(50),
        ..world.shop.faults()
    });
    world.drop_stock(9, 2);
    world.shows(&daemon, 6, 2).await;
    daemon.terminate();
    let secret = world.shop.client_secret();
    assert!(!daemon.everything().contains(secret), "no secret in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_tells_of_a_sale_long_before_the_next_poll() {
    let world = World::open().await;
    let mut daemon = world.start("1h");
    world.drop_stock(10, 0);
    world.shows(&daemon, 10, 0).await;
    let instead = || format!("{:?}\n{}", world.shop.webhooks(), daemon.log());
    until("webhooks of ours", || world.shop.webhooks().len() == 8, instead).await;
    let polls = || world.shop.counters().calls["OmnistockOrders"];
    let before = polls();
    world.shop.buy("A", 4).unwrap();
    let told = || format!("{:?}\n{}", world.shop.counters(), daemon.log());
    until("orders were looked at", || polls() > before, told).await;
    world.drop_stock(20, 0);
    world.shows(&daemon, 16, 0).await;
    daemon.terminate();
}

/// Sixteen buyers at once, while the ERP's figure goes up and down by a hundred: a number that was computed before a sale
/// would land as another difference. The shop compares, so none does, at no moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_compare_and_set_no_number_is_wrong_in_between() {
    let world = World::open().await;
    let mut daemon = world.start("300ms");
    world.drop_stock(1_000, 0);
    world.shows(&daemon, 1_000, 0).await;
    // Sales get in between what a call was computed from and its taking effect.
    world.shop.set_faults(Faults {
        latency: Duration::from_millis(15),
        ..world.shop.faults()
    });
    let begun = world.shop.writes().len();
    std::thread::scope(|scope| {
        let buyers: Vec<_> = (0..16)
            .map(|buyer| {
                let shop = &world.shop;
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(19 * buyer));
                    for _ in 0..12 {
                        shop.buy("A", 1).unwrap();
                        std::thread::sleep(Duration::from_millis(300));
                    }
                })
            })
            .collect();
        let mut more = false;
        while buyers.iter().any(|buyer| !buyer.is_finished()) {
            more = !more;
            world.drop_stock(if more { 1_100 } else { 1_000 }, 0);
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    world.drop_stock(1_100, 0);
    world.shows(&daemon, 1_100 - 16 * 12, 0).await;
    let writes = world.shop.writes().split_off(begun);
    let wrong = writes.iter().filter(|write| (write.after - write.before) % 100 != 0);
    assert_eq!(
        wrong.collect::<Vec<_>>(),
        Vec::<&omnistock_shopify::simulator::Write>::new()
    );
    let raced = writes.iter().filter(|write| write.before % 100 != 0).count();
    assert!(raced > 0, "it wrote between sales: {writes:?}");
    daemon.terminate();
}
