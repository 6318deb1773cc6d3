//! A faithful fake of Amazon's Selling Partner API on a real loopback HTTP server, with Login with Amazon.
//!
//! A yes only queues a change, limits are told by their rate alone, feeds end in all the ways they do, pages are counted
//! rows that end at 1,000, and orders are found late. Shapes are held to the vendor's definitions by the contract test;
//! what is known of its behaviour stands in `README.md`. State grows with what happens; it lives for a test or a
//! demonstration.

mod answer;
mod bucket;
mod depot;
mod feeds;
mod listings;
mod notify;
mod orders;
mod queue;
mod records;
mod server;
mod shop;

pub use queue::{QueueCounters, QueueFaults};
pub use records::{
    Counters, DocumentTrouble, Exchange, Faults, FeedFate, Refusal, Sale, SimulatorSettings, Trouble, WriteTrouble,
};

use omnistock_sdk::simulated::{Server, Site};
use serde_json::Value;
use shop::Shop;
use tokio::time::Instant;

/// Shared by the server, its tasks and who holds the simulator.
type Shared = Site<Shop>;

/// A running Amazon. Dropping it stops it too, without waiting.
pub struct Simulator {
    shared: Server<Shop>,
}

impl Simulator {
    /// Opens it. Fails where the port is taken.
    pub async fn start(settings: SimulatorSettings) -> std::io::Result<Self> {
        let port = settings.port;
        let shared = Server::open(port, |origin| Shop::new(settings, origin), server::routes).await?;
        Ok(Self { shared })
    }

    /// Closes it and waits until its port is free again, 10 seconds at most. What it knew is lost.
    pub async fn stop(&self) {
        self.shared.stop().await;
    }

    /// Its address, as in `base_url = "…"`.
    pub fn url(&self) -> String {
        self.shared.origin()
    }

    /// Where tokens come from, as in `login_url = "…"`.
    pub fn login_url(&self) -> String {
        format!("{}/auth/o2/token", self.shared.origin())
    }

    /// The seller's id.
    pub fn seller(&self) -> &'static str {
        shop::SELLER
    }

    /// Its stores: Germany and France, which share one quantity.
    pub fn marketplaces(&self) -> [&'static str; 2] {
        shop::STORES
    }

    /// The application.
    pub fn client_id(&self) -> &'static str {
        shop::CLIENT
    }

    /// The application's secret.
    pub fn client_secret(&self) -> String {
        Shop::secret("client")
    }

    /// The seller's word that the application may do everything.
    pub fn refresh_token(&self) -> String {
        Shop::secret("refresh")
    }

    /// The same for an application that may only read.
    pub fn reader_token(&self) -> String {
        Shop::secret("reader")
    }

    /// Every access token handed out so far is good no more.
    pub fn expire_tokens(&self) {
        let now = Instant::now();
        self.shared.shop().tokens.values_mut().for_each(|(end, _)| *end = now);
    }

    /// The seller withdraws the authorization.
    pub fn lock_out(&self) {
        self.shared.shop().locked_out = true;
    }

    /// Lists an offer of one's own stock.
    pub fn add(&self, sku: &str, units: i64) {
        self.shared.shop().add(sku, units);
    }

    /// Lists offers of one's own stock that are created at the same moment, as by one feed.
    pub fn add_together(&self, skus: &[String], units: i64) {
        self.shared.shop().add_together(skus, units);
    }

    /// Lists an offer that Amazon fulfils, with so many units at its depots.
    pub fn add_at_depot(&self, sku: &str, units: i64) {
        self.shared.shop().add_at_depot(sku, units);
    }

    /// Closes an offer.
    pub fn remove(&self, sku: &str) {
        let shop = &mut *self.shared.shop();
        shop.listings.remove(sku);
        shop.tell_status(sku);
    }

    /// Sets the quantity by hand.
    pub fn set_stock(&self, sku: &str, units: i64) {
        self.shared.shop().set_units(sku, units);
    }

    /// Units that buyers are offered; `None`: no such offer of one's own stock.
    pub fn shown(&self, sku: &str) -> Option<i64> {
        self.shared.shop().shown(sku)
    }

    /// The entries of an attribute, such as `fulfillment_availability`.
    pub fn attribute(&self, sku: &str, name: &str) -> Value {
        let shop = &mut *self.shared.shop();
        shop.settle();
        let listing = shop.listings.get(sku);
        listing.map_or(Value::Null, |listing| serde_json::json!(listing.attributes.get(name)))
    }

    /// What is asked for an offer in the first store, as a text.
    pub fn asked(&self, sku: &str) -> Option<String> {
        let amount = self.attribute(sku, "purchasable_offer");
        let amount = amount.pointer("/0/our_price/0/schedule/0/value_with_tax")?;
        Some(amount.to_string())
    }

    /// Sets what is asked in the first store by hand.
    pub fn set_price(&self, sku: &str, amount: &str) {
        let amount: Value = serde_json::from_str(amount).unwrap_or_default();
        self.shared.shop().set_price(sku, &amount);
    }

    /// A buyer checks out; the order's id.
    pub fn buy(&self, sku: &str, units: i64) -> Result<String, Refusal> {
        self.shared.shop().buy(sku, units)
    }

    /// All sales, oldest first; cancelled ones stay in it.
    pub fn sales(&self) -> Vec<Sale> {
        self.shared.shop().sales()
    }

    /// The order is paid and waits to be shipped.
    pub fn pay(&self, order: &str) -> bool {
        self.shared.shop().change(order, |order, _| {
            let pending = order.status == "PENDING";
            order.status = if pending { "UNSHIPPED" } else { order.status };
            pending
        })
    }

    /// So many units of an order leave. False where fewer are left.
    pub fn ship(&self, order: &str, units: i64) -> bool {
        self.shared.shop().ship(order, units)
    }

    /// Units of an order that are neither gone nor cancelled.
    pub fn left(&self, order: &str) -> i64 {
        self.shared.shop().left(order)
    }

    /// So many units of an order are cancelled, and on sale again. False where fewer are left.
    pub fn cancel(&self, order: &str, units: i64) -> bool {
        self.shared.shop().cancel(order, units)
    }

    /// The buyer gets his money back; what left stays away.
    pub fn refund(&self, order: &str) -> bool {
        self.shared.shop().change(order, |order, _| order.status == "SHIPPED")
    }

    /// Words of every buyer.
    pub fn buyer(&self) -> &'static [&'static str] {
        &orders::BUYER
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shared.shop().counters.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.shop().faults = faults;
    }

    /// Keeps calls and answers from now on, for [`Self::exchanges`].
    pub fn remember_exchanges(&self) {
        self.shared.shop().remembers = true;
    }

    /// Calls of the interface with their answers since [`Self::remember_exchanges`], oldest first; the last 4,000.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.shop().exchanges.iter().cloned().collect()
    }

    /// What feeds and their reports hold, oldest first.
    pub fn documents(&self) -> Vec<Value> {
        let shop = self.shared.shop();
        let contents = shop.documents.values().filter_map(|document| document.content.as_ref());
        contents
            .filter_map(|content| serde_json::from_slice(content).ok())
            .collect()
    }
}
