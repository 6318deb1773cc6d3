//! The connector: its registry entry, its manifest, its roles, its check.

use crate::catalogue::{Levels, PAGE, Width};
use crate::client::Client;
use crate::documents::SCOPES;
use crate::orders::{self, OrderReader};
use crate::places::PlaceCache;
use crate::prices::{PriceBook, Pricing};
use crate::settings::{self, Parts};
use crate::webhooks::{self, Registrar};
use crate::write::{self, MOST};
use async_trait::async_trait;
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Cursor, Facts, Grouping, ItemOutcome,
    ListingPage, ListingReading, ListingReference, Manifest, OrderPage, OrderSource, PriceCurrency, PriceField,
    PriceItem, PriceOutcome, PriceReading, PriceRole, PriceTerms, PricedPage, RawRequest, Received, Role, SecretString,
    SettingProblem, SubscriptionState, WebhookError, WebhookRole, WriteItem,
};
use omnistock_words::{OrderFact, OrderId, OrderStatus, Quantity, WriteMeaning};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The registry's line of this kind.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "shopify",
    about: "Shopify (Admin GraphQL): stock per location is written by compare-and-set, orders are read, webhooks",
    manifest,
    build,
};

/// What the token must be allowed to, for everything that this connector does.
const NEEDED: [&str; 7] = [
    "read_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_orders",
    "read_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
];

struct Shopify {
    manifest: Manifest,
    client: Client,
    places: PlaceCache,
    /// Items, orders, and items with their prices, in one query.
    items: Width,
    orders: Width,
    priced: Width,
    book: PriceBook,
    /// Whether prices may be written, and whether the former ones beside them are ours too.
    prices: bool,
    compare_at: bool,
    overlap: i64,
    bulk_above: u64,
    webhook_secrets: Vec<SecretString>,
}

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let parts: Parts = settings::read(table, context.secrets.as_ref())?;
    let client = Client::new(&parts).map_err(|error| vec![SettingProblem::new("url", error.message)])?;
    Ok(Arc::new(Shopify {
        manifest: manifest(),
        client,
        places: PlaceCache::new(context.locations),
        items: Width::new(PAGE),
        orders: Width::new(orders::PAGE),
        priced: Width::new(PAGE),
        book: PriceBook::default(),
        prices: parts.prices,
        compare_at: parts.compare_at,
        overlap: parts.overlap,
        bulk_above: parts.bulk_above,
        webhook_secrets: parts.webhook_secrets,
    }))
}

fn manifest() -> Manifest {
    Manifest {
        kind: "shopify",
        // The shop takes its own sales off `available` [documented].
        write: WriteMeaning::Available,
        // `changeFromQuantity` [the vendor's schema].
        compare_and_set: true,
        // 251 are refused [documented].
        max_write: MOST,
        // `nodes` takes 250 ids [documented].
        max_read: PAGE,
        // Items and locations mix freely in one call.
        grouping: Grouping::Any,
        // One bad entry undoes the vendor's call [recorded], but not ours: the others are sent again without it.
        all_or_nothing: false,
        // The bucket of costs bounds what is sent, not the number of calls; few are enough to empty it.
        concurrency: 4,
        // Times have whole seconds [recorded].
        clock_grain: Duration::from_secs(1),
        // `quantity` is a whole number [the vendor's schema].
        decimals: 0,
        // The vendor shows negative numbers after overselling; we never mean one.
        least: Quantity::ZERO,
        // [the vendor's schema]
        most: Quantity::whole(1_000_000_000),
        facts: Facts {
            roles: &[Role::Channel, Role::Prices, Role::Orders, Role::Webhooks],
            basis: &[],
            decrement_states: &["every order, from check-out until it leaves"],
            idempotency: "changes nothing: each call has a key, and a number that was replaced is stale",
            sold_out: "0; the shop sells no more unless the variant goes on selling when out of stock",
            order_states: &[
                ("placed, in part shipped", OrderStatus::Open),
                ("every unit in a parcel that succeeded", OrderStatus::Shipped),
                ("cancelledAt set, or every line taken out", OrderStatus::Cancelled),
            ],
            read_back: "numbers after each call: the answer does not confirm them",
            limits: "points by the cost of a query: 2000 held, 100 a second on the smallest plan; the answers tell",
        },
    }
}

#[derive(Deserialize)]
struct Installation {
    #[serde(rename = "accessScopes")]
    scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    handle: String,
}

/// Scopes that are not granted; who may write may read.
fn missing(granted: &[Scope], prices: bool) -> Vec<&'static str> {
    let has = |needed: &str| granted.iter().any(|scope| scope.handle == needed);
    let writes = |needed: &str| {
        needed
            .strip_prefix("read_")
            .is_some_and(|rest| has(&format!("write_{rest}")))
    };
    let for_prices = prices.then_some("write_products");
    NEEDED
        .into_iter()
        .chain(for_prices)
        .filter(|needed| !has(needed) && !writes(needed))
        .collect()
}

impl Shopify {
    fn levels(&self) -> Levels<'_> {
        Levels {
            client: &self.client,
            places: &self.places,
            width: &self.items,
            bulk_above: self.bulk_above,
            book: &self.book,
        }
    }

    fn pricing(&self) -> Pricing<'_> {
        Pricing {
            client: &self.client,
            levels: self.levels(),
            width: &self.priced,
            compare_at: self.compare_at,
        }
    }

    fn order_reader(&self) -> OrderReader<'_> {
        OrderReader {
            client: &self.client,
            places: &self.places,
            width: &self.orders,
            overlap: self.overlap,
        }
    }

    /// The vendor says that a number is not the expected one, but not which it is: it is read.
    async fn tell_stale(&self, items: &[WriteItem], outcomes: &mut [ItemOutcome]) {
        let stale: Vec<ListingReference> = items
            .iter()
            .zip(outcomes.iter())
            .filter(|(_, outcome)| matches!(outcome, ItemOutcome::Stale { quantity: None, .. }))
            .map(|(item, _)| item.reference.clone())
            .collect();
        if stale.is_empty() {
            return;
        }
        // Where this fails the outcome stays without a number, and the number is read before the next call.
        let Ok(readings) = self.levels().listings(&stale).await else {
            return;
        };
        for (item, outcome) in items.iter().zip(outcomes) {
            if let ItemOutcome::Stale { quantity, .. } = outcome {
                let reading = readings
                    .iter()
                    .find(|reading| reading.reference.key == item.reference.key);
                *quantity = reading.and_then(|reading| reading.quantity);
            }
        }
    }
}

#[async_trait]
impl Connector for Shopify {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        Some(self)
    }

    fn prices(&self) -> Option<&dyn PriceRole> {
        self.prices.then_some(self)
    }

    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        if self.webhook_secrets.is_empty() {
            None
        } else {
            Some(self)
        }
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        let installation: Installation = self.client.ask(&SCOPES, &json!({}), "currentAppInstallation").await?;
        let missing = missing(&installation.scopes, self.prices);
        if !missing.is_empty() {
            let else_none = if missing == ["write_products"] {
                ", or set prices = false where no prices are to be written"
            } else {
                ""
            };
            return Err(ConnectorError::operator(format!(
                "the app may not `{}`; grant it these scopes and install it again{else_none}",
                missing.join("`, `")
            )));
        }
        let places = self.places.get(&self.client).await?;
        if let Some(served) = self.client.other_version() {
            let asked = self.client.version();
            return Err(ConnectorError::operator(format!(
                "Shopify serves version {served} instead of {asked}; set `version` to one that it still has"
            )));
        }
        if places.any_known() {
            return Ok(());
        }
        let advice = "no location of Shopify is known here; write their numbers (the end of the address when you open one in Settings > Locations) or names into `codes` of [locations.NAME]";
        Err(ConnectorError::operator(advice))
    }
}

#[async_trait]
impl OrderSource for Shopify {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        self.order_reader().page(cursor).await
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        self.order_reader().one(order).await
    }
}

#[async_trait]
impl ChannelRole for Shopify {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        Ok(self.levels().page(cursor, false).await?.page)
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        self.levels().listings(listings).await
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let mut outcomes = write::write(&self.client, items).await?;
        self.tell_stale(items, &mut outcomes).await;
        Ok(outcomes)
    }
}

#[async_trait]
impl PriceRole for Shopify {
    fn terms(&self) -> PriceTerms {
        const OURS: &[PriceField] = &[PriceField::Regular, PriceField::CompareAt];
        PriceTerms {
            // 250 of one product [documented].
            max_write: MOST,
            max_read: PAGE,
            grouping: Grouping::Parent,
            fields: if self.compare_at { OURS } else { &[PriceField::Regular] },
            // Markets have lists of their own, which are not ours.
            currency: PriceCurrency::OfShop,
        }
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        self.pricing().page(cursor).await
    }

    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        self.pricing().read(listings).await
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        self.pricing().write(items).await
    }
}

#[async_trait]
impl WebhookRole for Shopify {
    fn receive(&self, request: &RawRequest) -> Result<Received, WebhookError> {
        webhooks::receive(&self.webhook_secrets, request)
    }

    async fn subscribe(&self, url: &str) -> Result<SubscriptionState, ConnectorError> {
        Registrar { client: &self.client }.subscribe(url).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_scope_is_named_and_writing_includes_reading() {
        let granted = |handles: &[&str]| -> Vec<Scope> {
            handles
                .iter()
                .map(|handle| Scope {
                    handle: (*handle).to_owned(),
                })
                .collect()
        };
        let rest = [
            "read_products",
            "read_locations",
            "read_merchant_managed_fulfillment_orders",
            "write_third_party_fulfillment_orders",
        ];
        let mut handles = rest.to_vec();
        handles.extend(["read_inventory", "write_inventory", "read_orders"]);
        assert!(missing(&granted(&handles), false).is_empty());
        handles.retain(|handle| *handle != "read_inventory" && *handle != "read_orders");
        assert_eq!(missing(&granted(&handles), true), ["read_orders", "write_products"]);
    }
}
