//! Feeds: many quantities in one document, queued at Amazon, and what its report says of each.
//!
//! A feed that does not end stops nobody but its own listings, and those for a while only. So does one of which nobody
//! knows whether Amazon took it: its old numbers would land on newer ones.

use crate::client::{Call, Client, Query, escaped};
use crate::limits::{CREATE_DOCUMENT, CREATE_FEED, GET_DOCUMENT, GET_FEED, GET_FEEDS, Operation};
use crate::memory::{Memory, What};
use crate::wire::{Document, Feed, FeedCreated, FeedsFound, ProcessingReport};
use crate::write::{ANY_PRODUCT, quantity_patch};
use omnistock_sdk::http::Answer;
use omnistock_sdk::{ConnectorError, ErrorClass, aside, now};
use omnistock_words::Millis;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The kind of feed that takes JSON.
const KIND: &str = "JSON_LISTINGS_FEED";
/// As what the document is announced and laid down, to the letter.
const TYPE: &str = "application/json; charset=UTF-8";
/// Feeds that are waited for at once, at most.
const MOST_OPEN: usize = 8;
/// Between two looks at them, at most: `getFeed` is taken twice a second [the vendor's definition].
const EVERY: Duration = Duration::from_secs(15);
/// So often at least is a feed looked at before it is given up.
const LOOKS: u32 = 10;
/// So long all looks of one time may take together.
const LOOK: Duration = Duration::from_secs(3);
/// So long after it was sent a feed without an answer is taken to be among those that Amazon knows, if it took it. No
/// caller waits as long for its answer.
const LOST_AFTER: Duration = Duration::from_mins(2);
/// Between two questions for them: `getFeeds` is taken once in 45 s [the vendor's definition].
const ASK_EVERY: Duration = Duration::from_mins(1);
/// Our clock and Amazon's may be this far apart, milliseconds.
const CLOCKS: i64 = 300_000;

const FEEDS: &str = "/feeds/2021-06-30/feeds";

/// A SKU and its number.
pub(crate) type Message<'a> = (&'a str, i64);

struct Open {
    /// Amazon's, or one of ours until it is known.
    id: String,
    /// Whether Amazon said that it took it.
    taken: bool,
    sent: Millis,
    since: Instant,
    /// In the order of their numbers, which begin at 1.
    skus: Vec<String>,
}

/// When feeds were last looked at, and when those without an answer were last asked for.
#[derive(Default)]
struct Looked {
    at: Option<Instant>,
    asked: Option<Instant>,
}

/// Feeds on their way.
pub(crate) struct Feeds {
    patience: Duration,
    every: Duration,
    open: Mutex<Vec<Open>>,
    /// Given up, and not known to have ended: what one of them lands late may replace newer numbers.
    given_up: Mutex<VecDeque<Open>>,
    /// Whoever looks at them holds it.
    looked: tokio::sync::Mutex<Looked>,
    /// Feeds that were sent so far.
    sent: AtomicU64,
}

impl Feeds {
    /// None yet; one that is not done after `patience`, in milliseconds, is given up.
    pub(crate) fn new(patience: i64) -> Self {
        let patience = Duration::from_millis(u64::try_from(patience).unwrap_or_default());
        Self {
            patience,
            every: EVERY.min(patience / LOOKS),
            open: Mutex::default(),
            given_up: Mutex::default(),
            looked: tokio::sync::Mutex::default(),
            sent: AtomicU64::new(0),
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more may be sent.
    pub(crate) fn room(&self) -> bool {
        self.open().len() < MOST_OPEN
    }

    /// Sends quantities in a feed. Their listings are held from before the first call on: where the answer is lost, or
    /// nobody waits for it any more, Amazon may have taken the feed all the same.
    pub(crate) async fn send(
        &self,
        client: &Client,
        memory: &Memory,
        messages: &[Message<'_>],
    ) -> Result<(), ConnectorError> {
        if !self.room() {
            return Err(ConnectorError::retry(
                "not sent: as many feeds as are waited for at once are on their way",
            ));
        }
        let own = format!("without an answer {}", self.sent.fetch_add(1, Ordering::Relaxed) + 1);
        let sent = now();
        for (sku, units) in messages {
            memory.sending(What::Quantity, sku, &units.to_string(), sent, Some(&own));
        }
        self.open().push(Open {
            id: own.clone(),
            taken: false,
            sent,
            since: Instant::now(),
            skus: messages.iter().map(|(sku, _)| (*sku).to_owned()).collect(),
        });
        match self.submit(client, messages).await {
            Ok(name) => {
                memory.feed_named(&own, &name, now());
                for open in self.open().iter_mut().filter(|open| open.id == own) {
                    (open.id, open.taken) = (name.clone(), true);
                }
                Ok(())
            }
            Err(error) => {
                if error.class != ErrorClass::Unknown {
                    self.end(memory, &own, &BTreeMap::new(), true);
                }
                Err(error)
            }
        }
    }

    /// Lays the messages down and has Amazon begin; the feed's id. Until the last step nothing was done.
    async fn submit(&self, client: &Client, messages: &[Message<'_>]) -> Result<String, ConnectorError> {
        let body = json!({"contentType": TYPE});
        let document = post(client, CREATE_DOCUMENT, "/feeds/2021-06-30/documents", &body).await;
        let document = document.and_then(|answer| document_in(&answer)).map_err(undone)?;
        let text = serde_json::to_vec(&document_of(client.seller(), messages)).unwrap_or_default();
        let upload = client.elsewhere(Method::PUT, &document.url).map_err(undone)?;
        let upload = upload.header("content-type", TYPE).body(text);
        client.send(upload).await.map_err(undone)?;
        let body = json!({
            "feedType": KIND,
            "marketplaceIds": client.marketplaces(),
            "inputFeedDocumentId": document.feed_document_id,
        });
        let created: FeedCreated = post(client, CREATE_FEED, FEEDS, &body).await?.json()?;
        Ok(created.feed_id)
    }

    /// Looks at feeds on their way now and then, and tells `memory` what became of those that ended. Takes [`LOOK`] at
    /// most: whoever calls has something else to do.
    pub(crate) async fn watch(&self, client: &Client, memory: &Memory) {
        let Ok(mut looked) = self.looked.try_lock() else { return };
        if self.open().is_empty() || looked.at.is_some_and(|at| at.elapsed() < self.every) {
            return;
        }
        looked.at = Some(Instant::now());
        // What the answers tell of limits is not of the call that is to be made.
        let looks = aside(self.look_at_all(client, memory, &mut looked.asked));
        if timeout(LOOK, looks).await.is_err() {
            tracing::debug!("Amazon takes long to tell of feeds: they are looked at again later");
        }
        self.give_up(memory);
    }

    async fn look_at_all(&self, client: &Client, memory: &Memory, asked: &mut Option<Instant>) {
        let taken: Vec<String> = {
            let mut open = self.open();
            // Each is the first one some time: a slow answer keeps none from being looked at for ever.
            if !open.is_empty() {
                open.rotate_left(1);
            }
            open.iter()
                .filter(|open| open.taken)
                .map(|open| open.id.clone())
                .collect()
        };
        if asked.is_none_or(|at| at.elapsed() >= ASK_EVERY) {
            *asked = Some(Instant::now());
            if let Err(error) = self.ask_for_lost(client, memory).await {
                tracing::debug!(%error, "Amazon can't be asked for feeds without an answer");
            }
        }
        for id in taken {
            if let Err(error) = self.look(client, memory, &id).await {
                // The next look may be luckier; nobody waits for this one.
                tracing::debug!(feed = id, %error, "a feed could not be looked at");
            }
        }
    }

    /// Feeds that Amazon may have taken without our hearing of it: once it has none on its way that could be one of
    /// them, they are over, or never were.
    async fn ask_for_lost(&self, client: &Client, memory: &Memory) -> Result<(), ConnectorError> {
        let mut lost: Vec<(String, Millis)> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for open in self.open().iter() {
            if open.taken {
                known.insert(open.id.clone());
            } else if open.since.elapsed() >= LOST_AFTER {
                lost.push((open.id.clone(), open.sent));
            }
        }
        let Some(first) = lost.iter().map(|(_, sent)| *sent).min() else {
            return Ok(());
        };
        let query = vec![
            ("feedTypes", KIND.to_owned()),
            ("processingStatuses", "IN_QUEUE,IN_PROGRESS".to_owned()),
            ("createdSince", first.plus(-CLOCKS).to_string()),
            ("pageSize", "100".to_owned()),
        ];
        let found: FeedsFound = client.get(GET_FEEDS, FEEDS, &query).await?.json()?;
        if found.next_token.is_some() || found.feeds.iter().any(|feed| !known.contains(&feed.feed_id)) {
            return Ok(());
        }
        for (id, _) in lost {
            self.end(memory, &id, &BTreeMap::new(), true);
        }
        Ok(())
    }

    /// Feeds that are not done in time: their listings go on without them. One may still land: then the numbers in it
    /// are seen by reading, and the newest ones are written again.
    fn give_up(&self, memory: &Memory) {
        let late = |open: &Open| open.since.elapsed() >= self.patience;
        let late: Vec<Open> = self.open().extract_if(.., |open| late(open)).collect();
        for feed in late {
            tracing::warn!(
                feed = feed.id,
                "Amazon has not processed a feed in time: its listings go on without it"
            );
            memory.feed_ended(&feed.id, &BTreeMap::new(), true, now());
            let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
            if given_up.len() == MOST_OPEN {
                given_up.pop_front();
            }
            given_up.push_back(feed);
        }
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

async fn post(client: &Client, operation: Operation, path: &str, body: &Value) -> Result<Answer, ConnectorError> {
    let call = Call {
        operation,
        method: Method::POST,
        path,
        query: &Query::new(),
        body: Some(body),
    };
    client.call(&call).await
}

/// The document in an answer. Its address is as good as a password: what can't be read is not repeated.
fn document_in(answer: &Answer) -> Result<Document, ConnectorError> {
    let unread = "Amazon's answer names no document with its address";
    serde_json::from_slice(&answer.body).map_err(|_| ConnectorError::unknown(unread))
}

async fn report(client: &Client, document: &str) -> Result<ProcessingReport, ConnectorError> {
    let path = format!("/feeds/2021-06-30/documents/{}", escaped(document));
    // The address then says how it is compressed, which the client understands.
    let query = vec![("enableContentEncodingUrlHeader", "true".to_owned())];
    let document = document_in(&client.get(GET_DOCUMENT, &path, &query).await?)?;
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
