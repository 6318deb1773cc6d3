//! Feeds: documents laid down and fetched by signed addresses, queues, reports, and the ways in which a feed ends.

use super::answer::{Answer, failed, ok, put, with_status};
use super::listings::invalid;
use super::records::FeedFate;
use super::shop::{STORES, Shop};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// A signed address is good so long [the vendor's definition].
const GOOD: Duration = Duration::from_mins(5);
/// Messages, and bytes, in a feed [support, in amzn/selling-partner-api-models 4097].
const MOST_MESSAGES: usize = 10_000;
const MOST_BYTES: usize = 10 << 20;

/// A document, and until when its address is good.
pub(super) struct Document {
    pub(super) content: Option<Vec<u8>>,
    good_until: Instant,
    signature: u64,
}

pub(super) struct Feed {
    document: String,
    created: String,
    begun: Instant,
    due: Instant,
    fate: FeedFate,
    status: &'static str,
    result: Option<String>,
}

impl Shop {
    fn document(&mut self, content: Option<Vec<u8>>) -> String {
        let number = self.number();
        let id = format!("amzn1.tortuga.4.eu.{number}");
        let document = Document {
            content,
            good_until: Instant::now() + GOOD,
            signature: number * 7_919,
        };
        self.documents.insert(id.clone(), document);
        id
    }

    fn signed(&self, id: &str, base: &str) -> String {
        let signature = self.documents.get(id).map_or(0, |document| document.signature);
        format!("{base}/documents/{id}?X-Amz-Signature={signature}&X-Amz-Expires=300")
    }

    fn skus_of(&self, feed: &Feed) -> Vec<(String, Vec<Value>)> {
        let content = self
            .documents
            .get(&feed.document)
            .and_then(|document| document.content.clone());
        let body: Value = serde_json::from_slice(&content.unwrap_or_default()).unwrap_or_default();
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

    /// Counts a change that overtakes a feed, or is overtaken by one: nobody knows which of the two will be last.
    pub(super) fn crosses(&mut self, sku: &str) {
        let on_their_way = self
            .feeds
            .values()
            .filter(|feed| feed.result.is_none() && feed.status == "IN_PROGRESS");
        let in_feed = on_their_way
            .flat_map(|feed| self.skus_of(feed))
            .any(|(other, _)| other == sku);
        self.counters.crossed += u64::from(in_feed);
    }

    /// Ends feeds whose time has come.
    pub(super) fn settle_feeds(&mut self, now: Instant) {
        let due: Vec<String> = self
            .feeds
            .iter()
            .filter(|(_, feed)| feed.due <= now && matches!(feed.status, "IN_QUEUE" | "IN_PROGRESS"))
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
        let (fate, messages) = (feed.fate, self.skus_of(feed));
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
                let after = self.settings.applies_after;
                self.queue(sku, patches.clone(), after);
            }
        }
        if status == "DONE" {
            let report = json!({
                "header": {"sellerId": super::shop::SELLER, "version": "2.0", "feedId": id}, "issues": issues,
                "summary": {"errors": issues.len(), "warnings": 0, "messagesProcessed": done,
                            "messagesAccepted": done - wrong, "messagesInvalid": wrong},
            });
            let result = self.document(Some(report.to_string().into_bytes()));
            if let Some(feed) = self.feeds.get_mut(id) {
                feed.result = Some(result);
            }
        }
    }
}

/// `createFeedDocument`.
pub(super) fn create_document(shop: &mut Shop, body: &[u8], base: &str) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if body.get("contentType").and_then(Value::as_str).is_none() {
        return failed(400, "InvalidInput", "'contentType' is required");
    }
    let id = shop.document(None);
    let url = shop.signed(&id, base);
    with_status(201, &json!({"feedDocumentId": id, "url": url}))
}

/// A document at its signed address: laid down, or fetched.
pub(super) fn document_at(shop: &mut Shop, id: &str, query: &str, laid_down: Option<&[u8]>) -> Answer {
    let signature = super::answer::given(query, "X-Amz-Signature");
    let Some(document) = shop.documents.get_mut(id) else {
        return with_status(404, &json!("NoSuchKey"));
    };
    let signed = signature == Some(document.signature.to_string());
    if !signed || document.good_until < Instant::now() {
        return with_status(403, &json!("AccessDenied: Request has expired"));
    }
    match (laid_down, &document.content) {
        (Some(content), None) => {
            document.content = Some(content.to_vec());
            ok(&Value::Null)
        }
        (None, Some(content)) => ok(&serde_json::from_slice(content).unwrap_or_default()),
        _ => with_status(403, &json!("AccessDenied")),
    }
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
    let parsed: Value = serde_json::from_slice(content).unwrap_or_default();
    let count = parsed.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
    let mut fate = shop.faults.feeds;
    if content.len() > MOST_BYTES || !(1..=MOST_MESSAGES).contains(&count) {
        fate = FeedFate::Fatal;
    }
    let (now, at) = (Instant::now(), shop.tick());
    let id = shop.number().to_string();
    let feed = Feed {
        document,
        created: at.to_string(),
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
    for (sku, _) in shop.skus_of(&feed) {
        shop.crosses(&sku);
    }
    shop.feeds.insert(id.clone(), feed);
    shop.settle();
    with_status(202, &json!({ "feedId": id }))
}

/// `getFeed`.
pub(super) fn one(shop: &Shop, id: &str) -> Answer {
    let Some(feed) = shop.feeds.get(id) else {
        return failed(404, "NotFound", "There is no such feed");
    };
    let mut answer = json!({"feedId": id, "feedType": "JSON_LISTINGS_FEED", "marketplaceIds": STORES,
        "createdTime": feed.created, "processingStatus": feed.status});
    if let Some(result) = &feed.result {
        put(&mut answer, "resultFeedDocumentId", json!(result));
    }
    ok(&answer)
}

/// `getFeedDocument`.
pub(super) fn report(shop: &mut Shop, id: &str, base: &str) -> Answer {
    match shop.documents.get_mut(id) {
        Some(document) => {
            document.good_until = Instant::now() + GOOD;
            let url = shop.signed(id, base);
            ok(&json!({"feedDocumentId": id, "url": url}))
        }
        None => failed(404, "NotFound", "There is no such document"),
    }
}
