//! Sets numbers and prices: offers by `bulk_update_price_quantity`, older listings by `ReviseInventoryStatus`.
//!
//! The vendor's definition says both that one call takes one SKU and that it takes 25. So 25 are tried; where that is
//! refused, or only the first is answered, the others go alone, and from then on each does.

use crate::client::{Client, SELL_INVENTORY};
use crate::inventory;
use crate::listing::Listing;
use crate::offer_rows::{Said, request, said, too_often};
use crate::trading::{self, Complaint};
use crate::wire;
use crate::xml::element;
use omnistock_sdk::{ConnectorError, ErrorClass};
use omnistock_words::Money;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// SKUs in one call.
pub(crate) struct Width(AtomicUsize);

impl Default for Width {
    fn default() -> Self {
        Self(AtomicUsize::new(inventory::MOST))
    }
}

impl Width {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn narrow(&self) {
        if self.0.swap(1, Ordering::Relaxed) > 1 {
            tracing::info!("eBay takes one SKU a call here: from now on each goes alone");
        }
    }
}

/// What a listing is to show, or to ask.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Which.
    pub(crate) listing: Listing,
    /// Units from 0 on, where they are to change.
    pub(crate) quantity: Option<i64>,
    /// The price, where it is to change.
    pub(crate) price: Option<Money>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The vendor said yes.
    Done,
    /// It refused for good.
    Refused(String),
    /// Not done, worth another try.
    Failed(String),
    /// It may have been done.
    Unknown(String),
}

/// What a failed call means for each change in it.
fn of_call(error: &ConnectorError) -> Verdict {
    let words = error.message.clone();
    match error.class {
        ErrorClass::Unknown => Verdict::Unknown(words),
        ErrorClass::Rejected => Verdict::Refused(words),
        ErrorClass::Retry { .. } | ErrorClass::Spent { .. } | ErrorClass::Operator => Verdict::Failed(words),
    }
}

/// Makes the changes. One verdict each, in order; an error where nothing was sent at all.
pub(crate) async fn change(client: &Client, width: &Width, changes: &[Change]) -> Result<Vec<Verdict>, ConnectorError> {
    let unsaid = Verdict::Unknown("the answer does not speak of it".to_owned());
    let mut sending = Sending {
        client,
        width,
        changes,
        verdicts: vec![unsaid; changes.len()],
        sent: false,
    };
    let (mut groups, mut items): (BTreeMap<&str, Group>, Group) = (BTreeMap::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        match &change.listing {
            // Offers of one SKU share its item's number: they go in one request.
            Listing::Offer { sku, .. } => groups.entry(sku).or_default().push(index),
            Listing::Item { .. } => items.push(index),
        }
    }
    sending.offers(groups.into_values().collect()).await?;
    sending.items(&items).await?;
    Ok(sending.verdicts)
}

/// Changes that go together, by their place.
type Group = Vec<usize>;

struct Sending<'a> {
    client: &'a Client,
    width: &'a Width,
    changes: &'a [Change],
    verdicts: Vec<Verdict>,
    sent: bool,
}

impl<'a> Sending<'a> {
    fn of(&self, indexes: &[usize]) -> Vec<&'a Change> {
        indexes.iter().filter_map(|index| self.changes.get(*index)).collect()
    }

    fn put(&mut self, index: usize, verdict: Verdict) {
        if let Some(place) = self.verdicts.get_mut(index) {
            *place = verdict;
        }
    }

    /// What became of a call: its answer; none where it is settled already; an error where all of it is.
    fn settle<T>(&mut self, group: &[usize], answer: Result<T, ConnectorError>) -> Result<Option<T>, ConnectorError> {
        let error = match answer {
            Ok(answer) => {
                self.sent = true;
                return Ok(Some(answer));
            }
            Err(error) => error,
        };
        if !self.sent && error.class != ErrorClass::Rejected {
            return Err(error);
        }
        self.sent = true;
        for index in group {
            self.put(*index, of_call(&error));
        }
        Ok(None)
    }

    async fn offers(&mut self, groups: Vec<Group>) -> Result<(), ConnectorError> {
        let mut alone: Vec<Group> = Vec::new();
        for some in groups.chunks(self.width.get()) {
            let all: Group = some.iter().flatten().copied().collect();
            let answer = self.update(some).await;
            let refused = |error: &ConnectorError| error.class == ErrorClass::Rejected;
            if some.len() > 1 && answer.as_ref().is_err_and(refused) {
                alone.extend(some.iter().cloned());
                continue;
            }
            let Some(results) = self.settle(&all, answer)? else {
                continue;
            };
            for group in some {
                if !self.take(group, &results).await? && some.len() > 1 {
                    alone.push(group.clone());
                }
            }
        }
        let mut fine = !alone.is_empty();
        for group in &alone {
            let answer = self.update(std::slice::from_ref(group)).await;
            let Some(results) = self.settle(group, answer)? else {
                fine = false;
                continue;
            };
            fine &= self.take(group, &results).await?;
        }
        // What goes alone and did not together: it was not for what was in it.
        if fine {
            self.width.narrow();
        }
        Ok(())
    }

    /// Takes over what an answer says of a group. False: it does not speak of all of it.
    async fn take(&mut self, group: &[usize], results: &[wire::OfferResult]) -> Result<bool, ConnectorError> {
        let mut spoken = true;
        for index in group {
            let Some(change) = self.changes.get(*index) else {
                continue;
            };
            let Listing::Offer { offer, sku } = &change.listing else {
                continue;
            };
            match said(results, offer, sku) {
                Some(Said::Auction) => {
                    let verdict = self.beside_auction(*index, sku).await;
                    self.put(*index, verdict);
                }
                Some(Said::Verdict(verdict)) => self.put(*index, verdict),
                None => spoken = false,
            }
        }
        Ok(spoken)
    }

    /// An auction holds more of the item than was known: asks how much, and sends it once more with that on top.
    async fn beside_auction(&self, index: usize, sku: &str) -> Verdict {
        if let Err(error) = inventory::items_of(self.client, &[sku]).await {
            return Verdict::Failed(error.message);
        }
        let aside = self.client.auctions.of(sku);
        let (Some(change), true) = (self.changes.get(index), aside > 0) else {
            return Verdict::Refused(
                "eBay counts an auction of this item, and does not say how much it holds".to_owned(),
            );
        };
        let Listing::Offer { offer, .. } = &change.listing else {
            return Verdict::Refused("it is no offer".to_owned());
        };
        match self.update(&[vec![index]]).await {
            Err(error) => of_call(&error),
            Ok(results) => match said(&results, offer, sku) {
                Some(Said::Verdict(verdict)) => verdict,
                Some(Said::Auction) => Verdict::Failed("eBay counts more for an auction of this item".to_owned()),
                None => Verdict::Unknown("the answer does not speak of it".to_owned()),
            },
        }
    }

    /// One call for these groups; what auctions hold of their items is not ours.
    async fn update(&self, groups: &[Group]) -> Result<Vec<wire::OfferResult>, ConnectorError> {
        let requests: Vec<Value> = groups
            .iter()
            .filter_map(|group| {
                let changes = self.of(group);
                let aside = match &changes.first()?.listing {
                    Listing::Offer { sku, .. } => self.client.auctions.of(sku),
                    Listing::Item { .. } => 0,
                };
                request(&changes, aside)
            })
            .collect();
        let path = format!("{SELL_INVENTORY}/bulk_update_price_quantity");
        let answer: wire::Results = self.client.post(&path, &json!({ "requests": requests })).await?;
        Ok(answer.responses)
    }

    async fn items(&mut self, items: &[usize]) -> Result<(), ConnectorError> {
        let mut alone = Vec::new();
        for some in items.chunks(trading::MOST) {
            let changes = self.of(some);
            let answer = revise(self.client, &changes).await;
            let Some(revised) = self.settle(some, answer)? else {
                continue;
            };
            for (index, verdict) in some.iter().zip(revised) {
                match verdict {
                    Verdict::Done => self.put(*index, verdict),
                    // Which of several an error speaks of is not said: each is asked by itself.
                    _ if some.len() > 1 => alone.push(*index),
                    verdict => self.put(*index, verdict),
                }
            }
        }
        for index in alone {
            let answer = revise(self.client, &self.of(&[index])).await;
            if let Some(verdict) = self
                .settle(&[index], answer)?
                .and_then(|revised| revised.into_iter().next())
            {
                self.put(index, verdict);
            }
        }
        Ok(())
    }
}

/// One call for these older listings, four at most; a verdict each.
async fn revise(client: &Client, changes: &[&Change]) -> Result<Vec<Verdict>, ConnectorError> {
    const NAME: &str = "ReviseInventoryStatus";
    let nodes: String = changes.iter().map(|change| node(change)).collect();
    let root = trading::call(client, NAME, &nodes).await?;
    let complaint = trading::complaints(&root).into_iter().next();
    let ack = root.text_at("Ack").unwrap_or_default();
    let done: Vec<(&str, &str)> = root
        .all("InventoryStatus")
        .filter(|_| ack != "Failure")
        .filter_map(|status| Some((status.text_at("ItemID")?, status.text_at("SKU").unwrap_or_default())))
        .collect();
    let verdict = |change: &&Change| {
        let Listing::Item { item, variation } = &change.listing else {
            return Verdict::Refused("it is no older listing".to_owned());
        };
        let same = |(id, sku): &(&str, &str)| id == item && variation.as_ref().is_none_or(|own| own == sku);
        if done.iter().any(same) {
            return Verdict::Done;
        }
        match &complaint {
            Some(complaint) => of_complaint(complaint),
            None => Verdict::Unknown("the answer does not speak of it".to_owned()),
        }
    };
    Ok(changes.iter().map(verdict).collect())
}

fn of_complaint(complaint: &Complaint) -> Verdict {
    let words = complaint.words.clone();
    if complaint.passes() || too_often(&words) {
        Verdict::Failed(words)
    } else {
        Verdict::Refused(words)
    }
}

fn node(change: &Change) -> String {
    let Listing::Item { item, variation } = &change.listing else {
        return String::new();
    };
    let mut inner = element("ItemID", item);
    if let Some(sku) = variation {
        inner.push_str(&element("SKU", sku));
    }
    if let Some(quantity) = change.quantity {
        inner.push_str(&element("Quantity", &quantity.to_string()));
    }
    if let Some(price) = change.price {
        inner.push_str(&element("StartPrice", &price.amount().to_string()));
    }
    format!("<InventoryStatus>{inner}</InventoryStatus>")
}
