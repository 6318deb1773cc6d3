//! Feeds: documents laid down and fetched by signed addresses, queues, reports, and the ways in which a feed ends.

use super::answer::{Answer, failed, given, list, ok, put, with_status};
use super::listings::invalid;
use super::records::{DocumentTrouble, FeedFate};
use super::shop::{STORES, Shop};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use flate2::Compression;
use flate2::write::GzEncoder;
use omnistock_words::Millis;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;
use tokio::time::Instant;

/// A signed address is good so long [the vendor's definition].
const GOOD: Duration = Duration::from_mins(5);
/// In an address: what the host says of how the document is compressed.
const ENCODING: &str = "response-content-encoding";
/// Messages, and bytes, in a feed [support, in amzn/selling-partner-api-models 4097].
const MOST_MESSAGES: usize = 10_000;
const MOST_BYTES: usize = 10 << 20;

/// A document, and until when its address is good.
pub(super) struct Document {
    pub(super) content: Option<Vec<u8>>,
    /// As what it is laid down, to the letter; it is signed, too.
    kind: String,
    good_until: Instant,
    signature: u64,
}

pub(super) struct Feed {
    /// SKUs and patches, in the order of their numbers.
    messages: Vec<(String, Vec<Value>)>,
    skus: BTreeSet<String>,
    created: Millis,
    begun: Instant,
    due: Instant,
    fate: FeedFate,
    status: &'static str,
    result: Option<String>,
}

impl Feed {
    fn is_open(&self) -> bool {
        matches!(self.status, "IN_QUEUE" | "IN_PROGRESS")
    }
}

impl Shop {
    fn document(&mut self, content: Option<Vec<u8>>, kind: &str) -> String {
        let number = self.number();
        let id = format!("amzn1.tortuga.4.eu.{number}");
        let document = Document {
            content,
            kind: kind.to_owned(),
            good_until: Instant::now() + GOOD,
            signature: number * 7_919,
        };
        self.documents.insert(id.clone(), document);
        id
    }

    fn signed(&self, id: &str) -> String {
        let signature = self.documents.get(id).map_or(0, |document| document.signature);
        let origin = &self.origin;
        format!("{origin}/documents/{id}?X-Amz-Signature={signature}&X-Amz-Expires=300")
    }

    /// Counts a change that overtakes a feed, or is overtaken by one: nobody knows which of the two will be last.
    pub(super) fn crosses(&mut self, sku: &str) {
        let in_feed = self
            .feeds
            .values()
            .any(|feed| feed.is_open() && feed.skus.contains(sku));
        self.counters.crossed += u64::from(in_feed);
    }

    /// The same of a new feed, which may overtake single changes, too.
    fn feed_crosses(&mut self, feed: &Feed) {
        let queued: BTreeSet<String> = self.queued().map(str::to_owned).collect();
        let others: Vec<&Feed> = self.feeds.values().filter(|feed| feed.is_open()).collect();
        let crossed = |sku: &&String| queued.contains(*sku) || others.iter().any(|other| other.skus.contains(*sku));
        let count = feed.skus.iter().filter(crossed).count();
        self.counters.crossed += u64::try_from(count).unwrap_or(0);
    }

    /// Ends feeds whose time has come.
    pub(super) fn settle_feeds(&mut self, now: Instant) {
        let due: Vec<String> = self
            .feeds
            .iter()
            .filter(|(_, feed)| feed.due <= now && feed.is_open())
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.end(&id);
        }
        for feed in self.feeds.values_mut() {
            if feed.status == "IN_QUEUE" && feed.begun < now {
                feed.status = "IN_PROGRESS";
            }
        }
    }

    fn end(&mut self, id: &str) {
        let Some(feed) = self.feeds.get(id) else { return };
        let (fate, due, messages) = (feed.fate, feed.due, feed.messages.clone());
        let status = match fate {
            FeedFate::Stuck => return,
            FeedFate::Cancelled => "CANCELLED",
            FeedFate::Fatal => "FATAL",
            FeedFate::Processed => "DONE",
        };
        let done = match fate {
            FeedFate::Fatal => messages.len() / 2,
            FeedFate::Cancelled => 0,
            _ => messages.len(),
        };
        // From here on it is in nobody's way.
        if let Some(feed) = self.feeds.get_mut(id) {
            feed.status = status;
        }
        let mut result = None;
        let mut issues = Vec::new();
        let mut wrong = 0;
        for (index, (sku, patches)) in messages.iter().enumerate().take(done) {
            let complaints = invalid(self, sku, patches);
            wrong += usize::from(!complaints.is_empty());
            for one in &complaints {
                issues.push(
                    json!({"messageId": index + 1, "sku": sku, "code": one["code"], "severity": "ERROR",
                    "message": one["message"], "attributeName": one.pointer("/attributeNames/0")}),
                );
            }
            if complaints.is_empty() {
                self.queue(sku, patches.clone(), due);
            }
        }
        if status == "DONE" {
            let report = json!({
                "header": {"sellerId": super::shop::SELLER, "version": "2.0", "feedId": id}, "issues": issues,
                "summary": {"errors": issues.len(), "warnings": 0, "messagesProcessed": done,
                            "messagesAccepted": done - wrong, "messagesInvalid": wrong},
            });
            result = Some(self.document(Some(report.to_string().into_bytes()), ""));
            if let Some(feed) = self.feeds.get_mut(id) {
                feed.result.clone_from(&result);
            }
        }
        self.tell_feed(id, status, result.as_deref());
    }
}

/// `createFeedDocument`.
pub(super) fn create_document(shop: &mut Shop, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(kind) = body.get("contentType").and_then(Value::as_str) else {
        return failed(400, "InvalidInput", "'contentType' is required");
    };
    let id = shop.document(None, kind);
    with_status(201, &named(shop, &id))
}

/// A document's id and address.
fn named(shop: &Shop, id: &str) -> Value {
    let mut named = json!({"url": shop.signed(id)});
    if shop.faults.documents != Some(DocumentTrouble::Nameless) {
        put(&mut named, "feedDocumentId", json!(id));
    }
    named
}

/// A document at its signed address: laid down as what its header says, or fetched.
pub(super) fn document_at(shop: &mut Shop, id: &str, query: &str, laid_down: Option<(&[u8], &str)>) -> Answer {
    let signature = super::answer::given(query, "X-Amz-Signature");
    let Some(document) = shop.documents.get_mut(id) else {
        return with_status(404, &json!("NoSuchKey"));
    };
    let signed = signature == Some(document.signature.to_string());
    let expired = document.good_until < Instant::now() || shop.faults.documents == Some(DocumentTrouble::Expired);
    if !signed || expired {
        // As the host does it: with what was signed.
        return with_status(
            403,
            &json!(format!("AccessDenied: Request has expired: /documents/{id}?{query}")),
        );
    }
    match (laid_down, &document.content) {
        (Some((_, kind)), None) if kind != document.kind => with_status(403, &json!("SignatureDoesNotMatch")),
        (Some((content, _)), None) => {
            document.content = Some(content.to_vec());
            ok(&Value::Null)
        }
        (None, Some(content)) => {
            let mut answer = compressed(content).into_response();
            if super::answer::given(query, ENCODING).is_some_and(|encoding| encoding == "gzip") {
                let gzip = HeaderValue::from_static("gzip");
                answer.headers_mut().insert(header::CONTENT_ENCODING, gzip);
            }
            answer
        }
        _ => with_status(403, &json!("AccessDenied")),
    }
}

/// As reports are stored.
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory can't fail.
    encoder.write_all(content).unwrap_or_default();
    encoder.finish().unwrap_or_default()
}

/// SKUs and patches of a feed's document.
fn messages_of(content: &[u8]) -> Vec<(String, Vec<Value>)> {
    let body: Value = serde_json::from_slice(content).unwrap_or_default();
    let messages = body
        .get("messages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let one = |message: &Value| {
        let sku = message.get("sku").and_then(Value::as_str)?.to_owned();
        let patches = message.get("patches").and_then(Value::as_array)?.clone();
        Some((sku, patches))
    };
    messages.iter().filter_map(one).collect()
}

/// `createFeed`.
pub(super) fn create(shop: &mut Shop, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let stores = body
        .get("marketplaceIds")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let known = stores.iter().all(|store| STORES.iter().any(|one| store == one)) && !stores.is_empty();
    let document = text("inputFeedDocumentId");
    let content = shop
        .documents
        .get(&document)
        .and_then(|document| document.content.as_ref());
    let Some(content) = content.filter(|_| known && text("feedType") == "JSON_LISTINGS_FEED") else {
        return failed(
            400,
            "InvalidInput",
            "The feed's document, type or marketplaces are not as they have to be",
        );
    };
    let messages = messages_of(content);
    let count = messages.len();
    let mut fate = shop.faults.feeds;
    if content.len() > MOST_BYTES || !(1..=MOST_MESSAGES).contains(&count) {
        fate = FeedFate::Fatal;
    }
    let (now, at) = (Instant::now(), shop.tick());
    let id = shop.number().to_string();
    let feed = Feed {
        skus: messages.iter().map(|(sku, _)| sku.clone()).collect(),
        messages,
        created: at,
        begun: now,
        due: now + shop.settings.feed_takes,
        fate,
        status: if shop.settings.feed_takes.is_zero() {
            "IN_PROGRESS"
        } else {
            "IN_QUEUE"
        },
        result: None,
    };
    shop.feed_crosses(&feed);
    shop.feeds.insert(id.clone(), feed);
    shop.settle();
    with_status(202, &json!({ "feedId": id }))
}

fn shape(id: &str, feed: &Feed) -> Value {
    let mut shape = json!({"feedId": id, "feedType": "JSON_LISTINGS_FEED", "marketplaceIds": STORES,
        "createdTime": feed.created.to_string(), "processingStatus": feed.status});
    if let Some(result) = &feed.result {
        put(&mut shape, "resultFeedDocumentId", json!(result));
    }
    shape
}

/// `getFeed`.
pub(super) fn one(shop: &Shop, id: &str) -> Answer {
    match shop.feeds.get(id) {
        Some(feed) => ok(&shape(id, feed)),
        None => failed(404, "NotFound", "There is no such feed"),
    }
}

/// `getFeeds`, one page of them.
pub(super) fn search(shop: &Shop, query: &str) -> Answer {
    let (kinds, statuses) = (list(query, "feedTypes"), list(query, "processingStatuses"));
    let size: usize = given(query, "pageSize")
        .map_or(Some(10), |size| size.parse().ok())
        .unwrap_or(0);
    let since = given(query, "createdSince").map(|since| since.parse::<Millis>());
    let (Ok(since), false, true) = (since.transpose(), kinds.is_empty(), (1..=100).contains(&size)) else {
        return failed(
            400,
            "InvalidInput",
            "'feedTypes', 'createdSince' or 'pageSize' is not as it has to be",
        );
    };
    let wanted = |feed: &Feed| {
        kinds.iter().any(|kind| kind == "JSON_LISTINGS_FEED")
            && (statuses.is_empty() || statuses.iter().any(|status| status == feed.status))
            && since.is_none_or(|since| feed.created >= since)
    };
    let feeds = shop.feeds.iter().filter(|(_, feed)| wanted(feed));
    let found: Vec<Value> = feeds.map(|(id, feed)| shape(id, feed)).collect();
    let mut answer = json!({"feeds": found.iter().take(size).collect::<Vec<_>>()});
    if found.len() > size {
        put(&mut answer, "nextToken", json!("more"));
    }
    ok(&answer)
}

/// `getFeedDocument`.
pub(super) fn report(shop: &mut Shop, id: &str, query: &str) -> Answer {
    match shop.documents.get_mut(id) {
        Some(document) => {
            document.good_until = Instant::now() + GOOD;
            let mut answer = named(shop, id);
            put(&mut answer, "compressionAlgorithm", json!("GZIP"));
            if given(query, "enableContentEncodingUrlHeader").as_deref() == Some("true") {
                let url = format!("{}&{ENCODING}=gzip", shop.signed(id));
                put(&mut answer, "url", json!(url));
            }
            ok(&answer)
        }
        None => failed(404, "NotFound", "There is no such document"),
    }
}
