//! Feeds: many quantities in one document, queued at Amazon, and what its report says of each.
//!
//! A feed that does not end stops nobody but its own listings, and those for a while only.

use crate::client::{Call, Client, Query, escaped};
use crate::limits::{CREATE_DOCUMENT, CREATE_FEED, GET_DOCUMENT, GET_FEED};
use crate::memory::Memory;
use crate::wire::{Document, Feed, FeedCreated, ProcessingReport};
use crate::write::{ANY_PRODUCT, quantity_patch};
use omnistock_sdk::{ConnectorError, ErrorClass, now};
use omnistock_words::Millis;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The kind of feed that takes JSON.
const KIND: &str = "JSON_LISTINGS_FEED";
/// As what the document is announced and laid down, to the letter.
const TYPE: &str = "application/json; charset=UTF-8";
/// Feeds that are waited for at once, at most.
const MOST_OPEN: usize = 8;
/// Between two looks at them, at most: `getFeed` is taken twice a second [the vendor's definition].
const EVERY: Duration = Duration::from_secs(15);
/// So often at least is a feed looked at before it is given up.
const LOOKS: u64 = 10;

/// A SKU and its number.
pub(crate) type Message<'a> = (&'a str, i64);

struct Open {
    id: String,
    since: Millis,
    /// In the order of their numbers, which begin at 1.
    skus: Vec<String>,
}

/// Feeds on their way.
pub(crate) struct Feeds {
    patience: i64,
    every: Duration,
    open: Mutex<Vec<Open>>,
    /// Given up, and not known to have ended: what one of them lands late may replace newer numbers.
    given_up: Mutex<VecDeque<Open>>,
    /// When they were last looked at; whoever looks holds it.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

impl Feeds {
    /// None yet.
    pub(crate) fn new(patience: i64) -> Self {
        let shortest = Duration::from_millis(u64::try_from(patience).unwrap_or_default() / LOOKS);
        Self {
            patience,
            every: EVERY.min(shortest),
            open: Mutex::default(),
            given_up: Mutex::default(),
            looked: tokio::sync::Mutex::default(),
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more may be sent.
    pub(crate) fn room(&self) -> bool {
        self.open().len() < MOST_OPEN
    }

    /// Lays the messages down and has Amazon begin; the feed's id. Until the last step nothing was done.
    pub(crate) async fn submit(&self, client: &Client, messages: &[Message<'_>]) -> Result<String, ConnectorError> {
        let body = json!({"contentType": TYPE});
        let document: Document = post(client, CREATE_DOCUMENT, "/feeds/2021-06-30/documents", &body)
            .await
            .map_err(undone)?;
        let text = serde_json::to_vec(&document_of(client.seller(), messages)).unwrap_or_default();
        let upload = client.elsewhere(Method::PUT, &document.url)?;
        let upload = upload.header("content-type", TYPE).body(text);
        client.send(upload).await.map_err(undone)?;
        let body = json!({
            "feedType": KIND,
            "marketplaceIds": client.marketplaces(),
            "inputFeedDocumentId": document.feed_document_id,
        });
        let created: FeedCreated = post(client, CREATE_FEED, "/feeds/2021-06-30/feeds", &body).await?;
        Ok(created.feed_id)
    }

    /// A feed was taken.
    pub(crate) fn opened(&self, id: String, messages: &[Message<'_>], since: Millis) {
        let skus = messages.iter().map(|(sku, _)| (*sku).to_owned()).collect();
        self.open().push(Open { id, since, skus });
    }

    /// Looks at feeds on their way now and then, and tells `memory` what became of those that ended.
    pub(crate) async fn watch(&self, client: &Client, memory: &Memory) {
        let Ok(mut looked) = self.looked.try_lock() else { return };
        let ids: Vec<(String, Millis)> = self.open().iter().map(|open| (open.id.clone(), open.since)).collect();
        if ids.is_empty() || looked.is_some_and(|at| at.elapsed() < self.every) {
            return;
        }
        *looked = Some(Instant::now());
        for (id, since) in ids {
            match self.look(client, memory, &id).await {
                Ok(()) if now().since(since) >= self.patience && self.is_open(&id) => {
                    tracing::warn!(
                        feed = id,
                        "Amazon has not processed a feed in time: its listings go on without it"
                    );
                    self.give_up(memory, &id);
                }
                Ok(()) => {}
                Err(error) => {
                    // The next look may be luckier; nobody waits for this one.
                    tracing::debug!(feed = id, %error, "a feed could not be looked at");
                    if now().since(since) >= self.patience {
                        self.give_up(memory, &id);
                    }
                }
            }
        }
    }

    /// Its listings go on without it. It may still land: then the numbers in it are seen by reading, and the newest ones
    /// are written again.
    fn give_up(&self, memory: &Memory, id: &str) {
        memory.feed_ended(id, &BTreeMap::new(), true, now());
        let mut open = self.open();
        let Some(place) = open.iter().position(|open| open.id == id) else {
            return;
        };
        let feed = open.remove(place);
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if given_up.len() == MOST_OPEN {
            given_up.pop_front();
        }
        given_up.push_back(feed);
    }

    /// Amazon says that this feed has ended: it is looked at now. The SKUs in it, whose numbers may be others now; none
    /// where the feed is not ours, or was before this process.
    pub(crate) async fn finished(
        &self,
        client: &Client,
        memory: &Memory,
        id: &str,
    ) -> Result<Vec<String>, ConnectorError> {
        let _looking = self.looked.lock().await;
        let skus = self
            .open()
            .iter()
            .find(|open| open.id == id)
            .map(|open| open.skus.clone());
        if let Some(skus) = skus {
            self.look(client, memory, id).await?;
            return Ok(skus);
        }
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        let place = given_up.iter().position(|feed| feed.id == id);
        let late = place.and_then(|place| given_up.remove(place));
        Ok(late.map(|feed| feed.skus).unwrap_or_default())
    }

    fn is_open(&self, id: &str) -> bool {
        self.open().iter().any(|open| open.id == id)
    }

    async fn look(&self, client: &Client, memory: &Memory, id: &str) -> Result<(), ConnectorError> {
        let path = format!("/feeds/2021-06-30/feeds/{}", escaped(id));
        let feed: Feed = client.get(GET_FEED, &path, &Query::new()).await?.json()?;
        match (feed.processing_status.as_str(), feed.result_feed_document_id) {
            ("DONE", Some(document)) => {
                let report = report(client, &document).await?;
                let refused = self.refused(id, &report);
                let counted = u64::try_from(refused.len()).unwrap_or(u64::MAX);
                // A report that speaks of more than it names leaves open which.
                let lost = counted < report.summary.messages_invalid;
                self.end(memory, id, &refused, lost);
            }
            ("IN_QUEUE" | "IN_PROGRESS", _) => {}
            // FATAL: some, none or all of it was done [documented]. Done without a report says as little.
            (status, _) => {
                tracing::warn!(
                    feed = id,
                    status,
                    "Amazon gave a feed up: its listings are read and written again"
                );
                self.end(memory, id, &BTreeMap::new(), true);
            }
        }
        Ok(())
    }

    /// The vendor's words by SKU.
    fn refused(&self, id: &str, report: &ProcessingReport) -> BTreeMap<String, String> {
        let open = self.open();
        let skus = open.iter().find(|open| open.id == id).map(|open| &open.skus);
        let mut refused: BTreeMap<String, String> = BTreeMap::new();
        for issue in report.issues.iter().filter(|issue| issue.severity == "ERROR") {
            let number = issue.message_id.and_then(|number| number.checked_sub(1));
            let sku = number.and_then(|number| skus?.get(number));
            let words = format!("{}: {}", issue.code.as_deref().unwrap_or("error"), issue.message);
            let Some(sku) = sku else {
                tracing::warn!(feed = id, "Amazon says of a feed: {words}");
                continue;
            };
            let told = refused.entry(sku.clone()).or_default();
            if !told.is_empty() {
                told.push_str("; ");
            }
            told.push_str(&words);
        }
        refused
    }

    fn end(&self, memory: &Memory, id: &str, refused: &BTreeMap<String, String>, lost: bool) {
        memory.feed_ended(id, refused, lost, now());
        self.open().retain(|open| open.id != id);
    }
}

/// The document of a feed.
fn document_of(seller: &str, messages: &[Message<'_>]) -> Value {
    let message = |(index, (sku, units)): (usize, &Message<'_>)| {
        json!({
            "messageId": index + 1, "sku": sku, "operationType": "PATCH", "productType": ANY_PRODUCT,
            "patches": quantity_patch(*units),
        })
    };
    let messages: Vec<Value> = messages.iter().enumerate().map(message).collect();
    json!({"header": {"sellerId": seller, "version": "2.0", "issueLocale": "en_US"}, "messages": messages})
}

async fn post<T: serde::de::DeserializeOwned>(
    client: &Client,
    operation: crate::limits::Operation,
    path: &str,
    body: &Value,
) -> Result<T, ConnectorError> {
    let call = Call {
        operation,
        method: Method::POST,
        path,
        query: &Query::new(),
        body: Some(body),
    };
    client.call(&call).await?.json()
}

async fn report(client: &Client, document: &str) -> Result<ProcessingReport, ConnectorError> {
    let path = format!("/feeds/2021-06-30/documents/{}", escaped(document));
    // The address then says how it is compressed, which the client understands.
    let query = vec![("enableContentEncodingUrlHeader", "true".to_owned())];
    let document: Document = client.get(GET_DOCUMENT, &path, &query).await?.json()?;
    let request = client.elsewhere(Method::GET, &document.url)?;
    client.send(request).await?.json()
}

/// Before a feed is created nothing is done, whatever became of its document.
fn undone(error: ConnectorError) -> ConnectorError {
    match error.class {
        ErrorClass::Unknown | ErrorClass::Rejected => ConnectorError::retry(error.message),
        _ => error,
    }
}
