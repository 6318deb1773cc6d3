//! A faithful fake of a Shopify shop on a real loopback HTTP server: its Admin GraphQL, its storefront, its webhooks.
//!
//! It behaves as the vendor's documentation and recorded answers say: changes are carried out whole or not at all,
//! numbers are compared before they are set, costs are paid out of a bucket, errors come inside a 200, webhooks come
//! late, out of order and sometimes twice. State and logs grow with what is sold; it lives for a test.

mod bucket;
mod bulk;
mod changes;
mod deliver;
mod graph;
mod hooks;
mod orders;
mod prices;
mod reads;
mod records;
mod server;
mod shop;

pub use records::{Counters, Exchange, Faults, Refusal, Sale, Trouble, Write, WriteTrouble};

use omnistock_sdk::simulated::{Server, Site};
use omnistock_words::Millis;
use shop::Shop;
use std::time::Duration;
use url::Url;

/// How a simulated shop starts.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Its loopback port; 0 takes a free one.
    pub port: u16,
    /// Where its randomness starts: the same seed and calls give the same faults.
    pub seed: u64,
    /// Points that the bucket holds; the smallest plan has 2000.
    pub bucket: i64,
    /// Points that flow in a second; the smallest plan has 100.
    pub restored: i64,
    /// How long a token of the app is good.
    pub token_life: Duration,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            bucket: 2_000,
            restored: 100,
            token_life: Duration::from_hours(24),
            faults: Faults::default(),
        }
    }
}

/// Shared by the server, its tasks and who holds the simulator.
type Shared = Site<Shop>;

/// A running shop. Dropping it stops it too, without waiting.
pub struct Simulator {
    shared: Server<Shop>,
}

impl Simulator {
    /// Opens the shop. Fails where the port is taken.
    pub async fn start(settings: SimulatorSettings) -> std::io::Result<Self> {
        let shared = Server::open(settings.port, |origin| Shop::new(&settings, origin), server::routes).await?;
        shared.beside(deliver::run);
        Ok(Self { shared })
    }

    /// Closes the shop and waits until its port is free again, 10 seconds at most. What it knew is lost.
    pub async fn stop(&self) {
        self.shared.stop().await;
    }

    /// Its address, as in `url = "…"`.
    pub fn url(&self) -> Url {
        self.shared.url()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.shared.port()
    }

    /// A static access token, good until [`Self::revoke_token`].
    pub fn token(&self) -> &'static str {
        shop::TOKEN
    }

    /// The app's client id.
    pub fn client_id(&self) -> &'static str {
        shop::CLIENT_ID
    }

    /// The app's client secret, which signs webhooks too, until [`Self::rotate_secret`].
    pub fn client_secret(&self) -> &'static str {
        shop::CLIENT_SECRET
    }

    /// Revokes the static access token, by a person in the admin pages.
    pub fn revoke_token(&self) {
        self.shared.shop().token_revoked = true;
    }

    /// Every token handed out to the app so far is good no more.
    pub fn expire_tokens(&self) {
        self.shared.shop().tokens.clear();
    }

    /// Gives the app another client secret.
    pub fn rotate_secret(&self, secret: &str) {
        secret.clone_into(&mut self.shared.shop().secret);
    }

    /// The merchant uninstalls the app: nothing that it has is good any more.
    pub fn uninstall(&self) {
        let mut shop = self.shared.shop();
        shop.token_revoked = true;
        shop.uninstalled = true;
        shop.tokens.clear();
    }

    /// The storefront's own domain, behind which there is no admin interface.
    pub fn storefront(&self) -> String {
        format!("http://localhost:{}", self.port())
    }

    /// Takes a scope from the app.
    pub fn withdraw_scope(&self, scope: &str) {
        self.shared.shop().scopes.remove(scope);
    }

    /// A location; its number.
    pub fn add_location(&self, name: &str) -> u64 {
        self.edit(|shop| shop.add_location(name, false))
    }

    /// A location that a fulfilment service keeps; its number.
    pub fn add_service_location(&self, name: &str) -> u64 {
        self.edit(|shop| shop.add_location(name, true))
    }

    /// A variant whose stock is tracked, stocked at these locations; the number of its inventory item.
    pub fn add_item(&self, sku: &str, levels: &[(u64, i64)]) -> u64 {
        self.edit(|shop| shop.add_item(sku, levels))
    }

    /// A variant of the product that sells another item; the number of its own inventory item.
    pub fn add_sister(&self, of: u64, sku: &str, levels: &[(u64, i64)]) -> u64 {
        self.edit(|shop| {
            let product = shop.items.get(&of).map_or(0, |item| item.sold.product);
            shop.add_variant(product, sku, levels)
        })
    }

    /// Sets what a variant asks and what is shown beside it, by a person in the admin pages.
    pub fn set_price(&self, sku: &str, price: &str, compare_at: Option<&str>) {
        self.edit(|shop| {
            if let Some(item) = shop.by_sku(sku).and_then(|id| shop.items.get_mut(&id)) {
                price.clone_into(&mut item.sold.price);
                item.sold.compare_at = compare_at.map(str::to_owned);
            }
        });
    }

    /// What a buyer is asked, and what is shown beside it.
    pub fn asked(&self, sku: &str) -> Option<(String, Option<String>)> {
        let shop = self.shared.shop();
        let sold = &shop.items.get(&shop.by_sku(sku)?)?.sold;
        Some((sold.price.clone(), sold.compare_at.clone()))
    }

    /// Changes the shop's currency.
    pub fn set_currency(&self, code: &str) {
        self.edit(|shop| code.clone_into(&mut shop.currency));
    }

    /// Deletes a variant.
    pub fn remove_item(&self, sku: &str) {
        self.edit(|shop| shop.remove_item(sku));
    }

    /// Stocks an item no longer at a location.
    pub fn remove_level(&self, sku: &str, location: u64) {
        self.edit(|shop| shop.remove_level(sku, location));
    }

    /// Switches "Track quantity" on or off, by a person in the admin pages.
    pub fn set_tracked(&self, sku: &str, tracked: bool) {
        self.edit(|shop| shop.set_tracked(sku, tracked));
    }

    /// Sets what is left to sell at a location, by a person in the admin pages.
    pub fn set_stock(&self, sku: &str, location: u64, quantity: i64) {
        self.edit(|shop| shop.set_stock(sku, location, quantity));
    }

    /// A buyer checks out; check and decrement are one step. The order's number.
    pub fn buy(&self, sku: &str, units: i64) -> Result<u64, Refusal> {
        self.buy_basket(&[(sku, units)])
    }

    /// A buyer checks out with several articles. The order's number.
    pub fn buy_basket(&self, basket: &[(&str, i64)]) -> Result<u64, Refusal> {
        self.edit(|shop| shop.check_out(basket))
    }

    /// Hands over up to so many units of an order. False where none is left.
    pub fn ship(&self, order: u64, units: i64) -> bool {
        self.edit(|shop| shop.ship(order, units))
    }

    /// Hands over all of an order.
    pub fn fulfil(&self, order: u64) -> bool {
        self.ship(order, i64::MAX)
    }

    /// Cancels what has not left; back to what is left to sell only with `restock`.
    pub fn cancel(&self, order: u64, restock: bool) -> bool {
        self.edit(|shop| shop.cancel(order, restock))
    }

    /// Pays back units of the first line that have not left.
    pub fn refund_unshipped(&self, order: u64, units: i64, restock: bool) -> bool {
        self.edit(|shop| shop.take_out(order, units, restock, "refunds/create"))
    }

    /// Pays back units of the first line that had left; back on the shelf at `restock`, where given.
    pub fn refund_shipped(&self, order: u64, units: i64, restock: Option<u64>) -> bool {
        self.edit(|shop| shop.pay_back(order, units, restock))
    }

    /// A person takes units of the first line out of an order.
    pub fn edit_down(&self, order: u64, units: i64) -> bool {
        self.edit(|shop| shop.take_out(order, units, true, "orders/updated"))
    }

    /// A person raises the quantity of the first line by so many units. False where there are not so many.
    pub fn edit_up(&self, order: u64, units: i64) -> bool {
        self.edit(|shop| shop.raise_line(order, units))
    }

    /// A person adds an article to an order.
    pub fn edit_add(&self, order: u64, sku: &str, units: i64) -> Result<bool, Refusal> {
        self.edit(|shop| shop.add_line(order, sku, units))
    }

    /// Has what is left of an order leave from another location.
    pub fn move_order(&self, order: u64, location: u64) -> bool {
        self.edit(|shop| shop.move_to(order, location))
    }

    /// Archives an order.
    pub fn archive(&self, order: u64) -> bool {
        self.edit(|shop| shop.archive(order))
    }

    /// Deletes an order.
    pub fn delete(&self, order: u64) -> bool {
        self.edit(|shop| shop.delete_order(order))
    }

    /// As if an order had been placed and last changed that many seconds before.
    pub fn backdate(&self, order: u64, seconds: i64) {
        self.edit(|shop| shop.backdate(order, seconds));
    }

    /// When an order last changed.
    pub fn updated_at(&self, order: u64) -> Option<Millis> {
        self.shared.shop().orders.get(&order).map(|order| order.updated)
    }

    /// What is left to sell, over all locations; `None` where it is not listed or not counted.
    pub fn shown(&self, sku: &str) -> Option<i64> {
        self.shared.shop().shown(sku)
    }

    /// What is left to sell at a location, and what is sold and still there.
    pub fn level(&self, sku: &str, location: u64) -> Option<(i64, i64)> {
        let shop = self.shared.shop();
        let level = shop.levels.get(&(shop.by_sku(sku)?, location))?;
        Some((level.available, level.committed))
    }

    /// All sales, oldest first; cancelled ones stay in it.
    pub fn sales(&self) -> Vec<Sale> {
        self.shared.shop().sales.clone()
    }

    /// All numbers that were written through the interface, oldest first.
    pub fn writes(&self) -> Vec<Write> {
        self.shared.shop().writes.clone()
    }

    /// All calls of the interface with their answers, oldest first; the last 20,000.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.shop().exchanges.iter().cloned().collect()
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shared.shop().counters.clone()
    }

    /// Numbers of the webhooks with topic and address.
    pub fn webhooks(&self) -> Vec<(u64, String, String)> {
        self.shared
            .shop()
            .hooks
            .iter()
            .map(|(id, hook)| (*id, hook.topic.clone(), hook.uri.clone()))
            .collect()
    }

    /// Removes a webhook, as the vendor does by itself after too many failures.
    pub fn remove_webhook(&self, id: u64) {
        self.shared.shop().hooks.remove(&id);
    }

    /// Has a webhook tell everything instead of the fields that were asked for.
    pub fn widen_webhook(&self, id: u64) {
        if let Some(hook) = self.shared.shop().hooks.get_mut(&id) {
            hook.fields.clear();
        }
    }

    /// The request that tells of an order as it is now, signed with `secret`: headers and body.
    pub fn order_webhook(&self, order: u64, secret: &str) -> (Vec<(String, String)>, String) {
        self.shared.shop().order_request(order, secret)
    }

    /// The request that tells of what is left of an article at a location, signed with the app's secret.
    pub fn level_webhook(&self, sku: &str, location: u64) -> (Vec<(String, String)>, String) {
        self.shared.shop().level_request(sku, location)
    }

    /// Takes all points out of the bucket, as another program of the same app may.
    pub fn empty_bucket(&self) {
        self.shared.shop().bucket.empty();
    }

    /// What goes wrong now.
    pub fn faults(&self) -> Faults {
        self.shared.shop().faults.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.edit(|shop| shop.faults = faults);
    }

    fn edit<T>(&self, change: impl FnOnce(&mut Shop) -> T) -> T {
        let result = change(&mut self.shared.shop());
        self.shared.wake();
        result
    }
}
