//! A faithful fake of eBay for one seller, on a real loopback HTTP server: tokens, listings of both models, orders,
//! quotas, notifications.
//!
//! It follows the vendor's definitions, and is unkind where they leave it open: one page is revised 250 times a day and
//! no more, no answer says what is left, what is accepted may come late or never, a full replacement loses a number,
//! keys rotate. State and logs grow with what is sold, as at a real one; it lives for a test or a demonstration.

mod deliver;
mod inventory;
mod notify;
mod older;
mod orders;
mod records;
mod seller;
mod server;
mod shop;
mod tokens;

pub use records::{BatchRule, Counters, Exchange, Faults, Refusal, Sale, Trouble, WriteTrouble};

use omnistock_sdk::simulated::{Server, Site};
use omnistock_words::Millis;
use serde_json::json;
use shop::Shop;
use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::Duration;
use url::Url;

/// How it starts.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Its loopback port; 0 takes a free one.
    pub port: u16,
    /// Where its randomness starts: the same seed and calls give the same faults.
    pub seed: u64,
    /// How long a token is good.
    pub token_life: Duration,
    /// What it does with several SKUs in one call.
    pub rule: BatchRule,
    /// Whether the seller has out-of-stock control: without it a listing that shows 0 ends.
    pub out_of_stock_control: bool,
    /// Whether addresses of notifications have to prove themselves.
    pub challenges: bool,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            token_life: Duration::from_hours(2),
            rule: BatchRule::default(),
            out_of_stock_control: true,
            challenges: true,
            faults: Faults::default(),
        }
    }
}

/// Shared by the server, its tasks and who holds the simulator.
type Shared = Site<Shop>;

/// A running eBay. Dropping it stops it too, without waiting.
pub struct Simulator {
    shared: Server<Shop>,
}

impl Simulator {
    /// Opens it. Fails where the port is taken.
    pub async fn start(settings: SimulatorSettings) -> std::io::Result<Self> {
        let shared = Server::open(settings.port, |_| Shop::new(&settings), server::routes).await?;
        shared.beside(deliver::deliver);
        Ok(Self { shared })
    }

    /// Closes it and waits until its port is free again, 10 seconds at most. What it knew is lost.
    pub async fn stop(&self) {
        self.shared.stop().await;
    }

    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shared.shop()
    }

    /// Its address, as in `base_url = "…"`.
    pub fn url(&self) -> Url {
        self.shared.url()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.shared.port()
    }

    /// The application's id.
    pub fn client_id(&self) -> &'static str {
        tokens::CLIENT_ID
    }

    /// The application's secret.
    pub fn client_secret(&self) -> &'static str {
        tokens::CLIENT_SECRET
    }

    /// The seller's consent.
    pub fn refresh_token(&self) -> &'static str {
        tokens::REFRESH_TOKEN
    }

    /// The seller's consent does not include this scope any more (`sell.inventory`).
    pub fn withdraw_scope(&self, scope: &str) {
        self.shop().tokens.consented.remove(scope);
    }

    /// The seller changed the password: the consent is over, and every token with it.
    pub fn revoke(&self) {
        let mut shop = self.shop();
        shop.tokens.consented.clear();
        shop.tokens.expire();
    }

    /// Every token handed out so far is good no more.
    pub fn expire_tokens(&self) {
        self.shop().tokens.expire();
    }

    /// Tokens handed out so far: the seller's, the application's.
    pub fn minted(&self) -> (u64, u64) {
        self.shop().tokens.minted
    }

    /// Its clock stands at this instant from now on.
    pub fn set_now(&self, now: Millis) {
        self.shop().set_now(now);
    }

    /// The seller switches out-of-stock control on or off.
    pub fn set_out_of_stock_control(&self, on: bool) {
        self.shop().keeps_sold_out = on;
    }

    /// What buyers see; `None`: it is not for sale.
    pub fn shown(&self, sku: &str) -> Option<i64> {
        self.shop().shown(sku)
    }

    /// What is asked for it.
    pub fn asked(&self, sku: &str) -> Option<String> {
        let mut shop = self.shop();
        if let Some(offer) = shop.offer_of(sku) {
            return shop.offers.get(&offer).map(|offer| offer.price.0.clone());
        }
        shop.older_of(sku).map(|(_, number)| number.price.0.clone())
    }

    /// Sets what is asked for it by hand.
    pub fn set_price(&self, sku: &str, amount: &str) {
        let mut shop = self.shop();
        if let Some(offer) = shop.offer_of(sku).and_then(|offer| shop.offers.get_mut(&offer)) {
            amount.clone_into(&mut offer.price.0);
        } else if let Some((_, number)) = shop.older_of(sku) {
            amount.clone_into(&mut number.price.0);
        }
    }

    /// A buyer buys; the order's id.
    pub fn buy(&self, sku: &str, units: i64) -> Result<String, Refusal> {
        let bought = self.shop().buy(sku, units);
        self.shared.wake();
        bought
    }

    /// Cancels; the vendor sells the units again. False where it has left, or was cancelled already.
    pub fn cancel(&self, order: &str) -> bool {
        self.shop().cancel(order)
    }

    /// Marks so many units as sent; without a number all that are left. False where there are not as many.
    pub fn send(&self, order: &str, units: Option<i64>) -> bool {
        let sent = self.shop().send(order, units);
        self.shared.wake();
        sent
    }

    /// Gives the money back; nothing else changes.
    pub fn pay_back(&self, order: &str) -> bool {
        self.shop().pay_back(order)
    }

    /// Words of the buyer that come with each order.
    pub fn buyer(&self) -> &'static [&'static str] {
        &orders::BUYER
    }

    /// All sales, oldest first; cancelled ones stay in it.
    pub fn sales(&self) -> Vec<Sale> {
        self.shop().sales.clone()
    }

    /// How often each page was revised, by its number and the day since 1970.
    pub fn revisions(&self) -> BTreeMap<(u64, i64), u32> {
        self.shop().revisions()
    }

    /// The application may make so many calls a day: of `inventory`, `fulfillment` or `tradingapi`.
    pub fn set_quota(&self, name: &str, most: u64) {
        if let Some(quota) = self.shop().quotas.get_mut(name) {
            quota.1 = most;
        }
    }

    /// Messages are signed with a new key from now on.
    pub fn rotate_key(&self) {
        self.shop().notices.rotate();
    }

    /// The id of the key that signs now.
    pub fn key_id(&self) -> String {
        self.shop().notices.current().to_owned()
    }

    /// A message about an order: the signature's header, the body. `foreign`: another one signed it.
    pub fn notification(&self, topic: &str, order: &str, foreign: bool) -> (String, String) {
        let shop = self.shop();
        let data = json!({"user": {"userId": "u1"}, "order": {"orderId": order}});
        let body = shop.message(topic, "49feeaeb-4982-42d9-a377-9645b8479411", 1, &data);
        (shop.notices.signature(body.as_bytes(), foreign), body)
    }

    /// Subscriptions that are enabled.
    pub fn subscriptions(&self) -> usize {
        let shop = self.shop();
        shop.notices
            .subscriptions
            .values()
            .filter(|one| one.status == "ENABLED")
            .count()
    }

    /// The vendor drops one subscription without a word.
    pub fn lose_subscription(&self) {
        self.shop().notices.subscriptions.pop_first();
    }

    /// States of all destinations.
    pub fn destinations(&self) -> Vec<String> {
        let shop = self.shop();
        shop.notices
            .destinations
            .values()
            .map(|one| one.status.clone())
            .collect()
    }

    /// Keeps calls and answers from now on, for [`Self::exchanges`].
    pub fn remember_exchanges(&self) {
        self.shop().remembers = true;
    }

    /// Calls with their answers since then, oldest first; the last 5,000.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shop().exchanges.iter().cloned().collect()
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shop().counters.clone()
    }

    /// What goes wrong now.
    pub fn faults(&self) -> Faults {
        self.shop().faults.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shop().faults = faults;
    }
}
