//! A faithful fake of a `WooCommerce` shop on a real loopback HTTP server: its interface, its storefront, its webhooks.
//!
//! It behaves as the real one was observed to: absolute writes wipe out sales they have not seen, batches check
//! no types, errors of items come inside a 200, webhooks come late, merged, once, and stop after failures.
//! State and logs grow with what is sold, as in a real shop; it lives for a test or a demonstration.

mod answer;
mod auth;
mod deliver;
mod full;
mod hooks;
mod order_book;
mod orders;
mod pending;
mod price;
mod products;
mod records;
mod server;
mod shop;
mod trouble;

pub use records::{Counters, Faults, PriceWrite, Refusal, Sale, ShopLine, ShopOrder, Trouble, Write, WriteTrouble};

use omnistock_sdk::simulated::{Server, Site};
use shop::{Manage, Shop};
use url::Url;

/// How a simulated shop starts.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Its loopback port; 0 takes a free one.
    pub port: u16,
    /// Under which address it is reached, if that is not its port's own: signatures are made over it.
    pub address: Option<String>,
    /// Where its randomness starts: the same seed and calls give the same faults.
    pub seed: u64,
    /// The key is only good for reading.
    pub read_only: bool,
    /// How far the shop's local time is ahead of UTC, seconds; its naive dates show it.
    pub offset: i64,
    /// So many webhooks are delivered at once: queue runners of the shop, 1 unless its operator has set up more.
    pub runners: usize,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            port: 0,
            address: None,
            seed: 1,
            read_only: false,
            offset: 3_600,
            runners: 1,
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
        let shared = Server::open(
            settings.port,
            |origin| Shop::new(&settings, settings.address.clone().unwrap_or(origin)),
            server::routes,
        )
        .await?;
        for _ in 0..settings.runners.max(1) {
            shared.beside(deliver::run);
        }
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

    /// The consumer key.
    pub fn key(&self) -> &'static str {
        shop::KEY
    }

    /// The consumer secret.
    pub fn secret(&self) -> &'static str {
        shop::SECRET
    }

    /// A secret for webhooks that one may use; the shop signs with whatever the webhook was created with.
    pub fn webhook_secret(&self) -> &'static str {
        shop::WEBHOOK_SECRET
    }

    /// The key's permission is changed to reading only, or back.
    pub fn set_read_only(&self, read_only: bool) {
        self.edit(|shop| shop.read_only = read_only);
    }

    /// The key is revoked in the shop's pages.
    pub fn revoke_key(&self) {
        self.edit(|shop| shop.revoked = true);
    }

    /// A simple product whose stock is counted; its id.
    pub fn add_product(&self, sku: &str, quantity: i64) -> u64 {
        self.shared.shop().add_product(sku, quantity)
    }

    /// A variation whose stock is counted, of the variable product `parent_sku`, which is made where there is none; its id.
    pub fn add_variation(&self, parent_sku: &str, sku: &str, quantity: i64) -> u64 {
        self.shared.shop().add_variation(parent_sku, sku, quantity)
    }

    /// Switches "Manage stock" on or off, by a person in the shop's pages.
    pub fn set_managed(&self, sku: &str, managed: bool) {
        self.edit(|shop| shop.set_managed(sku, if managed { Manage::Yes } else { Manage::No }));
    }

    /// Has a variation counted at its product, as `WooCommerce` does by default.
    pub fn count_at_parent(&self, sku: &str) {
        self.edit(|shop| shop.set_managed(sku, Manage::Parent));
    }

    /// Sets the stock by a person in the shop's pages.
    pub fn set_stock(&self, sku: &str, quantity: i64) {
        self.edit(|shop| shop.set_stock(sku, quantity));
    }

    /// Sets regular and sale price (empty: none) by a person in the shop's pages; a sale may begin only then.
    pub fn set_price(&self, sku: &str, regular: &str, sale: &str, from: Option<omnistock_words::Millis>) {
        self.edit(|shop| {
            let id = shop.by_sku(sku);
            if let Some(product) = id.and_then(|id| shop.products.get_mut(&id)) {
                (product.price.regular, product.price.sale) = (regular.to_owned(), sale.to_owned());
                (product.price.from, product.price.to) = (from, None);
                product.price.settle();
            }
        });
    }

    /// What a buyer pays, and the regular price, as texts; `None` where it is not listed.
    pub fn asked(&self, sku: &str) -> Option<(String, String)> {
        let shop = self.shared.shop();
        let price = &shop.products.get(&shop.by_sku(sku)?)?.price;
        Some((price.now().to_owned(), price.regular.clone()))
    }

    /// All prices that were written through the interface, oldest first.
    pub fn price_writes(&self) -> Vec<PriceWrite> {
        self.shared.shop().price_writes.clone()
    }

    /// The shop's currency.
    pub fn currency(&self) -> String {
        self.shared.shop().currency.clone()
    }

    /// Changes the shop's currency.
    pub fn set_currency(&self, code: &str) {
        self.edit(|shop| code.clone_into(&mut shop.currency));
    }

    /// A buyer checks out and pays: check and decrement are one step, as in the shop's SQL. The order's id.
    pub fn buy(&self, sku: &str, units: i64) -> Result<u64, Refusal> {
        self.edit(|shop| shop.check_out(sku, units, "processing"))
    }

    /// A buyer checks out and has not paid yet: units are kept for him at the storefront, not taken off the stock.
    pub fn check_out_unpaid(&self, sku: &str, units: i64) -> Result<u64, Refusal> {
        self.edit(|shop| shop.check_out(sku, units, "pending"))
    }

    /// Gives an order another status, also one that is in the trash; stock follows as in the shop. False where there is no
    /// such order.
    pub fn set_status(&self, order: u64, status: &str) -> bool {
        self.edit(|shop| shop.set_status(order, status))
    }

    /// Cancels: stock comes back.
    pub fn cancel(&self, order: u64) -> bool {
        self.set_status(order, "cancelled")
    }

    /// Handed over.
    pub fn complete(&self, order: u64) -> bool {
        self.set_status(order, "completed")
    }

    /// Moves an order to the trash: nothing comes back.
    pub fn trash(&self, order: u64) -> bool {
        self.edit(|shop| shop.trash(order))
    }

    /// Deletes an order for good: nothing comes back.
    pub fn delete(&self, order: u64) -> bool {
        self.edit(|shop| shop.delete(order))
    }

    /// As if an order had been placed and last changed that many seconds before.
    pub fn backdate(&self, order: u64, seconds: i64) {
        self.edit(|shop| shop.backdate(order, seconds));
    }

    /// Changes the quantity of an order's first line, by a person; stock follows, the order's date doesn't. False where
    /// there is no such order.
    pub fn edit_line(&self, order: u64, units: i64) -> bool {
        self.edit(|shop| shop.edit(order, units))
    }

    /// Deletes a product or variation for good.
    pub fn remove_product(&self, sku: &str) {
        self.edit(|shop| shop.remove_product(sku));
    }

    /// Gives an article another SKU, by a person in the shop's pages; its orders show that one from then on.
    pub fn rename(&self, sku: &str, new: &str) {
        self.edit(|shop| shop.rename(sku, new));
    }

    /// Headers and body as a webhook of this topic and secret would send them now, about an order or a product.
    pub fn delivery(&self, topic: &str, object: u64, secret: &str) -> (Vec<(String, String)>, String) {
        self.shared.shop().signed(topic, object, secret)
    }

    /// The id of an article.
    pub fn product(&self, sku: &str) -> Option<u64> {
        self.shared.shop().by_sku(sku)
    }

    /// Deletes a webhook, by a person in the shop's pages.
    pub fn delete_webhook(&self, id: u64) {
        self.edit(|shop| shop.hooks.remove(&id));
    }

    /// What the storefront shows; `None` where it is not listed or not counted.
    pub fn shown(&self, sku: &str) -> Option<i64> {
        self.shared.shop().shown(sku)
    }

    /// All orders, oldest first.
    pub fn orders(&self) -> Vec<ShopOrder> {
        self.shared.shop().all_orders()
    }

    /// All sales, oldest first; unpaid ones are in it, cancelled ones stay in it.
    pub fn sales(&self) -> Vec<Sale> {
        self.shared.shop().sales.clone()
    }

    /// All numbers that were written through the interface, oldest first.
    pub fn writes(&self) -> Vec<Write> {
        self.shared.shop().writes.clone()
    }

    /// When the last of them was.
    pub fn last_write(&self) -> Option<omnistock_words::Millis> {
        self.shared.shop().writes.last().map(|write| write.at)
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shared.shop().counters.clone()
    }

    /// Ids of the webhooks with topic and status (`active`, `paused`, `disabled`).
    pub fn webhooks(&self) -> Vec<(u64, String, String)> {
        self.shared
            .shop()
            .hooks
            .iter()
            .map(|(id, hook)| (*id, hook.topic.clone(), hook.status.clone()))
            .collect()
    }

    /// Disables a webhook, as the shop does by itself after too many failures.
    pub fn disable_webhook(&self, id: u64) {
        if let Some(hook) = self.shared.shop().hooks.get_mut(&id) {
            "disabled".clone_into(&mut hook.status);
        }
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
