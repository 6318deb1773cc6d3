//! Answers in the form of the scenario's output.

use crate::guard::{GuardName, Kept};
use crate::snapshot::Finding;
use crate::{
    Attributes, Complaint, Documents, Event, Offer, OrderKey, PriceAnswer, Promise, Sourced, State, StepName, explain,
    explained, order_lines, resolve, sellable,
};
use omnistock_words::{
    ChannelName, ConnectorName, LineId, ListingId, LocationName, Millis, Money, OrderId, Quantity, Settings, Sku,
};
use serde::Serialize;

/// A step of a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepAnswer {
    step: StepName,
    value: Quantity,
    because: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_by: Option<String>,
}

/// Units of a line and where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourcedEntry {
    location: LocationName,
    quantity: Quantity,
    /// The part, where the line sold a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<Sku>,
}

impl From<Sourced> for SourcedEntry {
    fn from(sourced: Sourced) -> Self {
        Self {
            location: sourced.location,
            quantity: sourced.quantity,
            sku: sourced.part,
        }
    }
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineAnswer {
    line: LineId,
    contained: Quantity,
    sourced: Vec<SourcedEntry>,
    short: Quantity,
}

/// Which question is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    channel: ChannelName,
    sku: Sku,
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<ListingId>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A channel and a SKU.
    Item {
        /// The question.
        #[serde(flatten)]
        asked: Asked,
        /// Units, or null.
        quantity: Option<Quantity>,
        /// What may be said.
        state: State,
        /// The price that stays or goes out.
        price: Option<Money>,
        /// Why there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        price_because: Option<String>,
        /// The price that it is compared with.
        #[serde(skip_serializing_if = "Option::is_none")]
        compare_at: Option<Money>,
        /// How the quantity came about.
        steps: Vec<StepAnswer>,
    },
    /// A channel and an order.
    Order {
        /// The channel.
        channel: ChannelName,
        /// The order.
        order: OrderId,
        /// Its lines.
        lines: Vec<LineAnswer>,
    },
    /// A place and a SKU.
    Place {
        /// The place.
        location: LocationName,
        /// The article.
        sku: Sku,
        /// What can be sold there.
        sellable: Quantity,
    },
    /// A question that can't be answered.
    Unclear {
        /// What is missing.
        because: &'static str,
    },
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedEntry {
    r#type: &'static str,
    id: Option<String>,
    sku: Option<Sku>,
    because: String,
}

/// Something that a guard holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldEntry {
    channel: Option<ChannelName>,
    sku: Option<Sku>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ConnectorName>,
    what: &'static str,
    guard: &'static str,
    from: String,
    to: String,
    because: String,
}

impl HeldEntry {
    pub(super) fn report(source: &ConnectorName, finding: &Finding) -> Self {
        Self {
            channel: None,
            sku: None,
            source: Some(source.clone()),
            what: "stock",
            guard: finding.guard.name(),
            from: finding.whole.to_string(),
            to: (finding.whole - finding.affected).to_string(),
            because: finding.to_string(),
        }
    }

    pub(super) fn quantity((channel, sku): &(ChannelName, Sku), old: Quantity, because: String) -> Self {
        Self {
            channel: Some(channel.clone()),
            sku: Some(sku.clone()),
            source: None,
            what: "quantity",
            guard: GuardName::NewlyZero.name(),
            from: old.to_string(),
            to: Quantity::ZERO.to_string(),
            because,
        }
    }

    pub(super) fn price(
        (channel, sku): &(ChannelName, Sku),
        guard: GuardName,
        (old, new): (Money, Money),
        because: String,
    ) -> Self {
        // Amounts alone where the currency is the same.
        let text = |money: Money| {
            if old.currency() == new.currency() {
                money.amount().to_string()
            } else {
                money.to_string()
            }
        };
        Self {
            channel: Some(channel.clone()),
            sku: Some(sku.clone()),
            source: None,
            what: "price",
            guard: guard.name(),
            from: text(old),
            to: text(new),
            because,
        }
    }
}

/// The refusal that a complaint means for its event; `None`: the event counts all the same.
pub(super) fn refused(event: &Event, complaint: &Complaint) -> Option<RefusedEntry> {
    let entry = |r#type, id, sku| {
        Some(RefusedEntry {
            r#type,
            id,
            sku,
            because: complaint.to_string(),
        })
    };
    match (event, complaint) {
        (_, Complaint::ReservationRefused { id, sku, because }) => {
            let (id, sku) = (Some(id.to_string()), Some(sku.clone()));
            Some(RefusedEntry {
                r#type: "reservation",
                id,
                sku,
                because: because.to_string(),
            })
        }
        (Event::Price { list, sku, .. }, _) => entry("price", Some(list.to_string()), Some(sku.clone())),
        (Event::Movement { id, sku, .. }, Complaint::CarvedLocation(_)) => {
            entry("movement", Some(id.to_string()), Some(sku.clone()))
        }
        (Event::Stock(_), Complaint::ForeignLocation { .. } | Complaint::CarvedLocation(_)) => {
            entry("stock", None, None)
        }
        _ => None,
    }
}

/// The time of the day where `now` is of the same day, to the second where there are any.
fn clock(at: Millis, now: Millis) -> String {
    let (text, today) = (at.to_string(), now.to_string());
    match (text.split_once('T'), today.split_once('T')) {
        (Some((day, time)), Some((same, _))) if day == same => {
            let time = time.trim_end_matches('Z');
            time.strip_suffix(":00").unwrap_or(time).to_owned()
        }
        _ => text,
    }
}

/// The state that questions are asked of.
pub(super) struct Sight<'a> {
    pub(super) settings: &'a Settings,
    pub(super) documents: &'a Documents,
    pub(super) now: Millis,
}

impl Sight<'_> {
    /// `kept`: the published quantity and price that stay while a guard holds the new ones.
    pub(super) fn item(
        &self,
        channel: &ChannelName,
        sku: &Sku,
        offer: Offer<'_>,
        (kept_quantity, kept): (Option<Kept>, Option<Money>),
    ) -> Answer {
        let promise = explained(self.settings, self.documents, channel, sku, offer, self.now);
        let because = self.because(sku, &promise);
        let Promise {
            quantity,
            state,
            steps,
            price,
            compare_at,
            ..
        } = promise;
        let decimals = resolve(self.settings, channel, sku, &self.attributes(sku), self.now).decimals;
        let (quantity, state) = match kept_quantity.map(|kept| kept.quantity.floor(decimals)) {
            Some(kept) if kept.is_positive() => (Some(kept), State::InStock),
            Some(_) => (Some(Quantity::ZERO), State::OutOfStock),
            None => (quantity, state),
        };
        let (price, price_because) = match (kept, price) {
            (Some(kept), _) => (Some(kept), None),
            (None, PriceAnswer::Price(price)) => (Some(price), None),
            (None, PriceAnswer::None(gap)) => (None, Some(gap.to_string())),
        };
        let compare_at = compare_at.and_then(|compared| match compared {
            PriceAnswer::Price(compared) => Some(compared),
            PriceAnswer::None(_) => None,
        });
        let steps = steps.into_iter().zip(because).map(|(step, because)| StepAnswer {
            set_by: explain::set_by(self.settings, channel, &step),
            step: step.step,
            value: step.value,
            because,
        });
        let asked = Asked {
            channel: channel.clone(),
            sku: sku.clone(),
            listing: offer.listing.cloned(),
        };
        Answer::Item {
            asked,
            quantity,
            state,
            price,
            price_because,
            compare_at,
            steps: steps.collect(),
        }
    }

    /// The reason of each step; that of the pool with every time and order.
    fn because(&self, sku: &Sku, promise: &Promise) -> Vec<String> {
        let clock = |at: Millis| clock(at, self.now);
        let mut because: Vec<String> = promise.steps.iter().map(|step| step.because.to_string()).collect();
        let pool = explain::pool_sentence(self.settings, self.documents, sku, promise, self.now, &clock);
        if let (Some(first), Some(pool)) = (because.first_mut(), pool) {
            *first = pool;
        }
        because
    }

    fn attributes(&self, sku: &Sku) -> Attributes {
        let document = self.documents.skus.get(sku);
        document.map(|document| document.attributes.clone()).unwrap_or_default()
    }

    pub(super) fn place(&self, location: &LocationName, sku: &Sku) -> Answer {
        let sellable = sellable(self.settings, self.documents, location, sku, self.now);
        Answer::Place {
            location: location.clone(),
            sku: sku.clone(),
            sellable,
        }
    }

    pub(super) fn order(&self, channel: &ChannelName, order: &OrderId) -> Answer {
        let key = OrderKey {
            channel: channel.clone(),
            order: order.clone(),
        };
        let lines = order_lines(self.settings, self.documents, &key, self.now);
        let lines = lines.into_iter().map(|line| LineAnswer {
            line: line.line,
            contained: line.contained,
            sourced: line.sourced.into_iter().map(SourcedEntry::from).collect(),
            short: line.short,
        });
        let lines = lines.collect();
        Answer::Order {
            channel: channel.clone(),
            order: order.clone(),
            lines,
        }
    }
}
