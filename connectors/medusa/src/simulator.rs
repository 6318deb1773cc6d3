//! A faithful fake of a Medusa server on a real loopback HTTP server: its Admin API and its storefront.
//!
//! It behaves as 2.21.2 was observed to: a line is reserved whole at one stock location, batches are done
//! together or not at all, answers to writes carry the availability from before, tokens expire.
//! State and logs grow with what is sold, as in a real shop; it lives for a test or a demonstration.

mod batch;
mod pages;
mod price;
mod query;
mod records;
mod sales;
mod server;
mod shop;
mod trouble;

pub use records::{Counters, Exchange, Faults, Refusal, Sale, Trouble, Write, WriteTrouble};

use omnistock_sdk::simulated::{Server, Site};
use omnistock_words::Quantity;
use rust_decimal::Decimal;
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
    /// How long a token is good; a real server's default is a day.
    pub token_life: Duration,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
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
        let shared = Server::open(settings.port, |_| Shop::new(&settings), server::routes).await?;
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

    /// Keeps calls and answers from now on, for [`Self::exchanges`].
    pub fn remember_exchanges(&self) {
        self.shared.shop().remembers = true;
    }

    /// Calls of the interface with their answers since [`Self::remember_exchanges`], oldest first; the last 2,000.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.shop().exchanges.iter().cloned().collect()
    }

    /// The admin user's address.
    pub fn email(&self) -> &'static str {
        shop::EMAIL
    }

    /// The admin user's password.
    pub fn password(&self) -> &'static str {
        shop::PASSWORD
    }

    /// A secret API key, good until [`Self::revoke_api_key`].
    pub fn api_key(&self) -> &'static str {
        shop::API_KEY
    }

    /// Revokes the secret API key, by a person in the dashboard.
    pub fn revoke_api_key(&self) {
        self.shared.shop().api_key_revoked = true;
    }

    /// Every token handed out so far is good no more.
    pub fn expire_tokens(&self) {
        self.shared.shop().tokens.clear();
    }

    /// The admin user is deleted and the API key revoked. Who has a token gets in until it expires.
    pub fn lock_out(&self) {
        let mut shop = self.shared.shop();
        (shop.locked_out, shop.api_key_revoked) = (true, true);
    }

    /// A stock location; its id. Lines are reserved at the oldest location that can fill them alone.
    pub fn add_location(&self, name: &str) -> String {
        self.shared.shop().add_location(name)
    }

    /// A product whose stock is managed, stocked at these locations (by id); the id of its inventory item.
    pub fn add_product(&self, sku: &str, levels: &[(String, i64)]) -> String {
        self.shared.shop().add_product(sku, levels)
    }

    /// One unit of the variant `sku` takes so many of the inventory item of `of`: of its own, where that is the same SKU, or of
    /// another one, which makes it a kit. By a person in the dashboard; false where there is no such SKU.
    pub fn takes(&self, sku: &str, of: &str, units: i64) -> bool {
        self.shared.shop().takes(sku, of, units)
    }

    /// Sets the stock at a location, by a person in the dashboard. False for a number below zero, which is refused from
    /// anybody, and where it is not stocked.
    pub fn set_stock(&self, sku: &str, location: &str, quantity: i64) -> bool {
        self.shared.shop().set_stock(sku, location, Quantity::whole(quantity))
    }

    /// Sets units aside without an order, by a person in the dashboard; the reservation's id.
    pub fn reserve_by_hand(&self, sku: &str, location: &str, units: i64) -> Result<String, Refusal> {
        self.shared
            .shop()
            .reserve_by_hand(sku, location, Quantity::whole(units))
    }

    /// Sets the base price in a currency (`eur`), or one for a region, by a person in the dashboard.
    pub fn set_price(&self, sku: &str, currency: &str, region: Option<&str>, amount: Decimal) {
        let mut shop = self.shared.shop();
        let id = shop.id("price");
        let Some(item) = shop.item(sku).map(|(id, _)| id.clone()) else {
            return;
        };
        let Some(item) = shop.items.get_mut(&item) else { return };
        let prices = &mut item.variant.prices;
        let same = |price: &&mut price::VariantPrice| price.currency == currency && price.region.as_deref() == region;
        if let Some(known) = prices.iter_mut().find(same) {
            known.amount = amount;
            return;
        }
        prices.push(price::VariantPrice {
            id,
            currency: currency.to_owned(),
            amount,
            region: region.map(str::to_owned),
        });
    }

    /// What is asked in a currency, of everybody or in a region; `None` where there is no such price.
    pub fn asked(&self, sku: &str, currency: &str, region: Option<&str>) -> Option<Decimal> {
        let shop = self.shared.shop();
        let (_, item) = shop.item(sku)?;
        let same = |price: &&price::VariantPrice| price.currency == currency && price.region.as_deref() == region;
        item.variant.prices.iter().find(same).map(|price| price.amount)
    }

    /// A buyer checks out: the line is reserved whole at one location, or refused. The order's id.
    pub fn buy(&self, sku: &str, units: i64) -> Result<String, Refusal> {
        self.shared.shop().check_out(sku, units)
    }

    /// A draft that a person prepares: nothing is sold or reserved. Its id.
    pub fn draft(&self, sku: &str, units: i64) -> Result<String, Refusal> {
        self.shared.shop().draft(sku, units)
    }

    /// Cancels: what was reserved is free again. False where there is no such order, it is cancelled already, or units are packed.
    pub fn cancel(&self, order: &str) -> bool {
        self.shared.shop().cancel(order)
    }

    /// Packs so many units of an order's line: they leave the stock with their reservation. False where fewer are left.
    pub fn pack(&self, order: &str, units: i64) -> bool {
        self.shared.shop().pack(order, Quantity::whole(units))
    }

    /// Hands over what is packed. False where nothing is.
    pub fn hand_over(&self, order: &str) -> bool {
        self.shared.shop().hand_over(order)
    }

    /// What was handed over comes back damaged and is not stocked again. False where nothing was.
    pub fn take_back(&self, order: &str) -> bool {
        self.shared.shop().take_back(order)
    }

    /// A person changes the quantity of the order's line; its reservation follows. False where so many are not there.
    pub fn edit(&self, order: &str, units: i64) -> bool {
        self.shared.shop().edit(order, Quantity::whole(units))
    }

    /// Deletes a product with its inventory item.
    pub fn remove_product(&self, sku: &str) {
        self.shared.shop().remove_product(sku);
    }

    /// Packs what is left, and hands everything over.
    pub fn fulfil(&self, order: &str) -> bool {
        self.shared.shop().fulfil(order)
    }

    /// What the storefront shows, over all locations; `None` where it is not listed.
    pub fn shown(&self, sku: &str) -> Option<i64> {
        self.shared.shop().shown(sku)
    }

    /// Stocked and reserved units at one location.
    pub fn level(&self, sku: &str, location: &str) -> Option<(i64, i64)> {
        self.shared.shop().level_of(sku, location)
    }

    /// All sales, oldest first; cancelled ones stay in it.
    pub fn sales(&self) -> Vec<Sale> {
        self.shared.shop().sales.clone()
    }

    /// All numbers that were written through the interface, oldest first.
    pub fn writes(&self) -> Vec<Write> {
        self.shared.shop().writes.clone()
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shared.shop().counters.clone()
    }

    /// What goes wrong now.
    pub fn faults(&self) -> Faults {
        self.shared.shop().faults.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.shop().faults = faults;
    }
}
