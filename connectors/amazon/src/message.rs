//! Notifications: what each asks to look at.
//!
//! Only names of orders, listings and feeds are taken out of a message; all else in it, such as where a buyer lives, is
//! never kept. What can't be read is told without its words, as they may be about a person.

use omnistock_sdk::ListingKey;
use omnistock_words::{ListingId, OrderId};
use serde::Deserialize;

/// Larger ones are no notifications, bytes: as much as a queue takes [documented].
const MOST_BODY: usize = 1 << 20;
/// The longest id of a feed, and name of a kind, that is taken for one.
const MOST_NAME: usize = 100;

/// Kinds that are understood: what is subscribed to.
pub(crate) const KINDS: [&str; 4] = [
    "ORDER_CHANGE",
    "LISTINGS_ITEM_STATUS_CHANGE",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
    "FEED_PROCESSING_FINISHED",
];

/// What a notification asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asks {
    /// This order has changed.
    Order(OrderId),
    /// This listing has changed.
    Listing(ListingKey),
    /// This feed has ended.
    Feed(String),
    /// It is about another store of the seller.
    Nothing,
}

/// The outer part. Names begin with a capital letter, except in younger kinds.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "NotificationType", alias = "notificationType")]
    kind: String,
    #[serde(rename = "Payload", alias = "payload", default)]
    payload: Payload,
}

#[derive(Default, Deserialize)]
struct Payload {
    #[serde(rename = "OrderChangeNotification")]
    order: Option<OrderChange>,
    #[serde(rename = "feedProcessingFinishedNotification")]
    feed: Option<FeedFinished>,
    #[serde(rename = "SellerId")]
    seller: Option<String>,
    #[serde(rename = "MarketplaceId")]
    marketplace: Option<String>,
    #[serde(rename = "Sku")]
    sku: Option<String>,
}

#[derive(Deserialize)]
struct OrderChange {
    #[serde(rename = "SellerId")]
    seller: String,
    #[serde(rename = "AmazonOrderId")]
    order: String,
    #[serde(rename = "Summary")]
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "MarketplaceId")]
    marketplace: Option<String>,
}

#[derive(Deserialize)]
struct FeedFinished {
    #[serde(rename = "sellerId")]
    seller: Option<String>,
    #[serde(rename = "feedId")]
    feed: String,
}

/// Whose notifications are looked at.
pub(crate) struct Reader<'a> {
    pub(crate) seller: &'a str,
    pub(crate) marketplaces: &'a [String],
}

impl Reader<'_> {
    /// What a message asks for, or one sentence why nobody understands it.
    pub(crate) fn read(&self, body: &str) -> Result<Asks, String> {
        if body.len() > MOST_BODY {
            return Err("a message is larger than any notification".to_owned());
        }
        // The words of the error would quote the message.
        let unreadable = |_| "a message is no notification in JSON".to_owned();
        let envelope: Envelope = serde_json::from_str(body).map_err(unreadable)?;
        let kind = envelope.kind.as_str();
        // The vendor's schema spells this one otherwise than its example and its list of kinds.
        let kind = if kind == "LISTINGS_ITEM_STATUS_CHANGED" {
            KINDS[1]
        } else {
            kind
        };
        let Some(known) = KINDS.iter().find(|known| **known == kind) else {
            return Err(unknown(kind));
        };
        let payload = envelope.payload;
        let asks = match *known {
            "ORDER_CHANGE" => self.order(payload),
            "FEED_PROCESSING_FINISHED" => self.feed(payload),
            _ => self.listing(payload),
        };
        asks.ok_or_else(|| format!("a message of type {known} is not as Amazon defines it, or is about another seller"))
    }

    fn is_ours(&self, marketplace: Option<String>) -> bool {
        marketplace.is_none_or(|marketplace| self.marketplaces.contains(&marketplace))
    }

    fn order(&self, payload: Payload) -> Option<Asks> {
        let change = payload.order.filter(|change| change.seller == self.seller)?;
        let marketplace = change.summary.and_then(|summary| summary.marketplace);
        if !self.is_ours(marketplace) {
            return Some(Asks::Nothing);
        }
        OrderId::new(change.order).ok().map(Asks::Order)
    }

    fn listing(&self, payload: Payload) -> Option<Asks> {
        if payload.seller.as_deref() != Some(self.seller) {
            return None;
        }
        let listing = ListingId::new(payload.sku?).ok()?;
        let key = ListingKey {
            listing,
            location: None,
        };
        let ours = self.is_ours(payload.marketplace);
        Some(if ours { Asks::Listing(key) } else { Asks::Nothing })
    }

    fn feed(&self, payload: Payload) -> Option<Asks> {
        let finished = payload.feed?;
        // Feeds of vendors name none; those that are not ours are not waited for.
        let ours = finished.seller.is_none_or(|seller| seller == self.seller);
        let fits = (1..=MOST_NAME).contains(&finished.feed.len());
        (ours && fits).then_some(Asks::Feed(finished.feed))
    }
}

fn unknown(kind: &str) -> String {
    let named = kind.len() <= MOST_NAME
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'));
    let kind = if named && !kind.is_empty() { kind } else { "(none)" };
    format!("messages of type {kind} are of no use here: end that subscription, or give it another queue")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<Asks, String> {
        let marketplaces = ["A1PA6795UKMFR9".to_owned()];
        let reader = Reader {
            seller: "A2SELLER",
            marketplaces: &marketplaces,
        };
        reader.read(&body.to_string())
    }

    fn order(seller: &str, marketplace: &str) -> Value {
        json!({"NotificationVersion": "1.0", "NotificationType": "ORDER_CHANGE", "PayloadVersion": "1.0",
            "Payload": {"OrderChangeNotification": {"SellerId": seller, "AmazonOrderId": "903-8868176-2219830",
            "Summary": {"MarketplaceId": marketplace, "DestinationPostalCode": "48110"}}}})
    }

    fn listing(kind: &str, seller: &str) -> Value {
        json!({"NotificationType": kind, "Payload": {"SellerId": seller, "Sku": "NLS-SHOES-03", "Quantity": 99}})
    }

    fn feed(id: &str) -> Value {
        json!({"notificationType": "FEED_PROCESSING_FINISHED",
            "payload": {"feedProcessingFinishedNotification": {"sellerId": "A2SELLER", "feedId": id}}})
    }

    #[test]
    fn each_kind_names_what_to_look_at() {
        let wanted = Asks::Order(OrderId::new("903-8868176-2219830").unwrap());
        assert_eq!(read(&order("A2SELLER", "A1PA6795UKMFR9")), Ok(wanted));
        let key = ListingKey {
            listing: ListingId::new("NLS-SHOES-03").unwrap(),
            location: None,
        };
        for kind in [
            "LISTINGS_ITEM_STATUS_CHANGE",
            "LISTINGS_ITEM_STATUS_CHANGED",
            "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
        ] {
            assert_eq!(
                read(&listing(kind, "A2SELLER")),
                Ok(Asks::Listing(key.clone())),
                "{kind}"
            );
        }
        assert_eq!(read(&feed("53347018456")), Ok(Asks::Feed("53347018456".to_owned())));
    }

    #[test]
    fn what_is_of_another_store_asks_for_nothing_and_of_another_seller_is_strange() {
        assert_eq!(read(&order("A2SELLER", "ATVPDKIKX0DER")), Ok(Asks::Nothing));
        assert!(read(&order("A3OTHER", "A1PA6795UKMFR9")).is_err());
        assert!(read(&listing("LISTINGS_ITEM_STATUS_CHANGE", "A3OTHER")).is_err());
        assert!(read(&feed(&"9".repeat(101))).is_err() && read(&feed("")).is_err());
    }

    #[test]
    fn what_is_not_understood_is_told_by_its_kind_and_without_its_words() {
        let strange = json!({"NotificationType": "ANY_OFFER_CHANGED", "Payload": {"SellerId": "Petra Muster"}});
        assert!(read(&strange).unwrap_err().contains("ANY_OFFER_CHANGED"));
        let mistaken =
            json!({"NotificationType": "ORDER_CHANGE", "Payload": {"OrderChangeNotification": "Petra Muster"}});
        let named = json!({"NotificationType": "Petra Muster"});
        let long = json!({"NotificationType": "ORDER_CHANGE", "x": "y".repeat(MOST_BODY)});
        for body in [mistaken, named, long, json!([]), json!("Petra Muster")] {
            let words = read(&body).unwrap_err();
            assert!(
                !words.contains("Petra") && words.split_whitespace().count() > 5,
                "{words}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(body in "\\PC{0,200}") {
            let reader = Reader { seller: "A", marketplaces: &[] };
            prop_assert!(reader.read(&body).is_err());
        }
    }
}
