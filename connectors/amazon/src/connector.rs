//! The connector: its registry entry, its manifest, its roles, its check.

use crate::catalogue::{Catalogue, PAGE};
use crate::client::Client;
use crate::depot::Depot;
use crate::feeds::Feeds;
use crate::limits::{Plan, limits};
use crate::memory::Memory;
use crate::message::{Asks, Reader};
use crate::orders::OrderReader;
use crate::prices::Prices;
use crate::queue::{HIDDEN, Queue};
use crate::settings::{self, Parts};
use crate::write::{MOST, Writer, preview};
use async_trait::async_trait;
use omnistock_sdk::{
    CallLimits, ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Cursor, Facts, Grouping, Hint,
    ItemOutcome, ListingKey, ListingPage, ListingReading, ListingReference, Manifest, Message, OrderPage, OrderSource,
    PriceCurrency, PriceField, PriceItem, PriceOutcome, PriceReading, PriceRole, PriceTerms, PricedPage, QueueRole,
    Report, Role, SettingProblem, StockSource, Ticket, Verdict, WriteItem,
};
use omnistock_words::{Basis, ListingId, OrderFact, OrderId, OrderStatus, Quantity, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The registry's line of this kind.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "amazon",
    about: "Amazon (SP-API): quantities and prices of own offers are written, orders and depots are read",
    manifest,
    build,
};

/// A yes is first looked at so much later: sooner than that hardly any shows.
const SETTLES: Duration = Duration::from_secs(20);

/// So long feeds of which messages tell may be looked at, before the messages are handed on.
const LOOKS: Duration = Duration::from_secs(30);

struct Amazon {
    manifest: Manifest,
    client: Client,
    memory: Memory,
    feeds: Feeds,
    depot: Option<Depot>,
    queue: Option<Queue>,
    feed_from: usize,
    application_rate: Option<u32>,
    plan: Plan,
    settles: Duration,
    overlap: i64,
    late: Duration,
}

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let parts: Parts = settings::read(table, context.secrets.as_ref())?;
    if parts.fba && context.basis.is_some_and(|basis| basis != Basis::NetOfOrders) {
        let message = "what the depots can send is less what is sold there: their basis is \"net_of_orders\"";
        return Err(vec![SettingProblem::new("basis", message)]);
    }
    let client = Client::new(&parts).map_err(|error| vec![SettingProblem::new("base_url", error.message)])?;
    let mut manifest = manifest();
    manifest.facts.roles = match (parts.fba, &parts.queue) {
        (true, Some(_)) => manifest.facts.roles,
        (true, None) => &[Role::Channel, Role::Prices, Role::Orders, Role::Stock],
        (false, Some(_)) => &[Role::Channel, Role::Prices, Role::Orders, Role::Queue],
        (false, None) => &[Role::Channel, Role::Prices, Role::Orders],
    };
    let queue = parts.queue.as_ref().map(Queue::new).transpose();
    let queue = queue.map_err(|error| vec![SettingProblem::new("queue_url", error.message)])?;
    Ok(Arc::new(Amazon {
        manifest,
        client,
        memory: Memory::new(parts.settle, parts.patience),
        feeds: Feeds::new(parts.patience),
        queue,
        depot: parts.fba.then(|| Depot::new(parts.depot, context.locations)),
        feed_from: parts.feed_from,
        application_rate: parts.application_rate,
        plan: parts.plan,
        // Where a yes is taken for done sooner, it is looked at as soon.
        settles: SETTLES.min(Duration::from_millis(u64::try_from(parts.settle).unwrap_or_default())),
        overlap: parts.overlap,
        late: parts.late,
    }))
}

fn manifest() -> Manifest {
    Manifest {
        kind: "amazon",
        // Amazon takes its own sales off the quantity when they are placed [unconfirmed].
        write: WriteMeaning::Available,
        compare_and_set: false,
        // A feed takes 25,000 messages [the vendor's definition]; support spoke of 10,000 (amzn/selling-partner-api-models 4097).
        max_write: 10_000,
        // 20 identifiers [the vendor's definition].
        max_read: PAGE,
        grouping: Grouping::Any,
        // Each change is a call, or a message, of its own.
        all_or_nothing: false,
        // Five changes a second, each answered within one.
        concurrency: 6,
        // Times of orders have whole seconds in the vendor's examples.
        clock_grain: Duration::from_secs(1),
        // `quantity` is a whole number from 0 on [the vendor's definition].
        decimals: 0,
        least: Quantity::ZERO,
        most: Quantity::whole(MOST),
        facts: Facts {
            roles: &[Role::Channel, Role::Prices, Role::Orders, Role::Stock, Role::Queue],
            basis: &[Basis::NetOfOrders],
            decrement_states: &["every order of one's own stock, from the moment it is placed"],
            idempotency: "changes nothing: the number is set, not changed by a difference",
            sold_out: "0",
            order_states: &[
                (
                    "PENDING_AVAILABILITY, PENDING, UNSHIPPED, PARTIALLY_SHIPPED",
                    OrderStatus::Open,
                ),
                ("SHIPPED", OrderStatus::Shipped),
                ("CANCELLED, UNFULFILLABLE", OrderStatus::Cancelled),
            ],
            read_back: "numbers and prices from 20 s after each yes on, which only means that a change is queued",
            limits: "5 changes/s (5 at once), 5 reads/s of 20 listings, a feed in 2 min (15 at once), a page of orders in 3 min (20 at once); the answers tell the rates",
        },
    }
}

impl Amazon {
    fn catalogue(&self) -> Catalogue<'_> {
        Catalogue {
            client: &self.client,
            memory: &self.memory,
        }
    }

    fn offers(&self) -> Prices<'_> {
        Prices {
            client: &self.client,
            memory: &self.memory,
            catalogue: self.catalogue(),
        }
    }

    fn order_reader(&self) -> OrderReader<'_> {
        OrderReader {
            client: &self.client,
            overlap: self.overlap,
            late: i64::try_from(self.late.as_millis()).unwrap_or(0),
        }
    }
}

#[async_trait]
impl Connector for Amazon {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn limits(&self) -> CallLimits {
        limits(self.plan, self.application_rate)
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        self.depot.as_ref().map(|_| self as &dyn StockSource)
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

    fn queue(&self) -> Option<&dyn QueueRole> {
        self.queue.as_ref().map(|_| self as &dyn QueueRole)
    }

    /// Logs in, reads a listing and the first order, counts what waits in the queue, and has a change of a listing checked that is not carried out.
    async fn check(&self) -> Result<(), ConnectorError> {
        self.catalogue().page(None).await?;
        self.order_reader().page(None).await?;
        preview(&self.client).await?;
        if let Some(queue) = &self.queue {
            queue.check().await?;
        }
        match &self.depot {
            Some(depot) if depot.place().is_none() => Err(ConnectorError::operator(format!(
                "Amazon's depots are no place here; write codes = {{ NAME = \"{}\" }} into a [locations.…] of their own, or set `fba` to false",
                depot.code()
            ))),
            _ => Ok(()),
        }
    }
}

impl Amazon {
    /// What a message asks to look at. `Err`: what it asks for can't be done now, so it has to come again.
    async fn hints(&self, body: &str) -> Result<Result<Vec<Hint>, String>, ConnectorError> {
        let reader = Reader {
            seller: self.client.seller(),
            marketplaces: self.client.marketplaces(),
        };
        let feed = match reader.read(body) {
            Err(why) => return Ok(Err(why)),
            Ok(Asks::Nothing) => return Ok(Ok(Vec::new())),
            Ok(Asks::Order(order)) => return Ok(Ok(vec![Hint::Order(order)])),
            Ok(Asks::Listing(key)) => return Ok(Ok(vec![Hint::Listings(vec![key])])),
            Ok(Asks::Feed(feed)) => feed,
        };
        let skus = self.feeds.finished(&self.client, &self.memory, &feed).await?;
        let listings = skus.into_iter().filter_map(|sku| ListingId::new(sku).ok());
        let keys: Vec<ListingKey> = listings
            .map(|listing| ListingKey {
                listing,
                location: None,
            })
            .collect();
        Ok(Ok(if keys.is_empty() {
            Vec::new()
        } else {
            vec![Hint::Listings(keys)]
        }))
    }
}

#[async_trait]
impl QueueRole for Amazon {
    async fn messages(&self, wait: Duration) -> Result<Vec<Message>, ConnectorError> {
        let Some(queue) = &self.queue else {
            return Ok(Vec::new());
        };
        let taken = queue.receive(wait).await?;
        let began = Instant::now();
        let mut messages = Vec::with_capacity(taken.len());
        for one in taken {
            // The rest comes again, long before anybody would have missed it.
            let left = LOOKS.saturating_sub(began.elapsed());
            match timeout(left, self.hints(&one.body)).await {
                Ok(Ok(says)) => messages.push(Message {
                    ticket: one.ticket,
                    sent_at: one.sent_at,
                    says,
                }),
                Ok(Err(error)) => tracing::debug!("what a message asks for can't be looked at now: {error}"),
                Err(_) => break,
            }
        }
        Ok(messages)
    }

    fn returns(&self) -> Duration {
        // What was spent on looking at feeds is not left to others.
        HIDDEN.saturating_sub(LOOKS)
    }

    async fn put_away(&self, tickets: &[Ticket]) -> Result<(), ConnectorError> {
        match &self.queue {
            Some(queue) => queue.delete(tickets).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl OrderSource for Amazon {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        self.order_reader().page(cursor).await
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        self.order_reader().one(order).await
    }

    fn late(&self) -> Duration {
        self.late
    }
}

#[async_trait]
impl ChannelRole for Amazon {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        self.feeds.watch(&self.client, &self.memory).await;
        Amazon::catalogue(self).page(cursor).await
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        self.feeds.watch(&self.client, &self.memory).await;
        Amazon::catalogue(self).read(listings).await
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        self.feeds.watch(&self.client, &self.memory).await;
        let writer = Writer {
            client: &self.client,
            memory: &self.memory,
            feeds: &self.feeds,
            feed_from: self.feed_from,
        };
        writer.write(items).await
    }

    fn settles(&self) -> Duration {
        self.settles
    }

    fn bulk_from(&self) -> Option<usize> {
        Some(self.feed_from)
    }
}

#[async_trait]
impl PriceRole for Amazon {
    fn terms(&self) -> PriceTerms {
        PriceTerms {
            // A call each.
            max_write: 5,
            max_read: PAGE,
            grouping: Grouping::Any,
            // A sale has dates, which the vendor then keeps by itself.
            fields: &[PriceField::Regular],
            currency: PriceCurrency::OfShop,
        }
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        self.feeds.watch(&self.client, &self.memory).await;
        self.offers().page(cursor).await
    }

    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        self.offers().read(listings).await
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        self.offers().write(items).await
    }
}

#[async_trait]
impl StockSource for Amazon {
    async fn begin(&self) -> Result<(), ConnectorError> {
        self.depot.iter().for_each(Depot::begin);
        Ok(())
    }

    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        match &self.depot {
            Some(depot) => depot.poll(&self.client).await,
            None => Ok(None),
        }
    }

    async fn acknowledge(&self, _: &Ticket, _: &Verdict) -> Result<(), ConnectorError> {
        // The next pass reads everything anew.
        Ok(())
    }
}
