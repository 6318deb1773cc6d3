//! Toy: a shop that exists on paper only, with an interface as small shops have it. Its stock is written.

use async_trait::async_trait;
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Cursor, ErrorClass, ExposeSecret, Facts,
    Grouping, ItemOutcome, ListingPage, ListingReading, ListingReference, Manifest, Role, SecretReference,
    SecretString, SettingProblem, SettingsReader, WriteItem, now, read_settings,
};
use omnistock_words::{ListingId, Millis, Quantity, Sku, WriteMeaning};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The registry's line of this kind.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "toy",
    about: "A shop on paper: its stock is written",
    manifest,
    build,
};

/// What the vendor hands out, and takes, at once.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: Option<String>,
    key: Option<SecretReference>,
    deadline_ms: Option<u64>,
}

struct Toy {
    manifest: Manifest,
    http: Http,
    key: SecretString,
}

#[allow(clippy::needless_pass_by_value, reason = "the registry's signature")]
fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(context.secrets.as_ref());
    let url = reader.url("url", table.url.as_deref(), "such as \"https://toys.example.com\"");
    let key = reader.required("key", table.key.as_ref(), "add key = { credential = \"…\" }");
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 120_000, "milliseconds");
    let (url, key) = reader.finish(url.zip(key))?;
    let deadline = Duration::from_millis(deadline);
    let http = Http::new(HttpSettings {
        deadline,
        ..HttpSettings::new(url)
    });
    let http = http.map_err(|error| vec![SettingProblem::new("url", error.message)])?;
    Ok(Arc::new(Toy {
        manifest: manifest(),
        http,
        key,
    }))
}

fn manifest() -> Manifest {
    Manifest {
        kind: "toy",
        write: WriteMeaning::Available,
        compare_and_set: false,
        max_write: PAGE,
        max_read: PAGE,
        grouping: Grouping::Any,
        all_or_nothing: false,
        concurrency: 2,
        clock_grain: Duration::from_millis(1),
        decimals: 0,
        least: Quantity::ZERO,
        most: Quantity::whole(1_000_000_000),
        facts: Facts {
            roles: &[Role::Channel],
            idempotency: "changes nothing: the number is set",
            sold_out: "0",
            read_back: "numbers after each call",
            ..Facts::default()
        },
    }
}

#[derive(Deserialize)]
struct Articles {
    articles: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    id: u64,
    sku: Option<String>,
    stock: Option<i64>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    stock: i64,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    stock: Option<i64>,
    error: Option<String>,
    #[serde(default)]
    again: bool,
}

impl Toy {
    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ConnectorError> {
        let request = request.bearer_auth(self.key.expose_secret());
        self.http.send(request).await.map_err(advise)?.json()
    }

    async fn set(&self, stock: &[Entry<'_>]) -> Result<Vec<Outcome>, ConnectorError> {
        let answer: Results = self.call(self.http.request(Method::PUT, "/stock").json(stock)).await?;
        Ok(answer.results)
    }

    async fn articles(&self, query: &str) -> Result<Vec<ListingReading>, ConnectorError> {
        let read_at = now();
        let request = self.http.request(Method::GET, &format!("/articles?{query}"));
        let answer: Articles = self.call(request).await?;
        let articles = answer.articles.into_iter();
        Ok(articles.filter_map(|article| reading(article, read_at)).collect())
    }
}

/// Names the setting to look at where only a person can help.
fn advise(error: ConnectorError) -> ConnectorError {
    let is = |status: u16| error.message.starts_with(&format!("answer {status}: "));
    let setting = match error.class {
        _ if is(401) || is(403) => "key",
        _ if error.class == ErrorClass::Operator || is(404) => "url",
        _ => return error,
    };
    ConnectorError::operator(format!("{}; check `{setting}`", error.message))
}

fn reading(article: Article, read_at: Millis) -> Option<ListingReading> {
    let listing = ListingId::new(article.id.to_string()).ok()?;
    let uncounted = "the shop counts no stock of it; switch on counting on the article's page";
    Some(ListingReading {
        reference: ListingReference::plain(listing),
        sku: article.sku.and_then(|sku| Sku::new(sku).ok()),
        place: None,
        quantity: article.stock.map(Quantity::whole),
        reserved: Vec::new(),
        read_at,
        unwritable: article.stock.is_none().then(|| uncounted.to_owned()),
        about: None,
    })
}

fn outcome(said: Option<Outcome>) -> ItemOutcome {
    let Some(said) = said else {
        let reason = "the answer doesn't speak of it".to_owned();
        return ItemOutcome::Unknown { reason };
    };
    let quantity = said.stock.map(Quantity::whole);
    match said.error {
        None => ItemOutcome::Applied { quantity },
        Some(reason) if said.again => ItemOutcome::Failed { reason },
        Some(reason) => ItemOutcome::Rejected { reason },
    }
}

#[async_trait]
impl Connector for Toy {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        // Nothing is changed by it, but a key that may only read is refused.
        self.set(&[]).await.map(drop)
    }
}

#[async_trait]
impl ChannelRole for Toy {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        let after = cursor.map_or("0", |cursor| cursor.0.as_str());
        let listings = self.articles(&format!("after={after}&limit={PAGE}")).await?;
        // Behind the last id that was seen: what vanishes meanwhile hides nothing.
        let last = listings.last().filter(|_| listings.len() == PAGE);
        let next = last.map(|last| Cursor(last.reference.key.listing.to_string()));
        Ok(ListingPage { listings, next })
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        let ids: Vec<&str> = listings.iter().map(|listing| listing.key.listing.as_str()).collect();
        self.articles(&format!("ids={}", ids.join(","))).await
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let entry = |item: &WriteItem| item.quantity.as_whole().filter(|units| *units >= 0);
        let named = items
            .iter()
            .map(|item| (item.reference.key.listing.as_str(), entry(item)));
        let sent: Vec<Entry<'_>> = named
            .filter_map(|(id, stock)| Some(Entry { id, stock: stock? }))
            .collect();
        let mut results = self.set(&sent).await?.into_iter();
        let refused = || ItemOutcome::Rejected {
            reason: "the shop takes whole numbers from 0 on".to_owned(),
        };
        let each = items
            .iter()
            .map(|item| entry(item).map_or_else(refused, |_| outcome(results.next())));
        Ok(each.collect())
    }
}
