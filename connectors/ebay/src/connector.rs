//! The connector: its registry entry, its manifest, its roles, its check.

use crate::catalogue::Catalogue;
use crate::client::{Client, NOTIFICATION, SELL_FULFILLMENT, SELL_INVENTORY, is, segment};
use crate::inventory::{self, Row};
use crate::listing::Listing;
use crate::login::Whose;
use crate::order_fact::Places;
use crate::orders::OrderReader;
use crate::orders_of::OrdersOf;
use crate::settings::{self, Parts};
use crate::sold_out;
use crate::subscribe::Registrar;
use crate::tally::tallied;
use crate::write::{Change, Verdict, Width, change};
use crate::{notification, prices, quotas, read, trading, wire};
use async_trait::async_trait;
use omnistock_sdk::verify::{KeyCache, PublicKey, answer_challenge};
use omnistock_sdk::{
    CallKind, CallLimits, ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Cursor,
    ExposeSecret, Facts, Grouping, ItemOutcome, ListingPage, ListingReading, ListingReference, Manifest, OrderPage,
    OrderSource, PriceItem, PriceOutcome, PriceReading, PriceRole, PriceTerms, PricedPage, RawRequest, Received, Reply,
    Role, SecretString, SettingProblem, SubscriptionState, WebhookError, WebhookRole, WriteItem, now,
};
use omnistock_words::{OrderFact, OrderId, OrderStatus, Quantity, WriteMeaning};
use reqwest::Method;
use serde_json::Value;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The registry's line of this kind.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "ebay",
    about: "eBay (Sell APIs, older listings by the Trading API): stock and prices are written, orders are read, notifications",
    manifest,
    build,
};

/// Listings in one write: as many whole calls of the Trading API as fit into one of the Inventory API. A 25th would
/// take a call of the former for itself, of which there are few.
pub(crate) const MOST_WRITE: usize = inventory::MOST / trading::MOST * trading::MOST;

struct Ebay {
    manifest: Manifest,
    client: Client,
    catalogue: Catalogue,
    width: Width,
    places: Places,
    orders_of: OrdersOf,
    overlap: i64,
    trading: bool,
    verification_token: Option<SecretString>,
    alert_email: Option<String>,
    keys: KeyCache,
    /// Where notifications come to: part of the proof that the address is ours.
    endpoint: Mutex<Option<String>>,
}

fn build(context: ConnectorContext, table: Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let parts: Parts = settings::read(table, context.secrets.as_ref())?;
    let client = Client::new(&parts).map_err(|error| vec![SettingProblem::new("base_url", error.message)])?;
    Ok(Arc::new(Ebay {
        manifest: manifest(),
        client,
        catalogue: Catalogue::default(),
        width: Width::default(),
        places: Places(context.locations),
        orders_of: OrdersOf::new(parts.orders_of, parts.marketplace, parts.trading),
        overlap: parts.overlap,
        trading: parts.trading,
        verification_token: parts.verification_token,
        alert_email: parts.alert_email,
        keys: KeyCache::default(),
        endpoint: Mutex::new(None),
    }))
}

fn manifest() -> Manifest {
    Manifest {
        kind: "ebay",
        // A sale lowers what the listing shows [documented].
        write: WriteMeaning::Available,
        compare_and_set: false,
        // "Up to 25" [the vendor's definition]; where only one is taken the connector sends one at a time.
        max_write: MOST_WRITE,
        max_read: read::MOST,
        grouping: Grouping::Any,
        // Each offer has a status of its own [the vendor's definition].
        all_or_nothing: false,
        // No limit of calls at once is stated.
        concurrency: 4,
        // Times have milliseconds [the vendor's definition].
        clock_grain: Duration::from_millis(1),
        // `availableQuantity` is an int32 [the vendor's definition].
        decimals: 0,
        least: Quantity::ZERO,
        most: Quantity::whole(2_147_483_647),
        facts: Facts {
            roles: &[Role::Channel, Role::Prices, Role::Orders, Role::Webhooks],
            basis: &[],
            decrement_states: &["every order, from its creation until it is cancelled"],
            idempotency: "changes nothing: the number is set",
            sold_out: "0; the listing stays where the account has out-of-stock control, and ends without it",
            order_states: &[
                (
                    "NOT_STARTED, IN_PROGRESS (paid or not, cancellation asked for or not)",
                    OrderStatus::Open,
                ),
                ("FULFILLED", OrderStatus::Shipped),
                ("cancelState CANCELED, not FULFILLED", OrderStatus::Cancelled),
            ],
            read_back: "numbers and prices after each call: the answer does not say what is shown",
            limits: "250 changes a listing a day, variations and prices together; 2,000,000 calls a day for listings, 100,000 for orders, 5,000 for older listings, as the analytics interface tells",
        },
    }
}

impl Ebay {
    /// A call of this kind: what it cost is told, and what is left of the quotas now and then.
    async fn counted<T>(
        &self,
        kind: CallKind,
        call: impl Future<Output = Result<T, ConnectorError>>,
    ) -> Result<T, ConnectorError> {
        let answer = tallied(kind, call).await;
        // While a quota is spent its own calls fail, and what eBay says of it is what they wait for.
        if answer.is_ok() || self.client.quotas.doubted(kind) {
            quotas::look(&self.client, kind).await;
        }
        answer
    }

    async fn page(&self, cursor: Option<&Cursor>) -> Result<(Vec<Row>, Option<Cursor>), ConnectorError> {
        let rows = self.catalogue.rows(&self.client, self.trading, cursor);
        self.counted(CallKind::Read, rows).await
    }

    async fn rows(&self, listings: &[ListingReference]) -> Result<Vec<Row>, ConnectorError> {
        self.counted(CallKind::Read, read::rows(&self.client, listings)).await
    }

    fn order_reader(&self) -> OrderReader<'_> {
        OrderReader {
            client: &self.client,
            places: &self.places,
            of: &self.orders_of,
            overlap: self.overlap,
        }
    }
}

/// The change, or why it must not be sent.
fn sendable(item: &WriteItem) -> Result<Change, String> {
    let id = &item.reference.key.listing;
    let listing = Listing::read(id).ok_or_else(|| format!("`{id}` is no listing of eBay"))?;
    let units = item.quantity.as_whole();
    let units = units.filter(|units| (0..=i64::from(i32::MAX)).contains(units));
    let quantity = units.ok_or_else(|| format!("eBay takes whole numbers from 0 on, not {}", item.quantity))?;
    Ok(Change {
        listing,
        quantity: Some(quantity),
        price: None,
    })
}

fn outcome(verdict: Verdict) -> ItemOutcome {
    match verdict {
        Verdict::Done => ItemOutcome::Applied { quantity: None },
        Verdict::Refused(reason) => ItemOutcome::Rejected { reason },
        Verdict::Failed(reason) => ItemOutcome::Failed { reason },
        Verdict::Unknown(reason) => ItemOutcome::Unknown { reason },
    }
}

fn listings(rows: Vec<Row>) -> Vec<ListingReading> {
    rows.into_iter().map(|row| row.listing).collect()
}

#[async_trait]
impl Connector for Ebay {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn limits(&self) -> CallLimits {
        quotas::limits()
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

    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        self.verification_token.as_ref().map(|_| self as &dyn WebhookRole)
    }

    /// Reads one of everything that is read later. Whether numbers may be written is in the consent, without which
    /// there is no token.
    async fn check(&self) -> Result<(), ConnectorError> {
        inventory::page(&self.client, 0, 1).await?;
        let one = [("limit", "1")];
        let path = format!("{SELL_FULFILLMENT}/order");
        self.client.get::<wire::Orders>(&path, &one).await?;
        let whole = format!("{SELL_INVENTORY}/location");
        self.client.get::<Value>(&whole, &one).await?;
        if self.trading {
            trading::active(&self.client, 0).await?;
        }
        if sold_out::controlled(&self.client).await? {
            return Ok(());
        }
        Err(ConnectorError::operator(sold_out::OFF))
    }
}

#[async_trait]
impl OrderSource for Ebay {
    fn names_listings(&self) -> bool {
        true
    }

    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        self.counted(CallKind::Orders, self.order_reader().page(cursor)).await
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        self.counted(CallKind::Orders, self.order_reader().one(order)).await
    }
}

#[async_trait]
impl ChannelRole for Ebay {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        if cursor.is_none() {
            // So that it is told at the start, and not only when the first article is sold out.
            sold_out::tell(&self.client).await;
        }
        let (rows, next) = self.page(cursor).await?;
        Ok(ListingPage {
            listings: listings(rows),
            next,
        })
    }

    async fn read(&self, references: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        Ok(listings(self.rows(references).await?))
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let wanted: Vec<Result<Change, String>> = items.iter().map(sendable).collect();
        let changes: Vec<Change> = wanted
            .iter()
            .filter_map(|change| change.as_ref().ok())
            .cloned()
            .collect();
        let sent = change(&self.client, &self.width, &changes);
        let mut verdicts = self.counted(CallKind::Write, sent).await?.into_iter();
        let each = wanted.into_iter().map(|wanted| match wanted {
            Err(reason) => ItemOutcome::Rejected { reason },
            Ok(_) => outcome(
                verdicts
                    .next()
                    .unwrap_or_else(|| Verdict::Unknown("it was not sent".to_owned())),
            ),
        });
        Ok(each.collect())
    }
}

#[async_trait]
impl PriceRole for Ebay {
    fn terms(&self) -> PriceTerms {
        prices::terms()
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let (rows, next) = self.page(cursor).await?;
        let prices = rows.iter().map(Row::price).collect();
        let page = ListingPage {
            listings: listings(rows),
            next,
        };
        Ok(PricedPage { page, prices })
    }

    async fn read_prices(&self, references: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        Ok(self.rows(references).await?.iter().map(Row::price).collect())
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let sent = prices::write(&self.client, &self.width, items);
        self.counted(CallKind::Price, sent).await
    }
}

#[async_trait]
impl WebhookRole for Ebay {
    fn receive(&self, request: &RawRequest) -> Result<Received, WebhookError> {
        notification::receive(&self.keys, request)
    }

    async fn fetch_key(&self, id: &str) -> Result<(), ConnectorError> {
        let path = format!("{NOTIFICATION}/public_key/{}", segment(id));
        let answer = self
            .client
            .answer(Whose::Application, &Method::GET, &path, &[], None)
            .await;
        let key = match answer {
            Ok(answer) => Some(answer.json::<wire::PublicKey>()?),
            // The vendor's own answer, not any 404: a proxy's page must not make a good key unknown.
            Err(error) if (is(&error, 404) || is(&error, 400)) && error.message.contains("errorId") => None,
            Err(error) => return Err(error),
        };
        let key = key.map(|key| PublicKey::parse(&key.key).map_err(|error| ConnectorError::retry(error.to_string())));
        self.keys.learned(id, key.transpose()?, now());
        Ok(())
    }

    fn challenge(&self, query: &str) -> Option<Reply> {
        let code = query.split('&').find_map(|pair| pair.strip_prefix("challenge_code="))?;
        let token = self.verification_token.as_ref()?;
        let endpoint = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let response = answer_challenge(&[code, token.expose_secret(), &endpoint]);
        Some(Reply {
            content_type: "application/json",
            body: serde_json::json!({ "challengeResponse": response }).to_string(),
        })
    }

    async fn subscribe(&self, url: &str) -> Result<SubscriptionState, ConnectorError> {
        let Some(token) = &self.verification_token else {
            return Err(ConnectorError::operator("there is no `verification_token`"));
        };
        // Before it is registered: eBay asks for the proof while it is.
        *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
        let registrar = Registrar {
            client: &self.client,
            token,
            alert_email: self.alert_email.as_deref(),
        };
        registrar.subscribe(url).await
    }
}
