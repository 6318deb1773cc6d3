//! The Inventory model: inventory items hold what there is, offers what of it is for sale; buyers see the smaller number.

use crate::auctions::allotted;
use crate::client::{Client, SELL_INVENTORY, is, says, segment};
use crate::listing::Listing;
use crate::wire;
use omnistock_sdk::{ConnectorError, ListingReading, PriceReading};
use omnistock_words::{Millis, Money, Price, Quantity, Sku};
use rust_decimal::Decimal;
use serde_json::json;

/// SKUs in one call, at most [the vendor's definition].
pub(crate) const MOST: usize = 25;

/// A listing as it is shown, and what it asks.
pub(crate) struct Row {
    /// As shown.
    pub(crate) listing: ListingReading,
    /// What it asks, where it has a price in the marketplace's currency.
    pub(crate) price: Option<Price>,
}

impl Row {
    /// What it asks, as it is told.
    pub(crate) fn price(&self) -> PriceReading {
        PriceReading {
            key: self.listing.reference.key.clone(),
            prices: self.price.into_iter().collect(),
            read_at: self.listing.read_at,
        }
    }
}

/// An amount in the marketplace's currency.
pub(crate) fn money(client: &Client, value: &str, currency: &str) -> Option<Price> {
    let own = client.marketplace.currency()?;
    let amount = Decimal::from_str_exact(value.trim()).ok()?;
    let money = Money::new(amount, own).ok()?;
    (currency == own.to_string()).then(|| Price::plain(money))
}

/// What buyers see: the smaller of what the offer has and what there is beside auctions. An item that lost its number
/// (a full replacement without it) sells nothing.
fn shown(item: &wire::Item, offer: &wire::Offer) -> Quantity {
    let there = item.availability.ship.quantity.unwrap_or_default() - allotted(item);
    offer.quantity.map_or(there, |of_offer| of_offer.min(there)).positive()
}

/// Why an offer's number can't be written.
fn unwritable(offer: &wire::Offer) -> Option<String> {
    let status = offer.listing.status.as_deref().unwrap_or_default();
    let why = if offer.status != "PUBLISHED" {
        "the offer is not published, so nobody sees it: publish it at eBay"
    } else if offer.format == "AUCTION" {
        "it is an auction, whose number stays while it runs"
    } else if matches!(status, "ENDED" | "EBAY_ENDED" | "INACTIVE" | "NOT_LISTED") {
        "its listing has ended: list it again at eBay"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// A listing out of its item and offer. `None`: it is of another marketplace, or has no name that could be written.
pub(crate) fn row(client: &Client, item: &wire::Item, offer: &wire::Offer, read_at: Millis) -> Option<Row> {
    if offer.marketplace != client.marketplace.name {
        return None;
    }
    let listing = Listing::Offer {
        offer: offer.id.clone(),
        sku: offer.sku.clone(),
    };
    let unwritable = unwritable(offer);
    let price = offer.pricing.price.as_ref();
    Some(Row {
        listing: ListingReading {
            reference: listing.reference(offer.listing.id.as_deref())?,
            sku: Sku::new(&offer.sku).ok(),
            place: None,
            quantity: Some(shown(item, offer)).filter(|_| unwritable.is_none()),
            reserved: Vec::new(),
            read_at,
            unwritable,
            about: None,
        },
        price: price.and_then(|price| money(client, &price.value, &price.currency)),
    })
}

/// The offers of a SKU at all marketplaces; none where the vendor has none.
pub(crate) async fn offers_of(client: &Client, sku: &str) -> Result<Vec<wire::Offer>, ConnectorError> {
    let query = [("sku", sku), ("limit", "100")];
    let answer: Result<wire::Offers, _> = client.get(&format!("{SELL_INVENTORY}/offer"), &query).await;
    match answer {
        Ok(answer) => Ok(answer.all),
        Err(error) if is(&error, 404) && says(&error, 25_713) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// One offer; `None` where the vendor doesn't know it any more.
pub(crate) async fn offer(client: &Client, id: &str) -> Result<Option<wire::Offer>, ConnectorError> {
    let path = format!("{SELL_INVENTORY}/offer/{}", segment(id));
    match client.get::<wire::Offer>(&path, &[]).await {
        Ok(offer) => Ok(Some(offer)),
        Err(error) if says(&error, 25_713) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The items of these SKUs, each named once, [`MOST`] at most; those that are gone are left out.
pub(crate) async fn items_of(client: &Client, skus: &[&str]) -> Result<Vec<wire::Item>, ConnectorError> {
    let requests: Vec<_> = skus.iter().map(|sku| json!({ "sku": sku })).collect();
    let path = format!("{SELL_INVENTORY}/bulk_get_inventory_item");
    let answer: wire::ManyItems = client.post(&path, &json!({ "requests": requests })).await?;
    let mut items = Vec::new();
    for one in answer.responses {
        match one.item {
            Some(mut item) if one.status == 200 => {
                item.sku = one.sku;
                client.auctions.note(&item);
                items.push(item);
            }
            _ if one.status == 404 || one.errors.iter().any(|error| error.id == 25_702 || error.id == 25_710) => {}
            _ => {
                let words = one
                    .errors
                    .first()
                    .map(|error| error.message.clone())
                    .unwrap_or_default();
                let message = format!("item {}: status {}: {words}", one.sku, one.status);
                return Err(ConnectorError::unknown(message));
            }
        }
    }
    Ok(items)
}

/// A page of all items: which, and how many.
pub(crate) async fn page(client: &Client, number: u64, limit: u64) -> Result<wire::Items, ConnectorError> {
    let (limit, offset) = (limit.to_string(), number.to_string());
    let query = [("limit", limit.as_str()), ("offset", offset.as_str())];
    let page: wire::Items = client.get(&format!("{SELL_INVENTORY}/inventory_item"), &query).await?;
    page.all.iter().for_each(|item| client.auctions.note(item));
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn item(quantity: &Value, auction: &Value) -> wire::Item {
        let ship = json!({"quantity": quantity, "allocationByFormat": {"auction": auction}});
        serde_json::from_value(json!({"sku": "A", "availability": {"shipToLocationAvailability": ship}})).unwrap()
    }

    fn offer(quantity: &Value) -> wire::Offer {
        serde_json::from_value(
            json!({"offerId": "1", "sku": "A", "availableQuantity": quantity, "status": "PUBLISHED"}),
        )
        .unwrap()
    }

    #[test]
    fn buyers_see_the_smaller_number_beside_auctions() {
        for (there, auction, offered, seen) in [
            (json!(5), json!(null), json!(9), 5),
            (json!(9), json!(null), json!(5), 5),
            (json!(9), json!(null), json!(null), 9),
            (json!(9), json!(7), json!(5), 2),
            (json!(9), json!(10), json!(5), 0),
            (json!(null), json!(null), json!(5), 0),
        ] {
            let shown = shown(&item(&there, &auction), &offer(&offered));
            assert_eq!(shown, Quantity::whole(seen), "{there} {offered}");
        }
    }

    #[test]
    fn what_can_not_be_written_says_why() {
        let with = |change: fn(&mut wire::Offer)| {
            let mut offer = offer(&json!(5));
            change(&mut offer);
            unwritable(&offer).unwrap_or_default()
        };
        assert_eq!(with(|_| {}), "");
        assert!(with(|offer| offer.status = "UNPUBLISHED".to_owned()).contains("publish it"));
        assert!(with(|offer| offer.format = "AUCTION".to_owned()).contains("auction"));
        assert!(with(|offer| offer.listing.status = Some("ENDED".to_owned())).contains("list it again"));
        assert_eq!(with(|offer| offer.listing.status = Some("OUT_OF_STOCK".to_owned())), "");
    }
}
