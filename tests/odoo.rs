//! Odoo as the ERP of a real daemon: its figures reach both channels, an order that it ships is not subtracted
//! twice, and a report that it can't give changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, request, sku, usual};
use omnistock_odoo::simulator::{Faults, Simulator, SimulatorSettings};
use omnistock_words::Quantity;

struct Erp {
    simulator: Simulator,
    products: Vec<i64>,
    berlin: i64,
    customers: i64,
}

impl Erp {
    async fn open() -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
        let (products, berlin, customers) = simulator.books(|books| {
            let berlin = books.add_location("WH/Stock", "internal", None);
            let customers = books.add_location("Partners/Customers", "customer", None);
            let products = (0..ARTICLES).map(|index| {
                let product = books.add_product(Some(&sku(index)));
                books.set_quant(product, berlin, Quantity::whole(usual(index)));
                product
            });
            (products.collect(), berlin, customers)
        });
        Self {
            simulator,
            products,
            berlin,
            customers,
        }
    }

    /// The merchant's configuration with this ERP in place of the folder.
    fn configuration(&self, merchant: &Merchant) -> String {
        let text = merchant.embedded();
        let (before, rest) = text.split_once("[connectors.erp]").unwrap();
        let (_, after) = rest.split_once("[connectors.shop]").unwrap();
        let key = merchant.secret("odoo-key", self.simulator.key());
        let (url, database, login) = (self.simulator.url(), self.simulator.database(), self.simulator.login());
        let after = after.replace(
            "[locations.berlin]",
            "[locations.berlin]\ncodes = { erp = \"WH/Stock\" }",
        );
        format!(
            r#"{before}[connectors.erp]
kind     = "odoo"
every    = "100ms"
basis    = "physical"
url      = "{url}"
database = "{database}"
login    = "{login}"
key      = {key}
orders   = {{ line_field = "x_channel_line", channels = {{ shop = {{ prefix = "S-" }} }} }}

[connectors.shop]{after}"#
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_and_statements_of_odoo_reach_both_channels() {
    let merchant = Merchant::open().await;
    let erp = Erp::open().await;
    let daemon = Daemon::start(&merchant.write(&erp.configuration(&merchant)));
    merchant.settles(&daemon, usual).await;

    // A change in Odoo.
    let product = |index: usize| erp.products.get(index).copied().unwrap();
    erp.simulator
        .books(|books| books.set_quant(product(3), erp.berlin, Quantity::whole(2)));
    let changed = |index: usize| if index == 3 { 2 } else { usual(index) };
    merchant.settles(&daemon, changed).await;

    // A sale that Odoo doesn't know is subtracted; once Odoo has shipped it, it is in the figure.
    merchant.shop.buy(&sku(5), 4).unwrap();
    let sold = |index: usize| changed(index) - if index == 5 { 4 } else { 0 };
    merchant.settles(&daemon, sold).await;
    let sale = merchant.shop.sales().pop().unwrap();
    let (number, line) = (format!("S-{}", sale.order), sale.line.to_string());
    erp.simulator.books(|books| {
        let order = books.take_order(&number, &[(product(5), 4, &line)]);
        books.confirm(order, erp.berlin, erp.customers);
        books.ship(order);
    });
    // The figure fell by four, and the line is subtracted no more: a later change is there, and this stays.
    erp.simulator
        .books(|books| books.set_quant(product(6), erp.berlin, Quantity::whole(3)));
    let shipped = |index: usize| if index == 6 { 3 } else { sold(index) };
    merchant.settles(&daemon, shipped).await;

    // An outage changes nothing, is told, and what happened meanwhile comes after it.
    erp.simulator.set_faults(Faults {
        login_page: true,
        ..Faults::default()
    });
    erp.simulator
        .books(|books| books.set_quant(product(7), erp.berlin, Quantity::whole(1)));
    let told = |value: &serde_json::Value| value.to_string().contains("no answer of Odoo");
    merchant.status_says(&daemon, "", told).await;
    assert!(merchant.both_show(shipped), "{}", merchant.shown());
    erp.simulator.set_faults(Faults::default());
    merchant
        .settles(&daemon, |index| if index == 7 { 1 } else { shipped(index) })
        .await;
    assert!(
        !daemon.everything().contains(erp.simulator.key()),
        "no secret in the log"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsigned_webhook_of_odoo_makes_its_figures_be_read_at_once() {
    let merchant = Merchant::open().await;
    let erp = Erp::open().await;
    let secret = merchant.secret("odoo-hook", "marker-odoo-hook-51c0");
    // It would look by itself once an hour.
    let text = erp.configuration(&merchant).replace(
        "every    = \"100ms\"\nbasis    = \"physical\"\nurl ",
        &format!("every    = \"1h\"\nbasis    = \"physical\"\nwebhook_secret = {secret}\nurl "),
    );
    let daemon = Daemon::start(&merchant.write(&text));
    merchant.settles(&daemon, usual).await;
    let hook = |query: &str, body: &str| {
        let head = format!("POST /webhooks/erp{query} HTTP/1.1\r\ncontent-type: application/json");
        request(merchant.webhooks, &head, body.as_bytes()).map(|answer| answer.status)
    };
    let product = erp.products.get(3).copied().unwrap();
    // The body names a quantity, too: nobody believes it.
    let body = format!(r#"{{"_model": "stock.quant", "_id": 1, "product_id": {product}, "quantity": 77}}"#);

    let asked = erp.simulator.counters().calls;
    for forged in ["", "?token=", "?token=marker-odoo-hook-51c1"] {
        assert_eq!(hook(forged, &body), Some(401), "{forged}");
    }
    assert_eq!(erp.simulator.counters().calls, asked, "strangers make nobody ask");

    erp.simulator
        .books(|books| books.set_quant(product, erp.berlin, Quantity::whole(2)));
    let changed = |index: usize| if index == 3 { 2 } else { usual(index) };
    assert_eq!(hook("?token=marker-odoo-hook-51c0", &body), Some(200));
    merchant.settles(&daemon, changed).await;
    assert!(!daemon.everything().contains("51c0"), "no secret in the log");
}
