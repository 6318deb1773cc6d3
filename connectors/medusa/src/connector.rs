//! The connector: its manifest, its roles, its check.

use crate::client::Client;
use crate::levels::{ITEMS, Levels};
use crate::orders::OrderReader;
use crate::places::PlaceCache;
use crate::prices::Prices;
use crate::settings::{self, Parts};
use crate::{wire, write};
use async_trait::async_trait;
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Cursor, Facts, Grouping, ItemOutcome,
    ListingPage, ListingReading, ListingReference, Manifest, OrderPage, OrderSource, PriceCurrency, PriceField,
    PriceItem, PriceOutcome, PriceReading, PriceRole, PriceTerms, PricedPage, Role, SettingProblem, WriteItem,
};
use omnistock_words::{OrderFact, OrderId, OrderStatus, Quantity, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;

/// The registry's line.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "medusa",
    about: "Medusa v2: stock per stock location and prices are written, orders are read",
    manifest,
    build,
};

struct Medusa {
    manifest: Manifest,
    client: Client,
    places: PlaceCache,
    overlap: i64,
}

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let parts: Parts = settings::read(table, context.secrets.as_ref())?;
    let client = Client::new(&parts).map_err(|error| vec![SettingProblem::new("", error.message)])?;
    Ok(Arc::new(Medusa {
        manifest: manifest(),
        client,
        places: PlaceCache::new(context.locations),
        overlap: parts.overlap,
    }))
}

/// Where no source is named, it was observed on a running 2.21.2.
fn manifest() -> Manifest {
    Manifest {
        kind: "medusa",
        // Sales are reserved beside our number; a buyer sees stocked less reserved.
        write: WriteMeaning::Gross,
        compare_and_set: false,
        // No limit is known; 100 levels took 0.2 s on two cores, and one bad level undoes the call.
        max_write: 100,
        max_read: ITEMS,
        grouping: Grouping::Any,
        all_or_nothing: true,
        // One server process; the update takes no lock (medusajs/medusa issue 12132), so levels are not written twice at once.
        concurrency: 2,
        clock_grain: Duration::from_millis(1),
        // Fractions are stored, but 0.000001 became 0.
        decimals: 3,
        least: Quantity::ZERO,
        // Well inside what its binary floats hold with three decimals.
        most: Quantity::whole(1_000_000_000),
        facts: Facts {
            roles: &[Role::Channel, Role::Prices, Role::Orders],
            basis: &[],
            decrement_states: &["fulfilled: a packed order lowers what is there and what is reserved together"],
            idempotency: "changes nothing: the number is set, not changed by a difference",
            sold_out: "stocked = reserved: a buyer sees stocked less reserved",
            order_states: &[
                ("placed, packed in part, requires_action", OrderStatus::Open),
                (
                    "every unit shipped or delivered, or completed and packed",
                    OrderStatus::Shipped,
                ),
                ("canceled", OrderStatus::Cancelled),
                ("shipped, and as many received by returns", OrderStatus::Returned),
            ],
            read_back: "levels with their reservations just before each call, numbers and prices after it",
            limits: "none known; 100 levels took 0.2 s on two cores",
        },
    }
}

impl Medusa {
    fn levels(&self) -> Levels<'_> {
        Levels {
            client: &self.client,
            places: &self.places,
        }
    }

    fn listed_prices(&self) -> Prices<'_> {
        Prices {
            client: &self.client,
            levels: self.levels(),
        }
    }

    fn order_reader(&self) -> OrderReader<'_> {
        OrderReader {
            client: &self.client,
            overlap: self.overlap,
        }
    }
}

#[async_trait]
impl Connector for Medusa {
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
        Some(self)
    }

    /// Logs in and reads one of everything that is read later. Whether levels may be written can't be
    /// told without writing; Medusa's admin users may.
    async fn check(&self) -> Result<(), ConnectorError> {
        let places = self.places.get(&self.client).await?;
        let one = vec![("limit", "1".to_owned()), ("fields", "id".to_owned())];
        for path in ["/admin/inventory-items", "/admin/reservations", "/admin/orders"] {
            self.client.get::<wire::Anything>(path, &one).await?;
        }
        if places.any_known() {
            return Ok(());
        }
        let advice = "no stock location of Medusa is known here; write their ids (sloc_…) or names into `codes` of [locations.NAME]";
        Err(ConnectorError::operator(advice))
    }
}

#[async_trait]
impl OrderSource for Medusa {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        self.order_reader().page(cursor).await
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        self.order_reader().one(order).await
    }
}

#[async_trait]
impl ChannelRole for Medusa {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        self.levels().page(cursor).await
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        self.levels().listings(listings).await
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        write::write(&self.client, items).await
    }
}

#[async_trait]
impl PriceRole for Medusa {
    fn terms(&self) -> PriceTerms {
        PriceTerms {
            // One call per product, and one product has few variants: so many calls fit into a deadline.
            max_write: 20,
            max_read: ITEMS,
            grouping: Grouping::Any,
            // The vendor's definition: a former price needs a price list, which is not ours.
            fields: &[PriceField::Regular],
            currency: PriceCurrency::PerPrice,
        }
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        self.listed_prices().page(cursor).await
    }

    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        self.listed_prices().read(listings).await
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        self.listed_prices().write(items).await
    }
}
