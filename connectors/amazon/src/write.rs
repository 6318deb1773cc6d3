//! Quantities: few by a patch each, many by a feed; never both for one SKU at a time.
//!
//! Both merge into `fulfillment_availability`: a replaced attribute would lose the handling time.

use crate::catalogue::{OWN, words};
use crate::client::{Call, Client};
use crate::feeds::{Feeds, Message};
use crate::limits::PATCH;
use crate::memory::{Memory, What};
use crate::wire::Submission;
use omnistock_sdk::{ConnectorError, ErrorClass, ItemOutcome, Learned, WriteItem, learn, now};
use omnistock_words::Millis;
use reqwest::Method;
use serde_json::{Value, json};

/// The largest number that is sent; the vendor names none.
pub(crate) const MOST: i64 = 99_999_999;

/// Takes any listing, where only the offer is changed [documented].
pub(crate) const ANY_PRODUCT: &str = "PRODUCT";

/// What became of one patch.
pub(crate) enum Patched {
    /// Queued at Amazon.
    Accepted,
    /// Refused for good, in the vendor's words.
    Rejected(String),
    /// The answer says neither.
    Unknown(String),
}

/// Writes quantities.
pub(crate) struct Writer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) memory: &'a Memory,
    pub(crate) feeds: &'a Feeds,
    pub(crate) feed_from: usize,
}

/// The change of one quantity.
pub(crate) fn quantity_patch(units: i64) -> Value {
    json!([{
        "op": "merge",
        "path": "/attributes/fulfillment_availability",
        "value": [{"fulfillment_channel_code": OWN, "quantity": units}],
    }])
}

/// Sends one patch.
async fn patch(client: &Client, path: &str, patches: &Value) -> Result<Patched, ConnectorError> {
    let body = json!({"productType": ANY_PRODUCT, "patches": patches});
    let call = Call {
        operation: PATCH,
        method: Method::PATCH,
        path,
        query: &vec![client.stores()],
        body: Some(&body),
    };
    let answer: Submission = client.call(&call).await?.json()?;
    let errors = answer.issues.iter().filter(|issue| issue.severity == "ERROR");
    let errors = errors.map(words).collect::<Vec<_>>().join("; ");
    Ok(match answer.status.as_str() {
        "ACCEPTED" => Patched::Accepted,
        "INVALID" if errors.is_empty() => Patched::Rejected("INVALID without a reason".to_owned()),
        "INVALID" => Patched::Rejected(errors),
        other => Patched::Unknown(format!("Amazon's answer to the change is {other}")),
    })
}

/// Sends one patch of a value that is remembered from before the call on: it may take effect though its answer is lost,
/// or though nobody waits for it any more.
pub(crate) async fn change(
    client: &Client,
    memory: &Memory,
    (what, sku): (What, &str),
    (path, value): (&str, &str),
    patches: &Value,
) -> Result<Patched, ConnectorError> {
    let before = memory.sending(what, sku, value, now(), None);
    let result = patch(client, path, patches).await;
    match &result {
        Ok(Patched::Accepted) => memory.accepted(what, sku, now()),
        Ok(Patched::Unknown(_)) => {}
        Err(error) if error.class == ErrorClass::Unknown => {}
        Ok(Patched::Rejected(_)) | Err(_) => memory.withdrawn(what, sku, before),
    }
    result
}

/// Has Amazon check a change that it does not carry out: of a listing that there is not, so only a missing permission
/// is an error.
pub(crate) async fn preview(client: &Client) -> Result<(), ConnectorError> {
    let path = client.item_path("omnistock-check").unwrap_or_default();
    let body = json!({"productType": ANY_PRODUCT, "patches": quantity_patch(0)});
    let call = Call {
        operation: PATCH,
        method: Method::PATCH,
        path: &path,
        query: &vec![client.stores(), ("mode", "VALIDATION_PREVIEW".to_owned())],
        body: Some(&body),
    };
    match client.call(&call).await {
        Err(error) if error.class != ErrorClass::Rejected => Err(error),
        _ => Ok(()),
    }
}

/// The error of several calls as the error of the one that they were for, where they all failed in the same way;
/// what differs is told listing by listing.
pub(crate) fn common(errors: &[&ConnectorError], calls: usize) -> Option<ConnectorError> {
    let first = errors.first().filter(|_| errors.len() == calls)?;
    let same = |error: &&&ConnectorError| std::mem::discriminant(&error.class) == std::mem::discriminant(&first.class);
    let uniform = errors.iter().filter(same).count() == calls;
    // What is refused is the listing's own; it would only be cut out of its call again.
    let alone = first.class != ErrorClass::Rejected;
    (uniform && alone).then(|| (*first).clone())
}

impl Writer<'_> {
    /// Sets numbers.
    pub(crate) async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let began = now();
        let checked: Vec<Result<i64, ItemOutcome>> = items.iter().map(|item| self.checked(item, began)).collect();
        let sendable = checked.iter().filter(|one| one.is_ok()).count();
        // As the call was let go: for single changes of so many there is no room in the limits.
        if items.len() >= self.feed_from {
            return self.by_feed(items, checked, began).await;
        }
        let mut results = Vec::with_capacity(items.len());
        let mut over = false;
        for (item, units) in items.iter().zip(checked) {
            let result = match units {
                Err(outcome) => Ok(outcome),
                Ok(_) if over => Err(ConnectorError::retry("not sent: the call before it failed")),
                Ok(units) => self.by_patch(item, units).await,
            };
            // Where only a person can help, or nobody is there, the next call would fail as well.
            over |= matches!(&result, Err(error) if error.class == ErrorClass::Operator);
            results.push(result);
        }
        let failed: Vec<&ConnectorError> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        if over && let Some(error) = failed.iter().find(|error| error.class == ErrorClass::Operator) {
            let done = results
                .iter()
                .any(|result| matches!(result, Ok(ItemOutcome::Applied { .. })));
            if !done {
                return Err((*error).clone());
            }
        }
        if let Some(error) = common(&failed, sendable).filter(|_| sendable == items.len()) {
            return Err(error);
        }
        Ok(results
            .into_iter()
            .map(|result| result.unwrap_or_else(|error| outcome_of(&error)))
            .collect())
    }

    /// Units to send, or why nothing is.
    fn checked(&self, item: &WriteItem, at: Millis) -> Result<i64, ItemOutcome> {
        let sku = item.reference.key.listing.as_str();
        let reject = |reason: &str| ItemOutcome::Rejected {
            reason: reason.to_owned(),
        };
        let units = item.quantity.as_whole().filter(|units| (0..=MOST).contains(units));
        let units = units.ok_or_else(|| reject("Amazon takes whole numbers from 0 to 99999999"))?;
        if self.client.item_path(sku).is_none() {
            return Err(reject(
                "Amazon's interface can't name a listing with this SKU: give it another one",
            ));
        }
        if let Some(feed) = self.memory.feed_of(What::Quantity, sku, at) {
            let reason = format!("feed {feed}, which has an earlier number of it, is still being processed");
            return Err(ItemOutcome::Failed { reason });
        }
        match self.memory.refusal(What::Quantity, sku, &units.to_string()) {
            Some(reason) => Err(ItemOutcome::Rejected { reason }),
            None => Ok(units),
        }
    }

    async fn by_patch(&self, item: &WriteItem, units: i64) -> Result<ItemOutcome, ConnectorError> {
        let sku = item.reference.key.listing.as_str();
        let path = self.client.item_path(sku).unwrap_or_default();
        let (of, value) = ((What::Quantity, sku), units.to_string());
        let patches = quantity_patch(units);
        Ok(
            match change(self.client, self.memory, of, (&path, &value), &patches).await? {
                Patched::Accepted => ItemOutcome::Applied { quantity: None },
                Patched::Rejected(reason) => ItemOutcome::Rejected { reason },
                Patched::Unknown(reason) => ItemOutcome::Unknown { reason },
            },
        )
    }

    /// Sends what may go by a feed: not what a change of its own may still be queued for, since in which order the two
    /// would take effect is not defined.
    async fn by_feed(
        &self,
        items: &[WriteItem],
        checked: Vec<Result<i64, ItemOutcome>>,
        sent: Millis,
    ) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let sku = |item: &'_ WriteItem| item.reference.key.listing.clone();
        let free = |item: &WriteItem| !self.memory.is_queued(What::Quantity, sku(item).as_str(), sent);
        let checked: Vec<Result<i64, ItemOutcome>> = items
            .iter()
            .zip(checked)
            .map(|(item, units)| units.and_then(|units| if free(item) { Ok(units) } else { Err(waits()) }))
            .collect();
        let named = items.iter().zip(&checked);
        let messages: Vec<Message<'_>> = named
            .filter_map(|(item, units)| Some((item.reference.key.listing.as_str(), *units.as_ref().ok()?)))
            .collect();
        if messages.is_empty() || !self.feeds.room() {
            // No feed is begun for this call.
            learn(Learned::Cost {
                limit: "feeds",
                cost: 0,
            });
        }
        if !messages.is_empty() {
            self.feeds.send(self.client, self.memory, &messages).await?;
        }
        let applied = ItemOutcome::Applied { quantity: None };
        let outcomes = checked.into_iter();
        Ok(outcomes
            .map(|one| one.map_or_else(|outcome| outcome, |_| applied.clone()))
            .collect())
    }
}

fn waits() -> ItemOutcome {
    let reason = "a change of it is still queued at Amazon, and no feed may overtake it".to_owned();
    ItemOutcome::Failed { reason }
}

fn outcome_of(error: &ConnectorError) -> ItemOutcome {
    let reason = error.message.clone();
    match error.class {
        ErrorClass::Rejected => ItemOutcome::Rejected { reason },
        ErrorClass::Unknown => ItemOutcome::Unknown { reason },
        ErrorClass::Retry { .. } | ErrorClass::Spent { .. } | ErrorClass::Operator => ItemOutcome::Failed { reason },
    }
}
